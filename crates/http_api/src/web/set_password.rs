use std::sync::Arc;

use axum::{body::Bytes, extract::State, response::Response};
use halyard_identity::{self as identity, Error, Purpose, SecretHash, TokenKind};
use http::{HeaderMap, StatusCode, Uri};
use minijinja::context;

use super::page::{Form, code_in, failed, message, page, refuse_foreign};
use crate::App;

/// The form, for whoever has the code of a mail.
pub(super) async fn show(State(app): State<Arc<App>>, uri: Uri) -> Response {
    let code = code_in(&uri);
    match owner(&app, &code).await {
        Ok(email) => form(StatusCode::OK, &code, &email, ""),
        Err(error) => refusal(&error),
    }
}

/// Sets the password. Sessions and other codes of the person end.
pub(super) async fn submit(
    State(app): State<Arc<App>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Some(refusal) = refuse_foreign(&app, &headers, &uri) {
        return refusal;
    }
    let fields = Form::parse(&body);
    let code = fields.get("code");
    // Asked before the password is hashed, which takes time that not everybody may take.
    let email = match owner(&app, &code).await {
        Ok(email) => email,
        Err(error) => return refusal(&error),
    };
    match set(&app, &code, fields.get("password")).await {
        Ok(()) => {
            let text = "Your new password is set. Sign in with it; older sessions have ended.";
            message(StatusCode::OK, "Done", text)
        }
        Err(Error::PasswordTooShort) => {
            form(StatusCode::UNPROCESSABLE_ENTITY, &code, &email, "Use at least 8 characters.")
        }
        Err(Error::Invalid { .. }) => {
            form(StatusCode::UNPROCESSABLE_ENTITY, &code, &email, "Use at most 1024 bytes.")
        }
        Err(error) => refusal(&error),
    }
}

fn form(status: StatusCode, code: &str, email: &str, problem: &str) -> Response {
    let min_password = identity::MIN_PASSWORD_LENGTH;
    page(status, "password.html", context! { code, email, problem, min_password })
}

fn refusal(error: &Error) -> Response {
    match error {
        Error::InvalidToken => message(
            StatusCode::FORBIDDEN,
            "This address does not work",
            "It works once and for a limited time. Ask for a new mail.",
        ),
        other => failed(other),
    }
}

/// The address of the person whose code it is.
async fn owner(app: &App, code: &str) -> Result<String, Error> {
    let (hash, now) = (SecretHash::of(code), app.clock.now());
    app.db
        .read(move |tx| -> Result<String, Error> {
            let user = identity::inspect_code(tx, Purpose::Password, &hash, now)?;
            Ok(identity::load_user(tx, user.ok_or(Error::InvalidToken)?)?.email)
        })
        .await
}

async fn set(app: &App, code: &str, password: String) -> Result<(), Error> {
    let password_hash = app.passwords.hash(password).await?;
    let (code, clock) = (SecretHash::of(code), app.clock.clone());
    app.db
        .write(move |tx| -> Result<(), Error> {
            let user = identity::redeem_code(tx, Purpose::Password, &code, clock.now())?
                .ok_or(Error::InvalidToken)?;
            identity::set_password(tx, user, &password_hash)?;
            identity::revoke_all_tokens(tx, user, TokenKind::Session)?;
            identity::forget_codes(tx, user)
        })
        .await
}
