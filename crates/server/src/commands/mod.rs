mod demo;
mod openapi;
mod serve;

use std::process::ExitCode;

use clap::Subcommand;

use crate::config::{Config, Flags};

/// What can be done.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Runs the server
    Serve(serve::Arguments),
    /// Creates the demo workspace if it does not exist and prints its credentials
    Demo(demo::Arguments),
    /// Prints the description of the API as JSON
    Openapi,
}

/// Runs a command; data goes to standard output, everything else to standard error.
pub(crate) async fn run(command: Command, mut flags: Flags) -> anyhow::Result<ExitCode> {
    if let Command::Serve(arguments) = &command {
        flags.listen = arguments.listen;
    }
    let config = Config::load(&flags)?;
    match command {
        Command::Serve(arguments) => serve::run(config, &arguments).await,
        Command::Demo(arguments) => demo::run(config, &arguments).await,
        Command::Openapi => openapi::run(),
    }
}

/// Writes data to standard output.
#[expect(clippy::print_stdout, reason = "the one place where commands answer")]
pub(crate) fn print(text: &str) {
    println!("{text}");
}
