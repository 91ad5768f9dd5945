//! A server of somebody else, to which deliveries are posted.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, body::Bytes, extract::State, response::Response};
use halyard_platform::db::testing::eventually;
use http::{HeaderMap, Uri};
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinHandle};

/// One request that arrived.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    /// A field of a form.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        let mut fields = form_urlencoded::parse(&self.body);
        fields.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// What to answer.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    Status(u16),
    /// With a content type and a body.
    Text(u16, &'static str, String),
    Redirect(String),
    /// Nothing within the time of any test.
    Hang,
}

type Script = dyn Fn(&Seen) -> Answer + Send + Sync;

pub(crate) struct Sink {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    script: Arc<Mutex<Box<Script>>>,
    task: JoinHandle<()>,
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[derive(Clone)]
struct Desk {
    seen: Arc<Mutex<Vec<Seen>>>,
    script: Arc<Mutex<Box<Script>>>,
}

impl Sink {
    /// One that answers 200.
    pub(crate) async fn start() -> Self {
        Self::at("127.0.0.1:0").await
    }

    pub(crate) async fn at(address: &str) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let script: Arc<Mutex<Box<Script>>> =
            Arc::new(Mutex::new(Box::new(|_: &Seen| Answer::Status(200))));
        let desk = Desk { seen: seen.clone(), script: script.clone() };
        let routes = Router::new().fallback(take).with_state(desk);
        let task = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { address, seen, script, task }
    }

    /// Answers from now on what this says.
    pub(crate) fn answer(&self, script: impl Fn(&Seen) -> Answer + Send + Sync + 'static) {
        *self.script.lock().unwrap() = Box::new(script);
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Everything that arrived, in its order.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Waits until so many requests have arrived.
    pub(crate) async fn wait_for(&self, count: usize) -> Vec<Seen> {
        eventually(&format!("{count} requests at the sink"), || async {
            self.seen.lock().unwrap().len() >= count
        })
        .await;
        self.seen()
    }
}

async fn take(State(desk): State<Desk>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let seen = Seen { path: uri.to_string(), headers, body };
    let answer = {
        let script = desk.script.lock().unwrap();
        desk.seen.lock().unwrap().push(seen.clone());
        script(&seen)
    };
    let response = Response::builder();
    match answer {
        Answer::Status(status) => response.status(status).body("".into()).unwrap(),
        Answer::Text(status, content_type, body) => {
            response.status(status).header("content-type", content_type).body(body.into()).unwrap()
        }
        Answer::Redirect(to) => {
            response.status(307).header("location", to).body("".into()).unwrap()
        }
        Answer::Hang => {
            tokio::time::sleep(Duration::from_secs(3600)).await;
            Response::default()
        }
    }
}
