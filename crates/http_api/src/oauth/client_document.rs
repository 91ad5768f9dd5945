//! Programs whose client_id is the address of a document about them. Nobody registers them; their
//! address is theirs because they answer there.

use std::{sync::Arc, time::Duration};

use halyard_identity::oauth::{
    Application, AuthMethod, NewApplication, by_client_id, remember_document,
};
use halyard_platform::{
    clock::Millis,
    outbound::{self, Limits, Method, Request, Take, Unencrypted, Url},
};
use serde_json::{Map, Value};

use super::register;
use crate::App;

/// How long a document counts before it is fetched again.
const FRESH: Millis = 60 * 60 * 1000;
/// Largest document, in bytes.
const MOST: usize = 16 * 1024;
const LIMITS: Limits = Limits { head: Duration::from_secs(5), whole: Duration::from_secs(10) };

/// The address that a client_id is, if it is one.
pub(super) fn address(client_id: &str) -> Option<Url> {
    // Only the text as it is written is an identity; other spellings of it are not.
    let url = Url::parse(client_id).ok().filter(|url| url.as_str() == client_id)?;
    let is_document = matches!(url.scheme(), "https" | "http")
        && url.path() != "/"
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    is_document.then_some(url)
}

/// Whether what is known about a program is recent enough. What was registered stays as it is.
pub(super) fn is_fresh(application: &Application, now: Millis) -> bool {
    application.fetched_at.is_none_or(|fetched_at| now - fetched_at < FRESH)
}

/// Fetches the document at an address and stores what it says.
///
/// # Errors
/// What is wrong with it, for the person who was sent here.
pub(super) async fn fetch(app: &Arc<App>, address: Url) -> Result<Application, String> {
    let client_id = address.as_str().to_owned();
    let mut request = Request::new(Method::GET, address);
    let accept = outbound::header::HeaderValue::from_static("application/json");
    request.headers.insert(outbound::header::ACCEPT, accept);
    (request.limits, request.take) = (LIMITS, Take::Whole(MOST));
    // Whoever could redirect or read along could be any program.
    (request.redirects, request.unencrypted) = (0, Unencrypted::Listed);
    let response = app.outbound.send(request).await.map_err(|error| error.to_string())?;
    if response.status != outbound::StatusCode::OK {
        return Err(format!("its document is not there: status {}", response.status.as_u16()));
    }
    let new = read(&client_id, &response.body)?;
    let now = app.clock.now();
    let stored = app.db.write(move |tx| {
        remember_document(tx, &new, &client_id, now)?;
        by_client_id(tx, &client_id)
    });
    match stored.await {
        Ok(Some(application)) => Ok(application),
        Ok(None) => Err("it was removed just now".to_owned()),
        Err(error) => {
            tracing::error!(%error, "a client metadata document cannot be stored");
            Err("its document cannot be stored now".to_owned())
        }
    }
}

fn read(client_id: &str, body: &[u8]) -> Result<NewApplication, String> {
    let sent: Map<String, Value> =
        serde_json::from_slice(body).map_err(|_| "its document is no JSON object".to_owned())?;
    if sent.get("client_id").and_then(Value::as_str) != Some(client_id) {
        return Err("its document has another client_id".to_owned());
    }
    if sent.contains_key("client_secret") {
        return Err("its document has a secret, which everybody can read".to_owned());
    }
    // Nobody has agreed on a secret with it.
    match sent.get("token_endpoint_auth_method").and_then(Value::as_str) {
        None | Some("none") => {}
        Some(_) => return Err("its document asks for an unknown way to authenticate".to_owned()),
    }
    let (new, _) = register::read(&sent).map_err(|error| error.to_string())?;
    Ok(NewApplication { auth: AuthMethod::None, ..new })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_an_address_as_it_is_written() {
        for good in ["https://app.example/client", "https://app.example:8443/a/b.json?x=1"] {
            assert!(address(good).is_some(), "{good}");
        }
        for bad in [
            "twd_0123",
            "https://app.example",
            "https://app.example/",
            "https://APP.example/client",
            "https://app.example:443/client",
            "https://app.example/a/../client",
            "https://app.example/client#part",
            "https://me@app.example/client",
            "ftp://app.example/client",
            "file:///client",
        ] {
            assert!(address(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_document_speaks_for_itself_only() {
        const ID: &str = "https://app.example/client";
        let check = |change: fn(&mut Value)| {
            let mut document = serde_json::json!({
                "client_id": ID, "client_name": "App", "redirect_uris": ["https://app.example/cb"],
            });
            change(&mut document);
            read(ID, document.to_string().as_bytes())
        };
        let new = check(|_| ()).unwrap();
        assert_eq!((new.name.as_str(), new.auth), ("App", AuthMethod::None));
        for wrong in [
            check(|document| document["client_id"] = "https://app.example/other".into()),
            check(|document| document["client_id"] = Value::Null),
            check(|document| document["client_secret"] = "x".into()),
            check(|document| document["token_endpoint_auth_method"] = "client_secret_post".into()),
            check(|document| document["redirect_uris"] = Value::Array(Vec::new())),
            check(|document| document["scope"] = "user:fly".into()),
        ] {
            wrong.unwrap_err();
        }
        read(ID, b"[]").unwrap_err();
    }
}
