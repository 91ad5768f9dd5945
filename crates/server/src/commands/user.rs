use std::process::ExitCode;

use anyhow::Context;
use clap::Subcommand;
use halyard_identity::{self as identity, NewUser, Passwords, TokenKind, User};
use halyard_messaging::{Actor, member};
use halyard_platform::{clock::Clock, db::Db, random::Random};
use serde_json::json;

use super::{
    people::{explain_password, find, read_password},
    print,
};
use crate::{
    config::Config,
    wiring::{open_for_command, start_logging},
};

/// What can be done with people.
#[derive(Subcommand)]
pub(crate) enum Action {
    /// Adds a person; the password is read from the terminal or from standard input
    Add {
        /// Address to sign in with
        #[arg(long)]
        email: String,
        /// Full name
        #[arg(long)]
        name: String,
    },
    /// Lists everybody
    List {
        /// Print one JSON list instead of text
        #[arg(long)]
        json: bool,
    },
    /// Sets a new password, read from the terminal or from standard input, and ends all sessions
    SetPassword {
        /// Address of the person
        #[arg(long)]
        email: String,
    },
    /// Ends an account; what the person wrote stays
    Remove {
        /// Address of the person
        #[arg(long)]
        email: String,
    },
}

/// Runs one of them.
pub(super) async fn run(config: Config, action: Action) -> anyhow::Result<ExitCode> {
    start_logging(&config)?;
    // Asked for before the store is opened: nobody waits for somebody who types.
    let password = match &action {
        Action::Add { .. } | Action::SetPassword { .. } => Some(read_password()?),
        Action::List { .. } | Action::Remove { .. } => None,
    };
    let hash = match password {
        Some(password) => {
            let passwords = Passwords::new(1, Random::os());
            Some(passwords.hash(password).await.map_err(explain_password)?)
        }
        None => None,
    };
    let db = open_for_command(&config).await?;
    let done = match action {
        Action::Add { email, name } => add(&db, email, name, hash).await,
        Action::List { json } => list(&db, json).await,
        Action::SetPassword { email } => set_password(&db, email, hash).await,
        Action::Remove { email } => remove(&db, email).await,
    };
    db.close().await;
    done.map(|()| ExitCode::SUCCESS)
}

async fn add(db: &Db, email: String, name: String, hash: Option<String>) -> anyhow::Result<()> {
    let email = identity::check_email(&email)
        .with_context(|| format!("email: {email:?} needs the form name@host.example"))?;
    let name = identity::check_name(&name).context("name: use 1 to 255 characters")?;
    let now = Clock::system().now();
    let new = NewUser { name, email: email.clone(), password_hash: hash, bot: false };
    let id = db
        .write(move |tx| identity::create_user(tx, &new, now))
        .await
        .with_context(|| format!("email: cannot add {email}"))?;
    print(&format!("user {id} added; `halyard workspace add-member` puts them into a workspace"));
    Ok(())
}

async fn list(db: &Db, as_json: bool) -> anyhow::Result<()> {
    let users = db.read(identity::list_users).await?;
    if as_json {
        let rows: Vec<_> = users
            .iter()
            .map(|user| {
                json!({
                    "id": user.id,
                    "name": user.name,
                    "email": user.email,
                    "bot": user.bot,
                    "setup_pending": user.setup_pending,
                    "removed": user.removed,
                })
            })
            .collect();
        print(&serde_json::to_string_pretty(&rows)?);
        return Ok(());
    }
    for user in users {
        print(&format!("{:>6}  {}  {}{}", user.id, user.email, user.name, state(&user)));
    }
    Ok(())
}

fn state(user: &User) -> &'static str {
    match user {
        User { removed: true, .. } => "  (removed)",
        User { bot: true, .. } => "  (bot)",
        User { setup_pending: true, .. } => "  (invited)",
        _ => "",
    }
}

async fn set_password(db: &Db, email: String, hash: Option<String>) -> anyhow::Result<()> {
    let shown = email.clone();
    db.write(move |tx| -> Result<(), Failed> {
        let user = find(tx, &email)?.id;
        identity::set_password(tx, user, hash.as_deref().unwrap_or_default())?;
        identity::revoke_all_tokens(tx, user, TokenKind::Session)?;
        identity::forget_codes(tx, user)?;
        Ok(())
    })
    .await
    .map_err(Failed::into_inner)?;
    print(&format!("the password of {shown} is set; their sessions have ended"));
    Ok(())
}

async fn remove(db: &Db, email: String) -> anyhow::Result<()> {
    let (shown, now) = (email.clone(), Clock::system().now());
    db.write(move |tx| -> Result<(), Failed> {
        tx.set_origin(identity::audit::OPERATOR);
        let user = find(tx, &email)?.id;
        member::leave_all(tx, &Actor { user, now }).map_err(|error| match error {
            halyard_messaging::Error::LastAdmin => anyhow::anyhow!(
                "user: {email} is the only admin of a workspace where others remain; make somebody \
                 else admin first, with `halyard workspace set-role`"
            ),
            other => other.into(),
        })?;
        identity::mark_user_removed(tx, user, now)?;
        Ok(())
    })
    .await
    .map_err(Failed::into_inner)?;
    print(&format!("{shown} is removed; their tokens and sessions have ended"));
    Ok(())
}

/// Any error of a transaction of these commands.
pub(super) struct Failed(anyhow::Error);

impl<E: Into<anyhow::Error>> From<E> for Failed {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl Failed {
    pub(super) fn into_inner(self) -> anyhow::Error {
        self.0
    }
}
