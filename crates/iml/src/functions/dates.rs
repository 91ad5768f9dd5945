//! Functions on dates.

use super::Arguments;
use crate::{
    coerce,
    date::{
        self, Clock, Date, MONTH_NAMES, Pattern, WEEKDAY_NAMES, Zone,
        calendar::{self, Field},
    },
    decisions,
    error::{Bound, Error, Result, quoted},
    number::read_number,
    value::Value,
};

pub(super) fn format(arguments: &Arguments<'_, '_>) -> Result<Value> {
    let mut out = String::with_capacity(32);
    if format_into(arguments, &mut out)? {
        arguments.machine.text(&out)
    } else {
        Ok(Value::Undefined)
    }
}

/// Appends what `formatDate` makes of its arguments; false when there is no date.
pub(crate) fn format_into(arguments: &Arguments<'_, '_>, out: &mut String) -> Result<bool> {
    let Some(date) = given(arguments)? else { return Ok(false) };
    let zone = zone(arguments)?;
    let pattern;
    let pattern = match &arguments.prepared.pattern {
        Some(prepared) => prepared,
        None => {
            let source = arguments.text(1)?;
            arguments.machine.work(source.len())?;
            pattern = Pattern::new(match &*source {
                "" if zone.offset_at(date.ms()) == 0 => "YYYY-MM-DDTHH:mm:ss[Z]",
                "" => "YYYY-MM-DDTHH:mm:ssZ",
                given => given,
            });
            &pattern
        }
    };
    // The longest field of any language is shorter than this.
    arguments.machine.produce(pattern.parts.len() * 64)?;
    date::format(out, pattern, date.ms(), &zone, arguments.machine.environment.locale);
    Ok(true)
}

pub(super) fn parse(arguments: &Arguments<'_, '_>) -> Result<Value> {
    match arguments.value(0) {
        value if value.is_empty() => return Ok(Value::Undefined),
        Value::Date(date) => return Ok(Value::Date(*date)),
        _ => {}
    }
    let environment = arguments.machine.environment;
    let (text, zone) = (arguments.text(0)?, zone(arguments)?);
    arguments.machine.work(text.len())?;
    let date = if arguments.value(1).is_empty() {
        date::read(&text, &zone)
    } else {
        let pattern;
        let pattern = match &arguments.prepared.pattern {
            Some(prepared) => prepared,
            None => {
                pattern = Pattern::new(&arguments.text(1)?);
                &pattern
            }
        };
        // Each part of the format may look through all of the text.
        arguments.machine.work(pattern.work(text.len()))?;
        date::parse(
            &text,
            pattern,
            Clock { now: environment.now, zone: &zone, locale: environment.locale },
        )
    };
    match date {
        Some(date) => date.map(Value::Date),
        None => arguments.wrong(
            0,
            match arguments.value(1).as_text() {
                Some(format) => {
                    format!("{} is not a date in the format {}.", quoted(&text), quoted(format))
                }
                None => format!("{} is not a date.", quoted(&text)),
            },
        ),
    }
}

pub(super) fn add_seconds(arguments: &Arguments<'_, '_>) -> Result<Value> {
    add_ms(arguments, 1000.0)
}

pub(super) fn add_minutes(arguments: &Arguments<'_, '_>) -> Result<Value> {
    add_ms(arguments, 60_000.0)
}

pub(super) fn add_hours(arguments: &Arguments<'_, '_>) -> Result<Value> {
    add_ms(arguments, 3_600_000.0)
}

pub(super) fn add_days(arguments: &Arguments<'_, '_>) -> Result<Value> {
    change(arguments, calendar::add_days)
}

pub(super) fn add_months(arguments: &Arguments<'_, '_>) -> Result<Value> {
    change(arguments, calendar::add_months)
}

pub(super) fn add_years(arguments: &Arguments<'_, '_>) -> Result<Value> {
    change(arguments, |date, years, zone| calendar::add_months(date, years * 12.0, zone))
}

pub(super) fn set_second(arguments: &Arguments<'_, '_>) -> Result<Value> {
    change(arguments, |date, number, zone| calendar::set(date, Field::Second, number, zone))
}

pub(super) fn set_minute(arguments: &Arguments<'_, '_>) -> Result<Value> {
    change(arguments, |date, number, zone| calendar::set(date, Field::Minute, number, zone))
}

pub(super) fn set_hour(arguments: &Arguments<'_, '_>) -> Result<Value> {
    change(arguments, |date, number, zone| calendar::set(date, Field::Hour, number, zone))
}

pub(super) fn set_date(arguments: &Arguments<'_, '_>) -> Result<Value> {
    change(arguments, |date, number, zone| calendar::set(date, Field::Day, number, zone))
}

pub(super) fn set_year(arguments: &Arguments<'_, '_>) -> Result<Value> {
    change(arguments, |date, number, zone| calendar::set(date, Field::Year, number, zone))
}

pub(super) fn set_day(arguments: &Arguments<'_, '_>) -> Result<Value> {
    named(arguments, &WEEKDAY_NAMES, calendar::set_weekday)
}

pub(super) fn set_month(arguments: &Arguments<'_, '_>) -> Result<Value> {
    named(arguments, &MONTH_NAMES, |date, number, zone| {
        calendar::set(date, Field::Month, number, zone)
    })
}

pub(super) fn difference(arguments: &Arguments<'_, '_>) -> Result<Value> {
    let (Some(later), Some(earlier)) = (given(arguments)?, given_at(arguments, 1)?) else {
        return Ok(Value::Undefined);
    };
    let unit = arguments.text_or(2, "milliseconds")?;
    let ms = match unit.trim_end_matches('s') {
        "" | "millisecond" => 1.0,
        "second" => 1000.0,
        "minute" => 60_000.0,
        "hour" => 3_600_000.0,
        "day" => 86_400_000.0,
        "week" => 604_800_000.0,
        "month" | "year" => {
            let zone = &arguments.machine.environment.zone;
            let months = calendar::months_between(later, earlier, zone)?;
            let per_unit = if unit.starts_with('y') { 12.0 } else { 1.0 };
            return Ok(Value::Number((months / per_unit).trunc()));
        }
        _ => return arguments.wrong(2, format!("{} is no unit of time.", quoted(&unit))),
    };
    // Adding zero keeps a negative one out.
    Ok(Value::Number(((later.ms() - earlier.ms()) as f64 / ms).trunc() + 0.0))
}

// The first argument; nothing when there is no date to work on.
fn given(arguments: &Arguments<'_, '_>) -> Result<Option<Date>> {
    given_at(arguments, 0)
}

fn given_at(arguments: &Arguments<'_, '_>, at: usize) -> Result<Option<Date>> {
    if arguments.value(at).is_empty() {
        if decisions::MISSING_DATE_IS_AN_ERROR {
            return arguments.wrong(at, "There is no date.");
        }
        return Ok(None);
    }
    arguments.date(at).map(Some)
}

// A name that is not in the tz database is ignored.
fn zone(arguments: &Arguments<'_, '_>) -> Result<Zone> {
    let own = || arguments.machine.environment.zone.clone();
    if let Some(prepared) = &arguments.prepared.zone {
        return Ok(prepared.clone().unwrap_or_else(own));
    }
    match arguments.value(2) {
        Value::Text(name) => Ok(Zone::find(name).unwrap_or_else(own)),
        _ => Ok(own()),
    }
}

fn add_ms(arguments: &Arguments<'_, '_>, unit: f64) -> Result<Value> {
    let Some(date) = given(arguments)? else { return Ok(Value::Undefined) };
    let Some(number) = arguments.number(1)? else { return Ok(Value::Undefined) };
    Date::from_number(date.ms() as f64 + (number * unit).trunc())
        .map(Value::Date)
        .map_err(|error| error.at_argument(2))
}

fn change(
    arguments: &Arguments<'_, '_>,
    apply: fn(Date, f64, &Zone) -> Result<Date>,
) -> Result<Value> {
    let Some(date) = given(arguments)? else { return Ok(Value::Undefined) };
    let Some(number) = arguments.number(1)? else { return Ok(Value::Undefined) };
    apply_number(arguments, date, number, apply)
}

fn named(
    arguments: &Arguments<'_, '_>,
    names: &[&str],
    apply: fn(Date, f64, &Zone) -> Result<Date>,
) -> Result<Value> {
    let Some(date) = given(arguments)? else { return Ok(Value::Undefined) };
    let number = match arguments.value(1) {
        Value::Text(text) if read_number(text).is_none() => {
            let name = text.trim().to_ascii_lowercase();
            match names.iter().position(|known| *known == name) {
                Some(at) => Some((at + 1) as f64),
                None => return arguments.wrong(1, format!("{} is no name of one.", quoted(text))),
            }
        }
        other => coerce::number(other).map_err(|error| error.at_argument(2))?,
    };
    let Some(number) = number else { return Ok(Value::Undefined) };
    apply_number(arguments, date, number, apply)
}

fn apply_number(
    arguments: &Arguments<'_, '_>,
    date: Date,
    number: f64,
    apply: fn(Date, f64, &Zone) -> Result<Date>,
) -> Result<Value> {
    if !number.is_finite() {
        return Err(Error::limit(Bound::DateRange).at_argument(2));
    }
    apply(date, number, &arguments.machine.environment.zone)
        .map(Value::Date)
        .map_err(|error| error.at_argument(2))
}
