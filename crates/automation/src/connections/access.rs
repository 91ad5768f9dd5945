//! Using a connection: opened, refreshed when due, and refreshed once when the service refuses it.

use std::time::Duration;

use halyard_iml::Functions;

use super::{
    Connection, Error, Making, State, Store, WorkspaceId, scope,
    store::{Claim, Lease},
};
use crate::apps::{
    App, AppError, ErrorType, Module,
    run::{Failure, Host},
};

/// How often whoever waits for another's refresh looks whether it has ended.
const LOOK: Duration = Duration::from_millis(20);

/// How often keeping new tokens is tried again when the store fails, and the pause before that: they
/// cannot be asked for again.
const TRIES: u32 = 25;
const PAUSE: Duration = Duration::from_millis(200);

/// Why something that a connection is needed for was not done.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The connection cannot be had.
    #[error(transparent)]
    Connection(#[from] Error),
    /// The service, the app or a bound was against it.
    #[error(transparent)]
    App(#[from] Failure),
}

/// Opens connections of one app for whoever calls it.
#[derive(Clone, Copy)]
pub struct Access<'a> {
    /// Where connections are kept.
    pub store: &'a Store,
    /// How requests are made.
    pub host: &'a Host,
    /// The app.
    pub app: &'a App,
    /// The functions of the app.
    pub functions: &'a (dyn Functions + Sync),
}

impl<'a> Access<'a> {
    /// The connection of this name, refreshed if that is due.
    ///
    /// # Errors
    /// When there is none, it belongs to another app, it cannot be decrypted, or a person has to
    /// authorize it again.
    pub async fn open(&self, workspace: WorkspaceId, name: &str) -> Result<Connection, Problem> {
        let connection = self.store.load(workspace, name).await?;
        let about = &connection.listed.about;
        if about.app != self.app.name {
            let message = format!(
                "The connection {name:?} is one of the app {}, not of {}.",
                about.app, self.app.name
            );
            return Err(wrong(ErrorType::InvalidConfigurationError, message));
        }
        let ended = connection.listed.expires_at.is_some_and(|at| at <= self.store.clock().now());
        if ended {
            let error =
                AppError::new(ErrorType::InvalidAccessTokenError, "The authorization has expired");
            return Err(Problem::App(explained(&error, &connection)));
        }
        match self.making(&connection).refresh_is_due().await? {
            true => self.refreshed(connection).await,
            false => Ok(connection),
        }
    }

    /// Tests the connection of this name: its only request, or its `info`. What that finds out is saved.
    ///
    /// # Errors
    /// As [`open`](Self::open); what the service makes of it.
    pub async fn test(&self, workspace: WorkspaceId, name: &str) -> Result<Connection, Problem> {
        let mut connection = self.open(workspace, name).await?;
        let mut found = self.making(&connection).check().await;
        if let Err(failure) = &found
            && self.may_refresh(&connection, failure)
        {
            connection = self.refreshed(connection).await?;
            found = self.making(&connection).check().await;
        }
        match found {
            Ok(found) => {
                connection.listed.state = State::Ready;
                connection.take(found);
                Ok(self.store.save(&connection).await?)
            }
            Err(failure) => Err(Problem::App(self.explain(&connection, failure).await?)),
        }
    }

    /// Refuses a module that needs more than the connection has asked for.
    ///
    /// # Errors
    /// `InvalidAccessTokenError`, with the scopes and what to do.
    pub fn expect_scopes(
        &self,
        connection: &Connection,
        name: &str,
        module: &Module,
    ) -> Result<(), Problem> {
        let needed = scope::needed(self.app, module);
        let missing = scope::missing(&needed, &connection.listed.scopes);
        if missing.is_empty() {
            return Ok(());
        }
        let error = AppError::new(
            ErrorType::InvalidAccessTokenError,
            format!("{name} needs more than was granted ({})", missing.join(", ")),
        );
        Err(Problem::App(explained(&error, connection)))
    }

    /// The connection with new tokens, after the service has refused the ones that it has. Whoever
    /// else uses it at the same time gets the same ones: one caller asks the service, in whatever
    /// process, the others wait.
    ///
    /// # Errors
    /// When the service does not give new ones.
    pub async fn refreshed(&self, connection: Connection) -> Result<Connection, Problem> {
        let seen = connection.listed.version;
        let mut connection = connection;
        loop {
            match self.store.claim(&connection).await? {
                Claim::Mine(lease) => return self.refresh(connection, lease).await,
                Claim::Taken => tokio::time::sleep(LOOK).await,
                Claim::Changed => {}
            }
            connection = self.store.reload(&connection).await?;
            if connection.listed.version != seen {
                return match connection.listed.state {
                    State::Ready => Ok(connection),
                    State::Refused => Err(Problem::App(refused(&connection))),
                };
            }
        }
    }

    /// Whether new tokens can be asked for after this failure.
    #[must_use]
    pub fn may_refresh(&self, connection: &Connection, failure: &Failure) -> bool {
        is_refusal(&failure.error) && self.making(connection).can_refresh()
    }

    /// Says what to do about a failure that means that the service does not accept the connection,
    /// and notes it.
    ///
    /// # Errors
    /// When it cannot be noted.
    pub async fn explain(
        &self,
        connection: &Connection,
        mut failure: Failure,
    ) -> Result<Failure, Problem> {
        if !is_refusal(&failure.error) {
            return Ok(failure);
        }
        self.store.refuse(connection).await?;
        failure.error = explained(&failure.error, connection).error;
        Ok(failure)
    }

    /// What sections of this connection are run with.
    #[must_use]
    pub fn making<'c>(&self, connection: &'c Connection) -> Making<'c>
    where
        'a: 'c,
    {
        let listed = &connection.listed;
        Making {
            host: self.host,
            app: self.app,
            functions: self.functions,
            kind: &listed.about.kind,
            secrets: connection.secrets.clone(),
            base_url: listed.about.base_url.clone(),
            redirect_uri: None,
            scopes: listed.scopes.clone(),
            state: String::new(),
        }
    }

    async fn refresh(&self, connection: Connection, lease: Lease) -> Result<Connection, Problem> {
        // From here on the process is not ended on purpose until the answer is kept: a service may take
        // a refresh token once only.
        let _renewing = self.store.renewing().await;
        let key = match self.store.current_key() {
            Ok(key) => key,
            Err(error) => {
                self.store.release(connection.listed.id, lease).await?;
                return Err(error.into());
            }
        };
        let found = match self.making(&connection).refresh().await {
            Ok(found) => found,
            Err(failure) if is_final(&failure.error) => {
                self.store.refuse(&connection).await?;
                let Failure { error, exchanges, .. } = refused(&connection);
                let lost = match lease.abandoned {
                    true => {
                        " A process that was getting new tokens has ended before it had kept them."
                    }
                    false => "",
                };
                let message =
                    format!("{}{lost} The service said: {}", error.message, failure.error.message);
                let error = AppError { message, status: failure.error.status, ..error };
                let exchanges = [failure.exchanges, exchanges].concat();
                return Err(Problem::App(Failure { error, exchanges, saved: None }));
            }
            Err(failure) => {
                // The next caller may try at once: it was not the service that refused.
                self.store.release(connection.listed.id, lease).await?;
                return Err(Problem::App(failure));
            }
        };
        let mut renewed = connection;
        renewed.take(found);
        renewed.listed.state = State::Ready;
        let mut tries = 0;
        loop {
            match self.store.save_with(&renewed, Some(&lease), &key).await {
                // It took longer than the lease, and somebody else was quicker.
                Err(Error::Changed(_)) => return Ok(self.store.reload(&renewed).await?),
                Err(Error::Store(error)) if tries < TRIES => {
                    if tries == 0 {
                        let connection = renewed.name();
                        tracing::warn!(connection, %error, "new tokens cannot be kept yet");
                    }
                    tries += 1;
                }
                Err(error) => return Err(unkept(&renewed, &error).into()),
                Ok(saved) => return Ok(saved),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

fn unkept(connection: &Connection, error: &Error) -> Error {
    Error::Unkept {
        name: connection.name().to_owned(),
        reason: error.to_string(),
        command: command(connection),
    }
}

/// Whether a failure of a module means that the access token is not accepted.
fn is_refusal(error: &AppError) -> bool {
    match error.kind {
        ErrorType::InvalidAccessTokenError => true,
        // An app that gives it no type of its own says nothing else by it.
        ErrorType::RuntimeError => error.status == Some(401),
        _ => false,
    }
}

/// Whether a failure of a refresh means that the service will never give new tokens for these.
fn is_final(error: &AppError) -> bool {
    match error.status {
        Some(408 | 429) | None => {
            error.kind == ErrorType::InvalidAccessTokenError && error.status.is_none()
        }
        Some(status) => (400..500).contains(&status),
    }
}

fn refused(connection: &Connection) -> Failure {
    let error =
        AppError::new(ErrorType::InvalidAccessTokenError, "The service gives no new access token");
    explained(&error, connection)
}

/// Adds which connection it is and what a person can do.
fn explained(error: &AppError, connection: &Connection) -> Failure {
    let (name, command) = (connection.name(), command(connection));
    let message = error.message.trim_end_matches('.');
    let message = format!("{message}. Authorize the connection {name:?} again: {command}");
    let kind = ErrorType::InvalidAccessTokenError;
    Failure {
        error: AppError { kind, message, ..error.clone() },
        exchanges: Vec::new(),
        saved: None,
    }
}

/// What authorizes a connection again.
fn command(connection: &Connection) -> String {
    let whose = match connection.listed.about.workspace {
        WorkspaceId::OPERATOR => String::new(),
        workspace => format!(" --workspace {workspace}"),
    };
    format!("halyard connection authorize {}{whose}", quoted(connection.name()))
}

/// A name as a shell takes it.
fn quoted(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    match name.chars().all(plain) {
        true => name.to_owned(),
        false => format!("'{}'", name.replace('\'', "'\\''")),
    }
}

fn wrong(kind: ErrorType, message: impl Into<String>) -> Problem {
    Problem::App(Failure {
        error: AppError::new(kind, message),
        exchanges: Vec::new(),
        saved: None,
    })
}
