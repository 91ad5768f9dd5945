//! The planner of PostgreSQL is told about tables that grow.
#![cfg(test)]

use halyard_platform::{
    MIGRATIONS,
    db::{Db, Dialect, Error, statistics, testing::eventually},
    on_both_databases, params,
};

/// Rows that the planner expects in the table, at least once it was told.
async fn expected(db: &Db) -> Result<i64, Error> {
    db.read(|tx| {
        tx.one("select cast(reltuples as bigint) from pg_class where relname = 'event'", params![])
    })
    .await
}

async fn append(db: &Db, count: i64) -> Result<u64, Error> {
    db.write(move |tx| {
        tx.exec(
            "insert into event (kind, subject, payload, at, tx)
             select 'k', 's', '{}', n, 0 from generate_series(1, $1) n",
            params![count],
        )
    })
    .await
}

on_both_databases! {
    MIGRATIONS;

    async fn a_table_that_grows_is_looked_at_again(test: &TestDb) {
        let db = &test.db;
        if db.dialect() == Dialect::Sqlite {
            assert_eq!(statistics::refresh(db).await.unwrap(), 0);
            return;
        }
        for (added, in_all) in [(1_000, 1_000), (20_000, 21_000)] {
            append(db, added).await.unwrap();
            // The database itself counts changes with a delay.
            eventually("the growth is noticed", || async {
                statistics::refresh(db).await.unwrap() > 0
            })
            .await;
            assert_eq!(expected(db).await.unwrap(), in_all);
        }
        assert_eq!(statistics::refresh(db).await.unwrap(), 0, "what has not grown is left alone");
    }
}
