//! The first set-up and the choice of a password, as a browser does them.

use halyard_http_api::Settings;
use halyard_identity::{
    NewUser, Purpose, SecretHash, TokenKind, UserId, create_user, issue_code, issue_token,
    load_user_by_email,
};
use halyard_platform::on_both_databases;

use crate::support::{Answer, Client, NOW, TestApp, migrations};

const DAY: i64 = 86_400_000;
const CODE: &str = "0123456789abcdef0123456789abcdef01234567";

async fn offer(app: &TestApp, purpose: Purpose, user: Option<UserId>, code: &str) {
    let hash = SecretHash::of(code);
    let issue = move |tx: &mut halyard_platform::db::Tx<'_>| {
        issue_code(tx, purpose, user, &hash, NOW + DAY)
    };
    app.app.db.write(issue).await.unwrap();
}

fn browser(app: &TestApp) -> Client {
    app.nobody().header("origin", "http://halyard.test")
}

fn text(answer: &Answer) -> String {
    String::from_utf8(answer.bytes.to_vec()).unwrap()
}

/// Every page of these: nobody keeps it, nothing foreign is in it.
#[track_caller]
fn is_page(answer: &Answer, status: u16, words: &str) {
    assert_eq!(answer.status, status, "{}", text(answer));
    assert_eq!(answer.headers["content-type"], "text/html; charset=utf-8");
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert_eq!(answer.headers["referrer-policy"], "same-origin");
    assert_eq!(answer.headers["x-content-type-options"], "nosniff");
    let policy = answer.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
    let html = text(answer);
    assert!(html.contains(words), "{words} in {html}");
    assert!(html.contains("<html lang=\"en\">") && html.contains("name=\"viewport\""));
    assert!(!html.contains("<script") && !html.contains("style="), "the policy forbids them");
}

const ANN: [(&str, &str); 5] = [
    ("code", CODE),
    ("name", "Ann <Ash>"),
    ("email", "ann@example.com"),
    ("password", "correct horse"),
    ("workspace", "Crew"),
];

fn with<'a>(field: &str, value: &'a str) -> Vec<(&'a str, &'a str)> {
    ANN.into_iter().map(|(name, old)| (name, if name == field { value } else { old })).collect()
}

on_both_databases! {
    migrations();

    async fn the_first_admin_sets_the_server_up(test: &TestDb) {
        let app = TestApp::new(test);
        offer(&app, Purpose::SetUp, None, CODE).await;
        offer(&app, Purpose::SetUp, None, "other").await;
        let browser = browser(&app);
        let form = browser.get(&format!("/setup?code={CODE}")).await;
        is_page(&form, 200, "<form method=\"post\" action=\"/setup\">");
        let html = text(&form);
        for (field, _) in ANN {
            assert!(html.contains(&format!("name=\"{field}\"")), "{field}");
        }
        for field in ["name", "email", "password", "workspace"] {
            assert!(html.contains(&format!("<label for=\"{field}\">")), "{field} has a label");
        }
        assert!(html.contains(&format!("value=\"{CODE}\"")));
        let done = browser.post_form("/setup", &ANN).await;
        is_page(&done, 200, "/docs/twist");
        let html = text(&done);
        assert!(html.contains("Ann &lt;Ash&gt;") && !html.contains("<Ash>"), "escaped");
        let (_, token) = html.split_once("<code id=\"token\">").expect("a token");
        let token: String = token.chars().take_while(char::is_ascii_hexdigit).collect();
        assert_eq!(token.len(), 40);
        let client = app.nobody().bearer(&token);
        let me = client.get("v3/users/get_session_user").await.ok();
        assert_eq!((&me["name"], &me["email"]), (&"Ann <Ash>".into(), &"ann@example.com".into()));
        let workspaces = client.get("v3/workspaces/get").await.ok();
        assert_eq!((workspaces.as_array().unwrap().len(), &workspaces[0]["name"]), (1, &"Crew".into()));
        let roles: Vec<String> = app.rows("select role from member").await;
        assert_eq!(roles, ["admin"]);
        client.post_form("v3/users/login", &[("email", "ann@example.com"), ("password", "correct horse")]).await.ok();
        // Neither code works any more, and nobody comes in beside.
        assert!(app.rows::<i64>("select 1 from one_time_code").await.is_empty());
        for code in [CODE, "other", ""] {
            is_page(&browser.get(&format!("/setup?code={code}")).await, 410, "Set up already");
            is_page(&browser.post_form("/setup", &with("code", code)).await, 410, "Set up already");
        }
        assert_eq!(app.rows::<i64>("select id from users").await.len(), 1);
    }

    async fn mistakes_are_shown_and_use_nothing_up(test: &TestDb) {
        let app = TestApp::new(test);
        offer(&app, Purpose::SetUp, None, CODE).await;
        let browser = browser(&app);
        let long = "x".repeat(256);
        for (field, value, hint) in [
            ("name", " ", "1 to 255"),
            ("name", long.as_str(), "1 to 255"),
            ("email", "ann", "does not look like"),
            ("password", "short", "at least 8"),
            ("workspace", "", "1 to 255"),
        ] {
            let again = browser.post_form("/setup", &with(field, value)).await;
            is_page(&again, 422, hint);
            let html = text(&again);
            assert!(html.contains(&format!("aria-describedby=\"{field}-problem\"")), "{field}: {html}");
            assert!(html.contains(&format!("id=\"{field}-problem\"")), "{field}");
            assert!(field == "email" || html.contains("value=\"ann@example.com\""), "what was filled in stays");
            assert!(!html.contains("correct horse"), "but no password");
        }
        let missing = browser.post_form("/setup", &[("code", CODE)]).await;
        is_page(&missing, 422, "1 to 255");
        assert!(app.rows::<i64>("select id from users").await.is_empty());
        is_page(&browser.post_form("/setup", &ANN).await, 200, "token");
    }

    async fn only_the_right_code_from_the_right_page_opens(test: &TestDb) {
        let app = TestApp::new(test);
        offer(&app, Purpose::SetUp, None, CODE).await;
        offer(&app, Purpose::Password, None, "password").await;
        let browser = browser(&app);
        for code in ["", "wrong", "password"] {
            is_page(&browser.get(&format!("/setup?code={code}")).await, 403, "does not work");
            is_page(&browser.post_form("/setup", &with("code", code)).await, 403, "does not work");
        }
        for (name, value) in [("origin", "http://evil.test"), ("origin", "null"), ("sec-fetch-site", "cross-site")] {
            is_page(&browser.header(name, value).post_form("/setup", &ANN).await, 403, "Not from here");
        }
        is_page(&app.nobody().post_form("/setup", &ANN).await, 403, "Not from here");
        app.app.clock.advance(DAY);
        is_page(&browser.get(&format!("/setup?code={CODE}")).await, 403, "does not work");
        is_page(&browser.post_form("/setup", &ANN).await, 403, "does not work");
        assert!(app.rows::<i64>("select id from users").await.is_empty());
        let huge = "x".repeat(70_000);
        assert_eq!(browser.post_form("/setup", &with("name", &huge)).await.status, 413);
    }

    async fn the_public_address_is_an_origin_of_ours(test: &TestDb) {
        let settings = Settings { public_url: Some("https://halyard.example.com".to_owned()), ..Settings::default() };
        let app = TestApp::with(test, settings);
        offer(&app, Purpose::SetUp, None, CODE).await;
        let behind_proxy = app.nobody().header("origin", "https://halyard.example.com");
        is_page(&behind_proxy.post_form("/setup", &ANN).await, 200, "token");
    }

    async fn two_with_codes_make_one_admin(test: &TestDb) {
        let app = TestApp::new(test);
        offer(&app, Purpose::SetUp, None, CODE).await;
        offer(&app, Purpose::SetUp, None, "other").await;
        let (one, two) = (browser(&app), browser(&app));
        let other: Vec<_> = with("code", "other")
            .into_iter()
            .map(|(name, value)| (name, if name == "email" { "bo@example.com" } else { value }))
            .collect();
        let (a, b) = tokio::join!(one.post_form("/setup", &ANN), two.post_form("/setup", &other));
        let mut statuses = [a.status, b.status];
        statuses.sort_unstable();
        assert_eq!(statuses[0], 200, "{statuses:?}");
        assert!([403, 410].contains(&statuses[1]), "{statuses:?}");
        assert_eq!(app.rows::<i64>("select id from users").await.len(), 1);
        assert_eq!(app.rows::<i64>("select id from workspace").await.len(), 1);
    }

    async fn a_new_password_ends_what_was_before(test: &TestDb) {
        let app = TestApp::new(test);
        let bo = app.app.db.write(|tx| {
            let new = NewUser { name: "Bo".to_owned(), email: "bo@example.com".to_owned(), password_hash: None, bot: false };
            let bo = create_user(tx, &new, NOW)?;
            let session = SecretHash::of("session");
            issue_token(tx, bo, TokenKind::Session, &session, "", halyard_identity::Scopes::ALL, NOW)?;
            Ok::<_, halyard_identity::Error>(bo)
        }).await.unwrap();
        offer(&app, Purpose::Password, Some(bo), CODE).await;
        offer(&app, Purpose::Password, Some(bo), "second mail").await;
        offer(&app, Purpose::SetUp, None, "set-up").await;
        let browser = browser(&app);
        is_page(&browser.get("/set-password?code=set-up").await, 403, "does not work");
        is_page(&browser.get("/set-password").await, 403, "does not work");
        is_page(&browser.get(&format!("/set-password?code={CODE}")).await, 200, "bo@example.com");
        let send = async |client: &Client, password: &str| {
            client.post_form("/set-password", &[("code", CODE), ("password", password)]).await
        };
        is_page(&send(&app.nobody(), "correct horse").await, 403, "Not from here");
        is_page(&send(&browser, "short").await, 422, "at least 8");
        is_page(&send(&browser, &"x".repeat(1_025)).await, 422, "at most 1024");
        is_page(&send(&browser, "correct horse").await, 200, "Sign in");
        is_page(&send(&browser, "correct horse").await, 403, "does not work");
        is_page(&browser.get("/set-password?code=second+mail").await, 403, "does not work");
        assert!(app.rows::<i64>("select id from token").await.is_empty(), "the session has ended");
        let bo = app.app.db.read(|tx| load_user_by_email(tx, "bo@example.com")).await.unwrap().unwrap();
        assert!(!bo.setup_pending);
        app.nobody().post_form("v3/users/login", &[("email", "bo@example.com"), ("password", "correct horse")]).await.ok();
    }

    async fn the_style_is_ours(test: &TestDb) {
        let app = TestApp::new(test);
        let css = app.nobody().get("/pages.css").await;
        assert_eq!((css.status, css.headers["content-type"].to_str().unwrap()), (200, "text/css; charset=utf-8"));
        assert!(text(&css).contains("color-scheme: light dark"));
    }
}
