//! The load generator against servers whose behaviour is known.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use axum::routing::{get, post};
use halyard_bench::connection::{Connection, Keep};
use halyard_bench::load::{self, LoadPlan, Pace, Requests, Turn};
use halyard_bench::request::Request;

use support::TestServer;

fn plan(server: &TestServer) -> LoadPlan {
    LoadPlan {
        target: server.address,
        callers: 8,
        pace: Pace::Closed,
        warm_up: Duration::from_millis(50),
        measured: Duration::from_millis(250),
        patience: Duration::from_secs(10),
    }
}

fn always(request: &Request) -> Requests {
    let request = request.encode();
    Arc::new(move |_| request.clone())
}

#[test]
fn every_request_is_sent_and_counted_exactly_once() {
    let received = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&received);
    let server = TestServer::start(Router::new().route(
        "/",
        get(move || {
            counter.fetch_add(1, Ordering::SeqCst);
            async { "counted" }
        }),
    ));
    let result = load::run(&plan(&server), &always(&Request::get("/"))).unwrap();
    assert_eq!(result.answers, received.load(Ordering::SeqCst));
    assert_eq!((result.failures, result.reconnects), (0, 0), "{:?}", result.first_failure);
    // The window is five sixths of the run, and the answers of the whole run bound those in it.
    let in_window = (result.per_second * 0.25).round() as u64;
    assert!(in_window > 0 && in_window < result.answers, "{in_window} of {}", result.answers);
    assert!(result.latency.count() > 0 && result.latency.count() < result.answers);
    let figures = result.figures().unwrap();
    assert!(figures.p50_ms > 0.0 && figures.p50_ms <= figures.p90_ms, "{figures:?}");
    assert!(figures.p90_ms <= figures.p99_ms && figures.p99_ms <= figures.max_ms, "{figures:?}");
}

#[test]
fn each_caller_counts_its_own_turns() {
    let mismatches = Arc::new(AtomicU64::new(0));
    let seen: Arc<[AtomicU64; 4]> = Arc::default();
    let (wrong, expected) = (Arc::clone(&mismatches), Arc::clone(&seen));
    let server = TestServer::start(Router::new().route(
        "/",
        post(move |body: String| {
            let (caller, sequence) = body.split_once(' ').unwrap();
            let caller: usize = caller.parse().unwrap();
            let next = expected[caller].fetch_add(1, Ordering::SeqCst);
            if sequence.parse::<u64>().unwrap() != next {
                wrong.fetch_add(1, Ordering::SeqCst);
            }
            async { "ok" }
        }),
    ));
    let requests: Requests = Arc::new(|turn: Turn| {
        let body = format!("{} {}", turn.caller, turn.sequence);
        Request { method: "POST", path: "/".into(), token: None, body: Some(body) }.encode()
    });
    let result = load::run(&LoadPlan { callers: 4, ..plan(&server) }, &requests).unwrap();
    assert_eq!(result.failures, 0, "{:?}", result.first_failure);
    assert_eq!(mismatches.load(Ordering::SeqCst), 0);
    assert!(seen.iter().all(|turns| turns.load(Ordering::SeqCst) > 1));
}

#[test]
fn one_answer_other_than_200_fails_the_run_with_its_body() {
    let received = Arc::new(AtomicU64::new(0));
    let server = TestServer::start(Router::new().route(
        "/",
        get(move || {
            let number = received.fetch_add(1, Ordering::SeqCst);
            async move {
                if number == 20 {
                    (StatusCode::SERVICE_UNAVAILABLE, "queue full")
                } else {
                    (StatusCode::OK, "fine")
                }
            }
        }),
    ));
    let result = load::run(&plan(&server), &always(&Request::get("/"))).unwrap();
    assert_eq!(result.failures, 1);
    assert!(result.answers > 21, "the other requests go on: {}", result.answers);
    assert_eq!(result.first_failure.as_deref(), Some("status 503: queue full"));
    let error = result.figures().unwrap_err().to_string();
    assert!(error.contains("status 503: queue full"), "{error}");
}

#[test]
fn a_server_that_closes_is_called_on_a_new_connection() {
    let server = TestServer::start(
        Router::new().route("/", get(|| async { ([("connection", "close")], "bye") })),
    );
    let result = load::run(&plan(&server), &always(&Request::get("/"))).unwrap();
    assert_eq!(result.failures, 0, "{:?}", result.first_failure);
    assert_eq!(result.reconnects, result.answers);
    assert!(result.answers > 8);
}

#[test]
fn a_server_that_never_answers_fails_the_run_in_bounded_time() {
    let server = TestServer::start(Router::new().route("/", get(std::future::pending::<()>)));
    let started = Instant::now();
    let impatient = LoadPlan { patience: Duration::from_millis(200), ..plan(&server) };
    let result = load::run(&impatient, &always(&Request::get("/"))).unwrap();
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    assert_eq!((result.answers, result.failures), (0, 1));
    assert!(result.first_failure.unwrap().contains("no answer"));
}

#[test]
fn no_server_is_an_error() {
    let nobody = TestServer::start(Router::new());
    let plan = plan(&nobody);
    drop(nobody);
    assert!(load::run(&plan, &always(&Request::get("/"))).is_err());
}

#[test]
fn open_loop_keeps_its_rate() {
    let server = TestServer::start(Router::new().route("/", get(|| async { "quick" })));
    let steady = LoadPlan {
        pace: Pace::Open { per_second: 400.0 },
        warm_up: Duration::ZERO,
        measured: Duration::from_secs(1),
        ..plan(&server)
    };
    let result = load::run(&steady, &always(&Request::get("/"))).unwrap();
    assert_eq!(result.failures, 0, "{:?}", result.first_failure);
    assert_eq!(result.answers, 400, "each intended start is one request");
    assert!((320.0..=400.0).contains(&result.per_second), "{}", result.per_second);
}

#[test]
fn open_loop_shows_the_delay_that_a_stall_causes() {
    const STALL: Duration = Duration::from_millis(200);
    let stalls = Arc::new(AtomicBool::new(true));
    let received = Arc::new(AtomicU64::new(0));
    // The handler blocks the server's only thread, so that all its connections stall together.
    let server = TestServer::start(Router::new().route(
        "/",
        get(move || {
            if received.fetch_add(1, Ordering::SeqCst) >= 100
                && stalls.swap(false, Ordering::SeqCst)
            {
                std::thread::sleep(STALL);
            }
            async { "ok" }
        }),
    ));
    let steady = LoadPlan {
        callers: 2,
        pace: Pace::Open { per_second: 500.0 },
        warm_up: Duration::ZERO,
        measured: Duration::from_secs(1),
        ..plan(&server)
    };
    let result = load::run(&steady, &always(&Request::get("/"))).unwrap();
    assert_eq!(result.failures, 0, "{:?}", result.first_failure);
    assert_eq!(result.answers, 500);
    // 100 of the 500 requests were due during the stall, though only two could be sent then: the
    // slowest hundredth waited for almost all of it, and the slowest tenth for half of it.
    let figures = result.figures().unwrap();
    assert!(figures.p99_ms >= 180.0, "{figures:?}");
    assert!(figures.p90_ms >= 80.0, "{figures:?}");
    assert!(figures.p50_ms < 80.0, "{figures:?}");
}

#[tokio::test]
async fn bodies_of_every_framing_and_size_are_read_whole() {
    fn text(bytes: usize) -> String {
        (0..bytes).map(|i| char::from(b'a' + (i % 26) as u8)).collect()
    }
    let pieces = || {
        let pieces = [1, 70_000, 15].map(|size| Ok::<_, std::io::Error>(Bytes::from(text(size))));
        Body::from_stream(futures_util::stream::iter(pieces))
    };
    let server = TestServer::start(
        Router::new()
            .route("/empty", get(|| async {}))
            .route("/none", get(|| async { StatusCode::NO_CONTENT }))
            .route("/small", get(|| async { text(10) }))
            .route("/large", get(|| async { text(300_000) }))
            .route("/chunked", get(move || async move { pieces() })),
    );
    let mut connection = Connection::open(server.address).await.unwrap();
    for (path, status, expected) in [
        ("/empty", 200, String::new()),
        ("/chunked", 200, text(1) + &text(70_000) + &text(15)),
        ("/small", 200, text(10)),
        ("/none", 204, String::new()),
        ("/large", 200, text(300_000)),
        ("/missing", 404, String::new()),
        ("/small", 200, text(10)),
    ] {
        let request = Request::get(path).encode();
        let answer = connection.exchange(&request, Keep::All).await.unwrap();
        assert_eq!((answer.status, answer.reusable), (status, true), "{path}");
        assert!(connection.body() == expected.as_bytes(), "{path}");
        let answer = connection.exchange(&request, Keep::Failures).await.unwrap();
        assert_eq!((answer.status, answer.reusable), (status, true), "{path}");
        assert!(connection.body().is_empty(), "{path}");
    }
}
