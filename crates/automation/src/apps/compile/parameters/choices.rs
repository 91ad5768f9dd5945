use halyard_iml::{Text, Value};

use super::{nested, rpc_call};
use crate::apps::{
    node::{Node, NodeKind},
    notes::Site,
    parameter::{Choice, Options, Store},
    rules::{INCOMPLETE, UNKNOWN_ATTRIBUTE, WRONG_ATTRIBUTE},
};

/// `options`: a list, an RPC, or an object with a `store`.
pub(super) fn options(site: &Site<'_>) -> Option<Options> {
    let plain = |store| Options {
        store,
        nested: None,
        label: None,
        value: None,
        placeholder_nested: None,
        show_root: true,
        single_level: false,
        rest: Vec::new(),
    };
    if !site.is_object() {
        return store(site, None, None).map(plain);
    }
    let text = |name| site.get(name).and_then(|member| member.node.as_text().cloned());
    let flag = |name, default| match site.get(name).map(|member| &member.node.kind) {
        Some(NodeKind::Bool(value)) => *value,
        _ => default,
    };
    let (label, value): (Option<Text>, Option<Text>) = (text("label"), text("value"));
    let mut rest = Vec::new();
    for (name, member) in site.members() {
        match name {
            "store" | "nested" | "label" | "value" | "showRoot" | "singleLevel" => {}
            "default" | "placeholder" | "operators" | "logic" | "ids" | "scope" | "learning" => {
                rest.push((name.into(), member.node.to_value()));
            }
            _ => {
                member.report(UNKNOWN_ATTRIBUTE, format!("Nobody knows `{name}` in `options`."));
                rest.push((name.into(), member.node.to_value()));
            }
        }
    }
    let found = match site.get("store") {
        Some(store_site) => store(&store_site, label.as_deref(), value.as_deref())?,
        // The options of a filter are its operators.
        None => Store::Fixed(Vec::new()),
    };
    let placeholder = site.get("placeholder").filter(Site::is_object);
    Some(Options {
        store: found,
        nested: site.get("nested").and_then(|site| nested(&site)),
        label,
        value,
        placeholder_nested: placeholder.and_then(|p| p.get("nested")).and_then(|s| nested(&s)),
        show_root: flag("showRoot", true),
        single_level: flag("singleLevel", false),
        rest,
    })
}

pub(super) fn are_from_rpc(options: &Options) -> bool {
    matches!(options.store, Store::Rpc(_))
}

fn store(site: &Site<'_>, label: Option<&str>, value: Option<&str>) -> Option<Store> {
    match &site.node.kind {
        NodeKind::Array(_) => Some(Store::Fixed(
            site.items().filter_map(|item| choice(&item, label, value)).collect(),
        )),
        NodeKind::Text(text) => {
            let call = rpc_call(text);
            if call.is_none() {
                let message = format!("{text:?} is no list of options and no RPC.");
                site.report(WRONG_ATTRIBUTE, message);
            }
            call.map(Store::Rpc)
        }
        _ => {
            let kind = site.node.kind_name();
            site.report(
                WRONG_ATTRIBUTE,
                format!("A list of options or an RPC is expected, not {kind}."),
            );
            None
        }
    }
}

/// An option or a group: of a file, or of what an RPC gives. `label` and `value` are the properties
/// that hold the two.
pub(in crate::apps) fn choice(
    site: &Site<'_>,
    label: Option<&str>,
    value: Option<&str>,
) -> Option<Choice> {
    if !site.is_object() {
        // A value that is its own label.
        let Some(label) = words(site.node) else {
            let kind = site.node.kind_name();
            site.report(WRONG_ATTRIBUTE, format!("An option is expected, not {kind}."));
            return None;
        };
        let value = site.node.to_value();
        return Some(Choice::Option { label, value, default: false, file: false, nested: None });
    }
    let labelled = site.get(label.unwrap_or("label"));
    let shown = labelled.as_ref().and_then(|site| words(site.node));
    if let Some(options) = site.get("options") {
        let options = options.items().filter_map(|item| choice(&item, label, value)).collect();
        return Some(Choice::Group { label: shown.unwrap_or_default(), options });
    }
    let known = ["label", "value", "description", "short", "default", "nested", "file"];
    for (name, member) in site.members() {
        if label.is_none() && value.is_none() && !known.contains(&name) {
            member.report(UNKNOWN_ATTRIBUTE, format!("Nobody knows `{name}` in an option."));
        }
    }
    let chosen = site.get(value.unwrap_or("value"));
    if chosen.is_none() {
        site.report(INCOMPLETE, "An option has no `value`; its label takes its place.");
    }
    let chosen = chosen.map(|site| site.node.to_value());
    let chosen = chosen.or_else(|| shown.clone().map(Value::Text)).unwrap_or_default();
    let shown = shown.or_else(|| words(&Node::of_value(&chosen))).unwrap_or_default();
    let says =
        |name| matches!(site.node.get(name).map(|node| &node.kind), Some(NodeKind::Bool(true)));
    Some(Choice::Option {
        label: shown,
        value: chosen,
        default: says("default"),
        file: says("file"),
        nested: site.get("nested").and_then(|site| nested(&site)),
    })
}

fn words(node: &Node) -> Option<Text> {
    match &node.kind {
        NodeKind::Text(text) => Some(text.clone()),
        NodeKind::Number(_) | NodeKind::Bool(_) => node.to_value().to_json().ok().map(Into::into),
        _ => None,
    }
}
