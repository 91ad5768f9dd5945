//! How the server's own pages are rendered, protected and read back.

use std::sync::LazyLock;

use axum::{
    body::Bytes,
    response::{IntoResponse, Response},
};
use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode, Uri,
    header::{
        CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ORIGIN, REFERRER_POLICY,
        X_CONTENT_TYPE_OPTIONS,
    },
};
use minijinja::{Environment, Value};

use crate::{App, kit::origin::is_same_origin};

static TEMPLATES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut templates = Environment::new();
    for (name, source) in [
        ("layout.html", include_str!("layout.html")),
        ("setup.html", include_str!("setup.html")),
        ("setup_done.html", include_str!("setup_done.html")),
        ("join.html", include_str!("join.html")),
        ("installation.html", include_str!("installation.html")),
        ("password.html", include_str!("password.html")),
        ("message.html", include_str!("message.html")),
        ("unsubscribe.html", include_str!("unsubscribe.html")),
        ("sign_in.html", include_str!("sign_in.html")),
        ("consent.html", include_str!("consent.html")),
        ("applications.html", include_str!("applications.html")),
    ] {
        templates.add_template(name, source).expect("a template of this program");
    }
    templates
});

/// Nothing but our own style sheet, no foreign frame around it, forms that go to us.
const POLICY: &str = "default-src 'none'; style-src 'self'; form-action 'self'; \
                      base-uri 'none'; frame-ancestors 'none'";

/// These pages have one-time codes in their addresses and secrets in their bodies: nobody keeps
/// them, and no other site learns their address.
const HEADERS: [(HeaderName, &str); 5] = [
    (CONTENT_TYPE, "text/html; charset=utf-8"),
    (CACHE_CONTROL, "no-store"),
    (CONTENT_SECURITY_POLICY, POLICY),
    (REFERRER_POLICY, "same-origin"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

/// Renders a template.
pub(crate) fn page(status: StatusCode, template: &str, values: Value) -> Response {
    match TEMPLATES.get_template(template).and_then(|template| template.render(values)) {
        Ok(html) => (status, HEADERS, html).into_response(),
        Err(error) => {
            tracing::error!(%error, template, "a page cannot be rendered");
            (StatusCode::INTERNAL_SERVER_ERROR, HEADERS, "internal error").into_response()
        }
    }
}

/// Renders a template whose form may lead on to another site: browsers ask the policy about that.
pub(crate) fn page_leading_to(origin: &str, template: &str, values: Value) -> Response {
    let mut response = page(StatusCode::OK, template, values);
    let policy = POLICY.replace("form-action 'self'", &format!("form-action 'self' {origin}"));
    match HeaderValue::try_from(policy) {
        Ok(policy) => {
            response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
            response
        }
        Err(error) => failed(&error),
    }
}

/// A page that says one thing.
pub(crate) fn message(status: StatusCode, title: &str, text: &str) -> Response {
    page(status, "message.html", minijinja::context! { title, text })
}

/// What a failure of the store looks like; what happened goes to the log.
pub(crate) fn failed(error: &dyn std::error::Error) -> Response {
    tracing::error!(%error, "a page failed");
    let text = "Something went wrong on the server. Nothing was changed; try again in a minute.";
    message(StatusCode::SERVICE_UNAVAILABLE, "Not now", text)
}

/// Refuses a form that a foreign page has sent.
pub(crate) fn refuse_foreign(app: &App, headers: &HeaderMap, uri: &Uri) -> Option<Response> {
    let origin = headers.get(ORIGIN).and_then(|origin| origin.to_str().ok());
    // A proxy may hide the name under which the browser knows this server.
    let is_public = origin.is_some() && origin == app.settings.public_url.as_deref();
    if is_public || is_same_origin(headers, uri) {
        return None;
    }
    let text = "This form was not sent from a page of this server. Open its address again and \
                fill it in there.";
    Some(message(StatusCode::FORBIDDEN, "Not from here", text))
}

/// The fields of a form; of repeated ones the last counts.
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    pub(crate) fn parse(body: &Bytes) -> Self {
        Self(form_urlencoded::parse(body).into_owned().collect())
    }

    /// The fields of a query.
    pub(crate) fn of_query(uri: &Uri) -> Self {
        let query = uri.query().unwrap_or_default().as_bytes();
        Self(form_urlencoded::parse(query).into_owned().collect())
    }

    /// How often a field was sent.
    pub(crate) fn count(&self, name: &str) -> usize {
        self.0.iter().filter(|(key, _)| key == name).count()
    }

    /// A field, empty when it was not sent. Characters that no store can hold are taken out.
    pub(crate) fn get(&self, name: &str) -> String {
        let found = self.0.iter().rev().find(|(key, _)| key == name);
        found.map(|(_, value)| value.replace('\0', "")).unwrap_or_default()
    }
}

/// The field `code` of a query.
pub(crate) fn code_in(uri: &Uri) -> String {
    Form::of_query(uri).get("code")
}
