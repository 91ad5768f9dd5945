use std::process::ExitCode;

use clap::Args;

use super::errand::{Errand, Found};
use crate::config::Config;

/// Flags of `halyard app call`.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    errand: Errand,
    /// The module, such as CreateAComment
    module: String,
}

/// Runs a module.
pub(super) async fn run(config: &Config, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let Arguments { errand, module } = arguments;
    let call = errand.run(config, async |operator, input| {
        let outcome = operator.call(&module, input).await?;
        Ok(Found { items: outcome.bundles, warnings: outcome.warnings })
    });
    call.await
}
