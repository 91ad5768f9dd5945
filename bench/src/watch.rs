//! From a request to the line that `halyard app watch` prints of its event.
//!
//! One server, and a process for each of the six triggers of the Twist app, all at the same time. What
//! is done, and what the line must say, are those of the test of the triggers.

use std::{
    collections::HashMap,
    fmt, fs,
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::{
    connection::{Connection, Keep},
    process::{Launch, Server, free_address},
    request::Request,
    runner::{PATIENCE, Settings, Store, credentials},
};

#[path = "../../crates/server/tests/apps/twist/events.rs"]
mod events;
#[path = "../../crates/server/tests/apps/driver/names.rs"]
mod names;

use names::{Names, matches};

/// What a line may take.
const BAR: Duration = Duration::from_millis(100);

/// What was measured, in the order of the triggers.
#[derive(Debug)]
pub struct Figures(Vec<Figure>);

/// One event of a trigger.
#[derive(Debug)]
struct Figure {
    module: &'static str,
    event: &'static str,
    /// From sending the request until the line was there, shortest first.
    took: Vec<Duration>,
}

impl Figure {
    fn median(&self) -> Duration {
        self.took.get(self.took.len() / 2).copied().unwrap_or_default()
    }

    fn worst(&self) -> Duration {
        self.took.last().copied().unwrap_or_default()
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |time: Duration| time.as_secs_f64() * 1000.0;
        let rounds = self.0.first().map_or(0, |figure| figure.took.len());
        writeln!(
            out,
            "from a request to the line of app watch, ms ({rounds} rounds)  p50   worst"
        )?;
        for figure in &self.0 {
            let Figure { module, event, .. } = figure;
            let (median, worst) = (ms(figure.median()), ms(figure.worst()));
            writeln!(out, "{module:<16}{event:<34}{median:>9.1}{worst:>8.1}")?;
        }
        let slowest = self.0.iter().map(Figure::median).max().unwrap_or_default();
        let verdict = if slowest <= BAR { "met" } else { "missed" };
        writeln!(out, "slowest median {:.1} ms (bar {}: {verdict})", ms(slowest), ms(BAR))
    }
}

/// Measures every event of every trigger so many times.
///
/// # Errors
/// When a program cannot be started, a request is refused, or a line does not come.
pub fn run(settings: &Settings, rounds: u32, mut progress: impl FnMut(&str)) -> Result<Figures> {
    let directory = tempfile::tempdir().context("create a data directory")?;
    let store = Store::create(settings, directory.path())?;
    let demo = credentials(settings, &store)?;
    let address = free_address()?;
    let mut arguments = vec!["serve".into(), "--demo".into()];
    arguments.extend(["--listen".into(), address.to_string().into()]);
    arguments.extend(store.arguments());
    let launch = Launch {
        program: settings.server.clone(),
        arguments,
        address,
        log_directory: directory.path().to_owned(),
    };
    let server = Server::start(&launch, &Request::get("/readyz").encode(), PATIENCE)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let connection = runtime.block_on(Connection::open(address))?;
    let token = demo.pointer("/users/0/twist_token").and_then(Value::as_str);
    let token = token.context("the demo command prints no token")?.to_owned();
    connect(settings, &store, directory.path(), &address.to_string(), &token)?;
    let mut desk = Desk { runtime, connection, token, names: Names::default() };
    desk.furnish(&demo)?;
    let triggers = events::all();
    let mut watchers = Vec::new();
    for trigger in &triggers {
        progress(trigger.module);
        let input = desk.names.fill(&trigger.input);
        watchers.push(Watcher::start(settings, &store, directory.path(), trigger.module, &input)?);
    }
    let mut took: HashMap<(&str, &str), Vec<Duration>> = HashMap::new();
    let mut order = Vec::new();
    for round in 0..rounds {
        progress(&format!("round {}", round + 1));
        // Made anew, because what a round has made is gone at its end.
        for (trigger, watcher) in events::all().iter().zip(&watchers) {
            for cause in &trigger.causes {
                let Some((event, time)) = desk.happen(cause, watcher)? else { continue };
                let key = (trigger.module, event);
                if !order.contains(&key) {
                    order.push(key);
                }
                took.entry(key).or_default().push(time);
            }
        }
    }
    for watcher in watchers {
        watcher.stop()?;
    }
    server.stop(PATIENCE)?;
    store.remove()?;
    let figures = order.into_iter().map(|(module, event)| {
        let mut took = took.remove(&(module, event)).unwrap_or_default();
        took.sort_unstable();
        Figure { module, event, took }
    });
    Ok(Figures(figures.collect()))
}

/// Makes the connection that the triggers use.
fn connect(
    settings: &Settings,
    store: &Store,
    directory: &Path,
    address: &str,
    token: &str,
) -> Result<()> {
    let file = directory.join("token");
    fs::write(&file, token).context("write the token")?;
    let output = Command::new(&settings.server)
        .args(["connection", "add", "bench", "--app", "twist", "--kind", "twist-token"])
        .args(["--base-url", &format!("http://{address}")])
        .args(["--set-file", &format!("accessToken={}", file.display())])
        .args(store.arguments())
        .output()
        .context("add a connection")?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "adding a connection ends with {}: {errors}", output.status);
    Ok(())
}

/// Whoever makes events happen.
struct Desk {
    runtime: Runtime,
    connection: Connection,
    token: String,
    names: Names,
}

impl Desk {
    /// Makes the things that triggers are pointed at.
    fn furnish(&mut self, demo: &Value) -> Result<()> {
        for (at, name) in ["ada", "ben"].into_iter().enumerate() {
            self.names.set(name, demo["users"][at].clone());
        }
        self.names.set("team", json!({"id": demo["workspace_id"]}));
        for (name, path, form) in [
            ("channel", "channels/add", json!({"workspace_id": "$team.id", "name": "Bench"})),
            (
                "thread",
                "threads/add",
                json!({"channel_id": "$channel.id", "title": "Bench", "content": "Text"}),
            ),
            (
                "talk",
                "conversations/get_or_create",
                json!({"workspace_id": "$team.id", "user_ids": ["$ben.id"]}),
            ),
        ] {
            let thing = self.post(path, &self.names.fill(&form))?;
            self.names.set(name, thing);
        }
        Ok(())
    }

    fn post(&mut self, path: &str, form: &Value) -> Result<Value> {
        let request = Request {
            method: "POST",
            path: format!("/api/v3/{path}"),
            token: Some(self.token.clone()),
            body: Some(form.to_string()),
        };
        let request = request.encode();
        let answer = self.runtime.block_on(self.connection.exchange(&request, Keep::All))?;
        let body: Value = serde_json::from_slice(self.connection.body()).context("no JSON")?;
        ensure!(answer.status == 200, "{path}: {} {body}", answer.status);
        Ok(body)
    }

    /// Sends the request of a cause; answers how long the line of its event took.
    fn happen(
        &mut self,
        cause: &events::Cause,
        watcher: &Watcher,
    ) -> Result<Option<(&'static str, Duration)>> {
        let form = self.names.fill(&cause.form);
        let started = Instant::now();
        let answer = self.post(cause.path, &form)?;
        if let Some(name) = cause.name {
            self.names.set(name, answer);
        }
        let Some(event) = cause.event else { return Ok(None) };
        let expected = self.names.fill(&cause.bundle);
        loop {
            let line = watcher.out.recv_timeout(PATIENCE);
            let (at, line) = line.with_context(|| format!("no line of {event}"))?;
            let bundle: Value = serde_json::from_str(&line).context("a line is no JSON")?;
            if bundle["event"] == event && matches(&bundle, &expected).is_ok() {
                return Ok(Some((event, at.saturating_duration_since(started))));
            }
        }
    }
}

/// A process that watches one trigger. It is killed when it is dropped.
struct Watcher {
    child: Child,
    out: Lines,
}

type Lines = Receiver<(Instant, String)>;

impl Watcher {
    /// Starts it, and waits until its webhook is attached.
    fn start(
        settings: &Settings,
        store: &Store,
        directory: &Path,
        module: &str,
        input: &Value,
    ) -> Result<Self> {
        let file = directory.join(format!("{module}.json"));
        fs::write(&file, input.to_string()).context("write the input of a trigger")?;
        let mut child = Command::new(&settings.server)
            .args(["app", "watch", "twist", module, "--connection", "bench", "--input"])
            .arg(&file)
            .args(store.arguments())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("watch {module}"))?;
        let out = lines(child.stdout.take().context("no standard output")?);
        let err = lines(child.stderr.take().context("no standard error")?);
        let watcher = Self { child, out };
        let deadline = Instant::now() + PATIENCE;
        let mut said = String::new();
        // A busy machine has lines of the log in between.
        while let Ok((_, line)) =
            err.recv_timeout(deadline.saturating_duration_since(Instant::now()))
        {
            if line.contains("attached") {
                return Ok(watcher);
            }
            said.push_str(&line);
            said.push('\n');
        }
        bail!("{module} is not attached: {said}")
    }

    /// Asks it to stop, and waits for that.
    fn stop(mut self) -> Result<()> {
        kill_process(Pid::from_child(&self.child), Signal::TERM).context("stop watching")?;
        let status = self.child.wait().context("wait for the end of watching")?;
        ensure!(status.success(), "watching ends with {status}");
        Ok(())
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        // Killing fails only when it has ended and been waited for, which is what we want.
        if self.child.kill().is_ok() {
            let _status = self.child.wait();
        }
    }
}

/// The lines of a pipe, each with the moment at which it was there.
fn lines(pipe: impl Read + Send + 'static) -> Lines {
    let (say, said) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            // Nobody may want any more; the pipe is read to its end nevertheless.
            let _unheard = say.send((Instant::now(), line));
        }
    });
    said
}
