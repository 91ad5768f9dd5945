//! A listener for the calls of a service to one address.

use std::{net::SocketAddr, time::Duration};

use anyhow::Context;
use axum::{
    Router,
    body::Body,
    extract::{DefaultBodyLimit, Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::any,
};
use halyard_automation::apps::run::{Answer, Incoming};
use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot},
};

/// Longest body of a call, in bytes.
const BODY_LIMIT: usize = 16 * 1024 * 1024;
/// Calls that wait to be looked at; more are told to come again.
const WAITING: usize = 1000;
/// How long a caller waits for its answer.
const PATIENCE: Duration = Duration::from_secs(40);

/// A call that has come in.
pub(crate) struct Call {
    /// What it says.
    pub(crate) incoming: Incoming,
    answer: oneshot::Sender<Answer>,
}

impl Call {
    /// Answers it. A caller that has gone away gets nothing.
    pub(crate) fn answer(self, answer: Answer) {
        self.answer.send(answer).ok();
    }
}

/// Listens for calls.
pub(crate) struct Hooks {
    /// Where the service has to send its calls to.
    pub(crate) address: String,
    /// What comes in, in its order.
    pub(crate) calls: mpsc::Receiver<Call>,
    server: tokio::task::JoinHandle<()>,
}

impl Drop for Hooks {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Hooks {
    /// Listens on `listen`; `public` is how others reach that, when it is not the same.
    pub(crate) async fn begin(
        listen: SocketAddr,
        public: Option<&str>,
        id: &str,
    ) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(listen)
            .await
            .with_context(|| format!("listen: cannot listen on {listen}"))?;
        let local = listener.local_addr()?;
        let base = match public {
            Some(public) => public.trim_end_matches('/').to_owned(),
            None => format!("http://{local}"),
        };
        let path = format!("/hook/{id}");
        let (say, calls) = mpsc::channel(WAITING);
        // A proxy in front may keep the path of its own public address.
        let below = halyard_platform::outbound::url(&base).context("public-url")?;
        let prefixed = format!("{}{path}", below.path().trim_end_matches('/'));
        let mut routes = Router::new().route(&path, any(take));
        if prefixed != path {
            routes = routes.route(&prefixed, any(take));
        }
        let routes = routes.layer(DefaultBodyLimit::max(BODY_LIMIT)).with_state(say);
        let server = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, routes).await {
                tracing::error!(%error, "listening for calls");
            }
        });
        Ok(Self { address: format!("{base}{path}"), calls, server })
    }
}

async fn take(State(say): State<mpsc::Sender<Call>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, BODY_LIMIT).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let headers = head.headers.iter().map(|(name, value)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    });
    let incoming = Incoming {
        method: head.method.to_string(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: headers.collect(),
        body,
    };
    let (answer, answered) = oneshot::channel();
    if say.try_send(Call { incoming, answer }).is_err() {
        return (StatusCode::SERVICE_UNAVAILABLE, "too many calls at once").into_response();
    }
    match tokio::time::timeout(PATIENCE, answered).await {
        Ok(Ok(answer)) => sent(answer),
        _ => (StatusCode::SERVICE_UNAVAILABLE, "nobody looks at this any more").into_response(),
    }
}

fn sent(answer: Answer) -> Response {
    let mut response = Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        response = response.header(name.as_str(), value.as_str());
    }
    let body = Body::from(answer.body);
    response.body(body).unwrap_or_else(|error| {
        tracing::warn!(%error, "the app's answer to a call cannot be sent");
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    })
}
