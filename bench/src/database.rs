//! A PostgreSQL database for one scenario, so that no data of another one is in the way.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use tokio_postgres::NoTls;

/// A database that was created and is to be removed.
pub(crate) struct Created {
    server: String,
    name: String,
}

impl Created {
    /// Creates one on the server behind the URL, beside the database that the URL names.
    pub(crate) fn on(server: &str) -> Result<Self> {
        #[expect(clippy::disallowed_methods, reason = "only makes a name that no other run has")]
        let now = SystemTime::now().duration_since(UNIX_EPOCH).context("the clock")?;
        let name = format!("halyard_bench_{}_{}", std::process::id(), now.as_nanos());
        run(server, &format!("create database {name} template template0"))?;
        Ok(Self { server: server.to_owned(), name })
    }

    /// Its URL.
    pub(crate) fn url(&self) -> String {
        let address = self.server.rsplit_once('/').map_or(self.server.as_str(), |(left, _)| left);
        format!("{address}/{}", self.name)
    }

    /// Removes it.
    pub(crate) fn remove(self) -> Result<()> {
        run(&self.server, &format!("drop database {} with (force)", self.name))
    }
}

fn run(server: &str, sql: &str) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let (client, connection) =
            tokio_postgres::connect(server, NoTls).await.context("connect to PostgreSQL")?;
        let driver = tokio::spawn(connection);
        client.batch_execute(sql).await.with_context(|| sql.to_owned())?;
        drop(client);
        driver.await.context("the connection task")?.context("the connection")
    })
}
