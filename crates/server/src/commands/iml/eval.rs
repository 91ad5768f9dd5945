use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use halyard_iml::{Context, Program};

use super::{
    batch,
    environment::{Place, SystemRandomness, scope},
    shown::{Typed, print_failure},
};
use crate::commands::print;

/// What to evaluate, and where.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The expression, such as 'upper(1.name)'
    #[arg(allow_hyphen_values = true, required_unless_present = "batch", conflicts_with = "batch")]
    expression: Option<String>,
    /// It is a text with expressions between {{ and }}
    #[arg(long)]
    template: bool,
    /// JSON object of the roots that references begin with, such as {"1": {"name": "Ann"}}
    #[arg(long, value_name = "FILE")]
    scope: Option<PathBuf>,
    #[command(flatten)]
    place: Place,
    /// Print the type, too
    #[arg(long = "type")]
    with_type: bool,
    /// Evaluate the JSON lines of a file, each {"id", "expression" or "template", "scope", "zone",
    /// "locale", "now"}, and print a line for each
    #[arg(long, value_name = "FILE")]
    batch: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let roots = scope(arguments.scope.as_deref())?;
    if let Some(file) = &arguments.batch {
        return batch::run(file, &roots, &arguments.place);
    }
    let randomness = SystemRandomness;
    let environment = arguments.place.environment(&randomness)?;
    let source = arguments.expression.as_deref().unwrap_or_default();
    let (program, _) = if arguments.template {
        Program::template(source, Context::default())
    } else {
        Program::expression(source, Context::default())
    };
    let text = program.evaluate(&roots, &environment).and_then(|value| {
        if arguments.with_type {
            let typed = Typed::new(&value)?;
            Ok(serde_json::to_string(&typed))
        } else {
            Ok(Ok(value.to_json()?))
        }
    });
    match text {
        Ok(text) => {
            print(&text?);
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            print_failure(&error)?;
            Ok(ExitCode::FAILURE)
        }
    }
}
