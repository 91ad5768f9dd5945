use std::{fmt::Write, io::BufRead};

use serde_json::Value as Json;

use super::{Error, Kind, Table, Tx, Value, dump::quoted, tx::Engine};

/// Bytes that are sent to PostgreSQL at once.
const BATCH: usize = 256 * 1024;

/// Deletes every row of the tables, which are in the order of [`tables`](super::tables).
pub fn empty(tx: &mut Tx<'_>, tables: &[Table]) -> Result<(), Error> {
    for table in tables.iter().rev() {
        tx.script(&format!("delete from {}", quoted(&table.name)))?;
    }
    Ok(())
}

/// Adds the rows that [`dump`](super::dump()) wrote; answers how many. Their ids stay what they were;
/// see [`raise_sequence`](super::raise_sequence) for the ids to come.
///
/// # Errors
/// [`Error::Engine`] with the number of the line for what is no row of this table; whatever the
/// database refuses.
pub fn load(tx: &mut Tx<'_>, table: &Table, lines: impl BufRead) -> Result<u64, Error> {
    let mut target = Target::new(table);
    let mut rows = 0;
    for line in lines.lines() {
        rows += 1;
        let wrong = |reason: &dyn std::fmt::Display| {
            Error::Engine(format!("line {rows} of table {}: {reason}", table.name))
        };
        let line = line.map_err(|error| wrong(&error))?;
        let cells: Vec<Json> = serde_json::from_str(&line).map_err(|error| wrong(&error))?;
        if cells.len() != table.columns.len() {
            return Err(wrong(&format_args!("{} columns", cells.len())));
        }
        let cells = cells.into_iter().zip(&table.columns).map(|(cell, column)| {
            Cell::new(column.kind, cell)
                .ok_or_else(|| wrong(&format_args!("column {} does not fit", column.name)))
        });
        let cells: Vec<Cell> = cells.collect::<Result<_, Error>>()?;
        target.add(tx, &cells).map_err(|error| wrong(&error))?;
    }
    target.finish(tx)?;
    Ok(rows)
}

/// A column of a row, owned.
enum Cell {
    Null,
    Int(i64),
    Double(f64),
    Bool(bool),
    Text(String),
    Bytes(Vec<u8>),
}

impl Cell {
    fn new(kind: Kind, json: Json) -> Option<Self> {
        Some(match (kind, json) {
            (_, Json::Null) => Self::Null,
            (Kind::Int, Json::Number(n)) => Self::Int(n.as_i64()?),
            (Kind::Double, Json::Number(n)) => Self::Double(n.as_f64()?),
            (Kind::Bool, Json::Bool(b)) => Self::Bool(b),
            (Kind::Text, Json::String(text)) => Self::Text(text),
            (Kind::Bytes, Json::String(text)) => Self::Bytes(hex::decode(text).ok()?),
            _ => return None,
        })
    }

    fn value(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Int(n) => Value::Int(*n),
            Self::Double(n) => Value::Double(*n),
            Self::Bool(b) => Value::Bool(*b),
            Self::Text(text) => Value::Text(text),
            Self::Bytes(bytes) => Value::Bytes(bytes),
        }
    }

    /// The text format of PostgreSQL's `copy`.
    fn copy(&self, out: &mut String) -> std::fmt::Result {
        match self {
            Self::Null => out.write_str("\\N"),
            Self::Int(n) => write!(out, "{n}"),
            Self::Double(n) => write!(out, "{n:?}"),
            Self::Bool(b) => write!(out, "{b}"),
            Self::Bytes(bytes) => write!(out, "\\\\x{}", hex::encode(bytes)),
            Self::Text(text) => {
                for c in text.chars() {
                    match c {
                        '\\' => out.push_str("\\\\"),
                        '\n' => out.push_str("\\n"),
                        '\r' => out.push_str("\\r"),
                        '\t' => out.push_str("\\t"),
                        c => out.push(c),
                    }
                }
                Ok(())
            }
        }
    }
}

/// Where rows go: one by one to SQLite, in batches to PostgreSQL.
struct Target {
    insert: String,
    copy: String,
    batch: String,
}

impl Target {
    fn new(table: &Table) -> Self {
        let name = quoted(&table.name);
        let columns: Vec<String> =
            table.columns.iter().map(|column| quoted(&column.name)).collect();
        let columns = columns.join(", ");
        let places = vec!["?"; table.columns.len()].join(", ");
        Self {
            insert: format!("insert into {name} ({columns}) values ({places})"),
            copy: format!("copy {name} ({columns}) from stdin"),
            batch: String::new(),
        }
    }

    fn add(&mut self, tx: &mut Tx<'_>, cells: &[Cell]) -> Result<(), Error> {
        tx.on_engine(|engine| match engine {
            Engine::Sqlite(connection) => {
                let mut statement = connection.prepare_cached(&self.insert)?;
                for (place, cell) in (1..).zip(cells) {
                    statement.raw_bind_parameter(place, cell.value())?;
                }
                statement.raw_execute()?;
                Ok(())
            }
            Engine::Postgres(_) => {
                for (index, cell) in cells.iter().enumerate() {
                    self.batch.push_str(if index == 0 { "" } else { "\t" });
                    cell.copy(&mut self.batch).map_err(|e| Error::Engine(e.to_string()))?;
                }
                self.batch.push('\n');
                Ok(())
            }
        })?;
        if self.batch.len() > BATCH { self.finish(tx) } else { Ok(()) }
    }

    fn finish(&mut self, tx: &mut Tx<'_>) -> Result<(), Error> {
        if self.batch.is_empty() {
            return Ok(());
        }
        let batch = std::mem::take(&mut self.batch).into_bytes();
        tx.on_engine(|engine| match engine {
            Engine::Postgres(session) => session.copy_in(&self.copy, batch).map(|_| ()),
            Engine::Sqlite(_) => Ok(()),
        })
    }
}
