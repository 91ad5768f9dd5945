use std::process::ExitCode;

use clap::Args;

use super::{
    bundles::Printing,
    using::{Desk, With, report},
};
use crate::{
    automation::{input::Input, tools::start_logging},
    config::Config,
};

/// Flags of `halyard app call`.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The app: its folder, or the name of a built-in one
    #[arg(value_name = "DIR|NAME")]
    app: String,
    /// The module, such as CreateAComment
    module: String,
    #[command(flatten)]
    with: With,
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    printing: Printing,
}

/// Runs a module.
pub(super) async fn run(config: &Config, arguments: Arguments) -> anyhow::Result<ExitCode> {
    start_logging(config)?;
    let input = arguments.input.read()?;
    let desk = Desk::open(config, &arguments.app, arguments.with, false).await?;
    let done = desk.operator().call(&arguments.module, input).await;
    let code = match done {
        Ok(outcome) => {
            outcome.warnings.iter().for_each(|warning| eprintln!("halyard: {warning}"));
            arguments.printing.print(&outcome.bundles, desk.blobs()).map(|()| ExitCode::SUCCESS)
        }
        Err(error) => report(&error),
    };
    desk.close().await;
    code
}
