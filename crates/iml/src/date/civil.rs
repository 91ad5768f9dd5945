//! The calendar that everybody uses, extended to all years in both directions.

/// The months as scenario authors may write them.
pub(crate) const MONTH_NAMES: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// The days of the week, the first being Sunday.
pub(crate) const WEEKDAY_NAMES: [&str; 7] =
    ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

pub(crate) const DAY_MS: i64 = 86_400_000;

/// A point in time as the fields of a clock and a calendar on the wall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Civil {
    pub(crate) year: i64,
    /// 1 to 12.
    pub(crate) month: i64,
    /// 1 to 31.
    pub(crate) day: i64,
    pub(crate) hour: i64,
    pub(crate) minute: i64,
    pub(crate) second: i64,
    pub(crate) ms: i64,
}

impl Civil {
    /// From milliseconds since 1970, as if the wall were in UTC.
    pub(crate) fn from_ms(ms: i64) -> Self {
        let (year, month, day) = civil_from_days(ms.div_euclid(DAY_MS));
        let rest = ms.rem_euclid(DAY_MS);
        Self {
            year,
            month,
            day,
            hour: rest / 3_600_000,
            minute: rest / 60_000 % 60,
            second: rest / 1000 % 60,
            ms: rest % 1000,
        }
    }

    /// Milliseconds since 1970. Fields beyond their range carry over into the next larger one. What is
    /// far beyond every date stays beyond every date.
    pub(crate) fn to_ms(self) -> i64 {
        /// Beyond the range of dates, with room for an offset to be added.
        const BEYOND: i128 = 1 << 60;
        let wide = i128::from;
        let months = self.year * 12 + self.month - 1;
        let days =
            days_from_civil(months.div_euclid(12), months.rem_euclid(12) + 1, 1) + self.day - 1;
        let ms = wide(days) * wide(DAY_MS)
            + wide(self.hour) * 3_600_000
            + wide(self.minute) * 60_000
            + wide(self.second) * 1000
            + wide(self.ms);
        // In range by the line itself.
        ms.clamp(-BEYOND, BEYOND) as i64
    }

    /// 0 is Sunday.
    pub(crate) fn weekday(&self) -> i64 {
        (days_from_civil(self.year, self.month, self.day) + 4).rem_euclid(7)
    }

    /// 1 to 366.
    pub(crate) fn day_of_year(&self) -> i64 {
        days_from_civil(self.year, self.month, self.day) - days_from_civil(self.year, 1, 1) + 1
    }

    /// The number of the week and the year that it counts to. `first_day` is the day on which weeks
    /// begin; the week that contains 7 + `first_day` − `first_week` January is the first.
    pub(crate) fn week(&self, first_day: i64, first_week: i64) -> (i64, i64) {
        let offset = first_week_offset(self.year, first_day, first_week);
        let week = (self.day_of_year() - offset - 1).div_euclid(7) + 1;
        if week < 1 {
            (week + weeks_in_year(self.year - 1, first_day, first_week), self.year - 1)
        } else if week > weeks_in_year(self.year, first_day, first_week) {
            (week - weeks_in_year(self.year, first_day, first_week), self.year + 1)
        } else {
            (week, self.year)
        }
    }
}

/// Days from 1970-01-01.
pub(crate) fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    // Years begin in March, so that the leap day is the last one.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

pub(crate) fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

pub(crate) fn days_in_year(year: i64) -> i64 {
    if is_leap(year) { 366 } else { 365 }
}

pub(crate) fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// How many days after 1 January the first week begins; negative when it begins before.
pub(crate) fn first_week_offset(year: i64, first_day: i64, first_week: i64) -> i64 {
    let forward = 7 + first_day - first_week;
    let weekday = (days_from_civil(year, 1, 1) + forward - 1 + 4).rem_euclid(7);
    forward - 1 - (7 + weekday - first_day).rem_euclid(7)
}

pub(crate) fn weeks_in_year(year: i64, first_day: i64, first_week: i64) -> i64 {
    let offset = first_week_offset(year, first_day, first_week);
    let next = first_week_offset(year + 1, first_day, first_week);
    (days_in_year(year) - offset + next) / 7
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_eight_hundred_years_returns() {
        let mut days = days_from_civil(1599, 12, 31);
        for year in 1600..2400 {
            for month in 1..=12 {
                for day in 1..=days_in_month(year, month) {
                    days += 1;
                    assert_eq!(days_from_civil(year, month, day), days);
                    assert_eq!(civil_from_days(days), (year, month, day));
                }
            }
        }
    }

    #[test]
    fn weeks_count_to_the_year_of_their_middle() {
        let of = |year, month, day| {
            Civil { year, month, day, hour: 0, minute: 0, second: 0, ms: 0 }.week(1, 4)
        };
        assert_eq!(of(2016, 1, 3), (53, 2015));
        assert_eq!(of(2016, 1, 4), (1, 2016));
        assert_eq!(of(2018, 12, 31), (1, 2019));
        assert_eq!(of(2020, 12, 31), (53, 2020));
    }

    #[test]
    fn fields_carry_over() {
        let civil = Civil { year: 2016, month: 14, day: 0, hour: -1, minute: 0, second: 0, ms: 0 };
        let civil = Civil::from_ms(civil.to_ms());
        assert_eq!((civil.year, civil.month, civil.day, civil.hour), (2017, 1, 30, 23));
    }
}
