//! A connection by OAuth 2 at our own server: registered, agreed to, used, taken back.

use halyard_automation::connections::{Making, Secrets, Step};
use halyard_iml::NoFunctions;
use halyard_platform::outbound::{Url, tls, url};
use reqwest::redirect::Policy;
use serde_json::{Value, json};

use crate::{
    driver::{Driver, Names, Service, iml, plain},
    support::Installation,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_is_made_used_and_taken_back() {
    let installation = Installation::sqlite();
    let demo = installation.demo().await;
    let server = installation.serve().await;
    let service = Service {
        base_url: server.base().to_owned(),
        connection: json!({}),
        names: Names::default(),
        look_up: json!({}),
        faults: Vec::new(),
    };
    let mut driver = Driver::load("twist", service).await;
    let nothing = iml(&json!({}));
    let making = Making {
        host: &driver.host,
        app: &driver.app,
        functions: &NoFunctions,
        kind: "twist",
        secrets: Secrets { parameters: nothing.clone(), data: nothing },
        base_url: Some(server.base().to_owned()),
        redirect_uri: Some("http://127.0.0.1:9/callback".to_owned()),
        scopes: vec!["user:read".into(), "workspaces:read".into()],
        state: "only-ours".to_owned(),
    };
    let Step::Browse(pending) = making.begin().await.unwrap() else {
        panic!("nobody was asked");
    };
    assert!(pending.address.query().unwrap().contains("code_challenge_method=S256"));
    let answer = agree(server.base(), &demo["users"][0], &pending.address).await;
    let found = making.finish(&pending, &answer).await.unwrap();
    let who = format!(
        "{} ({})",
        demo["users"][0]["name"].as_str().unwrap(),
        demo["users"][0]["email"].as_str().unwrap()
    );
    assert_eq!(found.metadata, Some(who));
    assert_eq!(found.uid, Some(demo["users"][0]["id"].to_string()));

    let saved = Secrets { parameters: iml(&json!({})), data: found.data.clone() };
    let taking_back = Making { secrets: saved, ..making.clone() };
    let data = plain(&found.data);
    assert!(data["accessToken"].as_str().unwrap().starts_with("oauth2:"));
    let use_it = async |driver: &Driver| driver.call("ListTeams", &json!({})).await;
    let host = driver.host.clone();
    let app = driver.app.clone();
    let taking_back = Making { host: &host, app: &app, ..taking_back };
    driver.service.connection = data;
    assert_eq!(use_it(&driver).await.unwrap().bundles.len(), 1);
    // What was not agreed to is refused, and that is not the end of the connection.
    let more = driver.call("CreateATeam", &json!({"name": "Islands"})).await.err().unwrap();
    assert!(more.starts_with("RuntimeError: [403]"), "{more}");
    assert!(taking_back.invalidate().await.unwrap());
    let words = use_it(&driver).await.err().unwrap();
    let expected = "InvalidAccessTokenError: [403] Invalid token. Authorize the connection again.";
    assert_eq!(words, expected);
}

/// A person signs in and agrees; answers what the browser is sent back with.
async fn agree(base: &str, person: &Value, address: &Url) -> Vec<(String, String)> {
    let browser = reqwest::Client::builder()
        .tls_backend_preconfigured(tls())
        .no_proxy()
        .redirect(Policy::none())
        .build()
        .unwrap();
    let text = |key: &str| person[key].as_str().unwrap();
    let form = [("email", text("email")), ("password", text("password")), ("next", "/x")];
    let signing_in = browser.post(format!("{base}/sign-in")).header("origin", base).form(&form);
    let signed_in = signing_in.send().await.unwrap();
    let cookie = signed_in.headers()["set-cookie"].to_str().unwrap().to_owned();
    let cookie = cookie.split(';').next().unwrap();
    let mut decision: Vec<(String, String)> = address.query_pairs().into_owned().collect();
    decision.push(("decision".to_owned(), "allow".to_owned()));
    let deciding = browser
        .post(format!("{base}/oauth/authorize"))
        .header("origin", base)
        .header("cookie", cookie)
        .form(&decision);
    let decided = deciding.send().await.unwrap();
    assert_eq!(decided.status(), 303);
    let back = url(decided.headers()["location"].to_str().unwrap()).unwrap();
    back.query_pairs().into_owned().collect()
}
