//! Server-sent events as they travel.

use std::fmt::Write as _;

use bytes::Bytes;
use halyard_platform::events::Event;
use serde_json::Value;

/// One message of the feed.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    /// The event that it tells of; none for what leaves no trace, such as presence.
    pub(super) id: Option<i64>,
    pub(super) text: Bytes,
}

impl Frame {
    /// Something that happened. The payload is JSON without line breaks.
    pub(super) fn of(event: &Event) -> Self {
        let mut text = String::with_capacity(event.payload.len() + event.kind.len() + 48);
        // Writing to a text cannot fail.
        let _ =
            write!(text, "id: {}\nevent: {}\ndata: {}\n\n", event.id, event.kind, event.payload);
        Self { id: Some(event.id), text: text.into() }
    }

    /// Something that leaves no trace.
    pub(super) fn passing(kind: &str, data: &Value) -> Self {
        Self { id: None, text: format!("event: {kind}\ndata: {data}\n\n").into() }
    }

    /// The beginning of a feed, with the position from which it goes on.
    pub(super) fn hello(position: Option<i64>, data: &Value) -> Bytes {
        match position {
            Some(id) => format!("id: {id}\nevent: hello\ndata: {data}\n\n").into(),
            None => format!("event: hello\ndata: {data}\n\n").into(),
        }
    }
}

/// Keeps proxies from closing a quiet connection.
pub(super) const KEEP_ALIVE: Bytes = Bytes::from_static(b":\n\n");

/// What happened since the named event is not known any more: the client starts over.
pub(super) const RESET: Bytes = Bytes::from_static(b"event: reset\ndata: {}\n\n");
