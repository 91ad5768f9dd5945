//! Values of directives that may have only some of the kinds.

use std::time::Duration;

use halyard_iml::Value;

use super::{Compiler, directive::Place, roots::Moment};
use crate::apps::{
    node::NodeKind,
    notes::Site,
    rules::{LOOSE_KIND, STATIC_DIRECTIVE, TOO_LONG, UNKNOWN_VALUE, WRONG_KIND},
    template::Template,
};

/// Whether a text has an expression in it.
pub(super) fn is_expression(text: &str) -> bool {
    text.contains("{{")
}

/// The text without expressions, of which there are only some.
pub(super) fn check_value(site: &Site<'_>, known: &[&str]) {
    let Some(text) = site.node.as_text().filter(|text| !is_expression(text)) else { return };
    if !known.iter().any(|one| one.eq_ignore_ascii_case(text)) {
        let message = format!("{text:?} is none of: {}.", known.join(", "));
        site.report(UNKNOWN_VALUE, message);
    }
}

/// Reports a text that is longer than the vendor allows.
pub(super) fn check_length(site: &Site<'_>, most: usize) {
    let length = site.node.as_text().map_or(0, |text| text.chars().count());
    if length > most {
        site.report(TOO_LONG, format!("{length} characters; the vendor allows {most}."));
    }
}

impl Compiler<'_> {
    /// A text, of at most so many characters.
    pub(super) fn text(
        &self,
        site: &Site<'_>,
        place: Place,
        moment: Moment,
        most: usize,
    ) -> Option<Template> {
        match &site.node.kind {
            NodeKind::Text(_) => check_length(site, most),
            // Nothing is lost when they are read as text.
            NodeKind::Number(_) | NodeKind::Bool(_) => {
                site.report(
                    LOOSE_KIND,
                    format!("A text is expected, not {}.", site.node.kind_name()),
                );
            }
            _ => {
                let message = format!("A text is expected, not {}.", site.node.kind_name());
                site.report(WRONG_KIND, message);
                return None;
            }
        }
        Some(self.template(site, place, moment))
    }

    /// A text, number or boolean.
    pub(super) fn primitive(
        &self,
        site: &Site<'_>,
        place: Place,
        moment: Moment,
        most: usize,
    ) -> Option<Template> {
        match &site.node.kind {
            NodeKind::Number(_) | NodeKind::Bool(_) => Some(self.template(site, place, moment)),
            _ => self.text(site, place, moment, most),
        }
    }

    /// An object, or one expression that gives one.
    pub(super) fn object(&self, site: &Site<'_>, place: Place, moment: Moment) -> Option<Template> {
        let fits = match &site.node.kind {
            NodeKind::Object(_) => true,
            NodeKind::Text(text) => is_expression(text),
            // Programs write an empty object as a list.
            NodeKind::Array(items) => items.is_empty(),
            _ => false,
        };
        if !fits {
            let kind = site.node.kind_name();
            site.report(WRONG_KIND, format!("An object or an expression is expected, not {kind}."));
            return None;
        }
        match site.is_empty() {
            true => None,
            false => Some(self.template(site, place, moment)),
        }
    }
}

/// True or false, without expressions.
pub(super) fn boolean(site: &Site<'_>) -> Option<bool> {
    match &site.node.kind {
        NodeKind::Bool(value) => Some(*value),
        NodeKind::Text(text) if is_expression(text) => {
            site.report(STATIC_DIRECTIVE, "True or false is expected, not an expression.");
            None
        }
        NodeKind::Text(text) if &**text == "true" || &**text == "false" => {
            site.report(LOOSE_KIND, "True or false is expected, without quotes.");
            Some(&**text == "true")
        }
        _ => {
            let kind = site.node.kind_name();
            site.report(WRONG_KIND, format!("True or false is expected, not {kind}."));
            None
        }
    }
}

/// A number, without expressions.
pub(super) fn number(site: &Site<'_>) -> Option<f64> {
    match &site.node.kind {
        NodeKind::Number(number) => Some(*number),
        NodeKind::Text(text) if is_expression(text) => {
            site.report(STATIC_DIRECTIVE, "A number is expected, not an expression.");
            None
        }
        NodeKind::Text(text) if text.trim().parse::<f64>().is_ok() => {
            site.report(LOOSE_KIND, "A number is expected, without quotes.");
            text.trim().parse().ok()
        }
        _ => {
            let kind = site.node.kind_name();
            site.report(WRONG_KIND, format!("A number is expected, not {kind}."));
            None
        }
    }
}

/// Milliseconds, without expressions, within bounds.
pub(super) fn milliseconds(site: &Site<'_>, least: f64, most: f64) -> Option<Duration> {
    let number = number(site)?;
    if !(least..=most).contains(&number) {
        let message = format!("A number of milliseconds from {least} to {most} is expected.");
        site.report(UNKNOWN_VALUE, message);
    }
    // In range, so that nothing is lost but fractions.
    Some(Duration::from_millis(number.clamp(least, most) as u64))
}

/// A list of texts.
pub(in crate::apps) fn texts(site: &Site<'_>) -> Vec<halyard_iml::Text> {
    if !matches!(site.node.kind, NodeKind::Array(_)) {
        // An empty object stands for nothing in many files.
        if !site.is_empty() {
            let kind = site.node.kind_name();
            site.report(WRONG_KIND, format!("An array of texts is expected, not {kind}."));
        }
        return Vec::new();
    }
    let text = |item: Site<'_>| {
        let text = item.node.as_text().cloned();
        if text.is_none() {
            item.report(WRONG_KIND, format!("A text is expected, not {}.", item.node.kind_name()));
        }
        check_length(&item, 512);
        text
    };
    site.items().filter_map(text).collect()
}

/// True, as a compiled value.
pub(super) fn always() -> Template {
    Compiler::constant(Value::Bool(true))
}
