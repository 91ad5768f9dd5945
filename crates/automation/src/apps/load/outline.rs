//! What an app consists of, whatever layout its folder has.

use std::collections::{BTreeMap, BTreeSet};

use halyard_iml::Text;

use crate::apps::{app::Component, node::Position, notes::Notes, rules::Rule};

/// What a file of a component is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Code {
    Communication,
    Parameters,
    Expect,
    Interface,
    Samples,
    Scope,
    Scopes,
    Epoch,
    Attach,
    Detach,
    Update,
    Common,
    Source,
    Test,
    // Read so that mistakes in them are found, and kept for nobody: nothing is known about them.
    InstallSpec,
    InstallDirectives,
    Publish,
    Input,
    Output,
    Context,
}

impl Code {
    /// Whether the file is JSON.
    pub(super) fn is_json(self) -> bool {
        !matches!(self, Self::Source | Self::Test | Self::Context)
    }
}

/// The parts of an app, with the files that they stand in.
#[derive(Debug, Default)]
pub(super) struct Outline {
    pub(super) name: Option<String>,
    pub(super) label: Option<String>,
    pub(super) version: Option<u32>,
    pub(super) base: Option<String>,
    pub(super) common: Option<String>,
    pub(super) readme: Option<String>,
    pub(super) groups: Option<String>,
    pub(super) entries: Vec<Entry>,
}

/// A component.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) component: Component,
    pub(super) id: String,
    /// Another name that it is called by.
    pub(super) alias: Option<String>,
    /// Where the app says that it exists.
    pub(super) declared: Declared,
    pub(super) label: Option<Text>,
    pub(super) description: Option<Text>,
    /// Its type, where components of its kind have types.
    pub(super) kind: Option<Text>,
    pub(super) crud: Option<Text>,
    pub(super) connections: Vec<Text>,
    pub(super) connection_optional: bool,
    pub(super) webhook: Option<Text>,
    pub(super) codes: BTreeMap<Code, String>,
    /// Files that are kept out of the folder on purpose.
    pub(super) left_out: BTreeSet<Code>,
    /// Something about it is wrong already.
    pub(super) is_unusable: bool,
}

/// Where an app says that it has a component.
#[derive(Clone, Debug)]
pub(super) struct Declared {
    pub(super) file: String,
    pub(super) path: String,
    pub(super) at: Option<Position>,
}

impl Entry {
    pub(super) fn new(component: Component, id: &str, declared: Declared) -> Self {
        Self {
            component,
            id: id.to_owned(),
            alias: None,
            declared,
            label: None,
            description: None,
            kind: None,
            crud: None,
            connections: Vec::new(),
            connection_optional: false,
            webhook: None,
            codes: BTreeMap::new(),
            left_out: BTreeSet::new(),
            is_unusable: false,
        }
    }

    pub(super) fn report(&self, notes: &Notes, rule: &'static Rule, message: impl Into<String>) {
        let Declared { file, path, at } = &self.declared;
        notes.add(rule, file, path, *at, message);
    }

    /// What people see.
    pub(super) fn shown(&self) -> String {
        self.label.as_ref().map_or_else(|| self.id.clone(), ToString::to_string)
    }
}

impl Outline {
    /// The component that is called so, under the name that the app knows it by.
    pub(super) fn find(&self, component: Component, name: &str) -> Option<&Entry> {
        let named = |entry: &&Entry| entry.id == name || entry.alias.as_deref() == Some(name);
        self.of(component).find(|entry| entry.id == name).or_else(|| self.of(component).find(named))
    }

    pub(super) fn of(&self, component: Component) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| entry.component == component)
    }

    pub(super) fn ids(&self, component: Component) -> BTreeSet<String> {
        self.of(component).map(|entry| entry.id.clone()).collect()
    }
}
