//! Signing in and out, tokens and sessions.

use halyard_http_api::Settings;
use halyard_identity::{SESSION_DAYS, Scopes};
use halyard_platform::on_both_databases;
use serde_json::{Value, json};

use crate::support::{Answer, Client, NOW, PASSWORD, TestApp, migrations};

const ME: &str = "v3/users/get_session_user";

/// The session cookie of an answer and its attributes.
fn cookie(answer: &Answer) -> Option<(String, String)> {
    let cookie = answer.headers.get("set-cookie")?.to_str().unwrap();
    let (pair, attributes) = cookie.split_once("; ").unwrap();
    Some((pair.to_owned(), attributes.to_owned()))
}

async fn login(client: &Client, email: &str, password: &str) -> Answer {
    client.post_form("v3/users/login", &[("email", email), ("password", password)]).await
}

on_both_databases! {
    migrations();

    async fn signing_in_gives_a_token_and_a_session(db: &TestDb) {
        let app = TestApp::new(db);
        let ann = app.person("ann").await;
        // One client sends the token that has just been refused along.
        let nobody = app.nobody().bearer("stale");
        let answer = login(&nobody, " ANN@example.com", PASSWORD).await;
        let user = answer.ok();
        let token = user["token"].as_str().unwrap();
        assert_eq!(token.len(), 40);
        assert_eq!(user["id"], json!(ann.id));
        assert_eq!(app.nobody().bearer(token).get(ME).await.ok()["token"], user["token"]);
        app.nobody().header("authorization", token).get(ME).await.ok();
        app.nobody().get(&format!("{ME}?token={token}")).await.ok();

        let (pair, attributes) = cookie(&answer).unwrap();
        let age = SESSION_DAYS * 86_400;
        assert_eq!(attributes, format!("HttpOnly; SameSite=Lax; Path=/; Max-Age={age}"));
        let browser = app.nobody().header("cookie", &pair);
        let me = browser.get(ME).await.ok();
        assert_eq!((&me["id"], &me["token"]), (&json!(ann.id), &Value::Null));

        let quiet =
            [("email", "ann@example.com"), ("password", PASSWORD), ("set_session_cookie", "false")];
        let answer = nobody.post_form("v2/users/login", &quiet).await;
        answer.ok();
        assert!(cookie(&answer).is_none());
        let tokens: Vec<i64> = app.rows("select id from token where kind = 'session'").await;
        assert_eq!(tokens.len(), 1);
    }

    async fn the_use_of_a_login_token_is_noted_once_a_day(db: &TestDb) {
        let app = TestApp::new(db);
        let ann = app.person("ann").await;
        let token = login(&app.nobody(), &ann.email, PASSWORD).await.ok();
        let client = app.nobody().bearer(token["token"].as_str().unwrap());
        for _ in 0..3 {
            client.get(ME).await.ok();
            ann.get(ME).await.ok();
        }
        let ids: Vec<i64> = app.rows("select id from token where kind = 'login'").await;
        assert_eq!(app.app.uses.take(), ids);
        client.get(ME).await.ok();
        assert!(app.app.uses.take().is_empty());
        app.app.clock.advance(86_400_000);
        client.get(ME).await.ok();
        assert_eq!(app.app.uses.take(), ids);
    }

    async fn the_cookie_is_secure_where_the_server_is(db: &TestDb) {
        let url = Some("https://halyard.example".to_owned());
        let app = TestApp::with(db, Settings { public_url: url, ..Settings::default() });
        let ann = app.person("ann").await;
        let answer = login(&app.nobody(), &ann.email, PASSWORD).await;
        assert!(cookie(&answer).unwrap().1.ends_with("; Secure"));
    }

    async fn wrong_credentials(db: &TestDb) {
        let app = TestApp::new(db);
        let ann = app.person("ann").await;
        let nobody = app.nobody();
        for (email, password) in
            [(ann.email.as_str(), "wrong horse"), ("nobody@example.com", PASSWORD), ("", "")]
        {
            let answer = login(&nobody, email, password).await;
            answer.fails(400, 104);
            assert!(cookie(&answer).is_none());
        }
        let answer = nobody.post_form("v3/users/login", &[("email", "a@b.co")]).await;
        assert_eq!(answer.fails(400, 19)["error_extra"]["argument"], "password");
    }

    async fn guessing_is_slowed_down_by_address_and_by_origin(db: &TestDb) {
        let app = TestApp::new(db);
        let (ann, bo) = (app.person("ann").await, app.person("bo").await);
        let (one, two) = (app.nobody().at([10, 0, 0, 1]), app.nobody().at([10, 0, 0, 2]));
        for _ in 0..10 {
            login(&one, &ann.email, "wrong").await.fails(400, 104);
        }
        let late = login(&two, &ann.email, PASSWORD).await;
        late.fails(429, 114);
        assert_eq!(late.headers["retry-after"], "901");
        login(&one, &bo.email, PASSWORD).await.fails(429, 114);
        login(&two, &bo.email, PASSWORD).await.ok();
        // Those who get in are never slowed down.
        for _ in 0..11 {
            login(&two, &bo.email, PASSWORD).await.ok();
        }
        app.app.clock.set(NOW + 15 * 60 * 1000);
        login(&one, &ann.email, PASSWORD).await.ok();
    }

    async fn a_cookie_changes_things_only_for_our_own_pages(db: &TestDb) {
        let app = TestApp::new(db);
        let ann = app.person("ann").await;
        let (pair, _) = cookie(&login(&app.nobody(), &ann.email, PASSWORD).await).unwrap();
        let browser = app.nobody().header("cookie", &pair);
        let new = json!({"name": "Crew"});
        browser.get(ME).await.ok();
        browser.post_json("v3/workspaces/add", new.clone()).await.fails(403, 109);
        let evil = browser.header("origin", "https://evil.example");
        evil.post_json("v3/workspaces/add", new.clone()).await.fails(403, 109);
        // Not by reading either: both verbs are accepted everywhere.
        evil.get("v3/workspaces/add?name=Crew").await.fails(403, 109);
        let ours = browser.header("origin", "http://halyard.test");
        ours.post_json("v3/workspaces/add", new).await.ok();
    }

    async fn logging_out_ends_the_session_only(db: &TestDb) {
        let app = TestApp::new(db);
        let ann = app.person("ann").await;
        let (pair, _) = cookie(&login(&app.nobody(), &ann.email, PASSWORD).await).unwrap();
        let browser = app.nobody().header("cookie", &pair);
        let ours = browser.header("origin", "http://halyard.test");
        let answer = ours.post_form("v3/users/logout", &[]).await;
        answer.done();
        let (cleared, attributes) = cookie(&answer).unwrap();
        assert!(cleared.ends_with('=') && attributes.contains("Max-Age=0"), "{cleared}");
        browser.get(ME).await.fails(403, 200);
        // The official SDK logs out with a token and an empty body.
        ann.post_form("v3/users/logout", &[]).await.done();
        ann.get(ME).await.ok();
        app.nobody().post_form("v3/users/logout", &[]).await.fails(403, 200);
    }

    async fn a_session_ends_by_itself(db: &TestDb) {
        let app = TestApp::new(db);
        let ann = app.person("ann").await;
        let (pair, _) = cookie(&login(&app.nobody(), &ann.email, PASSWORD).await).unwrap();
        let browser = app.nobody().header("cookie", &pair);
        app.app.clock.set(NOW + SESSION_DAYS * 86_400_000 - 1);
        browser.get(ME).await.ok();
        app.app.clock.advance(1);
        browser.get(ME).await.fails(403, 200);
        ann.get(ME).await.ok();
    }

    async fn tokens_are_checked(db: &TestDb) {
        let app = TestApp::new(db);
        let ann = app.person("ann").await;
        let nobody = app.nobody();
        let path = "v3/users/validate_token";
        nobody.post_json(path, json!({"token": ann.token})).await.done();
        ann.post_form(path, &[]).await.done();
        // The body is what is asked about.
        ann.post_json(path, json!({"token": "wrong"})).await.fails(403, 200);
        nobody.bearer("wrong").post_form(path, &[]).await.fails(403, 200);
        nobody.post_form(path, &[]).await.fails(403, 200);
    }

    async fn tokens_are_replaced_by_one_that_may_do_no_more(db: &TestDb) {
        let app = TestApp::new(db);
        let ann = app.person("ann").await;
        let bo = app.person("bo").await;
        let narrow = app.token(ann.id, Scopes::parse("user:write").unwrap()).await;
        let narrow = app.nobody().bearer(&narrow);
        let key = narrow.header("idempotency-key", "one");
        let user = key.post_form("v3/users/invalidate_token", &[]).await.ok();
        let token = user["token"].as_str().unwrap();
        assert_eq!(token.len(), 40);
        ann.get(ME).await.fails(403, 200);
        narrow.get(ME).await.fails(403, 200);
        bo.get(ME).await.ok();
        let new = app.nobody().bearer(token);
        new.get(ME).await.ok();
        new.get("v3/workspaces/get").await.fails(403, 109);
        let stored: Vec<i64> = app.rows("select count(*) from idempotency_key").await;
        assert_eq!(stored, [0], "secrets are not kept for repeats");
    }

    async fn scopes_are_required(db: &TestDb) {
        let app = TestApp::new(db);
        let ann = app.person("ann").await;
        let read = app.token(ann.id, Scopes::parse("user:read").unwrap()).await;
        let read = app.nobody().bearer(&read);
        read.get(ME).await.ok();
        let refused = read.post_json("v3/users/update", json!({"name": "A"})).await.fails(403, 109);
        assert_eq!(refused["error_extra"], json!({"scope": "user:write"}));
        read.get("v3/workspaces/get").await.fails(403, 109);
        read.get("v4/workspace_users/get_ids?id=1").await.fails(403, 109);
        app.nobody().get(ME).await.fails(403, 200);
        app.nobody().bearer("0123").get(ME).await.fails(403, 200);
    }
}
