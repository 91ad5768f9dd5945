//! Webhooks that a process has left attached because it was killed.

use std::process::ExitCode;

use clap::Args;
use halyard_automation::operations::{Error, Noted};

use super::using::{Desk, With, report};
use crate::{
    automation::{
        alive::{Alive, Life},
        tools::start_logging,
    },
    config::Config,
};

/// Flags of `halyard app detach`.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The app: its folder, or the name of a built-in one
    #[arg(value_name = "DIR|NAME")]
    app: String,
    #[command(flatten)]
    with: With,
    /// Also those that another data directory or machine watches, which cannot be told from those that
    /// nobody watches
    #[arg(long)]
    elsewhere: bool,
    /// Forget what the service does not let be detached
    #[arg(long)]
    forget: bool,
}

/// Which webhooks are detached.
#[derive(Clone, Copy)]
pub(super) struct Which {
    pub(super) elsewhere: bool,
    pub(super) forget: bool,
}

/// Detaches what processes that have ended have left attached.
pub(super) async fn run(config: &Config, arguments: Arguments) -> anyhow::Result<ExitCode> {
    start_logging(config)?;
    let desk = Desk::open(config, &arguments.app, arguments.with, true).await?;
    let which = Which { elsewhere: arguments.elsewhere, forget: arguments.forget };
    let done = left_behind(&desk, which).await;
    desk.close().await;
    Ok(if done? { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Detaches them, and says so. False: some could not be, which is reported.
pub(super) async fn left_behind(desk: &Desk, which: Which) -> anyhow::Result<bool> {
    let mut all = true;
    let noted = match desk.operator().noted().await {
        Ok(noted) => noted,
        Err(error) => {
            report(&error)?;
            return Ok(false);
        }
    };
    for one in noted {
        let ended = match Alive::of(desk.data_dir(), &one.id)? {
            Life::Runs => continue,
            Life::Elsewhere if which.elsewhere => None,
            Life::Elsewhere => continue,
            Life::Ended(ended) => Some(ended),
        };
        match detach(desk, &one).await {
            Ok(()) => eprintln!("halyard: detached {}, which nobody watched any more", one.address),
            Err(error) => {
                report(&error)?;
                if !which.forget {
                    all = false;
                    continue;
                }
                if let Err(error) = desk.operator().forget(&one.id).await {
                    report(&error)?;
                    all = false;
                    continue;
                }
                eprintln!("halyard: forgot {}; the service may still know it", one.address);
            }
        }
        ended.map_or(Ok(()), Alive::end)?;
    }
    Ok(all)
}

async fn detach(desk: &Desk, one: &Noted) -> Result<(), Error> {
    desk.operator().detach(&one.module, one.input.clone(), &one.attached).await
}
