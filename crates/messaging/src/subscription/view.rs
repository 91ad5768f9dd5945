//! What owners and operators see of deliveries, and sending them again.

use halyard_platform::{
    clock::Millis,
    db::{self, FromRow, Row, Tx},
    params,
};

use super::{Lane, Subscription, columns, manage, spread::wake};
use crate::{Actor, Error, json};

/// How long what was delivered stays visible, and what was not.
const DELIVERED_FOR: Millis = 3 * 24 * 60 * 60 * 1000;
const OTHERS_FOR: Millis = 30 * 24 * 60 * 60 * 1000;

/// A delivery with its last attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Id.
    pub id: i64,
    /// The subscription.
    pub subscription: i64,
    /// The event.
    pub event_id: i64,
    /// What happened.
    pub kind: String,
    /// What it happened to.
    pub subject: String,
    /// When it happened.
    pub happened_at: Millis,
    /// `pending`, `delivered`, `failed` or `stopped`.
    pub status: String,
    /// How often it was tried.
    pub attempts: i64,
    /// Not to be tried before, while pending.
    pub next_at: Millis,
    /// When the last attempt began.
    pub last_at: Option<Millis>,
    /// How long it took, in milliseconds.
    pub took: Option<Millis>,
    /// What was sent, without its body.
    pub request_head: Option<String>,
    /// What came back.
    pub response_status: Option<i64>,
    /// What came back: headers and the start of the body.
    pub response_head: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
    /// When it was delivered or given up.
    pub ended_at: Option<Millis>,
}

impl FromRow for Seen {
    fn from_row(row: &mut Row<'_>) -> Result<Self, db::Error> {
        Ok(Self {
            id: row.get()?,
            subscription: row.get()?,
            event_id: row.get()?,
            kind: row.get()?,
            subject: row.get()?,
            happened_at: row.get()?,
            status: row.get()?,
            attempts: row.get()?,
            next_at: row.get()?,
            last_at: row.get()?,
            took: row.get()?,
            request_head: row.get()?,
            response_status: row.get()?,
            response_head: row.get()?,
            error: row.get()?,
            ended_at: row.get()?,
        })
    }
}

/// Which deliveries of a subscription: by id, or by the time of their events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// Only this one.
    pub id: Option<i64>,
    /// From this moment on.
    pub from: Millis,
    /// Up to and including this moment.
    pub to: Millis,
}

impl Default for Range {
    fn default() -> Self {
        Self { id: None, from: 0, to: i64::MAX }
    }
}

/// Deliveries of a subscription of the actor, newest first, those before `before` if given.
///
/// # Errors
/// [`Error::SubscriptionNotFound`]; [`Error::Invalid`] for the limit.
pub fn deliveries(
    tx: &mut Tx<'_>,
    actor: &Actor,
    subscription: i64,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Seen>, Error> {
    manage::get(tx, actor, subscription)?;
    let limit = crate::boundary::check_limit(limit)?;
    Ok(deliveries_of_any(tx, subscription, before, limit)?)
}

/// As [`deliveries`], for the operator.
///
/// # Errors
/// Those of the store.
pub fn deliveries_of_any(
    tx: &mut Tx<'_>,
    subscription: i64,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Seen>, db::Error> {
    tx.all(
        "select id, subscription_id, event_id, kind, subject, happened_at, status, attempts,
             next_at, last_at, took, request_head, response_status, response_head, error, ended_at
         from delivery where subscription_id = $1 and id < $2 order by id desc limit $3",
        params![subscription, before.unwrap_or(i64::MAX), limit],
    )
}

/// Every subscription that has not been cancelled, for the operator.
///
/// # Errors
/// Those of the store.
pub fn list_all(tx: &mut Tx<'_>) -> Result<Vec<Subscription>, db::Error> {
    tx.all(
        concat!(
            "select ",
            columns!(),
            " from subscription s where s.ended_at is null order by s.id"
        ),
        params![],
    )
}

/// Sends deliveries of a subscription of the actor again, with their old ids and all their retries;
/// answers how many. The caller wakes the workers.
///
/// # Errors
/// [`Error::SubscriptionNotFound`]; [`Error::Forbidden`] while the subscription is stopped.
pub fn resend(
    tx: &mut Tx<'_>,
    actor: &Actor,
    subscription: i64,
    range: &Range,
) -> Result<u64, Error> {
    manage::get(tx, actor, subscription)?;
    resend_any(tx, subscription, range, actor.now)
}

/// As [`resend`], for the operator.
///
/// # Errors
/// As [`resend`].
pub fn resend_any(
    tx: &mut Tx<'_>,
    subscription: i64,
    range: &Range,
    now: Millis,
) -> Result<u64, Error> {
    let stopped: Option<(bool,)> = tx.optional(
        "select s.disabled_at is not null from subscription s
         where s.id = $1 and s.ended_at is null {lock s}",
        params![subscription],
    )?;
    match stopped {
        None => return Err(Error::SubscriptionNotFound),
        Some((true,)) => {
            return Err(Error::Forbidden("the subscription is stopped; subscribe again first"));
        }
        Some((false,)) => {}
    }
    let chosen: Vec<i64> = tx.all(
        "select id from delivery
         where subscription_id = $1 and happened_at >= $2 and happened_at <= $3
             and (cast($4 as bigint) = 0 or id = cast($4 as bigint))",
        params![subscription, range.from, range.to, range.id.unwrap_or(0)],
    )?;
    let again = tx.exec(
        "update delivery set status = 'pending', attempts = 0, next_at = $2, first_at = null,
             ended_at = null
         where id in {ids $1}",
        params![&json::encode(&chosen), now],
    )?;
    tx.exec("update subscription set failures = 0 where id = $1", params![subscription])?;
    if again > 0 {
        wake(tx, &[Lane { subscription }], now, true)?;
    }
    Ok(again)
}

/// Deletes deliveries that have been visible for long enough, at most `at_most`; answers how many.
///
/// # Errors
/// Those of the store.
pub fn sweep(tx: &mut Tx<'_>, now: Millis, at_most: i64) -> Result<u64, db::Error> {
    tx.exec(
        "delete from delivery where id in (
             select id from delivery
             where status <> 'pending'
                 and ended_at < case when status = 'delivered' then cast($1 as bigint) else cast($2 as bigint) end
             order by id limit $3)",
        params![now - DELIVERED_FOR, now - OTHERS_FOR, at_most],
    )
}
