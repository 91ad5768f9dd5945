//! Requests as the API reads them, and its answers.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Method, Uri},
    response::Response,
};
use base64::Engine as _;
use serde_json::{Value, json};

use super::world::{API_KEY, API_SECRET, AUTH_TOKEN, account};

/// A request that was made.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    /// The parameters of the query, and of the body where it is a form, in their order.
    pub(crate) parameters: Vec<(String, String)>,
    pub(crate) content_type: Option<String>,
}

impl Asked {
    /// The value of a parameter; of several the last.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        let mut found = self.parameters.iter().rev().filter(|(key, _)| key == name);
        found.next().map(|(_, value)| value.as_str())
    }
}

/// A request.
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) host: String,
    credentials: Option<(String, String)>,
    query: Vec<(String, String)>,
    form: Vec<(String, String)>,
    content_type: Option<String>,
}

impl Request {
    pub(super) fn new(method: Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Self {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let pairs = |bytes: &[u8]| form_urlencoded::parse(bytes).into_owned().collect::<Vec<_>>();
        let credentials = header("authorization")
            .and_then(|value| value.strip_prefix("Basic "))
            .and_then(|value| base64::engine::general_purpose::STANDARD.decode(value).ok())
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .and_then(|text| text.split_once(':').map(|(a, b)| (a.to_owned(), b.to_owned())));
        let content_type = header("content-type").map(str::to_owned);
        // A body of another type counts as no parameters at all.
        let is_form = content_type
            .as_deref()
            .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
        Self {
            method,
            path: uri.path().to_owned(),
            host: header("host").unwrap_or_default().to_owned(),
            credentials,
            query: pairs(uri.query().unwrap_or_default().as_bytes()),
            form: if is_form { pairs(body) } else { Vec::new() },
            content_type,
        }
    }

    pub(super) fn asked(&self) -> Asked {
        Asked {
            method: self.method.to_string(),
            path: self.path.clone(),
            parameters: [self.query.clone(), self.form.clone()].concat(),
            content_type: self.content_type.clone(),
        }
    }

    /// Whether the account, or a key of it, asks.
    pub(super) fn authenticate(&self) -> Result<(), Refusal> {
        match &self.credentials {
            Some((user, password))
                if (*user == account() && password == AUTH_TOKEN)
                    || (user == API_KEY && password == API_SECRET) =>
            {
                Ok(())
            }
            _ => Err(Refusal::unauthorized()),
        }
    }

    /// Refuses other methods.
    pub(super) fn only(&self, methods: &[Method]) -> Result<(), Refusal> {
        if methods.contains(&self.method) {
            Ok(())
        } else {
            Err(Refusal::new(405, 20004, "Method not allowed"))
        }
    }

    /// A parameter of the query (GET) or of the form (POST); of several the last. Empty ones count as
    /// missing, except where [`given`](Self::given) is asked.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.given(name).filter(|value| !value.is_empty())
    }

    /// As [`parameter`](Self::parameter), with empty values.
    pub(super) fn given(&self, name: &str) -> Option<&str> {
        let mut found = self.parameters().iter().rev().filter(|(key, _)| key == name);
        found.next().map(|(_, value)| value.as_str())
    }

    /// All values of a parameter.
    pub(super) fn all(&self, name: &str) -> Vec<&str> {
        let found = self.parameters().iter().filter(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str()).collect()
    }

    /// All parameters in their order.
    pub(super) fn parameters(&self) -> &[(String, String)] {
        if self.method == Method::POST { &self.form } else { &self.query }
    }
}

/// An answer.
pub(super) struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    page: bool,
}

impl Reply {
    fn json(status: u16, body: &Value) -> Self {
        Self {
            status,
            headers: vec![("content-type", "application/json;charset=utf-8".to_owned())],
            body: body.to_string().into_bytes(),
            page: false,
        }
    }

    pub(super) fn ok(body: &Value) -> Self {
        Self::json(200, body)
    }

    pub(super) fn created(body: &Value) -> Self {
        Self::json(201, body)
    }

    pub(super) fn page(body: &Value) -> Self {
        Self { page: true, ..Self::json(200, body) }
    }

    pub(super) fn deleted() -> Self {
        Self { status: 204, headers: Vec::new(), body: Vec::new(), page: false }
    }

    pub(super) fn bytes(content_type: &'static str, body: Vec<u8>) -> Self {
        let headers = vec![("content-type", content_type.to_owned())];
        Self { status: 200, headers, body, page: false }
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self.headers.push((name, value.into()));
        self
    }

    /// A body that is no error of the API, as a broken proxy sends it.
    pub(super) fn raw(status: u16, content_type: &'static str, body: &str) -> Self {
        Self { status, ..Self::bytes(content_type, body.as_bytes().to_vec()) }
    }

    pub(super) fn is_page(&self) -> bool {
        self.page
    }

    pub(super) fn into_response(self, head: bool) -> Response {
        let mut response = Response::new(if head { Body::empty() } else { self.body.into() });
        *response.status_mut() = self.status.try_into().unwrap();
        for (name, value) in self.headers {
            let value = HeaderValue::try_from(value).unwrap();
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
        response
    }
}

/// A refusal with the vendor's code.
#[derive(Debug)]
pub(super) struct Refusal {
    status: u16,
    code: u32,
    message: String,
}

impl Refusal {
    pub(super) fn new(status: u16, code: u32, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    /// One for a parameter.
    pub(super) fn bad(code: u32, message: impl Into<String>) -> Self {
        Self::new(400, code, message)
    }

    pub(super) fn unauthorized() -> Self {
        Self::new(401, 20003, "Authenticate")
    }

    pub(super) fn not_found(path: &str) -> Self {
        Self::new(404, 20404, format!("The requested resource {path} was not found"))
    }

    pub(super) fn reply(self) -> Reply {
        let Self { status, code, message } = self;
        let mut body = json!({
            "code": code,
            "message": message,
            "more_info": format!("https://www.twilio.com/docs/errors/{code}"),
            "status": status,
        });
        if status == 401 {
            body["detail"] = json!("");
            return Reply::json(status, &body)
                .with("www-authenticate", "Basic realm=\"Twilio API\"");
        }
        Reply::json(status, &body)
    }
}
