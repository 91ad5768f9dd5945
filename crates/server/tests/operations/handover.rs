//! Two server processes on one PostgreSQL database, of which one is killed while it delivers: the
//! other one goes on, and nothing is lost, out of order, or told under another id.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use axum::{Router, body::Bytes, extract::State, http::HeaderMap};
use halyard_platform::{
    db::{Db, Error, testing::eventually},
    params,
};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::{
    load::{new_thread, token},
    support::{Api, Installation},
};

/// Comments that are written once a process was killed: its leases end a while later.
const AFTERWARDS: i64 = 150;
const THREADS: usize = 3;
/// How long the target takes for one delivery, so that some are always on their way.
const SLOW: Duration = Duration::from_millis(30);

/// What arrived, in its order: id of the delivery, thread, comment.
type Arrived = Arc<Mutex<Vec<(String, i64, i64)>>>;

async fn take(State(arrived): State<Arrived>, headers: HeaderMap, body: Bytes) {
    let object: Value = serde_json::from_slice(&body).unwrap();
    let id = headers["webhook-id"].to_str().unwrap().to_owned();
    let (thread, comment) = (object["thread_id"].as_i64(), object["id"].as_i64());
    arrived.lock().unwrap().push((id, thread.unwrap(), comment.unwrap()));
    tokio::time::sleep(SLOW).await;
}

/// Where somebody writes: one process, and the other one once that is dead.
#[derive(Clone)]
struct Doors(Arc<Mutex<Vec<Api>>>);

impl Doors {
    fn one(&self, number: usize) -> Api {
        let doors = self.0.lock().unwrap();
        doors[number % doors.len()].clone()
    }

    fn set(&self, doors: Vec<Api>) {
        *self.0.lock().unwrap() = doors;
    }
}

/// Writes comments one after the other, by whichever process answers, while some are left; answers
/// their ids.
async fn write(doors: Doors, thread: String, left: Arc<AtomicI64>) -> (i64, Vec<i64>) {
    let mut ids = Vec::new();
    while left.fetch_sub(1, Ordering::Relaxed) > 0 {
        let text = format!("comment {}", ids.len());
        let key = format!("{thread} {text}");
        let form = [("thread_id", thread.as_str()), ("content", text.as_str())];
        for attempt in 0.. {
            // The process may have died after it had written.
            let door = doors.one(ids.len() + attempt);
            match door.post("comments/add", &form, Some(&key)).await {
                Ok(answer) => {
                    ids.push(answer.ok()["id"].as_i64().unwrap());
                    break;
                }
                Err(_) => tokio::task::yield_now().await,
            }
        }
    }
    (thread.parse().unwrap(), ids)
}

async fn count(db: &Db, sql: &'static str) -> i64 {
    let found = db.read(move |tx| -> Result<i64, Error> { tx.one(sql, params![]) }).await;
    found.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_other_process_goes_on() {
    let installation = Installation::postgres().await;
    let demo = installation.demo().await;
    let token = token(&demo);
    let db = installation.open().await;
    // Alone at first, so that it is this one that delivers when the other one comes.
    let serving = installation.serve().await;
    let mut threads = Vec::new();
    for _ in 0..THREADS {
        threads.push(new_thread(&serving.api(&token), &demo).await);
    }

    let arrived = Arrived::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = format!("http://{}/", listener.local_addr().unwrap());
    let routes = Router::new().fallback(take).with_state(arrived.clone());
    let sink = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
    let wish = [("target_url", target.as_str()), ("event", "comment_added")];
    let hook = serving.api(&token).post("hooks/subscribe", &wish, None).await.unwrap();
    assert_eq!(hook.status, 201, "{}", hook.body);

    let doors = Doors(Arc::default());
    doors.set(vec![serving.api(&token)]);
    let left = Arc::new(AtomicI64::new(i64::MAX));
    let writers: Vec<_> = threads
        .into_iter()
        .map(|thread| tokio::spawn(write(doors.clone(), thread, left.clone())))
        .collect();
    let more_than = |many: usize| {
        let arrived = arrived.clone();
        move || {
            let has = arrived.lock().unwrap().len() > many;
            async move { has }
        }
    };
    eventually("the first process delivers", more_than(0)).await;
    let other = installation.serve().await;
    doors.set(vec![serving.api(&token), other.api(&token)]);
    // Events of both processes are on their way to the one that delivers.
    let before = arrived.lock().unwrap().len();
    eventually("both are written through", more_than(before + 20)).await;
    eventually("deliveries wait while the lane is held", || async {
        let held =
            "select count(*) from job where kind = 'hook.deliver' and lease_until is not null";
        count(&db, "select count(*) from delivery where status = 'pending'").await > 0
            && count(&db, held).await == 1
    })
    .await;
    serving.kill();
    left.store(AFTERWARDS, Ordering::Relaxed);
    doors.set(vec![other.api(&token)]);
    let before = arrived.lock().unwrap().len();
    println!("{before} had arrived");
    let mut written = BTreeMap::new();
    for writer in writers {
        let (thread, comments) = writer.await.unwrap();
        assert!(comments.len() > 10, "{} in thread {thread}", comments.len());
        written.insert(thread, comments);
    }
    let expected: BTreeSet<i64> = written.values().flatten().copied().collect();
    eventually("everything arrives", || {
        let seen: BTreeSet<i64> = arrived.lock().unwrap().iter().map(|one| one.2).collect();
        let all = expected.is_subset(&seen);
        async move { all }
    })
    .await;
    eventually("everything is noted", || async {
        count(&db, "select count(*) from delivery where status <> 'delivered'").await == 0
    })
    .await;
    let arrived = arrived.lock().unwrap().clone();
    let mut ids: HashMap<i64, BTreeSet<&str>> = HashMap::new();
    for (id, _, comment) in &arrived {
        ids.entry(*comment).or_default().insert(id);
    }
    assert_eq!(ids.len(), expected.len(), "nothing arrives that nobody has written");
    assert!(ids.values().all(|ids| ids.len() == 1), "one id for each event: {ids:?}");
    let distinct: BTreeSet<&&str> = ids.values().flatten().collect();
    assert_eq!(distinct.len(), expected.len(), "one event for each id");
    for (thread, comments) in written {
        let mut first = Vec::new();
        for (_, of, comment) in &arrived {
            if *of == thread && !first.contains(comment) {
                first.push(*comment);
            }
        }
        assert_eq!(first, comments, "the order of thread {thread}");
    }
    println!("{} events, {} deliveries", expected.len(), arrived.len());
    sink.abort();
    db.close().await;
    let (code, log) = other.terminate().await;
    assert_eq!(code, Some(0), "{log}");
    installation.remove().await;
}
