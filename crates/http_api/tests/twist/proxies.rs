//! Clients behind proxies, and those who say that they are.

use halyard_http_api::{Proxies, Settings};
use halyard_platform::on_both_databases;
use serde_json::json;

use crate::support::{Client, PASSWORD, TestApp, migrations};

const PROXY: [u8; 4] = [10, 0, 0, 1];
const STRANGER: [u8; 4] = [9, 9, 9, 9];

fn behind_proxies() -> Settings {
    let trusted = vec!["10.0.0.0/24".parse().unwrap()];
    Settings { proxies: Proxies { trusted, ..Proxies::default() }, ..Settings::default() }
}

/// Signs in with a wrong password, each time for another account; answers the status.
async fn guess(client: &Client, at: usize) -> u16 {
    let email = format!("nobody{at}@example.com");
    let fields = [("email", email.as_str()), ("password", "wrong horse")];
    client.post_form("v3/users/login", &fields).await.status
}

on_both_databases! {
    migrations();

    async fn a_forged_header_hides_nobody(db: &TestDb) {
        let app = TestApp::with(db, behind_proxies());
        let at = |peer, client: &str| app.nobody().at(peer).header("x-forwarded-for", client);
        for number in 0..10 {
            assert_eq!(guess(&at(STRANGER, &format!("1.1.1.{number}")), number).await, 400);
        }
        assert_eq!(guess(&at(STRANGER, "1.1.1.77"), 10).await, 429, "one origin, whatever it says");
        // Nor does a client of a proxy, which adds whom it has been asked by.
        for number in 0..10 {
            assert_eq!(guess(&at(PROXY, &format!("1.1.1.{number}, 5.5.5.5")), 20 + number).await, 400);
        }
        assert_eq!(guess(&at(PROXY, "8.8.8.8, 5.5.5.5, 10.0.0.2"), 30).await, 429);
        // Other clients of the same proxy are others.
        assert_eq!(guess(&at(PROXY, "5.5.5.5, 6.6.6.6"), 31).await, 400);
        assert_eq!(guess(&app.nobody().at(PROXY), 32).await, 400);
        // Without a trusted proxy nobody is believed.
        let app = TestApp::new(db);
        for number in 0..10 {
            let client = app.nobody().at(PROXY).header("x-forwarded-for", &format!("2.2.2.{number}"));
            assert_eq!(guess(&client, number).await, 400);
        }
        assert_eq!(guess(&app.nobody().at(PROXY).header("x-forwarded-for", "3.3.3.3"), 10).await, 429);
    }

    async fn the_list_of_acts_and_links_name_the_client_and_its_host(db: &TestDb) {
        let app = TestApp::with(db, behind_proxies());
        let ann = app.person("ann").await;
        for (peer, origin) in [(PROXY, "5.5.5.5"), (STRANGER, "9.9.9.9")] {
            let client = app.nobody().at(peer).header("x-forwarded-for", "5.5.5.5");
            let fields = [("email", ann.email.as_str()), ("password", PASSWORD)];
            client.post_form("v3/users/login", &fields).await.ok();
            let body = json!({"name": "Made"});
            client.bearer(&ann.token).post_json("v3/workspaces/add", body).await.ok();
            let origins: Vec<String> = app.rows(
                "select origin from audit where kind = 'workspace_added' order by id desc limit 1",
            ).await;
            assert_eq!(origins, [origin]);
        }
        for (peer, issuer) in [(PROXY, "https://out.example"), (STRANGER, "http://halyard.test")] {
            let client = app.nobody().at(peer);
            let client = client.header("x-forwarded-proto", "https").header("x-forwarded-host", "out.example");
            let server = client.get("/.well-known/oauth-authorization-server").await.ok();
            assert_eq!(server["issuer"], issuer);
        }
        // A page of the host that the browser knows is one of ours.
        let browser = app.nobody().at(PROXY).header("x-forwarded-host", "out.example").header("origin", "https://out.example");
        let fields = [("email", ann.email.as_str()), ("password", PASSWORD), ("next", "/x")];
        browser.post_form("/sign-in", &fields).await.is(303);
        let fields = [("email", ann.email.as_str()), ("password", PASSWORD), ("next", "/x")];
        browser.at(STRANGER).post_form("/sign-in", &fields).await.is(403);
    }
}
