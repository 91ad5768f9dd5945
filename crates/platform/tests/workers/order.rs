//! When jobs start, and in which order.

use super::*;

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
}
