//! Signed deliveries of outbound webhooks, from the commit of a comment to the answer of a sink.
//!
//! Generator and sink share one thread of this process, the server has the rest of the machine. The
//! load is closed over the whole path: callers post only while few deliveries are outstanding, so
//! that the figure is what the whole path sustains and not how fast a backlog grows.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt::{self, Write as _};
use std::fs;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, Notify};
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{Interval, MissedTickBehavior};

use crate::connection::{Connection, Keep};
use crate::histogram::Histogram;
use crate::process::{Launch, Server, free_address};
use crate::request::Request;
use crate::runner::{LoadDuration, PATIENCE, Settings, Store, demo};

/// Concurrent posters.
const CALLERS: usize = 32;
/// Deliveries that may be outstanding while callers go on.
const WINDOW: u64 = 1_000;
/// Endpoints of the comparison with hanging ones, and how many of them hang.
const MANY: usize = 1_000;
const HANGING: usize = 10;

/// What was measured.
#[derive(Debug)]
pub struct Figures {
    /// Deliveries answered in each second, one endpoint.
    pub one_endpoint: f64,
    /// Median and 99th percentile from the answer to the poster to the arrival, at half that load.
    pub added: (Duration, Duration),
    /// Deliveries to healthy endpoints in each second, among many endpoints.
    pub many_endpoints: f64,
    /// The same while some of them hang.
    pub some_hang: f64,
}

impl fmt::Display for Figures {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |time: Duration| time.as_secs_f64() * 1000.0;
        writeln!(out, "signed deliveries, 1 endpoint, 64 threads  {:>8.0}/s", self.one_endpoint)?;
        writeln!(
            out,
            "added at half that load                    p50 {:.1} ms, p99 {:.1} ms",
            ms(self.added.0),
            ms(self.added.1)
        )?;
        writeln!(
            out,
            "{MANY} endpoints                             {:>8.0}/s",
            self.many_endpoints
        )?;
        let change = (self.some_hang / self.many_endpoints - 1.0) * 100.0;
        writeln!(
            out,
            "{MANY} endpoints of which {HANGING} hang, the others  {:>8.0}/s ({change:+.1} %)",
            self.some_hang
        )
    }
}

/// Measures one server on one database.
///
/// # Errors
/// When the server cannot be started or refuses a request.
pub fn run(settings: &Settings, mut progress: impl FnMut(&str)) -> Result<Figures> {
    let mut measure = |what: &str, setup: Setup, pace: Option<f64>| {
        progress(what);
        measure(settings, setup, pace).with_context(|| what.to_owned())
    };
    let one = Setup { threads: 64, endpoints: 1, hanging: 0 };
    let many = Setup { threads: MANY, endpoints: MANY, hanging: 0 };
    let (one_endpoint, _) = measure("one endpoint", one, None)?;
    let (_, latency) = measure("one endpoint, half the load", one, Some(one_endpoint / 2.0))?;
    let (many_endpoints, _) = measure("many endpoints", many, None)?;
    let hang = Setup { hanging: HANGING, ..many };
    let (some_hang, _) = measure("many endpoints, some hang", hang, None)?;
    let added = (latency.quantile(0.5), latency.quantile(0.99));
    Ok(Figures { one_endpoint, added, many_endpoints, some_hang })
}

#[derive(Debug, Clone, Copy)]
struct Setup {
    threads: usize,
    /// One hears of all threads, or each of one thread.
    endpoints: usize,
    hanging: usize,
}

fn measure(settings: &Settings, setup: Setup, pace: Option<f64>) -> Result<(f64, Histogram)> {
    let directory = tempfile::tempdir().context("create a data directory")?;
    let store = Store::create(settings, directory.path())?;
    let variables = demo(settings, &store)?;
    let configuration = directory.path().join("bench.toml");
    fs::write(&configuration, "outbound_allow = [\"127.0.0.1\"]\n").context("configure")?;
    let address = free_address()?;
    let mut arguments = vec!["serve".into(), "--listen".into(), address.to_string().into()];
    arguments.extend(["--config".into(), configuration.into()]);
    arguments.extend(store.arguments());
    let launch = Launch {
        program: settings.server.clone(),
        arguments,
        address,
        log_directory: directory.path().to_owned(),
    };
    let server = Server::start(&launch, &Request::get("/readyz").encode(), PATIENCE)?;
    let token = variables.value("author_token", 0)?.to_owned();
    let workspace = variables.value("workspace", 0)?.to_owned();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let measured = LocalSet::new().block_on(&runtime, async {
        let desk = Desk::prepare(address, token, &workspace, setup).await?;
        desk.load(settings.duration, pace).await
    });
    let measured = match measured {
        Ok(measured) => measured,
        Err(error) => {
            let output = server.error_output()?;
            return Err(error.context(format!("the server's error output ends with:\n{output}")));
        }
    };
    server.stop(PATIENCE)?;
    store.remove()?;
    Ok(measured)
}

/// What generator and sink share.
struct Desk {
    target: SocketAddr,
    token: String,
    threads: Vec<i64>,
    /// Comments to threads whose endpoint answers.
    posted: Cell<u64>,
    arrived: Cell<u64>,
    sequence: Cell<u64>,
    room: Notify,
    window: Cell<Option<(Instant, Instant)>>,
    in_window: Cell<u64>,
    /// When a post was answered, until its delivery arrives, and the other way round.
    answered_at: RefCell<HashMap<u64, Instant>>,
    arrived_at: RefCell<HashMap<u64, Instant>>,
    added: RefCell<Histogram>,
    /// Threads from here on have an endpoint that hangs.
    healthy: usize,
}

impl Desk {
    async fn prepare(
        target: SocketAddr,
        token: String,
        workspace: &str,
        setup: Setup,
    ) -> Result<Rc<Self>> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("start the sink")?;
        let sink = listener.local_addr().context("the address of the sink")?;
        let mut desk = Self {
            target,
            token,
            threads: Vec::new(),
            posted: Cell::new(0),
            arrived: Cell::new(0),
            sequence: Cell::new(0),
            room: Notify::new(),
            window: Cell::new(None),
            in_window: Cell::new(0),
            answered_at: RefCell::default(),
            arrived_at: RefCell::default(),
            added: RefCell::new(Histogram::new()),
            healthy: setup.threads - setup.hanging,
        };
        let mut connection = Connection::open(target).await?;
        let channel = format!(r#"{{"workspace_id":{workspace},"name":"Load"}}"#);
        let channel = desk.ask(&mut connection, "channels/add", &channel).await?;
        for number in 0..setup.threads {
            let thread = json!({"channel_id": channel, "title": "T", "content": "x"});
            let thread = desk.ask(&mut connection, "threads/add", &thread.to_string()).await?;
            desk.threads.push(thread);
            if setup.endpoints > 1 {
                let path = if number >= desk.healthy { "hang" } else { "take" };
                let wish = json!({
                    "event": "comment_added", "thread_id": thread,
                    "target_url": format!("http://{sink}/{path}/{number}"),
                });
                desk.ask(&mut connection, "hooks/subscribe", &wish.to_string()).await?;
            }
        }
        if setup.endpoints == 1 {
            let wish = json!({
                "event": "comment_added", "channel_id": channel,
                "target_url": format!("http://{sink}/take"),
            });
            desk.ask(&mut connection, "hooks/subscribe", &wish.to_string()).await?;
        }
        let desk = Rc::new(desk);
        let taking = Rc::clone(&desk);
        spawn_local(async move {
            while let Ok((stream, _)) = listener.accept().await {
                spawn_local(Rc::clone(&taking).take(stream));
            }
        });
        Ok(desk)
    }

    /// Sends a request and answers the id in its answer.
    async fn ask(&self, connection: &mut Connection, path: &str, body: &str) -> Result<i64> {
        let answer = connection.exchange(&self.request(path, body.to_owned()), Keep::All).await?;
        let body: Value = serde_json::from_slice(connection.body()).context("no JSON")?;
        ensure!(matches!(answer.status, 200 | 201), "{path}: {body}");
        body["id"].as_i64().with_context(|| format!("{path}: no id in {body}"))
    }

    fn request(&self, path: &str, body: String) -> Vec<u8> {
        let request = Request {
            method: "POST",
            path: format!("/api/v3/{path}"),
            token: Some(self.token.clone()),
            body: Some(body),
        };
        request.encode().to_vec()
    }

    /// Posts for as long as the load lasts; answers arrivals per second and what the delivery adds.
    async fn load(
        self: &Rc<Self>,
        duration: LoadDuration,
        pace: Option<f64>,
    ) -> Result<(f64, Histogram)> {
        let from = Instant::now() + duration.warm_up;
        let end = from + duration.measured;
        self.window.set(Some((from, end)));
        let ticks = pace.map(|per_second| {
            let mut ticks = tokio::time::interval(Duration::from_secs_f64(1.0 / per_second));
            ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
            Mutex::new(ticks)
        });
        let ticks = Rc::new(ticks);
        let mut callers = Vec::new();
        for _ in 0..CALLERS {
            let connection = Connection::open(self.target).await?;
            callers.push(spawn_local(Rc::clone(self).post(connection, ticks.clone(), end)));
        }
        for caller in callers {
            caller.await.context("a caller panicked")??;
        }
        // Everything must arrive in the end.
        let patience = Instant::now() + PATIENCE;
        while self.arrived.get() < self.posted.get() {
            ensure!(
                Instant::now() < patience,
                "{} of {} deliveries arrived",
                self.arrived.get(),
                self.posted.get()
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let per_second = self.in_window.get() as f64 / duration.measured.as_secs_f64();
        Ok((per_second, self.added.borrow().clone()))
    }

    async fn post(
        self: Rc<Self>,
        mut connection: Connection,
        ticks: Rc<Option<Mutex<Interval>>>,
        end: Instant,
    ) -> Result<()> {
        while Instant::now() < end {
            if let Some(ticks) = &*ticks {
                ticks.lock().await.tick().await;
            } else if self.posted.get() >= self.arrived.get() + WINDOW {
                // Whoever waits is woken by each arrival; a stop in between must not last.
                let woken = tokio::time::timeout(Duration::from_millis(50), self.room.notified());
                woken.await.ok();
                continue;
            }
            let sequence = self.sequence.get();
            self.sequence.set(sequence + 1);
            let place = usize::try_from(sequence).unwrap_or(0) % self.threads.len();
            let healthy = place < self.healthy;
            if healthy {
                self.posted.set(self.posted.get() + 1);
            }
            let mut body = String::new();
            write!(
                body,
                r##"{{"thread_id":{},"content":"#{sequence}# The build is green again since this morning. I have moved the two open points to the next milestone."}}"##,
                self.threads[place]
            )?;
            let request = self.request("comments/add", body);
            let answer = connection.exchange(&request, Keep::Failures).await?;
            ensure!(
                answer.status == 200,
                "{}: {}",
                answer.status,
                String::from_utf8_lossy(connection.body())
            );
            if healthy {
                let now = Instant::now();
                match self.arrived_at.borrow_mut().remove(&sequence) {
                    Some(_) => self.add(now, Duration::ZERO),
                    None => drop(self.answered_at.borrow_mut().insert(sequence, now)),
                }
            }
        }
        Ok(())
    }

    fn add(&self, now: Instant, added: Duration) {
        if self.window.get().is_some_and(|(from, end)| now >= from && now < end) {
            self.added.borrow_mut().record(added);
        }
    }

    /// Serves one connection of the server under test.
    async fn take(self: Rc<Self>, mut stream: TcpStream) {
        let mut bytes = Vec::new();
        loop {
            let Some((path, body)) = next_request(&mut stream, &mut bytes).await else { return };
            if path.starts_with("/hang") {
                std::future::pending::<()>().await;
            }
            self.count(&body);
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
            if stream.write_all(answer).await.is_err() {
                return;
            }
        }
    }

    fn count(&self, body: &[u8]) {
        let now = Instant::now();
        self.arrived.set(self.arrived.get() + 1);
        if self.window.get().is_some_and(|(from, end)| now >= from && now < end) {
            self.in_window.set(self.in_window.get() + 1);
        }
        self.room.notify_one();
        let Some(sequence) = sequence_in(body) else { return };
        match self.answered_at.borrow_mut().remove(&sequence) {
            Some(answered) => self.add(now, now.saturating_duration_since(answered)),
            None => drop(self.arrived_at.borrow_mut().insert(sequence, now)),
        }
    }
}

/// Reads one request; leaves in `bytes` what follows it. None at the end of the connection.
async fn next_request(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<(String, Vec<u8>)> {
    loop {
        if let Some(head) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let text = std::str::from_utf8(&bytes[..head]).ok()?;
            let length = text.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
            });
            let end = head + 4 + length.unwrap_or(0);
            if bytes.len() >= end {
                let path = text.split(' ').nth(1)?.to_owned();
                let body = bytes[head + 4..end].to_vec();
                bytes.drain(..end);
                return Some((path, body));
            }
        }
        if stream.read_buf(bytes).await.ok()? == 0 {
            return None;
        }
    }
}

fn sequence_in(body: &[u8]) -> Option<u64> {
    let mark = b"\"content\":\"#";
    let start = body.windows(mark.len()).position(|window| window == mark)? + mark.len();
    let digits = body[start..].split(|byte| *byte == b'#').next()?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_names_its_post() {
        assert_eq!(sequence_in(br##"{"id":1,"content":"#42# x"}"##), Some(42));
        assert_eq!(sequence_in(br#"{"id":1,"content":"x"}"#), None);
    }
}
