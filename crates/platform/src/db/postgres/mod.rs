//! PostgreSQL, or a database that speaks its protocol: a pool of connection threads.

mod session;
mod tls;
mod worker;

use std::thread::JoinHandle;

use crossbeam_channel::{Sender, bounded};

pub(super) use session::Session;

use super::{
    Error, Tx,
    sqlite::spawn,
    stats::{self, Stats},
    tx::Engine,
    work::Work,
};

/// Closures that may wait for a connection before the store answers [`Error::Busy`].
const QUEUE: usize = 4096;
/// Held while migrations run, so that nodes that start together do not race. Any fixed number.
const MIGRATION_LOCK: i64 = 0x6861_6c79;

pub(super) struct Postgres {
    /// One queue for each writing connection: closures with equal keys meet on one connection.
    pub(super) keyed: Vec<Sender<Box<dyn Work>>>,
    pub(super) writes: Sender<Box<dyn Work>>,
    pub(super) reads: Sender<Box<dyn Work>>,
    pub(super) long_reads: Sender<Box<dyn Work>>,
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
        let mut spare = Some(session);
        let mut connect = || match spare.take() {
            Some(session) => Ok(session),
            None => Session::connect(url),
        };
        let (writes, write_queue) = bounded(QUEUE);
        let (reads, read_queue) = bounded(QUEUE);
        let (long_reads, long_queue) = bounded(QUEUE);
        let (mut keyed, mut threads) = (Vec::new(), Vec::new());
        for _ in 0..writers.max(1) {
            let (sender, own) = bounded(QUEUE);
            keyed.push(sender);
            let (session, url, shared) = (connect()?, url.to_owned(), write_queue.clone());
            threads.push(spawn("store-writer", move || {
                worker::run_writes(session, &url, &own, &shared, &Stats::new("write"));
            })?);
        }
        let queues = std::iter::repeat_n((read_queue, stats::READ), readers.max(1));
        for (queue, kind) in queues.chain([(long_queue, stats::LONG_READ)]) {
            let (session, url) = (connect()?, url.to_owned());
            threads.push(spawn("store-reader", move || {
                worker::run_reads(session, &url, &queue, &Stats::new(kind));
            })?);
        }
        Ok(Self { keyed, writes, reads, long_reads, threads })
    }
}
