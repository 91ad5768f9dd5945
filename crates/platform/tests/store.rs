//! The promises of the store seam, on both databases.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use futures_util::future::{join_all, join3};
use halyard_platform::{
    db::{Error, Migration, Tx, testing::TestDb},
    on_both_databases, params,
};

const SCHEMA: &[Migration] = &[Migration {
    name: "test/0001",
    sql: "create table note (
              id {id},
              title text not null unique,
              size bigint,
              ratio double precision,
              done boolean not null default false,
              raw {bytes}
          );
          create table counter (id bigint primary key, value bigint not null);
          insert into counter (id, value) values (1, 0);
          --sqlite: create table only_here (engine text);
          --postgres: create table only_here (engine text, version bigint);",
}];

fn add(tx: &mut Tx<'_>, title: &str) -> Result<i64, Error> {
    tx.one("insert into note (title) values ($1) returning id", params![title])
}

async fn titles(test: &TestDb) -> Vec<String> {
    test.db
        .read(|tx| tx.all::<String>("select title from note order by title", params![]))
        .await
        .unwrap()
}

on_both_databases! {
    SCHEMA;

    async fn five_types_and_null_come_back_as_they_went(test: &TestDb) {
        type Note = (String, Option<i64>, Option<f64>, bool, Option<Vec<u8>>);
        let rows = test.db.write(|tx| {
            tx.exec(
                "insert into note (title, size, ratio, done, raw) values ($1, $2, $3, $4, $5)",
                params!["ünï — 日本", i64::MAX, 0.25, true, &[0u8, 255, 7]],
            )?;
            tx.exec(
                "insert into note (title, size, ratio, raw) values ($1, $2, $3, $4)",
                params!["zero", None::<i64>, None::<f64>, None::<&str>.map(str::as_bytes)],
            )?;
            tx.all::<Note>("select title, size, ratio, done, raw from note order by id", params![])
        }).await.unwrap();
        assert_eq!(rows[0], ("ünï — 日本".into(), Some(i64::MAX), Some(0.25), true, Some(vec![0, 255, 7])));
        assert_eq!(rows[1], ("zero".into(), None, None, false, None));
    }

    async fn a_parameter_is_found_by_its_number_wherever_it_stands(test: &TestDb) {
        let found: (i64, String) = test.db.write(|tx| {
            tx.exec("insert into note (size, title) values ($2, $1)", params!["title", 7])?;
            tx.one("select size, title from note where size = $2 and title = $1 and size <> $3",
                   params!["title", 7, 8])
        }).await.unwrap();
        assert_eq!(found, (7, "title".into()));
    }

    async fn an_error_undoes_only_its_own_closure(test: &TestDb) {
        let mut running = Vec::new();
        for n in 0..40 {
            let db = test.db.clone();
            running.push(tokio::spawn(async move {
                db.write(move |tx| {
                    add(tx, &format!("note {n:02}"))?;
                    match n % 4 {
                        1 => Err(Error::Missing("a reason")),
                        2 => panic!("on purpose"),
                        3 => add(tx, &format!("note {n:02}")).map(|_| ()),
                        _ => Ok(()),
                    }
                }).await
            }));
        }
        for (n, task) in running.into_iter().enumerate() {
            let result = task.await.unwrap();
            match n % 4 {
                0 => assert!(result.is_ok(), "{result:?}"),
                1 => assert!(matches!(result, Err(Error::Missing(_))), "{result:?}"),
                2 => assert!(matches!(result, Err(Error::Panicked(_))), "{result:?}"),
                _ => assert!(matches!(result, Err(Error::Unique(_))), "{result:?}"),
            }
        }
        let expected: Vec<_> = (0..40).step_by(4).map(|n| format!("note {n:02}")).collect();
        assert_eq!(titles(test).await, expected);
    }

    async fn ids_are_not_used_again(test: &TestDb) {
        let first = test.db.write(|tx| add(tx, "one")).await.unwrap();
        test.db.write(|tx| tx.exec("delete from note", params![])).await.unwrap();
        let second = test.db.write(|tx| add(tx, "two")).await.unwrap();
        assert!(second > first, "{second} after {first}");
    }

    async fn concurrent_increments_are_all_counted(test: &TestDb) {
        let mut running = Vec::new();
        for _ in 0..64 {
            let db = test.db.clone();
            running.push(tokio::spawn(async move {
                for _ in 0..10 {
                    db.write(|tx| {
                        let value: i64 = tx.one(
                            "select c.value from counter c where c.id = 1 {lock c}", params![])?;
                        tx.exec("update counter set value = $1 where id = 1", params![value + 1])
                    }).await.unwrap();
                }
            }));
        }
        for task in running {
            task.await.unwrap();
        }
        let value: i64 = test.db.read(|tx| tx.one("select value from counter", params![]))
            .await.unwrap();
        assert_eq!(value, 640);
    }

    async fn a_read_sees_one_snapshot_and_cannot_write(test: &TestDb) {
        let (started, has_started) = std::sync::mpsc::channel();
        let (go, may_go) = std::sync::mpsc::channel();
        let (started, may_go) = (std::sync::Mutex::new(started), std::sync::Mutex::new(may_go));
        let db = test.db.clone();
        let reading = tokio::spawn(async move {
            db.read(move |tx| -> Result<(i64, i64), Error> {
                let before = tx.one("select count(*) from note", params![])?;
                started.lock().unwrap().send(()).unwrap();
                may_go.lock().unwrap().recv().unwrap();
                Ok((before, tx.one("select count(*) from note", params![])?))
            }).await
        });
        tokio::task::spawn_blocking(move || has_started.recv().unwrap()).await.unwrap();
        test.db.write(|tx| add(tx, "meanwhile")).await.unwrap();
        go.send(()).unwrap();
        assert_eq!(reading.await.unwrap().unwrap(), (0, 0));
        let refused = test.db.read(|tx| add(tx, "not allowed")).await;
        assert!(matches!(refused, Err(Error::Engine(_))), "{refused:?}");
        assert_eq!(titles(test).await, ["meanwhile"]);
    }

    /// Such as those of requests without a token, which are refused before anything is asked.
    async fn reads_without_a_statement_leave_no_old_snapshot_behind(test: &TestDb) {
        let count = |tx: &mut Tx<'_>| tx.one::<i64>("select count(*) from note", params![]);
        // Which of the readers takes what is chance, so it is tried some times.
        for round in 0..10 {
            let (go, may_go) = std::sync::mpsc::channel();
            let may_go = Arc::new(std::sync::Mutex::new(may_go));
            let busy = join_all((0..2).map(|_| {
                let may_go = may_go.clone();
                test.db.read(move |tx| {
                    let notes = count(tx)?;
                    may_go.lock().unwrap().recv().unwrap();
                    Ok::<_, Error>(notes)
                })
            }));
            // Queues up behind them.
            let empty = test.db.read(|_| Ok::<_, Error>(()));
            let release = async { (0..2).for_each(|_| go.send(()).unwrap()) };
            let (busy, empty, ()) = join3(busy, empty, release).await;
            assert!(busy.iter().all(|notes| matches!(notes, Ok(n) if *n == round)), "{busy:?}");
            empty.unwrap();

            test.db.write(move |tx| add(tx, &format!("new {round}"))).await.unwrap();
            let seen = join_all((0..8).map(|_| test.db.read(count))).await;
            assert!(seen.iter().all(|notes| matches!(notes, Ok(n) if *n == round + 1)), "{seen:?}");
        }
    }

    async fn a_failed_statement_spoils_the_closure_even_when_it_is_ignored_on_postgres(test: &TestDb) {
        let result = test.db.write(|tx| {
            add(tx, "same")?;
            // Ignoring a failed statement is a mistake; it must not lose the answer's meaning.
            let again = add(tx, "same");
            assert!(again.is_err());
            Ok::<_, Error>(())
        }).await;
        match result {
            Ok(()) => assert_eq!(titles(test).await, ["same"]),
            Err(error) => {
                assert!(matches!(error, Error::Unique(_)), "{error:?}");
                assert!(titles(test).await.is_empty());
            }
        }
    }

    async fn a_list_of_ids_is_one_parameter(test: &TestDb) {
        let ids = test.db.write(|tx| {
            (0..4).map(|n| add(tx, &format!("{n}"))).collect::<Result<Vec<_>, Error>>()
        }).await.unwrap();
        let list = format!("[{},{}]", ids[1], ids[3]);
        let found: Vec<String> = test.db.read(move |tx| {
            tx.all("select title from note where id in {ids $1} order by id", params![&list])
        }).await.unwrap();
        assert_eq!(found, ["1", "3"]);
    }

    async fn a_full_queue_answers_busy_and_loses_nothing(test: &TestDb) {
        let (go, may_go) = crossbeam_channel::bounded::<()>(0);
        let busy = Arc::new(AtomicU64::new(0));
        let blockers = test.options().writers;
        let mut running = Vec::new();
        for n in 0..6000 {
            let (db, may_go, busy) = (test.db.clone(), may_go.clone(), busy.clone());
            running.push(tokio::spawn(async move {
                let result = db.write(move |tx| {
                    may_go.recv().unwrap_err();
                    add(tx, &format!("{n:05}"))
                }).await;
                match result {
                    Ok(_) => true,
                    Err(Error::Busy) => {
                        busy.fetch_add(1, Ordering::Relaxed);
                        false
                    }
                    Err(other) => panic!("{other}"),
                }
            }));
        }
        let seen = busy.clone();
        halyard_platform::db::testing::eventually("the queue to overflow", || {
            let seen = seen.load(Ordering::Relaxed);
            async move { seen >= 6000 - 4096 - 300 - 4 }
        }).await;
        drop(go);
        let mut accepted = 0;
        for task in running {
            accepted += usize::from(task.await.unwrap());
        }
        assert!((4096..6000).contains(&accepted), "{accepted} with {blockers} writers");
        assert_eq!(titles(test).await.len(), accepted);
    }

    async fn close_finishes_what_was_accepted(test: &TestDb) {
        let mut running = Vec::new();
        for n in 0..200 {
            let db = test.db.clone();
            running.push(tokio::spawn(async move {
                db.write(move |tx| add(tx, &format!("{n:03}"))).await
            }));
            if n % 50 == 0 {
                tokio::task::yield_now().await;
            }
        }
        test.db.close().await;
        let mut kept = 0;
        for task in running {
            match task.await.unwrap() {
                Ok(_) => kept += 1,
                Err(error) => assert!(matches!(error, Error::Closed), "{error:?}"),
            }
        }
        let again = halyard_platform::db::Db::open(test.options(), SCHEMA.to_vec()).await.unwrap();
        let count: i64 = again.read(|tx| tx.one("select count(*) from note", params![])).await.unwrap();
        again.close().await;
        assert_eq!(count, kept);
    }

    async fn an_older_program_refuses_a_newer_database(test: &TestDb) {
        test.db.close().await;
        let opened = halyard_platform::db::Db::open(test.options(), Vec::new()).await;
        assert!(matches!(opened.err(), Some(Error::Newer(name)) if name == "test/0001"));
    }
}
