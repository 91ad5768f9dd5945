//! Every row of a database, to compare it and to bring it back.

use std::collections::BTreeMap;

use halyard_platform::db::{Db, Error, Table, dump, empty, load, tables};

pub(super) struct Snapshot {
    tables: Vec<Table>,
    /// For each table its rows in a stable order.
    rows: BTreeMap<String, Vec<String>>,
}

impl Snapshot {
    pub(super) async fn take(db: &Db) -> Self {
        let tables = db.read(tables).await.unwrap();
        Self { rows: rows(db, tables.clone()).await, tables }
    }

    /// The same tables now, without asking for them again, which takes PostgreSQL long.
    pub(super) async fn again(&self, db: &Db) -> Self {
        Self { rows: rows(db, self.tables.clone()).await, tables: self.tables.clone() }
    }

    /// The names of the tables that are not the same.
    pub(super) fn changes(&self, later: &Self) -> Vec<&str> {
        let changed = self.rows.iter().filter(|(name, rows)| later.rows[*name] != **rows);
        changed.map(|(name, _)| name.as_str()).collect()
    }

    /// Makes the database hold these rows again. Ids go on from where they were.
    pub(super) async fn restore(&self, db: &Db) {
        let tables = self.tables.clone();
        let text: Vec<String> =
            tables.iter().map(|table| self.rows[&table.name].concat()).collect();
        let write = db.write(move |tx| {
            empty(tx, &tables)?;
            for (table, text) in tables.iter().zip(&text) {
                load(tx, table, text.as_bytes())?;
            }
            Ok::<_, Error>(())
        });
        write.await.unwrap();
    }
}

async fn rows(db: &Db, tables: Vec<Table>) -> BTreeMap<String, Vec<String>> {
    let read = db.read(move |tx| {
        let mut rows = BTreeMap::new();
        for table in &tables {
            let mut lines = Vec::new();
            dump(tx, table, |line| {
                lines.push(line.to_owned());
                Ok::<_, Error>(())
            })?;
            lines.sort_unstable();
            rows.insert(table.name.clone(), lines);
        }
        Ok::<_, Error>(rows)
    });
    read.await.unwrap()
}
