use halyard_identity::{
    AwayKind, AwayMode, ProfileChange, TimeOfDay, load_user, mark_user_removed, update_profile,
};
use halyard_messaging::{Actor, WorkspaceId, member, workspace};
use halyard_platform::clock::Millis;
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::Deserialize;
use serde_json::Value;

use super::{Own, confirm_password, password, sign_in};
use crate::{
    kit::params::{Object, Patch},
    params,
    twist::{
        call::{Call, DONE, json},
        endpoint::Reply,
        error::Error,
        ids::Resolve,
    },
};

/// The longest snooze, in seconds: ten years, our decision.
const MAX_SNOOZE_S: i64 = 10 * 366 * 86_400;

params! {
    /// Changes to the caller's own settings.
    pub(crate) struct Update {
        /// Full name, 1 to 255 characters.
        name: Option<String>,
        /// Address.
        email: Option<String>,
        /// At least 8 characters; ends other sessions.
        password: Option<String>,
        /// Where clients start: a workspace of the caller.
        default_workspace: Option<WorkspaceId>,
        /// What the caller does.
        profession: Patch<String>,
        /// Free text.
        contact_info: Patch<String>,
        /// IANA zone name.
        timezone: Option<String>,
        /// For how many seconds from now notifications are held back; 0 or less ends it.
        snooze_until: Patch<i64>,
        /// Start of the daily quiet time, `HH:MM`.
        snooze_dnd_start: Patch<String>,
        /// End of the daily quiet time, `HH:MM`.
        #[names("snooze_dnd_end", "snooze_dnd_stop")]
        snooze_dnd_end: Patch<String>,
        /// An absence: `type` (`parental`, `vacation`, `sickleave`, `other`), `date_from` (today
        /// when not given), `date_to` (the day on which notifications resume). Empty text ends it.
        away_mode: Patch<Object>,
        /// ISO weekdays (1 Monday to 7 Sunday) without notifications.
        off_days: Option<Vec<i64>>,
    }

    /// Confirms the end of the caller's account.
    pub(crate) struct Delete {
        /// The caller's password.
        password: String,
    }
}

/// An absence as clients send it.
#[derive(Debug, Clone, Deserialize)]
struct Away {
    #[serde(rename = "type")]
    kind: AwayKind,
    date_from: Option<Date>,
    date_to: Date,
}

impl Away {
    fn parse(Object(mut fields): Object) -> Result<Self, Error> {
        // Forms send unused fields empty.
        fields.retain(|_, value| value.as_str() != Some(""));
        serde_json::from_value(Value::Object(fields)).map_err(|_| {
            Error::invalid("away_mode", "type, date_to and perhaps date_from as YYYY-MM-DD")
        })
    }

    fn begin(self, now: Millis, zone: &str) -> AwayMode {
        let today = || {
            let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
            let now = Timestamp::from_millisecond(now).unwrap_or(Timestamp::UNIX_EPOCH);
            now.to_zoned(zone).date()
        };
        AwayMode {
            kind: self.kind,
            date_from: self.date_from.unwrap_or_else(today),
            date_to: self.date_to,
        }
    }
}

/// The answer has the token of the call and is never stored for repeats; the same settings can be
/// made twice.
pub(crate) async fn update(call: Call, p: Update) -> Reply {
    let password = match p.password {
        Some(password) => Some(password::hash(&call, password).await?),
        None => None,
    };
    let change = ProfileChange {
        name: p.name,
        email: p.email,
        profession: text(p.profession),
        contact_info: text(p.contact_info),
        timezone: p.timezone,
        snooze_dnd_start: time_of_day("snooze_dnd_start", p.snooze_dnd_start)?,
        snooze_dnd_end: time_of_day("snooze_dnd_end", p.snooze_dnd_end)?,
        off_days: p.off_days,
        ..ProfileChange::default()
    }
    .check()?;
    let snooze = snooze(p.snooze_until)?;
    let away = match p.away_mode {
        Patch::Absent => None,
        Patch::Clear => Some(None),
        Patch::Set(away) => Some(Some(Away::parse(away)?)),
    };
    let default_workspace = p.default_workspace;
    let (own, kept) = (Own::of(&call), password::session(&call));
    let answer = call
        .change(move |tx, actor| {
            let mut change = change.clone();
            if let Some(workspace) = default_workspace {
                let workspace = workspace.resolve(tx, actor)?;
                workspace::role(tx, actor, workspace)?;
                change.default_workspace = Some(workspace.0);
            }
            change.snooze_until = snooze.map(|s| s.map(|s| actor.now + s * 1000));
            if let Some(away) = away.clone() {
                let zone = match &change.timezone {
                    Some(zone) => zone.clone(),
                    None => load_user(tx, actor.user)?.timezone,
                };
                change.away_mode = Some(away.map(|away| away.begin(actor.now, &zone)));
            }
            update_profile(tx, actor.user, &change.check()?)?;
            if let Some(hash) = &password {
                password::store(tx, actor.user, hash, kept.as_ref())?;
            }
            member::profile_changed(tx, actor)?;
            own.answer(tx, actor)
        })
        .await?;
    json(&answer)
}

/// Empty text is no text.
fn text(patch: Patch<String>) -> Option<Option<String>> {
    match patch {
        Patch::Absent => None,
        Patch::Clear => Some(None),
        Patch::Set(text) => Some(Some(text).filter(|text| !text.trim().is_empty())),
    }
}

fn time_of_day(
    field: &'static str,
    patch: Patch<String>,
) -> Result<Option<Option<TimeOfDay>>, Error> {
    match text(patch) {
        Some(Some(text)) => Ok(Some(Some(TimeOfDay::parse(field, &text)?))),
        Some(None) => Ok(Some(None)),
        None => Ok(None),
    }
}

fn snooze(patch: Patch<i64>) -> Result<Option<Option<i64>>, Error> {
    match patch {
        Patch::Absent => Ok(None),
        Patch::Clear => Ok(Some(None)),
        Patch::Set(seconds) if seconds > MAX_SNOOZE_S => {
            Err(Error::invalid("snooze_until", "seconds, up to ten years"))
        }
        Patch::Set(seconds) => Ok(Some(Some(seconds).filter(|seconds| *seconds > 0))),
    }
}

/// Ends the caller's account and memberships. What they wrote stays.
pub(crate) async fn delete(call: Call, p: Delete) -> Reply {
    confirm_password(&call, p.password).await?;
    call.change(|tx, actor: &Actor| {
        member::leave_all(tx, actor)?;
        mark_user_removed(tx, actor.user, actor.now)?;
        Ok(())
    })
    .await?;
    let mut response = json(&DONE)?;
    sign_in::clear_cookie(&mut response, &call)?;
    Ok(response)
}
