use std::collections::BTreeSet;

use halyard_identity::UserId;
use halyard_platform::{clock::Millis, db::Tx, params};

use super::{
    known::{Known, Noun},
    people, posts,
    record::{Channel, Conversation, Record},
};
use crate::{Error, conversation, json};

/// How many messages somebody has read who has read all of them, until it is known how many there
/// are.
const ALL: i64 = 1 << 53;

/// Takes in some records of an archive, in their order; what is here already is passed over.
/// Attachments are left out: [`attach`](super::attach) takes them in with their bytes.
///
/// `follow`: whoever has written in a thread follows it, with everything read, for archives that do
/// not say who does.
///
/// # Errors
/// [`Error::Invalid`] when a record names something that has not come before it.
pub fn apply(
    tx: &mut Tx<'_>,
    import: i64,
    records: &[Record],
    follow: bool,
    now: Millis,
) -> Result<(), Error> {
    let mut known = Known::load(tx, import, records)?;
    let mut touched = posts::Touched::new(follow);
    for record in records {
        match record {
            Record::Workspace(new) => people::workspace(tx, &mut known, new, now)?,
            Record::Person(new) => people::person(tx, &mut known, new, now)?,
            Record::Group(new) => people::group(tx, &mut known, new)?,
            Record::Channel(new) => channel(tx, &mut known, new, now)?,
            Record::Thread(new) => posts::thread(tx, &mut known, new, &mut touched)?,
            Record::Comment(new) => posts::comment(tx, &mut known, new, &mut touched)?,
            Record::Conversation(new) => conversation(tx, &mut known, new)?,
            Record::Message(new) => posts::message(tx, &mut known, new, &mut touched)?,
            Record::Attachment(_) => {}
        }
    }
    touched.settle(tx)
}

fn channel(tx: &mut Tx<'_>, known: &mut Known, new: &Channel, now: Millis) -> Result<(), Error> {
    if known.find(Noun::Channel, new.id).is_some() {
        return Ok(());
    }
    let recipients = new.default_recipients.as_ref().map(|list| json::encode(&known.users(list)));
    let groups = new.default_groups.as_ref().map(|list| json::encode(&known.groups(list)));
    let id: i64 = tx.one(
        "insert into channel (workspace_id, creator, name, description, color, icon, public,
             archived, use_default_recipients, default_recipients, default_groups,
             retention_days, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) returning id",
        params![
            known.workspace(),
            known.require(Noun::User, new.creator)?,
            &new.name,
            &new.description,
            new.color,
            new.icon,
            new.public,
            new.archived,
            new.use_default_recipients,
            &recipients,
            &groups,
            new.retention_days,
            new.created_at
        ],
    )?;
    for member in &new.members {
        let Some(user) = known.find(Noun::User, member.user) else { continue };
        tx.exec(
            "insert into channel_member (channel_id, user_id, favorited, read_before, joined_at)
             values ($1, $2, $3, $4, $5) on conflict (channel_id, user_id) do nothing",
            params![
                id,
                user,
                member.favorited,
                member.read_before.unwrap_or(now),
                member.joined_at
            ],
        )?;
    }
    if new.default {
        tx.exec(
            "update workspace set default_channel = coalesce(default_channel, $2) where id = $1",
            params![known.workspace(), id],
        )?;
    }
    known.remember(tx, Noun::Channel, new.id, id)?;
    Ok(())
}

fn conversation(tx: &mut Tx<'_>, known: &mut Known, new: &Conversation) -> Result<(), Error> {
    if known.find(Noun::Conversation, new.id).is_some() {
        return Ok(());
    }
    let members: Vec<i64> = new.members.iter().map(|member| member.user).collect();
    let set: BTreeSet<UserId> = known.users(&members).into_iter().collect();
    // Two people of the archive may be one here.
    let fits = if new.private { (1..=2).contains(&set.len()) } else { set.len() >= 3 };
    let key = if new.found_by_people && fits {
        conversation::free_key(tx, known.workspace(), &set)?
    } else {
        None
    };
    // In a workspace with such a conversation this one stands beside it, as a group.
    let private = new.private && key.is_some();
    let title = match &new.title {
        None if new.private && !private => Some("Imported".to_owned()),
        title => title.clone(),
    };
    let id: i64 = tx.one(
        "insert into conversation
             (workspace_id, creator, title, private, people, last_active_at, created_at)
         values ($1, $2, $3, $4, $5, $6, $6) returning id",
        params![
            known.workspace(),
            known.require(Noun::User, new.creator)?,
            &title,
            private,
            &key,
            new.created_at
        ],
    )?;
    for member in &new.members {
        let Some(user) = known.find(Noun::User, member.user) else { continue };
        tx.exec(
            "insert into conversation_member
                 (conversation_id, user_id, read_items, archived_items, muted_until, joined_at)
             values ($1, $2, $3, $4, $5, $6) on conflict (conversation_id, user_id) do nothing",
            params![
                id,
                user,
                member.read_items.unwrap_or(ALL),
                member.archived_items,
                member.muted_until,
                member.joined_at
            ],
        )?;
    }
    if new.default {
        tx.exec(
            "update workspace set default_conversation = coalesce(default_conversation, $2)
             where id = $1",
            params![known.workspace(), id],
        )?;
    }
    known.remember(tx, Noun::Conversation, new.id, id)?;
    Ok(())
}
