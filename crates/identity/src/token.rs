use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
};

use halyard_platform::{
    clock::Millis,
    db::{self, Dialect, FromRow, Row, Tx},
    params,
};
use serde_json::json;

use crate::{Error, Scopes, SecretHash, UserId, audit, logins, oauth::ApplicationId};

/// How long a session cookie lives.
pub const SESSION_DAYS: i64 = 30;

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// Sent as Bearer token by programs; lives until revoked.
    Personal,
    /// The same, made by a sign-in; ends when nobody uses it.
    Login,
    /// Sent as cookie by browsers; lives [`SESSION_DAYS`].
    Session,
    /// Sent as Bearer token by this application, for a person who lets it.
    Application(ApplicationId),
}

impl TokenKind {
    pub(crate) fn stored(self) -> &'static str {
        match self {
            Self::Personal => "personal",
            Self::Login => "login",
            Self::Session => "session",
            Self::Application(_) => "application",
        }
    }
}

/// What a request brought along to prove who sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Credentials {
    /// A token from the header or the parameters.
    Token(SecretHash),
    /// A session cookie.
    Session(SecretHash),
    /// Nothing.
    None,
}

/// The person behind a request and what the request may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// Who it is.
    pub user: UserId,
    /// What the token covers.
    pub scopes: Scopes,
    /// Which token it was.
    pub token: i64,
    /// What kind of token it was.
    pub kind: TokenKind,
}

impl FromRow for Principal {
    fn from_row(row: &mut Row<'_>) -> Result<Self, db::Error> {
        let (user, token, scopes) = (row.get()?, row.get()?, row.get()?);
        let (kind, application): (String, Option<ApplicationId>) = (row.get()?, row.get()?);
        let kind = match application {
            Some(application) => TokenKind::Application(application),
            None if kind == TokenKind::Session.stored() => TokenKind::Session,
            None if kind == TokenKind::Login.stored() => TokenKind::Login,
            None => TokenKind::Personal,
        };
        Ok(Self { user, token, scopes: Scopes::from_bits(scopes), kind })
    }
}

/// Who sent earlier requests with which credentials. Never trusted: it only lets the question who
/// sends a request travel together with what the request asks for.
#[derive(Debug, Clone, Default)]
pub struct Familiar {
    principals: Arc<Mutex<HashMap<Credentials, Principal>>>,
}

/// Credentials that are remembered; beyond that all are forgotten.
const FAMILIAR: usize = 10_000;

impl Familiar {
    fn get(&self, credentials: &Credentials) -> Option<Principal> {
        self.principals().get(credentials).cloned()
    }

    fn remember(&self, credentials: Credentials, principal: Principal) {
        let mut principals = self.principals();
        if principals.len() >= FAMILIAR {
            principals.clear();
        }
        principals.insert(credentials, principal);
    }

    fn forget(&self, credentials: &Credentials) {
        self.principals().remove(credentials);
    }

    fn principals(&self) -> MutexGuard<'_, HashMap<Credentials, Principal>> {
        self.principals.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// As [`authenticate`]. Where a question to the database costs a round trip, somebody familiar is
/// presumed to be who they were, which is checked before anything is committed or answered.
///
/// # Errors
/// As [`authenticate`].
pub fn recognize(
    tx: &mut Tx<'_>,
    familiar: &Familiar,
    credentials: &Credentials,
    now: Millis,
) -> Result<Principal, Error> {
    if tx.dialect() == Dialect::Sqlite {
        return authenticate(tx, credentials, now);
    }
    if let (Some(known), Some((hash, session))) = (familiar.get(credentials), credentials.parts()) {
        let (familiar, credentials) = (familiar.clone(), *credentials);
        let wrong = move || familiar.forget(&credentials);
        let values = params![hash.as_bytes(), session, now];
        if tx.presume(PRINCIPAL, values, known.clone(), wrong)? {
            return Ok(known);
        }
    }
    let principal = authenticate(tx, credentials, now)?;
    familiar.remember(*credentials, principal.clone());
    Ok(principal)
}

/// Finds out who sends a request.
///
/// # Errors
/// [`Error::InvalidToken`] for missing, unknown, expired and revoked credentials and for those of
/// a removed person. (The imitated API answers a missing token like a wrong one.)
pub fn authenticate(
    tx: &mut Tx<'_>,
    credentials: &Credentials,
    now: Millis,
) -> Result<Principal, Error> {
    let (hash, session) = credentials.parts().ok_or(Error::InvalidToken)?;
    tx.optional(PRINCIPAL, params![hash.as_bytes(), session, now])?.ok_or(Error::InvalidToken)
}

const PRINCIPAL: &str = "select t.user_id, t.id, t.scopes, t.kind, t.application_id
     from token t
     join users u on u.id = t.user_id and u.removed_at is null
     where t.hash = $1 and (t.kind = 'session') = $2
         and (t.expires_at is null or t.expires_at > $3)";

impl Credentials {
    /// Digest, and whether it is that of a session.
    fn parts(&self) -> Option<(&SecretHash, bool)> {
        match self {
            Self::None => None,
            Self::Token(hash) => Some((hash, false)),
            Self::Session(hash) => Some((hash, true)),
        }
    }
}

/// Stores a token; the caller made its secret with [`halyard_platform::random::Random`].
pub fn issue(
    tx: &mut Tx<'_>,
    user: UserId,
    kind: TokenKind,
    secret: &SecretHash,
    name: &str,
    scopes: Scopes,
    now: Millis,
) -> Result<i64, Error> {
    let expires_at = (kind == TokenKind::Session).then_some(now + SESSION_DAYS * 86_400_000);
    let application = match kind {
        TokenKind::Application(application) => Some(application),
        TokenKind::Personal | TokenKind::Login | TokenKind::Session => None,
    };
    let used_at = (kind == TokenKind::Login).then_some(now);
    if kind == TokenKind::Login {
        logins::make_room(tx, user, now)?;
    }
    let id = tx.one(
        "insert into token
             (hash, user_id, kind, name, scopes, created_at, expires_at, application_id, used_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning id",
        params![
            secret.as_bytes(),
            user,
            kind.stored(),
            name,
            scopes.bits(),
            now,
            expires_at,
            application,
            used_at
        ],
    )?;
    // A consent is entered where it is given, a session is no act.
    if matches!(kind, TokenKind::Personal | TokenKind::Login) {
        let detail = json!({"name": name, "scopes": scopes.to_string()});
        audit::account(tx, Some(user), "token_added", ("token", id), detail, now)?;
    }
    Ok(id)
}

/// A token of an application that is to be stored.
pub(crate) struct NewToken<'a> {
    pub(crate) user: UserId,
    pub(crate) application: ApplicationId,
    /// What renews it.
    pub(crate) grant: Option<i64>,
    pub(crate) secret: SecretHash,
    pub(crate) name: &'a str,
    pub(crate) scopes: Scopes,
    pub(crate) expires_at: Option<Millis>,
}

/// Stores a token of an application.
pub(crate) fn insert(tx: &mut Tx<'_>, new: &NewToken<'_>, now: Millis) -> Result<i64, Error> {
    Ok(tx.one(
        "insert into token
             (hash, user_id, kind, name, scopes, created_at, expires_at, application_id, grant_id)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning id",
        params![
            new.secret.as_bytes(),
            new.user,
            TokenKind::Application(new.application).stored(),
            new.name,
            new.scopes.bits(),
            now,
            new.expires_at,
            new.application,
            new.grant
        ],
    )?)
}

/// A token as its owner and the operator see it: not its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Id.
    pub id: i64,
    /// Whose it is.
    pub user: UserId,
    /// Address of the owner.
    pub email: String,
    /// What it is for, in the words of whoever made it.
    pub name: String,
    /// What it covers.
    pub scopes: Scopes,
    /// When it was made.
    pub created_at: Millis,
    /// Name of the application that has it; none for the person's own.
    pub application: Option<String>,
}

impl FromRow for Token {
    fn from_row(row: &mut Row<'_>) -> Result<Self, db::Error> {
        Ok(Self {
            id: row.get()?,
            user: row.get()?,
            email: row.get()?,
            name: row.get()?,
            scopes: Scopes::from_bits(row.get()?),
            created_at: row.get()?,
            application: row.get()?,
        })
    }
}

/// The tokens of a person, or of everybody, oldest first: personal ones and those of applications.
pub fn list(tx: &mut Tx<'_>, user: Option<UserId>) -> Result<Vec<Token>, Error> {
    Ok(tx.all(
        "select t.id, t.user_id, u.email, t.name, t.scopes, t.created_at, a.name
         from token t
         join users u on u.id = t.user_id
         left join application a on a.id = t.application_id
         where t.kind <> 'session' and ($1 or t.user_id = $2)
         order by t.id",
        params![user.is_none(), user.map_or(0, |user| user.0)],
    )?)
}

/// Ends one token, and what renews it; false when there was none.
pub fn revoke(tx: &mut Tx<'_>, token: i64, now: Millis) -> Result<bool, Error> {
    let ended: Option<(UserId, String, Option<i64>)> = tx.optional(
        "delete from token where id = $1 returning user_id, name, grant_id",
        params![token],
    )?;
    let Some((user, name, grant)) = ended else { return Ok(false) };
    if let Some(grant) = grant {
        crate::oauth::end_grant(tx, grant)?;
    }
    let detail = json!({"name": name});
    audit::account(tx, Some(user), "token_revoked", ("token", token), detail, now)?;
    Ok(true)
}

/// Ends every token of a person, of one kind, where those of sign-ins count as personal; of applications only those of the one named.
pub fn revoke_all(tx: &mut Tx<'_>, user: UserId, kind: TokenKind) -> Result<(), Error> {
    if let TokenKind::Application(application) = kind {
        for sql in [
            "delete from token where user_id = $1 and application_id = $2",
            "delete from oauth_grant where user_id = $1 and application_id = $2",
        ] {
            tx.exec(sql, params![user, application])?;
        }
        return Ok(());
    }
    let kinds = match kind {
        TokenKind::Personal | TokenKind::Login => (TokenKind::Personal, TokenKind::Login),
        other => (other, other),
    };
    tx.exec(
        "delete from token where user_id = $1 and (kind = $2 or kind = $3)",
        params![user, kinds.0.stored(), kinds.1.stored()],
    )?;
    Ok(())
}

/// Ends the session with this secret, if there is one.
pub fn end_session(tx: &mut Tx<'_>, secret: &SecretHash) -> Result<(), Error> {
    tx.exec(
        "delete from token where hash = $1 and kind = $2",
        params![secret.as_bytes(), TokenKind::Session.stored()],
    )?;
    Ok(())
}

/// Ends every session of a person but the one with this secret, after a change of the password.
pub fn revoke_other_sessions(
    tx: &mut Tx<'_>,
    user: UserId,
    kept: Option<&SecretHash>,
) -> Result<(), Error> {
    let Some(kept) = kept else { return revoke_all(tx, user, TokenKind::Session) };
    tx.exec(
        "delete from token where user_id = $1 and kind = $2 and hash <> $3",
        params![user, TokenKind::Session.stored(), kept.as_bytes()],
    )?;
    Ok(())
}

/// Removes what has expired: sessions, login tokens that nobody uses, and codes of every kind.
pub fn sweep(tx: &mut Tx<'_>, now: Millis) -> Result<u64, Error> {
    let sessions = tx.exec("delete from token where expires_at <= $1", params![now])?;
    let logins = logins::sweep(tx, now)?;
    let codes = tx.exec("delete from one_time_code where expires_at <= $1", params![now])?;
    Ok(sessions + logins + codes + crate::oauth::sweep(tx, now)?)
}
