//! OAuth 2 as a program and a browser see it.

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

on_both_databases! {
    migrations();

    async fn a_person_lets_a_program_act_for_them(db: &TestDb) {
        let scene = Scene::new(db).await;
        let asked = query(&[
            ("client_id", &scene.program.id),
            ("response_type", "code"),
            ("redirect_uri", CALLBACK),
            ("scope", "user:read,threads:remove"),
            ("state", "a b&c=d"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ]);
        let page = browser(&scene.app).get(&asked).await;
        is_page(&page, 200, "<form method=\"post\" action=\"/sign-in\">");
        assert!(text(&page).contains("<strong>Bot</strong>"));
        let browser = signed_in(&scene.app, &scene.ann).await;
        let page = browser.get(&asked).await;
        is_page(&page, 200, "Let Bot act for you?");
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("form-action 'self' http://localhost:8766;"), "{policy}");
        let html = text(&page);
        for words in [
            "Ann Example",
            "ann@example.com",
            "See your name, address, picture and settings",
            "See, add, change and remove threads and your inbox",
            "it named itself",
            "value=\"a b&amp;c=d\"",
            "value=\"allow\"",
            "value=\"deny\"",
        ] {
            assert!(html.contains(words), "{words} in {html}");
        }
        assert!(!html.contains("conversations"), "only what was asked for");
        assert!(scene.app.rows::<i64>("select 1 from consent").await.is_empty(), "asking is no consent");

        let fields = [
            ("client_id", scene.program.id.as_str()),
            ("redirect_uri", CALLBACK),
            ("scope", "user:read,threads:remove"),
            ("state", "a b&c=d"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
            ("decision", "allow"),
        ];
        let back = browser.post_form("/oauth/authorize", &fields).await;
        let back = redirect(&back, CALLBACK);
        assert_eq!(back.len(), 2, "{back:?}");
        assert_eq!(field(&back, "state"), "a b&c=d");
        let code = field(&back, "code");
        let body = json!({
            "client_id": scene.program.id, "client_secret": scene.program.secret, "code": code,
            "grant_type": "authorization_code", "redirect_uri": CALLBACK, "code_verifier": VERIFIER,
        });
        let answer = scene.app.nobody().post_json("/oauth/token", body).await;
        assert_eq!(answer.headers["cache-control"], "no-store");
        let answer = answer.ok();
        assert_eq!(
            (&answer["token_type"], &answer["scope"]),
            (&json!("Bearer"), &json!("user:read threads:remove"))
        );
        let token = answer["access_token"].as_str().unwrap();
        assert!(token.starts_with("oauth2:") && token.len() == 47, "{token}");
        assert_eq!(scene.me(token).await.ok()["email"], "ann@example.com");
        let client = scene.app.nobody().bearer(token);
        client.get("v3/workspaces/get").await.fails(403, 109);
        let bare = token.strip_prefix("oauth2:").unwrap();
        scene.me(bare).await.fails(403, 200);
        let parameter = format!("v2/users/get_session_user?token={token}");
        scene.app.nobody().get(&parameter).await.ok();
        let cookie = format!("halyard_session={token}");
        let stolen = scene.app.nobody().header("cookie", &cookie);
        stolen.get("v3/users/get_session_user").await.fails(403, 200);
        // Nothing that opens anything is in the database.
        let hashes: Vec<Vec<u8>> = scene.app.rows("select hash from token where application_id is not null").await;
        assert_eq!(hashes, [SecretHash::of(token).as_bytes().to_vec()]);
    }

    async fn a_person_can_say_no(db: &TestDb) {
        let scene = Scene::new(db).await;
        let browser = signed_in(&scene.app, &scene.ann).await;
        for decision in ["deny", "", "maybe"] {
            let fields = [
                ("client_id", scene.program.id.as_str()), ("scope", "user:read"), ("state", "st"), ("decision", decision),
            ];
            let back = browser.post_form("/oauth/authorize", &fields).await;
            let back = redirect(&back, CALLBACK);
            assert_eq!((field(&back, "error"), field(&back, "state")), ("ACCESS_DENIED".into(), "st".into()));
            assert!(!field(&back, "error_description").is_empty() && back.iter().all(|(name, _)| name != "code"));
        }
        assert!(scene.app.rows::<i64>("select 1 from authorization_code").await.is_empty());
    }

    async fn nobody_is_sent_to_an_address_that_is_not_registered(db: &TestDb) {
        let scene = Scene::new(db).await;
        let browser = signed_in(&scene.app, &scene.ann).await;
        let id = scene.program.id.as_str();
        let two = register(&scene.app, json!({"redirect_uris": ["https://a.example/1", "https://a.example/2"]})).await;
        for fields in [
            vec![("client_id", "twd_unknown"), ("redirect_uri", CALLBACK), ("scope", "user:read")],
            vec![("redirect_uri", CALLBACK), ("scope", "user:read")],
            vec![("client_id", id), ("redirect_uri", "https://evil.example/"), ("scope", "user:read")],
            vec![("client_id", id), ("redirect_uri", "http://localhost:8766/callback/x"), ("scope", "user:read")],
            vec![("client_id", id), ("redirect_uri", "javascript:alert(1)"), ("scope", "bad")],
            vec![("client_id", id), ("client_id", id), ("scope", "user:read")],
            vec![("client_id", two.id.as_str()), ("scope", "user:read")],
        ] {
            is_page(&browser.get(&query(&fields)).await, 400, "cannot be answered");
            let decided = [&fields[..], &[("decision", "allow")]].concat();
            is_page(&browser.post_form("/oauth/authorize", &decided).await, 400, "cannot be answered");
        }
        // On the own machine of the person the port may be another.
        let other_port = "http://localhost:9999/callback";
        let fields = [("client_id", id), ("redirect_uri", other_port), ("scope", "user:read")];
        let code = allow(&browser, &fields).await;
        let mut wanted = scene.exchange(&code);
        wanted.push(("redirect_uri", other_port));
        scene.app.nobody().post_form("/oauth/access_token", &wanted).await.ok();
    }

    async fn what_is_wrong_goes_back_to_the_program(db: &TestDb) {
        let scene = Scene::new(db).await;
        let narrow = register(&scene.app, json!({"redirect_uris": [CALLBACK], "scope": "user:read"})).await;
        let public = register(&scene.app, json!({"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none"})).await;
        let id = scene.program.id.as_str();
        for (fields, words) in [
            (vec![("client_id", id), ("scope", "user:fly")], "invalid_scope"),
            (vec![("client_id", id)], "invalid_scope"),
            (vec![("client_id", narrow.id.as_str()), ("scope", "user:write")], "invalid_scope"),
            (vec![("client_id", id), ("scope", "user:read"), ("response_type", "token")], "unsupported_response_type"),
            (vec![("client_id", id), ("scope", "user:read"), ("code_challenge", CHALLENGE)], "not S256"),
            (
                vec![("client_id", id), ("scope", "user:read"), ("code_challenge", VERIFIER), ("code_challenge_method", "plain")],
                "not S256",
            ),
            (
                vec![("client_id", id), ("scope", "user:read"), ("code_challenge", "short"), ("code_challenge_method", "S256")],
                "code_challenge",
            ),
            (vec![("client_id", public.id.as_str()), ("scope", "user:read")], "PKCE"),
        ] {
            let fields = [&fields[..], &[("state", "st")]].concat();
            // Also for somebody who has not signed in.
            let back = browser(&scene.app).get(&query(&fields)).await;
            let back = redirect(&back, CALLBACK);
            assert_eq!((field(&back, "error"), field(&back, "state")), ("BAD_REQUEST".into(), "st".into()));
            for key in ["error_description", "error_message"] {
                assert!(field(&back, key).contains(words), "{words} in {back:?}");
            }
        }
        // Without a scope of its own the request has that of the registration.
        let browser = signed_in(&scene.app, &scene.ann).await;
        let code = allow(&browser, &[("client_id", &narrow.id)]).await;
        let wanted = [("client_id", narrow.id.as_str()), ("client_secret", &narrow.secret), ("code", &code)];
        assert_eq!(scene.app.nobody().post_form("/oauth/token", &wanted).await.ok()["scope"], "user:read");
    }

    async fn decisions_come_from_our_page_and_from_somebody_signed_in(db: &TestDb) {
        let scene = Scene::new(db).await;
        let cookie = signed_in(&scene.app, &scene.ann).await;
        let fields = [("client_id", scene.program.id.as_str()), ("scope", "user:read"), ("decision", "allow")];
        for (name, value) in [("origin", "https://evil.example"), ("origin", "null"), ("sec-fetch-site", "cross-site")] {
            let answer = cookie.header(name, value).post_form("/oauth/authorize", &fields).await;
            is_page(&answer, 403, "Not from here");
            let answer = cookie.header(name, value).post_form("/settings/applications", &[("action", "create")]).await;
            is_page(&answer, 403, "Not from here");
            let answer = cookie.header(name, value).post_form("/sign-out", &[]).await;
            is_page(&answer, 403, "Not from here");
            let right = [("email", "ann@example.com"), ("password", PASSWORD)];
            is_page(&browser(&scene.app).header(name, value).post_form("/sign-in", &right).await, 403, "Not from here");
        }
        is_page(&browser(&scene.app).post_form("/oauth/authorize", &fields).await, 200, "action=\"/sign-in\"");
        // A token is no session, also not the person's own.
        let bearer = browser(&scene.app).bearer(&scene.ann.token);
        is_page(&bearer.post_form("/oauth/authorize", &fields).await, 200, "action=\"/sign-in\"");
        assert!(scene.app.rows::<i64>("select 1 from authorization_code").await.is_empty());
    }

    async fn signing_in_and_out_in_a_browser(db: &TestDb) {
        let scene = Scene::new(db).await;
        let page = browser(&scene.app).get("/sign-in?next=/oauth/authorize").await;
        is_page(&page, 200, "value=\"/oauth/authorize\"");
        is_page(&browser(&scene.app).get("/sign-in?next=https://evil.example").await, 200, "value=\"/settings/applications\"");
        let wrong = [("email", "ann@example.com"), ("password", "wrong horse"), ("next", "//evil.example")];
        let answer = browser(&scene.app).post_form("/sign-in", &wrong).await;
        is_page(&answer, 422, "address or the password is wrong");
        assert!(!text(&answer).contains("wrong horse") && !answer.headers.contains_key("set-cookie"));
        let evil = [("email", "ann@example.com"), ("password", PASSWORD), ("next", "//evil.example")];
        let answer = browser(&scene.app).post_form("/sign-in", &evil).await;
        assert_eq!((answer.status, &answer.headers["location"]), (303, &"/settings/applications".parse().unwrap()));
        let browser_of_ann = signed_in(&scene.app, &scene.ann).await;
        is_page(&browser_of_ann.get("/settings/applications").await, 200, "Ann Example");
        assert_eq!(browser_of_ann.get("/sign-in?next=/y").await.headers["location"], "/y");
        let out = browser_of_ann.post_form("/sign-out", &[("next", "/oauth/authorize?x=1")]).await;
        assert_eq!(out.headers["location"], "/oauth/authorize?x=1");
        assert!(out.headers["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
        is_page(&browser_of_ann.get("/settings/applications").await, 200, "action=\"/sign-in\"");
        // Guessing is slowed down here as in the API, by the same count.
        let guesser = browser(&scene.app).at([10, 0, 0, 1]);
        for _ in 0..10 {
            is_page(&guesser.post_form("/sign-in", &wrong).await, 422, "wrong");
        }
        let answer = guesser.post_form("/sign-in", &evil).await;
        is_page(&answer, 429, "Too many");
        assert_eq!(answer.headers["retry-after"], "901");
        let login = [("email", "ann@example.com"), ("password", PASSWORD)];
        scene.app.nobody().at([10, 0, 0, 2]).post_form("v3/users/login", &login).await.fails(429, 114);
    }

    async fn a_code_works_once_soon_and_for_its_program(db: &TestDb) {
        let scene = Scene::new(db).await;
        let other = register(&scene.app, json!({"redirect_uris": [CALLBACK]})).await;
        let nobody = scene.app.nobody();
        let send = async |fields: &[(&str, &str)]| nobody.post_form("/oauth/token", fields).await;

        let code = scene.code(&scene.ann, "user:read").await;
        let theirs = [("client_id", other.id.as_str()), ("client_secret", &other.secret), ("code", &code)];
        refuses(&send(&theirs).await, 400, "BAD_REQUEST", "invalid_grant");
        let mut elsewhere = scene.exchange(&code);
        elsewhere.push(("redirect_uri", "http://localhost:1/callback"));
        refuses(&send(&elsewhere).await, 400, "BAD_REQUEST", "redirect_uri");
        let mut injected = scene.exchange(&code);
        injected.push(("code_verifier", VERIFIER));
        refuses(&send(&injected).await, 400, "BAD_REQUEST", "no code_challenge");
        let token = send(&scene.exchange(&code)).await.ok()["access_token"].as_str().unwrap().to_owned();
        scene.me(&token).await.ok();
        let second = scene.token(&scene.ann, "user:read").await;
        refuses(&send(&scene.exchange(&code)).await, 400, "BAD_REQUEST", "used before");
        scene.me(&token).await.fails(403, 200);
        scene.me(&second).await.ok();

        let late = scene.code(&scene.ann, "user:read").await;
        scene.app.app.clock.advance(5 * MINUTE);
        refuses(&send(&scene.exchange(&late)).await, 400, "BAD_REQUEST", "expired");
        refuses(&send(&scene.exchange("nonsense")).await, 400, "BAD_REQUEST", "unknown");
        refuses(&send(&scene.exchange("")).await, 400, "BAD_REQUEST", "code is missing");
        // An address that was named has to be named again.
        let browser = signed_in(&scene.app, &scene.ann).await;
        let fields = [("client_id", scene.program.id.as_str()), ("scope", "user:read"), ("redirect_uri", CALLBACK)];
        let code = allow(&browser, &fields).await;
        refuses(&send(&scene.exchange(&code)).await, 400, "BAD_REQUEST", "redirect_uri is missing");
    }

    async fn two_exchanges_of_one_code_leave_no_token(db: &TestDb) {
        let scene = Scene::new(db).await;
        let code = scene.code(&scene.ann, "user:read").await;
        let fields = scene.exchange(&code);
        let (one, two) = (scene.app.nobody(), scene.app.nobody());
        let (a, b) = tokio::join!(one.post_form("/oauth/token", &fields), two.post_form("/oauth/token", &fields));
        let mut statuses = [a.status, b.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 400]);
        let left: Vec<i64> = scene.app.rows("select id from token where application_id is not null").await;
        assert!(left.is_empty(), "{left:?}");
    }

    async fn pkce_binds_a_code_to_whoever_began(db: &TestDb) {
        let scene = Scene::new(db).await;
        let public = register(&scene.app, json!({
            "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none", "application_type": "native",
        })).await;
        assert_eq!(public.secret, "");
        let browser = signed_in(&scene.app, &scene.ann).await;
        let fields = [
            ("client_id", public.id.as_str()), ("redirect_uri", CALLBACK), ("scope", "user:read"),
            ("code_challenge", CHALLENGE), ("code_challenge_method", "S256"),
        ];
        let code = allow(&browser, &fields).await;
        let wanted = [("client_id", public.id.as_str()), ("code", &code), ("redirect_uri", CALLBACK)];
        let nobody = scene.app.nobody();
        refuses(&nobody.post_form("/oauth/token", &wanted).await, 400, "BAD_REQUEST", "code_verifier is missing");
        for verifier in [CHALLENGE, "short", &VERIFIER[..42]] {
            let wanted = [&wanted[..], &[("code_verifier", verifier)]].concat();
            refuses(&nobody.post_form("/oauth/token", &wanted).await, 400, "BAD_REQUEST", "does not match");
        }
        let wanted = [&wanted[..], &[("code_verifier", VERIFIER)]].concat();
        nobody.post_form("/oauth/token", &wanted).await.ok();
    }

    async fn programs_authenticate_in_body_and_header(db: &TestDb) {
        let scene = Scene::new(db).await;
        let App { id, secret } = &scene.program;
        let nobody = scene.app.nobody();
        let basic = |pair: String| nobody.header("authorization", &format!("Basic {}", base64(&pair)));
        for wrong in [
            vec![("client_id", id.as_str()), ("client_secret", "wrong"), ("code", "x")],
            vec![("client_id", id.as_str()), ("code", "x")],
            vec![("client_id", "twd_x"), ("client_secret", secret.as_str()), ("code", "x")],
        ] {
            refuses(&nobody.post_form("/oauth/token", &wrong).await, 401, "FORBIDDEN", "invalid_client");
            refuses(&nobody.post_form("/oauth/revoke", &wrong).await, 401, "FORBIDDEN", "invalid_client");
        }
        let nul = json!({"client_id": "a\0b", "client_secret": "c", "code": "d", "token": "e"});
        for path in ["/oauth/token", "/oauth/revoke"] {
            refuses(&nobody.post_json(path, nul.clone()).await, 400, "BAD_REQUEST", "client_id");
        }
        for pair in ["a\0b:c".to_owned(), format!("{id}:wrong"), format!("x:{secret}"), id.clone(), format!("{id}:")] {
            let answer = basic(pair).post_form("/oauth/token", &[("code", "x")]).await;
            refuses(&answer, 401, "FORBIDDEN", "invalid_client");
            assert!(answer.headers["www-authenticate"].to_str().unwrap().starts_with("Basic"));
        }
        let answer = basic(format!("{id}:{secret}")).post_form("/oauth/token", &[("client_id", "y"), ("code", "x")]).await;
        refuses(&answer, 400, "BAD_REQUEST", "another one in the header");
        let code = scene.code(&scene.ann, "user:read").await;
        // A secret in an address would be in every log on the way.
        let address = format!("/oauth/token?client_id={id}&client_secret={secret}&code={code}");
        refuses(&nobody.post_form(&address, &[]).await, 400, "BAD_REQUEST", "client_id is missing");
        let wrong = [&scene.exchange(&code)[..2], &[("grant_type", "password")]].concat();
        refuses(&nobody.post_form("/oauth/token", &wrong).await, 400, "BAD_REQUEST", "unsupported_grant_type");
        refuses(&nobody.send(http::Method::POST, "/oauth/token", "application/json", "{".into()).await, 400, "BAD_REQUEST", "JSON");
        let form = [("code", code.as_str()), ("grant_type", "authorization_code")];
        let token = basic(format!("{id}:{secret}")).post_form("/oauth/access_token", &form).await.ok();
        scene.me(token["access_token"].as_str().unwrap()).await.ok();
        // A token that was left over in the header says nothing about the program.
        let code = scene.code(&scene.ann, "user:read").await;
        nobody.bearer("old").post_form("/oauth/token", &scene.exchange(&code)).await.ok();
    }

    async fn an_origin_that_keeps_failing_has_to_wait(db: &TestDb) {
        let scene = Scene::new(db).await;
        let (one, two) = (scene.app.nobody().at([10, 0, 0, 1]), scene.app.nobody().at([10, 0, 0, 2]));
        let wrong = scene.exchange("wrong");
        for _ in 0..100 {
            refuses(&one.post_form("/oauth/token", &wrong).await, 400, "BAD_REQUEST", "invalid_grant");
        }
        let late = one.post_form("/oauth/token", &wrong).await;
        refuses(&late, 429, "BAD_REQUEST", "too many");
        assert_eq!(late.headers["retry-after"], "901");
        refuses(&two.post_form("/oauth/token", &wrong).await, 400, "BAD_REQUEST", "invalid_grant");
        for _ in 0..100 {
            let answer = two.post_json("/oauth/register", json!({"redirect_uris": [CALLBACK]})).await;
            assert_eq!(answer.status, 201);
        }
        refuses(&two.post_json("/oauth/register", json!({"redirect_uris": [CALLBACK]})).await, 429, "BAD_REQUEST", "too many");
    }

    async fn a_consent_taken_back_ends_its_tokens_only(db: &TestDb) {
        let scene = Scene::new(db).await;
        let anns = [scene.token(&scene.ann, "user:read").await, scene.token(&scene.ann, "threads:read,user:read").await];
        let bos = scene.token(&scene.bo, "user:read").await;
        let waiting = scene.code(&scene.ann, "user:read").await;
        let browser = signed_in(&scene.app, &scene.ann).await;
        let page = browser.get("/settings/applications").await;
        is_page(&page, 200, "<h3>Bot</h3>");
        assert!(text(&page).contains("See threads and your inbox") && text(&page).contains("Since 2027-01-15"));
        let id = scene.application(&scene.program.id).await.to_string();
        let revoke = [("action", "revoke"), ("application", id.as_str())];
        assert_eq!(browser.post_form("/settings/applications", &revoke).await.status, 303);
        for token in &anns {
            scene.me(token).await.fails(403, 200);
        }
        let late = scene.app.nobody().post_form("/oauth/token", &scene.exchange(&waiting)).await;
        refuses(&late, 400, "BAD_REQUEST", "unknown");
        scene.me(&bos).await.ok();
        scene.me(&scene.ann.token).await.ok();
        is_page(&browser.get("/settings/applications").await, 200, "you have let no application act");
        is_page(&browser.post_form("/settings/applications", &revoke).await, 404, "Nothing to change");
    }

    async fn programs_end_their_own_tokens(db: &TestDb) {
        let scene = Scene::new(db).await;
        let other = register(&scene.app, json!({"redirect_uris": [CALLBACK]})).await;
        let (one, two) = (scene.token(&scene.ann, "user:read").await, scene.token(&scene.ann, "user:read").await);
        let nobody = scene.app.nobody();
        let end = async |program: &App, token: &str| {
            let body = json!({"client_id": program.id, "client_secret": program.secret, "token": token});
            nobody.post_json("/oauth/revoke", body).await.done();
        };
        for token in [one.as_str(), &scene.ann.token, "unknown"] {
            end(&other, token).await;
        }
        end(&scene.program, &scene.ann.token).await;
        scene.me(&one).await.ok();
        scene.me(&scene.ann.token).await.ok();
        end(&scene.program, &one).await;
        end(&scene.program, &one).await;
        scene.me(&one).await.fails(403, 200);
        scene.me(&two).await.ok();
    }

    async fn removed_people_are_represented_by_nobody(db: &TestDb) {
        let scene = Scene::new(db).await;
        let token = scene.token(&scene.bo, "user:read").await;
        let waiting = scene.code(&scene.bo, "user:read").await;
        scene.bo.post_form("v3/users/delete", &[("password", PASSWORD)]).await.done();
        scene.me(&token).await.fails(403, 200);
        let late = scene.app.nobody().post_form("/oauth/token", &scene.exchange(&waiting)).await;
        refuses(&late, 400, "BAD_REQUEST", "unknown");
        assert!(scene.app.rows::<i64>("select 1 from consent").await.is_empty());
    }

    async fn a_token_of_a_program_stays_one(db: &TestDb) {
        let scene = Scene::new(db).await;
        let token = scene.token(&scene.ann, "user:write").await;
        let client = scene.app.nobody().bearer(&token);
        let new = client.post_form("v3/users/invalidate_token", &[]).await.ok();
        let new = new["token"].as_str().unwrap();
        assert!(new.starts_with("oauth2:"), "{new}");
        scene.me(&token).await.fails(403, 200);
        scene.me(new).await.ok();
        scene.me(&scene.ann.token).await.ok();
        scene.app.nobody().bearer(new).get("v3/workspaces/get").await.fails(403, 109);
        let (ann, id) = (scene.ann.id, scene.application(&scene.program.id).await);
        scene.app.app.db.write(move |tx| oauth::revoke(tx, ann, id, 0)).await.unwrap();
        scene.me(new).await.fails(403, 200);
    }

    async fn people_manage_their_own_applications(db: &TestDb) {
        let scene = Scene::new(db).await;
        let (ann, bo) = (signed_in(&scene.app, &scene.ann).await, signed_in(&scene.app, &scene.bo).await);
        let path = "/settings/applications";
        let new = [
            ("action", "create"), ("name", "Ann's <b>tool</b>"), ("website", "https://tool.example"),
            ("redirect_uris", "https://tool.example/a\r\nmytool:/b"), ("kind", "confidential"),
        ];
        for (name, value, words) in [
            ("name", " ", "1 to 255"),
            ("redirect_uris", "nowhere", "absolute"),
            ("redirect_uris", "", "1 to 20"),
            ("website", "javascript:alert(1)", "begins with"),
        ] {
            let fields = new.map(|(key, old)| (key, if key == name { value } else { old }));
            let answer = ann.post_form(path, &fields).await;
            is_page(&answer, 422, words);
            assert!(text(&answer).contains(&format!("aria-describedby=\"{name}-problem\"")));
        }
        let answer = ann.post_form(path, &new).await;
        is_page(&answer, 200, "shown this once");
        let between = |html: &str, start: &str| {
            html.split_once(start).unwrap().1.split('<').next().unwrap().to_owned()
        };
        let (id, secret) = (between(&text(&answer), "id=\"client-id\">"), between(&text(&answer), "id=\"secret\">"));
        assert!(id.starts_with("twd_") && secret.len() == 64, "{id} {secret}");
        let page = text(&ann.get(path).await);
        assert!(page.contains(&id) && !page.contains(&secret) && !page.contains("<b>tool"), "{page}");
        assert!(!text(&bo.get(path).await).contains(&id));

        let tool = App { id: id.clone(), secret };
        let code = allow(&bo, &[("client_id", &id), ("redirect_uri", "mytool:/b"), ("scope", "user:read")]).await;
        let wanted = |secret: &str| {
            json!({"client_id": tool.id, "client_secret": secret, "code": code, "redirect_uri": "mytool:/b"})
        };
        let number = scene.application(&id).await.to_string();
        let with = |action| [("action", action), ("application", number.as_str())];
        for action in ["rotate", "test-token", "remove", "nonsense"] {
            is_page(&bo.post_form(path, &with(action)).await, 404, "Nothing to change");
            is_page(&browser(&scene.app).post_form(path, &with(action)).await, if action == "nonsense" { 404 } else { 200 }, "");
        }
        let answer = ann.post_form(path, &with("rotate")).await;
        is_page(&answer, 200, "The new secret");
        let rotated = between(&text(&answer), "id=\"secret\">");
        refuses(&scene.app.nobody().post_json("/oauth/token", wanted(&tool.secret)).await, 401, "FORBIDDEN", "client_secret");
        let token = scene.app.nobody().post_json("/oauth/token", wanted(&rotated)).await.ok();
        let token = token["access_token"].as_str().unwrap();
        scene.me(token).await.ok();

        let first = between(&text(&ann.post_form(path, &with("test-token")).await), "id=\"secret\">");
        let second = between(&text(&ann.post_form(path, &with("test-token")).await), "id=\"secret\">");
        scene.me(&first).await.fails(403, 200);
        assert_eq!(scene.me(&second).await.ok()["id"], json!(scene.ann.id));
        let client = scene.app.nobody().bearer(&second);
        client.get("v3/workspaces/get").await.ok();
        client.post_json("v3/workspaces/add", json!({"name": "N"})).await.ok();

        assert_eq!(ann.post_form(path, &with("remove")).await.status, 303);
        scene.me(token).await.fails(403, 200);
        scene.me(&second).await.fails(403, 200);
        assert!(!text(&ann.get(path).await).contains(&id));
        is_page(&ann.get(&query(&[("client_id", &id), ("scope", "user:read")])).await, 400, "not known");
    }

    async fn programs_register_themselves(db: &TestDb) {
        let app = TestApp::new(db);
        let full = json!({
            "redirect_uris": [CALLBACK, "com.example.app:/cb"], "client_name": "My <app>",
            "client_uri": "https://app.example", "logo_uri": "https://app.example/logo.png",
            "scope": "user:read threads:write", "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"], "token_endpoint_auth_method": "client_secret_post",
            "application_type": "native", "something_else": {"a": 1},
        });
        let answer = app.nobody().post_json("/oauth/register", full.clone()).await;
        assert_eq!((answer.status, &answer.headers["cache-control"]), (201, &"no-store".parse().unwrap()));
        let mut answer = answer.json();
        let (id, secret) = (answer["client_id"].take(), answer["client_secret"].take());
        assert!(id.as_str().unwrap().starts_with("twd_"));
        assert_eq!(secret.as_str().unwrap().len(), 64);
        assert_eq!(answer, json!({
            "client_id": null, "client_secret": null, "client_secret_expires_at": 0,
            "client_id_issued_at": 1_800_000_000, "client_name": "My <app>",
            "client_uri": "https://app.example", "redirect_uris": [CALLBACK, "com.example.app:/cb"],
            "scope": "user:read threads:write", "grant_types": ["authorization_code"],
            "response_types": ["code"], "token_endpoint_auth_method": "client_secret_post",
        }));
        for (name, value, error) in [
            ("redirect_uris", json!([]), "invalid_redirect_uri"),
            ("redirect_uris", json!("x"), "invalid_redirect_uri"),
            ("redirect_uris", json!(["javascript:alert(1)"]), "invalid_redirect_uri"),
            ("redirect_uris", json!(["https://a.example/#x"]), "invalid_redirect_uri"),
            ("redirect_uris", json!([1]), "invalid_redirect_uri"),
            ("redirect_uris", json!(vec![CALLBACK; 21]), "invalid_redirect_uri"),
            ("redirect_uris", Value::Null, "invalid_redirect_uri"),
            ("client_name", json!("x".repeat(256)), "invalid_client_metadata"),
            ("client_name", json!(1), "invalid_client_metadata"),
            ("client_name", json!("a\0b"), "invalid_client_metadata"),
            ("client_uri", json!("javascript:alert(1)"), "invalid_client_metadata"),
            ("scope", json!("user:fly"), "invalid_client_metadata"),
            ("grant_types", json!(["password"]), "invalid_client_metadata"),
            ("response_types", json!(["token"]), "invalid_client_metadata"),
            ("token_endpoint_auth_method", json!("private_key_jwt"), "invalid_client_metadata"),
        ] {
            let mut body = full.clone();
            body[name] = value;
            refuses(&app.nobody().post_json("/oauth/register", body).await, 400, error, "");
        }
        let send = async |body: &'static str| {
            app.nobody().send(http::Method::POST, "/oauth/register", "application/json", body.into()).await
        };
        refuses(&send("[]").await, 400, "invalid_client_metadata", "JSON object");
        refuses(&send("{").await, 400, "invalid_client_metadata", "JSON object");
        assert_eq!(app.rows::<i64>("select id from application").await.len(), 1);
        // Whoever nobody uses is forgotten.
        let sweep = |at: i64| app.app.db.write(move |tx| oauth::sweep(tx, at));
        let (made, month) = (crate::support::NOW, 30 * 86_400_000);
        assert_eq!(sweep(made + month - 1).await.unwrap(), 0);
        assert_eq!(sweep(made + month).await.unwrap(), 1);
        // Not who is used, nor who belongs to somebody.
        let ann = app.person("ann").await;
        let used = register(&app, json!({"redirect_uris": [CALLBACK]})).await;
        allow(&signed_in(&app, &ann).await, &[("client_id", &used.id), ("scope", "user:read")]).await;
        let own = [("action", "create"), ("name", "Own"), ("redirect_uris", CALLBACK)];
        signed_in(&app, &ann).await.post_form("/settings/applications", &own).await;
        assert_eq!(sweep(made + month).await.unwrap(), 1, "the code alone");
        assert_eq!(app.rows::<i64>("select id from application").await.len(), 2);
    }

    async fn generic_clients_find_everything(db: &TestDb) {
        let app = TestApp::new(db);
        let answer = app.nobody().get("/.well-known/oauth-authorization-server").await;
        assert_eq!(answer.headers["access-control-allow-origin"], "*");
        let server = answer.ok();
        assert_eq!(server["issuer"], "http://halyard.test");
        for (name, path) in [
            ("authorization_endpoint", "/oauth/authorize"),
            ("token_endpoint", "/oauth/token"),
            ("revocation_endpoint", "/oauth/revoke"),
            ("registration_endpoint", "/oauth/register"),
        ] {
            assert_eq!(server[name], format!("http://halyard.test{path}"), "{name}");
        }
        assert_eq!(server["code_challenge_methods_supported"], json!(["S256"]));
        assert_eq!(server["scopes_supported"].as_array().unwrap().len(), 27);
        assert_eq!(server["response_types_supported"], json!(["code"]));
        for path in ["", "/api/v3"] {
            let resource = app.nobody().get(&format!("/.well-known/oauth-protected-resource{path}")).await.ok();
            assert_eq!(resource["resource"], format!("http://halyard.test{path}"));
            assert_eq!(resource["authorization_servers"], json!(["http://halyard.test"]));
        }
        let settings = Settings { public_url: Some("https://halyard.example.com".to_owned()), ..Settings::default() };
        let app = TestApp::with(db, settings);
        let server = app.nobody().get("/.well-known/oauth-authorization-server").await.ok();
        assert_eq!(server["token_endpoint"], "https://halyard.example.com/oauth/token");
    }

    async fn a_program_can_be_known_by_the_address_of_its_document(db: &TestDb) {
        let scene = Scene::new(db).await;
        let host = Documents::start().await;
        let id = host.put("/client", |id| json!({"client_id": id, "client_name": "Docs", "redirect_uris": [CALLBACK]}));
        let fields = [
            ("client_id", id.as_str()), ("scope", "user:read"), ("redirect_uri", CALLBACK),
            ("code_challenge", CHALLENGE), ("code_challenge_method", "S256"),
        ];
        // Somebody who is not known makes this server ask nobody.
        is_page(&browser(&scene.app).get(&query(&fields)).await, 200, "action=\"/sign-in\"");
        assert_eq!(host.asked(), 0);
        let ann = signed_in(&scene.app, &scene.ann).await;
        is_page(&ann.get(&query(&fields)).await, 200, &format!("<code>{id}</code>"));
        let code = allow(&ann, &fields).await;
        let wanted = json!({"client_id": id, "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER});
        let token = scene.app.nobody().post_json("/oauth/token", wanted).await.ok();
        let token = token["access_token"].as_str().unwrap();
        scene.me(token).await.ok();
        assert_eq!(host.asked(), 1, "what is known is not asked again at once");

        // Later it is; what people have allowed stays.
        scene.app.app.clock.advance(60 * MINUTE);
        host.put("/client", |id| json!({"client_id": id, "client_name": "Docs", "redirect_uris": ["https://new.example/"]}));
        is_page(&ann.get(&query(&fields)).await, 400, "has not registered");
        assert_eq!(host.asked(), 2);
        scene.me(token).await.ok();
        scene.app.app.clock.advance(60 * MINUTE);
        host.take_away("/client");
        is_page(&ann.get(&query(&fields)).await, 400, "status 404");

        // The document of one program is none for another.
        let other = host.put("/other", |_| json!({"client_id": id, "redirect_uris": [CALLBACK]}));
        is_page(&ann.get(&query(&[("client_id", &other), ("scope", "user:read")])).await, 400, "another client_id");
        for inside in ["http://10.0.0.1/client", "https://[::1]/client", "http://localhost.example.invalid/client"] {
            let page = ann.get(&query(&[("client_id", inside), ("scope", "user:read")])).await;
            is_page(&page, 400, "cannot be asked who it is");
        }
        let server = scene.app.nobody().get("/.well-known/oauth-authorization-server").await.ok();
        assert_eq!(server["client_id_metadata_document_supported"], true);
    }

    async fn consents_grow_and_scopes_are_those_of_the_token(db: &TestDb) {
        let scene = Scene::new(db).await;
        let narrow = scene.token(&scene.ann, "user:read").await;
        let wide = scene.token(&scene.ann, "workspaces:read").await;
        let client = |token: &str| scene.app.nobody().bearer(token);
        client(&narrow).get("v3/workspaces/get").await.fails(403, 109);
        client(&wide).get("v3/workspaces/get").await.ok();
        scene.me(&wide).await.fails(403, 109);
        let scopes: Vec<i64> = scene.app.rows("select scopes from consent").await;
        assert_eq!(scopes, [Scopes::parse("user:read workspaces:read").unwrap().bits()]);
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
