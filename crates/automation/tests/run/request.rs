use halyard_automation::apps::{ErrorType, run::Host};
use halyard_platform::outbound::loopback::{ALONE, AUTHORITY, Identity, Loopback, Reply, Seen};

use crate::support::{Build, base, bundles, error, host};

async fn echo() -> Loopback {
    Loopback::start(|_| Reply::json("{}")).await
}

/// What the server sees of an action with this communication.
async fn seen(communication: &str, parameters: &str) -> Seen {
    let server = echo().await;
    let app = Build::action(&base(&server.url()), communication);
    bundles(&host(), &app, parameters).await;
    let mut seen = server.seen();
    assert_eq!(seen.len(), 1);
    seen.remove(0)
}

#[tokio::test]
async fn an_address_is_relative_or_absolute() {
    let server = echo().await;
    let host = host();
    let at = |url: &str| format!("{{\"url\": \"{url}\"}}");
    for (root, url, target) in [
        ("/v1", "/users", "/v1/users"),
        ("/v1/", "/users", "/v1/users"),
        ("/v1", "users", "/v1/users"),
        ("", "/users?a=1", "/users?a=1"),
    ] {
        let app = Build::action(&base(&format!("{}{root}", server.url())), &at(url));
        bundles(&host, &app, "{}").await;
        assert_eq!(server.seen().last().unwrap().target, target);
    }
    let app = Build::action(&base("http://127.0.0.1:1/v1"), &at(&format!("{}/abs", server.url())));
    bundles(&host, &app, "{}").await;
    assert_eq!(server.seen().last().unwrap().target, "/abs");
    let app = Build::action("{}", &at("/users"));
    assert_eq!(error(&host, &app, "{}").await.0, ErrorType::InvalidConfigurationError);
}

#[tokio::test]
async fn a_slash_of_the_user_is_not_doubled() {
    let request = r#"{"url": "/v2/{{parameters.url}}"}"#;
    assert_eq!(seen(request, r#"{"url": "/users/1"}"#).await.target, "/v2/users/1");
    assert_eq!(seen(request, r#"{"url": "users//1"}"#).await.target, "/v2/users//1");
}

#[tokio::test]
async fn the_query_repeats_lists_and_leaves_out_what_is_undefined() {
    let request = r#"{"url": "/a?x=0&y=1", "qs": {"list": ["one", "t&o"], "none": "{{parameters.no}}",
        "null": null, "x": "{{parameters.x}}", "flag": true}}"#;
    let target = seen(request, r#"{"x": "ä b"}"#).await.target;
    assert_eq!(target, "/a?y=1&list=one&list=t%26o&null=&x=%C3%A4%20b&flag=true");
    let whole = r#"{"url": "/", "qs": "{{parameters.all}}", "headers": "{{parameters.none}}"}"#;
    assert_eq!(seen(whole, r#"{"all": {"a": 1, "b": [2, 3]}}"#).await.target, "/?a=1&b=2&b=3");
}

#[tokio::test]
async fn an_address_is_encoded_unless_the_author_has_done_it() {
    let encoded = seen(r#"{"url": "/{{parameters.p}}"}"#, r#"{"p": "a b/[c]%20|?q=[1]"}"#).await;
    assert_eq!(encoded.target, "/a%20b/%5Bc%5D%20%7C?q=%5B1%5D");
    let request = r#"{"url": "/{{parameters.p}}", "encodeUrl": false}"#;
    assert_eq!(seen(request, r#"{"p": "[c]?q=[1]|2"}"#).await.target, "/[c]?q=[1]|2");
}

#[tokio::test]
async fn names_of_headers_are_capitalized_and_lists_repeated() {
    let request = r#"{"url": "/", "headers": {"tESt-wiTh-dAsh": "1", "X-List": ["a", "b"],
        "x-none": "{{parameters.no}}", "x-null": null, "accept": "text/x"}}"#;
    let seen = seen(request, "{}").await;
    let sent = |name: &str| {
        let found = seen.headers.iter().filter(|(other, _)| other == name);
        found.map(|(_, value)| value.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(sent("Test-With-Dash"), ["1"]);
    assert_eq!(sent("X-List"), ["a", "b"]);
    assert_eq!(sent("Accept"), ["text/x"]);
    assert_eq!((seen.header("x-none"), seen.header("x-null")), (None, None));
}

#[tokio::test]
async fn what_the_request_says_goes_before_the_base() {
    let server = echo().await;
    let base = format!(
        r#"{{"baseUrl": "{}", "headers": {{"X-A": "base", "x-b": "base"}}, "qs": {{"a": 1, "b": 2}}}}"#,
        server.url()
    );
    let app = Build::action(&base, r#"{"url": "/", "headers": {"x-a": "own"}, "qs": {"b": 3}}"#);
    bundles(&host(), &app, "{}").await;
    let seen = &server.seen()[0];
    assert_eq!((seen.header("x-a"), seen.header("x-b")), (Some("own"), Some("base")));
    assert_eq!(seen.target, "/?a=1&b=3");
}

#[tokio::test]
async fn each_type_of_body_is_encoded() {
    let given = r#"{"name": "Ann & Bo", "list": [1, 2], "in": {"x": null}}"#;
    for (kind, content_type, body) in [
        ("json", "application/json", r#"{"a":"Ann & Bo","l":[1,2],"i":{"x":null}}"#),
        ("urlencoded", "application/x-www-form-urlencoded", "a=Ann%20%26%20Bo&l=1&l=2&i%5Bx%5D="),
    ] {
        let request = format!(
            r#"{{"url": "/", "method": "post", "type": "{kind}", "body": {{"a": "{{{{parameters.name}}}}",
            "l": "{{{{parameters.list}}}}", "i": "{{{{parameters.in}}}}", "no": "{{{{parameters.no}}}}"}}}}"#
        );
        let seen = seen(&request, given).await;
        assert_eq!((seen.method.as_str(), seen.text().as_str()), ("POST", body));
        assert_eq!(seen.header("content-type"), Some(content_type));
    }
    for kind in ["text", "string", "raw", "{{parameters.kind}}"] {
        let request = format!(
            r#"{{"url": "/", "method": "PUT", "type": "{kind}", "body": "{{{{parameters.name}}}}!"}}"#
        );
        let seen = seen(&request, r#"{"name": "Ann", "kind": "text"}"#).await;
        assert_eq!((seen.text().as_str(), seen.header("content-type")), ("Ann!", None));
    }
    let xml = r#"{"url": "/", "method": "POST", "headers": {"content-type": "text/xml"}, "body": "<a/>"}"#;
    let xml = seen(xml, "{}").await;
    assert_eq!((xml.text().as_str(), xml.header("content-type")), ("<a/>", Some("text/xml")));
    let binary = r#"{"url": "/", "method": "POST", "type": "binary", "body": "{{toBinary('AP8=', 'base64')}}"}"#;
    let binary = seen(binary, "{}").await;
    assert_eq!(binary.body, [0, 255]);
    assert_eq!(binary.header("content-type"), Some("application/octet-stream"));
}

#[tokio::test]
async fn files_and_lists_go_as_parts() {
    let request = r#"{"url": "/", "method": "POST", "type": "multipart/form-data", "body": {
        "title": "x", "tags": ["a", "b"], "file": {"value": "{{toBinary('AP8=', 'base64')}}",
        "options": {"filename": "f.bin", "contentType": "image/png"}}}}"#;
    let seen = seen(request, "{}").await;
    let content_type = seen.header("content-type").unwrap();
    let boundary = content_type.strip_prefix("multipart/form-data; boundary=").unwrap();
    let text = seen.text();
    assert_eq!(text.matches(boundary).count(), 5);
    assert_eq!(text.matches("name=\"tags\"").count(), 2);
    assert!(text.contains("name=\"file\"; filename=\"f.bin\"\r\nContent-Type: image/png\r\n\r\n"));
    assert!(seen.body.windows(4).any(|four| four == [b'\n', 0, 255, b'\r']));
}

#[tokio::test]
async fn get_has_no_body_and_unknown_words_are_refused() {
    let seen = seen(r#"{"url": "/", "body": {"a": 1}, "type": "GET"}"#, "{}").await;
    assert_eq!((seen.body.len(), seen.header("content-type")), (0, None));
    let server = echo().await;
    for words in [
        r#""method": "{{parameters.x}}""#,
        r#""method": "POST", "body": "a", "type": "{{parameters.x}}""#,
        r#""headers": "{{parameters.x}}""#,
        r#""headers": {"a": "{{parameters.lines}}"}"#,
        r#""aws": {"key": "a"}"#,
        r#""oauth": {"consumer_key": "a", "signature_method": "{{parameters.x}}"}"#,
    ] {
        let app = Build::action(&base(&server.url()), &format!("{{\"url\": \"/\", {words}}}"));
        let (kind, message) =
            error(&host(), &app, r#"{"x": "nonsense", "lines": "a\r\nb: c"}"#).await;
        assert_eq!(kind, ErrorType::InvalidConfigurationError, "{message}");
    }
    assert!(server.seen().is_empty());
}

async fn redirecting() -> Loopback {
    Loopback::start(|seen| match seen.target.as_str() {
        "/found" => Reply::status(302).header("Location", "/end"),
        "/kept" => Reply::status(307).header("Location", "/end"),
        "/loop" => Reply::status(302).header("Location", "/loop"),
        "/nowhere" => Reply::status(302),
        _ => Reply::json(format!("{{\"method\": \"{}\"}}", seen.method)),
    })
    .await
}

async fn redirected(host: &Host, server: &Loopback, rest: &str) -> Vec<String> {
    let app = Build::action(
        &base(&server.url()),
        &format!(
            r#"{{{rest}, "response": {{"output": {{"status": "{{{{statusCode}}}}", "method": "{{{{body.method}}}}"}}}}}}"#
        ),
    );
    bundles(host, &app, "{}").await
}

#[tokio::test]
async fn redirects_are_followed_unless_switched_off() {
    let (server, host) = (redirecting().await, host());
    for (rest, expected) in [
        (r#""url": "/found""#, r#"{"status":200,"method":"GET"}"#),
        (r#""url": "/found", "followRedirect": false"#, r#"{"status":302}"#),
        (r#""url": "/found", "followAllRedirects": false"#, r#"{"status":200,"method":"GET"}"#),
        (r#""url": "/found", "method": "POST", "body": {}"#, r#"{"status":200,"method":"GET"}"#),
        (r#""url": "/kept", "method": "POST", "body": {}"#, r#"{"status":200,"method":"POST"}"#),
        (
            r#""url": "/kept", "method": "POST", "body": {}, "followAllRedirects": false"#,
            r#"{"status":307}"#,
        ),
    ] {
        assert_eq!(redirected(&host, &server, rest).await, [expected], "{rest}");
    }
    for url in ["/loop", "/nowhere"] {
        let app = Build::action(&base(&server.url()), &format!("{{\"url\": \"{url}\"}}"));
        let (kind, message) = error(&host, &app, "{}").await;
        assert_eq!(kind, ErrorType::ConnectionError, "{message}");
        assert!(message.contains("redirects"), "{message}");
    }
}

#[tokio::test]
async fn cookies_are_kept_within_a_run_when_asked_for() {
    let server = Loopback::start(|seen| match seen.target.as_str() {
        "/in" => {
            Reply::status(302).header("Set-Cookie", "sid=1; Path=/").header("Location", "/mid")
        }
        _ => Reply::json("{}").header("Set-Cookie", "two=2"),
    })
    .await;
    let requests = r#"[{"url": "/in", "shareCookies": true},
        {"url": "/own", "shareCookies": true, "headers": {"cookie": "own=0"}}, {"url": "/without"}]"#;
    let app = Build::action(&base(&server.url()), requests);
    bundles(&host(), &app, "{}").await;
    let cookies: Vec<_> =
        server.seen().iter().map(|seen| seen.header("cookie").map(str::to_owned)).collect();
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(cookies, [None, text("sid=1"), text("own=0; sid=1; two=2"), None]);
    bundles(&host(), &app, "{}").await;
    assert_eq!(server.seen()[4].header("cookie"), None, "another run has cookies of its own");
}

#[tokio::test]
async fn compressed_answers_are_asked_for_and_unpacked() {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut packer, br#"{"a": 1}"#).unwrap();
    let packed = packer.finish().unwrap();
    let server = Loopback::start(move |seen| {
        if !seen.header("accept-encoding").is_some_and(|all| all.contains("gzip")) {
            return Reply::json("{}");
        }
        Reply::json("").header("Content-Encoding", "gzip").body(packed.clone())
    })
    .await;
    let app = Build::action(&base(&server.url()), r#"{"url": "/", "gzip": true}"#);
    assert_eq!(bundles(&host(), &app, "{}").await, [r#"{"a":1}"#]);
    let app = Build::action(&base(&server.url()), r#"{"url": "/"}"#);
    assert_eq!(bundles(&host(), &app, "{}").await, ["{}"]);
}

#[tokio::test]
async fn a_certificate_authority_of_the_author_is_believed() {
    let parameters = |pem: &str| format!("{{\"ca\": {}}}", json_text(pem));
    for (identity, pem) in [(Identity::Signed, AUTHORITY), (Identity::Alone, ALONE)] {
        let server = Loopback::encrypted(identity, |_| Reply::json(r#"{"a": 1}"#)).await;
        let with =
            Build::action(&base(&server.url()), r#"{"url": "/", "ca": "{{parameters.ca}}"}"#);
        assert_eq!(bundles(&host(), &with, &parameters(pem)).await, [r#"{"a":1}"#]);
        let (kind, message) = error(&host(), &with, "{}").await;
        assert_eq!(kind, ErrorType::ConnectionError, "{message}");
        let other = if identity == Identity::Signed { ALONE } else { AUTHORITY };
        assert_eq!(error(&host(), &with, &parameters(other)).await.0, ErrorType::ConnectionError);
        let broken = error(&host(), &with, r#"{"ca": "no certificate"}"#).await;
        assert_eq!(broken.0, ErrorType::ConnectionError);
    }
}

fn json_text(text: &str) -> String {
    halyard_iml::Value::from(text).to_json().unwrap()
}

#[tokio::test]
async fn certificates_are_verified_unless_the_operator_allows_otherwise() {
    let server = Loopback::encrypted(Identity::Alone, |_| Reply::json("{}")).await;
    let app = Build::action(&base(&server.url()), r#"{"url": "/", "rejectUnauthorized": false}"#);
    let (kind, message) = error(&host(), &app, "{}").await;
    assert_eq!(kind, ErrorType::InvalidConfigurationError);
    assert!(message.contains("rejectUnauthorized"), "{message}");
    assert!(server.seen().is_empty());
    let mut host = host();
    host.bounds.unverified_tls = true;
    assert_eq!(bundles(&host, &app, "{}").await, ["{}"]);
}

#[tokio::test]
async fn requests_are_signed() {
    let oauth = |transport: &str| {
        format!(
            r#""oauth": {{"consumer_key": "ck", "consumer_secret": "cs", "token": "t",
            "token_secret": "ts", "transport_method": "{transport}"}}"#
        )
    };
    let header = seen(&format!(r#"{{"url": "/?a=1", {}}}"#, oauth("header")), "{}").await;
    let authorization = header.header("authorization").unwrap();
    assert!(authorization.starts_with("OAuth oauth_consumer_key=\"ck\""), "{authorization}");
    assert!(authorization.contains("oauth_timestamp=\"1714979289\""), "{authorization}");
    assert_eq!(header.target, "/?a=1");
    let query = seen(&format!(r#"{{"url": "/?a=1", {}}}"#, oauth("query")), "{}").await;
    assert!(query.target.starts_with("/?a=1&oauth_consumer_key=ck&"), "{}", query.target);
    assert!(query.target.contains("&oauth_signature="));
    let body = format!(
        r#"{{"url": "/", "method": "POST", "type": "urlencoded", "body": {{"a": 1}}, {}}}"#,
        oauth("body")
    );
    let body = seen(&body, "{}").await.text();
    assert!(body.starts_with("a=1&oauth_consumer_key=ck&") && body.contains("&oauth_signature="));

    let aws = |version: u8| {
        format!(
            r#"{{"url": "/b/k", "aws": {{"key": "AK", "secret": "SK", "session": "ST",
            "sign_version": {version}, "service": "s3"}}}}"#
        )
    };
    let two = seen(&aws(2), "{}").await;
    assert!(two.header("authorization").unwrap().starts_with("AWS AK:"));
    assert_eq!(two.header("date"), Some("Mon, 06 May 2024 07:08:09 GMT"));
    assert_eq!(two.header("x-amz-security-token"), Some("ST"));
    let four = seen(&aws(4), "{}").await;
    let authorization = four.header("authorization").unwrap();
    assert!(
        authorization.starts_with(
            "AWS4-HMAC-SHA256 Credential=AK/20240506/us-east-1/s3/aws4_request, SignedHeaders=\
             host;x-amz-content-sha256;x-amz-date;x-amz-security-token, Signature="
        ),
        "{authorization}"
    );
    assert_eq!(four.header("x-amz-date"), Some("20240506T070809Z"));
}

#[tokio::test]
async fn the_service_may_be_elsewhere() {
    let server = echo().await;
    let place = halyard_platform::outbound::url(&format!("{}/at", server.url())).unwrap();
    for (base, url) in [
        ("https://api.example/v1", "/users"),
        ("https://api.example/v1", "https://api.example/v1/users"),
        ("{{ifempty(connection.baseUrl, 'https://api.example')}}/at/v1", "/users"),
    ] {
        let app = Build::action(
            &format!("{{\"baseUrl\": \"{base}\"}}"),
            &format!("{{\"url\": \"{url}\"}}"),
        );
        let mut scene =
            halyard_automation::apps::run::Scene::new(&app, crate::support::value("{}"));
        scene.base_url = Some(place.clone());
        scene.connection =
            Some(crate::support::value(&format!("{{\"baseUrl\": \"{}\"}}", server.url())));
        let done = halyard_automation::apps::run::module(&host(), &app.modules["m"], &scene).await;
        done.unwrap();
        assert_eq!(server.seen().last().unwrap().target, "/at/v1/users");
    }
}
