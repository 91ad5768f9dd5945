//! Requests as clients send them, and what is read from them.

mod bodies;
mod declared;
mod spellings;
mod uploads;

use axum::body::Body;
use halyard_platform::blobs::Blobs;
use http::Request;
use http::request::Parts;

use super::{Params, ReadError, ReadLimits};

pub(super) const LIMITS: ReadLimits = ReadLimits { body: 10_000, upload: 100_000 };

pub(super) const JSON: &str = "application/json";
pub(super) const FORM: &str = "application/x-www-form-urlencoded";
pub(super) const MULTIPART: &str = "multipart/form-data; boundary=XX";

/// The head of a POST with this query string and content type; an empty type sends no header.
pub(super) fn head(query: &str, content_type: &str) -> Parts {
    let mut request = Request::post(format!("/api/v3/threads/add?{query}"));
    if !content_type.is_empty() {
        request = request.header("Content-Type", content_type);
    }
    request.body(()).unwrap().into_parts().0
}

pub(super) async fn read(
    query: &str,
    content_type: &str,
    body: impl Into<Body>,
) -> Result<Params, ReadError> {
    Params::read(&head(query, content_type), body.into(), &LIMITS, None).await
}

pub(super) async fn read_upload(
    blobs: &Blobs,
    content_type: &str,
    body: impl Into<Body>,
) -> Result<Params, ReadError> {
    Params::read(&head("", content_type), body.into(), &LIMITS, Some(blobs)).await
}

/// A multipart body with the boundary `XX`; each part is its headers and its content.
pub(super) fn multipart(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (headers, content) in parts {
        body.extend_from_slice(format!("--XX\r\n{headers}\r\n\r\n").as_bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--XX--\r\n");
    body
}

pub(super) fn store() -> (tempfile::TempDir, Blobs) {
    let scratch = tempfile::tempdir().unwrap();
    let blobs = Blobs::open(scratch.path()).unwrap();
    (scratch, blobs)
}
