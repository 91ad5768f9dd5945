//! Integrations: the calls that manage them, and those that they make.

mod answer;
mod callback;
mod incoming;
mod ping;

use halyard_identity::{Scope, authenticate, load_user};
use halyard_messaging::{
    Actor, ChannelId, ThreadId, WorkspaceId,
    integration::{self, Integration, Kind, NewInstallation, NewIntegration, Place, Schedule},
};
use halyard_platform::{db::Tx, jobs, outbound};

pub(crate) use answer::Said;
pub(super) use callback::callback_url;
pub(crate) use callback::post_callback;
pub(crate) use incoming::post_data;
pub(crate) use ping::ping;

use super::{
    call::{Call, DONE},
    dto::{InstallationSeen, IntegrationSeen},
    endpoint::Reply,
    error::Error,
    hooks,
    ids::Resolve,
};
use crate::{choice_param, params};

choice_param!(Kind {
    "channel" => Kind::Channel,
    "thread" => Kind::Thread,
    "bot" => Kind::Bot,
    "command" => Kind::Command,
    "report" => Kind::Report,
});

params! {
    /// Names a workspace.
    pub(crate) struct InWorkspace {
        /// The workspace.
        #[names("workspace_id", "id")]
        workspace_id: WorkspaceId,
    }

    /// A new integration.
    pub(crate) struct Add {
        /// Where it can be installed.
        workspace_id: WorkspaceId,
        /// What it does: hears and posts in a channel or a thread, is talked to in conversations,
        /// answers a command, or is asked for a report.
        kind: Kind,
        /// What it is called, 1 to 255 characters; its bot gets the same name.
        name: String,
        /// What it is for, up to 5000 characters.
        description: Option<String>,
        /// Where it is told things or, for a report, what is fetched; `https`, up to 2000 characters.
        /// Needed for all but channels and threads, whose integrations may post only.
        url: Option<String>,
        /// A page of its settings, opened after installing; up to 2000 characters.
        configure_url: Option<String>,
        /// For a command: the word that calls it, with its slash, such as `/hello`.
        command: Option<String>,
    }

    /// Names an integration.
    pub(crate) struct Named {
        /// The integration.
        #[names("id", "integration_id")]
        id: i64,
    }

    /// What to install where.
    pub(crate) struct Install {
        /// The integration.
        #[names("id", "integration_id")]
        id: i64,
        /// The channel, for an integration of a channel and for a report.
        channel_id: Option<ChannelId>,
        /// The thread, for an integration of a thread.
        thread_id: Option<ThreadId>,
        /// For a report: days of the week from 1 (Monday) to 7; every day when not given.
        days: Option<Vec<i64>>,
        /// For a report: when it is fetched, `HH:MM` in the zone of the caller.
        time: Option<String>,
        /// For a report: its title, in which `<date>` becomes the date, up to 300 characters.
        title: Option<String>,
    }

    /// Names an installation.
    pub(crate) struct Installed {
        /// The installation.
        #[names("id", "install_id")]
        id: i64,
    }
}

pub(crate) async fn get(call: Call, p: InWorkspace) -> Reply {
    let base = call.base.clone();
    call.read(move |tx, actor| {
        let workspace = p.workspace_id.resolve(tx, actor)?;
        let found = integration::list(tx, actor, workspace)?;
        found.into_iter().map(|one| seen(tx, actor, one, &base)).collect::<Result<Vec<_>, _>>()
    })
    .await
}

pub(crate) async fn add(call: Call, p: Add) -> Reply {
    let url = p.url.as_deref().map(|url| {
        outbound::url(url.trim())
            .and_then(|url| call.app.outbound.check(&url).map(|()| url.to_string()))
            .map_err(|error| Error::invalid("url", &error.to_string()))
    });
    let configure_url = p.configure_url.as_deref().map(|url| {
        // Opened by a browser and never by us.
        outbound::url(url.trim())
            .map(String::from)
            .map_err(|error| Error::invalid("configure_url", &error.to_string()))
    });
    let new = NewIntegration {
        workspace: p.workspace_id,
        kind: p.kind,
        name: p.name,
        description: p.description,
        url: url.transpose()?,
        configure_url: configure_url.transpose()?,
        command: p.command.map(|command| command.trim().to_owned()),
        unique: call.app.random.hex(16),
    };
    let base = call.base.clone();
    call.write(move |tx, actor| {
        let workspace = new.workspace.resolve(tx, actor)?;
        let made = integration::add(tx, actor, &NewIntegration { workspace, ..new.clone() })?;
        seen(tx, actor, made, &base)
    })
    .await
}

pub(crate) async fn remove(call: Call, p: Named) -> Reply {
    call.write(move |tx, actor| {
        integration::remove(tx, actor, p.id)?;
        Ok(DONE)
    })
    .await
}

pub(crate) async fn install(call: Call, p: Install) -> Reply {
    let schedule = p.time.as_deref().map(|time| {
        let days = p.days.as_deref().unwrap_or_default();
        Schedule::new(days, time)
    });
    let schedule = schedule.transpose()?;
    let (token, secret) = (call.app.random.hex(16), hooks::new_key(&call.app.random));
    let (credentials, base) = (call.credentials, call.base.clone());
    call.write(move |tx, actor| {
        let integration = integration::get(tx, actor, p.id)?;
        // It will read and post there: nobody gives away what their token may not do.
        let scopes = authenticate(tx, &credentials, actor.now)?.scopes;
        for scope in needed(integration.kind) {
            scopes.require(*scope)?;
        }
        let new = NewInstallation {
            integration: integration.id,
            place: match (p.channel_id, p.thread_id) {
                (Some(_), Some(_)) => {
                    return Err(Error::invalid("thread_id", "a channel or a thread, not both"));
                }
                (Some(id), None) => Place::Channel(id.resolve(tx, actor)?),
                (None, Some(id)) => Place::Thread(id.resolve(tx, actor)?),
                (None, None) => Place::Workspace,
            },
            token: token.clone(),
            secret: secret.clone(),
            schedule: schedule.clone(),
            title: p.title.clone(),
        };
        let installation = integration::install(tx, actor, &new)?;
        let name = load_user(tx, actor.user)?.name;
        Ok(InstallationSeen::new(&integration, installation, &base, (actor.user, &name)))
    })
    .await
}

pub(crate) async fn uninstall(call: Call, p: Installed) -> Reply {
    let signals = call.app.signals.clone();
    let reply = call
        .write(move |tx, actor| {
            integration::uninstall(tx, actor, p.id)?;
            Ok(DONE)
        })
        .await;
    signals.wake(jobs::TOPIC);
    reply
}

/// What a token must cover to install an integration of a kind.
fn needed(kind: Kind) -> &'static [Scope] {
    match kind {
        Kind::Channel | Kind::Thread | Kind::Report => {
            &[Scope::THREADS_WRITE, Scope::COMMENTS_WRITE]
        }
        Kind::Bot => &[Scope::MESSAGES_WRITE],
        Kind::Command => &[Scope::COMMENTS_WRITE, Scope::MESSAGES_WRITE],
    }
}

fn seen(
    tx: &mut Tx<'_>,
    actor: &Actor,
    integration: Integration,
    base: &str,
) -> Result<IntegrationSeen, Error> {
    let name = load_user(tx, actor.user)?.name;
    let installed = integration::installed(tx, actor, integration.id)?;
    let viewer = (actor.user, name.as_str());
    let installed = installed
        .into_iter()
        .map(|one| InstallationSeen::new(&integration, one, base, viewer))
        .collect();
    Ok(IntegrationSeen::new(integration, installed))
}
