//! Watch Events: what the service sends becomes a bundle, and nothing else does.

use std::time::Duration;

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, Uri},
};
use halyard_automation::apps::run::{self, Answer, Incoming};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::mpsc, task::JoinHandle};

use super::world::in_room;
use crate::{
    chatwork_server::{ChatworkServer, Hook, Subject, sign},
    driver::{Driver, matches, plain},
};

const MODULE: &str = "WatchEvents";
const TOKEN: &str = "IYS2YvleWo+qvttWyHNFDDa9rWw7x/dbWnYrAYKFUHc=";
/// Longest that an event may take, on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(30);

/// Every check of the trigger.
pub(super) async fn run(driver: &mut Driver, server: &ChatworkServer) {
    driver.check_lint(MODULE);
    driver.check_options(MODULE).await;
    let happy = signed(driver, server).await;
    driver.table.row(MODULE, "happy", happy);
    let refused = driver.check_refused(
        MODULE,
        &json!({ "token": "not Base64!" }),
        "doesn't match the pattern",
    );
    let refused = match (refused, forged(driver).await) {
        (Ok(_), Ok(())) => Ok("ok; forged calls make no bundle".to_owned()),
        (Err(wrong), _) | (_, Err(wrong)) => Err(wrong),
    };
    driver.table.row(MODULE, "wrong input", refused);
    for check in ["4xx", "429", "5xx"] {
        driver.table.none(MODULE, check, "no request is made");
    }
    driver.table.none(MODULE, "limit", "one bundle for each call");
}

/// The address of a webhook, which people copy into the service.
struct Address {
    url: String,
    calls: mpsc::UnboundedReceiver<Incoming>,
    listening: JoinHandle<()>,
}

impl Drop for Address {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Address {
    async fn new() -> Self {
        let (say, calls) = mpsc::unbounded_channel();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook?via=copy", listener.local_addr().unwrap());
        let routes = Router::new().fallback(take).with_state(say);
        let listening = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { url, calls, listening }
    }

    async fn next(&mut self) -> Result<Incoming, String> {
        let call = tokio::time::timeout(PATIENCE, self.calls.recv()).await;
        call.map_err(|_| "no event has come".to_owned())?.ok_or_else(|| "it has closed".to_owned())
    }
}

async fn take(
    State(say): State<mpsc::UnboundedSender<Incoming>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) {
    let text = |value: &axum::http::HeaderValue| value.to_str().unwrap().to_owned();
    let call = Incoming {
        method: method.to_string(),
        query: uri.query().unwrap_or_default().to_owned(),
        headers: headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
        body,
    };
    // The test may be over.
    say.send(call).ok();
}

/// What the trigger makes of a call: the answer and its bundles.
async fn received(
    driver: &Driver,
    call: &Incoming,
    token: Option<&str>,
) -> Result<(Answer, Vec<Value>), String> {
    let module = driver.module(MODULE);
    let input = token.map_or_else(|| json!({}), |token| json!({ "token": token }));
    let parameters = driver.fill(module, &input)?;
    let webhook = &driver.app.webhooks[module.webhook.as_deref().unwrap()];
    // Nothing registers the address with the service.
    assert!(webhook.attach.requests.is_empty() && webhook.detach.requests.is_empty());
    let mut scene = driver.scene(parameters, &driver.service.base_url);
    let received = run::receive(&driver.host, webhook, call, &scene);
    let received = received.map_err(|failure| failure.to_string())?;
    let mut bundles = Vec::new();
    for item in received.items {
        scene.payload = Some(item.payload);
        let outcome = run::instant(&driver.host, module, &scene).await;
        let outcome = outcome.map_err(|failure| failure.to_string())?;
        if !outcome.exchanges.is_empty() {
            return Err("a request was made".to_owned());
        }
        bundles.extend(outcome.bundles.iter().map(plain));
    }
    Ok((received.answer, bundles))
}

/// Each kind of event arrives, signed by the service, as one bundle.
async fn signed(driver: &mut Driver, server: &ChatworkServer) -> Result<String, String> {
    let mut address = Address::new().await;
    let room = driver.service.names.get("room.room_id").as_u64().unwrap();
    let ann = driver.service.names.get("ann.account_id").as_u64().unwrap();
    for subject in [Subject::Created(room), Subject::Updated(room), Subject::Mention] {
        let (url, token) = (address.url.clone(), TOKEN.to_owned());
        server.world().webhooks.add(Hook { owner: ann, url, subject, token });
    }
    let body = "おはよう & \"good\" morning";
    driver.call("CreateARoomMessage", &in_room("room", json!({ "body": body }))).await?;
    let event = |of: Value| {
        json!({ "webhook_setting_id": "*", "webhook_event_time": "*",
        "webhook_event_type": of["type"], "webhook_event": of["event"] })
    };
    let created = json!({ "type": "message_created", "event": { "message_id": "*",
        "room_id": room, "account_id": ann, "body": body, "send_time": "*", "update_time": 0 } });
    let first = expect(driver, &mut address, &event(created)).await?;

    let id = first["webhook_event"]["message_id"].as_str().unwrap();
    let edit = json!({ "url": format!("/v2/rooms/{room}/messages/{id}"), "method": "PUT",
        "body": "body=Edited" });
    driver.call("MakeAnAPICall", &edit).await?;
    let updated = json!({ "type": "message_updated",
        "event": { "message_id": id, "body": "Edited", "update_time": "*" } });
    expect(driver, &mut address, &event(updated)).await?;

    let bob = driver.service.names.get("bob.account_id").as_u64().unwrap();
    let direct = driver.service.names.get("direct.room_id").as_u64().unwrap();
    let call = format!("[To:{ann}] look");
    server.world().say(direct, bob, &call);
    // Any call makes the service send what has happened.
    driver.call("ListRooms", &json!({ "limit": 1 })).await?;
    let mention = json!({ "type": "mention_to_me", "event": { "from_account_id": bob,
        "to_account_id": ann, "room_id": direct, "body": call } });
    expect(driver, &mut address, &event(mention)).await?;
    Ok("message_created message_updated mention_to_me".to_owned())
}

/// The next call makes this bundle, whether its signature is taken from header or query.
async fn expect(driver: &Driver, address: &mut Address, expected: &Value) -> Result<Value, String> {
    let mut call = address.next().await?;
    let (answer, bundles) = received(driver, &call, Some(TOKEN)).await?;
    let [bundle] = &bundles[..] else { return Err(format!("{} bundles", bundles.len())) };
    matches(bundle, expected)?;
    // The service takes an answer of more than 2 KiB for a failure.
    if answer.status != 200 || answer.body.len() > 2048 {
        return Err(format!("the call was answered {answer:?}"));
    }
    call.headers.retain(|(name, _)| name != "x-chatworkwebhooksignature");
    let (_, by_query) = received(driver, &call, Some(TOKEN)).await?;
    if by_query == bundles { Ok(bundle.clone()) } else { Err("not by the query".to_owned()) }
}

/// Calls that are not signed with the token are answered like any other, and make no bundle.
async fn forged(driver: &Driver) -> Result<(), String> {
    let body = "{\"webhook_setting_id\":\"12345\",\"webhook_event_type\":\"mention_to_me\",\
        \"webhook_event_time\":1498028130,\"webhook_event\":{\"from_account_id\":123456,\
        \"to_account_id\":1484814,\"room_id\":567890123,\"message_id\":\"789012345\",\
        \"body\":\"[To:1484814]おかずはなんですか？\",\"send_time\":1498028125,\"update_time\":0}}";
    let call = |signature: Option<&str>, body: &str| Incoming {
        method: "POST".to_owned(),
        query: String::new(),
        headers: [
            Some(("Content-Type", "application/json")),
            signature.map(|s| ("X-ChatWorkWebhookSignature", s)),
        ]
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect(),
        body: Bytes::copy_from_slice(body.as_bytes()),
    };
    let right = "NaH0JC6QL8V2NY50bH9MctOFjRwguzi75XnmKVRYK50=";
    assert_eq!(sign(TOKEN, body.as_bytes()), right);
    // What one gets who takes the text of the token for the key.
    let by_text = "vzYHVT3/sozRFBtWIeFcQrUBG5JjuNVVFrh29wp1aWs=";
    let other = sign("A9ne+ygvdV0IZBaPFV2zC1e5Bk+IsI14BPwieRoBQNU=", body.as_bytes());
    let spaced = body.replace(',', ", ");
    let (usual, _) = received(driver, &call(Some(right), body), Some(TOKEN)).await?;
    for (signature, body, token, bundles) in [
        (Some(right), body, Some(TOKEN), 1),
        (Some(by_text), body, Some(TOKEN), 0),
        (Some(&*other), body, Some(TOKEN), 0),
        (Some(""), body, Some(TOKEN), 0),
        (None, body, Some(TOKEN), 0),
        // The same values in other bytes.
        (Some(right), &*spaced, Some(TOKEN), 0),
        // Without a token everybody may call.
        (None, body, None, 1),
        (None, body, Some(""), 1),
    ] {
        let (answer, made) = received(driver, &call(signature, body), token).await?;
        if (&answer, made.len()) != (&usual, bundles) {
            return Err(format!("{signature:?}: {answer:?}, {} bundles", made.len()));
        }
    }
    Ok(())
}
