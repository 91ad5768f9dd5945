//! Several calls in one request. They are resolved here and never lead to another server.

use std::{fmt::Write, net::SocketAddr, sync::Arc};

use axum::{body::Body, extract::ConnectInfo, response::Response};
use futures_util::future::join_all;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Uri,
    header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, HOST, ORIGIN},
    request::Parts,
};
use http_body_util::BodyExt;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::{
    call::{Call, Place, json, serve},
    endpoint::Reply,
    error::{Code, Error},
};
use crate::{App, kit::params::List, params};

/// The call itself, which must not be inside of another.
pub(super) const PATH: &str = "batch";
/// Most requests of one batch (vendor documentation).
const MOST: usize = 10;
/// What cannot stand in an address as it is; clients leave it unescaped.
const UNSAFE: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'`').add(b'\\');

params! {
    /// Several calls.
    pub(crate) struct Batch {
        /// Up to ten objects with `method` (GET or POST), `url` (absolute; only path and query
        /// count) and, for POST, `body` (form-encoded text, or an object).
        requests: List,
        /// Make the calls at the same time instead of one after the other; false when not given.
        parallel: Option<bool>,
        /// The token of calls that bring none, when no header has it.
        token: Option<String>,
    }
}

/// What a batch hands on to its calls: who sends it, and from where.
pub(crate) struct Outer {
    headers: HeaderMap,
    peer: Option<ConnectInfo<SocketAddr>>,
}

impl Outer {
    pub(super) fn of(parts: &Parts) -> Self {
        let site = HeaderName::from_static("sec-fetch-site");
        // Settled before: it is there only when it is true.
        let proto = HeaderName::from_static("x-forwarded-proto");
        let mut headers = HeaderMap::new();
        for name in [AUTHORIZATION, COOKIE, HOST, ORIGIN, site, proto] {
            for value in parts.headers.get_all(&name) {
                headers.append(name.clone(), value.clone());
            }
        }
        Self { headers, peer: parts.extensions.get().copied() }
    }
}

/// One answer.
#[derive(Serialize)]
struct Answer {
    code: u16,
    headers: String,
    body: String,
}

pub(crate) async fn run(call: Call, p: Batch) -> Reply {
    let requests = p.requests.0;
    if requests.len() > MOST {
        return Err(Error::new(Code::BadRequest).because("a batch has at most 10 requests"));
    }
    let outer =
        call.outer.as_ref().ok_or_else(|| Error::internal("a batch without its request"))?;
    let inner = requests.iter().enumerate().map(|(place, request)| {
        // Repeating a batch repeats each of its calls.
        let key = call.idempotency_key.as_deref().map(|key| key_of(key, place));
        prepare(request, outer, p.token.as_deref(), key)
    });
    let inner: Vec<_> = inner.collect();
    let answers = if p.parallel.unwrap_or(false) {
        join_all(inner.into_iter().map(|request| answer(&call.app, request))).await
    } else {
        let mut answers = Vec::with_capacity(inner.len());
        for request in inner {
            answers.push(answer(&call.app, request).await);
        }
        answers
    };
    json(&answers.into_iter().collect::<Result<Vec<_>, _>>()?)
}

/// The idempotency key of one call of a batch.
fn key_of(key: &str, place: usize) -> String {
    Sha256::digest(format!("batch\n{key}\n{place}")).iter().fold(String::new(), |mut text, byte| {
        // Writing to a text cannot fail.
        write!(text, "{byte:02x}").ok();
        text
    })
}

/// Makes a request of its description.
fn prepare(
    request: &Map<String, Value>,
    outer: &Outer,
    token: Option<&str>,
    idempotency_key: Option<String>,
) -> Result<Request<Body>, Error> {
    let text = |name| request.get(name).and_then(Value::as_str);
    let url = text("url").ok_or_else(|| Error::missing("url"))?;
    let uri: Uri = target(url).parse().map_err(|_| Error::invalid("url", "an absolute address"))?;
    let method = match text("method").unwrap_or("GET") {
        get if get.eq_ignore_ascii_case("get") => Method::GET,
        post if post.eq_ignore_ascii_case("post") => Method::POST,
        _ => return Err(Error::invalid("method", "GET or POST")),
    };
    let (content_type, body) = match request.get("body") {
        _ if method == Method::GET => (None, String::new()),
        None | Some(Value::Null) => (None, String::new()),
        Some(Value::String(form)) => (Some("application/x-www-form-urlencoded"), form.clone()),
        Some(object @ Value::Object(_)) => (Some("application/json"), object.to_string()),
        Some(_) => return Err(Error::invalid("body", "form-encoded text")),
    };
    let mut headers = outer.headers.clone();
    let query = uri.query().unwrap_or_default().as_bytes();
    if form_urlencoded::parse(query).any(|(name, _)| name == "token") {
        // A call with a token of its own is not made with ours.
        headers.remove(AUTHORIZATION);
        headers.remove(COOKIE);
    } else if let (Some(token), None) = (token, headers.get(AUTHORIZATION)) {
        let bearer = HeaderValue::try_from(format!("Bearer {token}"));
        headers.insert(AUTHORIZATION, bearer.map_err(|_| Error::invalid("token", "a token"))?);
    }
    headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    if let Some(content_type) = content_type {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    if let Some(key) = idempotency_key {
        headers.insert("idempotency-key", HeaderValue::try_from(key).map_err(Error::internal)?);
    }
    let mut inner = Request::new(Body::from(body));
    *inner.method_mut() = method;
    *inner.uri_mut() = uri;
    *inner.headers_mut() = headers;
    if let Some(peer) = outer.peer {
        inner.extensions_mut().insert(peer);
    }
    Ok(inner)
}

/// Path and query of an address, whatever host it names.
fn target(url: &str) -> String {
    let url = url.trim();
    let url = url.split('#').next().unwrap_or_default();
    let path = match url.split_once("://") {
        // A question mark before it belongs to a query that has an address in it.
        Some((scheme, rest)) if !scheme.contains(['/', '?']) => {
            rest.find(['/', '?']).map_or("/", |at| &rest[at..])
        }
        _ => url,
    };
    let slash = if path.starts_with('/') { "" } else { "/" };
    format!("{slash}{}", utf8_percent_encode(path, UNSAFE))
}

/// Makes one call. What is wrong with it is its answer; an error is one of ours.
async fn answer(app: &Arc<App>, request: Result<Request<Body>, Error>) -> Result<Answer, Error> {
    let response = match request {
        Ok(request) => {
            let (parts, body) = request.into_parts();
            serve(app.clone(), parts, body, Place::Batch).await
        }
        Err(error) => error.into_response(&app.random),
    };
    describe(response).await
}

async fn describe(response: Response) -> Result<Answer, Error> {
    let (parts, body) = response.into_parts();
    let mut headers = String::new();
    for (name, value) in &parts.headers {
        let Ok(value) = value.to_str() else { continue };
        let line = if headers.is_empty() { "" } else { "\n" };
        // Writing to a text cannot fail.
        write!(headers, "{line}{}: {value}", titled(name.as_str())).ok();
    }
    let body = body.collect().await.map_err(Error::internal)?.to_bytes();
    let body = String::from_utf8(body.to_vec()).map_err(Error::internal)?;
    Ok(Answer { code: parts.status.as_u16(), headers, body })
}

/// `content-type` as people and older clients write it.
fn titled(name: &str) -> String {
    let mut start = true;
    let letters = name.chars().map(|letter| {
        let shown = if start { letter.to_ascii_uppercase() } else { letter };
        start = letter == '-';
        shown
    });
    letters.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_path_and_query_of_an_address_count() {
        for (url, expected) in [
            ("http://127.0.0.1:1/api/v3/threads/getone?id=1", "/api/v3/threads/getone?id=1"),
            ("https://api.twist.com/prefix/api/v2/x#part", "/prefix/api/v2/x"),
            ("https://api.twist.com?id=1", "/?id=1"),
            ("https://api.twist.com", "/"),
            ("/api/v3/x?u=https://a/b", "/api/v3/x?u=https://a/b"),
            ("api/v3/x", "/api/v3/x"),
            (
                "http://h/api/v3/search?query=a \"b\" 日",
                "/api/v3/search?query=a%20%22b%22%20%E6%97%A5",
            ),
        ] {
            assert_eq!(target(url), expected, "{url}");
            target(url).parse::<Uri>().expect(url);
        }
    }

    #[test]
    fn each_call_of_a_batch_has_its_own_key() {
        assert_ne!(key_of("k", 0), key_of("k", 1));
        assert_eq!(key_of("k", 0).len(), 64);
        assert_eq!(titled("retry-after"), "Retry-After");
    }
}
