//! The files of an app, read.

use std::collections::{BTreeMap, BTreeSet};

use crate::apps::{
    files::Files,
    json,
    node::Node,
    notes::{Notes, Site},
    rules::{DUPLICATE_KEY, ENCODING, JSON_SYNTAX},
};

/// The JSON files of an app.
#[derive(Debug, Default)]
pub(super) struct Documents {
    nodes: BTreeMap<String, Node>,
    broken: BTreeSet<String>,
}

impl Documents {
    /// Reads a file unless that is done already. What is wrong with it is reported once.
    pub(super) fn read(&mut self, files: &Files, path: &str, notes: &Notes) {
        if self.nodes.contains_key(path) || self.broken.contains(path) {
            return;
        }
        let Some(content) = files.get(path) else { return };
        let Ok(text) = std::str::from_utf8(content) else {
            notes.add(ENCODING, path, "$", None, "The file is not UTF-8.");
            self.broken.insert(path.to_owned());
            return;
        };
        match json::read(text) {
            Ok((node, duplicates)) => {
                for found in duplicates {
                    let message = "This name occurs twice; only the last value counts.";
                    notes.add(DUPLICATE_KEY, path, &found.path, Some(found.at), message);
                }
                self.nodes.insert(path.to_owned(), node);
            }
            // An empty file says as little as a missing one.
            Err(_) if json::is_blank(text) => {}
            Err(failure) => {
                let message = format!(
                    "Line {}, column {}: {}",
                    failure.at.line, failure.at.column, failure.message
                );
                notes.add(JSON_SYNTAX, path, &failure.path, Some(failure.at), message);
                self.broken.insert(path.to_owned());
            }
        }
    }

    /// A file that was read, unless it is missing, empty or broken.
    pub(super) fn site<'a>(&'a self, path: &'a str, notes: &'a Notes) -> Option<Site<'a>> {
        let node = self.nodes.get(path)?;
        Some(Site { node, file: path, path: "$".to_owned(), notes })
    }

    pub(super) fn is_broken(&self, path: &str) -> bool {
        self.broken.contains(path)
    }

    /// All files that could be read.
    pub(super) fn iter<'a>(&'a self, notes: &'a Notes) -> impl Iterator<Item = Site<'a>> {
        self.nodes.iter().map(move |(file, node)| Site { node, file, path: "$".to_owned(), notes })
    }
}
