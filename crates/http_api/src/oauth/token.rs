//! Tokens for codes, and the end of tokens.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    response::Response,
};
use halyard_identity::{
    Error as Refused, SecretHash,
    oauth::{Exchange, Outcome, by_client_id, exchange as exchange_code, revoke_token},
};
use http::StatusCode;
use serde_json::json;

use super::{
    client::{Attempt, Sent, authenticate},
    error::{Error, json_answer},
};
use crate::App;

/// Gives a token for a code. Tokens do not expire, so there is nothing to refresh.
pub(super) async fn exchange(State(app): State<Arc<App>>, request: Request) -> Response {
    give(&app, request).await.unwrap_or_else(|error| error.into_response(&app.random))
}

/// Ends a token of the program that asks (RFC 7009). A token that it does not have has ended.
pub(super) async fn revoke(State(app): State<Arc<App>>, request: Request) -> Response {
    end(&app, request).await.unwrap_or_else(|error| error.into_response(&app.random))
}

async fn give(app: &Arc<App>, request: Request) -> Result<Response, Error> {
    let sent = Sent::read(request).await?;
    let attempt = Attempt::begin(app, &sent)?;
    if !matches!(sent.get("grant_type"), None | Some("authorization_code")) {
        let reason = "grant_type is not authorization_code";
        return Err(Error::bad_request("unsupported_grant_type", reason));
    }
    let application = authenticate(app, &sent).await?;
    let text = |name| sent.get(name).map(str::to_owned);
    // The prefix belongs to the token.
    let token = format!("oauth2:{}", app.random.hex(20));
    let wanted = Exchange {
        code: SecretHash::of(sent.need("code")?),
        redirect_uri: text("redirect_uri"),
        verifier: text("code_verifier"),
        token: SecretHash::of(&token),
    };
    let clock = app.clock.clone();
    let outcome = app.db.write(move |tx| -> Result<Outcome, Refused> {
        // It may have been removed since.
        match by_client_id(tx, &application.client_id)? {
            Some(application) => exchange_code(tx, &application, &wanted, clock.now()),
            None => Ok(Outcome::Refused("the application was removed")),
        }
    });
    match outcome.await? {
        Outcome::Granted(scope) => {
            attempt.succeeded();
            let answer = json!({"access_token": token, "token_type": "Bearer", "scope": scope});
            Ok(json_answer(StatusCode::OK, &answer))
        }
        Outcome::Refused(reason) => Err(Error::bad_request("invalid_grant", reason)),
    }
}

async fn end(app: &Arc<App>, request: Request) -> Result<Response, Error> {
    let sent = Sent::read(request).await?;
    let attempt = Attempt::begin(app, &sent)?;
    let application = authenticate(app, &sent).await?;
    let token = SecretHash::of(sent.need("token")?);
    app.db.write(move |tx| revoke_token(tx, application.id, &token)).await?;
    attempt.succeeded();
    Ok(json_answer(StatusCode::OK, &json!({"status": "ok"})))
}
