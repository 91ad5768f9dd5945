//! One attempt at one job: run the handler, then write down how it ended.

use std::{
    future::Future,
    panic::AssertUnwindSafe,
    pin::Pin,
    time::{Duration, Instant},
};

use futures_util::{
    FutureExt,
    future::{AbortRegistration, Abortable},
};
use metrics::{counter, histogram};

use super::{
    super::{Done, Failure, Fate, Job, Policy, complete, fail, release},
    Shared,
};
use crate::db::{Error, Tx, message_of};

/// How often the end of an attempt is offered to a store that is too busy to take it.
const OFFERS: u32 = 6;

type Run = dyn Fn(Job) -> Pin<Box<dyn Future<Output = Result<Done, Failure>> + Send>> + Send + Sync;

/// How jobs of one kind are run.
pub(super) struct Handler {
    kind: &'static str,
    policy: Policy,
    run: Box<Run>,
}

impl Handler {
    pub(super) fn new<F, R>(kind: &'static str, policy: Policy, run: F) -> Self
    where
        F: Fn(Job) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Done, Failure>> + Send + 'static,
    {
        Self { kind, policy, run: Box::new(move |job| Box::pin(run(job))) }
    }
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Done,
    Retry,
    Dead,
    /// Somebody else has the job, or it was cancelled.
    Lost,
    /// Given back unfinished.
    Interrupted,
    /// The end could not be written down: the job runs again when its lease ends.
    Unsettled,
}

impl Outcome {
    fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Retry => "retry",
            Self::Dead => "dead",
            Self::Lost => "lost",
            Self::Interrupted => "interrupted",
            Self::Unsettled => "unsettled",
        }
    }
}

/// Runs the handler until it ends, panics or is aborted, and settles the job.
pub(super) async fn run(shared: &Shared, job: Job, abort: AbortRegistration) -> Outcome {
    let Some(handler) = shared.handlers.get(job.kind.as_str()) else {
        // Only kinds with a handler are claimed.
        return Outcome::Unsettled;
    };
    let started = Instant::now();
    let lease = Job { payload: String::new(), ..job.clone() };
    let end = if job.attempts > i64::from(handler.policy.max_attempts) {
        // It took its process down each time, or stalled it; a handler that can fail has failed
        // before this.
        let tried = job.attempts - 1;
        End::Failed(Failure::permanent(format!("its lease ran out; started {tried} times")))
    } else {
        // The call itself may panic too, therefore it is inside.
        let attempt = AssertUnwindSafe(async { (handler.run)(job).await }).catch_unwind();
        match Abortable::new(attempt, abort).await {
            Err(_) => End::Interrupted,
            Ok(Err(payload)) => {
                End::Failed(Failure::temporary(format!("panicked: {}", message_of(&*payload))))
            }
            Ok(Ok(Err(failure))) => End::Failed(failure),
            Ok(Ok(Ok(done))) => End::Done(done),
        }
    };
    let outcome = settle(shared, handler, &lease, end).await;
    counter!("halyard_jobs_total", "kind" => handler.kind, "outcome" => outcome.name())
        .increment(1);
    histogram!("halyard_job_seconds", "kind" => handler.kind).record(started.elapsed());
    outcome
}

enum End {
    Done(Done),
    Failed(Failure),
    Interrupted,
}

async fn settle(shared: &Shared, handler: &Handler, job: &Job, end: End) -> Outcome {
    let (id, kind, attempts) = (job.id, handler.kind, job.attempts);
    let lease = job.clone();
    let written = match end {
        End::Done(Done::Completed) => Ok(Outcome::Done),
        End::Done(Done::Finished) => {
            write(shared, move |tx| complete(tx, &lease)).await.map(|()| Outcome::Done)
        }
        End::Interrupted => write(shared, move |tx| release(tx, &lease))
            .await
            .map(|held| if held { Outcome::Interrupted } else { Outcome::Lost }),
        End::Failed(failure) => {
            let message = failure.message.clone();
            let (policy, now, jitter) = (handler.policy, shared.clock.now(), jitter(shared));
            let fate = write(shared, move |tx| fail(tx, &lease, &failure, &policy, now, jitter));
            fate.await.map(|fate| match fate {
                Fate::Retry(at) => {
                    tracing::warn!(id, kind, attempts, retry_at_ms = at, message, "a job failed");
                    Outcome::Retry
                }
                Fate::Dead => {
                    tracing::error!(id, kind, attempts, message, "a job failed for good");
                    Outcome::Dead
                }
                Fate::Lost => Outcome::Lost,
            })
        }
    };
    match written {
        Ok(outcome) => outcome,
        Err(Error::Missing(_)) => {
            tracing::warn!(id, kind, attempts, "a job ended after its lease was lost");
            Outcome::Lost
        }
        Err(error) => {
            tracing::error!(id, kind, attempts, %error, "cannot write down the end of a job");
            Outcome::Unsettled
        }
    }
}

/// A full queue passes; giving up would run the job a second time.
async fn write<F, T>(shared: &Shared, run: F) -> Result<T, Error>
where
    F: Fn(&mut Tx<'_>) -> Result<T, Error> + Clone + Send + 'static,
    T: Send + 'static,
{
    let mut wait = Duration::from_millis(50);
    for _ in 1..OFFERS {
        match shared.db.write(run.clone()).await {
            Err(Error::Busy) => tokio::time::sleep(wait).await,
            result => return result,
        }
        wait *= 2;
    }
    shared.db.write(run).await
}

fn jitter(shared: &Shared) -> f64 {
    f64::from(u32::from_le_bytes(shared.random.bytes())) / f64::from(u32::MAX)
}
