use std::{collections::HashMap, error::Error as StdError, future::Future, pin::Pin};

use bytes::BytesMut;
use futures_util::{
    SinkExt, StreamExt,
    future::{join, join_all},
};
use tokio::runtime::Runtime;
use tokio_postgres::{
    Client, Statement,
    types::{IsNull, ToSql, Type, to_sql_checked},
};

use super::tls;
use crate::db::{
    Dialect, Error, Value,
    value::{Columns, Row},
};

/// A writer that waits longer than that for a row gives up and is run again. Statements are short
/// and written for their index: planning each again for its parameters, or compiling it, would
/// take longer than running it. Plans are made anew when a table has grown; see `db::statistics`.
/// PostgreSQL believes that a page of an index costs four times one of a table, as on turning disks,
/// and would read whole tables of thousands of rows to find a few.
const PREPARE_SESSION: &str = "set lock_timeout = '10s'; set plan_cache_mode = force_generic_plan; \
    set random_page_cost = 1.1; set jit = off";

/// One connection, driven from the thread that owns it.
///
/// What needs no answer waits here and travels with the next statement that does: `begin` with the
/// first of a closure, statements whose outcome nobody asks for with the next one or the commit.
/// Each such ride saves a round trip. The server runs them in the order in which they were given.
pub(crate) struct Session {
    runtime: Runtime,
    client: Client,
    statements: HashMap<&'static str, Statement>,
    waiting: Vec<Waiting>,
}

/// A command on its way.
enum Waiting {
    Text(&'static str),
    /// Ends a transaction and begins another.
    Next(&'static str),
    Statement(Statement, Vec<Owned>),
    Presumed(Statement, Vec<Owned>, Check),
}

/// Whether the rows are those that were presumed.
pub(crate) type Check = Box<dyn Fn(&[tokio_postgres::Row]) -> Result<(), Error> + Send>;

/// A parameter that outlives the call that bound it.
enum Owned {
    Null,
    Int(i64),
    Double(f64),
    Bool(bool),
    Text(String),
    Bytes(Vec<u8>),
}

type Running<'c, T> = Pin<Box<dyn Future<Output = Result<T, tokio_postgres::Error>> + 'c>>;
type Riding<'c> = Pin<Box<dyn Future<Output = Result<(), Error>> + 'c>>;

impl Session {
    pub(super) fn connect(url: &str) -> Result<Self, Error> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Error::Engine(format!("cannot start a runtime: {error}")))?;
        let client = runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(url, tls::connector()?).await?;
            tokio::spawn(async move {
                if let Err(error) = connection.await {
                    tracing::error!(%error, "a PostgreSQL connection ended");
                }
            });
            client.batch_execute(PREPARE_SESSION).await?;
            Ok::<_, Error>(client)
        })?;
        Ok(Self { runtime, client, statements: HashMap::new(), waiting: Vec::new() })
    }

    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Opens a transaction with the first statement that follows.
    pub(super) fn begin(&mut self, sql: &'static str) {
        self.waiting.push(Waiting::Text(sql));
    }

    /// Lets the transaction that has just begun commit without waiting for the disk.
    pub(crate) fn relax(&mut self) {
        self.waiting.push(Waiting::Text("set local synchronous_commit = off"));
    }

    /// Ends the transaction and opens another with the first statement that follows.
    pub(super) fn next(&mut self, sql: &'static str) {
        self.waiting.push(Waiting::Next(sql));
    }

    /// Ends the transaction. One that no statement was sent for is forgotten, but not the one
    /// before it, which may be open still: the session would go on with its old snapshot.
    pub(super) fn end(&mut self, sql: &'static str) -> Result<(), Error> {
        match self.waiting[..] {
            // Only the beginning, with what belongs to it.
            [Waiting::Text(_)] | [Waiting::Text(_), Waiting::Text(_)] => {
                self.waiting.clear();
                return Ok(());
            }
            [Waiting::Next(_)] => self.waiting.clear(),
            _ => self.check()?,
        }
        self.waiting.push(Waiting::Text(sql));
        self.flush()
    }

    /// Undoes whatever happened since `begin`; what was not sent yet never is.
    pub(super) fn abandon(&mut self) -> Result<(), Error> {
        let begun = !matches!(self.waiting.first(), Some(Waiting::Text(_)));
        self.waiting.clear();
        if begun { self.script("rollback") } else { Ok(()) }
    }

    pub(crate) fn script(&mut self, sql: &str) -> Result<(), Error> {
        self.ride(|client| Box::pin(client.batch_execute(sql)))
    }

    pub(crate) fn exec(&mut self, sql: &'static str, params: &[Value<'_>]) -> Result<u64, Error> {
        let statement = self.statement(sql)?;
        let params = dynamic(params);
        self.ride(|client| Box::pin(async move { client.execute(&statement, &params).await }))
    }

    /// Sends a statement along with the next one. Its failure becomes that one's.
    pub(crate) fn send(&mut self, sql: &'static str, params: &[Value<'_>]) -> Result<(), Error> {
        let statement = self.statement(sql)?;
        self.waiting.push(Waiting::Statement(statement, params.iter().map(Owned::of).collect()));
        Ok(())
    }

    /// Sends a query along with the next statement, which fails if `check` does not accept its rows.
    pub(crate) fn presume(
        &mut self,
        sql: &'static str,
        params: &[Value<'_>],
        check: Check,
    ) -> Result<(), Error> {
        let statement = self.statement(sql)?;
        let params = params.iter().map(Owned::of).collect();
        self.waiting.push(Waiting::Presumed(statement, params, check));
        Ok(())
    }

    /// Finds out now whether everything that was presumed holds: what rests on it must not be
    /// committed or answered before.
    pub(super) fn check(&mut self) -> Result<(), Error> {
        let presumed = |command: &Waiting| matches!(command, Waiting::Presumed(..));
        if self.waiting.iter().any(presumed) { self.flush() } else { Ok(()) }
    }

    pub(crate) fn each(
        &mut self,
        sql: &'static str,
        params: &[Value<'_>],
        take: &mut dyn FnMut(&mut Row<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let statement = self.statement(sql)?;
        let params = dynamic(params);
        let rows =
            self.ride(|client| Box::pin(async move { client.query(&statement, &params).await }))?;
        for row in &rows {
            take(&mut Row::new(Columns::Postgres(row)))?;
        }
        Ok(())
    }

    /// Hands out the rows of a query made at run time while they arrive, until `take` has enough.
    pub(crate) fn stream(
        &mut self,
        sql: &str,
        take: &mut dyn FnMut(&mut Row<'_>) -> bool,
    ) -> Result<(), Error> {
        let rows =
            self.ride(|client| Box::pin(client.query_raw(sql, std::iter::empty::<&i64>())))?;
        let mut rows = std::pin::pin!(rows);
        while let Some(row) = self.runtime.block_on(rows.next()) {
            if !take(&mut Row::new(Columns::Postgres(&row?))) {
                break;
            }
        }
        Ok(())
    }

    /// Sends rows in the text format of `copy`.
    pub(crate) fn copy_in(&mut self, sql: &str, rows: Vec<u8>) -> Result<u64, Error> {
        let sink = self.ride(|client| Box::pin(client.copy_in::<_, bytes::Bytes>(sql)))?;
        let mut sink = std::pin::pin!(sink);
        Ok(self.runtime.block_on(async {
            sink.send(rows.into()).await?;
            sink.finish().await
        })?)
    }

    /// Sends everything that waits and one command more, then takes all answers.
    ///
    /// Each future sends its command when it is first polled, so polling them in order is sending
    /// them in order.
    fn ride<'s, T>(
        &'s mut self,
        last: impl FnOnce(&'s Client) -> Running<'s, T>,
    ) -> Result<T, Error> {
        let waiting = std::mem::take(&mut self.waiting);
        let Self { runtime, client, .. } = &*self;
        runtime.block_on(async {
            let first = waiting.iter().map(|command| command.run(client));
            let (first, last) = join(join_all(first), last(client)).await;
            first.into_iter().collect::<Result<Vec<()>, _>>()?;
            Ok(last?)
        })
    }

    /// Sends everything that waits.
    fn flush(&mut self) -> Result<(), Error> {
        self.ride(|_| Box::pin(std::future::ready(Ok(()))))
    }

    fn statement(&mut self, sql: &'static str) -> Result<Statement, Error> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        // Planning needs no transaction and disturbs none that is open.
        let text = Dialect::Postgres.statement(sql);
        let statement = self.runtime.block_on(self.client.prepare(text))?;
        self.statements.insert(sql, statement.clone());
        Ok(statement)
    }
}

impl Waiting {
    fn run<'c>(&'c self, client: &'c Client) -> Riding<'c> {
        Box::pin(async move {
            match self {
                Self::Text(sql) | Self::Next(sql) => client.batch_execute(sql).await?,
                Self::Statement(statement, params) => {
                    let values: Vec<_> = params.iter().map(Owned::value).collect();
                    client.execute(statement, &dynamic(&values)).await?;
                }
                Self::Presumed(statement, params, check) => {
                    let values: Vec<_> = params.iter().map(Owned::value).collect();
                    check(&client.query(statement, &dynamic(&values)).await?)?;
                }
            }
            Ok(())
        })
    }
}

impl Owned {
    fn of(value: &Value<'_>) -> Self {
        match *value {
            Value::Null => Self::Null,
            Value::Int(n) => Self::Int(n),
            Value::Double(n) => Self::Double(n),
            Value::Bool(b) => Self::Bool(b),
            Value::Text(text) => Self::Text(text.to_owned()),
            Value::Bytes(bytes) => Self::Bytes(bytes.to_owned()),
        }
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
}

fn dynamic<'v>(params: &'v [Value<'v>]) -> Vec<&'v (dyn ToSql + Sync)> {
    params.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

impl ToSql for Value<'_> {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        match *self {
            Value::Null => Ok(IsNull::Yes),
            Value::Int(n) => match *kind {
                Type::INT4 => i32::try_from(n)?.to_sql(kind, out),
                Type::INT8 => n.to_sql(kind, out),
                _ => Err(format!("a bigint was bound where {kind} is expected").into()),
            },
            Value::Double(n) => n.to_sql_checked(kind, out),
            Value::Bool(b) => b.to_sql_checked(kind, out),
            // `json` parameters appear where a list of ids is expanded.
            Value::Text(text) if *kind == Type::JSON => text.to_sql(&Type::TEXT, out),
            Value::Text(text) => text.to_sql_checked(kind, out),
            Value::Bytes(bytes) => bytes.to_sql_checked(kind, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}
