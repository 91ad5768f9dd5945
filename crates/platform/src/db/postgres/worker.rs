use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;

use super::Session;
use crate::db::{
    Error, Tx,
    stats::Stats,
    tx::Engine,
    work::{Outcome, Work},
};

/// A closure that loses this often gives up; the caller sees the conflict.
const ATTEMPTS: u32 = 12;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Read,
    Write,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }

    /// Reads see one snapshot. Writes read the newest committed rows and lock what they change,
    /// so that writers of one thread wait for each other instead of failing.
    fn begin(self) -> &'static str {
        match self {
            Self::Read => "begin isolation level repeatable read read only",
            Self::Write => "begin isolation level read committed",
        }
    }
}

/// Runs closures until the last sender is gone.
pub(super) fn run(
    mut session: Session,
    url: &str,
    kind: Kind,
    queue: &Receiver<Box<dyn Work>>,
    stats: &Stats,
) {
    while let Ok(mut work) = queue.recv() {
        stats.waiting(queue.len());
        if session.is_closed() {
            match Session::connect(url) {
                Ok(fresh) => session = fresh,
                Err(error) => {
                    tracing::error!(%error, "cannot connect to PostgreSQL");
                    work.finish(Err(Error::Closed));
                    continue;
                }
            }
        }
        let fate = transact(&mut session, kind, &mut *work, stats);
        work.finish(fate);
    }
}

/// Runs the closure until it neither loses against another transaction nor is left undecided.
fn transact(
    session: &mut Session,
    kind: Kind,
    work: &mut dyn Work,
    stats: &Stats,
) -> Result<(), Error> {
    let mut attempt = 0;
    loop {
        attempt += 1;
        let error = match once(session, kind, work, stats) {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        if !error.is_retryable() || attempt == ATTEMPTS {
            return Err(error);
        }
        // Different threads wake at different times, so that the same two do not meet again.
        let spread = u64::from(std::process::id() ^ attempt.wrapping_mul(0x9e37_79b9)) % 5;
        std::thread::sleep(Duration::from_millis(u64::from(attempt) + spread));
    }
}

fn once(
    session: &mut Session,
    kind: Kind,
    work: &mut dyn Work,
    stats: &Stats,
) -> Result<(), Error> {
    session.begin(kind.begin());
    let started = Instant::now();
    let mut tx = Tx::new(Engine::Postgres(session));
    let outcome = work.run(&mut tx);
    let (failure, wrote) = (tx.failure().cloned(), tx.wrote());
    stats.ran(started.elapsed());
    let committing = Instant::now();
    if outcome == Outcome::Refused {
        session.end("rollback")?;
        // A conflict must be retried even when the core turned it into an error of its own.
        return match failure {
            Some(error) if error.is_retryable() => Err(error),
            _ => Ok(()),
        };
    }
    if let Some(error) = failure {
        // The closure went on after a failed statement; nothing of it can be kept.
        session.end("rollback")?;
        return Err(error);
    }
    session.end(if wrote { "commit" } else { "rollback" })?;
    if kind == Kind::Write {
        stats.group(1);
        stats.committed(committing.elapsed());
    }
    Ok(())
}
