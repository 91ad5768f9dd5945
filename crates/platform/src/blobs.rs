//! Files of any size (attachments, recordings) in the data directory.
//!
//! A blob is written once, under an id that nobody chose, and never changes. While it is written it
//! lives in `tmp/`; [`BlobWriter::finish`] moves it to `ab/cd/<id>` and makes file and name durable.
//! A crash between `finish` and the commit of the row that names the blob leaves a blob without a
//! row: [`Blobs::list`] lets the doctor find those.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;

use crate::clock::Millis;
use crate::random::Random;

const TEMPORARY: &str = "tmp";

/// The name of a blob: 32 lower-case hexadecimal digits, so that no id can leave the directory.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BlobId(String);

impl BlobId {
    /// The id as text, as it is stored in a row.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for BlobId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text is not 32 lower-case hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a blob id is 32 lower-case hexadecimal digits")]
pub struct InvalidBlobId;

impl std::str::FromStr for BlobId {
    type Err = InvalidBlobId;

    fn from_str(text: &str) -> Result<BlobId, InvalidBlobId> {
        let is_hex = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
        if text.len() == 32 && text.bytes().all(is_hex) {
            Ok(BlobId(text.to_owned()))
        } else {
            Err(InvalidBlobId)
        }
    }
}

/// A finished blob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob {
    /// Its name in the store.
    pub id: BlobId,
    /// Its length in bytes.
    pub size: u64,
    /// The SHA-256 digest of its content, 64 lower-case hexadecimal digits.
    pub sha256: String,
}

/// A directory of blobs. Clones share it.
#[derive(Clone, Debug)]
pub struct Blobs {
    root: Arc<Path>,
}

impl Blobs {
    /// Opens the store in `dir`, which is made when it is missing, readable by its owner only.
    ///
    /// # Errors
    ///
    /// When the directories cannot be made.
    pub fn open(dir: impl Into<PathBuf>) -> io::Result<Blobs> {
        let root = dir.into();
        make_directory(&root.join(TEMPORARY))?;
        if let Some(parent) = root.canonicalize()?.parent() {
            sync_directory(parent)?;
        }
        Ok(Blobs { root: root.into() })
    }

    /// Begins a blob. Nothing of it is visible before [`BlobWriter::finish`].
    ///
    /// # Errors
    ///
    /// When the file cannot be made.
    pub async fn create(&self) -> io::Result<BlobWriter> {
        let id = BlobId(Random::os().hex(16));
        let place = Unfinished(Some(self.root.join(TEMPORARY).join(id.as_str())));
        let blobs = self.clone();
        blocking(move || {
            let path = place.path();
            let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
            let file = tokio::fs::File::from_std(file);
            Ok(BlobWriter { blobs, id, file, place, size: 0, digest: Sha256::new() })
        })
        .await
    }

    /// Opens a blob for reading, with its length in bytes.
    ///
    /// # Errors
    ///
    /// `NotFound` when there is no such blob, else whatever the file system says.
    pub async fn read(&self, id: &BlobId) -> io::Result<(tokio::fs::File, u64)> {
        let file = tokio::fs::File::open(self.path(id)).await?;
        let size = file.metadata().await?.len();
        Ok((file, size))
    }

    /// Removes a blob and says whether it was there; removing twice is no error. The removal is not
    /// made durable: after a power cut the blob may be back, without a row that names it.
    ///
    /// # Errors
    ///
    /// When the file system refuses.
    pub async fn remove(&self, id: &BlobId) -> io::Result<bool> {
        match tokio::fs::remove_file(self.path(id)).await {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// As [`read`](Self::read), for code that may block.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn open_blocking(&self, id: &BlobId) -> io::Result<(fs::File, u64)> {
        let file = fs::File::open(self.path(id))?;
        let size = file.metadata()?.len();
        Ok((file, size))
    }

    /// Puts a blob back under the id that it had, as a restore does. Durable when this returns.
    /// Blocks the thread.
    ///
    /// # Errors
    ///
    /// When the content cannot be read or the file system refuses; nothing is left behind then.
    pub fn put_back(&self, id: &BlobId, content: &mut dyn io::Read) -> io::Result<()> {
        let path = self.root.join(TEMPORARY).join(id.as_str());
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path)?;
        let place = Unfinished(Some(path));
        io::copy(content, &mut file)?;
        self.settle(id, &file, place)
    }

    /// When a blob was written, by the clock of the file system.
    ///
    /// # Errors
    ///
    /// `NotFound` when there is no such blob, else whatever the file system says.
    pub fn written_at(&self, id: &BlobId) -> io::Result<Millis> {
        let at = fs::metadata(self.path(id))?.modified()?;
        let after = at.duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(i64::try_from(after.as_millis()).unwrap_or(i64::MAX))
    }

    /// Makes a written file and its name durable.
    fn settle(&self, id: &BlobId, file: &fs::File, mut place: Unfinished) -> io::Result<()> {
        file.sync_all()?;
        let target = self.path(id);
        let outer = self.root.join(&id.0[..2]);
        let inner = outer.join(&id.0[2..4]);
        make_directory(&inner)?;
        place.move_to(target)?;
        // All three levels, always: another writer may have made a directory that it has not
        // yet synced, and this blob must not depend on it.
        for directory in [&*inner, &*outer, &*self.root] {
            sync_directory(directory)?;
        }
        place.keep();
        Ok(())
    }

    /// Every finished blob with its length in bytes, in no order. Files that are not ours are left
    /// out. Blocks the thread: call it where that is allowed.
    pub fn list(&self) -> impl Iterator<Item = io::Result<(BlobId, u64)>> + use<> {
        let root = self.root.to_path_buf();
        entries(root, 2).filter_map(|entry| {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => return Some(Err(error)),
            };
            let id = entry.file_name().to_str()?.parse::<BlobId>().ok()?;
            match entry.metadata() {
                Ok(about) => Some(Ok((id, about.len()))),
                // Removed by somebody since the directory was read.
                Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                Err(error) => Some(Err(error)),
            }
        })
    }

    /// Removes what crashed writers left behind: temporary files last written before the moment
    /// `older_than` of the system clock. Returns how many.
    ///
    /// # Errors
    ///
    /// When the file system refuses; some files may be gone by then.
    pub async fn sweep_temporary(&self, older_than: Millis) -> io::Result<usize> {
        let directory = self.root.join(TEMPORARY);
        let before = UNIX_EPOCH + Duration::from_millis(older_than.max(0).unsigned_abs());
        blocking(move || {
            let mut removed = 0;
            for entry in fs::read_dir(directory)? {
                let entry = entry?;
                match remove_if_older(&entry, before) {
                    Ok(true) => removed += 1,
                    Ok(false) => {}
                    // Its writer finished or gave up in the meantime.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(removed)
        })
        .await
    }

    fn path(&self, BlobId(id): &BlobId) -> PathBuf {
        self.root.join(&id[..2]).join(&id[2..4]).join(id)
    }
}

/// A blob in the making. Dropping it removes what was written.
#[derive(Debug)]
pub struct BlobWriter {
    blobs: Blobs,
    id: BlobId,
    file: tokio::fs::File,
    place: Unfinished,
    size: u64,
    digest: Sha256,
}

impl BlobWriter {
    /// Appends bytes.
    ///
    /// # Errors
    ///
    /// When the file system refuses, for example because it is full; possibly one call late.
    pub async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.digest.update(bytes);
        self.file.write_all(bytes).await?;
        self.size += bytes.len() as u64;
        Ok(())
    }

    /// How many bytes were written so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Makes the blob durable and visible: once this returns it survives a power cut.
    ///
    /// # Errors
    ///
    /// When the file system refuses; nothing is left behind then.
    pub async fn finish(mut self) -> io::Result<Blob> {
        // Only a flush reports the failure of the last write; syncing alone would miss it.
        self.file.flush().await?;
        let BlobWriter { blobs, id, file, place, size, digest } = self;
        let file = file.into_std().await;
        blocking(move || {
            blobs.settle(&id, &file, place)?;
            Ok(Blob { id, size, sha256: hex::encode(digest.finalize()) })
        })
        .await
    }
}

/// Where a blob is that nobody was promised yet; dropping it removes the file.
#[derive(Debug)]
struct Unfinished(Option<PathBuf>);

impl Unfinished {
    fn path(&self) -> &Path {
        self.0.as_deref().expect("only keep() takes the path, and it consumes self")
    }

    fn move_to(&mut self, target: PathBuf) -> io::Result<()> {
        fs::rename(self.path(), &target)?;
        self.0 = Some(target);
        Ok(())
    }

    fn keep(mut self) {
        self.0 = None;
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let Some(path) = self.0.take() else { return };
        match fs::remove_file(&path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "an unfinished blob stays behind");
            }
        }
    }
}

/// The entries `depth` directories below `directory`; a directory that vanishes is empty.
fn entries(
    directory: PathBuf,
    depth: usize,
) -> Box<dyn Iterator<Item = io::Result<fs::DirEntry>> + Send> {
    let listing = match fs::read_dir(directory) {
        Ok(listing) => listing,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Box::new(std::iter::empty());
        }
        Err(error) => return Box::new(std::iter::once(Err(error))),
    };
    if depth == 0 {
        return Box::new(listing);
    }
    Box::new(listing.flat_map(move |entry| match entry.and_then(|e| Ok((e.file_type()?, e))) {
        Ok((kind, entry)) if kind.is_dir() => entries(entry.path(), depth - 1),
        Ok(_) => Box::new(std::iter::empty()),
        Err(error) => Box::new(std::iter::once(Err(error))),
    }))
}

fn remove_if_older(entry: &fs::DirEntry, before: SystemTime) -> io::Result<bool> {
    let about = entry.metadata()?;
    let old = about.is_file() && about.modified()? < before;
    if old {
        fs::remove_file(entry.path())?;
    }
    Ok(old)
}

fn make_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Makes the names in a directory durable.
fn sync_directory(path: &Path) -> io::Result<()> {
    fs::File::open(path)?.sync_all()
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use tokio::io::AsyncReadExt;

    use super::*;

    fn store() -> (tempfile::TempDir, Blobs) {
        let scratch = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(scratch.path().join("blobs")).unwrap();
        (scratch, blobs)
    }

    fn temporary_files(blobs: &Blobs) -> usize {
        fs::read_dir(blobs.root.join(TEMPORARY)).unwrap().count()
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    async fn written(blobs: &Blobs, content: &[u8]) -> Blob {
        let mut writer = blobs.create().await.unwrap();
        writer.write(content).await.unwrap();
        writer.finish().await.unwrap()
    }

    #[tokio::test]
    async fn a_finished_blob_is_read_back_and_listed() {
        let (_scratch, blobs) = store();
        let mut writer = blobs.create().await.unwrap();
        writer.write(b"hello ").await.unwrap();
        writer.write(b"world").await.unwrap();
        assert_eq!((writer.size(), temporary_files(&blobs)), (11, 1));
        assert_eq!(blobs.list().count(), 0, "an unfinished blob is not visible");

        let blob = writer.finish().await.unwrap();
        assert_eq!(blob.size, 11);
        assert_eq!(blob.sha256, hex::encode(Sha256::digest(b"hello world")));
        assert_eq!(temporary_files(&blobs), 0);
        assert_eq!(blobs.list().collect::<io::Result<Vec<_>>>().unwrap(), [(blob.id.clone(), 11)]);

        let (mut file, size) = blobs.read(&blob.id).await.unwrap();
        let mut content = String::new();
        file.read_to_string(&mut content).await.unwrap();
        assert_eq!((content.as_str(), size), ("hello world", 11));
    }

    #[tokio::test]
    async fn only_the_owner_may_read() {
        let (_scratch, blobs) = store();
        let path = blobs.path(&written(&blobs, b"secret").await.id);
        assert_eq!(mode(&path), 0o600);
        let inner = path.parent().unwrap();
        for directory in [inner, inner.parent().unwrap(), &blobs.root, &blobs.root.join(TEMPORARY)]
        {
            assert_eq!(mode(directory), 0o700, "{}", directory.display());
        }
    }

    #[tokio::test]
    async fn a_dropped_writer_leaves_nothing() {
        let (_scratch, blobs) = store();
        let mut writer = blobs.create().await.unwrap();
        writer.write(&[1; 10_000]).await.unwrap();
        drop(writer);
        assert_eq!((temporary_files(&blobs), blobs.list().count()), (0, 0));
    }

    #[tokio::test]
    async fn a_failed_finish_leaves_nothing_and_says_so() {
        let (_scratch, blobs) = store();
        let mut writer = blobs.create().await.unwrap();
        writer.write(b"x").await.unwrap();
        // A file stands where the directory of this blob has to be.
        let outer = blobs.root.join(&writer.id.as_str()[..2]);
        fs::write(&outer, b"in the way").unwrap();
        assert!(writer.finish().await.is_err());
        assert_eq!(temporary_files(&blobs), 0);
        fs::remove_file(&outer).unwrap();
        assert_eq!(written(&blobs, b"x").await.size, 1, "the store works on");
    }

    #[tokio::test]
    async fn removing_is_idempotent_and_reading_afterwards_is_not_found() {
        let (_scratch, blobs) = store();
        let (gone, kept) = (written(&blobs, b"a").await, written(&blobs, b"b").await);
        assert!(blobs.remove(&gone.id).await.unwrap());
        assert!(!blobs.remove(&gone.id).await.unwrap());
        let error = blobs.read(&gone.id).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert!(blobs.read(&kept.id).await.is_ok());
    }

    #[tokio::test]
    async fn sweeping_takes_the_old_leftovers_only() {
        let (_scratch, blobs) = store();
        let blob = written(&blobs, b"kept").await;
        let leftover = blobs.root.join(TEMPORARY).join("left by a crash");
        fs::File::create(&leftover).unwrap().set_modified(UNIX_EPOCH).unwrap();
        let running = blobs.create().await.unwrap();
        assert_eq!(blobs.sweep_temporary(1).await.unwrap(), 1);
        assert!(!leftover.exists());
        let running = running.finish().await.unwrap();
        let mut listed: Vec<_> = blobs.list().map(|b| b.unwrap().0).collect();
        listed.sort();
        let mut expected = [blob.id, running.id];
        expected.sort();
        assert_eq!(listed, expected);
    }

    #[tokio::test]
    async fn strangers_in_the_directory_are_not_blobs() {
        let (_scratch, blobs) = store();
        fs::write(blobs.root.join("README"), b"").unwrap();
        fs::create_dir_all(blobs.root.join("ab/cd")).unwrap();
        fs::write(blobs.root.join("ab/cd/notes.txt"), b"").unwrap();
        assert_eq!(blobs.list().count(), 0);
    }

    #[test]
    fn no_id_can_leave_the_directory() {
        let good = "0123456789abcdef0123456789abcdef";
        assert_eq!(good.parse::<BlobId>().unwrap().to_string(), good);
        let dots = "../".repeat(10) + "ab";
        for bad in [
            "",
            "../../etc/passwd",
            &dots,
            &good.to_uppercase(),
            &good[1..],
            "é".repeat(16).as_str(),
        ] {
            assert_eq!(bad.parse::<BlobId>(), Err(InvalidBlobId), "{bad}");
        }
    }
}
