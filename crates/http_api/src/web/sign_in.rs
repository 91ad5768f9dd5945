use std::{net::SocketAddr, sync::Arc};

use axum::{
    Extension,
    body::Bytes,
    extract::{ConnectInfo, State},
    response::{IntoResponse, Response},
};
use halyard_identity::{Error as Refused, SecretHash, end_session};
use http::{
    HeaderMap, HeaderValue, StatusCode, Uri,
    header::{LOCATION, RETRY_AFTER},
};
use minijinja::context;

use super::page::{Form, failed, message, page, refuse_foreign};
use crate::{
    App,
    kit::{
        session,
        sign_in::{check_password, start_session, still_right},
    },
};

/// Where to go when nobody has said it.
const HOME: &str = "/settings/applications";

/// The form; afterwards the browser goes on to `next`, an address of this server.
pub(crate) fn form(next: &str) -> Response {
    render(StatusCode::OK, next, "", "", "")
}

/// The form, for somebody whom an application has sent.
pub(crate) fn form_before(next: &str, application: &str) -> Response {
    render(StatusCode::OK, next, application, "", "")
}

fn render(
    status: StatusCode,
    next: &str,
    application: &str,
    email: &str,
    problem: &str,
) -> Response {
    page(status, "sign_in.html", context! { next, application, email, problem })
}

/// The page itself.
pub(super) async fn show(State(app): State<Arc<App>>, headers: HeaderMap, uri: Uri) -> Response {
    let next = local(&Form::of_query(&uri).get("next"));
    match session::person(&app, &headers).await {
        Ok(Some(_)) => go_on(&next),
        Ok(None) => form(&next),
        Err(error) => failed(&error),
    }
}

/// Checks the password and begins a session.
pub(super) async fn submit(
    State(app): State<Arc<App>>,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    headers: HeaderMap,
    uri: Uri,
    body: Bytes,
) -> Response {
    if let Some(refusal) = refuse_foreign(&app, &headers, &uri) {
        return refusal;
    }
    let fields = Form::parse(&body);
    let next = local(&fields.get("next"));
    let (application, email) = (fields.get("application"), fields.get("email"));
    let again = |status, problem| render(status, &next, &application, &email, problem);
    let peer = peer.map(|Extension(ConnectInfo(peer))| peer.ip().to_string()).unwrap_or_default();
    match begin(&app, &peer, email.clone(), fields.get("password")).await {
        Ok(secret) => {
            let mut response = go_on(&next);
            match session::begin(&mut response, &app, &secret) {
                Ok(()) => response,
                Err(error) => failed(&error),
            }
        }
        Err(Refused::WrongPassword) => {
            again(StatusCode::UNPROCESSABLE_ENTITY, "The address or the password is wrong.")
        }
        Err(Refused::TooManyAttempts(left_ms)) => {
            let mut response = again(
                StatusCode::TOO_MANY_REQUESTS,
                "Too many attempts. Wait a quarter of an hour.",
            );
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(left_ms / 1000 + 1));
            response
        }
        Err(error) => failed(&error),
    }
}

/// Ends the session.
pub(super) async fn end(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    uri: Uri,
    body: Bytes,
) -> Response {
    if let Some(refusal) = refuse_foreign(&app, &headers, &uri) {
        return refusal;
    }
    if let Some(secret) = session::find(&headers) {
        let secret = SecretHash::of(&secret);
        if let Err(error) = app.db.write(move |tx| end_session(tx, &secret)).await {
            return failed(&error);
        }
    }
    let mut response = match Form::parse(&body).get("next").as_str() {
        "" => message(StatusCode::OK, "Signed out", "This browser is signed out."),
        next => go_on(&local(next)),
    };
    match session::end(&mut response, &app) {
        Ok(()) => response,
        Err(error) => failed(&error),
    }
}

async fn begin(app: &App, peer: &str, email: String, password: String) -> Result<String, Refused> {
    let user = check_password(app, peer, email, password).await?;
    let (secret, clock) = (app.random.hex(32), app.clock.clone());
    let session = secret.clone();
    app.db
        .write(move |tx| -> Result<(), Refused> {
            still_right(tx, &user)?;
            start_session(tx, &user, &session, clock.now())
        })
        .await?;
    Ok(secret)
}

fn go_on(next: &str) -> Response {
    (StatusCode::SEE_OTHER, [(LOCATION, next)]).into_response()
}

/// An address of this server: nobody may use the sign-in to lead people elsewhere.
fn local(next: &str) -> String {
    let is_local = next.starts_with('/')
        && !next.starts_with("//")
        && next.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    if is_local { next.to_owned() } else { HOME.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sign_in_leads_nowhere_else() {
        assert_eq!(local("/oauth/authorize?a=b%20c"), "/oauth/authorize?a=b%20c");
        for foreign in
            ["", "https://evil.example", "//evil.example", "/\\evil.example", "/\r\nx: y"]
        {
            assert_eq!(local(foreign), HOME, "{foreign}");
        }
    }
}
