//! The schemas of the objects: what the derive macro makes, put right.

use serde_json::{Map, Value, json};

/// Objects that are stored as a client sent them, with the keys that are certain to be there.
/// Every other object is written by us, and leaves no key out.
const AS_SENT: &[(&str, &[&str])] =
    &[("ActionButton", &["action", "button_text", "type"]), ("Attachment", &["attachment_id"])];

/// The schemas by name, with that of an error.
pub(super) fn of_objects(objects: utoipa::openapi::OpenApi) -> Map<String, Value> {
    let mut schemas = Map::new();
    let made: Map<String, Value> = objects
        .components
        .map(|parts| parts.schemas)
        .unwrap_or_default()
        .into_iter()
        .map(|(name, schema)| {
            let schema = serde_json::to_value(schema);
            (name, schema.expect("a schema holds nothing but text and numbers"))
        })
        .collect();
    let parts: Vec<String> = made.values().flat_map(flattened).map(str::to_owned).collect();
    for (name, mut schema) in made.clone() {
        if parts.contains(&name) {
            continue;
        }
        flatten(&mut schema, &made);
        require_keys(&name, &mut schema);
        lift_descriptions(&mut schema);
        schemas.insert(name, schema);
    }
    schemas.insert("Error".to_owned(), error());
    schemas
}

/// The names of the objects whose keys the object has beside its own.
fn flattened(schema: &Value) -> impl Iterator<Item = &str> {
    let parts = schema["allOf"].as_array().into_iter().flatten();
    parts.filter_map(|part| part["$ref"].as_str()?.strip_prefix("#/components/schemas/"))
}

/// Of an object with the keys of others the macro makes a list of objects; readers want one.
fn flatten(schema: &mut Value, all: &Map<String, Value>) {
    if schema.get("allOf").is_none() {
        return;
    }
    let mut properties = Map::new();
    let own = schema["allOf"].as_array().into_iter().flatten();
    for part in flattened(schema).filter_map(|name| all.get(name)).chain(own) {
        let keys = part["properties"].as_object().cloned();
        properties.extend(keys.unwrap_or_default());
    }
    let description = schema["description"].take();
    *schema = json!({"type": "object", "description": description, "properties": properties});
}

/// The macro takes a key that may be null for one that may be left out.
fn require_keys(name: &str, schema: &mut Value) {
    let Some(properties) = schema["properties"].as_object() else { return };
    let known = AS_SENT.iter().find(|(object, _)| *object == name);
    let required = match known {
        Some((_, keys)) => json!(keys),
        None => {
            let mut keys: Vec<&String> = properties.keys().collect();
            keys.sort();
            json!(keys)
        }
    };
    schema["required"] = required;
}

/// Of an object that may be null the macro describes the object; the description is the property's.
fn lift_descriptions(schema: &mut Value) {
    let Some(properties) = schema["properties"].as_object_mut() else { return };
    for property in properties.values_mut() {
        let Some(Value::Array(choices)) = property.get_mut("oneOf") else { continue };
        let mut choices = choices.iter_mut().filter_map(Value::as_object_mut);
        if let Some(description) = choices.find_map(|choice| choice.remove("description")) {
            property["description"] = description;
        }
    }
}

fn error() -> Value {
    json!({
        "type": "object",
        "description": "What every call answers that fails.",
        "required": ["error_code", "error_extra", "error_string", "error_uuid"],
        "properties": {
            "error_code": {
                "type": "integer",
                "format": "int32",
                "description": "What went wrong: a number of the table of errors.",
            },
            "error_extra": {
                "type": "object",
                "description": "Details, empty without any: `argument` and `expected` for a parameter, `scope` for a missing scope.",
            },
            "error_string": {
                "type": "string",
                "description": "What went wrong, in English, for a developer to read.",
            },
            "error_uuid": {
                "type": "string",
                "description": "Names this one failure: 32 hexadecimal digits that the log of the server shows beside the cause of an internal error.",
            },
        },
    })
}

/// A reference to a schema.
pub(super) fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// A list.
pub(super) fn list(items: &Value) -> Value {
    json!({"type": "array", "items": items})
}

/// A whole number.
pub(super) fn integer() -> Value {
    json!({"type": "integer", "format": "int64"})
}
