//! What comes of a call.

use halyard_iml::{Date, Text, Value};
use halyard_platform::outbound::Url;

use super::{Cursor, Exchange};
use crate::apps::AppError;

/// What a module has done.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What comes out of it. An action has exactly one, a search any number.
    pub bundles: Vec<Value>,
    /// The requests that were made.
    pub exchanges: Vec<Exchange>,
    /// What the author of the app, or the user, should know.
    pub warnings: Vec<String>,
}

/// Why a call has failed, and what it had done until then.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{error}")]
pub struct Failure {
    /// The reason, without secrets.
    pub error: AppError,
    /// The requests that were made.
    pub exchanges: Vec<Exchange>,
    /// What requests before the one that has failed have saved (`response.data`): needed to take back
    /// what they have done. It may hold secrets.
    pub saved: Option<Value>,
}

/// The result of an RPC.
#[derive(Clone, Debug)]
pub struct Answered {
    /// What the app put out; an empty list when it put out nothing.
    pub value: Value,
    /// The requests that were made.
    pub exchanges: Vec<Exchange>,
    /// What the author of the app should know.
    pub warnings: Vec<String>,
}

/// What a section of a connection, or a procedure of a webhook, has done.
#[derive(Clone, Debug, Default)]
pub struct Section {
    /// Whether it ran; false when its `condition` did not hold.
    pub ran: bool,
    /// `response.data`: to be saved, by key over what is saved already.
    pub data: Option<Value>,
    /// `response.uid`
    pub uid: Option<Text>,
    /// `response.metadata`: `value` and `type`.
    pub metadata: Option<Value>,
    /// `response.expires`
    pub expires: Option<Date>,
    /// `temp` as it is afterwards, for the next section.
    pub temp: Value,
    /// `response.output`, where the app has one.
    pub output: Option<Value>,
    /// The requests that were made.
    pub exchanges: Vec<Exchange>,
    /// What the author of the app should know.
    pub warnings: Vec<String>,
}

/// Where a browser is sent.
#[derive(Clone, Debug)]
pub struct Redirect {
    /// The address with its query.
    pub url: Url,
    /// `temp` as it is afterwards.
    pub temp: Value,
}

/// What a polling trigger has found.
#[derive(Clone, Debug)]
pub struct Polled {
    /// What is new, the oldest first.
    pub bundles: Vec<Value>,
    /// Where the next poll goes on; to be saved once the bundles are processed.
    pub cursor: Cursor,
    /// The requests that were made.
    pub exchanges: Vec<Exchange>,
    /// What the author of the app, or the user, should know.
    pub warnings: Vec<String>,
}

/// An item that people can choose as the first one to be processed.
#[derive(Clone, Debug)]
pub struct Start {
    /// What people see.
    pub label: String,
    /// The id of the item, as text.
    pub id: String,
    /// When the item was made, where the app says it.
    pub date: Option<Date>,
    /// The cursor that makes the item the first.
    pub cursor: Cursor,
}
