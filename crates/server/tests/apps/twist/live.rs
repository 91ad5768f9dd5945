//! `halyard app watch` of all triggers, each a process of its own beside the server: every event
//! becomes a line, soon after the request that has caused it.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{
    events::{self, Cause},
    world,
};
use crate::{
    driver::{Names, matches},
    support::{Api, Following, Installation},
};

/// Longest from sending a request to its line, on a machine that runs other tests too. What a machine
/// that does nothing else needs is measured by `halyard-bench watch`.
const BOUND: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite() {
    every_event_is_printed(&Installation::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres() {
    let installation = Installation::postgres().await;
    every_event_is_printed(&installation).await;
    installation.remove().await;
}

async fn every_event_is_printed(installation: &Installation) {
    let demo = installation.demo().await;
    let server = installation.serve_demo().await;
    let mut names = world::name(&server, &demo).await;
    let api = server.api(world::token(&demo, 0));
    connect(installation, server.base(), world::token(&demo, 0)).await;
    let triggers = events::all();
    let mut watching = HashMap::new();
    for trigger in &triggers {
        let input = installation.scratch().join(format!("{}.json", trigger.module));
        std::fs::write(&input, names.fill(&trigger.input).to_string()).unwrap();
        let words = ["app", "watch", "twist", trigger.module, "--connection", "t", "--input"];
        let words = [&words[..], &[input.to_str().unwrap()]].concat();
        watching.insert(trigger.module, installation.follow(&words));
    }
    for following in watching.values_mut() {
        let line = following.said().await;
        assert!(line.starts_with("halyard: attached "), "{line}");
    }
    let mut slow = Vec::new();
    for trigger in &triggers {
        let following = watching.get_mut(trigger.module).unwrap();
        let wanted: Vec<&str> = events_of(&trigger.input);
        let mut seen = Vec::new();
        for cause in &trigger.causes {
            let Some((event, took)) = happen(&api, &mut names, cause, following).await else {
                continue;
            };
            println!("{:<16}{event:<24}{:>8.1} ms", trigger.module, took.as_secs_f64() * 1000.0);
            if took > BOUND {
                slow.push((event, took));
            }
            seen.push(event);
        }
        seen.sort_unstable();
        assert_eq!(seen, wanted, "{}: every event that it offers", trigger.module);
    }
    assert!(slow.is_empty(), "slower than {BOUND:?}: {slow:?}");
    for following in watching.into_values() {
        assert_eq!(following.terminate().await, Some(0));
    }
    let left = api.get("hooks/get", &[]).await.unwrap().ok();
    assert_eq!(left, json!([]), "detached");
}

async fn connect(installation: &Installation, base: &str, token: &str) {
    let file = installation.scratch().join("token");
    std::fs::write(&file, token).unwrap();
    let token = format!("accessToken={}", file.display());
    let add = ["connection", "add", "t", "--app", "twist", "--kind", "twist-token"];
    let add = [&add[..], &["--base-url", base, "--set-file", &token]].concat();
    installation.halyard(&add).await.expect(0);
}

fn events_of(input: &Value) -> Vec<&str> {
    let mut all: Vec<_> =
        input["event"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
    all.sort_unstable();
    all
}

/// Sends the request, and waits for the line of its event; answers how long that took. Other lines may
/// come before: one act can be several events.
async fn happen(
    api: &Api,
    names: &mut Names,
    cause: &Cause,
    following: &mut Following,
) -> Option<(&'static str, Duration)> {
    let form = names.fill(&cause.form);
    let started = Instant::now();
    let answer = world::post(api, cause.path, &form).await;
    if let Some(name) = cause.name {
        names.set(name, answer);
    }
    let event = cause.event?;
    let expected = names.fill(&cause.bundle);
    loop {
        let (at, line) = following.line().await;
        let bundle: Value = serde_json::from_str(&line).unwrap();
        if bundle["event"] == event && matches(&bundle, &expected).is_ok() {
            return Some((event, at.saturating_duration_since(started)));
        }
    }
}
