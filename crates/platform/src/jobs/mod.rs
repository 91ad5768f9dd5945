//! Durable background work.
//!
//! A use case writes its jobs in the transaction of its change ([`enqueue`]) and wakes the workers
//! after the commit ([`TOPIC`]). [`Workers`] claim due jobs in batches under a lease and run the
//! handler of their kind.
//!
//! **A handler runs at least once**: when a process dies or stalls past its lease, another one
//! runs the job again, and it may be running still. So every handler is idempotent and says how.
//! The exception is a handler whose effects are all in the database: it calls [`complete`] in the
//! transaction that holds them and answers [`Done::Completed`]. That transaction commits only
//! while the lease is held and takes the job away, so its effects happen exactly once.
//!
//! **Jobs with the same key run one at a time, in the order of their ids**, whatever their kinds;
//! a job that waits for its retry holds up those behind it, a dead one does not. Ids are handed
//! out before the commit: two transactions that enqueue with the same key at the same time are
//! ordered only if a row that both lock orders them, such as their common parent's counter.

mod claim;
mod inspect;
mod settle;
mod worker;

use std::{collections::HashSet, time::Duration};

use serde::de::DeserializeOwned;

pub use claim::{Claim, Renewed, claim, is_due, release, renew, renew_all};
pub use inspect::{DeadJob, KindStats, cancel, dead, revive, stats};
pub use settle::{Fate, complete, fail, postpone};
pub use worker::{Config, Running, Stopped, Workers};

use crate::{
    clock::Millis,
    db::{Error, FromRow, Row, Tx},
    params,
};

/// The signal to send after a transaction that enqueued has committed.
pub const TOPIC: &str = "jobs";

/// A job to enqueue.
#[derive(Debug, Clone, Copy)]
pub struct NewJob<'a> {
    /// Chooses the handler.
    pub kind: &'a str,
    /// Jobs with the same key run in order.
    pub key: Option<&'a str>,
    /// JSON.
    pub payload: &'a str,
    /// Not to be run before.
    pub run_at: Millis,
}

/// A job as its handler gets it.
#[derive(Debug, Clone)]
pub struct Job {
    /// Never used twice.
    pub id: i64,
    /// Chooses the handler.
    pub kind: String,
    /// Jobs with the same key run in order.
    pub key: Option<String>,
    /// JSON.
    pub payload: String,
    /// When it was first due.
    pub due_at: Millis,
    /// How often it has been started, this time included.
    pub attempts: i64,
    run_at: Millis,
    /// Which claim of the job this is: what a later lease does not share.
    claim: i64,
}

impl Job {
    /// Reads the payload. Its failure is final: the same text will not read better next time.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_str(&self.payload)
            .map_err(|error| Failure::permanent(format!("unreadable payload: {error}")))
    }
}

impl FromRow for Job {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Error> {
        Ok(Self {
            id: row.get()?,
            kind: row.get()?,
            key: row.get()?,
            payload: row.get()?,
            due_at: row.get()?,
            attempts: row.get()?,
            run_at: row.get()?,
            claim: row.get()?,
        })
    }
}

/// How a handler ended well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// The worker takes the job away now. Should that fail, the job runs again.
    Finished,
    /// The handler has called [`complete`] in its own transaction.
    Completed,
}

/// How a handler failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// For the operator. No secrets.
    pub message: String,
    /// Whether trying again can help.
    pub retry: bool,
}

impl Failure {
    /// Trying again may help.
    pub fn temporary(message: impl Into<String>) -> Self {
        Self { message: message.into(), retry: true }
    }

    /// Trying again cannot help: the job is dead at once.
    pub fn permanent(message: impl Into<String>) -> Self {
        Self { message: message.into(), retry: false }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::temporary(error.to_string())
    }
}

/// When a failed job of a kind runs again, and when no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// How often a job is started before it is dead.
    pub max_attempts: u32,
    /// Wait after the first failure; doubles with each one that follows.
    pub base: Duration,
    /// The longest wait.
    pub cap: Duration,
}

impl Default for Policy {
    /// Twelve attempts, spread over an hour and a half at most.
    fn default() -> Self {
        Self { max_attempts: 12, base: Duration::from_secs(2), cap: Duration::from_secs(1800) }
    }
}

impl Policy {
    /// The wait after this many attempts. `jitter`, from 0 to 1, places it between half of the
    /// doubled time and the whole of it, so that jobs that failed together do not return together.
    pub fn delay(&self, attempts: i64, jitter: f64) -> Millis {
        let doublings = u32::try_from(attempts.clamp(1, 63) - 1).unwrap_or(0);
        let base = i64::try_from(self.base.as_millis()).unwrap_or(i64::MAX);
        let cap = i64::try_from(self.cap.as_millis()).unwrap_or(i64::MAX);
        let whole = base.saturating_mul(1 << doublings).min(cap);
        let half = whole / 2;
        half + ((whole - half) as f64 * jitter.clamp(0.0, 1.0)) as Millis
    }
}

/// Adds a job in the transaction of the change that asks for it; answers its id.
pub fn enqueue(tx: &mut Tx<'_>, job: &NewJob<'_>) -> Result<i64, Error> {
    tx.one(
        "insert into job (kind, key, payload, due_at, run_at) values ($1, $2, $3, $4, $4)
         returning id",
        params![job.kind, job.key, job.payload, job.run_at],
    )
}

/// Sees to it that each key has a job: those that have a live one keep it, the others get one at
/// `now`. With `bring_forward`, one that waits for a later time becomes due now.
///
/// Each pair is a key and the payload of its job. Two transactions may both find that a key has no
/// job, unless they lock something that stands for the key; so must whoever completes such a job.
pub fn ensure(
    tx: &mut Tx<'_>,
    kind: &str,
    keyed: &[(String, String)],
    now: Millis,
    bring_forward: bool,
) -> Result<(), Error> {
    if keyed.is_empty() {
        return Ok(());
    }
    let keys: Vec<&str> = keyed.iter().map(|(key, _)| key.as_str()).collect();
    let keys = serde_json::json!(keys).to_string();
    let live: Vec<(String, Millis, bool)> = tx.all(
        "select key, run_at, lease_until is not null from job
         where key in {texts $1} and dead_at is null",
        params![&keys],
    )?;
    if bring_forward && live.iter().any(|(_, run_at, leased)| *run_at > now && !leased) {
        tx.exec(
            "update job set run_at = $2
             where key in {texts $1} and dead_at is null and lease_until is null and run_at > $2",
            params![&keys, now],
        )?;
    }
    let live: HashSet<&str> = live.iter().map(|(key, ..)| key.as_str()).collect();
    let missing: Vec<_> = keyed
        .iter()
        .filter(|(key, _)| !live.contains(key.as_str()))
        .map(|(key, payload)| serde_json::json!({"k": key, "p": payload}))
        .collect();
    if !missing.is_empty() {
        tx.exec(
            "insert into job (kind, key, payload, due_at, run_at)
             select $2, v ->> 'k', v ->> 'p', $3, $3 from {objects $1}",
            params![&serde_json::json!(missing).to_string(), kind, now],
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_cap_and_jitter_stays_within_the_upper_half() {
        let policy = Policy {
            max_attempts: 9,
            base: Duration::from_millis(1000),
            cap: Duration::from_secs(60),
        };
        let whole: Vec<_> = (1..=8).map(|attempts| policy.delay(attempts, 1.0)).collect();
        assert_eq!(whole, [1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000]);
        assert_eq!(policy.delay(3, 0.0), 2000);
        assert_eq!(policy.delay(3, 0.5), 3000);
        assert_eq!(policy.delay(3, 7.0), 4000);
        assert_eq!(policy.delay(0, 1.0), 1000);
        assert_eq!(policy.delay(i64::MAX, 1.0), 60000);
    }

    #[test]
    fn the_default_policy_gives_up_when_its_documentation_says_so() {
        let policy = Policy::default();
        let total: Millis = (1..i64::from(policy.max_attempts)).map(|n| policy.delay(n, 1.0)).sum();
        assert!(total <= 90 * 60 * 1000, "{total} ms");
    }
}
