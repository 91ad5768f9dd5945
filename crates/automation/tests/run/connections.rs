use halyard_automation::apps::{
    ConnectionKind, OAuth2,
    run::{self, Scene},
};
use halyard_iml::{Date, Value};
use halyard_platform::outbound::loopback::{Loopback, Reply};

use crate::support::{Build, NOW, host, json, value};

#[tokio::test]
async fn a_basic_connection_is_tested_and_tells_who_it_is() {
    let server = Loopback::start(|seen| {
        let ok = seen.header("authorization") == Some("Basic dTpw");
        let reply = Reply::json(r#"{"name": "Ann", "id": 7}"#);
        if ok { reply } else { reply.with_status(401) }
    })
    .await;
    let communication = format!(
        r#"{{"url": "{}/me", "headers": {{"authorization": "Basic {{{{base64(parameters.user + ':' + parameters.password)}}}}"}},
        "log": {{"sanitize": ["request.headers.authorization"]}},
        "response": {{"uid": "{{{{body.id}}}}", "metadata": {{"type": "text", "value": "{{{{body.name}}}}"}},
        "data": {{"fullName": "{{{{body.name}}}}"}},
        "error": {{"message": "[{{{{statusCode}}}}]", "401": {{"type": "InvalidAccessTokenError"}}}}}}}}"#,
        server.url()
    );
    let app = Build::new(r#"{"baseUrl": "http://127.0.0.1:1", "headers": {"x": "base"}}"#)
        .connection("basic", &communication)
        .app();
    let ConnectionKind::Basic(test) = &app.connections["account"].kind else { panic!() };
    let scene = Scene::new(&app, value(r#"{"user": "u", "password": "p"}"#));
    let section = run::procedure(&host(), test, &scene).await.unwrap();
    assert_eq!(section.uid.as_deref(), Some("7"));
    assert_eq!(section.metadata.as_ref().map(json).unwrap(), r#"{"type":"text","value":"Ann"}"#);
    assert_eq!(section.data.as_ref().map(json).unwrap(), r#"{"fullName":"Ann"}"#);
    assert_eq!(server.seen()[0].header("x"), None, "the base is not for connections");
    let scene = Scene::new(&app, value(r#"{"user": "u", "password": "wrong"}"#));
    let failure = run::procedure(&host(), test, &scene).await.unwrap_err();
    assert_eq!(failure.error.to_string(), "InvalidAccessTokenError: [401]");
}

async fn oauth() -> (Loopback, halyard_automation::apps::App) {
    let server = Loopback::start(|seen| match seen.target.as_str() {
        "/token" => Reply::json(r#"{"access_token": "at-1234", "expires_in": 60}"#),
        _ => Reply::json(r#"{"mail": "a@b.example"}"#),
    })
    .await;
    let url = server.url();
    let communication = format!(
        r#"{{"authorize": {{"temp": {{"verifier": "v-{{{{parameters.x}}}}"}}, "url": "{url}/authorize?a=1",
                "qs": {{"client_id": "{{{{parameters.id}}}}", "scope": "{{{{join(oauth.scope, ' ')}}}}", "c": "{{{{temp.verifier}}}}"}},
                "response": {{"temp": {{"code": "{{{{query.code}}}}"}},
                    "valid": {{"condition": "{{{{!query.error}}}}", "message": "refused: {{{{query.error}}}}"}}}}}},
            "token": {{"url": "{url}/token", "method": "POST", "type": "urlencoded",
                "body": {{"code": "{{{{temp.code}}}}", "v": "{{{{temp.verifier}}}}"}}, "log": {{"sanitize": []}},
                "response": {{"data": {{"accessToken": "{{{{body.access_token}}}}",
                    "expires": "{{{{addSeconds(now, body.expires_in)}}}}"}}}}}},
            "refresh": {{"condition": "{{{{data.expires < addMinutes(now, 15)}}}}", "url": "{url}/token", "method": "POST",
                "response": {{"data": {{"accessToken": "{{{{body.access_token}}}}"}}}}}},
            "info": {{"url": "{url}/me", "headers": {{"authorization": "Bearer {{{{connection.accessToken}}}}"}},
                "response": {{"metadata": {{"type": "email", "value": "{{{{body.mail}}}}"}}, "expires": "2030-01-02T03:04:05Z"}}}}}}"#
    );
    let app = Build::new("{}").connection("oauth", &communication).app();
    (server, app)
}

#[tokio::test]
async fn sections_hand_on_temp_and_save_tokens() {
    let (server, app) = oauth().await;
    let ConnectionKind::OAuth2(sections) = &app.connections["account"].kind else { panic!() };
    let OAuth2 { authorize, token, info, refresh, .. } = &**sections;
    let host = host();
    let mut scene = Scene::new(&app, value(r#"{"x": "y", "id": "me & you"}"#));
    scene.oauth = Some(value(r#"{"scope": ["a", "b"]}"#));
    let authorize = authorize.as_ref().unwrap();
    let redirect = run::redirect(&host, authorize, &scene, Value::Undefined).unwrap();
    let address =
        format!("{}/authorize?a=1&client_id=me%20%26%20you&scope=a%20b&c=v-y", server.url());
    assert_eq!(redirect.url.as_str(), address);

    scene.query = Some(value(r#"{"error": "denied"}"#));
    let refused = run::returned(&host, authorize, &scene, redirect.temp.clone()).unwrap_err();
    assert_eq!(refused.error.message, "refused: denied");
    scene.query = Some(value(r#"{"code": "c-1"}"#));
    let back = run::returned(&host, authorize, &scene, redirect.temp).unwrap();
    assert_eq!(json(&back.temp), r#"{"verifier":"v-y","code":"c-1"}"#);

    let saved = run::section(&host, token.as_ref().unwrap(), &scene, back.temp).await.unwrap();
    assert_eq!(server.seen()[0].text(), "code=c-1&v=v-y");
    let data = saved.data.unwrap();
    assert_eq!(json(&data), r#"{"accessToken":"at-1234","expires":"2024-05-06T07:09:09.010Z"}"#);
    // The token is hidden in the very exchange that has brought it.
    let shown = saved.exchanges[0].shown.as_ref().unwrap();
    assert!(shown.response_body.contains("[hidden]") && !format!("{shown:?}").contains("at-1234"));

    scene.connection = Some(data.clone());
    let told = run::section(&host, info.as_ref().unwrap(), &scene, Value::Undefined).await.unwrap();
    assert_eq!(server.seen()[1].header("authorization"), Some("Bearer at-1234"));
    assert!(json(&told.metadata.unwrap()).contains("a@b.example"));
    assert_eq!(told.expires, Date::from_iso("2030-01-02T03:04:05Z"));

    let refresh = refresh.as_ref().unwrap();
    scene.data = Some(data);
    let due = run::section(&host, refresh, &scene, Value::Undefined).await.unwrap();
    assert!(due.ran && due.data.is_some());
    let later = Date::from_ms(NOW + 3_600_000).unwrap();
    scene.data =
        Some(Value::collection(halyard_iml::Collection::of([("expires", Value::Date(later))])));
    let not_due = run::section(&host, refresh, &scene, Value::Undefined).await.unwrap();
    assert!(!not_due.ran && not_due.data.is_none());
}
