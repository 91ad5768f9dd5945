//! `halyard app`: apps, without a server.

mod lint;
//! `halyard app`: apps, from the command line.

mod bundles;
mod call;
mod options;
mod polling;
mod using;
mod watch;

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
use crate::config::Config;

/// What can be done with apps.
#[derive(Subcommand)]
pub(crate) enum Action {
    /// Runs a module and prints its bundles as JSON lines
    Call(call::Arguments),
    /// Runs a look-up (RPC) of an app and prints what it gives as JSON lines
    Options(options::Arguments),
    /// Watches a trigger and prints its bundles as JSON lines as they come
    Watch(watch::Arguments),
}

/// Runs one of them.
pub(super) async fn run(config: Config, action: Action) -> anyhow::Result<ExitCode> {
    match action {
        Action::Call(arguments) => call::run(&config, arguments).await,
        Action::Options(arguments) => options::run(&config, arguments).await,
        Action::Watch(arguments) => watch::run(&config, arguments).await,
    }
}
