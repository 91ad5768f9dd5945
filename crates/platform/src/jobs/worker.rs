//! The loop that claims jobs and keeps their leases.

mod attempt;

use std::{collections::HashMap, future::Future, sync::Arc, time::Duration};

use futures_util::future::AbortHandle;
use tokio::{
    sync::oneshot,
    task::{self, JoinError, JoinHandle, JoinSet},
    time::{Instant, Interval, MissedTickBehavior},
};

use super::{Claim, Done, Failure, Job, Policy, Renewed, TOPIC, claim, is_due, renew_all};
use crate::{
    clock::{Clock, Millis},
    db::{Db, Error},
    random::Random,
    signals::Signals,
};
use attempt::{Handler, Outcome};

/// After the deadline of a stop, this long for handlers to notice that they are interrupted.
const GRACE: Duration = Duration::from_secs(5);

/// How much and how often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    /// Handlers that run at the same time.
    pub concurrency: usize,
    /// The longest time until due jobs are looked for without a signal.
    pub poll: Duration,
    /// How long a job of a process that has died stays with it.
    pub lease: Duration,
    /// How often the leases of running jobs are extended; a fraction of `lease`.
    pub renew: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            concurrency: 16,
            poll: Duration::from_secs(1),
            lease: Duration::from_secs(60),
            renew: Duration::from_secs(20),
        }
    }
}

/// Workers that have not started yet: collects the handlers.
pub struct Workers {
    shared: Shared,
}

pub(super) struct Shared {
    db: Db,
    signals: Signals,
    clock: Clock,
    random: Random,
    config: Config,
    handlers: HashMap<&'static str, Handler>,
}

impl Workers {
    /// No handlers yet. `random` spreads the retries.
    pub fn new(db: Db, signals: Signals, clock: Clock, random: Random, config: Config) -> Self {
        Self { shared: Shared { db, signals, clock, random, config, handlers: HashMap::new() } }
    }

    /// Runs jobs of this kind with `run`. Kinds without a handler are left to other processes.
    ///
    /// # Panics
    /// When the kind has a handler already.
    #[must_use]
    pub fn handler<F, R>(mut self, kind: &'static str, policy: Policy, run: F) -> Self
    where
        F: Fn(Job) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Done, Failure>> + Send + 'static,
    {
        let previous = self.shared.handlers.insert(kind, Handler::new(kind, policy, run));
        assert!(previous.is_none(), "two handlers for jobs of the kind {kind}");
        self
    }

    /// Starts to claim and run jobs, on the current runtime.
    pub fn start(self) -> Running {
        let (stop, stopping) = oneshot::channel();
        let task = tokio::spawn(Loop::new(self.shared).run(stopping));
        Running { stop: Some(stop), task }
    }
}

/// Workers at work. Dropping it stops them at once, like a crash: their jobs run again when the
/// leases end. Use [`stop`](Self::stop).
pub struct Running {
    stop: Option<oneshot::Sender<Duration>>,
    task: JoinHandle<Stopped>,
}

/// What became of the jobs that were running when the workers were stopped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stopped {
    /// Ended by themselves, well or badly.
    pub ended: usize,
    /// Interrupted; claimable again at once.
    pub released: usize,
}

impl Running {
    /// Claims no more, gives running handlers this long to end, interrupts the others (their
    /// futures are dropped) and gives their jobs back.
    pub async fn stop(mut self, deadline: Duration) -> Stopped {
        if let Some(stop) = self.stop.take() {
            // The loop is gone only if it panicked, which the next line reports.
            stop.send(deadline).ok();
        }
        (&mut self.task).await.unwrap_or_else(|error| {
            tracing::error!(%error, "the job workers had failed");
            Stopped::default()
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A running job: its lease and how to interrupt it.
struct Active {
    job: Job,
    abort: AbortHandle,
}

struct Loop {
    shared: Arc<Shared>,
    kinds: String,
    attempts: JoinSet<Outcome>,
    /// By task: a job that was lost and claimed again is here twice for a moment.
    active: HashMap<task::Id, Active>,
    renewal: Interval,
    /// The last claim found as many jobs as it asked for, so it need not be asked whether there
    /// are any.
    backlog: bool,
    /// When nothing was found, since which no job has ended.
    found_nothing: Option<Instant>,
    /// When to look again without a signal.
    pause: Duration,
}

/// Looks that find nothing are this far apart: where much is written, signals come all the time.
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

/// The longest wait after a claim that failed: the signal that asked for it does not come again.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

impl Loop {
    fn new(shared: Shared) -> Self {
        let kinds: Vec<_> = shared.handlers.keys().collect();
        let kinds = serde_json::json!(kinds).to_string();
        let mut renewal = tokio::time::interval(shared.config.renew);
        renewal.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            pause: shared.config.poll,
            shared: Arc::new(shared),
            kinds,
            attempts: JoinSet::new(),
            active: HashMap::new(),
            renewal,
            backlog: false,
            found_nothing: None,
        }
    }

    async fn run(mut self, mut stop: oneshot::Receiver<Duration>) -> Stopped {
        let mut wake = self.shared.signals.subscribe(TOPIC);
        let config = self.shared.config;
        let deadline = loop {
            self.fill().await;
            let room = self.active.len() < config.concurrency;
            tokio::select! {
                // In this order: jobs that end all the time must not keep it from the rare things.
                biased;
                deadline = &mut stop => break deadline.unwrap_or_default(),
                _ = self.renewal.tick(), if !self.active.is_empty() => self.renew().await,
                Some(ended) = self.attempts.join_next_with_id() => {
                    self.reap(ended);
                    // Whatever ended meanwhile makes room for the same claim.
                    while let Some(ended) = self.attempts.try_join_next_with_id() {
                        self.reap(ended);
                    }
                }
                () = wake.notified(), if room => {}
                () = tokio::time::sleep(self.pause), if room => {}
            }
        };
        self.wind_down(deadline).await
    }

    /// Claims and starts as many jobs as there is room for.
    async fn fill(&mut self) {
        let room = self.shared.config.concurrency.saturating_sub(self.active.len());
        if room == 0 || self.shared.handlers.is_empty() {
            return;
        }
        let since_nothing = self.found_nothing.map_or(BETWEEN_LOOKS, |at| at.elapsed());
        if let Some(early) = BETWEEN_LOOKS.checked_sub(since_nothing).filter(|left| !left.is_zero())
        {
            self.pause = early;
            return;
        }
        match self.claim(room).await {
            Ok(jobs) => {
                self.found_nothing = jobs.is_empty().then(Instant::now);
                self.backlog = jobs.len() == room;
                self.pause = self.shared.config.poll;
                for job in jobs {
                    self.begin(job);
                }
            }
            Err(error) => {
                self.backlog = false;
                self.pause = self.shared.config.poll.min(AFTER_FAILURE);
                tracing::error!(%error, "cannot claim jobs");
            }
        }
    }

    /// An idle process must not write: it asks first, in a transaction that only reads.
    async fn claim(&self, limit: usize) -> Result<Vec<Job>, Error> {
        let Shared { db, clock, config, .. } = &*self.shared;
        let now = clock.now();
        if !self.backlog {
            let kinds = self.kinds.clone();
            if !db.read(move |tx| is_due(tx, &kinds, now)).await? {
                return Ok(Vec::new());
            }
        }
        let lease_until = now + millis(config.lease);
        let request = Claim { kinds: self.kinds.clone(), now, lease_until, limit };
        db.write_derived(move |tx| claim(tx, &request)).await
    }

    fn begin(&mut self, job: Job) {
        if self.active.is_empty() {
            self.renewal.reset();
        }
        let shared = self.shared.clone();
        let (abort, registration) = AbortHandle::new_pair();
        // The payload is for the handler; the lease needs only the numbers.
        let lease = Job { payload: String::new(), ..job.clone() };
        let task =
            self.attempts.spawn(async move { attempt::run(&shared, job, registration).await });
        self.active.insert(task.id(), Active { job: lease, abort });
    }

    fn reap(&mut self, ended: Result<(task::Id, Outcome), JoinError>) -> Option<Outcome> {
        // One that waited for it may be due now.
        self.found_nothing = None;
        match ended {
            Ok((id, outcome)) => {
                self.active.remove(&id);
                Some(outcome)
            }
            Err(error) => {
                // A handler that panics is caught inside; this is a mistake of ours.
                self.active.remove(&error.id());
                tracing::error!(%error, "a job attempt broke");
                None
            }
        }
    }

    async fn renew(&self) {
        let until = self.shared.clock.now() + millis(self.shared.config.lease);
        let (tasks, held): (Vec<task::Id>, Vec<Job>) =
            self.active.iter().map(|(id, active)| (*id, active.job.clone())).unzip();
        let renewed = self.shared.db.write_derived(move |tx| renew_all(tx, &held, until));
        match renewed.await {
            Ok(renewed) => {
                for (id, result) in tasks.into_iter().zip(renewed) {
                    if result == Renewed::Lost
                        && let Some(Active { job, abort }) = self.active.get(&id)
                    {
                        tracing::warn!(job_id = job.id, kind = job.kind, "lost the lease of a job");
                        abort.abort();
                    }
                }
            }
            Err(error) => tracing::error!(%error, "cannot extend the leases of running jobs"),
        }
    }

    async fn wind_down(mut self, deadline: Duration) -> Stopped {
        let mut stopped = Stopped::default();
        let end = Instant::now() + deadline;
        let mut interrupted = false;
        while !self.attempts.is_empty() {
            let limit = if interrupted { end + GRACE } else { end };
            tokio::select! {
                Some(ended) = self.attempts.join_next_with_id() => match self.reap(ended) {
                    Some(Outcome::Interrupted) => stopped.released += 1,
                    Some(_) => stopped.ended += 1,
                    None => {}
                },
                () = tokio::time::sleep_until(limit) => {
                    if interrupted {
                        let left = self.attempts.len();
                        tracing::error!(left, "handlers ignore the stop; their leases will run out");
                        break;
                    }
                    interrupted = true;
                    self.active.values().for_each(|active| active.abort.abort());
                }
                _ = self.renewal.tick() => self.renew().await,
            }
        }
        if stopped.released > 0 {
            self.shared.signals.wake(TOPIC);
        }
        stopped
    }
}

pub(super) fn millis(time: Duration) -> Millis {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
