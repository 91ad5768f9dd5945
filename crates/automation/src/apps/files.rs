//! The files of an app, wherever they come from.

use std::{collections::BTreeMap, sync::Arc};

/// The content of an app's folder. Paths are relative to the folder and use `/`.
#[derive(Clone, Debug, Default)]
pub struct Files {
    name: Option<String>,
    contents: BTreeMap<String, Arc<[u8]>>,
}

impl Files {
    /// The same with the name of the folder, which is that of the app unless a file in it says
    /// another.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The name of the folder.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The content of a file.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&[u8]> {
        self.contents.get(path).map(|content| &**content)
    }

    /// All files with their paths, ordered by path.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.contents.iter().map(|(path, content)| (path.as_str(), &**content))
    }
}

impl<P: Into<String>, C: Into<Arc<[u8]>>> FromIterator<(P, C)> for Files {
    fn from_iter<I: IntoIterator<Item = (P, C)>>(files: I) -> Self {
        let contents =
            files.into_iter().map(|(path, content)| (path.into(), content.into())).collect();
        Self { name: None, contents }
    }
}
