//! What PostgreSQL's planner knows about tables that grow quickly.
//!
//! PostgreSQL looks at tables by itself about once a minute. In the first minutes of an installation,
//! and after an import, that is late: a plan made for an empty table reads all of it when it is not
//! empty any more. So whatever has grown several times over since it was last looked at is looked at
//! again, which makes plans anew, and each table once as soon as it has a row: of a column that was
//! never looked at PostgreSQL believes that it is hardly ever null. A table costs this a few times in
//! its life.

use std::time::Duration;

use tokio::task::JoinHandle;

use super::{Db, Dialect, Error, Tx};
use crate::params;

/// The shortest and the longest wait between two looks: the first after something has grown.
const WAITS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// Looks from time to time until the handle is dropped or aborted; on SQLite there is nothing to do.
#[derive(Debug)]
pub struct Keeping(Option<JoinHandle<()>>);

impl Drop for Keeping {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

/// Starts to look, on the current runtime.
pub fn keep(db: Db) -> Keeping {
    if db.dialect() == Dialect::Sqlite {
        return Keeping(None);
    }
    Keeping(Some(tokio::spawn(async move {
        let mut wait = WAITS.0;
        loop {
            tokio::time::sleep(wait).await;
            wait = match refresh(&db).await {
                Ok(0) => (wait * 2).min(WAITS.1),
                Ok(_) => WAITS.0,
                Err(error) => {
                    tracing::warn!(%error, "cannot refresh the planner's statistics");
                    WAITS.1
                }
            };
        }
    })))
}

/// Has PostgreSQL look at the tables that have grown several times over; answers how many.
///
/// # Errors
/// Those of the store.
pub async fn refresh(db: &Db) -> Result<usize, Error> {
    if db.dialect() == Dialect::Sqlite {
        return Ok(0);
    }
    let grown: Vec<String> = db.read(grown).await?;
    for table in &grown {
        // One by one: each holds a transaction open while it looks.
        let table = table.clone();
        db.write_derived(move |tx| tx.analyze(&table)).await?;
    }
    Ok(grown.len())
}

fn grown(tx: &mut Tx<'_>) -> Result<Vec<String>, Error> {
    tx.all(
        "select s.relname::text from pg_stat_user_tables s join pg_class c on c.oid = s.relid
         where s.schemaname = current_schema()
             and s.n_mod_since_analyze >
                 case when c.reltuples < 0 then 0 else 100 + 3 * c.reltuples end
         order by s.relname",
        params![],
    )
}
