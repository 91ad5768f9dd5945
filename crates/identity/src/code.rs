use halyard_platform::{clock::Millis, db::Tx, params};

use crate::{Error, SecretHash, UserId};

/// What a one-time code opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The first administrator of an empty installation; belongs to nobody yet.
    SetUp,
    /// Choosing a new password, after an invitation or a forgotten one.
    Password,
}

impl Purpose {
    fn stored(self) -> &'static str {
        match self {
            Self::SetUp => "set_up",
            Self::Password => "password",
        }
    }
}

/// Stores a code that works once until `expires_at`.
pub fn issue(
    tx: &mut Tx<'_>,
    purpose: Purpose,
    user: Option<UserId>,
    secret: &SecretHash,
    expires_at: Millis,
) -> Result<(), Error> {
    tx.exec(
        "insert into one_time_code (hash, purpose, user_id, expires_at) values ($1, $2, $3, $4)",
        params![secret.as_bytes(), purpose.stored(), user, expires_at],
    )?;
    Ok(())
}

/// Whose a code is, without using it.
///
/// # Errors
/// As [`redeem`].
pub fn inspect(
    tx: &mut Tx<'_>,
    purpose: Purpose,
    secret: &SecretHash,
    now: Millis,
) -> Result<Option<UserId>, Error> {
    tx.optional::<(Option<UserId>,)>(
        "select user_id from one_time_code
         where hash = $1 and purpose = $2 and expires_at > $3",
        params![secret.as_bytes(), purpose.stored(), now],
    )?
    .map(|(user,)| user)
    .ok_or(Error::InvalidToken)
}

/// Takes a code away and answers whose it was.
///
/// # Errors
/// [`Error::InvalidToken`] when it is unknown, used or expired.
pub fn redeem(
    tx: &mut Tx<'_>,
    purpose: Purpose,
    secret: &SecretHash,
    now: Millis,
) -> Result<Option<UserId>, Error> {
    tx.optional::<(Option<UserId>,)>(
        "delete from one_time_code where hash = $1 and purpose = $2 and expires_at > $3
         returning user_id",
        params![secret.as_bytes(), purpose.stored(), now],
    )?
    .map(|(user,)| user)
    .ok_or(Error::InvalidToken)
}

/// Takes away every code that a person could still choose a password with.
pub fn forget(tx: &mut Tx<'_>, user: UserId) -> Result<(), Error> {
    tx.exec("delete from one_time_code where user_id = $1", params![user])?;
    Ok(())
}

/// Takes away every code of a set-up: there is somebody now.
pub fn end_set_up(tx: &mut Tx<'_>) -> Result<(), Error> {
    tx.exec("delete from one_time_code where purpose = $1", params![Purpose::SetUp.stored()])?;
    Ok(())
}
