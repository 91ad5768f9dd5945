//! What the database itself says about its tables.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::{Dialect, Error, Tx};
use crate::params;

/// A table with its columns in their order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// What each row holds.
    pub columns: Vec<Column>,
}

/// A column of a [`Table`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
}

/// The five portable types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// `bigint`
    Int,
    /// `double precision`
    Double,
    /// `boolean`
    Bool,
    /// `text`
    Text,
    /// `bytea` or `blob`
    Bytes,
}

impl Kind {
    fn named(table: &str, column: &str, declared: &str) -> Result<Self, Error> {
        match declared.to_ascii_lowercase().as_str() {
            "bigint" | "integer" => Ok(Self::Int),
            "double precision" => Ok(Self::Double),
            "boolean" => Ok(Self::Bool),
            "text" => Ok(Self::Text),
            "bytea" | "blob" => Ok(Self::Bytes),
            other => Err(Error::Engine(format!(
                "column {column} of table {table} has the type {other}, which is not portable"
            ))),
        }
    }
}

/// Every table but the one of migrations; each comes after the tables that it refers to. What an
/// engine keeps for searching (virtual tables, columns of search words) is left out: it is made from
/// the others, in a form of its own.
///
/// # Errors
/// [`Error::Engine`] for a column type beyond the portable ones.
pub fn tables(tx: &mut Tx<'_>) -> Result<Vec<Table>, Error> {
    let rows: Vec<(String, String, String)> = match tx.dialect() {
        Dialect::Sqlite => tx.all(
            "select t.name, c.name, c.type from pragma_table_list t
             join pragma_table_info(t.name) c
             where t.schema = 'main' and t.type = 'table'
                 and t.name not like 'sqlite~_%' escape '~'
             order by t.name, c.cid",
            params![],
        ),
        Dialect::Postgres => tx.all(
            "select c.table_name::text, c.column_name::text, c.data_type::text
             from information_schema.columns c
             join information_schema.tables t
                 on t.table_schema = c.table_schema and t.table_name = c.table_name
             where c.table_schema = current_schema() and t.table_type = 'BASE TABLE'
                 and not exists (select 1 from information_schema.columns s
                     where s.table_schema = c.table_schema and s.table_name = c.table_name
                         and s.data_type = 'tsvector')
             order by c.table_name::text collate \"C\", c.ordinal_position",
            params![],
        ),
    }?;
    let mut tables: Vec<Table> = Vec::new();
    for (table, column, declared) in rows {
        if table == "migration" {
            continue;
        }
        let kind = Kind::named(&table, &column, &declared)?;
        let column = Column { name: column, kind };
        match tables.last_mut() {
            Some(last) if last.name == table => last.columns.push(column),
            _ => tables.push(Table { name: table, columns: vec![column] }),
        }
    }
    let parents = parents(tx)?;
    Ok(in_order(tables, &parents))
}

/// For each table, the tables that it refers to.
fn parents(tx: &mut Tx<'_>) -> Result<HashMap<String, HashSet<String>>, Error> {
    let edges: Vec<(String, String)> = match tx.dialect() {
        Dialect::Sqlite => tx.all(
            "select t.name, f.\"table\" from sqlite_master t
             join pragma_foreign_key_list(t.name) f where t.type = 'table'",
            params![],
        ),
        Dialect::Postgres => tx.all(
            "select a.relname::text, b.relname::text from pg_constraint k
             join pg_class a on a.oid = k.conrelid join pg_class b on b.oid = k.confrelid
             where k.contype = 'f' and k.connamespace = current_schema()::regnamespace",
            params![],
        ),
    }?;
    let mut parents: HashMap<String, HashSet<String>> = HashMap::new();
    for (child, parent) in edges {
        if child != parent {
            parents.entry(child).or_default().insert(parent);
        }
    }
    Ok(parents)
}

fn in_order(mut waiting: Vec<Table>, parents: &HashMap<String, HashSet<String>>) -> Vec<Table> {
    let mut placed: HashSet<String> = HashSet::new();
    let mut ordered = Vec::new();
    while !waiting.is_empty() {
        let free = waiting.iter().position(|table| {
            parents.get(&table.name).is_none_or(|parents| parents.is_subset(&placed))
        });
        // Tables that refer to each other have no order; then any is as good.
        let table = waiting.remove(free.unwrap_or(0));
        placed.insert(table.name.clone());
        ordered.push(table);
    }
    ordered
}

/// The last id that each table has handed out, for the tables that hand out ids. Rows that are gone
/// count: their ids are not used again.
pub fn sequences(tx: &mut Tx<'_>) -> Result<Vec<(String, i64)>, Error> {
    match tx.dialect() {
        Dialect::Sqlite => tx.all("select name, seq from sqlite_sequence order by name", params![]),
        Dialect::Postgres => tx.all(
            "select c.table_name::text, coalesce(pg_sequence_last_value(pg_get_serial_sequence(
                 quote_ident(c.table_name), c.column_name)::regclass), 0)
             from information_schema.columns c
             where c.table_schema = current_schema() and c.is_identity = 'YES'
             order by c.table_name::text collate \"C\"",
            params![],
        ),
    }
}

/// Makes a table go on behind the id `last`, unless it is further already.
///
/// # Errors
/// [`Error::Missing`] when the table does not hand out ids.
pub fn raise_sequence(tx: &mut Tx<'_>, table: &str, last: i64) -> Result<(), Error> {
    match tx.dialect() {
        Dialect::Sqlite => {
            let raised = tx.exec(
                "update sqlite_sequence set seq = max(seq, $2) where name = $1",
                params![table, last],
            )?;
            if raised == 0 {
                tx.exec(
                    "insert into sqlite_sequence (name, seq) values ($1, $2)",
                    params![table, last],
                )?;
            }
        }
        Dialect::Postgres => {
            let identity: Option<String> = tx.optional(
                "select pg_get_serial_sequence(quote_ident(c.table_name), c.column_name)
                 from information_schema.columns c
                 where c.table_schema = current_schema() and c.is_identity = 'YES'
                     and c.table_name::text = $1",
                params![table],
            )?;
            let identity = identity.ok_or(Error::Missing("the sequence of a table"))?;
            // A sequence that has handed out nothing cannot be set to 0.
            tx.exec(
                "select setval($1::text::regclass, last) from (
                     select greatest($2, pg_sequence_last_value($1::text::regclass)) as last) s
                 where last > 0",
                params![&identity, last],
            )?;
        }
    }
    Ok(())
}
