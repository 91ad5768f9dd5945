//! Dates as text.

use super::{
    Civil, Zone, digits,
    locale::{Locale, LocaleData},
    pattern::{Long, Part, Pattern, Token},
};
use crate::number::write_integer;

/// Appends a date in a format.
pub(crate) fn format(out: &mut String, pattern: &Pattern, ms: i64, zone: &Zone, locale: Locale) {
    let offset = zone.offset_at(ms);
    let civil = Civil::from_ms(ms + offset);
    Writer { out, ms, offset, civil, zone, locale: locale.data() }.pattern(pattern, true);
}

struct Writer<'a> {
    out: &'a mut String,
    ms: i64,
    offset: i64,
    civil: Civil,
    zone: &'a Zone,
    locale: &'static LocaleData,
}

impl Writer<'_> {
    // The formats of a language may use those for times, but do not go round in circles.
    fn pattern(&mut self, pattern: &Pattern, outer: bool) {
        for (at, part) in pattern.parts.iter().enumerate() {
            match part {
                Part::Literal(text) => self.out.push_str(text),
                Part::Token(Token::Month, width @ 3..) => self.month_name(pattern, at, *width),
                Part::Token(token, width) => self.token(*token, *width),
                Part::Ordinal(token) => self.ordinal(*token),
                Part::Long(long) => {
                    let source = match long {
                        Long::Time => self.locale.time,
                        Long::TimeWithSeconds => self.locale.time_with_seconds,
                        Long::Full(at) => self.locale.full[usize::from(*at)],
                        Long::Short(at) => self.locale.short[usize::from(*at)],
                    };
                    if outer {
                        self.pattern(&Pattern::new(source), false);
                    }
                }
            }
        }
    }

    fn month_name(&mut self, pattern: &Pattern, at: usize, width: u8) {
        let after_day = match pattern.month_after_day {
            Some(dotted) => !dotted || self.locale.dot_after_day,
            None => false,
        };
        let dash = |at: Option<usize>, end: fn(&str) -> bool| {
            at.and_then(|at| pattern.parts.get(at))
                .is_some_and(|part| matches!(part, Part::Literal(text) if end(text)))
        };
        let dashed = dash(at.checked_sub(1), |text| text.ends_with('-'))
            && dash(Some(at + 1), |text| text.starts_with('-'));
        let names = match (width, after_day) {
            (3, _) if dashed => &self.locale.months_short_dashed,
            (3, false) => &self.locale.months_short,
            (3, true) => &self.locale.months_short_after_day,
            (_, false) => &self.locale.months,
            (_, true) => &self.locale.months_after_day,
        };
        self.out.push_str(names[index(self.civil.month - 1)]);
    }

    fn token(&mut self, token: Token, width: u8) {
        use Token as T;
        let civil = self.civil;
        let width = usize::from(width);
        match token {
            T::Year => match width {
                1 if civil.year > 9999 => {
                    self.out.push('+');
                    digits(self.out, civil.year, 5);
                }
                1 => self.padded(civil.year, 4),
                2 => self.padded(civil.year % 100, 2),
                6 => {
                    self.out.push_str(if civil.year < 0 { "-" } else { "+" });
                    digits(self.out, civil.year.abs(), 6);
                }
                _ => self.padded(civil.year, width),
            },
            T::Quarter => self.padded((civil.month + 2) / 3, 1),
            T::Month => self.padded(civil.month, width),
            T::Day => self.padded(civil.day, width),
            T::DayOfYear => self.padded(civil.day_of_year(), if width == 4 { 3 } else { 1 }),
            T::Weekday => {
                let at = index(civil.weekday());
                match width {
                    1 => self.padded(civil.weekday(), 1),
                    2 => self.out.push_str(self.locale.weekdays_min[at]),
                    3 => self.out.push_str(self.locale.weekdays_short[at]),
                    _ => self.out.push_str(self.locale.weekdays[at]),
                }
            }
            T::LocalWeekday => {
                self.padded((civil.weekday() + 7 - self.locale.first_day) % 7, 1);
            }
            T::IsoWeekday => self.padded((civil.weekday() + 6) % 7 + 1, 1),
            T::Week => self.padded(self.week().0, width),
            T::IsoWeek => self.padded(civil.week(1, 4).0, width),
            T::WeekYear => self.week_year(self.week().1, width),
            T::IsoWeekYear => self.week_year(civil.week(1, 4).1, width),
            T::Hour24 => self.padded(civil.hour, width),
            T::Hour12 => self.padded(twelve(civil.hour), width),
            T::HourTo24 => self.padded(if civil.hour == 0 { 24 } else { civil.hour }, width),
            T::Compact24 | T::Compact12 => {
                let hour = if token == T::Compact24 { civil.hour } else { twelve(civil.hour) };
                self.padded(hour, 1);
                self.padded(civil.minute, 2);
                if width == 5 {
                    self.padded(civil.second, 2);
                }
            }
            T::Upper | T::Lower => {
                let minute = civil.hour * 60 + civil.minute;
                self.out.push_str(self.locale.day_part(minute, token == T::Upper));
            }
            T::Minute => self.padded(civil.minute, width),
            T::Second => self.padded(civil.second, width),
            T::Fraction => {
                let mut all = String::with_capacity(9);
                digits(&mut all, civil.ms, 3);
                all.push_str("000000");
                self.out.push_str(&all[..width]);
            }
            T::Offset => self.offset(if width == 1 { ":" } else { "" }),
            T::Abbreviation => self.out.push_str(&self.zone.abbreviation_at(self.ms)),
            T::UnixSeconds => write_integer(self.out, self.ms.div_euclid(1000)),
            T::UnixMs => write_integer(self.out, self.ms),
            T::Era => self.out.push_str(match (width, civil.year > 0) {
                (4, true) => "Anno Domini",
                (4, false) => "Before Christ",
                (_, true) => "AD",
                (_, false) => "BC",
            }),
            T::EraYear => self.padded(self.era_year(), width),
        }
    }

    fn ordinal(&mut self, token: Token) {
        let civil = self.civil;
        let (number, period) = match token {
            Token::Month => (civil.month, 0),
            Token::Quarter => ((civil.month + 2) / 3, 1),
            Token::DayOfYear => (civil.day_of_year(), 2),
            Token::Day => (civil.day, 3),
            Token::Weekday => (civil.weekday(), 4),
            Token::Week => (self.week().0, 5),
            Token::IsoWeek => (civil.week(1, 4).0, 6),
            _ => (self.era_year(), 3),
        };
        let (before, after) = self.locale.ordinals[period].around(number);
        self.out.push_str(before);
        write_integer(self.out, number);
        self.out.push_str(after);
    }

    fn padded(&mut self, number: i64, width: usize) {
        if number < 0 {
            self.out.push('-');
        }
        digits(self.out, number.abs(), width);
    }

    fn week(&self) -> (i64, i64) {
        self.civil.week(self.locale.first_day, self.locale.first_week)
    }

    fn week_year(&mut self, year: i64, width: usize) {
        if width == 2 {
            self.padded(year % 100, 2);
        } else {
            self.padded(year, width);
        }
    }

    fn era_year(&self) -> i64 {
        if self.civil.year > 0 { self.civil.year } else { 1 - self.civil.year }
    }

    fn offset(&mut self, between: &str) {
        // Offsets of the nineteenth century have seconds, which have no place here.
        let minutes = self.offset / 60_000;
        self.out.push(if self.offset < 0 { '-' } else { '+' });
        digits(self.out, minutes.abs() / 60, 2);
        self.out.push_str(between);
        digits(self.out, minutes.abs() % 60, 2);
    }
}

fn twelve(hour: i64) -> i64 {
    if hour % 12 == 0 { 12 } else { hour % 12 }
}

fn index(number: i64) -> usize {
    usize::try_from(number).expect("a field of a calendar is not negative")
}
