use std::{
    fs,
    io::{ErrorKind, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use halyard_automation::connections::{KEY_BYTES, Key, Keys};
use halyard_platform::random::Random;
use tempfile::NamedTempFile;

/// Its name in the data directory.
const NAME: &str = "connection.keys";
const HEAD: &str = "\
# Keys that encrypt the connections in the database, one a line: id and key. The first is used for
# what is encrypted from now on, the others to read. Whoever has this file and the database has the
# credentials of every connection. It is in no backup of `halyard backup`: keep a copy elsewhere.
";

/// The file of the keys that encrypt connections. It is read each time, so that another process may
/// change it.
#[derive(Clone, Debug)]
pub(crate) struct KeyFile {
    path: PathBuf,
}

impl KeyFile {
    /// The one of this data directory.
    pub(crate) fn of(data_dir: &Path) -> Self {
        Self { path: data_dir.join(NAME) }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes it, with a new key, if it is not there. Only its owner can read it.
    pub(crate) fn ensure(&self, random: &Random) -> anyhow::Result<()> {
        if self.path.exists() {
            return Ok(());
        }
        match self.write(&[line(random)], false) {
            // Another process was quicker, and its key is as good.
            Err(_) if self.path.exists() => Ok(()),
            done => done,
        }
    }

    /// Puts a new key before the others, of which only `needed` ones and the one before stay. The
    /// one before stays because another process may just be using it.
    pub(crate) fn renew(&self, random: &Random, needed: &[String]) -> anyhow::Result<String> {
        let old = self.lines()?;
        let kept = old.iter().enumerate().filter(|(at, line)| {
            let id = line.split_whitespace().next().unwrap_or_default();
            *at == 0 || needed.iter().any(|needed| needed == id)
        });
        let new = line(random);
        let id = new.split_whitespace().next().unwrap_or_default().to_owned();
        let lines: Vec<String> =
            std::iter::once(new).chain(kept.map(|(_, line)| line.clone())).collect();
        self.write(&lines, true)?;
        Ok(id)
    }

    /// What to tell when keys of these ids are needed and not here.
    pub(crate) fn missing(&self, needed: &[String]) -> Option<String> {
        let here = self.read().unwrap_or_default();
        let missing: Vec<&str> = needed
            .iter()
            .filter(|id| here.iter().all(|key| key.id() != id.as_str()))
            .map(String::as_str)
            .collect();
        (!missing.is_empty()).then(|| {
            format!(
                "connections are encrypted with keys that are not in {}: {}; put them there from \
                 the file of the installation that they come from, or remove the connections and \
                 add them again",
                self.path.display(),
                missing.join(", ")
            )
        })
    }

    fn write(&self, lines: &[String], replace: bool) -> anyhow::Result<()> {
        let folder = self.path.parent().context("the file of keys is in no folder")?;
        let failed = || format!("cannot write {}", self.path.display());
        // With PostgreSQL nothing else may have needed the folder before.
        fs::create_dir_all(folder).with_context(failed)?;
        // Temporary files are readable by their owner only.
        let mut file = NamedTempFile::new_in(folder).with_context(failed)?;
        file.write_all(format!("{HEAD}{}\n", lines.join("\n")).as_bytes()).with_context(failed)?;
        file.as_file().sync_all().with_context(failed)?;
        match replace {
            true => file.persist(&self.path).with_context(failed)?,
            false => file.persist_noclobber(&self.path).with_context(failed)?,
        };
        fs::File::open(folder).and_then(|folder| folder.sync_all()).with_context(failed)
    }

    fn lines(&self) -> anyhow::Result<Vec<String>> {
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => bail!(
                "{} is not there: it holds the keys of the connections; put back the file that \
                 belongs to this database",
                self.path.display()
            ),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", self.path.display()));
            }
        };
        let mode = fs::metadata(&self.path).map_or(0, |about| about.permissions().mode());
        if mode & 0o077 != 0 {
            bail!(
                "{} can be read by others: run chmod 600 {0}, and `halyard connection rotate-key` \
                 if somebody may have read it",
                self.path.display()
            );
        }
        let lines = text.lines().map(str::trim);
        Ok(lines
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .map(str::to_owned)
            .collect())
    }

    fn read(&self) -> Result<Vec<Key>, String> {
        let lines = self.lines().map_err(|error| format!("{error:#}"))?;
        lines.iter().enumerate().map(|(at, line)| self.key(at, line)).collect()
    }

    /// The text of a wrong line is not shown: it may be most of a key.
    fn key(&self, at: usize, line: &str) -> Result<Key, String> {
        let wrong = || {
            let path = self.path.display();
            format!("{path}: key {} is not an id and {} hexadecimal digits", at + 1, KEY_BYTES * 2)
        };
        let (id, text) = line.split_once(char::is_whitespace).ok_or_else(wrong)?;
        let mut bytes = [0; KEY_BYTES];
        hex::decode_to_slice(text.trim(), &mut bytes).map_err(|_| wrong())?;
        Ok(Key::new(id, &bytes))
    }
}

fn line(random: &Random) -> String {
    format!("{} {}", random.hex(4), random.hex(KEY_BYTES))
}

impl Keys for KeyFile {
    fn current(&self) -> Result<Key, String> {
        self.read()?.current().map_err(|_| format!("{} holds no key", self.path.display()))
    }

    fn find(&self, id: &str) -> Result<Option<Key>, String> {
        self.read()?.find(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_made_when_nothing_else_has_needed_it() {
        let scratch = tempfile::tempdir().expect("a scratch directory");
        let file = KeyFile::of(&scratch.path().join("not/there/yet"));
        file.ensure(&Random::os()).expect("a file of keys");
        file.current().expect("a key");
    }

    #[test]
    fn a_file_is_made_once_and_only_its_owner_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = KeyFile::of(folder.path());
        assert!(file.current().unwrap_err().contains("connection.keys is not there"));
        file.ensure(&Random::seeded(1)).unwrap();
        let first = file.current().unwrap().id().to_owned();
        file.ensure(&Random::seeded(2)).unwrap();
        assert_eq!(file.current().unwrap().id(), first);
        let mode = fs::metadata(file.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        fs::set_permissions(file.path(), fs::Permissions::from_mode(0o640)).unwrap();
        assert!(file.current().unwrap_err().contains("chmod 600"));
    }

    #[test]
    fn a_new_key_comes_first_and_old_ones_go_when_nothing_needs_them() {
        let folder = tempfile::tempdir().unwrap();
        let (file, random) = (KeyFile::of(folder.path()), Random::seeded(1));
        file.ensure(&random).unwrap();
        let first = file.current().unwrap().id().to_owned();
        let second = file.renew(&random, &[]).unwrap();
        assert_eq!(file.current().unwrap().id(), second);
        assert!(file.find(&first).unwrap().is_some(), "somebody may just be using it");
        let third = file.renew(&random, std::slice::from_ref(&second)).unwrap();
        assert!(file.find(&first).unwrap().is_none());
        assert!(file.find(&second).unwrap().is_some());
        assert_eq!(file.current().unwrap().id(), third);
    }

    #[test]
    fn what_is_wrong_with_a_line_is_said_without_the_line() {
        let folder = tempfile::tempdir().unwrap();
        let file = KeyFile::of(folder.path());
        file.write(&["k1 abcdef".to_owned()], false).unwrap();
        let error = file.current().unwrap_err();
        assert!(error.contains("key 1") && !error.contains("abcdef"), "{error}");
        file.write(&[], true).unwrap();
        assert!(file.current().unwrap_err().contains("holds no key"));
    }
}
