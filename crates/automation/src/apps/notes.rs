//! Collecting findings while the files of an app are read.

use std::cell::{Cell, RefCell};

use super::{
    finding::{Finding, Level},
    node::{Node, NodeKind, Position},
    rules::Rule,
};

/// The findings so far.
#[derive(Debug, Default)]
pub(super) struct Notes {
    findings: RefCell<Vec<Finding>>,
    /// Errors that concern one request only.
    borne: Cell<usize>,
}

impl Notes {
    pub(super) fn add(
        &self,
        rule: &'static Rule,
        file: &str,
        path: &str,
        at: Option<Position>,
        message: impl Into<String>,
    ) {
        self.findings.borrow_mut().push(Finding {
            file: file.to_owned(),
            path: path.to_owned(),
            at,
            level: rule.level,
            rule: rule.name,
            message: message.into(),
        });
    }

    /// How many findings keep something from being used.
    pub(super) fn errors(&self) -> usize {
        self.findings.borrow().iter().filter(|finding| finding.level == Level::Error).count()
    }

    /// Of these errors only a request hears.
    pub(super) fn bear(&self, errors: usize) {
        self.borne.set(self.borne.get() + errors);
    }

    /// How many errors concern more than a request.
    pub(super) fn unbearable(&self) -> usize {
        self.errors() - self.borne.get()
    }

    /// How many findings there are.
    pub(super) fn len(&self) -> usize {
        self.findings.borrow().len()
    }

    /// The findings that keep something from being used, after so many others.
    pub(super) fn errors_since(&self, before: usize) -> Vec<Finding> {
        let all = self.findings.borrow();
        all[before..].iter().filter(|finding| finding.level == Level::Error).cloned().collect()
    }

    /// The first finding in one of these files that keeps something from being used.
    pub(super) fn error_in<'f>(&self, files: impl Iterator<Item = &'f String>) -> Option<Finding> {
        let files: Vec<&String> = files.collect();
        let all = self.findings.borrow();
        let mut errors = all.iter().filter(|finding| finding.level == Level::Error);
        errors.find(|finding| files.contains(&&finding.file)).cloned()
    }

    /// All of them, by file and place.
    pub(super) fn into_findings(self) -> Vec<Finding> {
        let mut findings = self.findings.into_inner();
        findings.sort_by(|a, b| {
            let place = |finding: &Finding| finding.at.map(|at| (at.line, at.column));
            (a.file.as_str(), place(a)).cmp(&(b.file.as_str(), place(b)))
        });
        findings.dedup();
        findings
    }
}

/// A value of a file: where it stands, and whom to tell what is wrong with it.
#[derive(Clone, Debug)]
pub(super) struct Site<'a> {
    pub(super) node: &'a Node,
    pub(super) file: &'a str,
    pub(super) path: String,
    pub(super) notes: &'a Notes,
}

impl<'a> Site<'a> {
    pub(super) fn report(&self, rule: &'static Rule, message: impl Into<String>) {
        self.notes.add(rule, self.file, &self.path, Some(self.node.at), message);
    }

    /// The member of this name, of an object.
    pub(super) fn get(&self, name: &str) -> Option<Self> {
        self.node.get(name).map(|node| self.below(&format!(".{name}"), node))
    }

    /// Names and values of an object; none of anything else.
    pub(super) fn members(&self) -> impl Iterator<Item = (&'a str, Self)> + use<'a> {
        let members = match &self.node.kind {
            NodeKind::Object(members) => members.as_slice(),
            _ => &[],
        };
        let this = self.clone();
        members.iter().map(move |(name, node)| (&**name, this.below(&format!(".{name}"), node)))
    }

    /// The elements of an array; none of anything else.
    pub(super) fn items(&self) -> impl Iterator<Item = Self> + use<'a> {
        let items = match &self.node.kind {
            NodeKind::Array(items) => items.as_slice(),
            _ => &[],
        };
        let this = self.clone();
        items.iter().enumerate().map(move |(at, node)| this.below(&format!("[{at}]"), node))
    }

    pub(super) fn is_object(&self) -> bool {
        matches!(self.node.kind, NodeKind::Object(_))
    }

    /// Whether it is an object or a list without anything in it, or null.
    pub(super) fn is_empty(&self) -> bool {
        match &self.node.kind {
            NodeKind::Null => true,
            NodeKind::Object(members) => members.is_empty(),
            NodeKind::Array(items) => items.is_empty(),
            _ => false,
        }
    }

    fn below(&self, step: &str, node: &'a Node) -> Self {
        Self { node, file: self.file, path: format!("{}{step}", self.path), notes: self.notes }
    }
}
