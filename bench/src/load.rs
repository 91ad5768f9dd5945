//! Puts load on a server and measures how it answers.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use bytes::Bytes;
use serde::Serialize;
use tokio::sync::Mutex;
use tokio::task::LocalSet;

use crate::connection::{Connection, Keep};
use crate::histogram::Histogram;
use crate::pacer::Pacer;

/// Produces the encoded request of a turn; called once per request, so it should only look one up.
pub type Requests = Arc<dyn Fn(Turn) -> Bytes + Send + Sync>;

/// Whose turn it is.
#[derive(Debug, Clone, Copy)]
pub struct Turn {
    /// Which caller sends, from 0.
    pub caller: usize,
    /// How many requests this caller has sent before.
    pub sequence: u64,
}

/// When a caller sends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pace {
    /// As soon as its previous answer has arrived. Finds the throughput; its latencies are those
    /// at saturation.
    Closed,
    /// At fixed times, whatever the server does. Latency counts from the intended time, also when
    /// no caller was free then, so that a stall shows in every request that it delayed.
    Open {
        /// Requests per second of all callers together.
        per_second: f64,
    },
}

/// A load to put on a server.
#[derive(Debug, Clone)]
pub struct LoadPlan {
    /// The server.
    pub target: SocketAddr,
    /// Concurrent callers, each with one connection.
    pub callers: usize,
    /// When they send.
    pub pace: Pace,
    /// How long the load lasts before anything is measured.
    pub warm_up: Duration,
    /// How long it is measured.
    pub measured: Duration,
    /// The run is given up when no answer at all arrives for this long.
    pub patience: Duration,
}

/// What happened under a load.
#[derive(Clone)]
pub struct LoadResult {
    /// All answers, those of the warm-up and after the end included, whatever their status.
    pub answers: u64,
    /// Answers other than 200, broken connections, requests never answered. With any of them the
    /// run has failed and its figures mean nothing.
    pub failures: u64,
    /// What the first failure was, with the start of its body.
    pub first_failure: Option<String>,
    /// How often the server ended a connection by `Connection: close`.
    pub reconnects: u64,
    /// Answers that arrived in the measured time, per second of it.
    pub per_second: f64,
    /// Latencies of the requests whose start lies in the measured time, also when the answer came
    /// later.
    pub latency: Histogram,
}

/// The figures of a load that a report shows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Figures {
    /// Answers per second.
    pub per_second: f64,
    /// Median latency in milliseconds.
    pub p50_ms: f64,
    /// 90th percentile of the latency in milliseconds.
    pub p90_ms: f64,
    /// 99th percentile of the latency in milliseconds.
    pub p99_ms: f64,
    /// Longest latency in milliseconds.
    pub max_ms: f64,
}

impl LoadResult {
    /// The figures, or the first failure as an error: a failed run has no figures.
    pub fn figures(&self) -> Result<Figures> {
        if let Some(failure) = &self.first_failure {
            let (failures, answers) = (self.failures, self.answers);
            return Err(anyhow!("{failures} failures, {answers} answers; first: {failure}"));
        }
        ensure!(self.latency.count() > 0, "no request started in the measured time");
        let ms = |duration: Duration| duration.as_secs_f64() * 1000.0;
        Ok(Figures {
            per_second: self.per_second,
            p50_ms: ms(self.latency.quantile(0.5)),
            p90_ms: ms(self.latency.quantile(0.9)),
            p99_ms: ms(self.latency.quantile(0.99)),
            max_ms: ms(self.latency.longest()),
        })
    }
}

/// Puts the load on the server and blocks until it is over.
///
/// All callers live on one thread of their own. Fails only when the load could not be started;
/// what goes wrong later is counted in the result.
pub fn run(plan: &LoadPlan, requests: &Requests) -> Result<LoadResult> {
    ensure!(plan.callers > 0, "a load needs at least one caller");
    thread::scope(|scope| {
        let driver = thread::Builder::new()
            .name("load".into())
            .spawn_scoped(scope, || drive(plan, requests))
            .context("start the load thread")?;
        driver.join().map_err(|_| anyhow!("the load thread panicked"))?
    })
}

fn drive(plan: &LoadPlan, requests: &Requests) -> Result<LoadResult> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("build the runtime of the load")?;
    LocalSet::new().block_on(&runtime, async {
        let mut connections = Vec::with_capacity(plan.callers);
        for _ in 0..plan.callers {
            connections.push(Connection::open(plan.target).await?);
        }
        let run = Rc::new(Run::new(plan, Arc::clone(requests))?);
        let callers: Vec<_> = connections
            .into_iter()
            .enumerate()
            .map(|(caller, connection)| {
                tokio::task::spawn_local(Rc::clone(&run).call_until_end(caller, connection))
            })
            .collect();
        tokio::select! {
            outcome = join_all(callers) => outcome?,
            () = run.wait_for_silence() => run.fail(format!(
                "no answer for {:.1} s, requests left unanswered", plan.patience.as_secs_f64()
            )),
        }
        Ok(run.result())
    })
}

async fn join_all(callers: Vec<tokio::task::JoinHandle<()>>) -> Result<()> {
    for caller in callers {
        caller.await.context("a caller panicked")?;
    }
    Ok(())
}

/// What the callers of one load share; they all live on one thread.
struct Run {
    target: SocketAddr,
    requests: Requests,
    /// Present in an open loop. The caller that holds it waits for the next intended start; the
    /// other idle callers queue behind it.
    pacer: Option<Mutex<Pacer>>,
    measured_from: Instant,
    end: Instant,
    patience: Duration,
    answers: Cell<u64>,
    answers_measured: Cell<u64>,
    reconnects: Cell<u64>,
    failures: Cell<u64>,
    first_failure: RefCell<Option<String>>,
    latency: RefCell<Histogram>,
}

impl Run {
    fn new(plan: &LoadPlan, requests: Requests) -> Result<Self> {
        let begin = Instant::now();
        let measured_from = begin + plan.warm_up;
        let end = measured_from + plan.measured;
        let pacer = match plan.pace {
            Pace::Closed => None,
            Pace::Open { per_second } => Some(Mutex::new(Pacer::start(begin, end, per_second)?)),
        };
        Ok(Self {
            target: plan.target,
            requests,
            pacer,
            measured_from,
            end,
            patience: plan.patience,
            answers: Cell::new(0),
            answers_measured: Cell::new(0),
            reconnects: Cell::new(0),
            failures: Cell::new(0),
            first_failure: RefCell::new(None),
            latency: RefCell::new(Histogram::new()),
        })
    }

    async fn call_until_end(self: Rc<Self>, caller: usize, mut connection: Connection) {
        let mut sequence = 0;
        while let Some(start) = self.next_start().await {
            let request = (self.requests)(Turn { caller, sequence });
            sequence += 1;
            let usable = match connection.exchange(&request, Keep::Failures).await {
                Ok(answer) => {
                    self.count_answer(start);
                    if answer.status != 200 {
                        let body = String::from_utf8_lossy(connection.body());
                        self.fail(format!("status {}: {body}", answer.status));
                    }
                    if !answer.reusable {
                        self.reconnects.set(self.reconnects.get() + 1);
                    }
                    answer.reusable
                }
                Err(error) => {
                    self.fail(format!("{error:#}"));
                    false
                }
            };
            if !usable {
                match Connection::open(self.target).await {
                    Ok(fresh) => connection = fresh,
                    Err(error) => {
                        self.fail(format!("{error:#}"));
                        return;
                    }
                }
            }
        }
    }

    async fn next_start(&self) -> Option<Instant> {
        if let Some(pacer) = &self.pacer {
            return pacer.lock().await.next().await;
        }
        let now = Instant::now();
        (now < self.end).then_some(now)
    }

    fn count_answer(&self, start: Instant) {
        let now = Instant::now();
        self.answers.set(self.answers.get() + 1);
        if now >= self.measured_from && now < self.end {
            self.answers_measured.set(self.answers_measured.get() + 1);
        }
        if start >= self.measured_from {
            self.latency.borrow_mut().record(now.saturating_duration_since(start));
        }
    }

    fn fail(&self, what: String) {
        self.failures.set(self.failures.get() + 1);
        self.first_failure.borrow_mut().get_or_insert(what);
    }

    /// Returns when no answer has arrived for the whole patience.
    async fn wait_for_silence(&self) {
        let mut heard = self.answers.get();
        let mut heard_at = Instant::now();
        loop {
            tokio::time::sleep(self.patience / 8).await;
            let answers = self.answers.get();
            if answers != heard {
                (heard, heard_at) = (answers, Instant::now());
            } else if heard_at.elapsed() >= self.patience {
                return;
            }
        }
    }

    fn result(&self) -> LoadResult {
        let measured = self.end - self.measured_from;
        LoadResult {
            answers: self.answers.get(),
            failures: self.failures.get(),
            first_failure: self.first_failure.borrow().clone(),
            reconnects: self.reconnects.get(),
            per_second: self.answers_measured.get() as f64 / measured.as_secs_f64(),
            latency: self.latency.borrow().clone(),
        }
    }
}
