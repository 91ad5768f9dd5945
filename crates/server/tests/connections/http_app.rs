//! Connections of the HTTP app: OAuth 2 as anybody describes it, certificates, and none at all.

use halyard_platform::outbound::{
    Url,
    loopback::{ALONE, AUTHORITY, CLIENT, Loopback, Reply, client_key},
};
use serde_json::{Value, json};

use crate::{
    process::{Ended, Installation},
    round_trip::agree,
    service::{Service, client},
};

/// Flags that say what a connection is made of.
fn settings(all: &[(&str, String)]) -> Vec<String> {
    all.iter().flat_map(|(key, value)| ["--set".to_owned(), format!("{key}={value}")]).collect()
}

/// Makes a connection of the HTTP app that needs nobody's visit.
async fn add(installation: &Installation, kind: &str, all: &[(&str, String)]) -> Ended {
    let settings = settings(all);
    let mut words = vec!["connection", "add", "web", "--app", "http", "--kind", kind];
    words.extend(settings.iter().map(String::as_str));
    installation.halyard(&words).await
}

/// Calls a module with the connection `web`.
async fn call(installation: &Installation, module: &str, url: &str) -> Ended {
    let url = format!("url={url}");
    let words = ["app", "call", "http", module, "--connection", "web", "--set", &url];
    installation.halyard(&[&words[..], &["--set", "method=get"]].concat()).await
}

/// The only bundle that a command has printed.
fn bundle(ended: &Ended) -> Value {
    serde_json::from_str(ended.out.lines().next().unwrap()).unwrap()
}

fn error(ended: &Ended) -> Value {
    serde_json::from_str(ended.err.lines().last().unwrap()).unwrap()
}

/// What the connection by code is made of at the service of the tests.
fn by_code(service: &Service) -> Vec<(&'static str, String)> {
    let at = |path: &str| format!("{}{path}", service.base);
    vec![
        ("authorizeUri", at("/authorize?prompt=consent")),
        ("tokenUri", at("/token")),
        ("clientId", "client-1".to_owned()),
        ("clientSecret", "client-secret-1".to_owned()),
        ("infoUri", at("/me")),
        ("revokeUri", at("/revoke")),
    ]
}

/// A person visits the service, agrees, and comes back.
async fn visit(installation: &Installation, words: &[&str], service: &Service) {
    let mut running = installation.start(words, b"");
    let address: Url = running.line().await.parse().unwrap();
    let code = service.agree(&address);
    let of = |name: &str| {
        let found = address.query_pairs().find(|(other, _)| other == name);
        found.unwrap_or_else(|| panic!("{name} in {address}")).1.into_owned()
    };
    let mut back: Url = of("redirect_uri").parse().unwrap();
    back.query_pairs_mut().append_pair("code", &code).append_pair("state", &of("state"));
    let shown = client().get(back).send().await.unwrap();
    assert_eq!(shown.status(), 200, "{}", shown.text().await.unwrap());
    running.end().await.expect(0);
}

async fn add_by_code(
    installation: &Installation,
    service: &Service,
    more: &[(&'static str, &str)],
) {
    let mut all = by_code(service);
    all.extend(more.iter().map(|(key, value)| (*key, (*value).to_owned())));
    let settings = settings(&all);
    let mut words = vec!["connection", "add", "web", "--app", "http", "--kind", "oauthcode"];
    words.extend(settings.iter().map(String::as_str));
    visit(installation, &words, service).await;
}

#[tokio::test]
async fn a_code_becomes_tokens_that_are_refreshed_and_revoked() {
    let (installation, service) = (Installation::sqlite(), Service::start().await);
    let at = |path: &str| format!("{}{path}", service.base);
    add_by_code(&installation, &service, &[]).await;
    let listed = installation.halyard(&["connection", "list", "--json"]).await.expect(0).out;
    let row = serde_json::from_str::<Value>(&listed).unwrap()[0].clone();
    assert_eq!((&row["metadata"], &row["uid"]), (&"Ann".into(), &"17".into()));
    assert!(!listed.contains("access-1") && !listed.contains("client-secret"), "{listed}");

    let module = "MakeAnOAuth20Request";
    let used = call(&installation, module, &at("/placed")).await.expect(0);
    assert_eq!(bundle(&used)["data"], json!({ "placed": "header" }));
    assert_eq!((service.count("authorization_code"), service.count("refresh_token")), (1, 0));

    // The token ends before its time: once refused, refreshed, asked again.
    service.forget_access();
    let used = call(&installation, module, &at("/placed")).await.expect(0);
    assert_eq!(bundle(&used)["statusCode"], 200);
    assert_eq!(service.count("refresh_token"), 1);
    // Also where answers that tell of an error are wanted.
    service.forget_access();
    let url = format!("url={}", at("/placed"));
    let words = ["app", "call", "http", module, "--connection", "web", "--set", &url];
    let more = ["--set", "method=get", "--set", "handleErrors=false"];
    let used = installation.halyard(&[&words[..], &more].concat()).await.expect(0);
    assert_eq!(bundle(&used)["statusCode"], 200);
    assert_eq!(service.count("refresh_token"), 2);
    installation.halyard(&["connection", "test", "web"]).await.expect(0);

    // The consent ends: the error says what to do, and nothing of the tokens.
    service.forget_all();
    let refused = call(&installation, module, &at("/placed")).await.expect(1);
    let told = error(&refused);
    assert_eq!(told["type"], "InvalidAccessTokenError", "{told}");
    let message = told["message"].as_str().unwrap();
    assert!(message.contains("halyard connection authorize web"), "{message}");
    assert!(!refused.err.contains("refresh-") && !refused.err.contains("access-"), "{told}");

    // A person agrees once more; then the connection goes, and the service is told.
    visit(&installation, &["connection", "authorize", "web"], &service).await;
    call(&installation, module, &at("/placed")).await.expect(0);
    installation.halyard(&["connection", "remove", "web"]).await.expect(0);
    let revoked = service.known().revoked.clone();
    assert!(matches!(&revoked[..], [one] if one.starts_with("refresh-")), "{revoked:?}");
}

#[tokio::test]
async fn tokens_that_are_about_to_end_are_refreshed_before_they_are_used() {
    let (installation, service) = (Installation::sqlite(), Service::start().await);
    service.known().life = Some(60);
    add_by_code(&installation, &service, &[]).await;
    let paged = ["MakePagedRequests", "MakeAnOAuth20Request"];
    service.known().items = vec![json!({ "id": 1 })];
    for (round, module) in paged.into_iter().enumerate() {
        let url = format!("url={}/items", service.base);
        let mut words = vec!["app", "call", "http", module, "--connection", "web"];
        words.extend(["--set", &url, "--set", "method=get"]);
        if module == "MakePagedRequests" {
            words.extend(["--set", "paging=link", "--set", "itemsPath=items"]);
        }
        installation.halyard(&words).await.expect(0);
        assert_eq!(service.count("refresh_token"), u32::try_from(round).unwrap() + 1);
    }
    // Never with a token that was refused.
    assert_eq!(service.known().looked, 2);
}

#[tokio::test]
async fn a_token_goes_into_the_query_where_the_service_wants_it_there() {
    let (installation, service) = (Installation::sqlite(), Service::start().await);
    // The user info of this service takes it in the header only.
    let more = [("placement", "query"), ("tokenParameter", "oauth_token"), ("infoUri", "")];
    add_by_code(&installation, &service, &more).await;
    let url = format!("{}/placed", service.base);
    let used = call(&installation, "MakeAnOAuth20Request", &url).await.expect(0);
    assert_eq!(bundle(&used)["data"], json!({ "placed": "oauth_token" }));
    service.forget_all();
    let refused = call(&installation, "MakeAnOAuth20Request", &url).await.expect(1);
    assert!(!refused.err.contains("access-1"), "{}", refused.err);
}

#[tokio::test]
async fn programs_get_tokens_with_their_own_credentials() {
    let (installation, service) = (Installation::sqlite(), Service::start().await);
    let at = |path: &str| format!("{}{path}", service.base);
    for (round, client_auth) in ["body", "header"].into_iter().enumerate() {
        let all = [
            ("tokenUri", at("/token")),
            ("clientId", "client-1".to_owned()),
            ("clientSecret", "client-secret-1".to_owned()),
            ("clientAuth", client_auth.to_owned()),
            ("infoUri", at("/me")),
            ("revokeUri", at("/revoke")),
        ];
        add(&installation, "oauthclient", &all).await.expect(0);
        let asked = service.count("client_credentials");
        call(&installation, "MakeAnOAuth20Request", &at("/placed")).await.expect(0);
        assert_eq!(service.count("client_credentials"), asked);
        service.forget_access();
        call(&installation, "MakeAnOAuth20Request", &at("/placed")).await.expect(0);
        assert_eq!(service.count("client_credentials"), asked + 1);
        installation.halyard(&["connection", "remove", "web"]).await.expect(0);
        assert_eq!(service.known().revoked.len(), round + 1);
    }
    let wrong = [
        ("tokenUri", at("/token")),
        ("clientId", "client-1".to_owned()),
        ("clientSecret", "not-that-one".to_owned()),
    ];
    let refused = add(&installation, "oauthclient", &wrong).await.expect(1);
    assert!(refused.err.contains("InvalidAccessTokenError"), "{}", refused.err);
    assert!(!refused.err.contains("not-that-one"), "{}", refused.err);
    assert_eq!(installation.halyard(&["connection", "list"]).await.expect(0).out, "");
}

/// The same connection against the OAuth server of this product.
#[tokio::test]
async fn our_own_server_takes_part_in_the_flow() {
    let installation = Installation::sqlite();
    let demo = installation.demo().await;
    let (server, base) = installation.serve().await;
    let register = ["application", "add", "--name", "Web"];
    let register = [&register[..], &["--redirect-uri", "http://127.0.0.1/oauth/cb/app"]].concat();
    let registered = installation.halyard(&register).await.expect(0).out;
    let word = |name: &str| {
        let found = registered.lines().find_map(|line| line.strip_prefix(name));
        found.unwrap_or_else(|| panic!("{name} in {registered}")).trim().to_owned()
    };
    let all = settings(&[
        ("authorizeUri", format!("{base}/oauth/authorize")),
        ("tokenUri", format!("{base}/oauth/access_token")),
        ("clientId", word("client_id ")),
        ("clientSecret", word("client_secret ")),
        ("scope", "user:read".to_owned()),
        ("infoUri", format!("{base}/api/v3/users/get_session_user")),
    ]);
    let mut words = vec!["connection", "add", "web", "--app", "http", "--kind", "oauthcode"];
    words.extend(all.iter().map(String::as_str));
    let mut adding = installation.start(&words, b"");
    let address = adding.line().await;
    let shown = agree(&base, &address, &demo["users"][0]).await;
    assert!(shown.contains("The connection is made"), "{shown}");
    adding.end().await.expect(0);
    let me = format!("{base}/api/v3/users/get_session_user");
    let used = call(&installation, "MakeAnOAuth20Request", &me).await.expect(0);
    assert_eq!(bundle(&used)["data"]["email"], demo["users"][0]["email"]);
    // What was not asked for is not granted.
    let more = format!("{base}/api/v3/workspaces/get");
    let refused = call(&installation, "MakeAnOAuth20Request", &more).await.expect(1);
    assert_eq!(error(&refused)["type"], "InvalidAccessTokenError", "{}", refused.err);
    server.terminate().await.expect(0);
}

#[tokio::test]
async fn a_client_certificate_is_checked_when_the_connection_is_made() {
    let installation = Installation::sqlite();
    let strict = Loopback::for_clients(|_| Reply::json(r#"{"in": true}"#)).await;
    let file = |name: &str, text: &str| {
        let path = installation.scratch().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (right, other) = (file("client.pem", CLIENT), file("alone.pem", ALONE));
    let ca = format!("ca={}", file("ca.pem", AUTHORITY));
    let add = async |certificate: &str| {
        let certificate = format!("certificate={certificate}");
        let words = ["connection", "add", "web", "--app", "http", "--kind", "clientcert"];
        let files = ["--set-file", &certificate, "--set-file", &ca];
        let words = [&words[..], &files].concat();
        // The key comes in several lines.
        installation.start(&words, client_key().as_bytes()).end().await
    };
    let refused = add(&other).await.expect(1);
    assert!(refused.err.contains("InvalidConfigurationError"), "{}", refused.err);
    assert!(refused.err.contains("belongs to another certificate"), "{}", refused.err);
    assert_eq!(installation.halyard(&["connection", "list"]).await.expect(0).out, "");

    add(&right).await.expect(0);
    installation.halyard(&["connection", "test", "web"]).await.expect(0);
    let used = call(&installation, "MakeAClientCertificateAuthRequest", &strict.url()).await;
    assert_eq!(bundle(&used.expect(0))["data"], json!({ "in": true }));
    let key = client_key();
    let secret = key.lines().nth(1).unwrap().as_bytes();
    for entry in std::fs::read_dir(installation.data()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let content = std::fs::read(&path).unwrap();
            let found = content.windows(secret.len()).any(|part| part == secret);
            assert!(!found, "{}", path.display());
        }
    }
}

#[tokio::test]
async fn modules_run_without_a_connection_where_it_is_optional() {
    let installation = Installation::sqlite();
    let server = Loopback::start(|seen| {
        let told = seen.header("authorization").unwrap_or("nobody");
        Reply::json(json!([{ "who": told }]).to_string())
    })
    .await;
    let url = format!("url={}", server.url());
    let words = ["app", "call", "http", "MakePagedRequests", "--set", &url];
    let more = ["--set", "method=get", "--set", "paging=link"];
    let without = [&words[..], &more].concat();
    let called = installation.halyard(&without).await.expect(0);
    assert_eq!(bundle(&called), json!({ "who": "nobody" }));

    let all = [("kind", "basic"), ("user", "ann"), ("password", "pass-word")];
    let all = all.map(|(key, value)| (key, value.to_owned()));
    add(&installation, "keychain", &all).await.expect(0);
    let with = [&without[..], &["--connection", "web"]].concat();
    let called = installation.halyard(&with).await.expect(0);
    assert_eq!(bundle(&called), json!({ "who": "Basic YW5uOnBhc3Mtd29yZA==" }));

    let needs = ["app", "call", "http", "MakeABasicAuthRequest", "--set", &url];
    let refused = installation.halyard(&[&needs[..], &["--set", "method=get"]].concat()).await;
    let refused = refused.expect(1);
    assert!(refused.err.contains("needs one (basicauth)"), "{}", refused.err);
}
