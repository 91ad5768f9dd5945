//! Quirks 1 to 21: how calls and their parameters are spelled.

use super::*;

quirks! {
    async fn quirk_01_people_are_removed_by_get_and_by_post(desk: &Desk) {
        let (ann, bo, cat) = (desk.team.ann.id, &desk.team.bo, desk.team.cat.id);
        for (call, who) in [("remove_user", "user_id"), ("remove_users", "user_ids")] {
            let path = format!("v3/conversations/{call}?id={}&{who}={cat}", desk.talk);
            bo.get(&path).await.done();
            assert_eq!(desk.people().await, json!([ann, bo.id]));
            let back = json!({"id": desk.talk, "user_ids": [cat, ann]});
            bo.post_json("v3/conversations/add_users", back).await.done();
            let value = if who == "user_id" { json!(ann) } else { json!([ann]) };
            let body = json!({"id": desk.talk, who: value});
            bo.post_json(&format!("v3/conversations/{call}"), body).await.done();
            assert_eq!(desk.people().await, json!([bo.id, cat]));
            let back = json!({"id": desk.talk, "user_ids": [ann]});
            bo.post_json("v3/conversations/add_users", back).await.done();
        }
    }

    async fn quirk_02_a_message_spelled_with_three_s_is_an_id_or_an_index(desk: &Desk) {
        let (talk, first) = (desk.talk.to_string(), desk.messages[0].to_string());
        for (call, value, left) in
            [("mark_read", "1", 1), ("mark_unread", &first, 0), ("mark_read", "1", 1)]
        {
            let fields = [("conversation_id", talk.as_str()), ("messsage_id", value)];
            let path = format!("v2/conversations/{call}");
            desk.team.ann.post_form(&path, &fields).await.done();
            assert_eq!(desk.unread("conversations").await, json!([[desk.talk, left]]));
        }
    }

    async fn quirk_03_a_workspace_is_called_id(desk: &Desk) {
        let space = desk.team.space.to_string();
        for name in ["id", "workspace_id"] {
            let fields = [(name, space.as_str())];
            let answer = desk.team.ann.post_form("v2/conversations/get_unread", &fields).await;
            assert_eq!(answer.ok(), json!([[desk.talk, -1]]));
        }
    }

    async fn quirk_04_a_conversation_is_called_id_or_conversation_id(desk: &Desk) {
        for (name, at) in [("conversation_id", 0), ("id", 1)] {
            let body = json!({name: desk.talk, "obj_index": at});
            desk.team.ann.post_json("v3/conversations/mark_read", body).await.done();
            assert_eq!(desk.unread("conversations").await, json!([[desk.talk, at]]));
        }
    }

    async fn quirk_05_a_thread_is_called_id_or_thread_id(desk: &Desk) {
        let thread = desk.thread.to_string();
        for (name, at) in [("thread_id", "0"), ("id", "1")] {
            let fields = [(name, thread.as_str()), ("obj_index", at)];
            desk.team.ann.post_form("v2/threads/mark_read", &fields).await.done();
            let at: i64 = at.parse().unwrap();
            assert_eq!(desk.unread("threads").await, json!([[desk.channel, desk.thread, at]]));
        }
    }

    async fn quirk_06_reads_come_as_posted_forms(desk: &Desk) {
        let (talk, space) = (desk.talk.to_string(), desk.team.space.to_string());
        let ann = &desk.team.ann;
        let one = ann.post_form("v2/conversations/getone", &[("id", &talk)]).await.ok();
        assert_eq!(one["id"], desk.talk);
        let all = ann.post_form("v2/conversations/get", &[("workspace_id", &space)]).await.ok();
        assert!(all.as_array().unwrap().iter().any(|one| one["id"] == desk.talk));
    }

    async fn quirk_07_an_unread_pair_holds_an_index(desk: &Desk) {
        let body = json!({"id": desk.talk, "message_id": desk.messages[1]});
        desk.team.ann.post_json("v3/conversations/mark_read", body).await.done();
        assert_ne!(desk.messages[1], 1);
        assert_eq!(desk.unread("conversations").await, json!([[desk.talk, 1]]));
    }

    async fn quirk_08_a_thread_without_content_and_lists_that_nobody_encoded(desk: &Desk) {
        let ann = &desk.team.ann;
        let channel = desk.channel.to_string();
        let fields = [("channel_id", channel.as_str()), ("title", "Thread1")];
        assert_eq!(ann.post_form("v2/threads/add", &fields).await.ok()["content"], "");
        let body = format!(
            "channel_id={channel}&title=Thread1&attachments=[{}]",
            put(ann, ID, "a.txt", b"hello").await
        );
        let form = "application/x-www-form-urlencoded";
        let thread = ann.send(Method::POST, "v2/threads/add", form, body.into()).await.ok();
        assert_eq!(thread["attachments"][0]["attachment_id"], ID);
    }

    async fn quirk_09_the_second_example_of_an_update_adds_a_thread(desk: &Desk) {
        let (ann, channel) = (&desk.team.ann, desk.channel.to_string());
        let file = put(ann, ID, "a.txt", b"hello").await;
        let list = format!("[{file}]");
        let fields =
            [("channel_id", channel.as_str()), ("title", "Thread1"), ("attachments", list.as_str())];
        let thread = ann.post_form("v2/threads/add", &fields).await.ok();
        assert_ne!(thread["id"], desk.thread);
        assert_eq!(length(&thread["attachments"]), 1);
    }

    async fn quirk_10_the_id_of_a_channel_moves_no_channel(desk: &Desk) {
        let mut channel = desk.channel;
        // An id that no thread has, so that it can only be that of a channel.
        while channel <= desk.thread {
            let body = json!({"workspace_id": desk.team.space, "name": format!("C{channel}")});
            channel = id_of(&desk.team.bo, "v3/channels/add", body).await;
        }
        let channel = channel.to_string();
        let fields = [("id", channel.as_str()), ("to_channel", channel.as_str())];
        desk.team.bo.post_form("v2/threads/move_to_channel", &fields).await.fails(404, 108);
    }

    async fn quirk_11_starred_threads_are_a_filter(desk: &Desk) {
        let path = format!("v2/threads/get?channel_id={}&filter_by=is_starred", desk.channel);
        let ann = &desk.team.ann;
        assert_eq!(ann.get(&path).await.ok(), json!([]));
        ann.get(&format!("v2/threads/star?id={}", desk.thread)).await.done();
        assert_eq!(ann.get(&path).await.ok()[0]["id"], desk.thread);
        let path = path.replace("is_starred", "is_started");
        ann.get(&path).await.fails(400, 20);
    }

    async fn quirk_12_flags_are_numbers_in_version_2(desk: &Desk) {
        let get = async |version: &str, kind: &str, id: i64| {
            desk.team.ann.get(&format!("{version}/{kind}/getone?id={id}")).await.ok()
        };
        assert_eq!(get("v2", "threads", desk.thread).await["is_starred"], 0);
        assert_eq!(get("v3", "threads", desk.thread).await["starred"], false);
        let old = get("v2", "conversations", desk.talk).await;
        assert_eq!((&old["is_private"], &old["archived"]), (&json!(0), &json!(0)));
        let new = get("v3", "conversations", desk.talk).await;
        assert_eq!((&new["private"], &new["archived"]), (&json!(false), &json!(false)));
    }

    async fn quirk_13_numbers_come_as_text(desk: &Desk) {
        let body = json!({
            "thread_id": desk.thread.to_string(), "order_by": "ASC", "limit": "2",
            "from_obj_index": "1", "to_obj_index": "2"
        });
        let comments = desk.team.ann.post_json("v3/comments/get", body).await.ok();
        assert_eq!(comments[0]["id"], desk.comments[1]);
        assert_eq!(length(&comments), 2);
    }

    async fn quirk_14_presence_is_reset_under_two_spellings(desk: &Desk) {
        let space = desk.team.space.to_string();
        for call in ["v2/users/reset_presense", "v3/users/reset_presence"] {
            desk.team.ann.post_form(call, &[("workspace_id", &space)]).await.done();
        }
    }

    async fn quirk_15_quiet_time_ends_under_two_names(desk: &Desk) {
        for (name, time) in [("snooze_dnd_stop", "07:00"), ("snooze_dnd_end", "08:00")] {
            let fields = [("snooze_dnd_start", "20:00"), (name, time)];
            let user = desk.team.ann.post_form("v2/users/update", &fields).await.ok();
            assert_eq!(user["snooze_dnd_end"], time);
        }
    }

    async fn quirk_16_hooks_take_event_and_event_type(desk: &Desk) {
        let mut ids = Vec::new();
        for name in ["event", "event_type"] {
            let fields = [("target_url", "https://example.com/hook"), (name, "channel_user_deleted")];
            let answer = desk.team.bo.post_form("v2/hooks/subscribe", &fields).await;
            assert_eq!(answer.status, 201);
            ids.push(answer.json()["id"].clone());
        }
        assert_eq!(ids[0], ids[1], "the same wish");
    }

    async fn quirk_17_reactions_are_read_by_post(desk: &Desk) {
        let ann = &desk.team.ann;
        let body = json!({"reaction": "👍", "comment_id": desk.comments[0]});
        ann.post_json("v3/reactions/add", body).await.done();
        let expected = json!({"👍": [ann.id]});
        let on = json!({"comment_id": desk.comments[0]});
        assert_eq!(ann.post_json("v3/reactions/get", on).await.ok(), expected);
        let path = format!("v3/reactions/get?comment_id={}", desk.comments[0]);
        assert_eq!(ann.get(&path).await.ok(), expected);
    }

    async fn quirk_18_lists_are_read_by_posted_forms(desk: &Desk) {
        let (ann, space) = (&desk.team.ann, desk.team.space.to_string());
        let spaces = ann.post_form("v3/workspaces/get", &[]).await.ok();
        assert_eq!(spaces[0]["id"], desk.team.space.0);
        let channels = ann.post_form("v3/channels/get", &[("workspace_id", &space)]).await.ok();
        assert!(channels.as_array().unwrap().iter().any(|one| one["id"] == desk.channel));
    }

    async fn quirk_19_ids_come_in_the_address_of_a_post_without_body(desk: &Desk) {
        for (call, id) in [
            ("comments/remove", desk.comments[0]),
            ("conversation_messages/remove", desk.messages[0]),
            ("threads/remove", desk.thread),
            ("channels/archive", desk.channel),
            ("channels/unarchive", desk.channel),
            ("channels/archive", desk.channel),
            ("channels/remove", desk.channel),
        ] {
            let path = format!("v3/{call}?id={id}");
            desk.team.bo.send(Method::POST, &path, "", Bytes::new()).await.done();
        }
        let path = format!("v3/channels/getone?id={}", desk.channel);
        desk.team.bo.get(&path).await.fails(404, 107);
    }

    async fn quirk_20_ids_are_text_and_fields_nobody_knows_come_along(desk: &Desk) {
        let body = json!({
            "channel_id": desk.channel.to_string(), "title": "T", "content": "x",
            "recipients": [desk.team.bo.id.to_string()], "binaryProperties": ["data"]
        });
        let thread = desk.team.ann.post_json("v3/threads/add", body).await.ok();
        assert_eq!(thread["recipients"], json!([desk.team.bo.id]));
    }

    async fn quirk_21_an_old_wrapper_mixes_verbs_and_names(desk: &Desk) {
        let (ann, bo, space) = (&desk.team.ann, &desk.team.bo, desk.team.space);
        for (call, at) in [("mark_read", 1), ("mark_unread", 0)] {
            let path = format!("v2/threads/{call}?id={}&obj_index={at}", desk.thread);
            ann.get(&path).await.done();
            assert_eq!(desk.unread("threads").await, json!([[desk.channel, desk.thread, at]]));
        }
        let body = json!({"id": space, "user_id": bo.id, "email": bo.email});
        for call in ["get_user_by_email", "get_user_by_id"] {
            let path = format!("v2/workspaces/{call}");
            assert_eq!(ann.post_json(&path, body.clone()).await.ok()["id"], bo.id.0);
        }
        let info = ann.post_json("v2/workspaces/get_user_info", body.clone()).await.ok();
        assert_eq!(info["user"]["id"], bo.id.0);
        let time = ann.post_json("v2/workspaces/get_user_local_time", body).await.ok();
        assert!(time.is_string(), "{time}");
        ann.post_json("v2/groups/add", json!({"workspace_id": space, "name": "G"})).await.ok();
        assert_eq!(length(&ann.get(&format!("v2/groups/get?id={space}")).await.ok()), 1);
        let path = format!("v2/comments/get?id={}", desk.thread);
        assert_eq!(length(&ann.get(&path).await.ok()), 3);
        ann.get(&format!("v2/channels/get?workdspace_id={space}")).await.fails(400, 19);
    }
}
