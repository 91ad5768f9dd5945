use std::{
    io::Write,
    path::{Path, PathBuf},
};

/// Writes a mail to `<data_dir>/mail/<job id>.eml`, for another program to send.
///
/// Idempotent: the name and the text follow from the job alone, and the file appears as a whole
/// or not at all.
///
/// # Errors
/// What the file system says.
pub(super) fn write(data_dir: &Path, id: i64, text: &str) -> std::io::Result<PathBuf> {
    let folder = data_dir.join("mail");
    std::fs::create_dir_all(&folder)?;
    let path = folder.join(format!("{id}.eml"));
    // Two workers may run the same job when one has stalled: each writes a file of its own.
    let mut file = tempfile::NamedTempFile::new_in(&folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(&path).map_err(|error| error.error)?;
    std::fs::File::open(&folder)?.sync_all()?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::write;

    #[test]
    fn writing_twice_leaves_one_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = write(directory.path(), 7, "Hi").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "Hi");
        assert_eq!(write(directory.path(), 7, "Hi").unwrap(), path);
        let files: Vec<_> = std::fs::read_dir(directory.path().join("mail")).unwrap().collect();
        assert_eq!(files.len(), 1, "nothing temporary is left: {files:?}");
    }
}
