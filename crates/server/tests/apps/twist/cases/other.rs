//! Reactions, files, search, and calls of any kind.

use serde_json::{Value, json};

use crate::driver::Case;

pub(super) fn cases() -> Vec<Case> {
    let comment = || json!({"thread_id": "$thread.id", "content": "Fog from two."});
    let on = |reaction: &str| -> Value {
        json!({"target": "comment", "comment_id": "$fog.id", "reaction": reaction})
    };
    let list = || json!({"target": "comment", "comment_id": "$fog.id"});
    let file = || json!({"name": "plan.txt", "data": "1. Quay A"});
    vec![
        Case::new("AddAReaction", on("👍"))
            .prepare("fog", "CreateAComment", comment())
            .expect(json!({"id": "$fog.id", "status": "ok"}))
            .then(
                "ListReactions",
                list(),
                json!({"reaction": "👍", "user_ids": ["$ada.id"], "count": 1}),
            )
            .then(
                "AddAReaction",
                json!({"target": "thread", "thread_id": "$thread.id", "reaction": "🎉"}),
                json!({"id": "$thread.id"}),
            ),
        Case::new("ListReactions", list())
            .prepare("second", "AddAReaction", on("🌊"))
            .expect(json!({"reaction": "*", "count": 1}))
            .limit(json!({"target": "comment", "comment_id": "$fog.id", "limit": 1}), 1, 1),
        Case::new("RemoveAReaction", on("👍")).expect(json!({"status": "ok"})).then_no(
            "ListReactions",
            list(),
            json!({"reaction": "👍"}),
        ),
        Case::new("UploadAnAttachment", file())
            .expect(json!({"file_name": "plan.txt", "file_size": 9, "upload_state": "uploaded"}))
            .then(
                "UploadAnAttachment",
                json!({"name": "page.html", "data": "$page"}),
                json!({"file_name": "page.html", "file_size": "*"}),
            )
            .then(
                "CreateAComment",
                json!({"thread_id": "$thread.id", "content": "See.", "attachments": ["$it"]}),
                json!({"attachments": [{"attachment_id": "$it.attachment_id"}]}),
            ),
        Case::new(
            "DeleteAnAttachment",
            json!({
                "attachment_id": "$file.attachment_id",
                "target": "comment",
                "comment_id": "$with.id",
            }),
        )
        .prepare("file", "UploadAnAttachment", file())
        .prepare(
            "with",
            "CreateAComment",
            json!({"thread_id": "$thread.id", "content": "See.", "attachments": ["$file"]}),
        )
        .expect(json!({"status": "ok"}))
        .then("GetAComment", json!({"comment_id": "$with.id"}), json!({"attachments": []})),
        Case::new("Search", json!({"workspace_id": "$team.id", "query": "windlass"}))
            .expect(json!({"type": "thread", "snippet_last_updated": "*"}))
            .then_no(
                "Search",
                json!({"workspace_id": "$team.id", "query": "windlass", "type": "messages"}),
                json!({"id": "*"}),
            )
            .limit(json!({"workspace_id": "$team.id", "query": "windlass", "limit": 110}), 110, 2),
        Case::new(
            "MakeAnAPICall",
            json!({"url": "/api/v3/users/get_session_user", "method": "GET"}),
        )
        .expect(json!({"statusCode": 200, "body": {"id": "$ada.id"}, "headers": "*"}))
        .then(
            "MakeAnAPICall",
            json!({
                "url": "/api/v3/comments/add",
                "method": "POST",
                "headers": [{"key": "Content-Type", "value": "application/json"}],
                "qs": [{"key": "thread_id", "value": "$thread.id"}],
                "body": "{\"content\": \"By hand\"}",
            }),
            json!({"body": {"thread_id": "$thread.id", "content": "By hand"}}),
        )
        .wrong(
            json!({"url": "https://elsewhere.example.com/", "method": "GET"}),
            "Value doesn't match the pattern",
        ),
    ]
}
