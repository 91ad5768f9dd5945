//! The layout of a local development checkout: `makecomapp.json` says where everything is.

use super::{
    documents::Documents,
    outline::{Code, Declared, Entry, Outline},
};
use crate::apps::{
    app::Component,
    files::Files,
    node::NodeKind,
    notes::{Notes, Site},
    rules::{MISSING_FILE, MISSING_OPTIONAL, UNKNOWN_ENTRY, WRONG_KIND},
};

/// The file that this layout is known by.
pub(super) const MANIFEST: &str = "makecomapp.json";

const COMPONENTS: &[(&str, Component)] = &[
    ("connection", Component::Connection),
    ("webhook", Component::Webhook),
    ("module", Component::Module),
    ("rpc", Component::Rpc),
    ("function", Component::Function),
    ("endpoint", Component::Endpoint),
];

const KEYS: &[&str] = &[
    "label",
    "description",
    "connectionType",
    "webhookType",
    "moduleType",
    "actionCrud",
    "connection",
    "altConnection",
    // Ours.
    "connectionOptional",
    "webhook",
    "attachedAccounts",
    "annotations",
    "codeFiles",
];

fn code(component: Component, name: &str) -> Option<Code> {
    use Component as C;
    Some(match (component, name) {
        (C::Function, "code") => Code::Source,
        (C::Function, "test") => Code::Test,
        (C::Function, _) => return None,
        (_, "communication") => Code::Communication,
        (C::Connection | C::Webhook | C::Rpc, "params") => Code::Parameters,
        (C::Connection, "common") => Code::Common,
        (C::Connection, "scopeList") => Code::Scopes,
        (C::Connection, "defaultScope") => Code::Scope,
        (C::Connection, "installSpec") => Code::InstallSpec,
        (C::Connection, "installDirectives") => Code::InstallDirectives,
        (C::Webhook, "attach") => Code::Attach,
        (C::Webhook, "detach") => Code::Detach,
        (C::Webhook, "update") => Code::Update,
        (C::Webhook, "requiredScope") => Code::Scope,
        (C::Webhook, "publish") => Code::Publish,
        (C::Module, "staticParams") => Code::Parameters,
        (C::Module, "mappableParams") => Code::Expect,
        (C::Module, "interface") => Code::Interface,
        (C::Module, "samples") => Code::Samples,
        (C::Module | C::Endpoint, "scope") => Code::Scope,
        (C::Module, "epoch") => Code::Epoch,
        (C::Endpoint, "inputParameters") => Code::Input,
        (C::Endpoint, "outputParameters") => Code::Output,
        (C::Endpoint, "context") => Code::Context,
        _ => return None,
    })
}

/// The parts that the manifest lists. None when it cannot be read.
pub(super) fn outline(files: &Files, documents: &Documents, notes: &Notes) -> Option<Outline> {
    let root = documents.site(MANIFEST, notes)?;
    if !root.is_object() {
        root.report(WRONG_KIND, "An object is expected.");
        return None;
    }
    let mut outline = Outline::default();
    for (name, site) in root.members() {
        match name {
            "fileVersion" => {}
            "generalCodeFiles" => {
                let errors = notes.errors();
                general(&site, files, &mut outline);
                // Without its base no request of the app is what it should be.
                if notes.errors() > errors {
                    return None;
                }
            }
            "components" => components(&site, files, &mut outline),
            "origins" => origin(&site, &mut outline),
            // What stands for a comment.
            name if name.starts_with("//") => {}
            _ => site.report(UNKNOWN_ENTRY, format!("Nobody knows the entry `{name}`.")),
        }
    }
    Some(outline)
}

fn general(site: &Site<'_>, files: &Files, outline: &mut Outline) {
    for (name, site) in site.members() {
        let slot = match name {
            "base" => &mut outline.base,
            "common" => &mut outline.common,
            "readme" => &mut outline.readme,
            "groups" => &mut outline.groups,
            _ => {
                site.report(UNKNOWN_ENTRY, format!("Nobody knows the file `{name}` of an app."));
                continue;
            }
        };
        *slot = file(&site, files, name == "base");
    }
}

fn components(site: &Site<'_>, files: &Files, outline: &mut Outline) {
    for (name, group) in site.members() {
        let Some((_, component)) = COMPONENTS.iter().find(|(known, _)| *known == name) else {
            group.report(UNKNOWN_ENTRY, format!("Nobody knows components of the kind `{name}`."));
            continue;
        };
        for (id, site) in group.members() {
            // Null reserves the name.
            if !matches!(site.node.kind, NodeKind::Null) {
                let errors = site.notes.errors();
                let mut entry = entry(*component, id, &site, files);
                entry.is_unusable = site.notes.errors() > errors;
                outline.entries.push(entry);
            }
        }
    }
}

fn entry(component: Component, id: &str, site: &Site<'_>, files: &Files) -> Entry {
    let declared =
        Declared { file: site.file.to_owned(), path: site.path.clone(), at: Some(site.node.at) };
    let mut entry = Entry::new(component, id, declared);
    if !site.is_object() {
        site.report(WRONG_KIND, "An object or null is expected.");
    }
    for (name, member) in site.members() {
        if !KEYS.contains(&name) {
            member.report(UNKNOWN_ENTRY, format!("Nobody knows the entry `{name}`."));
        }
    }
    let text = |name| site.get(name).and_then(|member| member.node.as_text().cloned());
    entry.label = text("label");
    entry.description = text("description");
    entry.kind = text("moduleType").or(text("connectionType")).or(text("webhookType"));
    entry.crud = text("actionCrud");
    entry.connections = text("connection").into_iter().chain(text("altConnection")).collect();
    if let Some(accounts) = site.get("attachedAccounts") {
        entry.connections.extend(accounts.items().filter_map(|item| item.node.as_text().cloned()));
    }
    entry.connection_optional =
        site.get("connectionOptional").is_some_and(|member| optional(component, &member));
    entry.webhook = text("webhook");
    for (name, member) in site.get("codeFiles").iter().flat_map(Site::members) {
        let Some(code) = code(component, name) else {
            let message = format!("Nobody knows the file `{name}` of a {component}.");
            member.report(UNKNOWN_ENTRY, message);
            continue;
        };
        let is_needed = matches!(code, Code::Communication | Code::Source);
        match (&member.node.kind, file(&member, files, is_needed)) {
            (NodeKind::Null, _) => {
                entry.left_out.insert(code);
            }
            (_, Some(path)) => {
                entry.codes.insert(code, path);
            }
            _ => {}
        }
    }
    entry
}

/// Whether a module also runs without a connection.
fn optional(component: Component, site: &Site<'_>) -> bool {
    if component != Component::Module {
        site.report(UNKNOWN_ENTRY, "`connectionOptional` is an entry of modules only.");
    }
    match site.node.kind {
        NodeKind::Bool(optional) => optional,
        NodeKind::Null => false,
        _ => {
            site.report(WRONG_KIND, "True or false is expected.");
            false
        }
    }
}

// The path of a file within the folder. Null and what is not there are none.
fn file(site: &Site<'_>, files: &Files, is_needed: bool) -> Option<String> {
    if matches!(site.node.kind, NodeKind::Null) {
        return None;
    }
    let Some(said) = site.node.as_text() else {
        site.report(WRONG_KIND, "A path or null is expected.");
        return None;
    };
    let path = normal(said).filter(|path| files.get(path).is_some());
    if path.is_none() {
        // Data that is secret is often kept out of a repository.
        let rule = if is_needed { MISSING_FILE } else { MISSING_OPTIONAL };
        site.report(rule, format!("The folder holds no file {said:?}."));
    }
    path
}

// Without `.` and `..`; none when it leads out of the folder.
fn normal(path: &str) -> Option<String> {
    let mut steps = Vec::new();
    for step in path.split(['/', '\\']) {
        match step {
            "" | "." => {}
            ".." => {
                steps.pop()?;
            }
            step => steps.push(step),
        }
    }
    Some(steps.join("/"))
}

fn origin(site: &Site<'_>, outline: &mut Outline) {
    let Some(origin) = site.items().next() else { return };
    let id = origin.get("appId").and_then(|id| id.node.as_text().cloned());
    outline.name = id.filter(|id| !id.is_empty()).map(|id| id.to_string());
    if let Some(NodeKind::Number(version)) = origin.node.get("appVersion").map(|node| &node.kind) {
        // Saturates, which no version does.
        outline.version = Some(*version as u32);
    }
}

#[cfg(test)]
mod tests {
    use super::normal;

    #[test]
    fn paths_stay_in_the_folder() {
        assert_eq!(normal("./a/../b//c.json").as_deref(), Some("b/c.json"));
        assert_eq!(normal("../a"), None);
        assert_eq!(normal("a/../../b"), None);
    }
}
