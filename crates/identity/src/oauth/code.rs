use halyard_platform::{
    clock::Millis,
    db::{self, FromRow, Row, Tx},
    params,
};
use sha2::{Digest, Sha256};

use super::{
    Application, ApplicationId, RedirectUri,
    refresh::{self, Given, Seed},
};
use crate::{
    Error, Scopes, SecretHash, UserId,
    token::{NewToken, insert},
};

/// How long a code can be exchanged, in milliseconds: a program does it at once.
pub const CODE_LIFETIME: Millis = 5 * 60 * 1000;

/// What a person has agreed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// With whom.
    pub application: ApplicationId,
    /// Who.
    pub user: UserId,
    /// Names of scopes as they were asked for.
    pub scope: String,
    /// Where the code is sent.
    pub redirect_uri: RedirectUri,
    /// Whether the request named that address, or it was the only one.
    pub redirect_uri_named: bool,
    /// S256 of the verifier that the exchange has to bring.
    pub challenge: Option<String>,
}

/// What an application brings to get a token for a code.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// The code.
    pub code: SecretHash,
    /// The address that the code was sent to.
    pub redirect_uri: Option<String>,
    /// What the challenge was made of.
    pub verifier: Option<String>,
    /// Of the secrets to give; the caller made it with [`halyard_platform::random::Random`].
    pub seed: Seed,
    /// What the refresh tokens of an application that renews its tokens have in common: 40 random
    /// hexadecimal digits.
    pub family: String,
    /// How long a token of such an application lives, in milliseconds.
    pub lifetime: Millis,
}

/// How an exchange went. A refusal is no error, because using a code again has an effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// These work now.
    Granted(Given),
    /// Why not.
    Refused(&'static str),
}

/// Whether a text can be a challenge: the 43 characters of a SHA-256 in base64url.
pub fn is_challenge(text: &str) -> bool {
    text.len() == 43 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// Stores a code; the caller made its secret with [`halyard_platform::random::Random`].
pub fn issue(
    tx: &mut Tx<'_>,
    grant: &Grant,
    secret: &SecretHash,
    now: Millis,
) -> Result<(), Error> {
    tx.exec(
        "insert into authorization_code
             (hash, application_id, user_id, scope, redirect_uri, redirect_uri_named, challenge,
              expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        params![
            secret.as_bytes(),
            grant.application,
            grant.user,
            &grant.scope,
            grant.redirect_uri.as_str(),
            grant.redirect_uri_named,
            &grant.challenge,
            now + CODE_LIFETIME
        ],
    )?;
    Ok(())
}

struct Stored {
    application: ApplicationId,
    user: UserId,
    scope: String,
    redirect_uri: String,
    redirect_uri_named: bool,
    challenge: Option<String>,
    expires_at: Millis,
    used: bool,
}

impl FromRow for Stored {
    fn from_row(row: &mut Row<'_>) -> Result<Self, db::Error> {
        Ok(Self {
            application: row.get()?,
            user: row.get()?,
            scope: row.get()?,
            redirect_uri: row.get()?,
            redirect_uri_named: row.get()?,
            challenge: row.get()?,
            expires_at: row.get()?,
            used: row.get()?,
        })
    }
}

/// Gives a token for a code. The application has authenticated before.
///
/// A code that comes a second time was stolen, or its token was: that token ends (RFC 6749).
pub fn exchange(
    tx: &mut Tx<'_>,
    application: &Application,
    wanted: &Exchange,
    now: Millis,
) -> Result<Outcome, Error> {
    let stored: Option<Stored> = tx.optional(
        "select c.application_id, c.user_id, c.scope, c.redirect_uri, c.redirect_uri_named,
             c.challenge, c.expires_at, c.used_at is not null
         from authorization_code c
         join users u on u.id = c.user_id and u.removed_at is null
         where c.hash = $1",
        params![wanted.code.as_bytes()],
    )?;
    let Some(stored) = stored.filter(|stored| stored.application == application.id) else {
        return Ok(Outcome::Refused("the code is unknown"));
    };
    if stored.used {
        return used_again(tx, &wanted.code);
    }
    if let Some(reason) = mismatch(&stored, application, wanted, now) {
        return Ok(Outcome::Refused(reason));
    }
    let first = tx.exec(
        "update authorization_code set used_at = $2 where hash = $1 and used_at is null",
        params![wanted.code.as_bytes(), now],
    )?;
    if first == 0 {
        return used_again(tx, &wanted.code);
    }
    let (user, scope) = (stored.user, &stored.scope);
    let (grant, token, given) = if application.refreshes {
        let secrets = (wanted.family.as_str(), wanted.seed, wanted.lifetime);
        let begun = refresh::begin(tx, application, user, scope, secrets, now)?;
        (Some(begun.0), begun.1, begun.2)
    } else {
        let access_token = wanted.seed.access_token();
        let new = NewToken {
            user,
            application: application.id,
            grant: None,
            secret: SecretHash::of(&access_token),
            name: &application.name,
            scopes: Scopes::parse(scope).unwrap_or(Scopes::NONE),
            expires_at: None,
        };
        let token = insert(tx, &new, now)?;
        let scope = scope.clone();
        (None, token, Given { access_token, scope, expires_in: None, refresh_token: None })
    };
    tx.exec(
        "update authorization_code set token_id = $2, grant_id = $3 where hash = $1",
        params![wanted.code.as_bytes(), token, grant],
    )?;
    Ok(Outcome::Granted(given))
}

fn used_again(tx: &mut Tx<'_>, code: &SecretHash) -> Result<Outcome, Error> {
    let grant: Option<Option<i64>> = tx.optional(
        "select grant_id from authorization_code where hash = $1",
        params![code.as_bytes()],
    )?;
    if let Some(grant) = grant.flatten() {
        refresh::end(tx, grant)?;
    }
    tx.exec(
        "delete from token
         where id in (select token_id from authorization_code where hash = $1)",
        params![code.as_bytes()],
    )?;
    Ok(Outcome::Refused("the code was used before; the token that it gave has ended"))
}

/// What speaks against an exchange.
fn mismatch(
    stored: &Stored,
    application: &Application,
    wanted: &Exchange,
    now: Millis,
) -> Option<&'static str> {
    if now >= stored.expires_at {
        return Some("the code has expired");
    }
    match &wanted.redirect_uri {
        Some(uri) if *uri != stored.redirect_uri => {
            return Some("redirect_uri is not the one that the code was sent to");
        }
        None if stored.redirect_uri_named => {
            return Some("redirect_uri is missing: the authorization had one");
        }
        _ => {}
    }
    match (&stored.challenge, &wanted.verifier) {
        (Some(challenge), Some(verifier)) if matches(verifier, challenge) => None,
        (Some(_), Some(_)) => Some("code_verifier does not match the challenge"),
        (Some(_), None) => Some("code_verifier is missing"),
        // Somebody may have taken the challenge out of the authorization request.
        (None, Some(_)) => Some("the authorization had no code_challenge"),
        (None, None) if application.secret.is_none() => Some("the authorization had no challenge"),
        (None, None) => None,
    }
}

/// Whether S256 of a verifier is the challenge.
fn matches(verifier: &str, challenge: &str) -> bool {
    let unreserved = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    (43..=128).contains(&verifier.len())
        && verifier.bytes().all(unreserved)
        && base64url(&Sha256::digest(verifier.as_bytes())) == challenge
}

/// Base64 in the alphabet of addresses, without padding.
fn base64url(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let mut bits = [0; 3];
        bits[..three.len()].copy_from_slice(three);
        let number = u32::from_be_bytes([0, bits[0], bits[1], bits[2]]);
        for place in 0..=three.len() {
            let index = (number >> (18 - 6 * place)) & 63;
            text.push(char::from(LETTERS[index as usize]));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_standard_matches() {
        // RFC 7636, appendix B.
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        assert!(is_challenge(challenge) && matches(verifier, challenge));
        assert!(!matches(&verifier[1..], challenge) && !matches(challenge, challenge));
        assert!(!is_challenge("short") && !is_challenge(&format!("{}=", &challenge[1..])));
    }

    #[test]
    fn base64_of_every_remainder() {
        for (bytes, text) in
            [("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg")]
        {
            assert_eq!(base64url(bytes.as_bytes()), text);
        }
        assert_eq!(base64url(&[0xfb, 0xff]), "-_8");
    }
}
