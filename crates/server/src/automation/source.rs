//! Apps for use: read, compiled, and known by where they come from.

use std::path::Path;

use anyhow::{Context, bail};
use halyard_automation::apps::{App, Level, load};

use crate::apps;

/// An app that was read.
pub(crate) struct Source {
    /// The app.
    pub(crate) app: App,
    /// The folder; none for one that is built in.
    pub(crate) folder: Option<String>,
}

/// The app in this folder, or the built-in one of this name.
pub(crate) fn open(which: &str) -> anyhow::Result<Source> {
    let path = Path::new(which);
    let folder = match path.is_dir() {
        true => {
            let path = path.canonicalize().with_context(|| format!("app: {which}"))?;
            Some(path.display().to_string())
        }
        false => None,
    };
    let loaded = load(&apps::find(which)?);
    let Some(app) = loaded.app else {
        let errors = loaded.findings.iter().filter(|finding| finding.level == Level::Error);
        let errors: Vec<String> = errors.map(ToString::to_string).collect();
        bail!("app: {which} cannot be loaded:\n{}", errors.join("\n"));
    };
    Ok(Source { app, folder })
}
