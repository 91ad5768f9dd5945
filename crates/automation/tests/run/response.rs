use halyard_automation::apps::ErrorType;
use halyard_platform::outbound::loopback::{Loopback, Reply};

use crate::support::{Build, base, bundles, error, host, run};

/// What comes of an answer of this type and body with these directives of `response`.
async fn output(content_type: &str, body: &[u8], response: &str) -> String {
    let (content_type, body) = (content_type.to_owned(), body.to_vec());
    let server = Loopback::start(move |_| {
        Reply::status(200).header("Content-Type", content_type.clone()).body(body.clone())
    })
    .await;
    let app = Build::action(
        &base(&server.url()),
        &format!(
            r#"{{"url": "/", "response": {{{response} "output": {{"body": "{{{{body}}}}"}}}}}}"#
        ),
    );
    match run(&host(), &app, "{}").await {
        Ok(outcome) => crate::support::json(&outcome.bundles[0]),
        Err(failure) => failure.error.to_string(),
    }
}

#[tokio::test]
async fn answers_are_read_by_their_type() {
    for (content_type, body, expected) in [
        ("application/json", &b"[1]"[..], r#"{"body":[1]}"#),
        ("application/problem+json", b"[1]", r#"{"body":[1]}"#),
        ("text/plain", b"[1]", r#"{"body":"[1]"}"#),
        ("text/html; charset=iso-8859-1", b"\xe4", r#"{"body":"ä"}"#),
        ("application/x-www-form-urlencoded", b"a=1&b=2", r#"{"body":{"a":"1","b":"2"}}"#),
        ("text/xml", b"<a><b>1</b></a>", r#"{"body":{"a":{"b":["1"]}}}"#),
        ("application/pdf", b"\x00\xff", r#"{"body":"AP8="}"#),
        ("application/json", b"", "{}"),
    ] {
        assert_eq!(output(content_type, body, "").await, expected, "{content_type}");
    }
    for (kind, body, expected) in [
        ("json", &b"{\"a\":1}"[..], r#"{"body":{"a":1}}"#),
        ("urlencoded", b"a=1", r#"{"body":{"a":"1"}}"#),
        ("xml", b"<a/>", r#"{"body":{"a":""}}"#),
        ("text", b"{}", r#"{"body":"{}"}"#),
        ("string", b"{}", r#"{"body":"{}"}"#),
        ("raw", b"{}", r#"{"body":"{}"}"#),
        ("binary", b"{}", r#"{"body":"e30="}"#),
        ("{{'te' + 'xt'}}", b"1", "RuntimeError"),
    ] {
        let said =
            output("application/octet-stream", body, &format!("\"type\": \"{kind}\",")).await;
        if expected != "RuntimeError" {
            assert_eq!(said, expected, "{kind}");
        }
    }
    for (kind, body) in [("json", &b"<html>"[..]), ("xml", b"{}"), ("json", b"{\"a\":")] {
        let said = output("text/html", body, &format!("\"type\": \"{kind}\",")).await;
        assert!(said.starts_with("DataError: The answer is not"), "{said}");
    }
}

#[tokio::test]
async fn the_type_may_depend_on_the_status() {
    let server = Loopback::start(|seen| {
        let status = seen.target[1..].parse().unwrap();
        Reply::status(status).header("Content-Type", "application/json").body("[1]")
    })
    .await;
    let request = r#"{"url": "/{{parameters.status}}", "response": {
        "type": {"*": "json", "200-299": "binary", "201": "text", "400-408": "text"},
        "output": {"b": "{{body}}"}, "error": "{{body}}!"}}"#;
    let app = Build::action(&base(&server.url()), request);
    for (status, expected) in
        [("200", r#"{"b":"WzFd"}"#), ("201", r#"{"b":"[1]"}"#), ("300", r#"{"b":[1]}"#)]
    {
        let parameters = format!("{{\"status\": \"{status}\"}}");
        assert_eq!(bundles(&host(), &app, &parameters).await, [expected]);
    }
    assert_eq!(error(&host(), &app, r#"{"status": "404"}"#).await.1, "[1]!");
    assert_eq!(error(&host(), &app, r#"{"status": "500"}"#).await.1, "1!");
}

#[tokio::test]
async fn the_four_examples_of_xml_hold() {
    for (xml, response, expected) in [
        (
            "<data><text>Hello</text></data>",
            r#""output": {"r": "{{body.data[].text[]}}"}"#,
            r#"{"r":"Hello"}"#,
        ),
        (
            "<data><text foo=\"bar\">Hello</text></data>",
            r#""output": {"r": "{{body.data[].text[]._value}}", "a": "{{body.data[].text[]._attributes.foo}}"}"#,
            r#"{"r":"Hello","a":"bar"}"#,
        ),
        (
            "<data><items><item><name>A</name></item><item><name>B</name></item></items></data>",
            r#""iterate": "{{body.data[].items[].item}}", "output": "{{item.name[]}}", "wrapper": {"r": "{{output}}"}"#,
            r#"{"r":["A","B"]}"#,
        ),
    ] {
        let xml = xml.to_owned();
        let server = Loopback::start(move |_| {
            Reply::status(200).header("Content-Type", "text/xml").body(xml.clone())
        })
        .await;
        let request = format!(r#"{{"url": "/", "response": {{"type": "xml", {response}}}}}"#);
        let app = Build::action(&base(&server.url()), &request);
        assert_eq!(bundles(&host(), &app, "{}").await, [expected]);
    }
}

async fn judged(
    base_response: &str,
    response: &str,
    status: u16,
) -> Result<(), (ErrorType, String)> {
    let server = Loopback::start(move |_| {
        Reply::json(r#"{"ok": false, "message": "said"}"#).with_status(status)
    })
    .await;
    let base = format!(r#"{{"baseUrl": "{}", "response": {{{base_response}}}}}"#, server.url());
    let app = Build::action(&base, &format!(r#"{{"url": "/", "response": {{{response}}}}}"#));
    match run(&host(), &app, "{}").await {
        Ok(_) => Ok(()),
        Err(failure) => Err((failure.error.kind, failure.error.message)),
    }
}

#[tokio::test]
async fn an_answer_that_is_not_valid_fails_with_the_first_words_there_are() {
    use ErrorType::{DataError, InvalidAccessTokenError, RateLimitError, RuntimeError};
    let not_valid = |kind, message: &str| Err((kind, message.to_owned()));
    for (response, expected) in [
        (r#""valid": "{{body.ok}}""#, not_valid(RuntimeError, "Response marked as invalid.")),
        (r#""valid": "{{!body.ok}}""#, Ok(())),
        (r#""valid": true"#, Ok(())),
        (r#""valid": false, "error": "E {{body.message}}""#, not_valid(RuntimeError, "E said")),
        (
            r#""valid": false, "error": {"message": "general", "type": "DataError",
                "200": {"message": "by status", "type": "RateLimitError"}}"#,
            not_valid(RateLimitError, "by status"),
        ),
        (
            r#""valid": {"condition": false, "message": "own", "type": "InvalidAccessTokenError"},
                "error": {"message": "general", "200": {"message": "by status"}}"#,
            not_valid(InvalidAccessTokenError, "own"),
        ),
        (
            r#""valid": {"condition": false, "message": "{{body.none}}"},
                "error": {"message": "general", "type": "DataError", "200": {"message": ""}}"#,
            not_valid(DataError, "general"),
        ),
        (
            r#""valid": {"condition": false, "type": "NoSuchError"}"#,
            not_valid(RuntimeError, "Response marked as invalid."),
        ),
        // Errors of good statuses wait for valid.
        (r#""error": {"message": "x", "200": {"message": "y"}}"#, Ok(())),
    ] {
        assert_eq!(judged("", response, 200).await, expected, "{response}");
    }
    // What the base says is there for modules without words of their own.
    let base = r#""valid": "{{body.ok}}", "error": {"message": "base {{body.message}}", "type": "DataError"}"#;
    assert_eq!(judged(base, "", 200).await, not_valid(DataError, "base said"));
    assert_eq!(judged(base, r#""error": "own""#, 200).await, not_valid(DataError, "own"));
    // A valid that holds saves no bad status.
    assert_eq!(
        judged("", r#""valid": "{{statusCode == 404}}""#, 404).await,
        not_valid(RuntimeError, "The service answered with the status 404.")
    );
}

#[tokio::test]
async fn a_bad_status_fails_with_the_words_for_it() {
    use ErrorType::{DataError, RuntimeError};
    for (response, status, kind, message) in [
        ("", 500, RuntimeError, "The service answered with the status 500."),
        (r#""error": "[{{statusCode}}] {{body.message}}""#, 400, RuntimeError, "[400] said"),
        (r#""error": "{{body}}""#, 400, RuntimeError, r#"{"ok":false,"message":"said"}"#),
        (
            r#""error": "{{body.none}}""#,
            400,
            RuntimeError,
            "The service answered with the status 400.",
        ),
        (
            r#""error": {"message": "general", "type": "DataError", "404": {"message": "missing"}}"#,
            404,
            DataError,
            "missing",
        ),
        (
            r#""error": {"message": "general", "404": {"type": "DataError"}}"#,
            404,
            DataError,
            "general",
        ),
        (
            r#""error": {"message": "general", "404": {"message": "m"}}"#,
            403,
            RuntimeError,
            "general",
        ),
        (
            r#""error": "{{temp.why}}", "temp": {"why": "T {{body.message}} {{headers.`content-type`}}"}"#,
            422,
            RuntimeError,
            "T said application/json",
        ),
        // What describes the failure may fail itself.
        (
            r#""error": "{{parseDate(body.message, 'X')}}""#,
            400,
            RuntimeError,
            "The service answered with the status 400.",
        ),
    ] {
        assert_eq!(
            judged("", response, status).await,
            Err((kind, message.to_owned())),
            "{response}"
        );
    }
}

#[tokio::test]
async fn lists_are_iterated_over() {
    let server = Loopback::start(|_| {
        Reply::json(r#"{"items": [{"n": 1}, {"n": 2}, {"n": 3}], "one": {"n": 9}, "k": "v"}"#)
    })
    .await;
    let host = host();
    for (response, expected) in [
        (r#""iterate": "{{body.items}}""#, &[r#"{"n":1}"#, r#"{"n":2}"#, r#"{"n":3}"#][..]),
        (r#""iterate": "body.items", "limit": 1"#, &[r#"{"n":1}"#]),
        (
            r#""iterate": {"container": "{{body.items}}", "condition": "{{item.n != 2}}"},
                "output": {"m": "{{item.n * 2}}", "k": "{{body.k}}"}"#,
            &[r#"{"m":2,"k":"v"}"#, r#"{"m":6,"k":"v"}"#],
        ),
        (
            r#""iterate": "{{body.items}}", "limit": "{{parameters.limit}}""#,
            &[r#"{"n":1}"#, r#"{"n":2}"#],
        ),
        (r#""iterate": "{{body.one}}""#, &[r#"{"n":9}"#]),
        (r#""iterate": "{{body.none}}""#, &[]),
        (
            r#""iterate": "{{body.items}}", "output": "{{item.n}}", "wrapper": {"all": "{{output}}", "k": "{{body.k}}"}"#,
            &[r#"{"all":[1,2,3],"k":"v"}"#],
        ),
        (r#""iterate": "{{body.none}}", "wrapper": {"all": "{{output}}"}"#, &[r#"{"all":[]}"#]),
        (
            r#""iterate": "{{body.items}}", "wrapper": [{"first": "{{first(output)}}"}]"#,
            &[r#"{"first":{"n":1}}"#],
        ),
    ] {
        let request = format!(r#"{{"url": "/", "response": {{{response}}}}}"#);
        let app = Build::search(&base(&server.url()), &request);
        assert_eq!(bundles(&host, &app, r#"{"limit": "2"}"#).await, expected, "{response}");
    }
    let app = Build::action(
        &base(&server.url()),
        r#"{"url": "/", "response": {"iterate": "{{body.items}}"}}"#,
    );
    assert_eq!(
        error(&host, &app, "{}").await,
        (
            ErrorType::DataError,
            "Invalid module output. Expected Object, but found Array.".to_owned()
        )
    );
}
