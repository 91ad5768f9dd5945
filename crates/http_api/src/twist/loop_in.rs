//! Addresses to which people send posts by mail.

use halyard_messaging::{
    ChannelId, ConversationId, ThreadId,
    mail::address::{self, Target},
};
use halyard_platform::db::Tx;

use super::{
    call::{Call, DONE},
    dto::LoopIn,
    endpoint::Reply,
    error::{Code, Error},
    ids::Resolve,
};
use crate::{choice_param, params};

/// What an address is for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ObjType {
    Channel,
    Thread,
    Conversation,
}

choice_param!(ObjType {
    "CHANNEL" => ObjType::Channel,
    "THREAD" => ObjType::Thread,
    "CONVERSATION" => ObjType::Conversation,
});

params! {
    /// Names a channel, thread or conversation.
    pub(crate) struct Named {
        /// What it is: mail becomes a thread in a channel, a comment in a thread, a message in
        /// a conversation.
        obj_type: ObjType,
        /// Its id.
        #[names("obj_id", "id")]
        obj_id: i64,
    }
}

impl Named {
    fn target(&self, tx: &mut Tx<'_>, actor: &halyard_messaging::Actor) -> Result<Target, Error> {
        Ok(match self.obj_type {
            ObjType::Channel => Target::Channel(ChannelId(self.obj_id).resolve(tx, actor)?),
            ObjType::Thread => Target::Thread(ThreadId(self.obj_id).resolve(tx, actor)?),
            ObjType::Conversation => Target::Conversation(ConversationId(self.obj_id)),
        })
    }
}

pub(crate) async fn get_or_create(call: Call, p: Named) -> Reply {
    let domain = call.app.settings.mail_domain.clone();
    let domain = domain.ok_or_else(|| {
        Error::new(Code::NotFound).because("this server takes no mail, smtp_listen is not set")
    })?;
    let fresh = format!("in-{}", call.app.random.hex(16));
    call.write(move |tx, actor| {
        let target = p.target(tx, actor)?;
        let local = address::get_or_create(tx, actor, target, &fresh)?;
        Ok(LoopIn { email: format!("{local}@{domain}") })
    })
    .await
}

pub(crate) async fn disable(call: Call, p: Named) -> Reply {
    call.write(move |tx, actor| {
        let target = p.target(tx, actor)?;
        address::disable(tx, actor, target)?;
        Ok(DONE)
    })
    .await
}
