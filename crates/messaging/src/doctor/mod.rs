//! What must hold in the tables of this crate, for `halyard doctor`.
//!
//! Removed threads, channels and workspaces are left out where a purge may be under way: it deletes
//! their rows from the front.

mod conversations;
mod files;
mod orphans;
mod search;
mod threads;

use std::collections::HashSet;

use halyard_platform::{
    db::{Error, Tx},
    doctor::{Check, Find, Findings, Repair, json_columns},
    params,
};

pub(crate) use conversations::{
    clamp_state as clamp_conversation, recount as recount_conversation,
};
pub use files::{File, file_exists, files};
pub(crate) use threads::{clamp_state as clamp_thread, recount as recount_thread};

/// Every check, in the order in which repairs build on each other.
pub fn checks() -> Vec<Check> {
    [orphans::CHECKS, threads::CHECKS, conversations::CHECKS, search::CHECKS, CHECKS].concat()
}

const CHECKS: &[Check] = &[
    Check {
        name: "unrepresented-subscription",
        words: "subscriptions of applications that no longer act for their people",
        find: Find::Sql(
            "select s.id, 'subscription ' || s.id || ' of application ' || s.application_id
             from subscription s
             where s.application_id is not null and s.ended_at is null
                 and not exists (select 1 from token t
                     where t.application_id = s.application_id and t.user_id = s.user_id)
                 and not exists (select 1 from oauth_grant g
                     where g.application_id = s.application_id and g.user_id = s.user_id)",
        ),
        // Housekeeping would end them a little later, too.
        repair: Some(Repair::Sql(&["update subscription set ended_at = created_at
             where application_id is not null and ended_at is null
                 and not exists (select 1 from token t
                     where t.application_id = subscription.application_id
                         and t.user_id = subscription.user_id)
                 and not exists (select 1 from oauth_grant g
                     where g.application_id = subscription.application_id
                         and g.user_id = subscription.user_id)"])),
    },
    Check {
        name: "channel-json",
        words: "channels with a column that is no JSON",
        find: Find::Code(|tx, found| {
            let columns = ["default_recipients", "default_groups", "filters"];
            json_columns(tx, found, "channel", "channel", "id", &columns)
        }),
        repair: None,
    },
    Check {
        name: "last-admin",
        words: "workspaces with members but without an administrator",
        find: Find::Sql(
            "select w.id, 'workspace ' || w.id || ', ' || w.name from workspace w
             where w.removed_at is null
                 and exists (select 1 from member m
                     where m.workspace_id = w.id and m.removed_at is null)
                 and not exists (select 1 from member m
                     where m.workspace_id = w.id and m.removed_at is null and m.role = 'admin')",
        ),
        // Who is to be trusted is for a person to say.
        repair: None,
    },
];

/// Everybody who ever had an account here.
fn known_users(tx: &mut Tx<'_>) -> Result<HashSet<i64>, Error> {
    Ok(tx.all("select id from users", params![])?.into_iter().collect())
}

/// Looks for lists of people with somebody in them who never was here. Lists that are no JSON are
/// found elsewhere.
fn strangers(
    tx: &mut Tx<'_>,
    found: &mut Findings,
    table: &str,
    columns: &[&str],
) -> Result<(), Error> {
    let users = known_users(tx)?;
    let sql = format!("select id, {} from {table}", columns.join(", "));
    tx.stream(&sql, &mut |row| {
        let id: i64 = row.get()?;
        for column in columns {
            let list: String = row.get()?;
            let list: Vec<i64> = serde_json::from_str(&list).unwrap_or_default();
            if let Some(stranger) = list.iter().find(|user| !users.contains(user)) {
                found.add(id, || format!("{table} {id}: {column} names {stranger}"));
            }
        }
        Ok(())
    })
}

/// The list without those who never were here; none when it is no list of people.
fn without_strangers(list: &str, users: &HashSet<i64>) -> Option<String> {
    let mut people: Vec<i64> = serde_json::from_str(list).ok()?;
    people.retain(|user| users.contains(user));
    Some(crate::json::encode(&people))
}
