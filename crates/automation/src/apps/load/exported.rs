//! The older layout: folders by kind of component, each component with a `metadata.json`.

use std::collections::BTreeMap;

use halyard_iml::Text;

use super::{
    documents::Documents,
    outline::{Code, Declared, Entry, Outline},
};
use crate::apps::{
    app::Component,
    files::Files,
    node::NodeKind,
    notes::{Notes, Site},
    rules::{UNKNOWN_ENTRY, UNKNOWN_TYPE},
};

const FOLDERS: &[(&str, Component)] = &[
    ("connections", Component::Connection),
    ("webhooks", Component::Webhook),
    ("modules", Component::Module),
    ("rpcs", Component::Rpc),
    ("functions", Component::Function),
    ("endpoints", Component::Endpoint),
];

const TYPES: &[(f64, &str)] = &[
    (1.0, "trigger"),
    (4.0, "action"),
    (9.0, "search"),
    (10.0, "instant_trigger"),
    (11.0, "responder"),
    (12.0, "universal"),
];

const ENDINGS: &[&str] = &[".iml.json", ".imljson", ".json", ".jsonc"];

/// The parts that the names of files and folders tell. None when there are none.
pub(super) fn outline(files: &Files, documents: &mut Documents, notes: &Notes) -> Option<Outline> {
    let mut outline = Outline::default();
    let mut folders: BTreeMap<(usize, &str), Vec<&str>> = BTreeMap::new();
    for (path, _) in files.iter() {
        let steps: Vec<_> = path.split('/').collect();
        let folder = FOLDERS.iter().position(|(name, _)| Some(name) == steps.first());
        match (folder, steps.as_slice()) {
            (Some(_), [_, file]) if stem(file) == Some("groups") => {
                outline.groups = Some(path.into());
            }
            (Some(at), [_, file]) if stem(file).is_some() => {
                folders.entry((at, stem(file).unwrap_or_default())).or_default().push(path);
            }
            (Some(at), [_, name, _]) => folders.entry((at, name)).or_default().push(path),
            (None, [file] | ["general", file]) => general(path, file, &mut outline),
            _ => {}
        }
    }
    if outline.base.is_none() && folders.is_empty() {
        return None;
    }
    for ((at, name), paths) in folders {
        let (_, component) = FOLDERS[at];
        outline.entries.push(entry(component, name, &paths, files, documents, notes));
    }
    Some(outline)
}

fn general(path: &str, file: &str, outline: &mut Outline) {
    let slot = match stem(file) {
        Some("base") => &mut outline.base,
        Some("common") => &mut outline.common,
        Some("groups") => &mut outline.groups,
        _ if file.eq_ignore_ascii_case("readme.md") => &mut outline.readme,
        _ => return,
    };
    slot.get_or_insert_with(|| path.to_owned());
}

// The name of a JSON file without its ending.
fn stem(file: &str) -> Option<&str> {
    ENDINGS.iter().find_map(|ending| file.strip_suffix(ending))
}

fn code(component: Component, name: &str, file: &str) -> Option<Code> {
    if component == Component::Function {
        return match file {
            "test.js" => Some(Code::Test),
            _ if file.ends_with(".test.js") => Some(Code::Test),
            _ if file.ends_with(".js") => Some(Code::Source),
            _ => None,
        };
    }
    let stem = stem(file)?;
    // Some put the name of the component in front.
    let stem = stem.strip_prefix(name).and_then(|rest| rest.strip_prefix('.')).unwrap_or(stem);
    Some(match stem {
        "api" | "api-oauth" | "communication" | "oauth-communication" => Code::Communication,
        stem if stem == name => Code::Communication,
        "parameters" | "params" | "static-params" | "static-parameters" | "static" => {
            Code::Parameters
        }
        "expect" | "mappable" | "mappable-params" | "mappable-parameters" => Code::Expect,
        "interface" => Code::Interface,
        "samples" => Code::Samples,
        "scope" | "default-scope" | "required-scope" => Code::Scope,
        "scopes" | "scope-list" => Code::Scopes,
        "epoch" => Code::Epoch,
        "attach" => Code::Attach,
        "detach" => Code::Detach,
        "update" => Code::Update,
        "publish" => Code::Publish,
        "common" => Code::Common,
        "install-spec" | "installSpec" => Code::InstallSpec,
        "install-directives" | "installDirectives" => Code::InstallDirectives,
        "input" => Code::Input,
        "output" => Code::Output,
        _ => return None,
    })
}

fn entry(
    component: Component,
    name: &str,
    paths: &[&str],
    files: &Files,
    documents: &mut Documents,
    notes: &Notes,
) -> Entry {
    let mut metadata = None;
    let mut codes = BTreeMap::new();
    let mut unknown = Vec::new();
    for path in paths {
        let file = path.rsplit('/').next().unwrap_or(path);
        if stem(file).is_some_and(|stem| stem == "metadata" || stem == format!("{name}.metadata")) {
            metadata = Some(*path);
        } else if let Some(code) = code(component, name, file) {
            codes.insert(code, (*path).to_owned());
        } else if stem(file).is_some() {
            unknown.push(*path);
        }
    }
    if let Some(path) = metadata {
        documents.read(files, path, notes);
    }
    let site = metadata.and_then(|path| documents.site(path, notes));
    let file = metadata.or(paths.first().copied()).unwrap_or_default();
    let at = site.as_ref().map(|site| site.node.at);
    let declared = Declared { file: file.to_owned(), path: "$".to_owned(), at };
    let mut entry = Entry::new(component, name, declared);
    entry.codes = codes;
    for path in unknown {
        let message = format!("Nobody knows such a file of a {component}.");
        notes.add(UNKNOWN_ENTRY, path, "$", None, message);
    }
    if let Some(site) = site {
        describe(&mut entry, &site);
    }
    entry
}

fn describe(entry: &mut Entry, site: &Site<'_>) {
    let text = |name| {
        let text = site.get(name).and_then(|member| member.node.as_text().cloned());
        text.filter(|text| !text.is_empty())
    };
    if let Some(name) = text("name").filter(|name| **name != *entry.id) {
        entry.alias = Some(std::mem::replace(&mut entry.id, name.to_string()));
    }
    entry.label = text("label");
    entry.description = text("description");
    entry.crud = text("crud").or(text("actionCrud"));
    entry.connections = ["connection", "altConnection"].into_iter().filter_map(text).collect();
    let optional = site.get("connectionOptional").map(|member| &member.node.kind);
    entry.connection_optional = matches!(optional, Some(NodeKind::Bool(true)));
    entry.webhook = text("webhook");
    let type_names = ["type", "moduleType", "connectionType", "webhookType"];
    entry.kind = type_names.into_iter().find_map(text).or_else(|| type_id(site));
}

fn type_id(site: &Site<'_>) -> Option<Text> {
    let site = site.get("typeId").or_else(|| site.get("type_id"))?;
    let NodeKind::Number(id) = site.node.kind else { return None };
    let found = TYPES.iter().find(|(known, _)| *known == id).map(|(_, name)| Text::from(*name));
    if found.is_none() {
        site.report(UNKNOWN_TYPE, format!("There is no type of modules {id}."));
    }
    found
}
