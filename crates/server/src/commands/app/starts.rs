use std::process::ExitCode;

use clap::Args;
use halyard_automation::{apps::run::Start, operations::Error};
use halyard_iml::{Collection, Value};

use super::{
    bundles::Printing,
    using::{Desk, With, report},
};
use crate::{
    automation::{input::Input, tools::start_logging},
    config::Config,
};

/// Flags of `halyard app starts`.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The app: its folder, or the name of a built-in one
    #[arg(value_name = "DIR|NAME")]
    app: String,
    /// The trigger, such as WatchMessages
    trigger: String,
    #[command(flatten)]
    with: With,
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    printing: Printing,
}

/// Lists the items that a trigger can start from.
pub(super) async fn run(config: &Config, arguments: Arguments) -> anyhow::Result<ExitCode> {
    start_logging(config)?;
    let input = arguments.input.read()?;
    let desk = Desk::open(config, &arguments.app, arguments.with, false).await?;
    let code = match found(&desk, &arguments.trigger, &input).await {
        Ok(starts) => {
            let shown: Vec<Value> = starts.into_iter().map(shown).collect();
            arguments.printing.print(&shown, desk.blobs()).map(|()| ExitCode::SUCCESS)
        }
        Err(error) => report(&error),
    };
    desk.close().await;
    code
}

async fn found(desk: &Desk, trigger: &str, input: &Value) -> Result<Vec<Start>, Error> {
    let operator = desk.operator();
    let input = operator.checked(trigger, input).await?;
    operator.starts(trigger, input).await
}

fn shown(start: Start) -> Value {
    let date = start.date.map(Value::Date);
    let known =
        [("id", Some(start.id.into())), ("label", Some(start.label.into())), ("date", date)];
    Collection::of(known.into_iter().filter_map(|(name, value)| Some((name, value?)))).into()
}
