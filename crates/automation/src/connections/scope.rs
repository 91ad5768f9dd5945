//! Which scopes a connection asks for.

use halyard_iml::Text;

use crate::apps::{App, ConnectionKind, Module};

/// What a connection of this kind is to ask for: its default scopes, what the modules need (all that
/// can use it, or only those named), what their webhooks need, and `more`.
#[must_use]
pub fn wanted(app: &App, kind: &str, only: Option<&[String]>, more: &[Text]) -> Vec<Text> {
    let mut all: Vec<Text> = Vec::new();
    let mut add = |scopes: &[Text]| {
        for scope in scopes {
            if !all.contains(scope) {
                all.push(scope.clone());
            }
        }
    };
    if let Some(connection) = app.connections.get(kind)
        && let ConnectionKind::OAuth2(sections) = &connection.kind
    {
        add(&sections.default_scope);
    }
    for (name, module) in &app.modules {
        let uses = module.connections.iter().any(|used| used == kind);
        if uses && only.is_none_or(|only| only.contains(name)) {
            add(&needed(app, module));
        }
    }
    add(more);
    all
}

/// What a module needs, its webhook included.
#[must_use]
pub fn needed(app: &App, module: &Module) -> Vec<Text> {
    let webhook = module.webhook.as_ref().and_then(|name| app.webhooks.get(name));
    let of_webhook = webhook.map_or(&[][..], |webhook| &webhook.scope);
    module.scope.iter().chain(of_webhook).cloned().collect()
}

/// What is needed and was not asked for. A connection that has asked for nothing is taken to have
/// everything: its service has no scopes.
#[must_use]
pub fn missing(needed: &[Text], asked: &[Text]) -> Vec<Text> {
    match asked.is_empty() {
        true => Vec::new(),
        false => needed.iter().filter(|scope| !asked.contains(scope)).cloned().collect(),
    }
}
