//! Command line of the load generator.

use std::net::SocketAddr;

use anyhow::Result;
use clap::Parser;
use halyard_bench::trivial;

/// Load generator and comparisons of Halyard.
#[derive(Parser)]
#[command(version)]
enum Command {
    /// Serves the bare HTTP limit until it is stopped.
    ServeTrivial {
        /// Address to listen on.
        #[arg(long)]
        listen: SocketAddr,
    },
}

fn main() -> Result<()> {
    match Command::parse() {
        Command::ServeTrivial { listen } => trivial::serve(listen),
    }
}
