use halyard_platform::{clock::Millis, db::Tx, params};
use jiff::{civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::{Error, UserId, check_email, check_name, email_key};

/// Why somebody is away (vendor documentation).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AwayKind {
    /// Parental leave.
    Parental,
    /// Holidays.
    Vacation,
    /// Illness.
    Sickleave,
    /// Anything else.
    Other,
}

/// An absence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwayMode {
    /// Why.
    #[serde(rename = "type")]
    pub kind: AwayKind,
    /// First day, `YYYY-MM-DD`.
    pub date_from: Date,
    /// The day on which notifications resume, `YYYY-MM-DD`.
    pub date_to: Date,
}

/// A time of day, `HH:MM` or `HH:MM:SS`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeOfDay(String);

impl TimeOfDay {
    /// # Errors
    /// [`Error::Invalid`] naming `field`.
    pub fn parse(field: &'static str, text: &str) -> Result<Self, Error> {
        let text = text.trim();
        match text.parse::<jiff::civil::Time>() {
            Ok(_) if text.len() <= 8 => Ok(Self(text.to_owned())),
            _ => Err(Error::Invalid { field, expected: "a time of day such as 18:30" }),
        }
    }
}

/// Changes to a profile: `None` leaves a field alone, `Some(None)` clears it.
#[derive(Debug, Clone, Default)]
pub struct ProfileChange {
    /// Full name.
    pub name: Option<String>,
    /// Address.
    pub email: Option<String>,
    /// Already hashed.
    pub password_hash: Option<String>,
    /// Where clients start; the caller has checked the membership.
    pub default_workspace: Option<i64>,
    /// What the person does.
    pub profession: Option<Option<String>>,
    /// Free text.
    pub contact_info: Option<Option<String>>,
    /// IANA zone name.
    pub timezone: Option<String>,
    /// Notifications are held back until then.
    pub snooze_until: Option<Option<Millis>>,
    /// Daily quiet time.
    pub snooze_dnd_start: Option<Option<TimeOfDay>>,
    /// End of it.
    pub snooze_dnd_end: Option<Option<TimeOfDay>>,
    /// An absence.
    pub away_mode: Option<Option<AwayMode>>,
    /// ISO weekdays.
    pub off_days: Option<Vec<i64>>,
    /// Blob of a new picture.
    pub avatar: Option<Option<String>>,
}

impl ProfileChange {
    /// Refuses values that make no sense.
    ///
    /// # Errors
    /// One of the errors about names, addresses, zones, ranges and fields.
    pub fn check(mut self) -> Result<Self, Error> {
        self.name = self.name.as_deref().map(check_name).transpose()?;
        self.email = self.email.as_deref().map(check_email).transpose()?;
        if let Some(zone) = &self.timezone {
            TimeZone::get(zone).map_err(|_| Error::TimezoneUnknown)?;
        }
        if let Some(Some(away)) = &self.away_mode
            && away.date_to < away.date_from
        {
            return Err(Error::DateRangeInvalid);
        }
        for (field, text) in
            [("profession", &self.profession), ("contact_info", &self.contact_info)]
        {
            if text.iter().flatten().any(|text| text.chars().count() > 1000) {
                return Err(Error::Invalid { field, expected: "at most 1000 characters" });
            }
        }
        if let Some(days) = &mut self.off_days {
            if days.iter().any(|day| !(1..=7).contains(day)) {
                return Err(Error::Invalid {
                    field: "off_days",
                    expected: "days from 1 (Monday) to 7 (Sunday)",
                });
            }
            days.sort_unstable();
            days.dedup();
        }
        Ok(self)
    }
}

/// Applies a checked change.
///
/// # Errors
/// [`Error::EmailTaken`], [`Error::UserNotFound`]
pub fn update(tx: &mut Tx<'_>, user: UserId, change: &ProfileChange) -> Result<(), Error> {
    // Held until the end, or of two changes at the same time one would be undone by the other.
    tx.all::<UserId>("select u.id from users u where u.id = $1 {lock u}", params![user])?;
    if let Some(email) = &change.email {
        let owner: Option<UserId> =
            tx.optional("select id from users where email_key = $1", params![&email_key(email)])?;
        if owner.is_some_and(|owner| owner != user) {
            return Err(Error::EmailTaken);
        }
    }
    let old = crate::load_user(tx, user)?;
    let keep = |new: &Option<Option<String>>, old: Option<String>| new.clone().unwrap_or(old);
    let time = |new: &Option<Option<TimeOfDay>>, old: Option<String>| match new {
        Some(new) => new.as_ref().map(|time| time.0.clone()),
        None => old,
    };
    let email = change.email.as_ref().unwrap_or(&old.email);
    let away = change.away_mode.clone().unwrap_or(old.away_mode);
    let away = away.map(|away| encode(&away));
    let off_days = encode(change.off_days.as_ref().unwrap_or(&old.off_days));
    tx.exec(
        "update users set name = $2, email = $3, email_key = $4,
             password_hash = $5, default_workspace = $6, profession = $7, contact_info = $8,
             timezone = $9, snooze_until = $10, snooze_dnd_start = $11, snooze_dnd_end = $12,
             away_mode = $13, off_days = $14, avatar = $15, version = version + 1
         where id = $1",
        params![
            user,
            change.name.as_ref().unwrap_or(&old.name),
            email,
            &email_key(email),
            &change.password_hash.clone().or(old.password_hash),
            change.default_workspace.or(old.default_workspace),
            &keep(&change.profession, old.profession),
            &keep(&change.contact_info, old.contact_info),
            change.timezone.as_ref().unwrap_or(&old.timezone),
            change.snooze_until.unwrap_or(old.snooze_until),
            &time(&change.snooze_dnd_start, old.snooze_dnd_start),
            &time(&change.snooze_dnd_end, old.snooze_dnd_end),
            &away,
            &off_days,
            &keep(&change.avatar, old.avatar)
        ],
    )?;
    Ok(())
}

/// Plain data of this crate always has a JSON form.
fn encode<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("plain data has a JSON form")
}
