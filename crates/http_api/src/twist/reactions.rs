use halyard_messaging::{
    Actor, CommentId, MessageId, ThreadId,
    reaction::{self, Target},
};
use halyard_platform::db::Tx;

use super::{
    call::{Call, DONE},
    dto::Stored,
    endpoint::Reply,
    error::Error,
    ids::Resolve,
};
use crate::params;

params! {
    /// Names a post: one of the three.
    pub(crate) struct On {
        /// The thread, for its opening post.
        thread_id: Option<ThreadId>,
        /// The comment.
        comment_id: Option<CommentId>,
        /// The message.
        message_id: Option<MessageId>,
    }

    /// Names a reaction and a post: one of the three.
    pub(crate) struct Reaction {
        /// An emoji or a short name.
        reaction: String,
        /// The thread, for its opening post.
        thread_id: Option<ThreadId>,
        /// The comment.
        comment_id: Option<CommentId>,
        /// The message.
        message_id: Option<MessageId>,
    }
}

impl On {
    /// The official SDK leaves out what is 0, and 0 is no id.
    fn target(&self, tx: &mut Tx<'_>, actor: &Actor) -> Result<Target, Error> {
        let thread = self.thread_id.filter(|id| id.0 != 0);
        let comment = self.comment_id.filter(|id| id.0 != 0);
        let message = self.message_id.filter(|id| id.0 != 0);
        match (comment, message, thread) {
            (Some(id), ..) => Ok(Target::Comment(id.resolve(tx, actor)?)),
            (None, Some(id), _) => Ok(Target::Message(id)),
            (None, None, Some(id)) => Ok(Target::Thread(id.resolve(tx, actor)?)),
            (None, None, None) => Err(Error::missing("thread_id")),
        }
    }
}

impl Reaction {
    fn parts(self) -> Result<(String, On), Error> {
        let on = On {
            thread_id: self.thread_id,
            comment_id: self.comment_id,
            message_id: self.message_id,
        };
        Ok((reaction::check(&self.reaction)?, on))
    }
}

pub(crate) async fn get(call: Call, p: On) -> Reply {
    call.read(move |tx, actor| {
        let target = p.target(tx, actor)?;
        Ok(Stored::text(reaction::get(tx, actor, target)?))
    })
    .await
}

pub(crate) async fn add(call: Call, p: Reaction) -> Reply {
    let (reaction, on) = p.parts()?;
    call.write(move |tx, actor| {
        let target = on.target(tx, actor)?;
        reaction::add(tx, actor, target, &reaction)?;
        Ok(DONE)
    })
    .await
}

pub(crate) async fn remove(call: Call, p: Reaction) -> Reply {
    let (reaction, on) = p.parts()?;
    call.write(move |tx, actor| {
        let target = on.target(tx, actor)?;
        reaction::remove(tx, actor, target, &reaction)?;
        Ok(DONE)
    })
    .await
}
