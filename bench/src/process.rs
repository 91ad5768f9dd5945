//! Starts a server as a process of its own, watches it and stops it by its process id.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use bytes::Bytes;
use rustix::process::{Pid, Signal, kill_process};

use crate::connection::{Connection, Keep};

/// Pause between two looks at a server that starts or stops; the error of the start time.
const POLL_PAUSE: Duration = Duration::from_millis(1);
/// How much of the server's error output a diagnosis shows, in bytes.
const DIAGNOSIS_BYTES: u64 = 4 * 1024;

/// How to start a server.
#[derive(Debug, Clone)]
pub struct Launch {
    /// The program.
    pub program: PathBuf,
    /// Its arguments; they must make it listen on `address`.
    pub arguments: Vec<OsString>,
    /// Where it will answer.
    pub address: SocketAddr,
    /// A directory that takes the server's output files.
    pub log_directory: PathBuf,
}

/// A running server; killed when dropped.
pub struct Server {
    child: Child,
    address: SocketAddr,
    error_log: PathBuf,
    first_answer: Duration,
}

/// Resident memory of a process, in KiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// At present.
    pub resident_kib: u64,
    /// The highest since its start.
    pub peak_kib: u64,
}

/// How a server ended after it was asked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopped {
    /// Its exit status.
    pub status: ExitStatus,
    /// False when it had to be killed after the deadline.
    pub in_time: bool,
}

/// A loopback address with a port that is free at the moment.
pub fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").context("find a free port")?;
    listener.local_addr().context("read the free port")
}

impl Server {
    /// Starts the server and waits until it answers `first_request` (encoded) with 200.
    ///
    /// Fails with the end of the server's error output when it exits or does not answer so within
    /// `patience`.
    pub fn start(launch: &Launch, first_request: &Bytes, patience: Duration) -> Result<Self> {
        let error_log = launch.log_directory.join("server.stderr");
        let output = File::create(launch.log_directory.join("server.stdout"))
            .context("create the file for the server's output")?;
        let errors =
            File::create(&error_log).context("create the file for the server's error output")?;
        let started = Instant::now();
        let child = Command::new(&launch.program)
            .args(&launch.arguments)
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .spawn()
            .with_context(|| format!("start {}", launch.program.display()))?;
        let mut server =
            Self { child, address: launch.address, error_log, first_answer: Duration::ZERO };
        server
            .wait_for_answer(first_request, started + patience)
            .with_context(|| format!("wait for {}", launch.program.display()))?;
        server.first_answer = started.elapsed();
        Ok(server)
    }

    /// Where it answers.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Time from the start of the process to the end of its first answer 200.
    #[must_use]
    pub fn first_answer(&self) -> Duration {
        self.first_answer
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Its resident memory now and at its peak.
    pub fn memory(&self) -> Result<Memory> {
        let path = format!("/proc/{}/status", self.child.id());
        let status = fs::read_to_string(&path).with_context(|| format!("read {path}"))?;
        Ok(Memory {
            resident_kib: kib_of(&status, "VmRSS:")?,
            peak_kib: kib_of(&status, "VmHWM:")?,
        })
    }

    /// The end of what it has written to its error output.
    pub fn error_output(&self) -> Result<String> {
        end_of(&self.error_log)
    }

    /// Asks it to end (SIGTERM), and kills it when it has not within `patience`.
    pub fn stop(mut self, patience: Duration) -> Result<Stopped> {
        let deadline = Instant::now() + patience;
        if self.child.try_wait().context("look at the server")?.is_none() {
            kill_process(Pid::from_child(&self.child), Signal::TERM)
                .context("send SIGTERM to the server")?;
        }
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait().context("look at the server")? {
                return Ok(Stopped { status, in_time: true });
            }
            thread::sleep(POLL_PAUSE);
        }
        self.child.kill().context("kill the server")?;
        let status = self.child.wait().context("wait for the killed server")?;
        Ok(Stopped { status, in_time: false })
    }

    fn wait_for_answer(&mut self, request: &Bytes, deadline: Instant) -> Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("build a runtime")?;
        runtime.block_on(async {
            loop {
                if let Some(status) = self.child.try_wait().context("look at the server")? {
                    bail!("the server ended at its start ({status}):\n{}", self.error_output()?);
                }
                let left = deadline.saturating_duration_since(Instant::now());
                let attempt = ask_once(self.address, request);
                let refusal = match tokio::time::timeout(left, attempt).await {
                    Ok(Ok(200)) => return Ok(()),
                    Ok(Ok(status)) => anyhow!("it answers {status}"),
                    Ok(Err(error)) => error,
                    Err(_) => anyhow!("it does not answer"),
                };
                if Instant::now() >= deadline {
                    let output = self.error_output()?;
                    return Err(refusal.context(format!("the server is not ready:\n{output}")));
                }
                tokio::time::sleep(POLL_PAUSE).await;
            }
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Killing fails only when it has ended and been waited for, which is what we want.
        if self.child.kill().is_ok() {
            let _status = self.child.wait();
        }
    }
}

async fn ask_once(address: SocketAddr, request: &Bytes) -> Result<u16> {
    let mut connection = Connection::open(address).await?;
    Ok(connection.exchange(request, Keep::Failures).await?.status)
}

fn kib_of(status: &str, key: &str) -> Result<u64> {
    let value = status.lines().find_map(|line| line.strip_prefix(key));
    let value = value.with_context(|| format!("no {key} in the status of the process"))?;
    let digits = value.trim().trim_end_matches(" kB");
    digits.parse().with_context(|| format!("{key} is {value:?}"))
}

fn end_of(path: &Path) -> Result<String> {
    let mut file = File::open(path).with_context(|| format!("open {}", path.display()))?;
    let length = file.metadata().context("read the length of the error output")?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(DIAGNOSIS_BYTES)))
        .context("go to the end of the error output")?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).context("read the error output")?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_from_the_status_text() {
        let status = "Name:\tx\nVmHWM:\t   81236 kB\nVmRSS:\t    4012 kB\n";
        assert_eq!(kib_of(status, "VmHWM:").unwrap(), 81_236);
        assert_eq!(kib_of(status, "VmRSS:").unwrap(), 4_012);
        assert!(kib_of(status, "VmSwap:").is_err());
    }
}
