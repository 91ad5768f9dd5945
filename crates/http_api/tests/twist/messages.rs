//! Messages in conversations, and their reactions.

use halyard_identity::Scopes;
use halyard_messaging::workspace;
use halyard_platform::on_both_databases;
use serde_json::{Value, json};

use crate::{
    support::{NOW, migrations},
    team::Team,
};

const SECOND: i64 = NOW / 1000;

fn indexes(list: &Value) -> Vec<i64> {
    list.as_array().unwrap().iter().map(|one| one["obj_index"].as_i64().unwrap()).collect()
}

on_both_databases! {
    migrations();

    async fn a_message_from_first_to_last(db: &TestDb) {
        let team = Team::new(db).await;
        let (ann, bo) = (&team.ann, &team.bo);
        let conversation = team.talk(ann, &[bo]).await.id.0;
        let button = json!({
            "action": "open_url", "type": "action", "button_text": "Go", "url": "https://a.test/",
            "message": ""
        });
        let content = format!("Look, [Bo](twist-mention://{})", bo.id);
        // As one community client sends it: ids as text, lists as text inside of JSON, extra keys.
        let added = ann
            .post_json(
                "v3/conversation_messages/add",
                json!({
                    "workspace_id": team.space, "conversation_id": conversation.to_string(),
                    "content": content, "actions": json!([button]).to_string(),
                    "binaryProperties": "data"
                }),
            )
            .await
            .ok();
        let id = added["id"].as_i64().unwrap();
        assert_eq!(added, json!({
            "id": id, "content": content, "creator": ann.id, "creator_name": "Ann Example",
            "conversation_id": conversation, "workspace_id": team.space, "obj_index": 0,
            "attachments": [], "actions": [button], "direct_mentions": [bo.id],
            "direct_group_mentions": [], "reactions": {}, "deleted": false, "is_deleted": false,
            "system_message": null, "posted_ts": SECOND, "last_edited_ts": null, "version": 1
        }));
        let by_id = format!("conversation_messages/getone?id={id}");
        assert_eq!(bo.get(&format!("v3/{by_id}")).await.ok(), added);
        assert_eq!(bo.get(&format!("v2/{by_id}")).await.ok(), json!({
            "id": id, "content": content, "creator": ann.id, "conversation_id": conversation,
            "workspace_id": team.space, "obj_index": 0, "attachments": [], "actions": [button],
            "reactions": {}, "is_deleted": false, "deleted": false, "system_message": null,
            "posted_ts": SECOND, "last_edited_ts": null
        }));

        team.app.app.clock.advance(60_000);
        let number = id.to_string();
        let change = [("id", number.as_str()), ("content", "Never mind")];
        let updated = ann.post_form("v3/conversation_messages/update", &change).await.ok();
        assert_eq!(updated["content"], "Never mind");
        assert_eq!(updated["actions"], json!([button]), "what is not given stays");
        assert_eq!(updated["direct_mentions"], json!([]));
        assert_eq!(
            (&updated["last_edited_ts"], &updated["version"]),
            (&json!(SECOND + 60), &json!(2))
        );
        // The id in the query and no body.
        ann.post_form(&format!("v2/conversation_messages/remove?id={id}"), &[]).await.done();
        ann.post_form(&format!("v3/conversation_messages/remove?id={id}"), &[]).await.done();
        let gone = bo.get(&format!("v3/{by_id}")).await.ok();
        assert_eq!((&gone["deleted"], &gone["is_deleted"]), (&json!(true), &json!(true)));
        assert_eq!((&gone["content"], &gone["actions"]), (&json!(""), &json!([])));
        assert_eq!(bo.get(&format!("v2/{by_id}")).await.ok()["is_deleted"], true);
        let path = format!("v3/conversations/getone?id={conversation}");
        let place = bo.get(&path).await.ok();
        assert_eq!((&place["message_count"], &place["last_obj_index"]), (&json!(0), &json!(0)));
        assert_eq!((&place["last_message"], &place["snippet"]), (&json!(null), &json!("")));
    }

    async fn lists_are_selected_by_index_and_time(db: &TestDb) {
        let team = Team::new(db).await;
        let conversation = team.talk(&team.ann, &[&team.bo]).await.id.0;
        let mut ids = Vec::new();
        for number in 0..6 {
            let body = json!({"conversation_id": conversation, "content": format!("{number}")});
            let added = team.ann.post_json("v3/conversation_messages/add", body).await.ok();
            ids.push(added["id"].as_i64().unwrap());
            team.app.app.clock.advance(1_000);
        }
        let list = async |query: &str| {
            let path =
                format!("v3/conversation_messages/get?conversation_id={conversation}&{query}");
            team.bo.get(&path).await
        };
        let third = SECOND + 3;
        for (query, expected) in [
            ("", vec![5, 4, 3, 2, 1, 0]),
            ("order_by=ASC", vec![0, 1, 2, 3, 4, 5]),
            ("limit=2", vec![5, 4]),
            ("limit=2&order_by=asc", vec![0, 1]),
            ("from_obj_index=2&to_obj_index=4&order_by=asc", vec![2, 3, 4]),
            ("to_obj_index=2", vec![2, 1, 0]),
            ("from_obj_index=4&cursor=abc", vec![5, 4]),
            ("from_obj_index=9", vec![]),
            (&format!("newer_than_ts={third}"), vec![5, 4]),
            (&format!("older_than_ts={third}"), vec![2, 1, 0]),
        ] {
            assert_eq!(indexes(&list(query).await.ok()), expected, "{query}");
        }
        let some = list("as_ids=true&limit=2").await.ok();
        assert_eq!(some, json!([ids[5], ids[4]]));
        list("limit=501").await.fails(400, 20);
        // As forms, under both names of the conversation, in both versions.
        let number = conversation.to_string();
        for version in ["v2", "v3"] {
            for name in ["conversation_id", "id"] {
                let path = format!("{version}/conversation_messages/get");
                let fields = [(name, number.as_str()), ("limit", "3"), ("to_obj_index", "4")];
                let found = team.bo.post_form(&path, &fields).await.ok();
                assert_eq!(indexes(&found), [4, 3, 2]);
            }
        }
        team.bo.get("v3/conversation_messages/get").await.fails(400, 19);
    }

    async fn what_cannot_be_written_is_refused(db: &TestDb) {
        let team = Team::new(db).await;
        let conversation = team.talk(&team.ann, &[&team.bo]).await.id.0;
        let add = async |fields: Value| {
            let mut body = json!({"conversation_id": conversation});
            body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            team.ann.post_json("v3/conversation_messages/add", body).await
        };
        add(json!({})).await.fails(400, 19);
        add(json!({"content": " \n"})).await.fails(400, 20);
        add(json!({"content": "x".repeat(15_001)})).await.fails(400, 20);
        add(json!({"content": "a\u{0}b"})).await.fails(400, 20);
        add(json!({"content": "x", "attachments": "[1]"})).await.fails(400, 118);
        add(json!({"content": "x", "attachments": [{"url": "u"}]})).await.fails(400, 118);
        add(json!({"content": "x", "actions": [{"type": "action"}]})).await.fails(404, 133);
        add(json!({"content": "x", "actions": "no"})).await.fails(404, 133);
        let added = add(json!({"content": "x".repeat(15_000)})).await.ok();
        let id = added["id"].clone();

        let update = async |body: Value| {
            team.ann.post_json("v2/conversation_messages/update", body).await
        };
        // The vendor's example names the conversation instead of the message. Nothing says which
        // message is meant, so it is the documented error.
        let error = update(json!({"conversation_id": conversation, "content": "y"})).await;
        assert_eq!(error.fails(400, 19)["error_extra"]["argument"], "id");
        update(json!({"id": id, "content": ""})).await.fails(400, 20);
        update(json!({"id": id, "content": "x".repeat(15_001)})).await.fails(400, 20);
        let path = "v3/conversation_messages/update";
        let theirs = json!({"id": id, "content": "mine"});
        team.bo.post_json(path, theirs).await.fails(403, 109);
        let path = format!("v3/conversation_messages/remove?id={id}");
        team.bo.get(&path).await.fails(403, 109);
        team.ann.get(&path).await.done();
        update(json!({"id": id, "content": "again"})).await.fails(403, 109);
    }

    async fn reactions_belong_to_people(db: &TestDb) {
        let team = Team::new(db).await;
        let conversation = team.talk(&team.ann, &[&team.bo]).await.id.0;
        let body = json!({"conversation_id": conversation, "content": "x"});
        let id = team.ann.post_json("v3/conversation_messages/add", body).await.ok()["id"].clone();
        let react = json!({"message_id": id, "reaction": "👍", "thread_id": 0});
        for person in [&team.ann, &team.bo, &team.bo] {
            person.post_json("v3/reactions/add", react.clone()).await.done();
        }
        let (ann, bo) = (team.ann.id, team.bo.id);
        let get = async || {
            // Documented as POST.
            let by_post = team.bo.post_json("v2/reactions/get", json!({"message_id": id})).await;
            let by_get = team.bo.get(&format!("v3/reactions/get?message_id={id}")).await;
            assert_eq!(by_post.ok(), by_get.ok());
            by_get.ok()
        };
        assert_eq!(get().await, json!({"👍": [ann, bo]}));
        let path = format!("v3/conversation_messages/getone?id={id}");
        assert_eq!(team.bo.get(&path).await.ok()["reactions"], json!({"👍": [ann, bo]}));
        team.ann.post_json("v3/reactions/remove", react.clone()).await.done();
        assert_eq!(get().await, json!({"👍": [bo]}));
        team.cat.post_json("v3/reactions/add", react.clone()).await.fails(404, 125);
        team.eve.post_json("v3/reactions/get", react.clone()).await.fails(404, 125);
        let odd = json!({"message_id": id, "reaction": "two words"});
        team.ann.post_json("v3/reactions/add", odd).await.fails(401, 122);

        let space = team.space;
        team.app.act(ann, move |tx, actor| workspace::remove(tx, actor, space)).await;
        for person in [&team.ann, &team.bo] {
            person.post_json("v3/reactions/get", react.clone()).await.fails(404, 125);
            person.post_json("v3/reactions/add", react.clone()).await.fails(404, 125);
            person.get(&path).await.fails(404, 125);
        }
    }

    async fn nobody_else_reads_or_writes_messages(db: &TestDb) {
        let team = Team::new(db).await;
        let conversation = team.talk(&team.bo, &[&team.cat, &team.rae]).await.id.0;
        let body = json!({"conversation_id": conversation, "content": "x"});
        let add = "v3/conversation_messages/add";
        let own = team.rae.post_json(add, body.clone()).await.ok()["id"].clone();
        team.dismiss_rae().await;
        for person in [&team.ann, &team.gus, &team.rae, &team.eve] {
            for version in ["v2", "v3"] {
                for call in ["getone?", "update?content=y&", "remove?"] {
                    let path = format!("{version}/conversation_messages/{call}id={own}");
                    person.post_form(&path, &[]).await.fails(404, 125);
                }
            }
            person.post_json(add, body.clone()).await.fails(404, 124);
            let path = format!("v3/conversation_messages/get?conversation_id={conversation}");
            person.get(&path).await.fails(404, 124);
        }
        let token = team.app.token(team.bo.id, Scopes::parse("messages:write").unwrap()).await;
        let writer = team.app.nobody().bearer(&token);
        let id = writer.post_json(add, body).await.ok()["id"].clone();
        let path = format!("v3/conversation_messages/remove?id={id}");
        writer.get(&path).await.fails(403, 109);
        team.bo.get(&path).await.done();
    }

    async fn a_repeated_request_writes_once(db: &TestDb) {
        let team = Team::new(db).await;
        let conversation = team.talk(&team.ann, &[&team.bo]).await.id.0;
        let once = team.ann.header("idempotency-key", "k1");
        let body = json!({"conversation_id": conversation, "content": "once"});
        let first = once.post_json("v3/conversation_messages/add", body.clone()).await.ok();
        assert_eq!(once.post_json("v3/conversation_messages/add", body).await.ok(), first);
        let path = format!("v3/conversation_messages/get?conversation_id={conversation}");
        assert_eq!(indexes(&team.bo.get(&path).await.ok()), [0]);
    }
}
