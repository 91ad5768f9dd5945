//! From an event to the subscriptions that it concerns.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use halyard_platform::{
    clock::Millis,
    db::{self, FromRow, Row, Tx},
    events::Event,
    jobs, params,
};
use serde_json::json;

use super::{DOWN, Delivery, Due, Ids, JOB, Lane, Subscription, columns};
use crate::json;

/// Deliveries that are to be written.
#[derive(Debug, Clone, Default)]
pub struct Planned {
    /// JSON list of the rows.
    rows: String,
    /// JSON list of the subscriptions.
    subscriptions: String,
    /// The subscriptions that get something.
    pub lanes: Vec<Lane>,
    /// What each of them gets, in the order of the events. Deliveries have no id yet.
    pub dues: Vec<Due>,
}

impl Planned {
    /// Nobody wants to know.
    pub fn is_empty(&self) -> bool {
        self.lanes.is_empty()
    }
}

/// What of a subscription decides whether an event concerns it.
struct Wish {
    workspace: i64,
    subscription: Subscription,
}

impl FromRow for Wish {
    fn from_row(row: &mut Row<'_>) -> Result<Self, db::Error> {
        Ok(Self { workspace: row.get()?, subscription: Subscription::from_row(row)? })
    }
}

impl Wish {
    fn concerns(&self, ids: &Ids) -> bool {
        let passes = |wanted: Option<i64>, is: Option<i64>| wanted.is_none() || wanted == is;
        let wanted = &self.subscription;
        passes(wanted.channel, ids.channel_id)
            && passes(wanted.thread, ids.thread_id)
            && passes(wanted.conversation, ids.conversation_id)
    }
}

/// The event of a subscription that belongs to an installed integration.
pub(crate) const INTEGRATION: &str = "integration";
/// What an installed integration is told of.
const TO_INTEGRATIONS: &[&str] = &["thread_added", "comment_added", "message_added"];

/// Finds out whom the events concern. Only reads.
///
/// # Errors
/// Those of the store.
pub fn plan(tx: &mut Tx<'_>, events: &[Event], now: Millis) -> Result<Planned, db::Error> {
    let wishes = wishes(tx, events)?;
    let mut by_place: HashMap<(&str, i64), Vec<&Wish>> = HashMap::new();
    for wish in &wishes {
        let place = (wish.subscription.event.as_str(), wish.workspace);
        by_place.entry(place).or_default().push(wish);
    }
    let (mut rows, mut dues) = (Vec::new(), BTreeMap::<i64, Due>::new());
    for event in events {
        let Some(workspace) = event.workspace_id else { continue };
        let wishes = [event.kind.as_str(), INTEGRATION]
            .into_iter()
            .filter(|kind| *kind != INTEGRATION || TO_INTEGRATIONS.contains(&event.kind.as_str()));
        let wishes = wishes.filter_map(|kind| by_place.get(&(kind, workspace))).flatten();
        let mut ids = None;
        for wish in wishes {
            if ids.is_none() {
                ids = Some(json::decode::<Ids>(&event.payload)?);
            }
            if ids.as_ref().is_some_and(|ids| wish.concerns(ids)) {
                let id = wish.subscription.id;
                rows.push(json!({
                    "s": id, "e": event.id, "k": event.kind, "u": event.subject,
                    "p": event.payload, "a": event.at, "n": now,
                }));
                let due = dues.entry(id).or_insert_with(|| Due {
                    subscription: wish.subscription.clone(),
                    deliveries: Vec::new(),
                    retrying: false,
                });
                due.deliveries.push(Delivery {
                    id: 0,
                    event_id: event.id,
                    kind: event.kind.clone(),
                    subject: event.subject.clone(),
                    payload: event.payload.clone(),
                    happened_at: event.at,
                    attempts: 0,
                });
            }
        }
    }
    if rows.is_empty() {
        return Ok(Planned::default());
    }
    let subscriptions: Vec<i64> = dues.keys().copied().collect();
    Ok(Planned {
        rows: json::encode(&rows),
        subscriptions: json::encode(&subscriptions),
        lanes: subscriptions.into_iter().map(|subscription| Lane { subscription }).collect(),
        dues: dues.into_values().collect(),
    })
}

/// The subscriptions that one of the events may concern.
fn wishes(tx: &mut Tx<'_>, events: &[Event]) -> Result<Vec<Wish>, db::Error> {
    let mut kinds: BTreeSet<&str> = events.iter().map(|event| event.kind.as_str()).collect();
    if TO_INTEGRATIONS.iter().any(|kind| kinds.contains(kind)) {
        kinds.insert(INTEGRATION);
    }
    let workspaces: BTreeSet<i64> = events.iter().filter_map(|event| event.workspace_id).collect();
    // Where there are many subscriptions, nearly all of them are about other threads.
    let mut threads = BTreeSet::new();
    for event in events {
        threads.extend(json::decode::<Ids>(&event.payload)?.thread_id);
    }
    // Former members too: the end of a workspace ends their membership. Whether they may still see
    // anything is found out when it is delivered.
    tx.all(
        concat!(
            "select m.workspace_id, ",
            columns!(),
            " from subscription s
             join member m on m.user_id = s.user_id and m.workspace_id in {ids $2}
             where s.event in {texts $1} and s.disabled_at is null and s.ended_at is null
                 and (s.workspace_id is null or s.workspace_id = m.workspace_id)
                 and (s.thread_id is null or s.thread_id in {ids $3})
             order by s.id"
        ),
        params![&json::encode(&kinds), &json::encode(&workspaces), &json::encode(&threads)],
    )
}

/// What has been written.
#[derive(Debug, Clone, Default)]
pub struct Written {
    /// Ids of the deliveries, by subscription and event.
    pub ids: HashMap<(i64, i64), i64>,
    /// Subscriptions whose target is down: only their oldest delivery is to be tried.
    pub down: BTreeSet<i64>,
}

/// Writes the deliveries and sees to it that each lane has a job; to be called in the transaction
/// in which the follower moves on. The caller wakes [`jobs::TOPIC`] and [`Lane::topic`] after it.
///
/// # Errors
/// Those of the store.
pub fn spread(tx: &mut Tx<'_>, planned: &Planned, now: Millis) -> Result<Written, db::Error> {
    if planned.is_empty() {
        return Ok(Written::default());
    }
    // The lock makes whoever finishes a lane see these rows, or these rows see the lane finished.
    let failures: Vec<(i64, i64)> = tx.all(
        "select s.id, s.failures from subscription s where s.id in {ids $1}
         order by s.id {lock s}",
        params![&planned.subscriptions],
    )?;
    let ids: Vec<(i64, i64, i64)> = tx.all(
        "insert into delivery (subscription_id, event_id, kind, subject, payload, happened_at,
             status, next_at)
         select cast(v ->> 's' as bigint), cast(v ->> 'e' as bigint), v ->> 'k', v ->> 'u',
             v ->> 'p', cast(v ->> 'a' as bigint), 'pending', cast(v ->> 'n' as bigint)
         from {objects $1}
         returning subscription_id, event_id, id",
        params![&planned.rows],
    )?;
    let ids = ids.into_iter().map(|(subscription, event, id)| ((subscription, event), id));
    let down = failures.into_iter().filter(|(_, failures)| *failures >= DOWN).map(|(id, _)| id);
    let written = Written { ids: ids.collect(), down: down.collect() };
    let is_down = |lane: &Lane| written.down.contains(&lane.subscription);
    let (resting, awake): (Vec<Lane>, Vec<Lane>) = planned.lanes.iter().partition(|l| is_down(l));
    // A target that is down is asked again when its retry is due, not for each event.
    wake(tx, &resting, now, false)?;
    wake(tx, &awake, now, true)?;
    Ok(written)
}

/// Queues one delivery that no event asks for.
pub(crate) fn queue(
    tx: &mut Tx<'_>,
    subscription: i64,
    kind: &str,
    ids: &Ids,
    now: Millis,
) -> Result<(), db::Error> {
    tx.optional::<i64>(
        "select s.id from subscription s where s.id = $1 {lock s}",
        params![subscription],
    )?;
    tx.exec(
        "insert into delivery (subscription_id, event_id, kind, subject, payload, happened_at,
             status, next_at)
         values ($1, 0, $2, $2, $3, $4, 'pending', $4)",
        params![subscription, kind, &json::encode(ids), now],
    )?;
    wake(tx, &[Lane { subscription }], now, true)
}

/// Gives each lane a job, if it has none; one that waits for a retry is brought forward if wished.
pub(super) fn wake(
    tx: &mut Tx<'_>,
    lanes: &[Lane],
    now: Millis,
    bring_forward: bool,
) -> Result<(), db::Error> {
    let keyed: Vec<(String, String)> =
        lanes.iter().map(|lane| (lane.key(), json::encode(lane))).collect();
    jobs::ensure(tx, JOB, &keyed, now, bring_forward)
}
