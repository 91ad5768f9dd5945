use std::process::ExitCode;

use anyhow::anyhow;
use clap::{Subcommand, ValueEnum};
use halyard_identity::audit::OPERATOR;
use halyard_messaging::{
    Actor, Error, Role, WorkspaceId,
    member::{self, Invitation},
    workspace::{self, NewWorkspace},
};
use halyard_platform::{
    clock::Clock,
    db::{Db, Tx},
};
use serde_json::json;

use super::{people::find, print, user::Failed};
use crate::{
    config::Config,
    wiring::{open_for_command, start_logging},
};

/// What can be done with workspaces.
#[derive(Subcommand)]
pub(crate) enum Action {
    /// Lists all workspaces
    List {
        /// Print one JSON list instead of text
        #[arg(long)]
        json: bool,
    },
    /// Makes a workspace
    Create {
        /// Its name
        #[arg(long)]
        name: String,
        /// Address of its administrator
        #[arg(long)]
        admin: String,
    },
    /// Puts a person into a workspace
    AddMember {
        /// Id of the workspace
        #[arg(long)]
        workspace: i64,
        /// Address of the person
        #[arg(long)]
        user: String,
        /// What they may do
        #[arg(long, value_enum, default_value_t = Standing::User)]
        role: Standing,
    },
    /// Changes what a member may do
    SetRole {
        /// Id of the workspace
        #[arg(long)]
        workspace: i64,
        /// Address of the member
        #[arg(long)]
        user: String,
        /// What they may do
        #[arg(long, value_enum)]
        role: Standing,
    },
}

/// What a member may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Standing {
    /// Manages members, channels and what others wrote
    Admin,
    /// Sees and joins every public channel
    User,
    /// Sees only the channels and conversations they were added to
    Guest,
}

impl From<Standing> for Role {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::Admin => Self::Admin,
            Standing::User => Self::User,
            Standing::Guest => Self::Guest,
        }
    }
}

/// Runs one of them.
pub(super) async fn run(config: Config, action: Action) -> anyhow::Result<ExitCode> {
    start_logging(&config)?;
    let db = open_for_command(&config).await?;
    let done = match action {
        Action::List { json } => list(&db, json).await,
        Action::Create { name, admin } => create(&db, name, admin).await,
        Action::AddMember { workspace, user, role } => {
            add_member(&db, WorkspaceId(workspace), user, role.into()).await
        }
        Action::SetRole { workspace, user, role } => {
            set_role(&db, WorkspaceId(workspace), user, role.into()).await
        }
    };
    db.close().await;
    done.map(|()| ExitCode::SUCCESS)
}

async fn list(db: &Db, as_json: bool) -> anyhow::Result<()> {
    let workspaces = db.read(workspace::list_all).await?;
    if as_json {
        let rows: Vec<_> = workspaces
            .iter()
            .map(|(workspace, members)| {
                json!({"id": workspace.id, "name": workspace.name, "members": members})
            })
            .collect();
        print(&serde_json::to_string_pretty(&rows)?);
        return Ok(());
    }
    for (workspace, members) in workspaces {
        print(&format!("{:>6}  {}  ({members} members)", workspace.id, workspace.name));
    }
    Ok(())
}

async fn create(db: &Db, name: String, admin: String) -> anyhow::Result<()> {
    let now = Clock::system().now();
    let id = db
        .write(move |tx| -> Result<_, Failed> {
            tx.set_origin(OPERATOR);
            let user = find(tx, &admin)?.id;
            let new = NewWorkspace { name: name.clone(), ..NewWorkspace::default() };
            let made = workspace::add(tx, &Actor { user, now }, &new);
            Ok(made.map_err(|error| explain(error, "name: use 1 to 255 characters"))?.id)
        })
        .await
        .map_err(Failed::into_inner)?;
    print(&format!("workspace {id} created"));
    Ok(())
}

async fn add_member(
    db: &Db,
    workspace: WorkspaceId,
    email: String,
    role: Role,
) -> anyhow::Result<()> {
    let shown = email.clone();
    db.write(move |tx| -> Result<(), Failed> {
        let actor = operator(tx, workspace)?;
        let email = find(tx, &email)?.email;
        let fix = format!("user: {email} is in the workspace already; use set-role to change that");
        let invitation = Invitation { email, name: None, role, channels: Vec::new() };
        member::invite(tx, &actor, workspace, &invitation).map_err(|error| explain(error, &fix))?;
        Ok(())
    })
    .await
    .map_err(Failed::into_inner)?;
    print(&format!("{shown} is in workspace {workspace} now"));
    Ok(())
}

async fn set_role(
    db: &Db,
    workspace: WorkspaceId,
    email: String,
    role: Role,
) -> anyhow::Result<()> {
    let shown = email.clone();
    db.write(move |tx| -> Result<(), Failed> {
        let actor = operator(tx, workspace)?;
        let user = find(tx, &email)?.id;
        let fix = format!("user: {email} is not in the workspace; use add-member");
        member::set_role(tx, &actor, workspace, user, role)
            .map_err(|error| explain(error, &fix))?;
        Ok(())
    })
    .await
    .map_err(Failed::into_inner)?;
    print(&format!("{shown} is {} of workspace {workspace} now", role.stored()));
    Ok(())
}

/// The operator acts as an administrator of the workspace.
pub(super) fn operator(tx: &mut Tx<'_>, workspace: WorkspaceId) -> anyhow::Result<Actor> {
    let user = workspace::an_admin(tx, workspace).map_err(|error| match error {
        Error::WorkspaceNotFound => {
            anyhow!("workspace: there is no {workspace}; `halyard workspace list` shows them")
        }
        other => other.into(),
    })?;
    tx.set_origin(OPERATOR);
    Ok(Actor { user, now: Clock::system().now() })
}

/// Says what to do about the refusals that these commands can meet.
fn explain(error: Error, fix: &str) -> anyhow::Error {
    match error {
        Error::NameInvalid | Error::Exists(_) | Error::UserNotFound => anyhow!("{fix}"),
        Error::LastAdmin => {
            anyhow!("role: this is the only admin of the workspace; make somebody else admin first")
        }
        other => other.into(),
    }
}
