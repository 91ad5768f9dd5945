//! Integrations: who installs them, what they post, what they are told and what they answer.

mod answers;
mod places;

use std::time::Duration;

use halyard_http_api::{
    Settings,
    twist::hooks::{self, Delivering},
};
use halyard_platform::{
    db::testing::{TestDb, eventually},
    jobs, on_both_databases,
};
use serde_json::{Value, json};

use crate::{
    sink::{Answer, Seen, Sink},
    support::{Person, TestApp, migrations},
    team::Team,
};

/// A team with integrations that answer.
struct Quay {
    team: Team,
    sink: Sink,
    delivering: Delivering,
    /// Private, of Bo and Cat, with a thread.
    channel: i64,
    thread: i64,
}

impl Quay {
    async fn new(db: &TestDb) -> Self {
        let settings = Settings {
            hook_time: Duration::from_millis(500),
            public_url: Some("https://halyard.test".to_owned()),
            ..Settings::default()
        };
        let team = Team::on(TestApp::with(db, settings)).await;
        let (channel, thread) = place(&team).await;
        let delivering = hooks::start(&team.app.app).await.unwrap();
        let quay = Self { team, sink: Sink::start().await, delivering, channel, thread };
        // On PostgreSQL events may be held back for a moment; what was before is not meant.
        quay.at_rest().await;
        quay
    }

    async fn stop(self) {
        self.delivering.stop(Duration::from_secs(5)).await;
    }

    fn says(&self, content: &'static str) {
        self.sink.answer(move |_| {
            Answer::Text(200, "application/json", json!({"content": content}).to_string())
        });
    }

    /// An integration of Bo at its place, and its bot.
    async fn installed(&self, fields: Value, place: Value) -> (Value, i64) {
        let mut fields = fields;
        fields["url"] = json!(self.sink.url("/told"));
        let integration = add(&self.team, &self.team.bo, fields).await;
        let installed = install(&self.team.bo, integration, place).await;
        let path = format!("v3/integrations/get?workspace_id={}", self.team.space);
        let all = self.team.bo.get(&path).await.ok();
        let all = all.as_array().unwrap();
        let bot = all.iter().find(|one| id(one) == integration).unwrap()["bot_id"].as_i64();
        (installed, bot.unwrap())
    }

    async fn comment(&self, text: &str) -> i64 {
        let body = json!({"thread_id": self.thread, "content": text});
        id(&self.team.cat.post_json("v3/comments/add", body).await.ok())
    }

    /// The comments of the thread, oldest first: who wrote what.
    async fn comments(&self) -> Vec<(String, String)> {
        let path = format!("v3/comments/get?thread_id={}&order_by=asc", self.thread);
        said(&self.team.cat.get(&path).await.ok())
    }

    async fn messages(&self, talk: i64) -> Vec<(String, String)> {
        let path = format!("v3/conversation_messages/get?conversation_id={talk}&order_by=asc");
        said(&self.team.cat.get(&path).await.ok())
    }

    /// Waits until nothing is left to deliver.
    async fn at_rest(&self) {
        eventually("everything is delivered", || async {
            let sql = "select count(*) from delivery where status = 'pending'";
            let spread = "select count(*) from event where id > coalesce((select f.event_id
                from event_follower f where f.name = 'hooks'), 0)";
            let app = &self.team.app;
            app.rows::<i64>(spread).await == [0] && app.rows::<i64>(sql).await == [0]
        })
        .await;
    }

    /// Moves the clock once no job is at work, whose lease it would end.
    async fn advance(&self, by: i64) {
        eventually("workers at rest", || async {
            let sql = "select count(*) from job where lease_until is not null";
            self.team.app.rows::<i64>(sql).await == [0]
        })
        .await;
        self.team.app.app.clock.advance(by);
        self.team.app.app.signals.wake(jobs::TOPIC);
    }
}

fn said(list: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let list = list.as_array().unwrap().iter();
    list.map(|one| (text(&one["creator_name"]), text(&one["content"]))).collect()
}

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(who, what)| ((*who).to_owned(), (*what).to_owned())).collect()
}

/// The fields of a form, sorted; those of `names` only if there are any.
fn form(seen: &Seen) -> Value {
    let fields = form_urlencoded::parse(&seen.body).into_owned();
    Value::Object(fields.map(|(key, value)| (key, json!(value))).collect())
}

fn id(value: &Value) -> i64 {
    value["id"].as_i64().unwrap_or_else(|| panic!("no id in {value}"))
}

async fn add(team: &Team, person: &Person, fields: Value) -> i64 {
    let mut body = json!({"workspace_id": team.space, "name": "Crane"});
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    id(&person.post_json("v3/integrations/add", body).await.ok())
}

async fn install(person: &Person, integration: i64, place: Value) -> Value {
    let mut body = json!({"id": integration});
    body.as_object_mut().unwrap().extend(place.as_object().unwrap().clone());
    person.post_json("v3/integrations/install", body).await.ok()
}

/// A private channel with Bo and Cat, and a thread in it.
async fn place(team: &Team) -> (i64, i64) {
    let channel = json!({
        "workspace_id": team.space, "name": "Plans", "public": false, "user_ids": [team.cat.id],
    });
    let channel = id(&team.bo.post_json("v3/channels/add", channel).await.ok());
    let thread = json!({"channel_id": channel, "title": "T", "content": "x"});
    (channel, id(&team.bo.post_json("v3/threads/add", thread).await.ok()))
}

/// The path and query of the address to which an installation posts.
fn post_path(installation: &Value) -> String {
    let url = installation["post_data_url"].as_str().unwrap();
    url.split_once("/api/").unwrap().1.to_owned()
}

async fn threads(team: &Team, channel: i64) -> Value {
    team.cat.get(&format!("v3/threads/get?channel_id={channel}")).await.ok()
}
