use halyard_platform::{
    clock::Millis,
    db::{self, Tx},
    params,
};

/// How long an uploaded file waits for a post that it is attached to, in milliseconds.
pub const UNUSED_FOR: Millis = 24 * 60 * 60 * 1000;

/// Files that one sweep forgets at most, so that it does not hold up other writers.
const SLICE: i64 = 500;

/// The ids of uploaded files that belong to no post and are older than a day. A read of its own,
/// because it looks at every file.
pub fn unused(tx: &mut Tx<'_>, now: Millis) -> Result<Vec<String>, db::Error> {
    tx.all(
        "select a.id from attachment a
         where a.created_at <= $1
             and not exists (select 1 from attachment_use x where x.attachment_id = a.id)
         limit $2",
        params![now - UNUSED_FOR, SLICE],
    )
}

/// Forgets those of the [`unused`] files that still are. Answers their blobs, which are to be
/// removed once this is committed.
pub fn forget(tx: &mut Tx<'_>, unused: &[String]) -> Result<Vec<String>, db::Error> {
    let mut blobs = Vec::new();
    for id in unused {
        // A post may be taking the file just now; the answer after the lock is the valid one.
        tx.optional::<String>(
            "select a.id from attachment a where a.id = $1 {lock a}",
            params![id],
        )?;
        let blob: Option<String> = tx.optional(
            "delete from attachment where id = $1
                 and not exists (select 1 from attachment_use x where x.attachment_id = $1)
             returning blob",
            params![id],
        )?;
        blobs.extend(blob);
    }
    Ok(blobs)
}
