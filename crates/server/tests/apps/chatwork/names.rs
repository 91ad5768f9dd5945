//! The modules and fields that people know, by their names.

use std::path::Path;

use halyard_automation::apps::{
    load,
    parameter::{Field, Store},
};

use crate::driver::read_folder;

const MEMBERS: &str = "Member Admin IDs|Member Member IDs|Member Read-Only IDs";

/// Each module with its heading and its fields, in the order of the vendor's page.
fn known() -> Vec<(&'static str, &'static str, String)> {
    let one = |heading, label, fields: &str| (heading, label, fields.to_owned());
    vec![
        one("Messages", "List a Room's Messages", "Room ID|Limit"),
        one("Messages", "Get a Room's Message", "Room ID|Message ID"),
        one("Messages", "Create a Room Message", "Room ID|Message Body|Set the Message Status"),
        one(
            "Tasks",
            "List a Room's Tasks",
            "Room ID|Filter by Task Assignee Account ID|Filter by Task Assigner Account ID|Status|Limit",
        ),
        one("Tasks", "List My Tasks", "Filter by Task Assigner Account ID|Status|Limit"),
        one("Tasks", "Get a Room's Task", "Room ID|Task ID"),
        one("Tasks", "Create a Room Task", "Room ID|Task Assignees|Task Description|Task Due Date"),
        one("Files", "List a Room's Files", "Room ID|Filter by Uploader Account ID|Limit"),
        one("Files", "Get a Room's File", "Room ID|File ID|Create Download URL"),
        one("Contacts", "List Contacts", "Limit"),
        one("Contacts", "List my Contact Approval Requests", "Limit"),
        one("Contacts", "Approve a Contact Approval Request", "Request ID"),
        one("Contacts", "Decline a Contact Approval Request", "Request ID"),
        one("Rooms", "List rooms", "Limit"),
        one("Rooms", "Get a Room", "Room ID"),
        (
            "Rooms",
            "Create a Groupchat",
            format!("Group Chat Name|{MEMBERS}|Group chat Description|Icon Preset"),
        ),
        one(
            "Rooms",
            "Update a Groupchat",
            "Room ID|Group Chat Name|Group chat Description|Icon Preset",
        ),
        one("Rooms", "Delete or Leave Groupchat", "Leave or Delete|Room ID"),
        one("Rooms", "List a Room's Members", "Room ID|Limit"),
        ("Rooms", "Update a Groupchat's Members", format!("Room ID|{MEMBERS}")),
        one("Other", "Watch Events", "Token"),
        one("Other", "Make an API Call", "URL|Method|Headers|Query String|Body"),
    ]
}

/// The labels of fields, those below others behind them.
fn labels(fields: &[Field], found: &mut Vec<String>) {
    for field in fields {
        let Field::Parameter(parameter) = field else { panic!("{field:?} has no label") };
        found.push(parameter.label.as_deref().expect("every field has a label").to_owned());
        if let Some(options) = &parameter.options {
            if let Some(nested) = &options.nested {
                labels(&nested.fields, found);
            }
            let looked_up = matches!(options.store, Store::Rpc(_));
            assert_eq!(parameter.dynamic, looked_up, "ids can be mapped: {:?}", parameter.name);
        }
    }
}

#[test]
fn every_module_and_field_is_there_under_its_name() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../apps/chatwork");
    let app = load(&read_folder(&folder)).app.expect("the app loads");
    assert_eq!(app.modules.len(), known().len());
    for (heading, label, fields) in known() {
        let module = app.modules.iter().find(|(_, module)| module.label == label);
        let (name, module) = module.unwrap_or_else(|| panic!("there is no {label}"));
        let group = app.groups.iter().find(|group| &*group.label == heading).expect("the heading");
        assert!(group.modules.iter().any(|module| **module == **name), "{label}");
        let mut found = Vec::new();
        match &module.webhook {
            Some(webhook) => labels(&app.webhooks[webhook].parameters, &mut found),
            None => labels(&module.expect, &mut found),
        }
        assert_eq!(found.join("|"), fields, "{label}");
        assert!(!module.interface.is_empty() && module.samples.is_some(), "{label}");
        assert!(!module.description.is_empty(), "{label}");
    }
}

#[test]
fn all_scopes_have_words_and_modules_ask_for_no_others() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../apps/chatwork");
    let app = load(&read_folder(&folder)).app.expect("the app loads");
    let halyard_automation::apps::ConnectionKind::OAuth2(oauth) = &app.connections["oauth"].kind
    else {
        panic!("it is OAuth 2.0");
    };
    assert_eq!(oauth.scopes.len(), 22);
    let asked = app.modules.values().flat_map(|module| &module.scope).chain(&oauth.default_scope);
    for scope in asked {
        assert!(oauth.scopes.iter().any(|(known, words)| known == scope && !words.is_empty()));
    }
}
