use std::fmt::Write;

use super::{Error, Kind, Table, Tx, Value};

/// Hands out the rows of a table as lines of JSON, each an array of the columns in their order,
/// with a line break at its end. Bytes are hexadecimal text. Answers how many rows there were.
///
/// # Errors
/// Those of `take`; [`Error::Type`] when a column holds something else than it declares.
pub fn dump<E: From<Error>>(
    tx: &mut Tx<'_>,
    table: &Table,
    mut take: impl FnMut(&str) -> Result<(), E>,
) -> Result<u64, E> {
    let columns: Vec<String> = table.columns.iter().map(|column| quoted(&column.name)).collect();
    let sql = format!("select {} from {}", columns.join(", "), quoted(&table.name));
    let (mut line, mut rows) = (String::new(), 0);
    tx.stream(&sql, &mut |row| {
        line.clear();
        for (index, column) in table.columns.iter().enumerate() {
            line.push(if index == 0 { '[' } else { ',' });
            write_value(&mut line, index, column.kind, row.value()?)?;
        }
        line.push_str("]\n");
        rows += 1;
        take(&line)
    })?;
    Ok(rows)
}

pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn write_value(line: &mut String, index: usize, kind: Kind, value: Value<'_>) -> Result<(), Error> {
    let written = match (kind, value) {
        (_, Value::Null) => write!(line, "null"),
        (Kind::Int, Value::Int(n)) => write!(line, "{n}"),
        (Kind::Bool, Value::Bool(b)) => write!(line, "{b}"),
        // SQLite stores booleans as 0 and 1.
        (Kind::Bool, Value::Int(n @ (0 | 1))) => write!(line, "{}", n == 1),
        (Kind::Double, Value::Double(n)) if n.is_finite() => write!(line, "{n:?}"),
        (Kind::Text, Value::Text(text)) => write!(line, "{}", serde_json::Value::from(text)),
        (Kind::Bytes, Value::Bytes(bytes)) => write!(line, "\"{}\"", hex::encode(bytes)),
        (kind, other) => {
            let expected = match kind {
                Kind::Int => "bigint",
                Kind::Double => "a finite double precision",
                Kind::Bool => "boolean",
                Kind::Text => "text",
                Kind::Bytes => "bytes",
            };
            return Err(Error::Type { index, expected, found: format!("{other:?}") });
        }
    };
    written.map_err(|error| Error::Engine(error.to_string()))
}
