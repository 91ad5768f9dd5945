use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::ExitCode,
    str::FromStr,
};

use anyhow::{Context, bail};
use clap::Args;
use halyard_automation::connections::keys_in_use;
use halyard_messaging::doctor;
use halyard_platform::{
    archive::{Parts, Writer},
    blobs::{BlobId, Blobs},
    clock::Clock,
    db::{self, Db, Schema, Tx, dump, sequences, tables},
};

use crate::{
    archive::{self, BLOBS, FORMAT, Meta, TABLES},
    automation::keys::KeyFile,
    config::Config,
    wiring::{migrations, open_beside, open_blobs},
};

/// Flags of `halyard backup`.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The file to write; it appears when it is complete
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
    /// Replace the file if it exists
    #[arg(long)]
    replace: bool,
    /// Write a backup even when uploaded files are missing from the disk
    #[arg(long)]
    without_missing_files: bool,
}

/// Writes one consistent snapshot of the database and the uploaded files into one file.
pub(super) async fn run(config: &Config, arguments: Arguments) -> anyhow::Result<ExitCode> {
    if arguments.to.exists() && !arguments.replace {
        bail!("{} exists; choose another name or --replace it", arguments.to.display());
    }
    let db = open_beside(config, Schema::Require(migrations())).await?;
    let blobs = open_blobs(&config.data_dir)?;
    let unfinished = Unfinished::beside(&arguments.to)?;
    // A store of its own: a closure that runs for minutes holds up nobody.
    let path = unfinished.0.clone();
    let written = db.read(move |tx| write(tx, &blobs, &path).map_err(Failed)).await;
    let summary = written.map_err(|Failed(error)| error).context("nothing was backed up")?;
    let missing = still_named(&db, summary.missing).await?;
    db.close().await;
    if let (Some(first), false) = (missing.first(), arguments.without_missing_files) {
        bail!(
            "{} uploaded files are missing from the disk, the first is attachment {}; look at them \
             with `halyard doctor`, or use --without-missing-files",
            missing.len(),
            first.id
        );
    }
    unfinished.become_file(&arguments.to)?;
    if summary.connections {
        eprintln!(
            "halyard: the connections are in it encrypted; their keys are not: keep a copy of {} \
             elsewhere",
            KeyFile::of(&config.data_dir).path().display()
        );
    }
    super::print(&format!(
        "{}: {} rows of {} tables, {} uploaded files, {} bytes",
        arguments.to.display(),
        summary.rows,
        summary.tables,
        summary.files,
        summary.bytes
    ));
    Ok(ExitCode::SUCCESS)
}

/// An error on its way out of a closure.
pub(super) struct Failed(pub(super) anyhow::Error);

impl From<db::Error> for Failed {
    fn from(error: db::Error) -> Self {
        Self(error.into())
    }
}

/// What a backup holds.
struct Summary {
    tables: usize,
    rows: u64,
    files: u64,
    bytes: u64,
    missing: Vec<doctor::File>,
    connections: bool,
}

fn write(tx: &mut Tx<'_>, blobs: &Blobs, path: &Path) -> anyhow::Result<Summary> {
    let known = migrations().iter().map(|migration| migration.name.to_owned()).collect();
    let meta = Meta {
        format: FORMAT,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        created_at: Clock::system().now(),
        migrations: known,
        tables: tables(tx)?,
        sequences: sequences(tx)?,
    };
    let file = File::options().write(true).truncate(true).open(path)?;
    let mut writer = archive::begin(file, &meta)?;
    let mut rows = 0;
    for table in &meta.tables {
        let mut parts = Parts::new(format!("{TABLES}{}", table.name));
        rows += dump(tx, table, |line| {
            parts.add(&mut writer, line).map_err(|error| Failed(error.into()))
        })
        .map_err(|Failed(error)| error)
        .with_context(|| format!("table {}", table.name))?;
        parts.flush(&mut writer)?;
    }
    let connections = !keys_in_use(tx)?.is_empty();
    let (files, missing) = write_files(tx, blobs, &mut writer)?;
    let bytes = archive::finish(writer)?;
    Ok(Summary { tables: meta.tables.len(), rows, files, bytes, missing, connections })
}

/// Adds the files that the snapshot names, and answers those that are not on the disk.
fn write_files(
    tx: &mut Tx<'_>,
    blobs: &Blobs,
    writer: &mut Writer<BufWriter<File>>,
) -> anyhow::Result<(u64, Vec<doctor::File>)> {
    let (mut written, mut missing) = (0, Vec::new());
    doctor::files(tx, |file| {
        let add = |writer: &mut Writer<BufWriter<File>>| -> anyhow::Result<bool> {
            let id = BlobId::from_str(&file.blob).context(file.blob.clone())?;
            let (mut content, size) = match blobs.open_blocking(&id) {
                Ok(opened) => opened,
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
                Err(error) => return Err(error.into()),
            };
            writer.add_from(&format!("{BLOBS}{id}"), size, &mut content)?;
            Ok(true)
        };
        let found = add(writer).with_context(|| format!("attachment {}", file.id));
        match found.map_err(Failed)? {
            true => written += 1,
            false => missing.push(file),
        }
        Ok(())
    })
    .map_err(|Failed(error)| error)?;
    Ok((written, missing))
}

/// The files that are not merely missing because somebody has removed them meanwhile.
async fn still_named(db: &Db, missing: Vec<doctor::File>) -> anyhow::Result<Vec<doctor::File>> {
    let named = db
        .read(move |tx| -> Result<_, db::Error> {
            let mut named = Vec::new();
            for file in &missing {
                if doctor::file_exists(tx, file)? {
                    named.push(file.clone());
                }
            }
            Ok(named)
        })
        .await?;
    Ok(named)
}

/// The file while it is written; dropping it removes what is there.
pub(super) struct Unfinished(pub(super) PathBuf);

impl Unfinished {
    /// It holds everything that people have written, so only its owner may read it.
    pub(super) fn beside(target: &Path) -> anyhow::Result<Self> {
        let name = target.file_name().context("--to names no file")?.to_string_lossy();
        let path = target.with_file_name(format!(".{name}.{}.unfinished", std::process::id()));
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self(path))
    }

    pub(super) fn become_file(self, target: &Path) -> anyhow::Result<()> {
        fs::rename(&self.0, target)
            .with_context(|| format!("cannot write {}", target.display()))?;
        let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
        Ok(())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        match fs::remove_file(&self.0) {
            Ok(()) => {}
            // It has become the backup.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => eprintln!("halyard: {} stays behind: {error}", self.0.display()),
        }
    }
}
