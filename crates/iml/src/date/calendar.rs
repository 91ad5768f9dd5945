//! Moving dates, and the distance between them, by the calendar of a zone.

use super::{
    Date, Zone,
    civil::{Civil, days_in_month},
};
use crate::error::{Bound, Error, Result};

// Years further away than this would overflow before the range of dates is checked.
const FARTHEST: f64 = 1e9;

/// The fields of a clock and calendar that can be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Second,
    Minute,
    Hour,
    Day,
    Month,
    Year,
}

/// The date, this many days later on the calendar of the zone; its clock shows the same time.
pub(crate) fn add_days(date: Date, days: f64, zone: &Zone) -> Result<Date> {
    let days = whole(days)?;
    change(date, zone, |civil| civil.day += days)
}

/// The date, this many months later; the day is cut to the length of the month.
pub(crate) fn add_months(date: Date, months: f64, zone: &Zone) -> Result<Date> {
    let months = whole(months)?;
    change(date, zone, |civil| cut(civil, civil.year * 12 + civil.month - 1 + months))
}

/// The date with one field set. What is beyond the range of the field carries over.
pub(crate) fn set(date: Date, field: Field, number: f64, zone: &Zone) -> Result<Date> {
    let number = whole(number)?;
    match field {
        // Minutes and seconds move the time itself, so that no clock change comes between.
        Field::Second | Field::Minute => {
            let civil = zone.civil_at(date.ms());
            let (unit, now) =
                if field == Field::Second { (1000, civil.second) } else { (60_000, civil.minute) };
            Date::from_ms(date.ms().saturating_add((number - now).saturating_mul(unit)))
        }
        Field::Hour => change(date, zone, |civil| civil.hour = number),
        Field::Day => change(date, zone, |civil| civil.day = number),
        Field::Month => change(date, zone, |civil| cut(civil, civil.year * 12 + number - 1)),
        Field::Year => change(date, zone, |civil| cut(civil, number * 12 + civil.month - 1)),
    }
}

/// The day with this number in the week from Sunday, which is 1, to Saturday.
pub(crate) fn set_weekday(date: Date, number: f64, zone: &Zone) -> Result<Date> {
    let number = whole(number)?;
    change(date, zone, |civil| civil.day += number - 1 - civil.weekday())
}

/// Whole months from one date to another, cut toward zero.
pub(crate) fn months_between(later: Date, earlier: Date, zone: &Zone) -> Result<f64> {
    let (a, b) = (zone.civil_at(later.ms()), zone.civil_at(earlier.ms()));
    // From the one with the higher day, which a shorter month cuts: from the end of a month to that
    // of the next is a month, in either direction.
    if a.day < b.day {
        return months_between(earlier, later, zone).map(|months| 0.0 - months);
    }
    let mut months = (b.year - a.year) * 12 + b.month - a.month;
    // The last month counts when it is complete.
    let reached = add_months(later, months as f64, zone)?;
    if months > 0 && reached > earlier {
        months -= 1;
    } else if months < 0 && reached < earlier {
        months += 1;
    }
    Ok(0.0 - months as f64)
}

fn change(date: Date, zone: &Zone, apply: impl FnOnce(&mut Civil)) -> Result<Date> {
    let offset = zone.offset_at(date.ms());
    let mut civil = Civil::from_ms(date.ms() + offset);
    apply(&mut civil);
    Date::from_ms(zone.moved(civil.to_ms(), offset))
}

fn cut(civil: &mut Civil, months: i64) {
    civil.year = months.div_euclid(12);
    civil.month = months.rem_euclid(12) + 1;
    civil.day = civil.day.min(days_in_month(civil.year, civil.month));
}

fn whole(number: f64) -> Result<i64> {
    if number.abs() <= FARTHEST {
        // Halves move away from zero.
        Ok(number.round() as i64)
    } else {
        Err(Error::limit(Bound::DateRange))
    }
}
