//! What administrators do is on record, with who, when and from where.

use halyard_platform::on_both_databases;
use http::Method;
use serde_json::{Value, json};

use crate::{
    support::{Person, migrations},
    team::Team,
};

async fn listed(person: &Person, query: &str) -> Vec<Value> {
    let answer = person.get(&format!("v3/audit/get?{query}")).await.ok();
    answer.as_array().unwrap().clone()
}

fn kinds(entries: &[Value]) -> Vec<&str> {
    entries.iter().map(|entry| entry["kind"].as_str().unwrap()).collect()
}

on_both_databases! {
    migrations();

    async fn acts_are_listed_newest_first(db: &TestDb) {
        let team = Team::new(db).await;
        let (ann, space, cat) = (&team.ann, team.space, team.cat.id);
        let before = listed(ann, &format!("workspace_id={space}&limit=1")).await[0]["id"].as_i64().unwrap();
        ann.post_json("v3/workspaces/update", json!({"id": space, "name": "Ours"})).await.ok();
        let channel = ann.post_json("v3/channels/add", json!({"workspace_id": space, "name": "C"})).await.ok();
        let channel = channel["id"].as_i64().unwrap();
        ann.post_json("v3/channels/archive", json!({"id": channel})).await.done();
        ann.post_json("v3/channels/archive", json!({"id": channel})).await.done();
        ann.post_json("v3/channels/remove", json!({"id": channel})).await.done();
        let role = json!({"id": space, "user_id": cat, "user_type": "ADMIN"});
        ann.post_json("v3/workspace_users/update", role).await.ok();
        ann.post_json("v3/workspace_users/remove", json!({"id": space, "user_id": cat})).await.done();
        ann.post_json("v3/url_join/get_or_create", json!({"workspace_id": space})).await.ok();
        ann.post_json("v3/url_join/get_or_create", json!({"workspace_id": space})).await.ok();
        ann.post_json("v3/url_join/disable", json!({"workspace_id": space})).await.done();
        let all = listed(ann, &format!("workspace_id={space}&limit=500")).await;
        let new: Vec<Value> = all.iter().filter(|entry| entry["id"].as_i64().unwrap() > before).cloned().collect();
        let expected = [
            "join_link_ended", "join_link_made", "member_removed", "member_role", "channel_removed",
            "channel_archived", "workspace_updated",
        ];
        assert_eq!(kinds(&new), expected);
        assert_eq!(new[3]["detail"], json!({"role": "admin", "role_before": "user"}));
        assert_eq!(new[3]["subject"], format!("user:{cat}"));
        assert!(new.iter().all(|entry| entry["user_id"] == json!(ann.id) && entry["workspace_id"] == json!(space)));
        // Page after page.
        let first = listed(ann, &format!("workspace_id={space}&limit=3")).await;
        let last = first[2]["id"].as_i64().unwrap();
        let second = listed(ann, &format!("workspace_id={space}&limit=4&before_id={last}")).await;
        assert_eq!([kinds(&first), kinds(&second)].concat(), expected);
    }

    async fn members_accounts_are_on_record_and_those_of_others_are_not(db: &TestDb) {
        let team = Team::new(db).await;
        let (ann, space) = (&team.ann, team.space);
        for person in [&team.bo, &team.eve] {
            person.post_json("v3/users/invalidate_token", json!({})).await.ok();
        }
        let entries = listed(ann, &format!("workspace_id={space}")).await;
        let accounts: Vec<&Value> = entries.iter().filter(|entry| entry["kind"] == "tokens_revoked").collect();
        assert_eq!(accounts.len(), 1);
        assert_eq!(accounts[0]["account_id"], json!(team.bo.id));
        assert_eq!(accounts[0]["workspace_id"], Value::Null);
        let text = serde_json::to_string(&entries).unwrap();
        assert!(!text.contains(&team.bo.token), "no secret is on record");
        team.dismiss_rae().await;
    }

    async fn admins_set_for_how_long_a_channel_keeps_threads(db: &TestDb) {
        let team = Team::new(db).await;
        let (ann, bo, space) = (&team.ann, &team.bo, team.space);
        let channel = ann.get(&format!("v3/channels/get?workspace_id={space}")).await.ok()[0]["id"].as_i64().unwrap();
        let path = format!("app/v1/channels/{channel}/retention");
        let put = |person: &Person, body: Value| {
            let (client, path) = ((**person).clone(), path.clone());
            async move { client.send(Method::PUT, &path, "application/json", body.to_string().into()).await }
        };
        assert_eq!(put(ann, json!({"days": 30})).await.ok(), json!({"days": 30}));
        assert_eq!(ann.get(&path).await.ok(), json!({"days": 30}));
        assert_eq!(put(bo, json!({"days": 30})).await.status, 403);
        assert_eq!(put(&team.eve, json!({"days": 30})).await.status, 404);
        assert_eq!(put(ann, json!({"days": 0})).await.status, 400);
        assert_eq!(put(ann, json!({})).await.status, 400, "nothing is not never");
        assert_eq!(bo.get(&path).await.status, 403);
        let newest = &listed(ann, &format!("workspace_id={space}&limit=1")).await[0];
        assert_eq!(newest["kind"], "channel_retention");
        assert_eq!((&newest["detail"]["days"], &newest["detail"]["days_before"]), (&json!(30), &Value::Null));
        assert_eq!(put(ann, json!({"days": null})).await.ok(), json!({"days": null}));
    }
}
