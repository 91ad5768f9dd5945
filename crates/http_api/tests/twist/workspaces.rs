//! Workspaces.

use halyard_messaging::Role;
use halyard_platform::on_both_databases;
use serde_json::{Value, json};

use crate::support::{NOW, PASSWORD, TestApp, migrations};

on_both_databases! {
    migrations();

    async fn both_shapes(db: &TestDb) {
        let app = TestApp::new(db);
        let ann = app.person("ann").await;
        let added = ann.post_json("v3/workspaces/add", json!({"name": "Crew", "color": 4})).await;
        let added = added.ok();
        let id = added["id"].clone();
        assert!(added["default_channel"].is_i64() && added["default_conversation"].is_i64());
        assert_eq!(
            added,
            json!({
                "id": id, "name": "Crew", "creator": ann.id, "color": 4,
                "default_channel": added["default_channel"],
                "default_conversation": added["default_conversation"],
                "plan": "unlimited", "avatar_id": null, "avatar_urls": null,
                "created_ts": NOW / 1000, "version": added["version"],
                "security": {
                    "guests_supported": true, "users_can_install_integrations": true,
                    "users_can_invite": true
                }
            })
        );
        let old = ann.get(&format!("v2/workspaces/getone?id={id}")).await.ok();
        assert_eq!(old["users"][0]["id"], json!(ann.id));
        assert_eq!(old["users"][0]["is_bot"], json!(false));
        assert!(old.get("security").is_none() && old.get("version").is_none(), "{old}");
        assert_eq!(old["created_ts"], added["created_ts"]);

        assert_eq!(ann.get("v3/workspaces/get").await.ok(), json!([added]));
        // One client reads with POST forms.
        assert_eq!(ann.post_form("v2/workspaces/get", &[]).await.ok(), json!([old]));
        assert_eq!(ann.get("v3/workspaces/get_default").await.ok(), added);
    }

    async fn a_workspace_can_be_named_by_a_temporary_id(db: &TestDb) {
        let app = TestApp::new(db);
        let ann = app.person("ann").await;
        let new = json!({"name": "Crew", "temp_id": -5});
        let id = ann.post_json("v3/workspaces/add", new.clone()).await.ok()["id"].clone();
        assert_eq!(ann.get("v3/workspaces/getone?id=-5").await.ok()["id"], id);
        ann.get("v3/workspaces/getone?id=-6").await.fails(404, 111);
        ann.post_json("v3/workspaces/add", new).await.fails(400, 113);
        let positive = json!({"name": "Crew", "temp_id": 5});
        ann.post_json("v3/workspaces/add", positive).await.fails(400, 112);
    }

    async fn a_repeat_with_the_same_key_makes_nothing_new(db: &TestDb) {
        let app = TestApp::new(db);
        let ann = app.person("ann").await;
        let once = ann.header("idempotency-key", "one");
        let first = once.post_json("v3/workspaces/add", json!({"name": "Crew"})).await;
        let again = once.post_json("v3/workspaces/add", json!({"name": "Crew"})).await;
        assert_eq!(first.ok(), again.ok());
        assert_eq!(ann.get("v3/workspaces/get").await.ok().as_array().unwrap().len(), 1);
        let other = ann.header("idempotency-key", "two");
        other.post_json("v3/workspaces/add", json!({"name": "Crew"})).await.ok();
        assert_eq!(ann.get("v3/workspaces/get").await.ok().as_array().unwrap().len(), 2);
    }

    async fn only_admins_change_it(db: &TestDb) {
        let app = TestApp::new(db);
        let ann = app.person("ann").await;
        let id = app.workspace(&ann, "Crew").await.id;
        let bo = app.member(&ann, id, "bo", Role::User).await;
        let eve = app.person("eve").await;
        let change = json!({"id": id, "name": "Hull"});
        assert_eq!(ann.post_json("v3/workspaces/update", change.clone()).await.ok()["name"], "Hull");
        bo.post_json("v3/workspaces/update", change.clone()).await.fails(403, 109);
        eve.post_json("v3/workspaces/update", change).await.fails(404, 105);
        ann.post_json("v3/workspaces/update", json!({"name": "x"})).await.fails(400, 19);
        ann.post_json("v3/workspaces/update", json!({"id": id, "name": ""})).await.fails(400, 126);
        eve.get(&format!("v3/workspaces/getone?id={id}")).await.fails(404, 105);
        eve.get("v3/workspaces/get_default").await.fails(404, 105);
        assert_eq!(eve.get("v3/workspaces/get").await.ok(), json!([]));
    }

    async fn removing_needs_the_password(db: &TestDb) {
        let app = TestApp::new(db);
        let ann = app.person("ann").await;
        let id = app.workspace(&ann, "Crew").await.id;
        let bo = app.member(&ann, id, "bo", Role::User).await;
        let with = |password: &str| json!({"id": id, "current_password": password});
        ann.post_json("v3/workspaces/remove", json!({"id": id})).await.fails(400, 19);
        ann.post_json("v3/workspaces/remove", with("wrong")).await.fails(400, 104);
        bo.post_json("v3/workspaces/remove", with(PASSWORD)).await.fails(403, 109);
        ann.get(&format!("v3/workspaces/getone?id={id}")).await.ok();
        ann.post_json("v3/workspaces/remove", with(PASSWORD)).await.done();
        bo.get(&format!("v3/workspaces/getone?id={id}")).await.fails(404, 105);
    }

    async fn public_channels_are_listed_joined_or_not(db: &TestDb) {
        let app = TestApp::new(db);
        let ann = app.person("ann").await;
        let id = app.workspace(&ann, "Crew").await.id;
        let bo = app.member(&ann, id, "bo", Role::User).await;
        let eve = app.person("eve").await;
        for (name, public) in [("Open", true), ("Hidden", false)] {
            let new = json!({"workspace_id": id, "name": name, "public": public});
            ann.post_json("v3/channels/add", new).await.ok();
        }
        let path = format!("v3/workspaces/get_public_channels?id={id}");
        let channels = bo.get(&path).await.ok();
        let names: Vec<&Value> =
            channels.as_array().unwrap().iter().map(|channel| &channel["name"]).collect();
        assert_eq!(names, ["General", "Open"]);
        eve.get(&path).await.fails(404, 105);
    }
}
