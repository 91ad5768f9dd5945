use std::process::ExitCode;

use anyhow::{Context, anyhow, bail};
use clap::{Args, Subcommand};
use halyard_http_api::twist::hooks::new_key;
use halyard_messaging::{
    Actor, ChannelId, Error, ThreadId, WorkspaceId,
    integration::{self, Kind, NewInstallation, NewIntegration, Place, Schedule},
    workspace,
};
use halyard_platform::{clock::Clock, db::Db, outbound, random::Random};
use serde_json::json;

use super::{people::find, print, user::Failed};
use crate::{
    config::Config,
    wiring::{open_for_command, start_logging},
};

/// What can be done with integrations.
#[derive(Subcommand)]
pub(crate) enum Action {
    /// Makes a program outside known to a workspace
    Add(New),
    /// Lists integrations with the places where they are installed, without their tokens
    List {
        /// Print one JSON list instead of text
        #[arg(long)]
        json: bool,
    },
    /// Gives an integration a place and prints the address to which it posts, or its verify_token,
    /// this once
    Install(Where),
    /// Takes an integration away from its place; the running server tells it so
    Uninstall {
        /// Id of the installation, from `halyard integration list`
        id: i64,
    },
    /// Removes an integration wherever it is installed
    Remove {
        /// Its id, from `halyard integration list`
        id: i64,
    },
}

/// A new integration.
#[derive(Args)]
pub(crate) struct New {
    /// Id of the workspace, from `halyard workspace list`
    #[arg(long)]
    workspace: i64,
    /// channel, thread, bot, command or report
    #[arg(long)]
    kind: String,
    /// Its name, and that of its bot
    #[arg(long)]
    name: String,
    /// What it is for
    #[arg(long)]
    description: Option<String>,
    /// Where it is told things or, for a report, what is fetched
    #[arg(long)]
    url: Option<String>,
    /// The page of its settings
    #[arg(long)]
    configure_url: Option<String>,
    /// The word that calls it, such as /hello
    #[arg(long)]
    command: Option<String>,
}

/// What to install where.
#[derive(Args)]
pub(crate) struct Where {
    /// Id of the integration, from `halyard integration list`
    id: i64,
    /// Address of the person who installs it and can see the place
    #[arg(long)]
    user: String,
    /// Id of the channel, for an integration of a channel and for a report
    #[arg(long, conflicts_with = "thread")]
    channel: Option<i64>,
    /// Id of the thread, for an integration of a thread
    #[arg(long)]
    thread: Option<i64>,
    /// Days of a report, from 1 (Monday) to 7, separated by commas; every day when not given
    #[arg(long, value_delimiter = ',')]
    days: Vec<i64>,
    /// Time of a report, HH:MM in the zone of the person
    #[arg(long)]
    time: Option<String>,
    /// Title of a report, in which `<date>` becomes the date
    #[arg(long)]
    title: Option<String>,
}

/// Runs one of them.
pub(super) async fn run(config: Config, action: Action) -> anyhow::Result<ExitCode> {
    start_logging(&config)?;
    let db = open_for_command(&config).await?;
    let done = match action {
        Action::Add(new) => add(&db, new).await,
        Action::List { json } => list(&db, json).await,
        Action::Install(place) => {
            install(&db, place, config.public_url.as_deref().unwrap_or_default()).await
        }
        Action::Uninstall { id } => uninstall(&db, id).await,
        Action::Remove { id } => remove(&db, id).await,
    };
    db.close().await;
    done.map(|()| ExitCode::SUCCESS)
}

async fn add(db: &Db, new: New) -> anyhow::Result<()> {
    let kind = Kind::ALL.into_iter().find(|kind| kind.stored() == new.kind);
    let kind = kind.with_context(|| {
        format!("kind: {:?} is none; use channel, thread, bot, command or report", new.kind)
    })?;
    let address = |name: &str, url: Option<String>| -> anyhow::Result<Option<String>> {
        let url = url.as_deref().map(outbound::url).transpose();
        Ok(url.with_context(|| name.to_owned())?.map(String::from))
    };
    let new = NewIntegration {
        workspace: WorkspaceId(new.workspace),
        kind,
        name: new.name,
        description: new.description,
        url: address("url", new.url)?,
        configure_url: address("configure-url", new.configure_url)?,
        command: new.command,
        unique: Random::os().hex(16),
    };
    let now = Clock::system().now();
    let made = db.write(move |tx| {
        // The operator acts as an administrator.
        let actor = Actor { user: workspace::an_admin(tx, new.workspace)?, now };
        integration::add(tx, &actor, &new)
    });
    let made = made.await.map_err(explain)?;
    print(&format!("integration {} added", made.id));
    Ok(())
}

async fn list(db: &Db, as_json: bool) -> anyhow::Result<()> {
    let all = db.read(|tx| -> Result<_, Error> {
        let found = integration::list_all(tx)?;
        let with_places = found.into_iter().map(|one| {
            let places = integration::all_of(tx, one.id)?;
            Ok((one, places))
        });
        with_places.collect::<Result<Vec<_>, _>>()
    });
    let all = all.await?;
    if as_json {
        let rows: Vec<_> = all
            .iter()
            .map(|(one, places)| {
                let places: Vec<_> = places
                    .iter()
                    .map(|place| {
                        json!({
                            "id": place.id, "installed_by": place.installed_by,
                            "channel_id": place.channel, "thread_id": place.thread,
                            "subscription_id": place.subscription,
                        })
                    })
                    .collect();
                json!({
                    "id": one.id, "workspace_id": one.workspace, "kind": one.kind.stored(),
                    "name": one.name, "url": one.url, "configure_url": one.configure_url,
                    "command": one.command, "bot_id": one.bot, "installations": places,
                })
            })
            .collect();
        print(&serde_json::to_string_pretty(&rows)?);
        return Ok(());
    }
    for (one, places) in all {
        let kind = one.kind.stored();
        print(&format!("{:>6}  {kind}  {}  workspace {}", one.id, one.name, one.workspace));
        for place in places {
            let at = match (place.thread, place.channel) {
                (Some(thread), _) => format!("in thread {thread}"),
                (None, Some(channel)) => format!("in channel {channel}"),
                (None, None) => "in the workspace".to_owned(),
            };
            print(&format!("        installation {} {at}", place.id));
        }
    }
    Ok(())
}

async fn install(db: &Db, place: Where, base: &str) -> anyhow::Result<()> {
    let schedule = place.time.as_deref().map(|time| Schedule::new(&place.days, time));
    let random = Random::os();
    let new = NewInstallation {
        integration: place.id,
        place: match (place.channel, place.thread) {
            (Some(id), _) => Place::Channel(ChannelId(id)),
            (None, Some(id)) => Place::Thread(ThreadId(id)),
            (None, None) => Place::Workspace,
        },
        token: random.hex(16),
        secret: new_key(&random),
        schedule: schedule.transpose().map_err(explain)?,
        title: place.title,
    };
    let (email, now) = (place.user, Clock::system().now());
    let (kind, made) = db
        .write(move |tx| -> Result<_, Failed> {
            let actor = Actor { user: find(tx, &email)?.id, now };
            let made = integration::install(tx, &actor, &new).map_err(explain)?;
            let kind = integration::get(tx, &actor, new.integration).map_err(explain)?.kind;
            Ok((kind, made))
        })
        .await
        .map_err(Failed::into_inner)?;
    print(&format!("installation {}", made.id));
    match kind {
        Kind::Channel | Kind::Thread => print(&format!(
            "post_data_url {base}/api/v3/integration_incoming/post_data?install_id={0}&install_token={0}_{1}",
            made.id, made.token
        )),
        Kind::Bot | Kind::Command => print(&format!("verify_token {}_{}", made.id, made.token)),
        Kind::Report => {}
    }
    Ok(())
}

async fn uninstall(db: &Db, id: i64) -> anyhow::Result<()> {
    let now = Clock::system().now();
    let done = db.write(move |tx| -> Result<bool, Error> {
        for one in integration::list_all(tx)? {
            if integration::all_of(tx, one.id)?.iter().any(|place| place.id == id) {
                let actor = Actor { user: workspace::an_admin(tx, one.workspace)?, now };
                integration::uninstall(tx, &actor, id)?;
                return Ok(true);
            }
        }
        Ok(false)
    });
    if !done.await.map_err(explain)? {
        bail!("id: there is no installation {id}; `halyard integration list` shows them");
    }
    print(&format!("installation {id} has ended"));
    Ok(())
}

async fn remove(db: &Db, id: i64) -> anyhow::Result<()> {
    let now = Clock::system().now();
    let done = db.write(move |tx| -> Result<bool, Error> {
        let found = integration::list_all(tx)?.into_iter().find(|one| one.id == id);
        let Some(one) = found else { return Ok(false) };
        let actor = Actor { user: workspace::an_admin(tx, one.workspace)?, now };
        integration::remove(tx, &actor, id)?;
        Ok(true)
    });
    if !done.await.map_err(explain)? {
        bail!("id: there is no integration {id}; `halyard integration list` shows them");
    }
    print(&format!("integration {id} is removed"));
    Ok(())
}

/// What is wrong, in words of the command line.
fn explain(error: Error) -> anyhow::Error {
    match error {
        Error::WorkspaceNotFound => {
            anyhow!("workspace: there is none with this id; `halyard workspace list` shows them")
        }
        Error::IntegrationNotFound => anyhow!(
            "id: the person knows no such integration; `halyard integration list` shows them"
        ),
        Error::ChannelNotFound => anyhow!("channel: the person can see none with this id"),
        Error::ThreadNotFound => anyhow!("thread: the person can see none with this id"),
        Error::NameInvalid => anyhow!("name: use 1 to 255 characters"),
        Error::Invalid { field, expected } => anyhow!("{field}: use {expected}"),
        other => anyhow::Error::new(other),
    }
}
