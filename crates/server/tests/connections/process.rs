//! The binary on a data directory of its own: commands, and what they say line by line.

use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, mpsc},
    time::{Duration, Instant},
};

use halyard_platform::db::{Db, Location, Options, Schema, testing::TestDb};
use serde_json::Value;

/// Longest that a process may take for one step.
const PATIENCE: Duration = Duration::from_secs(60);

/// A data directory with a database.
pub(crate) struct Installation {
    scratch: tempfile::TempDir,
    database: Option<TestDb>,
}

/// How a command ended; of its output what was not read before.
pub(crate) struct Ended {
    code: Option<i32>,
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
        Self { scratch: tempfile::tempdir().unwrap(), database: None }
    }

    /// An empty one with a PostgreSQL database of its own.
    pub(crate) async fn postgres() -> Self {
        Self { database: Some(TestDb::postgres(Vec::new()).await), ..Self::sqlite() }
    }

    /// Removes the database. Whoever forgets it leaves one behind on the test server.
    pub(crate) async fn remove(self) {
        if let Some(database) = self.database {
            database.drop_now().await;
        }
    }

    pub(crate) fn scratch(&self) -> &Path {
        self.scratch.path()
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.scratch.path().join("data")
    }

    /// Writes the configuration that commands read from now on.
    pub(crate) fn configure(&self, settings: &str) {
        std::fs::write(self.scratch.path().join("halyard.toml"), settings).unwrap();
    }

    /// Its database, which must be there already.
    pub(crate) async fn store(&self) -> Db {
        let options = match &self.database {
            Some(database) => database.options(),
            None => Options::sqlite(self.data().join("halyard.db")),
        };
        Db::open_with(options, Schema::AsIs).await.unwrap()
    }

    /// Starts a command with this on its standard input.
    pub(crate) fn start(&self, words: &[&str], input: &[u8]) -> Running {
        let mut running = self.start_open(words);
        // A command that does not read its input may have ended already.
        running.input.take().map(|mut pipe| pipe.write_all(input).ok());
        running
    }

    /// Starts a command whose standard input stays open.
    pub(crate) fn start_open(&self, words: &[&str]) -> Running {
        let mut command = Command::new(env!("CARGO_BIN_EXE_halyard"));
        command.args(words).arg("--data-dir").arg(self.data());
        if let Some(database) = &self.database
            && let Location::Postgres(url) = database.options().location
        {
            command.arg("--database").arg(url);
        }
        // Hooks of the tests are on loopback.
        command.env("HALYARD_OUTBOUND_ALLOW", "[\"127.0.0.1\"]");
        // Where a test has made one, so that it sees what is left behind.
        let temporary = self.scratch.path().join("tmp");
        if temporary.is_dir() {
            command.env("TMPDIR", temporary);
        }
        command.current_dir(self.scratch.path()).stdin(Stdio::piped());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (out, err) = (lines(child.stdout.take()), lines(child.stderr.take()));
        let input = child.stdin.take();
        Running { what: words.join(" "), child, input, out, err }
    }

    /// Runs a command to its end.
    pub(crate) async fn halyard(&self, words: &[&str]) -> Ended {
        self.start(words, b"").end().await
    }

    /// Makes the demo workspace and answers its credentials.
    pub(crate) async fn demo(&self) -> Value {
        let ended = self.halyard(&["demo", "--json"]).await.expect(0);
        serde_json::from_str(&ended.out).unwrap()
    }

    /// Starts the server; answers it and its address.
    pub(crate) async fn serve(&self) -> (Running, String) {
        self.serve_at("127.0.0.1:0").await
    }

    /// Starts the server at this address.
    pub(crate) async fn serve_at(&self, listen: &str) -> (Running, String) {
        let words = ["serve", "--listen", listen, "--log-format", "json"];
        let mut server = self.start(&words, b"");
        loop {
            let line: Value = serde_json::from_str(&server.error_line().await).unwrap();
            if line["fields"]["message"] == "serving" {
                let address = line["fields"]["address"].as_str().unwrap();
                return (server, format!("http://{address}"));
            }
        }
    }
}

/// A pipe that is read to its end, so that nobody waits for a reader.
struct Lines(Arc<Mutex<mpsc::Receiver<String>>>);

fn lines(pipe: Option<impl std::io::Read + Send + 'static>) -> Lines {
    let (say, said) = mpsc::channel();
    let pipe = BufReader::new(pipe.unwrap());
    std::thread::spawn(move || {
        for line in pipe.lines().map_while(Result::ok) {
            // A test that has ended wants no more lines.
            say.send(line).ok();
        }
    });
    Lines(Arc::new(Mutex::new(said)))
}

impl Lines {
    async fn next(&self, what: &str) -> String {
        let lines = self.0.clone();
        let line =
            tokio::task::spawn_blocking(move || lines.lock().unwrap().recv_timeout(PATIENCE));
        line.await.unwrap().unwrap_or_else(|_| panic!("{what} says no more"))
    }

    /// Everything up to the end of the pipe.
    fn rest(&self) -> String {
        let lines = self.0.lock().unwrap();
        let all: Vec<String> = std::iter::from_fn(|| lines.recv_timeout(PATIENCE).ok()).collect();
        all.join("\n")
    }
}

/// A command that runs. It is killed when it is dropped.
pub(crate) struct Running {
    what: String,
    child: Child,
    input: Option<std::process::ChildStdin>,
    out: Lines,
    err: Lines,
}

impl Running {
    /// The next line of its output.
    pub(crate) async fn line(&mut self) -> String {
        self.out.next(&self.what).await
    }

    /// The next line of its errors.
    pub(crate) async fn error_line(&mut self) -> String {
        self.err.next(&self.what).await
    }

    /// The next line that it says to whoever has started it; what it logs is passed over.
    pub(crate) async fn said(&mut self) -> String {
        loop {
            let line = self.error_line().await;
            if line.starts_with("halyard: ") {
                return line;
            }
        }
    }

    /// Types something.
    pub(crate) fn write(&mut self, text: &str) {
        self.input.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
    }

    /// Waits for its end.
    pub(crate) async fn end(mut self) -> Ended {
        drop(self.input.take());
        tokio::task::spawn_blocking(move || {
            let deadline = Instant::now() + PATIENCE;
            let status = loop {
                if let Some(status) = self.child.try_wait().unwrap() {
                    break status;
                }
                assert!(Instant::now() < deadline, "{} did not end in time", self.what);
                std::thread::sleep(Duration::from_millis(5));
            };
            Ended { code: status.code(), out: self.out.rest(), err: self.err.rest() }
        })
        .await
        .unwrap()
    }

    /// Its process id.
    pub(crate) fn id(&self) -> rustix::process::Pid {
        rustix::process::Pid::from_child(&self.child)
    }

    /// Asks it to stop, and waits for that.
    pub(crate) async fn terminate(self) -> Ended {
        self.signal(rustix::process::Signal::TERM).await
    }

    /// Kills it as `kill -9` does, and waits for that.
    pub(crate) async fn kill(self) -> Ended {
        self.signal(rustix::process::Signal::KILL).await
    }

    /// Sends it a signal, and waits for its end.
    pub(crate) async fn signal(self, signal: rustix::process::Signal) -> Ended {
        rustix::process::kill_process(self.id(), signal).unwrap();
        self.end().await
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            // It may end by itself between these two lines.
            self.child.kill().ok();
            self.child.wait().ok();
        }
    }
}
