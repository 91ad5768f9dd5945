use std::collections::HashSet;

use super::{Dialect, Error, Tx};
use crate::params;

/// One step of the schema: a script that only adds.
///
/// Its tokens are expanded for the engine; a line that starts with `--sqlite:` or `--postgres:`
/// is kept for that engine only.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// Unique, sorted by age within its crate, for example `messaging/0001_workspaces`.
    pub name: &'static str,
    /// The statements.
    pub sql: &'static str,
}

/// How a database stands to the migrations of this program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Applied and known here, in the order of this program.
    pub applied: Vec<&'static str>,
    /// Known here, but not applied.
    pub pending: Vec<&'static str>,
    /// Applied by a newer program.
    pub unknown: Vec<String>,
}

/// Compares the database with the migrations of this program; changes nothing.
pub fn status(tx: &mut Tx<'_>, migrations: &[Migration]) -> Result<Status, Error> {
    let exists: i64 = match tx.dialect() {
        Dialect::Sqlite => tx.one(
            "select count(*) from sqlite_master where type = 'table' and name = 'migration'",
            params![],
        ),
        Dialect::Postgres => tx.one(
            "select count(*) from information_schema.tables
             where table_schema = current_schema() and table_name = 'migration'",
            params![],
        ),
    }?;
    let found: HashSet<String> = match exists {
        0 => HashSet::new(),
        _ => tx.all("select name from migration", params![])?.into_iter().collect(),
    };
    let (applied, pending) =
        migrations.iter().map(|migration| migration.name).partition(|name| found.contains(*name));
    let known: HashSet<&str> = migrations.iter().map(|migration| migration.name).collect();
    let mut unknown: Vec<String> =
        found.into_iter().filter(|name| !known.contains(name.as_str())).collect();
    unknown.sort();
    Ok(Status { applied, pending, unknown })
}

/// Accepts only a database that has exactly these migrations; changes nothing.
pub(super) fn require(tx: &mut Tx<'_>, migrations: &[Migration]) -> Result<(), Error> {
    let status = status(tx, migrations)?;
    if let Some(unknown) = status.unknown.first() {
        return Err(Error::Newer(unknown.clone()));
    }
    match status.pending.first() {
        Some(pending) => Err(Error::Older((*pending).to_owned())),
        None => Ok(()),
    }
}

/// Applies what is missing, in the given order, in the caller's transaction.
///
/// # Errors
/// [`Error::Newer`] when a newer program has been here.
pub fn migrate(tx: &mut Tx<'_>, migrations: &[Migration]) -> Result<(), Error> {
    tx.script("create table if not exists migration (name text primary key not null)")?;
    let applied: HashSet<String> =
        tx.all("select name from migration order by name", params![])?.into_iter().collect();
    let known: HashSet<&str> = migrations.iter().map(|migration| migration.name).collect();
    if let Some(unknown) = applied.iter().find(|name| !known.contains(name.as_str())) {
        return Err(Error::Newer(unknown.clone()));
    }
    for migration in migrations.iter().filter(|migration| !applied.contains(migration.name)) {
        let text = for_engine(tx, migration.sql);
        tx.script(&text)
            .map_err(|error| Error::Engine(format!("migration {}: {error}", migration.name)))?;
        tx.exec("insert into migration (name) values ($1)", params![migration.name])?;
    }
    Ok(())
}

fn for_engine(tx: &Tx<'_>, sql: &str) -> String {
    let (mine, other) = match tx.dialect() {
        Dialect::Sqlite => ("--sqlite:", "--postgres:"),
        Dialect::Postgres => ("--postgres:", "--sqlite:"),
    };
    let lines = sql.lines().filter_map(|line| {
        let line = line.trim_start();
        if line.starts_with(other) { None } else { Some(line.strip_prefix(mine).unwrap_or(line)) }
    });
    tx.dialect().expand(&lines.collect::<Vec<_>>().join("\n"))
}
