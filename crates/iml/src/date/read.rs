//! Text that is read as a date without a format being given.

use super::{
    Date, Zone,
    civil::{Civil, days_in_month},
};
use crate::error::Result;

/// The date that a text tells: day, month and year in one of the usual orders, optionally a time,
/// optionally an offset. Without an offset, the clocks of the zone are meant. Nothing when the text
/// has none of the accepted shapes; an error when the date is out of range.
pub(crate) fn read(text: &str, zone: &Zone) -> Option<Result<Date>> {
    let (civil, offset) = shape(text)?;
    let wall = civil.to_ms();
    Some(Date::from_ms(match offset {
        Some(offset) => wall - offset,
        None => zone.instant_of(wall),
    }))
}

/// Whether a text is an ISO 8601 date with time and offset, so that nothing but a date is meant.
pub(crate) fn has_offset(text: &str) -> bool {
    let bytes = text.as_bytes();
    (17..=40).contains(&bytes.len())
        && matches!(bytes[0], b'0'..=b'9' | b'+' | b'-')
        && bytes.contains(&b'T')
        && bytes.is_ascii()
        && !bytes.contains(&b' ')
        && !bytes.contains(&b'/')
        && matches!(shape(text), Some((_, Some(_))))
}

fn shape(text: &str) -> Option<(Civil, Option<i64>)> {
    let mut reader = Reader { rest: text.trim().as_bytes() };
    let (year, month, day) = reader.date()?;
    let mut civil = Civil { year, month, day, hour: 0, minute: 0, second: 0, ms: 0 };
    if !(1..=12).contains(&month) || day < 1 || day > days_in_month(year, month) {
        return None;
    }
    let before_blanks = reader.rest.len();
    let blanks = reader.blanks();
    if blanks || reader.take(b"Tt") {
        if reader.rest.first().is_some_and(u8::is_ascii_digit) {
            reader.time(&mut civil)?;
        } else if !blanks {
            return None;
        }
    }
    let timed = reader.rest.len() < before_blanks;
    let offset = if timed { reader.offset()? } else { None };
    reader.rest.is_empty().then_some((civil, offset))
}

struct Reader<'t> {
    rest: &'t [u8],
}

impl Reader<'_> {
    fn take(&mut self, any_of: &[u8]) -> bool {
        let found = self.rest.first().is_some_and(|byte| any_of.contains(byte));
        if found {
            self.rest = &self.rest[1..];
        }
        found
    }

    fn blanks(&mut self) -> bool {
        let before = self.rest.len();
        while self.take(b" ") {}
        self.rest.len() < before
    }

    fn word(&mut self, word: &str) -> bool {
        let found = self
            .rest
            .get(..word.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()));
        if found {
            self.rest = &self.rest[word.len()..];
        }
        found
    }

    fn digits(&self) -> usize {
        self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
    }

    fn number(&mut self, width: std::ops::RangeInclusive<usize>) -> Option<i64> {
        let count = self.digits().min(*width.end());
        if count < *width.start() {
            return None;
        }
        let (number, rest) = self.rest.split_at(count);
        self.rest = rest;
        std::str::from_utf8(number).ok()?.parse().ok()
    }

    fn date(&mut self) -> Option<(i64, i64, i64)> {
        if matches!(self.rest.first(), Some(b'+' | b'-')) {
            let sign = if self.take(b"-") { -1 } else { 1 };
            self.take(b"+");
            let year = sign * self.number(6..=6)?;
            return self.month_and_day(year, b'-');
        }
        match self.digits() {
            8 => {
                let (year, month, day) =
                    (self.number(4..=4)?, self.number(2..=2)?, self.number(2..=2)?);
                Some((year, month, day))
            }
            4 => {
                let year = self.number(4..=4)?;
                let separator = *self.rest.first()?;
                if separator == b'-' || separator == b'/' {
                    self.month_and_day(year, separator)
                } else {
                    None
                }
            }
            1 | 2 => {
                let first = self.number(1..=2)?;
                let separator = *self.rest.first()?;
                if separator != b'/' && separator != b'.' {
                    return None;
                }
                self.take(&[separator]);
                let second = self.number(1..=2)?;
                if !self.take(&[separator]) || self.digits() != 4 {
                    return None;
                }
                let year = self.number(4..=4)?;
                let (month, day) =
                    if separator == b'/' { (first, second) } else { (second, first) };
                Some((year, month, day))
            }
            _ => None,
        }
    }

    fn month_and_day(&mut self, year: i64, separator: u8) -> Option<(i64, i64, i64)> {
        if !self.take(&[separator]) {
            return None;
        }
        let month = self.number(1..=2)?;
        if !self.take(&[separator]) {
            return None;
        }
        Some((year, month, self.number(1..=2)?))
    }

    fn time(&mut self, civil: &mut Civil) -> Option<()> {
        let compact = self.digits() >= 4;
        civil.hour = self.number(1..=2)?;
        if compact || self.take(b":") {
            civil.minute = self.number(2..=2)?;
            if (compact && self.digits() >= 2) || (!compact && self.take(b":")) {
                civil.second = self.number(2..=2)?;
                if self.take(b".,") {
                    civil.ms = self.milliseconds()?;
                }
            }
        }
        self.day_part(civil)?;
        let midnight = civil.hour == 24 && civil.minute + civil.second + civil.ms == 0;
        (civil.minute < 60 && civil.second < 60 && (civil.hour < 24 || midnight)).then_some(())
    }

    fn milliseconds(&mut self) -> Option<i64> {
        let count = self.digits();
        if count == 0 {
            return None;
        }
        let (fraction, rest) = self.rest.split_at(count);
        self.rest = rest;
        Some((0..3).fold(0, |ms, at| {
            ms * 10 + fraction.get(at).map_or(0, |digit| i64::from(digit - b'0'))
        }))
    }

    fn day_part(&mut self, civil: &mut Civil) -> Option<()> {
        let rest = self.rest;
        self.blanks();
        let afternoon = if self.word("PM") {
            true
        } else if self.word("AM") {
            false
        } else {
            self.rest = rest;
            return Some(());
        };
        if !(1..=12).contains(&civil.hour) {
            return None;
        }
        civil.hour = civil.hour % 12 + if afternoon { 12 } else { 0 };
        Some(())
    }

    // Milliseconds ahead of UTC; Some(None) when there is no offset.
    fn offset(&mut self) -> Option<Option<i64>> {
        self.blanks();
        if self.take(b"Zz") {
            return Some(Some(0));
        }
        let named = self.word("GMT") || self.word("UTC");
        let sign = match self.rest.first() {
            Some(b'+') => 1,
            Some(b'-') => -1,
            _ => return Some(named.then_some(0)),
        };
        self.rest = &self.rest[1..];
        let hours = self.number(2..=2)?;
        let minutes = if self.take(b":") || self.digits() > 0 { self.number(2..=2)? } else { 0 };
        (hours < 24 && minutes < 60).then_some(Some(sign * (hours * 60 + minutes) * 60_000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_documented_shape_is_read() {
        let prague = Zone::find("Europe/Prague").expect("in the table");
        for (text, expected) in [
            ("2016-06-20T17:26:44.356Z", "2016-06-20T17:26:44.356Z"),
            ("2016-06-20", "2016-06-19T22:00:00.000Z"),
            ("2016-06-20 17:26:44", "2016-06-20T15:26:44.000Z"),
            ("2016-06-20 19:26+0200", "2016-06-20T17:26:00.000Z"),
            ("2016-06-20 19:26:44 GMT+02:00", "2016-06-20T17:26:44.000Z"),
            ("2016/06/20", "2016-06-19T22:00:00.000Z"),
            ("2016/06/20 17:26", "2016-06-20T15:26:00.000Z"),
            ("2016/06/20 5:26 PM", "2016-06-20T15:26:00.000Z"),
            ("2016/06/20 19:26:44+02:00", "2016-06-20T17:26:44.000Z"),
            ("06/20/2016 5:26 PM", "2016-06-20T15:26:00.000Z"),
            ("06/20/2016", "2016-06-19T22:00:00.000Z"),
            ("20.6.2016", "2016-06-19T22:00:00.000Z"),
            ("20.6.2016 17:26:44", "2016-06-20T15:26:44.000Z"),
            ("20.6.2016 19:26:44+02:00", "2016-06-20T17:26:44.000Z"),
            ("20160620T172644Z", "2016-06-20T17:26:44.000Z"),
            ("+012016-06-20T00:00Z", "+012016-06-20T00:00:00.000Z"),
            ("2016-06-20T24:00:00Z", "2016-06-21T00:00:00.000Z"),
        ] {
            let date = read(text, &prague).map(|date| date.expect("in range").to_iso());
            assert_eq!(date.as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn other_text_is_no_date() {
        for text in [
            "",
            "x",
            "2016",
            "2016-06",
            "2016-13-01",
            "2016-02-30",
            "2016-06-20T",
            "2016-06-20T25:00",
            "2016-06-20 17:60",
            "1482940986",
            "20.6",
            "20-6-2016",
            "2016-06-20x",
            "12/31",
            "é",
            "2016-06-20 13:00 PM",
            "2016-06-20T10:00+",
            "99.99.9999",
        ] {
            assert!(read(text, &Zone::utc()).is_none(), "{text}");
        }
    }
}
