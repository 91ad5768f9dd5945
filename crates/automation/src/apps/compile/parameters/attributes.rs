use halyard_iml::{Text, Value};

use crate::apps::{
    compile::similar,
    node::NodeKind,
    notes::Site,
    rules::{LOOSE_KIND, UNKNOWN_ATTRIBUTE, WRONG_ATTRIBUTE},
};

// Attributes that mean something to the interpreter.
const KNOWN: &[&str] = &[
    "name",
    "label",
    "help",
    "type",
    "required",
    "default",
    "advanced",
    "disabled",
    "mappable",
    "editable",
    "multiline",
    "tags",
    "pattern",
    "validate",
    "options",
    "multiple",
    "grouped",
    "sort",
    "dynamic",
    "nested",
    "spec",
    "sequence",
    "time",
    "extension",
    "codepage",
    "semantic",
    "rpc",
];

// Attributes that are for whoever shows the form.
const SHOWN: &[&str] = &[
    "mode", "labels", "schema", "convert", "visible", "metadata", "coder", "logic", "title",
    "text", "theme", "badge", "closable", "udttype", "udtspec",
];

/// What a parameter says about itself.
pub(super) struct Attributes<'a>(Vec<(&'a str, Site<'a>)>);

impl<'a> Attributes<'a> {
    pub(super) fn of(site: &Site<'a>) -> Self {
        for (name, member) in site.members() {
            if !KNOWN.contains(&name) && !SHOWN.contains(&name) {
                let hint = similar(name, KNOWN.iter().chain(SHOWN).copied());
                let hint = hint.map(|near| format!(" Is `{near}` meant?")).unwrap_or_default();
                let message = format!("Nobody knows an attribute `{name}`.{hint}");
                member.report(UNKNOWN_ATTRIBUTE, message);
            }
        }
        Self(site.members().collect())
    }

    /// The value of an attribute, unless it is null.
    pub(super) fn get(&self, name: &str) -> Option<&Site<'a>> {
        let found = self.0.iter().find(|(other, _)| *other == name).map(|(_, site)| site);
        found.filter(|site| !matches!(site.node.kind, NodeKind::Null))
    }

    /// Whatever it is.
    pub(super) fn value(&self, name: &str) -> Option<Value> {
        self.get(name).map(|site| site.node.to_value())
    }

    pub(super) fn text(&self, name: &str) -> Option<Text> {
        let site = self.get(name)?;
        match &site.node.kind {
            NodeKind::Text(text) => Some(text.clone()),
            NodeKind::Object(_) if name == "pattern" => pattern(site),
            NodeKind::Number(_) | NodeKind::Bool(_) => {
                site.report(
                    LOOSE_KIND,
                    format!("A text is expected, not {}.", site.node.kind_name()),
                );
                site.node.to_value().to_json().ok().map(Into::into)
            }
            _ => {
                let kind = site.node.kind_name();
                site.report(WRONG_ATTRIBUTE, format!("A text is expected, not {kind}."));
                None
            }
        }
    }

    /// A name, of at least one character.
    pub(super) fn name(&self, name: &str) -> Option<Text> {
        self.text(name).filter(|text| !text.is_empty())
    }

    pub(super) fn flag(&self, name: &str, default: bool) -> bool {
        self.get(name).and_then(flag).unwrap_or(default)
    }

    /// A flag, or an object that means true unless its member of this name is false.
    pub(super) fn flag_or_object(&self, name: &str, member: Option<&str>) -> Option<bool> {
        let site = self.get(name)?;
        if !site.is_object() {
            return flag(site);
        }
        let inner = member.and_then(|member| site.get(member));
        Some(inner.is_none_or(|site| flag(&site).unwrap_or(true)))
    }

    /// Everything that the interpreter does not use.
    pub(super) fn rest(&self) -> Vec<(Text, Value)> {
        let others = self.0.iter().filter(|(name, _)| !KNOWN.contains(name));
        others.map(|(name, site)| ((*name).into(), site.node.to_value())).collect()
    }
}

fn flag(site: &Site<'_>) -> Option<bool> {
    match &site.node.kind {
        NodeKind::Bool(value) => Some(*value),
        NodeKind::Text(text) if &**text == "true" || &**text == "false" => {
            site.report(LOOSE_KIND, "True or false is expected, without quotes.");
            Some(&**text == "true")
        }
        _ => {
            let kind = site.node.kind_name();
            site.report(WRONG_ATTRIBUTE, format!("True or false is expected, not {kind}."));
            None
        }
    }
}

/// A regular expression: a text, or `{regexp}`.
pub(super) fn pattern(site: &Site<'_>) -> Option<Text> {
    let text = site.get("regexp").unwrap_or_else(|| site.clone());
    if text.node.as_text().is_none() {
        site.report(WRONG_ATTRIBUTE, "A regular expression is expected, as a text.");
    }
    text.node.as_text().cloned()
}
