use std::{
    fs::File,
    io::{self, BufWriter},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, anyhow, bail};
use clap::Args;
use halyard_messaging::{
    WorkspaceId, audit,
    transfer::{self, Extent, Manifest, Summary},
    workspace,
};
use halyard_platform::{
    archive::Writer,
    blobs::Blobs,
    clock::Clock,
    db::{self, Schema, Tx},
};

use super::{
    backup::{Failed, Unfinished},
    workspace::operator,
};
use crate::{
    archive,
    config::Config,
    wiring::{migrations, open_beside, open_blobs},
};

/// Flags of `halyard export`.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Id of the workspace
    #[arg(long, value_name = "ID")]
    workspace: i64,
    /// The file to write; it appears when it is complete
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
    /// Replace the file if it exists
    #[arg(long)]
    replace: bool,
}

/// Writes everything of one workspace into one file, while the server runs.
pub(super) async fn run(config: &Config, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let (id, output) = (WorkspaceId(arguments.workspace), arguments.output);
    if output.exists() && !arguments.replace {
        bail!("{} exists; choose another name or --replace it", output.display());
    }
    let db = open_beside(config, Schema::Require(migrations())).await?;
    let blobs = open_blobs(&config.data_dir)?;
    let unfinished = Unfinished::beside(&output)?;
    let path = unfinished.0.clone();
    // A store of its own: a closure that runs for minutes holds up nobody.
    let written = db.read(move |tx| write(tx, id, &blobs, &path).map_err(Failed)).await;
    let (summary, bytes) =
        written.map_err(|Failed(error)| error).context("nothing was exported")?;
    db.write(move |tx| -> Result<(), super::user::Failed> {
        let actor = operator(tx, id)?;
        Ok(audit::exported(tx, &actor, id, true)?)
    })
    .await
    .map_err(super::user::Failed::into_inner)?;
    db.close().await;
    unfinished.become_file(&output)?;
    super::print(&format!(
        "{}: {} records, {} files, {bytes} bytes",
        output.display(),
        summary.records,
        summary.files
    ));
    if summary.missing > 0 {
        eprintln!(
            "halyard: {} files are missing from the disk and not in it; `halyard doctor` names them",
            summary.missing
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn write(
    tx: &mut Tx<'_>,
    id: WorkspaceId,
    blobs: &Blobs,
    path: &Path,
) -> anyhow::Result<(Summary, u64)> {
    workspace::an_admin(tx, id)
        .map_err(|_| anyhow!("workspace: there is no {id}; `halyard workspace list` shows them"))?;
    let now = Clock::system().now();
    let file = File::options().write(true).truncate(true).open(path)?;
    let mut writer = Writer::new(BufWriter::new(file), now)?;
    let (mut at, mut done) = (None, false);
    let mut next = || -> Result<_, Wrong> {
        if done {
            return Ok(None);
        }
        let mut page = transfer::page(tx, id, Extent::Whole, at.take())?;
        at = page.next.take();
        done = at.is_none();
        Ok(Some(page))
    };
    let manifest = Manifest::new(id.0, true, now);
    let summary = transfer::write(&mut writer, &manifest, blobs, &mut next)?;
    Ok((summary, archive::finish(writer)?))
}

/// What can go wrong between the database and the file.
#[derive(Debug, thiserror::Error)]
enum Wrong {
    #[error(transparent)]
    File(#[from] io::Error),
    #[error(transparent)]
    Store(#[from] db::Error),
}
