use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use halyard_identity::audit::{self, Entry};
use halyard_messaging::{WorkspaceId, audit::of_workspace};
use halyard_platform::db::Schema;
use serde_json::{Value, json};

use super::{print, user::Failed};
use crate::{
    config::Config,
    wiring::{migrations, open_beside},
};

/// Acts that one read fetches.
const PAGE: i64 = 500;

/// Flags of `halyard audit`.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Only what concerns this workspace and the accounts of its members
    #[arg(long, value_name = "ID")]
    workspace: Option<i64>,
    /// How many at most
    #[arg(long, default_value_t = 100)]
    limit: i64,
    /// Only acts before the one with this id
    #[arg(long, value_name = "ID")]
    before: Option<i64>,
    /// Print one JSON object for each act, on a line of its own
    #[arg(long)]
    json: bool,
}

/// Prints what administrators have done, newest first.
pub(super) async fn run(config: &Config, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let db = open_beside(config, Schema::Require(migrations())).await?;
    let workspace = arguments.workspace.map(WorkspaceId);
    let (mut before, mut left) = (arguments.before, arguments.limit);
    while left > 0 {
        let limit = left.min(PAGE);
        let page = db
            .read(move |tx| -> Result<Vec<Entry>, Failed> {
                Ok(match workspace {
                    Some(workspace) => of_workspace(tx, workspace, before, limit)?,
                    None => audit::list(tx, before, limit)?,
                })
            })
            .await
            .map_err(Failed::into_inner)?;
        for entry in &page {
            show(entry, arguments.json)?;
        }
        let full = page.len() as i64 == limit;
        before = page.last().map(|entry| entry.id);
        left = if full { left - limit } else { 0 };
    }
    db.close().await;
    Ok(ExitCode::SUCCESS)
}

fn show(entry: &Entry, as_json: bool) -> anyhow::Result<()> {
    if as_json {
        let detail: Value = serde_json::from_str(&entry.detail).context("a damaged entry")?;
        let line = json!({
            "id": entry.id,
            "at_ts": entry.at / 1000,
            "kind": entry.kind,
            "subject": entry.subject,
            "user_id": entry.by,
            "workspace_id": entry.workspace,
            "account_id": entry.account,
            "detail": detail,
            "origin": entry.origin,
        });
        print(&line.to_string());
        return Ok(());
    }
    let at = jiff::Timestamp::from_millisecond(entry.at).context("a damaged entry")?;
    let by = entry.by.map_or_else(|| "-".to_owned(), |user| format!("user {user}"));
    print(&format!(
        "{:>6}  {:.0}  {:<20}  {}  {by}  {}  {}",
        entry.id,
        at,
        entry.kind,
        entry.subject,
        entry.origin.as_deref().unwrap_or("-"),
        entry.detail
    ));
    Ok(())
}
