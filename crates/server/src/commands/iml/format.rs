use std::process::ExitCode;

use clap::Args;
use halyard_iml::{
    Error, ErrorKind,
    syntax::{Severity, Style, parse_expression, parse_template, print_expression, print_template},
};

use super::shown::print_failure;
use crate::commands::print;

/// What to print, and how.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The expression
    #[arg(allow_hyphen_values = true)]
    expression: String,
    /// It is a text with expressions between {{ and }}
    #[arg(long)]
    template: bool,
    /// Write it as in apps, with commas and ==, instead of as in scenarios
    #[arg(long)]
    app: bool,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let style = if arguments.app { Style::App } else { Style::Scenario };
    let (text, diagnostics) = if arguments.template {
        let (template, diagnostics) = parse_template(&arguments.expression);
        (print_template(&template, style), diagnostics)
    } else {
        let (node, diagnostics) = parse_expression(&arguments.expression);
        (print_expression(&node, style), diagnostics)
    };
    if let Some(found) = diagnostics.iter().find(|found| found.severity == Severity::Error) {
        print_failure(&Error::new(ErrorKind::Syntax, found.message.clone()).at(found.span))?;
        return Ok(ExitCode::FAILURE);
    }
    print(&text);
    Ok(ExitCode::SUCCESS)
}
