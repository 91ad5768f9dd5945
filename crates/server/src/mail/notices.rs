//! Runs the mails about what people have not read.

use std::sync::Arc;

use halyard_http_api::App;
use halyard_messaging::{
    Error,
    mail::{self, FOLLOWER, Place, Seen},
};
use halyard_platform::{
    db::Tx,
    events::{
        Batch,
        follow::{Follower, Following, follow, skip_past},
    },
    jobs::{self, Done, Failure, Job},
};

use crate::workers::FOLLOWER_PAUSE;

/// Events that are looked at together.
const BATCH: i64 = 500;
/// People who are told together.
const PEOPLE: i64 = 50;

fn place(app: &App) -> Place {
    Place {
        base: app.settings.public_url.clone(),
        domain: app.settings.mail_domain.clone(),
        random: app.random.clone(),
    }
}

/// Starts to look at what is posted; what was posted before it ever ran is left alone.
pub(crate) async fn start(app: &Arc<App>) -> Result<Following, Error> {
    app.db.write(|tx| -> Result<(), Error> { Ok(skip_past(tx, FOLLOWER)?) }).await?;
    let (shared, clock) = (app.clone(), app.clock.clone());
    let look = move |tx: &mut Tx<'_>, batch: &Batch| mail::look(tx, &batch.events, clock.now());
    let follower = Follower { name: FOLLOWER, limit: BATCH, pause: FOLLOWER_PAUSE };
    Ok(follow(app.db.clone(), &app.signals, follower, look, move |batch, seen| {
        let app = shared.clone();
        async move { note(&app, batch, seen).await }
    }))
}

async fn note(app: &App, batch: Batch, seen: Seen) -> Result<(), Error> {
    let now = app.clock.now();
    let record = move |tx: &mut Tx<'_>| -> Result<(), Error> {
        // Another node has dealt with it otherwise.
        if batch.settle(tx)? { mail::record(tx, &seen, now) } else { Ok(()) }
    };
    app.db.write_derived(record).await?;
    app.signals.wake(jobs::TOPIC);
    Ok(())
}

/// Tells everybody whose time has come. Idempotent: who was told is not due any more.
pub(crate) async fn tell(app: Arc<App>, _: Job) -> Result<Done, Failure> {
    let failure = |error: Error| Failure::temporary(error.to_string());
    loop {
        let now = app.clock.now();
        let here = place(&app);
        let read = move |tx: &mut Tx<'_>| -> Result<_, Error> {
            let due = mail::next_due(tx, now, PEOPLE)?;
            due.iter().map(|due| mail::letters(tx, due, &here, now)).collect::<Result<Vec<_>, _>>()
        };
        let outcomes = app.db.read_long(read).await.map_err(failure)?;
        if outcomes.is_empty() {
            return Ok(Done::Finished);
        }
        let here = place(&app);
        let write = move |tx: &mut Tx<'_>| mail::settle(tx, &outcomes, &here, now);
        app.db.write(write).await.map_err(failure)?;
        app.signals.wake(jobs::TOPIC);
    }
}

/// Sends the digests of those whose morning has come.
pub(crate) async fn digests(app: &App) -> Result<(), Error> {
    loop {
        let now = app.clock.now();
        let due = app.db.read(move |tx| mail::digests_due(tx, now, PEOPLE)).await?;
        if due.is_empty() {
            return Ok(());
        }
        let here = place(app);
        let write = move |tx: &mut Tx<'_>| -> Result<(), Error> {
            due.iter().try_for_each(|who| mail::digest(tx, *who, &here, now))
        };
        app.db.write(write).await?;
        app.signals.wake(jobs::TOPIC);
    }
}
