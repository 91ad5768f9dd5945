//! Calls that come in, and what they are answered.

use bytes::Bytes;
use halyard_iml::{Text, Value};

/// A call that has come to the address of a webhook.
#[derive(Clone, Debug, Default)]
pub struct Incoming {
    /// The method.
    pub method: String,
    /// The query as it stands in the address, without the question mark.
    pub query: String,
    /// The headers in their order; names in any case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

/// What a call is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers in their order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

/// What has become of a call to a webhook.
#[derive(Clone, Debug)]
pub struct Received {
    /// Whether the call only verified the address.
    pub verification: bool,
    /// The answer, unless a responder of the scenario gives another one.
    pub answer: Answer,
    /// What was received: one entry for each item.
    pub items: Vec<ReceivedItem>,
}

/// An item of a call.
#[derive(Clone, Debug)]
pub struct ReceivedItem {
    /// The user that it is for, of shared webhooks.
    pub uid: Option<Text>,
    /// What instant triggers get as `payload`.
    pub payload: Value,
}
