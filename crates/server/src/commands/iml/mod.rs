//! `halyard iml`: the expression language, without a server.

mod batch;
mod check;
mod environment;
mod eval;
mod filter;
mod format;
mod functions;
mod shown;

use std::process::ExitCode;

use clap::Subcommand;

/// What can be done with expressions.
#[derive(Subcommand)]
pub(crate) enum Action {
    /// Evaluates an expression or a template and prints its value as JSON
    Eval(eval::Arguments),
    /// Checks every text of a JSON document, or a template; exits with 1 when there is an error
    Check(check::Arguments),
    /// Prints whether a bundle passes a filter
    Filter(filter::Arguments),
    /// Prints an expression or a template in its usual form
    Format(format::Arguments),
    /// Lists the functions
    Functions(functions::Arguments),
}

/// Runs one of them.
pub(super) fn run(action: &Action) -> anyhow::Result<ExitCode> {
    match action {
        Action::Eval(arguments) => eval::run(arguments),
        Action::Check(arguments) => check::run(arguments),
        Action::Filter(arguments) => filter::run(arguments),
        Action::Format(arguments) => format::run(arguments),
        Action::Functions(arguments) => functions::run(arguments),
    }
}
