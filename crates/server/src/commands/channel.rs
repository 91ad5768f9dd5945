use std::process::ExitCode;

use anyhow::anyhow;
use clap::Subcommand;
use halyard_identity::audit::OPERATOR;
use halyard_messaging::{ChannelId, Error, retention};
use halyard_platform::clock::Clock;

use super::print;
use crate::{
    config::Config,
    wiring::{open_for_command, start_logging},
};

/// What can be done with channels.
#[derive(Subcommand)]
pub(crate) enum Action {
    /// Sets for how long the threads of a channel are kept
    Retention {
        /// Id of the channel
        id: i64,
        /// Threads go so many days after their last comment; `off`: never
        #[arg(value_name = "DAYS|off", value_parser = days)]
        days: Days,
    },
}

/// A number of days, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Days(Option<i64>);

fn days(text: &str) -> Result<Days, String> {
    match text {
        "off" => Ok(Days(None)),
        number => match number.parse() {
            Ok(days) => Ok(Days(Some(days))),
            Err(_) => Err("a number of days, or off".to_owned()),
        },
    }
}

/// Runs one of them.
pub(super) async fn run(config: Config, action: Action) -> anyhow::Result<ExitCode> {
    start_logging(&config)?;
    let Action::Retention { id, days: Days(days) } = action;
    let (db, now) = (open_for_command(&config).await?, Clock::system().now());
    let done = db
        .write(move |tx| {
            tx.set_origin(OPERATOR);
            retention::set_as_operator(tx, ChannelId(id), days, now)
        })
        .await;
    db.close().await;
    done.map_err(|error| match error {
        Error::ChannelNotFound => anyhow!("id: there is no channel {id}"),
        Error::Invalid { expected, .. } => anyhow!("days: use {expected}"),
        other => other.into(),
    })?;
    print(&match days {
        Some(days) => format!("threads of channel {id} go {days} days after their last comment"),
        None => format!("threads of channel {id} are kept for ever"),
    });
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_a_number_or_off() {
        assert_eq!(days("off"), Ok(Days(None)));
        assert_eq!(days("90"), Ok(Days(Some(90))));
        assert!(days("soon").is_err());
    }
}
