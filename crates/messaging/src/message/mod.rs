//! Messages in conversations.
//!
//! Invariants of a conversation and its messages:
//! * The `obj_index` of its messages runs from 0 without gaps; `last_obj_index` is the number of
//!   all its messages minus one. A removed message keeps its place as an empty tombstone.
//! * `message_count` is the number of messages that are not removed.
//! * `posted_at` never falls from one message to the next, and `last_active_at` is that of the
//!   newest message, or `created_at`.
//! * `last_message_id`, `snippet` and `snippet_creator` belong to the newest message that is
//!   neither removed nor a system message. `snippet_creators` are at most five different authors
//!   and begin with `snippet_creator`.
//! * Rows of `message_mention` are those of `direct_mentions` who were in the conversation.

mod add;
mod append;
mod change;
mod list;
mod remove;
mod types;

pub use add::add;
pub(crate) use append::{Entry, append, record};
pub(crate) use change::hold;
pub use change::{MessageChange, update};
pub use list::{Filter, list, list_ids};
pub use remove::remove;
pub(crate) use remove::summarise;
pub(crate) use types::message_columns;
pub use types::{Message, load, load_many};
