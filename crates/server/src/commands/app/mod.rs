//! `halyard app`: apps, from the command line.

mod bundles;
mod call;
mod detach;
mod errand;
mod lint;
mod options;
mod polling;
mod starts;
mod using;
mod watch;

use std::process::ExitCode;

use clap::Subcommand;

use crate::config::{Config, Flags};

/// What can be done with an app.
#[derive(Subcommand)]
pub(crate) enum Action {
    /// Checks the files of an app, a finding a line; exits with 1 when something cannot be used
    Lint(lint::Arguments),
    /// Runs a module and prints its bundles as JSON lines
    Call(call::Arguments),
    /// Runs a look-up (RPC) of an app and prints what it gives as JSON lines
    Options(options::Arguments),
    /// Lists the items that a trigger that polls can start from, as JSON lines
    Starts(starts::Arguments),
    /// Watches a trigger and prints its bundles as JSON lines as they come
    Watch(watch::Arguments),
    /// Detaches webhooks that were left attached by processes that have ended
    Detach(detach::Arguments),
}

/// Runs one of them. What needs no installation reads no configuration either.
pub(super) async fn run(flags: &Flags, action: Action) -> anyhow::Result<ExitCode> {
    match action {
        Action::Lint(arguments) => lint::run(&arguments),
        Action::Call(arguments) => call::run(&Config::load(flags)?, arguments).await,
        Action::Options(arguments) => options::run(&Config::load(flags)?, arguments).await,
        Action::Starts(arguments) => starts::run(&Config::load(flags)?, arguments).await,
        Action::Detach(arguments) => detach::run(&Config::load(flags)?, arguments).await,
        Action::Watch(arguments) => watch::run(&Config::load(flags)?, arguments).await,
    }
}
