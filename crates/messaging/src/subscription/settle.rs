//! How deliveries went.

use halyard_identity::{self as identity, Mail};
use halyard_platform::{clock::Millis, db::Tx, params};
use serde_json::json;

use crate::{Error, json};

/// The waits before each retry: ten of them, within twelve hours.
pub const RETRIES: [Millis; 10] = [
    5 * SECOND,
    30 * SECOND,
    2 * MINUTE,
    5 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    3 * HOUR,
    5 * HOUR,
];
const SECOND: Millis = 1000;
const MINUTE: Millis = 60 * SECOND;
const HOUR: Millis = 60 * MINUTE;

/// After this many failures without a success in between a target counts as down: only its oldest
/// delivery is tried until it answers again.
pub const DOWN: i64 = 5;

/// One attempt at one delivery.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The subscription.
    pub subscription: i64,
    /// The delivery.
    pub delivery: i64,
    /// When the attempt began.
    pub started_at: Millis,
    /// How long it took, in milliseconds.
    pub took: Millis,
    /// First lines and headers of what was sent; bounded by the caller.
    pub request: String,
    /// Status of the answer, if there was one.
    pub response_status: Option<i64>,
    /// Headers of the answer and the start of its body; bounded by the caller.
    pub response: Option<String>,
    /// How it ended.
    pub end: End,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The target has it.
    Delivered,
    /// The target does not have it; the text says why.
    Failed(String),
    /// The target wants no more.
    Gone,
    /// The subscriber may not see it, or it concerns nobody any more: nothing was sent.
    Unseen,
}

/// Writes down attempts. `jitter`, from 0 to 1, brings retries forward by up to a tenth, so that
/// what failed together does not return together.
///
/// # Errors
/// Those of the store.
pub fn settle(
    tx: &mut Tx<'_>,
    outcomes: &[Outcome],
    now: Millis,
    jitter: f64,
) -> Result<(), Error> {
    let delivered = outcomes.iter().filter(|outcome| outcome.end == End::Delivered);
    let rows: Vec<_> = delivered
        .map(|outcome| {
            json!({
                "i": outcome.delivery, "b": outcome.started_at, "t": outcome.took,
                "q": outcome.request, "c": outcome.response_status, "r": outcome.response,
            })
        })
        .collect();
    if !rows.is_empty() {
        succeeded(tx, &rows, outcomes, now)?;
    }
    let unseen: Vec<i64> = outcomes
        .iter()
        .filter(|outcome| outcome.end == End::Unseen)
        .map(|outcome| outcome.delivery)
        .collect();
    if !unseen.is_empty() {
        // Not even that it happened is theirs to know.
        tx.exec("delete from delivery where id in {ids $1}", params![&json::encode(&unseen)])?;
    }
    for outcome in outcomes {
        match &outcome.end {
            End::Failed(error) => failed(tx, outcome, error, now, jitter)?,
            End::Gone => {
                give_up(tx, outcome, "the target answered 410 Gone", now)?;
                disable(tx, outcome.subscription, "its target answered 410 Gone", now)?;
            }
            End::Delivered | End::Unseen => {}
        }
    }
    Ok(())
}

/// Whether a delivery is still to be made; until the end of the transaction nobody else settles it.
///
/// # Errors
/// Those of the store.
pub fn still_due(tx: &mut Tx<'_>, delivery: i64) -> Result<bool, Error> {
    let found: Option<i64> = tx.optional(
        "select d.id from delivery d where d.id = $1 and d.status = 'pending' {lock d}",
        params![delivery],
    )?;
    Ok(found.is_some())
}

fn succeeded(
    tx: &mut Tx<'_>,
    rows: &[serde_json::Value],
    outcomes: &[Outcome],
    now: Millis,
) -> Result<(), Error> {
    tx.exec(
        "update delivery set status = 'delivered', attempts = attempts + 1, ended_at = $2,
             first_at = coalesce(first_at, x.began), last_at = x.began, took = x.took,
             request_head = x.request, response_status = x.code, response_head = x.response,
             error = null
         from (select cast(v ->> 'i' as bigint) as id, cast(v ->> 'b' as bigint) as began,
                   cast(v ->> 't' as bigint) as took, v ->> 'q' as request,
                   cast(v ->> 'c' as bigint) as code, v ->> 'r' as response
               from {objects $1}) x
         where delivery.id = x.id and delivery.status = 'pending'",
        params![&json::encode(rows), now],
    )?;
    let mut subscriptions: Vec<i64> = outcomes
        .iter()
        .filter(|outcome| outcome.end == End::Delivered)
        .map(|outcome| outcome.subscription)
        .collect();
    subscriptions.sort_unstable();
    subscriptions.dedup();
    // Once a second is enough for everybody who asks, and keeps a busy row from being rewritten
    // all the time.
    tx.exec(
        "update subscription set failures = 0, last_success_at = $2
         where id in {ids $1}
             and (failures > 0 or last_success_at is null or last_success_at < $3)",
        params![&json::encode(&subscriptions), now, now - 1000],
    )?;
    Ok(())
}

fn failed(
    tx: &mut Tx<'_>,
    outcome: &Outcome,
    error: &str,
    now: Millis,
    jitter: f64,
) -> Result<(), Error> {
    let before: Option<(i64, Option<Millis>)> = tx.optional(
        "select attempts, first_at from delivery where id = $1 and status = 'pending'",
        params![outcome.delivery],
    )?;
    let Some((attempts, first_at)) = before else { return Ok(()) };
    tx.exec(
        "update subscription set failures = failures + 1 where id = $1",
        params![outcome.subscription],
    )?;
    let Some(wait) = usize::try_from(attempts).ok().and_then(|n| RETRIES.get(n)) else {
        give_up(tx, outcome, error, now)?;
        return stop_if_dead(tx, outcome.subscription, first_at, error, now);
    };
    let wait = wait - (*wait as f64 / 10.0 * jitter.clamp(0.0, 1.0)) as Millis;
    tx.exec(
        "update delivery set attempts = attempts + 1, next_at = $2,
             first_at = coalesce(first_at, $3), last_at = $3, took = $4, request_head = $5,
             response_status = $6, response_head = $7, error = $8
         where id = $1",
        params![
            outcome.delivery,
            now + wait,
            outcome.started_at,
            outcome.took,
            &outcome.request,
            outcome.response_status,
            &outcome.response,
            error
        ],
    )?;
    Ok(())
}

fn give_up(tx: &mut Tx<'_>, outcome: &Outcome, error: &str, now: Millis) -> Result<(), Error> {
    tx.exec(
        "update delivery set status = 'failed', attempts = attempts + 1, ended_at = $2,
             first_at = coalesce(first_at, $3), last_at = $3, took = $4, request_head = $5,
             response_status = $6, response_head = $7, error = $8
         where id = $1 and status = 'pending'",
        params![
            outcome.delivery,
            now,
            outcome.started_at,
            outcome.took,
            &outcome.request,
            outcome.response_status,
            &outcome.response,
            error
        ],
    )?;
    Ok(())
}

/// A target that took anything since the first attempt is alive: then only this one is given up.
fn stop_if_dead(
    tx: &mut Tx<'_>,
    subscription: i64,
    since: Option<Millis>,
    error: &str,
    now: Millis,
) -> Result<(), Error> {
    let last: Option<Millis> =
        tx.one("select last_success_at from subscription where id = $1", params![subscription])?;
    if last.is_some_and(|last| since.is_some_and(|since| last >= since)) {
        return Ok(());
    }
    let reason = format!("its target took nothing for twelve hours: {error}");
    disable(tx, subscription, &reason, now)
}

/// Stops a subscription and tells its owner.
fn disable(tx: &mut Tx<'_>, id: i64, reason: &str, now: Millis) -> Result<(), Error> {
    let stopped: Option<(i64, String, String, Option<i64>)> = tx.optional(
        "update subscription set disabled_at = $2, disabled_reason = $3
         where id = $1 and disabled_at is null and ended_at is null
         returning user_id, target_url, event, installation_id",
        params![id, now, reason],
    )?;
    let Some((owner, target, event, installation)) = stopped else { return Ok(()) };
    let waiting = tx.exec(
        "update delivery set status = 'stopped', ended_at = $2
         where subscription_id = $1 and status = 'pending'",
        params![id, now],
    )?;
    // Of an integration the person who installed it is told, not its bot.
    let owner = match installation {
        Some(id) => tx.one("select installed_by from installation where id = $1", params![id])?,
        None => owner,
    };
    let owner = identity::load_user(tx, owner.into())?;
    if owner.bot {
        return Ok(());
    }
    let text = format!(
        "Your subscription {id} (event {event}) to\n\n    {target}\n\nhas been stopped, because {reason}.\n\n\
         {waiting} more deliveries were waiting and have not been sent. When the target works again, \
         subscribe with the same address and event, and send them again with hooks/resend or \
         `halyard subscription resend {id}`.\n"
    );
    let mail = Mail {
        to: owner.email,
        subject: "A subscription has been stopped".to_owned(),
        text,
        ..Mail::default()
    };
    mail.enqueue(tx, now)?;
    Ok(())
}
