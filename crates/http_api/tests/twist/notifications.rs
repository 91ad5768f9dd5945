//! What people are told, how they want to be told, and links by which they join.

use halyard_http_api::Settings;
use halyard_platform::on_both_databases;
use http::Method;
use serde_json::{Value, json};

use crate::{
    support::{Person, TestApp, migrations},
    team::Team,
};

async fn told(person: &Person) -> Vec<(i64, i64)> {
    let answer = person.get("v2/notifications/get").await.ok();
    let list = answer["notifications"].as_array().unwrap().iter();
    list.map(|one| (one["type_id"].as_i64().unwrap(), one["by_user_id"].as_i64().unwrap()))
        .collect()
}

async fn id(person: &Person, path: &str, body: Value) -> i64 {
    person.post_json(path, body).await.ok()["id"].as_i64().unwrap()
}

async fn link(team: &Team) -> String {
    let body = json!({"workspace_id": team.space});
    let answer = team.bo.post_json("v3/url_join/get_or_create", body).await.ok();
    answer["url"].as_str().unwrap().to_owned()
}

on_both_databases! {
    migrations();

    async fn people_who_are_named_are_told(db: &TestDb) {
        let team = Team::new(db).await;
        team.app.index().await;
        let (ann, bo, cat, space) = (&team.ann, &team.bo, &team.cat, team.space);
        let by = ann.id.0;
        // Everybody was told of the workspace and of its first channel.
        assert_eq!(told(bo).await, [(5, by), (3, by)]);
        assert_eq!(told(ann).await, []);
        bo.post_json("v2/notifications/reset", json!({})).await.done();
        let group = json!({"workspace_id": space, "name": "G", "user_ids": [cat.id]});
        let group = id(ann, "v3/groups/add", group).await;
        let channel = json!({"workspace_id": space, "name": "C", "public": false, "user_ids": [bo.id, cat.id]});
        let channel = id(ann, "v3/channels/add", channel).await;
        let thread = json!({"channel_id": channel, "title": "T", "content": "x", "recipients": [bo.id]});
        let thread = id(ann, "v3/threads/add", thread).await;
        let comment = |body: Value| id(ann, "v3/comments/add", body);
        comment(json!({"thread_id": thread, "content": "to nobody by name"})).await;
        comment(json!({"thread_id": thread, "content": "x", "groups": [group]})).await;
        let mention = format!("[Bo](twist-mention://{}) and [me](twist-mention://{by})", bo.id);
        let last = comment(json!({"thread_id": thread, "content": mention})).await;
        team.app.index().await;
        assert_eq!(told(bo).await[..3], [(1, by), (2, by), (5, by)]);
        assert_eq!(told(cat).await[..2], [(1, by), (5, by)]);
        assert_eq!(told(ann).await, [], "nobody is told of what they did");

        let answer = bo.get("v2/notifications/get?limit=1").await.ok();
        let newest = &answer["notifications"][0];
        assert_eq!((&newest["comment_id"], &newest["thread_id"]), (&json!(last), &json!(thread)));
        assert_eq!(newest["posted_ts"], crate::support::NOW / 1000);
        assert!(answer["last_read"].as_i64() < newest["id"].as_i64());
        let read = json!({"notification_id": newest["id"]});
        bo.post_json("v2/notifications/mark_read", read.clone()).await.done();
        assert_eq!(bo.get("v2/notifications/get").await.ok()["last_read"], newest["id"]);
        cat.post_json("v2/notifications/mark_read", read).await.fails(400, 20);

        // Out of the channel, out of sight, and told of it.
        let body = json!({"id": channel, "user_id": bo.id});
        ann.post_json("v3/channels/remove_user", body).await.done();
        team.app.index().await;
        assert_eq!(told(bo).await, [(6, by), (5, by), (5, by), (3, by)]);
        let body = json!({"id": space, "user_id": bo.id});
        ann.post_json("v3/workspaces/remove_user", body).await.done();
        team.app.index().await;
        assert_eq!(told(bo).await[0], (4, by));
    }

    async fn settings_have_defaults_and_change_one_or_many(db: &TestDb) {
        let team = Team::new(db).await;
        let (bo, space) = (&team.bo, team.space);
        for version in ["v3/notifications_settings", "v2/notifications_settings/v2"] {
            let path = format!("{version}/get?workspace_id={space}");
            let get = || bo.get(&path);
            let before = get().await.ok();
            // Those of the vendor documentation, and the digest, which is ours.
            assert_eq!(before.as_object().unwrap().len(), 21);
            assert_eq!((&before["email_comments"], &before["push_delay"]), (&json!(true), &json!(60)));
            let body = json!({"workspace_id": space, "setting": "email_comments", "value": false});
            let after = bo.post_json(&format!("{version}/update"), body).await.ok();
            assert_eq!(after["email_comments"], false);
            let space = space.to_string();
            let form = [("workspace_id", &*space), ("setting", "email_comments"), ("value", "True")];
            bo.post_form(&format!("{version}/update"), &form).await.ok();
            let mapping = r#"{"desktop_threads":"false","push_delay":120}"#;
            let form = [("workspace_id", &*space), ("mapping", mapping)];
            bo.post_form(&format!("{version}/update_many"), &form).await.ok();
            let after = get().await.ok();
            assert_eq!((&after["desktop_threads"], &after["push_delay"]), (&json!(false), &json!(120)));
            assert_eq!(after["email_comments"], true);
            let wrong = json!({"workspace_id": team.space, "mapping": {"push_delay": 60, "nonsense": true}});
            bo.post_json(&format!("{version}/update_many"), wrong).await.fails(400, 20);
            assert_eq!(get().await.ok(), after, "all or none");
            let back = json!({"workspace_id": team.space, "mapping": {"push_delay": 60, "desktop_threads": 1}});
            bo.post_json(&format!("{version}/update_many"), back).await.ok();
        }
        let path = format!("v3/notifications_settings/get?workspace_id={space}");
        assert_eq!(team.cat.get(&path).await.ok()["desktop_threads"], true);
    }

    async fn a_link_lets_people_in_until_it_is_ended(db: &TestDb) {
        let team = Team::new(db).await;
        let (bo, eve, space) = (&team.bo, &team.eve, team.space);
        let get_only = format!("v3/url_join/get_only?workspace_id={space}");
        assert_eq!(bo.get(&get_only).await.ok(), Value::Null);
        let url = link(&team).await;
        assert_eq!((link(&team).await, &bo.get(&get_only).await.ok()["url"]), (url.clone(), &json!(url)));
        let code = url.strip_prefix("http://halyard.test/j/").unwrap().to_owned();
        assert_eq!(code.len(), 32);
        team.gus.get(&get_only).await.fails(403, 109);
        for given in [&url, &code] {
            let body = json!({"url_invite_code": given});
            let joined = eve.post_json("v3/url_join/join_workspace", body).await.ok();
            assert_eq!(joined["id"], space.0);
        }
        let people = format!("v4/workspace_users/getone?id={space}&user_id={}", eve.id);
        assert_eq!(eve.get(&people).await.ok()["user_type"], "USER");
        let channels = eve.get(&format!("v3/channels/get?workspace_id={space}")).await.ok();
        assert_eq!(channels[0]["name"], "General");
        team.dismiss_rae().await;
        let body = json!({"url_invite_code": url});
        team.rae.post_json("v3/url_join/join_workspace", body.clone()).await.fails(403, 109);
        bo.post_json("v3/url_join/disable", json!({"workspace_id": space})).await.done();
        eve.post_json("v3/url_join/join_workspace", body).await.fails(404, 105);
        assert_ne!(link(&team).await, url, "a new link has a new code");
    }

    async fn the_page_of_a_link_joins_and_registers(db: &TestDb) {
        let settings = Settings { open_registration: true, ..Settings::default() };
        let team = Team::on(TestApp::with(db, settings)).await;
        let path = link(&team).await.strip_prefix("http://halyard.test").unwrap().to_owned();
        let nobody = team.app.nobody();
        let text = async |answer: crate::support::Answer| String::from_utf8(answer.bytes.to_vec()).unwrap();
        nobody.get("/j/0123456789abcdef0123456789abcdef").await.is(404);
        let page = text(nobody.get(&path).await).await;
        assert!(page.contains("Join Crew") && page.contains("/sign-in?next=/j/"), "{page}");

        // Somebody who is signed in, here through a session like that of a browser.
        let form = [("email", &*team.eve.email), ("password", crate::support::PASSWORD)];
        let signed_in = nobody.post_form("v3/users/login", &form).await;
        let cookie = signed_in.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        let eve = nobody.header("cookie", &cookie).header("origin", "http://halyard.test");
        assert!(text(eve.get(&path).await).await.contains("Eve Example"));
        let foreign = eve.header("origin", "http://elsewhere.test");
        foreign.post_form(&path, &[]).await.is(403);
        eve.post_form(&path, &[]).await.is(200);
        let workspaces = team.eve.get("v3/workspaces/get").await.ok();
        assert_eq!(workspaces.as_array().unwrap().len(), 2);

        // Somebody without an account.
        let browser = nobody.header("origin", "http://halyard.test");
        let register = format!("{path}/register");
        let fields = [("name", "Fay"), ("email", "fay@example.com"), ("password", "short")];
        browser.post_form(&register, &fields).await.is(422);
        let fields = [("name", "Fay"), ("email", "fay@example.com"), ("password", "long enough")];
        let answer = browser.post_form(&register, &fields).await;
        answer.is(200);
        assert!(answer.headers.contains_key("set-cookie"));
        let joined: Vec<i64> = team.app.rows(
            "select m.user_id from member m join users u on u.id = m.user_id where u.email = 'fay@example.com'",
        ).await;
        assert_eq!(joined.len(), 1);
        browser.post_form(&register, &fields).await.is(422);
        browser.post_form(&path, &[]).await.is(401);
        let closed = TestApp::new(db);
        let page = closed.nobody().send(Method::GET, &path, "", bytes::Bytes::new()).await;
        assert!(!text(page).await.contains("Make an account"));
        let browser = closed.nobody().header("origin", "http://halyard.test");
        browser.post_form(&register, &fields).await.is(403);
    }

    async fn nobody_is_mailed_about_being_added_who_does_not_want_it(db: &TestDb) {
        let team = Team::new(db).await;
        let (ann, bo, space) = (&team.ann, &team.bo, team.space);
        for (wanted, more) in [(true, 1), (false, 0)] {
            let body = json!({"workspace_id": space, "setting": "email_added_to_ws", "value": wanted});
            bo.post_json("v3/notifications_settings/update", body).await.ok();
            let body = json!({"id": space, "user_id": bo.id});
            ann.post_json("v4/workspace_users/remove", body).await.done();
            let before = team.app.mails().await.len();
            let body = json!({"id": space, "email": bo.email});
            ann.post_json("v4/workspace_users/add", body).await.ok();
            assert_eq!(team.app.mails().await.len() - before, more, "{wanted}");
        }
    }
}
