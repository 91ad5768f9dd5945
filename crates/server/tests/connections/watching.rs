//! Watching triggers from the command line.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use halyard_platform::outbound::loopback::{Loopback, Reply, Seen};
use serde_json::json;

use crate::{
    process::{Ended, Installation, Running},
    service::{EXAMPLE, Service, client},
};

async fn scene() -> (Installation, Service) {
    let (installation, service) = (Installation::sqlite(), Service::start().await);
    let add = [
        "connection",
        "add",
        "crew",
        "--app",
        EXAMPLE,
        "--kind",
        "key",
        "--base-url",
        &service.base,
    ];
    installation.start(&add, b"sesame-key\n").end().await.expect(0);
    (installation, service)
}

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["app", "watch", EXAMPLE], more, &["--connection", "crew"]].concat()
}

fn add_item(service: &Service, id: u32) {
    service.known().items.insert(0, json!({"id": id}));
}

/// Posts to the hook that is attached; answers status and body.
async fn call(address: &str, sign: &str, body: &serde_json::Value) -> (u16, String) {
    let answer = client().post(address).header("x-sign", sign).json(body).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

async fn attached(service: &Service, watching: &mut Running) -> String {
    let line = watching.said().await;
    assert!(line.starts_with("halyard: attached "), "{line}");
    service.known().hooks.values().next().unwrap().clone()
}

#[tokio::test]
async fn an_instant_trigger_attaches_prints_and_detaches() {
    let (installation, service) = scene().await;
    let mut watching = installation.start(&with(&["WatchCalls"]), b"");
    let address = attached(&service, &mut watching).await;
    let (status, body) = call(&address, "sign-1234", &json!({"items": [{"n": 1}, {"n": 2}]})).await;
    assert_eq!((status, body.as_str()), (202, r#"{"ok":true}"#));
    // What was printed is there when the caller has its answer.
    assert_eq!(watching.line().await, r#"{"n":1}"#);
    assert_eq!(watching.line().await, r#"{"n":2}"#);
    // Somebody else's call brings nothing.
    call(&address, "forged", &json!({"items": [{"n": 3}]})).await;
    call(&address, "sign-1234", &json!({"items": [{"n": 4}]})).await;
    assert_eq!(watching.line().await, r#"{"n":4}"#);
    assert_eq!(service.known().hooks.len(), 1);
    let Ended { out, .. } = watching.terminate().await.expect(0);
    assert_eq!(out, "");
    assert!(service.known().hooks.is_empty(), "detached");
}

#[tokio::test]
async fn what_a_killed_process_left_is_detached_by_the_next() {
    let (installation, service) = scene().await;
    let mut killed = installation.start(&with(&["WatchCalls"]), b"");
    let left = attached(&service, &mut killed).await;
    let mut living = installation.start(&with(&["WatchCalls"]), b"");
    assert!(living.said().await.starts_with("halyard: attached "));
    assert_eq!(service.known().hooks.len(), 2);
    killed.kill().await;
    let mut next = installation.start(&with(&["WatchCalls"]), b"");
    let line = next.said().await;
    assert_eq!(line, format!("halyard: detached {left}, which nobody watched any more"));
    assert!(next.said().await.starts_with("halyard: attached "));
    let known: Vec<String> = service.known().hooks.values().cloned().collect();
    assert_eq!(known.len(), 2, "that of the living one stays");
    assert!(!known.contains(&left));
    next.kill().await;
    // Also without watching again, and when the service has forgotten it by itself.
    service.known().hooks.retain(|_, address| known.contains(address));
    let detach = ["app", "detach", EXAMPLE, "--connection", "crew"];
    let ended = installation.start(&detach, b"").end().await.expect(0);
    assert!(ended.err.contains(", which nobody watched any more"), "{}", ended.err);
    assert_eq!(service.known().hooks.len(), 1);
    let ended = installation.start(&detach, b"").end().await.expect(0);
    assert!(!ended.err.contains("nobody watched"), "once: {}", ended.err);
    living.terminate().await.expect(0);
    assert!(service.known().hooks.is_empty(), "detached");
    let files = std::fs::read_dir(installation.data().join("watching")).unwrap().count();
    assert_eq!(files, 0, "nothing is left in the data directory");
}

#[tokio::test]
async fn it_ends_after_the_number_that_was_asked_for() {
    let (installation, service) = scene().await;
    let mut watching = installation.start(&with(&["WatchCalls", "--once", "1"]), b"");
    let address = attached(&service, &mut watching).await;
    call(&address, "sign-1234", &json!({"items": [{"n": 1}, {"n": 2}]})).await;
    let ended = watching.end().await.expect(0);
    assert_eq!(ended.out.trim(), r#"{"n":1}"#);
    assert!(service.known().hooks.is_empty(), "detached");
}

#[tokio::test]
async fn a_polling_trigger_goes_on_where_it_was() {
    let (installation, service) = scene().await;
    add_item(&service, 1);
    add_item(&service, 2);
    let words = with(&["WatchItems", "--cursor", "c", "--from", "all", "--every", "50ms"]);
    let mut watching = installation.start(&words, b"");
    assert_eq!(watching.line().await, r#"{"id":1}"#);
    assert_eq!(watching.line().await, r#"{"id":2}"#);
    add_item(&service, 3);
    assert_eq!(watching.line().await, r#"{"id":3}"#);
    watching.terminate().await.expect(0);
    // What comes while nobody watches is not missed, and nothing is told twice.
    add_item(&service, 4);
    let mut again = installation.start(&words, b"");
    assert!(again.said().await.contains("going on where"));
    assert_eq!(again.line().await, r#"{"id":4}"#);
    add_item(&service, 5);
    assert_eq!(again.line().await, r#"{"id":5}"#);
    again.terminate().await.expect(0);
    // A limit leaves the rest for the next time.
    add_item(&service, 6);
    add_item(&service, 7);
    for expected in [r#"{"id":6}"#, r#"{"id":7}"#] {
        let once = installation.start(&[&words[..], &["--once", "1"]].concat(), b"");
        assert_eq!(once.end().await.expect(0).out.trim(), expected);
    }
    let other = with(&["WatchItems", "--cursor", "d", "--from", "2027-01-01T00:00:00Z"]);
    let ended = installation.start(&other, b"").end().await.expect(1);
    assert!(
        ended.err.contains("none of the items that WatchItems can start from"),
        "{}",
        ended.err
    );
}

#[tokio::test]
async fn a_start_is_chosen_from_a_list() {
    let (installation, service) = scene().await;
    for id in 1..=3 {
        let item = json!({"id": id, "at": format!("2027-03-01T08:00:0{id}Z")});
        service.known().items.insert(0, item);
    }
    let starts = ["app", "starts", EXAMPLE, "WatchItems", "--connection", "crew"];
    let ended = installation.start(&starts, b"").end().await.expect(0);
    let lines: Vec<serde_json::Value> =
        ended.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 3, "{}", ended.out);
    let second = json!({"id": "2", "label": "Item 2", "date": "2027-03-01T08:00:02.000Z"});
    assert_eq!(lines[1], second);
    let words = with(&["WatchItems", "--from", "2", "--every", "50ms", "--once", "2"]);
    let ended = installation.start(&words, b"").end().await.expect(0);
    let id = |line| serde_json::from_str::<serde_json::Value>(line).unwrap()["id"].clone();
    let ids: Vec<_> = ended.out.lines().map(id).collect();
    assert_eq!(ids, [json!(2), json!(3)]);
    // What is no trigger has no starts.
    let wrong = ["app", "starts", EXAMPLE, "WatchCalls", "--connection", "crew"];
    let ended = installation.start(&wrong, b"").end().await.expect(1);
    assert!(ended.err.contains("no polling trigger"), "{}", ended.err);
}

#[tokio::test]
async fn from_now_on_means_nothing_that_was_there_before() {
    let (installation, service) = scene().await;
    add_item(&service, 1);
    let words = with(&["WatchItems", "--cursor", "c", "--every", "50ms", "--once", "1"]);
    let watching = installation.start(&words, b"");
    halyard_platform::db::testing::eventually("the first look", async || {
        service.known().looked > 0
    })
    .await;
    add_item(&service, 2);
    assert_eq!(watching.end().await.expect(0).out.trim(), r#"{"id":2}"#);
}

/// What the Twist app subscribes to, in a service that refuses a second subscription.
#[derive(Clone, Default)]
struct Subscriptions(Arc<Mutex<BTreeSet<String>>>);

impl Subscriptions {
    fn answer(&self, seen: &Seen) -> Reply {
        let mut all = self.0.lock().unwrap();
        let body: serde_json::Value = serde_json::from_slice(&seen.body).unwrap_or_default();
        let target = body["target_url"].as_str().unwrap_or_default().to_owned();
        match seen.target.as_str() {
            "/api/v3/users/get_session_user" => {
                Reply::json(r#"{"id": 1, "name": "Ann", "email": "ann@example.org"}"#)
            }
            "/api/v3/hooks/subscribe" if all.is_empty() => {
                all.insert(target);
                Reply::json(r#"{"id": 7, "secret": "sesame"}"#)
            }
            "/api/v3/hooks/subscribe" => {
                Reply::json(r#"{"error_string": "One is enough"}"#).with_status(400)
            }
            "/api/v3/hooks/unsubscribe" if all.remove(&target) => Reply::json("{}"),
            _ => Reply::status(404),
        }
    }
}

#[tokio::test]
async fn what_was_attached_before_a_failure_is_detached() {
    let installation = Installation::sqlite();
    let subscriptions = Subscriptions::default();
    let known = subscriptions.clone();
    let service = Loopback::start(move |seen| known.answer(seen)).await;
    let url = service.url();
    let add = ["connection", "add", "t", "--app", "twist", "--kind", "twist-token"];
    let add = [&add[..], &["--base-url", &url]].concat();
    installation.start(&add, b"token-1\n").end().await.expect(0);
    let words = ["app", "watch", "twist", "WatchChannels", "--connection", "t"];
    let words = [&words[..], &["--input", "-"]].concat();
    let input = br#"{"workspace_id": 1, "event": ["channel_added", "channel_updated"]}"#;
    let ended = installation.start(&words, input).end().await.expect(1);
    assert!(ended.err.contains("One is enough"), "{}", ended.err);
    let hooks: Vec<_> = service
        .seen()
        .into_iter()
        .filter_map(|seen| Some(seen.target.strip_prefix("/api/v3/hooks/")?.to_owned()))
        .collect();
    assert_eq!(hooks, ["subscribe", "subscribe", "unsubscribe"]);
    assert!(subscriptions.0.lock().unwrap().is_empty(), "detached");
}

#[tokio::test]
async fn what_the_service_no_longer_knows_keeps_nothing_else_attached() {
    let installation = Installation::sqlite();
    let service = Loopback::start(|seen| match seen.target.as_str() {
        "/api/v3/users/get_session_user" => {
            Reply::json(r#"{"id": 1, "name": "Ann", "email": "ann@example.org"}"#)
        }
        "/api/v3/hooks/subscribe" => Reply::json(r#"{"id": 7, "secret": "sesame"}"#),
        "/api/v3/hooks/unsubscribe"
            if String::from_utf8_lossy(&seen.body).into_owned().contains("channel_added") =>
        {
            Reply::json(r#"{"error_string": "Unknown"}"#).with_status(404)
        }
        "/api/v3/hooks/unsubscribe" => Reply::json("{}"),
        _ => Reply::status(500),
    })
    .await;
    let url = service.url();
    let add = ["connection", "add", "t", "--app", "twist", "--kind", "twist-token"];
    let add = [&add[..], &["--base-url", &url]].concat();
    installation.start(&add, b"token-1\n").end().await.expect(0);
    let words = ["app", "watch", "twist", "WatchChannels", "--connection", "t", "--input", "-"];
    let input = br#"{"workspace_id": 1, "event": ["channel_added", "channel_updated"]}"#;
    let mut watching = installation.start(&words, input);
    assert!(watching.said().await.starts_with("halyard: attached "));
    watching.terminate().await.expect(0);
    let ended: Vec<_> = service
        .seen()
        .into_iter()
        .filter(|seen| seen.target.ends_with("/unsubscribe"))
        .map(|seen| String::from_utf8_lossy(&seen.body).into_owned())
        .collect();
    assert_eq!(ended.len(), 2, "{ended:?}");
    assert!(ended[1].contains("channel_updated"), "{ended:?}");
}
