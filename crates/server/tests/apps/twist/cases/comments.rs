use serde_json::json;

use crate::driver::Case;

pub(super) fn cases() -> Vec<Case> {
    let comment = || json!({"thread_id": "$thread.id", "content": "Quay A is free."});
    vec![
        Case::new(
            "CreateAComment",
            json!({
                "workspace_id": "$team.id",
                "channel_id": "$channel.id",
                "thread_id": "$thread.id",
                "content": "From a **scenario**",
                "notify": "people",
                "recipients": ["$ben.id"],
            }),
        )
        .expect(json!({
            "thread_id": "$thread.id",
            "content": "From a **scenario**",
            "recipients": ["$ben.id"],
            "posted": "*",
            "last_edited": "-",
        }))
        .then("GetAComment", json!({"comment_id": "$it.id"}), json!({"id": "$it.id"}))
        .then(
            "CreateAComment",
            json!({"thread_id": "$thread.id", "content": "Done.", "thread_action": "close"}),
            json!({"content": "Done."}),
        )
        .then("GetAThread", json!({"thread_id": "$thread.id"}), json!({"closed": true}))
        .then(
            "CreateAComment",
            json!({"thread_id": "$thread.id", "content": "Not yet.", "thread_action": "reopen"}),
            json!({"groups": [2]}),
        )
        .then("GetAThread", json!({"thread_id": "$thread.id"}), json!({"closed": false})),
        Case::new("GetAComment", json!({"comment_id": "$comment.id"}))
            .prepare("comment", "CreateAComment", comment())
            .expect(json!({"id": "$comment.id", "content": "Quay A is free."}))
            .wrong(json!({"comment_id": "the last one"}), "Expected type 'number'"),
        Case::new("UpdateAComment", json!({"comment_id": "$comment.id", "content": "Quay B."}))
            .expect(json!({"content": "Quay B.", "last_edited": "*"})),
        Case::new("DeleteAComment", json!({"comment_id": "$comment.id"}))
            .expect(json!({"id": "$comment.id", "status": "ok"}))
            .then("GetAComment", json!({"comment_id": "$comment.id"}), json!({"deleted": true})),
        Case::new(
            "ListComments",
            json!({"workspace_id": "$team.id", "channel_id": "$other.id", "thread_id": "$long.id"}),
        )
        .expect(json!({"thread_id": "$long.id", "content": "entry", "obj_index": 214}))
        .then(
            "ListComments",
            json!({"thread_id": "$long.id", "order_by": "asc", "limit": 3}),
            json!({"obj_index": 0}),
        )
        .then_some(
            "ListComments",
            json!({"thread_id": "$long.id", "order_by": "asc"}),
            json!({"obj_index": 214}),
        )
        .then_no(
            "ListComments",
            json!({"thread_id": "$long.id", "newer_than": "2100-01-01T00:00:00Z"}),
            json!({"id": "*"}),
        )
        .limit(json!({"thread_id": "$long.id", "limit": 205}), 205, 3),
    ]
}
