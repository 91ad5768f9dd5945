//! Uploaded files, and the lists of attachments that posts carry.
//!
//! A list is stored as the client sent it, unknown keys included, with one exception: what the
//! server knows about a file of its own (name, size, type, address) comes from the upload.

use halyard_identity::UserId;
use halyard_platform::{
    clock::Millis,
    db::{self, FromRow, Row, Tx},
    params,
};
use serde_json::{Map, Value, json};

use crate::{Actor, CommentId, Error, MessageId, ThreadId, json as stored};

/// Attachments of one post at most.
const MAX: usize = 50;

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

/// A list of attachments that has been checked against the uploads.
#[derive(Debug, Clone, Default)]
pub(crate) struct Prepared {
    json: Option<String>,
    files: Vec<String>,
}

/// Checks the list of a post; `None` is no list.
///
/// # Errors
/// [`Error::AttachmentsInvalid`] for too many, for one without an id and for a file of somebody
/// else that the actor cannot see.
pub(crate) fn prepare(
    tx: &mut Tx<'_>,
    actor: &Actor,
    list: Option<&[Map<String, Value>]>,
) -> Result<Prepared, Error> {
    let Some(list) = list else { return Ok(Prepared::default()) };
    if list.len() > MAX {
        return Err(Error::AttachmentsInvalid("at most 50 attachments"));
    }
    let mut files = Vec::new();
    let mut kept = Vec::with_capacity(list.len());
    for entry in list {
        let mut entry = entry.clone();
        if let Some(file) = known_file(tx, actor, &entry)? {
            entry.extend(trusted(&file));
            files.push(file.id);
        }
        kept.push(Value::Object(entry));
    }
    Ok(Prepared { json: Some(stored::encode(&kept)), files })
}

fn known_file(
    tx: &mut Tx<'_>,
    actor: &Actor,
    entry: &Map<String, Value>,
) -> Result<Option<Attachment>, Error> {
    let id = match entry.get("attachment_id") {
        Some(Value::String(id)) => id.clone(),
        Some(Value::Number(id)) => id.to_string(),
        _ => return Err(Error::AttachmentsInvalid("attachment_id is missing")),
    };
    match load(tx, actor, &id) {
        Ok(file) => Ok(Some(file)),
        Err(Error::AttachmentNotFound) => {
            let foreign: Option<String> =
                tx.optional("select id from attachment where id = $1", params![&id])?;
            match foreign {
                Some(_) => Err(Error::AttachmentsInvalid("this file belongs to somebody else")),
                // A link preview, or an attachment that never had a file here.
                None => Ok(None),
            }
        }
        Err(other) => Err(other),
    }
}

fn trusted(file: &Attachment) -> Map<String, Value> {
    let facts = json!({
        "attachment_id": file.id,
        "file_name": file.file_name,
        "file_size": file.file_size,
        "underlying_type": file.media_type,
        "url_type": file.url_type,
        "upload_state": "uploaded",
    });
    match facts {
        Value::Object(facts) => facts,
        _ => Map::new(),
    }
}

impl Prepared {
    /// The list to store with the post.
    pub(crate) fn stored(&self) -> Option<String> {
        self.json.clone()
    }

    /// Ties the files to their post, so that its readers may fetch them.
    pub(crate) fn attach(&self, tx: &mut Tx<'_>, parent: Parent) -> Result<(), Error> {
        let [thread, comment, message] = parent.columns();
        for file in &self.files {
            tx.exec(
                "insert into attachment_use (attachment_id, thread_id, comment_id, message_id)
                 values ($1, $2, $3, $4)",
                params![file, thread, comment, message],
            )?;
        }
        Ok(())
    }

    /// As [`attach`](Self::attach), after untying what the post had before.
    pub(crate) fn replace(&self, tx: &mut Tx<'_>, parent: Parent) -> Result<(), Error> {
        match parent {
            Parent::Thread(id) => {
                tx.exec("delete from attachment_use where thread_id = $1", params![id])
            }
            Parent::Comment(id) => {
                tx.exec("delete from attachment_use where comment_id = $1", params![id])
            }
            Parent::Message(id) => {
                tx.exec("delete from attachment_use where message_id = $1", params![id])
            }
        }?;
        self.attach(tx, parent)
    }
}
