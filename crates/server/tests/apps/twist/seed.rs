//! What people know from the connector that the app takes the place of: its modules, their fields,
//! their options, by the names that they have there.

use std::path::Path;

use halyard_automation::apps::{
    App, Module, load,
    parameter::{Choice, Field, Nested, Options, Parameter, Store},
};

use crate::driver::read_folder;

/// Modules with the labels of their fields.
const MODULES: &[(&str, &[&str])] = &[
    ("Watch Comments", &["Webhook Name", "Team", "Channel", "Thread", "Event"]),
    ("Watch Teams", &["Webhook Name", "Event"]),
    ("Watch Groups", &["Webhook Name", "Team", "Events"]),
    ("Watch Channels", &["Webhook Name", "Team", "Event"]),
    ("Watch Messages", &["Webhook Name", "Team", "Conversation", "Event"]),
    ("Watch Threads", &["Webhook Name", "Team", "Channel", "Event"]),
    ("Create a Comment", &["Webhook Name", "Team", "Channel", "Thread", "Content"]),
    ("Create a Message", &["Webhook Name", "Team", "Conversation ID", "Content"]),
    ("Create a Thread", &["Webhook Name", "Team", "Channel", "Title", "Content"]),
    ("Upload an Attachment", &["Name", "Data"]),
    (
        "List All Threads",
        &["Webhook Name", "Team", "Channel", "Filter By", "Newer than", "Older than", "Limit"],
    ),
];

/// Fields with the labels of their options.
const OPTIONS: &[(&str, &str, &[&str])] = &[
    ("Watch Comments", "Event", &["Comment added", "Comment updated", "Comment deleted"]),
    (
        "Watch Teams",
        "Event",
        &[
            "Team added",
            "Team updated",
            "Team deleted",
            "Team user added",
            "Team user updated",
            "Team user deleted",
        ],
    ),
    (
        "Watch Groups",
        "Events",
        &[
            "Group added",
            "Group updated",
            "Group deleted",
            "Group user added",
            "Group user updated",
            "Group user deleted",
        ],
    ),
    (
        "Watch Channels",
        "Event",
        &[
            "Channel added",
            "Channel updated",
            "Channel deleted",
            "Channel user added",
            "Channel user updated",
            "Channel user deleted",
        ],
    ),
    ("Watch Messages", "Event", &["Messages added", "Messages updated", "Messages deleted"]),
    ("Watch Threads", "Event", &["Thread added", "Thread updated", "Thread deleted"]),
    ("List All Threads", "Filter By", &["Attached to me", "Everyone", "Is starred"]),
];

/// Scopes that people grant today.
const SCOPES: &[(&str, &[&str])] = &[
    (
        "Watch Comments",
        &["channels:read", "threads:read", "comments:read", "attachments:read", "reactions:read"],
    ),
    ("Watch Teams", &["channels:read"]),
    ("Watch Channels", &["channels:read"]),
    ("Watch Messages", &["messages:read", "attachments:read", "reactions:read"]),
    ("Watch Threads", &["channels:read", "threads:read", "attachments:write", "reactions:read"]),
    (
        "Create a Comment",
        &[
            "channels:read",
            "threads:read",
            "comments:write",
            "attachments:write",
            "reactions:write",
        ],
    ),
    (
        "Create a Message",
        &["messages:read", "messages:write", "attachments:write", "reactions:write"],
    ),
    (
        "Create a Thread",
        &["channels:read", "threads:write", "attachments:write", "reactions:write"],
    ),
    ("Upload an Attachment", &["attachments:write"]),
    ("List All Threads", &["channels:read", "threads:read"]),
];

#[test]
fn every_known_module_field_option_and_scope_is_there() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../apps/twist");
    let app = load(&read_folder(&folder)).app.unwrap();
    for (label, fields) in MODULES {
        let found = fields_of(&app, module(&app, label));
        for field in *fields {
            assert!(found.iter().any(|one| is(one, field)), "{label} has no field {field}");
        }
    }
    for (label, field, options) in OPTIONS {
        let found = fields_of(&app, module(&app, label));
        let field = found.into_iter().find(|one| is(one, field)).unwrap();
        let labels = labels(field.options.as_ref().unwrap());
        assert_eq!(labels, *options, "{label}");
    }
    for (label, scopes) in SCOPES {
        let module = module(&app, label);
        for scope in *scopes {
            assert!(module.scope.iter().any(|one| &**one == *scope), "{label} lacks {scope}");
        }
    }
}

#[track_caller]
fn module<'a>(app: &'a App, label: &str) -> &'a Module {
    let found = app.modules.values().find(|module| module.label == label);
    found.unwrap_or_else(|| panic!("there is no module {label}"))
}

fn is(parameter: &Parameter, label: &str) -> bool {
    parameter.label.as_deref() == Some(label)
}

/// The fields of a module, also those of its webhook and those below other fields.
fn fields_of<'a>(app: &'a App, module: &'a Module) -> Vec<&'a Parameter> {
    let mut found = Vec::new();
    collect(&module.parameters, &mut found);
    collect(&module.expect, &mut found);
    if let Some(webhook) = &module.webhook {
        collect(&app.webhooks[webhook].parameters, &mut found);
    }
    found
}

fn collect<'a>(fields: &'a [Field], found: &mut Vec<&'a Parameter>) {
    for field in fields {
        let Field::Parameter(parameter) = field else { continue };
        found.push(parameter);
        let below = |nested: Option<&'a Nested>, found: &mut Vec<&'a Parameter>| {
            if let Some(nested) = nested {
                collect(&nested.fields, found);
            }
        };
        below(parameter.nested.as_ref(), found);
        if let Some(options) = &parameter.options {
            below(options.nested.as_ref(), found);
        }
    }
}

fn labels(options: &Options) -> Vec<&str> {
    let Store::Fixed(choices) = &options.store else { return Vec::new() };
    let label = |choice| match choice {
        &Choice::Option { ref label, .. } | &Choice::Group { ref label, .. } => &**label,
    };
    choices.iter().map(label).collect()
}
