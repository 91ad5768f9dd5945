use std::process::ExitCode;

use clap::Args;
use halyard_automation::apps::{Finding, load};
use serde_json::json;

use crate::{apps, commands::print};

/// What to check.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The folder of the app, or the name of a built-in app
    #[arg(value_name = "DIR")]
    app: String,
    /// Print each finding as a JSON object
    #[arg(long)]
    json: bool,
}

/// Prints a finding a line: `FILE:PATH: error|warning: RULE: message`.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let loaded = load(&apps::find(&arguments.app)?);
    for finding in &loaded.findings {
        match arguments.json {
            true => print(&as_json(finding)),
            false => print(&finding.to_string()),
        }
    }
    Ok(if loaded.has_errors() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn as_json(finding: &Finding) -> String {
    let Finding { file, path, at, level, rule, message } = finding;
    json!({
        "file": file,
        "path": path,
        "line": at.map(|at| at.line),
        "column": at.map(|at| at.column),
        "level": level.to_string(),
        "rule": rule,
        "message": message,
    })
    .to_string()
}
