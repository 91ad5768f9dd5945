use std::time::Instant;

use crossbeam_channel::Receiver;
use rusqlite::Connection;

use crate::db::{Error, Tx, stats::Stats, tx::Engine, work::Work};

/// Runs read closures until the last sender is gone, each on one snapshot of the database.
pub(super) fn run(connection: &Connection, queue: &Receiver<Box<dyn Work>>, stats: &Stats) {
    while let Ok(mut work) = queue.recv() {
        stats.waiting(queue.len());
        let started = Instant::now();
        let fate = on_a_snapshot(connection, &mut *work);
        stats.ran(started.elapsed());
        work.finish(fate);
    }
}

fn on_a_snapshot(connection: &Connection, work: &mut dyn Work) -> Result<(), Error> {
    connection.prepare_cached("begin deferred")?.execute([])?;
    work.run(&mut Tx::new(Engine::Sqlite(connection)));
    // There is nothing to keep, whether the closure succeeded or not.
    if !connection.is_autocommit() {
        connection.prepare_cached("rollback")?.execute([])?;
    }
    Ok(())
}
