use std::time::Duration;

use halyard_automation::apps::ErrorType;
use halyard_platform::outbound::{
    Options, Outbound,
    loopback::{Loopback, Reply},
};

use crate::support::{Build, NOW, base, error, host, run};

#[tokio::test]
async fn an_app_may_name_every_type() {
    let server = Loopback::start(|_| Reply::json("{}").with_status(400)).await;
    let request =
        r#"{"url": "/", "response": {"error": {"message": "m", "type": "{{parameters.type}}"}}}"#;
    let app = Build::action(&base(&server.url()), request);
    for kind in ErrorType::ALL {
        let parameters = format!("{{\"type\": \"{kind}\"}}");
        assert_eq!(error(&host(), &app, &parameters).await, (kind, "m".to_owned()));
    }
    let parameters = r#"{"type": "NobodysError"}"#;
    assert_eq!(error(&host(), &app, parameters).await.0, ErrorType::RuntimeError);
}

#[tokio::test]
async fn a_service_says_when_to_come_back() {
    let server = Loopback::start(|seen| {
        let (status, after) = seen.target[1..].split_once('/').unwrap();
        let reply = Reply::status(status.parse().unwrap());
        if after.is_empty() { reply } else { reply.header("Retry-After", after.replace('_', " ")) }
    })
    .await;
    let app = Build::action(
        &base(&server.url()),
        r#"{"url": "/{{parameters.p}}", "response": {"error": {"message": "slow down", "type": "RateLimitError"}}}"#,
    );
    assert_eq!(NOW / 1000 * 1000 + 10, NOW);
    for (path, wait) in [
        ("429/30", Some(Duration::from_secs(30))),
        ("503/Mon,_06_May_2024_07:08:19_GMT", Some(Duration::from_millis(9990))),
        ("503/Mon,_06_May_2024_07:00:00_GMT", Some(Duration::ZERO)),
        ("429/soon", None),
        ("429/", None),
        ("500/30", None),
    ] {
        let failure = run(&host(), &app, &format!("{{\"p\": \"{path}\"}}")).await.unwrap_err();
        assert_eq!(failure.error.kind, ErrorType::RateLimitError);
        assert_eq!(failure.error.retry_after, wait, "{path}");
        assert_eq!(failure.error.status, path[..3].parse().ok());
    }
}

#[tokio::test]
async fn a_service_that_cannot_be_reached_is_a_connection_error() {
    let nobody = Build::action(&base("http://127.0.0.1:1"), r#"{"url": "/"}"#);
    let failure = run(&host(), &nobody, "{}").await.unwrap_err();
    assert_eq!(failure.error.kind, ErrorType::ConnectionError);
    assert_eq!((failure.exchanges.len(), failure.exchanges[0].status), (1, None));
    assert!(failure.exchanges[0].problem.as_ref().unwrap().contains("cannot connect"));
}

#[tokio::test]
async fn what_only_this_machine_may_reach_stays_unreached() {
    let server = Loopback::start(|_| Reply::json("{}")).await;
    let mut host = host();
    host.outbound = Outbound::new(Options::default()).unwrap();
    let direct = Build::action(&base(&server.url()), r#"{"url": "/"}"#);
    let (kind, message) = error(&host, &direct, "{}").await;
    assert_eq!(kind, ErrorType::ConnectionError);
    assert!(message.contains("outbound_allow"), "{message}");
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn an_expression_that_fails_fails_the_module() {
    let app = Build::action(
        "{}",
        r#"{"response": {"output": {"x": "{{parseDate(parameters.x, 'X')}}"}}}"#,
    );
    let (kind, message) = error(&host(), &app, r#"{"x": "no date"}"#).await;
    assert_eq!(kind, ErrorType::RuntimeError);
    assert!(message.contains("parseDate"), "{message}");
}

#[tokio::test]
async fn triggers_are_not_run_as_steps() {
    let app = Build::new("{}").module("m", "responder", r#"{"response": {"body": "x"}}"#).app();
    assert_eq!(error(&host(), &app, "{}").await.0, ErrorType::InvalidConfigurationError);
}
