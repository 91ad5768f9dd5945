//! Who is told what happens.
//!
//! Webhooks are set up on pages of the service, not by calls, so tests add them to the world.

use base64::Engine as _;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{
    notation,
    world::{Message, Room},
};

/// Where events are sent to, and what waits to be sent.
#[derive(Debug, Default)]
pub(crate) struct Webhooks {
    hooks: Vec<Hook>,
    waiting: Vec<Delivery>,
}

/// Somebody's wish to be told.
#[derive(Clone, Debug)]
pub(crate) struct Hook {
    /// Whose it is.
    pub(crate) owner: u64,
    /// Where events are sent to.
    pub(crate) url: String,
    /// What they are about.
    pub(crate) subject: Subject,
    /// The Base64 of the key that they are signed with.
    pub(crate) token: String,
}

/// What a hook tells about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// New messages of a room.
    Created(u64),
    /// Edited messages of a room.
    Updated(u64),
    /// Messages addressed to the owner, in any room.
    Mention,
}

/// A request to be sent.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) url: String,
    pub(super) signature: String,
    pub(super) body: String,
}

/// The signature of a body: Base64 of the HMAC-SHA256 with the bytes that the token stands for.
///
/// # Panics
/// When the token is no Base64.
pub(crate) fn sign(token: &str, body: &[u8]) -> String {
    let base64 = base64::engine::general_purpose::STANDARD;
    let key = base64.decode(token).expect("tokens are Base64");
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("a key may have any length");
    mac.update(body);
    base64.encode(mac.finalize().into_bytes())
}

impl Webhooks {
    /// Tells somebody from now on.
    pub(crate) fn add(&mut self, hook: Hook) {
        self.hooks.push(hook);
    }

    /// What is to be sent now.
    pub(super) fn take(&mut self) -> Vec<Delivery> {
        std::mem::take(&mut self.waiting)
    }

    /// A message is new. Its author is told as well.
    pub(super) fn posted(&mut self, room: &Room, message: &Message, now: i64) {
        self.tell(room, message, Subject::Created(room.id), now);
    }

    /// A message is edited. Whether this counts as a mention is open; here it does not.
    pub(super) fn edited(&mut self, room: &Room, message: &Message, now: i64) {
        self.tell(room, message, Subject::Updated(room.id), now);
    }

    fn tell(&mut self, room: &Room, message: &Message, subject: Subject, now: i64) {
        let new = matches!(subject, Subject::Created(_));
        for (at, hook) in self.hooks.iter().enumerate() {
            let member = room.role(hook.owner).is_some();
            let mentioned = new
                && hook.subject == Subject::Mention
                && message.author != hook.owner
                && notation::addresses(&message.body, hook.owner);
            if member && (hook.subject == subject || mentioned) {
                let event = json!({
                    "webhook_setting_id": (at + 1).to_string(),
                    "webhook_event_type": hook.subject.word(),
                    "webhook_event_time": now,
                    "webhook_event": event(hook, room, message),
                });
                self.waiting.push(hook.delivery(event.to_string()));
            }
        }
    }
}

impl Hook {
    fn delivery(&self, body: String) -> Delivery {
        let signature = sign(&self.token, body.as_bytes());
        let joint = if self.url.contains('?') { '&' } else { '?' };
        let query: String = form_urlencoded::byte_serialize(signature.as_bytes()).collect();
        let url = format!("{}{joint}chatwork_webhook_signature={query}", self.url);
        Delivery { url, signature, body }
    }
}

impl Subject {
    fn word(self) -> &'static str {
        match self {
            Self::Created(_) => "message_created",
            Self::Updated(_) => "message_updated",
            Self::Mention => "mention_to_me",
        }
    }
}

fn event(hook: &Hook, room: &Room, message: &Message) -> Value {
    let mut event = json!({
        "message_id": message.id.to_string(),
        "room_id": room.id,
        "body": message.body,
        "send_time": message.sent,
        "update_time": message.edited,
    });
    if hook.subject == Subject::Mention {
        event["from_account_id"] = message.author.into();
        event["to_account_id"] = hook.owner.into();
    } else {
        event["account_id"] = message.author.into();
    }
    event
}
