use std::collections::HashSet;

use super::{Error, Tx};
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

/// Applies what is missing, in the given order, in the caller's transaction.
pub(super) fn run(tx: &mut Tx<'_>, migrations: &[Migration]) -> Result<(), Error> {
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
    use super::Dialect;
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
