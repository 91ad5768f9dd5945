use std::process::ExitCode;

use clap::Args;
use halyard_automation::apps::run::Start;
use halyard_iml::{Collection, Value};

use super::errand::{Errand, Found};
use crate::config::Config;

/// Flags of `halyard app starts`.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    errand: Errand,
    /// The trigger, such as WatchMessages
    trigger: String,
}

/// Lists the items that a trigger can start from.
pub(super) async fn run(config: &Config, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let Arguments { errand, trigger } = arguments;
    let listed = errand.run(config, async |operator, input| {
        let input = operator.checked(&trigger, &input).await?;
        let starts = operator.starts(&trigger, input).await?;
        Ok(Found { items: starts.into_iter().map(shown).collect(), warnings: Vec::new() })
    });
    listed.await
}

fn shown(start: Start) -> Value {
    let date = start.date.map(Value::Date);
    let known =
        [("id", Some(start.id.into())), ("label", Some(start.label.into())), ("date", date)];
    Collection::of(known.into_iter().filter_map(|(name, value)| Some((name, value?)))).into()
}
