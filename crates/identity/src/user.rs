use halyard_platform::{
    clock::Millis,
    db::{self, FromRow, Row, Tx},
    params,
};

use crate::{AwayMode, Error};

halyard_platform::id! {
    /// A person or a bot.
    UserId;
}

/// A person with their settings.
#[derive(Debug, Clone, PartialEq)]
pub struct User {
    /// Id, the same in every workspace.
    pub id: UserId,
    /// Full name.
    pub name: String,
    /// Address as the person wrote it.
    pub email: String,
    /// PHC text, none before the first password was chosen.
    pub password_hash: Option<String>,
    /// Language, e.g. `en`.
    pub lang: String,
    /// IANA zone name.
    pub timezone: String,
    /// What the person does.
    pub profession: Option<String>,
    /// Free text.
    pub contact_info: Option<String>,
    /// Blob of the picture.
    pub avatar: Option<String>,
    /// An absence.
    pub away_mode: Option<AwayMode>,
    /// ISO weekdays (1 Monday to 7 Sunday) without notifications.
    pub off_days: Vec<i64>,
    /// Notifications are held back until then.
    pub snooze_until: Option<Millis>,
    /// Daily quiet time, `HH:MM`.
    pub snooze_dnd_start: Option<String>,
    /// End of the quiet time, `HH:MM`.
    pub snooze_dnd_end: Option<String>,
    /// How the person wants dates, e.g. `YYYY-MM-DD`.
    pub date_format: String,
    /// `24` or `12`.
    pub time_format: String,
    /// Name of a colour theme.
    pub theme: Option<String>,
    /// Where clients start.
    pub default_workspace: Option<i64>,
    /// Not a human.
    pub bot: bool,
    /// Invited, without a password yet.
    pub setup_pending: bool,
    /// Has deleted the account.
    pub removed: bool,
    /// Rises with each change.
    pub version: i64,
}

impl FromRow for User {
    fn from_row(row: &mut Row<'_>) -> Result<Self, db::Error> {
        Ok(Self {
            id: row.get()?,
            name: row.get()?,
            email: row.get()?,
            password_hash: row.get()?,
            lang: row.get()?,
            timezone: row.get()?,
            profession: row.get()?,
            contact_info: row.get()?,
            avatar: row.get()?,
            away_mode: json(row.get::<Option<String>>()?.as_deref())?,
            off_days: json(Some(&row.get::<String>()?))?.unwrap_or_default(),
            snooze_until: row.get()?,
            snooze_dnd_start: row.get()?,
            snooze_dnd_end: row.get()?,
            date_format: row.get()?,
            time_format: row.get()?,
            theme: row.get()?,
            default_workspace: row.get()?,
            bot: row.get()?,
            setup_pending: row.get()?,
            removed: row.get::<Option<Millis>>()?.is_some(),
            version: row.get()?,
        })
    }
}

fn json<T: serde::de::DeserializeOwned>(text: Option<&str>) -> Result<Option<T>, db::Error> {
    text.map(serde_json::from_str)
        .transpose()
        .map_err(|error| db::Error::Engine(format!("stored JSON of a user: {error}")))
}

/// What is needed to make a person known.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Full name; [`check_name`] has accepted it.
    pub name: String,
    /// Address; [`check_email`] has accepted it.
    pub email: String,
    /// None for somebody who is only invited so far.
    pub password_hash: Option<String>,
    /// Not a human.
    pub bot: bool,
}

/// Stores a new person.
///
/// # Errors
/// [`Error::EmailTaken`]
pub fn create(tx: &mut Tx<'_>, new: &NewUser, now: Millis) -> Result<UserId, Error> {
    tx.optional(
        "insert into users (name, email, email_key, password_hash, lang, timezone,
             date_format, time_format, bot, setup_pending, created_at)
         values ($1, $2, $3, $4, 'en', 'UTC', 'YYYY-MM-DD', '24', $5, $6, $7)
         on conflict (email_key) do nothing
         returning id",
        params![
            &new.name,
            &new.email,
            &email_key(&new.email),
            &new.password_hash,
            new.bot,
            new.password_hash.is_none() && !new.bot,
            now
        ],
    )?
    .ok_or(Error::EmailTaken)
}

/// One person.
///
/// # Errors
/// [`Error::UserNotFound`]
pub fn load(tx: &mut Tx<'_>, id: UserId) -> Result<User, Error> {
    tx.optional(
        "select id, name, email, password_hash, lang, timezone, profession, contact_info, avatar,
             away_mode, off_days, snooze_until, snooze_dnd_start, snooze_dnd_end, date_format,
             time_format, theme, default_workspace, bot, setup_pending, removed_at, version
         from users where id = $1",
        params![id],
    )?
    .ok_or(Error::UserNotFound)
}

/// The person with this address, removed or not.
pub fn load_by_email(tx: &mut Tx<'_>, email: &str) -> Result<Option<User>, Error> {
    let id: Option<UserId> =
        tx.optional("select id from users where email_key = $1", params![&email_key(email)])?;
    id.map(|id| load(tx, id)).transpose()
}

/// Everybody, for the command line.
pub fn list(tx: &mut Tx<'_>) -> Result<Vec<User>, Error> {
    let ids: Vec<UserId> = tx.all("select id from users order by id", params![])?;
    ids.into_iter().map(|id| load(tx, id)).collect()
}

/// How many people there are; none means that the installation waits for its first administrator.
pub fn count(tx: &mut Tx<'_>) -> Result<i64, Error> {
    Ok(tx.one("select count(*) from users where bot = false", params![])?)
}

/// Sets the password; the invitation is accepted with it.
pub fn set_password(tx: &mut Tx<'_>, user: UserId, hash: &str) -> Result<(), Error> {
    tx.exec(
        "update users set password_hash = $2, setup_pending = false, version = version + 1
         where id = $1",
        params![user, hash],
    )?;
    Ok(())
}

/// Remembers where clients start.
pub fn set_default_workspace(
    tx: &mut Tx<'_>,
    user: UserId,
    workspace: Option<i64>,
) -> Result<(), Error> {
    tx.exec(
        "update users set default_workspace = $2, version = version + 1 where id = $1",
        params![user, workspace],
    )?;
    Ok(())
}

/// Takes a workspace that is no more away from everybody whose clients start there.
pub fn forget_default_workspace(tx: &mut Tx<'_>, workspace: i64) -> Result<(), Error> {
    tx.exec(
        "update users set default_workspace = null, version = version + 1
         where default_workspace = $1",
        params![workspace],
    )?;
    Ok(())
}

/// Gives an ended account back to whoever owns its address: it waits for a new password.
pub fn reinstate(tx: &mut Tx<'_>, user: UserId) -> Result<(), Error> {
    tx.exec(
        "update users set removed_at = null, setup_pending = not bot, version = version + 1
         where id = $1 and removed_at is not null",
        params![user],
    )?;
    Ok(())
}

/// Ends an account: it cannot sign in any more. What the person wrote stays.
pub fn mark_removed(tx: &mut Tx<'_>, user: UserId, now: Millis) -> Result<(), Error> {
    tx.exec(
        "update users set removed_at = $2, password_hash = null, version = version + 1
         where id = $1",
        params![user, now],
    )?;
    tx.exec("delete from token where user_id = $1", params![user])?;
    tx.exec("delete from oauth_grant where user_id = $1", params![user])?;
    tx.exec("delete from authorization_code where user_id = $1", params![user])?;
    tx.exec("delete from consent where user_id = $1", params![user])?;
    // A link in an old mail must not bring a password back.
    tx.exec("delete from one_time_code where user_id = $1", params![user])?;
    Ok(())
}

/// Whether this blob is the picture of somebody.
pub fn avatar_in_use(tx: &mut Tx<'_>, blob: &str) -> Result<bool, Error> {
    let users: Vec<UserId> =
        tx.all("select id from users where avatar = $1 limit 1", params![blob])?;
    Ok(!users.is_empty())
}

/// The form in which addresses are compared.
pub fn email_key(email: &str) -> String {
    email.trim().to_lowercase()
}

/// Accepts what can be an address on the Internet: a local part, `@`, and a host with a dot.
///
/// The official SDK refuses users whose address has no dot in its host, so we never store one.
///
/// # Errors
/// [`Error::EmailInvalid`]
pub fn check_email(email: &str) -> Result<String, Error> {
    let email = email.trim();
    let (local, host) = email.rsplit_once('@').ok_or(Error::EmailInvalid)?;
    let host_ok = host.split('.').count() > 1
        && host.split('.').all(|label| {
            !label.is_empty()
                && label.chars().all(|c| c.is_alphanumeric() || c == '-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        });
    let local_ok = !local.is_empty()
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && local.chars().all(|c| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c));
    if host_ok && local_ok && email.len() <= 254 {
        Ok(email.to_owned())
    } else {
        Err(Error::EmailInvalid)
    }
}

/// Accepts a full name of 1 to 255 characters.
///
/// # Errors
/// [`Error::NameInvalid`]
pub fn check_name(name: &str) -> Result<String, Error> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 255 {
        return Err(Error::NameInvalid);
    }
    Ok(name.to_owned())
}

/// The short form of a name: the first name and the initial of the last, as in `Jordan P.`
/// (captured client).
pub fn short_name(name: &str) -> String {
    let mut words = name.split_whitespace();
    let first = words.next().unwrap_or(name);
    match words.next_back().and_then(|last| last.chars().next()) {
        Some(initial) => format!("{first} {initial}."),
        None => first.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_need_a_host_with_a_dot() {
        for good in ["a@b.co", "first.last+tag@sub.example.com", "ü@bücher.de", " a@b.co "] {
            assert!(check_email(good).is_ok(), "{good}");
        }
        for bad in
            ["", "a", "a@", "@b.co", "x@localhost", "a b@c.de", "a@b..de", ".a@b.de", "a@-b.de"]
        {
            assert!(check_email(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn short_names_keep_the_first_name_and_one_initial() {
        assert_eq!(short_name("Jordan Pike"), "Jordan P.");
        assert_eq!(short_name("Ana Maria de Souza"), "Ana S.");
        assert_eq!(short_name("Cher"), "Cher");
    }
}
