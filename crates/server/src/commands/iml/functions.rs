use std::process::ExitCode;

use clap::Args;
use halyard_iml::functions::{Function, catalogue};
use serde_json::json;

use crate::commands::print;

/// How to list them.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Print one JSON list instead of text
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    if arguments.json {
        let functions: Vec<_> = catalogue().iter().map(described).collect();
        print(&serde_json::to_string_pretty(&functions)?);
        return Ok(ExitCode::SUCCESS);
    }
    let width = catalogue().iter().map(|function| function.signature().len()).max().unwrap_or(0);
    for function in catalogue() {
        print(&format!("{:width$}  {}", function.signature(), function.help));
    }
    Ok(ExitCode::SUCCESS)
}

fn described(function: &Function) -> serde_json::Value {
    let arguments: Vec<_> = function
        .arguments
        .iter()
        .map(|argument| {
            json!({
                "name": argument.name,
                "type": argument.kind.name(),
                "optional": argument.optional,
                "repeated": argument.repeated,
            })
        })
        .collect();
    json!({
        "name": function.name,
        "group": function.group.name(),
        "signature": function.signature(),
        "arguments": arguments,
        "help": function.help,
        "core": function.core,
    })
}
