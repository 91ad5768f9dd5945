//! Many clients that post, and the record of what they were promised.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use halyard_platform::{
    db::{Db, Error},
    params,
};
use serde_json::Value;

use crate::support::Api;

/// Where a client posts.
#[derive(Clone)]
pub(crate) struct Place {
    path: &'static str,
    parent: (&'static str, String),
}

impl Place {
    pub(crate) fn thread(id: &str) -> Self {
        Self { path: "comments/add", parent: ("thread_id", id.to_owned()) }
    }

    pub(crate) fn conversation(id: &str) -> Self {
        Self { path: "conversation_messages/add", parent: ("conversation_id", id.to_owned()) }
    }
}

/// What was promised: shared by all clients.
#[derive(Default)]
pub(crate) struct Ledger {
    next: AtomicU64,
    /// Content and the id in the answer.
    pub(crate) acknowledged: Mutex<HashMap<String, i64>>,
    /// Sent without an answer: it may have happened or not.
    pub(crate) unknown: Mutex<Vec<(Place, String)>>,
}

impl Ledger {
    pub(crate) fn count(&self) -> usize {
        self.acknowledged.lock().unwrap().len()
    }

    /// Posts until the connection fails or `more` says to stop. The content is the idempotency key
    /// too; now and then a request is repeated.
    pub(crate) async fn write(self: Arc<Self>, api: Api, place: Place, more: impl Fn() -> bool) {
        while more() {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let content = format!("load-{number}");
            let repeats = 1 + u64::from(number.is_multiple_of(8));
            for _ in 0..repeats {
                if !self.send(&api, &place, &content).await {
                    return;
                }
            }
        }
    }

    /// Sends what has no answer yet once more; all of it must succeed now.
    pub(crate) async fn settle(&self, api: &Api) {
        let unknown = std::mem::take(&mut *self.unknown.lock().unwrap());
        for (place, content) in unknown {
            assert!(self.send(api, &place, &content).await, "{content} once more");
        }
    }

    /// Whether there was an answer.
    async fn send(&self, api: &Api, place: &Place, content: &str) -> bool {
        let (name, id) = &place.parent;
        let form = [(*name, id.as_str()), ("content", content)];
        let answer = match api.post(place.path, &form, Some(content)).await {
            Ok(answer) => answer,
            Err(_) => {
                self.unknown.lock().unwrap().push((place.clone(), content.to_owned()));
                return false;
            }
        };
        if answer.status == 503 {
            // The server said that it did nothing, for example because it stops.
            assert!(answer.retry_after.is_some(), "{answer:?}");
            return false;
        }
        let id = answer.ok()["id"].as_i64().unwrap();
        let before = self.acknowledged.lock().unwrap().insert(content.to_owned(), id);
        assert!(before.is_none_or(|before| before == id), "{content} was done twice");
        true
    }

    /// Everything acknowledged is there once with its id, nothing is there twice.
    pub(crate) async fn verify(&self, db: &Db) {
        let rows = posts(db).await;
        let unique: HashMap<&str, i64> = rows.iter().map(|(c, id)| (c.as_str(), *id)).collect();
        assert_eq!(unique.len(), rows.len(), "something is there twice");
        for (content, id) in &*self.acknowledged.lock().unwrap() {
            assert_eq!(unique.get(content.as_str()), Some(id), "{content}");
        }
    }
}

/// The posts of the clients: content and id.
pub(crate) async fn posts(db: &Db) -> Vec<(String, i64)> {
    db.read(|tx| -> Result<_, Error> {
        tx.all(
            "select content, id from comment where content like 'load-%'
             union all select content, id from message where content like 'load-%'",
            params![],
        )
    })
    .await
    .unwrap()
}

/// The token of the demo's administrator.
pub(crate) fn token(demo: &Value) -> String {
    demo["users"][0]["twist_token"].as_str().unwrap().to_owned()
}

/// A new thread in the demo's first channel.
pub(crate) async fn new_thread(api: &Api, demo: &Value) -> String {
    let channel = demo["channels"][0]["id"].to_string();
    let form = [("channel_id", channel.as_str()), ("title", "Load"), ("content", "Under load")];
    api.post("threads/add", &form, None).await.unwrap().ok()["id"].to_string()
}
