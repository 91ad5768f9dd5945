//! Outbound webhooks: who is told what, signed how, in which order, and what becomes of failures.

mod ending;
mod events;
mod receivers;

use std::{
    collections::BTreeSet,
    io,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use halyard_http_api::{
    Settings,
    twist::hooks::{self, Delivering},
};
use halyard_identity::Scopes;
use halyard_messaging::subscription::{KINDS, RETRIES};
use halyard_platform::{
    db::testing::{TestDb, eventually},
    jobs, on_both_databases,
    outbound::{self, Outbound, Resolve, Resolved},
};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::{
    sink::{Answer, Seen, Sink},
    support::{NOW, PASSWORD, Person, TestApp, migrations},
    team::Team,
};

/// A team whose deliveries are made.
struct Desk {
    team: Team,
    sink: Sink,
    delivering: Delivering,
    /// Bo and Cat are in it.
    channel: i64,
}

impl Desk {
    async fn new(db: &TestDb) -> Self {
        let settings = Settings { hook_time: Duration::from_millis(300), ..Settings::default() };
        Self::on(TestApp::with(db, settings)).await
    }

    async fn on(app: TestApp) -> Self {
        let team = Team::on(app).await;
        let body = json!({
            "workspace_id": team.space, "name": "Plans", "public": false, "user_ids": [team.cat.id],
        });
        let channel = id(&team.bo.post_json("v3/channels/add", body).await.ok());
        let delivering = hooks::start(&team.app.app).await.unwrap();
        Self { team, sink: Sink::start().await, delivering, channel }
    }

    async fn stop(self) {
        self.delivering.stop(Duration::from_secs(5)).await;
    }

    async fn subscribe(&self, person: &Person, event: &str) -> Value {
        subscribe(person, &self.sink.url("/hook"), event, json!({})).await
    }

    async fn thread(&self, title: &str) -> i64 {
        let body = json!({"channel_id": self.channel, "title": title, "content": "x"});
        id(&self.team.bo.post_json("v3/threads/add", body).await.ok())
    }

    async fn comment(&self, thread: i64, text: &str) -> i64 {
        comment(&self.team.bo, thread, text).await
    }

    /// Moves the clock once no lane is at work, whose lease it would end, and lets the workers look
    /// at it.
    async fn advance(&self, by: i64) {
        let app = &self.team.app.app;
        eventually("lanes at rest", || async {
            let sql = "select count(*) from job where lease_until is not null";
            let busy: Vec<i64> = self.team.app.rows(sql).await;
            busy == [0]
        })
        .await;
        app.clock.advance(by);
        app.signals.wake(jobs::TOPIC);
    }

    async fn deliveries(&self, person: &Person, hook: &Value) -> Vec<Value> {
        let path = format!("v3/hooks/get_deliveries?limit=500&id={}", id(hook));
        person.get(&path).await.ok().as_array().unwrap().clone()
    }

    /// Waits until every delivery of a subscription has one of these states.
    async fn until(&self, person: &Person, hook: &Value, states: &[&str]) -> Vec<Value> {
        eventually(&format!("only {states:?}"), || async {
            let all = self.deliveries(person, hook).await;
            all.iter().all(|one| states.contains(&one["status"].as_str().unwrap()))
        })
        .await;
        self.deliveries(person, hook).await
    }

    /// Waits until a delivery has been tried so often.
    async fn tried(&self, person: &Person, hook: &Value, attempts: i64) {
        eventually(&format!("{attempts} attempts"), || async {
            let all = self.deliveries(person, hook).await;
            all.last().is_some_and(|one| one["attempts"] == attempts)
        })
        .await;
    }
}

fn id(value: &Value) -> i64 {
    value["id"].as_i64().unwrap_or_else(|| panic!("no id in {value}"))
}

async fn subscribe(person: &Person, target: &str, event: &str, filter: Value) -> Value {
    let mut body = json!({"target_url": target, "event": event});
    body.as_object_mut().unwrap().extend(filter.as_object().unwrap().clone());
    let answer = person.post_json("v3/hooks/subscribe", body).await;
    assert_eq!(answer.status, 201, "{}", answer.json());
    answer.json()
}

async fn comment(person: &Person, thread: i64, text: &str) -> i64 {
    let body = json!({"thread_id": thread, "content": text});
    id(&person.post_json("v3/comments/add", body).await.ok())
}

/// What a receiver does to find out who sent a delivery.
fn verify(seen: &Seen, secret: &str) {
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    let (id, timestamp) = (seen.header("webhook-id"), seen.header("webhook-timestamp"));
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(&seen.body);
    let signature = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    assert_eq!(seen.header("webhook-signature"), signature);
    assert!((timestamp.parse::<i64>().unwrap() - NOW / 1000).abs() < 86_400);
}

fn texts(seen: &[Seen]) -> Vec<String> {
    seen.iter().map(|one| one.json()["content"].as_str().unwrap().to_owned()).collect()
}
