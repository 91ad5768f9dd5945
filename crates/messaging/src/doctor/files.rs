use halyard_platform::{
    db::{Error, Tx},
    params,
};

/// An uploaded file as its row describes it.
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

/// Hands out every uploaded file, one by one.
///
/// # Errors
/// Those of `take` and of the store.
pub fn files<E: From<Error>>(
    tx: &mut Tx<'_>,
    mut take: impl FnMut(File) -> Result<(), E>,
) -> Result<(), E> {
    tx.stream("select id, blob, file_size, sha256 from attachment", &mut |row| {
        take(File { id: row.get()?, blob: row.get()?, size: row.get()?, sha256: row.get()? })
    })
}

/// Whether the file still has its row; it may have been removed since it was listed.
pub fn file_exists(tx: &mut Tx<'_>, file: &File) -> Result<bool, Error> {
    let found: i64 = tx.one(
        "select count(*) from attachment where id = $1 and blob = $2",
        params![&file.id, &file.blob],
    )?;
    Ok(found > 0)
}
