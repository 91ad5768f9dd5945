use std::process::ExitCode;

use clap::Args;
use halyard_iml::Value;

use super::{
    bundles::Printing,
    using::{Desk, With, report},
};
use crate::{
    automation::{input::Input, tools::start_logging},
    config::Config,
};

/// Flags of `halyard app options`.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The app: its folder, or the name of a built-in one
    #[arg(value_name = "DIR|NAME")]
    app: String,
    /// The look-up, such as listTeams
    rpc: String,
    #[command(flatten)]
    with: With,
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    printing: Printing,
}

/// Runs a look-up.
pub(super) async fn run(config: &Config, arguments: Arguments) -> anyhow::Result<ExitCode> {
    start_logging(config)?;
    let input = arguments.input.read()?;
    let desk = Desk::open(config, &arguments.app, arguments.with, false).await?;
    let done = desk.operator().options(&arguments.rpc, input).await;
    let code = match done {
        Ok(answered) => {
            answered.warnings.iter().for_each(|warning| eprintln!("halyard: {warning}"));
            let items = match answered.value {
                Value::Array(items) => items.to_vec(),
                Value::Undefined | Value::Null => Vec::new(),
                single => vec![single],
            };
            arguments.printing.print(&items, desk.blobs()).map(|()| ExitCode::SUCCESS)
        }
        Err(error) => report(&error),
    };
    desk.close().await;
    code
}
