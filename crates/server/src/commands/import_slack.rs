use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, anyhow};
use clap::Args;
use halyard_messaging::{
    Error, WorkspaceId,
    transfer::{self, Record},
};
use halyard_platform::{
    clock::Clock,
    db::{Db, Schema},
};
use tokio::runtime::Handle;

use super::import::{Intake, already, digest};
use crate::{
    config::Config,
    slack::Unpacked,
    wiring::{migrations, open_beside},
};

/// Flags of `halyard import-slack`.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The zip file that Slack hands out
    file: PathBuf,
    #[command(flatten)]
    into: Place,
    /// Take in once more what was taken in already
    #[arg(long)]
    again: bool,
}

/// Where it goes.
#[derive(Args)]
#[group(required = true, multiple = false)]
struct Place {
    /// Id of a workspace that is there
    #[arg(long, value_name = "ID")]
    workspace: Option<i64>,
    /// Name of a workspace to be made
    #[arg(long, value_name = "NAME")]
    new: Option<String>,
}

/// Takes in people, channels and what was said.
pub(super) async fn run(config: &Config, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let db = open_beside(config, Schema::Require(migrations())).await?;
    let store = db.clone();
    let done = tokio::task::spawn_blocking(move || import(&store, &arguments));
    let done = done.await.context("the import")?;
    db.close().await;
    super::print(&done?);
    Ok(ExitCode::SUCCESS)
}

fn import(db: &Db, arguments: &Arguments) -> anyhow::Result<String> {
    let path: &Path = &arguments.file;
    let again = arguments.again;
    let (runtime, now) = (Handle::current(), Clock::system().now());
    // Read to its end first: nothing is taken from an archive that is damaged.
    Unpacked::open(path)?.read(None, now, &mut |_| Ok(()))?;
    let target = arguments.into.workspace.map(WorkspaceId);
    let digest = format!("{}:{}", digest(path)?, target.map_or(0, |target| target.0));
    let begun = db.write(move |tx| match target {
        Some(target) => transfer::begin_into(tx, &digest, again, target, now),
        None => transfer::begin(tx, &digest, again, now),
    });
    let begun = runtime.block_on(begun).map_err(|error| match error {
        Error::WorkspaceNotFound => {
            anyhow!("workspace: there is no such one; `halyard workspace list` shows them")
        }
        other => other.into(),
    })?;
    let intake = Intake { db, runtime, import: begun.import, follow: true };
    if let Some(id) = begun.finished {
        intake.forget()?;
        return Ok(already(path, id));
    }
    let (mut threads, mut comments, mut messages) = (0, 0, 0);
    let new = arguments.into.new.as_deref();
    Unpacked::open(path)?.read(new, now, &mut |records| {
        for record in &records {
            match record {
                Record::Thread(_) => threads += 1,
                Record::Comment(_) => comments += 1,
                Record::Message(_) => messages += 1,
                _ => {}
            }
        }
        intake.take(&records)
    })?;
    let id = intake.finish()?;
    Ok(format!(
        "{}: workspace {id}, with {threads} threads, {comments} comments, {messages} messages",
        path.display()
    ))
}
