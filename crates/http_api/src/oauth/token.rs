//! Tokens for codes, their renewal, and their end.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    response::Response,
};
use halyard_identity::{
    Error as Refused, SecretHash,
    oauth::{
        Application, Exchange, Given, Outcome, Renewal, Renewed, Seed, by_client_id,
        exchange as exchange_code, renew, revoke_token,
    },
};
use halyard_messaging::subscription::end_unrepresented;
use http::StatusCode;
use serde_json::json;

use super::{
    client::{Attempt, Sent, authenticate},
    error::{Error, json_answer},
};
use crate::App;

/// Gives a token for a code, or for a refresh token where the application has asked for those.
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
    let renews = match sent.get("grant_type") {
        None | Some("authorization_code") => false,
        Some("refresh_token") => true,
        Some(_) => {
            let reason = "grant_type is neither authorization_code nor refresh_token";
            return Err(Error::bad_request("unsupported_grant_type", reason));
        }
    };
    let application = authenticate(app, &sent).await?;
    let given = match renews {
        true => again(app, &sent, application).await?,
        false => first(app, &sent, application).await?,
    };
    attempt.succeeded();
    let mut answer = json!({
        "access_token": given.access_token, "token_type": "Bearer", "scope": given.scope,
    });
    if let Some(lifetime) = given.expires_in {
        answer["expires_in"] = json!(lifetime / 1000);
    }
    if let Some(token) = given.refresh_token {
        answer["refresh_token"] = json!(token);
    }
    Ok(json_answer(StatusCode::OK, &answer))
}

async fn first(app: &Arc<App>, sent: &Sent, application: Application) -> Result<Given, Error> {
    let text = |name| sent.get(name).map(str::to_owned);
    let wanted = Exchange {
        code: SecretHash::of(sent.need("code")?),
        redirect_uri: text("redirect_uri"),
        verifier: text("code_verifier"),
        seed: Seed(app.random.bytes()),
        family: app.random.hex(20),
        lifetime: app.settings.token_lifetime,
    };
    let clock = app.clock.clone();
    let outcome = app.db.write(move |tx| -> Result<Outcome, Refused> {
        // It may have been removed since.
        match by_client_id(tx, &application.client_id)? {
            Some(application) => {
                let outcome = exchange_code(tx, &application, &wanted, clock.now())?;
                if matches!(outcome, Outcome::Refused(_)) {
                    end_unrepresented(tx, Some(application.id), clock.now())?;
                }
                Ok(outcome)
            }
            None => Ok(Outcome::Refused("the application was removed")),
        }
    });
    match outcome.await? {
        Outcome::Granted(given) => Ok(given),
        Outcome::Refused(reason) => Err(Error::bad_request("invalid_grant", reason)),
    }
}

async fn again(app: &Arc<App>, sent: &Sent, application: Application) -> Result<Given, Error> {
    let wanted = Renewal {
        refresh_token: sent.need("refresh_token")?.to_owned(),
        scope: sent.get("scope").map(str::to_owned),
        seed: Seed(app.random.bytes()),
        lifetime: app.settings.token_lifetime,
    };
    let clock = app.clock.clone();
    let outcome = app.db.write(move |tx| -> Result<Renewed, Refused> {
        let outcome = renew(tx, &application, &wanted, clock.now())?;
        if matches!(outcome, Renewed::Refused(_)) {
            end_unrepresented(tx, Some(application.id), clock.now())?;
        }
        Ok(outcome)
    });
    match outcome.await? {
        Renewed::Given(given) => Ok(given),
        Renewed::Refused(reason) => Err(Error::bad_request("invalid_grant", reason)),
        Renewed::TooWide => {
            let reason = "scope is unknown, or more than what the person has agreed to";
            Err(Error::bad_request("invalid_scope", reason))
        }
    }
}

async fn end(app: &Arc<App>, request: Request) -> Result<Response, Error> {
    let sent = Sent::read(request).await?;
    let attempt = Attempt::begin(app, &sent)?;
    let application = authenticate(app, &sent).await?;
    let token = sent.need("token")?.to_owned();
    let clock = app.clock.clone();
    let ended = app.db.write(move |tx| -> Result<(), Refused> {
        revoke_token(tx, application.id, &token)?;
        end_unrepresented(tx, Some(application.id), clock.now())?;
        Ok(())
    });
    ended.await?;
    attempt.succeeded();
    Ok(json_answer(StatusCode::OK, &json!({"status": "ok"})))
}
