use serde_json::{Value, json};

use crate::driver::Case;

const GET: &str = "GetAChannel";

pub(super) fn cases() -> Vec<Case> {
    let quay = || json!({"channel_id": "$quay.id"});
    let with = |person: Value| json!({"workspace_id": "$team.id", "channel_id": "$quay.id", "user_ids": [person]});
    vec![
        Case::new(
            "CreateAChannel",
            json!({
                "workspace_id": "$team.id",
                "name": "Tugs",
                "description": "Who pulls whom",
                "public": false,
                "color": 3,
                "user_ids": ["$ben.id"],
            }),
        )
        .expect(json!({
            "name": "Tugs",
            "description": "Who pulls whom",
            "public": false,
            "color": 3,
            "user_ids": ["$ada.id", "$ben.id"],
            "created": "*",
        })),
        Case::new(GET, json!({"workspace_id": "$team.id", "channel_id": "$channel.id"}))
            .expect(json!({"id": "$channel.id", "name": "Apps"})),
        Case::new("UpdateAChannel", json!({"channel_id": "$quay.id", "name": "Quay C"}))
            .prepare(
                "quay",
                "CreateAChannel",
                json!({"workspace_id": "$team.id", "name": "Quay", "description": "East"}),
            )
            .expect(json!({"name": "Quay C", "description": "East", "public": true})),
        Case::new("AddUsersToAChannel", with(json!("$chiyo.id")))
            .expect(json!({"id": "$quay.id", "status": "ok"}))
            .then(GET, quay(), json!({"user_ids": ["$ada.id", "$chiyo.id"]})),
        Case::new("RemoveUsersFromAChannel", with(json!("$chiyo.id")))
            .expect(json!({"status": "ok"}))
            .then(GET, quay(), json!({"user_ids": ["$ada.id"]})),
        Case::new("ArchiveAChannel", quay())
            .expect(json!({"status": "ok"}))
            .then(GET, quay(), json!({"archived": true}))
            .then(
                "ListChannels",
                json!({"workspace_id": "$team.id", "scope": "archived"}),
                json!({"id": "$quay.id"}),
            ),
        Case::new("UnarchiveAChannel", quay()).expect(json!({"status": "ok"})).then(
            GET,
            quay(),
            json!({"archived": false}),
        ),
        Case::new("ListChannels", json!({"workspace_id": "$team.id"}))
            .expect(json!({"workspace_id": "$team.id", "archived": false}))
            .then_some(
                "ListChannels",
                json!({"workspace_id": "$team.id", "scope": "public"}),
                json!({"id": "$quay.id", "public": true}),
            )
            .limit(json!({"workspace_id": "$team.id", "limit": 2}), 2, 1),
        Case::new("DeleteAChannel", json!({"channel_id": "$quay.id", "archive": true}))
            .expect(json!({"id": "$quay.id", "status": "ok"}))
            .then_failure(GET, quay(), "DataError: [404]"),
    ]
}
