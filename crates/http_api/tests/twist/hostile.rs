//! Requests that no client should send: a documented error, never one of ours, and the server goes
//! on.

use bytes::Bytes;
use halyard_http_api::{
    Settings,
    kit::params::{FieldSpec, Kind},
    twist::{Endpoint, ROUTES},
};
use halyard_identity::Scopes;
use halyard_platform::{db::Error, db::testing::TestDb, doctor::Check, on_both_databases};
use http::Method;
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use serde_json::{Value, json};

use crate::{
    attachments::GIF,
    support::{Answer, Client, Person, TestApp, migrations},
    team::Team,
};

/// Requests to each route; with all routes about two thousand.
const PER_ROUTE: usize = 18;
const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
const MULTIPART: &str = "multipart/form-data; boundary=limit";

/// One generated request.
#[derive(Debug)]
struct Attack {
    version: &'static str,
    post: bool,
    content_type: &'static str,
    query: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

/// A value in a query string or a form; any bytes.
fn text() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        // Ids of things that are there, and of some that are not.
        6 => (0..12_i64).prop_map(|id| id.to_string().into_bytes()),
        2 => any::<i64>().prop_map(|id| id.to_string().into_bytes()),
        6 => prop::sample::select(vec![
            "", " ", "-1", "-0", "0", "1.5", "1e3", "1e999", "NaN", "inf", "-inf", "true", "FALSE",
            "null", "undefined", "99999999999999999999", "-99999999999999999999",
            "9223372036854775807", "-9223372036854775808", "[1,2", "[1,2]", "[]", "{}", "[[[[]]]]",
            "1,2,,3", "EVERYONE", "asc", "close", "admin", "GUEST", "desktop", "Mars/Phobos",
            "ann@example.com", "bo@example.com", "@", "12:61", "{\"type\":\"vacation\"}",
            "[{\"type\":\"action\"}]", "[{\"attachment_id\":7}]", "\u{0}", "a\u{0}b", "\u{202e}x",
            "ünï", "👍", "'; drop table users; --", "%00", "../../etc/passwd",
        ]).prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..20),
        1 => (0..40_000_usize).prop_map(|length| vec![b'x'; length]),
        1 => (1..200_usize).prop_map(|depth| [b"[".repeat(depth), b"]".repeat(depth)].concat()),
    ]
}

/// A value in a JSON body.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        3 => (-3..12_i64).prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<u64>().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
        1 => prop::sample::select(vec![json!(1e300), json!(-0.0), json!(null), json!(true)]),
        4 => text().prop_map(|bytes| String::from_utf8_lossy(&bytes).into()),
        1 => (1..90_usize).prop_map(|depth| (0..depth).fold(json!(1), |inner, _| json!([inner]))),
    ];
    leaf.prop_recursive(3, 20, 4, |inner| {
        let keys = prop::sample::select(vec![
            "type",
            "url",
            "action",
            "attachment_id",
            "date_to",
            "title",
            "",
            "a\u{0}",
        ]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((keys, inner), 0..4).prop_map(|pairs| {
                pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
            }),
        ]
    })
}

/// The name of a parameter, mostly one that the call knows.
fn name(fields: &[FieldSpec]) -> impl Strategy<Value = String> + use<> {
    let mut names: Vec<String> = ["id", "token", "unknown", "", "id[]", "[]", "a[b]"]
        .into_iter()
        .map(str::to_owned)
        .collect();
    for field in fields {
        for spelling in std::iter::once(&field.name).chain(field.aliases) {
            // As lists, and often.
            names.extend([format!("{spelling}[]"), (*spelling).to_owned(), (*spelling).to_owned()]);
        }
    }
    prop::sample::select(names)
}

/// A value that the parameter can have, so that handlers get to see the others.
fn fitting(field: &FieldSpec) -> Vec<u8> {
    let text = match field.kind {
        Kind::Integer | Kind::Seconds | Kind::Boolean => "1",
        Kind::Integers | Kind::IntegersOr(_) => "[1,2]",
        Kind::Objects => "[]",
        Kind::Object => "{}",
        Kind::Choice(words) => words[0],
        Kind::Text | Kind::File => "text",
    };
    text.as_bytes().to_vec()
}

fn attack(route: &Endpoint) -> impl Strategy<Value = Attack> + use<> {
    let fields = (route.fields)();
    let required: Vec<(String, Vec<u8>)> = fields
        .iter()
        .filter(|field| field.required)
        .map(|field| (field.name.to_owned(), fitting(field)))
        .collect();
    let query = prop::collection::vec((name(&fields), text()), 0..4);
    let query = (any::<bool>(), query).prop_map(move |(fit, others)| {
        if fit { [required.clone(), others].concat() } else { others }
    });
    let form = || prop::collection::vec((name(&fields), text()), 0..5);
    let json = prop::collection::vec((name(&fields), value()), 0..5);
    let body = prop_oneof![
        2 => Just((FORM, Vec::new())),
        4 => form().prop_map(|pairs| (FORM, encode(&pairs).into_bytes())),
        5 => json.prop_map(|pairs| (JSON, object(&pairs))),
        3 => (form(), any::<bool>()).prop_map(|(pairs, whole)| (MULTIPART, parts(&pairs, whole))),
        1 => prop::collection::vec(any::<u8>(), 0..200).prop_map(|bytes| (JSON, bytes)),
    ];
    let other_type = prop::sample::select(vec![
        "",
        "text/plain",
        "application/json; charset=utf-16",
        "multipart/form-data",
        "*/*",
        "x",
        "application/x-www-form-urlencoded; charset=latin1",
        "multipart/form-data; boundary=",
    ]);
    let version = prop::sample::select(vec!["v2", "v3", "v4"]);
    let rest = (version, any::<bool>(), prop::option::weighted(0.1, other_type));
    (query, body, rest).prop_map(|(query, (content_type, body), (version, post, other))| Attack {
        version,
        post,
        content_type: other.unwrap_or(content_type),
        query,
        body,
    })
}

fn encode(pairs: &[(String, Vec<u8>)]) -> String {
    let pair = |(name, value): &(String, Vec<u8>)| {
        let name = percent_encode(name.as_bytes(), NON_ALPHANUMERIC);
        format!("{name}={}", percent_encode(value, NON_ALPHANUMERIC))
    };
    pairs.iter().map(pair).collect::<Vec<_>>().join("&")
}

/// By hand, because keys may come twice.
fn object(pairs: &[(String, Value)]) -> Vec<u8> {
    let pair = |(name, value): &(String, Value)| format!("{}:{value}", Value::from(name.as_str()));
    format!("{{{}}}", pairs.iter().map(pair).collect::<Vec<_>>().join(",")).into_bytes()
}

/// A multipart body with a file, perhaps cut off somewhere.
fn parts(pairs: &[(String, Vec<u8>)], whole: bool) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in pairs {
        let head = format!("--limit\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n");
        body.extend([head.as_bytes(), value, b"\r\n"].concat());
    }
    let head = "--limit\r\ncontent-disposition: form-data; name=\"f\"; filename=\"a.gif\"\r\n\r\n";
    body.extend([head.as_bytes(), GIF, b"\r\n--limit--\r\n"].concat());
    if !whole {
        body.truncate(body.len() * 2 / 3);
    }
    body
}

async fn send(client: &Client, path: &str, attack: Attack) -> Answer {
    let mut path = format!("{}/{path}?{}", attack.version, encode(&attack.query));
    // Longer ones are refused before they get here.
    path.truncate(60_000);
    let method = if attack.post { Method::POST } else { Method::GET };
    client.send(method, &path, attack.content_type, Bytes::from(attack.body)).await
}

/// A success, or an error of the documented form which is not ours.
fn judge(answer: &Answer) -> Result<(), String> {
    let type_ = answer.headers.get("content-type").map(|value| value.as_bytes());
    let body: Value = serde_json::from_slice(&answer.bytes).map_err(|e| format!("body: {e}"))?;
    let is_error = || {
        body["error_code"].is_u64()
            && body["error_string"].is_string()
            && body["error_extra"].is_object()
            && body["error_uuid"].as_str().is_some_and(|id| id.len() == 32)
            && body.as_object().is_some_and(|fields| fields.len() == 4)
    };
    match answer.status {
        _ if type_ != Some(JSON.as_bytes()) => Err(format!("content type {type_:?}")),
        200 => Ok(()),
        400..=499 if is_error() => Ok(()),
        status => Err(format!("{status}: {body}")),
    }
}

/// The server answers as ever, and its tables hold together.
async fn is_well(db: &TestDb, person: &Person) {
    person.get("v3/users/get_session_user").await.ok();
    let checks = [
        halyard_platform::doctor::CHECKS,
        halyard_identity::doctor::CHECKS,
        &halyard_messaging::doctor::checks(),
    ]
    .concat();
    let look = move |check: &Check| {
        let check = *check;
        db.db.read(move |tx| Ok::<_, Error>((check.name, check.look(tx)?.examples)))
    };
    for check in &checks {
        let (name, examples) = look(check).await.unwrap();
        assert!(examples.is_empty(), "{name}: {examples:?}");
    }
}

/// A workspace with one of each thing, most with the id 1, and its administrator.
async fn furnished(app: TestApp) -> Team {
    let team = Team::on(app).await;
    let ann = &team.ann;
    let channel = json!({"workspace_id": team.space, "name": "All", "user_ids": [team.bo.id]});
    let channel = ann.post_json("v3/channels/add", channel).await.ok()["id"].clone();
    let thread = json!({"channel_id": channel, "title": "A", "content": "a"});
    let thread = ann.post_json("v3/threads/add", thread).await.ok()["id"].clone();
    let comment = json!({"thread_id": thread, "content": "b"});
    ann.post_json("v3/comments/add", comment).await.ok();
    let talk = team.talk(ann, &[&team.bo, &team.cat]).await.id;
    let message = json!({"conversation_id": talk, "content": "c"});
    ann.post_json("v3/conversation_messages/add", message).await.ok();
    ann.post_json("v3/groups/add", json!({"workspace_id": team.space, "name": "G"})).await.ok();
    team
}

on_both_databases! {
    migrations();

    async fn no_generated_request_gets_an_error_of_ours(db: &TestDb) {
        let team = furnished(TestApp::new(db)).await;
        let config = Config { failure_persistence: None, ..Config::default() };
        let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        let mut runner = TestRunner::new_with_rng(config, rng);
        let nobody = team.app.nobody();
        let mut wrong = Vec::new();
        let mut successes = 0;
        for route in ROUTES {
            let attacks = attack(route);
            for _ in 0..PER_ROUTE {
                let attack = attacks.new_tree(&mut runner).unwrap().current();
                let told = format!("{attack:?}");
                // One of them may have ended all tokens before.
                let token = team.app.token(team.ann.id, Scopes::ALL).await;
                let answer = send(&nobody.bearer(&token), route.path, attack).await;
                if let Err(reason) = judge(&answer) {
                    let told: String = told.chars().take(600).collect();
                    wrong.push(format!("{}: {reason}: {told}", route.path));
                }
                successes += usize::from(answer.status == 200);
            }
        }
        assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
        assert!(successes > 100, "too few get through to mean anything: {successes}");
        is_well(db, &team.cat).await;
    }

    async fn each_kind_of_nonsense_has_its_documented_error(db: &TestDb) {
        let settings = Settings { body_limit: 50_000, upload_limit: 50_000, ..Settings::default() };
        let team = furnished(TestApp::with(db, settings)).await;
        let ann = &team.ann;
        let post = |path: &'static str, kind: &'static str, body: Vec<u8>| async move {
            ann.send(Method::POST, path, kind, body.into()).await
        };
        let large = vec![b'x'; 50_001];
        post("v3/comments/add", FORM, large.clone()).await.fails(413, 205);
        post("v3/comments/add", JSON, large.clone()).await.fails(413, 205);
        post("v3/comments/add", "", large.clone()).await.fails(413, 205);
        for upload in ["v3/attachments/upload", "v3/users/update_avatar"] {
            ann.upload(upload, "file", &large).await.fails(413, 205);
            post(upload, MULTIPART, parts(&[], false)).await.fails(400, 202);
            post(upload, "multipart/form-data", parts(&[], true)).await.fails(400, 202);
        }
        post("v3/comments/add", MULTIPART, parts(&[], false)).await.fails(400, 202);

        // Invalid UTF-8, in every place.
        ann.get("v3/threads/getone?id=%ff").await.fails(400, 114);
        post("v3/threads/getone", FORM, b"id=%ff".to_vec()).await.fails(400, 114);
        post("v3/threads/getone", FORM, b"id=\xff".to_vec()).await.fails(400, 114);
        post("v3/threads/getone", JSON, b"{\"id\": \"\xff\"}".to_vec()).await.fails(400, 114);
        let pairs = [("id".to_owned(), b"\xff".to_vec())];
        let answer = post("v3/threads/getone", MULTIPART, parts(&pairs, true)).await;
        answer.fails(400, 114);

        // Deep JSON, in bodies and in text; one that is deep enough to end a careless parser.
        for depth in [65, 5_000] {
            let deep = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
            let body = format!("{{\"id\": 1, \"x\": {deep}}}");
            post("v3/threads/getone", JSON, body.into_bytes()).await.fails(400, 114);
            ann.post_form("v3/comments/add", &[("thread_id", "1"), ("attachments", &deep)]).await
                .fails(400, 118);
            ann.post_form("v3/comments/add", &[("thread_id", "1"), ("actions", &deep)]).await
                .fails(404, 133);
        }
        for malformed in ["{", "[]", "1", "\"x\"", "{\"id\": NaN}", "{\"id\": 1} x"] {
            let body = malformed.as_bytes().to_vec();
            post("v3/threads/getone", JSON, body).await.fails(400, 114);
        }

        // Wrong types and huge numbers.
        let types = [json!([]), json!({}), json!(true), json!(1.5), json!("x"), json!(1e30), json!([1, 2])];
        for wrong in types {
            let answer = ann.post_json("v3/threads/getone", json!({"id": wrong})).await;
            assert_eq!(answer.fails(400, 20)["error_extra"]["argument"], "id", "{wrong}");
        }
        for wrong in ["99999999999999999999", "-99999999999999999999", "1e3", "NaN", "0x10"] {
            let answer = ann.get(&format!("v3/threads/getone?id={wrong}")).await;
            assert_eq!(answer.fails(400, 20)["error_extra"]["argument"], "id", "{wrong}");
        }
        for missing in ["", "?id=", "?other=1"] {
            ann.get(&format!("v3/threads/getone{missing}")).await.fails(400, 19);
        }
        ann.get("v3/threads/getone?id=1&id=2").await.fails(400, 20);
        let largest = i64::MAX;
        ann.get(&format!("v3/threads/getone?id={largest}")).await.fails(404, 108);
        // These are grouped by what they are about.
        let body = json!({"thread_id": largest, "content": "x", "obj_index": 0});
        ann.post_json("v3/comments/add", body.clone()).await.fails(404, 108);
        ann.post_json("v3/threads/mark_read", body).await.fails(404, 108);
        let body = json!({"conversation_id": largest, "content": "x"});
        ann.post_json("v3/conversation_messages/add", body).await.fails(404, 124);
        for moment in ["NaN", "inf", "1e99"] {
            let path = format!("v3/comments/get?thread_id=1&newer_than_ts={moment}");
            ann.get(&path).await.fails(400, 20);
        }
        ann.post_form("v3/comments/add", &[("thread_id", "1"), ("content", "a\0b")]).await
            .fails(400, 20);

        // A negative number is a temporary id, where there are such, and else just unknown.
        for id in ["-1", "-9223372036854775808"] {
            for path in ["workspaces/getone", "channels/getone", "threads/getone", "comments/getone"] {
                ann.get(&format!("v3/{path}?id={id}")).await.fails(404, 111);
            }
            ann.get(&format!("v3/conversations/getone?id={id}")).await.fails(404, 124);
            ann.get(&format!("v3/conversation_messages/getone?id={id}")).await.fails(404, 125);
            ann.get(&format!("v3/groups/getone?id={id}")).await.fails(404, 119);
            ann.get(&format!("v3/users/getone?id={id}")).await.fails(404, 106);
        }
        is_well(db, ann).await;
    }
}
