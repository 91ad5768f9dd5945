use halyard_platform::{
    clock::Millis,
    db::{self, FromRow, Row, Tx},
    params,
};
use serde_json::json;

use super::{ApplicationId, refresh};
use crate::{
    Error, Principal, Scopes, SecretHash, TokenKind, UserId, audit,
    token::{NewToken, insert},
};

/// What a person lets an application do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// Whose consent.
    pub user: UserId,
    /// Address of that person.
    pub email: String,
    /// Which application.
    pub application: ApplicationId,
    /// What it calls itself in requests.
    pub client_id: String,
    /// Its name.
    pub name: String,
    /// What it was allowed.
    pub scopes: Scopes,
    /// When it was last allowed something.
    pub granted_at: Millis,
}

impl FromRow for Consent {
    fn from_row(row: &mut Row<'_>) -> Result<Self, db::Error> {
        Ok(Self {
            user: row.get()?,
            email: row.get()?,
            application: row.get()?,
            client_id: row.get()?,
            name: row.get()?,
            scopes: Scopes::from_bits(row.get()?),
            granted_at: row.get()?,
        })
    }
}

/// Remembers that a person lets an application do this, in addition to what it may already.
pub fn grant(
    tx: &mut Tx<'_>,
    user: UserId,
    application: ApplicationId,
    scopes: Scopes,
    now: Millis,
) -> Result<(), Error> {
    tx.exec(
        "insert into consent (user_id, application_id, scopes, granted_at)
         values ($1, $2, $3, $4)
         on conflict (user_id, application_id) do update set
             scopes = consent.scopes | excluded.scopes, granted_at = excluded.granted_at",
        params![user, application, scopes.bits(), now],
    )?;
    let (subject, detail) = (("application", application.0), json!({"scopes": scopes.to_string()}));
    audit::account(tx, Some(user), "consent_given", subject, detail, now)?;
    Ok(())
}

/// What a person has consented to, the latest first.
pub fn of_user(tx: &mut Tx<'_>, user: UserId) -> Result<Vec<Consent>, Error> {
    Ok(tx.all(
        "select c.user_id, u.email, c.application_id, a.client_id, a.name, c.scopes, c.granted_at
         from consent c
         join users u on u.id = c.user_id
         join application a on a.id = c.application_id
         where c.user_id = $1
         order by c.granted_at desc, c.application_id",
        params![user],
    )?)
}

/// All consents, by application.
pub fn list(tx: &mut Tx<'_>) -> Result<Vec<Consent>, Error> {
    Ok(tx.all(
        "select c.user_id, u.email, c.application_id, a.client_id, a.name, c.scopes, c.granted_at
         from consent c
         join users u on u.id = c.user_id
         join application a on a.id = c.application_id
         order by c.application_id, c.user_id",
        params![],
    )?)
}

/// Takes a consent back: the application's tokens for this person end, and codes that it has not
/// used yet. False when there was none.
pub fn revoke(
    tx: &mut Tx<'_>,
    user: UserId,
    application: ApplicationId,
    now: Millis,
) -> Result<bool, Error> {
    let given = tx.exec(
        "delete from consent where user_id = $1 and application_id = $2",
        params![user, application],
    )?;
    tx.exec(
        "delete from authorization_code where user_id = $1 and application_id = $2",
        params![user, application],
    )?;
    let tokens = tx.exec(
        "delete from token where user_id = $1 and application_id = $2",
        params![user, application],
    )?;
    let tokens = tokens
        + tx.exec(
            "delete from oauth_grant where user_id = $1 and application_id = $2",
            params![user, application],
        )?;
    if given + tokens == 0 {
        return Ok(false);
    }
    let subject = ("application", application.0);
    audit::account(tx, Some(user), "consent_revoked", subject, json!({}), now)?;
    Ok(true)
}

/// Ends a token of an application, and with one that can be renewed, or that renews, everything from
/// the same authorization; nothing happens when it is not one of its.
pub fn revoke_token(tx: &mut Tx<'_>, application: ApplicationId, token: &str) -> Result<(), Error> {
    let ended: Option<Option<i64>> = tx.optional(
        "delete from token where hash = $1 and application_id = $2 returning grant_id",
        params![SecretHash::of(token).as_bytes(), application],
    )?;
    match ended.flatten() {
        Some(grant) => refresh::end(tx, grant),
        None => refresh::end_by_token(tx, application, token),
    }
}

/// Ends every token that an application has for a person, and gives it one that covers what the
/// presented one does, and lives as long. What renews the presented one stays, and nothing else.
pub fn replace_tokens(
    tx: &mut Tx<'_>,
    presented: &Principal,
    application: ApplicationId,
    secret: &SecretHash,
    now: Millis,
) -> Result<(), Error> {
    let user = presented.user;
    let kept: Option<(Option<i64>, Option<Millis>)> = tx.optional(
        "select grant_id, expires_at from token where id = $1",
        params![presented.token],
    )?;
    let (grant, expires_at) = kept.unwrap_or_default();
    tx.exec(
        "delete from token where user_id = $1 and application_id = $2",
        params![user, application],
    )?;
    tx.exec(
        "delete from oauth_grant where user_id = $1 and application_id = $2 and id <> $3",
        params![user, application, grant.unwrap_or(0)],
    )?;
    let scopes = presented.scopes;
    let secret = *secret;
    let new = NewToken { user, application, grant, secret, name: "replaced", scopes, expires_at };
    insert(tx, &new, now)?;
    Ok(())
}

/// Gives the owner of an application a token of every scope to try it with. It replaces the one
/// before. False when the person has no such application.
pub fn issue_test_token(
    tx: &mut Tx<'_>,
    owner: UserId,
    id: ApplicationId,
    token: &SecretHash,
    now: Millis,
) -> Result<bool, Error> {
    const NAME: &str = "test token";
    if !super::of_owner(tx, owner)?.iter().any(|application| application.id == id) {
        return Ok(false);
    }
    tx.exec(
        "delete from token
         where application_id = $1 and user_id = $2 and name = $3 and grant_id is null",
        params![id, owner, NAME],
    )?;
    let kind = TokenKind::Application(id);
    let token = crate::issue_token(tx, owner, kind, token, NAME, Scopes::ALL, now)?;
    let detail = json!({"name": NAME, "scopes": Scopes::ALL.to_string(), "application_id": id});
    audit::account(tx, Some(owner), "token_added", ("token", token), detail, now)?;
    Ok(true)
}

/// Takes away everything that anybody has given to an application.
pub(super) fn forget_application(tx: &mut Tx<'_>, id: ApplicationId) -> Result<(), Error> {
    tx.exec("delete from token where application_id = $1", params![id])?;
    tx.exec("delete from oauth_grant where application_id = $1", params![id])?;
    tx.exec("delete from authorization_code where application_id = $1", params![id])?;
    tx.exec("delete from consent where application_id = $1", params![id])?;
    Ok(())
}
