//! Giving an integration a place, and taking it away.

use halyard_identity::{self as identity, UserId};
use halyard_platform::{
    db::{self, FromRow, Row, Tx},
    jobs::{self, NewJob},
    params,
};

use super::{Integration, Kind, REPORT_JOB, ReportJob, Schedule, get, integration_columns};
use crate::{
    Actor, ChannelId, Error, Role, ThreadId, channel, json,
    subscription::{self, INTEGRATION, Ids, Subscription},
    thread, workspace,
};

/// Longest title of a report in characters: that of threads.
const MAX_TITLE: usize = 300;

/// Where an integration is installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In a channel.
    Channel(ChannelId),
    /// In a thread.
    Thread(ThreadId),
    /// In the whole workspace.
    Workspace,
}

/// An integration at its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    /// Id.
    pub id: i64,
    /// Of what.
    pub integration: i64,
    /// Who installed it.
    pub installed_by: UserId,
    /// The channel it is in.
    pub channel: Option<ChannelId>,
    /// The thread it is in.
    pub thread: Option<ThreadId>,
    /// The secret that both sides know: 32 hexadecimal digits.
    pub token: String,
    /// When its report is fetched: a stored [`Schedule`].
    pub schedule: Option<String>,
    /// Title of its reports.
    pub title: Option<String>,
    /// The subscription whose deliveries tell it what happens.
    pub subscription: Option<i64>,
}

impl FromRow for Installation {
    fn from_row(row: &mut Row<'_>) -> Result<Self, db::Error> {
        Ok(Self {
            id: row.get()?,
            integration: row.get()?,
            installed_by: row.get()?,
            channel: row.get()?,
            thread: row.get()?,
            token: row.get()?,
            schedule: row.get()?,
            title: row.get()?,
            subscription: row.get()?,
        })
    }
}

/// What to install, and where.
#[derive(Debug, Clone)]
pub struct NewInstallation {
    /// The integration.
    pub integration: i64,
    /// Where.
    pub place: Place,
    /// 32 random hexadecimal digits.
    pub token: String,
    /// Key of the signatures of what it is told.
    pub secret: String,
    /// When its report is fetched; reports only.
    pub schedule: Option<Schedule>,
    /// Title of its reports, in which `<date>` is replaced.
    pub title: Option<String>,
}

/// Installs an integration; its bot joins the channel. Bots and commands, which have the whole
/// workspace, are installed once.
///
/// # Errors
/// [`Error::IntegrationNotFound`], [`Error::ChannelNotFound`], [`Error::ThreadNotFound`];
/// [`Error::Forbidden`] for an archived channel; [`Error::Exists`]; [`Error::Invalid`] when the
/// place does not suit its kind, and for a report without a schedule.
pub fn install(
    tx: &mut Tx<'_>,
    actor: &Actor,
    new: &NewInstallation,
) -> Result<Installation, Error> {
    let integration = get(tx, actor, new.integration)?;
    if new.title.as_ref().is_some_and(|title| title.chars().count() > MAX_TITLE) {
        return Err(Error::Invalid { field: "title", expected: "at most 300 characters" });
    }
    let (channel, thread) = place(tx, actor, &integration, new.place)?;
    if let Some(id) = channel {
        channel::add_users(tx, actor, id, &[integration.bot])?;
    } else {
        // Two requests wait for each other here.
        tx.optional::<i64>(
            "select i.id from integration i where i.id = $1 {lock i}",
            params![integration.id],
        )?;
        let installed: Option<i64> = tx.optional(
            "select id from installation where integration_id = $1 and removed_at is null limit 1",
            params![integration.id],
        )?;
        if installed.is_some() {
            return Err(Error::Exists("it is installed"));
        }
    }
    let schedule = match integration.kind {
        Kind::Report => Some(new.schedule.clone().ok_or(Error::Invalid {
            field: "time",
            expected: "HH:MM, at which the report is fetched",
        })?),
        _ => None,
    };
    let of_thread = thread.filter(|_| integration.kind == Kind::Thread);
    let id: i64 = tx.one(
        "insert into installation (integration_id, installed_by, channel_id, thread_id, token,
             schedule, title, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8) returning id",
        params![
            integration.id,
            actor.user,
            channel,
            of_thread,
            &new.token,
            &schedule.as_ref().map(json::encode),
            &new.title,
            actor.now
        ],
    )?;
    if let (Some(url), false) = (&integration.url, integration.kind == Kind::Report) {
        tx.exec(
            "insert into subscription (user_id, event, target_url, secret, workspace_id,
                 channel_id, thread_id, installation_id, created_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            params![
                integration.bot,
                INTEGRATION,
                url,
                &new.secret,
                integration.workspace,
                channel,
                of_thread,
                id,
                actor.now
            ],
        )?;
    }
    if let Some(schedule) = schedule {
        let payload = json::encode(&ReportJob { installation: id });
        let zone = identity::load_user(tx, actor.user)?.timezone;
        let run_at = schedule.next_after(actor.now, &zone)?;
        let job = NewJob { kind: REPORT_JOB, key: None, payload: &payload, run_at };
        jobs::enqueue(tx, &job)?;
    }
    installation(tx, actor, id)
}

/// The channel, and the thread, of a place that suits the kind.
fn place(
    tx: &mut Tx<'_>,
    actor: &Actor,
    integration: &Integration,
    place: Place,
) -> Result<(Option<ChannelId>, Option<ThreadId>), Error> {
    match (integration.kind, place) {
        (Kind::Channel | Kind::Report, Place::Channel(id)) => {
            let channel = channel::load(tx, actor, id)?;
            if channel.workspace_id != integration.workspace {
                return Err(Error::ChannelNotFound);
            }
            Ok((Some(id), None))
        }
        (Kind::Thread, Place::Thread(id)) => {
            let thread = thread::load(tx, actor, id)?;
            if thread.workspace_id != integration.workspace {
                return Err(Error::ThreadNotFound);
            }
            Ok((Some(thread.channel_id), Some(id)))
        }
        (Kind::Bot | Kind::Command, Place::Workspace) => Ok((None, None)),
        (Kind::Thread, _) => {
            Err(Error::Invalid { field: "thread_id", expected: "a thread, for this kind" })
        }
        (Kind::Channel | Kind::Report, _) => {
            Err(Error::Invalid { field: "channel_id", expected: "a channel, for this kind" })
        }
        (Kind::Bot | Kind::Command, _) => {
            Err(Error::Invalid { field: "channel_id", expected: "no place, for this kind" })
        }
    }
}

macro_rules! columns {
    () => {
        "n.id, n.integration_id, n.installed_by, n.channel_id, n.thread_id, n.token, n.schedule,
         n.title, (select min(s.id) from subscription s where s.installation_id = n.id)"
    };
}

/// One installation in a workspace of the actor, who installed it or is an administrator.
///
/// # Errors
/// [`Error::IntegrationNotFound`]
pub fn installation(tx: &mut Tx<'_>, actor: &Actor, id: i64) -> Result<Installation, Error> {
    tx.optional(
        concat!(
            "select ",
            columns!(),
            " from installation n
             join integration i on i.id = n.integration_id
             join member m on m.workspace_id = i.workspace_id and m.user_id = $2
                 and m.removed_at is null
             where n.id = $1 and n.removed_at is null
                 and (n.installed_by = $2 or m.role = 'admin')"
        ),
        params![id, actor.user],
    )?
    .ok_or(Error::IntegrationNotFound)
}

/// The installations of an integration that the actor may manage, oldest first: one's own, and for
/// administrators all.
///
/// # Errors
/// [`Error::IntegrationNotFound`]
pub fn installed(
    tx: &mut Tx<'_>,
    actor: &Actor,
    integration: i64,
) -> Result<Vec<Installation>, Error> {
    let integration = get(tx, actor, integration)?;
    let role = workspace::role(tx, actor, integration.workspace)?;
    let mut all = all_of(tx, integration.id)?;
    all.retain(|one| role == Role::Admin || one.installed_by == actor.user);
    Ok(all)
}

/// Every installation of an integration, oldest first, for the operator.
///
/// # Errors
/// Those of the store.
pub fn all_of(tx: &mut Tx<'_>, integration: i64) -> Result<Vec<Installation>, Error> {
    Ok(tx.all(
        concat!(
            "select ",
            columns!(),
            " from installation n
             where n.integration_id = $1 and n.removed_at is null order by n.id"
        ),
        params![integration],
    )?)
}

/// Takes an integration away from its place, and tells it so.
///
/// # Errors
/// [`Error::IntegrationNotFound`]
pub fn uninstall(tx: &mut Tx<'_>, actor: &Actor, id: i64) -> Result<(), Error> {
    let installation = installation(tx, actor, id)?;
    let (integration, _) = with_integration(tx, id, false)?.ok_or(Error::IntegrationNotFound)?;
    end(tx, actor, integration.bot, &installation)
}

pub(super) fn end(
    tx: &mut Tx<'_>,
    actor: &Actor,
    bot: UserId,
    installation: &Installation,
) -> Result<(), Error> {
    tx.exec(
        "update installation set removed_at = $2 where id = $1",
        params![installation.id, actor.now],
    )?;
    if let Some(channel) = installation.channel
        && !is_still_in(tx, installation, channel)?
    {
        let bot = Actor { user: bot, now: actor.now };
        match channel::remove_users(tx, &bot, channel, &[bot.user]) {
            // It may have been taken out of it, or the channel removed.
            Ok(()) | Err(Error::ChannelNotFound) => {}
            Err(error) => return Err(error),
        }
    }
    // The notice is still to be delivered, even to one that was stopped; nothing else is from now on.
    let subscription: Option<i64> = tx.optional(
        "update subscription set event = 'uninstalled', failures = 0, disabled_at = null,
             disabled_reason = null
         where installation_id = $1 returning id",
        params![installation.id],
    )?;
    if let Some(subscription) = subscription {
        tx.exec(
            "update delivery set status = 'stopped', ended_at = $2
             where subscription_id = $1 and status = 'pending'",
            params![subscription, actor.now],
        )?;
        let ids = Ids { user_id: Some(actor.user.0), ..Ids::default() };
        subscription::queue(tx, subscription, "uninstall", &ids, actor.now)?;
    }
    Ok(())
}

/// Whether an integration has another place in a channel.
fn is_still_in(
    tx: &mut Tx<'_>,
    installation: &Installation,
    channel: ChannelId,
) -> Result<bool, Error> {
    let other: Option<i64> = tx.optional(
        "select id from installation
         where integration_id = $1 and channel_id = $2 and removed_at is null limit 1",
        params![installation.integration, channel],
    )?;
    Ok(other.is_some())
}

/// The installation behind a secret that came with a post to us, with its integration.
///
/// # Errors
/// [`Error::IntegrationNotFound`] for a wrong secret too.
pub fn posting(
    tx: &mut Tx<'_>,
    id: i64,
    token: &str,
) -> Result<(Integration, Installation), Error> {
    let found = with_integration(tx, id, false)?.filter(|(_, installation)| {
        halyard_identity::SecretHash::of(&installation.token)
            == halyard_identity::SecretHash::of(token)
    });
    found.ok_or(Error::IntegrationNotFound)
}

/// The integration and installation to which deliveries of a subscription go; also one that has
/// just been uninstalled.
///
/// # Errors
/// Those of the store.
pub fn target(
    tx: &mut Tx<'_>,
    subscription: &Subscription,
) -> Result<Option<(Integration, Installation)>, Error> {
    let Some(id) = subscription.installation else { return Ok(None) };
    with_integration(tx, id, true)
}

/// The installation with this id and its integration, for a caller who then proves that it may know
/// it.
///
/// # Errors
/// Those of the store.
pub fn by_install_id(
    tx: &mut Tx<'_>,
    id: i64,
) -> Result<Option<(Integration, Installation)>, Error> {
    with_integration(tx, id, false)
}

pub(super) fn with_integration(
    tx: &mut Tx<'_>,
    id: i64,
    also_removed: bool,
) -> Result<Option<(Integration, Installation)>, Error> {
    let found: Option<Installation> = tx.optional(
        concat!(
            "select ",
            columns!(),
            " from installation n where n.id = $1 and ($2 or n.removed_at is null)"
        ),
        params![id, also_removed],
    )?;
    let Some(installation) = found else { return Ok(None) };
    let integration: Integration = tx.one(
        concat!("select ", integration_columns!(), " from integration i where i.id = $1"),
        params![installation.integration],
    )?;
    Ok(Some((integration, installation)))
}
