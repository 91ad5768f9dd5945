//! A lane: everything that is due for one subscription, delivered by whoever holds its job.
//!
//! Idempotent in this sense: what was delivered but not written down before a crash is delivered
//! again under the same id. Deliveries about one subject go one after the other; about different
//! subjects several are under way, so that one that hangs holds up only its own subject. However
//! badly a target behaves, it costs its own lane only.

use std::{
    collections::{HashSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use halyard_messaging::subscription::{
    Delivery, Due, End, Finished, Lane, Outcome, Subscription, due, finish,
};
use halyard_platform::{
    jobs::{self, Done, Failure, Job},
    outbound::Response,
    signals::Subscribed,
};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

use super::{
    Hooks, LANES, body,
    inbox::{Handover, Open},
    integration,
    integration::{Telling, settle_with_answer},
    send::{Prepared, send},
};
use crate::twist::error::Error;

/// Requests to one target at a time.
const UNDER_WAY: usize = 16;
/// Deliveries read at once, and how few left make the lane read more.
const PAGE: i64 = 64;
const PAGE_LENGTH: usize = 64;
const LOW: usize = 16;
/// What was read longer ago is read again before it is sent: who may see it may have changed.
const FRESH: Duration = Duration::from_secs(2);
/// How long a lane with nothing to do waits for more, so that it need not be claimed again: while
/// there is room for many more lanes, and otherwise.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BRIEFLY: Duration = Duration::from_millis(100);
/// How long a lane reads on without looking back for what has become due again: while something is
/// known to wait, and otherwise.
const LOOK_BACK: Duration = Duration::from_secs(1);
const LOOK_BACK_RARELY: Duration = Duration::from_secs(10);

/// The attempt at a delivery has ended.
struct Sent {
    subject: String,
    outcome: Outcome,
    /// What an integration said to what it was told.
    answer: Option<(Telling, Response)>,
}

/// Serves a lane until nothing is due.
pub(super) async fn run(hooks: Arc<Hooks>, job: Job) -> Result<Done, Failure> {
    let lane: Lane = job.decode()?;
    let wake = hooks.app.signals.subscribe(&lane.topic());
    let inbox = hooks.inboxes.open(lane.subscription);
    let mut serving = Serving {
        hooks,
        lane,
        wake,
        inbox,
        retrying: false,
        subscription: None,
        after: 0,
        exhausted: false,
        looked_back: Instant::now(),
        ready: VecDeque::new(),
        busy: HashSet::new(),
        held: HashSet::new(),
        sending: JoinSet::new(),
        settling: FuturesUnordered::new(),
    };
    serving.read().await?;
    serving.run(&job).await
}

struct Serving {
    hooks: Arc<Hooks>,
    lane: Lane,
    wake: Subscribed,
    inbox: Open,
    /// Something was tried in vain, now or before: what follows it about the same subject waits.
    retrying: bool,
    subscription: Option<Arc<Subscription>>,
    /// Everything up to this delivery has been read in this pass.
    after: i64,
    /// There is nothing behind it.
    exhausted: bool,
    /// When this pass began.
    looked_back: Instant,
    ready: VecDeque<(Instant, Prepared)>,
    /// Subjects with a request under way.
    busy: HashSet<String>,
    /// Subjects of which nothing more is sent in this pass: an earlier delivery is not through.
    held: HashSet<String>,
    sending: JoinSet<Sent>,
    settling: FuturesUnordered<BoxFuture<'static, Result<(), String>>>,
}

impl Serving {
    async fn run(&mut self, job: &Job) -> Result<Done, Failure> {
        loop {
            let stopping = self.hooks.is_stopping();
            if !stopping {
                self.start_sending();
                if self.wants_more() {
                    self.read().await?;
                    continue;
                }
            }
            if self.sending.is_empty() && self.settling.is_empty() {
                if stopping {
                    let (job, now) = (job.clone(), self.hooks.app.clock.now());
                    self.hooks.app.db.write(move |tx| jobs::postpone(tx, &job, now)).await?;
                    return Ok(Done::Completed);
                }
                if self.rest(job).await? {
                    return Ok(Done::Completed);
                }
                continue;
            }
            tokio::select! {
                Some(sent) = self.sending.join_next() => {
                    self.sent(sent.map_err(|error| Failure::temporary(error.to_string()))?);
                    while let Some(sent) = self.sending.try_join_next() {
                        self.sent(sent.map_err(|error| Failure::temporary(error.to_string()))?);
                    }
                }
                Some(settled) = self.settling.next() => settled.map_err(Failure::temporary)?,
                () = self.wake.notified(), if self.exhausted && !stopping => self.exhausted = false,
                () = self.inbox.filled(), if !stopping => self.look_into_inbox(),
            }
        }
    }

    fn wants_more(&self) -> bool {
        let patience = if self.held.is_empty() { LOOK_BACK_RARELY } else { LOOK_BACK };
        // A pass ends, so that what has become due again is found by the next one.
        self.ready.len() < LOW && !self.exhausted && self.looked_back.elapsed() < patience
    }

    /// Nothing is in hand. True when the lane is at rest.
    async fn rest(&mut self, job: &Job) -> Result<bool, Failure> {
        if !self.exhausted || self.retrying {
            self.begin_pass();
            self.read().await?;
            if !self.ready.is_empty() || !self.settling.is_empty() {
                return Ok(false);
            }
        }
        let busy = self.hooks.inboxes.count() > LANES / 2;
        tokio::select! {
            () = self.inbox.filled() => {
                self.look_into_inbox();
                return Ok(false);
            }
            () = self.wake.notified() => {
                self.begin_pass();
                return Ok(false);
            }
            () = self.hooks.stopped() => return Ok(false),
            () = sleep(if busy || self.retrying { LINGER_BRIEFLY } else { LINGER }) => {}
        }
        let (job, id, clock) = (job.clone(), self.lane.subscription, self.hooks.app.clock.clone());
        let db = &self.hooks.app.db;
        let finished = db.write_derived(move |tx| finish(tx, &job, id, clock.now())).await;
        self.begin_pass();
        let finished = finished.map_err(|error| Failure::temporary(error.to_string()))?;
        Ok(finished == Finished::AtRest)
    }

    /// Takes what was handed over, if nothing lies before it that is still in the store.
    fn look_into_inbox(&mut self) {
        let found = self.inbox.take();
        for Handover { subscription, deliveries, read_at } in found.handed {
            if !self.exhausted || self.retrying {
                self.exhausted = false;
                continue;
            }
            self.subscription = Some(Arc::new(subscription));
            for (delivery, body) in deliveries {
                // What was read meanwhile has come here a second time.
                if delivery.id > self.after {
                    self.after = delivery.id;
                    self.prepare(read_at, delivery, body.map(|text| (text, None)));
                }
            }
        }
        if found.look {
            self.exhausted = false;
        }
    }

    fn begin_pass(&mut self) {
        self.after = 0;
        self.exhausted = false;
        self.held.clear();
        self.looked_back = Instant::now();
    }

    /// Reads what comes next, with what it tells as of now.
    async fn read(&mut self) -> Result<(), Failure> {
        let app = &self.hooks.app;
        let (id, after) = (self.lane.subscription, self.after);
        let (clock, base) = (app.clock.clone(), self.hooks.base.clone());
        let read = app.db.read(move |tx| {
            let now = clock.now();
            let Some(due) = due(tx, id, after, now, PAGE)? else {
                return Ok(None);
            };
            let Due { subscription, deliveries, retrying } = due;
            let bodies = if subscription.installation.is_some() {
                let bodies = integration::read(tx, &subscription, &base, &deliveries, now)?;
                let told = |(text, telling)| (text, Some(telling));
                bodies.into_iter().map(|body| body.map(told)).collect()
            } else {
                let bodies = body::read(tx, &subscription.actor(now), &base, &deliveries)?;
                bodies.into_iter().map(|body| body.map(|text| (text, None))).collect::<Vec<_>>()
            };
            Ok::<_, Error>(Some((subscription, deliveries, bodies, retrying)))
        });
        let read = read.await.map_err(|error| Failure::temporary(error.to_text()))?;
        let Some((subscription, deliveries, bodies, retrying)) = read else {
            self.exhausted = true;
            self.ready.clear();
            return Ok(());
        };
        if after == 0 {
            self.retrying = retrying;
        }
        // A page that is not full was the last one.
        self.exhausted = deliveries.len() < PAGE_LENGTH;
        self.after = deliveries.last().map_or(self.after, |delivery| delivery.id);
        self.subscription = Some(Arc::new(subscription));
        let read_at = Instant::now();
        for (delivery, body) in deliveries.into_iter().zip(bodies) {
            self.prepare(read_at, delivery, body);
        }
        Ok(())
    }

    fn prepare(
        &mut self,
        read_at: Instant,
        delivery: Delivery,
        body: Option<(String, Option<Telling>)>,
    ) {
        let Some((body, telling)) = body else {
            return self.settle(unseen(self.lane.subscription, &delivery));
        };
        let content_type = match telling {
            Some(_) => "application/x-www-form-urlencoded",
            None => "application/json",
        };
        let prepared = Prepared { delivery, body: body.into(), content_type, telling };
        self.ready.push_back((read_at, prepared));
    }

    fn start_sending(&mut self) {
        let Some(subscription) = self.subscription.clone() else { return };
        let mut waiting = VecDeque::with_capacity(self.ready.len());
        // Within one round a subject whose delivery had to wait keeps its others waiting too.
        while let Some((read_at, prepared)) = self.ready.pop_front() {
            let subject = &prepared.delivery.subject;
            if self.held.contains(subject) {
                continue;
            }
            if self.busy.contains(subject) || self.sending.len() >= UNDER_WAY {
                waiting.push_back((read_at, prepared));
                if self.sending.len() >= UNDER_WAY {
                    break;
                }
                continue;
            }
            if read_at.elapsed() > FRESH {
                self.held.insert(subject.clone());
                continue;
            }
            self.busy.insert(subject.clone());
            let (hooks, subscription) = (self.hooks.clone(), subscription.clone());
            self.sending.spawn(async move {
                let (outcome, answer) = send(&hooks.app, &subscription, &prepared).await;
                let telling = prepared.telling.filter(Telling::wants_answer);
                let answer = telling.zip(answer);
                Sent { subject: prepared.delivery.subject, outcome, answer }
            });
        }
        waiting.append(&mut self.ready);
        self.ready = waiting;
    }

    fn sent(&mut self, sent: Sent) {
        self.busy.remove(&sent.subject);
        if sent.outcome.end != End::Delivered {
            self.retrying = true;
            self.held.insert(sent.subject);
        }
        let Some((telling, response)) = sent.answer else { return self.settle(sent.outcome) };
        let hooks = self.hooks.clone();
        let settle =
            async move { settle_with_answer(&hooks, sent.outcome, &telling, &response).await };
        self.settling.push(settle.boxed());
    }

    fn settle(&mut self, outcome: Outcome) {
        let settler = self.hooks.settler.clone();
        self.settling.push(async move { settler.settle(outcome).await }.boxed());
    }
}

fn unseen(subscription: i64, delivery: &Delivery) -> Outcome {
    Outcome {
        subscription,
        delivery: delivery.id,
        started_at: 0,
        took: 0,
        request: String::new(),
        response_status: None,
        response: None,
        end: End::Unseen,
    }
}
