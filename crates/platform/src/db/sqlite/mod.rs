//! SQLite in the data directory: one writer thread with group commit, a pool of reader threads.

mod reader;
mod writer;

use std::{
    fs::OpenOptions,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    thread::{self, JoinHandle},
};

use crossbeam_channel::{Sender, bounded};
use rusqlite::{Connection, OpenFlags, config::DbConfig};

use super::{
    Error, Tx,
    stats::{self, Stats},
    tx::Engine,
    work::Work,
};

/// Closures that may wait for the writer, and for the readers, before the store answers
/// [`Error::Busy`]. At a few hundred bytes each this bounds memory to single megabytes.
const QUEUE: usize = 4096;

pub(super) struct Sqlite {
    pub(super) writes: Sender<Box<dyn Work>>,
    pub(super) reads: Sender<Box<dyn Work>>,
    pub(super) long_reads: Sender<Box<dyn Work>>,
    pub(super) threads: Vec<JoinHandle<()>>,
    pub(super) path: PathBuf,
}

impl Sqlite {
    /// Opens or creates the file, lets `prepare` run once (migrations), then starts the threads.
    pub(super) fn open(
        path: &Path,
        readers: usize,
        prepare_writes: bool,
        prepare: impl FnOnce(&mut Tx<'_>) -> Result<(), Error>,
    ) -> Result<Self, Error> {
        create_private(path)?;
        let writer = connect(path)?;
        writer.pragma_update(None, "journal_mode", "wal")?;
        in_transaction(&writer, prepare_writes, prepare)?;
        let (writes, write_queue) = bounded(QUEUE);
        let (reads, read_queue) = bounded(QUEUE);
        let (long_reads, long_queue) = bounded(QUEUE);
        let mut threads = vec![spawn("store-writer", move || {
            writer::run(&writer, &write_queue, &Stats::new("write"));
        })?];
        let queues = std::iter::repeat_n((read_queue, stats::READ), readers.max(1));
        for (queue, kind) in queues.chain([(long_queue, stats::LONG_READ)]) {
            let connection = connect(path)?;
            connection.pragma_update(None, "query_only", true)?;
            threads.push(spawn("store-reader", move || {
                reader::run(&connection, &queue, &Stats::new(kind));
            })?);
        }
        Ok(Self { writes, reads, long_reads, threads, path: path.to_owned() })
    }
}

pub(super) fn spawn(
    name: &str,
    run: impl FnOnce() + Send + 'static,
) -> Result<JoinHandle<()>, Error> {
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(run)
        .map_err(|error| Error::Engine(format!("cannot start a store thread: {error}")))
}

/// The file holds password hashes and private messages: only its owner may read it.
fn create_private(path: &Path) -> Result<(), Error> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(|error| {
            Error::Engine(format!("cannot create {}: {error}", parent.display()))
        })?;
    }
    OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
        .map_err(|error| Error::Engine(format!("cannot open {}: {error}", path.display())))?;
    Ok(())
}

fn connect(path: &Path) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    // Plans must not depend on bound values: a statement with a partial index would be planned
    // again whenever another value is bound.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // Enough for every statement of the program, so that each is prepared once per connection.
    connection.set_prepared_statement_cache_capacity(1024);
    connection.execute_batch(
        "pragma busy_timeout = 10000;
         pragma synchronous = full;
         pragma foreign_keys = on;
         pragma temp_store = memory;
         pragma cache_size = -8192;
         pragma journal_size_limit = 67108864;",
    )?;
    Ok(connection)
}

fn in_transaction(
    connection: &Connection,
    writes: bool,
    run: impl FnOnce(&mut Tx<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    // Reading must not wait behind the writers of a busy server.
    connection.execute_batch(if writes { "begin immediate" } else { "begin deferred" })?;
    let result = run(&mut Tx::new(Engine::Sqlite(connection)));
    let end = if result.is_ok() { "commit" } else { "rollback" };
    connection.execute_batch(end)?;
    result
}
