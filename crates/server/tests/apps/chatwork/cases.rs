use serde_json::json;

use super::world::in_room;
use crate::driver::Case;

const NOT_A_NUMBER: &str = "Expected type 'number'";

pub(super) fn all() -> Vec<Case> {
    [messages(), tasks(), files(), contacts(), rooms(), calls()].into_iter().flatten().collect()
}

fn messages() -> Vec<Case> {
    let none = || json!({});
    // The second id is beyond what a double holds exactly.
    let unknown = || in_room("room", json!({ "message_id": "1900000000000000001" }));
    let mixed = "[To:1] Good morning! あ & 100% = a+b";
    vec![
        // The newest, in the order in which they were posted.
        Case::new("ListARoomsMessages", in_room("log", json!({ "limit": 3 })))
            .expect(
                json!({ "body": "entry 117", "send_time": "*", "update_time": 0, "edited": "-" }),
            )
            .then("ListARoomsMessages", in_room("log", none()), json!({ "body": "entry 20" }))
            .then_no("ListARoomsMessages", in_room("silent", none()), json!({ "body": "*" }))
            .wrong(json!({ "room_id": "Launch" }), NOT_A_NUMBER)
            .limit(in_room("log", json!({ "limit": 7 })), 7, 1),
        Case::new(
            "GetARoomsMessage",
            in_room("room", json!({ "message_id": "$message.message_id" })),
        )
        .prepare("message", "CreateARoomMessage", in_room("room", json!({ "body": "Hello" })))
        .expect(json!({ "message_id": "$message.message_id", "body": "Hello" }))
        .then_failure("GetARoomsMessage", unknown(), "DataError: [404] Message not found")
        .wrong(in_room("room", none()), "message_id: Field is mandatory."),
        Case::new(
            "CreateARoomMessage",
            in_room("silent", json!({ "body": mixed, "message_status": "unread" })),
        )
        .expect(json!({ "message_id": "*" }))
        .then(
            "GetARoomsMessage",
            in_room("silent", json!({ "message_id": "$it.message_id" })),
            json!({ "body": mixed, "account": { "account_id": "$ann.account_id" } }),
        )
        .then(
            "CreateARoomMessage",
            in_room("silent", json!({ "body": "Seen", "message_status": "read" })),
            json!({ "message_id": "*" }),
        )
        .then(
            "CreateARoomMessage",
            in_room("silent", json!({ "body": "Seen as well" })),
            json!({ "message_id": "*" }),
        )
        .then("GetARoom", in_room("silent", none()), json!({ "unread_num": 1, "message_num": 3 }))
        .then_failure(
            "CreateARoomMessage",
            in_room("notices", json!({ "body": "I too" })),
            "RuntimeError: [403] You don't have permission to send/edit message.",
        )
        .wrong(
            in_room("silent", json!({ "body": "x", "message_status": "later" })),
            "Value 'later' not found in options.",
        ),
    ]
}

fn tasks() -> Vec<Case> {
    let none = || json!({});
    let due = "2026-05-01T15:30:00.000Z";
    vec![
        Case::new(
            "ListARoomsTasks",
            in_room(
                "room",
                json!({
                    "account_id": "$bob.account_id",
                    "assigned_by_account_id": "$ann.account_id",
                    "status": "done",
                }),
            ),
        )
        .expect(json!({
            "task_id": "$done.task_id",
            "account": { "name": "Bob" },
            "assigned_by_account": { "name": "Ann" },
            "status": "done",
            "limit_type": "none",
        }))
        .then("ListARoomsTasks", in_room("room", none()), json!({ "task_id": "$task.task_id" }))
        .then_no("ListARoomsTasks", in_room("silent", none()), json!({ "task_id": "*" }))
        .wrong(in_room("room", json!({ "status": "lost" })), "Value 'lost' not found in options.")
        .limit(in_room("work", json!({ "limit": 7 })), 7, 1),
        Case::new("ListMyTasks", json!({ "assigned_by_account_id": "$bob.account_id" }))
            .expect(json!({
                "task_id": "$task.task_id",
                "room": { "room_id": "$room.room_id", "name": "Launch" },
                "body": "Read the draft",
            }))
            .then_no("ListMyTasks", json!({ "status": "done" }), json!({ "task_id": "*" }))
            .wrong(json!({ "limit": 0 }), "Value is too small. Minimum value is 1.")
            .limit(json!({ "limit": 7 }), 7, 1),
        Case::new("GetARoomsTask", in_room("room", json!({ "task_id": "$task.task_id" })))
            .expect(json!({ "task_id": "$task.task_id", "status": "open", "account": { "name": "Ann" } }))
            .then_failure(
                "GetARoomsTask",
                in_room("work", json!({ "task_id": "$task.task_id" })),
                "DataError: [404] Task not found",
            )
            .wrong(in_room("room", none()), "task_id: Field is mandatory."),
        Case::new(
            "CreateARoomTask",
            in_room(
                "room",
                json!({
                    "body": "Check & sign",
                    "to_ids": ["$ann.account_id", "$bob.account_id"],
                    "limit_time": due,
                }),
            ),
        )
        .expect(json!({ "task_ids": ["*", "*"] }))
        .then(
            "GetARoomsTask",
            in_room("room", json!({ "task_id": "$it.task_ids.1" })),
            json!({
                "account": { "name": "Bob" },
                "body": "Check & sign",
                "limit_time": 1_777_649_400,
                "due": due,
                "limit_type": "time",
            }),
        )
        .then(
            "CreateARoomTask",
            in_room("silent", json!({ "body": "Some day", "to_ids": ["$bob.account_id"] })),
            json!({ "task_ids": ["*"] }),
        )
        .then(
            "ListARoomsTasks",
            in_room("silent", none()),
            json!({ "body": "Some day", "limit_time": 0, "limit_type": "none", "due": "-" }),
        )
        .then_failure(
            "CreateARoomTask",
            in_room("room", json!({ "body": "x", "to_ids": ["$cat.account_id"] })),
            "DataError: [400] Parameter 'to_ids' is invalid",
        )
        .wrong(in_room("room", json!({ "body": "x", "to_ids": [] })), "to_ids: "),
    ]
}

fn files() -> Vec<Case> {
    let none = || json!({});
    let file = |more| {
        let mut input = in_room("room", more);
        input["file_id"] = json!("$file.file_id");
        input
    };
    vec![
        Case::new("ListARoomsFiles", in_room("room", json!({ "account_id": "$bob.account_id" })))
            .expect(json!({
                "file_id": "$file.file_id",
                "filename": "draft.pdf",
                "filesize": 4,
                "account": { "name": "Bob" },
            }))
            .then_some(
                "ListARoomsFiles",
                in_room("room", none()),
                json!({ "filename": "plan.txt" }),
            )
            .then_no("ListARoomsFiles", in_room("silent", none()), json!({ "file_id": "*" }))
            .wrong(in_room("room", json!({ "account_id": "Bob" })), NOT_A_NUMBER)
            .limit(in_room("work", json!({ "limit": 7 })), 7, 1),
        Case::new("GetARoomsFile", file(json!({ "create_download_url": true })))
            .expect(json!({ "file_id": "$file.file_id", "uploaded": "*", "download_url": "*" }))
            .then(
                "GetARoomsFile",
                file(json!({ "create_download_url": false })),
                json!({ "file_id": "$file.file_id", "download_url": "-" }),
            )
            .then("GetARoomsFile", file(none()), json!({ "download_url": "-" }))
            .wrong(in_room("room", none()), "file_id: Field is mandatory."),
    ]
}

fn contacts() -> Vec<Case> {
    let request = |name: &str| json!({ "request_id": format!("${name}.request_id") });
    let gone = "DataError: [404] Contact request not found";
    vec![
        Case::new("ListContacts", json!({}))
            .expect(json!({ "name": "Bob", "room_id": "$direct.room_id", "avatar_image_url": "*" }))
            .wrong(json!({ "limit": "all" }), NOT_A_NUMBER)
            .limit(json!({ "limit": 4 }), 4, 1),
        Case::new("ListMyContactApprovalRequests", json!({}))
            .expect(json!({
                "request_id": "$request0.request_id",
                "account_id": "$request0.from",
                "message": "We met at the fair.",
            }))
            .wrong(json!({ "limit": 1.5 }), "limit: ")
            .limit(json!({ "limit": 4 }), 4, 1),
        Case::new("ApproveAContactApprovalRequest", request("request0"))
            .expect(json!({ "account_id": "$request0.from", "room_id": "*" }))
            .then_some("ListContacts", json!({}), json!({ "account_id": "$request0.from" }))
            .then("GetARoom", json!({ "room_id": "$it.room_id" }), json!({ "type": "direct" }))
            .then_failure("ApproveAContactApprovalRequest", request("request0"), gone),
        Case::new("DeclineAContactApprovalRequest", request("request1"))
            .expect(request("request1"))
            .then_no("ListMyContactApprovalRequests", json!({}), request("request1"))
            .then_no("ListContacts", json!({}), json!({ "account_id": "$request1.from" }))
            .then_failure("DeclineAContactApprovalRequest", request("request1"), gone),
    ]
}

fn rooms() -> Vec<Case> {
    let none = || json!({});
    let group = || {
        json!({
            "name": "Spring & Autumn",
            "members_admin_ids": ["$ann.account_id"],
            "members_member_ids": ["$bob.account_id"],
            "members_readonly_ids": ["$cat.account_id"],
            "description": "Both fairs",
            "icon_preset": "magcup",
        })
    };
    let small = || json!({ "name": "Small", "members_admin_ids": ["$ann.account_id"] });
    vec![
        Case::new("ListRooms", json!({}))
            .expect(json!({ "room_id": "*", "role": "*", "icon_path": "*", "changed": "*" }))
            .then_some("ListRooms", json!({}), json!({ "type": "my", "room_id": "$own.room_id" }))
            .then_some("ListRooms", json!({}), json!({ "type": "direct", "name": "Bob" }))
            .then_no("ListRooms", json!({}), json!({ "room_id": "$theirs.room_id" }))
            .wrong(json!({ "limit": -1 }), "limit: ")
            .limit(json!({ "limit": 5 }), 5, 1),
        Case::new("GetARoom", in_room("log", none()))
            .expect(
                json!({ "name": "Log", "role": "admin", "message_num": 120, "description": "" }),
            )
            .then_failure("GetARoom", in_room("theirs", none()), "RuntimeError: [403] ")
            .wrong(json!({ "room_id": "Launch" }), NOT_A_NUMBER),
        Case::new("CreateAGroupchat", group())
            .expect(json!({ "room_id": "*" }))
            .then(
                "GetARoom",
                json!({ "room_id": "$it.room_id" }),
                json!({ "name": "Spring & Autumn", "type": "group", "description": "Both fairs" }),
            )
            .then_some(
                "ListARoomsMembers",
                json!({ "room_id": "$it.room_id" }),
                json!({ "name": "Bob", "role": "member" }),
            )
            .then_some(
                "ListARoomsMembers",
                json!({ "room_id": "$it.room_id" }),
                json!({ "name": "Cat", "role": "readonly" }),
            )
            .then("CreateAGroupchat", small(), json!({ "room_id": "*" }))
            .wrong(json!({ "name": "x".repeat(256), "members_admin_ids": [1] }), "length of 255"),
        Case::new("UpdateAGroupchat", json!({ "room_id": "$group.room_id", "name": "Autumn" }))
            .prepare("group", "CreateAGroupchat", group())
            .expect(json!({ "room_id": "$group.room_id" }))
            .then(
                "GetARoom",
                json!({ "room_id": "$group.room_id" }),
                json!({ "name": "Autumn", "description": "Both fairs" }),
            )
            .then(
                "UpdateAGroupchat",
                json!({ "room_id": "$group.room_id", "description": "", "icon_preset": "beer" }),
                json!({ "room_id": "$group.room_id" }),
            )
            .then(
                "GetARoom",
                json!({ "room_id": "$group.room_id" }),
                json!({ "name": "Autumn", "description": "" }),
            )
            .then_failure(
                "UpdateAGroupchat",
                in_room("own", json!({ "name": "Mine" })),
                "DataError: [400] ",
            )
            .wrong(
                in_room("log", json!({ "icon_preset": "mug" })),
                "Value 'mug' not found in options.",
            ),
        Case::new(
            "UpdateAGroupchatsMembers",
            json!({
                "room_id": "$group.room_id",
                "members_admin_ids": ["$ann.account_id", "$bob.account_id"],
                "members_readonly_ids": ["$cat.account_id"],
            }),
        )
        .prepare("group", "CreateAGroupchat", group())
        .expect(json!({
            "admin": ["$ann.account_id", "$bob.account_id"],
            "member": [],
            "readonly": ["$cat.account_id"],
        }))
        .then(
            "UpdateAGroupchatsMembers",
            json!({ "room_id": "$group.room_id", "members_admin_ids": ["$ann.account_id"] }),
            json!({ "admin": ["$ann.account_id"], "member": [], "readonly": [] }),
        )
        .then_no(
            "ListARoomsMembers",
            json!({ "room_id": "$group.room_id" }),
            json!({ "name": "Bob" }),
        )
        .wrong(in_room("log", none()), "members_admin_ids: Field is mandatory."),
        Case::new("ListARoomsMembers", in_room("log", none()))
            .expect(
                json!({ "account_id": "$ann.account_id", "role": "admin", "organization_id": 1 }),
            )
            .then_failure("ListARoomsMembers", in_room("theirs", none()), "[403] ")
            .wrong(in_room("log", json!({ "limit": 0 })), "Minimum value is 1.")
            .limit(in_room("log", json!({ "limit": 1 })), 1, 1),
        Case::new(
            "DeleteOrLeaveGroupchat",
            json!({ "action_type": "delete", "room_id": "$group.room_id" }),
        )
        .prepare("group", "CreateAGroupchat", small())
        .expect(json!({ "room_id": "$group.room_id" }))
        .then_failure("GetARoom", json!({ "room_id": "$group.room_id" }), "[403] ")
        .then(
            "DeleteOrLeaveGroupchat",
            in_room("work", json!({ "action_type": "leave" })),
            json!({ "room_id": "$work.room_id" }),
        )
        .then_no("ListRooms", json!({}), json!({ "room_id": "$work.room_id" }))
        .then_failure(
            "DeleteOrLeaveGroupchat",
            in_room("direct", json!({ "action_type": "leave" })),
            "DataError: [400] ",
        )
        .wrong(
            in_room("log", json!({ "action_type": "hide" })),
            "Value 'hide' not found in options.",
        ),
    ]
}

fn calls() -> Vec<Case> {
    let form = json!([{ "key": "Content-Type", "value": "application/x-www-form-urlencoded" }]);
    vec![
        // The path as the vendor's page of the module has it: with the version and a last slash.
        Case::new(
            "MakeAnAPICall",
            json!({
                "url": "$log.messages",
                "method": "GET",
                "qs": [{ "key": "force", "value": "1" }],
            }),
        )
        .expect(json!({
            "statusCode": 200,
            "headers": { "content-type": "application/json; charset=utf-8" },
            "body": "*",
        }))
        .then(
            "MakeAnAPICall",
            json!({ "url": "$silent.messages", "method": "POST", "body": "body=Over%20the%20wire" }),
            json!({ "statusCode": 200, "body": { "message_id": "*" } }),
        )
        .then_some(
            "ListARoomsMessages",
            in_room("silent", json!({})),
            json!({ "body": "Over the wire" }),
        )
        .then(
            "MakeAnAPICall",
            json!({ "url": "$silent.messages", "method": "POST", "headers": form, "body": "body=2" }),
            json!({ "body": { "message_id": "*" } }),
        )
        .then_failure(
            "MakeAnAPICall",
            json!({ "url": "/v2/me", "method": "PATCH", "body": "x=1" }),
            "DataError: [404] Invalid Endpoint or HTTP method",
        )
        .wrong(json!({ "url": "/v2/me", "method": "TRACE" }), "Value 'TRACE' not found in options."),
    ]
}
