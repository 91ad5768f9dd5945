//! One call: what it takes and who may send it.

use serde_json::{Map, Value, json};

use super::{
    answers,
    schemas::{integer, list, reference},
};
use crate::{
    kit::{
        params::{FieldSpec, Kind},
        session::COOKIE,
    },
    twist::endpoint::{Endpoint, Login, Verb},
};

/// The area of a call: the first part of its path.
pub(super) fn tag(endpoint: &Endpoint) -> &'static str {
    endpoint.path.split('/').next().unwrap_or(endpoint.path)
}

/// The name of a call where no slash can be.
pub(super) fn id(endpoint: &Endpoint) -> String {
    endpoint.path.replace('/', "_")
}

/// Under this name the body is a schema of the document.
pub(super) fn input_name(endpoint: &Endpoint) -> String {
    format!("{}_request", id(endpoint))
}

/// The entry of `paths`.
pub(super) fn path_item(endpoint: &Endpoint) -> Value {
    let mut operation = json!({
        "operationId": id(endpoint),
        "tags": [tag(endpoint)],
        "summary": endpoint.summary,
        "description": format!("{}\n\n{}", endpoint.summary, needs(endpoint.login)),
        "security": security(endpoint.login),
        "responses": answers::responses(endpoint),
    });
    if let Login::With(scope) = endpoint.login {
        operation["x-halyard-scope"] = json!(scope.name());
    }
    let verb = match endpoint.verb {
        Verb::Get => {
            let fields = (endpoint.fields)();
            operation["parameters"] = fields.iter().map(query_parameter).collect();
            "get"
        }
        Verb::Post => {
            operation["parameters"] = json!([{"$ref": "#/components/parameters/IdempotencyKey"}]);
            if let Some(body) = request_body(endpoint) {
                operation["requestBody"] = body;
            }
            "post"
        }
    };
    json!({ verb: operation })
}

/// Who may call, in words.
pub(super) fn needs(login: Login) -> String {
    match login {
        Login::Nobody => "Needs neither token nor session.".to_owned(),
        Login::Anyone => "Needs a token, of any scope, or a session.".to_owned(),
        Login::With(scope) => {
            format!("Needs a token with the scope `{}`, or a session.", scope.name())
        }
    }
}

fn security(login: Login) -> Value {
    match login {
        Login::Nobody => json!([]),
        Login::Anyone => json!([{"token": []}, {"session": []}]),
        Login::With(scope) => json!([{"token": [scope.name()]}, {"session": []}]),
    }
}

/// The `securitySchemes` of the document.
pub(super) fn security_schemes() -> Value {
    json!({
        "client": super::oauth::client_scheme(),
        "token": {
            "type": "http",
            "scheme": "bearer",
            "description": "A personal token or one of an application. The scopes that a call lists are those that the token needs; a wider one of the same area will do.",
        },
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": COOKIE,
            "description": "The session of a person who has signed in; it has every scope.",
        },
    })
}

/// The header that makes repeating a call safe.
pub(super) fn idempotency_key() -> Value {
    json!({
        "name": "Idempotency-Key",
        "in": "header",
        "required": false,
        "description": "Chosen by the client for one change, for example a UUID. For 24 hours a repeat with the same key gets the first answer and changes nothing again; another request with the same key is refused with status 422.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    })
}

fn query_parameter(field: &FieldSpec) -> Value {
    let mut parameter = json!({
        "name": field.name,
        "in": "query",
        "required": field.required,
        "description": description(field),
    });
    match field.kind {
        // A query has no way of its own to write these.
        Kind::Object | Kind::Objects => {
            parameter["content"] = json!({"application/json": {"schema": schema(field)}});
        }
        _ => parameter["schema"] = schema(field),
    }
    parameter
}

/// The schema of a request body; `None` without parameters or for a call that only reads.
pub(super) fn input(endpoint: &Endpoint) -> Option<Value> {
    let fields = (endpoint.fields)();
    if endpoint.verb == Verb::Get || fields.is_empty() {
        return None;
    }
    let mut properties = Map::new();
    for field in &fields {
        let mut property = schema(field);
        property["description"] = json!(description(field));
        properties.insert(field.name.to_owned(), property);
    }
    let required: Vec<&str> =
        fields.iter().filter(|field| field.required).map(|field| field.name).collect();
    let mut input = json!({
        "type": "object",
        "description": format!("What `{}` takes.", endpoint.path),
        "properties": properties,
    });
    if !required.is_empty() {
        input["required"] = json!(required);
    }
    Some(input)
}

fn request_body(endpoint: &Endpoint) -> Option<Value> {
    let fields = (endpoint.fields)();
    if fields.is_empty() {
        return None;
    }
    let media = json!({"schema": reference(&input_name(endpoint))});
    let mut content = Map::new();
    // Only a multipart body can carry a file.
    if !fields.iter().any(|field| field.kind == Kind::File && field.required) {
        content.insert("application/json".to_owned(), media.clone());
        content.insert("application/x-www-form-urlencoded".to_owned(), media.clone());
    }
    if endpoint.upload {
        content.insert("multipart/form-data".to_owned(), media);
    }
    Some(json!({
        "required": fields.iter().any(|field| field.required),
        "content": content,
    }))
}

/// The words of the declaration, and how else the parameter may be named or sent.
pub(super) fn description(field: &FieldSpec) -> String {
    let mut text = field.doc.to_owned();
    if field.nullable {
        text.push_str(" JSON null takes it away.");
    }
    if !field.aliases.is_empty() {
        let names: Vec<String> = field.aliases.iter().map(|name| format!("`{name}`")).collect();
        text.push_str(&format!(" Also understood as {}.", names.join(", ")));
    }
    text
}

/// The schema of a parameter without its description.
fn schema(field: &FieldSpec) -> Value {
    let mut schema = match field.kind {
        Kind::Integer => integer(),
        Kind::Boolean => json!({"type": "boolean"}),
        Kind::Text => json!({"type": "string"}),
        Kind::Seconds => json!({"type": "number"}),
        Kind::Integers => list(&integer()),
        Kind::IntegersOr(words) => {
            json!({"anyOf": [list(&integer()), {"type": "string", "enum": words}]})
        }
        Kind::Objects => list(&json!({"type": "object"})),
        Kind::Object => json!({"type": "object"}),
        Kind::File => json!({"type": "string", "contentMediaType": "application/octet-stream"}),
        Kind::Choice(words) => json!({"type": "string", "enum": words}),
    };
    if field.nullable {
        if let Some(only) = schema.get("type").cloned() {
            schema["type"] = json!([only, "null"]);
        }
        if let Some(Value::Array(words)) = schema.get_mut("enum") {
            words.push(Value::Null);
        }
    }
    schema
}

/// What to send for a parameter, in words.
pub(super) fn kind_words(kind: Kind) -> String {
    let quoted = |words: &[&str]| {
        words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" or ")
    };
    match kind {
        Kind::Integer => "integer".to_owned(),
        Kind::Boolean => "boolean".to_owned(),
        Kind::Text => "text".to_owned(),
        Kind::Seconds => "Unix seconds".to_owned(),
        Kind::Integers => "list of integers".to_owned(),
        Kind::IntegersOr(words) => format!("list of integers, {}", quoted(words)),
        Kind::Objects => "list of objects".to_owned(),
        Kind::Object => "object".to_owned(),
        Kind::File => "file".to_owned(),
        Kind::Choice(words) => quoted(words),
    }
}
