use std::process::ExitCode;

use clap::Args;
use halyard_platform::{clock::Clock, random::Random};

use crate::{
    config::Config,
    demo,
    wiring::{open_blobs, open_for_command, start_logging},
};

/// Flags of `halyard demo`.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Print one JSON object instead of text
    #[arg(long)]
    json: bool,
}

/// Creates the demo workspace, or finds it, and prints how to use it.
pub(super) async fn run(config: Config, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    start_logging(&config)?;
    let db = open_for_command(&config).await?;
    let blobs = open_blobs(&config.data_dir)?;
    let credentials = demo::create(&db, &blobs, &Clock::system(), &Random::os()).await?;
    db.close().await;
    if arguments.json {
        super::print(&serde_json::to_string_pretty(&credentials)?);
    } else {
        super::print(&demo::welcome(&credentials, config.listen));
    }
    Ok(ExitCode::SUCCESS)
}
