use std::process::ExitCode;

use clap::Args;
use halyard_platform::db::{Schema, Status, status};

use crate::{
    config::Config,
    wiring::{migrations, open_beside, open_few, place},
};

/// Flags of `halyard migrate`.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Only say what would be done; exits with 1 when there is something to do
    #[arg(long)]
    check: bool,
}

/// Applies the migrations that are missing, and prints how the database stands.
pub(super) async fn run(config: &Config, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let db = if arguments.check {
        open_beside(config, Schema::AsIs).await?
    } else {
        open_few(config, Schema::Migrate(migrations())).await?
    };
    let status = db.read(|tx| status(tx, &migrations())).await?;
    db.close().await;
    super::print(&describe(config, &status));
    let current = status.pending.is_empty() && status.unknown.is_empty();
    Ok(if current { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn describe(config: &Config, status: &Status) -> String {
    let mut lines: Vec<String> =
        status.applied.iter().map(|name| format!("applied  {name}")).collect();
    lines.extend(status.pending.iter().map(|name| format!("missing  {name}")));
    lines.extend(status.unknown.iter().map(|name| format!("unknown  {name}")));
    lines.push(if !status.unknown.is_empty() {
        format!("{} was changed by a newer version of halyard; use that one.", place(config))
    } else if !status.pending.is_empty() {
        format!("{} is behind this program; run `halyard migrate`.", place(config))
    } else {
        format!("{} is up to date.", place(config))
    });
    lines.join("\n")
}
