//! Uploaded files, and the lists of attachments that posts carry.
//!
//! A list is stored as the client sent it, unknown keys included, with one exception: what the
//! server knows about a file of its own (name, size, type, address) comes from the upload.
//!
//! The stored address of a file is a path from the root of this server, never a whole address:
//! whoever answers a list puts the address in front under which the reader knows the server. So
//! posts survive a new host name, and nobody can lead readers, who send their token along, to
//! another host under the name of a file of ours.

mod list;
mod remove;
mod sweep;

use halyard_identity::UserId;
use halyard_platform::{
    clock::Millis,
    db::{self, FromRow, Row, Tx},
    params,
};

pub(crate) use list::prepare;
pub use remove::remove;
pub use sweep::{UNUSED_FOR, forget, unused};

use crate::{Actor, CommentId, Error, MessageId, ThreadId};

/// An uploaded file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Chosen by the client, usually a UUID.
    pub id: String,
    /// Who uploaded it.
    pub owner: UserId,
    /// Where its bytes are.
    pub blob: String,
    /// Digest of the bytes, hexadecimal.
    pub sha256: String,
    /// Name without directories.
    pub file_name: String,
    /// Bytes.
    pub file_size: i64,
    /// MIME type as found by the server.
    pub media_type: String,
    /// `file`, `image`, `audio` or `video`.
    pub url_type: String,
    /// Pixels, for images.
    pub image_width: Option<i64>,
    /// Pixels, for images.
    pub image_height: Option<i64>,
    /// When it was uploaded.
    pub created_at: Millis,
}

impl FromRow for Attachment {
    fn from_row(row: &mut Row<'_>) -> Result<Self, db::Error> {
        Ok(Self {
            id: row.get()?,
            owner: row.get()?,
            blob: row.get()?,
            sha256: row.get()?,
            file_name: row.get()?,
            file_size: row.get()?,
            media_type: row.get()?,
            url_type: row.get()?,
            image_width: row.get()?,
            image_height: row.get()?,
            created_at: row.get()?,
        })
    }
}

/// What an attachment belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parent {
    /// The opening post of a thread.
    Thread(ThreadId),
    /// A comment.
    Comment(CommentId),
    /// A message.
    Message(MessageId),
}

impl Parent {
    /// The three columns of `attachment_use`.
    fn columns(self) -> [Option<i64>; 3] {
        match self {
            Self::Thread(id) => [Some(id.0), None, None],
            Self::Comment(id) => [None, Some(id.0), None],
            Self::Message(id) => [None, None, Some(id.0)],
        }
    }
}

/// Where the bytes of an attachment are served, from the root of this server.
pub fn path(id: &str, file_name: &str) -> String {
    format!("/files/{}/{}", escape(id), escape(file_name))
}

fn escape(part: &str) -> String {
    let mut out = String::with_capacity(part.len());
    for byte in part.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// Remembers an uploaded file.
///
/// # Errors
/// [`Error::Exists`] when the id is taken, by whomever.
pub fn add(tx: &mut Tx<'_>, new: &Attachment) -> Result<(), Error> {
    let added = tx.exec(
        "insert into attachment (id, owner, blob, sha256, file_name, file_size, media_type,
             url_type, image_width, image_height, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         on conflict (id) do nothing",
        params![
            &new.id,
            new.owner,
            &new.blob,
            &new.sha256,
            &new.file_name,
            new.file_size,
            &new.media_type,
            &new.url_type,
            new.image_width,
            new.image_height,
            new.created_at
        ],
    )?;
    if added == 0 { Err(Error::Exists("attachment_id")) } else { Ok(()) }
}

/// A file that the actor may fetch: their own, or one attached to something they can see.
///
/// # Errors
/// [`Error::AttachmentNotFound`]
pub fn load(tx: &mut Tx<'_>, actor: &Actor, id: &str) -> Result<Attachment, Error> {
    tx.optional(
        "select a.id, a.owner, a.blob, a.sha256, a.file_name, a.file_size, a.media_type,
             a.url_type, a.image_width, a.image_height, a.created_at
         from attachment a
         where a.id = $1 and (
             a.owner = $2
             or exists (
                 select 1 from attachment_use x
                 left join comment k on k.id = x.comment_id and k.deleted_at is null
                 join thread t on t.id = coalesce(x.thread_id, k.thread_id)
                     and t.removed_at is null
                 join channel c on c.id = t.channel_id and c.removed_at is null
                 join member m on m.workspace_id = t.workspace_id and m.user_id = $2
                     and m.removed_at is null
                 left join channel_member cm on cm.channel_id = c.id and cm.user_id = $2
                 where x.attachment_id = a.id
                     and (cm.user_id is not null or (c.public and m.role <> 'guest')))
             or exists (
                 select 1 from attachment_use x
                 join message k on k.id = x.message_id and k.deleted_at is null
                 join conversation c on c.id = k.conversation_id
                 join conversation_member cm on cm.conversation_id = c.id and cm.user_id = $2
                 join member m on m.workspace_id = c.workspace_id and m.user_id = $2
                     and m.removed_at is null
                 where x.attachment_id = a.id))",
        params![id, actor.user],
    )?
    .ok_or(Error::AttachmentNotFound)
}
