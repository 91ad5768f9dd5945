use bytes::Bytes;
use halyard_automation::apps::{
    App, ErrorType,
    run::{self, Answer, Incoming, Received, Scene},
};
use halyard_platform::outbound::loopback::{Loopback, Reply};

use crate::support::{Build, base, host, json, value};

fn hook(communication: &str) -> App {
    Build::new("{}").webhook(communication, "{}", "{}").app()
}

fn call(content_type: &str, body: impl Into<Bytes>) -> Incoming {
    Incoming {
        method: "POST".into(),
        query: "a=1&b=2&a=3".into(),
        headers: vec![("Content-Type".into(), content_type.into()), ("X-Sig".into(), "abc".into())],
        body: body.into(),
    }
}

fn received(app: &App, incoming: &Incoming) -> Received {
    let scene = Scene::new(app, value(r#"{"secret": "s"}"#));
    run::receive(&host(), &app.webhooks["hook"], incoming, &scene).unwrap()
}

fn payloads(received: &Received) -> Vec<String> {
    received.items.iter().map(|item| json(&item.payload)).collect()
}

fn answer(answer: &Answer) -> (u16, String, String) {
    let header = answer.headers.iter().find(|(name, _)| name == "Content-Type");
    let content_type = header.map(|(_, value)| value.clone()).unwrap_or_default();
    (answer.status, content_type, String::from_utf8(answer.body.to_vec()).unwrap())
}

#[test]
fn a_call_becomes_a_payload_and_is_accepted() {
    let app = hook("{}");
    let got = received(&app, &call("application/json", r#"{"x": 1}"#));
    assert_eq!(payloads(&got), [r#"{"x":1}"#]);
    assert!(!got.verification);
    let accepted = (200, "text/plain; charset=utf-8".to_owned(), "Accepted".to_owned());
    assert_eq!(answer(&got.answer), accepted);
}

#[test]
fn all_that_a_call_has_can_be_read() {
    let app = hook(
        r#"{"output": {"b": "{{body.x}}", "q": "{{query.a}}", "m": "{{method}}", "h": "{{headers.`x-SIG`}}",
            "p": "{{parameters.secret}}{{data.secret}}", "raw": "{{sha256(rawBody)}}"}}"#,
    );
    let got = received(&app, &call("application/json", r#"{"x": 1}"#));
    // The digest of {"x": 1}.
    assert_eq!(
        payloads(&got),
        [
            r#"{"b":1,"q":["1","3"],"m":"POST","h":"abc","p":"ss","raw":"613fe5aa65343dbb1b9abe6abac6773f5c91bd60d3f2ffb7e2eae69e1db8b227"}"#
        ]
    );
}

#[test]
fn bodies_are_read_by_their_type() {
    let app = hook(r#"{"output": {"b": "{{body}}"}}"#);
    let form = "--x\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.txt\"\r\n\r\nhi\r\n--x--\r\n";
    for (content_type, body, expected) in [
        ("application/x-www-form-urlencoded", "a=1", r#"{"b":{"a":"1"}}"#),
        ("text/xml", "<a>1</a>", r#"{"b":{"a":"1"}}"#),
        ("text/plain", "hello", r#"{"b":"hello"}"#),
        ("", r#"{"a": 1}"#, r#"{"b":{"a":1}}"#),
        ("multipart/form-data; boundary=x", form, r#"{"b":{"f":{"name":"a.txt","data":"aGk="}}}"#),
        ("application/json", "", "{}"),
    ] {
        assert_eq!(
            payloads(&received(&app, &call(content_type, body))),
            [expected],
            "{content_type}"
        );
    }
    let scene = Scene::new(&app, value("{}"));
    for (content_type, body) in
        [("application/json", "{"), ("text/xml", "<a>"), ("multipart/form-data; boundary=x", "--x")]
    {
        let incoming = call(content_type, body);
        let failure = run::receive(&host(), &app.webhooks["hook"], &incoming, &scene).unwrap_err();
        assert_eq!(failure.error.kind, ErrorType::DataError, "{content_type}");
    }
}

#[test]
fn a_verification_is_answered_and_gives_nothing() {
    let app = hook(
        r#"{"verification": {"condition": "{{body.challenge}}", "respond": {"type": "text", "status": 202,
            "headers": {"x-y": "1"}, "body": "{{body.challenge}}"}}}"#,
    );
    let got = received(&app, &call("application/json", r#"{"challenge": "c"}"#));
    assert!(got.verification && got.items.is_empty());
    assert_eq!(answer(&got.answer), (202, "text/plain; charset=utf-8".into(), "c".into()));
    assert!(got.answer.headers.contains(&("X-Y".into(), "1".into())));
    let got = received(&app, &call("application/json", r#"{"event": "e"}"#));
    assert!(!got.verification && got.items.len() == 1);
    let always = hook(r#"{"verification": {"respond": {"body": {"ok": true}}}}"#);
    let got = received(&always, &call("application/json", r#"{"event": "e"}"#));
    assert!(got.verification && got.items.is_empty());
    assert_eq!(answer(&got.answer), (200, "application/json".into(), r#"{"ok":true}"#.into()));
}

#[test]
fn a_call_that_is_not_wanted_is_answered_and_ignored() {
    let app =
        hook(r#"{"condition": "{{headers.`x-sig` == 'other'}}", "respond": {"status": 201}}"#);
    let got = received(&app, &call("application/json", "{}"));
    assert!(got.items.is_empty());
    assert_eq!(got.answer.status, 200);
}

#[test]
fn batches_are_split_and_told_apart_by_user() {
    let app = hook(
        r#"{"iterate": {"container": "{{body.events}}", "condition": "{{item.n != 2}}"}, "uid": "{{item.user}}",
            "output": {"n": "{{item.n}}", "of": "{{body.of}}"}, "respond": {"type": "urlencoded", "body": {"a": [1, 2]}}}"#,
    );
    let body = r#"{"of": 3, "events": [{"n": 1, "user": 7}, {"n": 2}, {"n": 3, "user": "u"}]}"#;
    let got = received(&app, &call("application/json", body));
    assert_eq!(payloads(&got), [r#"{"n":1,"of":3}"#, r#"{"n":3,"of":3}"#]);
    let uids: Vec<_> = got.items.iter().map(|item| item.uid.as_deref()).collect();
    assert_eq!(uids, [Some("7"), Some("u")]);
    let form = "application/x-www-form-urlencoded";
    assert_eq!(answer(&got.answer), (200, form.into(), "a=1&a=2".into()));
    assert!(received(&app, &call("application/json", "{}")).items.is_empty());
}

#[tokio::test]
async fn an_instant_trigger_gives_the_payload_or_what_it_fetches() {
    let server =
        Loopback::start(|seen| Reply::json(format!("{{\"at\": \"{}\"}}", seen.target))).await;
    let app = |communication: &str| {
        Build::new(&base(&server.url()))
            .webhook("{}", "{}", "{}")
            .module("m", "instant_trigger", communication)
            .app()
    };
    for (communication, payload, expected) in [
        ("{}", r#"{"id": 5}"#, r#"{"id":5}"#),
        (r#"{"url": "/full/{{payload.id}}"}"#, r#"{"id": 5}"#, r#"{"at":"/full/5"}"#),
        (r#"{"url": "/", "condition": "{{payload.more}}"}"#, r#"{"id": 5}"#, r#"{"id":5}"#),
        (r#"{"response": {"output": {"x": "{{payload.id}}"}}}"#, r#"{"id": 5}"#, r#"{"x":5}"#),
    ] {
        let app = app(communication);
        let mut scene = Scene::new(&app, value("{}"));
        scene.payload = Some(value(payload));
        let outcome = run::instant(&host(), &app.modules["m"], &scene).await.unwrap();
        assert_eq!(outcome.bundles.iter().map(json).collect::<Vec<_>>(), [expected]);
    }
    let app = app("{}");
    let mut scene = Scene::new(&app, value("{}"));
    scene.payload = Some(value("[1]"));
    assert!(run::instant(&host(), &app.modules["m"], &scene).await.is_err());
}

#[test]
fn a_responder_answers() {
    let app = |response: &str| {
        let communication = format!("{{\"response\": {{{response}}}}}");
        Build::new("{}").module("m", "responder", &communication).app()
    };
    let respond = |response: &str| {
        let app = app(response);
        let scene = Scene::new(&app, value(r#"{"s": 404, "x": "y"}"#));
        run::responder(&host(), &app.modules["m"], &scene)
    };
    let given = respond(
        r#""status": "{{parameters.s}}", "type": "text", "headers": {"x-a": ["1", "2"]}, "body": "{{parameters.x}}!""#,
    );
    let given = given.unwrap();
    assert_eq!(answer(&given), (404, "text/plain; charset=utf-8".into(), "y!".into()));
    assert_eq!(given.headers.iter().filter(|(name, _)| name == "X-A").count(), 2);
    let default = respond(r#""body": {"a": 1}"#).unwrap();
    assert_eq!(answer(&default), (200, "application/json".into(), r#"{"a":1}"#.into()));
    assert_eq!(respond("").unwrap().body.len(), 0);
    for wrong in [
        r#""status": 99"#,
        r#""type": "{{parameters.x}}""#,
        r#""headers": {"a": "{{'b' + newline + 'c: d'}}"}"#,
        r#""headers": {"a b": "c"}"#,
    ] {
        assert!(respond(wrong).is_err(), "{wrong}");
    }
}

#[tokio::test]
async fn attaching_saves_what_detaching_needs() {
    let server = Loopback::start(|seen| match seen.method.as_str() {
        "DELETE" => Reply::status(404),
        _ => Reply::json(r#"{"id": 77}"#).with_status(201),
    })
    .await;
    let app = Build::new(&base(&server.url()))
        .webhook(
            "{}",
            r#"{"url": "/hooks", "method": "POST", "body": {"url": "{{webhook.url}}", "to": "{{parameters.to}}"},
                "response": {"data": {"externalHookId": "{{body.id}}"}}}"#,
            r#"{"url": "/hooks/{{webhook.externalHookId}}", "method": "DELETE"}"#,
        )
        .app();
    let host = host();
    let mut scene = Scene::new(&app, value(r#"{"to": "x"}"#));
    scene.webhook = Some(value(r#"{"url": "https://h.example/1"}"#));
    let attached = run::procedure(&host, &app.webhooks["hook"].attach, &scene).await.unwrap();
    assert!(attached.ran);
    assert_eq!(json(attached.data.as_ref().unwrap()), r#"{"externalHookId":77}"#);
    assert_eq!(server.seen()[0].text(), r#"{"url":"https://h.example/1","to":"x"}"#);
    scene.webhook = attached.data;
    let detached = run::procedure(&host, &app.webhooks["hook"].detach, &scene).await;
    assert_eq!(detached.unwrap_err().error.status, Some(404));
    assert_eq!(server.seen()[1].target, "/hooks/77");
    let nothing = run::procedure(&host, &app.webhooks["hook"].update, &scene).await.unwrap();
    assert!(!nothing.ran && nothing.data.is_none());
}
