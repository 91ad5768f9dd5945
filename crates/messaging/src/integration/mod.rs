//! Integrations: programs outside that take part under a name of their own.
//!
//! An integration belongs to a workspace and has a bot, a user who is no human. Installing it gives
//! it a place; what happens there is told to it through a [`subscription`](crate::subscription) with
//! the eyes of the bot, and what it answers is posted by the bot.

mod install;
mod post;
mod schedule;
mod told;

use halyard_identity::{self as identity, NewUser, UserId};
use halyard_platform::{
    db::{self, FromColumn, FromRow, Row, Tx, Value},
    params,
};

pub use install::{
    Installation, NewInstallation, Place, all_of, by_install_id, install, installation, installed,
    posting, target, uninstall,
};
pub use post::{answer, post, post_in};
pub use schedule::{Due, REPORT_JOB, ReportJob, Schedule, due_report, report_title};
pub use told::{Item, Told, told};

use crate::{Actor, Error, Role, WorkspaceId, event, member, name, workspace};

/// Longest address, in bytes.
const LONGEST_URL: usize = 2000;
const LONGEST_DESCRIPTION: usize = 5000;

/// What an integration does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Hears of and posts threads and comments in a channel.
    Channel,
    /// The same in one thread.
    Thread,
    /// Is talked to in conversations.
    Bot,
    /// Answers texts that begin with its command.
    Command,
    /// Is asked for a text at set times.
    Report,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 5] =
        [Self::Channel, Self::Thread, Self::Bot, Self::Command, Self::Report];

    /// The stored form.
    pub fn stored(self) -> &'static str {
        match self {
            Self::Channel => "channel",
            Self::Thread => "thread",
            Self::Bot => "bot",
            Self::Command => "command",
            Self::Report => "report",
        }
    }
}

impl FromColumn for Kind {
    const EXPECTED: &'static str = "a kind of integration";
    fn from_column(value: Value<'_>) -> Option<Self> {
        let Value::Text(text) = value else { return None };
        Self::ALL.into_iter().find(|kind| kind.stored() == text)
    }
}

/// A program outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Integration {
    /// Id.
    pub id: i64,
    /// Where it can be installed.
    pub workspace: WorkspaceId,
    /// Who made it.
    pub creator: UserId,
    /// What it does.
    pub kind: Kind,
    /// What it is called; its bot has the same name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Where it is told things, or its report is fetched.
    pub url: Option<String>,
    /// Where its settings are made.
    pub configure_url: Option<String>,
    /// With its slash; for commands.
    pub command: Option<String>,
    /// Under whose name it posts.
    pub bot: UserId,
}

impl FromRow for Integration {
    fn from_row(row: &mut Row<'_>) -> Result<Self, db::Error> {
        Ok(Self {
            id: row.get()?,
            workspace: row.get()?,
            creator: row.get()?,
            kind: row.get()?,
            name: row.get()?,
            description: row.get()?,
            url: row.get()?,
            configure_url: row.get()?,
            command: row.get()?,
            bot: row.get::<i64>()?.into(),
        })
    }
}

macro_rules! integration_columns {
    () => {
        "i.id, i.workspace_id, i.creator, i.kind, i.name, i.description, i.url, i.configure_url,
         i.command, i.bot"
    };
}
pub(crate) use integration_columns;

/// An integration to be made.
#[derive(Debug, Clone)]
pub struct NewIntegration {
    /// Where it can be installed.
    pub workspace: WorkspaceId,
    /// What it does.
    pub kind: Kind,
    /// 1 to 255 characters.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Where it is told things, or its report is fetched; the caller has checked that it is an
    /// address.
    pub url: Option<String>,
    /// Where its settings are made.
    pub configure_url: Option<String>,
    /// For commands: a slash and letters, digits, `-` or `_`.
    pub command: Option<String>,
    /// A random text that no other bot's address has.
    pub unique: String,
}

/// Makes an integration and its bot, a member of the workspace.
///
/// # Errors
/// [`Error::WorkspaceNotFound`]; [`Error::Forbidden`] for guests; [`Error::NameInvalid`];
/// [`Error::Invalid`] for a kind without what it needs; [`Error::Exists`] for a command in use.
pub fn add(tx: &mut Tx<'_>, actor: &Actor, new: &NewIntegration) -> Result<Integration, Error> {
    if workspace::role(tx, actor, new.workspace)? == Role::Guest {
        return Err(Error::Forbidden("guests cannot make integrations"));
    }
    let title = name::check_name(&new.name, name::MAX_NAME)?;
    let long = |text: &Option<String>| text.as_ref().is_some_and(|text| text.len() > LONGEST_URL);
    if long(&new.url) || long(&new.configure_url) {
        return Err(Error::Invalid { field: "url", expected: "at most 2000 characters" });
    }
    if new.description.as_ref().is_some_and(|text| text.chars().count() > LONGEST_DESCRIPTION) {
        return Err(Error::Invalid { field: "description", expected: "at most 5000 characters" });
    }
    let needs_url = matches!(new.kind, Kind::Bot | Kind::Command | Kind::Report);
    if needs_url && new.url.is_none() {
        return Err(Error::Invalid { field: "url", expected: "an address, for this kind" });
    }
    if new.kind == Kind::Command {
        check_command(tx, new)?;
    }
    let bot = NewUser {
        name: title.clone(),
        email: format!("{}@bots.halyard.invalid", new.unique),
        password_hash: None,
        bot: true,
    };
    let bot = identity::create_user(tx, &bot, actor.now)?;
    tx.exec(
        "insert into member (workspace_id, user_id, role, joined_at) values ($1, $2, $3, $4)",
        params![new.workspace, bot, Role::User.stored(), actor.now],
    )?;
    let joined =
        serde_json::json!({"workspace_id": new.workspace, "user_id": bot, "by": actor.user});
    let subject = ("workspace", new.workspace.0);
    let kind = "workspace_user_added";
    event::record(tx, actor, new.workspace, kind, subject, &joined.to_string())?;
    let command = new.command.as_deref().filter(|_| new.kind == Kind::Command);
    let id: i64 = tx.one(
        "insert into integration (workspace_id, creator, kind, name, description, url,
             configure_url, command, bot, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning id",
        params![
            new.workspace,
            actor.user,
            new.kind.stored(),
            &title,
            &new.description,
            &new.url,
            &new.configure_url,
            command,
            bot,
            actor.now
        ],
    )?;
    get(tx, actor, id)
}

fn check_command(tx: &mut Tx<'_>, new: &NewIntegration) -> Result<(), Error> {
    let word = |name: &str| {
        let sound = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        !name.is_empty() && name.len() <= 50 && name.chars().all(sound)
    };
    let command = new.command.as_deref().unwrap_or_default();
    if !command.strip_prefix('/').is_some_and(word) {
        return Err(Error::Invalid { field: "command", expected: "a slash and a word" });
    }
    let used: Option<i64> = tx.optional(
        "select id from integration
         where workspace_id = $1 and command = $2 and removed_at is null",
        params![new.workspace, command],
    )?;
    if used.is_some() { Err(Error::Exists("the command")) } else { Ok(()) }
}

/// One integration of a workspace of the actor.
///
/// # Errors
/// [`Error::IntegrationNotFound`] also for guests.
pub fn get(tx: &mut Tx<'_>, actor: &Actor, id: i64) -> Result<Integration, Error> {
    tx.optional(
        concat!(
            "select ",
            integration_columns!(),
            " from integration i
             join member m on m.workspace_id = i.workspace_id and m.user_id = $2
                 and m.removed_at is null and m.role <> 'guest'
             where i.id = $1 and i.removed_at is null"
        ),
        params![id, actor.user],
    )?
    .ok_or(Error::IntegrationNotFound)
}

/// The integrations of a workspace, oldest first.
///
/// # Errors
/// [`Error::WorkspaceNotFound`]
pub fn list(
    tx: &mut Tx<'_>,
    actor: &Actor,
    workspace: WorkspaceId,
) -> Result<Vec<Integration>, Error> {
    if workspace::role(tx, actor, workspace)? == Role::Guest {
        return Ok(Vec::new());
    }
    Ok(tx.all(
        concat!(
            "select ",
            integration_columns!(),
            " from integration i where i.workspace_id = $1 and i.removed_at is null order by i.id"
        ),
        params![workspace],
    )?)
}

/// Every integration of every workspace, for the operator.
///
/// # Errors
/// Those of the store.
pub fn list_all(tx: &mut Tx<'_>) -> Result<Vec<Integration>, Error> {
    Ok(tx.all(
        concat!(
            "select ",
            integration_columns!(),
            " from integration i where i.removed_at is null order by i.id"
        ),
        params![],
    )?)
}

/// Removes an integration with its installations; its creator or an administrator. Its bot leaves
/// the workspace; what it posted stays.
///
/// # Errors
/// [`Error::IntegrationNotFound`], [`Error::Forbidden`]
pub fn remove(tx: &mut Tx<'_>, actor: &Actor, id: i64) -> Result<(), Error> {
    let integration = get(tx, actor, id)?;
    let role = workspace::role(tx, actor, integration.workspace)?;
    if integration.creator != actor.user && role != Role::Admin {
        return Err(Error::Forbidden("only its creator or an admin may remove an integration"));
    }
    for installation in all_of(tx, id)? {
        install::end(tx, actor, integration.bot, &installation)?;
    }
    tx.exec("update integration set removed_at = $2 where id = $1", params![id, actor.now])?;
    member::leave_all(tx, &Actor { user: integration.bot, now: actor.now })
}
