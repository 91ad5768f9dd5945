//! Accounts from invitation to deletion, and their passwords.

use halyard_http_api::Settings;
use halyard_messaging::Role;
use halyard_platform::on_both_databases;
use serde_json::json;

use crate::support::{Answer, Client, NOW, PASSWORD, TestApp, code_in, migrations};

const ME: &str = "v3/users/get_session_user";
const DAY: i64 = 24 * 60 * 60 * 1000;

fn open() -> Settings {
    Settings { open_registration: true, ..Settings::default() }
}

async fn login(client: &Client, email: &str, password: &str) -> Answer {
    client.post_form("v3/users/login", &[("email", email), ("password", password)]).await
}

async fn register(client: &Client, name: &str, email: &str, password: &str) -> Answer {
    let fields = [("name", name), ("email", email), ("password", password)];
    client.post_form("v2/users/register", &fields).await
}

on_both_databases! {
    migrations();

    async fn anybody_registers_where_that_is_open(db: &TestDb) {
        let app = TestApp::with(db, open());
        let nobody = app.nobody();
        let user = register(&nobody, "Ann Lee", "ann@example.com", PASSWORD).await.ok();
        assert_eq!((&user["short_name"], &user["is_bot"]), (&json!("Ann L."), &json!(false)));
        let token = user["token"].as_str().unwrap();
        assert_eq!(app.nobody().bearer(token).get(ME).await.ok()["id"], user["id"]);
        login(&nobody, "ann@example.com", PASSWORD).await.ok();

        for (name, email, password, code) in [
            ("Ann", "Ann@Example.com", PASSWORD, 101),
            ("Bo", "bo@example.com", "1234567", 102),
            ("Bo", "bo@localhost", PASSWORD, 103),
            (" ", "bo@example.com", PASSWORD, 126),
        ] {
            register(&nobody, name, email, password).await.fails(400, code);
        }
        let nameless = json!({"email": "bo@example.com", "password": PASSWORD});
        nobody.post_json("v2/users/register", nameless).await.fails(400, 19);
    }

    async fn an_invitation_is_accepted_with_its_code(db: &TestDb) {
        for settings in [Settings::default(), open()] {
            let is_open = settings.open_registration;
            let app = TestApp::with(db, settings);
            let email = if is_open { "cy@example.com" } else { "bo@example.com" };
            let ann = app.person(if is_open { "ada" } else { "ann" }).await;
            let space = app.workspace(&ann, "Crew").await.id;
            let invite = json!({"id": space, "email": email});
            let invited = ann.post_json("v4/workspace_users/add", invite).await.ok();
            let code = code_in(app.mails().await.last().unwrap());
            let nobody = app.nobody();
            login(&nobody, email, "").await.fails(400, 104);
            // Whoever only knows the address must not get into the workspace with it.
            register(&nobody, "Eve", email, PASSWORD).await.fails(403, 109);
            let with = |email: &str, code: &str| {
                json!({"name": "Bo Lee", "email": email, "password": PASSWORD, "code": code})
            };
            let path = "v3/users/register";
            nobody.post_json(path, with(email, "wrong")).await.fails(403, 200);
            if !is_open {
                register(&nobody, "Eve", "eve@example.com", PASSWORD).await.fails(403, 109);
                nobody.post_json(path, with("eve@example.com", &code)).await.fails(403, 109);
            }
            let user = nobody.post_json(path, with(email, &code)).await.ok();
            assert_eq!((&user["id"], &user["name"]), (&invited["id"], &json!("Bo Lee")));
            assert_eq!(user["setup_pending"], json!(false));
            assert_eq!(user["default_workspace"], json!(space));
            login(&nobody, email, PASSWORD).await.ok();
            let again = nobody.post_json(path, with(email, &code)).await;
            if is_open { again.fails(400, 101) } else { again.fails(403, 109) };
        }
    }

    async fn a_forgotten_password(db: &TestDb) {
        let url = Some("https://halyard.example".to_owned());
        let app = TestApp::with(db, Settings { public_url: url, ..Settings::default() });
        let ann = app.person("ann").await;
        let nobody = app.nobody();
        let session = login(&nobody, &ann.email, PASSWORD).await;
        let cookie = session.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap();
        let reset = [("email", "ann@example.com")];
        nobody.post_form("v3/users/reset_password", &reset).await.done();
        nobody.post_form("v3/users/reset_password", &reset).await.done();
        let sent = app.mails().await;
        assert_eq!((sent.len(), &sent[0].to), (2, &ann.email));
        let link = "https://halyard.example/set-password?code=";
        assert!(sent[0].text.contains(link), "{}", sent[0].text);

        let with = |code: &str, password: &str| {
            json!({"reset_code": code, "new_password": password})
        };
        let path = "v3/users/set_password";
        let (first, second) = (code_in(&sent[0]), code_in(&sent[1]));
        nobody.post_json(path, with("wrong", "battery staple")).await.fails(403, 200);
        nobody.post_json(path, with(&first, "short")).await.fails(400, 102);
        let user = nobody.post_json(path, with(&first, "battery staple")).await.ok();
        assert_eq!(user["id"], json!(ann.id));
        app.nobody().bearer(user["token"].as_str().unwrap()).get(ME).await.ok();
        for used_up in [&first, &second] {
            nobody.post_json(path, with(used_up, "battery stable")).await.fails(403, 200);
        }
        nobody.header("cookie", cookie).get(ME).await.fails(403, 200);
        login(&nobody, &ann.email, PASSWORD).await.fails(400, 104);
        login(&nobody, &ann.email, "battery staple").await.ok();
        // Programs go on working.
        ann.get(ME).await.ok();
    }

    async fn a_code_works_for_a_day(db: &TestDb) {
        let app = TestApp::new(db);
        let ann = app.person("ann").await;
        let reset = [("email", ann.email.as_str())];
        app.nobody().post_form("v3/users/reset_password", &reset).await.done();
        let mail = app.mails().await.pop().unwrap();
        // The host of the request may be somebody's trap, so there is none in the link.
        assert!(!mail.text.contains("halyard.test"), "{}", mail.text);
        app.app.clock.set(NOW + DAY);
        let late = json!({"reset_code": code_in(&mail), "new_password": "battery staple"});
        app.nobody().post_json("v3/users/set_password", late).await.fails(403, 200);
    }

    async fn resetting_is_for_known_addresses_and_not_too_often(db: &TestDb) {
        let app = TestApp::new(db);
        let ann = app.person("ann").await;
        let path = "v3/users/reset_password";
        let nobody = app.nobody();
        nobody.post_form(path, &[("email", "no@example.com")]).await.fails(404, 132);
        nobody.post_form(path, &[]).await.fails(400, 19);
        for _ in 0..10 {
            nobody.post_form(path, &[("email", &ann.email)]).await.done();
        }
        nobody.post_form(path, &[("email", &ann.email)]).await.fails(429, 114);
        nobody.at([10, 0, 0, 9]).post_form(path, &[("email", &ann.email)]).await.fails(429, 114);
        assert_eq!(app.mails().await.len(), 10);
    }

    async fn a_new_password_ends_other_sessions(db: &TestDb) {
        let app = TestApp::new(db);
        let ann = app.person("ann").await;
        let mut browsers = Vec::new();
        for _ in 0..2 {
            let answer = login(&app.nobody(), &ann.email, PASSWORD).await;
            let cookie = answer.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap();
            let browser = app.nobody().header("cookie", cookie);
            browsers.push(browser.header("origin", "http://halyard.test"));
        }
        let path = "v3/users/update_password";
        browsers[0].post_json(path, json!({"new_password": "short"})).await.fails(400, 102);
        let new = json!({"new_password": "battery staple"});
        app.nobody().post_json(path, new.clone()).await.fails(403, 200);
        browsers[0].post_json(path, new).await.ok();
        browsers[0].get(ME).await.ok();
        browsers[1].get(ME).await.fails(403, 200);
        login(&app.nobody(), &ann.email, PASSWORD).await.fails(400, 104);
        login(&app.nobody(), &ann.email, "battery staple").await.ok();

        // The same through the settings.
        ann.post_json("v3/users/update", json!({"password": "x"})).await.fails(400, 102);
        ann.post_json("v3/users/update", json!({"password": "paper clips"})).await.ok();
        browsers[0].get(ME).await.fails(403, 200);
        login(&app.nobody(), &ann.email, "paper clips").await.ok();
    }

    async fn an_account_ends(db: &TestDb) {
        let app = TestApp::with(db, open());
        let ann = app.person("ann").await;
        let space = app.workspace(&ann, "Crew").await.id;
        let bo = app.member(&ann, space, "bo", Role::User).await;
        let path = "v3/users/delete";
        ann.post_json(path, json!({})).await.fails(400, 19);
        ann.post_json(path, json!({"password": "wrong"})).await.fails(400, 104);
        ann.post_json(path, json!({"password": PASSWORD})).await.fails(400, 127);
        ann.get(ME).await.ok();

        let session = login(&app.nobody(), &bo.email, PASSWORD).await;
        let cookie = session.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap();
        let gone = bo.post_json(path, json!({"password": PASSWORD})).await;
        gone.done();
        assert!(gone.headers["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
        bo.get(ME).await.fails(403, 200);
        app.nobody().header("cookie", cookie).get(ME).await.fails(403, 200);
        login(&app.nobody(), &bo.email, PASSWORD).await.fails(400, 104);
        let reset = [("email", bo.email.as_str())];
        app.nobody().post_form("v3/users/reset_password", &reset).await.fails(404, 132);
        register(&app.nobody(), "Bo", &bo.email, PASSWORD).await.fails(400, 101);
        let left = format!("v4/workspace_users/getone?id={space}&user_id={}", bo.id);
        assert_eq!(ann.get(&left).await.ok()["removed"], json!(true));
    }

    async fn guessing_with_a_stolen_token_is_slowed_down(db: &TestDb) {
        let app = TestApp::new(db);
        let ann = app.person("ann").await;
        let path = "v3/users/delete";
        for _ in 0..10 {
            ann.post_json(path, json!({"password": "wrong"})).await.fails(400, 104);
        }
        ann.post_json(path, json!({"password": PASSWORD})).await.fails(429, 114);
        ann.get(ME).await.ok();
    }
}
