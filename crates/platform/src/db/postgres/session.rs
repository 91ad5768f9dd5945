use std::{collections::HashMap, error::Error as StdError};

use bytes::BytesMut;
use futures_util::{SinkExt, StreamExt, future::try_join};
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

/// One connection, driven from the thread that owns it.
///
/// `begin` is not sent by itself: it travels together with the first statement of the closure,
/// which saves a round trip for each transaction.
pub(crate) struct Session {
    runtime: Runtime,
    client: Client,
    statements: HashMap<&'static str, Statement>,
    pending: Option<&'static str>,
}

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
            Ok::<_, Error>(client)
        })?;
        Ok(Self { runtime, client, statements: HashMap::new(), pending: None })
    }

    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Opens a transaction with the first statement that follows.
    pub(super) fn begin(&mut self, sql: &'static str) {
        self.pending = Some(sql);
    }

    /// Ends the transaction, if one was really opened.
    pub(super) fn end(&mut self, sql: &'static str) -> Result<(), Error> {
        if self.pending.take().is_some() {
            return Ok(());
        }
        self.script(sql)
    }

    pub(crate) fn script(&mut self, sql: &str) -> Result<(), Error> {
        let opening = self.pending.take();
        self.runtime.block_on(async {
            if let Some(begin) = opening {
                self.client.batch_execute(begin).await?;
            }
            self.client.batch_execute(sql).await
        })?;
        Ok(())
    }

    pub(crate) fn exec(&mut self, sql: &'static str, params: &[Value<'_>]) -> Result<u64, Error> {
        let statement = self.statement(sql)?;
        let opening = self.pending.take();
        let params = dynamic(params);
        let Self { runtime, client, .. } = self;
        Ok(runtime.block_on(async {
            let run = client.execute(&statement, &params);
            match opening {
                Some(begin) => {
                    try_join(client.batch_execute(begin), run).await.map(|((), changed)| changed)
                }
                None => run.await,
            }
        })?)
    }

    pub(crate) fn each(
        &mut self,
        sql: &'static str,
        params: &[Value<'_>],
        take: &mut dyn FnMut(&mut Row<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let statement = self.statement(sql)?;
        let opening = self.pending.take();
        let params = dynamic(params);
        let Self { runtime, client, .. } = self;
        let rows = runtime.block_on(async {
            let run = client.query(&statement, &params);
            match opening {
                Some(begin) => {
                    try_join(client.batch_execute(begin), run).await.map(|((), rows)| rows)
                }
                None => run.await,
            }
        })?;
        for row in &rows {
            take(&mut Row::new(Columns::Postgres(row)))?;
        }
        Ok(())
    }

    /// Hands out the rows of a query made at run time while they arrive. Inside a transaction that
    /// is open already.
    pub(crate) fn stream<E: From<Error>>(
        &mut self,
        sql: &str,
        take: &mut dyn FnMut(&mut Row<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let opening = self.pending.take();
        let Self { runtime, client, .. } = self;
        let rows = runtime.block_on(async {
            if let Some(begin) = opening {
                client.batch_execute(begin).await?;
            }
            client.query_raw(sql, std::iter::empty::<&i64>()).await
        });
        let mut rows = std::pin::pin!(rows.map_err(Error::from)?);
        while let Some(row) = runtime.block_on(rows.next()) {
            take(&mut Row::new(Columns::Postgres(&row.map_err(Error::from)?)))?;
        }
        Ok(())
    }

    /// Sends rows in the text format of `copy`.
    pub(crate) fn copy_in(&mut self, sql: &str, rows: Vec<u8>) -> Result<u64, Error> {
        let opening = self.pending.take();
        let Self { runtime, client, .. } = self;
        Ok(runtime.block_on(async {
            if let Some(begin) = opening {
                client.batch_execute(begin).await?;
            }
            let mut sink = std::pin::pin!(client.copy_in::<_, bytes::Bytes>(sql).await?);
            sink.send(rows.into()).await?;
            sink.finish().await
        })?)
    }

    fn statement(&mut self, sql: &'static str) -> Result<Statement, Error> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let text = Dialect::Postgres.statement(sql);
        let opening = self.pending.take();
        let statement = self.runtime.block_on(async {
            if let Some(begin) = opening {
                self.client.batch_execute(begin).await?;
            }
            self.client.prepare(text).await
        })?;
        self.statements.insert(sql, statement.clone());
        Ok(statement)
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
