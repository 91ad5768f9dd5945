//! What makes each event happen.

use serde_json::{Value, json};

/// A trigger, what it is asked to watch, and what happens then.
pub(super) struct Trigger {
    pub(super) module: &'static str,
    pub(super) input: Value,
    pub(super) causes: Vec<Cause>,
}

/// A request to the service, and the event that it causes.
pub(super) struct Cause {
    pub(super) path: &'static str,
    pub(super) form: Value,
    /// What the answer is called afterwards.
    pub(super) name: Option<&'static str>,
    pub(super) event: Option<&'static str>,
    /// What the bundle has, at least.
    pub(super) bundle: Value,
}

fn cause(path: &'static str, form: Value, event: &'static str, bundle: Value) -> Cause {
    Cause { path, form, name: None, event: Some(event), bundle }
}

fn first(
    name: &'static str,
    path: &'static str,
    form: Value,
    event: &'static str,
    bundle: Value,
) -> Cause {
    Cause { path, form, name: Some(name), event: Some(event), bundle }
}

/// All of them, with every event.
pub(super) fn all() -> Vec<Trigger> {
    vec![comments(), threads(), channels(), messages(), groups(), teams()]
}

fn comments() -> Trigger {
    let id = || json!({"id": "$seen.id"});
    Trigger {
        module: "WatchComments",
        input: json!({
            "workspace_id": "$team.id",
            "channel_id": "$channel.id",
            "thread_id": "$thread.id",
            "event": ["comment_added", "comment_updated", "comment_deleted"],
        }),
        causes: vec![
            first(
                "seen",
                "comments/add",
                json!({"thread_id": "$thread.id", "content": "A first"}),
                "comment_added",
                json!({"content": "A first", "thread_id": "$thread.id", "posted": "*"}),
            ),
            cause(
                "comments/update",
                json!({"id": "$seen.id", "content": "A second"}),
                "comment_updated",
                json!({"id": "$seen.id", "content": "A second", "last_edited": "*"}),
            ),
            cause(
                "comments/remove",
                id(),
                "comment_deleted",
                json!({"id": "$seen.id", "deleted": true}),
            ),
        ],
    }
}

fn threads() -> Trigger {
    let id = || json!({"id": "$seen.id"});
    Trigger {
        module: "WatchThreads",
        input: json!({
            "workspace_id": "$team.id",
            "channel_id": "$channel.id",
            "event": ["thread_added", "thread_updated", "thread_deleted"],
        }),
        causes: vec![
            first(
                "seen",
                "threads/add",
                json!({"channel_id": "$channel.id", "title": "Watched", "content": "Text"}),
                "thread_added",
                json!({"title": "Watched", "posted": "*"}),
            ),
            cause(
                "threads/update",
                json!({"id": "$seen.id", "title": "Watched on"}),
                "thread_updated",
                json!({"id": "$seen.id", "title": "Watched on"}),
            ),
            cause(
                "threads/remove",
                id(),
                "thread_deleted",
                json!({"id": "$seen.id", "deleted": true}),
            ),
        ],
    }
}

fn channels() -> Trigger {
    let id = || json!({"id": "$seen.id"});
    let with_ben = || json!({"id": "$seen.id", "user_id": "$ben.id"});
    Trigger {
        module: "WatchChannels",
        input: json!({
            "workspace_id": "$team.id",
            "event": [
                "channel_added",
                "channel_updated",
                "channel_deleted",
                "channel_user_added",
                "channel_user_updated",
                "channel_user_removed",
            ],
        }),
        causes: vec![
            first(
                "seen",
                "channels/add",
                json!({"workspace_id": "$team.id", "name": "Watched"}),
                "channel_added",
                json!({"name": "Watched", "created": "*"}),
            ),
            cause(
                "channels/update",
                json!({"id": "$seen.id", "name": "Watched on"}),
                "channel_updated",
                json!({"id": "$seen.id", "name": "Watched on"}),
            ),
            cause("channels/add_user", with_ben(), "channel_user_added", id()),
            cause("channels/favorite", id(), "channel_user_updated", id()),
            cause("channels/remove_user", with_ben(), "channel_user_removed", id()),
            Cause {
                path: "channels/archive",
                form: id(),
                name: None,
                event: None,
                bundle: Value::Null,
            },
            cause(
                "channels/remove",
                id(),
                "channel_deleted",
                json!({"id": "$seen.id", "deleted": true, "created": "-"}),
            ),
        ],
    }
}

fn messages() -> Trigger {
    let id = || json!({"id": "$seen.id"});
    Trigger {
        module: "WatchMessages",
        input: json!({
            "workspace_id": "$team.id",
            "conversation_id": "$talk.id",
            "event": ["message_added", "message_updated", "message_deleted"],
        }),
        causes: vec![
            first(
                "seen",
                "conversation_messages/add",
                json!({"conversation_id": "$talk.id", "content": "A first"}),
                "message_added",
                json!({"content": "A first", "posted": "*"}),
            ),
            cause(
                "conversation_messages/update",
                json!({"id": "$seen.id", "content": "A second"}),
                "message_updated",
                json!({"id": "$seen.id", "content": "A second"}),
            ),
            cause(
                "conversation_messages/remove",
                id(),
                "message_deleted",
                json!({"id": "$seen.id", "deleted": true}),
            ),
        ],
    }
}

fn groups() -> Trigger {
    let id = || json!({"id": "$seen.id"});
    let with_ben = || json!({"id": "$seen.id", "user_id": "$ben.id"});
    Trigger {
        module: "WatchGroups",
        input: json!({
            "workspace_id": "$team.id",
            "event": [
                "group_added",
                "group_updated",
                "group_deleted",
                "group_user_added",
                "group_user_updated",
                "group_user_removed",
            ],
        }),
        causes: vec![
            first(
                "seen",
                "groups/add",
                json!({"workspace_id": "$team.id", "name": "Watched", "user_ids": ["$ada.id"]}),
                "group_added",
                json!({"name": "Watched"}),
            ),
            cause(
                "groups/update",
                json!({"id": "$seen.id", "name": "Watched on"}),
                "group_updated",
                json!({"id": "$seen.id", "name": "Watched on"}),
            ),
            cause(
                "groups/add_user",
                with_ben(),
                "group_user_added",
                json!({"id": "$seen.id", "user_ids": ["$ada.id", "$ben.id"]}),
            ),
            cause(
                "users/update",
                json!({"profession": "Pilot"}),
                "group_user_updated",
                json!({"id": "$seen.id", "user_ids": ["$ada.id", "$ben.id"]}),
            ),
            cause(
                "groups/remove_user",
                with_ben(),
                "group_user_removed",
                json!({"id": "$seen.id", "user_ids": ["$ada.id"]}),
            ),
            cause(
                "groups/remove",
                id(),
                "group_deleted",
                json!({"id": "$seen.id", "deleted": true}),
            ),
        ],
    }
}

fn teams() -> Trigger {
    let ben = || json!({"id": "$seen.id", "user_id": "$ben.id"});
    Trigger {
        module: "WatchTeams",
        input: json!({
            "event": [
                "workspace_added",
                "workspace_updated",
                "workspace_deleted",
                "workspace_user_added",
                "workspace_user_updated",
                "workspace_user_removed",
            ],
        }),
        causes: vec![
            first(
                "seen",
                "workspaces/add",
                json!({"name": "Watched"}),
                "workspace_added",
                json!({"name": "Watched", "created": "*"}),
            ),
            cause(
                "workspaces/update",
                json!({"id": "$seen.id", "name": "Watched on"}),
                "workspace_updated",
                json!({"id": "$seen.id", "name": "Watched on"}),
            ),
            cause(
                "workspace_users/add",
                json!({"id": "$seen.id", "email": "$ben.email"}),
                "workspace_user_added",
                json!({"id": "$ben.id", "email": "$ben.email"}),
            ),
            cause(
                "workspace_users/update",
                json!({"id": "$seen.id", "user_id": "$ben.id", "user_type": "ADMIN"}),
                "workspace_user_updated",
                json!({"id": "$ben.id", "user_type": "ADMIN"}),
            ),
            cause(
                "workspace_users/remove",
                ben(),
                "workspace_user_removed",
                json!({"id": "$ben.id", "removed": true}),
            ),
            cause(
                "workspaces/remove",
                json!({"id": "$seen.id", "current_password": "$ada.password"}),
                "workspace_deleted",
                json!({"id": "$seen.id", "deleted": true}),
            ),
        ],
    }
}
