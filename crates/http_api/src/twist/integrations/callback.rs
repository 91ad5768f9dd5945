//! The address at which a bot answers later. It needs no row: whoever knows the key in it has got it
//! from us, for this conversation and until this moment.

use halyard_messaging::{
    ConversationId, Error as Cause, Post, PostParts,
    integration::{self, Installation},
};
use halyard_platform::{clock::Millis, events, jobs};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::{
    kit::params::List,
    params,
    twist::{
        action,
        call::{Call, json},
        dto::MessageAnswer,
        endpoint::Reply,
        error::{Code, Error},
    },
};

params! {
    /// A late answer of a bot.
    pub(crate) struct PostCallback {
        /// The installation.
        install_id: i64,
        /// The conversation.
        conversation_id: ConversationId,
        /// Until when the address works, in Unix seconds.
        until: i64,
        /// The key of the address.
        key: String,
        /// The text in Markdown, up to 15,000 characters.
        content: Option<String>,
        /// Links, in the form of attachments.
        attachments: Option<List>,
        /// Buttons.
        actions: Option<List>,
    }
}

fn mac(installation: &Installation, conversation: ConversationId, until: i64) -> Hmac<Sha256> {
    let mut mac =
        Hmac::new_from_slice(installation.token.as_bytes()).expect("a key of any length is good");
    mac.update(format!("callback.{}.{conversation}.{until}", installation.id).as_bytes());
    mac
}

/// The address for answers in a conversation, until a moment.
pub(in crate::twist) fn callback_url(
    installation: &Installation,
    conversation: ConversationId,
    until: Millis,
    base: &str,
) -> String {
    let until = until.div_euclid(1000);
    let key = hex::encode(mac(installation, conversation, until).finalize().into_bytes());
    format!(
        "{base}/api/v3/integration_incoming/post_callback?install_id={}\
         &conversation_id={conversation}&until={until}&key={key}",
        installation.id
    )
}

pub(crate) async fn post_callback(call: Call, p: PostCallback) -> Reply {
    let key = hex::decode(p.key.trim()).map_err(|_| Error::new(Code::TokenInvalid))?;
    let post = Post::new(PostParts {
        content: p.content.unwrap_or_default(),
        attachments: p.attachments.map(|list| list.0),
        actions_json: action::check(p.actions)?,
        direct_mentions: None,
        direct_group_mentions: None,
    })?;
    let (clock, version) = (call.app.clock.clone(), call.version);
    let message = call.app.db.write(move |tx| {
        let now = clock.now();
        let found = integration::by_install_id(tx, p.install_id)?;
        let (integration, installation) = found.ok_or_else(|| Error::new(Code::TokenInvalid))?;
        mac(&installation, p.conversation_id, p.until)
            .verify_slice(&key)
            .map_err(|_| Error::new(Code::TokenInvalid))?;
        if now.div_euclid(1000) > p.until {
            return Err(Error::new(Code::Forbidden).because("the time to answer is over"));
        }
        match integration::post_in(tx, &integration, p.conversation_id, &post, now) {
            Ok(message) => Ok(MessageAnswer::new(message, version)),
            Err(Cause::Store(error)) => Err(error.into()),
            Err(refused) => Err(refused.into()),
        }
    });
    let message = message.await?;
    call.app.signals.wake(jobs::TOPIC);
    call.app.signals.wake(events::TOPIC);
    json(&message)
}
