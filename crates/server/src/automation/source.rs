//! Where apps are read from.

use std::{fs, path::Path};

use anyhow::{Context, bail};
use halyard_automation::apps::{self, App, Files, Level};

/// Largest file of an app, in bytes.
const FILE_LIMIT: u64 = 8 * 1024 * 1024;
/// Most files of an app.
const FILES: usize = 20_000;

/// An app that was read.
pub(crate) struct Source {
    /// The app.
    pub(crate) app: App,
    /// The folder; none for one that is built in.
    pub(crate) folder: Option<String>,
}

/// The app in this folder, or the built-in one of this name.
pub(crate) fn open(which: &str) -> anyhow::Result<Source> {
    let folder = Path::new(which);
    if !folder.is_dir() {
        bail!("app: {which:?} is no folder; give the folder of an app, such as apps/twist");
    }
    let folder = fs::canonicalize(folder).with_context(|| format!("app: {which}"))?;
    let mut files = Vec::new();
    read(&folder, "", &mut files).with_context(|| format!("app: {which}"))?;
    let loaded = apps::load(&files.into_iter().collect::<Files>());
    let Some(mut app) = loaded.app else {
        let errors: Vec<String> = loaded
            .findings
            .iter()
            .filter(|finding| finding.level == Level::Error)
            .map(ToString::to_string)
            .collect();
        bail!("app: {which} cannot be loaded:\n{}", errors.join("\n"));
    };
    if app.name.is_empty() {
        let name = folder.file_name().unwrap_or_default();
        app.name = name.to_string_lossy().into_owned();
    }
    Ok(Source { app, folder: Some(folder.display().to_string()) })
}

fn read(folder: &Path, below: &str, files: &mut Vec<(String, Vec<u8>)>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        // What tools keep beside an app, such as its history, is no part of it.
        if name.starts_with('.') || name == "node_modules" {
            continue;
        }
        let path = if below.is_empty() { name } else { format!("{below}/{name}") };
        let kind = entry.file_type()?;
        if kind.is_dir() {
            read(&entry.path(), &path, files)?;
        } else if kind.is_file() {
            if files.len() == FILES {
                bail!("there are more than {FILES} files");
            }
            if entry.metadata()?.len() > FILE_LIMIT {
                bail!("{path} is larger than {FILE_LIMIT} bytes");
            }
            files.push((path, fs::read(entry.path())?));
        }
    }
    Ok(())
}
