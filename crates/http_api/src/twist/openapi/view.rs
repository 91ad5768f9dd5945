//! The page: the document laid out for reading.

use minijinja::Environment;
use serde::Serialize;
use serde_json::Value;

use super::{about, operation};
use crate::{
    kit::params::{FieldSpec, Kind},
    twist::{
        endpoint::{Answer, Endpoint, Login, ROUTES, Verb},
        error::Code,
    },
};

#[derive(Serialize)]
struct Page {
    version: &'static str,
    opening: &'static str,
    sections: Vec<about::Section>,
    areas: Vec<Area>,
    objects: Vec<Object>,
    errors: Vec<ErrorRow>,
}

#[derive(Serialize)]
struct Area {
    name: &'static str,
    calls: Vec<Call>,
}

#[derive(Serialize)]
struct Call {
    id: String,
    verb: &'static str,
    path: &'static str,
    summary: &'static str,
    needs: String,
    scope: Option<&'static str>,
    parameters: Vec<Parameter>,
    answer: Vec<Part>,
    /// The schema of an answer that the words do not name, and that of version 2 where it is
    /// another.
    later: Option<Vec<Part>>,
    v2: Option<Vec<Part>>,
    example: String,
}

#[derive(Serialize)]
struct Parameter {
    name: &'static str,
    kind: String,
    required: bool,
    meaning: String,
}

#[derive(Serialize)]
struct Object {
    name: String,
    about: String,
    properties: Vec<Property>,
}

#[derive(Serialize)]
struct Property {
    name: String,
    kind: Vec<Part>,
    /// Can be missing, because the object is kept as a client sent it.
    optional: bool,
    meaning: String,
}

/// A piece of the description of a type.
#[derive(Serialize)]
struct Part {
    text: String,
    /// It is the name of an object.
    object: bool,
}

#[derive(Serialize)]
struct ErrorRow {
    code: u16,
    status: u16,
    meaning: &'static str,
}

/// The page as HTML.
pub(super) fn render(document: &Value) -> String {
    let page = Page {
        version: env!("CARGO_PKG_VERSION"),
        opening: about::OPENING,
        sections: about::sections(),
        areas: areas(document),
        objects: objects(document),
        errors: Code::ALL
            .iter()
            .map(|code| ErrorRow {
                code: code.number(),
                status: code.status(),
                meaning: code.text(),
            })
            .collect(),
    };
    Environment::new()
        .render_named_str("page.html", include_str!("page.html"), minijinja::value::Serde(&page))
        .expect("the template is part of the program, and a test renders it")
}

fn areas(document: &Value) -> Vec<Area> {
    let mut areas: Vec<Area> = Vec::new();
    for endpoint in ROUTES {
        let name = operation::tag(endpoint);
        let call = call(endpoint, document);
        match areas.iter_mut().find(|area| area.name == name) {
            Some(area) => area.calls.push(call),
            None => areas.push(Area { name, calls: vec![call] }),
        }
    }
    areas
}

fn call(endpoint: &Endpoint, document: &Value) -> Call {
    let verb = if endpoint.verb == Verb::Get { "get" } else { "post" };
    let operation = &document["paths"][format!("/api/v3/{}", endpoint.path)][verb];
    let good = &operation["responses"]["200"];
    let fields = (endpoint.fields)();
    let other = matches!(endpoint.answer, Answer::Other(_));
    Call {
        id: operation::id(endpoint),
        verb: if endpoint.verb == Verb::Get { "GET" } else { "POST" },
        path: endpoint.path,
        summary: endpoint.summary,
        needs: operation::needs(endpoint.login),
        scope: match endpoint.login {
            Login::With(scope) => Some(scope.name()),
            Login::Nobody | Login::Anyone => None,
        },
        example: example(endpoint, &fields),
        parameters: fields
            .iter()
            .map(|field| Parameter {
                name: field.name,
                kind: operation::kind_words(field.kind),
                required: field.required,
                meaning: operation::description(field),
            })
            .collect(),
        answer: linked(&text(&good["description"]), &document["components"]["schemas"]),
        later: other.then(|| parts(&good["content"]["application/json"]["schema"])),
        v2: other.then(|| parts(&good["x-halyard-v2-schema"])),
    }
}

fn objects(document: &Value) -> Vec<Object> {
    let schemas = document["components"]["schemas"].as_object().into_iter().flatten();
    schemas
        .filter(|(name, _)| !name.ends_with("_request"))
        .map(|(name, schema)| {
            let required = schema["required"].as_array();
            let properties = schema["properties"].as_object().into_iter().flatten();
            Object {
                name: name.clone(),
                about: text(&schema["description"]),
                properties: properties
                    .map(|(name, property)| Property {
                        name: name.clone(),
                        kind: parts(property),
                        optional: !required
                            .is_some_and(|keys| keys.contains(&name.as_str().into())),
                        meaning: text(&property["description"]),
                    })
                    .collect(),
            }
        })
        .collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Words, with the names of objects in them set apart.
fn linked(words: &str, schemas: &Value) -> Vec<Part> {
    let pieces = words.split('`').enumerate();
    pieces
        .map(|(at, piece)| match (at % 2 == 1, schemas.get(piece).is_some()) {
            (true, true) => Part { text: piece.to_owned(), object: true },
            (true, false) => Part { text: format!("`{piece}`"), object: false },
            (false, _) => Part { text: piece.to_owned(), object: false },
        })
        .collect()
}

/// A schema in words.
fn parts(schema: &Value) -> Vec<Part> {
    let mut parts = Vec::new();
    describe(schema, &mut parts);
    parts
}

fn describe(schema: &Value, parts: &mut Vec<Part>) {
    let mut say = |text: &str| parts.push(Part { text: text.to_owned(), object: false });
    if let Some(target) = schema["$ref"].as_str() {
        let name = target.rsplit('/').next().unwrap_or_default().to_owned();
        parts.push(Part { text: name, object: true });
        return;
    }
    if let Some(choices) = schema["oneOf"].as_array().or(schema["anyOf"].as_array()) {
        for (at, choice) in choices.iter().enumerate() {
            if at > 0 {
                parts.push(Part { text: " or ".to_owned(), object: false });
            }
            describe(choice, parts);
        }
        return;
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    };
    match types.first().copied() {
        Some("array") => match schema["items"]["type"].as_str() {
            Some("integer") => say("list of integers"),
            Some("string") => say("list of texts"),
            _ => {
                say("list of ");
                describe(&schema["items"], parts);
            }
        },
        Some("object") if schema["additionalProperties"].is_object() => {
            say("object: text to ");
            describe(&schema["additionalProperties"], parts);
        }
        Some("object") if schema["properties"].is_object() => {
            let properties = schema["properties"].as_object().into_iter().flatten();
            for (at, (name, property)) in properties.enumerate() {
                let lead = if at == 0 { "object with" } else { "," };
                parts.push(Part { text: format!("{lead} `{name}`: "), object: false });
                describe(property, parts);
            }
        }
        Some("string") if schema["enum"].is_array() => {
            let words = schema["enum"].as_array().into_iter().flatten().filter_map(Value::as_str);
            say(&words.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" or "));
        }
        Some("string") => say("text"),
        Some(other) => say(other),
        None => {}
    }
    if types.len() > 1 && types.contains(&"null") {
        parts.push(Part { text: " or null".to_owned(), object: false });
    }
}

/// A command line that sends the call: what is required, and what it is mostly called for.
fn example(endpoint: &Endpoint, fields: &[FieldSpec]) -> String {
    const TELLING: &[&str] = &["title", "content", "name"];
    let get = if endpoint.verb == Verb::Get && !fields.is_empty() { " --get" } else { "" };
    let mut command = format!("curl{get} \"$HALYARD/api/v3/{}\"", endpoint.path);
    if endpoint.login != Login::Nobody {
        command.push_str(" \\\n  -H \"Authorization: Bearer $TOKEN\"");
    }
    let mut shown: Vec<&FieldSpec> =
        fields.iter().filter(|field| field.required || TELLING.contains(&field.name)).collect();
    // Calls that want one of several ids require none of them.
    if !shown.iter().any(|field| field.kind == Kind::Integer) {
        shown.extend(fields.iter().find(|field| !field.required && field.name.ends_with("_id")));
    }
    for field in &shown {
        let name = field.name;
        let argument = match field.kind {
            Kind::File => format!("-F {name}=@report.pdf"),
            _ if endpoint.upload => format!("-F {name}={}", value(field)),
            Kind::Integer | Kind::Boolean | Kind::Seconds => format!("-d {name}={}", value(field)),
            _ => format!("--data-urlencode '{name}={}'", value(field)),
        };
        command.push_str(&format!(" \\\n  {argument}"));
    }
    if shown.is_empty() && endpoint.verb == Verb::Post {
        command = command.replacen("curl", "curl -X POST", 1);
    }
    command
}

/// A value to show.
fn value(field: &FieldSpec) -> &'static str {
    match (field.kind, field.name) {
        (Kind::Integer, "temp_id") => "-1",
        (Kind::Integer, "obj_index") => "0",
        (Kind::Integer, _) => "123",
        (Kind::Boolean, _) => "true",
        (Kind::Seconds, _) => "1767225600",
        (Kind::Integers | Kind::IntegersOr(_), _) => "[123,124]",
        (Kind::Objects, _) => "[]",
        (Kind::Object, _) => "{}",
        (Kind::Choice(words), _) => words.first().copied().unwrap_or_default(),
        (Kind::File, _) => "@report.pdf",
        (Kind::Text, "name") => "Design",
        (Kind::Text, "title") => "Release plan",
        (Kind::Text, "content") => "We ship on *Friday*.",
        (Kind::Text, "reaction") => "👍",
        (Kind::Text, "email") => "ann@example.com",
        (Kind::Text, "timezone") => "Europe/Berlin",
        (Kind::Text, "attachment_id") => "0f3d5c1e-6a51-4c0b-9d8e-2b7a4f1c9e60",
        (Kind::Text, _) => "text",
    }
}
