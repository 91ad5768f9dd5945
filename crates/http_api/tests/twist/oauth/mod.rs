//! OAuth 2 as a program and a browser see it.

mod authorizing;
mod clients;
mod refreshing;
mod tokens;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use halyard_http_api::Settings;
use halyard_identity::{Scopes, SecretHash, oauth};
use halyard_platform::{db::testing::TestDb, on_both_databases};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::{Answer, Client, PASSWORD, Person, TestApp, migrations};

const CALLBACK: &str = "http://localhost:8766/callback";
/// The example of RFC 7636.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const MINUTE: i64 = 60_000;

/// The body; slashes in values of pages are written as references.
pub(crate) fn text(answer: &Answer) -> String {
    String::from_utf8(answer.bytes.to_vec()).unwrap().replace("&#x2f;", "/")
}

/// The parameters that a redirect brings to the program.
#[track_caller]
pub(crate) fn redirect(answer: &Answer, to: &str) -> Vec<(String, String)> {
    assert_eq!(answer.status, 303, "{}", text(answer));
    let location = answer.headers["location"].to_str().unwrap();
    let query = location.strip_prefix(to).unwrap_or_else(|| panic!("{location} is not {to}"));
    form_urlencoded::parse(query.trim_start_matches(['?', '&']).as_bytes()).into_owned().collect()
}

#[track_caller]
fn field(pairs: &[(String, String)], name: &str) -> String {
    let found = pairs.iter().find(|(key, _)| key == name);
    found.unwrap_or_else(|| panic!("{name} in {pairs:?}")).1.clone()
}

/// A browser on a page of ours.
pub(crate) fn browser(app: &TestApp) -> Client {
    app.nobody().header("origin", "http://halyard.test")
}

/// A browser in which this person has signed in.
pub(crate) async fn signed_in(app: &TestApp, person: &Person) -> Client {
    let fields = [("email", person.email.as_str()), ("password", PASSWORD), ("next", "/x")];
    let answer = browser(app).post_form("/sign-in", &fields).await;
    assert_eq!((answer.status, &answer.headers["location"]), (303, &"/x".parse().unwrap()));
    let cookie = answer.headers["set-cookie"].to_str().unwrap();
    assert!(cookie.contains("; HttpOnly; SameSite=Lax"), "{cookie}");
    browser(app).header("cookie", cookie.split(';').next().unwrap())
}

/// An application that registered itself.
pub(crate) struct App {
    pub(crate) id: String,
    pub(crate) secret: String,
}

pub(crate) async fn register(app: &TestApp, metadata: Value) -> App {
    let answer = app.nobody().post_json("/oauth/register", metadata).await;
    assert_eq!(answer.status, 201, "{}", text(&answer));
    let answer = answer.json();
    let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
    App { id: text("client_id"), secret: text("client_secret") }
}

fn query(fields: &[(&str, &str)]) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    format!("/oauth/authorize?{query}")
}

/// The person agrees; answers the code.
pub(crate) async fn allow(browser: &Client, fields: &[(&str, &str)]) -> String {
    let decision = [fields, &[("decision", "allow")]].concat();
    let answer = browser.post_form("/oauth/authorize", &decision).await;
    let to =
        fields.iter().find(|(name, _)| *name == "redirect_uri").map_or(CALLBACK, |pair| pair.1);
    field(&redirect(&answer, to), "code")
}

/// A team of two, and an application that has a secret.
struct Scene {
    app: TestApp,
    ann: Person,
    bo: Person,
    program: App,
}

impl Scene {
    async fn new(db: &TestDb) -> Self {
        let app = TestApp::new(db);
        let (ann, bo) = (app.person("ann").await, app.person("bo").await);
        app.workspace(&ann, "Crew").await;
        let program =
            register(&app, json!({"redirect_uris": [CALLBACK], "client_name": "Bot"})).await;
        Self { app, ann, bo, program }
    }

    async fn code(&self, person: &Person, scope: &str) -> String {
        let browser = signed_in(&self.app, person).await;
        let fields = [("client_id", self.program.id.as_str()), ("scope", scope), ("state", "st")];
        allow(&browser, &fields).await
    }

    fn exchange<'a>(&'a self, code: &'a str) -> Vec<(&'a str, &'a str)> {
        vec![
            ("client_id", &self.program.id),
            ("client_secret", &self.program.secret),
            ("grant_type", "authorization_code"),
            ("code", code),
        ]
    }

    async fn token(&self, person: &Person, scope: &str) -> String {
        let code = self.code(person, scope).await;
        let answer = self.app.nobody().post_form("/oauth/token", &self.exchange(&code)).await;
        answer.ok()["access_token"].as_str().unwrap().to_owned()
    }

    async fn me(&self, token: &str) -> Answer {
        self.app.nobody().bearer(token).get("v3/users/get_session_user").await
    }

    /// The id of an application by what it calls itself.
    async fn application(&self, client_id: &str) -> oauth::ApplicationId {
        let id = client_id.to_owned();
        let found = self.app.app.db.read(move |tx| oauth::by_client_id(tx, &id)).await;
        found.unwrap().unwrap().id
    }
}

/// A server of somebody else, with documents about programs.
#[derive(Clone)]
struct Documents {
    base: String,
    documents: Arc<Mutex<HashMap<String, String>>>,
    asked: Arc<AtomicUsize>,
}

impl Documents {
    async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let host = Self { base, documents: Arc::default(), asked: Arc::default() };
        let answering = host.clone();
        let routes = axum::Router::new().fallback(move |uri: http::Uri| {
            answering.asked.fetch_add(1, Ordering::SeqCst);
            let found = answering.documents.lock().unwrap().get(uri.path()).cloned();
            std::future::ready(found.ok_or(http::StatusCode::NOT_FOUND))
        });
        // It ends with the runtime of the test.
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        host
    }

    /// Puts a document there; answers its address.
    fn put(&self, path: &str, document: impl Fn(&str) -> Value) -> String {
        let address = format!("{}{path}", self.base);
        self.documents.lock().unwrap().insert(path.to_owned(), document(&address).to_string());
        address
    }

    fn take_away(&self, path: &str) {
        self.documents.lock().unwrap().remove(path);
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

/// The documented shape of an error, and that of the standard.
#[track_caller]
fn refuses(answer: &Answer, status: u16, name: &str, words: &str) {
    assert_eq!(answer.status, status, "{}", text(answer));
    let body = answer.json();
    assert_eq!(body["error"], name, "{body}");
    for key in ["error_message", "error_description", "error_string"] {
        assert!(body[key].as_str().unwrap().contains(words), "{words} in {body}");
    }
    assert!(body["error_code"].is_i64() && body["error_extra"].is_object(), "{body}");
    assert_eq!(body["error_uuid"].as_str().map(str::len), Some(32), "{body}");
    assert_eq!(answer.headers["cache-control"], "no-store");
}

#[track_caller]
fn is_page(answer: &Answer, status: u16, words: &str) {
    let html = text(answer);
    assert_eq!(answer.status, status, "{html}");
    assert_eq!(answer.headers["content-type"], "text/html; charset=utf-8");
    assert_eq!(answer.headers["cache-control"], "no-store");
    let policy = answer.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
    assert!(html.contains(words), "{words} in {html}");
    assert!(html.contains("name=\"viewport\"") && !html.contains("<script"), "{html}");
    // Nothing is fetched from anybody else.
    for from in ["src=", "url(", "@import", "href=\"//"] {
        assert!(!html.contains(from), "{from} in {html}");
    }
}

fn base64(text: &str) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut encoded = String::new();
    for three in text.as_bytes().chunks(3) {
        let number = (0..3)
            .fold(0_u32, |number, place| number << 8 | u32::from(*three.get(place).unwrap_or(&0)));
        for place in 0..4 {
            let index = (number >> (18 - 6 * place)) & 63;
            encoded.push(if place <= three.len() {
                char::from(LETTERS[index as usize])
            } else {
                '='
            });
        }
    }
    encoded
}
