//! Preparing data through an API.

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::{get, post};
use halyard_bench::request::Request;
use halyard_bench::setup::{self, Step};
use halyard_bench::template::{Template, Variables};

use support::TestServer;

/// Answers each thread and comment with the next id, and keeps the bodies in order.
fn api() -> (TestServer, Arc<Mutex<Vec<String>>>) {
    let bodies = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&bodies);
    let add = move |body: String| {
        let mut bodies = kept.lock().expect("no handler panics while holding it");
        bodies.push(body);
        let id = 100 + bodies.len();
        async move { format!("{{\"id\":{id}}}") }
    };
    let full = || async { (StatusCode::SERVICE_UNAVAILABLE, "{\"error_code\":201}") };
    let router = Router::new()
        .route("/threads/add", post(add.clone()))
        .route("/comments/add", post(add))
        .route("/status", post(|| async { "{\"status\":\"ok\"}" }))
        .route("/list", get(|| async { "[1,2,3]" }))
        .route("/full", post(full));
    (TestServer::start(router), bodies)
}

fn variables() -> Variables {
    let mut variables = Variables::default();
    variables.set("token", vec!["t".into()]);
    variables
}

fn step(path: &'static str, body: &str, times: u64, save: Option<&'static str>) -> Step {
    Step {
        call: Template::post("token", path, body),
        times,
        rest: Duration::ZERO,
        save_ids_as: save,
    }
}

#[test]
fn later_steps_use_the_ids_of_earlier_ones() {
    let (server, bodies) = api();
    let steps = [
        step("/threads/add", "thread $index", 3, Some("threads")),
        step("/comments/add", "$threads", 30, None),
    ];
    let mut variables = variables();
    setup::run(server.address, &steps, 4, &mut variables).unwrap();
    let bodies = bodies.lock().unwrap();
    let mut first: Vec<&str> = bodies[..3].iter().map(String::as_str).collect();
    first.sort_unstable();
    assert_eq!(first, ["thread 0", "thread 1", "thread 2"]);
    for id in ["101", "102", "103"] {
        assert_eq!(bodies[3..].iter().filter(|body| *body == id).count(), 10, "{id}");
    }
    assert_eq!(bodies.len(), 33);
}

#[test]
fn what_the_server_refuses_is_an_error_with_its_body() {
    let (server, _) = api();
    let refused = [step("/full", "x", 5, None)];
    let error = setup::run(server.address, &refused, 2, &mut variables()).unwrap_err();
    let text = format!("{error:#}");
    assert!(text.contains("POST /full answers 503: {\"error_code\":201}"), "{text}");
}

#[test]
fn an_answer_without_the_id_to_save_is_an_error() {
    let (server, _) = api();
    let without = [step("/status", "x", 1, Some("threads"))];
    let error = setup::run(server.address, &without, 1, &mut variables()).unwrap_err();
    assert!(format!("{error:#}").contains("has no id"), "{error:#}");
}

#[test]
fn a_single_answer_is_decoded() {
    let (server, _) = api();
    let answer = setup::ask(server.address, &Request::get("/list")).unwrap();
    assert_eq!(answer, serde_json::json!([1, 2, 3]));
    assert!(setup::ask(server.address, &Request::get("/missing")).is_err());
}
