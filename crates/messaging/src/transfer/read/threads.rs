//! Channels, threads and comments.

use halyard_platform::{
    db::{self, Tx},
    params,
};

use super::{
    super::record::{Channel, Comment, Record, Thread, ThreadState},
    Cursor, Extent, FEW, Found, MANY,
    rows::Keyed,
};
use crate::{WorkspaceId, json};

pub(super) fn channels(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    extent: Extent,
    at: &mut Cursor,
) -> Result<Found, db::Error> {
    let mut found: Vec<Channel> = tx.all(
        "select c.id, c.id = coalesce(w.default_channel, 0), c.creator, c.name, c.description,
             c.color, c.icon, c.public, c.archived, c.use_default_recipients,
             c.default_recipients, c.default_groups, c.retention_days, c.created_at
         from channel c join workspace w on w.id = c.workspace_id
         where c.workspace_id = $1 and c.id > $2 and c.id <= $3 and c.removed_at is null
             and ($4 or c.public or exists (select 1 from channel_member cm
                 where cm.channel_id = c.id and cm.user_id = $5))
         order by c.id limit $6",
        params![workspace, at.id, at.bounds.channel, extent.whole(), extent.user(), FEW],
    )?;
    for channel in &mut found {
        channel.members = tx.all(
            "select user_id, favorited, read_before, joined_at from channel_member
             where channel_id = $1 order by user_id",
            params![channel.id],
        )?;
        for member in &mut channel.members {
            if !extent.shows(member.user) {
                (member.favorited, member.read_before) = (false, None);
            }
        }
    }
    Ok(at.pass(found, FEW, |row| row.id, Record::Channel))
}

pub(super) fn threads(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    extent: Extent,
    at: &mut Cursor,
) -> Result<Found, db::Error> {
    let mut found: Vec<Thread> = tx.all(
        "select t.id, t.channel_id, t.creator, t.title, t.content, t.attachments, t.actions,
             t.audience, t.recipients, t.groups, t.participants, t.responders, t.direct_mentions,
             t.direct_group_mentions, t.reactions, t.system_message, t.posted_at,
             t.last_edited_at, t.pinned_at, t.closed
         from thread t join channel c on c.id = t.channel_id and c.removed_at is null
         where t.workspace_id = $1 and t.id > $2 and t.id <= $3 and t.removed_at is null
             and ($4 or c.public or exists (select 1 from channel_member cm
                 where cm.channel_id = c.id and cm.user_id = $5))
         order by t.id limit $6",
        params![workspace, at.id, at.bounds.thread, extent.whole(), extent.user(), FEW],
    )?;
    let ids: Vec<i64> = found.iter().map(|thread| thread.id).collect();
    let states: Vec<Keyed<ThreadState>> = tx.all(
        "select thread_id, user_id, read_items, behind, follows, starred_at, muted_until,
             quiet_from, done_items, archived
         from thread_state where thread_id in {ids $1} and ($2 or user_id = $3)
         order by thread_id, user_id",
        params![&json::encode(&ids), extent.whole(), extent.user()],
    )?;
    for state in states {
        if let Ok(index) = found.binary_search_by_key(&state.key, |thread| thread.id) {
            found[index].states.push(state.value);
        }
    }
    Ok(at.pass(found, FEW, |row| row.id, Record::Thread))
}

pub(super) fn comments(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    extent: Extent,
    at: &mut Cursor,
) -> Result<Found, db::Error> {
    let found: Vec<Keyed<Comment>> = tx.all(
        "select k.obj_index, k.id, k.thread_id, k.creator, k.content, k.attachments, k.actions, k.audience,
             k.recipients, k.groups, k.direct_mentions, k.direct_group_mentions, k.reactions,
             k.system_message, k.posted_at, k.last_edited_at, k.deleted_at, k.deleted_by
         from comment k
         join thread t on t.id = k.thread_id and t.removed_at is null
         join channel c on c.id = t.channel_id and c.removed_at is null
         where t.workspace_id = $1 and (k.thread_id, k.obj_index) > ($2, $3) and k.id <= $4
             and ($5 or c.public or exists (select 1 from channel_member cm
                 where cm.channel_id = c.id and cm.user_id = $6))
         order by k.thread_id, k.obj_index limit $7",
        params![
            workspace,
            at.id,
            at.obj_index,
            at.bounds.comment,
            extent.whole(),
            extent.user(),
            MANY
        ],
    )?;
    Ok(at.pass_posts(found, |row| row.thread, Record::Comment))
}
