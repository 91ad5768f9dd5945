//! The parameters of forms, and the descriptions of outputs.

mod attributes;
mod choices;
mod kinds;

use halyard_iml::{Text, Value};

use attributes::Attributes;
pub(in crate::apps) use choices::choice;

use crate::apps::{
    node::{Node, NodeKind},
    notes::Site,
    parameter::{
        Button, Field, Kind, Nested, Parameter, Parameters, RpcCall, Spec, Tags, Validate,
    },
    rules::{
        INCOMPLETE, LOOSE_KIND, TOO_LONG, UNKNOWN_ATTRIBUTE, UNKNOWN_PARAMETER_TYPE, UNKNOWN_VALUE,
        WRONG_ATTRIBUTE,
    },
};

/// The fields of a file, or of a part of one: an array of parameters and RPCs, or one of these alone.
pub(in crate::apps) fn parameters(site: &Site<'_>) -> Parameters {
    match &site.node.kind {
        NodeKind::Array(_) => site.items().filter_map(|item| field(&item)).collect(),
        _ if site.is_empty() => Vec::new(),
        _ => field(site).into_iter().collect(),
    }
}

fn field(site: &Site<'_>) -> Option<Field> {
    match &site.node.kind {
        NodeKind::Object(_) => Some(Field::Parameter(Box::new(parameter(site)))),
        NodeKind::Text(text) => {
            let call = rpc_call(text);
            if call.is_none() {
                site.report(
                    WRONG_ATTRIBUTE,
                    format!("{text:?} is neither a parameter nor an RPC."),
                );
            }
            call.map(Field::Rpc)
        }
        NodeKind::Null => None,
        _ => {
            let kind = site.node.kind_name();
            site.report(WRONG_ATTRIBUTE, format!("A parameter is expected, not {kind}."));
            None
        }
    }
}

/// `rpc://name?key=value`: a repeated key is an array.
pub(in crate::apps) fn rpc_call(text: &str) -> Option<RpcCall> {
    let rest = text.trim().strip_prefix("rpc://")?;
    let (name, query) = rest.split_once('?').unwrap_or((rest, ""));
    let mut pairs: Vec<(Text, Vec<Value>)> = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (key, value): (Text, _) = (decoded(key).into(), Value::from(decoded(value)));
        match pairs.iter_mut().find(|(other, _)| *other == key) {
            Some((_, values)) => values.push(value),
            None => pairs.push((key, vec![value])),
        }
    }
    let one = |mut values: Vec<Value>| match values.len() {
        1 => values.remove(0),
        _ => Value::array(values),
    };
    let query = pairs.into_iter().map(|(key, values)| (key, one(values))).collect();
    Some(RpcCall { name: name.trim_matches('/').into(), query })
}

// Percent escapes and + for a blank, as in a query. What is no escape stands for itself.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let escaped = (*byte == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        match escaped.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(escaped) => {
                out.push(escaped);
                at += 3;
            }
            None => {
                out.push(if *byte == b'+' { b' ' } else { *byte });
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// One parameter.
pub(in crate::apps) fn parameter(site: &Site<'_>) -> Parameter {
    let said = Attributes::of(site);
    let kind = kind(&said, site);
    let options = said.get("options").and_then(choices::options);
    let from_rpc = options.as_ref().is_some_and(choices::are_from_rpc);
    let mut validate = said.get("validate").and_then(validation);
    if let Some(pattern) = said.text("pattern") {
        validate.get_or_insert_default().pattern.get_or_insert(pattern);
    }
    let parameter = Parameter {
        name: said.name("name"),
        label: said.text("label"),
        help: said.text("help"),
        required: said.flag("required", false),
        default: said.value("default"),
        advanced: said.flag("advanced", false),
        disabled: said.flag("disabled", false),
        mappable: said.flag_or_object("mappable", None).unwrap_or(true),
        editable: said.flag_or_object("editable", Some("enabled")).unwrap_or(false),
        multiline: said.flag("multiline", false),
        tags: said.get("tags").and_then(tags),
        validate,
        options,
        multiple: said.flag("multiple", false),
        grouped: said.flag("grouped", false),
        sort: said.text("sort"),
        dynamic: said.flag("dynamic", from_rpc),
        nested: said.get("nested").and_then(nested),
        spec: said.get("spec").map(spec),
        sequence: said.flag("sequence", false),
        time: said.flag("time", true),
        extension: said.get("extension").map(texts).unwrap_or_default(),
        codepage: said.text("codepage"),
        semantic: said.text("semantic"),
        button: said.get("rpc").and_then(button),
        rest: said.rest(),
        source: site.node.to_value(),
        kind,
    };
    check(&parameter, site, &said);
    parameter
}

fn kind(said: &Attributes<'_>, site: &Site<'_>) -> Kind {
    let Some(site) = said.get("type") else {
        site.report(INCOMPLETE, "A parameter needs a `type`; without one it is `any`.");
        return Kind::Any;
    };
    let Some(name) = site.node.as_text() else {
        let kind = site.node.kind_name();
        site.report(WRONG_ATTRIBUTE, format!("The name of a type is expected, not {kind}."));
        return Kind::Any;
    };
    let kind = kinds::named(name);
    if let Kind::Other(other) = &kind
        && !other.contains("{{")
    {
        let hint = match &**other {
            "string" => " `text` is meant.".to_owned(),
            other => super::similar(other, kinds::NAMES.iter().map(|(name, _)| *name))
                .map(|near| format!(" Is `{near}` meant?"))
                .unwrap_or_default(),
        };
        site.report(UNKNOWN_PARAMETER_TYPE, format!("There is no type `{other}`.{hint}"));
    }
    kind
}

fn check(parameter: &Parameter, site: &Site<'_>, said: &Attributes<'_>) {
    let visual = matches!(
        parameter.kind,
        Kind::Banner | Kind::Markdown | Kind::Html | Kind::Separator | Kind::Other(_)
    );
    // The elements of an array have no name of their own.
    if parameter.name.is_none() && !visual && !site.path.ends_with(".spec") {
        site.report(INCOMPLETE, "A parameter needs a `name`.");
    }
    for (name, most) in [("name", 128), ("label", 256), ("type", 32)] {
        let text = said.get(name);
        let length = text.and_then(|s| s.node.as_text()).map_or(0, |text| text.chars().count());
        if let (Some(site), true) = (text, length > most) {
            site.report(TOO_LONG, format!("{length} characters; the vendor allows {most}."));
        }
    }
    if parameter.kind == Kind::Select
        && parameter.options.is_none()
        && said.get("options").is_none()
    {
        site.report(INCOMPLETE, "A select needs `options`.");
    }
}

fn tags(site: &Site<'_>) -> Option<Tags> {
    match site.node.as_text().map(|text| &**text) {
        Some("strip") => Some(Tags::Strip),
        Some("stripall") => Some(Tags::StripAll),
        Some("escape") => Some(Tags::Escape),
        _ => {
            site.report(UNKNOWN_VALUE, "`tags` is one of: strip, stripall, escape.");
            None
        }
    }
}

fn validation(site: &Site<'_>) -> Option<Validate> {
    match &site.node.kind {
        NodeKind::Bool(value) => Some(Validate { off: !value, ..Validate::default() }),
        NodeKind::Object(_) => {
            let mut validate = Validate::default();
            for (name, site) in site.members() {
                match name {
                    "min" => validate.min = bound(&site),
                    "max" => validate.max = bound(&site),
                    "pattern" => validate.pattern = attributes::pattern(&site),
                    "enum" => validate.one_of = site.items().map(|s| s.node.to_value()).collect(),
                    // Elements of arrays in older apps.
                    "minItems" => validate.min = bound(&site),
                    "maxItems" => validate.max = bound(&site),
                    _ => site.report(
                        UNKNOWN_ATTRIBUTE,
                        format!("`validate` has `min`, `max`, `pattern`, `enum`, not `{name}`."),
                    ),
                }
            }
            Some(validate)
        }
        _ => {
            let kind = site.node.kind_name();
            site.report(WRONG_ATTRIBUTE, format!("An object or false is expected, not {kind}."));
            None
        }
    }
}

fn bound(site: &Site<'_>) -> Option<f64> {
    match &site.node.kind {
        NodeKind::Number(number) => Some(*number),
        NodeKind::Text(text) if text.trim().parse::<f64>().is_ok() => {
            site.report(LOOSE_KIND, "A number is expected, without quotes.");
            text.trim().parse().ok()
        }
        NodeKind::Null => None,
        _ => {
            let kind = site.node.kind_name();
            site.report(WRONG_ATTRIBUTE, format!("A number is expected, not {kind}."));
            None
        }
    }
}

fn texts(site: &Site<'_>) -> Vec<Text> {
    match &site.node.kind {
        NodeKind::Text(text) => vec![text.clone()],
        _ => site.items().filter_map(|item| item.node.as_text().cloned()).collect(),
    }
}

/// Fields below another one: a list, an RPC, or `{store, domain}`.
pub(super) fn nested(site: &Site<'_>) -> Option<Nested> {
    if let (true, Some(store)) = (site.is_object(), site.get("store")) {
        let domain = site.get("domain").and_then(|domain| domain.node.as_text().cloned());
        return Some(Nested { fields: parameters(&store), domain });
    }
    let fields = parameters(site);
    (!fields.is_empty()).then_some(Nested { fields, domain: None })
}

fn spec(site: &Site<'_>) -> Spec {
    match &site.node.kind {
        NodeKind::Object(_) => Spec::One(Box::new(parameter(site))),
        _ => Spec::Many(parameters(site)),
    }
}

fn button(site: &Site<'_>) -> Option<Button> {
    let url = site.get("url").unwrap_or_else(|| site.clone());
    let Some(call) = url.node.as_text().and_then(|text| rpc_call(text)) else {
        site.report(WRONG_ATTRIBUTE, "`rpc` needs a `url` that begins with rpc://.");
        return None;
    };
    Some(Button {
        label: site.get("label").and_then(|label| label.node.as_text().cloned()),
        call,
        parameters: site.get("parameters").map(|s| parameters(&s)).unwrap_or_default(),
    })
}

/// A value that an RPC has given, as a place that findings about are not kept.
pub(in crate::apps) fn with_value<T>(value: &Value, read: impl FnOnce(&Site<'_>) -> T) -> T {
    let node = Node::of_value(value);
    let notes = crate::apps::notes::Notes::default();
    read(&Site { node: &node, file: "", path: "$".to_owned(), notes: &notes })
}
