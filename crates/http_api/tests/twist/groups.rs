//! Groups.

use halyard_identity::Scopes;
use halyard_messaging::Role;
use halyard_platform::on_both_databases;
use serde_json::json;

use crate::support::{TestApp, migrations};

on_both_databases! {
    migrations();

    async fn a_group_from_first_to_last(db: &TestDb) {
        let app = TestApp::new(db);
        let ann = app.person("ann").await;
        let space = app.workspace(&ann, "Crew").await.id.0;
        let bo = app.member(&ann, space.into(), "bo", Role::User).await;
        let added = ann
            .post_json(
                "v3/groups/add",
                json!({"workspace_id": space, "name": "Core", "user_ids": [bo.id], "color": 3}),
            )
            .await
            .ok();
        let id = added["id"].as_i64().unwrap();
        assert!(id > 2, "1 and 2 stand for everyone: {id}");
        assert_eq!(
            added,
            json!({
                "id": id, "name": "Core", "description": null, "color": 3, "user_ids": [bo.id],
                "workspace_id": space, "version": 1
            })
        );
        let by_id = format!("v2/groups/getone?id={id}");
        assert_eq!(bo.get(&by_id).await.ok(), added);
        for list in ["workspace_id", "id"] {
            let groups = bo.get(&format!("v3/groups/get?{list}={space}")).await.ok();
            assert_eq!(groups, json!([added]));
        }

        let (number, ann_id) = (id.to_string(), ann.id.to_string());
        let change = [("id", number.as_str()), ("name", "Hull"), ("description", "Wood")];
        let updated = ann.post_form("v3/groups/update", &change).await.ok();
        assert_eq!(
            [&updated["name"], &updated["description"], &updated["color"]],
            [&json!("Hull"), &json!("Wood"), &json!(3)]
        );
        let clear = json!({"id": id, "description": null});
        assert_eq!(ann.post_json("v3/groups/update", clear).await.ok()["description"], json!(null));

        let both = format!("{},{}", ann.id, bo.id);
        let users = async || ann.get(&by_id).await.ok()["user_ids"].clone();
        let one = [("id", number.as_str()), ("user_id", ann_id.as_str())];
        let two = [("id", number.as_str()), ("user_ids", both.as_str())];
        ann.post_form("v3/groups/add_user", &one).await.done();
        assert_eq!(users().await, json!([ann.id, bo.id]));
        ann.post_form("v3/groups/remove_user", &one).await.done();
        assert_eq!(users().await, json!([bo.id]));
        ann.post_form("v3/groups/add_users", &two).await.done();
        assert_eq!(users().await, json!([ann.id, bo.id]));
        ann.post_form("v3/groups/remove_users", &two).await.done();
        assert_eq!(users().await, json!([]));

        // Some clients post with everything in the query.
        ann.post_form(&format!("v3/groups/remove?id={id}"), &[]).await.done();
        ann.get(&by_id).await.fails(404, 119);
    }

    async fn what_is_refused(db: &TestDb) {
        let app = TestApp::new(db);
        let ann = app.person("ann").await;
        let space = app.workspace(&ann, "Crew").await.id;
        let gus = app.member(&ann, space, "gus", Role::Guest).await;
        let eve = app.person("eve").await;
        let add = json!({"workspace_id": space, "name": "Core"});
        let id = ann.post_json("v3/groups/add", add.clone()).await.ok()["id"].clone();

        eve.get(&format!("v3/groups/getone?id={id}")).await.fails(404, 119);
        eve.get(&format!("v3/groups/get?workspace_id={space}")).await.fails(404, 105);
        eve.post_json("v3/groups/add", add.clone()).await.fails(404, 105);
        gus.post_json("v3/groups/add", add.clone()).await.fails(403, 109);
        ann.post_json("v3/groups/add", json!({"workspace_id": space})).await.fails(400, 19);
        let nameless = json!({"workspace_id": space, "name": " "});
        ann.post_json("v3/groups/add", nameless).await.fails(400, 126);
        let grey = json!({"id": id, "color": 12});
        ann.post_json("v3/groups/update", grey).await.fails(400, 20);
        let stranger = json!({"id": id, "user_id": eve.id});
        ann.post_json("v3/groups/add_user", stranger).await.fails(404, 106);

        let reader = app.token(ann.id, Scopes::parse("groups:write").unwrap()).await;
        let reader = app.nobody().bearer(&reader);
        reader.get(&format!("v3/groups/getone?id={id}")).await.ok();
        let refused = reader.post_json("v3/groups/remove", json!({"id": id})).await.fails(403, 109);
        assert_eq!(refused["error_extra"], json!({"scope": "groups:remove"}));
        app.nobody().get(&format!("v3/groups/getone?id={id}")).await.fails(403, 200);
        app.nobody().bearer("no").get(&format!("v3/groups/getone?id={id}")).await.fails(403, 200);
    }
}
