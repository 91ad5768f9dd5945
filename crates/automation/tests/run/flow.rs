use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use halyard_automation::apps::{ErrorType, run};
use halyard_platform::outbound::loopback::{Loopback, Reply};

use crate::support::{Build, base, bundles, error, host, json, value};

async fn targets() -> Loopback {
    Loopback::start(|seen| Reply::json(format!("{{\"at\": \"{}\"}}", seen.target))).await
}

#[tokio::test]
async fn temp_comes_before_the_condition_and_base_before_request() {
    let server = targets().await;
    let base = format!(r#"{{"baseUrl": "{}", "temp": {{"a": 1, "b": 1}}}}"#, server.url());
    let app = Build::action(
        &base,
        r#"{"temp": {"b": "{{temp.a + 1}}", "c": "{{temp.b}}"}, "condition": "{{temp.b == 2}}",
            "url": "/{{temp.a}}-{{temp.b}}-{{temp.c}}"}"#,
    );
    // What one object says sees temp as it was before.
    assert_eq!(bundles(&host(), &app, "{}").await, [r#"{"at":"/1-2-1"}"#]);
}

#[tokio::test]
async fn a_condition_that_does_not_hold_skips_the_request() {
    let server = targets().await;
    let url = base(&server.url());
    let skipped = Build::action(&url, r#"{"url": "/", "condition": "{{parameters.run}}"}"#);
    assert_eq!(bundles(&host(), &skipped, "{}").await, ["{}"]);
    assert_eq!(bundles(&host(), &skipped, r#"{"run": true}"#).await, [r#"{"at":"/"}"#]);
    let with_default = Build::action(
        &url,
        r#"{"url": "/", "condition": {"condition": false, "default": {"x": "{{parameters.x}}"}}}"#,
    );
    assert_eq!(bundles(&host(), &with_default, r#"{"x": 5}"#).await, [r#"{"x":5}"#]);
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn without_an_address_nothing_is_sent() {
    let app = Build::action(
        "{}",
        r#"{"method": "POST", "body": "x", "response": {"output": {"sum": "{{parameters.a + 1}}",
            "status": "{{statusCode}}"}}}"#,
    );
    assert_eq!(bundles(&host(), &app, r#"{"a": 1}"#).await, [r#"{"sum":2}"#]);
    let branches = Build::action(
        "{}",
        r#"[{"condition": "{{parameters.a > 1}}", "response": {"output": {"big": true}}},
            {"condition": "{{parameters.a <= 1}}", "response": {"output": {"big": false}}}]"#,
    );
    assert_eq!(bundles(&host(), &branches, r#"{"a": 2}"#).await, [r#"{"big":true}"#]);
    assert_eq!(bundles(&host(), &branches, r#"{"a": 1}"#).await, [r#"{"big":false}"#]);
}

#[tokio::test]
async fn requests_run_in_order_and_hand_on_temp() {
    let server = Loopback::start(|seen| {
        Reply::json(format!("{{\"next\": \"{}x\", \"list\": [1, 2, 3]}}", seen.target))
    })
    .await;
    let app = Build::action(
        &base(&server.url()),
        r#"[{"url": "/a", "response": {"temp": {"one": "{{body.next}}"}, "limit": 0}},
            {"url": "{{temp.one}}", "response": {"temp": {"two": "{{body.next}}", "one": "gone"}}},
            {"url": "{{temp.two}}", "response": {"output": {"one": "{{temp.one}}", "last": "{{body.next}}"}}}]"#,
    );
    let expected = [r#"{"one":"gone","last":"/axxx"}"#];
    assert_eq!(bundles(&host(), &app, "{}").await, expected);
    let targets: Vec<String> = server.seen().into_iter().map(|seen| seen.target).collect();
    assert_eq!(targets, ["/a", "/ax", "/axx"]);
    assert_eq!(server.connections(), 1, "the requests share a connection");
}

#[tokio::test]
async fn a_failing_request_ends_the_run() {
    let server = Loopback::start(|seen| {
        Reply::json("{}").with_status(if seen.target == "/bad" { 404 } else { 200 })
    })
    .await;
    let app = Build::action(&base(&server.url()), r#"[{"url": "/bad"}, {"url": "/good"}]"#);
    assert_eq!(error(&host(), &app, "{}").await.0, ErrorType::RuntimeError);
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_request_repeats_until_it_is_done() {
    let count = AtomicUsize::new(0);
    let server = Loopback::start(move |_| {
        let done = count.fetch_add(1, Ordering::SeqCst) >= 2;
        Reply::json(format!("{{\"done\": {done}}}"))
    })
    .await;
    let url = base(&server.url());
    let repeat = |limit: &str| {
        format!(
            r#"{{"url": "/", "response": {{"temp": {{"done": "{{{{body.done}}}}"}}}},
            "repeat": {{"condition": "{{{{!temp.done}}}}", "delay": 1{limit}}}}}"#
        )
    };
    let limited = Build::action(&url, &repeat(", \"limit\": 1"));
    assert_eq!(bundles(&host(), &limited, "{}").await, [r#"{"done":false}"#]);
    let until_done = Build::action(&url, &repeat(""));
    assert_eq!(bundles(&host(), &until_done, "{}").await, [r#"{"done":true}"#]);
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn repetitions_end_with_the_bounds() {
    let server = Loopback::start(|_| Reply::json("{}")).await;
    let repeat = |delay: u32| {
        let request =
            format!(r#"{{"url": "/", "repeat": {{"condition": true, "delay": {delay}}}}}"#);
        Build::action(&base(&server.url()), &request)
    };
    let (kind, message) = error(&host(), &repeat(0), "{}").await;
    assert_eq!(kind, ErrorType::RuntimeError);
    assert!(message.contains("100 requests"), "{message}");
    assert_eq!(server.seen().len(), 100);
    // The wait that does not fit is not begun.
    assert_eq!(error(&host(), &repeat(60_000), "{}").await.0, ErrorType::ModuleTimeoutError);
}

#[tokio::test]
async fn a_call_ends_in_time() {
    let server = Loopback::start(|seen| match seen.target.as_str() {
        "/slow" => Reply::json("{}").stalled("{"),
        _ => Reply::silent(),
    })
    .await;
    let mut host = host();
    host.bounds.time = Duration::from_millis(200);
    for url in ["/slow", "/silent"] {
        let app = Build::action(&base(&server.url()), &format!("{{\"url\": \"{url}\"}}"));
        let (kind, message) = error(&host, &app, "{}").await;
        assert_eq!(kind, ErrorType::ModuleTimeoutError, "{message}");
    }
    // The limit of the base counts for each request.
    host.bounds.time = Duration::from_secs(60);
    let base = format!(r#"{{"baseUrl": "{}", "timeout": 100}}"#, server.url());
    let app = Build::action(&base, r#"{"url": "/silent"}"#);
    assert_eq!(error(&host, &app, "{}").await.0, ErrorType::ModuleTimeoutError);
}

#[tokio::test]
async fn modules_do_with_the_output_what_their_kind_says() {
    let host = host();
    let output = |output: &str| format!(r#"{{"response": {{"output": {output}}}}}"#);
    let invalid = "Invalid module output. Expected Object, but found Array.";
    for kind in ["action", "universal"] {
        let app = |out: &str| Build::new("{}").module("m", kind, &output(out)).app();
        assert_eq!(bundles(&host, &app("{\"a\": 1}"), "{}").await, [r#"{"a":1}"#]);
        assert_eq!(bundles(&host, &app("\"{{undefined}}\""), "{}").await, ["{}"]);
        assert_eq!(bundles(&host, &app("null"), "{}").await, ["{}"]);
        assert_eq!(error(&host, &app("[{\"a\": 1}]"), "{}").await.1, invalid);
        assert_eq!(error(&host, &app("\"text\""), "{}").await.0, ErrorType::DataError);
    }
    let app = |out: &str| Build::search("{}", &output(out));
    assert_eq!(bundles(&host, &app("{\"a\": 1}"), "{}").await, [r#"{"a":1}"#]);
    assert_eq!(
        bundles(&host, &app("[{\"a\": 1}, {\"b\": 2}]"), "{}").await,
        [r#"{"a":1}"#, r#"{"b":2}"#]
    );
    assert!(bundles(&host, &app("\"{{undefined}}\""), "{}").await.is_empty());
    assert_eq!(error(&host, &app("[1]"), "{}").await.0, ErrorType::DataError);

    for (out, expected) in [
        ("[{\"label\": \"A\", \"value\": 1}]", r#"[{"label":"A","value":1}]"#),
        ("{\"a\": 1}", r#"{"a":1}"#),
        ("\"text\"", "\"text\""),
        ("\"{{undefined}}\"", "[]"),
    ] {
        let app = Build::new("{}").rpc("r", &output(out)).app();
        let scene = run::Scene::new(&app, value("{}"));
        let answered = run::rpc(&host, &app.rpcs["r"], &scene).await.unwrap();
        assert_eq!(json(&answered.value), expected);
    }
}

#[tokio::test]
async fn endpoints_run_in_the_place_of_requests() {
    let server = Loopback::start(|seen| {
        let token = seen.header("x-token").unwrap_or_default();
        match seen.target.as_str() {
            "/bad" => Reply::json("{\"why\": \"no\"}").with_status(400),
            target => Reply::json(format!("{{\"at\": \"{target}\", \"token\": \"{token}\"}}")),
        }
    })
    .await;
    let app = Build::new(&base(&server.url()))
        .endpoint(
            "get",
            r#"{"url": "/{{parameters.id}}", "headers": {"x-token": "{{connection.token}}"},
                "response": {"output": "{{body}}", "error": "[{{statusCode}}] {{body.why}}"}}"#,
        )
        .module("m", "action", r#"{"endpoint": "get", "input": {"id": "{{parameters.x}}"},
            "response": {"output": {"got": "{{body.at}}", "token": "{{body.token}}", "x": "{{parameters.x}}"}}}"#)
        .module("other", "action", r#"{"endpoint": {"name": "get", "connection": "second"}, "input": {"id": 1}}"#)
        .module("none", "action", r#"{"endpoint": "get", "input": {"id": "bad"}}"#)
        .app();
    let host = host();
    let mut scene = run::Scene::new(&app, value(r#"{"x": "7"}"#));
    scene.connection = Some(value(r#"{"token": "first"}"#));
    scene.connections = vec![("second".into(), value(r#"{"token": "2nd"}"#))];
    let out = run::module(&host, &app.modules["m"], &scene).await.unwrap();
    assert_eq!(json(&out.bundles[0]), r#"{"got":"/7","token":"first","x":"7"}"#);
    let out = run::module(&host, &app.modules["other"], &scene).await.unwrap();
    assert_eq!(json(&out.bundles[0]), r#"{"at":"/1","token":"2nd"}"#);
    let failure = run::module(&host, &app.modules["none"], &scene).await.unwrap_err();
    assert_eq!(failure.error.message, "[400] no");
    assert_eq!(failure.error.status, Some(400));
}

#[tokio::test]
async fn further_pages_come_from_another_endpoint() {
    let server = Loopback::start(|seen| match seen.target.as_str() {
        "/first?size=2" => Reply::json(r#"{"items": [1, 2], "next": "c2"}"#),
        "/more?size=2&cursor=c2" => Reply::json(r#"{"items": [3], "next": "c3"}"#),
        "/more?cursor=c2" => Reply::json(r#"{"items": [4], "next": ""}"#),
        "/more?size=2&cursor=c3" => Reply::json(r#"{"items": [], "next": ""}"#),
        other => Reply::json(format!("{{\"at\": \"{other}\"}}")).with_status(404),
    })
    .await;
    let module = |first: &str, merge: bool| {
        format!(
            r#"{{{first},
                "response": {{"iterate": "{{{{body.items}}}}", "output": {{"n": "{{{{item}}}}"}}}},
                "pagination": {{"endpoint": "more", "mergeWithParent": {merge},
                    "input": {{"cursor": "{{{{body.next}}}}"}}, "condition": "{{{{body.next}}}}"}}}}"#
        )
    };
    let endpoint = r#""endpoint": "first", "input": {"size": 2}"#;
    let app = Build::new(&base(&server.url()))
        .endpoint("first", r#"{"url": "/first", "qs": {"size": "{{parameters.size}}"}}"#)
        .endpoint(
            "more",
            r#"{"url": "/more", "qs": {"size": "{{parameters.size}}", "cursor": "{{parameters.cursor}}"}}"#,
        )
        .module("merged", "search", &module(endpoint, true))
        .module("alone", "search", &module(endpoint, false))
        .module("mixed", "search", &module(r#""url": "/first?size=2""#, true))
        .app();
    let host = host();
    for (name, expected) in [
        ("merged", r#"{"n":1} {"n":2} {"n":3}"#),
        ("alone", r#"{"n":1} {"n":2} {"n":4}"#),
        ("mixed", r#"{"n":1} {"n":2} {"n":4}"#),
    ] {
        let scene = run::Scene::new(&app, value("{}"));
        let out = run::module(&host, &app.modules[name], &scene).await.unwrap();
        let bundles: Vec<String> = out.bundles.iter().map(json).collect();
        assert_eq!(bundles.join(" "), expected, "{name}");
    }
}

#[tokio::test]
async fn calls_may_move_between_threads() {
    let server = targets().await;
    let app = Build::action(&base(&server.url()), r#"{"url": "/"}"#);
    let calls = (0..8).map(|_| {
        let (app, host) = (app.clone(), host());
        tokio::spawn(async move {
            let scene = run::Scene::new(&app, value("{}"));
            run::module(&host, &app.modules["m"], &scene).await.map(|out| out.bundles.len())
        })
    });
    for call in calls.collect::<Vec<_>>() {
        assert_eq!(call.await.unwrap().unwrap(), 1);
    }
}
