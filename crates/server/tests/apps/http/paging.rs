//! Lists that go on over several pages, in each of the usual ways.

use serde_json::{Value, json};

use super::{Case, ITEMS, begin};
use crate::driver::Driver;

/// What each way of paging is given.
fn ways() -> Vec<(&'static str, Value)> {
    let way = |page: &str, more: Value| {
        let mut input = json!({ "url": format!("{{base}}/pages/{page}"), "method": "get", "itemsPath": "data", "limit": 100 });
        for (name, value) in more.as_object().unwrap() {
            input[name] = value.clone();
        }
        input
    };
    vec![
        ("number", way("number", json!({ "paging": "page", "pageParameter": "page" }))),
        (
            "offset",
            way(
                "offset",
                json!({ "paging": "offset", "offsetParameter": "offset", "sizeParameter": "limit", "size": 2 }),
            ),
        ),
        (
            "cursor",
            way(
                "cursor",
                json!({ "paging": "cursor", "cursorPath": "meta.next", "cursorParameter": "cursor" }),
            ),
        ),
        ("address in the body", way("body", json!({ "paging": "link", "nextPath": "links.next" }))),
        ("address in the header", way("header", json!({ "paging": "link", "itemsPath": "" }))),
    ]
}

fn case(input: Value) -> Case {
    Case {
        module: "MakePagedRequests",
        connection: json!({ "kind": "none" }),
        input,
        expect: Value::Null,
    }
}

/// All items, then as many as wanted, in every way.
pub(super) async fn limited(driver: &mut Driver) -> Result<String, String> {
    for (name, input) in ways() {
        for limit in [100, 5, 3] {
            let mut case = case(input.clone());
            case.input["limit"] = json!(limit);
            let bundles =
                driver.ask(&case, &case.input).await.map_err(|wrong| format!("{name}: {wrong}"))?;
            let found: Vec<_> = bundles.iter().map(|bundle| bundle["id"].as_u64()).collect();
            let expected: Vec<_> = (1..=ITEMS.min(limit) as u64).map(Some).collect();
            if found != expected {
                return Err(format!("{name}, {limit}: {found:?}"));
            }
        }
    }
    Ok("ok over several pages".to_owned())
}

#[tokio::test]
async fn what_is_asked_for_besides_the_page_stays() {
    let (_server, mut driver) = begin().await;
    for (name, input) in ways() {
        let mut case = case(input);
        case.connection =
            json!({ "kind": "apiKey", "key": "k3y", "placement": "query", "keyName": "key" });
        case.input["qs"] = json!([{ "name": "colour", "value": "blue & green" }]);
        let bundles = driver.ask(&case, &case.input).await.unwrap();
        assert_eq!(bundles.len(), ITEMS, "{name}");
    }
}
