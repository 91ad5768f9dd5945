//! The `halyard` binary: configuration, commands, wiring.

mod apps;
mod archive;
mod automation;
mod commands;
mod config;
mod demo;
mod mail;
mod slack;
mod wiring;
mod workers;

use std::process::ExitCode;

use clap::Parser;

use commands::Command;
use config::Flags;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Team messaging and automation on your own machine, wire-compatible with the Twist API.
#[derive(Parser)]
#[command(name = "halyard", version, about, arg_required_else_help = true)]
struct Arguments {
    #[command(flatten)]
    flags: Flags,
    #[command(subcommand)]
    command: Command,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let failed = arguments.command.failed();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .on_thread_start(halyard_automation::apps::function::mark_shared_thread)
        .build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(commands::run(arguments.command, arguments.flags)),
        Err(error) => Err(error.into()),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("halyard: {error:#}");
            failed
        }
    }
}
