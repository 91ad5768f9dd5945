use std::{collections::BTreeSet, env, fs, path::PathBuf};

use super::*;
use crate::twist::endpoint::{Answer, Endpoint, Login, Verb};

/// The committed document, from the root of the repository.
fn committed() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi/twist.json"))
}

/// Everything in the document, with the way to it.
fn walk<'a>(value: &'a Value, at: &str, visit: &mut impl FnMut(&str, &'a Value)) {
    visit(at, value);
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                walk(item, &format!("{at}/{index}"), visit);
            }
        }
        Value::Object(object) => {
            for (key, item) in object {
                walk(item, &format!("{at}/{}", key.replace('/', "~1")), visit);
            }
        }
        _ => {}
    }
}

fn operations(document: &Value) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (verb, operation) in item.as_object().unwrap() {
            found.push((format!("{verb} {path}"), operation.clone()));
        }
    }
    found
}

#[test]
fn the_committed_document_is_this_one() {
    let path = committed();
    if env::var_os("UPDATE").is_some_and(|update| update == "1") {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, document_text()).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == document_text(),
        "{} is not what the code describes: run `UPDATE=1 cargo test -p halyard-http-api openapi`",
        path.display()
    );
}

#[test]
fn the_document_is_the_same_every_time() {
    assert_eq!(document().to_string(), document().to_string());
    assert_eq!(serde_json::from_str::<Value>(document_text()).unwrap(), document());
}

#[test]
fn every_route_is_there_once_with_its_verb() {
    let document = document();
    let mut expected: Vec<String> = ROUTES
        .iter()
        .map(|route| {
            let verb = if route.verb == Verb::Get { "get" } else { "post" };
            format!("{verb} /api/v3/{}", route.path)
        })
        .collect();
    expected.sort();
    let mut found: Vec<String> = operations(&document)
        .into_iter()
        .map(|(name, _)| name)
        .filter(|name| name.contains(" /api/v3/"))
        .collect();
    found.sort();
    assert_eq!(found, expected);
    let ids: BTreeSet<String> = ROUTES.iter().map(operation::id).collect();
    assert_eq!(ids.len(), ROUTES.len(), "an operation id stands for two calls");
}

#[test]
fn programs_find_every_call_of_oauth() {
    let document = document();
    let found: BTreeSet<String> = operations(&document)
        .into_iter()
        .filter(|(_, operation)| operation["tags"] == json!(["oauth"]))
        .map(|(name, _)| name)
        .collect();
    // The routes of the facade, of which the pages for people are no operations.
    let routes = include_str!("../../oauth/mod.rs");
    let paths: BTreeSet<&str> = routes
        .split(".route(\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .filter(|path| !path.starts_with("/settings/") && !path.contains('{'))
        .collect();
    let described: BTreeSet<&str> =
        found.iter().filter_map(|name| name.split(' ').nth(1)).collect();
    assert_eq!(described, paths);
    let token = &document["paths"]["/oauth/token"]["post"];
    assert_eq!(token["security"], json!([{"client": []}, {}]));
    let answer = &token["responses"]["200"]["content"]["application/json"]["schema"]["$ref"];
    assert_eq!(answer, "#/components/schemas/OAuthToken");
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    let mut references = 0;
    walk(&document, "", &mut |at, value| {
        let Some(target) = value.get("$ref").and_then(Value::as_str) else { return };
        let pointer = target.strip_prefix('#').expect("references stay within the document");
        assert!(document.pointer(pointer).is_some(), "{at} refers to {target}");
        references += 1;
    });
    assert!(references > ROUTES.len(), "only {references} references were found");
}

#[test]
fn nothing_is_null() {
    let document = document();
    walk(&document, "", &mut |at, value| {
        assert!(!value.is_null() || at.contains("/enum/"), "{at} is null");
    });
}

#[test]
fn every_schema_is_reached() {
    let document = document();
    let mut reached = BTreeSet::new();
    walk(&document, "", &mut |_, value| {
        reached.extend(value.get("$ref").and_then(Value::as_str).map(str::to_owned));
    });
    for name in document["components"]["schemas"].as_object().unwrap().keys() {
        assert!(
            reached.contains(&format!("#/components/schemas/{name}")),
            "nothing answers or takes {name}"
        );
    }
}

#[test]
fn every_operation_says_what_it_answers_and_takes() {
    let document = document();
    for (name, operation) in operations(&document) {
        let responses = operation["responses"].as_object().unwrap();
        let good = responses.get("200").or(responses.get("201")).unwrap();
        assert!(good["description"].as_str().is_some_and(|text| text.ends_with('.')), "{name}");
        let kind = if name.ends_with("/authorize") { "text/html" } else { "application/json" };
        assert!(good["content"][kind]["schema"].is_object(), "{name}");
        assert!(operation["responses"]["default"]["$ref"].is_string(), "{name}");
        assert!(operation["security"].is_array(), "{name}");
        for parameter in operation["parameters"].as_array().unwrap() {
            if parameter.get("$ref").is_none() {
                assert_ne!(parameter["description"].as_str().unwrap_or_default(), "", "{name}");
                assert!(
                    parameter["schema"].is_object() != parameter["content"].is_object(),
                    "{name}: {parameter}"
                );
            }
        }
    }
}

#[test]
fn every_property_is_described() {
    let document = document();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        assert_eq!(schema["type"], "object", "{name}");
        assert_ne!(schema["description"].as_str().unwrap_or_default(), "", "{name}");
        let properties = schema["properties"].as_object().unwrap();
        assert!(!properties.is_empty(), "{name}");
        for (key, property) in properties {
            let text = property["description"].as_str().unwrap_or_default();
            assert!(text.ends_with('.'), "{name}.{key} is described as {text:?}");
            if key.ends_with("_ts") && !name.ends_with("_request") {
                assert!(text.contains("Unix seconds"), "{name}.{key} has no unit");
            }
        }
        for key in schema["required"].as_array().into_iter().flatten() {
            assert!(properties.contains_key(key.as_str().unwrap()), "{name} has no {key}");
        }
    }
}

#[test]
fn what_may_be_null_is_there_all_the_same() {
    let thread = &document()["components"]["schemas"]["Thread"];
    assert!(thread["required"].as_array().unwrap().contains(&json!("last_edited_ts")));
    assert_eq!(thread["properties"]["last_edited_ts"]["type"], json!(["integer", "null"]));
    assert_eq!(thread["properties"]["id"]["type"], "integer");
    assert!(thread["properties"]["last_comment"]["description"].is_string());
}

/// The schemas promise that no key is left out.
#[test]
fn no_object_leaves_keys_out() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/twist/dto");
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let source = fs::read_to_string(&path).unwrap();
        assert!(!source.contains("skip_serializing"), "{}", path.display());
    }
}

#[test]
fn special_answers_belong_to_calls_that_need_them() {
    for route in ROUTES {
        let is_other = matches!(route.answer, Answer::Other(_));
        assert!(is_other || answers::special(route.path).is_none(), "{}", route.path);
    }
    let special = |path| ROUTES.iter().any(|route| route.path == path);
    for path in ["comments/getone", "threads/get_unread", "reactions/get"] {
        assert!(special(path) && answers::special(path).is_some(), "{path}");
    }
}

#[test]
fn scopes_and_logins_are_told() {
    let document = document();
    let add = &document["paths"]["/api/v3/comments/add"]["post"];
    assert_eq!(add["x-halyard-scope"], "comments:write");
    assert_eq!(add["security"], json!([{"token": ["comments:write"]}, {"session": []}]));
    assert_eq!(add["parameters"][0]["$ref"], "#/components/parameters/IdempotencyKey");
    let input = &document["components"]["schemas"]["comments_add_request"];
    assert_eq!(input["required"], json!(["thread_id"]));
    let get = &document["paths"]["/api/v3/comments/get"]["get"];
    let thread = &get["parameters"].as_array().unwrap().iter().find(|p| p["name"] == "thread_id");
    let text = thread.unwrap()["description"].as_str().unwrap();
    assert!(text.contains("Also understood as `id`"), "{text}");
}

#[test]
fn the_page_shows_every_call_and_object_and_contacts_nobody() {
    let page = page();
    for route in ROUTES {
        assert!(page.contains(&format!("id=\"{}\"", operation::id(route))), "{}", route.path);
    }
    let mut links = 0;
    for (at, _) in page.match_indices("href=\"#") {
        let target = page[at + 7..].split('"').next().unwrap();
        assert!(page.contains(&format!("id=\"{target}\"")), "nothing at #{target}");
        links += 1;
    }
    assert!(links > 2 * ROUTES.len(), "only {links} links were found");
    for foreign in ["src=", "@import", "url(", "<script", "href=\"http", "href=\"//"] {
        assert!(!page.contains(foreign), "the page has {foreign}");
    }
    assert_eq!(page.matches("<h2").count(), page.matches("</h2>").count());
    if let Some(path) = env::var_os("HALYARD_SHOW_PAGE") {
        fs::write(path, page).unwrap();
    }
}

crate::params! {
    /// Takes a file.
    struct WithFile {
        /// The name.
        name: Option<String>,
        /// The file.
        file_name: crate::kit::params::Upload,
    }
}

/// A call that takes a file and needs no token.
fn upload() -> Endpoint {
    Endpoint {
        path: "files/add",
        verb: Verb::Post,
        login: Login::Nobody,
        summary: "Takes a file.",
        answer: Answer::Text,
        fields: <WithFile as crate::kit::params::FromParams>::fields,
        upload: true,
        handle: |call, mut params| {
            Box::pin(async move {
                let file: WithFile = crate::kit::params::FromParams::from_params(&mut params)?;
                call::json(&(call.peer, file.name, file.file_name.file_name))
            })
        },
    }
}

#[test]
fn a_file_needs_a_multipart_body() {
    let item = operation::path_item(&upload());
    let body = &item["post"]["requestBody"];
    assert_eq!(body["required"], true);
    let kinds: Vec<&String> = body["content"].as_object().unwrap().keys().collect();
    assert_eq!(kinds, ["multipart/form-data"]);
    let input = operation::input(&upload()).unwrap();
    assert_eq!(input["properties"]["file_name"]["contentMediaType"], "application/octet-stream");
    assert_eq!(input["required"], json!(["file_name"]));
    assert_eq!(item["post"]["security"], json!([]));
    assert_eq!(item["post"]["responses"]["429"]["$ref"], "#/components/responses/TooManyRequests");
}

#[test]
fn null_is_allowed_where_it_takes_something_away() {
    let document = document();
    let change = &document["components"]["schemas"]["channels_update_request"]["properties"];
    assert_eq!(change["icon"]["type"], json!(["integer", "null"]));
    assert_eq!(change["name"]["type"], "string");
}
