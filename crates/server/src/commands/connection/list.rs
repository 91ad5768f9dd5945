use halyard_automation::connections::{Keys, Listed, State, WorkspaceId};
use halyard_platform::clock::Clock;
use serde_json::{Value, json};

use crate::{
    automation::tools::{Tools, Whose, in_words},
    commands::print,
};

/// Lists connections without their secrets.
pub(super) async fn run(tools: &Tools, as_json: bool, whose: Whose) -> anyhow::Result<()> {
    let listed = tools.store.list(whose.given()).await?;
    if as_json {
        let rows = listed.iter().map(|one| row(tools, one)).collect::<anyhow::Result<Vec<_>>>()?;
        print(&serde_json::to_string_pretty(&rows)?);
        return Ok(());
    }
    for one in &listed {
        let state = match state(tools, one)? {
            "ready" => String::new(),
            other => format!("  {other}"),
        };
        let whose = match one.about.workspace {
            WorkspaceId::OPERATOR => String::new(),
            workspace => format!("  workspace {workspace}"),
        };
        print(&format!("{:>6}  {}{whose}{state}", one.id, in_words(one)));
    }
    Ok(())
}

fn row(tools: &Tools, one: &Listed) -> anyhow::Result<Value> {
    let about = &one.about;
    let scopes: Vec<&str> = one.scopes.iter().map(|scope| &**scope).collect();
    let workspace = (about.workspace != WorkspaceId::OPERATOR).then_some(about.workspace.0);
    Ok(json!({
        "id": one.id.0,
        "workspace_id": workspace,
        "name": about.name,
        "app": about.app,
        "kind": about.kind,
        "base_url": about.base_url,
        "metadata": one.metadata,
        "uid": one.uid,
        "scopes": scopes,
        "state": state(tools, one)?,
        "key": one.key_id,
        "made_ts": one.made_at / 1000,
        "updated_ts": one.updated_at / 1000,
        "tested_ts": one.tested_at.map(|at| at / 1000),
        "expires_ts": one.expires_at.map(|at| at / 1000),
    }))
}

/// How it stands, in a word that a program can compare.
fn state(tools: &Tools, one: &Listed) -> anyhow::Result<&'static str> {
    let key = tools.keys.find(&one.key_id).map_err(anyhow::Error::msg)?;
    let ended = one.expires_at.is_some_and(|at| at <= Clock::system().now());
    Ok(match (key, ended, one.state) {
        (None, _, _) => "key missing",
        (Some(_), true, _) => "expired",
        (Some(_), false, State::Refused) => "refused",
        (Some(_), false, State::Ready) => "ready",
    })
}
