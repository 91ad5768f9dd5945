//! What the directives of a file become.

use std::time::Duration;

use halyard_automation::apps::{
    App, ConnectionKind, ModuleKind, Samples, Template,
    plan::{Decode, Request, Switch, Timeout},
};
use halyard_iml::{Date, Environment, Seeded, Value};

use crate::app;

const QUIET: &str =
    r#"{"baseUrl": "https://x.example", "log": {"sanitize": ["request.headers.authorization"]}}"#;

fn module(type_id: u8, api: &str) -> App {
    with_base(QUIET, type_id, api)
}

fn with_base(base: &str, type_id: u8, api: &str) -> App {
    let metadata = format!(r#"{{"typeId": {type_id}, "webhook": "events"}}"#);
    app(&[
        ("base.imljson", base),
        ("webhooks/events/metadata.json", "{}"),
        ("modules/Step/metadata.json", &metadata),
        ("modules/Step/api.imljson", api),
    ])
}

fn request(app: &App) -> &Request {
    let [request] = app.modules["Step"].communication.requests.as_slice() else {
        panic!("{app:#?}")
    };
    request
}

fn source(template: &Option<Template>) -> String {
    template.as_ref().map_or_else(|| "-".to_owned(), |template| json(template.source()))
}

fn json(value: &Value) -> String {
    value.to_json().expect("JSON")
}

fn sources(templates: &[Template]) -> Vec<String> {
    templates.iter().map(|template| json(template.source())).collect()
}

#[test]
fn a_request_goes_on_top_of_the_base() {
    let base = r#"{
        "baseUrl": "https://x.example", "method": "POST", "type": "urlencoded", "timeout": 5000, "gzip": true,
        "headers": {"a": 1}, "qs": {"q": 1}, "temp": {"t": 1}, "body": {"b": 1},
        "log": {"sanitize": ["request.headers.a", "request.qs.q"]},
        "pagination": {"qs": {"page": 1}},
        "response": {"type": "json", "valid": "{{body.ok}}", "temp": {"r": 1}, "output": "{{body.data}}", "limit": 5,
            "error": {"message": "m", "type": "DataError", "404": {"message": "n"}, "500": {"message": "o"}}}
    }"#;
    let api = r#"{
        "url": "/a", "method": "put", "headers": {"b": 2}, "qs": "{{parameters.qs}}", "temp": {"t": 2}, "body": null,
        "followRedirect": false, "followAllRedirects": "false",
        "log": {"sanitize": ["request.qs.q", "response.body.s"]},
        "response": {"temp": {"r": 2}, "error": {"type": "RateLimitError", "404": "none"}, "wrapper": {"w": "{{output}}"}}
    }"#;
    let search = with_base(base, 9, api);
    let request = request(&search);
    assert_eq!(sources(&request.headers), [r#"{"a":1}"#, r#"{"b":2}"#]);
    assert_eq!(sources(&request.qs), [r#"{"q":1}"#, r#""{{parameters.qs}}""#]);
    assert_eq!(sources(&request.temp), [r#"{"t":1}"#, r#"{"t":2}"#]);
    assert_eq!(
        (source(&request.method).as_str(), source(&request.body).as_str()),
        (r#""put""#, "null")
    );
    assert_eq!(source(&request.body_type), r#""urlencoded""#);
    assert!(matches!(request.gzip, Some(Switch::Fixed(true))));
    let five = Duration::from_secs(5);
    assert!(matches!(request.timeout, Some(Timeout::Fixed(timeout)) if timeout == five));
    assert!(matches!(request.follow_redirects, Some(Switch::Fixed(false))));
    assert!(matches!(request.follow_all_redirects, Some(Switch::Fixed(false))));
    let sanitize: Vec<_> = request.sanitize.iter().flatten().map(|path| &**path).collect();
    assert_eq!(sanitize, ["request.headers.a", "request.qs.q", "response.body.s"]);
    assert!(request.pagination.is_some());
    let response = &request.response;
    assert_eq!(sources(&response.temp), [r#"{"r":1}"#, r#"{"r":2}"#]);
    assert_eq!(source(&response.output), r#""{{body.data}}""#);
    assert_eq!((source(&response.limit).as_str(), response.valid.is_some()), ("5", true));
    assert_eq!(source(&response.wrapper), r#"{"w":"{{output}}"}"#);
    let error = &response.error;
    assert_eq!(
        (source(&error.general.message), source(&error.general.kind)),
        (r#""m""#.into(), r#""RateLimitError""#.into())
    );
    let words: Vec<_> =
        error.by_status.iter().map(|(status, words)| (*status, source(&words.message))).collect();
    assert_eq!(words, [(404, r#""none""#.into()), (500, r#""o""#.into())]);
    assert!(matches!(response.decode, Some(Decode::Always(_))));

    // What the base says about pages is not for one that has none.
    let action = with_base(base, 4, api);
    assert!(self::request(&action).pagination.is_none());
    assert!(self::request(&action).response.limit.is_none());
}

#[test]
fn several_requests_each_have_the_base() {
    let app = module(
        4,
        r#"[{"url": "/a", "response": {"temp": {"x": 1}}}, {"url": "/b", "condition": {"condition": "{{temp.x}}", "default": {"none": true}}}]"#,
    );
    let requests = &app.modules["Step"].communication.requests;
    let urls: Vec<_> = requests.iter().map(|request| source(&request.url)).collect();
    assert_eq!(urls, [r#""/a""#, r#""/b""#]);
    assert!(requests.iter().all(|request| request.base_url.is_some()));
    let condition = requests[1].condition.as_ref().expect("said");
    assert_eq!(json(condition.holds.source()), r#""{{temp.x}}""#);
    assert_eq!(source(&condition.default), r#"{"none":true}"#);
}

#[test]
fn a_container_needs_no_braces_and_statuses_have_ranges() {
    let app = module(
        9,
        r#"{"url": "/a", "response": {
        "iterate": {"container": "body.data", "condition": "{{item.ok}}"},
        "type": {"*": "json", "404": "text", "400-408": "raw"}}}"#,
    );
    let response = &request(&app).response;
    let iterate = response.iterate.as_ref().expect("said");
    let roots = Value::scope_from_json(r#"{"body": {"data": [1, 2]}}"#).expect("roots");
    let randomness = Seeded::new(1);
    let environment = Environment::new(Date::from_ms(0).expect("a date"), &randomness);
    let items = iterate.container.evaluate(&roots, &environment).expect("a list");
    assert_eq!(json(&items), "[1,2]");
    assert!(iterate.condition.is_some());
    let Some(Decode::ByStatus(ranges)) = &response.decode else { panic!("{response:?}") };
    let ranges: Vec<_> = ranges.iter().map(|(from, to, _)| (*from, *to)).collect();
    assert_eq!(ranges, [(1, 999), (404, 404), (400, 408)]);
}

#[test]
fn functions_of_the_app_are_compiled_as_such() {
    let app = app(&[
        ("base.imljson", QUIET),
        ("functions/upper/code.js", "function upper(t) { return t }"),
        ("modules/Step/metadata.json", r#"{"typeId": 4}"#),
        ("modules/Step/api.imljson", r#"{"url": "/{{upper('a')}}"}"#),
    ]);
    let randomness = Seeded::new(1);
    let environment = Environment::new(Date::from_ms(0).expect("a date"), &randomness);
    let roots = Value::scope_from_json("{}").expect("roots");
    let url = request(&app).url.as_ref().expect("said");
    // The host has none here, and the built-in one of the same name does not take its place.
    assert!(url.evaluate(&roots, &environment).is_err());
}

#[test]
fn an_epoch_replaces_directives_of_its_trigger() {
    let app = app(&[
        (
            "base.imljson",
            r#"{"baseUrl": "https://x.example", "headers": {"k": 1}, "log": {"sanitize": []}, "response": {"error": "base"}}"#,
        ),
        ("modules/Step/metadata.json", r#"{"typeId": 1}"#),
        (
            "modules/Step/api.imljson",
            r#"[{"url": "/first"}, {"url": "/a", "headers": {"own": 1}, "qs": {"since": "{{data.lastDate}}", "page": 1},
            "pagination": {"qs": {"page": 2}},
            "response": {"iterate": "{{body}}", "limit": "{{parameters.limit}}", "output": "{{item}}",
                "trigger": {"type": "date", "order": "desc", "id": "{{item.id}}", "date": "{{item.at}}"}}}]"#,
        ),
        (
            "modules/Step/epoch.imljson",
            r#"{"qs": {"sort": "new"}, "response": {"limit": 300, "output": {"label": "{{item.name}}", "date": "{{item.at}}"}}}"#,
        ),
    ]);
    let module = &app.modules["Step"];
    assert_eq!(module.kind, ModuleKind::Trigger);
    let epoch = module.epoch.as_ref().expect("an epoch");
    let [first, last] = epoch.requests.as_slice() else { panic!("{epoch:#?}") };
    assert_eq!(source(&first.url), r#""/first""#);
    assert_eq!(source(&last.url), r#""/a""#);
    assert_eq!(sources(&last.headers), [r#"{"k":1}"#, r#"{"own":1}"#]);
    assert_eq!(sources(&last.qs), [r#"{"sort":"new"}"#]);
    assert!(
        last.pagination.is_some()
            && last.response.trigger.is_some()
            && last.response.iterate.is_some()
    );
    assert_eq!(source(&last.response.limit), "300");
    assert_eq!(source(&last.response.error.general.message), r#""base""#);
    let own = &module.communication.requests[1];
    assert_eq!(sources(&own.qs).len(), 1);
    assert_eq!(source(&own.response.limit), r#""{{parameters.limit}}""#);
}

#[test]
fn webhooks_responders_and_instant_triggers() {
    let app = app(&[
        ("base.imljson", QUIET),
        ("connections/main/metadata.json", r#"{"type": "basic"}"#),
        ("webhooks/events/metadata.json", r#"{"type": "web-shared", "connection": "main"}"#),
        (
            "webhooks/events/api.imljson",
            r#"{
            "verification": {"condition": "{{body.challenge}}", "respond": {"type": "text", "status": 202, "body": "{{body.challenge}}"}},
            "respond": {"status": "{{201}}", "headers": {"x": "y"}}, "condition": "{{body.ok}}",
            "iterate": "{{body.events}}", "output": "{{item}}", "uid": "{{item.user}}"}"#,
        ),
        (
            "webhooks/events/attach.imljson",
            r#"{"url": "/hooks", "method": "POST", "body": {"url": "{{webhook.url}}"}, "response": {"data": {"id": "{{body.id}}"}}}"#,
        ),
        (
            "webhooks/events/detach.imljson",
            r#"{"url": "/hooks/{{webhook.id}}", "method": "DELETE"}"#,
        ),
        ("webhooks/events/update.imljson", "{}"),
        ("modules/Watch/metadata.json", r#"{"typeId": 10, "webhook": "events"}"#),
        ("modules/Watch/api.imljson", ""),
        ("modules/Answer/metadata.json", r#"{"typeId": 11}"#),
        (
            "modules/Answer/api.imljson",
            r#"{"response": {"status": 200, "type": "text", "body": "{{parameters.text}}"}}"#,
        ),
    ]);
    let webhook = &app.webhooks["events"];
    assert!(
        webhook.shared && webhook.reception.uid.is_some() && webhook.reception.iterate.is_some()
    );
    let verification = webhook.reception.verification.as_ref().expect("said");
    assert_eq!(source(&verification.respond.status), "202");
    assert!(webhook.attach.requests[0].response.data.is_some());
    assert_eq!((webhook.detach.requests.len(), webhook.update.requests.len()), (1, 0));
    assert!(app.modules["Watch"].communication.requests.is_empty());
    let answer = app.modules["Answer"].respond.as_ref().expect("said");
    assert_eq!(source(&answer.body), r#""{{parameters.text}}""#);
}

#[test]
fn connections_of_every_kind() {
    let log = r#""log": {"sanitize": ["request.body"]}"#;
    let oauth1 = format!(
        r#"{{"oauth": {{"consumer_key": "{{{{common.key}}}}"}},
            "requestToken": {{"url": "https://x.example/r", {log}}}, "authorize": {{"url": "https://x.example/a", {log}}},
            "accessToken": {{"url": "https://x.example/t", "oauth": {{"verifier": "{{{{query.oauth_verifier}}}}"}}, {log}}}}}"#
    );
    let token = format!(
        r#"{{"token": {{"condition": true, "url": "https://x.example/t", {log}}}, "refresh": {{"condition": "{{{{data.expires < now}}}}", "url": "https://x.example/t", {log}}}}}"#
    );
    let whole = format!(
        r#"{{"label": "Whole", "type": "basic", "parameters": [{{"name": "key", "type": "password"}}],
            "communication": {{"url": "https://x.example/me", {log}}}}}"#
    );
    let app = app(&[
        ("base.imljson", QUIET),
        ("connections/one/metadata.json", r#"{"type": "oauth"}"#),
        ("connections/one/api-oauth.imljson", &oauth1),
        ("connections/two/api.imljson", &token),
        ("connections/two/scope.imljson", r#"["read"]"#),
        ("connections/two/scopes.imljson", r#"{"read": "Read", "write": "Write"}"#),
        ("connections/two/common.imljson", r#"{"clientId": "c"}"#),
        ("connections/whole.json", &whole),
    ]);
    let ConnectionKind::OAuth1(sections) = &app.connections["one"].kind else { panic!("OAuth 1") };
    assert_eq!(sections.keys().collect::<Vec<_>>(), ["accessToken", "authorize", "requestToken"]);
    let signing = sources(&sections["accessToken"].oauth);
    assert_eq!(
        signing,
        [r#"{"consumer_key":"{{common.key}}"}"#, r#"{"verifier":"{{query.oauth_verifier}}"}"#]
    );
    let two = &app.connections["two"];
    let ConnectionKind::OAuth2(oauth) = &two.kind else { panic!("OAuth 2") };
    assert!(oauth.authorize.is_none() && oauth.refresh.is_some());
    assert!(oauth.token.as_ref().expect("said").base_url.is_none());
    assert_eq!((oauth.default_scope.len(), oauth.scopes.len()), (1, 2));
    assert_eq!(two.common.as_ref().map(json).as_deref(), Some(r#"{"clientId":"c"}"#));
    let whole = &app.connections["whole"];
    assert_eq!((whole.label.as_str(), whole.parameters.len()), ("Whole", 1));
    let ConnectionKind::Basic(communication) = &whole.kind else { panic!("basic") };
    assert_eq!(source(&communication.requests[0].url), r#""https://x.example/me""#);
}

#[test]
fn endpoints_take_the_place_of_requests() {
    let app = app(&[
        ("base.imljson", QUIET),
        ("endpoints/getUser/api.imljson", r#"{"url": "/users/{{input.id}}"}"#),
        ("modules/Step/metadata.json", r#"{"typeId": 4}"#),
        (
            "modules/Step/api.imljson",
            r#"{"endpoint": {"name": "getUser"}, "input": {"id": "{{parameters.id}}"}}"#,
        ),
    ]);
    let call = request(&app).endpoint.as_ref().expect("said");
    assert_eq!(
        (&*call.name, source(&call.input).as_str()),
        ("getUser", r#"{"id":"{{parameters.id}}"}"#)
    );
    assert_eq!(app.endpoints["getUser"].requests.len(), 1);
}

#[test]
fn samples_interface_and_raw_parameters() {
    let app = app(&[
        ("base.imljson", QUIET),
        ("rpcs/sample/api.imljson", r#"{"url": "/sample"}"#),
        ("modules/Step/metadata.json", r#"{"typeId": 4}"#),
        ("modules/Step/api.imljson", r#"{"url": "/a"}"#),
        ("modules/Step/samples.imljson", r#""rpc://sample""#),
        (
            "modules/Step/interface.imljson",
            r#"[{"name": "id", "type": "uinteger"}, "rpc://sample"]"#,
        ),
        ("modules/Other/metadata.json", r#"{"typeId": 4}"#),
        ("modules/Other/api.imljson", r#"{"url": "/a"}"#),
        ("modules/Other/samples.imljson", r#"{"id": 1}"#),
    ]);
    let step = &app.modules["Step"];
    assert!(matches!(&step.samples, Some(Samples::Rpc(call)) if &*call.name == "sample"));
    assert_eq!(step.interface.len(), 2);
    let raw = r#"{"expect":[],"interface":[{"name":"id","type":"uinteger"},"rpc://sample"]}"#;
    assert_eq!(json(&step.metadata), raw);
    assert!(matches!(&app.modules["Other"].samples, Some(Samples::Fixed(_))));
}
