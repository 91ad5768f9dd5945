//! Messages and the conversations that they are in.

use serde_json::{Value, json};

use crate::driver::Case;

const GET: &str = "GetAConversation";
const UNREAD: &str = "ListUnreadConversations";

fn team() -> Value {
    json!({"workspace_id": "$team.id"})
}

fn talk() -> Value {
    json!({"conversation_id": "$talk.id"})
}

pub(super) fn cases() -> Vec<Case> {
    let message = || json!({"conversation_id": "$talk.id", "content": "Are you there?"});
    let with = |person: Value| json!({"workspace_id": "$team.id", "conversation_id": "$several.id", "user_ids": [person]});
    let several = || json!({"conversation_id": "$several.id"});
    vec![
        Case::new(
            "CreateAMessage",
            json!({
                "workspace_id": "$team.id",
                "conversation_id": "$talk.id",
                "content": "Can you take the night watch?",
            }),
        )
        .expect(json!({
            "conversation_id": "$talk.id",
            "content": "Can you take the night watch?",
            "posted": "*",
        })),
        Case::new("GetAMessage", json!({"message_id": "$message.id"}))
            .prepare("message", "CreateAMessage", message())
            .expect(json!({"id": "$message.id", "content": "Are you there?"})),
        Case::new("UpdateAMessage", json!({"message_id": "$message.id", "content": "Hello?"}))
            .expect(json!({"content": "Hello?", "last_edited": "*"})),
        Case::new("DeleteAMessage", json!({"message_id": "$message.id"}))
            .expect(json!({"id": "$message.id", "status": "ok"}))
            .then("GetAMessage", json!({"message_id": "$message.id"}), json!({"deleted": true})),
        Case::new("ListMessages", talk())
            .expect(json!({"conversation_id": "$talk.id"}))
            .then(
                "ListMessages",
                json!({"conversation_id": "$talk.id", "order_by": "asc", "limit": 1}),
                json!({"obj_index": 0}),
            )
            .limit(json!({"conversation_id": "$talk.id", "limit": 110}), 110, 2),
        Case::new(
            "CreateAConversation",
            json!({"workspace_id": "$team.id", "user_ids": ["$dita.id"]}),
        )
        .expect(json!({"user_ids": ["$ada.id", "$dita.id"], "private": true, "created": "*"})),
        Case::new(GET, json!({"workspace_id": "$team.id", "conversation_id": "$talk.id"}))
            .expect(json!({"id": "$talk.id", "last_active": "*"})),
        Case::new(
            "UpdateAConversation",
            json!({"conversation_id": "$several.id", "title": "Night watch"}),
        )
        .expect(json!({"id": "$several.id", "title": "Night watch"})),
        Case::new("AddUsersToAConversation", with(json!("$dita.id")))
            .expect(json!({"id": "$several.id", "status": "ok"}))
            .then(
                GET,
                several(),
                json!({"user_ids": ["$ada.id", "$ben.id", "$chiyo.id", "$dita.id"]}),
            ),
        Case::new("RemoveUsersFromAConversation", with(json!("$dita.id")))
            .expect(json!({"status": "ok"}))
            .then(GET, several(), json!({"user_ids": ["$ada.id", "$ben.id", "$chiyo.id"]})),
        Case::new("ListConversations", json!({"workspace_id": "$team.id"}))
            .expect(json!({"workspace_id": "$team.id", "archived": false}))
            .limit(json!({"workspace_id": "$team.id", "limit": 2}), 2, 1),
        Case::new("ArchiveAConversation", talk())
            .expect(json!({"id": "$talk.id", "status": "ok"}))
            .then(
                "ListConversations",
                json!({"workspace_id": "$team.id", "archived": true}),
                json!({"id": "$talk.id"}),
            ),
        Case::new("UnarchiveAConversation", talk()).expect(json!({"status": "ok"})).then(
            GET,
            talk(),
            json!({"archived": false}),
        ),
        Case::new(
            "MarkAConversationAsUnread",
            json!({"conversation_id": "$talk.id", "obj_index": 3}),
        )
        .expect(json!({"status": "ok"}))
        .then_some(UNREAD, team(), json!({"conversation_id": "$talk.id", "obj_index": 3})),
        Case::new(UNREAD, team())
            .expect(json!({"conversation_id": "*", "obj_index": "*", "direct_mention": "*"}))
            .limit(json!({"workspace_id": "$team.id", "limit": 1}), 1, 1),
        Case::new("MarkAConversationAsRead", talk()).expect(json!({"status": "ok"})).then_no(
            UNREAD,
            team(),
            talk(),
        ),
        Case::new("MuteAConversation", json!({"conversation_id": "$talk.id", "minutes": 30}))
            .expect(json!({"muted_until": "*"}))
            .wrong(json!({"conversation_id": "$talk.id", "minutes": 0}), "Minimum value is 1."),
        Case::new("UnmuteAConversation", talk()).expect(json!({"muted_until": "-"})),
    ]
}
