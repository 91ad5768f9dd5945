//! A server that tells what it was asked, pages through lists in every usual way, and redirects.

use std::collections::HashMap;

use axum::{
    Router,
    body::{Body, Bytes},
    http::{HeaderMap, HeaderName, HeaderValue, Method, Uri},
    response::Response,
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};

/// What the lists hold: 1 to this.
pub(super) const ITEMS: usize = 7;
/// What the file holds.
pub(super) const FILE: &[u8] = b"%PDF-1.7\n\x00\xff binary";

pub(super) struct Server {
    pub(super) base: String,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let routes = Router::new().fallback(answer);
        let task = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { base, task }
    }
}

async fn answer(method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let query: Vec<(String, String)> =
        form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
    let parameter =
        |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let number = |name: &str, otherwise: usize| {
        parameter(name).map_or(otherwise, |text| text.parse().unwrap())
    };
    let host = headers["host"].to_str().unwrap();
    let path: Vec<&str> = uri.path().split('/').skip(1).collect();
    match path.as_slice() {
        ["echo", ..] => {
            let seen: HashMap<&str, Vec<&str>> = headers
                .keys()
                .map(|name| {
                    let values = headers.get_all(name).iter().map(|value| value.to_str().unwrap());
                    (name.as_str(), values.collect())
                })
                .collect();
            let told = json!({
                "method": method.as_str(), "path": uri.path(), "query": query, "headers": seen,
                "body": String::from_utf8_lossy(&body), "size": body.len(),
            });
            reply(200, &[("content-type", "application/json"), ("x-told", "yes")], told.to_string())
        }
        ["status", status] => {
            let status = status.parse().unwrap();
            let kind = ("content-type", "application/json");
            reply(status, &[kind, ("retry-after", "7")], r#"{"message":"Not like this"}"#)
        }
        // Names of the parts of a form, with the names of their files.
        ["parts"] => {
            let text = String::from_utf8_lossy(&body).into_owned();
            let parts: Vec<&str> = text
                .lines()
                .filter_map(|line| line.strip_prefix("Content-Disposition: form-data; "))
                .collect();
            let told = json!({ "parts": parts, "text": text }).to_string();
            reply(200, &[("content-type", "application/json")], told)
        }
        ["cookie", "then", next] => {
            let target = format!("/{next}");
            reply(302, &[("location", &target), ("set-cookie", "moved=1; Path=/")], "")
        }
        ["cookie"] => {
            let kind = ("content-type", "application/json");
            reply(200, &[kind, ("set-cookie", "session=s3ss; Path=/")], "{}")
        }
        // Comes only after everybody has gone.
        ["never"] => std::future::pending().await,
        ["redirect", "0"] => reply(200, &[("content-type", "text/plain")], "here"),
        ["redirect", left] => {
            let left: u32 = left.parse().unwrap();
            // One step after the other is a relative address.
            let target = match left % 3 {
                0 => format!("http://{host}/redirect/{}", left - 1),
                1 => format!("/redirect/{}", left - 1),
                _ => format!("{}", left - 1),
            };
            reply(302, &[("location", &target)], "")
        }
        ["file", ..] => {
            let named = [
                ("content-type", "application/pdf"),
                ("content-disposition", "attachment; filename=\"May report.pdf\""),
            ];
            let headers = if path.len() > 2 { &named[..1] } else { &named[..] };
            reply(200, headers, FILE.to_vec())
        }
        ["pages", kind] => pages(kind, &number, parameter("cursor"), host),
        _ => reply(404, &[("content-type", "application/json")], r#"{"message":"No such page"}"#),
    }
}

fn pages(
    kind: &str,
    number: &dyn Fn(&str, usize) -> usize,
    cursor: Option<&str>,
    host: &str,
) -> Response {
    const SIZE: usize = 3;
    let (size, from) = match kind {
        "offset" => (number("limit", SIZE), number("offset", 0)),
        "cursor" => (SIZE, cursor.map_or(0, |cursor| cursor[1..].parse().unwrap())),
        _ => (SIZE, (number("page", 1) - 1) * SIZE),
    };
    let items: Vec<Value> =
        (from + 1..=ITEMS.min(from + size)).map(|id| json!({ "id": id })).collect();
    let next = from + size;
    let more = next < ITEMS;
    let page = next / SIZE + 1;
    let json = ("content-type", "application/json");
    match kind {
        "header" => {
            let link = format!("</pages/header?page={page}>; rel=\"next\"");
            let headers = [json, ("link", link.as_str())];
            reply(200, if more { &headers } else { &headers[..1] }, Value::from(items).to_string())
        }
        "body" => {
            let next = more.then(|| format!("http://{host}/pages/body?page={page}"));
            reply(200, &[json], json!({ "data": items, "links": { "next": next } }).to_string())
        }
        "cursor" => {
            let next = more.then(|| format!("c{next}"));
            reply(200, &[json], json!({ "data": items, "meta": { "next": next } }).to_string())
        }
        _ => reply(200, &[json], json!({ "data": items }).to_string()),
    }
}

fn reply(status: u16, headers: &[(&'static str, &str)], body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status.try_into().unwrap();
    for (name, value) in headers {
        let value = HeaderValue::from_str(value).unwrap();
        response.headers_mut().insert(HeaderName::from_static(name), value);
    }
    response
}
