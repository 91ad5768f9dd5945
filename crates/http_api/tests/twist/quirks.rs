//! Oddities of real clients and of the vendor's examples, under the numbers of our list of them.
//!
//! Of 25 the part that concerns loop-in mail is missing. All 15 examples of number 40, and those that 8, 9
//! and 39 speak of, are replayed as a whole in `examples.rs`.
//!
//! These tests run on SQLite only: they are about reading requests, which ends before a database is
//! asked, and the replays send the same calls to both databases.

use bytes::Bytes;
use halyard_platform::db::testing::TestDb;
use http::Method;
use serde_json::{Value, json};

use crate::{
    attachments::{ID, put, upload},
    oauth,
    sink::{Answer, Sink},
    support::{NOW, Person, migrations},
    team::Team,
};

const SECOND: i64 = NOW / 1000;
const JSON: &str = "application/json";

/// A team with something to talk about, all of it written by Bo.
struct Desk {
    team: Team,
    channel: i64,
    /// With three comments.
    thread: i64,
    comments: Vec<i64>,
    /// Of Ann, Bo and Cat, with three messages whose ids are no indexes.
    talk: i64,
    messages: Vec<i64>,
}

async fn id_of(person: &Person, path: &str, body: Value) -> i64 {
    person.post_json(path, body).await.ok()["id"].as_i64().unwrap()
}

impl Desk {
    async fn new(db: &TestDb) -> Self {
        let team = Team::new(db).await;
        let (bo, space) = (&team.bo, team.space);
        let body = json!({"workspace_id": space, "name": "Plans", "user_ids": [team.ann.id]});
        let channel = id_of(bo, "v3/channels/add", body).await;
        let body = json!({"channel_id": channel, "title": "T", "content": "x"});
        let thread = id_of(bo, "v3/threads/add", body).await;
        let aside = team.talk(bo, &[&team.cat]).await.id.0;
        let talk = team.talk(bo, &[&team.ann, &team.cat]).await.id.0;
        let (mut comments, mut messages) = (Vec::new(), Vec::new());
        for text in ["a", "b", "c"] {
            let body = json!({"conversation_id": aside, "content": text});
            id_of(bo, "v3/conversation_messages/add", body).await;
        }
        for text in ["a", "b", "c"] {
            let body = json!({"thread_id": thread, "content": text});
            comments.push(id_of(bo, "v3/comments/add", body).await);
            let body = json!({"conversation_id": talk, "content": text});
            messages.push(id_of(bo, "v3/conversation_messages/add", body).await);
        }
        Self { team, channel, thread, comments, talk, messages }
    }

    /// What version 2 lists as unread for Ann.
    async fn unread(&self, kind: &str) -> Value {
        let path = format!("v2/{kind}/get_unread?workspace_id={}", self.team.space);
        self.team.ann.get(&path).await.ok()
    }

    /// Who is in the conversation.
    async fn people(&self) -> Value {
        let path = format!("v3/conversations/getone?id={}", self.talk);
        self.team.bo.get(&path).await.ok()["user_ids"].clone()
    }
}

fn length(list: &Value) -> usize {
    list.as_array().unwrap().len()
}

/// Each test gets a desk of its own.
macro_rules! quirks {
    ($(async fn $name:ident($desk:ident: &Desk) $body:block)+) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            let db = TestDb::sqlite(migrations()).await;
            let $desk = &Desk::new(&db).await;
            $body
            db.drop_now().await;
        }
    )+};
}

quirks! {
    async fn quirk_37_json_of_an_integration_counts_whatever_its_type_says(desk: &Desk) {
        let body = json!({"workspace_id": desk.team.space, "kind": "thread", "name": "Log"});
        let log = id_of(&desk.team.bo, "v3/integrations/add", body).await;
        let body = json!({"id": log, "thread_id": desk.thread});
        let installed = desk.team.bo.post_json("v3/integrations/install", body).await.ok();
        let url = installed["post_data_url"].as_str().unwrap();
        let path = url.split_once("/api/").unwrap().1;
        let types = ["", "text/plain", "application/x-www-form-urlencoded", "application/octet-stream", JSON];
        for (number, content_type) in types.into_iter().enumerate() {
            let body = Bytes::from(json!({"content": format!("post {number}")}).to_string());
            desk.team.app.nobody().send(Method::POST, path, content_type, body).await.done();
        }
        let path = format!("v3/comments/get?thread_id={}&limit=1", desk.thread);
        let newest = desk.team.bo.get(&path).await.ok();
        assert_eq!((&newest[0]["content"], &newest[0]["creator_name"]), (&json!("post 4"), &json!("Log")));
    }

    async fn quirk_38_a_ping_is_answered_by_json_or_plain_text(desk: &Desk) {
        let (sink, bo) = (Sink::start().await, &desk.team.bo);
        let body = json!({"workspace_id": desk.team.space, "kind": "bot", "name": "Parrot", "url": sink.url("/")});
        let parrot = id_of(bo, "v3/integrations/add", body).await;
        let installed = id_of(bo, "v3/integrations/install", json!({"id": parrot})).await;
        let ping = async || bo.post_json("v3/integrations/ping", json!({"id": installed})).await;
        for (content_type, text) in
            [(JSON, r#"{"content": "pong"}"#), ("text/plain", "pong"), ("text/html", "pong\n")]
        {
            sink.answer(move |_| Answer::Text(200, content_type, text.to_owned()));
            ping().await.done();
        }
        let seen = sink.seen().remove(0);
        assert_eq!(seen.header("content-type"), "application/x-www-form-urlencoded");
        assert_eq!(seen.body, format!("event_type=ping&user_id={}&user_name=Bo+Example", bo.id));
        for (status, text) in [(200, ""), (200, "{}"), (200, "hello"), (500, "pong")] {
            sink.answer(move |_| Answer::Text(status, "text/plain", text.to_owned()));
            ping().await.fails(400, 20);
        }
    }

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

    async fn quirk_22_the_file_is_in_either_part(desk: &Desk) {
        for part in ["file", "file_name"] {
            let answer = upload(&desk.team.ann, &[(part, "a.txt", b"hello")]).await.ok();
            assert_eq!((&answer["file_name"], &answer["file_size"]), (&json!("a.txt"), &json!(5)));
        }
    }

    async fn quirk_23_an_attachment_is_removed_by_its_text_id(desk: &Desk) {
        let ann = &desk.team.ann;
        let file = put(ann, ID, "a.txt", b"hello").await;
        let body = json!({"channel_id": desk.channel, "content": "x", "attachments": [file]});
        let thread = id_of(ann, "v3/threads/add", body).await.to_string();
        let fields = [("attachment_id", ID), ("thread_id", thread.as_str())];
        // The example shows this address, where a file is missing.
        assert_eq!(ann.post_form("v2/attachments/upload", &fields).await.status, 400);
        ann.post_form("v2/attachments/remove", &fields).await.done();
        let thread = ann.get(&format!("v2/threads/getone?id={thread}")).await.ok();
        assert_eq!(thread["attachments"], json!([]));
    }

    async fn quirk_24_an_example_of_removing_a_person_removes_nobody(desk: &Desk) {
        let (ann, space, email) = (&desk.team.ann, desk.team.space.to_string(), &desk.team.bo.email);
        let fields = [("id", space.as_str()), ("email", email.as_str())];
        ann.post_form("v2/workspaces/update_user", &fields).await.fails(400, 19);
        let path = format!("v2/workspaces/get_user_by_email?id={space}&email={email}");
        assert_eq!(ann.get(&path).await.ok()["is_removed"], false);
        ann.post_form("v2/workspaces/remove_user", &fields).await.done();
        assert_eq!(ann.get(&path).await.ok()["is_removed"], true);
    }

    async fn quirk_25_a_link_is_joined_by_its_address_or_its_code(desk: &Desk) {
        let (bo, eve, space) = (&desk.team.bo, &desk.team.eve, desk.team.space);
        let link = bo.post_json("v3/url_join/get_or_create", json!({"workspace_id": space}));
        let link = link.await.ok()["url"].as_str().unwrap().to_owned();
        let code = link.rsplit('/').next().unwrap();
        for given in [&link, code, &format!("{link}/")] {
            let form = [("url_invite_code", given)];
            assert_eq!(eve.post_form("v2/url_join/join_workspace", &form).await.ok()["id"], space.0);
        }
        eve.post_form("v2/url_join/join_workspace", &[("url_invite_code", "17")]).await.fails(404, 105);
    }

    async fn quirk_25_a_loop_in_address_is_an_address_and_no_url(desk: &Desk) {
        let (ann, eve) = (&desk.team.ann, &desk.team.eve);
        let id = desk.thread.to_string();
        let form = [("obj_type", "THREAD"), ("obj_id", id.as_str())];
        let path = "v2/loop_in/get_or_create";
        let first = ann.post_form(path, &form).await.ok()["email"].clone();
        let address = first.as_str().unwrap();
        let (local, domain) = address.split_once('@').unwrap();
        assert!(local.len() >= 32 && domain == "in.example.com", "{address}");
        assert_eq!(ann.post_form(path, &form).await.ok()["email"], first);
        eve.post_form(path, &form).await.fails(404, 108);
        ann.post_form("v2/loop_in/disable", &form).await.done();
        assert_ne!(ann.post_form(path, &form).await.ok()["email"], first);
        let wrong = [("obj_type", "PLANET"), ("obj_id", "1")];
        ann.post_form(path, &wrong).await.fails(400, 20);
    }

    async fn quirk_28_json_without_a_body(desk: &Desk) {
        let ann = &desk.team.ann;
        for call in ["logout", "disconnect_google", "invalidate_token"] {
            let path = format!("v3/users/{call}");
            ann.send(Method::POST, &path, JSON, Bytes::new()).await.ok();
        }
        ann.send(Method::POST, "v3/users/logout", JSON, Bytes::new()).await.fails(403, 200);
        let bo = &desk.team.bo;
        bo.send(Method::GET, "v3/users/get_session_user", JSON, Bytes::new()).await.ok();
    }

    async fn quirk_29_the_filters_of_a_search_have_two_names_each(desk: &Desk) {
        desk.team.app.index().await;
        let (bo, space, ann) = (&desk.team.bo, desk.team.space, desk.team.ann.id);
        let path = format!("v3/search?workspace_id={space}&query=b");
        for (documented, sent) in [
            (format!("from_user_id={}", bo.id), format!("author_ids={}", bo.id)),
            (format!("from_user_id={ann}"), format!("author_ids={ann}")),
            (format!("after_ts={}", SECOND - 1), "date_from=2027-01-15".to_owned()),
            (format!("before_ts={}", SECOND - 1), "date_to=2027-01-14".to_owned()),
            ("limit=1&cursor_mark=".to_owned(), "limit=1&cursor=".to_owned()),
        ] {
            let one = bo.get(&format!("{path}&{documented}")).await.ok();
            assert_eq!(one, bo.get(&format!("{path}&{sent}")).await.ok(), "{documented}");
        }
        let some = bo.get(&format!("{path}&author_ids={}", bo.id)).await.ok();
        let none = bo.get(&format!("{path}&author_ids={ann}")).await.ok();
        assert_eq!((length(&some["items"]), length(&none["items"])), (3, 0));
    }

    async fn quirk_30_empty_text_ends_an_absence(desk: &Desk) {
        let away = json!({"type": "vacation", "date_from": "2027-01-01", "date_to": "2027-02-01"});
        let update = async |away: Value| {
            desk.team.ann.post_json("v3/users/update", json!({"away_mode": away})).await.ok()
        };
        assert_eq!(update(away.clone()).await["away_mode"], away);
        assert_eq!(update(json!("")).await["away_mode"], Value::Null);
    }

    async fn quirk_31_an_id_alone_marks_all_as_read(desk: &Desk) {
        let body = json!({"id": desk.talk});
        desk.team.ann.post_json("v3/conversations/mark_read", body).await.done();
        assert_eq!(desk.unread("conversations").await, json!([]));
    }

    async fn quirk_32_threads_of_a_whole_workspace(desk: &Desk) {
        let path = format!("v3/threads/get?workspace_id={}", desk.team.space);
        assert_eq!(desk.team.ann.get(&path).await.ok()[0]["id"], desk.thread);
        assert_eq!(desk.team.cat.get(&path).await.ok(), json!([desk.team.cat.get(
            &format!("v3/threads/getone?id={}", desk.thread)
        ).await.ok()]), "the channel is public");
    }

    async fn quirk_26_scopes_are_separated_by_commas_or_blanks(desk: &Desk) {
        let app = &desk.team.app;
        let program = oauth::register(app, json!({"redirect_uris": ["https://a.example/"]})).await;
        let browser = oauth::signed_in(app, &desk.team.bo).await;
        for scope in ["user:read,threads:read", "user:read threads:read", "user:read, threads:read"] {
            let fields = [
                ("client_id", program.id.as_str()),
                ("redirect_uri", "https://a.example/"),
                ("scope", scope),
            ];
            let code = oauth::allow(&browser, &fields).await;
            let body = json!({
                "client_id": program.id, "client_secret": program.secret, "code": code,
                "redirect_uri": "https://a.example/",
            });
            let token = app.nobody().post_json("/oauth/token", body).await.ok();
            assert_eq!(token["scope"], "user:read threads:read", "{scope}");
            let client = app.nobody().bearer(token["access_token"].as_str().unwrap());
            client.get("v3/users/get_session_user").await.ok();
            client.get(&format!("v3/threads/getone?id={}", desk.thread)).await.ok();
            client.get("v3/workspaces/get").await.fails(403, 109);
        }
    }

    async fn quirk_27_tokens_are_given_at_two_addresses(desk: &Desk) {
        let app = &desk.team.app;
        let program = oauth::register(app, json!({"redirect_uris": ["https://a.example/"]})).await;
        let browser = oauth::signed_in(app, &desk.team.bo).await;
        for path in ["/oauth/token", "/oauth/access_token"] {
            for json_body in [true, false] {
                let fields = [
                    ("client_id", program.id.as_str()),
                    ("redirect_uri", "https://a.example/"),
                    ("scope", "user:read"),
                ];
                let code = oauth::allow(&browser, &fields).await;
                let fields = [
                    ("client_id", program.id.as_str()),
                    ("client_secret", &program.secret),
                    ("code", &code),
                    ("grant_type", "authorization_code"),
                    ("redirect_uri", "https://a.example/"),
                ];
                let answer = match json_body {
                    true => {
                        let body = fields.map(|(name, value)| (name.to_owned(), json!(value)));
                        app.nobody().post_json(path, Value::from_iter(body)).await
                    }
                    false => app.nobody().post_form(path, &fields).await,
                };
                assert_eq!(answer.ok()["token_type"], "Bearer");
            }
        }
    }

    async fn quirk_33_people_of_a_workspace_under_version_3(desk: &Desk) {
        let (space, bo) = (desk.team.space, desk.team.bo.id);
        let get = async |version: &str| {
            let path = format!("{version}/workspace_users/getone?id={space}&user_id={bo}");
            desk.team.ann.get(&path).await.ok()
        };
        assert_eq!(get("v3").await, get("v4").await);
        // So in a batch, with the vendor's host or ours.
        for host in ["https://api.twist.com", "http://halyard.test"] {
            let url = format!("{host}/api/v3/workspace_users/getone?id={space}&user_id={bo}");
            let requests = json!([{"method": "GET", "url": url}]).to_string();
            let fields = [("requests", requests.as_str()), ("parallel", "true")];
            let answer = desk.team.ann.post_form("v3/batch", &fields).await.ok();
            let body: Value = serde_json::from_str(answer[0]["body"].as_str().unwrap()).unwrap();
            assert_eq!((&answer[0]["code"], body), (&json!(200), get("v3").await));
        }
    }

    async fn quirk_34_seconds_have_a_fraction(desk: &Desk) {
        for (query, found) in [
            (format!("older_than_ts={}.5", SECOND + 1), 3),
            (format!("newer_than_ts={}.5", SECOND + 1), 0),
        ] {
            let path = format!("v3/comments/get?thread_id={}&{query}", desk.thread);
            assert_eq!(length(&desk.team.ann.get(&path).await.ok()), found, "{query}");
        }
            desk.team.app.index().await;
        let (bo, space) = (&desk.team.bo, desk.team.space);
        for (filter, hits) in [("after_ts", 3), ("before_ts", 0)] {
            let path = format!("v3/search?workspace_id={space}&query=b&{filter}={}.5", SECOND - 1);
            assert_eq!(length(&bo.get(&path).await.ok()["items"]), hits, "{filter}");
        }
    }

    async fn quirk_35_from_is_ignored(desk: &Desk) {
        let path = format!("v3/comments/get?thread_id={}&from=2000000000", desk.thread);
        assert_eq!(length(&desk.team.ann.get(&path).await.ok()), 3);
    }

    async fn quirk_36_a_form_that_the_client_lost(desk: &Desk) {
        let (path, text) = ("v3/attachments/upload", "text/plain;charset=UTF-8");
        let body = Bytes::from_static(b"[object FormData]");
        let answer = desk.team.ann.send(Method::POST, path, text, body).await;
        let code = answer.json()["error_code"].as_u64().unwrap();
        assert!(answer.status == 400 && (code == 19 || code == 202), "{code}");
    }

    async fn quirk_39_an_upload_can_be_pasted_into_a_shell_command(desk: &Desk) {
        let parts = [("attachment_id", "", b"".as_slice()), ("file_name", "my text.txt", b"hello")];
        let answer = upload(&desk.team.ann, &parts).await;
        assert!(!answer.ok()["attachment_id"].as_str().unwrap().is_empty());
        let around = str::from_utf8(&answer.bytes).unwrap().replace("my text.txt", "");
        assert!(!around.contains(char::is_whitespace), "{around}");
    }

    async fn quirk_40_every_conversation_call_takes_a_posted_form(desk: &Desk) {
        let talk = desk.talk.to_string();
        for call in ["archive", "unarchive", "mark_read", "mark_unread", "unmute"] {
            let path = format!("v2/conversations/{call}");
            desk.team.ann.post_form(&path, &[("id", &talk)]).await.ok();
        }
    }

    async fn quirk_41_signing_in_ignores_an_old_token(desk: &Desk) {
        let stale = desk.team.app.nobody().bearer("0123456789abcdef0123456789abcdef01234567");
        let fields = [("email", "ann@example.com"), ("password", "correct horse")];
        let user = stale.post_form("v3/users/login", &fields).await.ok();
        assert_eq!(user["id"], desk.team.ann.id.0);
    }

    async fn quirk_42_an_empty_title(desk: &Desk) {
        let channel = desk.channel.to_string();
        let fields = [("channel_id", channel.as_str()), ("title", ""), ("content", "no title")];
        let thread = desk.team.ann.post_form("v3/threads/add", &fields).await.ok();
        assert_eq!((&thread["title"], &thread["content"]), (&json!(""), &json!("no title")));
    }

    async fn quirk_43_lists_in_brackets_and_lists_as_text(desk: &Desk) {
        let (ann, bo, cat) = (desk.team.ann.id, &desk.team.bo, desk.team.cat.id);
        let (talk, first, second) = (desk.talk.to_string(), ann.to_string(), cat.to_string());
        let fields =
            [("id", talk.as_str()), ("user_ids[]", &first), ("user_ids[]", &second)];
        bo.post_form("v3/conversations/remove_users", &fields).await.done();
        assert_eq!(desk.people().await, json!([bo.id]));
        let body = json!({"id": desk.talk, "user_ids": format!("[{first},{second}]")});
        bo.post_json("v3/conversations/add_users", body).await.done();
        assert_eq!(desk.people().await, json!([ann, bo.id, cat]));
    }
}
