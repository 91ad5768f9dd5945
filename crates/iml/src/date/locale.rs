//! The language that names of months and days are written in.

use super::languages;

/// A language, with what dates and numbers look like in it.
#[derive(Clone, Copy, Debug)]
pub struct Locale(&'static LocaleData);

impl PartialEq for Locale {
    fn eq(&self, other: &Self) -> bool {
        self.0.id == other.0.id
    }
}

impl Default for Locale {
    fn default() -> Self {
        Self(languages::english())
    }
}

impl Locale {
    /// The language with this id, such as `de`, `pt-BR` or `en_GB`; the language without its region
    /// when the region is not known; nothing when neither is.
    #[must_use]
    pub fn find(id: &str) -> Option<Self> {
        // The language that most people who write `no` mean is called `nb` in the table.
        const OTHER_NAMES: [(&str, &str); 3] = [("no", "nb"), ("zh", "zh-cn"), ("iw", "he")];
        let id = id.replace('_', "-").to_ascii_lowercase();
        let mut rest = id.as_str();
        loop {
            let name =
                OTHER_NAMES.iter().find(|(name, _)| *name == rest).map_or(rest, |pair| pair.1);
            if let Some(data) = languages::find(name) {
                return Some(Self(data));
            }
            rest = &rest[..rest.rfind('-')?];
        }
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &'static str {
        self.0.id
    }

    /// The sign between whole and fraction, and the one between thousands.
    #[must_use]
    pub fn separators(&self) -> (&'static str, &'static str) {
        (self.0.decimal, self.0.group)
    }

    pub(crate) fn data(&self) -> &'static LocaleData {
        self.0
    }
}

/// The table row of a language.
#[derive(Debug)]
pub(crate) struct LocaleData {
    pub(crate) id: &'static str,
    pub(crate) months: [&'static str; 12],
    pub(crate) months_short: [&'static str; 12],
    /// As they are written behind the number of the day.
    pub(crate) months_after_day: [&'static str; 12],
    pub(crate) months_short_after_day: [&'static str; 12],
    /// As they are written between dashes.
    pub(crate) months_short_dashed: [&'static str; 12],
    /// Whether a full stop may stand between the day and the month without changing that.
    pub(crate) dot_after_day: bool,
    pub(crate) weekdays: [&'static str; 7],
    pub(crate) weekdays_short: [&'static str; 7],
    pub(crate) weekdays_min: [&'static str; 7],
    pub(crate) time: &'static str,
    pub(crate) time_with_seconds: &'static str,
    /// The formats `L` to `LLLL`.
    pub(crate) full: [&'static str; 4],
    /// The formats `l` to `llll`.
    pub(crate) short: [&'static str; 4],
    /// The day on which weeks begin, 0 being Sunday.
    pub(crate) first_day: i64,
    /// The week with 7 + `first_day` − `first_week` January is the first of a year.
    pub(crate) first_week: i64,
    /// For month, quarter, day of year, day, weekday, week and ISO week.
    pub(crate) ordinals: [Ordinal; 7],
    /// From which minute of the day on which words are used, in lower and in upper case.
    pub(crate) day_parts: Box<[(i64, &'static str, &'static str)]>,
    pub(crate) decimal: &'static str,
    pub(crate) group: &'static str,
}

/// What surrounds a number that is an ordinal.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ordinal {
    /// Always the same before and after it.
    Fixed(&'static str, &'static str),
    /// For 1, and for all others.
    First(&'static str, &'static str),
    /// By the last digit: 1, 2, 3, others and 11 to 19.
    LastDigit(&'static str, &'static str, &'static str, &'static str),
    /// For 1, 8 and from 20 on, and for all others.
    Dutch(&'static str, &'static str),
}

impl Ordinal {
    pub(crate) fn around(self, number: i64) -> (&'static str, &'static str) {
        match self {
            Self::Fixed(before, after) => (before, after),
            Self::First(first, other) => ("", if number == 1 { first } else { other }),
            Self::LastDigit(one, two, three, other) => {
                let teen = number % 100 / 10 == 1;
                let after = match number % 10 {
                    1 if !teen => one,
                    2 if !teen => two,
                    3 if !teen => three,
                    _ => other,
                };
                ("", after)
            }
            Self::Dutch(high, low) => {
                ("", if number == 1 || number == 8 || number >= 20 { high } else { low })
            }
        }
    }
}

impl LocaleData {
    /// The word for the part of the day.
    pub(crate) fn day_part(&self, minute: i64, upper: bool) -> &'static str {
        let at = self.day_parts.partition_point(|part| part.0 <= minute).max(1) - 1;
        let (_, lower_form, upper_form) = self.day_parts[at];
        if upper { upper_form } else { lower_form }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_fall_back_to_languages() {
        for (asked, found) in [
            ("en", Some("en")),
            ("en-US", Some("en")),
            ("en_GB", Some("en-gb")),
            ("pt-BR", Some("pt-br")),
            ("de-DE-1996", Some("de")),
            ("no", Some("nb")),
            ("zh-Hans", Some("zh-cn")),
            ("xx", None),
            ("", None),
        ] {
            assert_eq!(Locale::find(asked).map(|locale| locale.id()), found, "{asked}");
        }
    }
}
