use std::io;

use halyard_messaging::{
    CommentId, MessageId, ThreadId,
    attachment::{self, Attachment as Core, Parent},
};
use halyard_platform::blobs::{Blob, Blobs};
use tokio::io::AsyncReadExt;

use super::{
    call::{Call, DONE},
    dto::Attachment,
    endpoint::Reply,
    error::Error,
    ids::Resolve,
};
use crate::{
    kit::{
        media::{self, Media},
        params,
    },
    params,
};

/// Longest id that a client may choose: our decision, they choose UUIDs.
const LONGEST_ID: usize = 100;

params! {
    /// A file.
    pub(crate) struct Upload {
        /// The file, as the part of a multipart body that has a file name; its name is free.
        #[names("file", "file_name")]
        file: params::Upload,
        /// Name of the file, when that of the part is not the right one.
        file_name: Option<String>,
        /// Letters, digits, `-` and `_`, usually a UUID; one is chosen when it is empty or missing.
        attachment_id: Option<String>,
    }

    /// Names an attachment and the post that it is on.
    pub(crate) struct Remove {
        /// The attachment.
        attachment_id: String,
        /// The thread, for its opening post.
        thread_id: Option<ThreadId>,
        /// The comment.
        comment_id: Option<CommentId>,
        /// The message.
        message_id: Option<MessageId>,
    }
}

pub(crate) async fn upload(call: Call, p: Upload) -> Reply {
    let given = p.attachment_id.map(|id| id.trim().to_owned()).filter(|id| !id.is_empty());
    let id = match given {
        Some(id) if is_id(&id) => id,
        Some(_) => return Err(Error::invalid("attachment_id", "a UUID")),
        None => call.app.random.uuid(),
    };
    // Before anything is stored for somebody who may not upload.
    call.fetch(|_, _| Ok(())).await?;
    let name = p.file_name.filter(|name| !name.trim().is_empty());
    let name = name.map_or_else(|| p.file.file_name.clone(), |name| params::file_name(&name));
    // A client that goes away must not leave a blob behind that no row names.
    let kept = tokio::spawn(async move { keep(&call, id, name, p.file).await });
    kept.await.map_err(Error::internal)?
}

fn is_id(id: &str) -> bool {
    id.len() <= LONGEST_ID && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
}

/// Stores bytes and row.
async fn keep(call: &Call, id: String, file_name: String, file: params::Upload) -> Reply {
    let blob = file.store().await.map_err(|error| Error::upload_failed(&error))?;
    let reply = remember(call, &id, file_name, &blob).await;
    // Asked, not guessed: a failed commit may have happened all the same, and a repeated request
    // with an idempotency key succeeds without using what it sent.
    let name = blob.id.to_string();
    let used = call.fetch(move |tx, actor| match attachment::load(tx, actor, &id) {
        Ok(file) => Ok(file.blob == name),
        Err(halyard_messaging::Error::AttachmentNotFound) => Ok(false),
        Err(other) => Err(other.into()),
    });
    match used.await {
        Ok(true) => {}
        Ok(false) => {
            if let Err(error) = call.app.blobs.remove(&blob.id).await {
                tracing::warn!(blob = %blob.id, %error, "an unused blob stays behind");
            }
        }
        Err(error) => tracing::warn!(blob = %blob.id, ?error, "a blob may stay behind unused"),
    }
    reply
}

async fn remember(call: &Call, id: &str, file_name: String, blob: &Blob) -> Reply {
    let about = examine(&call.app.blobs, blob, &file_name)
        .await
        .map_err(|error| Error::upload_failed(&error))?;
    let file = Core {
        id: id.to_owned(),
        // Both are set by the transaction.
        owner: halyard_identity::UserId(0),
        created_at: 0,
        blob: blob.id.to_string(),
        sha256: blob.sha256.clone(),
        file_name,
        file_size: blob.size.try_into().map_err(Error::internal)?,
        media_type: about.media_type.to_owned(),
        url_type: about.class().to_owned(),
        image_width: about.size.map(|(width, _)| width.into()),
        image_height: about.size.map(|(_, height)| height.into()),
    };
    let base = call.base.clone();
    call.write(move |tx, actor| {
        let file = Core { owner: actor.user, created_at: actor.now, ..file.clone() };
        attachment::add(tx, &file)?;
        Ok(Attachment::new(file, &base))
    })
    .await
}

async fn examine(blobs: &Blobs, blob: &Blob, file_name: &str) -> io::Result<Media> {
    let (file, _) = blobs.read(&blob.id).await?;
    let mut head = Vec::new();
    file.take(media::HEAD as u64).read_to_end(&mut head).await?;
    Ok(media::identify(&head, file_name))
}

pub(crate) async fn remove(call: Call, p: Remove) -> Reply {
    // The official SDK leaves out what is 0, and 0 is no id.
    let thread = p.thread_id.filter(|id| id.0 != 0);
    let comment = p.comment_id.filter(|id| id.0 != 0);
    let message = p.message_id.filter(|id| id.0 != 0);
    if thread.is_none() && comment.is_none() && message.is_none() {
        return Err(Error::missing("thread_id"));
    }
    call.write(move |tx, actor| {
        let parent = match (comment, message, thread) {
            (Some(id), ..) => Parent::Comment(id.resolve(tx, actor)?),
            (None, Some(id), _) => Parent::Message(id),
            (None, None, Some(id)) => Parent::Thread(id.resolve(tx, actor)?),
            (None, None, None) => return Err(Error::missing("thread_id")),
        };
        attachment::remove(tx, actor, &p.attachment_id, parent)?;
        Ok(DONE)
    })
    .await
}
