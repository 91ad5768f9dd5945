//! The store seam: synchronous transaction closures on SQLite or PostgreSQL.
//!
//! ```no_run
//! # use halyard_platform::{db::{Db, Error}, params};
//! # async fn example(db: Db) -> Result<(), Error> {
//! let title = "Hello".to_owned();
//! let id = db
//!     .write(move |tx| -> Result<i64, Error> {
//!         tx.one("insert into note (title) values ($1) returning id", params![&title])
//!     })
//!     .await?;
//! # Ok(())
//! # }
//! ```
//!
//! A closure decides and writes; it cannot await, so no network call can sit inside a
//! transaction. It may run more than once, therefore it is `Fn` and has no effect outside its
//! transaction.

mod catalog;
mod dialect;
mod dump;
mod error;
mod load;
mod migrate;
mod postgres;
mod sqlite;
pub mod statistics;
mod stats;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod tx;
mod value;
mod work;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    thread::JoinHandle,
};

use crossbeam_channel::{Sender, TrySendError};

pub use catalog::{Column, Kind, Table, raise_sequence, sequences, tables};
pub use dialect::Dialect;
pub use dump::dump;
pub use error::Error;
pub use load::{empty, load};
pub use migrate::{Migration, Status, migrate, status};
pub use tx::Tx;
pub use value::{FromColumn, FromRow, Row, Value};

use work::Work;
pub(crate) use work::message_of;

/// Where the database is and how many threads serve it.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where the data is.
    pub location: Location,
    /// Threads that run read closures.
    pub readers: usize,
    /// Connections that run write closures; SQLite always has one.
    pub writers: usize,
}

/// The two databases.
#[derive(Debug, Clone)]
pub enum Location {
    /// A file.
    Sqlite(PathBuf),
    /// A `postgres://` URL.
    Postgres(String),
}

/// What opening a store does about its schema.
#[derive(Debug, Clone)]
pub enum Schema {
    /// Brings it to these migrations.
    Migrate(Vec<Migration>),
    /// Refuses a database that does not have exactly these. Changes nothing, so that another
    /// process may be using the database.
    Require(Vec<Migration>),
    /// Takes the database as it is, even empty.
    AsIs,
}

impl Options {
    /// SQLite in this file.
    pub fn sqlite(path: impl Into<PathBuf>) -> Self {
        Self { location: Location::Sqlite(path.into()), readers: 2, writers: 1 }
    }

    /// PostgreSQL at this URL.
    pub fn postgres(url: impl Into<String>) -> Self {
        Self { location: Location::Postgres(url.into()), readers: 6, writers: 10 }
    }
}

/// A handle on the store; cheap to clone.
#[derive(Clone)]
pub struct Db {
    inner: Arc<Inner>,
}

struct Inner {
    dialect: Dialect,
    path: Option<PathBuf>,
    queues: Mutex<Option<Queues>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

#[derive(Clone)]
struct Queues {
    /// PostgreSQL only: one for each writing connection.
    keyed: Vec<Sender<Box<dyn Work>>>,
    writes: Sender<Box<dyn Work>>,
    reads: Sender<Box<dyn Work>>,
    long_reads: Sender<Box<dyn Work>>,
}

impl Db {
    /// Opens the store and brings it to the newest schema.
    ///
    /// # Errors
    /// [`Error::Newer`] when a newer program has been here; [`Error::Engine`] when the database
    /// cannot be reached or a migration fails.
    pub async fn open(options: Options, migrations: Vec<Migration>) -> Result<Self, Error> {
        Self::open_with(options, Schema::Migrate(migrations)).await
    }

    /// Opens the store with or without changing its schema.
    ///
    /// # Errors
    /// As [`open`](Self::open); [`Error::Older`] when a required migration is missing.
    pub async fn open_with(options: Options, schema: Schema) -> Result<Self, Error> {
        tokio::task::spawn_blocking(move || Self::open_blocking(&options, &schema))
            .await
            .map_err(|error| Error::Panicked(error.to_string()))?
    }

    fn open_blocking(options: &Options, schema: &Schema) -> Result<Self, Error> {
        let prepare = |tx: &mut Tx<'_>| match schema {
            Schema::Migrate(migrations) => migrate(tx, migrations),
            Schema::Require(migrations) => migrate::require(tx, migrations),
            Schema::AsIs => Ok(()),
        };
        let (dialect, path, queues, threads) = match &options.location {
            Location::Sqlite(path) => {
                let writes = matches!(schema, Schema::Migrate(_));
                let store = sqlite::Sqlite::open(path, options.readers, writes, prepare)?;
                let queues = Queues {
                    keyed: Vec::new(),
                    writes: store.writes,
                    reads: store.reads,
                    long_reads: store.long_reads,
                };
                (Dialect::Sqlite, Some(store.path), queues, store.threads)
            }
            Location::Postgres(url) => {
                let store =
                    postgres::Postgres::open(url, options.writers, options.readers, prepare)?;
                let queues = Queues {
                    keyed: store.keyed,
                    writes: store.writes,
                    reads: store.reads,
                    long_reads: store.long_reads,
                };
                (Dialect::Postgres, None, queues, store.threads)
            }
        };
        Ok(Self {
            inner: Arc::new(Inner {
                dialect,
                path,
                queues: Mutex::new(Some(queues)),
                threads: Mutex::new(threads),
            }),
        })
    }

    /// Which database this is.
    pub fn dialect(&self) -> Dialect {
        self.inner.dialect
    }

    /// The database file, when it is SQLite.
    pub fn path(&self) -> Option<&Path> {
        self.inner.path.as_deref()
    }

    /// Runs a closure that may change things. The answer comes when its changes are durable.
    ///
    /// # Errors
    /// [`Error::Busy`] at once when too many closures wait; [`Error::DiskFull`],
    /// [`Error::Panicked`] and [`Error::Closed`] with nothing kept; else the closure's own error,
    /// its changes rolled back.
    pub async fn write<F, T, E>(&self, run: F) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.submit(|queues| queues.writes.clone(), None, run).await
    }

    /// As [`write`](Self::write), for a closure that changes mainly one thing, named by `key`.
    ///
    /// Equal keys meet on one connection, which commits what has queued up together and takes the
    /// locks of a group in the order of the keys. On PostgreSQL this pays where many write to the
    /// same thing; SQLite groups all writes anyway. The key is a hint: it may not cover everything
    /// that the closure touches.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub async fn write_keyed<F, T, E>(&self, key: i64, run: F) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let choose = move |queues: &Queues| {
            let connections = queues.keyed.len() as i64;
            match connections {
                0 => queues.writes.clone(),
                _ => queues.keyed[key.rem_euclid(connections) as usize].clone(),
            }
        };
        self.submit(choose, Some(key), run).await
    }

    /// As [`write`](Self::write), for changes that follow from what is durable already and are made
    /// again when a crash of the database undoes them: those of a follower together with its cursor,
    /// leases of jobs, notes about deliveries that may be made twice.
    ///
    /// On PostgreSQL the answer does not wait for the disk, so such transactions are short and hold
    /// up nobody who waits for older ones to end. A crash of the database may undo the last of them;
    /// never one without all that came after it. On SQLite they are part of a group like all others.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub async fn write_derived<F, T, E>(&self, run: F) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let relaxed = move |tx: &mut Tx<'_>| {
            tx.relax();
            run(tx)
        };
        self.write(relaxed).await
    }

    /// Runs a closure that only reads, on one snapshot.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub async fn read<F, T, E>(&self, run: F) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.submit(|queues| queues.reads.clone(), None, run).await
    }

    /// As [`read`](Self::read), for what takes long and what nobody waits for: it goes through one
    /// connection of its own, so that however much of it there is, the others stay free for
    /// requests.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub async fn read_long<F, T, E>(&self, run: F) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.submit(|queues| queues.long_reads.clone(), None, run).await
    }

    async fn submit<F, T, E>(
        &self,
        choose: impl FnOnce(&Queues) -> Sender<Box<dyn Work>>,
        key: Option<i64>,
        run: F,
    ) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let (work, answer) = work::pack(key, run);
        {
            let queues = self.inner.queues.lock().unwrap_or_else(|error| error.into_inner());
            let Some(queues) = queues.as_ref() else { return Err(Error::Closed.into()) };
            choose(queues).try_send(work).map_err(|error| match error {
                TrySendError::Full(_) => Error::Busy,
                TrySendError::Disconnected(_) => Error::Closed,
            })?;
        }
        answer.await.unwrap_or_else(|_| Err(Error::Closed.into()))
    }

    /// Finishes every accepted closure, then stops the threads. Later calls answer
    /// [`Error::Closed`].
    pub async fn close(&self) {
        drop(self.inner.queues.lock().unwrap_or_else(|error| error.into_inner()).take());
        let threads = std::mem::take(
            &mut *self.inner.threads.lock().unwrap_or_else(|error| error.into_inner()),
        );
        let joined = tokio::task::spawn_blocking(move || {
            threads.into_iter().filter_map(|thread| thread.join().err()).count()
        })
        .await;
        if !matches!(joined, Ok(0)) {
            tracing::error!("a store thread had panicked");
        }
    }
}
