//! Workspaces on their way out of an installation and into one: as lines of JSON, one file for each
//! noun, with the attached files.
//!
//! An archive has no passwords, tokens, join links, webhooks or integrations: whoever takes it in
//! gives people a new way to sign in. Ids in it are those of the installation that wrote it; reading
//! gives new ones and puts them into texts and lists.

mod archive;
mod begin;
mod known;
mod people;
mod posts;
mod read;
mod record;
mod rooms;
mod text;

pub use archive::{Manifest, Summary, blobs_of, manifest, parse, write};
pub use begin::{Begun, Settled, begin, begin_into, file_known, finish, forget, link, settle};
pub use posts::attach;
pub use read::{Cursor, Extent, Page, page};
pub use record::{
    Account, Attachment, Channel, ChannelMember, Comment, Conversation, ConversationMember, Group,
    Message, Person, Reactions, Record, Thread, ThreadState, Use, Workspace,
};
pub use rooms::apply;
