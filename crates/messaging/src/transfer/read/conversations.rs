//! Conversations and messages.

use halyard_platform::{
    db::{self, Tx},
    params,
};

use super::{
    super::record::{Conversation, Message, Record},
    Cursor, Extent, FEW, Found, MANY,
    rows::Keyed,
};
use crate::WorkspaceId;

pub(super) fn conversations(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    extent: Extent,
    at: &mut Cursor,
) -> Result<Found, db::Error> {
    let mut found: Vec<Conversation> = tx.all(
        "select c.id, c.id = coalesce(w.default_conversation, 0), c.creator, c.title, c.private,
             c.people is not null, c.created_at
         from conversation c join workspace w on w.id = c.workspace_id
         where c.workspace_id = $1 and c.id > $2 and c.id <= $3
             and ($4 or exists (select 1 from conversation_member cm
                 where cm.conversation_id = c.id and cm.user_id = $5))
         order by c.id limit $6",
        params![workspace, at.id, at.bounds.conversation, extent.whole(), extent.user(), FEW],
    )?;
    for conversation in &mut found {
        conversation.members = tx.all(
            "select user_id, read_items, archived_items, muted_until, joined_at
             from conversation_member where conversation_id = $1 order by user_id",
            params![conversation.id],
        )?;
        for member in &mut conversation.members {
            if !extent.shows(member.user) {
                (member.read_items, member.archived_items, member.muted_until) = (None, None, None);
            }
        }
    }
    Ok(at.pass(found, FEW, |row| row.id, Record::Conversation))
}

pub(super) fn messages(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    extent: Extent,
    at: &mut Cursor,
) -> Result<Found, db::Error> {
    let found: Vec<Keyed<Message>> = tx.all(
        "select k.obj_index, k.id, k.conversation_id, k.creator, k.content, k.attachments, k.actions,
             k.direct_mentions, k.direct_group_mentions, k.reactions, k.system_message,
             k.posted_at, k.last_edited_at, k.deleted_at
         from message k
         join conversation c on c.id = k.conversation_id
         where c.workspace_id = $1 and (k.conversation_id, k.obj_index) > ($2, $3) and k.id <= $4
             and ($5 or exists (select 1 from conversation_member cm
                 where cm.conversation_id = c.id and cm.user_id = $6))
         order by k.conversation_id, k.obj_index limit $7",
        params![
            workspace,
            at.id,
            at.obj_index,
            at.bounds.message,
            extent.whole(),
            extent.user(),
            MANY
        ],
    )?;
    Ok(at.pass_posts(found, |row| row.conversation, Record::Message))
}
