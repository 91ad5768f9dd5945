//! Status events: the webhook and its trigger.

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, Uri},
};
use halyard_automation::apps::run::{self, Incoming, Received};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::mpsc};

use super::world;
use crate::{
    driver::{Driver, iml, plain},
    twilio_server::{AUTH_TOKEN, NUMBER, Twilio, sign},
};

const MODULE: &str = "NewMessageStatusEvent";
const ADDRESS: &str = "https://hooks.example.com/h/5f1c";

fn fields(status: &str) -> Vec<(String, String)> {
    let sid = "SM00000000000000000000000000000001";
    [
        ("MessageSid", sid),
        ("SmsSid", sid),
        ("MessageStatus", status),
        ("SmsStatus", status),
        ("From", NUMBER),
        ("To", "+15558675310"),
        ("ApiVersion", "2010-04-01"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

/// What becomes of a call of the webhook's address with this query and signature.
fn receive(
    driver: &Driver,
    parameters: &Value,
    query: &str,
    fields: &[(String, String)],
    signature: Option<&str>,
) -> Result<Received, String> {
    let mut body = form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(fields);
    let mut headers = vec![(
        "Content-Type".to_owned(),
        "application/x-www-form-urlencoded; charset=UTF-8".to_owned(),
    )];
    headers.extend(signature.map(|given| ("X-Twilio-Signature".to_owned(), given.to_owned())));
    let incoming = Incoming {
        method: "POST".to_owned(),
        query: query.to_owned(),
        headers,
        body: body.finish().into(),
    };
    received(driver, parameters, ADDRESS, &incoming)
}

fn received(
    driver: &Driver,
    parameters: &Value,
    address: &str,
    incoming: &Incoming,
) -> Result<Received, String> {
    let webhook = &driver.app.webhooks["messagestatus"];
    let mut scene = driver.scene(iml(parameters), &driver.service.base_url);
    scene.webhook = Some(iml(&json!({ "url": address, "id": "1" })));
    run::receive(&driver.host, webhook, incoming, &scene).map_err(|failure| failure.to_string())
}

pub(super) async fn rows(driver: &mut Driver) {
    driver.check_lint(MODULE);
    driver.check_options(MODULE).await;
    let seen = happy(driver).await;
    driver.table.row(MODULE, "happy", seen);
    let seen = forged(driver);
    driver.table.row(MODULE, "wrong input", seen);
    for check in ["4xx", "429", "5xx"] {
        driver.table.none(MODULE, check, "makes no request");
    }
    driver.table.none(MODULE, "limit", "one bundle for each event");
}

async fn happy(driver: &Driver) -> Result<String, String> {
    let sent = fields("delivered");
    let signature = sign(ADDRESS, &sent, AUTH_TOKEN);
    let received = receive(driver, &json!({}), "", &sent, Some(&signature))?;
    if received.answer.status != 200 || received.items.len() != 1 {
        return Err(format!("{received:?}"));
    }
    let module = driver.module(MODULE);
    let mut scene = driver.scene(iml(&json!({})), &driver.service.base_url);
    scene.payload = Some(received.items[0].payload.clone());
    let outcome = run::instant(&driver.host, module, &scene).await;
    let bundles = outcome.map_err(|failure| failure.to_string())?.bundles;
    let bundle = plain(&bundles[0]);
    if bundles.len() == 1 && bundle["MessageStatus"] == "delivered" && bundle["From"] == NUMBER {
        return Ok("ok".to_owned());
    }
    Err(format!("{bundle}"))
}

/// Calls that somebody else makes up are refused and start nothing.
fn forged(driver: &Driver) -> Result<String, String> {
    let sent = fields("delivered");
    let other = sign(ADDRESS, &sent, "another token");
    let elsewhere = sign("https://hooks.example.com/h/other", &sent, AUTH_TOKEN);
    let before = sign(ADDRESS, &fields("sent"), AUTH_TOKEN);
    for signature in [None, Some(""), Some("x"), Some(&*other), Some(&*elsewhere), Some(&*before)] {
        let received = receive(driver, &json!({}), "", &sent, signature)?;
        if received.answer.status != 403 || !received.items.is_empty() {
            return Err(format!("{signature:?} was taken: {received:?}"));
        }
    }
    Ok("ok".to_owned())
}

#[tokio::test]
async fn an_address_with_parameters_of_its_own_is_recognised() {
    let twilio = Twilio::start().await;
    let driver = Driver::load("twilio", world::nothing(&twilio)).await;
    let sent = fields("sent");
    for query in ["flow=7", "order=a%20b&flow=7"] {
        let signature = sign(&format!("{ADDRESS}?{query}"), &sent, AUTH_TOKEN);
        let received = receive(&driver, &json!({}), query, &sent, Some(&signature)).unwrap();
        assert_eq!((received.answer.status, received.items.len()), (200, 1), "{query}");
    }
}

#[tokio::test]
async fn only_chosen_statuses_start_something() {
    let twilio = Twilio::start().await;
    let driver = Driver::load("twilio", world::nothing(&twilio)).await;
    let chosen = json!({ "statuses": ["delivered", "failed"] });
    for (status, count) in [("sent", 0), ("delivered", 1), ("failed", 1)] {
        let sent = fields(status);
        let signature = sign(ADDRESS, &sent, AUTH_TOKEN);
        let received = receive(&driver, &chosen, "", &sent, Some(&signature)).unwrap();
        assert_eq!((received.answer.status, received.items.len()), (200, count), "{status}");
    }
}

#[tokio::test]
async fn without_a_token_nothing_is_believed() {
    let twilio = Twilio::start().await;
    let mut service = world::nothing(&twilio);
    service.connection = world::by_key();
    let driver = Driver::load("twilio", service).await;
    let sent = fields("sent");
    // Without a key, the digest is one that anybody can make.
    for token in ["", AUTH_TOKEN] {
        let signature = sign(ADDRESS, &sent, token);
        let received = receive(&driver, &json!({}), "", &sent, Some(&signature)).unwrap();
        assert_eq!((received.answer.status, received.items.len()), (403, 0));
    }
}

type Calls = mpsc::UnboundedSender<Incoming>;

async fn take(
    State(calls): State<Calls>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) {
    let headers =
        headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    let query = uri.query().unwrap_or_default().to_owned();
    let (method, headers) = (method.to_string(), headers.collect());
    calls.send(Incoming { method, query, headers, body }).unwrap();
}

#[tokio::test]
async fn every_change_of_a_message_that_the_app_has_sent_is_reported_to_it() {
    let twilio = Twilio::start().await;
    let driver = Driver::load("twilio", world::nothing(&twilio)).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/h/1", listener.local_addr().unwrap());
    let (calls, mut arrived) = mpsc::unbounded_channel();
    let routes = Router::new().fallback(take).with_state(calls);
    let task = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
    let message = json!({
        "sendFrom": "phoneNumber", "sender": NUMBER, "to": "+15558675310", "body": "Hi",
        "statusCallback": format!("{address}?parcel=7"),
    });
    let made = driver.call("CreateAMessage", &message).await.unwrap();
    let sid = made.bundles[0]["sid"].as_str().unwrap().to_owned();
    for (status, error) in [("queued", None), ("sent", None), ("undelivered", Some(30003))] {
        assert_eq!(twilio.report(&sid, status, error).await, Some(200));
        let incoming = arrived.recv().await.unwrap();
        let received = received(&driver, &json!({}), &address, &incoming).unwrap();
        let bundle = plain(&received.items[0].payload);
        assert_eq!(
            (&bundle["MessageSid"], &bundle["MessageStatus"]),
            (&json!(sid), &json!(status))
        );
        let code = error.map(|code: u32| json!(code.to_string()));
        assert_eq!(bundle.get("ErrorCode"), code.as_ref());
    }
    task.abort();
}
