use halyard_platform::{
    clock::Millis,
    db::{self, FromRow, Row, Tx},
    params,
};
use serde_json::json;

use super::{RedirectUri, consent};
use crate::{Error, Scopes, SecretHash, UserId, audit};

/// Most addresses that one application may have.
pub const MAX_REDIRECT_URIS: usize = 20;
/// Longest name, in characters.
const MAX_NAME: usize = 255;

halyard_platform::id! {
    /// A program that acts for people.
    ApplicationId;
}

/// How an application proves that it is the one it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthMethod {
    /// Its secret in the header.
    Basic,
    /// Its secret in the body.
    Post,
    /// Not at all: it cannot keep a secret. Its codes are bound to it by PKCE.
    None,
}

impl AuthMethod {
    /// The name in OAuth.
    pub fn name(self) -> &'static str {
        match self {
            Self::Basic => "client_secret_basic",
            Self::Post => "client_secret_post",
            Self::None => "none",
        }
    }

    /// From its name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Basic, Self::Post, Self::None].into_iter().find(|method| method.name() == name)
    }
}

/// A program that people can let act for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// Id.
    pub id: ApplicationId,
    /// What it calls itself in requests.
    pub client_id: String,
    /// Of its secret, if it has one.
    pub secret: Option<SecretHash>,
    /// How it authenticates.
    pub auth: AuthMethod,
    /// Its name for people, in its own words.
    pub name: String,
    /// Its page for people, in its own words.
    pub website: Option<String>,
    /// Where it may be called back.
    pub redirect_uris: Vec<RedirectUri>,
    /// What it may ask for; everything when not set.
    pub scopes: Option<Scopes>,
    /// Who made it; nobody when it registered itself.
    pub owner: Option<UserId>,
    /// When it was registered.
    pub created_at: Millis,
    /// When its metadata document was fetched, for those that have one.
    pub fetched_at: Option<Millis>,
    /// Whether its tokens expire and it renews them.
    pub refreshes: bool,
}

impl FromRow for Application {
    fn from_row(row: &mut Row<'_>) -> Result<Self, db::Error> {
        let (id, client_id) = (row.get()?, row.get()?);
        let secret: Option<Vec<u8>> = row.get()?;
        let auth: String = row.get()?;
        let (name, website) = (row.get()?, row.get()?);
        let uris: String = row.get()?;
        // Stored by us from checked values; a row that somebody has damaged can call nobody back.
        let uris: Vec<String> = serde_json::from_str(&uris).unwrap_or_default();
        let scopes: Option<i64> = row.get()?;
        Ok(Self {
            id,
            client_id,
            secret: secret.and_then(|hash| SecretHash::stored(&hash)),
            auth: AuthMethod::named(&auth).unwrap_or(AuthMethod::Basic),
            name,
            website,
            redirect_uris: uris.iter().filter_map(|uri| RedirectUri::parse(uri).ok()).collect(),
            scopes: scopes.map(Scopes::from_bits),
            owner: row.get()?,
            created_at: row.get()?,
            fetched_at: row.get()?,
            refreshes: row.get()?,
        })
    }
}

impl Application {
    /// Whether this is its secret. One that has none cannot be proven to be the one it says.
    pub fn knows(&self, secret: &str) -> bool {
        // Hashes are compared: how long that takes says nothing about the secret.
        self.secret.is_some_and(|stored| stored == SecretHash::of(secret))
    }
}

/// What somebody says about an application that is to be registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewApplication {
    /// 1 to 255 characters.
    pub name: String,
    /// An http or https address.
    pub website: Option<String>,
    /// 1 to [`MAX_REDIRECT_URIS`] addresses.
    pub redirect_uris: Vec<RedirectUri>,
    /// What it may ask for; everything when not set.
    pub scopes: Option<Scopes>,
    /// How it authenticates.
    pub auth: AuthMethod,
    /// Who makes it.
    pub owner: Option<UserId>,
    /// Whether its tokens expire and it renews them.
    pub refreshes: bool,
}

impl NewApplication {
    /// Refuses what cannot be stored.
    ///
    /// # Errors
    /// [`Error::NameInvalid`]; [`Error::Invalid`] for the addresses.
    pub fn check(&self) -> Result<(), Error> {
        let name = self.name.trim();
        if name.is_empty() || name.chars().count() > MAX_NAME || name.contains(char::is_control) {
            return Err(Error::NameInvalid);
        }
        if self.redirect_uris.is_empty() || self.redirect_uris.len() > MAX_REDIRECT_URIS {
            return Err(Error::Invalid { field: "redirect_uris", expected: "1 to 20 addresses" });
        }
        let is_page = |website: &String| {
            let https = website.starts_with("https://") || website.starts_with("http://");
            https && RedirectUri::parse(website.split('#').next().unwrap_or_default()).is_ok()
        };
        if self.website.as_ref().is_some_and(|website| !is_page(website)) {
            return Err(Error::Invalid {
                field: "client_uri",
                expected: "an http or https address",
            });
        }
        Ok(())
    }

    fn uris(&self) -> String {
        let uris: Vec<&str> = self.redirect_uris.iter().map(RedirectUri::as_str).collect();
        serde_json::Value::from(uris).to_string()
    }
}

/// Stores an application; the caller made its id and secret with
/// [`halyard_platform::random::Random`].
///
/// # Errors
/// Those of [`NewApplication::check`].
pub fn register(
    tx: &mut Tx<'_>,
    new: &NewApplication,
    client_id: &str,
    secret: Option<&SecretHash>,
    now: Millis,
) -> Result<ApplicationId, Error> {
    new.check()?;
    let id: ApplicationId = tx.one(
        "insert into application
             (client_id, secret_hash, auth_method, name, website, redirect_uris, scopes, owner_id,
              created_at, refreshes)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning id",
        params![
            client_id,
            secret.map(SecretHash::as_bytes),
            new.auth.name(),
            new.name.trim(),
            &new.website,
            &new.uris(),
            new.scopes.map(Scopes::bits),
            new.owner,
            now,
            new.refreshes
        ],
    )?;
    let detail = json!({"name": new.name.trim(), "client_id": client_id});
    audit::account(tx, new.owner, "application_added", ("application", id.0), detail, now)?;
    Ok(id)
}

/// Stores what a client metadata document says; `client_id` is its address. Consents that people
/// have given stay.
///
/// # Errors
/// Those of [`NewApplication::check`].
pub fn remember_document(
    tx: &mut Tx<'_>,
    new: &NewApplication,
    client_id: &str,
    now: Millis,
) -> Result<(), Error> {
    new.check()?;
    tx.exec(
        "insert into application
             (client_id, auth_method, name, website, redirect_uris, scopes, created_at, fetched_at,
              refreshes)
         values ($1, $2, $3, $4, $5, $6, $7, $7, $8)
         on conflict (client_id) do update set
             name = excluded.name, website = excluded.website, scopes = excluded.scopes,
             redirect_uris = excluded.redirect_uris, fetched_at = excluded.fetched_at,
             refreshes = excluded.refreshes",
        params![
            client_id,
            AuthMethod::None.name(),
            new.name.trim(),
            &new.website,
            &new.uris(),
            new.scopes.map(Scopes::bits),
            now,
            new.refreshes
        ],
    )?;
    Ok(())
}

/// The application that calls itself so.
pub fn by_client_id(tx: &mut Tx<'_>, client_id: &str) -> Result<Option<Application>, Error> {
    Ok(tx.optional(
        "select id, client_id, secret_hash, auth_method, name, website, redirect_uris, scopes,
             owner_id, created_at, fetched_at, refreshes
         from application where client_id = $1",
        params![client_id],
    )?)
}

/// Every application, oldest first.
pub fn list(tx: &mut Tx<'_>) -> Result<Vec<Application>, Error> {
    Ok(tx.all(
        "select id, client_id, secret_hash, auth_method, name, website, redirect_uris, scopes,
             owner_id, created_at, fetched_at, refreshes
         from application order by id",
        params![],
    )?)
}

/// The applications that a person has made, oldest first.
pub fn of_owner(tx: &mut Tx<'_>, owner: UserId) -> Result<Vec<Application>, Error> {
    Ok(tx.all(
        "select id, client_id, secret_hash, auth_method, name, website, redirect_uris, scopes,
             owner_id, created_at, fetched_at, refreshes
         from application where owner_id = $1 order by id",
        params![owner],
    )?)
}

/// Replaces the secret of a person's own application; false when they have no such one, or when it
/// has no secret.
pub fn rotate_secret(
    tx: &mut Tx<'_>,
    owner: UserId,
    id: ApplicationId,
    secret: &SecretHash,
    now: Millis,
) -> Result<bool, Error> {
    let changed = tx.exec(
        "update application set secret_hash = $3
         where id = $1 and owner_id = $2 and secret_hash is not null",
        params![id, owner, secret.as_bytes()],
    )?;
    if changed == 0 {
        return Ok(false);
    }
    let subject = ("application", id.0);
    audit::account(tx, Some(owner), "application_secret_changed", subject, json!({}), now)?;
    Ok(true)
}

/// Removes an application with its consents, codes and tokens; with `owner` only one of theirs.
/// False when there is none.
pub fn remove(
    tx: &mut Tx<'_>,
    owner: Option<UserId>,
    id: ApplicationId,
    now: Millis,
) -> Result<bool, Error> {
    let found: Option<(Option<UserId>, String)> = tx.optional(
        "select owner_id, name from application where id = $1 and ($2 or owner_id = $3)",
        params![id, owner.is_none(), owner.map_or(0, |owner| owner.0)],
    )?;
    let Some((owner, name)) = found else { return Ok(false) };
    consent::forget_application(tx, id)?;
    tx.exec("delete from application where id = $1", params![id])?;
    let (subject, detail) = (("application", id.0), json!({"name": name}));
    audit::account(tx, owner, "application_removed", subject, detail, now)?;
    Ok(true)
}
