//! People in a workspace, under their three groups of names.

use halyard_messaging::Role;
use halyard_platform::on_both_databases;
use serde_json::{Value, json};

use crate::support::{NOW, TestApp, code_in, migrations};

/// The same calls of version 2 and of version 4: get, by id, by address, info, local time, add,
/// update, remove, resend.
const NAMES: [[&str; 9]; 2] = [
    [
        "v2/workspaces/get_users",
        "v2/workspaces/get_user_by_id",
        "v2/workspaces/get_user_by_email",
        "v2/workspaces/get_user_info",
        "v2/workspaces/get_user_local_time",
        "v2/workspaces/add_user",
        "v2/workspaces/update_user",
        "v2/workspaces/remove_user",
        "v2/workspaces/resend_invite",
    ],
    [
        "v4/workspace_users/get",
        "v4/workspace_users/getone",
        "v4/workspace_users/get_by_email",
        "v4/workspace_users/get_info",
        "v4/workspace_users/get_local_time",
        "v4/workspace_users/add",
        "v4/workspace_users/update",
        "v4/workspace_users/remove",
        "v4/workspace_users/resend_invite",
    ],
];

on_both_databases! {
    migrations();

    async fn shapes_of_versions_2_and_4(db: &TestDb) {
        let app = TestApp::new(db);
        let ann = app.person("ann").await;
        let space = app.workspace(&ann, "Crew").await.id;
        let of = format!("id={space}&user_id={}", ann.id);
        let new = ann.get(&format!("v4/workspace_users/getone?{of}")).await.ok();
        assert_eq!(
            new,
            json!({
                "id": ann.id, "name": "Ann Example", "short_name": "Ann E.", "first_name": "Ann",
                "email": "ann@example.com", "lang": "en", "timezone": "UTC", "bot": false,
                "removed": false, "restricted": false, "user_type": "ADMIN",
                "version": new["version"], "date_format": "YYYY-MM-DD", "time_format": "24",
                "theme": null, "feature_flags": [], "setup_pending": false, "away_mode": null,
                "avatar_id": null, "avatar_urls": null, "contact_info": null, "profession": null,
                "snooze_until": null, "snoozed": false
            })
        );
        assert!(new["version"].is_i64());
        assert_eq!(ann.get(&format!("v3/workspace_users/getone?{of}")).await.ok(), new);
        let old = ann.get(&format!("v2/workspaces/get_user_by_id?{of}")).await.ok();
        assert_eq!(
            old,
            json!({
                "id": ann.id, "name": "Ann Example", "short_name": "Ann E.",
                "email": "ann@example.com", "lang": "en", "timezone": "UTC", "is_bot": false,
                "is_removed": false, "is_snoozed": false, "snooze_until": -1,
                "is_doist_employee": false, "user_type": "ADMIN", "version": old["version"],
                "setup_pending": false, "away_mode": null, "avatar_id": null, "avatar_urls": null,
                "contact_info": null, "profession": null
            })
        );
    }

    async fn every_name_of_every_call(db: &TestDb) {
        let app = TestApp::new(db);
        let ann = app.person("ann").await;
        let space = app.workspace(&ann, "Crew").await.id;
        for (round, names) in NAMES.into_iter().enumerate() {
            let [get, by_id, by_email, info, local_time, add, update, remove, resend] = names;
            let email = format!("new{round}@example.com");
            let add_them = json!({"id": space, "email": email, "name": "New One"});
            let added = ann.post_json(add, add_them.clone()).await.ok();
            assert_eq!((&added["user_type"], &added["name"]), (&json!("USER"), &json!("New One")));
            assert_eq!(added["setup_pending"], json!(true));
            let user = added["id"].clone();
            let sent = app.mails().await;
            let mail = sent.last().unwrap();
            assert_eq!((&mail.to, code_in(mail).len()), (&email, 40));
            assert!(mail.text.contains("http://halyard.test/set-password?code="), "{}", mail.text);
            ann.post_json(add, add_them).await.fails(409, 131);

            let of = format!("id={space}&user_id={user}");
            let query = format!("id={space}&email={email}");
            assert_eq!(ann.get(&format!("{by_id}?{of}")).await.ok(), added);
            assert_eq!(ann.get(&format!("{by_email}?{query}")).await.ok(), added);
            // A community client posts what is documented to be read.
            assert_eq!(ann.post_form(&format!("{by_id}?{of}"), &[]).await.ok(), added);
            let all = ann.get(&format!("{get}?id={space}")).await.ok();
            assert!(all.as_array().unwrap().contains(&added), "{all}");
            let time = ann.get(&format!("{local_time}?{of}")).await.ok();
            assert_eq!(time, json!("2027-01-15 08:00:00"));

            let activity = ann.get(&format!("{info}?{of}")).await.ok();
            let quoted = if round == 0 { "\"2027-01-15 08:00:00\"" } else { "2027-01-15 08:00:00" };
            assert_eq!(
                activity,
                json!({
                    "is_active": false, "latest_activity": [null, -1],
                    "activity": {"mobile": -1, "desktop": -1, "api": -1, "email": -1},
                    "local_time": quoted, "user": added
                })
            );

            let promote = json!({"id": space, "email": email, "user_type": "admin"});
            assert_eq!(ann.post_json(update, promote).await.ok()["user_type"], "ADMIN");
            let demote = json!({"id": space, "user_id": user, "user_type": "GUEST"});
            assert_eq!(ann.post_json(update, demote).await.ok()["user_type"], "GUEST");

            let named = json!({"id": space, "email": email});
            ann.post_json(resend, named.clone()).await.done();
            assert_eq!(app.mails().await.len(), sent.len() + 1);

            ann.post_json(remove, named.clone()).await.done();
            ann.post_json(resend, named).await.fails(404, 106);
            let gone = ann.get(&format!("{by_id}?{of}")).await.ok();
            let removed = if round == 0 { &gone["is_removed"] } else { &gone["removed"] };
            assert_eq!(removed, &json!(true));
        }
    }

    async fn removed_people_stay_in_the_lists(db: &TestDb) {
        let app = TestApp::new(db);
        let ann = app.person("ann").await;
        let space = app.workspace(&ann, "Crew").await.id;
        let bo = app.member(&ann, space, "bo", Role::User).await;
        let named = json!({"id": space, "user_id": bo.id});
        ann.post_json("v4/workspace_users/remove", named).await.done();
        let ids = |list: &Value| -> Vec<i64> {
            list.as_array().unwrap().iter().map(|user| user["id"].as_i64().unwrap()).collect()
        };
        let both = vec![ann.id.0, bo.id.0];
        let path = format!("v4/workspace_users/get?id={space}");
        assert_eq!(ids(&ann.get(&path).await.ok()), both);
        assert_eq!(ids(&ann.get(&format!("{path}&archived=true")).await.ok()), both);
        assert_eq!(ids(&ann.get(&format!("{path}&archived=false")).await.ok()), [ann.id.0]);
        let all = ann.get(&format!("v4/workspace_users/get_ids?id={space}")).await.ok();
        assert_eq!(all, json!(both));
        bo.get(&path).await.fails(404, 105);
    }

    async fn what_is_refused(db: &TestDb) {
        let app = TestApp::new(db);
        let ann = app.person("ann").await;
        let space = app.workspace(&ann, "Crew").await.id;
        let bo = app.member(&ann, space, "bo", Role::User).await;
        let gus = app.member(&ann, space, "gus", Role::Guest).await;
        let eve = app.person("eve").await;
        let add = |email: &str| json!({"id": space, "email": email});
        for names in NAMES {
            let [get, by_id, by_email, info, local_time, new, update, remove, resend] = names;
            eve.get(&format!("{get}?id={space}")).await.fails(404, 105);
            for path in [by_id, info, local_time] {
                ann.get(&format!("{path}?id={space}&user_id={}", eve.id)).await.fails(404, 106);
                eve.get(&format!("{path}?id={space}&user_id={}", ann.id)).await.fails(404, 105);
                ann.get(&format!("{path}?id={space}")).await.fails(400, 19);
            }
            ann.get(&format!("{by_email}?id={space}&email={}", eve.email)).await.fails(404, 132);
            ann.post_json(new, add("x@localhost")).await.fails(400, 103);
            gus.post_json(new, add("n@example.com")).await.fails(403, 109);
            eve.post_json(new, add("n@example.com")).await.fails(404, 105);
            let owner = json!({"id": space, "email": "n@example.com", "user_type": "OWNER"});
            ann.post_json(new, owner).await.fails(400, 20);
            let far = json!({"id": space, "email": "n@example.com", "channel_ids": [987_654]});
            ann.post_json(new, far).await.fails(404, 107);

            let step_down = json!({"id": space, "user_id": ann.id, "user_type": "USER"});
            ann.post_json(update, step_down).await.fails(400, 127);
            let nobody = json!({"id": space, "user_type": "USER"});
            ann.post_json(update, nobody).await.fails(400, 19);
            let lift = json!({"id": space, "user_id": bo.id, "user_type": "ADMIN"});
            bo.post_json(update, lift).await.fails(403, 109);
            let me = json!({"id": space, "user_id": ann.id, "email": ""});
            ann.post_json(remove, me.clone()).await.fails(400, 127);
            bo.post_json(remove, me).await.fails(403, 109);
            ann.post_json(remove, json!({"id": space, "email": ""})).await.fails(400, 19);
            ann.post_json(resend, add(&bo.email)).await.fails(409, 131);
            ann.post_json(resend, add(&eve.email)).await.fails(404, 132);
        }
        assert!(app.mails().await.is_empty(), "nobody was invited");
    }

    async fn somebody_with_an_account_gets_a_mail_without_a_code(db: &TestDb) {
        let app = TestApp::new(db);
        let ann = app.person("ann").await;
        let name = "Crew\r\nBcc: all@example.com";
        let space = app.workspace(&ann, name).await;
        let bo = app.person("bo").await;
        let named = json!({"id": space.id, "email": bo.email, "channel_ids": []});
        let added = ann.post_json("v4/workspace_users/add", named).await.ok();
        assert_eq!((&added["id"], &added["setup_pending"]), (&json!(bo.id), &json!(false)));
        let sent = app.mails().await;
        assert_eq!(sent.len(), 1);
        assert!(!sent[0].text.contains("code="), "{}", sent[0].text);
        assert!(!sent[0].subject.contains(char::is_control), "{:?}", sent[0].subject);
        let joined = bo.get(&format!("v3/channels/get?workspace_id={}", space.id)).await.ok();
        assert_eq!(joined[0]["id"], json!(space.default_channel));
    }

    async fn heartbeats_show_in_the_activity(db: &TestDb) {
        let app = TestApp::new(db);
        let ann = app.person("ann").await;
        let space = app.workspace(&ann, "Crew").await.id;
        let path = format!("v4/workspace_users/get_info?id={space}&user_id={}", ann.id);
        let beat = json!({"workspace_id": space, "platform": "desktop"});
        ann.post_json("v3/users/heartbeat", beat).await.done();
        let seconds = NOW / 1000;
        let active = ann.get(&path).await.ok();
        assert_eq!(active["is_active"], json!(true));
        assert_eq!(active["latest_activity"], json!(["desktop", seconds]));
        assert_eq!(active["activity"]["desktop"], json!(seconds));
        for path_of_reset in ["v3/users/reset_presence", "v2/users/reset_presense"] {
            let beat = json!({"workspace_id": space, "platform": "api"});
            ann.post_json("v3/users/heartbeat", beat).await.done();
            assert_eq!(ann.get(&path).await.ok()["is_active"], json!(true));
            ann.post_json(path_of_reset, json!({"workspace_id": space})).await.done();
            assert_eq!(ann.get(&path).await.ok()["is_active"], json!(false));
        }
        let email = json!({"workspace_id": space, "platform": "email"});
        ann.post_json("v3/users/heartbeat", email).await.fails(400, 20);
        let elsewhere = json!({"workspace_id": 987_654, "platform": "api"});
        ann.post_json("v3/users/heartbeat", elsewhere).await.fails(404, 105);
    }
}
