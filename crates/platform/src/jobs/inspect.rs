//! What an operator sees of the jobs and does to them.

use super::settle::bring_back_next;
use crate::{
    clock::Millis,
    db::{Error, FromRow, Row, Tx},
    params,
};

/// A job that does not run any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadJob {
    /// For [`revive`] and [`cancel`].
    pub id: i64,
    /// The handler that gave up.
    pub kind: String,
    /// The order it belonged to.
    pub key: Option<String>,
    /// JSON.
    pub payload: String,
    /// When it was first due.
    pub due_at: Millis,
    /// When its last attempt failed.
    pub dead_at: Millis,
    /// How often it was tried.
    pub attempts: i64,
    /// What the last attempt said.
    pub last_error: Option<String>,
}

impl FromRow for DeadJob {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Error> {
        Ok(Self {
            id: row.get()?,
            kind: row.get()?,
            key: row.get()?,
            payload: row.get()?,
            due_at: row.get()?,
            dead_at: row.get()?,
            attempts: row.get()?,
            last_error: row.get()?,
        })
    }
}

/// The dead jobs of a kind, or of all kinds, the latest first.
pub fn dead(tx: &mut Tx<'_>, kind: Option<&str>, limit: i64) -> Result<Vec<DeadJob>, Error> {
    tx.all(
        "select id, kind, key, payload, due_at, dead_at, attempts, last_error from job
         where dead_at is not null and kind = coalesce($1, kind)
         order by dead_at desc, id desc limit $2",
        params![kind, limit],
    )
}

/// Gives a dead job another life at `now`, with all its attempts. Answers its new id, or none when
/// there is no dead job with this id.
///
/// It gets a new id because those behind it have moved on: it is now the last with its key.
pub fn revive(tx: &mut Tx<'_>, id: i64, now: Millis) -> Result<Option<i64>, Error> {
    let dead = tx.optional::<(String, Option<String>, String, Millis)>(
        "delete from job where id = $1 and dead_at is not null
         returning kind, key, payload, due_at",
        params![id],
    )?;
    let Some((kind, key, payload, due_at)) = dead else { return Ok(None) };
    let id = tx.one(
        "insert into job (kind, key, payload, due_at, run_at) values ($1, $2, $3, $4, $5)
         returning id",
        params![&kind, &key, &payload, due_at, now],
    )?;
    Ok(Some(id))
}

/// Removes a job, whether it waits, runs or is dead; answers whether it was there.
///
/// A handler that is running goes on, but a transaction in which it completes the job fails.
pub fn cancel(tx: &mut Tx<'_>, id: i64) -> Result<bool, Error> {
    let key =
        tx.optional::<Option<String>>("delete from job where id = $1 returning key", params![id])?;
    let Some(key) = key else { return Ok(false) };
    bring_back_next(tx, key.as_deref())?;
    Ok(true)
}

/// The jobs of one kind, for metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindStats {
    /// The kind.
    pub kind: String,
    /// Not running and not dead: due, due later, waiting for a retry or behind another job.
    pub waiting: i64,
    /// How long the longest due one has been due, in milliseconds; 0 when none is.
    pub oldest: Millis,
    /// Under a lease that has not ended.
    pub running: i64,
    /// Given up.
    pub dead: i64,
}

/// Counts the jobs of each kind that has any. Walks over the whole table.
pub fn stats(tx: &mut Tx<'_>, now: Millis) -> Result<Vec<KindStats>, Error> {
    let rows = tx.all::<(String, i64, i64, i64, Option<Millis>)>(
        "select kind,
             count(case when dead_at is null and coalesce(lease_until, 0) <= $1 then 1 end),
             count(case when lease_until > $1 then 1 end),
             count(dead_at),
             min(case when dead_at is null and coalesce(lease_until, 0) <= $1 then run_at end)
         from job group by kind order by kind",
        params![now],
    )?;
    Ok(rows
        .into_iter()
        .map(|(kind, waiting, running, dead, oldest)| KindStats {
            kind,
            waiting,
            oldest: oldest.map_or(0, |run_at| (now - run_at).max(0)),
            running,
            dead,
        })
        .collect())
}
