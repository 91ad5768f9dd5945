use halyard_platform::{db::Tx, params};
use serde_json::{Map, Value, json};

use super::{Attachment, Parent, load, path};
use crate::{Actor, Error, json as stored};

/// Attachments of one post at most.
const MAX: usize = 50;

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
            trust(&mut entry, &file);
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
    // Holds up a sweep that would take the file for unused before it is tied to its post.
    tx.optional::<String>("select a.id from attachment a where a.id = $1 {lock a}", params![&id])?;
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

/// Puts what the server knows about a file in place of what the client claims.
fn trust(entry: &mut Map<String, Value>, file: &Attachment) {
    let path = path(&file.id, &file.file_name);
    let image = (file.url_type == "image").then_some(&path);
    let facts = json!({
        "attachment_id": file.id,
        "file_name": file.file_name,
        "file_size": file.file_size,
        "underlying_type": file.media_type,
        "url_type": file.url_type,
        "url": path,
        "image": image,
        "image_width": file.image_width,
        "image_height": file.image_height,
        "upload_state": "uploaded",
    });
    if let Value::Object(facts) = facts {
        entry.extend(facts);
    }
    entry.entry("title").or_insert_with(|| file.file_name.as_str().into());
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
