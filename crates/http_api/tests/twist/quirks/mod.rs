//! Oddities of real clients and of the vendor's examples, under the numbers of our list of them.
//!
//! Of 25 the part that concerns loop-in mail is missing. All 15 examples of number 40, and those that 8, 9
//! and 39 speak of, are replayed as a whole in `examples.rs`.
//!
//! These tests run on SQLite only: they are about reading requests, which ends before a database is
//! asked, and the replays send the same calls to both databases.

mod areas;
mod requests;

use bytes::Bytes;
use halyard_platform::db::testing::TestDb;
use http::Method;
use serde_json::{Value, json};

use crate::{
    attachments::{ID, put, upload},
    oauth,
    sink::{Answer, Sink},
    support::{NOW, Person, migrations},
    team::Team,
};

const SECOND: i64 = NOW / 1000;
const JSON: &str = "application/json";

/// A team with something to talk about, all of it written by Bo.
struct Desk {
    team: Team,
    channel: i64,
    /// With three comments.
    thread: i64,
    comments: Vec<i64>,
    /// Of Ann, Bo and Cat, with three messages whose ids are no indexes.
    talk: i64,
    messages: Vec<i64>,
}

async fn id_of(person: &Person, path: &str, body: Value) -> i64 {
    person.post_json(path, body).await.ok()["id"].as_i64().unwrap()
}

impl Desk {
    async fn new(db: &TestDb) -> Self {
        let team = Team::new(db).await;
        let (bo, space) = (&team.bo, team.space);
        let body = json!({"workspace_id": space, "name": "Plans", "user_ids": [team.ann.id]});
        let channel = id_of(bo, "v3/channels/add", body).await;
        let body = json!({"channel_id": channel, "title": "T", "content": "x"});
        let thread = id_of(bo, "v3/threads/add", body).await;
        let aside = team.talk(bo, &[&team.cat]).await.id.0;
        let talk = team.talk(bo, &[&team.ann, &team.cat]).await.id.0;
        let (mut comments, mut messages) = (Vec::new(), Vec::new());
        for text in ["a", "b", "c"] {
            let body = json!({"conversation_id": aside, "content": text});
            id_of(bo, "v3/conversation_messages/add", body).await;
        }
        for text in ["a", "b", "c"] {
            let body = json!({"thread_id": thread, "content": text});
            comments.push(id_of(bo, "v3/comments/add", body).await);
            let body = json!({"conversation_id": talk, "content": text});
            messages.push(id_of(bo, "v3/conversation_messages/add", body).await);
        }
        Self { team, channel, thread, comments, talk, messages }
    }

    /// What version 2 lists as unread for Ann.
    async fn unread(&self, kind: &str) -> Value {
        let path = format!("v2/{kind}/get_unread?workspace_id={}", self.team.space);
        self.team.ann.get(&path).await.ok()
    }

    /// Who is in the conversation.
    async fn people(&self) -> Value {
        let path = format!("v3/conversations/getone?id={}", self.talk);
        self.team.bo.get(&path).await.ok()["user_ids"].clone()
    }
}

fn length(list: &Value) -> usize {
    list.as_array().unwrap().len()
}

/// Each test gets a desk of its own.
macro_rules! quirks {
    ($(async fn $name:ident($desk:ident: &Desk) $body:block)+) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            let db = TestDb::sqlite(migrations()).await;
            let $desk = &Desk::new(&db).await;
            $body
            db.drop_now().await;
        }
    )+};
}

use quirks;
