//! Directives that the format has only here, against servers on this machine.

use std::time::{Duration, Instant};

use halyard_automation::{
    apps::{
        App, ErrorType,
        run::{self, Cookies, Failure, Scene},
    },
    operations::{Error, Operator},
};
use halyard_iml::NoFunctions;
use halyard_platform::outbound::loopback::{ALONE, AUTHORITY, CLIENT, Loopback, Reply, client_key};

use crate::support::{Build, base, bundles, error, host, run, value};

fn json_text(text: &str) -> String {
    halyard_iml::Value::from(text).to_json().unwrap()
}

fn with_certificate(certificate: &str, key: &str) -> String {
    format!(
        r#"{{"ca": {}, "certificate": {}, "key": {}}}"#,
        json_text(AUTHORITY),
        json_text(certificate),
        json_text(key)
    )
}

const CERTIFIED: &str = r#"{"url": "/", "ca": "{{parameters.ca}}", "clientCertificate":
    {"certificate": "{{parameters.certificate}}", "key": "{{parameters.key}}"}}"#;

#[tokio::test]
async fn a_server_that_asks_who_we_are_is_told() {
    let server = Loopback::for_clients(|_| Reply::json(r#"{"a": 1}"#)).await;
    let app = Build::action(&base(&server.url()), CERTIFIED);
    let parameters = with_certificate(CLIENT, &client_key());
    assert_eq!(bundles(&host(), &app, &parameters).await, [r#"{"a":1}"#]);
    assert!(server.seen()[0].certificate.is_some());
    // Undefined: no certificate is shown.
    let (kind, message) = error(&host(), &app, &with_certificate("", "")).await;
    assert_eq!(kind, ErrorType::ConnectionError, "{message}");
    assert!(message.contains("client certificate"), "{message}");
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_certificate_that_cannot_be_used_is_refused_before_anything_is_sent() {
    let server = Loopback::for_clients(|_| Reply::json("{}")).await;
    let key = client_key();
    let app = Build::action(&base(&server.url()), CERTIFIED);
    // Also where no request is made, so that a connection can be tested without a server.
    let alone = CERTIFIED.replace("\"url\": \"/\",", "");
    let alone = Build::action(&base(&server.url()), &alone);
    for (certificate, key, reason) in [
        (CLIENT, "", "no private key"),
        ("", &*key, "no certificate"),
        (ALONE, &*key, "another certificate"),
    ] {
        for app in [&app, &alone] {
            let (kind, message) = error(&host(), app, &with_certificate(certificate, key)).await;
            assert_eq!(kind, ErrorType::InvalidConfigurationError, "{message}");
            assert!(message.contains(reason), "{message}");
            let secret = key.lines().nth(1).unwrap_or("\0");
            assert!(!message.contains(secret), "{message}");
        }
    }
    assert_eq!(server.connections(), 0);
    assert_eq!(bundles(&host(), &alone, &with_certificate(CLIENT, &key)).await, ["{}"]);
}

#[tokio::test]
async fn a_certificate_does_not_follow_to_another_origin() {
    let server = Loopback::for_clients(|_| Reply::json(r#"{"items": [2]}"#)).await;
    let target = server.other_url();
    let first = Loopback::start(move |seen| match seen.target.as_str() {
        "/moved" => Reply::status(302).header("Location", &target),
        _ => Reply::json(format!(r#"{{"items": [{{"a": 1}}], "next": "{target}/"}}"#)),
    })
    .await;
    let moved = CERTIFIED.replace("\"/\"", "\"/moved\"");
    let paged = CERTIFIED.replace(
        "\"url\": \"/\",",
        r#""url": "/", "response": {"iterate": "{{body.items}}"},
            "pagination": {"url": "{{body.next}}"},"#,
    );
    for app in
        [Build::action(&base(&first.url()), &moved), Build::search(&base(&first.url()), &paged)]
    {
        let parameters = with_certificate(CLIENT, &client_key());
        let (kind, message) = error(&host(), &app, &parameters).await;
        assert_eq!(kind, ErrorType::ConnectionError, "{message}");
        assert!(message.contains("client certificate"), "{message}");
    }
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn a_proxy_is_named_by_an_address_or_with_its_user() {
    let server = Loopback::start(|_| Reply::json("{}")).await;
    let proxy = Loopback::start(|seen| {
        let told = seen.header("proxy-authorization").unwrap_or_default();
        Reply::json(format!(r#"{{"target": "{}", "told": "{told}"}}"#, seen.target))
    })
    .await;
    let app = |proxy: &str| {
        let request = format!(r#"{{"url": "/a", "proxy": {proxy}}}"#);
        Build::action(
            &format!(r#"{{"baseUrl": "{}", "log": {{"sanitize": ["x"]}}}}"#, server.url()),
            &request,
        )
    };
    let place = proxy.url().replace("http://", "");
    let parameters = format!(
        r#"{{"at": "{place}", "all": {{"url": "{place}", "user": "ann", "password": "pass-word"}}}}"#
    );
    let target = format!("{}/a", server.url());
    let plain = format!(r#"{{"target":"{target}","told":""}}"#);
    let named = format!(r#"{{"target":"{target}","told":"Basic YW5uOnBhc3Mtd29yZA=="}}"#);
    for (said, expected) in [
        (r#""{{parameters.at}}""#, &plain),
        (r#"{"url": "{{parameters.at}}", "user": "{{parameters.nobody}}"}"#, &plain),
        (r#""{{parameters.all}}""#, &named),
    ] {
        let outcome = run(&host(), &app(said), &parameters).await.unwrap();
        assert_eq!(outcome.bundles[0].to_json().unwrap(), *expected, "{said}");
        let shown = outcome.exchanges[0].shown.as_ref().unwrap();
        assert!(!shown.response_body.contains("YW5uOnBhc3Mtd29yZA"), "{}", shown.response_body);
    }
    for none in [r#""{{parameters.no}}""#, r#"{"url": "", "user": "ann"}"#, "{}"] {
        assert_eq!(bundles(&host(), &app(none), &parameters).await, ["{}"], "{none}");
    }
    for wrong in [r#""socks5://a""#, r#"{"url": "http://ann:pass-word@a"}"#] {
        let (kind, message) = error(&host(), &app(wrong), &parameters).await;
        assert_eq!(kind, ErrorType::InvalidConfigurationError, "{message}");
        assert!(message.starts_with("The proxy cannot be used"), "{message}");
        assert!(!message.contains("pass-word"), "{message}");
    }
    let inside = r#""10.1.2.3:80""#;
    assert_eq!(error(&host(), &app(inside), &parameters).await.0, ErrorType::ConnectionError);
}

#[tokio::test]
async fn a_time_limit_is_said_for_each_request() {
    let server = Loopback::start(|seen| match seen.target.as_str() {
        "/quick" => Reply::json("{}"),
        _ => Reply::silent(),
    })
    .await;
    let app = |timeout: &str| {
        let requests = format!(
            r#"[{{"url": "/quick"}}, {{"url": "{{{{parameters.at}}}}", "timeout": {timeout}}}]"#
        );
        Build::action(&base(&server.url()), &requests)
    };
    for (timeout, ms) in [
        ("120", "120 ms"),
        (r#""{{parameters.ms}}""#, "150 ms"),
        (r#""{{parameters.ms + ''}}""#, "150 ms"),
    ] {
        let started = Instant::now();
        let parameters = r#"{"at": "/silent", "ms": 150}"#;
        let (kind, message) = error(&host(), &app(timeout), parameters).await;
        assert_eq!(kind, ErrorType::ModuleTimeoutError, "{message}");
        assert!(message.contains(ms), "{message}");
        assert!(started.elapsed() < Duration::from_secs(20), "{timeout}");
    }
    let none = app(r#""{{parameters.no}}""#);
    assert_eq!(bundles(&host(), &none, r#"{"at": "/quick"}"#).await, ["{}"]);
    for wrong in [r#""{{'soon'}}""#, r#""{{-5}}""#, r#""{{0}}""#, r#""{{true}}""#] {
        let (kind, message) = error(&host(), &app(wrong), r#"{"at": "/quick"}"#).await;
        assert_eq!(kind, ErrorType::InvalidConfigurationError, "{message}");
        assert!(message.contains("timeout"), "{message}");
    }
}

#[tokio::test]
async fn more_time_is_had_within_the_bounds_of_the_host() {
    let server = Loopback::start(|_| Reply::silent()).await;
    let mut host = host();
    host.bounds.time = Duration::from_millis(50);
    host.bounds.longest_time = Duration::from_millis(300);
    for timeout in ["200000", r#""{{200000}}""#] {
        let app = Build::action(
            &base(&server.url()),
            &format!(r#"{{"url": "/", "timeout": {timeout}}}"#),
        );
        let started = Instant::now();
        let (kind, message) = error(&host, &app, "{}").await;
        assert_eq!(kind, ErrorType::ModuleTimeoutError, "{message}");
        let took = started.elapsed();
        assert!(took >= Duration::from_millis(290), "{timeout}: {took:?}");
        assert!(took < Duration::from_secs(20), "{timeout}: {took:?}");
    }
}

#[tokio::test]
async fn expressions_switch_what_is_true_or_false() {
    let server = Loopback::start(|seen| match seen.target.split('?').next() {
        Some("/found") => Reply::status(302).header("Location", "/end").body("moved"),
        _ => Reply::json(format!(
            r#"{{"target": "{}", "gzip": "{}"}}"#,
            seen.target,
            seen.header("accept-encoding").unwrap_or_default()
        )),
    })
    .await;
    let request = r#"{"url": "/{{parameters.at}}", "method": "{{parameters.method}}",
        "followRedirects": "{{parameters.follow}}", "followAllRedirects": "{{parameters.all}}",
        "encodeUrl": "{{parameters.encode}}", "gzip": "{{parameters.gzip}}",
        "rejectUnauthorized": "{{parameters.reject}}",
        "response": {"output": {"status": "{{statusCode}}", "target": "{{body.target}}",
            "gzip": "{{body.gzip}}"}}}"#;
    let app = Build::action(&base(&server.url()), request);
    for (parameters, expected) in [
        (r#"{"at": "found"}"#, r#"{"status":200,"target":"/end","gzip":""}"#),
        (
            r#"{"at": "found", "follow": true, "all": false}"#,
            r#"{"status":200,"target":"/end","gzip":""}"#,
        ),
        (r#"{"at": "found", "follow": false}"#, r#"{"status":302}"#),
        (r#"{"at": "found", "method": "post", "all": false}"#, r#"{"status":302}"#),
        (
            r#"{"at": "found", "method": "post", "follow": false}"#,
            r#"{"status":200,"target":"/end","gzip":""}"#,
        ),
        (r#"{"at": "[a]"}"#, r#"{"status":200,"target":"/%5Ba%5D","gzip":""}"#),
        (r#"{"at": "[a]", "encode": false}"#, r#"{"status":200,"target":"/[a]","gzip":""}"#),
        (r#"{"at": "x", "gzip": true}"#, r#"{"status":200,"target":"/x","gzip":"gzip, deflate"}"#),
        (r#"{"at": "x", "reject": true}"#, r#"{"status":200,"target":"/x","gzip":""}"#),
    ] {
        assert_eq!(bundles(&host(), &app, parameters).await, [expected], "{parameters}");
    }
    let (kind, message) = error(&host(), &app, r#"{"at": "x", "reject": false}"#).await;
    assert_eq!(kind, ErrorType::InvalidConfigurationError, "{message}");
}

#[tokio::test]
async fn answers_that_tell_of_an_error_can_be_what_was_asked_for() {
    let server = Loopback::start(|seen| {
        let status = seen.target.trim_start_matches('/').parse().unwrap();
        Reply::json(r#"{"why": "so"}"#).with_status(status).header("Retry-After", "7")
    })
    .await;
    let app = |rest: &str| {
        let request = format!(
            r#"{{"url": "/{{{{parameters.status}}}}", "response": {{{rest}
            "output": {{"status": "{{{{statusCode}}}}", "why": "{{{{body.why}}}}"}}}}}}"#
        );
        Build::action(&base(&server.url()), &request)
    };
    let all = app(r#""acceptErrors": "{{parameters.accept}}","#);
    for status in [200, 404, 429, 503] {
        let parameters = format!(r#"{{"status": {status}, "accept": true}}"#);
        let expected = format!(r#"{{"status":{status},"why":"so"}}"#);
        assert_eq!(bundles(&host(), &all, &parameters).await, [expected]);
        if status >= 400 {
            let parameters = format!(r#"{{"status": {status}}}"#);
            let failure = run(&host(), &all, &parameters).await.unwrap_err();
            assert_eq!(failure.error.status, Some(status));
        }
    }
    // Some of them, by what they say; what is accepted is judged like any other answer.
    let some = app(r#""acceptErrors": "{{statusCode == 404 && body.why == 'so'}}","#);
    assert_eq!(bundles(&host(), &some, r#"{"status": 404}"#).await.len(), 1);
    assert_eq!(error(&host(), &some, r#"{"status": 500}"#).await.0, ErrorType::RuntimeError);
    let judged = app(r#""acceptErrors": true, "valid": {"condition": "{{statusCode != 404}}",
        "message": "Not that one.", "type": "DataError"},"#);
    let found = error(&host(), &judged, r#"{"status": 404}"#).await;
    assert_eq!(found, (ErrorType::DataError, "Not that one.".to_owned()));
    // An expression that fails leaves the error what it is.
    let failing = app(r#""acceptErrors": "{{parseDate('no date', 'YYYY')}}","#);
    assert_eq!(error(&host(), &failing, r#"{"status": 500}"#).await.0, ErrorType::RuntimeError);
}

async fn cookie_server() -> Loopback {
    Loopback::start(|seen| match seen.target.as_str() {
        "/in" => Reply::json("{}").header("Set-Cookie", "sid=1; Path=/; Max-Age=60"),
        _ => Reply::json("{}"),
    })
    .await
}

fn cookie_app(server: &Loopback) -> App {
    let request = r#"{"url": "{{parameters.at}}", "shareCookies": "{{parameters.share}}"}"#;
    Build::action(&base(&server.url()), request)
}

#[tokio::test]
async fn the_calls_of_a_run_share_cookies() {
    let server = cookie_server().await;
    let app = cookie_app(&server);
    let mut of_run = host();
    of_run.cookies = Some(Cookies::default());
    let operator = Operator {
        host: &of_run,
        app: &app,
        functions: &NoFunctions,
        connection: None,
        known: None,
    };
    let share = |at: &str| format!(r#"{{"at": "{at}", "share": true}}"#);
    bundles(&of_run, &app, &share("/in")).await;
    bundles(&of_run, &app, &share("/after")).await;
    let asked: Result<_, Error> = operator.call("m", value(&share("/operation"))).await;
    asked.unwrap();
    bundles(&of_run, &app, r#"{"at": "/alone", "share": false}"#).await;
    let mut other = host();
    other.cookies = Some(Cookies::default());
    bundles(&other, &app, &share("/other-run")).await;
    bundles(&host(), &app, &share("/no-run")).await;
    let seen: Vec<_> = server
        .seen()
        .iter()
        .map(|seen| (seen.target.clone(), seen.header("cookie").map(str::to_owned)))
        .collect();
    let sid = || Some("sid=1".to_owned());
    let expected = [
        ("/in", None),
        ("/after", sid()),
        ("/operation", sid()),
        ("/alone", None),
        ("/other-run", None),
        ("/no-run", None),
    ];
    let expected: Vec<_> =
        expected.into_iter().map(|(target, cookie)| (target.to_owned(), cookie)).collect();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn parts_of_one_name_stand_in_a_list() {
    let server = Loopback::start(|_| Reply::json("{}")).await;
    let request = r#"{"url": "/", "method": "POST", "type": "multipart/form-data", "body": [
        {"name": "file", "value": "{{toBinary('AP8=', 'base64')}}", "options": {"filename": "a.bin"}},
        {"key": "file", "value": {"value": "two", "options": {"filename": "b.txt", "contentType": "text/plain"}}},
        {"name": "note", "value": "x"}, {"name": "list", "value": ["y", "z"]},
        {"name": "none", "value": "{{undefined}}"}, "{{undefined}}"]}"#;
    let app = Build::action(&base(&server.url()), request);
    bundles(&host(), &app, "{}").await;
    let text = server.seen()[0].text();
    assert_eq!(text.matches("name=\"file\"; filename=").count(), 2, "{text}");
    assert!(
        text.contains("filename=\"b.txt\"\r\nContent-Type: text/plain\r\n\r\ntwo\r\n"),
        "{text}"
    );
    assert_eq!(text.matches("name=\"list\"").count(), 2, "{text}");
    assert!(text.contains("name=\"note\"\r\n\r\nx\r\n") && !text.contains("none"), "{text}");
    for wrong in [r#"["x"]"#, r#"[{"value": "x"}]"#] {
        let request = format!(
            r#"{{"url": "/", "method": "POST", "type": "multipart/form-data", "body": {wrong}}}"#
        );
        let app = Build::action(&base(&server.url()), &request);
        assert_eq!(error(&host(), &app, "{}").await.0, ErrorType::DataError, "{wrong}");
    }
}

/// What is secret about a proxy and a certificate shows in no failure either.
#[tokio::test]
async fn secrets_of_parameters_are_hidden() {
    let key = client_key();
    let told = format!("{key} and pass-word");
    let proxy = Loopback::start(move |_| Reply::status(500).body(told.clone())).await;
    let request = r#"{"url": "/", "clientCertificate": {"certificate": "{{parameters.certificate}}",
            "key": "{{parameters.key}}"}, "proxy": {"url": "{{parameters.proxy}}", "user": "ann",
            "password": "pass-word"},
        "response": {"error": "{{parameters.key}} {{body}} pass-word"}}"#;
    let app = Build::action(&base("http://127.0.0.1:1"), request);
    let place = json_text(&proxy.url());
    let parameters = format!(
        r#"{{"proxy": {place}, "certificate": {}, "key": {}}}"#,
        json_text(CLIENT),
        json_text(&key)
    );
    let scene = Scene::new(&app, value(&parameters));
    let failure: Failure = run::module(&host(), &app.modules["m"], &scene).await.unwrap_err();
    assert_eq!(failure.error.status, Some(500));
    let all = format!("{failure} {:?}", failure.exchanges);
    assert!(!all.contains("pass-word"), "{all}");
    assert!(!all.contains(key.trim_end()), "{all}");
}
