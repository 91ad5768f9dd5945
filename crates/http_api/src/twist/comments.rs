use halyard_identity::UserId;
use halyard_messaging::{
    CommentId, GroupId, Post, PostParts, ThreadId,
    comment::{self, CommentChange, NewComment, Page, ThreadAction},
    thread,
};

use super::{
    action,
    audience::{self, Recipients},
    call::{Call, DONE, Version},
    dto::{CommentAnswer, Wrapped},
    endpoint::Reply,
    ids::Resolve,
    page,
};
use crate::{
    choice_param,
    kit::params::{List, Seconds},
    params,
};

choice_param!(ThreadAction {
    "close" => ThreadAction::Close,
    "reopen" => ThreadAction::Reopen,
});

params! {
    /// Names a comment.
    pub(crate) struct Named {
        /// The comment.
        #[names("id", "comment_id")]
        id: CommentId,
    }

    /// Selects comments of a thread.
    pub(crate) struct Get {
        /// The thread.
        #[names("thread_id", "id")]
        thread_id: ThreadId,
        /// Only comments posted after this moment.
        newer_than_ts: Option<Seconds>,
        /// Only comments posted before this moment.
        older_than_ts: Option<Seconds>,
        /// Smallest index; counts only together with `order_by=asc`, as in the imitated service.
        from_obj_index: Option<i64>,
        /// Largest index.
        to_obj_index: Option<i64>,
        /// How many, from 1 to 500; 20 when not given.
        limit: Option<i64>,
        /// By index, newest first unless `asc`.
        order_by: Option<page::Order>,
        /// Answer ids instead of objects.
        as_ids: Option<bool>,
    }

    /// A new comment.
    pub(crate) struct Add {
        /// The thread to comment on.
        thread_id: ThreadId,
        /// The text in Markdown, up to 15,000 characters.
        content: Option<String>,
        /// Files that were uploaded before, and links.
        attachments: Option<List>,
        /// Buttons.
        actions: Option<List>,
        /// People to tell, or `EVERYONE`, or `EVERYONE_IN_THREAD`, which is the default.
        recipients: Option<Recipients>,
        /// Groups to tell; 1 stands for everyone in the channel, 2 for everyone in the thread.
        groups: Option<Vec<GroupId>>,
        /// People mentioned; taken from the text when not given.
        direct_mentions: Option<Vec<UserId>>,
        /// Groups mentioned; taken from the text when not given.
        direct_group_mentions: Option<Vec<GroupId>>,
        /// A negative number by which the caller can name the comment until it knows its id.
        temp_id: Option<i64>,
        /// Whether the caller's read pointer moves to it; true when not given.
        mark_thread_position: Option<bool>,
        /// Closes or reopens the thread.
        thread_action: Option<ThreadAction>,
    }

    /// Changes to a comment.
    pub(crate) struct Update {
        /// The comment.
        #[names("id", "comment_id")]
        id: CommentId,
        /// The text in Markdown, up to 15,000 characters.
        content: Option<String>,
        /// The whole new list of files and links.
        attachments: Option<List>,
        /// The whole new list of buttons.
        actions: Option<List>,
        /// People mentioned; taken from the text when not given.
        direct_mentions: Option<Vec<UserId>>,
        /// Groups mentioned; taken from the text when not given.
        direct_group_mentions: Option<Vec<GroupId>>,
    }

    /// Names a place in a thread.
    pub(crate) struct Position {
        /// The thread.
        thread_id: ThreadId,
        /// The comment.
        comment_id: CommentId,
    }
}

pub(crate) async fn getone(call: Call, p: Named) -> Reply {
    if call.version == Version::V2 {
        return call
            .read(move |tx, actor| {
                let id = p.id.resolve(tx, actor)?;
                Ok(CommentAnswer::new(comment::load(tx, actor, id)?, Version::V2))
            })
            .await;
    }
    call.read(move |tx, actor| {
        let id = p.id.resolve(tx, actor)?;
        let comment = CommentAnswer::new(comment::load(tx, actor, id)?, Version::V3);
        Ok(Wrapped { comment })
    })
    .await
}

pub(crate) async fn get(call: Call, p: Get) -> Reply {
    let ascending = p.order_by.is_some_and(page::Order::is_ascending);
    let page = Page {
        from_index: if ascending { p.from_obj_index.unwrap_or(0) } else { 0 },
        to_index: p.to_obj_index.unwrap_or(i64::MAX),
        newer_than: p.newer_than_ts.map(page::after),
        older_than: p.older_than_ts.map(page::before),
        ascending,
        limit: page::limit(p.limit, 20)?,
    };
    let (version, as_ids) = (call.version, p.as_ids.unwrap_or(false));
    call.read(move |tx, actor| {
        let thread = p.thread_id.resolve(tx, actor)?;
        let comments = comment::list(tx, actor, thread, &page)?;
        Ok(page::ids_or(
            as_ids,
            comments,
            |comment| comment.id.0,
            |comment| CommentAnswer::new(comment, version),
        ))
    })
    .await
}

pub(crate) async fn add(call: Call, p: Add) -> Reply {
    let new = NewComment {
        thread: p.thread_id,
        post: Post::new(PostParts {
            content: p.content.unwrap_or_default(),
            attachments: p.attachments.map(|list| list.0),
            actions_json: action::check(p.actions)?,
            direct_mentions: p.direct_mentions,
            direct_group_mentions: p.direct_group_mentions,
        })?,
        audience: audience::of_comment(p.recipients, p.groups),
        action: p.thread_action,
        moves_pointer: p.mark_thread_position.unwrap_or(true),
        temp_id: p.temp_id,
    };
    let version = call.version;
    let call = call.about_thread(new.thread);
    call.write(move |tx, actor| {
        let new = NewComment { thread: new.thread.resolve(tx, actor)?, ..new.clone() };
        Ok(CommentAnswer::new(comment::add(tx, actor, &new)?, version))
    })
    .await
}

pub(crate) async fn update(call: Call, p: Update) -> Reply {
    let change = CommentChange {
        content: p.content,
        attachments: p.attachments.map(|list| list.0),
        actions_json: action::check(p.actions)?,
        direct_mentions: p.direct_mentions,
        direct_group_mentions: p.direct_group_mentions,
    };
    let version = call.version;
    call.write(move |tx, actor| {
        let id = p.id.resolve(tx, actor)?;
        Ok(CommentAnswer::new(comment::update(tx, actor, id, &change)?, version))
    })
    .await
}

pub(crate) async fn remove(call: Call, p: Named) -> Reply {
    call.write(move |tx, actor| {
        let id = p.id.resolve(tx, actor)?;
        comment::remove(tx, actor, id)?;
        Ok(DONE)
    })
    .await
}

pub(crate) async fn mark_position(call: Call, p: Position) -> Reply {
    call.write(move |tx, actor| {
        let thread = p.thread_id.resolve(tx, actor)?;
        let comment = p.comment_id.resolve(tx, actor)?;
        thread::mark_position(tx, actor, thread, comment)?;
        Ok(DONE)
    })
    .await
}
