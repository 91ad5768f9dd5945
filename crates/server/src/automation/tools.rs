//! What the commands for connections and apps have in common.

use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use clap::Args;
use halyard_automation::{
    apps::{
        AppError,
        run::{Exchange, Failure, Host},
    },
    connections::{Listed, Problem, Store, WorkspaceId},
    operations,
};
use halyard_messaging::workspace;
use halyard_platform::{clock::Clock, db::Db, outbound::Network, random::Random};
use serde_json::{Value as Json, json};

use super::keys::KeyFile;
use crate::{
    config::Config,
    wiring::{self, open_for_command, open_outbound},
};

/// Whose connections are meant.
#[derive(Args, Clone, Copy, Default)]
pub(crate) struct Whose {
    /// Id of the workspace that the connection belongs to; your own ones when not given
    #[arg(long, value_name = "ID")]
    workspace: Option<i64>,
}

impl Whose {
    /// The workspace, or what stands in its place.
    pub(crate) fn id(self) -> WorkspaceId {
        self.workspace.map_or(WorkspaceId::OPERATOR, WorkspaceId)
    }

    /// Whether one was given.
    pub(crate) fn given(self) -> Option<WorkspaceId> {
        self.workspace.map(WorkspaceId)
    }

    /// Refuses a workspace that does not exist.
    pub(crate) async fn expect(self, db: &Db) -> anyhow::Result<()> {
        let Some(id) = self.workspace else { return Ok(()) };
        let all = db.read(workspace::list_all).await?;
        if all.iter().all(|(workspace, _)| workspace.id.0 != id) {
            bail!("workspace: there is none with the id {id}; `halyard workspace list` shows them");
        }
        Ok(())
    }
}

/// Logs what is wrong, and not what is usual: standard error belongs to the report of a failure.
pub(crate) fn start_logging(config: &Config) -> anyhow::Result<()> {
    let mut config = config.clone();
    if config.log == Config::default().log {
        config.log = "warn".to_owned();
    }
    wiring::start_logging(&config)
}

/// An installation whose connections are used.
pub(crate) struct Tools {
    pub(crate) db: Db,
    pub(crate) store: Store,
    pub(crate) keys: KeyFile,
    pub(crate) host: Host,
}

impl Tools {
    /// Opens the installation, also beside its server.
    pub(crate) async fn open(config: &Config) -> anyhow::Result<Self> {
        let db = open_for_command(config).await?;
        let keys = KeyFile::of(&config.data_dir);
        std::fs::create_dir_all(&config.data_dir)
            .with_context(|| format!("cannot make {}", config.data_dir.display()))?;
        keys.ensure(&Random::os())?;
        let store = Store::new(db.clone(), Arc::new(keys.clone()), Clock::system(), Random::os());
        let host = host(config)?;
        Ok(Self { db, store, keys, host })
    }
}

/// How requests of the command line are made. Whoever has a shell here reaches this machine anyway;
/// what else is not public has to be listed, because apps and services choose addresses too.
pub(crate) fn host(config: &Config) -> anyhow::Result<Host> {
    let mut config = config.clone();
    for network in ["127.0.0.0/8", "::1"] {
        let network: Network = network.parse().map_err(|error| anyhow!("{network}: {error}"))?;
        config.outbound_allow.push(network);
    }
    let mut host = Host::new(open_outbound(&config)?, Clock::system(), Random::os());
    host.bounds.unverified_tls = config.outbound_unverified;
    Ok(host)
}

/// A failure as the commands report it.
pub(crate) fn told(error: &operations::Error) -> Json {
    match error {
        operations::Error::Problem(Problem::App(failure)) => told_failure(failure),
        operations::Error::Problem(Problem::Connection(error)) => {
            plain("InvalidConfigurationError", error)
        }
        operations::Error::Input(invalid) => {
            let mut told = plain("BundleValidationError", error);
            let fields =
                invalid.iter().map(|one| json!({"path": one.path, "message": one.message}));
            told["fields"] = fields.collect();
            told
        }
        other => plain("InvalidConfigurationError", other),
    }
}

fn plain(kind: &str, error: &dyn std::fmt::Display) -> Json {
    json!({"type": kind, "message": error.to_string(), "status": null, "exchange": null})
}

/// As [`told`], of what an app has failed with.
pub(crate) fn told_failure(failure: &Failure) -> Json {
    let AppError { kind, message, status, retry_after } = &failure.error;
    let mut told = json!({
        "type": kind.to_string(),
        "message": message,
        "status": status,
        "exchange": failure.exchanges.last().map(shown),
    });
    if let Some(after) = retry_after {
        told["retry_after"] = json!(after.as_secs());
    }
    told
}

/// A request and its answer, for people.
fn shown(exchange: &Exchange) -> Json {
    let mut told = json!({
        "took_ms": u64::try_from(exchange.took.as_millis()).unwrap_or(u64::MAX),
        "status": exchange.status,
        "problem": exchange.problem,
    });
    if let Some(shown) = &exchange.shown {
        let headers = |all: &[(String, String)]| -> Json {
            all.iter().map(|(name, value)| json!([name, value])).collect()
        };
        told["request"] = json!({
            "method": shown.method,
            "url": shown.url,
            "headers": headers(&shown.request_headers),
            "body": shown.request_body,
        });
        told["response"] = json!({
            "headers": headers(&shown.response_headers),
            "body": shown.response_body,
        });
    }
    told
}

/// A problem with a connection in words of the command line.
pub(crate) fn explain(problem: Problem) -> anyhow::Error {
    match problem {
        Problem::Connection(error) => anyhow::Error::new(error),
        Problem::App(failure) => anyhow!("{}", failure.error),
    }
}

/// What people see of a connection in one line.
pub(crate) fn in_words(listed: &Listed) -> String {
    let about = &listed.about;
    let who = listed.metadata.as_deref().map(|who| format!(", {who}")).unwrap_or_default();
    let at = about.base_url.as_deref().map(|url| format!(" at {url}")).unwrap_or_default();
    format!("{} ({} of {}{at}{who})", about.name, about.kind, about.app)
}
