use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;
use rusqlite::Connection;

use crate::db::{
    Error, Tx,
    stats::Stats,
    tx::Engine,
    work::{Outcome, Work},
};

/// Closures in one commit at most: bounds how long the first of them waits for the last.
const GROUP: usize = 256;
/// A group is closed after this time even when more closures wait.
const GROUP_TIME: Duration = Duration::from_millis(8);

/// Runs closures until the last sender is gone, committing whatever has queued up together.
///
/// Each closure runs in a savepoint of its own, so that one that fails undoes only itself; each
/// answer is sent after the commit, so that an acknowledged write is on the disk.
pub(super) fn run(connection: &Connection, queue: &Receiver<Box<dyn Work>>, stats: &Stats) {
    while let Ok(first) = queue.recv() {
        stats.waiting(queue.len());
        let mut group = Group::new(connection, stats);
        let started = Instant::now();
        let mut next = Some(first);
        while let Some(work) = next.take() {
            if !group.add(work) || group.members.len() == GROUP || started.elapsed() > GROUP_TIME {
                break;
            }
            next = queue.try_recv().ok();
        }
        group.commit();
    }
}

struct Group<'c> {
    connection: &'c Connection,
    stats: &'c Stats,
    members: Vec<Box<dyn Work>>,
    /// Why the transaction as a whole is lost.
    lost: Option<Error>,
}

impl<'c> Group<'c> {
    fn new(connection: &'c Connection, stats: &'c Stats) -> Self {
        let lost = execute(connection, "begin immediate").err();
        Self { connection, stats, members: Vec::new(), lost }
    }

    /// Runs one closure inside the group; false when the group can take no more.
    fn add(&mut self, mut work: Box<dyn Work>) -> bool {
        if self.lost.is_none() {
            self.lost = self.run(&mut *work).err();
        }
        self.members.push(work);
        self.lost.is_none()
    }

    fn run(&self, work: &mut dyn Work) -> Result<(), Error> {
        execute(self.connection, "savepoint member")?;
        let started = Instant::now();
        let mut tx = Tx::new(Engine::Sqlite(self.connection));
        let outcome = work.run(&mut tx);
        let failure = tx.failure().cloned();
        self.stats.ran(started.elapsed());
        // A full disk or an I/O error makes SQLite roll the whole transaction back by itself.
        if self.connection.is_autocommit() {
            return Err(failure.unwrap_or(Error::Closed));
        }
        if outcome == Outcome::Refused {
            execute(self.connection, "rollback to member")?;
        }
        execute(self.connection, "release member")
    }

    fn commit(mut self) {
        self.stats.group(self.members.len());
        let started = Instant::now();
        if self.lost.is_none() {
            self.lost = execute(self.connection, "commit").err();
        }
        self.stats.committed(started.elapsed());
        let Some(error) = self.lost.take() else {
            for work in self.members {
                work.finish(Ok(()));
            }
            return;
        };
        abandon(self.connection);
        if self.members.len() > 1 {
            // Somebody in the group spoiled the commit for all. Alone, each gets its own answer.
            for work in self.members {
                let mut alone = Group::new(self.connection, self.stats);
                alone.add(work);
                alone.commit();
            }
        } else {
            tracing::error!(%error, "a write transaction was lost");
            for work in self.members {
                work.finish(Err(error.clone()));
            }
        }
    }
}

/// Leaves no transaction open, whatever state the failure left behind.
fn abandon(connection: &Connection) {
    if !connection.is_autocommit()
        && let Err(error) = execute(connection, "rollback")
    {
        tracing::error!(%error, "rollback failed");
    }
}

fn execute(connection: &Connection, sql: &'static str) -> Result<(), Error> {
    connection.prepare_cached(sql)?.execute([])?;
    Ok(())
}
