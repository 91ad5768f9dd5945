//! Jobs in the database: order, leases, failures. The time is a number in the hand of the test.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

use std::time::Duration;

use halyard_platform::{
    MIGRATIONS,
    db::{Db, Dialect, Error, Tx},
    jobs::{self, Claim, Failure, Fate, Job, NewJob, Policy, Renewed},
    on_both_databases, params,
};

const KINDS: &str = r#"["deliver","index"]"#;
const LEASE: i64 = 1000;
const POLICY: Policy =
    Policy { max_attempts: 3, base: Duration::from_millis(100), cap: Duration::from_millis(150) };

fn add(tx: &mut Tx<'_>, key: Option<&str>, payload: &str, run_at: i64) -> Result<i64, Error> {
    jobs::enqueue(tx, &NewJob { kind: "deliver", key, payload, run_at })
}

async fn added(db: &Db, key: Option<&'static str>, payload: &'static str, run_at: i64) -> i64 {
    db.write(move |tx| add(tx, key, payload, run_at)).await.unwrap()
}

async fn claim(db: &Db, now: i64, limit: usize) -> Vec<Job> {
    let request = Claim { kinds: KINDS.to_owned(), now, lease_until: now + LEASE, limit };
    db.write(move |tx| jobs::claim(tx, &request)).await.unwrap()
}

async fn claim_one(db: &Db, now: i64) -> Job {
    let mut jobs = claim(db, now, 1).await;
    assert_eq!(jobs.len(), 1, "a job is claimable at {now}");
    jobs.remove(0)
}

async fn is_due(db: &Db, now: i64) -> bool {
    db.read(move |tx| jobs::is_due(tx, KINDS, now)).await.unwrap()
}

async fn complete(db: &Db, job: &Job) -> Result<(), Error> {
    let job = job.clone();
    db.write(move |tx| jobs::complete(tx, &job)).await
}

async fn fail(db: &Db, job: &Job, failure: Failure, now: i64) -> Fate {
    let job = job.clone();
    db.write(move |tx| jobs::fail(tx, &job, &failure, &POLICY, now, 1.0)).await.unwrap()
}

fn payloads(jobs: &[Job]) -> Vec<&str> {
    jobs.iter().map(|job| job.payload.as_str()).collect()
}

async fn count(db: &Db) -> i64 {
    db.read(|tx| tx.one("select count(*) from job", params![])).await.unwrap()
}

on_both_databases! {
    MIGRATIONS;

    async fn only_due_jobs_of_the_asked_kinds_are_claimed_in_the_order_of_their_time(test: &TestDb) {
        let db = &test.db;
        assert!(!is_due(db, i64::MAX).await);
        added(db, None, "second", 20).await;
        added(db, None, "first", 10).await;
        added(db, None, "later", 31).await;
        db.write(|tx| jobs::enqueue(
            tx, &NewJob { kind: "unknown here", key: None, payload: "other", run_at: 1 },
        )).await.unwrap();
        assert!(!is_due(db, 9).await);
        assert!(is_due(db, 10).await);
        assert_eq!(payloads(&claim(db, 30, 10).await), ["first", "second"]);
        assert!(!is_due(db, 30).await);
        assert!(claim(db, 30, 10).await.is_empty());
        assert_eq!(payloads(&claim(db, 31, 10).await), ["later"]);
    }

    async fn a_job_of_a_transaction_that_fails_does_not_exist(test: &TestDb) {
        let result = test.db.write(|tx| {
            add(tx, None, "never", 0)?;
            Err::<(), _>(Error::Missing("a reason"))
        }).await;
        assert!(result.is_err());
        assert_eq!(count(&test.db).await, 0);
    }

    async fn jobs_with_a_key_wait_for_each_other_and_for_nobody_else(test: &TestDb) {
        let db = &test.db;
        // The third is due before the second; the order is that of their ids all the same.
        for (key, payload, run_at) in [
            (Some("a"), "a1", 5), (Some("a"), "a2", 9), (Some("a"), "a3", 1), (Some("b"), "b1", 6),
            (None, "free 1", 7), (None, "free 2", 8), (Some("b"), "b2", 6),
        ] {
            added(db, key, payload, run_at).await;
        }
        let first = claim(db, 10, 10).await;
        assert_eq!(payloads(&first), ["a1", "b1", "free 1", "free 2"]);
        assert!(!is_due(db, 10).await, "those behind are out of the way");
        assert!(claim(db, 10, 10).await.is_empty());

        complete(db, &first[1]).await.unwrap();
        assert_eq!(payloads(&claim(db, 10, 10).await), ["b2"]);

        // Waiting for a retry still holds up those behind.
        let fate = fail(db, &first[0], Failure::temporary("no"), 10).await;
        assert_eq!(fate, Fate::Retry(110));
        assert!(claim(db, 109, 10).await.is_empty());
        let again = claim_one(db, 110).await;
        assert_eq!((again.payload.as_str(), again.attempts, again.due_at), ("a1", 2, 5));
        assert!(claim(db, 110, 10).await.is_empty());
        complete(db, &again).await.unwrap();
        let next = claim(db, 110, 10).await;
        assert_eq!(payloads(&next), ["a2"]);
        complete(db, &next[0]).await.unwrap();
        let last = claim(db, 110, 10).await;
        assert_eq!(payloads(&last), ["a3"]);
        complete(db, &last[0]).await.unwrap();
        assert!(!is_due(db, 110).await);
    }

    async fn a_job_added_to_a_busy_key_later_gets_its_turn(test: &TestDb) {
        let db = &test.db;
        added(db, Some("a"), "1", 0).await;
        let first = claim_one(db, 0).await;
        for payload in ["2", "3", "4"] {
            added(db, Some("a"), payload, 0).await;
            assert!(claim(db, 0, 10).await.is_empty(), "before {payload}");
        }
        complete(db, &first).await.unwrap();
        for payload in ["2", "3", "4"] {
            let job = claim_one(db, 0).await;
            assert_eq!(job.payload, payload);
            complete(db, &job).await.unwrap();
        }
        assert_eq!(count(db).await, 0);
    }

    async fn a_key_with_many_waiting_jobs_does_not_hold_up_the_others(test: &TestDb) {
        let db = &test.db;
        db.write(|tx| {
            for n in 0..2500 {
                add(tx, Some("slow"), &n.to_string(), 0)?;
            }
            add(tx, Some("quick"), "quick", 1)
        }).await.unwrap();
        assert_eq!(payloads(&claim(db, 1, 2).await), ["0", "quick"]);
        assert!(!is_due(db, 1).await);
    }

    async fn a_dead_job_lets_those_behind_it_go_on(test: &TestDb) {
        let db = &test.db;
        let poisoned = added(db, Some("a"), "poisoned", 0).await;
        added(db, Some("a"), "healthy", 0).await;
        let mut now = 0;
        for (attempt, wait) in [(1, 100), (2, 150)] {
            let job = claim_one(db, now).await;
            assert_eq!((job.id, job.attempts), (poisoned, attempt));
            assert_eq!(fail(db, &job, Failure::temporary("bad"), now).await, Fate::Retry(now + wait));
            assert!(claim(db, now + wait - 1, 10).await.is_empty());
            now += wait;
        }
        let job = claim_one(db, now).await;
        assert_eq!(fail(db, &job, Failure::temporary("still bad"), now).await, Fate::Dead);
        assert_eq!(claim_one(db, now).await.payload, "healthy");

        let dead = db.read(|tx| jobs::dead(tx, None, 10)).await.unwrap();
        assert_eq!(dead.len(), 1);
        assert_eq!((dead[0].id, dead[0].attempts, dead[0].dead_at), (poisoned, 3, now));
        assert_eq!(dead[0].last_error.as_deref(), Some("still bad"));
        let other = db.read(|tx| jobs::dead(tx, Some("index"), 10)).await.unwrap();
        assert_eq!(other, []);
    }

    async fn a_permanent_failure_is_not_tried_again_and_its_message_is_cut(test: &TestDb) {
        let db = &test.db;
        added(db, None, "{", 0).await;
        let job = claim_one(db, 0).await;
        let failure = job.decode::<Vec<String>>().unwrap_err();
        assert!(!failure.retry);
        assert_eq!(fail(db, &job, Failure::permanent("é".repeat(5000)), 0).await, Fate::Dead);
        assert!(!is_due(db, i64::MAX).await);
        let dead = db.read(|tx| jobs::dead(tx, Some("deliver"), 10)).await.unwrap();
        assert_eq!(dead[0].last_error.as_ref().unwrap().chars().count(), 2000);
    }

    async fn a_revived_job_goes_last_with_its_key_and_has_all_its_attempts(test: &TestDb) {
        let db = &test.db;
        let id = added(db, Some("a"), "revived", 3).await;
        added(db, Some("a"), "behind", 3).await;
        let job = claim_one(db, 3).await;
        fail(db, &job, Failure::permanent("no"), 3).await;
        let behind = claim_one(db, 3).await;
        let new = db.write(move |tx| jobs::revive(tx, id, 50)).await.unwrap().unwrap();
        assert!(new > behind.id);
        assert_eq!(db.write(move |tx| jobs::revive(tx, id, 50)).await.unwrap(), None);
        let running = behind.id;
        assert_eq!(db.write(move |tx| jobs::revive(tx, running, 50)).await.unwrap(), None);
        assert!(claim(db, 50, 10).await.is_empty(), "never two of a key at once");
        complete(db, &behind).await.unwrap();
        let job = claim_one(db, 50).await;
        assert_eq!((job.id, job.attempts, job.due_at), (new, 1, 3));
        assert_eq!(job.payload, "revived");
    }

    async fn a_lease_that_ran_out_belongs_to_the_next_who_claims(test: &TestDb) {
        let db = &test.db;
        added(db, Some("a"), "work", 0).await;
        let lost = claim_one(db, 0).await;
        assert!(claim(db, LEASE - 1, 1).await.is_empty());
        let held = claim_one(db, LEASE).await;
        assert_eq!((held.id, held.attempts), (lost.id, 2));

        // Nothing that the first one does now has an effect.
        assert!(matches!(complete(db, &lost).await, Err(Error::Missing(_))));
        assert_eq!(fail(db, &lost, Failure::permanent("late"), LEASE).await, Fate::Lost);
        assert_eq!(fail(db, &lost, Failure::temporary("late"), LEASE).await, Fate::Lost);
        let late = lost.clone();
        assert!(!db.write(move |tx| jobs::release(tx, &late)).await.unwrap());
        let late = lost.clone();
        assert_eq!(
            db.write(move |tx| jobs::renew(tx, &late, i64::MAX)).await.unwrap(), Renewed::Lost);
        assert_eq!(count(db).await, 1);

        let job = held.clone();
        assert_eq!(
            db.write(move |tx| jobs::renew(tx, &job, 3 * LEASE)).await.unwrap(), Renewed::Extended);
        assert!(claim(db, 3 * LEASE - 1, 1).await.is_empty(), "the renewed lease holds");
        complete(db, &held).await.unwrap();
        let job = held.clone();
        assert_eq!(db.write(move |tx| jobs::renew(tx, &job, 9)).await.unwrap(), Renewed::Ended);
        assert_eq!(count(db).await, 0);
    }

    async fn a_lost_lease_undoes_the_effects_in_the_same_transaction(test: &TestDb) {
        let db = &test.db;
        added(db, None, "work", 0).await;
        let lost = claim_one(db, 0).await;
        let held = claim_one(db, LEASE).await;
        for (job, fine) in [(lost, false), (held, true)] {
            let result = db.write(move |tx| {
                add(tx, None, "effect", 0)?;
                jobs::complete(tx, &job)
            }).await;
            assert_eq!(result.is_ok(), fine, "{result:?}");
        }
        assert_eq!(payloads(&claim(db, LEASE, 10).await), ["effect"]);
    }

    async fn a_released_job_is_claimable_at_once_and_was_not_an_attempt(test: &TestDb) {
        let db = &test.db;
        added(db, Some("a"), "work", 0).await;
        let job = claim_one(db, 0).await;
        let released = job.clone();
        assert!(db.write(move |tx| jobs::release(tx, &released)).await.unwrap());
        assert!(matches!(complete(db, &job).await, Err(Error::Missing(_))), "it was given back");
        assert_eq!(claim_one(db, 0).await.attempts, 1);
    }

    async fn a_cancelled_job_is_gone_and_the_next_takes_its_place(test: &TestDb) {
        let db = &test.db;
        let running = added(db, Some("a"), "running", 0).await;
        let waiting = added(db, Some("a"), "waiting", 0).await;
        added(db, Some("a"), "last", 0).await;
        let job = claim_one(db, 0).await;
        assert!(claim(db, 0, 10).await.is_empty());
        assert!(db.write(move |tx| jobs::cancel(tx, waiting)).await.unwrap());
        assert!(!db.write(move |tx| jobs::cancel(tx, waiting)).await.unwrap());
        assert!(claim(db, 0, 10).await.is_empty());
        assert!(db.write(move |tx| jobs::cancel(tx, running)).await.unwrap());
        assert!(complete(db, &job).await.is_err());
        assert_eq!(claim_one(db, 0).await.payload, "last");
    }

    async fn the_figures_of_each_kind_are_counted(test: &TestDb) {
        let db = &test.db;
        db.write(|tx| {
            for (kind, run_at) in [("deliver", 10), ("deliver", 20), ("deliver", 30), ("index", 900)] {
                jobs::enqueue(tx, &NewJob { kind, key: None, payload: "1", run_at })?;
            }
            Ok::<_, Error>(())
        }).await.unwrap();
        let claimed = claim(db, 20, 10).await;
        fail(db, &claimed[0], Failure::permanent("no"), 20).await;
        let figures = db.read(|tx| jobs::stats(tx, 100)).await.unwrap();
        let figures: Vec<_> = figures.iter()
            .map(|k| (k.kind.as_str(), k.waiting, k.oldest, k.running, k.dead)).collect();
        assert_eq!(figures, [("deliver", 1, 70, 1, 1), ("index", 1, 0, 0, 0)]);
        let later = db.read(|tx| jobs::stats(tx, 20 + LEASE)).await.unwrap();
        assert_eq!((later[0].waiting, later[0].running), (2, 0), "an ended lease is not running");
    }

    async fn claims_at_the_same_time_never_take_the_same_job_or_key(test: &TestDb) {
        let db = &test.db;
        db.write(|tx| {
            for n in 0..120 {
                let key = format!("key {}", n % 10);
                add(tx, (n % 3 != 0).then_some(key.as_str()), &n.to_string(), 0)?;
            }
            Ok::<_, Error>(())
        }).await.unwrap();
        let running = std::sync::Arc::new(std::sync::Mutex::new(Vec::<(Option<String>, i64)>::new()));
        let finished = std::sync::Arc::new(std::sync::Mutex::new(Vec::<(Option<String>, i64)>::new()));
        let mut claimers = Vec::new();
        for _ in 0..4 {
            let (db, running, finished) = (db.clone(), running.clone(), finished.clone());
            claimers.push(tokio::spawn(async move {
                while count(&db).await > 0 {
                    for job in claim(&db, 0, 5).await {
                        let (key, id) = (job.key.clone(), job.id);
                        {
                            let mut running = running.lock().unwrap();
                            assert!(running.iter().all(|other| other.1 != id));
                            assert!(key.is_none() || running.iter().all(|other| other.0 != key));
                            running.push((key.clone(), id));
                        }
                        finished.lock().unwrap().push((key, id));
                        tokio::task::yield_now().await;
                        running.lock().unwrap().retain(|other| other.1 != id);
                        complete(&db, &job).await.unwrap();
                    }
                }
            }));
        }
        for claimer in claimers {
            tokio::time::timeout(Duration::from_secs(30), claimer).await.expect("it ends").unwrap();
        }
        let finished = finished.lock().unwrap();
        assert_eq!(finished.len(), 120);
        for n in 0..10 {
            let key = Some(format!("key {n}"));
            let order: Vec<i64> =
                finished.iter().filter(|(k, _)| *k == key).map(|(_, id)| *id).collect();
            assert_eq!(order.len(), 8);
            assert!(order.is_sorted(), "{key:?}: {order:?}");
        }
    }

    async fn a_search_uses_the_index_of_due_jobs(test: &TestDb) {
        // As in `is_due` and `claim`.
        let plan: Vec<String> = match test.db.dialect() {
            Dialect::Sqlite => test.db.read(|tx| tx.all::<(i64, i64, i64, String)>(
                "explain query plan select j.id, j.key,
                     (select e.id from job e where e.key = j.key and e.dead_at is null and e.id < j.id
                      order by e.id desc limit 1)
                 from job j
                 where j.dead_at is null and not j.parked and j.run_at <= $1
                     and (j.lease_until is null or j.lease_until <= $1)
                     and j.kind in {texts $2}
                 order by j.run_at, j.id limit $3 {skip locked}", params![5, KINDS, 1])
            ).await.unwrap().into_iter().map(|row| row.3).collect(),
            Dialect::Postgres => test.db.write(|tx| {
                tx.script("set local enable_seqscan = off; set local enable_bitmapscan = off")?;
                tx.all::<String>(
                    "explain select j.id, j.key,
                         (select e.id from job e where e.key = j.key and e.dead_at is null
                              and e.id < j.id order by e.id desc limit 1)
                     from job j
                     where j.dead_at is null and not j.parked and j.run_at <= $1
                         and (j.lease_until is null or j.lease_until <= $1)
                         and j.kind in {texts $2}
                     order by j.run_at, j.id limit $3 {skip locked}", params![5, KINDS, 1])
            }).await.unwrap(),
        };
        let plan = plan.join("\n");
        assert!(plan.contains("job_due") && plan.contains("job_key"), "{plan}");
        assert!(!plan.contains("Sort") && !plan.contains("B-TREE"), "{plan}");
    }
}
