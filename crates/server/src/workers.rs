//! What the server does besides answering requests.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context;
use halyard_automation::connections::{WorkspaceId, forget_workspace};
use halyard_http_api::App;
use halyard_identity::{self as identity, MAIL_JOB};
use halyard_messaging::{
    attachment,
    mail::{DUE_JOB, forget_told, received},
    notification, purge, retention, search, subscription,
};
use halyard_platform::{
    blobs::BlobId,
    db,
    events::{
        self,
        follow::{Batch, Follower, Following, follow},
    },
    idempotency,
    jobs::{self, Config, Done, Failure, Job, Policy, Running, Workers},
};
use metrics::gauge;
use tokio::task::JoinHandle;

use crate::mail::{self, Outbox, RETRIES};

/// How often expired things are removed and the gauges of jobs are set.
const SWEEP: Duration = Duration::from_secs(15 * 60);
const GAUGES: Duration = Duration::from_secs(15);

/// Starts the workers of durable jobs.
pub(crate) fn start(app: &Arc<App>, outbox: Outbox) -> Running {
    let (db, clock) = (app.db.clone(), app.clock.clone());
    let (signals, random) = (app.signals.clone(), app.random.clone());
    let (store, db_of_fill) = (db.clone(), db.clone());
    Workers::new(db, signals, clock, random, Config::default())
        .handler(purge::JOB, Policy::default(), move |job: Job| {
            let db = store.clone();
            async move { purge_all(&db, &job).await }
        })
        .handler(search::FILL_JOB, Policy::default(), {
            let store = db_of_fill;
            move |_: Job| {
                let db = store.clone();
                async move { fill_search(&db).await }
            }
        })
        .handler(MAIL_JOB, RETRIES, move |job: Job| {
            let outbox = outbox.clone();
            async move { outbox.send(job).await }
        })
        .handler(DUE_JOB, Policy::default(), {
            let app = app.clone();
            move |job: Job| mail::notices::tell(app.clone(), job)
        })
        .handler(received::JOB, Policy::default(), {
            let app = app.clone();
            move |job: Job| mail::post(app.clone(), job)
        })
        .start()
}

/// Nobody notices that what they posted is found, told or mailed so much later, and where much is
/// posted there is much less to do.
pub(crate) const FOLLOWER_PAUSE: Duration = Duration::from_millis(25);

/// Starts those who do something about every event.
pub(crate) fn follow_events(app: &App) -> Vec<Following> {
    let db = app.db.clone();
    let enter = move |batch: Batch, changed| {
        let (db, full) = (db.clone(), batch.events.len() as i64 == search::BATCH);
        async move {
            let begun = Instant::now();
            search::settle(&db, batch, changed).await?;
            if full {
                // Whoever posts shares the store with us. When much is posted the index may lag.
                tokio::time::sleep(begun.elapsed()).await;
            }
            Ok::<_, halyard_messaging::Error>(())
        }
    };
    let index = follow(
        app.db.clone(),
        &app.signals,
        Follower { name: search::FOLLOWER, limit: search::BATCH, pause: FOLLOWER_PAUSE },
        search::look,
        enter,
    );
    let db = app.db.clone();
    let tell = move |batch, seen| {
        let db = db.clone();
        async move { notification::settle(&db, batch, seen).await }
    };
    let tell = follow(
        app.db.clone(),
        &app.signals,
        Follower {
            name: notification::FOLLOWER,
            limit: notification::BATCH,
            pause: FOLLOWER_PAUSE,
        },
        notification::look,
        tell,
    );
    vec![index, tell]
}

/// Enters what was posted before there was an index. Idempotent: what is entered is passed over.
async fn fill_search(db: &db::Db) -> Result<Done, Failure> {
    let mut at = search::Filling::default();
    loop {
        let begun = Instant::now();
        let next = search::fill(db, at).await;
        match next.map_err(|error| Failure::temporary(error.to_string()))? {
            Some(next) => at = next,
            None => return Ok(Done::Finished),
        }
        tokio::time::sleep(begun.elapsed()).await;
    }
}

/// Deletes slice after slice. Idempotent: a repeated slice finds nothing left to delete.
async fn purge_all(db: &db::Db, job: &Job) -> Result<Done, Failure> {
    let target: purge::Target = job.decode()?;
    loop {
        let more = db
            .write(move |tx| -> Result<bool, halyard_messaging::Error> {
                let more = purge::run(tx, target)?;
                if let (false, purge::Target::Workspace(id)) = (more, target) {
                    forget_workspace(tx, WorkspaceId(id.0))?;
                }
                Ok(more)
            })
            .await
            .map_err(|error| Failure::temporary(error.to_string()))?;
        if !more {
            return Ok(Done::Finished);
        }
    }
}

/// Removes what has expired, and measures the jobs, until aborted.
pub(crate) fn housekeeping(app: Arc<App>, data_dir: PathBuf) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut sweeps = tokio::time::interval(SWEEP);
        let mut gauges = tokio::time::interval(GAUGES);
        loop {
            let result = tokio::select! {
                _ = sweeps.tick() => sweep(&app, &data_dir).await,
                _ = gauges.tick() => measure(&app).await,
            };
            if let Err(error) = result {
                tracing::error!(error = format!("{error:#}"), "housekeeping failed");
            }
        }
    })
}

/// Writes down which tokens of sign-ins are in use: at most once a day for each.
pub(crate) async fn write_uses(app: &App) -> anyhow::Result<()> {
    let (used, now) = (app.uses.take(), app.clock.now());
    let written = used.clone();
    let written = app.db.write(move |tx| identity::write_uses(tx, &written, now)).await;
    if written.is_err() {
        app.uses.put_back(used);
    }
    written.context("uses of tokens")
}

async fn sweep(app: &App, data_dir: &std::path::Path) -> anyhow::Result<()> {
    write_uses(app).await?;
    let clock = app.clock.clone();
    app.db
        .write(move |tx| -> Result<(), halyard_messaging::Error> {
            let now = clock.now();
            halyard_identity::sweep_tokens(tx, now)?;
            subscription::end_unrepresented(tx, None, now)?;
            halyard_messaging::temp_id::sweep(tx, now)?;
            idempotency::sweep(tx, now, 5000)?;
            received::sweep(tx, now)?;
            forget_told(tx)?;
            Ok(())
        })
        .await
        .with_context(|| format!("the database of {}", data_dir.display()))?;
    sweep_deliveries(app).await?;
    mail::notices::digests(app).await.context("digests")?;
    expire_threads(app).await?;
    sweep_attachments(app).await?;
    // An upload takes minutes at most; what is a day old was abandoned.
    let abandoned = app.clock.now() - 24 * 60 * 60 * 1000;
    app.blobs.sweep_temporary(abandoned).await.context("temporary files")?;
    Ok(())
}

/// Removes deliveries that were visible for long enough, in slices that hold up nobody.
async fn sweep_deliveries(app: &App) -> anyhow::Result<()> {
    const SLICE: i64 = 2000;
    let now = app.clock.now();
    loop {
        let gone = app.db.write(move |tx| subscription::sweep(tx, now, SLICE)).await?;
        if gone < SLICE.unsigned_abs() {
            return Ok(());
        }
    }
}

/// Removes threads that their channels do not keep any longer, in slices that hold up nobody.
async fn expire_threads(app: &App) -> anyhow::Result<()> {
    const SLICE: i64 = 100;
    let now = app.clock.now();
    loop {
        let gone = app.db.write(move |tx| retention::expire(tx, now, SLICE)).await;
        let gone = gone.context("retention")?;
        if gone > 0 {
            app.signals.wake(jobs::TOPIC);
            app.signals.wake(events::TOPIC);
            tracing::info!(threads = gone, "threads have been kept for long enough");
        }
        if gone < SLICE {
            return Ok(());
        }
    }
}

/// Removes files that were uploaded and never attached to anything. A blob whose removal a crash
/// prevents is found by the doctor.
async fn sweep_attachments(app: &App) -> anyhow::Result<()> {
    let now = app.clock.now();
    let unused =
        app.db.read_long(move |tx| attachment::unused(tx, now)).await.context("old uploads")?;
    if unused.is_empty() {
        return Ok(());
    }
    let blobs = app.db.write(move |tx| attachment::forget(tx, &unused)).await;
    for blob in blobs.context("old uploads")? {
        let id: BlobId = blob.parse().with_context(|| format!("blob {blob:?}"))?;
        // The others must go all the same: nothing names them any more.
        if let Err(error) = app.blobs.remove(&id).await {
            tracing::warn!(blob = %id, %error, "an unused blob stays behind");
        }
    }
    Ok(())
}

async fn measure(app: &App) -> anyhow::Result<()> {
    let now = app.clock.now();
    for kind in app.db.read(move |tx| jobs::stats(tx, now)).await? {
        gauge!("halyard_jobs_waiting", "kind" => kind.kind.clone()).set(kind.waiting as f64);
        gauge!("halyard_jobs_dead", "kind" => kind.kind.clone()).set(kind.dead as f64);
        gauge!("halyard_jobs_oldest_seconds", "kind" => kind.kind).set(kind.oldest as f64 / 1000.0);
    }
    Ok(())
}
