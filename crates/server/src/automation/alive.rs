//! Proof that a process still watches: a file in the data directory that it holds a lock on. The system
//! lets go of the lock when the process ends, however it ends.

use std::{
    fs::{self, File, TryLockError},
    io::ErrorKind,
    path::{Path, PathBuf},
};

use anyhow::Context;

/// The lock of one watch.
pub(crate) struct Alive {
    path: PathBuf,
    _file: File,
}

/// How it stands with the process that watches.
pub(crate) enum Life {
    /// It has ended; its lock is ours.
    Ended(Alive),
    /// It runs.
    Runs,
    /// It has never run with this data directory.
    Elsewhere,
}

fn path(data_dir: &Path, id: &str) -> PathBuf {
    // Ids are our own, and made of digits and letters.
    data_dir.join("watching").join(id)
}

impl Alive {
    /// Begins a watch with this id.
    pub(crate) fn begin(data_dir: &Path, id: &str) -> anyhow::Result<Self> {
        let path = path(data_dir, id);
        let what = || format!("cannot make {}", path.display());
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).with_context(what)?;
        }
        let file = File::create_new(&path).with_context(what)?;
        file.lock().with_context(|| format!("cannot lock {}", path.display()))?;
        Ok(Self { path, _file: file })
    }

    /// Whether whoever has begun the watch with this id still runs.
    pub(crate) fn of(data_dir: &Path, id: &str) -> anyhow::Result<Life> {
        let path = path(data_dir, id);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Life::Elsewhere),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot open {}", path.display()));
            }
        };
        match file.try_lock() {
            Ok(()) => Ok(Life::Ended(Self { path, _file: file })),
            Err(TryLockError::WouldBlock) => Ok(Life::Runs),
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("cannot lock {}", path.display()))
            }
        }
    }

    /// Ends the watch, of which nothing is left.
    pub(crate) fn end(self) -> anyhow::Result<()> {
        fs::remove_file(&self.path)
            .with_context(|| format!("cannot remove {}", self.path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watch_runs_until_it_is_let_go_of() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(Alive::of(folder.path(), "a").unwrap(), Life::Elsewhere));
        let alive = Alive::begin(folder.path(), "a").unwrap();
        assert!(matches!(Alive::of(folder.path(), "a").unwrap(), Life::Runs));
        drop(alive);
        let Life::Ended(left) = Alive::of(folder.path(), "a").unwrap() else { panic!("it runs") };
        assert!(matches!(Alive::of(folder.path(), "a").unwrap(), Life::Runs), "one cleans up");
        left.end().unwrap();
        assert!(matches!(Alive::of(folder.path(), "a").unwrap(), Life::Elsewhere));
    }
}
