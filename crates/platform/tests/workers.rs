//! Workers: what happens to jobs when handlers work, fail, panic, hang and die.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

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

on_both_databases! {
    SCHEMA;

    async fn a_signal_starts_a_job_without_waiting_for_the_poll(test: &TestDb) {
        let (rig, log) = (Rig::new(test), Log::default());
        let heard = log.clone();
        let running = rig.workers(Config { poll: Duration::from_secs(3600), ..CONFIG })
            .handler(KIND, POLICY, move |job| {
                heard.add(job.payload);
                async { Ok(Done::Finished) }
            })
            .start();
        rig.enqueue(None, "1").await;
        rig.drained().await;
        rig.enqueue(None, "2").await;
        rig.drained().await;
        assert_eq!(log.entries(), ["1", "2"]);
        // A job is gone from the database a moment before its attempt has ended.
        assert_eq!(running.stop(LONG).await.released, 0);
    }

    async fn a_lost_signal_costs_a_poll_only(test: &TestDb) {
        let mut rig = Rig::new(test);
        let running = rig.workers(CONFIG)
            .handler(KIND, POLICY, |_| async { Ok(Done::Finished) })
            .start();
        rig.signals = Signals::new();
        rig.enqueue(None, "1").await;
        rig.drained().await;
        running.stop(LONG).await;
    }

    async fn an_idle_worker_does_not_write(test: &TestDb) {
        let rig = Rig::new(test);
        // Idle does not mean empty: one job runs elsewhere, one is behind it, one is not due yet,
        // one has no handler here, one is dead.
        rig.enqueue(Some("a"), "elsewhere").await;
        rig.enqueue(Some("a"), "behind").await;
        rig.enqueue(None, "to die").await;
        rig.db.write(|tx| {
            let claimed = jobs::claim(tx, &jobs::Claim {
                kinds: r#"["work"]"#.into(), now: 1000, lease_until: 5000, limit: 10,
            })?;
            assert_eq!(claimed.len(), 2);
            jobs::fail(tx, &claimed[1], &Failure::permanent("no"), &POLICY, 1000, 0.0)?;
            jobs::enqueue(tx, &NewJob { kind: KIND, key: None, payload: "later", run_at: 1001 })?;
            jobs::enqueue(tx, &NewJob { kind: "other", key: None, payload: "other", run_at: 0 })
        }).await.unwrap();
        // Every connection that can write is kept busy: a worker that wanted one would stop.
        let (go, may_go) = crossbeam_channel::bounded::<()>(0);
        let (held, is_held) = std::sync::mpsc::channel();
        let held = Arc::new(Mutex::new(held));
        let mut blockers = Vec::new();
        for _ in 0..test.options().writers {
            let (db, may_go, held) = (rig.db.clone(), may_go.clone(), held.clone());
            blockers.push(tokio::spawn(async move {
                db.write(move |_| {
                    held.lock().unwrap().send(()).unwrap();
                    may_go.recv().unwrap_err();
                    Ok::<_, Error>(())
                }).await
            }));
        }
        let writers = test.options().writers;
        tokio::task::spawn_blocking(move || {
            (0..writers).for_each(|_| is_held.recv().unwrap());
        }).await.unwrap();

        let running = rig.workers(CONFIG)
            .handler(KIND, POLICY, |_| async { Ok(Done::Finished) })
            .start();
        // The loop looks for jobs before it sees the stop. If it found one it would never see it.
        rig.signals.wake(jobs::TOPIC);
        let stopped = tokio::time::timeout(LONG, running.stop(Duration::ZERO)).await;
        assert_eq!(stopped.expect("the loop is not waiting for a writer"), Stopped::default());
        drop(go);
        for blocker in blockers {
            blocker.await.unwrap().unwrap();
        }
    }

    async fn jobs_of_a_key_run_in_order_while_others_proceed(test: &TestDb) {
        let (rig, log) = (Rig::new(test), Log::default());
        for n in 0..10 {
            rig.enqueue(Some("slow"), &format!("slow {n}")).await;
            rig.enqueue(Some("quick"), &format!("quick {n}")).await;
        }
        let gate = Arc::new(tokio::sync::Semaphore::new(0));
        let (heard, closed) = (log.clone(), gate.clone());
        let running = rig.workers(CONFIG)
            .handler(KIND, POLICY, move |job| {
                let (heard, closed) = (heard.clone(), closed.clone());
                async move {
                    if job.payload.starts_with("slow") {
                        closed.acquire().await.unwrap().forget();
                    }
                    heard.add(job.payload);
                    Ok(Done::Finished)
                }
            })
            .start();
        log.holds(10).await;
        let quick: Vec<_> = (0..10).map(|n| format!("quick {n}")).collect();
        assert_eq!(log.entries(), quick, "none of the slow ones has ended");
        gate.add_permits(10);
        rig.drained().await;
        let slow: Vec<_> = (0..10).map(|n| format!("slow {n}")).collect();
        assert_eq!(log.entries()[10..], slow);
        running.stop(LONG).await;
    }

    async fn a_poisoned_job_blocks_only_its_key_and_only_until_it_is_dead(test: &TestDb) {
        let (rig, log) = (Rig::new(test), Log::default());
        let poisoned = rig.enqueue(Some("a"), "poisoned").await;
        rig.enqueue(Some("a"), "behind").await;
        rig.enqueue(Some("b"), "other").await;
        let heard = log.clone();
        let running = rig.workers(CONFIG)
            .handler(KIND, POLICY, move |job| {
                heard.add(job.payload.clone());
                async move {
                    assert!(job.payload != "poisoned", "on purpose");
                    Ok(Done::Finished)
                }
            })
            .start();
        log.holds(2).await;
        let mut now = rig.clock.now();
        for (attempt, whole) in [(1, 100), (2, 200), (3, 400)] {
            eventually("the attempt has failed", || async {
                rig.run_at(poisoned).await > now && rig.lease(poisoned).await.is_none()
            }).await;
            let wait = rig.run_at(poisoned).await - now;
            assert!((whole / 2..=whole).contains(&wait), "after attempt {attempt}: {wait}");
            assert!(!log.entries().contains(&"behind".to_owned()));
            now = rig.run_at(poisoned).await;
            rig.clock.set(now);
        }
        eventually("the other job of the key has run", || async { rig.left().await == 1 }).await;
        assert_eq!(log.entries().iter().filter(|entry| *entry == "poisoned").count(), 4);
        let dead = rig.dead().await;
        assert_eq!((dead[0].id, dead[0].attempts), (poisoned, 4));
        let message = dead[0].last_error.clone().unwrap();
        assert!(message.contains("panicked: on purpose"), "{message}");
        running.stop(LONG).await;
    }

    async fn what_a_crashed_worker_held_runs_again_when_its_lease_ends(test: &TestDb) {
        let (rig, log) = (Rig::new(test), Log::default());
        let id = rig.enqueue(Some("a"), "work").await;
        rig.enqueue(Some("a"), "behind").await;
        let heard = log.clone();
        let crashing = rig.workers(CONFIG)
            .handler(KIND, POLICY, move |job| {
                heard.add(format!("first: {}", job.payload));
                pending()
            })
            .start();
        log.holds(1).await;
        drop(crashing);

        let heard = log.clone();
        let running = rig.workers(CONFIG)
            .handler(KIND, POLICY, move |job| {
                heard.add(format!("second: {} {}", job.payload, job.attempts));
                async { Ok(Done::Finished) }
            })
            .start();
        // Its last renewal may still be on its way, so the end of the lease is looked up.
        let lease = rig.lease(id).await.unwrap();
        rig.clock.set(lease - 1);
        rig.enqueue(None, "meanwhile").await;
        log.holds(2).await;
        rig.clock.set(lease);
        rig.drained().await;
        assert_eq!(
            log.entries(),
            ["first: work", "second: meanwhile 1", "second: work 2", "second: behind 1"]
        );
        running.stop(LONG).await;
    }

    async fn a_job_that_takes_every_process_down_is_dead_in_the_end(test: &TestDb) {
        let (rig, log) = (Rig::new(test), Log::default());
        let id = rig.enqueue(None, "work").await;
        for attempt in 1..=4 {
            let heard = log.clone();
            let crashing = rig.workers(Config { renew: LONG, ..CONFIG })
                .handler(KIND, POLICY, move |_| {
                    heard.add("started");
                    pending()
                })
                .start();
            log.holds(attempt).await;
            drop(crashing);
            rig.clock.set(rig.lease(id).await.unwrap());
        }
        let heard = log.clone();
        let running = rig.workers(CONFIG)
            .handler(KIND, POLICY, move |_| {
                heard.add("started");
                pending()
            })
            .start();
        eventually("it is dead", || async { !rig.dead().await.is_empty() }).await;
        assert_eq!(log.entries().len(), 4);
        let message = rig.dead().await[0].last_error.clone().unwrap();
        assert!(message.contains("started 4 times"), "{message}");
        running.stop(LONG).await;
    }

    async fn a_lease_is_extended_while_the_handler_runs(test: &TestDb) {
        let (rig, log) = (Rig::new(test), Log::default());
        let id = rig.enqueue(None, "work").await;
        let gate = Arc::new(tokio::sync::Semaphore::new(0));
        let make = |name: &'static str| {
            let (heard, closed) = (log.clone(), gate.clone());
            rig.workers(CONFIG).handler(KIND, POLICY, move |_| {
                let (heard, closed) = (heard.clone(), closed.clone());
                async move {
                    heard.add(name);
                    closed.acquire().await.unwrap().forget();
                    Ok(Done::Finished)
                }
            })
        };
        let one = make("one").start();
        log.holds(1).await;
        let two = make("two").start();
        // Ten leases long, each moved on before it ends.
        for _ in 0..20 {
            rig.clock.advance(500);
            let wanted = rig.clock.now() + 1000;
            eventually("the lease is extended", || async { rig.lease(id).await == Some(wanted) })
                .await;
        }
        gate.add_permits(1);
        rig.drained().await;
        assert_eq!(log.entries(), ["one"], "nobody else started it");
        one.stop(LONG).await;
        two.stop(LONG).await;
    }

    async fn a_worker_that_lost_its_lease_interrupts_its_handler_and_changes_nothing(test: &TestDb) {
        let (rig, log) = (Rig::new(test), Log::default());
        let id = rig.enqueue(None, "work").await;
        let heard = log.clone();
        let stalled = rig.workers(CONFIG)
            .handler(KIND, POLICY, move |_| {
                let guard = OnDrop(heard.clone());
                heard.add("started");
                async move {
                    let _guard = guard;
                    pending().await
                }
            })
            .start();
        log.holds(1).await;
        // As another process would, whose clock is ahead. A renewal may hold the row just then.
        let taken = Mutex::new(Vec::new());
        eventually("the job is taken over", || async {
            let claimed = rig.db.write(|tx| jobs::claim(tx, &jobs::Claim {
                kinds: r#"["work"]"#.into(), now: i64::MAX - 1, lease_until: i64::MAX, limit: 1,
            })).await.unwrap();
            taken.lock().unwrap().extend(claimed);
            !taken.lock().unwrap().is_empty()
        }).await;
        let taken = taken.into_inner().unwrap();
        assert_eq!(taken[0].id, id);
        log.holds(2).await;
        assert_eq!(log.entries(), ["started", "dropped"]);
        assert_eq!(stalled.stop(LONG).await.released, 0);
        assert_eq!(rig.lease(id).await, Some(i64::MAX), "the new lease is untouched");
        apply(&rig.db, &taken[0]).await.unwrap();
    }

    async fn stopping_waits_for_handlers_and_gives_back_what_does_not_end(test: &TestDb) {
        let (rig, log) = (Rig::new(test), Log::default());
        let endless = rig.enqueue(None, "endless").await;
        rig.enqueue(None, "ends").await;
        let gate = Arc::new(tokio::sync::Semaphore::new(0));
        let (heard, closed) = (log.clone(), gate.clone());
        let running = rig.workers(Config { concurrency: 2, ..CONFIG })
            .handler(KIND, POLICY, move |job| {
                let (heard, closed) = (heard.clone(), closed.clone());
                async move {
                    heard.add("started");
                    if job.payload == "endless" {
                        pending::<()>().await;
                    }
                    closed.acquire().await.unwrap().forget();
                    Ok(Done::Finished)
                }
            })
            .start();
        log.holds(2).await;
        let mut stopping = Box::pin(running.stop(Duration::from_millis(500)));
        assert!(stopping.as_mut().now_or_never().is_none(), "it waits");
        let after = rig.enqueue(None, "after the stop").await;
        gate.add_permits(2);
        assert_eq!(stopping.await, Stopped { ended: 1, released: 1 });
        let left = rig.db.read(|tx| tx.all::<(i64, Option<i64>, i64)>(
            "select id, lease_until, attempts from job order by id", params![])).await.unwrap();
        assert_eq!(left, [(endless, None, 0), (after, None, 0)]);
        assert_eq!(log.entries().len(), 2);
    }

    async fn every_job_is_delivered_although_handlers_fail_and_panic(test: &TestDb) {
        let (rig, log) = (Rig::new(test), Log::default());
        let mut expected = Vec::new();
        for n in 0..60 {
            let payload = format!("{n}");
            rig.enqueue([None, Some("a"), Some("b")][n % 3], &payload).await;
            expected.push(payload);
        }
        let calls = Arc::new(AtomicUsize::new(0));
        let policy = Policy { max_attempts: 50, base: Duration::ZERO, cap: Duration::ZERO };
        let heard = log.clone();
        let running = rig.workers(CONFIG)
            .handler(KIND, policy, move |job| {
                let (heard, call) = (heard.clone(), calls.fetch_add(1, Ordering::SeqCst));
                async move {
                    match call % 5 {
                        1 => return Err(Failure::temporary("bad luck")),
                        3 => panic!("very bad luck"),
                        _ => heard.add(job.payload),
                    }
                    Ok(Done::Finished)
                }
            })
            .start();
        rig.drained().await;
        let mut delivered = log.entries();
        let keyed: Vec<usize> = delivered.iter()
            .map(|payload| payload.parse().unwrap()).filter(|n| n % 3 == 1).collect();
        assert!(keyed.is_sorted(), "retries keep the order of the key: {keyed:?}");
        delivered.sort();
        expected.sort();
        assert_eq!(delivered, expected);
        running.stop(LONG).await;
    }

    async fn effects_in_the_transaction_of_the_completion_happen_exactly_once(test: &TestDb) {
        let rig = Rig::new(test);
        const JOBS: usize = 120;
        for n in 0..JOBS {
            rig.enqueue((n % 4 == 0).then_some("a"), &n.to_string()).await;
        }
        let policy = Policy { max_attempts: 1000, base: Duration::ZERO, cap: Duration::ZERO };
        let starts = Arc::new(AtomicI64::new(0));
        let random = Random::seeded(7);
        let workers: Vec<_> = (0..4).map(|_| {
            let (db, clock, starts) = (rig.db.clone(), rig.clock.clone(), starts.clone());
            let random = random.clone();
            // Leases are not extended, and the clock jumps: jobs are taken over while they run.
            rig.workers(Config { renew: Duration::from_secs(3600), ..CONFIG })
                .handler(KIND, policy, move |job| {
                    let (db, clock) = (db.clone(), clock.clone());
                    let [luck, after] = random.bytes::<2>();
                    starts.fetch_add(1, Ordering::SeqCst);
                    async move {
                        match luck % 8 {
                            0 => return Err(Failure::temporary("before")),
                            1 => panic!("before"),
                            2 | 3 => {
                                clock.advance(1000);
                                for _ in 0..after % 8 {
                                    effects(&db).await;
                                }
                            }
                            _ => {}
                        }
                        apply(&db, &job).await?;
                        match after % 4 {
                            0 => Err(Failure::temporary("after")),
                            1 => panic!("after"),
                            _ => Ok(Done::Completed),
                        }
                    }
                })
                .start()
        }).collect();
        eventually("all jobs are done", || async { rig.left().await == 0 }).await;
        for running in workers {
            running.stop(LONG).await;
        }
        let effects = effects(&rig.db).await;
        assert_eq!(effects.len(), JOBS, "none lost");
        assert!(effects.values().all(|times| *times == 1), "none twice: {effects:?}");
        let starts = usize::try_from(starts.load(Ordering::SeqCst)).unwrap();
        assert!(starts > JOBS + JOBS / 8, "jobs did run more than once: {starts}");
    }
}

struct OnDrop(Log);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.add("dropped");
    }
}
