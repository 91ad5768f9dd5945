//! What the parts of an app say about each other.

use std::collections::BTreeSet;

use super::{
    assemble::Shop,
    outline::{Code, Outline},
};
use crate::apps::{
    app::{App, Component, ConnectionKind},
    compile::parameters::rpc_call,
    files::Files,
    node::NodeKind,
    notes::Site,
    rules::{MISSING_MODULE, MISSING_RPC, UNKNOWN_SCOPE, UNUSED_COMPONENT},
};

/// A group must name modules that exist.
pub(super) fn check_module(site: &Site<'_>, name: &str, outline: &Outline) {
    if outline.find(Component::Module, name).is_none() {
        site.report(MISSING_MODULE, format!("The app has no module `{name}`."));
    }
}

/// Names of things that are not there, and things that nothing names.
pub(super) fn check(shop: &Shop<'_>, files: &Files, app: &App) {
    let mut rpcs = BTreeSet::new();
    for site in shop.documents.iter(shop.notes) {
        calls(&site, shop.outline, &mut rpcs);
    }
    let mut connections = BTreeSet::new();
    let mut webhooks = BTreeSet::new();
    for entry in &shop.outline.entries {
        let found = entry.connections.iter();
        let found = found.filter_map(|name| shop.outline.find(Component::Connection, name));
        connections.extend(found.map(|entry| entry.id.clone()));
        let webhook = entry.webhook.as_ref();
        let webhook = webhook.and_then(|name| shop.outline.find(Component::Webhook, name));
        webhooks.extend(webhook.map(|entry| entry.id.clone()));
    }
    for entry in &shop.outline.entries {
        let is_used = match entry.component {
            Component::Connection => connections.contains(&entry.id),
            Component::Webhook => webhooks.contains(&entry.id),
            Component::Rpc => rpcs.contains(&entry.id),
            Component::Function => {
                shop.compiler.called.borrow().contains(&entry.id)
                    || is_mentioned(shop.outline, files, &entry.id)
            }
            Component::Module | Component::Endpoint => true,
        };
        if !is_used {
            let (component, id) = (entry.component, &entry.id);
            entry.report(
                shop.notes,
                UNUSED_COMPONENT,
                format!("Nothing uses the {component} `{id}`."),
            );
        }
    }
    check_scopes(shop, app);
}

// `rpc://` may stand in any text: also in what an RPC gives as fields.
fn calls(site: &Site<'_>, outline: &Outline, called: &mut BTreeSet<String>) {
    match &site.node.kind {
        NodeKind::Text(text) => {
            // In the middle of an expression the name ends at a quote.
            for (at, _) in text.match_indices("rpc://") {
                let rest = &text[at..];
                let end = rest.find(['\'', '"', ' ', ',', ';', ')', '{']).unwrap_or(rest.len());
                let complete = !rest[end..].starts_with('{') || rest[..end].contains('?');
                let Some(call) = rpc_call(&rest[..end]).filter(|call| !call.name.is_empty()) else {
                    continue;
                };
                match outline.find(Component::Rpc, &call.name) {
                    Some(entry) => {
                        called.insert(entry.id.clone());
                    }
                    None if complete => {
                        let message = format!("The app has no RPC `{}`.", call.name);
                        site.report(MISSING_RPC, message);
                    }
                    None => {}
                }
            }
        }
        _ => {
            site.members().for_each(|(_, member)| calls(&member, outline, called));
            site.items().for_each(|item| calls(&item, outline, called));
        }
    }
}

// Whether the code of another function, or a text that is no expression, has the name in it.
fn is_mentioned(outline: &Outline, files: &Files, name: &str) -> bool {
    let others = outline.of(Component::Function).filter(|entry| entry.id != name);
    let sources = others.filter_map(|entry| entry.codes.get(&Code::Source));
    let mut texts = sources.filter_map(|path| std::str::from_utf8(files.get(path)?).ok());
    texts.any(|text| text.contains(name))
}

fn check_scopes(shop: &Shop<'_>, app: &App) {
    let scopes = |names: &[String]| {
        let mut all = BTreeSet::new();
        for name in names {
            if let Some(ConnectionKind::OAuth2(oauth)) = app.connections.get(name).map(|c| &c.kind)
            {
                all.extend(oauth.scopes.iter().map(|(scope, _)| scope.clone()));
            }
        }
        all
    };
    let modules =
        app.modules.iter().map(|(id, m)| (Component::Module, id, &m.connections, &m.scope));
    let webhooks =
        app.webhooks.iter().map(|(id, w)| (Component::Webhook, id, &w.connections, &w.scope));
    for (component, id, connections, needed) in modules.chain(webhooks) {
        let known = scopes(connections);
        let Some(entry) = shop.outline.find(component, id) else { continue };
        let Some(site) = shop.site(entry, Code::Scope) else { continue };
        for scope in needed.iter().filter(|scope| !known.is_empty() && !known.contains(*scope)) {
            let message = format!("The connection does not list the scope {scope:?}.");
            site.report(UNKNOWN_SCOPE, message);
        }
    }
}
