//! The HTTP app against a server that tells what it was asked.

mod choices;
mod paging;
mod server;

use base64::Engine as _;
use halyard_automation::apps::{ErrorType, ModuleKind};
use halyard_platform::outbound::loopback::{AUTHORITY, CLIENT, Loopback, Reply, Seen, client_key};
use serde_json::{Value, json};

use crate::driver::{Driver, Fault, Names, Service, check_failure, matches};
use server::{FILE, ITEMS, Server};

/// What a module is given: a connection, an input in which `{base}` is the server, and what must come
/// out at least.
struct Case {
    module: &'static str,
    connection: Value,
    input: Value,
    expect: Value,
}

async fn begin() -> (Server, Driver) {
    let server = Server::start().await;
    let service = Service {
        base_url: server.base.clone(),
        connection: json!({}),
        names: Names::default(),
        look_up: json!({}),
        faults: Vec::new(),
    };
    let driver = Driver::load("http", service).await;
    (server, driver)
}

/// A value with `{base}` replaced.
fn at(base: &str, value: &Value) -> Value {
    serde_json::from_str(&value.to_string().replace("{base}", base)).unwrap()
}

impl Driver {
    async fn ask(&mut self, case: &Case, input: &Value) -> Result<Vec<Value>, String> {
        self.service.connection.clone_from(&case.connection);
        let input = at(&self.service.base_url, input);
        Ok(self.call(case.module, &input).await?.bundles)
    }
}

/// Every check of every module.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conformance() {
    let (_server, mut driver) = begin().await;
    let strict = Loopback::for_clients(who).await;
    for case in cases(&strict.url()) {
        driver.check_lint(case.module);
        driver.check_options(case.module).await;
        let seen = match driver.ask(&case, &case.input).await {
            Err(wrong) => Err(wrong),
            Ok(bundles) => matches(bundles.first().unwrap_or(&Value::Null), &case.expect)
                .map(|()| "ok".to_owned()),
        };
        driver.table.row(case.module, "happy", seen);
        let mut wrong = case.input.clone();
        wrong["url"] = json!("not an address");
        let refused = driver.check_refused(case.module, &wrong, "URL");
        driver.table.row(case.module, "wrong input", refused);
        for fault in faults() {
            let seen = failing(&mut driver, &case, &fault).await;
            driver.table.row(case.module, fault.check, seen);
        }
        if driver.module(case.module).kind == ModuleKind::Search {
            let seen = paging::limited(&mut driver).await;
            driver.table.row(case.module, "limit", seen);
        } else {
            driver.table.none(case.module, "limit", "one bundle");
        }
    }
    let missing: Vec<_> = driver.app.modules.keys().filter(|name| !driver.checked(name)).collect();
    assert!(missing.is_empty(), "modules without a case: {missing:?}");
    driver.conclude();
}

async fn failing(driver: &mut Driver, case: &Case, fault: &Fault) -> Result<String, String> {
    let mut input = case.input.clone();
    input["url"] = json!(format!("{}/status/{}", driver.service.base_url, fault.status));
    let base = driver.service.base_url.clone();
    let parameters = driver.fill(driver.module(case.module), &at(&base, &input))?;
    driver.service.connection.clone_from(&case.connection);
    let called = driver.call_at(&base, case.module, parameters).await;
    check_failure(fault, called.map(|_| ()))
}

fn faults() -> [Fault; 3] {
    let fault = |check, status, kind, says| Fault {
        check,
        status,
        headers: Vec::new(),
        body: String::new(),
        kind,
        says,
        retry_after: None,
    };
    [
        fault("4xx", 404, ErrorType::DataError, "[404]"),
        Fault { retry_after: Some(7), ..fault("429", 429, ErrorType::RateLimitError, "[429]") },
        fault("5xx", 503, ErrorType::ConnectionError, "[503]"),
    ]
}

/// What a server that asks for a certificate tells: which one it was shown.
fn who(seen: &Seen) -> Reply {
    let shown = seen.certificate.as_ref().expect("nobody else is let in");
    let text = base64::engine::general_purpose::STANDARD.encode(shown);
    Reply::json(json!({ "shown": text }).to_string())
}

/// A certificate as [`who`] tells it.
fn told(pem: &str) -> String {
    pem.lines().filter(|line| !line.starts_with("-----")).collect()
}

/// What the connection of a client certificate holds.
fn certified() -> Value {
    json!({ "certificate": CLIENT, "privateKey": client_key(), "ca": AUTHORITY })
}

fn cases(strict: &str) -> Vec<Case> {
    let echo = json!({ "url": "{base}/echo?a=1", "method": "get" });
    let telling = |connection: Value, headers: Value| {
        (connection, json!({ "statusCode": 200, "data": { "headers": headers } }))
    };
    let request = |module, (connection, expect): (Value, Value)| Case {
        module,
        connection,
        input: echo.clone(),
        expect,
    };
    let basic = base64::engine::general_purpose::STANDARD.encode("ann:se:cret");
    vec![
        Case {
            module: "MakeARequest",
            connection: json!({}),
            input: json!({
                "url": "{base}/echo?a=1", "method": "post",
                "headers": [{ "name": "X-One", "value": "1" }, { "name": "X-One", "value": "2" }],
                "qs": [{ "name": "b", "value": "x y" }, { "name": "b", "value": "z" }],
                "bodyType": "raw", "contentType": "application/json", "data": "{\"c\":3}",
            }),
            expect: json!({
                "statusCode": 200, "headers": { "x-told": "yes" },
                "data": {
                    "method": "POST", "query": [["a", "1"], ["b", "x y"], ["b", "z"]],
                    "headers": { "x-one": ["1", "2"], "content-type": ["application/json"] },
                    "body": "{\"c\":3}",
                },
            }),
        },
        request(
            "MakeABasicAuthRequest",
            telling(
                json!({ "user": "ann", "password": "se:cret" }),
                json!({ "authorization": [format!("Basic {basic}")] }),
            ),
        ),
        request(
            "MakeAnAPIKeyAuthRequest",
            telling(
                json!({ "key": "k3y", "placement": "header", "keyName": "X-Api-Key" }),
                json!({ "x-api-key": ["k3y"], "authorization": "-" }),
            ),
        ),
        request(
            "MakeABearerTokenRequest",
            telling(
                json!({ "accessToken": "t0ken", "prefix": "Token" }),
                json!({ "authorization": ["Token t0ken"] }),
            ),
        ),
        Case {
            module: "MakeAClientCertificateAuthRequest",
            connection: certified(),
            input: json!({ "url": format!("{strict}/who"), "method": "get" }),
            expect: json!({ "statusCode": 200, "data": { "shown": told(CLIENT) } }),
        },
        request(
            "MakeAnOAuth20Request",
            telling(
                json!({ "accessToken": "t0ken", "refreshToken": "r" }),
                json!({ "authorization": ["Bearer t0ken"] }),
            ),
        ),
        request(
            "MakeAnOAuth10Request",
            telling(
                json!({ "consumerKey": "ck", "consumerSecret": "cs", "token": "t", "tokenSecret": "ts" }),
                json!({ "authorization": "*" }),
            ),
        ),
        request(
            "MakeAnAWSRequest",
            telling(
                json!({ "accessKeyId": "AK", "secretAccessKey": "SK", "service": "execute-api" }),
                json!({ "authorization": "*" }),
            ),
        ),
        Case {
            module: "MakePagedRequests",
            connection: json!({ "kind": "basic", "user": "ann", "password": "x" }),
            input: json!({ "url": "{base}/pages/number", "method": "get", "paging": "page", "pageParameter": "page", "itemsPath": "data", "limit": ITEMS }),
            expect: json!({ "id": 1 }),
        },
        Case {
            module: "GetAFile",
            connection: json!({}),
            input: json!({ "url": "{base}/file" }),
            expect: json!({ "statusCode": 200, "fileName": "May report.pdf", "fileSize": FILE.len(), "headers": { "content-type": "application/pdf" }, "data": "*" }),
        },
        Case {
            module: "ResolveATargetURL",
            connection: json!({}),
            input: json!({ "url": "{base}/redirect/5", "method": "head" }),
            expect: json!({ "url": "*", "statusCode": 200 }),
        },
        Case {
            module: "RetrieveHeaders",
            connection: json!({}),
            input: json!({ "url": "{base}/echo", "method": "head" }),
            expect: json!({ "statusCode": 200, "headers": { "content-type": "application/json", "x-told": "yes" } }),
        },
    ]
}

fn plain(module: &'static str, input: Value) -> Case {
    Case { module, connection: json!({}), input, expect: Value::Null }
}

#[tokio::test]
async fn forms_and_files_are_sent_as_they_are_meant() {
    let (_server, mut driver) = begin().await;
    let url = "{base}/echo";
    let case = plain(
        "MakeARequest",
        json!({
            "url": url, "method": "put", "bodyType": "x_www_form_urlencoded",
            "formFields": [{ "key": "a", "value": "1&2" }, { "key": "b" }, { "key": "a", "value": "ü" }],
        }),
    );
    let told = driver.ask(&case, &case.input).await.unwrap().remove(0);
    assert_eq!(told["data"]["body"], "a=1%262&a=%C3%BC&b=");
    let case = plain(
        "MakeARequest",
        json!({
            "url": url, "method": "post", "bodyType": "multipart_form_data",
            "formFields": [
                { "key": "note", "fieldType": "text", "value": "Hello" },
                { "key": "file", "fieldType": "file", "value": { "value": "content", "options": { "filename": "a.txt", "contentType": "text/plain" } } },
            ],
        }),
    );
    let told = driver.ask(&case, &case.input).await.unwrap().remove(0);
    let body = told["data"]["body"].as_str().unwrap();
    for part in
        ["name=\"note\"", "Hello", "name=\"file\"; filename=\"a.txt\"", "text/plain", "content"]
    {
        assert!(body.contains(part), "{part} is not in {body}");
    }
    let case = plain(
        "MakeARequest",
        json!({
            "url": url, "method": "post", "bodyType": "file", "data": "content", "contentType": "image/x",
        }),
    );
    let told = driver.ask(&case, &case.input).await.unwrap().remove(0);
    assert_eq!(told["data"]["body"], "content");
    assert_eq!(told["data"]["headers"]["content-type"], json!(["image/x"]));
}

#[tokio::test]
async fn redirects_are_followed_unless_they_are_not_wanted() {
    let (_server, mut driver) = begin().await;
    for (follow, status, data) in [
        (json!(null), 200, json!("here")),
        (json!(true), 200, json!("here")),
        (json!(false), 302, Value::Null),
    ] {
        let mut case =
            plain("MakeARequest", json!({ "url": "{base}/redirect/2", "method": "get" }));
        if !follow.is_null() {
            case.input["followRedirect"] = follow;
        }
        let told = driver.ask(&case, &case.input).await.unwrap().remove(0);
        assert_eq!((&told["statusCode"], &told["data"]), (&json!(status), &data));
    }
    let case = plain("ResolveATargetURL", json!({ "url": "{base}/redirect/5", "method": "get" }));
    let told = driver.ask(&case, &case.input).await.unwrap().remove(0);
    assert_eq!(told["url"], format!("{}/redirect/0", driver.service.base_url));
}

#[tokio::test]
async fn a_key_goes_where_it_is_wanted() {
    let (_server, mut driver) = begin().await;
    let mut case = plain(
        "MakeAnAPIKeyAuthRequest",
        json!({ "url": "{base}/echo?a=1", "method": "get", "qs": [{ "name": "b", "value": "2" }] }),
    );
    case.connection = json!({ "key": "k3y", "placement": "query", "keyName": "token" });
    let told = driver.ask(&case, &case.input).await.unwrap().remove(0);
    assert_eq!(told["data"]["query"], json!([["a", "1"], ["token", "k3y"], ["b", "2"]]));
}

#[tokio::test]
async fn signatures_are_those_of_their_schemes() {
    let (_server, mut driver) = begin().await;
    for (module, connection, beginning) in [
        (
            "MakeAnOAuth10Request",
            json!({ "consumerKey": "ck", "consumerSecret": "cs", "token": "t", "tokenSecret": "ts" }),
            "OAuth ",
        ),
        (
            "MakeAnAWSRequest",
            json!({ "accessKeyId": "AK", "secretAccessKey": "SK", "service": "execute-api" }),
            "AWS4-HMAC-SHA256 Credential=AK/",
        ),
    ] {
        let mut case = plain(module, json!({ "url": "{base}/echo", "method": "get" }));
        case.connection = connection;
        let told = driver.ask(&case, &case.input).await.unwrap().remove(0);
        let given = told["data"]["headers"]["authorization"][0].as_str().unwrap();
        assert!(given.starts_with(beginning), "{given}");
    }
}

#[tokio::test]
async fn an_answer_stays_text_when_it_is_not_to_be_read() {
    let (_server, mut driver) = begin().await;
    let case = plain(
        "MakeARequest",
        json!({ "url": "{base}/pages/number", "method": "get", "parseResponse": false }),
    );
    let told = driver.ask(&case, &case.input).await.unwrap().remove(0);
    assert_eq!(told["data"], r#"{"data":[{"id":1},{"id":2},{"id":3}]}"#);
}
