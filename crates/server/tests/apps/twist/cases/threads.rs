use serde_json::{Value, json};

use crate::driver::Case;

const GET: &str = "GetAThread";

fn thread() -> Value {
    json!({"thread_id": "$thread.id"})
}

fn new() -> Value {
    json!({"channel_id": "$channel.id", "title": "Tides", "content": "High at six."})
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = vec![
        Case::new(
            "CreateAThread",
            json!({
                "workspace_id": "$team.id",
                "channel_id": "$channel.id",
                "title": "Pilots wanted",
                "content": "Two for the night.",
                "actions": [{
                    "action": "open_url",
                    "type": "action",
                    "button_text": "Plan",
                    "url": "https://example.com/plan",
                }],
            }),
        )
        .expect(json!({
            "channel_id": "$channel.id",
            "title": "Pilots wanted",
            "groups": [1],
            "actions": [{"button_text": "Plan"}],
            "posted": "*",
            "muted_until": "-",
        }))
        .wrong(
            json!({"channel_id": "$channel.id", "content": "Text", "title": "x".repeat(301)}),
            "Value exceeded maximum length of 300 characters.",
        ),
        Case::new(
            GET,
            json!({
                "workspace_id": "$team.id",
                "channel_id": "$channel.id",
                "thread_id": "$thread.id",
            }),
        )
        .expect(json!({"id": "$thread.id", "title": "Berths", "last_updated": "*"})),
        Case::new("UpdateAThread", json!({"thread_id": "$tides.id", "title": "High tides"}))
            .prepare("tides", "CreateAThread", new())
            .expect(json!({"title": "High tides", "content": "High at six."})),
        Case::new("DeleteAThread", json!({"thread_id": "$tides.id"}))
            .expect(json!({"id": "$tides.id", "status": "ok"}))
            .then_failure(GET, json!({"thread_id": "$tides.id"}), "DataError: [404]"),
        Case::new(
            "ListAllThreads",
            json!({
                "workspace_id": "$team.id",
                "channel_id": "$channel.id",
                "filter_by": "attached_to_me",
            }),
        )
        .expect(json!({"channel_id": "$channel.id"}))
        .then_no(
            "ListAllThreads",
            json!({"channel_id": "$busy.id", "older_than": "2020-01-01T00:00:00Z"}),
            json!({"id": "*"}),
        )
        .limit(json!({"channel_id": "$busy.id", "limit": 120}), 120, 2),
        Case::new("ListInboxThreads", json!({"workspace_id": "$team.id", "limit": 1}))
            .expect(json!({"in_inbox": true}))
            .limit(json!({"workspace_id": "$team.id", "limit": 120}), 120, 2),
        Case::new("ListUnreadThreads", json!({"workspace_id": "$team.id"}))
            .expect(json!({"thread_id": "*", "obj_index": "*"}))
            .limit(json!({"workspace_id": "$team.id", "limit": 5}), 5, 1),
        Case::new("MarkAThreadAsUnread", thread())
            .expect(json!({"id": "$thread.id", "status": "ok"}))
            .then_some("ListUnreadThreads", json!({"workspace_id": "$team.id"}), thread()),
        Case::new("MarkAThreadAsRead", thread()).expect(json!({"status": "ok"})).then_no(
            "ListUnreadThreads",
            json!({"workspace_id": "$team.id"}),
            thread(),
        ),
        Case::new(
            "MarkAllThreadsAsRead",
            json!({"workspace_id": "$team.id", "channel_id": "$busy.id"}),
        )
        .expect(json!({"status": "ok"}))
        .then_no(
            "ListUnreadThreads",
            json!({"workspace_id": "$team.id"}),
            json!({"channel_id": "$busy.id"}),
        ),
        Case::new("MuteAThread", json!({"thread_id": "$thread.id", "minutes": 30}))
            .expect(json!({"muted_until": "*"}))
            .wrong(json!({"thread_id": "$thread.id", "minutes": 0}), "Minimum value is 1."),
        Case::new("UnmuteAThread", thread())
            .expect(json!({"id": "$thread.id", "muted_until": "-"})),
    ];
    let switches = [
        ("ArchiveAThread", json!({"is_archived": true})),
        ("UnarchiveAThread", json!({"is_archived": false})),
        ("StarAThread", json!({"starred": true})),
        ("UnstarAThread", json!({"starred": false})),
        ("PinAThread", json!({"pinned": true})),
        ("UnpinAThread", json!({"pinned": false})),
        ("FollowAThread", json!({"participants": "*"})),
        ("UnfollowAThread", json!({"participants": "*"})),
    ];
    cases.extend(switches.into_iter().map(|(module, effect)| {
        Case::new(module, thread()).expect(json!({"id": "$thread.id", "status": "ok"})).then(
            GET,
            thread(),
            effect,
        )
    }));
    cases.push(
        Case::new(
            "MoveAThread",
            json!({
                "workspace_id": "$team.id",
                "channel_id": "$channel.id",
                "thread_id": "$moved.id",
                "to_channel": "$other.id",
            }),
        )
        .prepare("moved", "CreateAThread", new())
        .expect(json!({"status": "ok"}))
        .then(GET, json!({"thread_id": "$moved.id"}), json!({"channel_id": "$other.id"})),
    );
    cases
}
