//! `halyard app`: apps, without a server.

mod lint;

use std::process::ExitCode;

use clap::Subcommand;

/// What can be done with an app.
#[derive(Subcommand)]
pub(crate) enum Action {
    /// Checks the files of an app, a finding a line; exits with 1 when something cannot be used
    Lint(lint::Arguments),
}

/// Runs one of them.
pub(super) fn run(action: &Action) -> anyhow::Result<ExitCode> {
    match action {
        Action::Lint(arguments) => lint::run(arguments),
    }
}
