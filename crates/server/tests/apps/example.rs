//! The example of `docs/adding-an-app.md`: it has no findings, and every module works.

use std::{path::Path, sync::Arc};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{
        HeaderMap, StatusCode, Uri,
        header::{CONTENT_TYPE, HeaderName},
    },
    routing::{get, post},
};
use halyard_automation::apps::{
    ConnectionKind, ErrorType,
    run::{self, Cursor},
};
use halyard_platform::outbound::url;
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::Mutex};

use crate::driver::{Case, Driver, Fault, Names, Service, iml, plain};

/// Notes on a page of the service.
const PAGE: usize = 3;

type Notes = Arc<Mutex<Vec<Value>>>;
type Answer = (StatusCode, [(HeaderName, &'static str); 1], String);

#[tokio::test]
async fn the_example_of_the_documentation_works() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move { axum::serve(listener, notes()).await.unwrap() });
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/examples/notes");
    let mut driver = Driver::load_from("notes", &folder, service(base_url)).await;
    let note = || json!({"folder": 2, "text": "Paint the gate.", "due": "2026-05-01"});
    let fill = |number: usize| json!({"folder": 1, "text": format!("Note {number}")});
    let mut list = Case::new("ListNotes", json!({"folder": 1}))
        .expect(json!({"folder": 1, "text": "Note 6"}))
        .limit(json!({"folder": 1, "limit": 5}), 5, 2);
    for number in 0..7 {
        list = list.prepare("last", "CreateANote", fill(number));
    }
    let create = Case::new("CreateANote", note())
        .expect(json!({"text": "Paint the gate.", "due": "2026-05-01", "written": "*"}))
        .wrong(json!({"folder": 2, "text": "x".repeat(501)}), "maximum length of 500");
    driver.run(vec![create, list]).await;
    connects(&driver).await;
    watches(&driver).await;
    serving.abort();
    driver.agree();
}

/// The request of the connection.
async fn connects(driver: &Driver) {
    let ConnectionKind::Basic(test) = &driver.app.connections["notes"].kind else {
        panic!("the example has another kind of connection");
    };
    let ask = async |key: &str| {
        let given = json!({"apiKey": key, "baseUrl": driver.service.base_url});
        let scene = driver.scene(iml(&given), &driver.service.base_url);
        run::section(&driver.host, &test.requests[0], &scene, iml(&json!({}))).await
    };
    let metadata = ask("right").await.unwrap().metadata.unwrap();
    assert_eq!(plain(&metadata)["value"], "Gita");
    let refused = ask("wrong").await.unwrap_err().error;
    assert_eq!(refused.kind, ErrorType::InvalidAccessTokenError);
    assert_eq!(refused.message, "[401] The key is unknown.");
}

/// What is new comes once, the oldest first.
async fn watches(driver: &Driver) {
    let module = driver.module("WatchNotes");
    let parameters = driver.fill(module, &json!({"folder": 1, "limit": 4})).unwrap();
    let scene = driver.scene(parameters, &driver.service.base_url);
    let first = run::poll(&driver.host, module, &scene, &Cursor::default(), None).await.unwrap();
    let texts = |bundles: &[halyard_iml::Value]| -> Vec<String> {
        bundles.iter().map(|one| plain(one)["text"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(texts(&first.bundles), ["Note 0", "Note 1", "Note 2", "Note 3"]);
    let second = run::poll(&driver.host, module, &scene, &first.cursor, None).await.unwrap();
    assert_eq!(texts(&second.bundles), ["Note 4", "Note 5", "Note 6"]);
    let third = run::poll(&driver.host, module, &scene, &second.cursor, None).await.unwrap();
    assert!(third.bundles.is_empty());
    let starts = run::epoch(&driver.host, module, &scene).await.unwrap();
    assert_eq!(starts.first().unwrap().label, "Note 6");
}

fn service(base_url: String) -> Service {
    let fault = |check, status, body: Value, kind, says| Fault {
        check,
        status,
        headers: Vec::new(),
        body: body.to_string(),
        kind,
        says,
        retry_after: None,
    };
    let mut busy = fault(
        "429",
        429,
        json!({"message": "Slower."}),
        ErrorType::RateLimitError,
        "[429] Slower.",
    );
    busy.headers = vec![("retry-after", "3")];
    busy.retry_after = Some(3);
    let no = json!({"message": "No such folder."});
    let down = json!({"message": "Closed for repairs."});
    Service {
        base_url,
        connection: json!({"apiKey": "right"}),
        names: Names::default(),
        look_up: json!({}),
        faults: vec![
            fault("4xx", 404, no, ErrorType::DataError, "[404] No such folder."),
            busy,
            fault("5xx", 503, down, ErrorType::ConnectionError, "[503] Closed for repairs."),
        ],
    }
}

/// The service that the example is about.
fn notes() -> Router {
    let routes = Router::new()
        .route("/v1/me", get(me))
        .route("/v1/folders", get(folders))
        .route("/v1/notes", get(list))
        .route("/v1/notes", post(write));
    routes.with_state(Notes::default())
}

fn answer(status: StatusCode, body: &Value) -> Answer {
    (status, [(CONTENT_TYPE, "application/json")], body.to_string())
}

/// What is asked for, to whoever has the key.
fn to_friends(headers: &HeaderMap, body: &Value) -> Answer {
    if headers.get("x-api-key").is_some_and(|key| key == "right") {
        return answer(StatusCode::OK, body);
    }
    answer(StatusCode::UNAUTHORIZED, &json!({"message": "The key is unknown."}))
}

async fn me(headers: HeaderMap) -> Answer {
    to_friends(&headers, &json!({"id": 5, "name": "Gita"}))
}

async fn folders(headers: HeaderMap) -> Answer {
    let folders = json!([{"id": 1, "name": "House"}, {"id": 2, "name": "Garden"}]);
    to_friends(&headers, &json!({"folders": folders}))
}

/// Newest first.
async fn list(State(notes): State<Notes>, uri: Uri, headers: HeaderMap) -> Answer {
    let asked = url(&format!("http://notes.test{uri}")).unwrap();
    let find = |name: &str| -> Option<usize> {
        asked.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.parse().unwrap())
    };
    let (folder, page) = (find("folder"), find("page").unwrap_or(1));
    let notes = notes.lock().await;
    let of_folder: Vec<&Value> =
        notes.iter().rev().filter(|note| note["folder"] == json!(folder)).collect();
    let shown: Vec<_> = of_folder.iter().skip((page - 1) * PAGE).take(PAGE).collect();
    let next = (page * PAGE < of_folder.len()).then_some(page + 1);
    to_friends(&headers, &json!({"notes": shown, "next": next}))
}

async fn write(State(notes): State<Notes>, headers: HeaderMap, body: Bytes) -> Answer {
    let mut note: Value = serde_json::from_slice(&body).unwrap();
    let mut notes = notes.lock().await;
    note["id"] = json!(notes.len() + 1);
    // Some share a second, as in life.
    note["written"] = json!(format!("2026-04-02T08:30:{:02}.000Z", notes.len() / 2));
    notes.push(note.clone());
    to_friends(&headers, &note)
}
