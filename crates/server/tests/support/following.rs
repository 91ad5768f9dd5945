//! A command whose lines are read while it runs.

use std::{
    io::{BufRead, BufReader, Read},
    process::Child,
    time::Instant,
};

use tokio::{
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    time::timeout,
};

use super::{PATIENCE, wait};

/// Lines, with the moment at which each was there.
pub(super) type Lines = UnboundedReceiver<(Instant, String)>;

pub(super) fn lines(pipe: impl Read + Send + 'static) -> Lines {
    let (say, said) = unbounded_channel();
    // Reads to the end, so that the command never waits for a reader.
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            // A test that has ended wants no more lines.
            say.send((Instant::now(), line)).ok();
        }
    });
    said
}

/// A command that runs. It is killed when it is dropped.
pub(crate) struct Following {
    pub(super) child: Child,
    pub(super) what: String,
    pub(super) out: Lines,
    pub(super) err: Lines,
}

impl Following {
    /// The next line of its output, and when it came.
    pub(crate) async fn line(&mut self) -> (Instant, String) {
        let line = timeout(PATIENCE, self.out.recv()).await;
        line.ok().flatten().unwrap_or_else(|| panic!("{} prints no more", self.what))
    }

    /// The next line that it says to whoever has started it; what it logs is passed over.
    pub(crate) async fn said(&mut self) -> String {
        loop {
            let line = timeout(PATIENCE, self.err.recv()).await;
            let line = line.ok().flatten();
            let (_, line) = line.unwrap_or_else(|| panic!("{} says no more", self.what));
            if line.starts_with("halyard: ") {
                return line;
            }
        }
    }

    /// Asks it to stop; answers its exit code.
    pub(crate) async fn terminate(mut self) -> Option<i32> {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
        tokio::task::spawn_blocking(move || wait(&mut self.child, &self.what).code()).await.unwrap()
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            // It may end by itself between these two lines.
            self.child.kill().ok();
            self.child.wait().ok();
        }
    }
}
