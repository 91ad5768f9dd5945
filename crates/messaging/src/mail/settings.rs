//! What mails a member wants: the one place that asks.

use std::collections::{BTreeMap, HashMap};

use halyard_identity::UserId;
use halyard_platform::{clock::Millis, db::Tx, params};

use super::address;
use crate::{Actor, Error, WorkspaceId, json, notification, workspace};

/// How long posts are collected for somebody who wants them together, in milliseconds: our
/// decision.
const WINDOW: Millis = 10 * 60 * 1000;

/// What mails a member wants from a workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// About threads.
    pub threads: bool,
    /// About comments.
    pub comments: bool,
    /// About messages.
    pub conversations: bool,
    /// About being added to the workspace.
    pub added: bool,
    /// About being removed from it.
    pub removed: bool,
    /// One mail about everything in a window instead of one about each post.
    pub aggregate: bool,
    /// How long a post waits to be read first, in milliseconds.
    pub delay: Millis,
}

impl Settings {
    fn from(value: impl Fn(&str) -> i64) -> Self {
        let flag = |name: &str| value(name) != 0;
        let (aggregate, delay) = (flag("email_aggregate"), value("push_delay") * 1000);
        Self {
            threads: flag("email_threads"),
            comments: flag("email_comments"),
            conversations: flag("email_conversations"),
            added: flag("email_added_to_ws"),
            removed: flag("email_removed_from_ws"),
            aggregate,
            delay: if aggregate { delay.max(WINDOW) } else { delay },
        }
    }
}

/// The settings of these members.
pub(super) fn of(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    users: &[UserId],
) -> Result<HashMap<UserId, Settings>, Error> {
    let rows: Vec<(UserId, String, i64)> = tx.all(
        "select user_id, name, value from notification_setting
         where workspace_id = $1 and user_id in {ids $2}",
        params![workspace, &json::encode(users)],
    )?;
    let mut stored: HashMap<UserId, BTreeMap<String, i64>> = HashMap::new();
    for (user, name, value) in rows {
        stored.entry(user).or_default().insert(name, value);
    }
    let default = |name: &str| {
        let known = notification::NAMES.iter().find(|setting| setting.name == name);
        known.map_or(0, |setting| setting.default)
    };
    Ok(users
        .iter()
        .map(|user| {
            let own = stored.get(user);
            let value = |name: &str| {
                own.and_then(|own| own.get(name).copied()).unwrap_or_else(|| default(name))
            };
            (*user, Settings::from(value))
        })
        .collect())
}

/// Whether somebody wants a mail when they are added to this workspace.
///
/// # Errors
/// Those of the store.
pub fn wants_to_know_of_joining(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    user: UserId,
) -> Result<bool, Error> {
    Ok(of(tx, workspace, &[user])?[&user].added)
}

/// Ends the mails about posts of a workspace, for whoever was given this code. False when nobody
/// was.
///
/// # Errors
/// Those of the store.
pub fn unsubscribe(tx: &mut Tx<'_>, code: &str, now: Millis) -> Result<bool, Error> {
    let Some((id, user)) = address::unsubscribed(tx, code)? else { return Ok(false) };
    let actor = Actor { user, now };
    if let Err(error) = workspace::role(tx, &actor, id) {
        // Whoever has left gets no mails anyway.
        return if matches!(error, Error::WorkspaceNotFound) { Ok(true) } else { Err(error) };
    }
    let off = ["email_threads", "email_comments", "email_conversations", "email_digest"];
    let off = off.into_iter().map(|name| (name.to_owned(), 0)).collect();
    notification::set(tx, &actor, id, &off)?;
    Ok(true)
}
