//! Conversations against their messages and people.

use halyard_platform::{
    db::{Error, Tx},
    doctor::{Check, Find, Repair, json_columns},
    params,
};

use super::strangers;
use crate::{ConversationId, message};

pub(super) const CHECKS: &[Check] = &[
    Check {
        name: "conversation-live-items",
        words: "conversations whose removed end is longer or shorter than noted",
        find: Find::Sql(
            "select c.id, 'conversation ' || c.id || ' has ' || c.live_items
                 || ' messages up to its end'
             from conversation c
             where c.tail_items = c.last_obj_index + 1
                 and c.live_items <> 1 + coalesce((select max(m.obj_index) from message m
                     where m.conversation_id = c.id and m.deleted_at is null), -1)",
        ),
        repair: Some(Repair::Sql(&["update conversation
             set live_items = 1 + coalesce((select max(m.obj_index) from message m
                 where m.conversation_id = conversation.id and m.deleted_at is null), -1)
             where tail_items = last_obj_index + 1"])),
    },
    Check {
        name: "conversation-gaps",
        words: "conversations whose messages are not numbered from 0 without gaps",
        find: Find::Sql(
            "select conversation_id, 'conversation ' || conversation_id || ': ' || count(*)
                 || ' messages from ' || min(obj_index) || ' to ' || max(obj_index)
             from message group by conversation_id
             having min(obj_index) <> 0 or max(obj_index) <> count(*) - 1",
        ),
        repair: Some(Repair::Each(close_gaps)),
    },
    Check {
        name: "conversation-time",
        words: "messages that are older than the message before them",
        find: Find::Sql(
            "select k.conversation_id, 'message ' || k.id || ' of conversation '
                 || k.conversation_id
             from (select id, conversation_id, posted_at, lag(posted_at) over
                     (partition by conversation_id order by obj_index) as before
                 from message) k
             where k.posted_at < k.before",
        ),
        repair: Some(Repair::Each(straighten)),
    },
    Check {
        name: "conversation-counters",
        words: "conversations whose message_count, last_obj_index or last_active_at differs from \
                their messages",
        find: Find::Sql(
            "select c.id, 'conversation ' || c.id || ': says ' || c.message_count
                 || ' messages, the last ' || c.last_obj_index || '; has ' || coalesce(k.alive, 0)
                 || ', the last ' || coalesce(k.last, -1)
             from conversation c
             left join (select conversation_id, max(obj_index) as last,
                     sum(case when deleted_at is null then 1 else 0 end) as alive
                 from message group by conversation_id) k on k.conversation_id = c.id
             left join message l on l.conversation_id = c.id and l.obj_index = k.last
             where c.message_count <> coalesce(k.alive, 0)
                 or c.last_obj_index <> coalesce(k.last, -1)
                 or c.last_active_at <> coalesce(l.posted_at, c.created_at)",
        ),
        repair: Some(Repair::Each(recount)),
    },
    Check {
        name: "conversation-newest",
        words: "conversations whose last_message_id or snippet is not that of their newest message",
        find: Find::Sql(
            "select c.id, 'conversation ' || c.id
             from conversation c
             left join (select conversation_id, max(obj_index) as said from message
                 where deleted_at is null and system_message is null
                 group by conversation_id) k on k.conversation_id = c.id
             left join message m on m.conversation_id = c.id and m.obj_index = k.said
             where coalesce(c.last_message_id, 0) <> coalesce(m.id, 0)
                 or coalesce(c.snippet_creator, 0) <> coalesce(m.creator, 0)
                 or (m.id is null and (c.snippet <> '' or c.snippet_creators <> '[]'))",
        ),
        repair: Some(Repair::Each(recount)),
    },
    Check {
        name: "conversation-state",
        words: "pointers of people beyond the messages of their conversation",
        find: Find::Sql(
            "select c.id, 'user ' || m.user_id || ' in conversation ' || c.id
             from conversation_member m join conversation c on c.id = m.conversation_id
             where m.read_items not between 0 and c.last_obj_index + 1
                 or coalesce(m.archived_items, 0) not between 0 and c.last_obj_index + 1",
        ),
        repair: Some(Repair::Each(clamp_state)),
    },
    Check {
        name: "conversation-mentions",
        words: "mentions of people who are not in the conversation, or in messages that are gone",
        find: Find::Sql(
            "select x.conversation_id, 'user ' || x.user_id || ', message ' || x.obj_index
                 || ' of conversation ' || x.conversation_id
             from message_mention x
             left join conversation_member p
                 on p.conversation_id = x.conversation_id and p.user_id = x.user_id
             left join message m on m.conversation_id = x.conversation_id
                 and m.obj_index = x.obj_index and m.deleted_at is null
             where p.user_id is null or m.id is null",
        ),
        repair: Some(Repair::Each(forget_mentions)),
    },
    Check {
        name: "conversation-people",
        words: "conversations whose people do not fit their key",
        find: Find::Sql(
            "select c.id, 'conversation ' || c.id || ' of ' || count(m.user_id) || ' people'
             from conversation c left join conversation_member m on m.conversation_id = c.id
             group by c.id, c.private, c.people
             having (c.private and (count(m.user_id) > 2 or c.people is null))
                 or (not c.private and c.people is not null and count(m.user_id) < 3)",
        ),
        repair: None,
    },
    Check {
        name: "conversation-authors",
        words: "conversations whose snippet_creators name somebody who never was here",
        find: Find::Code(|tx, found| strangers(tx, found, "conversation", &["snippet_creators"])),
        repair: Some(Repair::Each(recount)),
    },
    Check {
        name: "conversation-json",
        words: "conversations with a column that is no JSON",
        find: Find::Code(|tx, found| {
            json_columns(tx, found, "conversation", "conversation", "id", &["snippet_creators"])
        }),
        repair: Some(Repair::Each(recount)),
    },
    Check {
        name: "message-json",
        words: "messages with a column that is no JSON",
        find: Find::Code(|tx, found| {
            let columns = [
                "attachments",
                "actions",
                "direct_mentions",
                "direct_group_mentions",
                "reactions",
                "system_message",
            ];
            json_columns(tx, found, "message", "message", "id", &columns)
        }),
        repair: None,
    },
];

/// Nobody else changes the conversation or writes in it until the transaction ends.
fn lock(tx: &mut Tx<'_>, conversation: i64) -> Result<(), Error> {
    tx.optional::<i64>(
        "select c.id from conversation c where c.id = $1 {lock c}",
        params![conversation],
    )?;
    Ok(())
}

/// Derives everything that the conversation's row says about its messages.
pub(crate) fn recount(tx: &mut Tx<'_>, conversation: i64) -> Result<(), Error> {
    lock(tx, conversation)?;
    tx.exec(
        "update conversation set
             message_count = (select count(*) from message m
                 where m.conversation_id = $1 and m.deleted_at is null),
             last_obj_index = coalesce((select max(m.obj_index) from message m
                 where m.conversation_id = $1), -1),
             last_active_at = coalesce((select m.posted_at from message m
                 where m.conversation_id = $1 order by m.obj_index desc limit 1), created_at),
             version = version + 1
         where id = $1",
        params![conversation],
    )?;
    message::summarise(tx, ConversationId(conversation))
}

/// Numbers the messages again; mentions move along.
fn close_gaps(tx: &mut Tx<'_>, conversation: i64) -> Result<(), Error> {
    lock(tx, conversation)?;
    let messages: Vec<(i64, i64)> = tx.all(
        "select id, obj_index from message where conversation_id = $1 order by obj_index",
        params![conversation],
    )?;
    for (index, (message, old)) in (0_i64..).zip(messages) {
        if index == old {
            continue;
        }
        tx.exec("update message set obj_index = $2 where id = $1", params![message, index])?;
        tx.exec(
            "update message_mention set obj_index = $3
             where conversation_id = $1 and obj_index = $2",
            params![conversation, old, index],
        )?;
    }
    recount(tx, conversation)?;
    clamp_state(tx, conversation)
}

/// Gives each message at least the time of the one before it.
fn straighten(tx: &mut Tx<'_>, conversation: i64) -> Result<(), Error> {
    lock(tx, conversation)?;
    let messages: Vec<(i64, i64)> = tx.all(
        "select id, posted_at from message where conversation_id = $1 order by obj_index",
        params![conversation],
    )?;
    let mut latest = i64::MIN;
    for (message, posted_at) in messages {
        if posted_at < latest {
            tx.exec("update message set posted_at = $2 where id = $1", params![message, latest])?;
        }
        latest = latest.max(posted_at);
    }
    recount(tx, conversation)
}

pub(crate) fn clamp_state(tx: &mut Tx<'_>, conversation: i64) -> Result<(), Error> {
    lock(tx, conversation)?;
    let last: i64 =
        tx.one("select last_obj_index from conversation where id = $1", params![conversation])?;
    tx.exec(
        "update conversation_member set
             read_items = case when read_items < 0 then 0 when read_items > $2 then $2
                 else read_items end,
             archived_items = case when archived_items < 0 then 0 when archived_items > $2 then $2
                 else archived_items end
         where conversation_id = $1",
        params![conversation, last + 1],
    )?;
    Ok(())
}

fn forget_mentions(tx: &mut Tx<'_>, conversation: i64) -> Result<(), Error> {
    lock(tx, conversation)?;
    tx.exec(
        "delete from message_mention where conversation_id = $1
             and (not exists (select 1 from message m
                     where m.conversation_id = $1 and m.obj_index = message_mention.obj_index
                         and m.deleted_at is null)
                 or not exists (select 1 from conversation_member p
                     where p.conversation_id = $1 and p.user_id = message_mention.user_id))",
        params![conversation],
    )?;
    Ok(())
}
