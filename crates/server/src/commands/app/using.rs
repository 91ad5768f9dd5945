//! The app and the connection that a command uses.

use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use halyard_automation::{
    apps::{App, function::Scripts, run::Host},
    operations::{self, Operator, Using},
};
use halyard_platform::blobs::Blobs;
use tempfile::TempDir;

use crate::{
    automation::{
        source,
        tools::{self, Tools, Whose},
    },
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
        Ok(Self { tools, host, app, scripts, with, blobs, _scratch: scratch })
    }

    /// The app.
    pub(super) fn app(&self) -> &App {
        &self.app
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
        Operator { host: &self.host, app: &self.app, functions: &self.scripts, connection }
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
