//! When a report is fetched.

use halyard_identity as identity;
use halyard_platform::{clock::Millis, db::Tx};
use jiff::{Timestamp, ToSpan, civil::Weekday, tz::TimeZone};
use serde::{Deserialize, Serialize};

use super::{Installation, Integration, install};
use crate::{Error, json};

/// Kind of the jobs that fetch a report; the payload is a [`ReportJob`].
pub const REPORT_JOB: &str = "integration.report";

const WRONG_DAYS: Error = Error::Invalid { field: "days", expected: "1 (Monday) to 7 (Sunday)" };
const WRONG_TIME: Error = Error::Invalid { field: "time", expected: "HH:MM, from 00:00 to 23:59" };

/// What a job of the kind [`REPORT_JOB`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportJob {
    /// The installation.
    pub installation: i64,
}

/// When a report is fetched, in the zone of the person who installed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// Days of the week, Monday is 1; none means every day.
    days: Vec<i8>,
    hour: i8,
    minute: i8,
}

impl Schedule {
    /// From days of the week (1 is Monday; none means every day) and a time such as `09:30`.
    ///
    /// # Errors
    /// [`Error::Invalid`]
    pub fn new(days: &[i64], time: &str) -> Result<Self, Error> {
        let day = |day: &i64| i8::try_from(*day).ok().filter(|day| (1..=7).contains(day));
        let days: Option<Vec<i8>> = days.iter().map(day).collect();
        let (hour, minute) = time.trim().split_once(':').ok_or(WRONG_TIME)?;
        let part = |text: &str, end: i8| {
            let sound = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse().ok().filter(|number| sound && *number < end).ok_or(WRONG_TIME)
        };
        let (hour, minute) = (part(hour, 24)?, part(minute, 60)?);
        Ok(Self { days: days.ok_or(WRONG_DAYS)?, hour, minute })
    }

    /// The first moment behind `now`. A time that a change of the clocks leaves out is the one behind
    /// the gap.
    ///
    /// # Errors
    /// [`Error::Invalid`] for what [`Self::new`] would not have made.
    pub fn next_after(&self, now: Millis, zone: &str) -> Result<Millis, Error> {
        let zone = zone_of(zone);
        let days: Result<Vec<Weekday>, Error> = self
            .days
            .iter()
            .map(|day| Weekday::from_monday_one_offset(*day).map_err(|_| WRONG_DAYS))
            .collect();
        let days = days?;
        let now_there = Timestamp::from_millisecond(now).map_err(|_| WRONG_TIME)?;
        let start = now_there.to_zoned(zone.clone());
        // Today, and seven more days: the same day of the week may have passed its time.
        for ahead in 0..=7_i64 {
            let date = start.date().checked_add(ahead.days()).map_err(|_| WRONG_TIME)?;
            if !days.is_empty() && !days.contains(&date.weekday()) {
                continue;
            }
            let moment = date.at(self.hour, self.minute, 0, 0).to_zoned(zone.clone());
            let moment = moment.map_err(|_| WRONG_TIME)?.timestamp().as_millisecond();
            if moment > now {
                return Ok(moment);
            }
        }
        Err(WRONG_DAYS)
    }
}

/// The zone of a person; UTC when the name means nothing any more.
fn zone_of(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap_or(TimeZone::UTC)
}

/// A title in which `<date>` has become the date in a zone, such as `2027-01-15`.
pub fn report_title(title: &str, zone: &str, now: Millis) -> String {
    let date = Timestamp::from_millisecond(now).map(|now| now.to_zoned(zone_of(zone)).date());
    date.map_or_else(|_| title.to_owned(), |date| title.replace("<date>", &date.to_string()))
}

/// A report that is to be fetched now.
#[derive(Debug, Clone)]
pub struct Due {
    /// What is asked.
    pub integration: Integration,
    /// Where the report is posted.
    pub installation: Installation,
    /// IANA name of the zone of who installed it.
    pub zone: String,
    /// When the report after this one is due.
    pub next: Millis,
}

/// What a job is to fetch; none when it is not installed any more.
///
/// # Errors
/// Those of the store.
pub fn due_report(tx: &mut Tx<'_>, job: ReportJob, now: Millis) -> Result<Option<Due>, Error> {
    let found = install::with_integration(tx, job.installation, false)?;
    let Some((integration, installation)) = found else { return Ok(None) };
    let Some(schedule) = &installation.schedule else { return Ok(None) };
    let schedule: Schedule = json::decode(schedule)?;
    let zone = identity::load_user(tx, installation.installed_by)?.timezone;
    let next = schedule.next_after(now, &zone)?;
    Ok(Some(Due { integration, installation, zone, next }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Millis {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    #[test]
    fn the_next_time_is_on_one_of_the_days_and_behind_now() {
        let daily = Schedule::new(&[], "09:30").unwrap();
        let next =
            |schedule: &Schedule, now: &str| schedule.next_after(at(now), "Europe/Berlin").unwrap();
        assert_eq!(next(&daily, "2027-01-15T08:00:00Z"), at("2027-01-15T08:30:00Z"));
        assert_eq!(next(&daily, "2027-01-15T08:30:00Z"), at("2027-01-16T08:30:00Z"));
        // A Friday; the clocks go forward on the Sunday.
        let mondays = Schedule::new(&[1], "09:30").unwrap();
        assert_eq!(next(&mondays, "2027-03-26T12:00:00Z"), at("2027-03-29T07:30:00Z"));
        for (days, time) in [
            (&[0][..], "09:30"),
            (&[8], "09:30"),
            (&[], "24:00"),
            (&[], "9:3"),
            (&[], "+9:30"),
            (&[], "noon"),
        ] {
            assert!(Schedule::new(days, time).is_err(), "{days:?} {time}");
        }
    }

    #[test]
    fn the_date_in_a_title_is_that_of_the_zone() {
        let now = at("2027-01-15T23:30:00Z");
        assert_eq!(report_title("Open on <date>", "Europe/Berlin", now), "Open on 2027-01-16");
        assert_eq!(report_title("Open on <date>", "UTC", now), "Open on 2027-01-15");
    }
}
