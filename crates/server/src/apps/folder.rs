//! Reading an app's folder from disk.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use halyard_automation::apps::Files;

const MOST_FILES: usize = 5_000;
const MOST_BYTES_OF_A_FILE: u64 = 2 * 1024 * 1024;
const MOST_BYTES: u64 = 64 * 1024 * 1024;
const MOST_DEPTH: usize = 8;
const ENDINGS: &[&str] = &[".json", ".imljson", ".jsonc", ".js", ".md"];

/// Whether a file of this name can belong to an app.
pub(super) fn is_part_of_an_app(path: &str) -> bool {
    ENDINGS.iter().any(|ending| path.to_ascii_lowercase().ends_with(ending))
}

/// The files of the app in a folder. Links that lead out of it are left out, as are other files.
pub(super) fn read(folder: &Path) -> anyhow::Result<Files> {
    let root = folder.canonicalize()?;
    let mut reader = Reader { root: &root, files: Vec::new(), bytes: 0 };
    reader.folder(&root, "", 0)?;
    let name = root.file_name().map(|name| name.to_string_lossy().into_owned());
    Ok(reader.files.into_iter().collect::<Files>().named(name.unwrap_or_default()))
}

struct Reader<'a> {
    root: &'a Path,
    files: Vec<(String, Vec<u8>)>,
    bytes: u64,
}

impl Reader<'_> {
    fn folder(&mut self, folder: &Path, prefix: &str, depth: usize) -> anyhow::Result<()> {
        let mut entries = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let Ok(name) = entry.file_name().into_string() else { continue };
            let path = format!("{prefix}{name}");
            let kind = entry.file_type().with_context(|| path.clone())?;
            let hidden = name.starts_with('.') || name == "node_modules";
            if kind.is_dir() && !hidden && depth < MOST_DEPTH {
                self.folder(&entry.path(), &format!("{path}/"), depth + 1)?;
            } else if is_part_of_an_app(&name) && !hidden {
                let target = if kind.is_symlink() { self.inside(&entry.path()) } else { None };
                if kind.is_file() || target.is_some() {
                    self.file(&target.unwrap_or_else(|| entry.path()), path)?;
                }
            }
        }
        Ok(())
    }

    // Where a link leads, when that is a file of the same folder.
    fn inside(&self, link: &Path) -> Option<PathBuf> {
        let target = link.canonicalize().ok()?;
        (target.starts_with(self.root) && target.is_file()).then_some(target)
    }

    fn file(&mut self, from: &Path, path: String) -> anyhow::Result<()> {
        let bytes = fs::metadata(from).with_context(|| path.clone())?.len();
        if bytes > MOST_BYTES_OF_A_FILE {
            bail!("{path}: {bytes} bytes; a file of an app has at most {MOST_BYTES_OF_A_FILE}");
        }
        self.bytes += bytes;
        if self.bytes > MOST_BYTES || self.files.len() == MOST_FILES {
            bail!("too much for an app: more than {MOST_FILES} files or {MOST_BYTES} bytes");
        }
        let content = fs::read(from).with_context(|| path.clone())?;
        self.files.push((path, content));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{MOST_BYTES_OF_A_FILE, read};

    #[test]
    fn only_files_of_the_app_are_read() {
        let outside = tempfile::tempdir().expect("a directory");
        fs::write(outside.path().join("secret.json"), "{}").expect("written");
        let at = tempfile::tempdir().expect("a directory");
        let write = |path: &str| {
            let path = at.path().join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(path, "{}").expect("written");
        };
        for path in ["base.imljson", "modules/a/api.imljson", "icon.png", ".git/x.json"] {
            write(path);
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::symlink;
            symlink(outside.path().join("secret.json"), at.path().join("out.json"))
                .expect("a link");
            symlink(at.path().join("base.imljson"), at.path().join("in.json")).expect("a link");
            symlink(at.path(), at.path().join("modules/again")).expect("a link");
        }
        let files = read(at.path()).expect("read");
        let paths: Vec<_> = files.iter().map(|(path, _)| path).collect();
        assert_eq!(paths, ["base.imljson", "in.json", "modules/a/api.imljson"]);
        let name = at.path().file_name().expect("a name").to_string_lossy().into_owned();
        assert_eq!(files.name(), Some(name.as_str()));
    }

    #[test]
    fn a_file_that_is_too_large_is_named() {
        let at = tempfile::tempdir().expect("a directory");
        let file = fs::File::create(at.path().join("big.json")).expect("made");
        file.set_len(MOST_BYTES_OF_A_FILE + 1).expect("enlarged");
        let error = read(at.path()).expect_err("too large").to_string();
        assert!(error.starts_with("big.json: "), "{error}");
    }
}
