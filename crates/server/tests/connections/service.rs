//! A service with OAuth 2, items and webhooks, on a free port.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::{Path, RawQuery, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{delete, get, post},
};
use halyard_automation::{
    apps::{App, Files, load, run::Host},
    connections::{Key, Store},
};
use halyard_platform::{
    clock::Clock,
    db::{Db, Migration},
    outbound::{self, Outbound},
    random::Random,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

pub(crate) const NOW: i64 = 1_800_000_000_000;
/// Bytes of its large file.
pub(crate) const LARGE: usize = 20_000_000;
/// Its client in a header: client-1:client-secret-1.
const BASIC: &str = "Basic Y2xpZW50LTE6Y2xpZW50LXNlY3JldC0x";
/// How long its tokens live.
pub(crate) const LIFE: i64 = 3600;

/// What the service knows, and what tests make it do.
#[derive(Default)]
pub(crate) struct Known {
    /// Code → challenge.
    codes: HashMap<String, String>,
    pub(crate) access: HashSet<String>,
    refresh: HashSet<String>,
    issued: u32,
    /// How often `/token` was asked, by grant.
    pub(crate) asked: HashMap<String, u32>,
    /// How long new tokens live, where it is not [`LIFE`].
    pub(crate) life: Option<i64>,
    /// What `/token` answers instead.
    pub(crate) trouble: Option<u16>,
    /// Whether its large file never comes.
    pub(crate) stalls: bool,
    /// Whether the answer of `/token` waits for somebody to be named here, who is killed when the
    /// tokens are issued.
    pub(crate) kills: bool,
    pub(crate) victim: Option<rustix::process::Pid>,
    /// Newest first.
    pub(crate) items: Vec<Value>,
    /// Id → address.
    pub(crate) hooks: HashMap<u32, String>,
    pub(crate) revoked: Vec<String>,
    /// How often the items were looked at.
    pub(crate) looked: u32,
}

#[derive(Clone)]
pub(crate) struct Service {
    pub(crate) base: String,
    known: Arc<Mutex<Known>>,
    /// How long an answer of `/token` takes, so that callers meet.
    delay: Duration,
}

impl Service {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let service = Self { base, known: Arc::default(), delay: Duration::from_millis(150) };
        let routes = Router::new()
            .route("/region", get(async || answer(&json!({"region": "north"}))))
            .route("/token", post(token))
            .route("/revoke", post(revoke))
            .route("/me", get(me))
            .route("/placed", get(placed))
            .route("/large", get(large))
            .route("/items", get(items))
            .route("/one/{step}", get(one).post(one))
            .route("/hooks", post(attach))
            .route("/hooks/{id}", delete(detach))
            .with_state(service.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        service
    }

    pub(crate) fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap()
    }

    /// What the page of the service does when a person agrees; answers the code.
    pub(crate) fn agree(&self, address: &outbound::Url) -> String {
        let query: HashMap<String, String> = address.query_pairs().into_owned().collect();
        assert_eq!(query["client_id"], "client-1");
        assert_eq!(query["code_challenge_method"], "S256");
        assert_eq!(query["prompt"], "consent", "what stands in the address stays");
        let code = format!("code-{}", query["state"]);
        self.known().codes.insert(code.clone(), query["code_challenge"].clone());
        code
    }

    /// Every access token ends.
    pub(crate) fn forget_access(&self) {
        self.known().access.clear();
    }

    /// Every token ends.
    pub(crate) fn forget_all(&self) {
        let mut known = self.known();
        known.access.clear();
        known.refresh.clear();
    }

    pub(crate) fn count(&self, grant: &str) -> u32 {
        self.known().asked.get(grant).copied().unwrap_or_default()
    }

    fn issue(&self) -> Value {
        let mut known = self.known();
        known.issued += 1;
        let (access, refresh) =
            (format!("access-{}", known.issued), format!("refresh-{}", known.issued));
        known.access.insert(access.clone());
        known.refresh.insert(refresh.clone());
        let life = known.life.unwrap_or(LIFE);
        json!({"access_token": access, "refresh_token": refresh, "expires_in": life})
    }

    fn lets_in(&self, headers: &HeaderMap) -> bool {
        let given = headers.get("authorization").and_then(|value| value.to_str().ok());
        let given = given.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
        given == "sesame-key" || self.known().access.contains(given)
    }
}

fn answer(body: &Value) -> Response {
    ([("content-type", "application/json")], body.to_string()).into_response()
}

fn refusal(status: u16, error: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap();
    (status, answer(&json!({"error": error}))).into_response()
}

async fn token(State(service): State<Service>, headers: HeaderMap, body: Bytes) -> Response {
    let form: HashMap<String, String> = form(&body);
    let grant = form["grant_type"].clone();
    *service.known().asked.entry(grant.clone()).or_default() += 1;
    tokio::time::sleep(service.delay).await;
    if let Some(status) = service.known().trouble {
        return refusal(status, "trouble");
    }
    let in_header = headers.get("authorization").is_some_and(|value| value == BASIC);
    if !in_header && form.get("client_secret").is_none_or(|secret| secret != "client-secret-1") {
        return refusal(401, "invalid_client");
    }
    let good = match grant.as_str() {
        "authorization_code" => {
            let challenge = service.known().codes.remove(&form["code"]);
            let digest = Sha256::digest(form["code_verifier"].as_bytes());
            challenge == Some(base64url(&digest))
        }
        // Each refresh token works once, as with services that rotate them.
        "refresh_token" => service.known().refresh.remove(&form["refresh_token"]),
        "client_credentials" => true,
        _ => false,
    };
    if !good {
        return refusal(400, "invalid_grant");
    }
    let issued = service.issue();
    while service.known().kills {
        let victim = service.known().victim.take();
        if let Some(victim) = victim {
            rustix::process::kill_process(victim, rustix::process::Signal::KILL).unwrap();
            service.known().kills = false;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    answer(&issued)
}

async fn revoke(State(service): State<Service>, body: Bytes) {
    let token = form(&body)["token"].clone();
    let mut known = service.known();
    known.access.remove(&token);
    known.revoked.push(token);
}

async fn me(State(service): State<Service>, headers: HeaderMap) -> Response {
    match service.lets_in(&headers) {
        true => answer(&json!({"id": 17, "name": "Ann", "plan": "free"})),
        false => refusal(401, "invalid_token"),
    }
}

/// Where the token came: in the header, or under a name of the query.
async fn placed(
    State(service): State<Service>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    if service.lets_in(&headers) {
        return answer(&json!({"placed": "header"}));
    }
    let query = form(&Bytes::from(query.unwrap_or_default()));
    let known = service.known();
    let found = query.iter().find(|(_, value)| known.access.contains(value.as_str()));
    match found {
        Some((name, _)) if headers.get("authorization").is_none() => {
            answer(&json!({"placed": name}))
        }
        _ => refusal(401, "invalid_token"),
    }
}

async fn large(State(service): State<Service>) -> Vec<u8> {
    service.known().looked += 1;
    if service.known().stalls {
        std::future::pending::<()>().await;
    }
    vec![7_u8; LARGE]
}

async fn items(State(service): State<Service>, headers: HeaderMap) -> Response {
    service.known().looked += 1;
    match service.lets_in(&headers) {
        true => answer(&json!({"items": service.known().items})),
        false => refusal(401, "invalid_token"),
    }
}

/// OAuth 1: each step wants what the one before has given, in a signed header.
async fn one(Path(step): Path<String>, headers: HeaderMap) -> Response {
    let given = headers.get("authorization").and_then(|value| value.to_str().ok());
    let given = given.unwrap_or_default();
    let has = |parts: &[&str]| {
        given.starts_with("OAuth ")
            && given.contains("oauth_signature=")
            && given.contains("oauth_consumer_key=\"client-1\"")
            && parts.iter().all(|part| given.contains(part))
    };
    match step.as_str() {
        "request" if has(&["oauth_callback=\"http%3A%2F%2F127.0.0.1%3A1%2Fback\""]) => {
            "oauth_token=request-1&oauth_token_secret=secret-1".into_response()
        }
        "access" if has(&["oauth_token=\"request-1\"", "oauth_verifier=\"verifier-1\""]) => {
            "oauth_token=access-one&oauth_token_secret=secret-2".into_response()
        }
        "me" if has(&["oauth_token=\"access-one\""]) => answer(&json!({"id": 18, "name": "Bo"})),
        _ => refusal(401, given),
    }
}

async fn attach(State(service): State<Service>, headers: HeaderMap, body: Bytes) -> Response {
    if !service.lets_in(&headers) {
        return refusal(401, "invalid_token");
    }
    let body: Value = serde_json::from_slice(&body).unwrap();
    // As careful services do, it looks whether somebody is there before it answers.
    let url = body["url"].as_str().unwrap().to_owned();
    let knock = client().get(format!("{url}?challenge=knock")).send().await.unwrap();
    if knock.text().await.unwrap() != "knock" {
        return refusal(400, "nobody answers at this address");
    }
    let mut known = service.known();
    let id = known.hooks.keys().max().map_or(1, |last| last + 1);
    known.hooks.insert(id, url);
    answer(&json!({"id": id, "sign": "sign-1234"}))
}

async fn detach(State(service): State<Service>, Path(id): Path<u32>) -> Response {
    match service.known().hooks.remove(&id) {
        Some(_) => StatusCode::NO_CONTENT.into_response(),
        None => refusal(404, "unknown"),
    }
}

/// A client for loopback.
pub(crate) fn client() -> reqwest::Client {
    reqwest::Client::builder()
        .tls_backend_preconfigured(outbound::tls())
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(20))
        .build()
        .unwrap()
}

fn form(body: &Bytes) -> HashMap<String, String> {
    let mut url: outbound::Url = "http://localhost/".parse().unwrap();
    url.set_query(Some(std::str::from_utf8(body).unwrap()));
    url.query_pairs().into_owned().collect()
}

fn base64url(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

/// The folder of the app that describes the service.
pub(crate) const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/connections/example");

/// The app that describes the service.
pub(crate) fn app() -> App {
    let entries = std::fs::read_dir(EXAMPLE).unwrap().map(|entry| entry.unwrap());
    let files = entries.map(|entry| {
        (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap())
    });
    load(&files.collect::<Files>().named("example")).app.unwrap()
}

/// How requests of the tests are made: loopback is allowed.
pub(crate) fn host(clock: &Clock) -> Host {
    let allow = vec!["127.0.0.1".parse().unwrap()];
    let outbound = Outbound::new(outbound::Options { allow, ..Default::default() }).unwrap();
    Host::new(outbound, clock.clone(), Random::os())
}

pub(crate) fn migrations() -> Vec<Migration> {
    [halyard_platform::MIGRATIONS, halyard_automation::MIGRATIONS].concat()
}

pub(crate) fn store(db: &Db, clock: &Clock) -> Store {
    let keys = Arc::new(vec![Key::new("k1", &[7; 32])]);
    Store::new(db.clone(), keys, clock.clone(), Random::os())
}
