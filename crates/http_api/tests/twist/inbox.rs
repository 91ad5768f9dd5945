//! The inbox as clients see it.

use halyard_platform::on_both_databases;
use serde_json::{Value, json};

use crate::{support::migrations, team::Team};

fn ids(list: &Value) -> Vec<i64> {
    list.as_array().unwrap().iter().map(|one| one["id"].as_i64().unwrap()).collect()
}

on_both_databases! {
    migrations();

    async fn a_thread_goes_through_an_inbox(db: &TestDb) {
        let team = Team::new(db).await;
        let (ann, bo, space) = (&team.ann, &team.bo, team.space);
        let general = ann.get(&format!("v3/workspaces/getone?id={space}")).await.ok();
        let general = general["default_channel"].clone();
        let mut threads = Vec::new();
        for title in ["One", "Two"] {
            let body = json!({"channel_id": general, "title": title, "content": "x"});
            threads.push(ann.post_json("v3/threads/add", body).await.ok()["id"].as_i64().unwrap());
            // Two that are as old as each other have an order too.
            team.app.app.clock.advance(1_000);
        }
        let (one, two) = (threads[0], threads[1]);
        let get = async |query: &str| bo.get(&format!("v3/inbox/get?workspace_id={space}{query}")).await;
        let list = get("").await.ok();
        assert_eq!(ids(&list), [two, one]);
        assert_eq!((&list[0]["in_inbox"], &list[0]["closed"]), (&json!(true), &json!(false)));
        assert_eq!(ids(&get("&order_by=asc&limit=1").await.ok()), [one]);
        assert_eq!(ids(&get("&archive_filter=archived").await.ok()), [0; 0]);
        let rest = get(&format!("&exclude_thread_ids={two}")).await;
        assert_eq!(ids(&rest.ok()), [one]);
        let count = || async {
            bo.get(&format!("v3/inbox/get_count?workspace_id={space}")).await.ok()
        };
        let before = count().await;
        assert_eq!(before["data"], 2);

        bo.post_json("v3/inbox/archive", json!({"id": one})).await.done();
        assert_eq!(ids(&get("").await.ok()), [two]);
        assert_eq!(ids(&get("&archive_filter=ARCHIVED").await.ok()), [one]);
        assert_eq!(ids(&get("&archive_filter=all").await.ok()), [two, one]);
        let after = count().await;
        assert_eq!(after["data"], 1);
        assert!(after["version"].as_i64() > before["version"].as_i64());
        bo.post_json("v3/inbox/mark_all_read", json!({"workspace_id": space})).await.done();
        assert_eq!(count().await["data"], 0);
        bo.post_json("v3/inbox/unarchive", json!({"id": one})).await.done();
        bo.post_json("v2/inbox/archive_all", json!({"workspace_id": space})).await.done();
        assert_eq!(ids(&bo.get(&format!("v2/inbox/get?workspace_id={space}")).await.ok()), [0; 0]);
        bo.get(&format!("v3/inbox/get?workspace_id={space}&limit=501")).await.fails(400, 20);
        bo.get("v3/inbox/get").await.fails(400, 19);
        bo.get("v3/inbox/get_status").await.fails(404, 110);
    }
}
