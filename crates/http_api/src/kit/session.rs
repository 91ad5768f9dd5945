//! The session of a browser: a cookie that only this server reads.

use axum::response::Response;
use halyard_identity::{
    Credentials, Error, SESSION_DAYS, SecretHash, User, authenticate, load_user,
};
use http::{HeaderMap, HeaderValue, header, header::InvalidHeaderValue};

use crate::App;

/// Name of the session cookie: our decision, the vendor documents none.
pub(crate) const COOKIE: &str = "halyard_session";

/// The secret of the session that a request names.
pub(crate) fn find(headers: &HeaderMap) -> Option<String> {
    let values = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut cookies = values.flat_map(|value| value.split(';'));
    cookies.find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        (name == COOKIE && !value.is_empty()).then(|| value.to_owned())
    })
}

/// What the session of a request proves.
pub(crate) fn credentials(headers: &HeaderMap) -> Credentials {
    match find(headers) {
        Some(secret) => Credentials::Session(SecretHash::of(&secret)),
        None => Credentials::None,
    }
}

/// Who has signed in with the browser that sends this.
///
/// # Errors
/// Those of the store; no session, or one that has ended, is none.
pub(crate) async fn person(app: &App, headers: &HeaderMap) -> Result<Option<User>, Error> {
    let credentials = credentials(headers);
    if credentials == Credentials::None {
        return Ok(None);
    }
    let clock = app.clock.clone();
    let found = app.db.read(move |tx| -> Result<User, Error> {
        let principal = authenticate(tx, &credentials, clock.now())?;
        load_user(tx, principal.user)
    });
    match found.await {
        Ok(user) => Ok(Some(user)),
        Err(Error::InvalidToken) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Gives the browser a session.
pub(crate) fn begin(
    response: &mut Response,
    app: &App,
    secret: &str,
) -> Result<(), InvalidHeaderValue> {
    set(response, app, secret, SESSION_DAYS * 86_400)
}

/// Takes the session from the browser.
pub(crate) fn end(response: &mut Response, app: &App) -> Result<(), InvalidHeaderValue> {
    set(response, app, "", 0)
}

fn set(
    response: &mut Response,
    app: &App,
    value: &str,
    max_age_s: i64,
) -> Result<(), InvalidHeaderValue> {
    let url = app.settings.public_url.as_deref().unwrap_or_default();
    let secure = if url.starts_with("https://") { "; Secure" } else { "" };
    let cookie =
        format!("{COOKIE}={value}; HttpOnly; SameSite=Lax; Path=/; Max-Age={max_age_s}{secure}");
    response.headers_mut().insert(header::SET_COOKIE, HeaderValue::try_from(cookie)?);
    Ok(())
}
