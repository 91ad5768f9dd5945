use std::process::ExitCode;

use anyhow::{anyhow, bail};
use clap::Subcommand;
use halyard_identity::{
    self as identity, Scopes, SecretHash,
    audit::OPERATOR,
    oauth::{self, ApplicationId, AuthMethod, NewApplication, RedirectUri},
};
use halyard_messaging::subscription::end_unrepresented;
use halyard_platform::{clock::Clock, db::Db, random::Random};
use serde_json::json;

use super::{people::find, print, user::Failed};
use crate::{
    config::Config,
    wiring::{open_for_command, start_logging},
};

/// What can be done with applications.
#[derive(Subcommand)]
pub(crate) enum Action {
    /// Registers an application and prints its client_id and its secret, this once
    Add {
        /// Its name, as people see it when they are asked
        #[arg(long)]
        name: String,
        /// Where it is called back; can be given several times
        #[arg(long = "redirect-uri", required = true)]
        redirect_uris: Vec<String>,
        /// Its page for people
        #[arg(long)]
        website: Option<String>,
        /// What it may ask for, separated by commas; everything when not given
        #[arg(long)]
        scopes: Option<String>,
        /// Address of the person who manages it under /settings/applications
        #[arg(long)]
        owner: Option<String>,
        /// It runs with people and cannot keep a secret: it gets none and needs PKCE
        #[arg(long)]
        public: bool,
        /// Its tokens expire, and it renews them with refresh tokens
        #[arg(long)]
        refresh: bool,
    },
    /// Lists applications without their secrets
    List {
        /// Print one JSON list instead of text
        #[arg(long)]
        json: bool,
    },
    /// Removes an application; its tokens end
    Remove {
        /// Its id, from `halyard application list`
        id: i64,
    },
    /// Lists who lets which application act for them
    Consents {
        /// Print one JSON list instead of text
        #[arg(long)]
        json: bool,
    },
    /// Takes a person's consent back; the application's tokens for them end
    Revoke {
        /// Id of the application, from `halyard application list`
        id: i64,
        /// Address of the person
        #[arg(long)]
        user: String,
    },
}

/// Runs one of them.
pub(super) async fn run(config: Config, action: Action) -> anyhow::Result<ExitCode> {
    start_logging(&config)?;
    let db = open_for_command(&config).await?;
    let done = match action {
        Action::Add { name, redirect_uris, website, scopes, owner, public, refresh } => {
            let new = read(name, &redirect_uris, website, scopes.as_deref(), public);
            match new {
                Ok(new) => add(&db, NewApplication { refreshes: refresh, ..new }, owner).await,
                Err(error) => Err(error),
            }
        }
        Action::List { json } => list(&db, json).await,
        Action::Remove { id } => remove(&db, id).await,
        Action::Consents { json } => consents(&db, json).await,
        Action::Revoke { id, user } => revoke(&db, id, user).await,
    };
    db.close().await;
    done.map(|()| ExitCode::SUCCESS)
}

fn read(
    name: String,
    redirect_uris: &[String],
    website: Option<String>,
    scopes: Option<&str>,
    public: bool,
) -> anyhow::Result<NewApplication> {
    let uris = redirect_uris.iter().map(|uri| {
        RedirectUri::parse(uri).map_err(|wrong| anyhow!("redirect-uri: {uri}: {wrong}"))
    });
    let scopes = scopes.map(Scopes::parse).transpose();
    let new = NewApplication {
        name,
        website,
        redirect_uris: uris.collect::<Result<_, _>>()?,
        scopes: scopes.map_err(|unknown| anyhow!("scopes: {unknown:?} is not one"))?,
        auth: if public { AuthMethod::None } else { AuthMethod::Post },
        owner: None,
        refreshes: false,
    };
    new.check().map_err(|error| match error {
        identity::Error::NameInvalid => anyhow!("name: use 1 to 255 characters"),
        identity::Error::Invalid { field: "client_uri", expected } => {
            anyhow!("website: use {expected}")
        }
        other => anyhow::Error::new(other),
    })?;
    Ok(new)
}

async fn add(db: &Db, new: NewApplication, owner: Option<String>) -> anyhow::Result<()> {
    let random = Random::os();
    let client_id = format!("twd_{}", random.hex(16));
    let secret = (new.auth != AuthMethod::None).then(|| random.hex(32));
    let (hash, id, now) =
        (secret.as_deref().map(SecretHash::of), client_id.clone(), Clock::system().now());
    db.write(move |tx| -> Result<(), Failed> {
        tx.set_origin(OPERATOR);
        let owner = owner.as_deref().map(|email| find(tx, email)).transpose()?;
        let new = NewApplication { owner: owner.map(|owner| owner.id), ..new.clone() };
        oauth::register(tx, &new, &id, hash.as_ref(), now)?;
        Ok(())
    })
    .await
    .map_err(Failed::into_inner)?;
    print(&format!("client_id {client_id}"));
    if let Some(secret) = secret {
        print(&format!("client_secret {secret}"));
    }
    Ok(())
}

async fn list(db: &Db, as_json: bool) -> anyhow::Result<()> {
    let (applications, consents) = db
        .read(|tx| -> Result<_, identity::Error> {
            Ok((oauth::list(tx)?, oauth::list_consents(tx)?))
        })
        .await?;
    let people = |id| consents.iter().filter(|consent| consent.application == id).count();
    if as_json {
        let rows: Vec<_> = applications
            .iter()
            .map(|application| {
                let uris: Vec<&str> =
                    application.redirect_uris.iter().map(RedirectUri::as_str).collect();
                json!({
                    "id": application.id,
                    "client_id": application.client_id,
                    "name": application.name,
                    "website": application.website,
                    "redirect_uris": uris,
                    "scopes": application.scopes.map(|scopes| scopes.to_string()),
                    "auth_method": application.auth.name(),
                    "refreshes": application.refreshes,
                    "owner_id": application.owner,
                    "people": people(application.id),
                    "created_ts": application.created_at / 1000,
                })
            })
            .collect();
        print(&serde_json::to_string_pretty(&rows)?);
        return Ok(());
    }
    for application in applications {
        let origin = match application.owner {
            Some(owner) => format!("of user {owner}"),
            None => "registered itself or by an operator".to_owned(),
        };
        print(&format!(
            "{:>6}  {}  {}  {origin}, {} people",
            application.id,
            application.client_id,
            application.name,
            people(application.id),
        ));
    }
    Ok(())
}

async fn remove(db: &Db, id: i64) -> anyhow::Result<()> {
    let now = Clock::system().now();
    let removed = db
        .write(move |tx| -> Result<bool, identity::Error> {
            tx.set_origin(OPERATOR);
            let removed = oauth::remove(tx, None, ApplicationId(id), now)?;
            end_unrepresented(tx, Some(ApplicationId(id)), now)?;
            Ok(removed)
        })
        .await?;
    if !removed {
        bail!("id: there is no application {id}; `halyard application list` shows them");
    }
    print(&format!("application {id} is removed; its tokens have ended"));
    Ok(())
}

async fn consents(db: &Db, as_json: bool) -> anyhow::Result<()> {
    let consents = db.read(oauth::list_consents).await?;
    if as_json {
        let rows: Vec<_> = consents
            .iter()
            .map(|consent| {
                json!({
                    "application_id": consent.application,
                    "name": consent.name,
                    "user_id": consent.user,
                    "email": consent.email,
                    "scopes": consent.scopes.to_string(),
                    "granted_ts": consent.granted_at / 1000,
                })
            })
            .collect();
        print(&serde_json::to_string_pretty(&rows)?);
        return Ok(());
    }
    for consent in consents {
        print(&format!(
            "{:>6}  {}  {}  {}",
            consent.application, consent.name, consent.email, consent.scopes
        ));
    }
    Ok(())
}

async fn revoke(db: &Db, id: i64, user: String) -> anyhow::Result<()> {
    let (email, now) = (user.clone(), Clock::system().now());
    let revoked = db
        .write(move |tx| -> Result<bool, Failed> {
            tx.set_origin(OPERATOR);
            let user = find(tx, &email)?.id;
            let revoked = oauth::revoke(tx, user, ApplicationId(id), now)?;
            end_unrepresented(tx, Some(ApplicationId(id)), now)?;
            Ok(revoked)
        })
        .await
        .map_err(Failed::into_inner)?;
    if !revoked {
        bail!(
            "{user} has not let application {id} act for them; see `halyard application consents`"
        );
    }
    print(&format!("application {id} no longer acts for {user}"));
    Ok(())
}
