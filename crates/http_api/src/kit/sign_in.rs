//! Signing in with a password, slowed down for those who guess.

use std::net::SocketAddr;

use axum::extract::ConnectInfo;
use halyard_identity::{
    Error, LoginLimit, Scopes, SecretHash, TokenKind, User, email_key, issue_token, load_user,
    load_user_by_email,
};
use halyard_platform::{clock::Millis, db::Tx};
use http::Extensions;

use crate::App;

/// The address that a request comes from, for limits; empty when it is not known.
pub(crate) fn peer(extensions: &Extensions) -> String {
    let peer = extensions.get::<ConnectInfo<SocketAddr>>();
    peer.map(|info| info.0.ip().to_string()).unwrap_or_default()
}

/// An attempt to get in. It counts as failed, for the address and for its origin, until it has
/// succeeded.
pub(crate) struct Attempt<'a> {
    logins: &'a LoginLimit,
    account: String,
    origin: Option<String>,
}

impl<'a> Attempt<'a> {
    /// # Errors
    /// [`Error::TooManyAttempts`] when there were too many for this address or from this origin.
    pub(crate) fn begin(app: &'a App, peer: &str, email: &str) -> Result<Self, Error> {
        let origin = origin(app, peer)?;
        let account = format!("email:{}", email_key(email));
        app.logins.attempt(&account, app.clock.now())?;
        Ok(Self { logins: &app.logins, account, origin })
    }

    pub(crate) fn succeeded(self) {
        self.logins.succeeded(&self.account);
        // Not forgotten: with an account of their own, somebody could go on guessing others'.
        if let Some(origin) = &self.origin {
            self.logins.forgive(origin);
        }
    }
}

/// Counts an attempt for the address that a request comes from; [`LoginLimit::forgive`] takes it
/// back.
pub(crate) fn origin(app: &App, peer: &str) -> Result<Option<String>, Error> {
    let origin = (!peer.is_empty()).then(|| format!("peer:{peer}"));
    if let Some(origin) = &origin {
        app.logins.attempt(origin, app.clock.now())?;
    }
    Ok(origin)
}

/// The person with this address, when the password is theirs.
///
/// # Errors
/// [`Error::WrongPassword`], which does not tell whether the address exists;
/// [`Error::TooManyAttempts`].
pub(crate) async fn check_password(
    app: &App,
    peer: &str,
    email: String,
    password: String,
) -> Result<User, Error> {
    let attempt = Attempt::begin(app, peer, &email)?;
    let known = app.db.read(move |tx| load_user_by_email(tx, &email)).await?;
    let known = known.filter(|user| !user.removed);
    let hash = known.as_ref().and_then(|user| user.password_hash.clone());
    let right = app.passwords.verify(password, hash).await?;
    let user = known.filter(|_| right).ok_or(Error::WrongPassword)?;
    attempt.succeeded();
    Ok(user)
}

/// Refuses somebody whose password was changed while the one they sent was being checked.
///
/// # Errors
/// [`Error::WrongPassword`]
pub(crate) fn still_right(tx: &mut Tx<'_>, user: &User) -> Result<(), Error> {
    if load_user(tx, user.id)?.password_hash == user.password_hash {
        Ok(())
    } else {
        Err(Error::WrongPassword)
    }
}

/// Stores the session of a browser.
pub(crate) fn start_session(
    tx: &mut Tx<'_>,
    user: &User,
    secret: &str,
    now: Millis,
) -> Result<(), Error> {
    let (secret, kind) = (SecretHash::of(secret), TokenKind::Session);
    issue_token(tx, user.id, kind, &secret, "login", Scopes::ALL, now)?;
    Ok(())
}
