use halyard_automation::apps::run::{self, Exchange, Scene, Shown};
use halyard_platform::outbound::loopback::{Loopback, Reply};

use crate::support::{Build, host, secrets, value};

const PARAMETERS: &str = r#"{"a": "visible", "password": "pass word"}"#;

/// The exchange of a request with everything in it, under this `log`.
async fn exchange(log: &str, hidden: &[&str]) -> Exchange {
    let server = Loopback::start(|_| {
        Reply::json(r#"{"access": {"token": "fresh"}, "list": [{"key": "k1"}, {"key": "k2"}], "seen": "tok-123456"}"#)
            .header("X-Answer", "answered")
    })
    .await;
    let base = format!(
        r#"{{"baseUrl": "{}", "headers": {{"authorization": "Bearer tok-123456", "x-api-key": "api"}}{log}}}"#,
        server.url()
    );
    let app = Build::action(
        &base,
        r#"{"url": "/{{parameters.a}}", "method": "POST", "qs": {"api_key": "q1", "other": "o", "p": "{{parameters.password}}"},
            "body": {"client": {"secret": "cs", "id": 1}, "password": "{{parameters.password}}"}}"#,
    );
    let mut scene = Scene::new(&app, value(PARAMETERS));
    scene.secrets = secrets(hidden);
    run::module(&host(), &app.modules["m"], &scene).await.unwrap().exchanges.remove(0)
}

async fn shown(paths: &str, hidden: &[&str]) -> Shown {
    let log = format!(r#", "log": {{"sanitize": [{paths}]}}"#);
    exchange(&log, hidden).await.shown.unwrap()
}

fn header(shown: &Shown, name: &str) -> String {
    let all = shown.request_headers.iter().chain(&shown.response_headers);
    all.clone()
        .find(|(other, _)| other == name)
        .unwrap_or_else(|| panic!("{name}: {shown:?}"))
        .1
        .clone()
}

#[tokio::test]
async fn without_the_directive_nothing_is_shown() {
    let exchange = exchange("", &[]).await;
    assert_eq!((exchange.status, exchange.shown), (Some(200), None));
}

#[tokio::test]
async fn what_the_paths_name_is_hidden() {
    let shown = shown(
        r#""request.headers.Authorization", "REQUEST.headers.`X-API-Key`", "request.qs.API_KEY",
            "request.body.client.secret", "response.body.access.token", "response.body.list.key",
            "response.headers.x-answer", "response.body.nothing""#,
        &[],
    )
    .await;
    assert_eq!(header(&shown, "Authorization"), "[hidden]");
    assert_eq!(header(&shown, "X-Api-Key"), "[hidden]");
    assert_eq!(header(&shown, "x-answer"), "[hidden]");
    assert!(
        shown.url.ends_with("/visible?api_key=[hidden]&other=o&p=pass%20word"),
        "{}",
        shown.url
    );
    assert_eq!(
        shown.request_body,
        r#"{"client":{"secret":"[hidden]","id":1},"password":"pass word"}"#
    );
    assert_eq!(
        shown.response_body,
        r#"{"access":{"token":"[hidden]"},"list":[{"key":"[hidden]"},{"key":"[hidden]"}],"seen":"tok-123456"}"#
    );
}

#[tokio::test]
async fn whole_bodies_and_an_empty_list() {
    let whole = shown(r#""request.body", "response.body""#, &[]).await;
    assert_eq!(
        (whole.request_body.as_str(), whole.response_body.as_str()),
        ("[hidden]", "[hidden]")
    );
    assert_eq!(header(&whole, "Authorization"), "Bearer tok-123456");
    let nothing = shown("", &[]).await;
    assert!(nothing.response_body.contains("fresh"));
}

#[tokio::test]
async fn secrets_are_hidden_whatever_the_author_says() {
    let shown = shown("", &["tok-123456", "pass word"]).await;
    assert_eq!(header(&shown, "Authorization"), "Bearer [hidden]");
    assert!(shown.url.ends_with("&p=[hidden]"), "{}", shown.url);
    assert!(shown.request_body.contains(r#""password":"[hidden]""#), "{}", shown.request_body);
    assert!(shown.response_body.contains(r#""seen": "[hidden]""#), "{}", shown.response_body);
}

#[tokio::test]
async fn lists_of_base_and_request_are_combined() {
    let server = Loopback::start(|_| Reply::json(r#"{"a": "one", "b": "two"}"#)).await;
    let base =
        format!(r#"{{"baseUrl": "{}", "log": {{"sanitize": ["response.body.a"]}}}}"#, server.url());
    let app = Build::action(&base, r#"{"url": "/", "log": {"sanitize": ["response.body.b"]}}"#);
    let scene = Scene::new(&app, value("{}"));
    let outcome = run::module(&host(), &app.modules["m"], &scene).await.unwrap();
    let body = &outcome.exchanges[0].shown.as_ref().unwrap().response_body;
    assert_eq!(body, r#"{"a":"[hidden]","b":"[hidden]"}"#);
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_hidden_with_its_paths() {
    let server = Loopback::start(|_| {
        Reply::status(200).header("Content-Type", "application/json").body("{\"token\": \"fresh\"")
    })
    .await;
    let base = format!(
        r#"{{"baseUrl": "{}", "log": {{"sanitize": ["response.body.token"]}}}}"#,
        server.url()
    );
    let app = Build::action(&base, r#"{"url": "/"}"#);
    let scene = Scene::new(&app, value("{}"));
    let failure = run::module(&host(), &app.modules["m"], &scene).await.unwrap_err();
    assert_eq!(failure.exchanges[0].shown.as_ref().unwrap().response_body, "[hidden]");
    assert!(!format!("{failure:?}").contains("fresh"), "{failure:?}");
}

#[tokio::test]
async fn errors_and_warnings_hide_secrets_in_every_form() {
    let server = Loopback::start(|seen| {
        let query = seen.target.split_once('?').unwrap().1.to_owned();
        Reply::json(format!("{{\"said\": \"{query} {}\"}}", seen.header("authorization").unwrap()))
            .with_status(403)
    })
    .await;
    let app = Build::action(
        &format!(r#"{{"baseUrl": "{}"}}"#, server.url()),
        r#"{"url": "/", "qs": {"token": "{{connection.token}}"},
            "headers": {"authorization": "Basic {{base64('user:' + connection.token)}}"},
            "response": {"error": {"message": "{{body.said}} {{connection.token}}", "type": "x{{connection.token}}"}}}"#,
    );
    let mut scene = Scene::new(&app, value("{}"));
    scene.connection = Some(value(r#"{"token": "s3cr/et+value"}"#));
    scene.secrets = secrets(&["s3cr/et+value"]);
    let failure = run::module(&host(), &app.modules["m"], &scene).await.unwrap_err();
    let told = format!("{failure} {failure:?}");
    assert!(failure.error.message.starts_with("token=[hidden] Basic "), "{told}");
    for form in ["s3cr", "et+value", "et%2Bvalue", "czNjci9l", "dmFsdW"] {
        assert!(!told.contains(form), "{form}: {told}");
    }
}
