//! The service on a port.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderName, Method, Response, StatusCode, header},
};
use halyard_platform::clock::Clock;
use tokio::{net::TcpListener, task::JoinHandle};

use super::{answer::Reply, call::Call, routes, webhooks::Delivery, world::World};

/// The most that the service takes in one request, in bytes.
const MOST: usize = 10 << 20;

/// A running service. It stops when it is dropped.
#[derive(Debug)]
pub(crate) struct ChatworkServer {
    origin: String,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    world: Mutex<World>,
    seen: Mutex<Vec<Seen>>,
    faults: Mutex<VecDeque<Fault>>,
    sender: reqwest::Client,
}

/// A request that has come in.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Seen {
    /// The pairs of its query.
    pub(crate) fn query(&self) -> Vec<(String, String)> {
        form_urlencoded::parse(self.query.as_bytes()).into_owned().collect()
    }

    /// The pairs of its body.
    pub(crate) fn form(&self) -> Vec<(String, String)> {
        form_urlencoded::parse(&self.body).into_owned().collect()
    }
}

/// An answer that the service gives to the next call of its API instead of its own.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

impl Fault {
    /// An answer in the service's own form.
    pub(crate) fn says(status: u16, text: &str) -> Self {
        let body = serde_json::json!({ "errors": [text] }).to_string();
        let json = ("content-type", "application/json; charset=utf-8".to_owned());
        Self { status, headers: vec![json], body }
    }

    /// The page of a gateway in front of the service.
    pub(crate) fn page(status: u16) -> Self {
        let body = format!("<html><body><h1>{status}</h1></body></html>");
        Self { status, headers: vec![("content-type", "text/html".to_owned())], body }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    fn reply(self) -> Reply {
        let name = HeaderName::from_static;
        Reply {
            status: StatusCode::from_u16(self.status).expect("tests give real statuses"),
            headers: self.headers.into_iter().map(|(key, value)| (name(key), value)).collect(),
            body: self.body.into_bytes(),
        }
    }
}

impl ChatworkServer {
    /// Starts an empty one on a free port.
    pub(crate) async fn start(clock: Clock) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let tls = halyard_platform::outbound::tls();
        let sender = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .timeout(Duration::from_secs(10))
            .build()
            .unwrap();
        let shared = Arc::new(Shared {
            world: Mutex::new(World::new(origin.clone(), clock)),
            seen: Mutex::default(),
            faults: Mutex::default(),
            sender,
        });
        let router = Router::new().fallback(handle).with_state(Arc::clone(&shared));
        let serving = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("serving ends with the test only");
        });
        Self { origin, shared, serving }
    }

    /// Its address, which takes the place of all hosts of the service.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// What it remembers.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.shared.world.lock().unwrap()
    }

    /// The next call of the API gets this answer, and is not carried out.
    pub(crate) fn fail_next(&self, fault: Fault) {
        self.shared.faults.lock().unwrap().push_back(fault);
    }

    /// The requests since the last look.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        std::mem::take(&mut self.shared.seen.lock().unwrap())
    }
}

impl Drop for ChatworkServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn handle(State(shared): State<Arc<Shared>>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MOST).await else {
        return Fault::says(413, "Request too large").reply().into_response();
    };
    let call = Call::new(&parts, &body);
    shared.seen.lock().unwrap().push(Seen {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
        body,
    });
    if call.path.starts_with("/v2/") {
        let fault = shared.faults.lock().unwrap().pop_front();
        if let Some(fault) = fault {
            return fault.reply().into_response();
        }
    }
    let (reply, waiting) = {
        let mut world = shared.world.lock().unwrap();
        let reply = routes::answer(&mut world, &call);
        (reply, world.webhooks.take())
    };
    send(&shared, waiting);
    reply.into_response()
}

/// Sends events beside the answer. Each is tried once: the service never repeats one.
fn send(shared: &Arc<Shared>, waiting: Vec<Delivery>) {
    for Delivery { url, signature, body } in waiting {
        let sender = shared.sender.clone();
        tokio::spawn(async move {
            let request = sender
                .post(&url)
                .header(header::CONTENT_TYPE, "application/json")
                .header(header::USER_AGENT, "ChatWork-Webhook/1.0")
                .header("x-chatworkwebhooksignature", signature)
                .body(body);
            if let Err(error) = request.send().await {
                eprintln!("the event for {url} was not delivered: {error}");
            }
        });
    }
}
