//! What the commands have in common that run one operation and print what it gives.

use std::process::ExitCode;

use anyhow::{Context, anyhow};
use clap::Args;
use halyard_automation::operations::{Error, Operator};
use halyard_iml::Value;
use tokio::sync::oneshot;

use super::{
    bundles::Printing,
    using::{Desk, With, report},
};
use crate::{
    automation::{input::Input, tools::start_logging},
    config::Config,
};

/// How a process ends that was told to by Ctrl-C.
const TOLD_TO_STOP: u8 = 130;

/// One operation of an app.
#[derive(Args)]
pub(super) struct Errand {
    /// The app: its folder, or the name of a built-in one
    #[arg(value_name = "DIR|NAME")]
    app: String,
    #[command(flatten)]
    with: With,
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    printing: Printing,
}

/// What an operation gives.
pub(super) struct Found {
    pub(super) items: Vec<Value>,
    pub(super) warnings: Vec<String>,
}

impl Errand {
    /// Opens what the operation needs, runs it and prints what it gives; ends early when the process
    /// is told to stop, with nothing left behind.
    pub(super) async fn run(
        self,
        config: &Config,
        operation: impl AsyncFnOnce(Operator<'_>, Value) -> Result<Found, Error>,
    ) -> anyhow::Result<ExitCode> {
        start_logging(config)?;
        let input = self.input.read()?;
        let desk = Desk::open(config, &self.app, self.with, false).await?;
        let mut stopping = std::pin::pin!(desk.told_to_stop()?);
        let done = tokio::select! {
            () = &mut stopping => {
                eprintln!("halyard: told to stop; what was under way at the service may have happened");
                Ok(ExitCode::from(TOLD_TO_STOP))
            }
            found = Box::pin(operation(desk.operator(), input)) => match found {
                Ok(found) => {
                    found.warnings.iter().for_each(|warning| eprintln!("halyard: {warning}"));
                    tokio::select! {
                        () = &mut stopping => Ok(ExitCode::from(TOLD_TO_STOP)),
                        printed = print(&desk, self.printing, found.items) => {
                            printed.map(|()| ExitCode::SUCCESS)
                        }
                    }
                }
                Err(error) => report(&error),
            },
        };
        desk.close().await;
        done
    }
}

/// Prints on another thread: a reader that takes its time must not keep the process from ending.
async fn print(desk: &Desk, printing: Printing, items: Vec<Value>) -> anyhow::Result<()> {
    let (say, said) = oneshot::channel();
    let blobs = desk.blobs().clone();
    let printer = move || {
        // Nobody waits when the process was told to stop.
        say.send(printing.print(&items, &blobs)).ok();
    };
    std::thread::Builder::new().spawn(printer).context("a thread that prints")?;
    said.await.map_err(|_| anyhow!("printing has failed"))?
}
