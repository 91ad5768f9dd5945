//! What subscribers are told, and who is told nothing.

use super::*;

on_both_databases! {
    migrations();

    async fn a_comment_reaches_its_subscriber_signed_and_can_be_looked_up(db: &TestDb) {
        let desk = Desk::new(db).await;
        let hook = desk.subscribe(&desk.team.cat, "comment_added").await;
        assert_eq!((&hook["status"], hook["id"].is_i64()), (&json!("ok"), true));
        let thread = desk.thread("T").await;
        let comment = desk.comment(thread, "Ahoy").await;
        let seen = desk.sink.wait_for(1).await.remove(0);
        verify(&seen, hook["secret"].as_str().unwrap());
        assert_eq!(seen.header("content-type"), "application/json");
        // The object as the subscriber gets it from the API.
        let path = format!("v3/comments/getone?id={comment}");
        assert_eq!(seen.json(), desk.team.cat.get(&path).await.ok()["comment"]);

        let delivery = desk.until(&desk.team.cat, &hook, &["delivered"]).await.remove(0);
        assert_eq!(delivery["attempts"], 1);
        assert_eq!(delivery["response_status"], 200);
        assert_eq!(delivery["webhook_id"], seen.header("webhook-id"));
        assert!(delivery["request"].as_str().unwrap().contains("webhook-signature: v1,"));
        assert!(delivery["took_ms"].is_i64() && delivery["ended_ts"].is_i64(), "{delivery}");
        let listed = desk.team.cat.get("v3/hooks/get").await.ok();
        assert_eq!((listed[0]["id"].clone(), listed[0]["failures"].clone()), (hook["id"].clone(), json!(0)));
        assert!(listed[0].get("secret").is_none());

        // Others see neither the subscription nor its deliveries.
        let path = format!("v3/hooks/get_deliveries?id={}", id(&hook));
        desk.team.bo.get(&path).await.fails(404, 110);
        assert_eq!(desk.team.bo.get("v3/hooks/get").await.ok(), json!([]));

        let cancel = [("target_url", desk.sink.url("/hook"))];
        let cancel = [(cancel[0].0, cancel[0].1.as_str())];
        desk.team.cat.post_form("v3/hooks/unsubscribe", &cancel).await.done();
        let other = desk.subscribe(&desk.team.cat, "comment_updated").await;
        desk.comment(thread, "Nobody listens").await;
        let change = json!({"id": comment, "content": "Ahoy!"});
        desk.team.bo.post_json("v3/comments/update", change).await.ok();
        assert_eq!(texts(&desk.sink.wait_for(2).await), ["Ahoy", "Ahoy!"]);
        assert_ne!(other["id"], hook["id"]);
        desk.stop().await;
    }

    async fn every_event_fires(db: &TestDb) {
        let desk = Desk::new(db).await;
        let (ann, team) = (&desk.team.ann, &desk.team);
        for kind in KINDS {
            let name = kind.name();
            subscribe(ann, &desk.sink.url(&format!("/{name}")), name, json!({})).await;
        }
        // Each step waits for its event: what is gone by then could not be told of.
        let post = async |event: &str, path: &str, body: Value| {
            let answer = ann.post_json(&format!("v3/{path}"), body).await.ok();
            let path = format!("/{event}");
            eventually(event, || async { desk.sink.seen().iter().any(|one| one.path == path) }).await;
            answer
        };
        let space = id(&post("workspace_added", "workspaces/add", json!({"name": "Dock"})).await);
        post("workspace_updated", "workspaces/update", json!({"id": space, "name": "Docks"})).await;
        let dan = json!({"id": space, "email": "dan@example.com", "user_type": "GUEST"});
        post("workspace_user_added", "workspace_users/add", dan.clone()).await;
        let user = json!({"id": space, "email": "dan@example.com", "user_type": "USER"});
        post("workspace_user_updated", "workspace_users/update", user).await;
        post("workspace_user_removed", "workspace_users/remove", dan).await;
        let channel = json!({"workspace_id": team.space, "name": "Rope"});
        let channel = id(&post("channel_added", "channels/add", channel).await);
        let bo = json!({"id": channel, "user_id": team.bo.id});
        post("channel_updated", "channels/update", json!({"id": channel, "name": "Ropes"})).await;
        post("channel_user_added", "channels/add_user", bo.clone()).await;
        post("channel_user_updated", "channels/favorite", json!({"id": channel})).await;
        post("channel_user_removed", "channels/remove_user", bo).await;
        let thread = json!({"channel_id": channel, "title": "T", "content": "x"});
        let thread = id(&post("thread_added", "threads/add", thread).await);
        post("thread_updated", "threads/update", json!({"id": thread, "content": "y"})).await;
        let said = json!({"thread_id": thread, "content": "c"});
        let said = id(&post("comment_added", "comments/add", said).await);
        post("comment_updated", "comments/update", json!({"id": said, "content": "d"})).await;
        post("comment_deleted", "comments/remove", json!({"id": said})).await;
        post("thread_deleted", "threads/remove", json!({"id": thread})).await;
        ann.post_json("v3/channels/archive", json!({"id": channel})).await.done();
        post("channel_deleted", "channels/remove", json!({"id": channel})).await;
        let talk = team.talk(ann, &[&team.bo]).await.id.0;
        let message = json!({"conversation_id": talk, "content": "m"});
        let message = id(&post("message_added", "conversation_messages/add", message).await);
        let change = json!({"id": message, "content": "n"});
        post("message_updated", "conversation_messages/update", change).await;
        post("message_deleted", "conversation_messages/remove", json!({"id": message})).await;
        let group = json!({"workspace_id": team.space, "name": "Riggers"});
        let group = id(&post("group_added", "groups/add", group).await);
        let bo = json!({"id": group, "user_id": team.bo.id});
        post("group_updated", "groups/update", json!({"id": group, "name": "Rigger"})).await;
        post("group_user_added", "groups/add_user", bo.clone()).await;
        let admin = json!({"id": team.space, "user_id": team.bo.id, "user_type": "ADMIN"});
        post("group_user_updated", "workspace_users/update", admin).await;
        post("group_user_removed", "groups/remove_user", bo).await;
        post("group_deleted", "groups/remove", json!({"id": group})).await;
        let end = json!({"id": space, "current_password": PASSWORD});
        post("workspace_deleted", "workspaces/remove", end).await;

        let bodies = desk.sink.seen();
        let fired: BTreeSet<&str> = bodies.iter().map(|one| &one.path[1..]).collect();
        let all: BTreeSet<&str> = KINDS.iter().map(|kind| kind.name()).collect();
        assert_eq!(all, fired);
        let body = |name: &str| {
            bodies.iter().rfind(|one| one.path == format!("/{name}")).map(Seen::json).unwrap()
        };
        assert_eq!(body("thread_deleted"), json!({
            "id": thread, "title": "T", "channel_id": channel, "workspace_id": team.space,
            "creator": ann.id, "deleted": true,
        }));
        assert_eq!(body("comment_deleted")["deleted"], true);
        assert_eq!(body("message_deleted")["deleted"], true);
        assert_eq!(body("channel_deleted")["name"], "Ropes");
        assert_eq!(body("group_deleted")["id"], group);
        assert_eq!(body("workspace_deleted")["id"], space);
        assert_eq!(body("workspace_user_removed")["removed"], true);
        desk.stop().await;
    }

    async fn every_event_tells_of_its_object(db: &TestDb) {
        let desk = Desk::new(db).await;
        let (bo, team) = (&desk.team.bo, &desk.team);
        let thread = desk.thread("T").await;
        let said = desk.comment(thread, "c").await;
        let talk = team.talk(bo, &[&team.ann]).await.id.0;
        let message = json!({"conversation_id": talk, "content": "m"});
        let message = id(&bo.post_json("v3/conversation_messages/add", message).await.ok());
        let group = json!({"workspace_id": team.space, "name": "Riggers"});
        let group = id(&bo.post_json("v3/groups/add", group).await.ok());
        let space = team.space.0;
        for (event, call, body, told) in [
            ("workspace_updated", "workspaces/update", json!({"id": space, "name": "N"}), space),
            ("workspace_user_updated", "users/update", json!({"profession": "Sailor"}), bo.id.0),
            ("channel_updated", "channels/update", json!({"id": desk.channel, "color": 3}), desk.channel),
            ("channel_user_added", "channels/add_user", json!({"id": desk.channel, "user_id": team.ann.id}), desk.channel),
            ("channel_user_updated", "channels/favorite", json!({"id": desk.channel}), desk.channel),
            ("channel_user_deleted", "channels/remove_user", json!({"id": desk.channel, "user_id": team.ann.id}), desk.channel),
            ("thread_updated", "threads/pin", json!({"id": thread}), thread),
            ("comment_updated", "comments/update", json!({"id": said, "content": "d"}), said),
            ("message_updated", "conversation_messages/update", json!({"id": message, "content": "n"}), message),
            ("message_deleted", "conversation_messages/remove", json!({"id": message}), message),
            ("group_updated", "groups/update", json!({"id": group, "name": "R"}), group),
            ("group_user_added", "groups/add_user", json!({"id": group, "user_id": team.cat.id}), group),
            ("group_user_deleted", "groups/remove_user", json!({"id": group, "user_id": team.cat.id}), group),
        ] {
            let path = format!("/{event}");
            subscribe(bo, &desk.sink.url(&path), event, json!({})).await;
            let person = if call.starts_with("workspaces/") { &team.ann } else { bo };
            person.post_json(&format!("v3/{call}"), body).await.ok();
            eventually(event, || async { desk.sink.seen().iter().any(|one| one.path == path) }).await;
            let seen = desk.sink.seen();
            let seen = seen.iter().find(|one| one.path == path).unwrap();
            assert_eq!(id(&seen.json()), told, "{event}: {}", seen.json());
        }
        desk.stop().await;
    }

    async fn nobody_is_told_what_they_may_not_see(db: &TestDb) {
        let desk = Desk::new(db).await;
        let team = &desk.team;
        let thread = desk.thread("T").await;
        // Ann is the administrator, but not in the private channel; Eve is elsewhere.
        for (name, person) in
            [("ann", &team.ann), ("bo", &team.bo), ("cat", &team.cat), ("eve", &team.eve), ("gus", &team.gus), ("rae", &team.rae)]
        {
            subscribe(person, &desk.sink.url(&format!("/{name}")), "comment_added", json!({})).await;
        }
        let with_rae = json!({"id": desk.channel, "user_id": team.rae.id});
        team.bo.post_json("v3/channels/add_user", with_rae).await.done();
        desk.comment(thread, "one").await;
        desk.sink.wait_for(3).await;
        team.dismiss_rae().await;
        let cat = json!({"id": desk.channel, "user_id": team.cat.id});
        team.bo.post_json("v3/channels/remove_user", cat).await.done();
        desk.comment(thread, "two").await;
        desk.sink.wait_for(4).await;
        // Everything has been dealt with, and of what they may not see nothing is listed either.
        eventually("no pending deliveries", || async {
            let pending: Vec<i64> =
                team.app.rows("select count(*) from delivery where status = 'pending'").await;
            pending == [0]
        })
        .await;
        let mut paths: Vec<_> = desk.sink.seen().into_iter().map(|one| one.path).collect();
        paths.sort_unstable();
        assert_eq!(paths, ["/bo", "/bo", "/cat", "/rae"]);
        let listed: Vec<i64> = team.app.rows("select count(*) from delivery").await;
        assert_eq!(listed, [4]);
        desk.stop().await;
    }

    async fn filters_and_scopes_are_checked(db: &TestDb) {
        let desk = Desk::new(db).await;
        let team = &desk.team;
        let (one, two) = (desk.thread("One").await, desk.thread("Two").await);
        let here = desk.sink.url("/here");
        subscribe(&team.bo, &here, "comment_added", json!({"thread_id": two})).await;
        subscribe(&team.bo, &here, "comment_added", json!({"channel_id": desk.channel, "workspace_id": team.space})).await;
        let other = json!({"workspace_id": team.space, "name": "Other"});
        let other = id(&team.bo.post_json("v3/channels/add", other).await.ok());
        subscribe(&team.bo, &desk.sink.url("/never"), "comment_added", json!({"channel_id": other})).await;
        desk.comment(one, "1").await;
        desk.comment(two, "2").await;
        let mut seen = texts(&desk.sink.wait_for(3).await);
        seen.sort_unstable();
        assert_eq!(seen, ["1", "2", "2"]);
        assert!(desk.sink.seen().iter().all(|seen| seen.path == "/here"));

        let subscribe = async |person: &crate::support::Client, event: &str, target: &str| {
            let body = json!({"event_type": event, "target_url": target});
            person.post_json("v3/hooks/subscribe", body).await
        };
        let token = team.app.token(team.bo.id, Scopes::parse("threads:read").unwrap()).await;
        let limited = team.app.nobody().bearer(&token);
        let url = "https://example.com/x";
        subscribe(&limited, "comment_added", url).await.fails(403, 109);
        assert_eq!(subscribe(&limited, "thread_added", url).await.status, 201);
        subscribe(&team.bo, "comment_flown", url).await.fails(400, 20);
        assert_eq!(subscribe(&team.bo, "group_user_updated", url).await.status, 201);
        for wrong in ["example.com", "ftp://example.com", "http://10.0.0.1/x", "https://[::1]/"] {
            subscribe(&team.bo, "comment_added", wrong).await.fails(400, 20);
        }
        subscribe(&team.app.nobody(), "comment_added", url).await.fails(403, 200);
        let hidden = json!({"event": "comment_added", "target_url": url, "channel_id": desk.channel});
        team.ann.post_json("v3/hooks/subscribe", hidden).await.fails(404, 107);
        desk.stop().await;
    }
}
