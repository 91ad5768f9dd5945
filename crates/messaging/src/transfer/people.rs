use halyard_identity::{self as identity, NewUser, ProfileChange, UserId};
use halyard_platform::{clock::Millis, db::Tx, params};

use super::{
    known::{Known, Noun},
    record::{Account, Group, Person, Workspace},
};
use crate::Error;

/// Makes the workspace. It is hidden until the import is finished.
pub(super) fn workspace(
    tx: &mut Tx<'_>,
    known: &mut Known,
    new: &Workspace,
    now: Millis,
) -> Result<(), Error> {
    if known.find(Noun::Workspace, new.id).is_some() {
        return Ok(());
    }
    let (creator, _) = account(tx, &new.creator, now)?;
    let id: i64 = tx.one(
        "insert into workspace (name, color, creator, created_at, removed_at)
         values ($1, $2, $3, $4, $5) returning id",
        params![&new.name, new.color, creator, new.created_at, now],
    )?;
    tx.exec("update import set workspace_id = $2 where id = $1", params![known.import, id])?;
    known.workspace = (new.id, id);
    known.remember(tx, Noun::Workspace, new.id, id)?;
    if known.find(Noun::User, new.creator.id).is_none() {
        // They may be no member any more; what they wrote still needs them.
        known.learn(Noun::User, new.creator.id, creator.0);
    }
    Ok(())
}

/// The person with this address, and whether they were made just now: without a password.
fn account(tx: &mut Tx<'_>, new: &Account, now: Millis) -> Result<(UserId, bool), Error> {
    let email = identity::check_email(&new.email)?;
    let name = identity::check_name(&new.name).unwrap_or_else(|_| email.clone());
    let new = NewUser { name, email, password_hash: None, bot: new.bot };
    match identity::create_user(tx, &new, now) {
        Ok(user) => Ok((user, true)),
        Err(identity::Error::EmailTaken) => {
            let known = identity::load_user_by_email(tx, &new.email)?;
            Ok((known.ok_or(identity::Error::EmailTaken)?.id, false))
        }
        Err(error) => Err(error.into()),
    }
}

/// Takes in somebody who is or was a member. Who is in the workspace already stays as they are.
pub(super) fn person(
    tx: &mut Tx<'_>,
    known: &mut Known,
    new: &Person,
    now: Millis,
) -> Result<(), Error> {
    let stored: Option<i64> = tx.optional(
        "select new_id from import_id where import_id = $1 and noun = 'user' and old_id = $2",
        params![known.import, new.account.id],
    )?;
    if stored.is_some() {
        return Ok(());
    }
    let (user, made) = account(tx, &new.account, now)?;
    let found = identity::load_user(tx, user)?;
    if made || found.setup_pending {
        let change = ProfileChange {
            profession: new.profession.clone().map(Some),
            contact_info: new.contact_info.clone().map(Some),
            timezone: new.timezone.clone(),
            ..ProfileChange::default()
        };
        // Zones and texts of another program may be none of ours.
        if let Ok(change) = change.check() {
            identity::update_profile(tx, user, &change)?;
        }
    }
    // An account that has ended here must not come back to life.
    let removed_at = new.removed_at.or(found.removed.then_some(now));
    tx.exec(
        "insert into member (workspace_id, user_id, role, joined_at, removed_at)
         values ($1, $2, $3, $4, $5)
         on conflict (workspace_id, user_id) do nothing",
        params![known.workspace(), user, new.role.stored(), new.joined_at, removed_at],
    )?;
    known.remember(tx, Noun::User, new.account.id, user.0)?;
    Ok(())
}

/// Takes in a group.
pub(super) fn group(tx: &mut Tx<'_>, known: &mut Known, new: &Group) -> Result<(), Error> {
    if known.find(Noun::Group, new.id).is_some() {
        return Ok(());
    }
    let id: i64 = tx.one(
        "insert into member_group (workspace_id, name, description, color, created_at)
         values ($1, $2, $3, $4, $5) returning id",
        params![known.workspace(), &new.name, &new.description, new.color, new.created_at],
    )?;
    for user in known.users(&new.users) {
        tx.exec(
            "insert into member_group_user (group_id, user_id) values ($1, $2)",
            params![id, user],
        )?;
    }
    known.remember(tx, Noun::Group, new.id, id)?;
    Ok(())
}
