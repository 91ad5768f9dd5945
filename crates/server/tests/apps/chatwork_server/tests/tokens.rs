use axum::http::Method;
use serde_json::{Value, json};

use super::{Fixture, Got, got};
use crate::chatwork_server::Client;

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// The digest of the verifier, as RFC 7636 prints it in its appendix B.
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const BACK: &str = "https://here.example/oauth/cb";

#[tokio::test]
async fn without_a_token_nothing_is_told_not_even_limits() {
    let f = Fixture::new().await;
    for request in [
        f.request(Method::GET, "/v2/me", &[]),
        f.request(Method::GET, "/v2/me", &[]).header("x-chatworktoken", "wrong"),
        f.request(Method::GET, &format!("/v2/me?x-chatworktoken={}", f.token(f.ann)), &[]),
    ] {
        let refused = got(request).await;
        assert_eq!((refused.status, refused.header("x-ratelimit-limit")), (401, None));
        assert_eq!(refused.body, json!({ "errors": ["Invalid API Token"] }));
    }
    let unknown = f.get(f.ann, "/v2/nothing").await;
    assert_eq!(unknown.status, 404);
    assert_eq!(unknown.body, json!({ "errors": ["Invalid Endpoint or HTTP method"] }));
    let me = f.get(f.ann, "/v2/me").await;
    assert_eq!(me.header("content-type"), Some("application/json; charset=utf-8"));
    assert_eq!((&me.body["name"], &me.body["skype"]), (&json!("Ann"), &json!("")));
}

/// Registers a program, and lets Ann sit in front of the page.
fn register(f: &Fixture, secret: Option<&str>) {
    let mut world = f.server.world();
    let (id, secret) = ("cw-test".to_owned(), secret.map(str::to_owned));
    world.oauth.register(Client { id, secret, redirect_uris: vec![BACK.to_owned()] });
    world.oauth.consenting = Some(f.ann);
}

/// The answer of the page that asks for consent.
async fn consent(f: &Fixture, scope: &str) -> Got {
    let query = [
        ("response_type", "code"),
        ("client_id", "cw-test"),
        ("redirect_uri", BACK),
        ("scope", scope),
        ("state", "s 1"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    let path = "/packages/oauth2/login.php";
    got(f.request(Method::GET, path, &[]).query(&query)).await
}

fn code(consent: &Got) -> String {
    let back = consent.header("location").unwrap();
    let rest = back.strip_prefix(&format!("{BACK}?code=")).unwrap();
    rest.strip_suffix("&state=s+1").unwrap().to_owned()
}

async fn token(f: &Fixture, form: &[(&str, &str)]) -> Got {
    got(f.request(Method::POST, "/token", form).basic_auth("cw-test", Some("secret"))).await
}

async fn by_code(f: &Fixture, code: &str, verifier: &str) -> Got {
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", BACK),
        ("code_verifier", verifier),
    ];
    token(f, &form).await
}

async fn status_with(f: &Fixture, tokens: &Value, path: &str) -> u16 {
    let access = tokens["access_token"].as_str().unwrap();
    got(f.request(Method::GET, path, &[]).bearer_auth(access)).await.status
}

#[tokio::test]
async fn a_code_works_once_in_its_minute_with_its_verifier() {
    let f = Fixture::new().await;
    register(&f, Some("secret"));
    let scope = "rooms.info:read offline_access";
    let used = code(&consent(&f, scope).await);
    assert_eq!(by_code(&f, &used, &VERIFIER.replace('d', "e")).await.status, 400);
    assert_eq!(by_code(&f, &used, VERIFIER).await.body["error"], "invalid_grant", "spent");
    let late = code(&consent(&f, scope).await);
    f.clock.advance(60_000);
    assert_eq!(by_code(&f, &late, VERIFIER).await.status, 400);

    let tokens = by_code(&f, &code(&consent(&f, scope).await), VERIFIER).await;
    assert_eq!((tokens.status, tokens.header("cache-control")), (200, Some("no-store")));
    assert_eq!(tokens.body["expires_in"], 1800);
    assert_eq!(status_with(&f, &tokens.body, "/v2/rooms").await, 200);
    assert_eq!(status_with(&f, &tokens.body, "/v2/me").await, 403, "not in the scope");
}

#[tokio::test]
async fn refresh_tokens_rotate_and_access_ends() {
    let f = Fixture::new().await;
    register(&f, Some("secret"));
    let tokens = by_code(&f, &code(&consent(&f, "users.all:read").await), VERIFIER).await.body;
    f.clock.advance(1_800_000);
    let access = tokens["access_token"].as_str().unwrap();
    let ended = got(f.request(Method::GET, "/v2/me", &[]).bearer_auth(access)).await;
    assert_eq!(ended.status, 401);
    assert!(ended.header("www-authenticate").unwrap().contains("invalid_token"));

    let refresh = async |tokens: &Value| {
        let old = tokens["refresh_token"].as_str().unwrap();
        token(&f, &[("grant_type", "refresh_token"), ("refresh_token", old)]).await
    };
    let fresh = refresh(&tokens).await;
    assert_eq!((fresh.status, &fresh.body["scope"]), (200, &json!("users.all:read")));
    assert_eq!(status_with(&f, &fresh.body, "/v2/me").await, 200);
    assert_eq!(refresh(&tokens).await.body["error"], "invalid_grant", "it was exchanged");
    f.clock.advance(14 * 24 * 3_600_000);
    assert_eq!(refresh(&fresh.body).await.status, 400, "two weeks without use");
}

#[tokio::test]
async fn clients_prove_themselves_and_consent_can_be_refused() {
    let f = Fixture::new().await;
    register(&f, None);
    assert_eq!(consent(&f, "offline_access").await.body["errors"][0], "Error 5002");
    let given = code(&consent(&f, "users.all:read").await);
    assert_eq!(by_code(&f, &given, VERIFIER).await.body["error"], "invalid_client");
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", "cw-test"),
        ("code", &given),
        ("code_verifier", VERIFIER),
    ];
    assert_eq!(got(f.request(Method::POST, "/token", &form)).await.status, 200);
    assert_eq!(consent(&f, "users.everything").await.status, 400);
    f.server.world().oauth.consenting = None;
    let refused = consent(&f, "users.all:read").await;
    assert_eq!(refused.header("location"), Some(&*format!("{BACK}?error=access_denied&state=s+1")));
}

#[tokio::test]
async fn what_an_account_has_granted_can_be_taken_back() {
    let f = Fixture::new().await;
    register(&f, Some("secret"));
    let tokens = by_code(&f, &code(&consent(&f, "users.all:read").await), VERIFIER).await.body;
    f.server.world().oauth.expire_access();
    assert_eq!(status_with(&f, &tokens, "/v2/me").await, 401);
    let old = tokens["refresh_token"].as_str().unwrap();
    let form = [("grant_type", "refresh_token"), ("refresh_token", old)];
    let fresh = token(&f, &form).await.body;
    assert_eq!(status_with(&f, &fresh, "/v2/me").await, 200);
    f.server.world().oauth.revoke(f.ann);
    assert_eq!(status_with(&f, &fresh, "/v2/me").await, 401);
    let old = fresh["refresh_token"].as_str().unwrap();
    let form = [("grant_type", "refresh_token"), ("refresh_token", old)];
    assert_eq!(token(&f, &form).await.body["error"], "invalid_grant");
    assert_eq!(f.server.world().oauth.refreshed, 1);
}
