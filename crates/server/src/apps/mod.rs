//! Where the files of apps come from: a folder, or this binary.

mod folder;

use std::path::Path;

use anyhow::{Context as _, bail};
use halyard_automation::apps::Files;
use include_dir::{Dir, include_dir};

static BUILT_IN: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../apps");

/// The files of the app in a folder; where there is no such folder, of the built-in app of this name.
///
/// # Errors
/// When there is neither, or when the folder cannot be read.
pub(crate) fn find(name: &str) -> anyhow::Result<Files> {
    let path = Path::new(name);
    if path.is_dir() {
        return folder::read(path).with_context(|| format!("{name}: cannot read this folder"));
    }
    if path.exists() {
        bail!("DIR: {name:?} is a file; name the folder that it is in");
    }
    built_in(name).with_context(|| {
        let names = built_in_names().join(", ");
        let names = if names.is_empty() { "none".to_owned() } else { names };
        format!("DIR: there is no folder {name:?} and no built-in app of this name ({names})")
    })
}

/// The files of the built-in app of this name.
pub(crate) fn built_in(name: &str) -> Option<Files> {
    let root = BUILT_IN.get_dir(name).filter(|dir| dir.path().components().count() == 1)?;
    let mut files = Vec::new();
    collect(root, root, &mut files);
    Some(files.into_iter().collect::<Files>().named(name))
}

/// The names of the built-in apps.
pub(crate) fn built_in_names() -> Vec<&'static str> {
    BUILT_IN.dirs().filter_map(|dir| dir.path().to_str()).collect()
}

fn collect(root: &Dir<'static>, dir: &Dir<'static>, files: &mut Vec<(String, &'static [u8])>) {
    for file in dir.files() {
        let path = file.path().strip_prefix(root.path()).unwrap_or(file.path());
        // A binary may be built where paths are written otherwise.
        let path = path.to_string_lossy().replace('\\', "/");
        if folder::is_part_of_an_app(&path) {
            files.push((path, file.contents()));
        }
    }
    for inner in dir.dirs() {
        collect(root, inner, files);
    }
}

#[cfg(test)]
mod tests {
    use halyard_automation::apps::load;

    use super::{built_in, built_in_names};

    #[test]
    fn built_in_apps_load_without_an_error() {
        for name in built_in_names() {
            let loaded = load(&built_in(name).expect("its files"));
            assert!(!loaded.has_errors(), "{name}: {:#?}", loaded.findings);
            assert_eq!(loaded.app.expect("an app").name, name);
        }
        assert!(built_in("nowhere").is_none());
        assert!(built_in("twist/modules").is_none());
    }
}
