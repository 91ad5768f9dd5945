use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Subcommand;
use halyard_messaging::subscription::{self, Range, Seen, Subscription};
use halyard_platform::{
    clock::{Clock, Millis},
    db::Db,
};
use serde_json::json;

use super::print;
use crate::{
    config::Config,
    wiring::{open_for_command, start_logging},
};

/// What can be done with outbound webhooks.
#[derive(Subcommand)]
pub(crate) enum Action {
    /// Lists subscriptions
    List {
        /// Print one JSON list instead of text
        #[arg(long)]
        json: bool,
    },
    /// Lists deliveries of a subscription, newest first
    Deliveries {
        /// Its id, from `halyard subscription list`
        id: i64,
        /// How many
        #[arg(long, default_value_t = 50)]
        limit: i64,
        /// Print one JSON list with requests and answers instead of text
        #[arg(long)]
        json: bool,
    },
    /// Delivers again, under the old ids; the running server does the work
    Resend {
        /// The subscription
        id: i64,
        /// Only this delivery
        #[arg(long)]
        delivery: Option<i64>,
        /// Only what happened at this time or later, such as 2027-01-15T08:00:00Z
        #[arg(long)]
        from: Option<String>,
        /// Only what happened up to this time
        #[arg(long)]
        to: Option<String>,
    },
}

/// Runs one of them.
pub(super) async fn run(config: Config, action: Action) -> anyhow::Result<ExitCode> {
    start_logging(&config)?;
    let db = open_for_command(&config).await?;
    let done = match action {
        Action::List { json } => list(&db, json).await,
        Action::Deliveries { id, limit, json } => deliveries(&db, id, limit, json).await,
        Action::Resend { id, delivery, from, to } => resend(&db, id, delivery, from, to).await,
    };
    db.close().await;
    done.map(|()| ExitCode::SUCCESS)
}

async fn list(db: &Db, as_json: bool) -> anyhow::Result<()> {
    let all: Vec<Subscription> = db.read(subscription::list_all).await?;
    if as_json {
        let rows: Vec<_> = all
            .iter()
            .map(|one| {
                json!({
                    "id": one.id, "user_id": one.user, "event": one.event,
                    "target_url": one.target_url, "created_ts": one.created_at / 1000,
                    "failures": one.failures,
                    "last_success_ts": one.last_success_at.map(|at| at / 1000),
                    "disabled_ts": one.disabled_at.map(|at| at / 1000),
                    "disabled_reason": one.disabled_reason,
                })
            })
            .collect();
        print(&serde_json::to_string_pretty(&rows)?);
        return Ok(());
    }
    for one in all {
        let state = match &one.disabled_reason {
            Some(reason) => format!("stopped: {reason}"),
            None if one.failures > 0 => format!("{} failures in a row", one.failures),
            None => "active".to_owned(),
        };
        print(&format!("{:>6}  {}  {}  {state}", one.id, one.event, one.target_url));
    }
    Ok(())
}

async fn deliveries(db: &Db, id: i64, limit: i64, as_json: bool) -> anyhow::Result<()> {
    let found: Vec<Seen> =
        db.read(move |tx| subscription::deliveries_of_any(tx, id, None, limit)).await?;
    if as_json {
        let rows: Vec<_> = found
            .iter()
            .map(|one| {
                json!({
                    "id": one.id, "event_id": one.event_id, "event": one.kind,
                    "subject": one.subject, "happened_ts": one.happened_at / 1000,
                    "status": one.status, "attempts": one.attempts,
                    "next_ts": one.next_at / 1000,
                    "last_attempt_ts": one.last_at.map(|at| at / 1000), "took_ms": one.took,
                    "request": one.request_head, "response_status": one.response_status,
                    "response": one.response_head, "error": one.error,
                })
            })
            .collect();
        print(&serde_json::to_string_pretty(&rows)?);
        return Ok(());
    }
    for one in found {
        let answer = match (one.response_status, &one.error) {
            (_, Some(error)) => error.clone(),
            (Some(status), None) => status.to_string(),
            (None, None) => String::new(),
        };
        print(&format!(
            "{:>8}  {}  {}  {}  {}  {} attempts  {answer}",
            one.id,
            at(one.happened_at),
            one.kind,
            one.subject,
            one.status,
            one.attempts
        ));
    }
    Ok(())
}

async fn resend(
    db: &Db,
    id: i64,
    delivery: Option<i64>,
    from: Option<String>,
    to: Option<String>,
) -> anyhow::Result<()> {
    if delivery.is_none() && from.is_none() && to.is_none() {
        bail!("say what to send again: --delivery, or --from and --to");
    }
    let range = Range {
        id: delivery,
        from: from.as_deref().map(moment).transpose().context("--from")?.unwrap_or(0),
        to: to.as_deref().map(moment).transpose().context("--to")?.unwrap_or(i64::MAX),
    };
    let now = Clock::system().now();
    let count = db.write(move |tx| subscription::resend_any(tx, id, &range, now)).await?;
    print(&format!("{count} deliveries are made again"));
    Ok(())
}

fn moment(text: &str) -> anyhow::Result<Millis> {
    let moment: jiff::Timestamp = text
        .parse()
        .with_context(|| format!("{text:?} is not a time such as 2027-01-15T08:00:00Z"))?;
    Ok(moment.as_millisecond())
}

fn at(moment: Millis) -> String {
    jiff::Timestamp::from_millisecond(moment).map(|time| time.to_string()).unwrap_or_default()
}
