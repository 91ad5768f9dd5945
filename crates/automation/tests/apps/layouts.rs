//! The layouts that folders of apps have.

use halyard_automation::apps::{ConnectionKind, Crud, ModuleKind};

use crate::{app, lines, loaded};

const MANIFEST: &str = r#"{
    "fileVersion": 1,
    "generalCodeFiles": {"base": "general/base.iml.json", "common": null, "readme": "README.md", "groups": null},
    "components": {
        "connection": {"main": {"label": "Main", "connectionType": "basic", "codeFiles": {
            "communication": "./connections/main.json", "params": "odd/place.json", "common": null}}},
        "webhook": {"events": {"label": "Events", "webhookType": "web", "connection": "main",
            "codeFiles": {"communication": "w.json", "attach": "attach.json"}}},
        "module": {
            "GetUser": {"label": "Get a User", "description": "One", "moduleType": "action",
                "actionCrud": "read", "connection": "main", "altConnection": null,
                "codeFiles": {"communication": "get.json", "mappableParams": "get.params.json"}},
            "WatchEvents": {"label": "Watch", "moduleType": "instant_trigger", "webhook": "events",
                "codeFiles": {"communication": null, "interface": null}},
            "Later": null
        },
        "rpc": {}, "function": {}, "endpoint": {}
    },
    "origins": [{"label": "Mine", "baseUrl": "https://x.example/api", "appId": "exemplary", "appVersion": 3,
        "apikeyFile": ".secrets/k", "idMapping": {}}]
}"#;

#[test]
fn the_manifest_says_where_everything_is() {
    let files = [
        ("makecomapp.json", MANIFEST),
        ("README.md", "# Mine"),
        ("general/base.iml.json", r#"{"baseUrl": "https://x.example", "log": {"sanitize": []}}"#),
        ("connections/main.json", r#"{"url": "https://x.example/me", "log": {"sanitize": []}}"#),
        ("odd/place.json", r#"[{"name": "key", "type": "password", "required": true}]"#),
        ("w.json", "// nothing yet"),
        (
            "attach.json",
            r#"{"url": "/hooks", "method": "POST", "body": {"url": "{{webhook.url}}"},
            "response": {"data": {"id": "{{body.id}}"}}}"#,
        ),
        ("get.json", r#"{"url": "/users/{{parameters.id}}"}"#),
        ("get.params.json", r#"[{"name": "id", "type": "uinteger", "required": true}]"#),
        // Not listed, so not a part.
        ("modules/other/api.imljson", "{"),
    ];
    let loaded = loaded(&files);
    assert_eq!(
        lines(&loaded),
        ["makecomapp.json:$.components.module.WatchEvents warning code-left-out"]
    );
    let app = app(&files);
    assert_eq!((app.name.as_str(), app.version), ("exemplary", 3));
    assert_eq!(app.readme.as_deref(), Some("# Mine"));
    let connection = &app.connections["main"];
    assert_eq!(connection.parameters.len(), 1);
    let ConnectionKind::Basic(communication) = &connection.kind else { panic!("{connection:?}") };
    assert!(communication.requests[0].base_url.is_none(), "the base is not for connections");
    let webhook = &app.webhooks["events"];
    assert_eq!(webhook.connections, ["main"]);
    assert!(webhook.attach.requests[0].base_url.is_some());
    assert!(webhook.attach.requests[0].response.data.is_some());
    assert!(webhook.detach.requests.is_empty());
    assert_eq!(app.modules.keys().collect::<Vec<_>>(), ["GetUser", "WatchEvents"]);
    let get = &app.modules["GetUser"];
    assert_eq!((get.crud, get.description.as_str()), (Some(Crud::Read), "One"));
    assert_eq!((get.connections.as_slice(), get.expect.len()), (&["main".to_owned()][..], 1));
    let watch = &app.modules["WatchEvents"];
    assert_eq!(
        (watch.kind, watch.webhook.as_deref()),
        (ModuleKind::InstantTrigger, Some("events"))
    );
    assert!(watch.communication.requests.is_empty());
}

#[test]
fn one_broken_component_leaves_the_others() {
    let loaded = loaded(&[
        ("base.imljson", r#"{"baseUrl": "https://x.example", "log": {"sanitize": []}}"#),
        ("modules/Good/metadata.json", r#"{"typeId": 4}"#),
        ("modules/Good/api.imljson", r#"{"url": "/a"}"#),
        ("modules/Bad/metadata.json", r#"{"typeId": 4}"#),
        ("modules/Bad/api.imljson", "{\n  url: 1}"),
    ]);
    let found = &loaded.findings[0];
    assert_eq!(lines(&loaded), ["modules/Bad/api.imljson:$ error json-syntax"]);
    assert_eq!(found.at.map(|at| (at.line, at.column)), Some((2, 3)));
    let app = loaded.app.expect("an app");
    assert_eq!(app.modules.keys().collect::<Vec<_>>(), ["Good"]);
}
