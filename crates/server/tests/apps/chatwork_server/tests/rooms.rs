use axum::http::Method;
use serde_json::json;

use super::Fixture;
use crate::chatwork_server::{Fault, Limits, Role};

#[tokio::test]
async fn messages_are_fetched_once_unless_forced_and_nothing_is_no_content() {
    let f = Fixture::new().await;
    let messages = f.in_room("/messages/");
    assert_eq!(f.get(f.ann, &messages).await.status, 204);
    let body = [("body", "Good morning [To:1] あ")];
    let posted = f.call(f.ann, Method::POST, &messages, &body).await;
    assert_eq!(posted.status, 200);
    let id = posted.body["message_id"].as_str().unwrap();
    assert!(id.len() > 16, "more digits than a double holds: {id}");

    let first = f.get(f.bob, &messages).await;
    assert_eq!(first.body[0]["body"], body[0].1);
    assert_eq!(first.body[0]["account"]["account_id"], f.ann);
    assert_eq!(f.get(f.bob, &messages).await.status, 204);
    assert_eq!(f.get(f.bob, &format!("{messages}?force=1")).await.body, first.body);
    assert_eq!(f.get(f.bob, &f.in_room(&format!("/messages/{id}"))).await.body, first.body[0]);
    assert_eq!(f.get(f.bob, &f.in_room("/messages/5")).await.status, 404);
}

#[tokio::test]
async fn parameters_of_a_post_count_in_the_form_only() {
    let f = Fixture::new().await;
    let path = f.in_room("/messages");
    let in_query = f.call(f.ann, Method::POST, &format!("{path}?body=x"), &[]).await;
    assert_eq!(in_query.status, 400);
    assert_eq!(in_query.body, json!({ "errors": ["Parameter 'body' is required"] }));
    let long = "x".repeat(65_536);
    assert_eq!(f.call(f.ann, Method::POST, &path, &[("body", &long)]).await.status, 400);
    assert_eq!(f.call(f.ann, Method::POST, &path, &[("body", &long[1..])]).await.status, 200);
}

#[tokio::test]
async fn unread_messages_and_mentions_are_counted_for_each_member() {
    let f = Fixture::new().await;
    let path = f.in_room("/messages");
    let to_bob = format!("[To:{}] look", f.bob);
    for body in ["one", &to_bob, "three"] {
        f.call(f.ann, Method::POST, &path, &[("body", body), ("self_unread", "0")]).await;
    }
    f.call(f.ann, Method::POST, &path, &[("body", "kept"), ("self_unread", "1")]).await;
    let counts = async |by| {
        let room = f.get(by, &f.in_room("")).await.body;
        (room["unread_num"].as_u64().unwrap(), room["mention_num"].as_u64().unwrap())
    };
    assert_eq!((counts(f.ann).await, counts(f.bob).await), ((1, 0), (4, 1)));
    let status = f.get(f.bob, "/v2/my/status").await.body;
    assert_eq!((&status["unread_num"], &status["unread_room_num"]), (&json!(4), &json!(1)));
    let read = f.call(f.bob, Method::PUT, &f.in_room("/messages/read"), &[]).await;
    assert_eq!(read.body, json!({ "unread_num": 0, "mention_num": 0 }));
    assert_eq!(f.call(f.bob, Method::PUT, &f.in_room("/messages/read"), &[]).await.status, 400);
    let id = f.get(f.bob, &format!("{path}?force=1")).await.body[1]["message_id"].clone();
    let form = [("message_id", id.as_str().unwrap())];
    let unread = f.call(f.bob, Method::PUT, &f.in_room("/messages/unread"), &form).await;
    assert_eq!(unread.body, json!({ "unread_num": 3, "mention_num": 1 }));
}

#[tokio::test]
async fn a_room_that_one_is_not_in_is_refused_and_readers_do_not_write() {
    let f = Fixture::new().await;
    let (cat, other) = {
        let mut world = f.server.world();
        let cat = world.add_account("Cat");
        (cat, world.add_group("Other", &[(f.ann, Role::Admin), (cat, Role::Readonly)]))
    };
    assert_eq!(f.get(cat, &f.in_room("")).await.status, 403);
    assert_eq!(f.get(cat, "/v2/rooms/999999").await.status, 403);
    let path = format!("/v2/rooms/{other}");
    assert_eq!(f.get(cat, &path).await.body["role"], "readonly");
    let refused = f.call(cat, Method::POST, &format!("{path}/messages"), &[("body", "x")]).await;
    assert_eq!(refused.status, 403);
    let text = "You don't have permission to send/edit message.";
    assert_eq!(refused.body, json!({ "errors": [text] }));
    assert_eq!(f.call(cat, Method::PUT, &path, &[("name", "Mine")]).await.status, 403);
    let delete = [("action_type", "delete")];
    assert_eq!(f.call(cat, Method::DELETE, &path, &delete).await.status, 403);
    let leave = format!("{path}?action_type=leave");
    assert_eq!(f.call(cat, Method::DELETE, &leave, &[]).await.status, 204);
    assert_eq!(f.get(cat, &path).await.status, 403);
    assert_eq!(f.call(f.ann, Method::DELETE, &path, &delete).await.status, 204);
    assert!(f.server.world().room(other).is_none());
}

#[tokio::test]
async fn a_group_is_made_of_contacts_and_its_members_are_replaced_as_a_whole() {
    let f = Fixture::new().await;
    let bob = f.bob.to_string();
    let ann = f.ann.to_string();
    let form = [("name", "New"), ("members_admin_ids", &*ann), ("members_member_ids", &*bob)];
    assert_eq!(f.call(f.ann, Method::POST, "/v2/rooms", &form).await.status, 400, "no contact");
    f.server.world().befriend(f.ann, f.bob);
    let made = f.call(f.ann, Method::POST, "/v2/rooms", &form).await.body["room_id"].clone();
    let path = format!("/v2/rooms/{made}");
    let members = f.get(f.bob, &format!("{path}/members")).await.body;
    assert_eq!((&members[0]["role"], &members[1]["role"]), (&json!("admin"), &json!("member")));

    let both = [("members_admin_ids", &*ann), ("members_member_ids", &*ann)];
    let members = format!("{path}/members");
    assert_eq!(f.call(f.ann, Method::PUT, &members, &both).await.status, 400, "named twice");
    let replaced = f.call(f.ann, Method::PUT, &members, &[("members_admin_ids", &ann)]).await;
    assert_eq!(replaced.body, json!({ "admin": [f.ann], "member": [], "readonly": [] }));
    assert_eq!(f.get(f.bob, &path).await.status, 403);
    let edit = [("icon_preset", "magcup"), ("description", "All of it")];
    assert_eq!(f.call(f.ann, Method::PUT, &path, &edit).await.body, json!({ "room_id": made }));
    let room = f.get(f.ann, &path).await.body;
    assert_eq!((&room["name"], &room["description"]), (&json!("New"), &json!("All of it")));
    assert_eq!(f.call(f.ann, Method::PUT, &path, &[("name", "")]).await.status, 400);
    assert_eq!(f.call(f.ann, Method::PUT, &path, &[("icon_preset", "mug")]).await.status, 400);
}

#[tokio::test]
async fn each_assignee_gets_a_task_of_their_own() {
    let f = Fixture::new().await;
    let tasks = f.in_room("/tasks");
    assert_eq!(f.get(f.ann, &tasks).await.status, 204);
    let to = format!("{},{}", f.ann, f.bob);
    let form = [("body", "Sort"), ("to_ids", &to), ("limit", "1750100000")];
    let made = f.call(f.ann, Method::POST, &tasks, &form).await.body["task_ids"].clone();
    assert_eq!(made.as_array().unwrap().len(), 2);
    let form = [("body", "Later"), ("to_ids", &f.bob.to_string()), ("limit_type", "time")];
    f.call(f.ann, Method::POST, &tasks, &form).await;

    let mine = f.get(f.bob, "/v2/my/tasks").await.body;
    assert_eq!(mine.as_array().unwrap().len(), 2);
    assert_eq!(
        (&mine[0]["limit_type"], &mine[0]["limit_time"]),
        (&json!("time"), &json!(1_750_100_000))
    );
    assert_eq!((&mine[1]["limit_type"], &mine[1]["limit_time"]), (&json!("none"), &json!(0)));
    assert_eq!(mine[0]["room"]["room_id"], f.room);
    let done = format!("{tasks}/{}/status", made[1]);
    assert_eq!(f.call(f.bob, Method::PUT, &done, &[("body", "done")]).await.status, 200);
    let done = f.get(f.ann, &format!("{tasks}?status=done&account_id={}", f.bob)).await.body;
    assert_eq!(done[0]["task_id"], made[1]);
    assert_eq!(
        f.get(f.ann, &format!("{tasks}?account_id={}", f.ann)).await.body[0]["task_id"],
        made[0]
    );
    assert_eq!(f.get(f.ann, &format!("{tasks}/{}", made[0])).await.body["body"], "Sort");
    assert_eq!(f.get(f.ann, &format!("{tasks}?status=lost")).await.status, 400);
}

#[tokio::test]
async fn files_are_loaded_from_an_address_for_half_a_minute() {
    let f = Fixture::new().await;
    let file = f.server.world().upload(f.room, f.bob, "a.txt", b"content");
    let path = f.in_room(&format!("/files/{file}"));
    assert_eq!(f.get(f.ann, &path).await.body.get("download_url"), None);
    let view = f.get(f.ann, &format!("{path}?create_download_url=1")).await.body;
    assert_eq!((&view["filesize"], &view["filename"]), (&json!(7), &json!("a.txt")));
    let url = view["download_url"].as_str().unwrap();
    let load = async || f.client.get(url).send().await.unwrap();
    assert_eq!(load().await.text().await.unwrap(), "content");
    f.clock.advance(30_000);
    assert_eq!(load().await.status(), 404);
    let list = f.in_room(&format!("/files?account_id={}", f.ann));
    assert_eq!(f.get(f.ann, &list).await.status, 204);
}

#[tokio::test]
async fn requests_become_contacts_or_go() {
    let f = Fixture::new().await;
    let (cat, first, second) = {
        let mut world = f.server.world();
        let cat = world.add_account("Cat");
        (cat, world.ask_for_contact(f.bob, f.ann, "Hi"), world.ask_for_contact(cat, f.ann, ""))
    };
    let list = f.get(f.ann, "/v2/incoming_requests").await.body;
    assert_eq!((&list[0]["message"], &list[1]["account_id"]), (&json!("Hi"), &json!(cat)));
    let path = |id| format!("/v2/incoming_requests/{id}");
    assert_eq!(
        f.call(f.bob, Method::PUT, &path(first), &[]).await.status,
        404,
        "not his to accept"
    );
    let contact = f.call(f.ann, Method::PUT, &path(first), &[]).await.body;
    assert_eq!(f.get(f.ann, "/v2/contacts").await.body, json!([contact]));
    let direct = f.get(f.ann, &format!("/v2/rooms/{}", contact["room_id"])).await.body;
    assert_eq!((&direct["type"], &direct["name"]), (&json!("direct"), &json!("Bob")));
    assert_eq!(f.call(f.ann, Method::DELETE, &path(second), &[]).await.status, 204);
    assert_eq!(f.get(f.ann, "/v2/incoming_requests").await.status, 204);
}

#[tokio::test]
async fn calls_and_posts_are_limited() {
    let f = Fixture::new().await;
    f.server.world().limit(Limits { calls: 4, posts: 1 });
    let path = f.in_room("/messages");
    let first = f.call(f.ann, Method::POST, &path, &[("body", "x")]).await;
    assert_eq!(first.header("x-ratelimit-limit"), Some("4"));
    assert_eq!(first.header("x-ratelimit-remaining"), Some("3"));
    let second = f.call(f.ann, Method::POST, &path, &[("body", "x")]).await;
    assert_eq!((second.status, second.header("x-ratelimit-reset")), (429, Some("1750000010")));
    assert_eq!(second.body["errors"][0], "Rate limit for message posting per room exceeded.");
    f.clock.advance(10_000);
    assert_eq!(f.call(f.ann, Method::POST, &path, &[("body", "x")]).await.status, 200);
    let missing = f.call(f.ann, Method::POST, &path, &[]).await;
    assert_eq!((missing.status, missing.header("x-ratelimit-remaining")), (400, Some("0")));
    let over = f.get(f.ann, "/v2/me").await;
    assert_eq!((over.status, over.header("x-ratelimit-reset")), (429, Some("1750000300")));
    assert_eq!(f.get(f.bob, "/v2/me").await.status, 200, "each account has its own");
    f.clock.advance(290_000);
    assert_eq!(f.get(f.ann, "/v2/me").await.status, 200);
}

#[tokio::test]
async fn faults_take_the_place_of_answers_and_requests_can_be_looked_at() {
    let f = Fixture::new().await;
    let path = f.in_room("/messages");
    f.server.fail_next(Fault::says(503, "Busy").with("retry-after", "3"));
    let failed = f.call(f.ann, Method::POST, &path, &[("body", "a b")]).await;
    assert_eq!((failed.status, failed.header("retry-after")), (503, Some("3")));
    assert_eq!(f.get(f.ann, &format!("{path}?force=1")).await.status, 204, "nothing was posted");
    let [post, get] = &f.server.seen()[..] else { panic!("two requests") };
    assert_eq!((&post.method, &post.path), (&Method::POST, &path));
    assert_eq!(post.form(), [("body".to_owned(), "a b".to_owned())]);
    assert_eq!(post.headers["x-chatworktoken"], *f.token(f.ann));
    assert_eq!(get.query(), [("force".to_owned(), "1".to_owned())]);
    f.server.fail_next(Fault::page(502));
    let page = f.request(Method::GET, "/v2/me", &[]).send().await.unwrap();
    assert_eq!(
        (page.status().as_u16(), &page.headers()["content-type"]),
        (502, &"text/html".parse().unwrap())
    );
}
