//! Conversations: direct messages between two people and private groups.
//!
//! A person sees a conversation while they are in it and are a current member of its workspace;
//! for everybody else, administrators included, it does not exist.
//!
//! A *private* conversation is between two people, or one person and themselves. Its people never
//! change and it has no title. Every other conversation is a group, also when only one or two
//! people are left in it.
//!
//! Invariants, beside those of [`message`](crate::message):
//! * `people` of a private conversation is its set of people; that of a group is either its set of
//!   three or more people or null. So two people always meet in their private conversation.
//! * `0 <= read_items <= last_obj_index + 1`, the same for `archived_items` where it is set. A
//!   conversation is archived for a person while `archived_items = last_obj_index + 1`; a new
//!   message brings it back for everybody without touching their rows.
//! * Rows of `message_mention` belong to people who are in the conversation.

mod access;
mod change;
mod create;
mod list;
mod members;
mod people;
mod types;
mod unread;

pub(crate) use access::{Place, enter_and_lock, last_obj_index, seen_by};
pub use change::{ConversationChange, archive, mute, unarchive, unmute, update};
pub use create::{create_with, get_or_create};
pub use list::{Filter, list};
pub use members::{add_users, remove_users};
pub(crate) use people::free_key;
pub(crate) use types::load_all;
pub use types::{Conversation, load};
pub use unread::{Position, Unread, mark_read, mark_unread, unread};
