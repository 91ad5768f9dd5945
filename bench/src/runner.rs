//! Runs the scenarios against a server and collects the report.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use serde_json::Value;

use crate::database;
use crate::load::{self, Figures, LoadPlan, Pace, Requests, Turn};
use crate::process::{Launch, Server, free_address};
use crate::report::{Footprint, Report, Row};
use crate::request::Request;
use crate::scenario::{Bare, Database, QUERIES, Scenario, all};
use crate::setup;
use crate::template::Variables;
use crate::trivial;

/// Requests at a time while data is prepared: enough to fill the commit groups.
const SETUP_CALLERS: usize = 64;
/// How long a server may take to start or to stop, and a load may hear nothing.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// Bytes of the body that a bare insert gets: as many as the compared request has.
const BARE_BODY: usize = 230;
/// How long work after the answers may take.
const SETTLING: Duration = Duration::from_secs(20 * 60);
const IDLE_MEMORY_MIB: f64 = 64.0;
const PEAK_MEMORY_MIB: f64 = 256.0;
const START_MS: f64 = 300.0;

/// What to run, and on what.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The server under test.
    pub server: PathBuf,
    /// This program, which also serves the bare handlers.
    pub own_program: PathBuf,
    /// PostgreSQL address; SQLite in a fresh data directory per scenario without one.
    pub database_url: Option<String>,
    /// How long each load lasts.
    pub duration: LoadDuration,
    /// Only the scenarios whose name contains this.
    pub only: Option<String>,
}

/// How long a load lasts.
#[derive(Debug, Clone, Copy)]
pub struct LoadDuration {
    /// Before anything is measured.
    pub warm_up: Duration,
    /// Measured.
    pub measured: Duration,
}

/// What one scenario showed about the server, besides its figures.
struct Observed {
    figures: Figures,
    idle_mib: f64,
    peak_mib: f64,
    restart: Option<Duration>,
}

/// Runs all selected scenarios. What fails is in the report, and the rest goes on.
///
/// `progress` is told what begins. Fails only when the bare HTTP limit cannot be measured, because
/// then this machine cannot run anything.
pub fn run(settings: &Settings, mut progress: impl FnMut(&str)) -> Result<Report> {
    let database = match settings.database_url {
        None => Database::Sqlite,
        Some(_) => Database::Postgres,
    };
    progress("bare HTTP");
    let mut report = Report {
        cores: thread::available_parallelism().context("count the cores")?.get(),
        database: database.to_string(),
        bare_http: Some(bare_http(&settings.own_program, settings.duration)?),
        rows: Vec::new(),
        footprints: Vec::new(),
    };
    let selected = |scenario: &Scenario| {
        settings.only.as_ref().is_none_or(|part| scenario.name.contains(part.as_str()))
    };
    for scenario in all(database).into_iter().filter(selected) {
        progress(&scenario.name);
        let observed = measure(settings, &scenario);
        let bare = scenario.bare.map(|bare| measure_bare(settings, &scenario, bare));
        if let Ok(observed) = &observed {
            report.footprints.extend(footprints(&scenario, observed));
        }
        let figures = observed.map(|observed| observed.figures);
        let row = Row::judge(&scenario, figures, bare, |path| report.figures_of(path));
        report.rows.push(row);
    }
    Ok(report)
}

/// What the generator and a handler that does nothing reach together on this machine.
///
/// `own_program` is this program, which serves the handler in a process of its own.
pub fn bare_http(own_program: &Path, duration: LoadDuration) -> Result<Figures> {
    let directory = tempfile::tempdir().context("create a directory for the server's output")?;
    let address = free_address()?;
    let launch = Launch {
        program: own_program.to_path_buf(),
        arguments: ["serve-trivial".into(), "--listen".into(), address.to_string().into()].into(),
        address,
        log_directory: directory.path().into(),
    };
    let server = Server::start(&launch, &Request::get("/readyz").encode(), PATIENCE)?;
    let plan = plan(duration, server.address(), 64, Pace::Closed);
    let figures = run_load(&plan, vec![Request::get(trivial::PATH).encode()]);
    server.stop(PATIENCE)?;
    figures
}

fn measure(settings: &Settings, scenario: &Scenario) -> Result<Observed> {
    let directory = tempfile::tempdir().context("create a data directory")?;
    let store = Store::create(settings, directory.path())?;
    let mut variables = demo(settings, &store)?;
    let server = start(settings, &store, &Request::get("/readyz"))?;
    let observed = match observe(settings, scenario, &server, &mut variables) {
        Ok(observed) => observed,
        Err(error) => {
            let output = server.error_output()?;
            return Err(error.context(format!("the server's error output ends with:\n{output}")));
        }
    };
    let stopped = server.stop(PATIENCE)?;
    ensure!(stopped.in_time, "the server had to be killed at its end");
    if !scenario.restarts {
        store.remove()?;
        return Ok(observed);
    }
    let first = scenario.call.render(&variables, 0)?;
    let server = start(settings, &store, &first).context("start again")?;
    let restart = Some(server.first_answer());
    server.stop(PATIENCE)?;
    store.remove()?;
    Ok(Observed { restart, ..observed })
}

fn observe(
    settings: &Settings,
    scenario: &Scenario,
    server: &Server,
    variables: &mut Variables,
) -> Result<Observed> {
    let idle_mib = mib(server.memory()?.resident_kib);
    setup::run(server.address(), &scenario.setup, SETUP_CALLERS, variables)
        .context("prepare the data")?;
    if let Some(expected) = scenario.expected_items {
        let answer = setup::ask(server.address(), &scenario.call.render(variables, 0)?)?;
        let items = answer.as_array().map(Vec::len);
        ensure!(items == Some(expected), "{expected} items expected, not {items:?}: {answer}");
    }
    if let Some(ready) = &scenario.ready {
        wait_until(server.address(), &ready.call.render(variables, 0)?, ready.shows)?;
    }
    let encoded = (0..scenario.variants)
        .map(|index| Ok(scenario.call.render(variables, index)?.encode()))
        .collect::<Result<Vec<_>>>()?;
    let plan = plan(settings.duration, server.address(), scenario.callers, scenario.pace);
    let figures = run_load(&plan, encoded)?;
    let peak_mib = mib(server.memory()?.peak_kib);
    Ok(Observed { figures, idle_mib, peak_mib, restart: None })
}

/// Asks until the answer contains this text.
fn wait_until(server: SocketAddr, request: &Request, shows: &str) -> Result<()> {
    let deadline = Instant::now() + SETTLING;
    while !setup::ask(server, request)?.to_string().contains(shows) {
        ensure!(Instant::now() < deadline, "{} never shows {shows}", request.path);
        thread::sleep(Duration::from_millis(200));
    }
    Ok(())
}

/// The bare handler under the same load, with a request of the same length.
fn measure_bare(settings: &Settings, scenario: &Scenario, bare: Bare) -> Result<Figures> {
    let directory = tempfile::tempdir().context("create a data directory")?;
    let store = Store::create(settings, directory.path())?;
    let address = free_address()?;
    let mut arguments: Vec<OsString> =
        vec!["serve-bare".into(), "--listen".into(), address.to_string().into()];
    arguments.extend(store.arguments());
    let launch = Launch {
        program: settings.own_program.clone(),
        arguments,
        address,
        log_directory: directory.path().into(),
    };
    let server = Server::start(&launch, &Request::get("/readyz").encode(), PATIENCE)?;
    let request = Request {
        method: bare.method,
        path: bare.path.into(),
        body: (bare.method == "POST").then(|| "x".repeat(BARE_BODY)),
        ..Request::default()
    };
    let plan = plan(settings.duration, server.address(), scenario.callers, scenario.pace);
    let figures = run_load(&plan, vec![request.encode()]);
    server.stop(PATIENCE)?;
    store.remove()?;
    figures
}

fn plan(duration: LoadDuration, target: SocketAddr, callers: usize, pace: Pace) -> LoadPlan {
    let LoadDuration { warm_up, measured } = duration;
    LoadPlan { target, callers, pace, warm_up, measured, patience: PATIENCE }
}

/// Loads with the encoded requests in turn: caller c begins with request c.
fn run_load(plan: &LoadPlan, encoded: Vec<Bytes>) -> Result<Figures> {
    ensure!(!encoded.is_empty(), "a load needs at least one request");
    let callers = plan.callers as u64;
    let requests: Requests = Arc::new(move |turn: Turn| {
        let index = turn.caller as u64 + turn.sequence * callers;
        encoded[(index % encoded.len() as u64) as usize].clone()
    });
    load::run(plan, &requests)?.figures()
}

fn start(settings: &Settings, store: &Store, first_request: &Request) -> Result<Server> {
    let address = free_address()?;
    let mut arguments: Vec<OsString> =
        vec!["serve".into(), "--listen".into(), address.to_string().into()];
    arguments.extend(store.arguments());
    let launch = Launch {
        program: settings.server.clone(),
        arguments,
        address,
        log_directory: store.data.clone(),
    };
    Server::start(&launch, &first_request.encode(), PATIENCE)
}

/// A fresh database for one scenario: SQLite in the data directory, or one on the server given.
pub(crate) struct Store {
    data: PathBuf,
    created: Option<database::Created>,
}

impl Store {
    pub(crate) fn create(settings: &Settings, data: &Path) -> Result<Self> {
        let created = settings.database_url.as_deref().map(database::Created::on).transpose()?;
        Ok(Self { data: data.to_path_buf(), created })
    }

    pub(crate) fn arguments(&self) -> Vec<OsString> {
        let mut arguments = vec!["--data-dir".into(), self.data.clone().into()];
        if let Some(created) = &self.created {
            arguments.extend(["--database".into(), created.url().into()]);
        }
        arguments
    }

    pub(crate) fn remove(self) -> Result<()> {
        self.created.map_or(Ok(()), database::Created::remove)
    }
}

/// Creates the demo workspace and takes its ids and tokens.
pub(crate) fn demo(settings: &Settings, store: &Store) -> Result<Variables> {
    demo_variables(&credentials(settings, store)?)
}

/// Creates the demo workspace; answers what the command prints.
pub(crate) fn credentials(settings: &Settings, store: &Store) -> Result<Value> {
    let output = Command::new(&settings.server)
        .args(["demo", "--json"])
        .args(store.arguments())
        .output()
        .with_context(|| format!("run {}", settings.server.display()))?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "the demo command ends with {}: {errors}", output.status);
    serde_json::from_slice(&output.stdout).context("the demo command prints no JSON")
}

fn demo_variables(demo: &Value) -> Result<Variables> {
    let mut variables = Variables::default();
    for (name, pointer) in [
        ("workspace", "/workspace_id"),
        ("author_token", "/users/0/twist_token"),
        ("reader", "/users/1/id"),
        ("reader_token", "/users/1/twist_token"),
    ] {
        let value = match demo.pointer(pointer) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => anyhow::bail!("the demo command prints no {pointer}"),
        };
        variables.set(name, vec![value]);
    }
    variables.set("queries", QUERIES.iter().map(ToString::to_string).collect());
    variables.set("numbers", (0..1_000).map(|n: i32| n.to_string()).collect());
    Ok(variables)
}

fn footprints(scenario: &Scenario, observed: &Observed) -> Vec<Footprint> {
    let name = &scenario.name;
    let memory = |what: &str, measured: f64, at_most: f64| Footprint {
        what: format!("{what}: {name}"),
        measured,
        at_most,
        unit: "MiB",
    };
    let mut footprints = vec![
        memory("idle memory", observed.idle_mib, IDLE_MEMORY_MIB),
        memory("peak memory", observed.peak_mib, PEAK_MEMORY_MIB),
    ];
    footprints.extend(observed.restart.map(|time| Footprint {
        what: format!("start to first answer: {name}"),
        measured: time.as_secs_f64() * 1000.0,
        at_most: START_MS,
        unit: "ms",
    }));
    footprints
}

fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_demo_contract_fills_the_first_variables() {
        let demo = json!({"workspace_id": 4, "users": [
            {"id": 1, "twist_token": "aa"}, {"id": 2, "twist_token": "bb"}
        ]});
        let variables = demo_variables(&demo).unwrap();
        assert_eq!(variables.value("workspace", 0).unwrap(), "4");
        assert_eq!(variables.value("author_token", 0).unwrap(), "aa");
        assert_eq!(variables.value("reader", 0).unwrap(), "2");
        assert_eq!(variables.value("reader_token", 0).unwrap(), "bb");
        let error = demo_variables(&json!({"workspace_id": 4})).unwrap_err().to_string();
        assert!(error.contains("/users/0/twist_token"), "{error}");
    }
}
