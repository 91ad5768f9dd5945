//! The end of an attempt. Each statement asks for the claim that the caller holds, so that a
//! worker whose lease was taken over changes nothing.

use super::{Failure, Job, Policy};
use crate::{
    clock::Millis,
    db::{Error, Tx},
    params,
};

/// Longer messages are cut: an error page of a remote server does not belong into every row.
const MESSAGE: usize = 2000;

/// Takes a finished job away.
///
/// Called by a handler in its own transaction, it makes the effects of that transaction happen
/// exactly once; the handler then answers [`Done::Completed`](super::Done::Completed).
///
/// # Errors
/// [`Error::Missing`] when the lease was lost (or the job cancelled): the transaction must end
/// with this error, so that nothing of it is kept.
pub fn complete(tx: &mut Tx<'_>, job: &Job) -> Result<(), Error> {
    let deleted = tx.exec(
        "delete from job where id = $1 and claims = $2 and lease_until is not null",
        params![job.id, job.claim],
    )?;
    if deleted == 0 {
        return Err(Error::Missing("the lease of a job"));
    }
    bring_back_next(tx, job.key.as_deref())
}

/// Gives a job back until a later time, as if it had never been claimed. Called by a handler in its
/// own transaction, which then answers [`Done::Completed`](super::Done::Completed).
///
/// # Errors
/// As [`complete`].
pub fn postpone(tx: &mut Tx<'_>, job: &Job, run_at: Millis) -> Result<(), Error> {
    let postponed = tx.exec(
        "update job set run_at = $3, lease_until = null, attempts = 0
         where id = $1 and claims = $2 and lease_until is not null",
        params![job.id, job.claim, run_at],
    )?;
    if postponed == 0 { Err(Error::Missing("the lease of a job")) } else { Ok(()) }
}

/// What a failed attempt led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It runs again at this time.
    Retry(Millis),
    /// It does not run again, see [`dead`](super::dead).
    Dead,
    /// The lease was lost or the job cancelled; nothing was changed.
    Lost,
}

/// Ends an attempt that failed. `jitter` is a random number from 0 to 1.
pub fn fail(
    tx: &mut Tx<'_>,
    job: &Job,
    failure: &Failure,
    policy: &Policy,
    now: Millis,
    jitter: f64,
) -> Result<Fate, Error> {
    let message: String = failure.message.chars().take(MESSAGE).collect();
    if failure.retry && job.attempts < i64::from(policy.max_attempts) {
        let run_at = now.saturating_add(policy.delay(job.attempts, jitter));
        let changed = tx.exec(
            "update job set run_at = $3, lease_until = null, last_error = $4
             where id = $1 and claims = $2 and lease_until is not null",
            params![job.id, job.claim, run_at, &message],
        )?;
        return Ok(if changed == 0 { Fate::Lost } else { Fate::Retry(run_at) });
    }
    let changed = tx.exec(
        "update job set dead_at = $3, lease_until = null, last_error = $4
         where id = $1 and claims = $2 and lease_until is not null",
        params![job.id, job.claim, now, &message],
    )?;
    if changed == 0 {
        return Ok(Fate::Lost);
    }
    bring_back_next(tx, job.key.as_deref())?;
    Ok(Fate::Dead)
}

/// Makes the next job with the key claimable, after the one before it has ended in this
/// transaction.
///
/// The lock waits for a transaction that ends that next job at the same time, and then finds the
/// one after it.
pub(super) fn bring_back_next(tx: &mut Tx<'_>, key: Option<&str>) -> Result<(), Error> {
    let Some(key) = key else { return Ok(()) };
    let next = tx.optional::<(i64, bool)>(
        "select j.id, j.parked from job j where j.key = $1 and j.dead_at is null
         order by j.id limit 1 {lock j}",
        params![key],
    )?;
    if let Some((id, true)) = next {
        tx.exec("update job set parked = false where id = $1", params![id])?;
    }
    Ok(())
}
