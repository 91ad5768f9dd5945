//! What endpoints answer, and how it looks on the wire.

use axum::{
    body::Body,
    http::{HeaderName, Response, StatusCode, header},
};
use serde_json::{Value, json};

/// What an endpoint has to say when all is well.
#[derive(Debug)]
pub(super) enum Answer {
    /// 200 with a body.
    Json(Value),
    /// 204: the thing is done, or the list is empty.
    Nothing,
}

impl Answer {
    /// A list of one of the endpoints that answer nothing instead of an empty list.
    pub(super) fn list(items: Vec<Value>) -> Self {
        if items.is_empty() { Self::Nothing } else { Self::Json(Value::Array(items)) }
    }
}

/// Why an endpoint does not do what it is asked for.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) text: String,
    /// For `www-authenticate`.
    pub(super) challenge: Option<&'static str>,
    /// When the limit that is exceeded begins anew, in Unix seconds.
    pub(super) reset: Option<i64>,
}

impl Refusal {
    fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Self { status, text: text.into(), challenge: None, reset: None }
    }

    pub(super) fn required(parameter: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, format!("Parameter '{parameter}' is required"))
    }

    pub(super) fn invalid(parameter: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, format!("Parameter '{parameter}' is invalid"))
    }

    /// The thing is not in a state for this.
    pub(super) fn conflict(text: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, text)
    }

    pub(super) fn unauthenticated(challenge: Option<&'static str>) -> Self {
        Self { challenge, ..Self::new(StatusCode::UNAUTHORIZED, "Invalid API Token") }
    }

    pub(super) fn forbidden(text: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, text)
    }

    /// The token lacks a scope. Words and challenge are our choice.
    pub(super) fn scope() -> Self {
        Self {
            challenge: Some("Bearer error=\"insufficient_scope\""),
            ..Self::forbidden("Insufficient scope")
        }
    }

    pub(super) fn unknown(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("{what} not found"))
    }

    pub(super) fn no_route() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Invalid Endpoint or HTTP method")
    }

    pub(super) fn limit(text: &str, reset: i64) -> Self {
        Self { reset: Some(reset), ..Self::new(StatusCode::TOO_MANY_REQUESTS, text) }
    }
}

/// A whole answer.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: Vec<(HeaderName, String)>,
    pub(super) body: Vec<u8>,
}

impl Reply {
    /// JSON as the service writes it: compact, with its own spelling of the type.
    pub(super) fn json(status: StatusCode, value: &Value) -> Self {
        let json = (header::CONTENT_TYPE, "application/json; charset=utf-8".to_owned());
        Self { status, headers: vec![json], body: value.to_string().into_bytes() }
    }

    pub(super) fn with(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(super) fn into_response(self) -> Response<Body> {
        let mut response = Response::builder().status(self.status);
        for (name, value) in self.headers {
            response = response.header(name, value);
        }
        response.body(self.body.into()).expect("the headers are our own, or checked by the test")
    }
}

impl From<Result<Answer, Refusal>> for Reply {
    fn from(outcome: Result<Answer, Refusal>) -> Self {
        match outcome {
            Ok(Answer::Json(value)) => Self::json(StatusCode::OK, &value),
            Ok(Answer::Nothing) => {
                Self { status: StatusCode::NO_CONTENT, headers: Vec::new(), body: Vec::new() }
            }
            Err(Refusal { status, text, challenge, .. }) => {
                let reply = Self::json(status, &json!({ "errors": [text] }));
                match challenge {
                    Some(challenge) => reply.with(header::WWW_AUTHENTICATE, challenge),
                    None => reply,
                }
            }
        }
    }
}
