use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{HeaderName, HeaderValue, StatusCode},
    response::Response,
};
use halyard_automation::apps::ErrorType;
use tokio::{net::TcpListener, task::JoinHandle};

/// A way in which a service fails.
#[derive(Clone)]
pub(crate) struct Fault {
    /// The check that it belongs to: `4xx`, `429`, `5xx`.
    pub(crate) check: &'static str,
    /// The answer to whatever is asked.
    pub(crate) status: u16,
    /// Its header lines besides the content type, which is JSON.
    pub(crate) headers: Vec<(&'static str, &'static str)>,
    /// Its body, as the service words it.
    pub(crate) body: String,
    /// What the app must make of it.
    pub(crate) kind: ErrorType,
    /// What the words of the app's error must hold.
    pub(crate) says: &'static str,
    /// How long the app must say to wait, in seconds.
    pub(crate) retry_after: Option<u64>,
}

/// A server that fails at whatever it is asked.
pub(crate) struct FaultServer {
    pub(crate) base_url: String,
    fault: Arc<Mutex<Option<Fault>>>,
    serving: JoinHandle<()>,
}

impl FaultServer {
    /// Starts it on loopback.
    pub(crate) async fn start() -> Self {
        let fault = Arc::new(Mutex::new(None));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let routes = Router::new().fallback(fail).with_state(Arc::clone(&fault));
        let serving = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { base_url, fault, serving }
    }

    /// What it answers from now on.
    pub(crate) fn set(&self, fault: &Fault) {
        *self.fault.lock().unwrap() = Some(fault.clone());
    }
}

impl Drop for FaultServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn fail(State(fault): State<Arc<Mutex<Option<Fault>>>>) -> Response {
    let fault = fault.lock().unwrap().clone().expect("a test sets the fault first");
    let mut response = Response::new(Body::from(fault.body));
    *response.status_mut() = StatusCode::from_u16(fault.status).unwrap();
    let json = ("content-type", "application/json");
    for (name, value) in [json].into_iter().chain(fault.headers) {
        let name = HeaderName::from_static(name);
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
