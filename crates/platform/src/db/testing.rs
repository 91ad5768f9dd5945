//! Databases for tests: each test has its own, on each engine.

use std::{future::Future, time::Duration};

use tokio_postgres::NoTls;

use super::{Db, Migration, Options};

/// Names the environment variable with the URL of a PostgreSQL role that may create databases.
pub const POSTGRES: &str = "HALYARD_TEST_POSTGRES";

/// A database that goes away with the test.
pub struct TestDb {
    /// The store under test.
    pub db: Db,
    options: Options,
    migrations: Vec<Migration>,
    _directory: Option<tempfile::TempDir>,
    database: Option<Database>,
}

impl TestDb {
    /// A migrated SQLite file in a scratch directory.
    pub async fn sqlite(migrations: Vec<Migration>) -> Self {
        let directory = tempfile::tempdir().expect("a scratch directory");
        let options = Options::sqlite(directory.path().join("halyard.db"));
        Self::start(options, migrations, Some(directory), None).await
    }

    /// A migrated PostgreSQL database of its own.
    ///
    /// # Panics
    /// When no server is named by [`POSTGRES`]; a test must not pass because it did not run.
    pub async fn postgres(migrations: Vec<Migration>) -> Self {
        let server = std::env::var(POSTGRES).unwrap_or_else(|_| {
            panic!("set {POSTGRES} to a PostgreSQL URL, or run `make test`, which starts a server")
        });
        let database = Database::create(&server).await;
        let mut options = Options::postgres(database.url.clone());
        (options.writers, options.readers) = (4, 2);
        Self::start(options, migrations, None, Some(database)).await
    }

    async fn start(
        options: Options,
        migrations: Vec<Migration>,
        directory: Option<tempfile::TempDir>,
        database: Option<Database>,
    ) -> Self {
        let db = Db::open(options.clone(), migrations.clone()).await.expect("the test database");
        Self { db, options, migrations, _directory: directory, database }
    }

    /// How to open this database a second time.
    pub fn options(&self) -> Options {
        self.options.clone()
    }

    /// Closes the store and opens it again, as a restart does.
    pub async fn reopen(&mut self) {
        self.db.close().await;
        self.db = Db::open(self.options.clone(), self.migrations.clone())
            .await
            .expect("the test database again");
    }

    /// Runs one statement outside of any transaction on the PostgreSQL server that the tests use.
    ///
    /// # Errors
    /// What the server says against it; also without a server.
    pub async fn on_server(sql: &str) -> Result<(), String> {
        let server = std::env::var(POSTGRES).map_err(|_| format!("{POSTGRES} is not set"))?;
        let connected = tokio_postgres::connect(&server, NoTls).await;
        let (client, connection) = connected.map_err(|error| error.to_string())?;
        let driver = tokio::spawn(connection);
        let done = client.batch_execute(sql).await;
        drop(client);
        driver.await.expect("the connection task").expect("the connection");
        done.map_err(|error| match error.as_db_error() {
            Some(cause) => cause.message().to_owned(),
            None => error.to_string(),
        })
    }

    /// Closes the store and removes what was made for it.
    pub async fn drop_now(mut self) {
        self.db.close().await;
        if let Some(database) = self.database.take() {
            database.remove().await;
        }
    }
}

struct Database {
    server: String,
    name: String,
    url: String,
}

impl Database {
    async fn create(server: &str) -> Self {
        let name = format!("halyard_test_{}", crate::random::Random::os().hex(8));
        run(server, &format!("create database {name} template template0")).await;
        let url = match server.rsplit_once('/') {
            Some((address, _)) => format!("{address}/{name}"),
            None => panic!("{POSTGRES} must end in /database"),
        };
        Self { server: server.to_owned(), name, url }
    }

    async fn remove(self) {
        run(&self.server, &format!("drop database {} with (force)", self.name)).await;
    }
}

async fn run(server: &str, sql: &str) {
    let (client, connection) =
        tokio_postgres::connect(server, NoTls).await.expect("the PostgreSQL test server");
    let driver = tokio::spawn(connection);
    client.batch_execute(sql).await.expect(sql);
    drop(client);
    driver.await.expect("the connection task").expect("the connection");
}

/// Polls until the condition holds.
///
/// # Panics
/// When it does not hold within two minutes: longer than the lease of a job that a killed process
/// had begun, and much longer than anything else takes, so that a busy machine fails no test.
pub async fn eventually<F, R>(what: &str, mut holds: F)
where
    F: FnMut() -> R,
    R: Future<Output = bool>,
{
    let deadline = tokio::time::Instant::now() + Duration::from_secs(120);
    while !holds().await {
        assert!(tokio::time::Instant::now() < deadline, "timed out: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Makes each test two: one on SQLite, one on PostgreSQL.
///
/// ```ignore
/// on_both_databases! {
///     MIGRATIONS;
///     async fn a_row_is_kept(db: Db) { … }
/// }
/// ```
#[macro_export]
macro_rules! on_both_databases {
    ($migrations:expr; $($(#[$meta:meta])* async fn $name:ident($db:ident: &TestDb) $body:block)+) => {$(
        mod $name {
            use super::*;

            async fn check($db: &$crate::db::testing::TestDb) $body

            $(#[$meta])*
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                let db = $crate::db::testing::TestDb::sqlite($migrations.to_vec()).await;
                check(&db).await;
                db.drop_now().await;
            }

            $(#[$meta])*
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                let db = $crate::db::testing::TestDb::postgres($migrations.to_vec()).await;
                check(&db).await;
                db.drop_now().await;
            }
        }
    )+};
}
