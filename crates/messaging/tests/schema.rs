//! The schema is accepted by both databases.
#![cfg(test)]

use halyard_platform::{db::Migration, on_both_databases, params};

fn migrations() -> Vec<Migration> {
    [halyard_platform::MIGRATIONS, halyard_identity::MIGRATIONS, halyard_messaging::MIGRATIONS]
        .concat()
}

on_both_databases! {
    migrations();

    async fn groups_start_above_the_reserved_numbers(test: &TestDb) {
        let id: i64 = test.db.write(|tx| {
            tx.exec(
                "insert into users (id, name, email, email_key, lang, timezone, date_format,
                     time_format, created_at)
                 values (1, 'Ann', 'a@b.co', 'a@b.co', 'en', 'UTC', '', '', 0)",
                params![],
            )?;
            tx.exec(
                "insert into workspace (id, name, creator, created_at) values (1, 'W', 1, 0)",
                params![],
            )?;
            tx.one(
                "insert into member_group (workspace_id, name, created_at) values (1, 'G', 0)
                 returning id",
                params![],
            )
        }).await.unwrap();
        assert_eq!(id, 101);
    }
}
