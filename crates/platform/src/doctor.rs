//! What `halyard doctor` looks for: checks as data, each crate has those of its own tables.
//!
//! A check reads; only its repair writes. Both work while the server runs: a check is one snapshot,
//! a repair looks again in its own transaction before it changes anything.

use crate::{
    db::{Dialect, Error, Tx},
    params,
};

/// Findings of one check that are told in full; the others are counted.
const EXAMPLES: usize = 10;

/// Something that must hold for every row.
#[derive(Debug, Clone, Copy)]
pub struct Check {
    /// Short and stable, for scripts.
    pub name: &'static str,
    /// What is wrong, in the plural, for people: "threads whose …".
    pub words: &'static str,
    /// How it is found.
    pub find: Find,
    /// How it is put right; none when only a person can decide.
    pub repair: Option<Repair>,
}

/// How a check finds what is wrong.
#[derive(Debug, Clone, Copy)]
pub enum Find {
    /// A query for the key of each damaged row (a number that means something to the repair) and a
    /// text that tells of the damage.
    Sql(&'static str),
    /// Where SQL is not enough.
    Code(fn(&mut Tx<'_>, &mut Findings) -> Result<(), Error>),
}

/// How damage is repaired. Nothing that a person wrote is ever deleted.
#[derive(Debug, Clone, Copy)]
pub enum Repair {
    /// Statements that put everything right at once.
    Sql(&'static [&'static str]),
    /// A function for each damaged row.
    Each(fn(&mut Tx<'_>, i64) -> Result<(), Error>),
}

/// What a check has found.
#[derive(Debug, Default, Clone)]
pub struct Findings {
    /// The key of each damaged row; one row may appear more than once.
    pub keys: Vec<i64>,
    /// What is wrong with the first of them.
    pub examples: Vec<String>,
}

impl Findings {
    /// Adds one.
    pub fn add(&mut self, key: i64, text: impl FnOnce() -> String) {
        self.keys.push(key);
        if self.examples.len() < EXAMPLES {
            self.examples.push(text());
        }
    }

    /// Nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

impl Check {
    /// Looks for damage; changes nothing.
    pub fn look(&self, tx: &mut Tx<'_>) -> Result<Findings, Error> {
        let mut findings = Findings::default();
        match self.find {
            Find::Sql(sql) => tx.stream(sql, &mut |row| {
                let (key, text) = (row.get()?, row.get::<String>()?);
                findings.add(key, || text);
                Ok::<_, Error>(())
            })?,
            Find::Code(find) => find(tx, &mut findings)?,
        }
        Ok(findings)
    }

    /// Repairs these rows, as far as they can be; answers how many rows were dealt with.
    pub fn repair(&self, tx: &mut Tx<'_>, keys: &[i64]) -> Result<u64, Error> {
        match self.repair {
            None => Ok(0),
            Some(Repair::Sql(statements)) => {
                let mut changed = 0;
                for sql in statements {
                    changed += tx.exec(sql, params![])?;
                }
                Ok(changed)
            }
            Some(Repair::Each(repair)) => {
                for key in keys {
                    repair(tx, *key)?;
                }
                Ok(keys.len() as u64)
            }
        }
    }
}

/// The checks of this crate's tables.
pub const CHECKS: &[Check] = &[
    Check {
        name: "idempotency-unfinished",
        words: "requests with an idempotency key that have no stored answer",
        find: Find::Sql(
            "select created_at, scope || ', key ' || key from idempotency_key where answer is null",
        ),
        // Without the row the request can be sent again.
        repair: Some(Repair::Sql(&["delete from idempotency_key where answer is null"])),
    },
    Check {
        name: "event-json",
        words: "events whose payload is no JSON",
        find: Find::Code(|tx, found| json_columns(tx, found, "event", "event", "id", &["payload"])),
        repair: None,
    },
    Check {
        name: "job-json",
        words: "jobs whose payload is no JSON",
        find: Find::Code(|tx, found| json_columns(tx, found, "job", "job", "id", &["payload"])),
        repair: None,
    },
];

/// Looks for columns that hold something else than JSON or null. `key` names the column that tells
/// the rows apart.
pub fn json_columns(
    tx: &mut Tx<'_>,
    found: &mut Findings,
    what: &str,
    table: &str,
    key: &str,
    columns: &[&str],
) -> Result<(), Error> {
    let sql = format!("select {key}, {} from {table}", columns.join(", "));
    tx.stream(&sql, &mut |row| {
        let id: i64 = row.get()?;
        for column in columns {
            let Some(text) = row.get::<Option<String>>()? else { continue };
            // Almost every list is empty.
            if text != "[]" && serde_json::from_str::<serde::de::IgnoredAny>(&text).is_err() {
                found.add(id, || format!("{what} {id}: {column} is no JSON"));
            }
        }
        Ok(())
    })
}

/// What the database engine says about its own files.
#[derive(Debug, Default, Clone)]
pub struct Integrity {
    /// What is wrong.
    pub findings: Vec<String>,
    /// What could not be looked at.
    pub notes: Vec<String>,
}

/// Lets the engine check its files: pages, indexes and foreign keys. Takes a while on much data.
pub fn integrity(tx: &mut Tx<'_>) -> Result<Integrity, Error> {
    let mut report = Integrity::default();
    match tx.dialect() {
        Dialect::Sqlite => {
            for line in tx.all::<String>("select * from pragma_integrity_check", params![])? {
                if line != "ok" {
                    report.findings.push(line);
                }
            }
            let broken: Vec<(String, i64, String)> = tx.all(
                "select \"table\", count(*), parent from pragma_foreign_key_check
                 group by \"table\", parent",
                params![],
            )?;
            for (table, rows, parent) in broken {
                let text = format!("{rows} rows of {table} refer to a missing row of {parent}");
                report.findings.push(text);
            }
        }
        Dialect::Postgres => {
            let installed: i64 =
                tx.one("select count(*) from pg_extension where extname = 'amcheck'", params![])?;
            if installed == 0 {
                let note = "the indexes were not checked: the extension amcheck is not installed in \
                            this database (`create extension amcheck`)";
                report.notes.push(note.to_owned());
                return Ok(report);
            }
            // An error of amcheck ends the transaction, so that the first broken index is the one
            // that is told.
            let checked = tx.all::<String>(
                "select c.relname::text || bt_index_check(c.oid::regclass)::text
                 from pg_class c
                 join pg_index i on i.indexrelid = c.oid
                 join pg_am a on a.oid = c.relam and a.amname = 'btree'
                 where c.relnamespace = current_schema()::regnamespace and i.indisvalid
                     and c.relpersistence = 'p'",
                params![],
            );
            if let Err(error) = checked {
                report.findings.push(error.to_string());
            }
        }
    }
    Ok(report)
}
