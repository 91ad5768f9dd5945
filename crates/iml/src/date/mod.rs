//! Points in time, and their forms in zones and languages.

pub(crate) mod calendar;
mod civil;
mod format;
mod languages;
mod locale;
mod parse;
mod pattern;
mod read;
mod zone;

pub use locale::Locale;
pub use zone::Zone;

pub(crate) use civil::{Civil, MONTH_NAMES, WEEKDAY_NAMES};
pub(crate) use format::format;
pub(crate) use parse::{Clock, parse};
pub(crate) use pattern::Pattern;
pub(crate) use read::{has_offset, read};

use crate::error::{Bound, Error, Result};

/// Milliseconds on either side of 1970 that a date can have: a hundred million days.
pub const DATE_RANGE_MS: i64 = 8_640_000_000_000_000;

/// A point in time with millisecond precision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(i64);

impl Date {
    /// The point in time this many milliseconds after the beginning of 1970.
    ///
    /// # Errors
    ///
    /// When it is more than [`DATE_RANGE_MS`] away.
    pub fn from_ms(ms: i64) -> Result<Self> {
        if (-DATE_RANGE_MS..=DATE_RANGE_MS).contains(&ms) {
            Ok(Self(ms))
        } else {
            Err(Error::limit(Bound::DateRange))
        }
    }

    // Fractions of a millisecond are cut.
    pub(crate) fn from_number(ms: f64) -> Result<Self> {
        if ms.is_finite() && ms.abs() <= DATE_RANGE_MS as f64 {
            Ok(Self(ms as i64))
        } else {
            Err(Error::limit(Bound::DateRange))
        }
    }

    /// Milliseconds since the beginning of 1970.
    #[must_use]
    pub fn ms(self) -> i64 {
        self.0
    }

    /// The date that an ISO 8601 text with an offset tells, such as `2016-06-20T17:26:44.356Z`.
    #[must_use]
    pub fn from_iso(text: &str) -> Option<Self> {
        if has_offset(text) { read(text, &Zone::utc())?.ok() } else { None }
    }

    /// Appends the form `YYYY-MM-DDTHH:mm:ss.SSSZ`; years of more than four digits have six and a
    /// sign.
    pub fn write_iso(self, out: &mut String) {
        let civil = Civil::from_ms(self.0);
        if (0..=9999).contains(&civil.year) {
            digits(out, civil.year, 4);
        } else {
            out.push(if civil.year < 0 { '-' } else { '+' });
            digits(out, civil.year.abs(), 6);
        }
        for (sign, number, width) in [
            ('-', civil.month, 2),
            ('-', civil.day, 2),
            ('T', civil.hour, 2),
            (':', civil.minute, 2),
            (':', civil.second, 2),
            ('.', civil.ms, 3),
        ] {
            out.push(sign);
            digits(out, number, width);
        }
        out.push('Z');
    }

    /// The form `YYYY-MM-DDTHH:mm:ss.SSSZ`.
    #[must_use]
    pub fn to_iso(self) -> String {
        let mut out = String::with_capacity(24);
        self.write_iso(&mut out);
        out
    }
}

/// Appends a number that is not negative, with zeros in front up to a width.
pub(crate) fn digits(out: &mut String, number: i64, width: usize) {
    let mut rest = number.unsigned_abs();
    // Nearly all fields of a date are these.
    if width == 2 && rest < 100 {
        let (ten, one) = ((rest / 10) as u8, (rest % 10) as u8);
        out.push(char::from(b'0' + ten));
        out.push(char::from(b'0' + one));
        return;
    }
    let mut buffer = [b'0'; 20];
    let mut at = buffer.len();
    while rest > 0 {
        at -= 1;
        buffer[at] = b'0' + u8::try_from(rest % 10).expect("one digit");
        rest /= 10;
    }
    let from = at.min(buffer.len() - width.min(buffer.len()));
    out.push_str(std::str::from_utf8(&buffer[from..]).expect("ASCII digits"));
}
