//! A real server process on a free port, on either database, and a small client.

mod following;

use std::{
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use halyard_platform::db::{Db, Location, Options, Schema, testing::TestDb};
use serde_json::Value;

pub(crate) use following::Following;

/// Longest that any process of a test may take for one step.
const PATIENCE: Duration = Duration::from_secs(60);

/// A data directory with a database.
pub(crate) struct Installation {
    scratch: tempfile::TempDir,
    data: PathBuf,
    database: Option<TestDb>,
}

/// How a command ended.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "output: {}\nerrors: {}", self.out, self.err);
        self
    }
}

impl Installation {
    /// An empty one with SQLite.
    pub(crate) fn sqlite() -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let data = scratch.path().join("data");
        Self { scratch, data, database: None }
    }

    /// An empty one with SQLite in this directory.
    pub(crate) fn sqlite_in(data: &Path) -> Self {
        Self { scratch: tempfile::tempdir().unwrap(), data: data.to_owned(), database: None }
    }

    /// An empty one with a PostgreSQL database of its own.
    pub(crate) async fn postgres() -> Self {
        let mut installation = Self::sqlite();
        installation.database = Some(TestDb::postgres(Vec::new()).await);
        installation
    }

    /// Removes the database. Whoever forgets it leaves one behind on the test server.
    pub(crate) async fn remove(self) {
        if let Some(database) = self.database {
            database.drop_now().await;
        }
    }

    /// A place for files beside the data directory.
    pub(crate) fn scratch(&self) -> &Path {
        self.scratch.path()
    }

    /// The data directory.
    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    /// How a test looks into the database directly.
    pub(crate) fn options(&self) -> Options {
        let mut options = match &self.database {
            Some(database) => database.options(),
            None => Options::sqlite(self.data.join("halyard.db")),
        };
        (options.readers, options.writers) = (1, 1);
        options
    }

    /// The database beside whatever runs.
    pub(crate) async fn open(&self) -> Db {
        Db::open_with(self.options(), Schema::AsIs).await.unwrap()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_halyard"));
        command.args(arguments).arg("--data-dir").arg(&self.data);
        if let Location::Postgres(url) = self.options().location {
            command.arg("--database").arg(url);
        }
        // Servers of tests are on loopback.
        command.env("HALYARD_OUTBOUND_ALLOW", "[\"127.0.0.1\"]");
        command.current_dir(self.scratch.path()).stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs a command to its end.
    pub(crate) async fn halyard(&self, arguments: &[&str]) -> Ended {
        let mut child = self.command(arguments).spawn().unwrap();
        let what = arguments.join(" ");
        tokio::task::spawn_blocking(move || {
            let out = reading(child.stdout.take().unwrap());
            let err = reading(child.stderr.take().unwrap());
            let status = wait(&mut child, &what);
            Ended { code: status.code(), out: out.join().unwrap(), err: err.join().unwrap() }
        })
        .await
        .unwrap()
    }

    /// Begins a command and does not wait for it.
    pub(crate) fn begin(&self, arguments: &[&str]) -> Begun {
        let mut command = self.command(arguments);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        Begun(command.spawn().unwrap())
    }

    /// Begins a command whose lines are read as they come.
    pub(crate) fn follow(&self, arguments: &[&str]) -> Following {
        let mut child = self.command(arguments).spawn().unwrap();
        let out = following::lines(child.stdout.take().unwrap());
        let err = following::lines(child.stderr.take().unwrap());
        Following { child, what: arguments.join(" "), out, err }
    }

    /// Makes the demo workspace and answers its credentials.
    pub(crate) async fn demo(&self) -> Value {
        let ended = self.halyard(&["demo", "--json"]).await.expect(0);
        serde_json::from_str(&ended.out).unwrap()
    }

    /// Starts the server and waits until it answers.
    pub(crate) async fn serve(&self) -> Server {
        self.serve_with(&[]).await
    }

    /// As [`serve`](Self::serve), with more settings in the environment.
    pub(crate) async fn serve_with(&self, settings: &[(&str, String)]) -> Server {
        self.serve_as(&[], settings).await
    }

    /// As `make run` does, which reaches webhooks on this machine by itself.
    pub(crate) async fn serve_demo(&self) -> Server {
        self.serve_as(&["--demo"], &[("HALYARD_OUTBOUND_ALLOW", "[]".to_owned())]).await
    }

    async fn serve_as(&self, flags: &[&str], settings: &[(&str, String)]) -> Server {
        let words = [&["serve", "--listen", "127.0.0.1:0", "--log-format", "json"], flags].concat();
        let mut child = self
            .command(&words)
            .envs(settings.iter().map(|(name, value)| (name, value)))
            .spawn()
            .unwrap();
        let (say, said) = std::sync::mpsc::channel();
        let lines = BufReader::new(child.stderr.take().unwrap());
        // Reads to the end, so that the server never waits for somebody to read its log.
        let log = std::thread::spawn(move || {
            let (mut log, mut mail, mut encrypted) = (String::new(), None, None);
            for line in lines.lines().map_while(Result::ok) {
                let parsed: Value = serde_json::from_str(&line).unwrap_or_default();
                if parsed["fields"]["message"] == "taking mail" {
                    mail = parsed["fields"]["address"].as_str().map(str::to_owned);
                }
                if parsed["fields"]["message"] == "taking encrypted mail" {
                    encrypted = parsed["fields"]["address"].as_str().map(str::to_owned);
                }
                if parsed["fields"]["message"] == "serving" {
                    let address = parsed["fields"]["address"].as_str().unwrap_or_default();
                    // A second server message would find nobody listening; that is fine.
                    say.send((address.to_owned(), mail.clone(), encrypted.clone())).ok();
                }
                log.push_str(&line);
                log.push('\n');
            }
            log
        });
        let out = reading(child.stdout.take().unwrap());
        let address = tokio::task::spawn_blocking(move || said.recv_timeout(PATIENCE));
        match address.await.unwrap() {
            Ok((address, mail, encrypted_mail)) => {
                let base = format!("http://{address}");
                Server { child, base, mail, encrypted_mail, log: Some(log) }
            }
            Err(_) => {
                child.kill().unwrap();
                child.wait().unwrap();
                panic!("no start: {}\n{}", out.join().unwrap(), log.join().unwrap());
            }
        }
    }
}

fn reading(mut pipe: impl Read + Send + 'static) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut text = String::new();
        pipe.read_to_string(&mut text).unwrap();
        text
    })
}

fn wait(child: &mut Child, what: &str) -> ExitStatus {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if Instant::now() > deadline {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("{what} did not end in time");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A command that runs. It is killed when it is dropped.
pub(crate) struct Begun(Child);

impl Begun {
    /// Its exit code, once it has ended by itself.
    pub(crate) fn ended(&mut self) -> Option<Option<i32>> {
        self.0.try_wait().unwrap().map(|status| status.code())
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        // It may end by itself before.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// A running server. It is killed when it is dropped.
pub(crate) struct Server {
    child: Child,
    base: String,
    mail: Option<String>,
    encrypted_mail: Option<String>,
    log: Option<std::thread::JoinHandle<String>>,
}

impl Server {
    /// A client that signs in with this token.
    pub(crate) fn api(&self, token: &str) -> Api {
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(halyard_platform::outbound::tls())
            .no_proxy()
            .timeout(Duration::from_secs(20))
            .build()
            .unwrap();
        Api { client, base: self.base().to_owned(), token: token.to_owned() }
    }

    /// Where it is: scheme, host and port.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// Where it takes mail.
    pub(crate) fn mail(&self) -> &str {
        self.mail.as_deref().expect("a server that takes mail")
    }

    /// Where it takes mail over TLS from the start.
    pub(crate) fn encrypted_mail(&self) -> &str {
        self.encrypted_mail.as_deref().expect("a server that takes encrypted mail")
    }

    /// Ends it at once, as a crash does.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop; answers its exit code and its log.
    pub(crate) async fn terminate(mut self) -> (Option<i32>, String) {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
        tokio::task::spawn_blocking(move || {
            let status = wait(&mut self.child, "the server, told to stop,");
            (status.code(), self.log.take().unwrap().join().unwrap())
        })
        .await
        .unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            // It may end by itself between these two lines.
            self.child.kill().ok();
            self.child.wait().ok();
        }
    }
}

/// Sends requests of one person.
#[derive(Clone)]
pub(crate) struct Api {
    client: reqwest::Client,
    base: String,
    token: String,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<String>,
    pub(crate) body: Value,
}

impl Answer {
    #[track_caller]
    pub(crate) fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{}", self.body);
        self.body
    }
}

impl Api {
    /// A call of the Twist API, version 3; an error is one of the connection.
    pub(crate) async fn post(
        &self,
        path: &str,
        form: &[(&str, &str)],
        key: Option<&str>,
    ) -> Result<Answer, reqwest::Error> {
        let mut request = self.client.post(self.address(path)).form(form);
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        self.send(request).await
    }

    pub(crate) async fn get(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Answer, reqwest::Error> {
        self.send(self.client.get(self.address(path)).query(query)).await
    }

    pub(crate) async fn upload(
        &self,
        id: &str,
        content: Vec<u8>,
    ) -> Result<Answer, reqwest::Error> {
        let file = reqwest::multipart::Part::bytes(content).file_name("file.bin");
        let form =
            reqwest::multipart::Form::new().text("attachment_id", id.to_owned()).part("file", file);
        self.send(self.client.post(self.address("attachments/upload")).multipart(form)).await
    }

    /// Sends an empty form to a page of the server; answers the status.
    pub(crate) async fn submit(&self, path: &str) -> u16 {
        let request = self.client.post(format!("{}{path}", self.base));
        request.send().await.unwrap().status().as_u16()
    }

    fn address(&self, path: &str) -> String {
        format!("{}/api/v3/{path}", self.base)
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<Answer, reqwest::Error> {
        let response = request.bearer_auth(&self.token).send().await?;
        let status = response.status().as_u16();
        let retry_after = response.headers().get("retry-after");
        let retry_after = retry_after.map(|value| value.to_str().unwrap().to_owned());
        let body = response.json().await?;
        Ok(Answer { status, retry_after, body })
    }
}
