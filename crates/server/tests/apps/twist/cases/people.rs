//! Groups, teams, and who is in them.

use serde_json::{Value, json};

use crate::driver::Case;

const ADDRESS: &str = "fay@demo.example.com";

pub(super) fn cases() -> Vec<Case> {
    let team = || json!({"workspace_id": "$team.id"});
    let group = || json!({"group_id": "$crew.id"});
    let with = |person: Value| json!({"workspace_id": "$team.id", "group_id": "$crew.id", "user_ids": [person]});
    vec![
        Case::new(
            "CreateAGroup",
            json!({
                "workspace_id": "$team.id",
                "name": "Stewards",
                "description": "On the ferries",
                "user_ids": ["$ben.id"],
            }),
        )
        .expect(json!({
            "name": "Stewards",
            "description": "On the ferries",
            "user_ids": ["$ben.id"],
        })),
        Case::new("GetAGroup", json!({"workspace_id": "$team.id", "group_id": "$group.id"}))
            .expect(json!({"id": "$group.id", "name": "Pilots"})),
        Case::new("UpdateAGroup", json!({"group_id": "$crew.id", "name": "Crew A"}))
            .prepare("crew", "CreateAGroup", json!({"workspace_id": "$team.id", "name": "Crew"}))
            .expect(json!({"name": "Crew A"})),
        Case::new("AddUsersToAGroup", with(json!("$dita.id")))
            .expect(json!({"id": "$crew.id", "status": "ok"}))
            .then("GetAGroup", group(), json!({"user_ids": ["$dita.id"]})),
        Case::new("RemoveUsersFromAGroup", with(json!("$dita.id")))
            .expect(json!({"status": "ok"}))
            .then("GetAGroup", group(), json!({"user_ids": []})),
        Case::new("ListGroups", team()).expect(json!({"workspace_id": "$team.id"})).limit(
            json!({"workspace_id": "$team.id", "limit": 2}),
            2,
            1,
        ),
        Case::new("DeleteAGroup", group())
            .expect(json!({"id": "$crew.id", "status": "ok"}))
            .then_failure("GetAGroup", group(), "DataError: [404]"),
        Case::new("GetATeam", team()).expect(json!({"id": "$team.id", "created": "*"})),
        Case::new("ListTeams", json!({}))
            .expect(json!({"id": "*", "name": "*"}))
            .wrong(json!({"limit": 0}), "Minimum value is 1.")
            .limit(json!({"limit": 1}), 1, 1),
        Case::new("CreateATeam", json!({"name": "Lighthouse", "color": 10}))
            .expect(json!({"name": "Lighthouse", "color": 10, "creator": "$ada.id"})),
        Case::new("UpdateATeam", json!({"workspace_id": "$isle.id", "name": "Islands"}))
            .prepare("isle", "CreateATeam", json!({"name": "Island"}))
            .expect(json!({"id": "$isle.id", "name": "Islands"})),
        Case::new("ListUsers", team())
            .expect(json!({"id": "*", "email": "*", "removed": false}))
            .limit(json!({"workspace_id": "$team.id", "limit": 2}), 2, 1),
        Case::new("GetAUser", json!({"workspace_id": "$team.id", "email": "$ben.email"}))
            .expect(json!({"id": "$ben.id", "name": "$ben.name"}))
            .then(
                "GetAUser",
                json!({"workspace_id": "$team.id", "user_id": "$dita.id"}),
                json!({"email": "$dita.email"}),
            ),
        Case::new(
            "AddAUserToATeam",
            json!({
                "workspace_id": "$team.id",
                "email": ADDRESS,
                "name": "Fay",
                "channel_ids": ["$channel.id"],
            }),
        )
        .expect(json!({"email": ADDRESS, "name": "Fay", "user_type": "USER"}))
        .wrong(json!({"workspace_id": "$team.id", "email": "not an address"}), "email"),
        Case::new(
            "UpdateAUserOfATeam",
            json!({"workspace_id": "$team.id", "email": ADDRESS, "user_type": "ADMIN"}),
        )
        .expect(json!({"email": ADDRESS, "user_type": "ADMIN"})),
        Case::new("RemoveAUserFromATeam", json!({"workspace_id": "$team.id", "email": ADDRESS}))
            .expect(json!({"status": "ok"}))
            .then_no("ListUsers", team(), json!({"email": ADDRESS}))
            .then_some(
                "ListUsers",
                json!({"workspace_id": "$team.id", "removed": true}),
                json!({"email": ADDRESS, "removed": true}),
            ),
    ]
}
