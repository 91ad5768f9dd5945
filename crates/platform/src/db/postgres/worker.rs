use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, select};

use super::Session;
use crate::db::{
    Error, Tx,
    stats::Stats,
    tx::Engine,
    work::{Outcome, Work},
};

/// A closure that loses this often gives up; the caller sees the conflict.
const ATTEMPTS: u32 = 12;
/// Closures in one commit at most: bounds how long the first of them waits for the last.
const GROUP: usize = 32;

const BEGIN_WRITE: &str = "begin isolation level read committed";
const BEGIN_READ: &str = "begin isolation level repeatable read read only";
const NEXT_READ: &str = "commit; begin isolation level repeatable read read only";

/// Runs read closures until the last sender is gone, each on one snapshot.
pub(super) fn run_reads(
    session: Session,
    url: &str,
    queue: &Receiver<Box<dyn Work>>,
    stats: &Stats,
) {
    let mut connection = Connection { session, url };
    while let Ok(first) = queue.recv() {
        let mut next = Some((first, false));
        while let Some((mut work, follows)) = next.take() {
            stats.waiting(queue.len());
            let Some(session) = connection.open(&mut work) else { break };
            let started = Instant::now();
            if follows {
                session.next(NEXT_READ);
            } else {
                session.begin(BEGIN_READ);
            }
            let (fate, failed) = read(session, &mut *work);
            stats.ran(started.elapsed());
            work.finish(fate);
            // The end of this transaction can travel with the beginning of the next.
            match (!failed).then(|| queue.try_recv().ok()).flatten() {
                Some(work) => next = Some((work, true)),
                None => connection.close(failed),
            }
        }
    }
}

/// Runs a read until what it presumed holds; also answers whether its transaction has failed.
fn read(session: &mut Session, work: &mut dyn Work) -> (Result<(), Error>, bool) {
    let mut attempt = 0;
    loop {
        attempt += 1;
        let mut tx = Tx::new(Engine::Postgres(session));
        work.run(&mut tx);
        let failure = tx.failure().cloned();
        // The answer is the closure's own, unless it rests on something that is not so.
        let unsound = match &failure {
            Some(error) => error.is_retryable().then(|| error.clone()),
            None => session.check().err(),
        };
        match unsound {
            None => return (Ok(()), failure.is_some()),
            Some(error) if attempt == ATTEMPTS || !error.is_retryable() => {
                return (Err(error), true);
            }
            Some(_) => {
                if let Err(error) = session.abandon() {
                    return (Err(error), true);
                }
                session.begin(BEGIN_READ);
            }
        }
    }
}

/// Runs write closures until the last sender is gone: those of its own keys in groups, others
/// one by one. Writes read the newest committed rows and lock what they change, so that writers
/// of one thread wait for each other instead of failing.
pub(super) fn run_writes(
    session: Session,
    url: &str,
    own: &Receiver<Box<dyn Work>>,
    shared: &Receiver<Box<dyn Work>>,
    stats: &Stats,
) {
    let mut connection = Connection { session, url };
    loop {
        let (work, is_own) = select! {
            recv(own) -> work => (work, true),
            recv(shared) -> work => (work, false),
        };
        let Ok(work) = work else { break };
        let mut group = vec![work];
        if is_own {
            group.extend(own.try_iter().take(GROUP - 1));
        }
        stats.waiting(own.len() + shared.len());
        connection.write(group, stats);
    }
    // All senders go at the same time; what they left behind is still done.
    for work in own.iter().chain(shared.iter()) {
        connection.write(vec![work], stats);
    }
}

struct Connection<'u> {
    session: Session,
    url: &'u str,
}

impl Connection<'_> {
    /// The session, connected again when it was lost; without one the closure is answered.
    fn open(&mut self, work: &mut Box<dyn Work>) -> Option<&mut Session> {
        if self.session.is_closed() {
            match Session::connect(self.url) {
                Ok(fresh) => self.session = fresh,
                Err(error) => {
                    tracing::error!(%error, "cannot connect to PostgreSQL");
                    work.refuse(Error::Closed);
                    return None;
                }
            }
        }
        Some(&mut self.session)
    }

    fn close(&mut self, failed: bool) {
        let ended = if failed { self.session.abandon() } else { self.session.end("commit") };
        if let Err(error) = ended {
            tracing::warn!(%error, "a read could not be ended");
        }
    }

    fn write(&mut self, mut group: Vec<Box<dyn Work>>, stats: &Stats) {
        if self.open(&mut group[0]).is_none() {
            for mut work in group.drain(1..) {
                work.refuse(Error::Closed);
            }
            return;
        }
        stats.group(group.len());
        if group.len() > 1 {
            // Every connection takes its locks in this order, on every node.
            group.sort_by_key(|work| work.key());
            if together(&mut self.session, &mut group, stats) {
                for work in group {
                    work.finish(Ok(()));
                }
                return;
            }
        }
        for mut work in group {
            let fate = transact(&mut self.session, &mut *work, stats);
            work.finish(fate);
        }
    }
}

/// Runs a group in one transaction without savepoints; false when one of them must be undone, and
/// with it all: then each runs again alone and gets its own answer.
fn together(session: &mut Session, group: &mut [Box<dyn Work>], stats: &Stats) -> bool {
    session.begin(BEGIN_WRITE);
    for work in group.iter_mut() {
        let started = Instant::now();
        let mut tx = Tx::new(Engine::Postgres(session));
        let outcome = work.run(&mut tx);
        let (failed, wrote) = (tx.failure().is_some(), tx.wrote());
        stats.ran(started.elapsed());
        // A refusal that rests on a presumption must not be the answer before that was checked.
        let failed = failed || (outcome == Outcome::Refused && session.check().is_err());
        if failed || (outcome == Outcome::Refused && wrote) {
            undo(session);
            return false;
        }
    }
    let started = Instant::now();
    let committed = session.end("commit");
    stats.committed(started.elapsed());
    if let Err(error) = committed {
        tracing::debug!(%error, "a group was lost; its closures run alone");
        undo(session);
        return false;
    }
    true
}

/// Runs a closure until it neither loses against another transaction nor is left undecided.
fn transact(session: &mut Session, work: &mut dyn Work, stats: &Stats) -> Result<(), Error> {
    let mut attempt = 0;
    loop {
        attempt += 1;
        let error = match alone(session, work, stats) {
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

fn alone(session: &mut Session, work: &mut dyn Work, stats: &Stats) -> Result<(), Error> {
    session.begin(BEGIN_WRITE);
    let started = Instant::now();
    let mut tx = Tx::new(Engine::Postgres(session));
    let outcome = work.run(&mut tx);
    // A refusal may rest on a presumption, too.
    let failure = tx.failure().cloned().or_else(|| session.check().err());
    stats.ran(started.elapsed());
    if outcome == Outcome::Refused {
        undo(session);
        // A conflict must be retried even when the core turned it into an error of its own.
        return match failure {
            Some(error) if error.is_retryable() => Err(error),
            _ => Ok(()),
        };
    }
    if let Some(error) = failure {
        // The closure went on after a failed statement; nothing of it can be kept.
        undo(session);
        return Err(error);
    }
    let started = Instant::now();
    let committed = session.end("commit");
    stats.committed(started.elapsed());
    if committed.is_err() {
        undo(session);
    }
    committed
}

fn undo(session: &mut Session) {
    if let Err(error) = session.abandon() {
        // The connection is broken; its transaction ends with it.
        tracing::warn!(%error, "rollback failed");
    }
}
