//! How a member wants to be told, for each workspace.

use std::collections::BTreeMap;

use halyard_platform::{db::Tx, params};

use crate::{Actor, Error, WorkspaceId, workspace};

/// A setting: its name, what it is when nobody has said otherwise, and whether it is a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// As on the wire.
    pub name: &'static str,
    /// Flags are 0 and 1, times are seconds.
    pub default: i64,
    /// Seconds instead of a flag.
    pub seconds: bool,
}

const fn flag(name: &'static str, default: i64) -> Setting {
    Setting { name, default, seconds: false }
}

const fn seconds(name: &'static str, default: i64) -> Setting {
    Setting { name, default, seconds: true }
}

/// The longest delay, in seconds: a day, our decision.
const LONGEST: i64 = 86_400;

/// Every setting (vendor documentation); the defaults are our decision.
pub const NAMES: &[Setting] = &[
    flag("desktop_conversations", 1),
    flag("desktop_comments", 1),
    flag("desktop_threads", 1),
    flag("desktop_added_to_ws", 1),
    flag("desktop_removed_from_ws", 1),
    flag("email_conversations", 1),
    flag("email_comments", 1),
    flag("email_threads", 1),
    flag("email_added_to_ws", 1),
    flag("email_removed_from_ws", 1),
    flag("push_conversations", 1),
    flag("push_comments", 1),
    flag("push_threads", 1),
    flag("push_added_to_ws", 1),
    flag("push_removed_from_ws", 1),
    flag("email_aggregate", 1),
    // Not the vendor's: a mail each morning with what is unread.
    flag("email_digest", 0),
    flag("badge_threads", 1),
    flag("badge_conversations", 1),
    seconds("push_delay", 60),
    seconds("mobile_delay", 60),
];

/// The actor's settings in a workspace, by name.
///
/// # Errors
/// [`Error::WorkspaceNotFound`]
pub fn load(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: WorkspaceId,
) -> Result<BTreeMap<&'static str, i64>, Error> {
    workspace::role(tx, actor, id)?;
    let stored: Vec<(String, i64)> = tx.all(
        "select name, value from notification_setting where user_id = $1 and workspace_id = $2",
        params![actor.user, id],
    )?;
    let mut settings: BTreeMap<&str, i64> =
        NAMES.iter().map(|setting| (setting.name, setting.default)).collect();
    for (name, value) in stored {
        if let Some(setting) = settings.get_mut(name.as_str()) {
            *setting = value;
        }
    }
    Ok(settings)
}

/// Changes some of the actor's settings in a workspace, all or none.
///
/// # Errors
/// [`Error::WorkspaceNotFound`]; [`Error::Invalid`] for an unknown name or a value out of range.
pub fn set(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: WorkspaceId,
    changes: &BTreeMap<String, i64>,
) -> Result<(), Error> {
    workspace::role(tx, actor, id)?;
    for (name, value) in changes {
        let known = NAMES.iter().find(|setting| setting.name == name);
        let setting =
            known.ok_or(Error::Invalid { field: "setting", expected: "the name of a setting" })?;
        let largest = if setting.seconds { LONGEST } else { 1 };
        if !(0..=largest).contains(value) {
            let expected = "true or false, or up to 86400 seconds for a delay";
            return Err(Error::Invalid { field: "value", expected });
        }
        tx.exec(
            "insert into notification_setting (user_id, workspace_id, name, value)
             values ($1, $2, $3, $4)
             on conflict (user_id, workspace_id, name) do update set value = excluded.value",
            params![actor.user, id, setting.name, *value],
        )?;
    }
    Ok(())
}
