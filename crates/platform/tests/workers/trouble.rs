//! Workers that crash, stop and lose what they hold; handlers that fail.

use super::*;

on_both_databases! {
    SCHEMA;

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
