//! `kill -9` between a change and its delivery: everything arrives, under ids that stay.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::http::HeaderMap;
use axum::{Router, body::Bytes, extract::State};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::{
    load::{new_thread, token},
    support::{Api, Installation},
};

const ROUNDS: usize = 3;
const COMMENTS: usize = 30;
/// A process that was killed holds its leases for a while.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite() {
    let installation = Installation::sqlite();
    everything_arrives(&installation).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres() {
    let installation = Installation::postgres().await;
    everything_arrives(&installation).await;
    installation.remove().await;
}

/// What arrived: id of the delivery, thread, comment.
type Arrived = Arc<Mutex<Vec<(String, i64, i64)>>>;

async fn take(State(arrived): State<Arrived>, headers: HeaderMap, body: Bytes) {
    let object: Value = serde_json::from_slice(&body).unwrap();
    let id = headers["webhook-id"].to_str().unwrap().to_owned();
    let (thread, comment) = (object["thread_id"].as_i64(), object["id"].as_i64());
    arrived.lock().unwrap().push((id, thread.unwrap(), comment.unwrap()));
}

async fn everything_arrives(installation: &Installation) {
    let demo = installation.demo().await;
    let token = token(&demo);
    let mut server = installation.serve().await;
    let threads = [
        new_thread(&server.api(&token), &demo).await,
        new_thread(&server.api(&token), &demo).await,
    ];

    let arrived = Arrived::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = format!("http://{}/", listener.local_addr().unwrap());
    let routes = Router::new().fallback(take).with_state(arrived.clone());
    let sink = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
    let wish = [("target_url", target.as_str()), ("event", "comment_added")];
    let hook = server.api(&token).post("hooks/subscribe", &wish, None).await.unwrap();
    assert_eq!(hook.status, 201, "{}", hook.body);

    let mut written = BTreeMap::new();
    for round in 0..ROUNDS {
        let writers = threads.clone().map(|thread| {
            let api = server.api(&token);
            tokio::spawn(async move { write(&api, &thread).await })
        });
        for writer in writers {
            let (thread, comments) = writer.await.unwrap();
            written.entry(thread).or_insert_with(Vec::new).extend(comments);
        }
        // At once after the last answer: some deliveries are made, some are not, some are on
        // their way.
        server.kill();
        println!("round {round}: {} had arrived", arrived.lock().unwrap().len());
        server = installation.serve().await;
    }
    let expected: BTreeSet<i64> = written.values().flatten().copied().collect();
    let deadline = Instant::now() + PATIENCE;
    loop {
        let seen: BTreeSet<i64> = arrived.lock().unwrap().iter().map(|one| one.2).collect();
        if expected.is_subset(&seen) {
            break;
        }
        assert!(Instant::now() < deadline, "{} of {} arrived", seen.len(), expected.len());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let all = arrived.clone();
    let arrived = arrived.lock().unwrap().clone();
    let mut ids: HashMap<i64, BTreeSet<&str>> = HashMap::new();
    for (id, _, comment) in &arrived {
        ids.entry(*comment).or_default().insert(id);
    }
    assert!(ids.values().all(|ids| ids.len() == 1), "one id for each event: {ids:?}");
    for (thread, comments) in written {
        let mut first = Vec::new();
        for (_, of, comment) in &arrived {
            if *of == thread && !first.contains(comment) {
                first.push(*comment);
            }
        }
        assert_eq!(first, comments, "the order of thread {thread}");
    }
    what_the_operator_sees(installation, &hook.body["id"], arrived.len(), &all).await;
    sink.abort();
    let (code, log) = server.terminate().await;
    assert_eq!(code, Some(0), "{log}");
}

/// Writes comments one after the other; answers their ids.
async fn write(api: &Api, thread: &str) -> (i64, Vec<i64>) {
    let mut ids = Vec::new();
    for number in 0..COMMENTS {
        let text = format!("comment {number}");
        let form = [("thread_id", thread), ("content", text.as_str())];
        let answer = api.post("comments/add", &form, None).await.unwrap().ok();
        ids.push(answer["id"].as_i64().unwrap());
    }
    (thread.parse().unwrap(), ids)
}

/// The commands, beside the running server.
async fn what_the_operator_sees(
    installation: &Installation,
    hook: &Value,
    arrived: usize,
    all: &Arrived,
) {
    let hook = hook.to_string();
    let run = async |arguments: &[&str]| -> String {
        let arguments = [&["subscription"], arguments].concat();
        installation.halyard(&arguments).await.expect(0).out
    };
    let listed: Value = serde_json::from_str(&run(&["list", "--json"]).await).unwrap();
    assert_eq!((listed[0]["id"].to_string(), &listed[0]["failures"]), (hook.clone(), &0.into()));
    assert!(run(&["list"]).await.contains("comment_added"));
    let deadline = Instant::now() + PATIENCE;
    let delivered = loop {
        let found = run(&["deliveries", &hook, "--limit", "500", "--json"]).await;
        let found: Vec<Value> = serde_json::from_str(&found).unwrap();
        if found.iter().all(|one| one["status"] == "delivered") {
            break found;
        }
        assert!(Instant::now() < deadline, "{found:?}");
    };
    assert_eq!(delivered.len(), ROUNDS * COMMENTS * 2);
    assert!(delivered[0]["request"].as_str().unwrap().contains("webhook-signature"));
    let one = delivered[0]["id"].to_string();
    assert!(run(&["resend", &hook, "--delivery", &one]).await.starts_with('1'));
    while all.lock().unwrap().len() <= arrived {
        assert!(Instant::now() < deadline, "nothing was sent again");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let none = ["resend", &hook, "--from", "2020-01-01T00:00:00Z", "--to", "2020-01-02T00:00:00Z"];
    assert!(run(&none).await.starts_with('0'));
    installation.halyard(&["subscription", "resend", &hook]).await.expect(1);
}
