//! Attachments that posts of the workspace use.

use halyard_platform::{
    db::{self, Tx},
    params,
};

use super::{
    super::record::{Attachment, Record},
    Cursor, Extent, FEW, Found,
};
use crate::WorkspaceId;

pub(super) fn attachments(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    extent: Extent,
    at: &mut Cursor,
) -> Result<Found, db::Error> {
    let found: Vec<Attachment> = tx.all(
        "select id, owner, sha256, file_name, file_size, media_type, url_type, image_width,
             image_height, created_at, blob
         from attachment where id > $1 order by id limit $2",
        params![&at.file, FEW],
    )?;
    let full = found.len() as i64 == FEW;
    if let Some(last) = found.last() {
        at.file.clone_from(&last.id);
    }
    let mut records = Vec::new();
    for mut attachment in found {
        attachment.uses = tx.all(
            "select x.thread_id, x.comment_id, x.message_id
             from attachment_use x
             left join comment k on k.id = x.comment_id and k.deleted_at is null
             left join thread t on t.id = coalesce(x.thread_id, k.thread_id)
                 and t.removed_at is null
             left join channel c on c.id = t.channel_id and c.removed_at is null
             left join message m on m.id = x.message_id and m.deleted_at is null
             left join conversation v on v.id = m.conversation_id
             where x.attachment_id = $1 and (
                 (c.workspace_id = $2 and coalesce(x.comment_id, 0) <= $5
                     and coalesce(x.thread_id, 0) <= $6
                     and ($3 or c.public or exists (select 1 from channel_member cm
                         where cm.channel_id = c.id and cm.user_id = $4)))
                 or (v.workspace_id = $2 and x.message_id <= $7
                     and ($3 or exists (select 1 from conversation_member vm
                         where vm.conversation_id = v.id and vm.user_id = $4))))
             order by x.id",
            params![
                &attachment.id,
                workspace,
                extent.whole(),
                extent.user(),
                at.bounds.comment,
                at.bounds.thread,
                at.bounds.message
            ],
        )?;
        if !attachment.uses.is_empty() {
            records.push(Record::Attachment(attachment));
        }
    }
    Ok((records, full))
}
