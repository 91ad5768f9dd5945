//! Credentials stay with the service that they belong to.

use halyard_automation::apps::{
    App,
    run::{self, Failure, Outcome, Scene},
};
use halyard_platform::outbound::loopback::{Loopback, Reply};

use crate::support::{Build, host, secrets, value};

async fn run_with_token(app: &App) -> Result<Outcome, Failure> {
    let mut scene = Scene::new(app, value("{}"));
    scene.connection = Some(value(r#"{"token": "tok-123456"}"#));
    scene.secrets = secrets(&["tok-123456"]);
    run::module(&host(), &app.modules["m"], &scene).await
}

fn base(url: &str) -> String {
    format!(
        r#"{{"baseUrl": "{url}", "headers": {{"x-custom": "Token {{{{connection.token}}}}", "x-plain": "1", "accept": "a/b"}},
        "qs": {{"key": "{{{{connection.token}}}}"}}}}"#
    )
}

/// Two servers: the second is another origin for the first.
async fn servers(first: impl Fn(&str) -> Reply + Send + Sync + 'static) -> (Loopback, Loopback) {
    let second = Loopback::start(|_| Reply::json(r#"{"data": [{"id": 2}]}"#)).await;
    let there = second.url();
    let server = Loopback::start(move |_| first(&there)).await;
    (server, second)
}

#[tokio::test]
async fn a_redirect_to_another_origin_takes_no_credentials_along() {
    let (server, second) =
        servers(|there| Reply::status(302).header("Location", format!("{there}/end"))).await;
    let app = Build::action(
        &base(&server.url()),
        r#"{"url": "/", "headers": {"cookie": "a=b"}, "response": {"output": {"n": "{{length(body.data)}}"}}}"#,
    );
    run_with_token(&app).await.unwrap();
    assert_eq!(server.seen()[0].header("x-custom"), Some("Token tok-123456"));
    let seen = &second.seen()[0];
    assert_eq!(seen.target, "/end");
    for name in ["x-custom", "x-plain", "cookie"] {
        assert_eq!(seen.header(name), None, "{name}");
    }
    assert_eq!(seen.header("accept"), Some("a/b"));
}

#[tokio::test]
async fn a_redirect_within_the_origin_keeps_them() {
    let server = Loopback::start(|seen| match seen.target.as_str() {
        "/end" => Reply::json("{}"),
        _ => Reply::status(307).header("Location", "/end"),
    })
    .await;
    let app = Build::action(&base(&server.url()), r#"{"url": "/", "headers": {"cookie": "a=b"}}"#);
    run_with_token(&app).await.unwrap();
    let seen = &server.seen()[1];
    assert_eq!(seen.header("x-custom"), Some("Token tok-123456"));
    assert_eq!(seen.header("cookie"), Some("a=b"));
}

#[tokio::test]
async fn a_body_with_credentials_is_not_sent_on() {
    let (server, second) =
        servers(|there| Reply::status(307).header("Location", format!("{there}/end"))).await;
    let app = |body: &str| {
        let request = format!(r#"{{"url": "/", "method": "POST", "body": {{"a": "{body}"}}}}"#);
        Build::action(&base(&server.url()), &request)
    };
    let failure = run_with_token(&app("{{connection.token}}")).await.unwrap_err();
    assert!(failure.error.message.contains("credentials"), "{failure}");
    assert!(second.seen().is_empty());
    run_with_token(&app("plain")).await.unwrap();
    assert_eq!(second.seen()[0].text(), r#"{"a":"plain"}"#);
}

#[tokio::test]
async fn a_next_page_at_another_origin_gets_no_credentials() {
    let (server, second) = servers(|there| {
        Reply::json(format!("{{\"data\": [{{\"id\": 1}}], \"next\": \"{there}/p2?cursor=c\"}}"))
    })
    .await;
    let app = |pagination: &str, rest: &str| {
        let request = format!(
            r#"{{"url": "/p1", "qs": {{"size": 1}}{rest}, "pagination": {{"url": "{{{{body.next}}}}",
            "condition": "{{{{body.next}}}}", {pagination}}}, "response": {{"iterate": "{{{{body.data}}}}"}}}}"#
        );
        Build::search(&base(&server.url()), &request)
    };
    for pagination in [
        r#""qs": {"page": "{{pagination.page}}", "k": "{{connection.token}}"}, "headers": {"x-page": "2", "x-own": "{{connection.token}}"}"#,
        r#""mergeWithParent": false, "qs": {"page": "{{pagination.page}}", "k": "x{{connection.token}}"},
            "headers": {"x-page": "2", "authorization": "Basic {{base64('u:' + connection.token)}}"}"#,
    ] {
        let outcome = run_with_token(&app(pagination, "")).await.unwrap();
        assert_eq!(outcome.bundles.len(), 2);
        let seen = second.seen().pop().unwrap();
        assert_eq!(seen.target, "/p2?cursor=c&page=2");
        for name in ["x-custom", "x-plain", "x-own", "authorization"] {
            assert_eq!(seen.header(name), None, "{name}");
        }
        assert_eq!(seen.header("x-page"), Some("2"));
    }
    let count = second.seen().len();
    let body = app(r#""method": "POST""#, r#", "body": {"t": "{{connection.token}}"}"#);
    let failure = run_with_token(&body).await.unwrap_err();
    assert!(failure.error.message.contains("credentials"), "{failure}");
    let signed =
        app(r#""headers": {}"#, r#", "oauth": {"consumer_key": "ck", "consumer_secret": "cs"}"#);
    run_with_token(&signed).await.unwrap();
    assert_eq!(second.seen().len(), count + 1);
    assert_eq!(second.seen()[count].header("authorization"), None);
}

#[tokio::test]
async fn a_next_page_at_the_same_origin_keeps_them() {
    let server = Loopback::start(|seen| {
        Reply::json(match seen.target.split('?').next() {
            Some("/p1") => r#"{"data": [{"id": 1}], "next": "/p2"}"#,
            _ => r#"{"data": [{"id": 2}]}"#,
        })
    })
    .await;
    let request = r#"{"url": "/p1", "pagination": {"url": "{{body.next}}", "condition": "{{body.next}}"},
        "response": {"iterate": "{{body.data}}"}}"#;
    let app = Build::search(&base(&server.url()), request);
    run_with_token(&app).await.unwrap();
    let seen = &server.seen()[1];
    assert_eq!(seen.header("x-custom"), Some("Token tok-123456"));
    assert_eq!(seen.target, "/p2?key=tok-123456");
}
