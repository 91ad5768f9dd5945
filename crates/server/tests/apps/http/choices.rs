//! What people can choose about a request beside its credentials.

use futures_util::future::join_all;
use halyard_automation::apps::{
    ErrorType,
    run::{self, Cookies},
};
use halyard_platform::outbound::loopback::{ALONE, Identity, Loopback, Reply};
use serde_json::{Value, json};

use super::{Case, begin, certified, plain, told, who};
use crate::driver::Driver;

/// The modules that make whatever request people describe, without or with credentials.
const REQUESTS: [&str; 8] = [
    "MakeARequest",
    "MakeABasicAuthRequest",
    "MakeAnAPIKeyAuthRequest",
    "MakeABearerTokenRequest",
    "MakeAClientCertificateAuthRequest",
    "MakeAnOAuth20Request",
    "MakeAnOAuth10Request",
    "MakeAnAWSRequest",
];

/// What the schemes that sign requests cannot do without.
fn signing() -> Value {
    json!({ "consumerKey": "ck", "consumerSecret": "cs", "accessKeyId": "AK",
        "secretAccessKey": "SK", "service": "execute-api" })
}

/// The only bundle of a module.
async fn one(driver: &mut Driver, module: &'static str, input: Value) -> Value {
    let case = Case { connection: signing(), ..plain(module, input) };
    driver.ask(&case, &case.input).await.unwrap().remove(0)
}

/// The error of a module.
async fn refused(driver: &mut Driver, module: &str, input: Value) -> (ErrorType, String) {
    driver.service.connection = signing();
    refused_with(driver, module, input).await
}

/// The error of a module with the connection that is there.
async fn refused_with(driver: &Driver, module: &str, input: Value) -> (ErrorType, String) {
    let base = driver.service.base_url.clone();
    let parameters = driver.fill(driver.module(module), &super::at(&base, &input)).unwrap();
    let Err(failure) = driver.call_at(&base, module, parameters).await else {
        panic!("{module} has not failed with {input}")
    };
    (failure.error.kind, failure.error.message)
}

#[tokio::test]
async fn an_answer_that_tells_of_an_error_comes_out_where_that_is_wanted() {
    let (_server, mut driver) = begin().await;
    for module in REQUESTS.into_iter().chain(["GetAFile", "RetrieveHeaders"]) {
        for status in [404, 429, 503] {
            let mut input = json!({
                "url": format!("{{base}}/status/{status}"), "method": "get", "handleErrors": false,
            });
            let bundle = one(&mut driver, module, input.clone()).await;
            assert_eq!(bundle["statusCode"], status, "{module}");
            assert_eq!(bundle["headers"]["retry-after"], "7", "{module}");
            if module != "RetrieveHeaders" {
                assert_eq!(bundle["data"], json!({ "message": "Not like this" }), "{module}");
            }
            input["handleErrors"] = json!(true);
            let (_, message) = refused(&mut driver, module, input).await;
            assert!(message.starts_with(&format!("[{status}]")), "{module}: {message}");
        }
    }
}

#[tokio::test]
async fn a_request_has_a_time_limit_of_its_own() {
    let (_server, mut driver) = begin().await;
    driver.service.connection = signing();
    let others = ["GetAFile", "RetrieveHeaders", "ResolveATargetURL", "MakePagedRequests"];
    let all: Vec<_> = REQUESTS.into_iter().chain(others).collect();
    // All at once, since each takes its second.
    let waiting = all.iter().map(|module| {
        let mut input = json!({ "url": "{base}/never", "method": "get", "timeout": 1 });
        if *module == "MakePagedRequests" {
            input["paging"] = json!("page");
            input["pageParameter"] = json!("page");
        }
        refused_with(&driver, module, input)
    });
    for (module, (kind, message)) in all.iter().zip(join_all(waiting).await) {
        assert_eq!(kind, ErrorType::ModuleTimeoutError, "{module}: {message}");
        assert!(message.contains("1000 ms"), "{module}: {message}");
    }
    for wrong in [0, 301] {
        let input = json!({ "url": "{base}/echo", "method": "get", "timeout": wrong });
        assert!(driver.fill(driver.module("MakeARequest"), &input).is_err(), "{wrong}");
    }
    one(
        &mut driver,
        "MakeARequest",
        json!({ "url": "{base}/echo", "method": "get", "timeout": 300 }),
    )
    .await;
}

#[tokio::test]
async fn a_proxy_is_asked_where_one_is_named() {
    let (_server, mut driver) = begin().await;
    let proxy = Loopback::start(|seen| {
        let asked = seen.header("proxy-authorization").unwrap_or_default();
        Reply::json(json!({ "target": seen.target, "asked": asked }).to_string())
    })
    .await;
    let place = proxy.url().replace("http://", "");
    let input = json!({
        "url": "{base}/behind?a=1", "method": "get",
        "proxy": { "url": place, "user": "ann", "password": "se:cret" },
    });
    let target = format!("{}/behind?a=1", driver.service.base_url);
    for module in REQUESTS.into_iter().chain(["GetAFile"]) {
        let bundle = one(&mut driver, module, input.clone()).await;
        let data = match &bundle["data"] {
            // A file is bytes, whatever is in it.
            Value::String(text) => {
                use base64::Engine as _;
                let bytes = base64::engine::general_purpose::STANDARD.decode(text).unwrap();
                serde_json::from_slice(&bytes).unwrap()
            }
            other => other.clone(),
        };
        let asked = "Basic YW5uOnNlOmNyZXQ=";
        assert_eq!(data, json!({ "target": target, "asked": asked }), "{module}");
    }
    let empty = json!({ "url": "{base}/echo", "method": "get", "proxy": { "url": "" } });
    assert_eq!(one(&mut driver, "MakeARequest", empty).await["data"]["path"], "/echo");
    for (wrong, kind) in [
        ("https://proxy.example", ErrorType::InvalidConfigurationError),
        ("10.11.12.13:3128", ErrorType::ConnectionError),
    ] {
        let mut input = input.clone();
        input["proxy"]["url"] = json!(wrong);
        let (found, message) = refused(&mut driver, "MakeARequest", input).await;
        assert_eq!(found, kind, "{message}");
        assert!(!message.contains("se:cret"), "{message}");
    }
}

#[tokio::test]
async fn modules_of_a_run_share_cookies() {
    let (_server, mut driver) = begin().await;
    let share = |path: &str, share: bool| json!({ "url": format!("{{base}}/{path}"), "method": "get", "shareCookies": share });
    let sent = async |driver: &mut Driver, wants: bool| {
        let bundle = one(driver, "MakeARequest", share("echo", wants)).await;
        bundle["data"]["headers"]["cookie"].clone()
    };
    // Within one call: what a redirect sets goes along to where it leads, and no further.
    for (wants, cookie) in [(true, json!(["moved=1"])), (false, Value::Null)] {
        let bundle = one(&mut driver, "MakeARequest", share("cookie/then/echo", wants)).await;
        assert_eq!(bundle["data"]["headers"]["cookie"], cookie);
    }
    assert_eq!(sent(&mut driver, true).await, Value::Null);
    // From call to call of a run.
    driver.host.cookies = Some(Cookies::default());
    one(&mut driver, "GetAFile", share("cookie", true)).await;
    assert_eq!(sent(&mut driver, true).await, json!(["session=s3ss"]));
    assert_eq!(sent(&mut driver, false).await, Value::Null);
    driver.host.cookies = Some(Cookies::default());
    assert_eq!(sent(&mut driver, true).await, Value::Null, "another run");
    one(&mut driver, "MakeARequest", share("cookie", false)).await;
    assert_eq!(sent(&mut driver, true).await, Value::Null, "only what was to be shared");
}

#[tokio::test]
async fn several_files_have_one_name() {
    let (_server, mut driver) = begin().await;
    let file = |name: &str, data: &str| {
        json!({ "key": "files[]", "fieldType": "file",
            "value": { "value": data, "options": { "filename": name } } })
    };
    let input = json!({
        "url": "{base}/parts", "method": "post", "bodyType": "multipart_form_data",
        "formFields": [
            file("a.txt", "first"), { "key": "note", "fieldType": "text", "value": "x" },
            file("b.txt", "second"), { "key": "note", "fieldType": "text", "value": "y" },
        ],
    });
    let bundle = one(&mut driver, "MakeARequest", input).await;
    let expected = json!([
        "name=\"files[]\"; filename=\"a.txt\"",
        "name=\"note\"",
        "name=\"files[]\"; filename=\"b.txt\"",
        "name=\"note\""
    ]);
    assert_eq!(bundle["data"]["parts"], expected);
    let text = bundle["data"]["text"].as_str().unwrap();
    assert!(text.contains("first") && text.contains("second"), "{text}");
}

#[tokio::test]
async fn redirects_compression_and_addresses_are_as_chosen() {
    let (_server, mut driver) = begin().await;
    let post = |more: Value| {
        let mut input = json!({ "url": "{base}/redirect/0", "method": "post" });
        input["url"] = json!("{base}/redirect/1");
        for (name, value) in more.as_object().unwrap() {
            input[name] = value.clone();
        }
        input
    };
    for (more, status) in [
        (json!({}), 200),
        (json!({ "followAllRedirects": false }), 302),
        (json!({ "followRedirect": false, "followAllRedirects": true }), 302),
    ] {
        let bundle = one(&mut driver, "MakeARequest", post(more.clone())).await;
        assert_eq!(bundle["statusCode"], status, "{more}");
    }
    for module in REQUESTS {
        let input = json!({ "url": "{base}/redirect/2", "method": "get", "followRedirect": false });
        assert_eq!(one(&mut driver, module, input).await["statusCode"], 302, "{module}");
    }
    let echo = |more: Value| {
        let mut input = json!({ "url": "{base}/echo", "method": "get" });
        for (name, value) in more.as_object().unwrap() {
            input[name] = value.clone();
        }
        input
    };
    for (more, asked) in [
        (json!({}), json!(["gzip, deflate"])),
        (json!({ "gzip": true }), json!(["gzip, deflate"])),
        (json!({ "gzip": false }), Value::Null),
    ] {
        let bundle = one(&mut driver, "MakeARequest", echo(more.clone())).await;
        assert_eq!(bundle["data"]["headers"]["accept-encoding"], asked, "{more}");
    }
    for (encode, path) in [(json!(null), "/echo/%5Ba%5D"), (json!(false), "/echo/[a]")] {
        let mut more = json!({ "url": "{base}/echo/[a]" });
        if !encode.is_null() {
            more["serializeUrl"] = encode;
        }
        assert_eq!(one(&mut driver, "MakeARequest", echo(more)).await["data"]["path"], path);
    }
    let twice = json!([{ "name": "a", "value": "1" }, { "name": "a", "value": "2" }]);
    for (repeat, query) in
        [(true, json!([["a", "1"], ["a", "2"]])), (false, json!([["a[0]", "1"], ["a[1]", "2"]]))]
    {
        let more = json!({ "qs": twice, "useQuerystring": repeat });
        assert_eq!(one(&mut driver, "MakeARequest", echo(more)).await["data"]["query"], query);
    }
}

#[tokio::test]
async fn unverified_certificates_are_accepted_only_where_the_operator_allows_it() {
    let (_server, mut driver) = begin().await;
    let server = Loopback::encrypted(Identity::Alone, |_| Reply::json("{}")).await;
    let mut input = json!({ "url": server.url(), "method": "get" });
    let (kind, message) = refused(&mut driver, "MakeARequest", input.clone()).await;
    assert_eq!(kind, ErrorType::ConnectionError, "{message}");
    input["rejectUnauthorized"] = json!(false);
    let (kind, message) = refused(&mut driver, "MakeARequest", input.clone()).await;
    assert_eq!(kind, ErrorType::InvalidConfigurationError, "{message}");
    driver.host.bounds.unverified_tls = true;
    assert_eq!(one(&mut driver, "MakeARequest", input.clone()).await["statusCode"], 200);
    input["rejectUnauthorized"] = json!(true);
    input["ca"] = json!(ALONE);
    assert_eq!(one(&mut driver, "MakeARequest", input).await["statusCode"], 200);
}

#[tokio::test]
async fn a_client_certificate_goes_to_who_asks_for_it() {
    let (_server, mut driver) = begin().await;
    let strict = Loopback::for_clients(who).await;
    let mut case = plain(
        "MakeAClientCertificateAuthRequest",
        json!({ "url": format!("{}/a", strict.url()), "method": "post", "bodyType": "raw", "data": "x" }),
    );
    case.connection = certified();
    let bundle = driver.ask(&case, &case.input).await.unwrap().remove(0);
    assert_eq!(bundle["data"]["shown"], told(super::CLIENT));
    // One that does not belong to its key, and none at all.
    case.connection["certificate"] = json!(ALONE);
    let refusal = driver.ask(&case, &case.input).await.unwrap_err();
    assert!(refusal.contains("belongs to another certificate"), "{refusal}");
    case.connection = json!({ "ca": super::AUTHORITY });
    let refusal = driver.ask(&case, &case.input).await.unwrap_err();
    assert!(refusal.contains("client certificate"), "{refusal}");
    assert_eq!(strict.seen().len(), 1);
}

#[tokio::test]
async fn credentials_are_optional_where_the_app_says_so() {
    let (_server, mut driver) = begin().await;
    let optional = ["GetAFile", "MakePagedRequests", "RetrieveHeaders"];
    for (name, module) in &driver.app.modules {
        assert_eq!(module.connection_optional, optional.contains(&name.as_str()), "{name}");
    }
    let base = driver.service.base_url.clone();
    let pages = json!({ "url": format!("{base}/pages/number"), "method": "get", "itemsPath": "data",
        "paging": "page", "pageParameter": "page" });
    let mut scene =
        driver.scene(driver.fill(driver.module("MakePagedRequests"), &pages).unwrap(), &base);
    scene.connection = None;
    let found = run::module(&driver.host, driver.module("MakePagedRequests"), &scene).await;
    assert_eq!(found.unwrap().bundles.len(), super::ITEMS);
    // And with them.
    let mut case = plain("GetAFile", json!({ "url": "{base}/echo" }));
    case.connection = json!({ "kind": "basic", "user": "ann", "password": "x" });
    let file = driver.ask(&case, &case.input).await.unwrap().remove(0);
    use base64::Engine as _;
    let bytes =
        base64::engine::general_purpose::STANDARD.decode(file["data"].as_str().unwrap()).unwrap();
    let seen: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(seen["headers"]["authorization"], json!(["Basic YW5uOng="]));
}
