//! What a lane has to deliver now, and when it is at rest.

use halyard_platform::{
    clock::Millis,
    db::Tx,
    jobs::{self, Job},
    params,
};

use super::{DOWN, Delivery, Subscription, columns};
use crate::Error;

/// What there is to do for a subscription.
#[derive(Debug, Clone)]
pub struct Due {
    /// As it is now.
    pub subscription: Subscription,
    /// In the order of their ids. Several about one subject are to be delivered one after the other.
    pub deliveries: Vec<Delivery>,
    /// Something was tried in vain and waits for its next try; answered when reading from the start.
    pub retrying: bool,
}

/// The deliveries that are due, from the one behind `after` on, at most `limit`; only the first one
/// when the target is down. None for a subscription that has ended.
///
/// # Errors
/// Those of the store.
pub fn due(
    tx: &mut Tx<'_>,
    subscription: i64,
    after: i64,
    now: Millis,
    limit: i64,
) -> Result<Option<Due>, Error> {
    let found: Option<Subscription> = tx.optional(
        concat!(
            "select ",
            columns!(),
            " from subscription s
             where s.id = $1 and s.ended_at is null and s.disabled_at is null"
        ),
        params![subscription],
    )?;
    let Some(subscription) = found else { return Ok(None) };
    let retrying = after == 0 && {
        let waiting: Option<i64> = tx.optional(
            "select d.id from delivery d
             where d.subscription_id = $1 and d.status = 'pending' and d.attempts > 0 limit 1",
            params![subscription.id],
        )?;
        waiting.is_some()
    };
    let deliveries = if subscription.failures >= DOWN {
        tx.all(
            "select d.id, d.event_id, d.kind, d.subject, d.payload, d.happened_at, d.attempts
             from (select p.id, p.event_id, p.kind, p.subject, p.payload, p.happened_at,
                       p.attempts, p.next_at
                   from delivery p
                   where p.subscription_id = $1 and p.status = 'pending' order by p.id limit 1) d
             where d.id > $2 and d.next_at <= $3",
            params![subscription.id, after, now],
        )?
    } else {
        tx.all(
            "select d.id, d.event_id, d.kind, d.subject, d.payload, d.happened_at, d.attempts
             from delivery d
             where d.subscription_id = $1 and d.status = 'pending' and d.id > $2
                 and d.next_at <= $3
                 and not exists (
                     select 1 from delivery w
                     where w.subscription_id = $1 and w.subject = d.subject
                         and w.status = 'pending' and w.attempts > 0
                         and w.id < d.id and w.next_at > $3)
             order by d.id limit $4",
            params![subscription.id, after, now, limit],
        )?
    };
    Ok(Some(Due { subscription, deliveries, retrying }))
}

/// What became of a lane that seemed to have nothing left to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finished {
    /// The job is done, or waits for the next retry.
    AtRest,
    /// Something has come in.
    MoreIsDue,
}

/// Ends the job of a lane with which the caller has nothing left in hand.
///
/// # Errors
/// Those of the store; the transaction must end with them.
pub fn finish(
    tx: &mut Tx<'_>,
    job: &Job,
    subscription: i64,
    now: Millis,
) -> Result<Finished, Error> {
    tx.optional::<i64>(
        "select s.id from subscription s where s.id = $1 {lock s}",
        params![subscription],
    )?;
    let Some(found) = due(tx, subscription, 0, now, 1)? else {
        jobs::complete(tx, job)?;
        return Ok(Finished::AtRest);
    };
    if !found.deliveries.is_empty() {
        return Ok(Finished::MoreIsDue);
    }
    let next: Option<Millis> = if found.subscription.failures >= DOWN {
        tx.optional(
            "select next_at from delivery where subscription_id = $1 and status = 'pending'
             order by id limit 1",
            params![subscription],
        )?
    } else {
        tx.one(
            "select min(next_at) from delivery
             where subscription_id = $1 and status = 'pending' and next_at > $2",
            params![subscription, now],
        )?
    };
    match next {
        Some(next) => jobs::postpone(tx, job, next)?,
        None => jobs::complete(tx, job)?,
    }
    Ok(Finished::AtRest)
}
