use std::{path::PathBuf, process::ExitCode};

use anyhow::anyhow;
use clap::Args;
use halyard_iml::{
    Collection, Context, Value,
    filter::{Filter, Logic},
    scope,
};
use serde::Deserialize;

use super::{
    environment::{Place, SystemRandomness, read},
    shown::print_failure,
};
use crate::commands::print;

/// Which filter.
#[derive(Args)]
pub(crate) struct Arguments {
    /// JSON object with `conditions` and `scope`, and perhaps `logic`, `zone`, `locale` and `now`
    file: PathBuf,
    #[command(flatten)]
    place: Place,
}

#[derive(Deserialize)]
struct Input {
    #[serde(default)]
    conditions: Value,
    scope: Option<Value>,
    logic: Option<String>,
    zone: Option<String>,
    locale: Option<String>,
    now: Option<String>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let input: Input = serde_json::from_str(&read(&arguments.file)?)
        .map_err(|error| anyhow!("{}: {error}", arguments.file.display()))?;
    let roots = match &input.scope {
        Some(Value::Collection(roots)) => scope(roots),
        _ => Collection::default(),
    };
    let logic = match input.logic.as_deref() {
        None | Some("and") => Logic::And,
        Some("or") => Logic::Or,
        Some(other) => return Err(anyhow!("logic: {other:?} is neither `and` nor `or`")),
    };
    let own = Place { zone: input.zone, locale: input.locale, now: input.now };
    let randomness = SystemRandomness;
    let environment = own.or(&arguments.place).environment(&randomness)?;
    let (filter, _) = Filter::new(&input.conditions, logic, Context::default());
    match filter.passes(&roots, &environment) {
        Ok(passes) => {
            print(if passes { "true" } else { "false" });
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            print_failure(&error)?;
            Ok(ExitCode::FAILURE)
        }
    }
}
