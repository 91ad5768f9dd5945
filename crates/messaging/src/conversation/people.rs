//! Who may be brought into a conversation, and the key of a set of people.

use std::collections::BTreeSet;

use halyard_identity::UserId;
use halyard_platform::{db::Tx, params};
use sha2::{Digest, Sha256};

use crate::{Actor, Error, Role, WorkspaceId, json, member};

/// Longer keys are replaced by their digest: PostgreSQL indexes at most 2,700 bytes.
const LONGEST_KEY: usize = 1_000;

/// Accepts people whom the actor may bring into a conversation.
///
/// Our decision: members may bring in every current member; guests, who see little of a workspace,
/// only those with whom they share a channel or a conversation.
pub(super) fn check(
    tx: &mut Tx<'_>,
    actor: &Actor,
    role: Role,
    workspace: WorkspaceId,
    people: &BTreeSet<UserId>,
) -> Result<(), Error> {
    let current: i64 = tx.one(
        "select count(*) from member
         where workspace_id = $1 and user_id in {ids $2} and removed_at is null",
        params![workspace, &json::encode(people)],
    )?;
    if current != people.len() as i64 {
        return Err(Error::UserNotFound);
    }
    if role == Role::Guest {
        for user in people {
            member::getone(tx, actor, workspace, *user)?;
        }
    }
    Ok(())
}

/// The stored form of a set of people.
pub(super) fn key(people: &BTreeSet<UserId>) -> String {
    let ids: Vec<_> = people.iter().map(ToString::to_string).collect();
    let key = ids.join(",");
    if key.len() <= LONGEST_KEY {
        return key;
    }
    format!("sha256:{}", hex::encode(Sha256::digest(key.as_bytes())))
}

/// Lets nobody else start or reshape a conversation of the same people before we have committed.
///
/// Whoever wants the same key has the same first person; the row of their membership is the lock.
pub(super) fn reserve(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    people: &BTreeSet<UserId>,
) -> Result<(), Error> {
    if let Some(first) = people.first() {
        tx.optional::<i64>(
            "select me.user_id from member me
             where me.workspace_id = $1 and me.user_id = $2 {lock me}",
            params![workspace, *first],
        )?;
    }
    Ok(())
}

/// The key of these people, unless another conversation has it.
pub(crate) fn free_key(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    people: &BTreeSet<UserId>,
) -> Result<Option<String>, Error> {
    reserve(tx, workspace, people)?;
    let key = key(people);
    let taken: Option<i64> = tx.optional(
        "select id from conversation where workspace_id = $1 and people = $2",
        params![workspace, &key],
    )?;
    Ok(taken.is_none().then_some(key))
}

/// The key that a group of these people may have: none when it is too small or when the key is
/// taken already.
pub(super) fn group_key(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    people: &BTreeSet<UserId>,
) -> Result<Option<String>, Error> {
    if people.len() < 3 {
        return Ok(None);
    }
    free_key(tx, workspace, people)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_the_sorted_ids_and_never_too_long_for_an_index() {
        let people = |ids: &[i64]| ids.iter().copied().map(UserId).collect::<BTreeSet<_>>();
        assert_eq!(key(&people(&[30, 4, 4, 100])), "4,30,100");
        let many = people(&(1..2_000).collect::<Vec<_>>());
        let more = people(&(1..2_001).collect::<Vec<_>>());
        assert_eq!(key(&many).len(), 71);
        assert_ne!(key(&many), key(&more));
    }
}
