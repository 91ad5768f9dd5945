//! Outbound webhooks: who is told what, signed how, in which order, and what becomes of failures.

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

on_both_databases! {
    migrations();

    async fn a_comment_reaches_its_subscriber_signed_and_can_be_looked_up(db: &TestDb) {
        let desk = Desk::new(db).await;
        let hook = desk.subscribe(&desk.team.cat, "comment_added").await;
        assert_eq!((&hook["status"], hook["id"].is_i64()), (&json!("ok"), true));
        let thread = desk.thread("T").await;
        let comment = desk.comment(thread, "Ahoy").await;
        let seen = desk.sink.wait_for(1).await.remove(0);
        verify(&seen, hook["secret"].as_str().unwrap());
        assert_eq!(seen.header("content-type"), "application/json");
        // The object as the subscriber gets it from the API.
        let path = format!("v3/comments/getone?id={comment}");
        assert_eq!(seen.json(), desk.team.cat.get(&path).await.ok()["comment"]);

        let delivery = desk.until(&desk.team.cat, &hook, &["delivered"]).await.remove(0);
        assert_eq!(delivery["attempts"], 1);
        assert_eq!(delivery["response_status"], 200);
        assert_eq!(delivery["webhook_id"], seen.header("webhook-id"));
        assert!(delivery["request"].as_str().unwrap().contains("webhook-signature: v1,"));
        assert!(delivery["took_ms"].is_i64() && delivery["ended_ts"].is_i64(), "{delivery}");
        let listed = desk.team.cat.get("v3/hooks/get").await.ok();
        assert_eq!((listed[0]["id"].clone(), listed[0]["failures"].clone()), (hook["id"].clone(), json!(0)));
        assert!(listed[0].get("secret").is_none());

        // Others see neither the subscription nor its deliveries.
        let path = format!("v3/hooks/get_deliveries?id={}", id(&hook));
        desk.team.bo.get(&path).await.fails(404, 110);
        assert_eq!(desk.team.bo.get("v3/hooks/get").await.ok(), json!([]));

        let cancel = [("target_url", desk.sink.url("/hook"))];
        let cancel = [(cancel[0].0, cancel[0].1.as_str())];
        desk.team.cat.post_form("v3/hooks/unsubscribe", &cancel).await.done();
        let other = desk.subscribe(&desk.team.cat, "comment_updated").await;
        desk.comment(thread, "Nobody listens").await;
        let change = json!({"id": comment, "content": "Ahoy!"});
        desk.team.bo.post_json("v3/comments/update", change).await.ok();
        assert_eq!(texts(&desk.sink.wait_for(2).await), ["Ahoy", "Ahoy!"]);
        assert_ne!(other["id"], hook["id"]);
        desk.stop().await;
    }

    async fn every_event_fires(db: &TestDb) {
        let desk = Desk::new(db).await;
        let (ann, team) = (&desk.team.ann, &desk.team);
        for kind in KINDS {
            let name = kind.name();
            subscribe(ann, &desk.sink.url(&format!("/{name}")), name, json!({})).await;
        }
        // Each step waits for its event: what is gone by then could not be told of.
        let post = async |event: &str, path: &str, body: Value| {
            let answer = ann.post_json(&format!("v3/{path}"), body).await.ok();
            let path = format!("/{event}");
            eventually(event, || async { desk.sink.seen().iter().any(|one| one.path == path) }).await;
            answer
        };
        let space = id(&post("workspace_added", "workspaces/add", json!({"name": "Dock"})).await);
        post("workspace_updated", "workspaces/update", json!({"id": space, "name": "Docks"})).await;
        let dan = json!({"id": space, "email": "dan@example.com", "user_type": "GUEST"});
        post("workspace_user_added", "workspace_users/add", dan.clone()).await;
        let user = json!({"id": space, "email": "dan@example.com", "user_type": "USER"});
        post("workspace_user_updated", "workspace_users/update", user).await;
        post("workspace_user_removed", "workspace_users/remove", dan).await;
        let channel = json!({"workspace_id": team.space, "name": "Rope"});
        let channel = id(&post("channel_added", "channels/add", channel).await);
        let bo = json!({"id": channel, "user_id": team.bo.id});
        post("channel_updated", "channels/update", json!({"id": channel, "name": "Ropes"})).await;
        post("channel_user_added", "channels/add_user", bo.clone()).await;
        post("channel_user_updated", "channels/favorite", json!({"id": channel})).await;
        post("channel_user_removed", "channels/remove_user", bo).await;
        let thread = json!({"channel_id": channel, "title": "T", "content": "x"});
        let thread = id(&post("thread_added", "threads/add", thread).await);
        post("thread_updated", "threads/update", json!({"id": thread, "content": "y"})).await;
        let said = json!({"thread_id": thread, "content": "c"});
        let said = id(&post("comment_added", "comments/add", said).await);
        post("comment_updated", "comments/update", json!({"id": said, "content": "d"})).await;
        post("comment_deleted", "comments/remove", json!({"id": said})).await;
        post("thread_deleted", "threads/remove", json!({"id": thread})).await;
        ann.post_json("v3/channels/archive", json!({"id": channel})).await.done();
        post("channel_deleted", "channels/remove", json!({"id": channel})).await;
        let talk = team.talk(ann, &[&team.bo]).await.id.0;
        let message = json!({"conversation_id": talk, "content": "m"});
        let message = id(&post("message_added", "conversation_messages/add", message).await);
        let change = json!({"id": message, "content": "n"});
        post("message_updated", "conversation_messages/update", change).await;
        post("message_deleted", "conversation_messages/remove", json!({"id": message})).await;
        let group = json!({"workspace_id": team.space, "name": "Riggers"});
        let group = id(&post("group_added", "groups/add", group).await);
        let bo = json!({"id": group, "user_id": team.bo.id});
        post("group_updated", "groups/update", json!({"id": group, "name": "Rigger"})).await;
        post("group_user_added", "groups/add_user", bo.clone()).await;
        post("group_user_removed", "groups/remove_user", bo).await;
        post("group_deleted", "groups/remove", json!({"id": group})).await;
        let end = json!({"id": space, "current_password": PASSWORD});
        post("workspace_deleted", "workspaces/remove", end).await;

        let bodies = desk.sink.seen();
        let fired: BTreeSet<&str> = bodies.iter().map(|one| &one.path[1..]).collect();
        let all: BTreeSet<&str> = KINDS.iter().map(|kind| kind.name()).collect();
        assert_eq!(all.difference(&fired).collect::<Vec<_>>(), [&"group_user_updated"]);
        let body = |name: &str| {
            bodies.iter().rfind(|one| one.path == format!("/{name}")).map(Seen::json).unwrap()
        };
        assert_eq!(body("thread_deleted"), json!({
            "id": thread, "title": "T", "channel_id": channel, "workspace_id": team.space,
            "creator": ann.id, "deleted": true,
        }));
        assert_eq!(body("comment_deleted")["deleted"], true);
        assert_eq!(body("message_deleted")["deleted"], true);
        assert_eq!(body("channel_deleted")["name"], "Ropes");
        assert_eq!(body("group_deleted")["id"], group);
        assert_eq!(body("workspace_deleted")["id"], space);
        assert_eq!(body("workspace_user_removed")["removed"], true);
        desk.stop().await;
    }

    async fn every_event_tells_of_its_object(db: &TestDb) {
        let desk = Desk::new(db).await;
        let (bo, team) = (&desk.team.bo, &desk.team);
        let thread = desk.thread("T").await;
        let said = desk.comment(thread, "c").await;
        let talk = team.talk(bo, &[&team.ann]).await.id.0;
        let message = json!({"conversation_id": talk, "content": "m"});
        let message = id(&bo.post_json("v3/conversation_messages/add", message).await.ok());
        let group = json!({"workspace_id": team.space, "name": "Riggers"});
        let group = id(&bo.post_json("v3/groups/add", group).await.ok());
        let space = team.space.0;
        for (event, call, body, told) in [
            ("workspace_updated", "workspaces/update", json!({"id": space, "name": "N"}), space),
            ("workspace_user_updated", "users/update", json!({"profession": "Sailor"}), bo.id.0),
            ("channel_updated", "channels/update", json!({"id": desk.channel, "color": 3}), desk.channel),
            ("channel_user_added", "channels/add_user", json!({"id": desk.channel, "user_id": team.ann.id}), desk.channel),
            ("channel_user_updated", "channels/favorite", json!({"id": desk.channel}), desk.channel),
            ("channel_user_deleted", "channels/remove_user", json!({"id": desk.channel, "user_id": team.ann.id}), desk.channel),
            ("thread_updated", "threads/pin", json!({"id": thread}), thread),
            ("comment_updated", "comments/update", json!({"id": said, "content": "d"}), said),
            ("message_updated", "conversation_messages/update", json!({"id": message, "content": "n"}), message),
            ("message_deleted", "conversation_messages/remove", json!({"id": message}), message),
            ("group_updated", "groups/update", json!({"id": group, "name": "R"}), group),
            ("group_user_added", "groups/add_user", json!({"id": group, "user_id": team.cat.id}), group),
            ("group_user_deleted", "groups/remove_user", json!({"id": group, "user_id": team.cat.id}), group),
        ] {
            let path = format!("/{event}");
            subscribe(bo, &desk.sink.url(&path), event, json!({})).await;
            let person = if call.starts_with("workspaces/") { &team.ann } else { bo };
            person.post_json(&format!("v3/{call}"), body).await.ok();
            eventually(event, || async { desk.sink.seen().iter().any(|one| one.path == path) }).await;
            let seen = desk.sink.seen();
            let seen = seen.iter().find(|one| one.path == path).unwrap();
            assert_eq!(id(&seen.json()), told, "{event}: {}", seen.json());
        }
        desk.stop().await;
    }

    async fn nobody_is_told_what_they_may_not_see(db: &TestDb) {
        let desk = Desk::new(db).await;
        let team = &desk.team;
        let thread = desk.thread("T").await;
        // Ann is the administrator, but not in the private channel; Eve is elsewhere.
        for (name, person) in
            [("ann", &team.ann), ("bo", &team.bo), ("cat", &team.cat), ("eve", &team.eve), ("gus", &team.gus), ("rae", &team.rae)]
        {
            subscribe(person, &desk.sink.url(&format!("/{name}")), "comment_added", json!({})).await;
        }
        let with_rae = json!({"id": desk.channel, "user_id": team.rae.id});
        team.bo.post_json("v3/channels/add_user", with_rae).await.done();
        desk.comment(thread, "one").await;
        desk.sink.wait_for(3).await;
        team.dismiss_rae().await;
        let cat = json!({"id": desk.channel, "user_id": team.cat.id});
        team.bo.post_json("v3/channels/remove_user", cat).await.done();
        desk.comment(thread, "two").await;
        desk.sink.wait_for(4).await;
        // Everything has been dealt with, and of what they may not see nothing is listed either.
        eventually("no pending deliveries", || async {
            let pending: Vec<i64> =
                team.app.rows("select count(*) from delivery where status = 'pending'").await;
            pending == [0]
        })
        .await;
        let mut paths: Vec<_> = desk.sink.seen().into_iter().map(|one| one.path).collect();
        paths.sort_unstable();
        assert_eq!(paths, ["/bo", "/bo", "/cat", "/rae"]);
        let listed: Vec<i64> = team.app.rows("select count(*) from delivery").await;
        assert_eq!(listed, [4]);
        desk.stop().await;
    }

    async fn filters_and_scopes_are_checked(db: &TestDb) {
        let desk = Desk::new(db).await;
        let team = &desk.team;
        let (one, two) = (desk.thread("One").await, desk.thread("Two").await);
        let here = desk.sink.url("/here");
        subscribe(&team.bo, &here, "comment_added", json!({"thread_id": two})).await;
        subscribe(&team.bo, &here, "comment_added", json!({"channel_id": desk.channel, "workspace_id": team.space})).await;
        let other = json!({"workspace_id": team.space, "name": "Other"});
        let other = id(&team.bo.post_json("v3/channels/add", other).await.ok());
        subscribe(&team.bo, &desk.sink.url("/never"), "comment_added", json!({"channel_id": other})).await;
        desk.comment(one, "1").await;
        desk.comment(two, "2").await;
        let mut seen = texts(&desk.sink.wait_for(3).await);
        seen.sort_unstable();
        assert_eq!(seen, ["1", "2", "2"]);
        assert!(desk.sink.seen().iter().all(|seen| seen.path == "/here"));

        let subscribe = async |person: &crate::support::Client, event: &str, target: &str| {
            let body = json!({"event_type": event, "target_url": target});
            person.post_json("v3/hooks/subscribe", body).await
        };
        let token = team.app.token(team.bo.id, Scopes::parse("threads:read").unwrap()).await;
        let limited = team.app.nobody().bearer(&token);
        let url = "https://example.com/x";
        subscribe(&limited, "comment_added", url).await.fails(403, 109);
        assert_eq!(subscribe(&limited, "thread_added", url).await.status, 201);
        subscribe(&team.bo, "comment_flown", url).await.fails(400, 20);
        assert_eq!(subscribe(&team.bo, "group_user_updated", url).await.status, 201);
        for wrong in ["example.com", "ftp://example.com", "http://10.0.0.1/x", "https://[::1]/"] {
            subscribe(&team.bo, "comment_added", wrong).await.fails(400, 20);
        }
        subscribe(&team.app.nobody(), "comment_added", url).await.fails(403, 200);
        let hidden = json!({"event": "comment_added", "target_url": url, "channel_id": desk.channel});
        team.ann.post_json("v3/hooks/subscribe", hidden).await.fails(404, 107);
        desk.stop().await;
    }

    async fn a_receiver_that_was_down_gets_everything_in_order_under_the_same_ids(db: &TestDb) {
        let desk = Desk::new(db).await;
        let (cat, sink) = (&desk.team.cat, &desk.sink);
        let hook = desk.subscribe(cat, "comment_added").await;
        let thread = desk.thread("T").await;
        sink.answer(|_| Answer::Status(500));
        desk.comment(thread, "first").await;
        for (retry, wait) in RETRIES.iter().enumerate().take(6) {
            desk.tried(cat, &hook, retry as i64 + 1).await;
            if retry == 3 {
                desk.comment(thread, "second").await;
            }
            desk.advance(*wait).await;
        }
        desk.tried(cat, &hook, 7).await;
        let before = sink.seen();
        assert_eq!(texts(&before), ["first"; 7]);
        let ids: BTreeSet<_> = before.iter().map(|one| one.header("webhook-id").to_owned()).collect();
        assert_eq!(ids.len(), 1, "the same delivery");
        let stamps: BTreeSet<_> = before.iter().map(|one| one.header("webhook-timestamp").to_owned()).collect();
        assert_eq!(stamps.len(), 7, "each attempt says when it was made");

        sink.answer(|_| Answer::Status(204));
        desk.advance(RETRIES[6]).await;
        let seen = sink.wait_for(9).await;
        assert_eq!(texts(&seen[7..]), ["first", "second"]);
        assert_eq!(seen[7].header("webhook-id"), seen[0].header("webhook-id"));
        desk.until(cat, &hook, &["delivered"]).await;
        assert_eq!(cat.get("v3/hooks/get").await.ok()[0]["failures"], 0);
        desk.stop().await;
    }

    async fn a_receiver_that_stays_down_is_given_up_and_its_owner_told(db: &TestDb) {
        let desk = Desk::new(db).await;
        let (cat, sink) = (&desk.team.cat, &desk.sink);
        let hook = desk.subscribe(cat, "comment_added").await;
        let thread = desk.thread("T").await;
        sink.answer(|_| Answer::Status(503));
        desk.comment(thread, "one").await;
        for (retry, wait) in RETRIES.iter().enumerate() {
            desk.tried(cat, &hook, retry as i64 + 1).await;
            if retry == 8 {
                desk.comment(thread, "two").await;
                // Otherwise it may come to be one only after the end.
                eventually("two deliveries", || async {
                    desk.deliveries(cat, &hook).await.len() == 2
                })
                .await;
            }
            desk.advance(*wait).await;
        }
        eventually("the end", || async {
            !cat.get("v3/hooks/get").await.ok()[0]["disabled_ts"].is_null()
        })
        .await;
        assert!(RETRIES.iter().sum::<i64>() <= 12 * 3_600_000);
        let states: Vec<_> =
            desk.deliveries(cat, &hook).await.iter().map(|one| one["status"].clone()).collect();
        assert_eq!(states, ["stopped", "failed"]);
        let mails = desk.team.app.mails().await;
        let mail = mails.iter().find(|mail| mail.subject.contains("stopped")).unwrap();
        assert_eq!(mail.to, cat.email);
        assert!(mail.text.contains(&sink.url("/hook")) && mail.text.contains("503"), "{}", mail.text);
        let tried = sink.seen().len();
        assert_eq!(tried, 11, "once and ten times again");

        // Nothing more is tried, and nothing sent again, until the owner subscribes again.
        desk.comment(thread, "unheard").await;
        let all = json!({"id": hook["id"], "from_ts": 0});
        cat.post_json("v3/hooks/resend", all.clone()).await.fails(403, 109);
        sink.answer(|_| Answer::Status(200));
        let again = desk.subscribe(cat, "comment_added").await;
        assert_eq!((&again["id"], &again["secret"]), (&hook["id"], &hook["secret"]));
        let answer = cat.post_json("v3/hooks/resend", all).await.ok();
        assert_eq!(answer["count"], 2);
        let seen = sink.wait_for(tried + 2).await;
        assert_eq!(texts(&seen[tried..]), ["one", "two"]);
        assert_eq!(seen[tried].header("webhook-id"), seen[0].header("webhook-id"));
        desk.until(cat, &hook, &["delivered"]).await;
        let one = json!({"id": hook["id"], "delivery_id": desk.deliveries(cat, &hook).await[0]["id"]});
        assert_eq!(cat.post_json("v3/hooks/resend", one).await.ok()["count"], 1);
        assert_eq!(texts(&sink.wait_for(tried + 3).await[tried + 2..]), ["two"]);
        cat.post_json("v3/hooks/resend", json!({"id": hook["id"]})).await.fails(400, 19);
        desk.stop().await;
    }

    async fn gone_ends_a_subscription_at_once(db: &TestDb) {
        let desk = Desk::new(db).await;
        let hook = desk.subscribe(&desk.team.cat, "comment_added").await;
        desk.sink.answer(|_| Answer::Status(410));
        let thread = desk.thread("T").await;
        desk.comment(thread, "one").await;
        desk.until(&desk.team.cat, &hook, &["failed"]).await;
        eventually("stopped", || async {
            !desk.team.cat.get("v3/hooks/get").await.ok()[0]["disabled_ts"].is_null()
        })
        .await;
        assert_eq!(desk.sink.seen().len(), 1);
        desk.stop().await;
    }

    async fn a_thread_that_fails_or_hangs_holds_up_no_other(db: &TestDb) {
        let desk = Desk::new(db).await;
        let (cat, sink) = (&desk.team.cat, &desk.sink);
        let hook = desk.subscribe(cat, "comment_added").await;
        let (bad, slow, good) =
            (desk.thread("B").await, desk.thread("S").await, desk.thread("G").await);
        let broken = Arc::new(AtomicUsize::new(1));
        let state = broken.clone();
        sink.answer(move |seen| match (state.load(Ordering::SeqCst), seen.json()["thread_id"].as_i64()) {
            (1, thread) if thread == Some(bad) => Answer::Status(500),
            (1, thread) if thread == Some(slow) => Answer::Hang,
            _ => Answer::Status(200),
        });
        for number in 0..4 {
            desk.comment(bad, &format!("b{number}")).await;
            desk.comment(slow, &format!("s{number}")).await;
            desk.comment(good, &format!("g{number}")).await;
        }
        let of = |first: char| -> Vec<String> {
            texts(&sink.seen()).into_iter().filter(|text| text.starts_with(first)).collect()
        };
        eventually("the good thread", || async { of('g') == ["g0", "g1", "g2", "g3"] }).await;
        // Behind a failure nothing of its thread is sent.
        eventually("both failures", || async {
            let all = desk.deliveries(cat, &hook).await;
            all.iter().filter(|one| one["attempts"] == 1 && one["status"] == "pending").count() == 2
        })
        .await;
        assert_eq!((of('b'), of('s')), (vec!["b0".to_owned()], vec!["s0".to_owned()]));
        let slow_one = desk.deliveries(cat, &hook).await;
        let slow_one = slow_one.iter().find(|one| one["error"].as_str().is_some_and(|e| e.contains("longer than")));
        assert!(slow_one.is_some(), "the slow one was cut off");
        broken.store(0, Ordering::SeqCst);
        desk.advance(RETRIES[0]).await;
        desk.until(cat, &hook, &["delivered"]).await;
        assert_eq!(of('b'), ["b0", "b0", "b1", "b2", "b3"]);
        assert_eq!(of('s'), ["s0", "s0", "s1", "s2", "s3"]);
        desk.stop().await;
    }

    async fn a_redirect_leads_nowhere(db: &TestDb) {
        let desk = Desk::new(db).await;
        let inside = Sink::at("127.0.0.2:0").await;
        let hook = desk.subscribe(&desk.team.cat, "comment_added").await;
        let to = inside.url("/secret");
        desk.sink.answer(move |_| Answer::Redirect(to.clone()));
        let thread = desk.thread("T").await;
        desk.comment(thread, "one").await;
        desk.tried(&desk.team.cat, &hook, 1).await;
        let delivery = desk.deliveries(&desk.team.cat, &hook).await.remove(0);
        assert_eq!((&delivery["response_status"], &delivery["status"]), (&json!(307), &json!("pending")));
        assert!(inside.seen().is_empty());
        desk.stop().await;
    }

    async fn an_address_that_has_moved_inside_is_not_connected_to(db: &TestDb) {
        let allow = vec!["127.0.0.1".parse().unwrap()];
        let options = outbound::Options { allow, idle: Duration::ZERO, ..Default::default() };
        let moving = Moving(AtomicUsize::new(0));
        let outbound = Outbound::with_resolver(options, moving).unwrap();
        let desk = Desk::on(TestApp::reaching(db, Settings::default(), outbound)).await;
        let port = desk.sink.address.port();
        let inside = Sink::at(&format!("127.0.0.2:{port}")).await;
        desk.sink.answer(|_| Answer::Status(500));
        let target = format!("http://moving.test:{port}/");
        let hook = subscribe(&desk.team.cat, &target, "comment_added", json!({})).await;
        let thread = desk.thread("T").await;
        desk.comment(thread, "one").await;
        desk.tried(&desk.team.cat, &hook, 1).await;
        desk.advance(RETRIES[0]).await;
        desk.tried(&desk.team.cat, &hook, 2).await;
        let delivery = desk.deliveries(&desk.team.cat, &hook).await.remove(0);
        let error = delivery["error"].as_str().unwrap();
        assert!(error.contains("loopback") && !error.contains("127.0.0.2"), "{error}");
        assert_eq!((desk.sink.seen().len(), inside.seen().len()), (1, 0));
        desk.stop().await;
    }
}

/// Is at 127.0.0.1 once, and then at 127.0.0.2.
struct Moving(AtomicUsize);

impl Resolve for Moving {
    fn resolve(&self, _: &str) -> Resolved {
        let last = if self.0.fetch_add(1, Ordering::SeqCst) == 0 { 1 } else { 2 };
        Box::pin(async move { Ok::<_, io::Error>(vec![IpAddr::from([127, 0, 0, last])]) })
    }
}
