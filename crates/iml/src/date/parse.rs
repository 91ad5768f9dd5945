//! Text read as a date by a format, forgivingly: what the format does not find is skipped.

use super::{
    Civil, Date, Zone,
    civil::{days_from_civil, days_in_month, days_in_year, first_week_offset, weeks_in_year},
    locale::{Locale, LocaleData},
    pattern::{Long, Part, Pattern, Token},
};
use crate::error::Result;

/// What a text is read against: parts that it leaves out come from here.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock<'a> {
    /// Now, for a missing year, month and day.
    pub(crate) now: Date,
    /// The zone of a text without an offset.
    pub(crate) zone: &'a Zone,
    /// The language of names.
    pub(crate) locale: Locale,
}

/// The date that a text tells by a format; nothing when it does not tell one.
pub(crate) fn parse(text: &str, pattern: &Pattern, clock: Clock<'_>) -> Option<Result<Date>> {
    let mut reader = Reader { rest: text, found: Found::default(), locale: clock.locale.data() };
    reader.pattern(pattern, true);
    reader.found.settle(clock)
}

#[derive(Default)]
struct Found {
    any: bool,
    invalid: bool,
    year: Option<i64>,
    month: Option<i64>,
    day: Option<i64>,
    day_of_year: Option<i64>,
    hour: Option<i64>,
    minute: Option<i64>,
    second: Option<i64>,
    ms: Option<i64>,
    afternoon: Option<bool>,
    week_year: Option<i64>,
    week: Option<i64>,
    weekday: Option<i64>,
    local_weekday: Option<i64>,
    iso_week_year: Option<i64>,
    iso_week: Option<i64>,
    iso_weekday: Option<i64>,
    offset_minutes: Option<i64>,
    instant: Option<f64>,
}

struct Reader<'t> {
    rest: &'t str,
    found: Found,
    locale: &'static LocaleData,
}

impl<'t> Reader<'t> {
    fn pattern(&mut self, pattern: &Pattern, outer: bool) {
        for part in &pattern.parts {
            match part {
                Part::Literal(text) => self.literal(text),
                Part::Token(token, width) => self.token(*token, *width),
                Part::Ordinal(Token::Day) => self.day_ordinal(),
                Part::Ordinal(_) => {}
                Part::Long(long) if outer => {
                    let source = match long {
                        Long::Time => self.locale.time,
                        Long::TimeWithSeconds => self.locale.time_with_seconds,
                        Long::Full(at) => self.locale.full[usize::from(*at)],
                        Long::Short(at) => self.locale.short[usize::from(*at)],
                    };
                    self.pattern(&Pattern::new(source), false);
                }
                Part::Long(_) => {}
            }
        }
    }

    // Each character is looked for by itself: one that is missing is skipped in the format.
    fn literal(&mut self, text: &str) {
        for c in text.chars() {
            if let Some(at) = self.rest.find(c) {
                self.rest = &self.rest[at + c.len_utf8()..];
            }
        }
    }

    fn token(&mut self, token: Token, width: u8) {
        use Token as T;
        let most = usize::from(width);
        let taken = match token {
            T::Year => match width {
                1 => self.signed(1, usize::MAX).map(|text| {
                    self.found.year = number(text);
                }),
                2 => self.digits(1, 2).map(|text| self.found.year = two_digit_year(text)),
                5 | 6 => self.signed(1, 6).map(|text| self.found.year = number(text)),
                _ => self.digits(1, 4).map(|text| {
                    self.found.year =
                        if text.len() == 2 { two_digit_year(text) } else { number(text) };
                }),
            },
            T::Quarter => self.digits(1, 1).map(|text| {
                self.found.month = number(text).map(|quarter| quarter * 3 - 2);
            }),
            T::Month if width >= 3 => self.month_name(),
            T::Month => self.digits(1, 2).map(|text| self.found.month = number(text)),
            T::Day => self.digits(1, 2).map(|text| self.found.day = number(text)),
            T::DayOfYear => self
                .digits(if width == 4 { 3 } else { 1 }, 3)
                .map(|text| self.found.day_of_year = number(text)),
            T::Weekday if width >= 2 => self.weekday_name(),
            T::Weekday => self.digits(1, 2).map(|text| self.found.weekday = number(text)),
            T::LocalWeekday => {
                self.digits(1, 2).map(|text| self.found.local_weekday = number(text))
            }
            T::IsoWeekday => self.digits(1, 2).map(|text| self.found.iso_weekday = number(text)),
            T::Week => self.digits(1, 2).map(|text| self.found.week = number(text)),
            T::IsoWeek => self.digits(1, 2).map(|text| self.found.iso_week = number(text)),
            T::WeekYear => self.week_year(width).map(|year| self.found.week_year = year),
            T::IsoWeekYear => self.week_year(width).map(|year| self.found.iso_week_year = year),
            T::Hour24 | T::Hour12 => self.digits(1, 2).map(|text| self.found.hour = number(text)),
            T::HourTo24 => self.digits(1, 2).map(|text| {
                self.found.hour = number(text).map(|hour| if hour == 24 { 0 } else { hour });
            }),
            T::Compact24 | T::Compact12 => self.compact(most),
            T::Upper | T::Lower => self.day_part(),
            T::Minute => self.digits(1, 2).map(|text| self.found.minute = number(text)),
            T::Second => self.digits(1, 2).map(|text| self.found.second = number(text)),
            T::Fraction => self.digits(1, if width <= 3 { 3 } else { usize::MAX }).map(|text| {
                let ms = format!("0.{text}").parse::<f64>().unwrap_or(0.0) * 1000.0;
                self.found.ms = Some(ms as i64);
            }),
            T::Offset => self.offset(),
            T::UnixSeconds => self.timestamp(),
            T::UnixMs => self.signed(1, usize::MAX).map(|text| {
                self.found.instant = text.parse().ok();
            }),
            T::Era => None,
            T::EraYear => self.digits(1, usize::MAX).map(|text| self.found.year = number(text)),
            // No text tells a zone by its abbreviation alone.
            T::Abbreviation => return,
        };
        match taken {
            Some(()) => self.found.any = true,
            None if matches!(token, T::Month) && width >= 3 => self.found.invalid = true,
            None => {}
        }
    }

    fn take(&mut self, start: usize, end: usize) -> &'t str {
        let taken = &self.rest[start..end];
        self.rest = &self.rest[end..];
        taken
    }

    // The first run of at least so many digits, wherever it is.
    fn digits(&mut self, least: usize, most: usize) -> Option<&'t str> {
        let (start, end) = digits_in(self.rest.as_bytes(), least, most)?;
        Some(self.take(start, end))
    }

    fn signed(&mut self, least: usize, most: usize) -> Option<&'t str> {
        let bytes = self.rest.as_bytes();
        let (start, end) = digits_in(bytes, least, most)?;
        let sign = start > 0 && matches!(bytes[start - 1], b'+' | b'-');
        Some(self.take(start - usize::from(sign), end))
    }

    fn timestamp(&mut self) -> Option<()> {
        let whole = self.signed(1, usize::MAX)?;
        let bytes = self.rest.as_bytes();
        let fraction = match bytes.first() {
            Some(b'.') => digits_in(&bytes[1..], 1, 3).filter(|(start, _)| *start == 0),
            _ => None,
        };
        let mut text = whole.to_owned();
        if let Some((_, end)) = fraction {
            text.push_str(self.take(0, end + 1));
        }
        self.found.instant = text.parse::<f64>().ok().map(|seconds| seconds * 1000.0);
        Some(())
    }

    fn week_year(&mut self, width: u8) -> Option<Option<i64>> {
        match width {
            2 => self.digits(1, 2).map(two_digit_year),
            4 => self.digits(1, 4).map(number),
            _ => self.signed(1, 6).map(number),
        }
    }

    fn compact(&mut self, letters: usize) -> Option<()> {
        let text = if letters == 5 { self.digits(5, 6)? } else { self.digits(3, 4)? };
        let mut cut = text.len() - 2;
        if letters == 5 {
            self.found.second = number(&text[cut..]);
            cut -= 2;
        }
        self.found.minute = number(&text[cut..cut + 2]);
        self.found.hour = number(&text[..cut]);
        Some(())
    }

    fn day_ordinal(&mut self) {
        let Some(text) = self.digits(1, 2) else { return };
        self.found.any = true;
        self.found.day = number(text);
        let (_, after) = self.locale.ordinals[3].around(self.found.day.unwrap_or(0));
        let english = ["st", "nd", "rd", "th"];
        for suffix in std::iter::once(after).chain(english) {
            if let Some(length) = starts_with(self.rest, suffix) {
                self.rest = &self.rest[length..];
                return;
            }
        }
    }

    // The first place where one of these names begins a word; there, the longest of them.
    fn name(&mut self, names: &[(&str, i64)]) -> Option<i64> {
        let mut in_word = false;
        for (at, c) in self.rest.char_indices() {
            if !in_word {
                let rest = &self.rest[at..];
                let best = names
                    .iter()
                    .filter_map(|(name, number)| Some((starts_with(rest, name)?, *number)))
                    .max_by_key(|(length, _)| *length);
                if let Some((length, number)) = best {
                    // The rest of an unknown longer form belongs to the word.
                    let tail = rest[length..].chars().take_while(|c| c.is_alphabetic());
                    let end = at + length + tail.map(char::len_utf8).sum::<usize>();
                    self.take(at, end);
                    return Some(number);
                }
            }
            in_word = c.is_alphabetic();
        }
        None
    }

    fn month_name(&mut self) -> Option<()> {
        let english = Locale::default().data();
        let mut names = Vec::with_capacity(84);
        for (at, number) in (1..).enumerate().take(12) {
            for data in [self.locale, english] {
                for name in [
                    data.months[at],
                    data.months_after_day[at],
                    data.months_short[at],
                    data.months_short[at].trim_end_matches('.'),
                    data.months_short_after_day[at],
                ] {
                    names.push((name, number));
                }
            }
        }
        self.found.month = Some(self.name(&names)?);
        Some(())
    }

    fn weekday_name(&mut self) -> Option<()> {
        let english = Locale::default().data();
        let mut names = Vec::with_capacity(56);
        for (at, number) in (0..).enumerate().take(7) {
            for data in [self.locale, english] {
                for name in [data.weekdays[at], data.weekdays_short[at], data.weekdays_min[at]] {
                    names.push((name, number));
                    names.push((name.trim_end_matches('.'), number));
                }
            }
        }
        match self.name(&names) {
            Some(weekday) => self.found.weekday = Some(weekday),
            // A word in its place that is no day makes the date invalid; nothing at all does not.
            None if self.rest.chars().any(char::is_alphabetic) => self.found.invalid = true,
            None => return None,
        }
        Some(())
    }

    fn day_part(&mut self) -> Option<()> {
        let words = &self.locale.day_parts;
        if words.len() > 1 {
            for (at, _) in self.rest.char_indices() {
                for (minute, lower, upper) in words {
                    for word in [lower, upper] {
                        if let Some(length) = starts_with(&self.rest[at..], word) {
                            self.found.afternoon = Some(*minute >= 720);
                            self.take(at, at + length);
                            return Some(());
                        }
                    }
                }
            }
        }
        let at = self.rest.find(['a', 'A', 'p', 'P'])?;
        self.found.afternoon = Some(matches!(self.rest.as_bytes()[at], b'p' | b'P'));
        let bytes = self.rest.as_bytes();
        let mut end = at + 1;
        for optional in [b".".as_slice(), b"mM", b"."] {
            if bytes.get(end).is_some_and(|byte| optional.contains(byte)) {
                end += 1;
            }
        }
        self.take(at, end);
        Some(())
    }

    fn offset(&mut self) -> Option<()> {
        let bytes = self.rest.as_bytes();
        let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
        for at in 0..bytes.len() {
            match bytes[at] {
                b'Z' | b'z' => {
                    self.found.offset_minutes = Some(0);
                    self.take(at, at + 1);
                    return Some(());
                }
                sign @ (b'+' | b'-') if digit(at + 1) && digit(at + 2) => {
                    let mut end = at + 3;
                    let from = if bytes.get(end) == Some(&b':') { end + 1 } else { end };
                    let mut minutes = 0;
                    if digit(from) && digit(from + 1) {
                        minutes = number(&self.rest[from..from + 2])?;
                        end = from + 2;
                    }
                    let hours = number(&self.rest[at + 1..at + 3])?;
                    let total = hours * 60 + minutes;
                    let farthest = if sign == b'+' { 14 * 60 } else { 12 * 60 };
                    if minutes < 60 && total <= farthest {
                        self.found.offset_minutes = Some(if sign == b'+' { total } else { -total });
                    }
                    self.take(at, end);
                    return Some(());
                }
                _ => {}
            }
        }
        None
    }
}

impl Found {
    fn settle(mut self, clock: Clock<'_>) -> Option<Result<Date>> {
        if self.invalid || !self.any {
            return None;
        }
        if let Some(instant) = self.instant {
            return Some(Date::from_number(instant));
        }
        if let (Some(afternoon), Some(hour)) = (self.afternoon, self.hour) {
            self.hour = Some(match (afternoon, hour) {
                (true, 0..=11) => hour + 12,
                (false, 12) => 0,
                _ => hour,
            });
        }
        let today = clock.zone.civil_at(clock.now.ms());
        let named_weekday = self.weekday;
        let weeks = [
            self.week_year,
            self.week,
            self.weekday,
            self.local_weekday,
            self.iso_week_year,
            self.iso_week,
            self.iso_weekday,
        ];
        if weeks.iter().any(Option::is_some) && self.month.is_none() && self.day.is_none() {
            self.by_week(&today, clock.locale.data())?;
        }
        if let Some(day) = self.day_of_year {
            let year = self.year.unwrap_or(today.year);
            if day < 1 || day > days_in_year(year) {
                return None;
            }
            let ms = Civil { year, month: 1, day, hour: 0, minute: 0, second: 0, ms: 0 }.to_ms();
            let civil = Civil::from_ms(ms);
            (self.month, self.day) = (Some(civil.month), Some(civil.day));
        }
        let complete = self.year.is_some() && self.month.is_some() && self.day.is_some();
        // What comes before the first known part is that of today; what comes after it begins.
        let (year, month, day) = match (self.year, self.month, self.day) {
            (Some(year), month, day) => (year, month.unwrap_or(1), day.unwrap_or(1)),
            (None, Some(month), day) => (today.year, month, day.unwrap_or(1)),
            (None, None, Some(day)) => (today.year, today.month, day),
            (None, None, None) => (today.year, today.month, today.day),
        };
        let civil = Civil {
            year,
            month,
            day,
            hour: self.hour.unwrap_or(0),
            minute: self.minute.unwrap_or(0),
            second: self.second.unwrap_or(0),
            ms: self.ms.unwrap_or(0),
        };
        let midnight = civil.hour == 24 && civil.minute + civil.second + civil.ms == 0;
        let valid = (1..=12).contains(&month)
            && year.abs() <= 300_000
            && (1..=days_in_month(year, month)).contains(&day)
            && (civil.hour < 24 || midnight)
            && civil.minute < 60
            && civil.second < 60;
        let contradicted = complete && named_weekday.is_some_and(|day| day != civil.weekday());
        if !valid || contradicted {
            return None;
        }
        let wall = civil.to_ms();
        Some(Date::from_ms(match self.offset_minutes {
            Some(minutes) => wall - minutes * 60_000,
            None => clock.zone.instant_of(wall),
        }))
    }

    // The day of the year that week and weekday tell.
    fn by_week(&mut self, today: &Civil, locale: &LocaleData) -> Option<()> {
        let iso =
            self.iso_week_year.is_some() || self.iso_week.is_some() || self.iso_weekday.is_some();
        let (first_day, first_week, week_year, week, weekday) = if iso {
            let year = self.iso_week_year.or(self.year).unwrap_or_else(|| today.week(1, 4).1);
            let weekday = self.iso_weekday.unwrap_or(1);
            if !(1..=7).contains(&weekday) {
                return None;
            }
            (1, 4, year, self.iso_week.unwrap_or(1), weekday)
        } else {
            let (first_day, first_week) = (locale.first_day, locale.first_week);
            let (this_week, this_year) = today.week(first_day, first_week);
            let weekday = match (self.weekday, self.local_weekday) {
                (Some(day), _) if (0..=6).contains(&day) => day,
                (None, Some(day)) if (0..=6).contains(&day) => day + first_day,
                (None, None) => first_day,
                _ => return None,
            };
            let year = self.week_year.or(self.year).unwrap_or(this_year);
            (first_day, first_week, year, self.week.unwrap_or(this_week), weekday)
        };
        if week_year.abs() > 300_000
            || week < 1
            || week > weeks_in_year(week_year, first_day, first_week)
        {
            return None;
        }
        let local = (7 + weekday - first_day) % 7;
        let offset = first_week_offset(week_year, first_day, first_week);
        let day = 1 + 7 * (week - 1) + local + offset;
        let days = days_from_civil(week_year, 1, 1) + day - 1;
        let civil = Civil::from_ms(days * super::civil::DAY_MS);
        self.year = Some(civil.year);
        self.day_of_year = Some(civil.day_of_year());
        Some(())
    }
}

fn digits_in(bytes: &[u8], least: usize, most: usize) -> Option<(usize, usize)> {
    let mut start = 0;
    while start < bytes.len() {
        let run = bytes[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if run > 0 && run >= least {
            return Some((start, start + run.min(most)));
        }
        start += run.max(1);
    }
    None
}

// Numbers that no calendar has are as wrong as any other that is out of range.
fn number(text: &str) -> Option<i64> {
    Some(text.parse().unwrap_or(i64::from(i32::MAX)))
}

fn two_digit_year(text: &str) -> Option<i64> {
    number(text).map(|year| if year > 68 { year + 1900 } else { year + 2000 })
}

// How many bytes of the text are this word, without regard to case.
fn starts_with(text: &str, word: &str) -> Option<usize> {
    if word.is_empty() {
        return None;
    }
    let mut rest = text.chars();
    for expected in word.chars() {
        let found = rest.next()?;
        if found != expected && !found.to_lowercase().eq(expected.to_lowercase()) {
            return None;
        }
    }
    Some(text.len() - rest.as_str().len())
}
