//! What a closure presumes is checked before anything of it counts.
#![cfg(test)]

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use halyard_platform::{
    MIGRATIONS,
    db::{Db, Dialect, Error, Tx, testing::TestDb},
    params,
};

const OWNER: &str = "select created_at from idempotency_key where scope = 'owner' and key = $1";

/// Goes on with `known` where the engine takes it up, else asks.
fn owner(tx: &mut Tx<'_>, known: Option<i64>, wrong: &Arc<AtomicUsize>) -> Result<i64, Error> {
    let count = wrong.clone();
    if let Some(known) = known
        && wrong.load(Ordering::SeqCst) == 0
        && tx.presume(OWNER, params!["x"], known, move || {
            count.fetch_add(1, Ordering::SeqCst);
        })?
    {
        return Ok(known);
    }
    tx.one(OWNER, params!["x"])
}

fn note(tx: &mut Tx<'_>, owner: i64) -> Result<(), Error> {
    tx.send(
        "insert into idempotency_key (scope, key, created_at) values ('note', $1, $2)",
        params![format!("of {owner}").as_str(), owner],
    )
}

async fn notes(db: &Db) -> Vec<String> {
    let sql = "select key from idempotency_key where scope = 'note' order by key";
    db.read(move |tx| tx.all(sql, params![])).await.unwrap()
}

async fn prepared() -> TestDb {
    let test = TestDb::postgres(MIGRATIONS.to_vec()).await;
    let insert = "insert into idempotency_key (scope, key, created_at) values ('owner', 'x', 7)";
    test.db.write(move |tx| tx.exec(insert, params![])).await.unwrap();
    test
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_right_presumption_is_the_answer() {
    let test = prepared().await;
    let wrong = Arc::new(AtomicUsize::new(0));
    let count = wrong.clone();
    let found = test.db.read(move |tx| owner(tx, Some(7), &count)).await;
    assert_eq!(found.unwrap(), 7);
    let count = wrong.clone();
    test.db.write(move |tx| owner(tx, Some(7), &count).and_then(|o| note(tx, o))).await.unwrap();
    assert_eq!(notes(&test.db).await, ["of 7"]);
    assert_eq!(wrong.load(Ordering::SeqCst), 0);
    test.drop_now().await;
}

/// The closure asks nothing further, so that the end of the transaction is what the check rides with.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_presumption_is_neither_answered_nor_committed() {
    let test = prepared().await;
    let db = &test.db;
    let wrong = Arc::new(AtomicUsize::new(0));
    let count = wrong.clone();
    assert_eq!(db.read(move |tx| owner(tx, Some(8), &count)).await.unwrap(), 7);
    assert_eq!(wrong.swap(0, Ordering::SeqCst), 1);

    let count = wrong.clone();
    let asked_more = db.read(move |tx| {
        let owner = owner(tx, Some(8), &count)?;
        Ok::<_, Error>((owner, tx.one::<i64>("select count(*) from idempotency_key", params![])?))
    });
    assert_eq!(asked_more.await.unwrap().0, 7);
    assert_eq!(wrong.swap(0, Ordering::SeqCst), 1);

    for key in [None, Some(3)] {
        let count = wrong.clone();
        let write = move |tx: &mut Tx<'_>| owner(tx, Some(8), &count).and_then(|o| note(tx, o));
        let done = match key {
            None => db.write(write).await,
            Some(key) => db.write_keyed(key, write).await,
        };
        done.unwrap();
        assert_eq!(wrong.swap(0, Ordering::SeqCst), 1);
        assert_eq!(notes(db).await, ["of 7"]);
        db.write(|tx| tx.exec("delete from idempotency_key where scope = 'note'", params![]))
            .await
            .unwrap();
    }

    // A refusal rests on it as much as a success.
    let count = wrong.clone();
    let refused = move |tx: &mut Tx<'_>| match owner(tx, Some(8), &count)? {
        8 => Err(Error::Missing("the right owner")),
        owner => Ok(owner),
    };
    assert_eq!(db.write(refused.clone()).await.unwrap(), 7);
    wrong.store(0, Ordering::SeqCst);
    assert_eq!(db.read(refused).await.unwrap(), 7);
    test.drop_now().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_wrong_presumption_in_a_group_harms_nobody() {
    let test = prepared().await;
    let db = &test.db;
    let mut writers = Vec::new();
    for n in 0..60_i64 {
        let (db, wrong) = (db.clone(), Arc::new(AtomicUsize::new(0)));
        writers.push(tokio::spawn(async move {
            db.write_keyed(1, move |tx| {
                let known = if n % 20 == 7 { 100 } else { 7 };
                let owner = owner(tx, Some(known), &wrong)?;
                note(tx, owner * 1000 + n)
            })
            .await
        }));
    }
    for writer in writers {
        writer.await.unwrap().unwrap();
    }
    let mut expected: Vec<_> = (0..60).map(|n| format!("of {}", 7000 + n)).collect();
    expected.sort();
    assert_eq!(notes(db).await, expected);
    test.drop_now().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_asks() {
    let test = TestDb::sqlite(MIGRATIONS.to_vec()).await;
    assert_eq!(test.db.dialect(), Dialect::Sqlite);
    let taken = test.db.read(|tx| tx.presume(OWNER, params!["x"], 7_i64, || ())).await;
    assert!(!taken.unwrap());
    test.drop_now().await;
}
