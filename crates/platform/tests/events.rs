//! The log delivers every event once, in an order that never changes behind a reader.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use halyard_platform::{
    MIGRATIONS,
    db::{
        Db, Dialect, Error, Tx,
        testing::{TestDb, eventually},
    },
    events::{self, Event, NewEvent},
    on_both_databases, params,
};

fn add(tx: &mut Tx<'_>, subject: &str, at: i64) -> Result<i64, Error> {
    let event = NewEvent { workspace_id: Some(7), kind: "noted", subject, payload: "{}", at };
    events::append(tx, &event)
}

async fn after(db: &Db, cursor: Option<i64>, limit: i64) -> Vec<Event> {
    db.read(move |tx| events::after(tx, cursor, limit)).await.unwrap()
}

fn subjects(events: &[Event]) -> Vec<&str> {
    events.iter().map(|event| event.subject.as_str()).collect()
}

/// Another database of the same server may hold the horizon back for a moment.
async fn all_readable(db: &Db, count: usize) {
    eventually("the events are readable", || async {
        after(db, None, 10_000).await.len() == count
    })
    .await;
}

/// A transaction that appends and then stays open until it is told to end.
struct Open {
    appended: i64,
    go: std::sync::mpsc::Sender<bool>,
    done: tokio::task::JoinHandle<Result<(), Error>>,
}

impl Open {
    async fn append(db: &Db, subject: &'static str) -> Self {
        let (appended, has_appended) = std::sync::mpsc::channel();
        let (go, may_go) = std::sync::mpsc::channel();
        let (appended, may_go) = (Mutex::new(appended), Mutex::new(may_go));
        let db = db.clone();
        let done = tokio::spawn(async move {
            db.write(move |tx| {
                let id = add(tx, subject, 0)?;
                appended.lock().unwrap().send(id).unwrap();
                let commit: bool = may_go.lock().unwrap().recv().unwrap();
                if commit { Ok(()) } else { Err(Error::Missing("the will to commit")) }
            })
            .await
        });
        let appended =
            tokio::task::spawn_blocking(move || has_appended.recv().unwrap()).await.unwrap();
        Self { appended, go, done }
    }

    async fn end(self, commit: bool) {
        self.go.send(commit).unwrap();
        assert_eq!(self.done.await.unwrap().is_ok(), commit);
    }
}

/// On SQLite the second writer waits for the first, so the case exists on PostgreSQL only.
async fn late_commit(commit: bool) {
    let test = TestDb::postgres(MIGRATIONS.to_vec()).await;
    let db = &test.db;
    let first = db.write(|tx| add(tx, "first", 0)).await.unwrap();
    all_readable(db, 1).await;
    let open = Open::append(db, "late").await;
    let quick = db.write(|tx| add(tx, "quick", 0)).await.unwrap();
    assert!(open.appended < quick, "the open transaction has the lower id");

    // The quick one is committed, but reading it now would put the cursor past the late one.
    assert!(db.read(move |tx| events::is_kept(tx, quick)).await.unwrap());
    assert_eq!(after(db, Some(first), 10).await, []);
    assert_eq!(db.read(events::newest).await.unwrap(), Some(first));
    assert_eq!(db.write(|tx| events::trim(tx, 1, 10)).await.unwrap(), 1, "only what is readable");

    open.end(commit).await;
    let expected: &[&str] = if commit { &["late", "quick"] } else { &["quick"] };
    all_readable(db, expected.len()).await;
    assert_eq!(subjects(&after(db, Some(first), 10).await), expected);
    test.drop_now().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_commits_late_is_delivered_before_what_overtook_it() {
    late_commit(true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_is_rolled_back_late_holds_up_the_others_only_until_then() {
    late_commit(false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cursor_stands_in_commit_order_when_ids_do_not() {
    let test = TestDb::postgres(MIGRATIONS.to_vec()).await;
    let db = &test.db;
    // The older transaction appends second: lower transaction, higher id.
    let (started, has_started) = std::sync::mpsc::channel();
    let (go, may_go) = std::sync::mpsc::channel::<()>();
    let (started, may_go) = (Mutex::new(started), Mutex::new(may_go));
    let older = tokio::spawn({
        let db = db.clone();
        async move {
            db.write(move |tx| {
                tx.one::<i64>("select {tx}", params![])?;
                started.lock().unwrap().send(()).unwrap();
                may_go.lock().unwrap().recv().unwrap();
                add(tx, "older transaction", 0)
            })
            .await
        }
    });
    tokio::task::spawn_blocking(move || has_started.recv().unwrap()).await.unwrap();
    let younger = db.write(|tx| add(tx, "younger transaction", 0)).await.unwrap();
    go.send(()).unwrap();
    let older = older.await.unwrap().unwrap();
    assert!(younger < older);
    all_readable(db, 2).await;
    assert_eq!(subjects(&after(db, None, 10).await), ["older transaction", "younger transaction"]);
    assert_eq!(subjects(&after(db, Some(older), 10).await), ["younger transaction"]);
    assert_eq!(after(db, Some(younger), 10).await, []);

    // Moved to another server the numbers are meaningless; one from the future would be hidden.
    db.write(|tx| tx.exec("update event set tx = tx + 1000000000", params![])).await.unwrap();
    assert_eq!(after(db, None, 10).await, []);
    assert_eq!(db.write(events::adopt).await.unwrap(), 2);
    assert_eq!(subjects(&after(db, None, 10).await), ["younger transaction", "older transaction"]);
    test.drop_now().await;
}

const WRITERS: usize = 8;
const EACH: usize = 60;

on_both_databases! {
    MIGRATIONS;

    async fn a_follower_gets_each_event_of_concurrent_writers_once(test: &TestDb) {
        let running = Arc::new(AtomicUsize::new(WRITERS));
        let mut writers = Vec::new();
        for writer in 0..WRITERS {
            let (db, running) = (test.db.clone(), running.clone());
            writers.push(tokio::spawn(async move {
                let mut kept = Vec::new();
                for n in 0..EACH {
                    let subject = format!("{writer}/{n}");
                    let name = subject.clone();
                    let result = db.write(move |tx| {
                        add(tx, &name, 0)?;
                        // Different lengths, so that commits overtake each other.
                        for _ in 0..(writer + n) % 5 {
                            tx.one::<i64>("select count(*) from event", params![])?;
                        }
                        if n % 7 == 3 { Err(Error::Missing("luck")) } else { Ok(()) }
                    }).await;
                    assert_eq!(result.is_ok(), n % 7 != 3);
                    if result.is_ok() {
                        kept.push(subject);
                    }
                }
                running.fetch_sub(1, Ordering::SeqCst);
                kept
            }));
        }
        let mut seen = Vec::new();
        let mut cursor = None;
        let expected = WRITERS * (0..EACH).filter(|n| n % 7 != 3).count();
        let follow = async {
            while seen.len() < expected || running.load(Ordering::SeqCst) > 0 {
                let batch = after(&test.db, cursor, 17).await;
                cursor = batch.last().map(|event| event.id).or(cursor);
                seen.extend(batch.into_iter().map(|event| event.subject));
            }
        };
        tokio::time::timeout(Duration::from_secs(30), follow).await.expect("everything arrives");
        let mut kept = HashSet::new();
        for writer in writers {
            kept.extend(writer.await.unwrap());
        }
        assert_eq!(seen.len(), expected, "none twice");
        assert_eq!(seen.iter().cloned().collect::<HashSet<_>>(), kept, "none lost");
        for writer in 0..WRITERS {
            let prefix = format!("{writer}/");
            let order: Vec<usize> =
                seen.iter().filter_map(|s| s.strip_prefix(&prefix)?.parse().ok()).collect();
            assert!(order.is_sorted(), "the order of writer {writer}: {order:?}");
        }
    }

    async fn an_event_comes_back_as_it_was_appended(test: &TestDb) {
        let id = test.db.write(|tx| {
            let event = NewEvent {
                workspace_id: None, kind: "set up", subject: "ünï", payload: r#"{"a":1}"#, at: 5,
            };
            events::append(tx, &event)
        }).await.unwrap();
        all_readable(&test.db, 1).await;
        let expected = Event {
            id, workspace_id: None, kind: "set up".into(), subject: "ünï".into(),
            payload: r#"{"a":1}"#.into(), at: 5,
        };
        assert_eq!(after(&test.db, None, 10).await, [expected]);
        assert_eq!(test.db.read(events::newest).await.unwrap(), Some(id));
        assert_eq!(after(&test.db, Some(id), 10).await, []);
    }

    async fn the_log_is_trimmed_from_its_old_end_only(test: &TestDb) {
        let db = &test.db;
        let mut ids = Vec::new();
        // The third is older than its neighbours: clocks of two nodes differ.
        for at in [10, 20, 40, 15, 50] {
            ids.push(db.write(move |tx| add(tx, &at.to_string(), at)).await.unwrap());
        }
        all_readable(db, 5).await;
        assert_eq!(db.write(|tx| events::trim(tx, 10, 100)).await.unwrap(), 0);
        assert_eq!(db.write(|tx| events::trim(tx, 30, 1)).await.unwrap(), 1);
        assert_eq!(db.write(|tx| events::trim(tx, 30, 100)).await.unwrap(), 1);
        assert_eq!(db.write(|tx| events::trim(tx, 30, 100)).await.unwrap(), 0);
        assert_eq!(subjects(&after(db, None, 10).await), ["40", "15", "50"]);

        // A reader that stopped at a trimmed event goes on with what is left.
        let trimmed = ids[0];
        assert!(!db.read(move |tx| events::is_kept(tx, trimmed)).await.unwrap());
        assert_eq!(subjects(&after(db, Some(trimmed), 10).await), ["40", "15", "50"]);
        assert_eq!(subjects(&after(db, Some(ids[2]), 1).await), ["15"]);
        // One from another life of the database starts over.
        assert_eq!(subjects(&after(db, Some(i64::MAX), 2).await), ["40", "15"]);
    }

    async fn a_page_is_found_without_walking_over_the_log(test: &TestDb) {
        let plan: Vec<String> = match test.db.dialect() {
            Dialect::Sqlite => test.db.read(|tx| tx.all::<(i64, i64, i64, String)>(
                "explain query plan select id from event
                 where id > coalesce((select id from event where id = $1), 0)
                 order by id limit $2", params![5, 10])
            ).await.unwrap().into_iter().map(|row| row.3).collect(),
            Dialect::Postgres => test.db.write(|tx| {
                tx.script("set local enable_seqscan = off")?;
                tx.all::<String>(
                    "explain select id from event
                     where (tx, id) > (coalesce((select c.tx from event c where c.id = $1), -1), $1)
                         and tx < {horizon}
                     order by tx, id limit $2", params![5, 10])
            }).await.unwrap(),
        };
        let plan = plan.join("\n");
        assert!(!plan.to_lowercase().contains("sort") && !plan.contains("B-TREE"), "{plan}");
        assert!(!plan.contains("SCAN event") && !plan.contains("Seq Scan"), "{plan}");
        if test.db.dialect() == Dialect::Postgres {
            let condition = plan.lines().find(|line| line.contains("Index Cond: ((ROW(tx, id) >"));
            assert!(condition.is_some(), "{plan}");
        }
    }
}
