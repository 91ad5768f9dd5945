//! A small app, from its files to its plan and the values of its expressions.

use halyard_automation::apps::{ModuleKind, Template};
use halyard_iml::{Date, Environment, Seeded, Value};

use crate::app;

const BASE: &str = r#"{
    "baseUrl": "https://x.example/v1",
    "headers": {"authorization": "Bearer {{connection.token}}"},
    "response": {"error": {
        "message": "[{{statusCode}}] {{body.message}}",
        "401": {"message": "Bad token", "type": "InvalidAccessTokenError"}
    }},
    "log": {"sanitize": ["request.headers.authorization"]}
}"#;

const SEARCH: &str = r#"{
    "url": "/users",
    "qs": {"q": "{{parameters.q}}", "size": 2},
    "response": {
        "iterate": "{{body.data}}",
        "output": {"id": "{{item.id}}"},
        "limit": "{{parameters.limit}}",
        "error": {"404": {"message": "None"}}
    },
    "pagination": {"qs": {"cursor": "{{body.next}}"}, "condition": "{{body.next}}"},
}"#;

fn evaluated(template: &Template, roots: &str) -> String {
    let roots = Value::scope_from_json(roots).expect("roots");
    let randomness = Seeded::new(1);
    let environment = Environment::new(Date::from_ms(0).expect("a date"), &randomness);
    let value = template.evaluate(&roots, &environment).expect("a value");
    match value {
        Value::Undefined => "undefined".to_owned(),
        value => value.to_json().expect("JSON"),
    }
}

fn layered(templates: &[Template], roots: &str) -> Vec<String> {
    templates.iter().map(|template| evaluated(template, roots)).collect()
}

#[test]
fn a_search_is_compiled_with_its_base() {
    let app = app(&[
        ("base.imljson", BASE),
        ("modules/ListUsers/metadata.json", r#"{"label": "List Users", "typeId": 9}"#),
        ("modules/ListUsers/api.imljson", SEARCH),
    ]);
    assert_eq!((app.name.as_str(), app.version), ("example", 1));
    let module = &app.modules["ListUsers"];
    assert_eq!((module.label.as_str(), module.kind), ("List Users", ModuleKind::Search));
    let [request] = module.communication.requests.as_slice() else { panic!("one request") };
    let roots = r#"{
        "connection": {"token": "t"}, "parameters": {"limit": 3}, "statusCode": 500,
        "body": {"message": "x", "next": "c2", "data": [{"id": 1}]}, "item": {"id": 1}
    }"#;
    let value = |template: &Option<Template>| evaluated(template.as_ref().expect("said"), roots);
    assert_eq!(value(&request.base_url), r#""https://x.example/v1""#);
    assert_eq!(value(&request.url), r#""/users""#);
    assert_eq!(layered(&request.headers, roots), [r#"{"authorization":"Bearer t"}"#]);
    assert_eq!(layered(&request.qs, roots), [r#"{"size":2}"#]);
    let sanitize = request.sanitize.as_ref().expect("said");
    assert_eq!(sanitize.as_slice(), ["request.headers.authorization".into()]);
    let pagination = request.pagination.as_ref().expect("said");
    assert!(pagination.merge_with_parent);
    assert_eq!(value(&pagination.qs), r#"{"cursor":"c2"}"#);
    assert_eq!(value(&pagination.condition), r#""c2""#);
    let response = &request.response;
    let iterate = response.iterate.as_ref().expect("said");
    assert_eq!(evaluated(&iterate.container, roots), r#"[{"id":1}]"#);
    assert_eq!(value(&response.output), r#"{"id":1}"#);
    assert_eq!(value(&response.limit), "3");
    assert_eq!(value(&response.error.general.message), r#""[500] x""#);
    let by_status: Vec<_> = response.error.by_status.iter().collect();
    assert_eq!(by_status.iter().map(|(status, _)| *status).collect::<Vec<_>>(), [404, 401]);
    assert_eq!(value(&by_status[0].1.message), r#""None""#);
    assert!(by_status[0].1.kind.is_none());
    assert_eq!(value(&by_status[1].1.kind), r#""InvalidAccessTokenError""#);
}
