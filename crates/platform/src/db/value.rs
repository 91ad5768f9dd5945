use super::Error;

/// One bound parameter: the five portable types and null.
///
/// Build them with [`params!`](crate::params) from plain Rust values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// SQL null.
    Null,
    /// `bigint`: ids, counters, milliseconds.
    Int(i64),
    /// `double precision`.
    Double(f64),
    /// `boolean`.
    Bool(bool),
    /// `text`, JSON included.
    Text(&'a str),
    /// `bytea` or `blob`.
    Bytes(&'a [u8]),
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<i32> for Value<'_> {
    fn from(value: i32) -> Self {
        Self::Int(i64::from(value))
    }
}

impl From<u32> for Value<'_> {
    fn from(value: u32) -> Self {
        Self::Int(i64::from(value))
    }
}

impl From<f64> for Value<'_> {
    fn from(value: f64) -> Self {
        Self::Double(value)
    }
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(value)
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(value: &'a String) -> Self {
        Self::Text(value)
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(value: &'a [u8]) -> Self {
        Self::Bytes(value)
    }
}

impl<'a> From<&'a Vec<u8>> for Value<'a> {
    fn from(value: &'a Vec<u8>) -> Self {
        Self::Bytes(value)
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Value<'a> {
    fn from(value: &'a [u8; N]) -> Self {
        Self::Bytes(value)
    }
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl<'a> From<&'a Option<String>> for Value<'a> {
    fn from(value: &'a Option<String>) -> Self {
        value.as_deref().into()
    }
}

/// A Rust type that one column can hold.
pub trait FromColumn: Sized {
    /// Name used in error messages.
    const EXPECTED: &'static str;
    /// Converts, or answers `None` when the column has another type.
    fn from_column(value: Value<'_>) -> Option<Self>;
}

impl FromColumn for i64 {
    const EXPECTED: &'static str = "bigint";
    fn from_column(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Int(n) => Some(n),
            _ => None,
        }
    }
}

impl FromColumn for f64 {
    const EXPECTED: &'static str = "double precision";
    fn from_column(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Double(n) => Some(n),
            _ => None,
        }
    }
}

impl FromColumn for bool {
    const EXPECTED: &'static str = "boolean";
    fn from_column(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Bool(b) => Some(b),
            // SQLite stores booleans as 0 and 1.
            Value::Int(n) => Some(n != 0),
            _ => None,
        }
    }
}

impl FromColumn for String {
    const EXPECTED: &'static str = "text";
    fn from_column(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Text(text) => Some(text.to_owned()),
            _ => None,
        }
    }
}

impl FromColumn for Vec<u8> {
    const EXPECTED: &'static str = "bytes";
    fn from_column(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Bytes(bytes) => Some(bytes.to_owned()),
            _ => None,
        }
    }
}

impl<T: FromColumn> FromColumn for Option<T> {
    const EXPECTED: &'static str = T::EXPECTED;
    fn from_column(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            other => T::from_column(other).map(Some),
        }
    }
}

/// The columns of one result row, read from left to right.
pub struct Row<'r> {
    columns: Columns<'r>,
    next: usize,
}

pub(super) enum Columns<'r> {
    Sqlite(&'r rusqlite::Row<'r>),
    Postgres(&'r tokio_postgres::Row),
}

impl<'r> Row<'r> {
    pub(super) fn new(columns: Columns<'r>) -> Self {
        Self { columns, next: 0 }
    }

    /// The next column as it is. On SQLite a boolean is 0 or 1.
    pub fn value(&mut self) -> Result<Value<'r>, Error> {
        let index = self.next;
        self.next += 1;
        match self.columns {
            Columns::Sqlite(row) => sqlite_column(row, index),
            Columns::Postgres(row) => postgres_column(row, index),
        }
    }

    /// The next column. The order of the `select` list is the order of the calls.
    pub fn get<T: FromColumn>(&mut self) -> Result<T, Error> {
        let index = self.next;
        let value = self.value()?;
        T::from_column(value).ok_or_else(|| Error::Type {
            index,
            expected: T::EXPECTED,
            found: match value {
                Value::Null => "null".to_owned(),
                Value::Text(_) => "text".to_owned(),
                other => format!("{other:?}"),
            },
        })
    }
}

fn sqlite_column<'r>(row: &'r rusqlite::Row<'r>, index: usize) -> Result<Value<'r>, Error> {
    use rusqlite::types::ValueRef;
    Ok(match row.get_ref(index)? {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(n) => Value::Int(n),
        ValueRef::Real(n) => Value::Double(n),
        ValueRef::Text(bytes) => Value::Text(std::str::from_utf8(bytes).map_err(|_| {
            Error::Type { index, expected: "UTF-8 text", found: "other bytes".to_owned() }
        })?),
        ValueRef::Blob(bytes) => Value::Bytes(bytes),
    })
}

fn postgres_column(row: &tokio_postgres::Row, index: usize) -> Result<Value<'_>, Error> {
    use tokio_postgres::types::Type;
    let column = row.columns().get(index).ok_or(Error::Missing("a column of the result"))?;
    let kind = column.type_();
    Ok(match *kind {
        Type::INT8 => row.try_get::<_, Option<i64>>(index)?.into(),
        Type::INT4 => row.try_get::<_, Option<i32>>(index)?.map(i64::from).into(),
        Type::FLOAT8 => row.try_get::<_, Option<f64>>(index)?.into(),
        Type::BOOL => row.try_get::<_, Option<bool>>(index)?.into(),
        Type::BYTEA => row.try_get::<_, Option<&[u8]>>(index)?.into(),
        _ => row.try_get::<_, Option<&str>>(index)?.into(),
    })
}

/// A Rust type that one row becomes.
pub trait FromRow: Sized {
    /// Reads the columns in the order of the `select` list.
    fn from_row(row: &mut Row<'_>) -> Result<Self, Error>;
}

macro_rules! tuple_from_row {
    ($($name:ident)+) => {
        impl<$($name: FromColumn),+> FromRow for ($($name,)+) {
            fn from_row(row: &mut Row<'_>) -> Result<Self, Error> {
                Ok(($(row.get::<$name>()?,)+))
            }
        }
    };
}
tuple_from_row!(A);
tuple_from_row!(A B);
tuple_from_row!(A B C);
tuple_from_row!(A B C D);
tuple_from_row!(A B C D E);
tuple_from_row!(A B C D E F);
tuple_from_row!(A B C D E F G);
tuple_from_row!(A B C D E F G H);

macro_rules! single_from_row {
    ($($name:ty),+) => {$(
        impl FromRow for $name {
            fn from_row(row: &mut Row<'_>) -> Result<Self, Error> {
                row.get()
            }
        }
    )+};
}
single_from_row!(i64, f64, bool, String, Vec<u8>, Option<i64>, Option<String>);

/// Binds parameters: `params![thread_id, &text, now]`.
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => {
        &[$($crate::db::Value::from($value)),*] as &[$crate::db::Value<'_>]
    };
}

/// Declares an id: a number from the database that cannot be mistaken for another one.
///
/// On the wire it is the bare number; as a parameter and in a column it is a `bigint`.
#[macro_export]
macro_rules! id {
    ($($(#[$meta:meta])* $name:ident;)+) => {$(
        $(#[$meta])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
            ::serde::Serialize, ::serde::Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl From<i64> for $name {
            fn from(id: i64) -> Self {
                Self(id)
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, out: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                self.0.fmt(out)
            }
        }

        impl From<$name> for $crate::db::Value<'_> {
            fn from(id: $name) -> Self {
                Self::Int(id.0)
            }
        }

        impl $crate::db::FromColumn for $name {
            const EXPECTED: &'static str = stringify!($name);
            fn from_column(value: $crate::db::Value<'_>) -> Option<Self> {
                <i64 as $crate::db::FromColumn>::from_column(value).map(Self)
            }
        }

        impl $crate::db::FromRow for $name {
            fn from_row(row: &mut $crate::db::Row<'_>) -> Result<Self, $crate::db::Error> {
                row.get()
            }
        }
    )+};
}
