//! A follower deals with every event once, whatever fails in between.
#![cfg(test)]

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use halyard_platform::{
    MIGRATIONS,
    db::{Db, Error, Tx, testing::eventually},
    events::{self, Batch, NewEvent, follow},
    on_both_databases, params,
    signals::Signals,
};

fn add(tx: &mut Tx<'_>, subject: &str) -> Result<(), Error> {
    let event = NewEvent { workspace_id: Some(7), kind: "noted", subject, payload: "{}", at: 0 };
    events::record(tx, &event)
}

async fn add_all(db: &Db, subjects: &[&str]) {
    for subject in subjects {
        let subject = (*subject).to_owned();
        db.write(move |tx| add(tx, &subject)).await.unwrap();
    }
}

async fn next(db: &Db, limit: i64) -> Batch {
    db.read(move |tx| follow::next(tx, "index", limit)).await.unwrap()
}

/// Another database of the same server may hold the horizon back for a moment.
async fn pending(db: &Db, count: usize) -> Batch {
    eventually("the events are readable", || async { next(db, 100).await.events.len() == count })
        .await;
    next(db, 100).await
}

/// The effect of the followers of these tests: a key for each event.
fn note(tx: &mut Tx<'_>, batch: &Batch) -> Result<bool, Error> {
    if !batch.settle(tx)? {
        return Ok(false);
    }
    for event in &batch.events {
        tx.exec(
            "insert into idempotency_key (scope, key, created_at) values ('seen', $1, $2)",
            params![event.subject.as_str(), event.id],
        )?;
    }
    Ok(true)
}

async fn seen(db: &Db) -> Vec<String> {
    let sql = "select key from idempotency_key where scope = 'seen' order by created_at";
    db.read(move |tx| tx.all(sql, params![])).await.unwrap()
}

on_both_databases! {
    MIGRATIONS;

    async fn a_batch_is_settled_once_by_whoever_comes_first(test: &TestDb) {
        let db = &test.db;
        add_all(db, &["a", "b"]).await;
        let one = pending(db, 2).await;
        let other = one.clone();
        assert!(db.write(move |tx| note(tx, &one)).await.unwrap());
        assert!(!db.write({ let other = other.clone(); move |tx| note(tx, &other) }).await.unwrap());
        assert_eq!(seen(db).await, ["a", "b"]);
        assert_eq!(next(db, 100).await.events, []);

        add_all(db, &["c"]).await;
        let one = pending(db, 1).await;
        let late = one.clone();
        assert!(db.write(move |tx| note(tx, &one)).await.unwrap());
        assert!(!db.write(move |tx| note(tx, &late)).await.unwrap());
        assert!(!db.write(move |tx| note(tx, &other)).await.unwrap());
        assert_eq!(seen(db).await, ["a", "b", "c"]);
    }

    async fn what_fails_after_settling_comes_again(test: &TestDb) {
        let db = &test.db;
        add_all(db, &["a"]).await;
        let batch = pending(db, 1).await;
        let failed = db.write(move |tx| {
            note(tx, &batch)?;
            Err::<(), _>(Error::Missing("luck"))
        }).await;
        assert!(failed.is_err());
        assert_eq!(next(db, 100).await.events.len(), 1);
    }

    async fn a_new_follower_can_leave_the_past_alone(test: &TestDb) {
        let db = &test.db;
        add_all(db, &["old"]).await;
        pending(db, 1).await;
        db.write(|tx| follow::skip_past(tx, "index")).await.unwrap();
        assert_eq!(next(db, 100).await.events, []);
        add_all(db, &["new"]).await;
        let batch = pending(db, 1).await;
        assert_eq!(batch.events[0].subject, "new");
        // Only a new one: what an old one has not seen is not skipped.
        db.write(|tx| follow::skip_past(tx, "index")).await.unwrap();
        assert_eq!(next(db, 100).await.events.len(), 1);
    }

    async fn two_nodes_with_failures_see_everything_once_and_in_order(test: &TestDb) {
        let db = &test.db;
        let signals = Signals::new();
        let tries = Arc::new(AtomicUsize::new(0));
        let start = || {
            let (store, tries) = (db.clone(), tries.clone());
            let follower =
                follow::Follower { name: "index", limit: 5, pause: std::time::Duration::from_millis(1) };
            follow(db.clone(), &signals, follower, |_, _| Ok(()), move |batch, ()| {
                let (store, tries) = (store.clone(), tries.clone());
                async move {
                    let fails = tries.fetch_add(1, Ordering::SeqCst) % 4 == 1;
                    store.write(move |tx| {
                        note(tx, &batch)?;
                        if fails { Err(Error::Missing("luck")) } else { Ok(()) }
                    }).await
                }
            })
        };
        let (one, two) = (start(), start());
        let names: Vec<String> = (0..60).map(|n| format!("{n:02}")).collect();
        for name in &names {
            let name = name.clone();
            db.write(move |tx| add(tx, &name)).await.unwrap();
            signals.wake(events::TOPIC);
        }
        eventually("everything is seen", || async { seen(db).await.len() == names.len() }).await;
        assert_eq!(seen(db).await, names);
        assert!(tries.load(Ordering::SeqCst) > 1, "some of it failed");
        one.stop().await;
        two.stop().await;
        add_all(db, &["after the stop"]).await;
        assert_eq!(seen(db).await.len(), names.len());
    }
}
