use std::process::ExitCode;

use clap::Args;
use halyard_iml::Value;

use super::errand::{Errand, Found};
use crate::config::Config;

/// Flags of `halyard app options`.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    errand: Errand,
    /// The look-up, such as listTeams
    rpc: String,
}

/// Runs a look-up.
pub(super) async fn run(config: &Config, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let Arguments { errand, rpc } = arguments;
    let asked = errand.run(config, async |operator, input| {
        let answered = operator.options(&rpc, input).await?;
        let items = match answered.value {
            Value::Array(items) => items.to_vec(),
            Value::Undefined | Value::Null => Vec::new(),
            single => vec![single],
        };
        Ok(Found { items, warnings: answered.warnings })
    });
    asked.await
}
