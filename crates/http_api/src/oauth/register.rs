//! Programs register themselves (RFC 7591). That gives no right to anything: a person decides.

use std::sync::Arc;

use axum::{
    body::to_bytes,
    extract::{Request, State},
    response::Response,
};
use halyard_identity::{
    LoginLimit, Scopes, SecretHash,
    oauth::{AuthMethod, NewApplication, RedirectUri, register as store},
};
use halyard_platform::clock::Millis;
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::{
    BODY_LIMIT,
    error::{Error, json_answer},
};
use crate::{App, kit::sign_in::peer};

/// Registrations from one origin in a quarter of an hour.
const REGISTRATIONS: u32 = 100;

/// Stores an application and shows its secret, this once.
pub(super) async fn register(State(app): State<Arc<App>>, request: Request) -> Response {
    answer(&app, request).await.unwrap_or_else(|error| error.into_response(&app.random))
}

async fn answer(app: &Arc<App>, request: Request) -> Result<Response, Error> {
    let now = app.clock.now();
    count(&app.logins, &peer(request.extensions()), now)?;
    let body = to_bytes(request.into_body(), BODY_LIMIT).await;
    let body = body.map_err(|_| metadata("the body is too large or incomplete"))?;
    let Ok(Value::Object(sent)) = serde_json::from_slice(&body) else {
        return Err(metadata("the body is no JSON object"));
    };
    let (new, scope) = read(&sent)?;
    let client_id = format!("twd_{}", app.random.hex(16));
    let secret = (new.auth != AuthMethod::None).then(|| app.random.hex(32));
    let mut answer = describe(&new, scope.as_deref(), &client_id, now);
    if let Some(secret) = &secret {
        answer["client_secret"] = json!(secret);
        answer["client_secret_expires_at"] = json!(0);
    }
    let hash = secret.as_deref().map(SecretHash::of);
    app.db.write(move |tx| store(tx, &new, &client_id, hash.as_ref(), now)).await?;
    Ok(json_answer(StatusCode::CREATED, &answer))
}

/// Anybody may register, so that nobody may do it without end.
fn count(limit: &LoginLimit, peer: &str, now: Millis) -> Result<(), Error> {
    if !peer.is_empty() {
        limit.attempt_within(&format!("register:{peer}"), REGISTRATIONS, now)?;
    }
    Ok(())
}

fn metadata(reason: impl Into<String>) -> Error {
    Error::metadata("invalid_client_metadata", reason)
}

/// Reads the metadata of a program, as it is sent here and as it stands in its own document.
/// Answers its scopes as it wrote them, too.
pub(super) fn read(sent: &Map<String, Value>) -> Result<(NewApplication, Option<String>), Error> {
    let redirect_uris = match sent.get("redirect_uris") {
        Some(Value::Array(uris)) => uris.iter().map(redirect_uri).collect::<Result<Vec<_>, _>>()?,
        _ => return Err(wrong_redirect("redirect_uris is not a list of addresses")),
    };
    if redirect_uris.is_empty() {
        return Err(wrong_redirect("redirect_uris is empty"));
    }
    for (name, needed) in [("grant_types", "authorization_code"), ("response_types", "code")] {
        match sent.get(name) {
            None | Some(Value::Null) => {}
            Some(Value::Array(items)) if items.iter().any(|item| item == needed) => {}
            Some(_) => return Err(metadata(format!("{name}: {needed} is not among them"))),
        }
    }
    let refreshes = match sent.get("grant_types") {
        Some(Value::Array(items)) => items.iter().any(|item| item == "refresh_token"),
        _ => false,
    };
    let auth = match text(sent, "token_endpoint_auth_method")? {
        None => AuthMethod::Basic,
        Some(name) => AuthMethod::named(&name)
            .ok_or_else(|| metadata("token_endpoint_auth_method is not supported"))?,
    };
    let scope = text(sent, "scope")?;
    let scopes = scope.as_deref().map(Scopes::parse).transpose();
    let scopes = scopes.map_err(|name| metadata(format!("scope: {name:?} is unknown")))?;
    let new = NewApplication {
        name: text(sent, "client_name")?.unwrap_or_else(|| "A program without a name".to_owned()),
        website: text(sent, "client_uri")?,
        redirect_uris,
        scopes,
        auth,
        owner: None,
        refreshes,
    };
    new.check()?;
    Ok((new, scope))
}

fn wrong_redirect(reason: &str) -> Error {
    Error::metadata("invalid_redirect_uri", reason)
}

fn redirect_uri(value: &Value) -> Result<RedirectUri, Error> {
    let text = value.as_str().ok_or_else(|| wrong_redirect("a redirect URI is no text"))?;
    RedirectUri::parse(text).map_err(wrong_redirect)
}

/// A text; empty means "not given".
fn text(sent: &Map<String, Value>, name: &str) -> Result<Option<String>, Error> {
    match sent.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.contains('\0') => {
            Err(metadata(format!("{name} holds a character that cannot be stored")))
        }
        Some(Value::String(text)) => {
            Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty()))
        }
        Some(_) => Err(metadata(format!("{name} is no text"))),
    }
}

/// What was registered.
fn describe(new: &NewApplication, scope: Option<&str>, client_id: &str, now: Millis) -> Value {
    let uris: Vec<&str> = new.redirect_uris.iter().map(RedirectUri::as_str).collect();
    let grant_types = match new.refreshes {
        true => json!(["authorization_code", "refresh_token"]),
        false => json!(["authorization_code"]),
    };
    let mut answer = json!({
        "client_id": client_id,
        "client_id_issued_at": now / 1000,
        "client_name": new.name,
        "redirect_uris": uris,
        "grant_types": grant_types,
        "response_types": ["code"],
        "token_endpoint_auth_method": new.auth.name(),
    });
    if let Some(website) = &new.website {
        answer["client_uri"] = json!(website);
    }
    if let Some(scope) = scope {
        let names: Vec<&str> = scope.split([',', ' ']).filter(|name| !name.is_empty()).collect();
        answer["scope"] = json!(names.join(" "));
    }
    answer
}
