//! Who a mail is for, and when they do not want any.

use halyard_identity::{AwayMode, UserId};
use halyard_platform::{
    clock::Millis,
    db::{self, FromRow, Row, Tx},
    params,
};
use jiff::{
    Timestamp, ToSpan,
    civil::{Date, Time},
    tz::TimeZone,
};

use crate::{WorkspaceId, json::decode};

/// A current member who can get mails.
#[derive(Debug, Clone)]
pub(super) struct Person {
    pub(super) name: String,
    pub(super) email: String,
    pub(super) workspace: String,
    pub(super) zone: TimeZone,
    pub(super) snooze_until: Option<Millis>,
    pub(super) dnd: Option<(Time, Time)>,
    pub(super) away: Option<AwayMode>,
    pub(super) off_days: Vec<i8>,
}

impl FromRow for Person {
    fn from_row(row: &mut Row<'_>) -> Result<Self, db::Error> {
        let (name, email, workspace) = (row.get()?, row.get()?, row.get()?);
        let zone: String = row.get()?;
        let snooze_until = row.get()?;
        let time = |text: Option<String>| text.and_then(|text| text.parse::<Time>().ok());
        let (start, end) = (time(row.get()?), time(row.get()?));
        Ok(Self {
            name,
            email,
            workspace,
            // A zone that the next version of the database of zones does not know is UTC.
            zone: TimeZone::get(&zone).unwrap_or(TimeZone::UTC),
            snooze_until,
            dnd: start.zip(end).filter(|(start, end)| start != end),
            away: row.get::<Option<String>>()?.as_deref().map(decode).transpose()?,
            off_days: decode(&row.get::<String>()?)?,
        })
    }
}

/// The member, if they get mails at all: people who were invited and have not come yet do not.
pub(super) fn load(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    user: UserId,
) -> Result<Option<Person>, db::Error> {
    tx.optional(
        "select u.name, u.email, w.name, u.timezone, u.snooze_until, u.snooze_dnd_start,
             u.snooze_dnd_end, u.away_mode, u.off_days
         from users u
         join member m on m.user_id = u.id and m.workspace_id = $1 and m.removed_at is null
         join workspace w on w.id = m.workspace_id and w.removed_at is null
         where u.id = $2 and u.removed_at is null and u.bot = false and u.setup_pending = false",
        params![workspace, user],
    )
}

impl Person {
    /// Until when they want to be left alone, if they do now: a snooze, the quiet hours of each
    /// day, an absence, days off.
    pub(super) fn quiet_until(&self, now: Millis) -> Option<Millis> {
        let mut at = now;
        // One reason may end within another one.
        for _ in 0..32 {
            match self.next_end(at) {
                Some(end) if end > at => at = end,
                _ => break,
            }
        }
        (at > now).then_some(at)
    }

    fn next_end(&self, at: Millis) -> Option<Millis> {
        if let Some(until) = self.snooze_until.filter(|until| *until > at) {
            return Some(until);
        }
        let local = Timestamp::from_millisecond(at).ok()?.to_zoned(self.zone.clone());
        let (today, time) = (local.date(), local.time());
        if let Some(away) = &self.away
            && (away.date_from..away.date_to).contains(&today)
        {
            return self.moment(away.date_to, Time::midnight());
        }
        let tomorrow = || today.checked_add(1.day()).ok();
        if self.off_days.contains(&today.weekday().to_monday_one_offset()) {
            return self.moment(tomorrow()?, Time::midnight());
        }
        let (start, end) = self.dnd?;
        if start < end {
            return (start <= time && time < end).then(|| self.moment(today, end)).flatten();
        }
        if time >= start {
            return self.moment(tomorrow()?, end);
        }
        (time < end).then(|| self.moment(today, end)).flatten()
    }

    /// The next time that it is this time of the day there, strictly after `now`.
    pub(super) fn next(&self, time: Time, now: Millis) -> Option<Millis> {
        let today = Timestamp::from_millisecond(now).ok()?.to_zoned(self.zone.clone()).date();
        let first = self.moment(today, time).filter(|moment| *moment > now);
        first.or_else(|| self.moment(today.checked_add(1.day()).ok()?, time))
    }

    fn moment(&self, date: Date, time: Time) -> Option<Millis> {
        let there = date.to_datetime(time).to_zoned(self.zone.clone()).ok()?;
        Some(there.timestamp().as_millisecond())
    }
}

#[cfg(test)]
mod tests {
    use halyard_identity::AwayKind;

    use super::*;

    fn person() -> Person {
        Person {
            name: String::new(),
            email: String::new(),
            workspace: String::new(),
            zone: TimeZone::get("Europe/Berlin").unwrap(),
            snooze_until: None,
            dnd: None,
            away: None,
            off_days: Vec::new(),
        }
    }

    fn at(text: &str) -> Millis {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    #[test]
    fn quiet_times_end_when_they_say() {
        let dnd = |start: &str, end: &str| {
            let dnd = Some((start.parse().unwrap(), end.parse().unwrap()));
            Person { dnd, ..person() }
        };
        let until = |person: &Person, now: &str| person.quiet_until(at(now));
        // 2027-01-15 is a Friday; Berlin is an hour ahead.
        let now = "2027-01-15T20:00:00Z";
        assert_eq!(until(&person(), now), None);
        let snoozed = Person { snooze_until: Some(at(now) + 5), ..person() };
        assert_eq!(until(&snoozed, now), Some(at(now) + 5));
        assert_eq!(snoozed.quiet_until(at(now) + 5), None);
        assert_eq!(until(&dnd("20:30", "07:00"), now), Some(at("2027-01-16T06:00:00Z")));
        assert_eq!(
            until(&dnd("20:30", "07:00"), "2027-01-15T05:00:00Z"),
            Some(at("2027-01-15T06:00:00Z"))
        );
        assert_eq!(until(&dnd("20:30", "07:00"), "2027-01-15T12:00:00Z"), None);
        assert_eq!(
            until(&dnd("12:00", "13:00"), "2027-01-15T11:59:00Z"),
            Some(at("2027-01-15T12:00:00Z"))
        );
        let weekend = Person { off_days: vec![6, 7], ..dnd("20:00", "08:00") };
        assert_eq!(until(&weekend, now), Some(at("2027-01-18T07:00:00Z")), "over all reasons");
        let away = AwayMode {
            kind: AwayKind::Vacation,
            date_from: "2027-01-10".parse().unwrap(),
            date_to: "2027-01-20".parse().unwrap(),
        };
        let away = Person { away: Some(away), ..person() };
        assert_eq!(until(&away, now), Some(at("2027-01-19T23:00:00Z")));
    }

    #[test]
    fn the_next_morning_is_today_or_tomorrow() {
        let eight = "08:00".parse().unwrap();
        let next = |now: &str| person().next(eight, at(now)).unwrap();
        assert_eq!(next("2027-01-15T06:00:00Z"), at("2027-01-15T07:00:00Z"));
        assert_eq!(next("2027-01-15T07:00:00Z"), at("2027-01-16T07:00:00Z"));
    }
}
