//! The files that the checks read: those of a directory, or a few made up by a test.

use std::collections::BTreeMap;
use std::path::Path;

/// Directories that hold no source of ours.
const SKIPPED: &[&str] = &["target", "node_modules", "data"];

/// Manifests, Rust sources and SQL files by their path relative to the workspace, with `/`.
pub(crate) struct Tree {
    files: BTreeMap<String, String>,
}

impl Tree {
    /// Reads a workspace.
    pub(crate) fn of_directory(root: &Path) -> Self {
        let mut files = BTreeMap::new();
        collect(root, "", &mut files);
        Self { files }
    }

    /// A workspace that exists only in a test.
    pub(crate) fn of_files(files: &[(&str, &str)]) -> Self {
        let files = files.iter().map(|(path, text)| ((*path).into(), (*text).into())).collect();
        Self { files }
    }

    /// The content of a file.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// Paths and contents of the files below a folder that end in `suffix`, in order of the paths.
    pub(crate) fn below(&self, folder: &str, suffix: &str) -> impl Iterator<Item = (&str, &str)> {
        let prefix = format!("{folder}/");
        self.files
            .iter()
            .filter(move |(path, _)| path.starts_with(&prefix) && path.ends_with(suffix))
            .map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// The folders of all packages: those that hold a manifest, without the workspace itself.
    pub(crate) fn package_folders(&self) -> impl Iterator<Item = &str> {
        self.files.keys().filter_map(|path| path.strip_suffix("/Cargo.toml"))
    }
}

fn collect(directory: &Path, prefix: &str, files: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(directory).expect("the directory is readable") {
        let entry = entry.expect("the directory is readable");
        let name = entry.file_name().into_string().expect("our file names are UTF-8");
        let path = format!("{prefix}{name}");
        let kind = entry.file_type().expect("the file system knows");
        if kind.is_dir() {
            if !name.starts_with('.') && !SKIPPED.contains(&name.as_str()) {
                collect(&entry.path(), &format!("{path}/"), files);
            }
        } else if name == "Cargo.toml" || name.ends_with(".rs") || name.ends_with(".sql") {
            files.insert(
                path,
                std::fs::read_to_string(entry.path()).expect("our sources are UTF-8"),
            );
        }
    }
}
