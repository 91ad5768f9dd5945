//! Starting, watching and stopping a server process.

use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use halyard_bench::process::{Launch, Server, free_address};
use halyard_bench::request::Request;
use halyard_bench::runner::{LoadDuration, bare_http};

const PROGRAM: &str = env!("CARGO_BIN_EXE_halyard-bench");
const PATIENCE: Duration = Duration::from_secs(10);

fn launch(directory: &Path) -> Launch {
    let address = free_address().expect("find a free port");
    Launch {
        program: PROGRAM.into(),
        arguments: ["serve-trivial".into(), "--listen".into(), address.to_string().into()].into(),
        address,
        log_directory: directory.to_path_buf(),
    }
}

fn readyz() -> Bytes {
    Request::get("/readyz").encode()
}

fn is_running(id: u32) -> bool {
    Path::new(&format!("/proc/{id}")).exists()
}

#[test]
fn a_server_is_started_measured_and_stopped() {
    let directory = tempfile::tempdir().unwrap();
    let started = Instant::now();
    let server = Server::start(&launch(directory.path()), &readyz(), PATIENCE).unwrap();
    assert!(server.first_answer() > Duration::ZERO && server.first_answer() <= started.elapsed());
    let memory = server.memory().unwrap();
    assert!(memory.resident_kib > 500, "{memory:?}");
    assert!(memory.peak_kib >= memory.resident_kib / 2, "{memory:?}");
    let id = server.id();
    assert!(is_running(id));
    let stopped = server.stop(PATIENCE).unwrap();
    assert!(stopped.in_time && !is_running(id), "{stopped:?}");
}

#[test]
fn a_server_that_ignores_the_request_to_end_is_killed() {
    let directory = tempfile::tempdir().unwrap();
    let mut launch = launch(directory.path());
    // An ignored signal stays ignored in the program that replaces the shell.
    let script = "trap '' TERM; exec \"$0\" \"$@\"";
    let mut arguments = vec!["-c".into(), script.into(), PROGRAM.into()];
    arguments.append(&mut launch.arguments);
    let launch = Launch { program: "/bin/sh".into(), arguments, ..launch };
    let server = Server::start(&launch, &readyz(), PATIENCE).unwrap();
    let id = server.id();
    let stopped = server.stop(Duration::from_millis(100)).unwrap();
    assert!(!stopped.in_time && !is_running(id), "{stopped:?}");
}

#[test]
fn a_dropped_server_does_not_stay() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(&launch(directory.path()), &readyz(), PATIENCE).unwrap();
    let id = server.id();
    drop(server);
    assert!(!is_running(id));
}

#[test]
fn a_server_that_ends_at_its_start_is_reported_with_its_errors() {
    let directory = tempfile::tempdir().unwrap();
    let launch = Launch { arguments: vec!["serve-nothing".into()], ..launch(directory.path()) };
    let started = Instant::now();
    let error = Server::start(&launch, &readyz(), PATIENCE).err().unwrap();
    let text = format!("{error:#}");
    assert!(text.contains("ended at its start"), "{text}");
    assert!(text.contains("unrecognized subcommand 'serve-nothing'"), "{text}");
    assert!(started.elapsed() < PATIENCE, "the end is noticed before the deadline");
}

#[test]
fn a_server_that_is_never_ready_is_given_up() {
    let directory = tempfile::tempdir().unwrap();
    let request = Request::get("/missing").encode();
    let patience = Duration::from_millis(500);
    let started = Instant::now();
    let error = Server::start(&launch(directory.path()), &request, patience).err().unwrap();
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    let text = format!("{error:#}");
    assert!(text.contains("not ready"), "{text}");
}

#[test]
fn the_ceiling_is_measured_in_a_process_of_its_own() {
    let duration =
        LoadDuration { warm_up: Duration::from_millis(20), measured: Duration::from_millis(100) };
    let figures = bare_http(Path::new(PROGRAM), duration).unwrap();
    assert!(figures.per_second > 0.0 && figures.p99_ms > 0.0, "{figures:?}");
}
