use std::{
    collections::HashMap,
    io::BufReader,
    path::{Path, PathBuf},
    process::ExitCode,
    str::FromStr,
    sync::{Arc, Mutex},
};

use anyhow::{Context, bail};
use clap::Args;
use halyard_automation::connections::keys_in_use;
use halyard_messaging::search;
use halyard_platform::{
    blobs::{BlobId, Blobs},
    clock::Clock,
    db::{
        self, Dialect, Migration, Schema, Table, Tx, empty, load, migrate, raise_sequence, status,
        tables,
    },
    events,
};

use crate::{
    archive::{self, BLOBS, Meta, TABLES},
    automation::keys::KeyFile,
    config::Config,
    wiring::{migrations, open_blobs, open_few, place},
};

/// Flags of `halyard restore`.
#[derive(Args)]
pub(crate) struct Arguments {
    /// A file that `halyard backup` wrote
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
}

/// Fills an empty database and data directory from a backup.
///
/// The file is read twice: first it is verified to its end while the uploaded files are put in
/// place, then the rows are loaded in one transaction. A broken file so leaves nothing.
pub(super) async fn run(config: &Config, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let blobs = open_blobs(&config.data_dir)?;
    if blobs.list().next().is_some() {
        bail!(
            "{} holds uploaded files; restore into an empty data directory",
            config.data_dir.display()
        );
    }
    let db = open_few(config, Schema::AsIs).await?;
    let status = db.read(|tx| status(tx, &migrations())).await?;
    if !status.applied.is_empty() || !status.unknown.is_empty() {
        bail!("{} is in use; restore into an empty database", place(config));
    }
    let from = arguments.from;
    let (path, target) = (from.clone(), blobs.clone());
    let (meta, files) = tokio::task::spawn_blocking(move || unpack_files(&path, &target)).await??;
    let known = wanted(&meta)?;
    // What went wrong, in words that the store's own error has no room for.
    let why: Arc<Mutex<Option<anyhow::Error>>> = Arc::default();
    let (path, reason) = (from.clone(), why.clone());
    let loaded = db
        .write(move |tx| {
            fill(tx, &path, &known).map_err(|error| {
                let text = format!("{error:#}");
                *reason.lock().unwrap_or_else(|poison| poison.into_inner()) = Some(error);
                db::Error::Engine(text)
            })
        })
        .await;
    let needed = match &loaded {
        Ok(_) => db.read(keys_in_use).await,
        Err(_) => Ok(Vec::new()),
    };
    db.close().await;
    let rows = match loaded {
        Ok(rows) => rows,
        Err(error) => {
            remove(&blobs, &files).await?;
            let why = why.lock().unwrap_or_else(|poison| poison.into_inner()).take();
            return Err(why.unwrap_or_else(|| error.into()))
                .with_context(|| format!("nothing was restored from {}", from.display()));
        }
    };
    super::print(&format!(
        "{}: {rows} rows of {} tables and {} uploaded files are in place",
        from.display(),
        meta.tables.len(),
        files.len()
    ));
    if let Some(missing) = KeyFile::of(&config.data_dir).missing(&needed?) {
        eprintln!("halyard: {missing}");
    }
    Ok(ExitCode::SUCCESS)
}

/// Verifies the whole file and puts the uploaded files in place; leaves none of them on failure.
fn unpack_files(path: &Path, blobs: &Blobs) -> anyhow::Result<(Meta, Vec<BlobId>)> {
    let mut files = Vec::new();
    let read = archive::read(path, &mut |meta, name, content| {
        wanted(meta)?;
        if let Some(id) = name.strip_prefix(BLOBS) {
            let id = BlobId::from_str(id).with_context(|| name.to_owned())?;
            blobs.put_back(&id, content).with_context(|| name.to_owned())?;
            files.push(id);
        } else if table_of(name).is_none() {
            bail!("the backup holds {name}, which this program does not know");
        }
        Ok(())
    });
    match read {
        Ok(meta) => Ok((meta, files)),
        Err(error) => {
            tokio::runtime::Handle::current().block_on(remove(blobs, &files))?;
            Err(error).context(format!("nothing was restored from {}", path.display()))
        }
    }
}

async fn remove(blobs: &Blobs, files: &[BlobId]) -> anyhow::Result<()> {
    for id in files {
        blobs.remove(id).await.with_context(|| format!("removing the file {id} again"))?;
    }
    Ok(())
}

/// The migrations that the backup's tables had, in our order.
fn wanted(meta: &Meta) -> anyhow::Result<Vec<Migration>> {
    let all = migrations();
    if let Some(unknown) =
        meta.migrations.iter().find(|name| all.iter().all(|known| known.name != name.as_str()))
    {
        bail!(
            "the backup was written by halyard {}, which is newer (migration {unknown} is unknown \
             here)",
            meta.program
        );
    }
    Ok(all.into_iter().filter(|known| meta.migrations.iter().any(|n| n == known.name)).collect())
}

/// The table that an entry holds rows of.
fn table_of(entry: &str) -> Option<&str> {
    let (table, part) = entry.strip_prefix(TABLES)?.split_once('/')?;
    part.ends_with(".jsonl").then_some(table)
}

/// Makes the tables as they were, loads the rows, and brings the tables to what they are now.
fn fill(tx: &mut Tx<'_>, path: &Path, known: &[Migration]) -> anyhow::Result<u64> {
    migrate(tx, known)?;
    let ours = tables(tx)?;
    let by_name: HashMap<&str, &Table> =
        ours.iter().map(|table| (table.name.as_str(), table)).collect();
    // A migration may have brought rows along; they are in the backup too, as they were there.
    empty(tx, &ours)?;
    let mut rows = 0;
    let meta = archive::read(path, &mut |meta, name, content| {
        let Some(name) = table_of(name) else { return Ok(()) };
        let theirs = meta.tables.iter().find(|table| table.name == name);
        let (Some(theirs), Some(ours)) = (theirs, by_name.get(name)) else {
            bail!("the backup holds a table {name}, which this program does not know");
        };
        // The columns may stand in another order there.
        let mut sorted = (theirs.columns.clone(), ours.columns.clone());
        sorted.0.sort_by(|a, b| a.name.cmp(&b.name));
        sorted.1.sort_by(|a, b| a.name.cmp(&b.name));
        if sorted.0 != sorted.1 {
            bail!("the table {name} of the backup has other columns than here");
        }
        rows += load(tx, theirs, BufReader::new(content))?;
        Ok(())
    })?;
    for (table, last) in &meta.sequences {
        if by_name.contains_key(table.as_str()) {
            raise_sequence(tx, table, *last)?;
        }
    }
    if tx.dialect() == Dialect::Postgres {
        events::adopt(tx)?;
    }
    migrate(tx, &migrations())?;
    // The index is not in the backup; the server makes it again from what is.
    search::rebuild(tx, Clock::system().now())?;
    Ok(rows)
}
