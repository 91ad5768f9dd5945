//! Outbound webhooks: the calls that manage them, and the work of delivering.

mod body;
mod calls;
mod inbox;
mod integration;
mod lane;
mod report;
mod send;
mod settler;
mod sign;
mod spreading;

use std::{
    sync::{Arc, atomic::AtomicI64},
    time::Duration,
};

use halyard_messaging::{
    integration::REPORT_JOB,
    subscription::{FOLLOWER, JOB},
};
use halyard_platform::{
    db,
    events::follow::{Batch, Follower, Following, follow},
    jobs::{Config, Policy, Running, Stopped, Workers},
};
use tokio::{sync::watch, task::JoinHandle};

pub(crate) use calls::*;
pub(super) use send::told;
pub use sign::new_key;

use crate::App;
use inbox::Inboxes;
use settler::Settler;
use spreading::Spreading;

/// Events that are spread in one transaction.
const BATCH: i64 = 500;
/// Lanes at the same time. Each is a task; one whose target hangs costs its sockets.
const LANES: usize = 4096;

/// How long the body of an answer may take after its head.
const BODY_TIME: Duration = Duration::from_secs(5);

/// What the lanes share.
struct Hooks {
    app: Arc<App>,
    settler: Settler,
    inboxes: Inboxes,
    /// Where this server is, for addresses in bodies; empty when nobody has said.
    base: String,
    stopping: watch::Receiver<bool>,
}

impl Hooks {
    fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    async fn stopped(&self) {
        // The sender is gone only when everything stops.
        self.stopping.clone().wait_for(|stop| *stop).await.ok();
    }
}

/// Deliveries at work. Dropping it stops them at once, like a crash, which loses nothing.
pub struct Delivering {
    following: Following,
    lanes: Running,
    settling: JoinHandle<()>,
    stop: watch::Sender<bool>,
}

/// Starts to follow events and to deliver, on the current runtime.
///
/// # Errors
/// When the place in the event log cannot be found.
pub async fn start(app: &Arc<App>) -> Result<Delivering, db::Error> {
    let now = |tx: &mut db::Tx<'_>| halyard_platform::events::follow::skip_past(tx, FOLLOWER);
    app.db.write(now).await?;
    let (db, clock, random) = (app.db.clone(), app.clock.clone(), app.random.clone());
    let (settler, settling) = Settler::start(db.clone(), clock.clone(), random.clone());
    let (stop, stopping) = watch::channel(false);
    let base = app.settings.public_url.clone().unwrap_or_default();
    let inboxes = Inboxes::default();
    let spreading = Arc::new(Spreading {
        app: app.clone(),
        inboxes: inboxes.clone(),
        base: base.clone(),
        last: AtomicI64::new(0),
    });
    let hooks = Arc::new(Hooks { app: app.clone(), settler, inboxes, base, stopping });
    let looking = spreading.clone();
    let look = move |tx: &mut db::Tx<'_>, batch: &Batch| looking.look(tx, batch);
    // Whoever is told waits for it.
    let follower = Follower { name: FOLLOWER, limit: BATCH, pause: Duration::ZERO };
    let following = follow(db.clone(), &app.signals, follower, look, move |batch, seen| {
        let spreading = spreading.clone();
        async move { spreading.settle(batch, seen).await }
    });
    let config = Config {
        concurrency: LANES,
        poll: Duration::from_secs(1),
        // A lane of a process that has died waits this long.
        lease: Duration::from_secs(15),
        renew: Duration::from_secs(5),
    };
    // A lane fails only when the store does; its deliveries count their own attempts.
    let policy = Policy {
        max_attempts: u32::MAX,
        base: Duration::from_millis(500),
        cap: Duration::from_secs(30),
    };
    let (reports, retries) = (hooks.clone(), Policy::default());
    let lanes = Workers::new(db, app.signals.clone(), clock, random, config)
        .handler(JOB, policy, move |job| lane::run(hooks.clone(), job))
        .handler(REPORT_JOB, retries, move |job| report::run(reports.clone(), job))
        .start();
    Ok(Delivering { following, lanes, settling, stop })
}

impl Delivering {
    /// Finishes what is under way, at most until the deadline.
    pub async fn stop(self, deadline: Duration) -> Stopped {
        self.stop.send_replace(true);
        self.following.stop().await;
        let stopped = self.lanes.stop(deadline).await;
        if let Err(error) = self.settling.await {
            tracing::error!(%error, "writing down deliveries had failed");
        }
        stopped
    }
}
