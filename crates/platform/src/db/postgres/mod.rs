//! PostgreSQL, or a database that speaks its protocol: a pool of connection threads.

mod session;
mod tls;
mod worker;

use std::thread::JoinHandle;

use crossbeam_channel::{Sender, bounded};

pub(super) use session::Session;

use super::{Error, Tx, sqlite::spawn, stats::Stats, tx::Engine, work::Work};

/// Closures that may wait for a connection before the store answers [`Error::Busy`].
const QUEUE: usize = 4096;
/// Held while migrations run, so that nodes that start together do not race. Any fixed number.
const MIGRATION_LOCK: i64 = 0x6861_6c79;

pub(super) struct Postgres {
    pub(super) writes: Sender<Box<dyn Work>>,
    pub(super) reads: Sender<Box<dyn Work>>,
    pub(super) threads: Vec<JoinHandle<()>>,
}

impl Postgres {
    /// Connects, lets `prepare` run once under a lock (migrations), then starts the threads.
    pub(super) fn open(
        url: &str,
        writers: usize,
        readers: usize,
        prepare: impl FnOnce(&mut Tx<'_>) -> Result<(), Error>,
    ) -> Result<Self, Error> {
        let mut session = Session::connect(url)?;
        session.script(&format!("begin; select pg_advisory_xact_lock({MIGRATION_LOCK})"))?;
        prepare(&mut Tx::new(Engine::Postgres(&mut session)))?;
        session.script("commit")?;
        let (writes, write_queue) = bounded(QUEUE);
        let (reads, read_queue) = bounded(QUEUE);
        let mut threads = Vec::new();
        let mut spare = Some(session);
        for (name, kind, count, queue) in [
            ("store-writer", worker::Kind::Write, writers, write_queue),
            ("store-reader", worker::Kind::Read, readers, read_queue),
        ] {
            for _ in 0..count.max(1) {
                let session = match spare.take() {
                    Some(session) => session,
                    None => Session::connect(url)?,
                };
                let (url, queue) = (url.to_owned(), queue.clone());
                threads.push(spawn(name, move || {
                    worker::run(session, &url, kind, &queue, &Stats::new(kind.name()));
                })?);
            }
        }
        Ok(Self { writes, reads, threads })
    }
}
