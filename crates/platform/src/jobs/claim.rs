//! Taking jobs under a lease, keeping the lease, giving it back.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::Job;
use crate::{
    clock::Millis,
    db::{Error, Tx},
    params,
};

/// Jobs with one key that are put aside at a time.
const PARKED_AT_ONCE: i64 = 1024;
/// Searches in one claim: bounds its time when very many jobs are to be put aside.
const ROUNDS: usize = 16;

/// What to claim.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The kinds that have a handler, as a JSON list.
    pub kinds: String,
    /// The time now.
    pub now: Millis,
    /// Until when the jobs belong to the claimer.
    pub lease_until: Millis,
    /// How many at most.
    pub limit: usize,
}

/// Whether [`claim`] would find something to do. Only reads.
///
/// May say yes for a job that turns out to wait for another one with its key; that claim puts
/// the job aside, so that the answer is no from then on.
pub fn is_due(tx: &mut Tx<'_>, kinds: &str, now: Millis) -> Result<bool, Error> {
    let found = tx.optional::<i64>(
        "select j.id from job j
         where j.dead_at is null and not j.parked and j.run_at <= $1
             and (j.lease_until is null or j.lease_until <= $1)
             and j.kind in {texts $2}
         order by j.run_at, j.id limit 1",
        params![now, kinds],
    )?;
    Ok(found.is_some())
}

/// Takes due jobs, the longest due first. Each belongs to the caller until its lease ends, and
/// counts as an attempt.
///
/// Jobs behind another one with the same key are not taken but parked: out of the index that this
/// search walks over, until the one before them ends. So a key with any number of waiting jobs
/// costs the others nothing.
pub fn claim(tx: &mut Tx<'_>, claim: &Claim) -> Result<Vec<Job>, Error> {
    let mut taken = Vec::new();
    for _ in 0..ROUNDS {
        let due = due(tx, claim, claim.limit - taken.len())?;
        let ready: Vec<i64> = due.iter().filter(|job| job.behind.is_none()).map(|j| j.id).collect();
        if !ready.is_empty() {
            taken.extend(lease(tx, &ready, claim.lease_until)?);
        }
        if taken.len() >= claim.limit || ready.len() == due.len() || park(tx, &due)? == 0 {
            break;
        }
    }
    taken.sort_by_key(|job| (job.run_at, job.id));
    Ok(taken)
}

struct Due {
    id: i64,
    key: Option<String>,
    /// The nearest unfinished job before this one with its key.
    behind: Option<i64>,
}

fn due(tx: &mut Tx<'_>, claim: &Claim, limit: usize) -> Result<Vec<Due>, Error> {
    let rows = tx.all::<(i64, Option<String>, Option<i64>)>(
        "select j.id, j.key,
             (select e.id from job e where e.key = j.key and e.dead_at is null and e.id < j.id
              order by e.id desc limit 1)
         from job j
         where j.dead_at is null and not j.parked and j.run_at <= $1
             and (j.lease_until is null or j.lease_until <= $1)
             and j.kind in {texts $2}
         order by j.run_at, j.id limit $3 {skip locked}",
        params![claim.now, &claim.kinds, i64::try_from(limit).unwrap_or(i64::MAX)],
    )?;
    Ok(rows.into_iter().map(|(id, key, behind)| Due { id, key, behind }).collect())
}

fn lease(tx: &mut Tx<'_>, ids: &[i64], until: Millis) -> Result<Vec<Job>, Error> {
    let ids = json!(ids).to_string();
    tx.all(
        "update job set lease_until = $2, attempts = attempts + 1, claims = claims + 1
         where id in {ids $1}
         returning id, kind, key, payload, due_at, attempts, run_at, claims",
        params![&ids, until],
    )
}

/// Puts blocked jobs aside, together with others of their keys; answers how many.
///
/// Whoever ends the job before them looks for the next one to bring back. It must not have looked
/// already: therefore that job is locked here, which also shows that it has not ended.
fn park(tx: &mut Tx<'_>, due: &[Due]) -> Result<u64, Error> {
    let mut keys: BTreeMap<&str, (i64, BTreeSet<i64>)> = BTreeMap::new();
    for job in due {
        if let (Some(key), Some(behind)) = (&job.key, job.behind) {
            let (first, blocked) = keys.entry(key).or_insert((behind, BTreeSet::new()));
            *first = (*first).min(behind);
            blocked.insert(job.id);
        }
    }
    let mut parked = 0;
    for (key, (behind, mut blocked)) in keys {
        let held = tx.optional::<i64>(
            "select b.id from job b where b.id = $1 and b.dead_at is null {skip locked}",
            params![behind],
        )?;
        if held.is_none() {
            continue;
        }
        blocked.extend(tx.all::<i64>(
            "select j.id from job j
             where j.id in (select e.id from job e where e.key = $1 and e.dead_at is null
                                and e.id > $2 order by e.id limit $3)
                 and not j.parked and j.lease_until is null {skip locked}",
            params![key, behind, PARKED_AT_ONCE],
        )?);
        let ids = json!(blocked).to_string();
        parked += tx.exec("update job set parked = true where id in {ids $1}", params![&ids])?;
    }
    Ok(parked)
}

/// What became of a lease that was to be extended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewed {
    /// It lasts until the new time.
    Extended,
    /// The job is gone: completed, cancelled or dead.
    Ended,
    /// It ran out and somebody else has the job.
    Lost,
}

/// Extends the lease of a job that is still being worked on, also one that has just run out.
pub fn renew(tx: &mut Tx<'_>, job: &Job, until: Millis) -> Result<Renewed, Error> {
    let found = renew_all(tx, std::slice::from_ref(job), until)?;
    Ok(found.first().copied().unwrap_or(Renewed::Ended))
}

/// Extends the leases of jobs in one statement, however many they are; answers in their order.
pub fn renew_all(tx: &mut Tx<'_>, jobs: &[Job], until: Millis) -> Result<Vec<Renewed>, Error> {
    let held: BTreeMap<String, i64> =
        jobs.iter().map(|job| (job.id.to_string(), job.claim)).collect();
    let extended: BTreeSet<i64> = tx
        .all::<i64>(
            "update job set lease_until = $2
             from {pairs $1} p
             where job.id = cast(p.key as bigint) and job.claims = p.value
                 and job.lease_until is not null
             returning job.id",
            params![&json!(held).to_string(), until],
        )?
        .into_iter()
        .collect();
    let missing: Vec<i64> =
        jobs.iter().map(|job| job.id).filter(|id| !extended.contains(id)).collect();
    let mut claims = BTreeMap::new();
    if !missing.is_empty() {
        claims.extend(tx.all::<(i64, i64)>(
            "select id, claims from job where id in {ids $1}",
            params![&json!(missing).to_string()],
        )?);
    }
    let result = jobs.iter().map(|job| match claims.get(&job.id) {
        _ if extended.contains(&job.id) => Renewed::Extended,
        Some(claims) if *claims != job.claim => Renewed::Lost,
        _ => Renewed::Ended,
    });
    Ok(result.collect())
}

/// Gives back a job that was not finished, as if it had not been claimed. Answers whether the
/// lease was still held.
pub fn release(tx: &mut Tx<'_>, job: &Job) -> Result<bool, Error> {
    let released = tx.exec(
        "update job set lease_until = null, attempts = attempts - 1
         where id = $1 and claims = $2 and lease_until is not null",
        params![job.id, job.claim],
    )?;
    Ok(released > 0)
}
