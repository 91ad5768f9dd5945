//! What an app costs over a client written by hand that makes the same call.
//!
//! Both send through the same outbound connections to a server on this machine that sends back what
//! it gets. The difference is what the executor does: expressions, bounds, masks, records.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, anyhow, ensure};
use axum::{Router, routing::post};
use bytes::Bytes;
use halyard_automation::apps::{
    App, Files, Function,
    function::Scripts,
    load,
    run::{self, Host, Scene},
};
use halyard_iml::{Collection, Context, Date, Environment, Program, Seeded, Value};
use halyard_platform::{
    clock::Clock,
    outbound::{Method, Options, Outbound, Request, header, url},
    random::Random,
};
use serde_json::json;

/// Calls at the same time.
const IN_FLIGHT: usize = 64;
/// The share of the calls of the client written by hand that an app must reach.
const BAR: f64 = 0.6;
/// Calls over which memory must not grow.
const MANY: u64 = 100_000;
/// What it may grow nevertheless: caches and free lists settle late.
const GROWTH_BAR_MIB: f64 = 8.0;
const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// The figures.
#[derive(Debug)]
pub struct Figures {
    /// Calls of the app in each second.
    pub app: f64,
    /// Calls of the client written by hand in each second.
    pub by_hand: f64,
    /// Growth of memory over many calls, in MiB.
    pub growth: f64,
    /// Calls of a small function in JavaScript in each second, one after the other.
    pub small_function: f64,
    /// The same of a function that calls the language back twice.
    pub calling_back: f64,
}

impl fmt::Display for Figures {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = |met: bool| if met { "met" } else { "missed" };
        let ratio = self.app / self.by_hand;
        writeln!(out, "client written by hand, {IN_FLIGHT} in flight  {:>8.0}/s", self.by_hand)?;
        writeln!(
            out,
            "module of an app, {IN_FLIGHT} in flight        {:>8.0}/s = {ratio:.2} (bar {BAR}: {})",
            self.app,
            verdict(ratio >= BAR)
        )?;
        writeln!(
            out,
            "memory over {MANY} calls           {:>+8.1} MiB (at most {GROWTH_BAR_MIB}: {})",
            self.growth,
            verdict(self.growth <= GROWTH_BAR_MIB)
        )?;
        for (what, calls) in [
            ("small function in JavaScript", self.small_function),
            ("function that calls iml.* twice", self.calling_back),
        ] {
            let each = 1000.0 / calls;
            writeln!(out, "{what:<36}{calls:>9.0}/s = {each:.2} ms each")?;
        }
        Ok(())
    }
}

/// Measures; `warm_up` and `measured` are for each of the two clients.
///
/// # Errors
/// When a call fails.
pub fn run(warm_up: Duration, measured: Duration) -> Result<Figures> {
    let address = echo()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let allow = vec!["127.0.0.1".parse().map_err(|error: String| anyhow!(error))?];
        let outbound =
            Outbound::new(Options { allow, idle_per_host: IN_FLIGHT, ..Options::default() })?;
        let host = Host::new(outbound.clone(), Clock::system(), Random::os());
        let app = Arc::new(app(&address)?);
        let parameters = Value::from_json(
            r#"{"thread": 17, "content": "Shall we meet at nine?", "people": [1, 2, 3]}"#,
        )
        .map_err(|error| anyhow!(error))?;
        let as_app = Arc::new(Caller::App { host, app, parameters });
        let by_hand = Arc::new(Caller::ByHand { outbound, address });
        // In turns, so that neither has the quieter machine.
        let mut figures = [Vec::new(), Vec::new()];
        for _ in 0..3 {
            for (caller, figures) in [&by_hand, &as_app].into_iter().zip(&mut figures) {
                calls(caller, Until::Time(warm_up / 3)).await?;
                figures.push(calls(caller, Until::Time(measured / 3)).await?);
            }
        }
        calls(&as_app, Until::Count(MANY / 5)).await?;
        let before = memory()?;
        calls(&as_app, Until::Count(MANY)).await?;
        let growth = memory()? - before;
        let [by_hand, app] = figures.map(|all| all.iter().sum::<f64>() / all.len() as f64);
        let (small_function, calling_back) = functions(measured / 3)?;
        Ok(Figures { app, by_hand, growth, small_function, calling_back })
    })
}

/// Functions of an app as its expressions call them, in each second.
fn functions(measured: Duration) -> Result<(f64, f64)> {
    let codes = [
        ("small", "function small(a, b) { return a * b + 1; }"),
        (
            "back",
            "function back(text) { return iml.upper(iml.substring(text, 0, 4)) + iml.length(text); }",
        ),
    ];
    let codes =
        codes.map(|(name, code)| (name.to_owned(), Function { code: code.into(), test: None }));
    let scripts = Scripts::new(&codes.into_iter().collect());
    let known = |name: &str| scripts.has(name);
    let randomness = Seeded::new(1);
    let now = Date::from_ms(0).context("a date")?;
    let mut environment = Environment::new(now, &randomness);
    environment.functions = &scripts;
    let each = |source: &str, expected: &str| -> Result<f64> {
        let context = Context { host_function: &known, ..Context::default() };
        let (program, _) = Program::template(source, context);
        let started = Instant::now();
        let mut calls = 0_u32;
        while started.elapsed() < measured {
            let value = program.evaluate(&Collection::default(), &environment);
            let value = value.map_err(|error| anyhow!("{source}: {error}"))?.to_json();
            let value = value.map_err(|error| anyhow!("{source}: {error}"))?;
            ensure!(value == expected, "{source} is {value}");
            calls += 1;
        }
        Ok(f64::from(calls) / started.elapsed().as_secs_f64())
    };
    Ok((each("{{small(6, 7)}}", "43")?, each("{{back('windlass')}}", "\"WIND8\"")?))
}

#[derive(Clone, Copy)]
enum Until {
    Time(Duration),
    Count(u64),
}

/// Calls in each second.
async fn calls(caller: &Arc<Caller>, until: Until) -> Result<f64> {
    let done = Arc::new(AtomicU64::new(0));
    let started = Instant::now();
    let mut tasks = Vec::with_capacity(IN_FLIGHT);
    for _ in 0..IN_FLIGHT {
        let (caller, done) = (caller.clone(), done.clone());
        tasks.push(tokio::spawn(async move {
            loop {
                let number = done.fetch_add(1, Ordering::Relaxed);
                let over = match until {
                    Until::Time(time) => started.elapsed() >= time,
                    Until::Count(count) => number >= count,
                };
                if over {
                    return Ok::<(), anyhow::Error>(());
                }
                caller.call().await?;
            }
        }));
    }
    for task in tasks {
        task.await??;
    }
    let count = done.load(Ordering::Relaxed) - IN_FLIGHT as u64;
    Ok(count as f64 / started.elapsed().as_secs_f64())
}

enum Caller {
    App { host: Host, app: Arc<App>, parameters: Value },
    ByHand { outbound: Outbound, address: String },
}

impl Caller {
    async fn call(&self) -> Result<()> {
        match self {
            Self::App { host, app, parameters } => {
                let mut scene = Scene::new(app, parameters.clone());
                scene.connection = Value::from_json(&format!("{{\"token\": \"{TOKEN}\"}}")).ok();
                scene.secrets = vec![TOKEN.into()];
                let outcome = run::module(host, &app.modules["AddComment"], &scene).await?;
                ensure!(outcome.bundles.len() == 1, "there is no bundle");
                Ok(())
            }
            Self::ByHand { outbound, address } => {
                let body = json!({
                    "thread_id": 17, "content": "Shall we meet at nine?", "recipients": [1, 2, 3],
                });
                let mut request =
                    Request::new(Method::POST, url(&format!("{address}/comments/add"))?);
                let headers = &mut request.headers;
                headers.insert(header::AUTHORIZATION, format!("Bearer {TOKEN}").parse()?);
                headers.insert(header::CONTENT_TYPE, "application/json".parse()?);
                request.body = body.to_string().into();
                request.title_case = true;
                let answer = outbound.send(request).await?;
                ensure!(answer.status.is_success(), "it answers {}", answer.status);
                let body: serde_json::Value = serde_json::from_slice(&answer.body)?;
                let bundle = json!({"thread": body["thread_id"], "content": body["content"]});
                ensure!(bundle["thread"] == 17, "it answers something else");
                Ok(())
            }
        }
    }
}

fn app(address: &str) -> Result<App> {
    let files: Files = [
        (
            "makecomapp.json",
            r#"{"fileVersion": 1, "generalCodeFiles": {"base": "base.json", "common": null,
                "readme": null, "groups": null}, "components": {"module": {"AddComment": {
                "label": "Add a comment", "moduleType": "action", "actionCrud": "create",
                "codeFiles": {"communication": "add.json"}}}}}"#
                .to_owned(),
        ),
        (
            "base.json",
            format!(
                r#"{{"baseUrl": "{address}", "headers": {{"authorization": "Bearer {{{{connection.token}}}}"}},
                "response": {{"error": {{"message": "[{{{{statusCode}}}}] {{{{body.error_string}}}}"}}}},
                "log": {{"sanitize": ["request.headers.authorization"]}}}}"#
            ),
        ),
        (
            "add.json",
            r#"{"url": "/comments/add", "method": "POST", "body": {"thread_id": "{{parameters.thread}}",
                "content": "{{parameters.content}}", "recipients": "{{parameters.people}}"},
                "response": {"output": {"thread": "{{body.thread_id}}", "content": "{{body.content}}"}}}"#
                .to_owned(),
        ),
    ]
    .into_iter()
    .map(|(path, text)| (path, text.into_bytes()))
    .collect();
    let loaded = load(&files);
    loaded.app.with_context(|| format!("{:?}", loaded.findings))
}

/// A server in a thread of its own that sends back what it gets.
fn echo() -> Result<String> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::spawn(move || {
        runtime.block_on(async move {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            let echo = |body: Bytes| async move { ([("content-type", "application/json")], body) };
            axum::serve(listener, Router::new().route("/comments/add", post(echo))).await
        })
    });
    Ok(format!("http://{address}"))
}

/// What this process holds in memory, in MiB.
fn memory() -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status").context("read the own status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let line = line.context("the status has no VmRSS")?;
    let kib: f64 = line.trim().trim_end_matches("kB").trim().parse().context("read VmRSS")?;
    Ok(kib / 1024.0)
}
