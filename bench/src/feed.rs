//! The live feed: from a comment that is posted to a thousand members who see it, and what a quiet
//! connection costs.
//!
//! Generator and listeners share one thread of this process, the server has the rest of the machine.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::{LocalSet, spawn_local};
use tokio::time::MissedTickBehavior;

use crate::connection::{Connection, Keep};
use crate::histogram::Histogram;
use crate::process::{Launch, Server, free_address};
use crate::request::Request;
use crate::runner::{PATIENCE, Settings, Store, demo};

/// Members who listen, with one connection each.
const MEMBERS: usize = 1_000;
/// Comments posted in a second.
const PER_SECOND: f64 = 10.0;
/// Connections of which the memory is told, spread over the members.
const IDLE: usize = 10_000;

/// What was measured.
#[derive(Debug)]
pub struct Figures {
    /// From sending the request to the arrival at each listener, over all listeners.
    pub seen: Histogram,
    /// Resident memory of the server for each quiet connection, in KiB.
    pub idle_kib: f64,
    /// Resident memory of the server with all quiet connections, in MiB.
    pub resident_mib: f64,
}

impl fmt::Display for Figures {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |quantile| self.seen.quantile(quantile).as_secs_f64() * 1000.0;
        let met = |figure: f64, bar: f64| if figure <= bar { "met" } else { "MISSED" };
        writeln!(
            out,
            "comment posted to seen by {MEMBERS} members, {PER_SECOND}/s  \
             p50 {:.1} ms (≤ 15 ms {}), p99 {:.1} ms (≤ 75 ms {}), longest {:.1} ms, {} arrivals",
            ms(0.5),
            met(ms(0.5), 15.0),
            ms(0.99),
            met(ms(0.99), 75.0),
            self.seen.longest().as_secs_f64() * 1000.0,
            self.seen.count()
        )?;
        writeln!(
            out,
            "{IDLE} quiet feeds  {:.1} KiB each, {:.0} MiB resident",
            self.idle_kib, self.resident_mib
        )
    }
}

/// Measures one server on one database.
///
/// # Errors
/// When the server cannot be started or refuses a request, or an event does not arrive.
pub fn run(settings: &Settings, mut progress: impl FnMut(&str)) -> Result<Figures> {
    let directory = tempfile::tempdir().context("create a data directory")?;
    let store = Store::create(settings, directory.path())?;
    let variables = demo(settings, &store)?;
    let address = free_address()?;
    let mut arguments = vec!["serve".into(), "--listen".into(), address.to_string().into()];
    arguments.extend(store.arguments());
    let launch = Launch {
        program: settings.server.clone(),
        arguments,
        address,
        log_directory: directory.path().to_owned(),
    };
    let server = Server::start(&launch, &Request::get("/readyz").encode(), PATIENCE)?;
    let author = variables.value("author_token", 0)?.to_owned();
    let workspace = variables.value("workspace", 0)?.to_owned();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;

    progress("members");
    let api = Api { target: address, token: author };
    let thread = runtime.block_on(api.prepare(&workspace))?;
    let tokens = tokens(&settings.server, &store)?;
    progress("quiet feeds");
    let before = server.memory()?.resident_kib;
    let quiet = runtime.block_on(listen_quietly(address, &tokens))?;
    let resident = server.memory()?.resident_kib;
    drop(quiet);

    progress("posts");
    let seen = LocalSet::new().block_on(&runtime, async {
        let listeners = Listeners::open(address, &tokens).await?;
        api.post(thread, settings, &listeners).await
    });
    let seen = match seen {
        Ok(seen) => seen,
        Err(error) => {
            let output = server.error_output()?;
            return Err(error.context(format!("the server's error output ends with:\n{output}")));
        }
    };
    server.stop(PATIENCE)?;
    store.remove()?;
    Ok(Figures {
        seen,
        idle_kib: resident.saturating_sub(before) as f64 / IDLE as f64,
        resident_mib: resident as f64 / 1024.0,
    })
}

struct Api {
    target: SocketAddr,
    token: String,
}

impl Api {
    fn request(&self, path: &str, body: &Value) -> Vec<u8> {
        let request = Request {
            method: "POST",
            path: format!("/api/{path}"),
            token: Some(self.token.clone()),
            body: Some(body.to_string()),
        };
        request.encode().to_vec()
    }

    async fn ask(&self, connection: &mut Connection, path: &str, body: &Value) -> Result<i64> {
        let answer = connection.exchange(&self.request(path, body), Keep::All).await?;
        let body: Value = serde_json::from_slice(connection.body()).context("no JSON")?;
        ensure!(answer.status == 200, "{path}: {body}");
        body["id"].as_i64().with_context(|| format!("{path}: no id in {body}"))
    }

    /// Makes the members and a thread in a channel that they can all see; answers the thread.
    async fn prepare(&self, workspace: &str) -> Result<i64> {
        let mut connection = Connection::open(self.target).await?;
        let workspace: i64 = workspace.parse().context("the id of the workspace")?;
        for number in 0..MEMBERS {
            let member = json!({"id": workspace, "email": address_of(number), "name": "Member"});
            self.ask(&mut connection, "v4/workspace_users/add", &member).await?;
        }
        let channel = json!({"workspace_id": workspace, "name": "Load", "public": true});
        let channel = self.ask(&mut connection, "v3/channels/add", &channel).await?;
        let thread = json!({"channel_id": channel, "title": "T", "content": "x"});
        self.ask(&mut connection, "v3/threads/add", &thread).await
    }

    /// Posts at a steady rate; answers how long each comment took to each listener.
    async fn post(
        &self,
        thread: i64,
        settings: &Settings,
        listeners: &Listeners,
    ) -> Result<Histogram> {
        let mut connection = Connection::open(self.target).await?;
        let mut ticks = tokio::time::interval(Duration::from_secs_f64(1.0 / PER_SECOND));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let begin = Instant::now() + settings.duration.warm_up;
        let end = begin + settings.duration.measured;
        let mut sent = HashMap::new();
        while Instant::now() < end {
            ticks.tick().await;
            let at = Instant::now();
            let comment = json!({"thread_id": thread, "content": "The build is green again."});
            let id = self.ask(&mut connection, "v3/comments/add", &comment).await?;
            if at >= begin {
                sent.insert(id, at);
            }
        }
        let expected = sent.len() * MEMBERS;
        let patience = Instant::now() + PATIENCE;
        while listeners.count(&sent) < expected {
            ensure!(Instant::now() < patience, "{} of {expected} arrivals", listeners.count(&sent));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let mut seen = Histogram::new();
        for (id, at) in listeners.arrivals.borrow().iter() {
            if let Some(sent) = sent.get(id) {
                seen.record(at.duration_since(*sent));
            }
        }
        Ok(seen)
    }
}

fn address_of(number: usize) -> String {
    format!("member{number}@example.com")
}

/// A token of each member, made beside the server.
fn tokens(program: &Path, store: &Store) -> Result<Vec<String>> {
    (0..MEMBERS)
        .map(|number| {
            let output = Command::new(program)
                .args(["token", "create", "--name", "bench", "--scopes", "all", "--user"])
                .arg(address_of(number))
                .args(store.arguments())
                .output()
                .context("make a token")?;
            let errors = String::from_utf8_lossy(&output.stderr);
            ensure!(output.status.success(), "the token command fails: {errors}");
            let printed = String::from_utf8(output.stdout).context("a token in UTF-8")?;
            let token = printed.split_whitespace().find(|word| word.len() == 40);
            token.map(str::to_owned).with_context(|| format!("no token in {printed:?}"))
        })
        .collect()
}

/// Opens a feed and reads its greeting.
async fn open_feed(target: SocketAddr, token: &str) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(target).await.context("connect a listener")?;
    let request = format!(
        "GET /api/app/v1/feed HTTP/1.1\r\nhost: {target}\r\nauthorization: Bearer {token}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.context("ask for a feed")?;
    let mut greeting = Vec::new();
    while !greeting.windows(12).any(|part| part == b"event: hello") {
        if stream.read_buf(&mut greeting).await.context("read a greeting")? == 0 {
            bail!("no feed: {}", String::from_utf8_lossy(&greeting));
        }
    }
    Ok(stream)
}

async fn listen_quietly(target: SocketAddr, tokens: &[String]) -> Result<Vec<TcpStream>> {
    let mut quiet = Vec::with_capacity(IDLE);
    for number in 0..IDLE {
        quiet.push(open_feed(target, &tokens[number % tokens.len()]).await?);
    }
    Ok(quiet)
}

/// What the listeners have heard.
struct Listeners {
    arrivals: Rc<RefCell<Vec<(i64, Instant)>>>,
}

impl Listeners {
    async fn open(target: SocketAddr, tokens: &[String]) -> Result<Self> {
        let arrivals: Rc<RefCell<Vec<(i64, Instant)>>> = Rc::default();
        for token in tokens {
            let stream = open_feed(target, token).await?;
            spawn_local(listen(stream, Rc::clone(&arrivals)));
        }
        Ok(Self { arrivals })
    }

    fn count(&self, sent: &HashMap<i64, Instant>) -> usize {
        self.arrivals.borrow().iter().filter(|(id, _)| sent.contains_key(id)).count()
    }
}

/// Notes each comment. A feed that ends is seen by what does not arrive.
async fn listen(mut stream: TcpStream, arrivals: Rc<RefCell<Vec<(i64, Instant)>>>) {
    const FIELD: &str = "\"comment_id\":";
    let mut text = String::new();
    let mut buffer = vec![0; 4096];
    while let Ok(read @ 1..) = stream.read(&mut buffer).await {
        let now = Instant::now();
        text.push_str(&String::from_utf8_lossy(&buffer[..read]));
        while let Some(end) = text.find("\n\n") {
            let message: String = text.drain(..end + 2).collect();
            if let Some((_, rest)) = message.split_once(FIELD) {
                let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
                if let Ok(id) = digits.parse() {
                    arrivals.borrow_mut().push((id, now));
                }
            }
        }
    }
}
