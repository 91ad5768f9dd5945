//! Workers: what happens to jobs when handlers work, fail, panic, hang and die.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

mod order;
mod trouble;

use std::{
    collections::HashMap,
    future::pending,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::FutureExt;
use halyard_platform::{
    MIGRATIONS,
    clock::Clock,
    db::{
        Db, Error, Migration,
        testing::{TestDb, eventually},
    },
    jobs::{self, Config, Done, Failure, Job, NewJob, Policy, Stopped, Workers},
    on_both_databases, params,
    random::Random,
    signals::Signals,
};

const SCHEMA: &[Migration] = &[
    MIGRATIONS[0],
    Migration {
        name: "test/0001",
        sql: "create table effect (id {id}, job text not null);
              create table counter (id bigint primary key, value bigint not null);
              insert into counter (id, value) values (1, 0);",
    },
];

/// The lease is in the time of the manual clock, the rest in real time.
const CONFIG: Config = Config {
    concurrency: 4,
    poll: Duration::from_millis(2),
    lease: Duration::from_millis(1000),
    renew: Duration::from_millis(5),
};
const POLICY: Policy =
    Policy { max_attempts: 4, base: Duration::from_millis(100), cap: Duration::from_millis(400) };
const LONG: Duration = Duration::from_secs(10);
const KIND: &str = "work";

/// What the workers of one test share.
struct Rig {
    db: Db,
    signals: Signals,
    clock: Clock,
}

impl Rig {
    fn new(test: &TestDb) -> Self {
        Self { db: test.db.clone(), signals: Signals::new(), clock: Clock::manual(1000) }
    }

    fn workers(&self, config: Config) -> Workers {
        let (signals, clock) = (self.signals.clone(), self.clock.clone());
        Workers::new(self.db.clone(), signals, clock, Random::seeded(1), config)
    }

    async fn enqueue(&self, key: Option<&'static str>, payload: &str) -> i64 {
        let (payload, run_at) = (payload.to_owned(), self.clock.now());
        let job = move |tx: &mut halyard_platform::db::Tx<'_>| {
            jobs::enqueue(tx, &NewJob { kind: KIND, key, payload: &payload, run_at })
        };
        let id = self.db.write(job).await.unwrap();
        self.signals.wake(jobs::TOPIC);
        id
    }

    async fn left(&self) -> i64 {
        self.db.read(|tx| tx.one("select count(*) from job", params![])).await.unwrap()
    }

    async fn dead(&self) -> Vec<jobs::DeadJob> {
        self.db.read(|tx| jobs::dead(tx, None, 100)).await.unwrap()
    }

    async fn drained(&self) {
        eventually("all jobs are done", || async { self.left().await == 0 }).await;
    }

    async fn lease(&self, id: i64) -> Option<i64> {
        let lease = self.db.read(move |tx| {
            tx.optional::<Option<i64>>("select lease_until from job where id = $1", params![id])
        });
        lease.await.unwrap().flatten()
    }

    async fn run_at(&self, id: i64) -> i64 {
        self.db
            .read(move |tx| tx.one("select run_at from job where id = $1", params![id]))
            .await
            .unwrap()
    }
}

/// Remembers which jobs were started, in order.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn add(&self, entry: impl Into<String>) {
        self.0.lock().unwrap().push(entry.into());
    }

    fn entries(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    async fn holds(&self, count: usize) {
        eventually("the handlers were called", || async { self.entries().len() >= count }).await;
    }
}

/// Writes the effect and takes the job away in one transaction.
async fn apply(db: &Db, job: &Job) -> Result<(), Error> {
    let job = job.clone();
    db.write(move |tx| {
        tx.exec("insert into effect (job) values ($1)", params![&job.payload])?;
        jobs::complete(tx, &job)
    })
    .await
}

async fn effects(db: &Db) -> HashMap<String, i64> {
    db.read(|tx| {
        tx.all::<(String, i64)>("select job, count(*) from effect group by job", params![])
    })
    .await
    .unwrap()
    .into_iter()
    .collect()
}
