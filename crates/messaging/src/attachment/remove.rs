use halyard_platform::{db::Tx, params};
use serde_json::{Map, Value};

use super::Parent;
use crate::{Actor, Error, Role, comment, json as stored, message, thread};

/// Takes a file or link off a post. Who could fetch a file through the post only, cannot any more;
/// its owner still can, until it is swept. A post that is empty then stays (our decision).
///
/// # Errors
/// Not found, for a post that the actor cannot see; [`Error::AttachmentNotFound`] when it is not on
/// the post; [`Error::Forbidden`] for others than the author and admins, and where nothing may be
/// changed any more.
pub fn remove(tx: &mut Tx<'_>, actor: &Actor, id: &str, parent: Parent) -> Result<(), Error> {
    match parent {
        Parent::Thread(thread) => {
            let access = thread::access(tx, actor, thread)?;
            let list: Option<String> =
                tx.one("select attachments from thread where id = $1", params![thread])?;
            let left = without(list.as_deref(), id)?;
            access.require_author_or_admin(actor)?;
            access.require_open_channel()?;
            tx.exec(
                "update thread set attachments = $2, last_edited_at = $3, version = version + 1
                 where id = $1",
                params![thread, &left, actor.now],
            )?;
            tx.exec(
                "delete from attachment_use where thread_id = $1 and attachment_id = $2",
                params![thread, id],
            )?;
            thread::record(tx, actor, &access, "thread_updated")
        }
        Parent::Comment(comment) => {
            let (access, before) = comment::hold(tx, actor, comment)?;
            let left = without(before.attachments_json.as_deref(), id)?;
            if before.creator != actor.user && access.role != Role::Admin {
                return Err(ONLY_AUTHOR);
            }
            access.require_open_channel()?;
            tx.exec(
                "update comment set attachments = $2, last_edited_at = $3, version = version + 1
                 where id = $1",
                params![comment, &left, actor.now],
            )?;
            tx.exec(
                "delete from attachment_use where comment_id = $1 and attachment_id = $2",
                params![comment, id],
            )?;
            comment::record(tx, actor, &before, "comment_updated")
        }
        Parent::Message(message) => {
            let (place, before) = message::hold(tx, actor, message)?;
            let left = without(before.attachments_json.as_deref(), id)?;
            if before.creator != actor.user && place.role != Role::Admin {
                return Err(ONLY_AUTHOR);
            }
            tx.exec(
                "update message set attachments = $2, last_edited_at = $3, version = version + 1
                 where id = $1",
                params![message, &left, actor.now],
            )?;
            tx.exec(
                "delete from attachment_use where message_id = $1 and attachment_id = $2",
                params![message, id],
            )?;
            message::record(tx, actor, &place, "message_updated", message, before.obj_index)
        }
    }
}

const ONLY_AUTHOR: Error =
    Error::Forbidden("only the author of the post or an admin may take an attachment off it");

/// The stored list without this attachment.
fn without(list: Option<&str>, id: &str) -> Result<String, Error> {
    let mut list: Vec<Map<String, Value>> = match list {
        Some(list) => stored::decode(list)?,
        None => Vec::new(),
    };
    let before = list.len();
    list.retain(|entry| match entry.get("attachment_id") {
        Some(Value::String(other)) => other != id,
        // A link preview may have been sent with a number.
        Some(Value::Number(other)) => other.to_string() != id,
        _ => true,
    });
    if list.len() == before {
        return Err(Error::AttachmentNotFound);
    }
    Ok(stored::encode(&list))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_of_an_attachment_goes_and_the_others_stay_as_they_are() {
        let list = r#"[{"attachment_id":"a"},{"attachment_id":7,"x":1},{"attachment_id":"a"}]"#;
        assert_eq!(without(Some(list), "a").unwrap(), r#"[{"attachment_id":7,"x":1}]"#);
        assert_eq!(without(Some(r#"[{"attachment_id":7}]"#), "7").unwrap(), "[]");
        for (list, id) in [(Some(list), "b"), (Some("[]"), "a"), (None, "a")] {
            assert!(matches!(without(list, id), Err(Error::AttachmentNotFound)));
        }
    }
}
