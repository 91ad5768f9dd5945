//! Tokens that expire, and their renewal (RFC 6749 section 6, RFC 9700 section 4.14).

use halyard_platform::{
    clock::Millis,
    db::{self, FromRow, Row, Tx},
    params,
};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{Application, ApplicationId};
use crate::{
    Error, Scopes, SecretHash, UserId,
    audit::{self, Act},
    token::{NewToken, insert},
};

/// How long a refresh token that was replaced gives the same answer again, in milliseconds: the
/// answer may have been lost on its way, or two parts of a program have asked at once.
pub const GRACE: Millis = 60 * 1000;
/// How long an application may stay away before what it holds ends, in days.
pub const IDLE_DAYS: i64 = 180;
/// Access tokens of one grant that can live at the same time.
const MOST_TOKENS: i64 = 10;
/// What refresh tokens begin with.
const PREFIX: &str = "oauth2r:";
/// Characters of each part of a refresh token.
const PART: usize = 40;

/// What the secrets of one answer are made of: 32 random bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Seed(pub [u8; 32]);

impl std::fmt::Debug for Seed {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Seed")
    }
}

impl Seed {
    /// The access token; its prefix belongs to it.
    pub(super) fn access_token(&self) -> String {
        format!("oauth2:{}", self.part("access"))
    }

    /// The refresh token of a family.
    fn refresh_token(&self, family: &str) -> String {
        format!("{PREFIX}{family}{}", self.part("refresh"))
    }

    fn part(&self, what: &str) -> String {
        let digest = Sha256::new().chain_update(what).chain_update(self.0).finalize();
        digest.iter().take(PART / 2).map(|byte| format!("{byte:02x}")).collect()
    }

    /// Makes it readable for those only who have this refresh token, and back. A refresh token is
    /// used for this once, as nobody else could have made it.
    fn sealed(&self, refresh_token: &str) -> Self {
        let key = Sha256::new().chain_update("answer").chain_update(refresh_token).finalize();
        let mut sealed = self.0;
        for (byte, key) in sealed.iter_mut().zip(key) {
            *byte ^= key;
        }
        Self(sealed)
    }
}

/// What an application gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// The access token.
    pub access_token: String,
    /// Names of its scopes.
    pub scope: String,
    /// How long it lives, in milliseconds; for ever when not set.
    pub expires_in: Option<Millis>,
    /// What renews it.
    pub refresh_token: Option<String>,
}

/// What an application brings to renew its token.
#[derive(Debug, Clone)]
pub struct Renewal {
    /// The refresh token as it was sent.
    pub refresh_token: String,
    /// Names of the scopes that it wants from now on; all that it has when not set.
    pub scope: Option<String>,
    /// Of the next secrets; the caller made it with [`halyard_platform::random::Random`].
    pub seed: Seed,
    /// How long an access token lives, in milliseconds.
    pub lifetime: Millis,
}

/// How a renewal went. A refusal is no error, because using a token again has an effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Renewed {
    /// These work now; the refresh token that was sent has had its use.
    Given(Given),
    /// The token is not one that renews anything; why.
    Refused(&'static str),
    /// More was asked for than what was agreed to.
    TooWide,
}

struct Stored {
    id: i64,
    user: UserId,
    scope: String,
    current: Vec<u8>,
    previous: Option<Vec<u8>>,
    answer: Option<Vec<u8>>,
    renewed_at: Millis,
}

impl FromRow for Stored {
    fn from_row(row: &mut Row<'_>) -> Result<Self, db::Error> {
        Ok(Self {
            id: row.get()?,
            user: row.get()?,
            scope: row.get()?,
            current: row.get()?,
            previous: row.get()?,
            answer: row.get()?,
            renewed_at: row.get()?,
        })
    }
}

/// The part of a refresh token that stays; none when it is no refresh token.
fn family(refresh_token: &str) -> Option<&str> {
    let parts = refresh_token.strip_prefix(PREFIX)?;
    let ours = parts.len() == 2 * PART && parts.bytes().all(|byte| byte.is_ascii_hexdigit());
    ours.then(|| &parts[..PART])
}

/// Begins to represent a person: the first tokens after an authorization. `family` is 40 random
/// hexadecimal digits. Answers the id of the grant, that of the token, and what to give.
pub(super) fn begin(
    tx: &mut Tx<'_>,
    application: &Application,
    user: UserId,
    scope: &str,
    (family, seed, lifetime): (&str, Seed, Millis),
    now: Millis,
) -> Result<(i64, i64, Given), Error> {
    let refresh_token = seed.refresh_token(family);
    let grant: i64 = tx.one(
        "insert into oauth_grant
             (application_id, user_id, scope, family_hash, current_hash, created_at, renewed_at)
         values ($1, $2, $3, $4, $5, $6, $6) returning id",
        params![
            application.id,
            user,
            scope,
            SecretHash::of(family).as_bytes(),
            SecretHash::of(&refresh_token).as_bytes(),
            now
        ],
    )?;
    let given = Given {
        access_token: seed.access_token(),
        scope: scope.to_owned(),
        expires_in: Some(lifetime),
        refresh_token: Some(refresh_token),
    };
    let token = add_token(tx, application, user, grant, &given, now)?;
    Ok((grant, token, given))
}

fn add_token(
    tx: &mut Tx<'_>,
    application: &Application,
    user: UserId,
    grant: i64,
    given: &Given,
    now: Millis,
) -> Result<i64, Error> {
    let new = NewToken {
        user,
        application: application.id,
        grant: Some(grant),
        secret: SecretHash::of(&given.access_token),
        name: &application.name,
        scopes: Scopes::parse(&given.scope).unwrap_or(Scopes::NONE),
        expires_at: given.expires_in.map(|lifetime| now + lifetime),
    };
    insert(tx, &new, now)
}

/// Gives new tokens for a refresh token. The application has authenticated before.
///
/// A refresh token works once. One that comes again was stolen, or its successor was: everything
/// that the application holds from that authorization ends. Only directly after its use, while its
/// successor was not used, it gives the same answer once more.
///
/// # Errors
/// Those of the store.
pub fn renew(
    tx: &mut Tx<'_>,
    application: &Application,
    wanted: &Renewal,
    now: Millis,
) -> Result<Renewed, Error> {
    const UNKNOWN: Renewed = Renewed::Refused("the refresh token is unknown, or has ended");
    let Some(family) = family(&wanted.refresh_token) else { return Ok(UNKNOWN) };
    let stored: Option<Stored> = tx.optional(
        "select g.id, g.user_id, g.scope, g.current_hash, g.previous_hash, g.answer, g.renewed_at
         from oauth_grant g
         join users u on u.id = g.user_id and u.removed_at is null
         where g.family_hash = $1 and g.application_id = $2 and g.renewed_at > $3 {lock g}",
        params![SecretHash::of(family).as_bytes(), application.id, idle_before(now)],
    )?;
    let Some(stored) = stored else { return Ok(UNKNOWN) };
    let sent = SecretHash::of(&wanted.refresh_token);
    if stored.current != sent.as_bytes() {
        let again = stored.previous.as_deref() == Some(sent.as_bytes().as_slice());
        return match again && now - stored.renewed_at < GRACE {
            true => repeat(tx, &stored, &wanted.refresh_token, family, now),
            false => used_again(tx, application, &stored, now),
        };
    }
    let agreed = Scopes::parse(&stored.scope).unwrap_or(Scopes::NONE);
    let scope = match &wanted.scope {
        None => stored.scope.clone(),
        Some(names) => match Scopes::parse(names) {
            Ok(asked) if asked.bits() & agreed.bits() == asked.bits() => {
                let names = names.split([',', ' ']).filter(|name| !name.is_empty());
                names.collect::<Vec<_>>().join(" ")
            }
            _ => return Ok(Renewed::TooWide),
        },
    };
    let given = Given {
        access_token: wanted.seed.access_token(),
        scope,
        expires_in: Some(wanted.lifetime),
        refresh_token: Some(wanted.seed.refresh_token(family)),
    };
    let next = SecretHash::of(given.refresh_token.as_deref().unwrap_or_default());
    tx.exec(
        "update oauth_grant set previous_hash = current_hash, current_hash = $2, answer = $3,
             renewed_at = $4
         where id = $1",
        params![stored.id, next.as_bytes(), &wanted.seed.sealed(&wanted.refresh_token).0, now],
    )?;
    add_token(tx, application, stored.user, stored.id, &given, now)?;
    // Those before live to their end, for requests that are under way; but nobody may fill the table.
    tx.exec(
        "delete from token where grant_id = $1 and id not in
             (select id from token where grant_id = $1 order by id desc limit $2)",
        params![stored.id, MOST_TOKENS],
    )?;
    Ok(Renewed::Given(given))
}

/// The answer that a refresh token was given, once more.
fn repeat(
    tx: &mut Tx<'_>,
    stored: &Stored,
    refresh_token: &str,
    family: &str,
    now: Millis,
) -> Result<Renewed, Error> {
    const OVER: Renewed = Renewed::Refused("the refresh token was used before");
    let sealed = stored.answer.as_deref().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    let Some(sealed) = sealed else { return Ok(OVER) };
    let seed = Seed(sealed).sealed(refresh_token);
    let access_token = seed.access_token();
    let living: Option<(i64, Millis)> = tx.optional(
        "select scopes, expires_at from token
         where hash = $1 and grant_id = $2 and expires_at > $3",
        params![SecretHash::of(&access_token).as_bytes(), stored.id, now],
    )?;
    let Some((scopes, expires_at)) = living else { return Ok(OVER) };
    let scopes = Scopes::from_bits(scopes);
    let agreed = Scopes::parse(&stored.scope) == Ok(scopes);
    Ok(Renewed::Given(Given {
        access_token,
        scope: if agreed { stored.scope.clone() } else { scopes.to_string() },
        expires_in: Some(expires_at - now),
        refresh_token: Some(seed.refresh_token(family)),
    }))
}

fn used_again(
    tx: &mut Tx<'_>,
    application: &Application,
    stored: &Stored,
    now: Millis,
) -> Result<Renewed, Error> {
    end(tx, stored.id)?;
    let act = Act {
        by: None,
        workspace: None,
        account: Some(stored.user),
        kind: "refresh_token_used_again",
        subject: ("application", application.id.0),
        detail: json!({"name": application.name}),
    };
    audit::record(tx, &act, now)?;
    Ok(Renewed::Refused("the refresh token was used before; all that came of it has ended"))
}

/// Ends a grant with its tokens.
pub(crate) fn end(tx: &mut Tx<'_>, grant: i64) -> Result<(), Error> {
    tx.exec("delete from token where grant_id = $1", params![grant])?;
    tx.exec("delete from oauth_grant where id = $1", params![grant])?;
    Ok(())
}

/// Ends the grant that a refresh token of an application belongs to, if there is one.
pub(super) fn end_by_token(
    tx: &mut Tx<'_>,
    application: ApplicationId,
    refresh_token: &str,
) -> Result<(), Error> {
    let Some(family) = family(refresh_token) else { return Ok(()) };
    let grant: Option<i64> = tx.optional(
        "select id from oauth_grant where family_hash = $1 and application_id = $2",
        params![SecretHash::of(family).as_bytes(), application],
    )?;
    grant.map_or(Ok(()), |grant| end(tx, grant))
}

/// Ends what nobody has renewed for [`IDLE_DAYS`].
pub(super) fn sweep(tx: &mut Tx<'_>, now: Millis) -> Result<u64, Error> {
    let before = idle_before(now);
    tx.exec(
        "delete from token where grant_id in
             (select id from oauth_grant where renewed_at <= $1)",
        params![before],
    )?;
    Ok(tx.exec("delete from oauth_grant where renewed_at <= $1", params![before])?)
}

fn idle_before(now: Millis) -> Millis {
    now - IDLE_DAYS * 86_400_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_readable_with_the_token_that_it_was_for() {
        let (seed, other) = (Seed([7; 32]), Seed([8; 32]));
        let family = "f".repeat(PART);
        let token = other.refresh_token(&family);
        assert_eq!(super::family(&token), Some(family.as_str()));
        let sealed = seed.sealed(&token);
        assert_ne!(sealed, seed);
        assert_eq!(sealed.sealed(&token), seed);
        assert_ne!(sealed.sealed(&seed.refresh_token(&family)), seed);
    }

    #[test]
    fn secrets_of_a_seed_have_nothing_in_common() {
        let seed = Seed([7; 32]);
        let (access, refresh) = (seed.access_token(), seed.refresh_token(&"f".repeat(PART)));
        assert_eq!(
            (access.len(), refresh.len()),
            ("oauth2:".len() + PART, PREFIX.len() + 2 * PART)
        );
        assert!(!refresh.contains(&access["oauth2:".len()..]));
        for no in ["", "oauth2r:", "oauth2r:zz", &access, &refresh[1..], &format!("{refresh}0")] {
            assert_eq!(family(no), None, "{no}");
        }
    }
}
