use halyard_platform::{
    db::{Error, Row, Tx},
    params,
};

/// An uploaded file, or a mail that is not posted yet, as its row describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Id of the attachment.
    pub id: String,
    /// Id of the blob with its bytes.
    pub blob: String,
    /// Bytes.
    pub size: i64,
    /// Digest of the bytes, hexadecimal.
    pub sha256: String,
}

/// Hands out every uploaded file and every mail that is not posted yet, one by one.
///
/// # Errors
/// Those of `take` and of the store.
pub fn files<E: From<Error>>(
    tx: &mut Tx<'_>,
    mut take: impl FnMut(File) -> Result<(), E>,
) -> Result<(), E> {
    let mut each = |row: &mut Row<'_>| {
        take(File { id: row.get()?, blob: row.get()?, size: row.get()?, sha256: row.get()? })
    };
    tx.stream("select id, blob, file_size, sha256 from attachment", &mut each)?;
    tx.stream(
        "select 'mail ' || id, blob, size, sha256 from mail_received where blob is not null",
        &mut each,
    )
}

/// Whether the file still has its row; it may have been removed since it was listed.
pub fn file_exists(tx: &mut Tx<'_>, file: &File) -> Result<bool, Error> {
    let found: i64 = tx.one(
        "select (select count(*) from attachment where blob = $1)
             + (select count(*) from mail_received where blob = $1)",
        params![&file.blob],
    )?;
    Ok(found > 0)
}
