//! The log of what happened: outbox, audit trail and what a live feed resumes from.
//!
//! A use case appends in the transaction of its change; readers follow with a cursor.
//!
//! Order: an event comes before every event of a transaction that had not committed when this one
//! was first readable. On SQLite that is the order of ids. On PostgreSQL ids are handed out before
//! the commit, so that a higher id may be readable earlier. There each event holds the number of
//! its transaction, readers sort by it, and see only events of transactions older than every
//! running one: whatever commits later is sorted behind what was read. The price: a transaction
//! that stays open anywhere on that database server holds all readers back until it ends.

pub mod follow;

pub use follow::{Batch, Following, follow};

use crate::{
    clock::Millis,
    db::{Dialect, Error, FromRow, Row, Tx},
    params,
};

/// The signal to send after a transaction that appended has committed.
pub const TOPIC: &str = "events";

/// One fact to append.
#[derive(Debug, Clone, Copy)]
pub struct NewEvent<'a> {
    /// Whose fact it is; none for facts of the installation itself.
    pub workspace_id: Option<i64>,
    /// What happened.
    pub kind: &'a str,
    /// What it happened to.
    pub subject: &'a str,
    /// JSON.
    pub payload: &'a str,
    /// When it happened.
    pub at: Millis,
}

/// One committed fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Never used twice; the cursor of a reader that has this event. Not the order of events.
    pub id: i64,
    /// Whose fact it is; none for facts of the installation itself.
    pub workspace_id: Option<i64>,
    /// What happened.
    pub kind: String,
    /// What it happened to.
    pub subject: String,
    /// JSON.
    pub payload: String,
    /// When it happened. Not the order of events either.
    pub at: Millis,
}

impl FromRow for Event {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Error> {
        Ok(Self {
            id: row.get()?,
            workspace_id: row.get()?,
            kind: row.get()?,
            subject: row.get()?,
            payload: row.get()?,
            at: row.get()?,
        })
    }
}

/// Adds a fact in the transaction of the change that made it true, for those who do not need its id.
pub fn record(tx: &mut Tx<'_>, event: &NewEvent<'_>) -> Result<(), Error> {
    tx.send(
        "insert into event (workspace_id, kind, subject, payload, at, tx)
         values ($1, $2, $3, $4, $5, {tx})",
        params![event.workspace_id, event.kind, event.subject, event.payload, event.at],
    )
}

/// As [`record`]; answers the id.
pub fn append(tx: &mut Tx<'_>, event: &NewEvent<'_>) -> Result<i64, Error> {
    tx.one(
        "insert into event (workspace_id, kind, subject, payload, at, tx)
         values ($1, $2, $3, $4, $5, {tx}) returning id",
        params![event.workspace_id, event.kind, event.subject, event.payload, event.at],
    )
}

/// The next events behind the one with the id `cursor`, at most `limit`; without a cursor from the
/// oldest event that is kept.
///
/// Handing the id of the last event to the next call delivers every event once. A cursor that is
/// not in the log starts at the oldest event too: events are trimmed from the old end only, so
/// that everything before such a cursor is gone and nothing that is left has been delivered. A
/// reader that must tell its own reader about the gap asks [`is_kept`] first.
pub fn after(tx: &mut Tx<'_>, cursor: Option<i64>, limit: i64) -> Result<Vec<Event>, Error> {
    // No event has the id 0.
    let cursor = cursor.unwrap_or(0);
    match tx.dialect() {
        Dialect::Sqlite => tx.all(
            "select id, workspace_id, kind, subject, payload, at from event
             where id > coalesce((select id from event where id = $1), 0)
             order by id limit $2",
            params![cursor, limit],
        ),
        Dialect::Postgres => tx.all(
            "select id, workspace_id, kind, subject, payload, at from event
             where (tx, id) > (coalesce((select c.tx from event c where c.id = $1), -1), $1)
                 and tx < {horizon}
             order by tx, id limit $2",
            params![cursor, limit],
        ),
    }
}

/// The newest readable event: where a reader starts that is not interested in the past.
pub fn newest(tx: &mut Tx<'_>) -> Result<Option<i64>, Error> {
    match tx.dialect() {
        Dialect::Sqlite => tx.optional("select id from event order by id desc limit 1", params![]),
        Dialect::Postgres => tx.optional(
            "select id from event where tx < {horizon} order by tx desc, id desc limit 1",
            params![],
        ),
    }
}

/// A number that rises with everything that is appended, once it is readable. It says nothing else,
/// and starts anew where the events came from another database.
pub fn position(tx: &mut Tx<'_>) -> Result<i64, Error> {
    let newest: Option<i64> = match tx.dialect() {
        Dialect::Sqlite => tx.optional("select id from event order by id desc limit 1", params![]),
        Dialect::Postgres => tx.optional(
            "select tx from event where tx < {horizon} order by tx desc, id desc limit 1",
            params![],
        ),
    }?;
    Ok(newest.unwrap_or(0))
}

/// Whether the event `a` comes before `b` in the log, which holds both.
pub fn is_before(tx: &mut Tx<'_>, a: i64, b: i64) -> Result<bool, Error> {
    // On SQLite `tx` is 0 everywhere.
    tx.one(
        "select (select x.tx from event x where x.id = $1) < (select y.tx from event y where y.id = $2)
             or ((select x.tx from event x where x.id = $1)
                 = (select y.tx from event y where y.id = $2) and $1 < $2)",
        params![a, b],
    )
}

/// Whether the log still holds the event, so that reading on from it leaves no gap.
pub fn is_kept(tx: &mut Tx<'_>, id: i64) -> Result<bool, Error> {
    Ok(tx.optional::<i64>("select id from event where id = $1", params![id])?.is_some())
}

/// Deletes the oldest events up to the first one that happened at `before` or later, at most
/// `at_most`; answers how many. Call it again while it answers `at_most`.
pub fn trim(tx: &mut Tx<'_>, before: Millis, at_most: i64) -> Result<u64, Error> {
    let oldest: Vec<(i64, Millis)> = match tx.dialect() {
        Dialect::Sqlite => {
            tx.all("select id, at from event order by id limit $1", params![at_most])?
        }
        Dialect::Postgres => tx.all(
            "select id, at from event where tx < {horizon} order by tx, id limit $1",
            params![at_most],
        )?,
    };
    // Times may be slightly out of order. Only the old end is cut, or a cursor that is missing
    // would not mean that everything before it is missing.
    let ids: Vec<i64> =
        oldest.into_iter().take_while(|(_, at)| *at < before).map(|(id, _)| id).collect();
    if ids.is_empty() {
        return Ok(0);
    }
    let ids = serde_json::json!(ids).to_string();
    tx.exec("delete from event where id in {ids $1}", params![&ids])
}

/// Declares every event older than whatever comes. To be called once, before anything is appended,
/// when the rows came from another database: transaction numbers mean nothing outside the server
/// that counted them, and one from the future would hide its event. The order becomes that of ids.
pub fn adopt(tx: &mut Tx<'_>) -> Result<u64, Error> {
    tx.exec("update event set tx = 0 where tx <> 0", params![])
}
