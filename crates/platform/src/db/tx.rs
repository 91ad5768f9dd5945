use crate::clock::Millis;

use super::{
    Dialect, Error, FromRow, Value,
    postgres::Session,
    value::{Columns, Row},
};

/// An open transaction, as a closure sees it.
///
/// Statements are `&'static str` in the portable dialect with `$1` parameters. A failed statement
/// must end the closure: on PostgreSQL nothing more works in that transaction.
pub struct Tx<'c> {
    engine: Engine<'c>,
    /// The first statement that failed, so that the seam knows whether to run the closure again
    /// even when the core has turned the error into one of its own.
    failed: Option<Error>,
    wrote: bool,
    origin: Option<String>,
}

pub(super) enum Engine<'c> {
    Sqlite(&'c rusqlite::Connection),
    Postgres(&'c mut Session),
}

impl<'c> Tx<'c> {
    pub(super) fn new(engine: Engine<'c>) -> Self {
        Self { engine, failed: None, wrote: false, origin: None }
    }

    /// Which database this is. Needed by operations tools only; cores write portable SQL.
    pub fn dialect(&self) -> Dialect {
        match self.engine {
            Engine::Sqlite(_) => Dialect::Sqlite,
            Engine::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Says where the request came from that this transaction serves, for those who keep records of
    /// that: an address of the network, or something in words.
    pub fn set_origin(&mut self, origin: &str) {
        self.origin = (!origin.is_empty()).then(|| origin.to_owned());
    }

    /// Where the request came from, as far as somebody said so.
    pub fn origin(&self) -> Option<&str> {
        self.origin.as_deref()
    }

    /// A moment up to which everything is decided: no transaction that took its time stamp up to
    /// then, while it ran, can still commit. `now` is the time at which this closure runs.
    ///
    /// SQLite runs one write after the other. On PostgreSQL a write may wait for locks; the seam
    /// ends each well within half a minute.
    pub fn settled(&self, now: Millis) -> Millis {
        match self.dialect() {
            Dialect::Sqlite => now - 1,
            Dialect::Postgres => now - 30_000,
        }
    }

    pub(super) fn failure(&self) -> Option<&Error> {
        self.failed.as_ref()
    }

    pub(super) fn wrote(&self) -> bool {
        self.wrote
    }

    /// Runs a statement and answers how many rows it changed.
    pub fn exec(&mut self, sql: &'static str, params: &[Value<'_>]) -> Result<u64, Error> {
        self.wrote = true;
        let result = match &mut self.engine {
            Engine::Sqlite(connection) => sqlite_exec(connection, sql, params),
            Engine::Postgres(session) => session.exec(sql, params),
        };
        self.noted(result)
    }

    /// Lets the commit not wait for the disk; see [`super::Db::write_derived`].
    pub(super) fn relax(&mut self) {
        if let Engine::Postgres(session) = &mut self.engine {
            session.relax();
        }
    }

    /// Has PostgreSQL count what is in a table, for its planner.
    pub(super) fn analyze(&mut self, table: &str) -> Result<(), Error> {
        let Engine::Postgres(session) = &mut self.engine else { return Ok(()) };
        let result = session.script(&format!("analyze \"{}\"", table.replace('"', "\"\"")));
        self.noted(result)
    }

    /// Lets the closure go on with what a query has most likely for an answer, such as who a token
    /// belongs to. False: not worth it here, ask.
    ///
    /// On PostgreSQL the query travels with the next statement and saves a round trip. If it finds
    /// anything but one row equal to `known`, `wrong` is called (to forget it) and that statement
    /// fails with [`Error::Conflict`], so that the closure runs again and asks. Nothing is committed
    /// or answered before the presumption was found to hold.
    pub fn presume<T: FromRow + PartialEq + Send + 'static>(
        &mut self,
        sql: &'static str,
        params: &[Value<'_>],
        known: T,
        wrong: impl Fn() + Send + 'static,
    ) -> Result<bool, Error> {
        let Engine::Postgres(session) = &mut self.engine else { return Ok(false) };
        let check = move |rows: &[tokio_postgres::Row]| {
            if let [row] = rows
                && T::from_row(&mut Row::new(Columns::Postgres(row)))? == known
            {
                return Ok(());
            }
            wrong();
            Err(Error::Conflict("a presumption did not hold".to_owned()))
        };
        let result = session.presume(sql, params, Box::new(check));
        self.noted(result).map(|()| true)
    }

    /// Runs a statement whose outcome the closure does not need. On PostgreSQL it travels with the
    /// next statement or the commit and saves a round trip; if it fails, that one fails.
    pub fn send(&mut self, sql: &'static str, params: &[Value<'_>]) -> Result<(), Error> {
        self.wrote = true;
        let result = match &mut self.engine {
            Engine::Sqlite(connection) => sqlite_exec(connection, sql, params).map(|_| ()),
            Engine::Postgres(session) => session.send(sql, params),
        };
        self.noted(result)
    }

    /// The single row of a query that always has one (an aggregate, an insert with `returning`).
    pub fn one<T: FromRow>(&mut self, sql: &'static str, params: &[Value<'_>]) -> Result<T, Error> {
        self.optional(sql, params)?.ok_or(Error::Missing(sql))
    }

    /// The first row, if there is one.
    pub fn optional<T: FromRow>(
        &mut self,
        sql: &'static str,
        params: &[Value<'_>],
    ) -> Result<Option<T>, Error> {
        let mut found = None;
        self.each(sql, params, &mut |row| {
            if found.is_none() {
                found = Some(T::from_row(row)?);
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// All rows, in the order of the query.
    pub fn all<T: FromRow>(
        &mut self,
        sql: &'static str,
        params: &[Value<'_>],
    ) -> Result<Vec<T>, Error> {
        let mut rows = Vec::new();
        self.each(sql, params, &mut |row| {
            rows.push(T::from_row(row)?);
            Ok(())
        })?;
        Ok(rows)
    }

    fn each(
        &mut self,
        sql: &'static str,
        params: &[Value<'_>],
        take: &mut dyn FnMut(&mut Row<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        // An `insert … returning` is a query too; whatever does not start with `select` counts
        // as a write.
        self.wrote |= !sql.trim_start().starts_with("select");
        let result = match &mut self.engine {
            Engine::Sqlite(connection) => sqlite_each(connection, sql, params, take),
            Engine::Postgres(session) => session.each(sql, params, take),
        };
        self.noted(result)
    }

    /// Hands out the rows of a query made at run time one by one, however many there are. For the
    /// operations tools; cores use [`all`](Self::all).
    pub fn stream<E: From<Error>>(
        &mut self,
        sql: &str,
        take: &mut dyn FnMut(&mut Row<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut refused = None;
        let mut take = |row: &mut Row<'_>| match take(row) {
            Ok(()) => true,
            Err(error) => {
                refused = Some(error);
                false
            }
        };
        let result = match &mut self.engine {
            Engine::Sqlite(connection) => sqlite_stream(connection, sql, &mut take),
            Engine::Postgres(session) => session.stream(sql, &mut take),
        };
        self.noted(result)?;
        refused.map_or(Ok(()), Err)
    }

    /// Lets `run` write in a way that only one engine knows.
    pub(super) fn on_engine<T>(
        &mut self,
        run: impl FnOnce(&mut Engine<'c>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.wrote = true;
        let result = run(&mut self.engine);
        self.noted(result)
    }

    /// Runs text made at run time: migrations and the operations tools, never a core.
    pub fn script(&mut self, sql: &str) -> Result<(), Error> {
        self.wrote = true;
        let result = match &mut self.engine {
            Engine::Sqlite(connection) => connection.execute_batch(sql).map_err(Error::from),
            Engine::Postgres(session) => session.script(sql),
        };
        self.noted(result)
    }

    fn noted<T>(&mut self, result: Result<T, Error>) -> Result<T, Error> {
        if let Err(error) = &result {
            self.failed.get_or_insert_with(|| error.clone());
        }
        result
    }
}

impl rusqlite::ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        use rusqlite::types::{ToSqlOutput, ValueRef};
        Ok(ToSqlOutput::Borrowed(match *self {
            Self::Null => ValueRef::Null,
            Self::Int(n) => ValueRef::Integer(n),
            Self::Double(n) => ValueRef::Real(n),
            Self::Bool(b) => ValueRef::Integer(i64::from(b)),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

fn sqlite_exec(
    connection: &rusqlite::Connection,
    sql: &'static str,
    params: &[Value<'_>],
) -> Result<u64, Error> {
    let mut statement = connection.prepare_cached(Dialect::Sqlite.statement(sql))?;
    sqlite_bind(&mut statement, params)?;
    let changed = statement.raw_execute()?;
    Ok(changed as u64)
}

fn sqlite_each(
    connection: &rusqlite::Connection,
    sql: &'static str,
    params: &[Value<'_>],
    take: &mut dyn FnMut(&mut Row<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut statement = connection.prepare_cached(Dialect::Sqlite.statement(sql))?;
    sqlite_bind(&mut statement, params)?;
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next()? {
        take(&mut Row::new(Columns::Sqlite(row)))?;
    }
    Ok(())
}

fn sqlite_stream(
    connection: &rusqlite::Connection,
    sql: &str,
    take: &mut dyn FnMut(&mut Row<'_>) -> bool,
) -> Result<(), Error> {
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next()? {
        if !take(&mut Row::new(Columns::Sqlite(row))) {
            break;
        }
    }
    Ok(())
}

/// To SQLite `$2` is a name and not a number: places are given in the order in which the names
/// appear in the text.
fn sqlite_bind(statement: &mut rusqlite::Statement<'_>, params: &[Value<'_>]) -> Result<(), Error> {
    let places = statement.parameter_count();
    for place in 1..=places {
        let number = statement
            .parameter_name(place)
            .and_then(|name| name.strip_prefix('$')?.parse::<usize>().ok())
            .filter(|number| (1..=params.len()).contains(number) && places == params.len());
        let Some(number) = number else { return Err(mismatch(places, params)) };
        statement.raw_bind_parameter(place, params[number - 1])?;
    }
    if places == params.len() { Ok(()) } else { Err(mismatch(places, params)) }
}

fn mismatch(places: usize, params: &[Value<'_>]) -> Error {
    Error::Engine(format!("{} parameters for a statement with {places}", params.len()))
}
