//! One attempt at one delivery.

use std::time::Duration;

use bytes::Bytes;
use halyard_messaging::subscription::{self, Delivery, End, Outcome, Subscription};
use halyard_platform::outbound::{
    self, Limits, Method, Request, Response, Take, Unencrypted,
    header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
};

use super::{BODY_TIME, integration::Telling, sign::sign};
use crate::App;

/// Bytes that are kept: of the body of the answer, and of its headers.
const BODY: usize = 1024;
const HEADERS: usize = 2048;

/// What is sent.
pub(super) struct Prepared {
    pub(super) delivery: Delivery,
    pub(super) body: Bytes,
    pub(super) content_type: &'static str,
    /// For an installed integration.
    pub(super) telling: Option<Telling>,
}

/// The name of a delivery for its target: the same for every attempt.
pub(super) fn id_of(delivery: &Delivery, subscription: i64) -> String {
    subscription::webhook_id(delivery.event_id, delivery.id, subscription)
}

/// Sends a delivery and says how that went; answers also what came back, if it was a success.
pub(super) async fn send(
    app: &App,
    subscription: &Subscription,
    prepared: &Prepared,
) -> (Outcome, Option<Response>) {
    let started_at = app.clock.now();
    let began = tokio::time::Instant::now();
    let mut outcome = Outcome {
        subscription: subscription.id,
        delivery: prepared.delivery.id,
        started_at,
        took: 0,
        request: String::new(),
        response_status: None,
        response: None,
        end: End::Failed(String::new()),
    };
    let time = app.settings.hook_time;
    let request = match request(subscription, prepared, started_at.div_euclid(1000), time) {
        Ok(request) => request,
        Err(error) => {
            outcome.end = End::Failed(error.to_string());
            return (outcome, None);
        }
    };
    outcome.request = head(&request);
    let answer = app.outbound.send(request).await;
    outcome.took = i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX);
    match answer {
        Ok(response) => {
            let status = response.status.as_u16();
            outcome.response_status = Some(i64::from(status));
            outcome.response = Some(shown(&response));
            outcome.end = match status {
                200..=299 => End::Delivered,
                410 => End::Gone,
                300..=399 => End::Failed(format!(
                    "the target answered {status}; redirects are not followed, use the final address"
                )),
                _ => End::Failed(format!("the target answered {status}")),
            };
            let answer = (outcome.end == End::Delivered).then_some(response);
            (outcome, answer)
        }
        Err(error) => {
            outcome.end = End::Failed(told(&error));
            (outcome, None)
        }
    }
}

fn request(
    subscription: &Subscription,
    prepared: &Prepared,
    timestamp: i64,
    time: Duration,
) -> Result<Request, outbound::Error> {
    let mut request = Request::new(Method::POST, outbound::url(&subscription.target_url)?);
    request.limits = Limits { head: time, whole: time + BODY_TIME };
    request.take = Take::Start(64 * BODY);
    request.unencrypted = Unencrypted::Listed;
    request.body = prepared.body.clone();
    let id = id_of(&prepared.delivery, subscription.id);
    let signature = sign(&subscription.secret, &id, timestamp, &prepared.body);
    let headers = &mut request.headers;
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(prepared.content_type));
    let mut put = |name: &'static str, value: String| {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    put("webhook-id", id);
    put("webhook-timestamp", timestamp.to_string());
    put("webhook-signature", signature);
    Ok(request)
}

fn head(request: &Request) -> String {
    let mut text = format!("{} {}\n", request.method, request.url.path());
    write_headers(&mut text, &request.headers);
    text
}

fn shown(response: &Response) -> String {
    let mut text = String::new();
    write_headers(&mut text, &response.headers);
    if !response.body.is_empty() {
        text.push('\n');
        let start = &response.body[..response.body.len().min(BODY)];
        // A database may refuse the character that ends strings in other languages.
        text.push_str(&String::from_utf8_lossy(start).replace('\0', " "));
    }
    text
}

fn write_headers(text: &mut String, headers: &HeaderMap) {
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        if text.len() + name.as_str().len() + value.len() > HEADERS {
            text.push_str("…\n");
            return;
        }
        text.push_str(name.as_str());
        text.push_str(": ");
        text.push_str(&value);
        text.push('\n');
    }
}

/// A failure in words for the owner of the subscription, who need not know which addresses the
/// names of the operator's network have.
pub(in crate::twist) fn told(error: &outbound::Error) -> String {
    use outbound::Error as Cause;
    match error {
        Cause::Forbidden { host, why, .. } => {
            format!("{host} has an address that is {why}; the operator has not allowed it")
        }
        Cause::Unencrypted { host, .. } => {
            format!("{host} would be reached without encryption; use https://")
        }
        other => other.to_string(),
    }
}
