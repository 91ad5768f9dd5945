//! The app and the connection that a command uses.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use clap::Args;
use halyard_automation::{
    apps::{App, function::Scripts, run::Host},
    operations::{self, Known, Operator, Using},
};
use halyard_platform::blobs::Blobs;
use tempfile::TempDir;

use crate::{
    automation::{
        source,
        tools::{self, Tools, Whose},
    },
    commands::told_to_stop,
    config::Config,
};

/// Which connection is used.
#[derive(Args)]
pub(super) struct With {
    /// The connection, from `halyard connection list`
    #[arg(long, value_name = "NAME")]
    connection: Option<String>,
    #[command(flatten)]
    whose: Whose,
}

/// What an operation needs. Without a connection no installation is opened, nor made.
pub(super) struct Desk {
    pub(super) tools: Option<Tools>,
    host: Host,
    app: App,
    scripts: Scripts,
    with: With,
    data_dir: PathBuf,
    /// What look-ups have answered.
    known: Known,
    /// Large files, while they are printed: those of the installation are others.
    blobs: Blobs,
    /// Where they are. It goes when this goes.
    _scratch: TempDir,
}

impl Desk {
    /// Reads the app and opens the installation, if there is something to be found in it.
    pub(super) async fn open(
        config: &Config,
        app: &str,
        with: With,
        store: bool,
    ) -> anyhow::Result<Self> {
        let app = source::open(app)?.app;
        let tools = match with.connection.is_some() || store {
            true => Some(Tools::open(config).await?),
            false => None,
        };
        let mut host = match &tools {
            Some(tools) => tools.host.clone(),
            None => tools::host(config)?,
        };
        let scratch = tempfile::tempdir().context("a folder for large files")?;
        let blobs = Blobs::open(scratch.path().join("blobs"))?;
        host.blobs = Some(blobs.clone());
        let scripts = Scripts::new(&app.functions);
        let data_dir = config.data_dir.clone();
        let known = Known::default();
        Ok(Self { tools, host, app, scripts, with, data_dir, known, blobs, _scratch: scratch })
    }

    /// The app.
    pub(super) fn app(&self) -> &App {
        &self.app
    }

    /// Where the installation is.
    pub(super) fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// Whether there is a connection, and with it an installation that can be written to.
    pub(super) fn has_connection(&self) -> bool {
        self.tools.is_some() && self.with.connection.is_some()
    }

    /// Large files of bundles.
    pub(super) fn blobs(&self) -> &Blobs {
        &self.blobs
    }

    /// Whose connection and cursors are meant.
    pub(super) fn whose(&self) -> Whose {
        self.with.whose
    }

    /// Who runs modules of the app.
    pub(super) fn operator(&self) -> Operator<'_> {
        let connection = self.tools.as_ref().and_then(|tools| {
            let name = self.with.connection.as_deref()?;
            Some(Using { store: &tools.store, workspace: self.with.whose.id(), name })
        });
        Operator {
            host: &self.host,
            app: &self.app,
            functions: &self.scripts,
            connection,
            known: Some(&self.known),
        }
    }

    /// What ends when the process is told to stop, from this call on; not while tokens are being
    /// renewed, because what the service has answered would be lost.
    pub(super) fn told_to_stop(&self) -> anyhow::Result<impl Future<Output = ()> + use<>> {
        let told = told_to_stop()?;
        let store = self.tools.as_ref().map(|tools| tools.store.clone());
        Ok(async move {
            told.await;
            if let Some(store) = store {
                store.renewed().await;
            }
        })
    }

    /// Lets go of the installation.
    pub(super) async fn close(self) {
        if let Some(tools) = self.tools {
            tools.db.close().await;
        }
    }
}

/// Reports a failure of an operation as one JSON object.
pub(super) fn report(error: &operations::Error) -> anyhow::Result<ExitCode> {
    let text = serde_json::to_string(&tools::told(error)).context("the report of a failure")?;
    eprintln!("{text}");
    Ok(ExitCode::FAILURE)
}
