use std::process::ExitCode;

use anyhow::{anyhow, bail};
use clap::Subcommand;
use halyard_identity::{
    self as identity, ALL_SCOPES, Scopes, SecretHash, TokenKind, audit::OPERATOR,
};
use halyard_messaging::subscription::end_unrepresented;
use halyard_platform::{clock::Clock, db::Db, random::Random};
use serde_json::json;

use super::{people::find, print, user::Failed};
use crate::{
    config::Config,
    wiring::{open_for_command, start_logging},
};

/// What can be done with tokens.
#[derive(Subcommand)]
pub(crate) enum Action {
    /// Makes a token and prints it, this once
    Create {
        /// Address of the person it acts for
        #[arg(long)]
        user: String,
        /// What it covers, separated by commas, or `all`
        #[arg(long)]
        scopes: String,
        /// What it is for
        #[arg(long, default_value = "command line")]
        name: String,
    },
    /// Lists tokens without their secrets
    List {
        /// Only those of the person with this address
        #[arg(long)]
        user: Option<String>,
        /// Print one JSON list instead of text
        #[arg(long)]
        json: bool,
    },
    /// Ends a token
    Revoke {
        /// Its id, from `halyard token list`
        id: i64,
    },
}

/// Runs one of them.
pub(super) async fn run(config: Config, action: Action) -> anyhow::Result<ExitCode> {
    start_logging(&config)?;
    let db = open_for_command(&config).await?;
    let done = match action {
        Action::Create { user, scopes, name } => create(&db, user, &scopes, name).await,
        Action::List { user, json } => list(&db, user, json).await,
        Action::Revoke { id } => revoke(&db, id).await,
    };
    db.close().await;
    done.map(|()| ExitCode::SUCCESS)
}

async fn create(db: &Db, user: String, scopes: &str, name: String) -> anyhow::Result<()> {
    let scopes = parse(scopes)?;
    let secret = Random::os().hex(20);
    let (hash, now) = (SecretHash::of(&secret), Clock::system().now());
    db.write(move |tx| -> Result<(), Failed> {
        tx.set_origin(OPERATOR);
        let user = find(tx, &user)?.id;
        identity::issue_token(tx, user, TokenKind::Personal, &hash, &name, scopes, now)?;
        Ok(())
    })
    .await
    .map_err(Failed::into_inner)?;
    print(&secret);
    Ok(())
}

fn parse(scopes: &str) -> anyhow::Result<Scopes> {
    if scopes.trim() == "all" {
        return Ok(Scopes::ALL);
    }
    let parsed = Scopes::parse(scopes).map_err(|unknown| {
        let names: Vec<_> = ALL_SCOPES.iter().map(|scope| scope.name()).collect();
        anyhow!("scopes: {unknown:?} is not one; use `all` or some of {}", names.join(","))
    })?;
    if parsed == Scopes::NONE {
        bail!("scopes: none given; a token that covers nothing is of no use");
    }
    Ok(parsed)
}

async fn list(db: &Db, user: Option<String>, as_json: bool) -> anyhow::Result<()> {
    let tokens = db
        .read(move |tx| -> Result<_, Failed> {
            let user = user.as_deref().map(|email| find(tx, email)).transpose()?;
            Ok(identity::list_tokens(tx, user.map(|user| user.id))?)
        })
        .await
        .map_err(Failed::into_inner)?;
    if as_json {
        let rows: Vec<_> = tokens
            .iter()
            .map(|token| {
                json!({
                    "id": token.id,
                    "user_id": token.user,
                    "email": token.email,
                    "name": token.name,
                    "application": token.application,
                    "scopes": token.scopes.to_string(),
                    "created_ts": token.created_at / 1000,
                })
            })
            .collect();
        print(&serde_json::to_string_pretty(&rows)?);
        return Ok(());
    }
    for token in tokens {
        let scopes = match token.scopes {
            Scopes::ALL => "all".to_owned(),
            some => some.to_string(),
        };
        let name = match token.application {
            Some(application) => format!("{} ({application})", token.name),
            None => token.name,
        };
        print(&format!("{:>6}  {}  {name}  {scopes}", token.id, token.email));
    }
    Ok(())
}

async fn revoke(db: &Db, id: i64) -> anyhow::Result<()> {
    let now = Clock::system().now();
    let revoked = db
        .write(move |tx| -> Result<bool, identity::Error> {
            tx.set_origin(OPERATOR);
            let revoked = identity::revoke_token(tx, id, now)?;
            end_unrepresented(tx, None, now)?;
            Ok(revoked)
        })
        .await?;
    if !revoked {
        bail!("id: there is no token {id}; `halyard token list` shows them");
    }
    print(&format!("token {id} is revoked"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_names_or_all() {
        assert_eq!(parse("all").unwrap(), Scopes::ALL);
        assert_eq!(parse("threads:read,user:read").unwrap().to_string(), "user:read threads:read");
        let unknown = parse("threads:fly").unwrap_err().to_string();
        assert!(unknown.starts_with("scopes: \"threads:fly\"") && unknown.contains("threads:read"));
        assert!(parse(" ").is_err());
    }
}
