use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use axum::{
    Router,
    extract::{Request, State},
    middleware::{self, Next},
    response::Response,
};
use http::{HeaderName, HeaderValue};
use metrics::{counter, histogram};
use tracing::Instrument;

use crate::App;

/// The header that names a request in the logs, taken from the client or made here.
static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Names the route of an answer in the metrics; set by the dispatchers.
#[derive(Clone, Copy)]
pub(crate) struct Route(pub(crate) &'static str);

/// Gives every request an id, a log line and its place in the metrics.
pub(crate) fn layer(routes: Router, app: &Arc<App>) -> Router {
    let ids = Ids { start: app.random.hex(6), next: AtomicU64::new(0), app: app.clone() };
    routes.layer(middleware::from_fn_with_state(Arc::new(ids), observe))
}

/// Request ids: random at the start of the process, then counted.
struct Ids {
    start: String,
    next: AtomicU64,
    app: Arc<App>,
}

async fn observe(State(ids): State<Arc<Ids>>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    ids.app.settings.proxies.settle(&mut request);
    let id = request.headers().get(&REQUEST_ID).filter(|id| is_harmless(id)).cloned();
    let id = id.unwrap_or_else(|| {
        let text = format!("{}-{}", ids.start, ids.next.fetch_add(1, Ordering::Relaxed));
        HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("none"))
    });
    let span = tracing::debug_span!("request", id = id.to_str().unwrap_or_default());
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let mut response = next.run(request).instrument(span.clone()).await;
    let status = response.status().as_u16();
    let time = started.elapsed();
    let route = response.extensions().get::<Route>().map_or("other", |route| route.0);
    histogram!("halyard_http_request_seconds", "route" => route).record(time);
    counter!("halyard_http_requests_total", "route" => route, "status" => class(status))
        .increment(1);
    let _entered = span.enter();
    if status >= 500 {
        tracing::error!(%method, path, status, duration_us = time.as_micros() as u64, "request");
    } else {
        tracing::debug!(%method, path, status, duration_us = time.as_micros() as u64, "request");
    }
    response.headers_mut().insert(REQUEST_ID.clone(), id);
    response
}

/// A client's id goes into the logs: only short plain text does.
fn is_harmless(id: &HeaderValue) -> bool {
    let bytes = id.as_bytes();
    bytes.len() <= 64 && bytes.iter().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(b))
}

fn class(status: u16) -> &'static str {
    match status {
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        _ => "5xx",
    }
}
