//! Errors of the calls for programs, in the shape of the vendor and that of the standard at once.

use axum::{body::Body, response::Response};
use halyard_identity::Error as Refused;
use halyard_platform::{db, random::Random};
use http::{
    HeaderValue, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
};
use serde_json::json;

/// Why a call failed.
#[derive(Debug)]
pub(super) struct Error {
    status: StatusCode,
    /// `error`: the vendor's names, but those of RFC 7591 at the registration.
    name: &'static str,
    /// The vendor's number of it.
    code: u16,
    /// The standard's name, when `name` is the vendor's.
    standard: Option<&'static str>,
    reason: String,
    /// The credentials came in the header, so the answer has to ask for them there.
    basic: bool,
    retry_after_s: Option<i64>,
    /// For the log only.
    internal: Option<String>,
}

impl Error {
    fn new(status: StatusCode, name: &'static str, code: u16, reason: impl Into<String>) -> Self {
        Self {
            status,
            name,
            code,
            standard: None,
            reason: reason.into(),
            basic: false,
            retry_after_s: None,
            internal: None,
        }
    }

    /// The request is malformed or asks for something that does not exist; `standard` is the name
    /// that RFC 6749 has for it.
    pub(super) fn bad_request(standard: &'static str, reason: impl Into<String>) -> Self {
        let error = Self::new(StatusCode::BAD_REQUEST, "BAD_REQUEST", 114, reason);
        Self { standard: Some(standard), ..error }
    }

    /// The program is not the one that it says.
    pub(super) fn unknown_client(basic: bool) -> Self {
        let reason = "client_id or client_secret is wrong";
        let error = Self::new(StatusCode::UNAUTHORIZED, "FORBIDDEN", 109, reason);
        Self { standard: Some("invalid_client"), basic, ..error }
    }

    /// What a program says about itself cannot be stored (RFC 7591).
    pub(super) fn metadata(name: &'static str, reason: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, name, 114, reason)
    }

    /// A failure of ours.
    pub(super) fn internal(details: impl std::fmt::Display) -> Self {
        let reason = "internal error; its id is in the log of the server";
        let error = Self::new(StatusCode::INTERNAL_SERVER_ERROR, "SERVER_ERROR", 201, reason);
        Self { internal: Some(details.to_string()), ..error }
    }

    /// The answer.
    pub(super) fn into_response(self, random: &Random) -> Response {
        let id = random.hex(16);
        if let Some(details) = &self.internal {
            tracing::error!(error_id = id, details, "internal error");
        }
        let text = match self.standard {
            Some(standard) => format!("{standard}: {}", self.reason),
            None => self.reason,
        };
        let body = json!({
            "error": self.name,
            "error_message": text,
            "error_description": text,
            "error_code": self.code,
            "error_string": text,
            "error_extra": {},
            "error_uuid": id,
        });
        let mut response = json_answer(self.status, &body);
        let headers = response.headers_mut();
        if self.basic {
            let realm = HeaderValue::from_static("Basic realm=\"oauth\"");
            headers.insert(WWW_AUTHENTICATE, realm);
        }
        if let Some(seconds) = self.retry_after_s {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// An answer that nobody keeps: it may hold a secret.
pub(super) fn json_answer(status: StatusCode, body: &serde_json::Value) -> Response {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("pragma", HeaderValue::from_static("no-cache"));
    response
}

impl std::fmt::Display for Error {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.reason)
    }
}

impl From<db::Error> for Error {
    fn from(error: db::Error) -> Self {
        let retry_after_s = match error {
            db::Error::Busy | db::Error::Conflict(_) => 1,
            db::Error::Closed => 2,
            db::Error::DiskFull => 30,
            other => return Self::internal(other),
        };
        let reason = "the server cannot take this now; nothing was done";
        let error = Self::new(StatusCode::SERVICE_UNAVAILABLE, "SERVER_ERROR", 201, reason);
        Self { retry_after_s: Some(retry_after_s), ..error }
    }
}

impl From<Refused> for Error {
    fn from(error: Refused) -> Self {
        match error {
            Refused::TooManyAttempts(left_ms) => {
                let reason = "too many requests; try again later";
                let error = Self::new(StatusCode::TOO_MANY_REQUESTS, "BAD_REQUEST", 114, reason);
                Self { retry_after_s: Some(left_ms / 1000 + 1), ..error }
            }
            Refused::Store(error) => error.into(),
            Refused::NameInvalid => {
                Self::metadata("invalid_client_metadata", "client_name: 1 to 255 characters")
            }
            Refused::Invalid { field: "redirect_uris", expected } => {
                Self::metadata("invalid_redirect_uri", format!("redirect_uris: {expected}"))
            }
            Refused::Invalid { field, expected } => {
                Self::metadata("invalid_client_metadata", format!("{field}: {expected}"))
            }
            other => Self::internal(other),
        }
    }
}
