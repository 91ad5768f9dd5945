//! Conversations.

use halyard_identity::Scopes;
use halyard_platform::on_both_databases;
use serde_json::{Value, json};

use crate::{
    support::{NOW, Person, migrations},
    team::Team,
};

const SECOND: i64 = NOW / 1000;

async fn say(person: &Person, conversation: i64, content: &str) -> i64 {
    let body = json!({"conversation_id": conversation, "content": content});
    let message = person.post_json("v3/conversation_messages/add", body).await.ok();
    message["id"].as_i64().unwrap()
}

/// What version 2 lists as unread.
async fn unread(person: &Person, team: &Team) -> Value {
    person.get(&format!("v2/conversations/get_unread?workspace_id={}", team.space)).await.ok()
}

fn ids(list: &Value) -> Vec<i64> {
    list.as_array().unwrap().iter().map(|one| one["id"].as_i64().unwrap()).collect()
}

on_both_databases! {
    migrations();

    async fn objects_have_the_form_of_their_version(db: &TestDb) {
        let team = Team::new(db).await;
        let (ann, bo, space) = (&team.ann, &team.bo, team.space);
        let start = json!({"workspace_id": space, "user_ids": [bo.id]});
        let fresh = ann.post_json("v3/conversations/get_or_create", start.clone()).await.ok();
        let id = fresh["id"].as_i64().unwrap();
        assert_eq!(fresh, json!({
            "id": id, "workspace_id": space, "creator": ann.id, "user_ids": [ann.id, bo.id],
            "title": null, "private": true, "message_count": 0, "last_obj_index": -1,
            "snippet": "", "snippet_creators": [], "last_active_ts": SECOND, "created_ts": SECOND,
            "muted_until_ts": null, "archived": false, "last_message": null, "version": 1
        }));
        let again = bo.post_json("v3/conversations/get_or_create", json!({
            "workspace_id": space.to_string(), "user_ids": [bo.id, ann.id]
        }));
        assert_eq!(again.await.ok()["id"], id, "the same people, the same conversation");

        team.app.app.clock.advance(5_000);
        let message = say(bo, id, "Hello **you**!").await;
        assert_eq!(ann.get(&format!("v3/conversations/getone?id={id}")).await.ok(), json!({
            "id": id, "workspace_id": space, "creator": ann.id, "user_ids": [ann.id, bo.id],
            "title": null, "private": true, "message_count": 1, "last_obj_index": 0,
            "snippet": "Hello you!", "snippet_creators": [bo.id], "last_active_ts": SECOND + 5,
            "created_ts": SECOND, "muted_until_ts": null, "archived": false,
            "last_message": {
                "id": message, "content": "Hello **you**!", "creator": bo.id,
                "creator_name": "Bo Example", "conversation_id": id, "workspace_id": space,
                "obj_index": 0, "attachments": [], "actions": [], "direct_mentions": [],
                "direct_group_mentions": [], "reactions": {}, "deleted": false,
                "is_deleted": false, "system_message": null, "posted_ts": SECOND + 5,
                "last_edited_ts": null, "version": 1
            },
            "version": 2
        }));
        assert_eq!(ann.get(&format!("v2/conversations/getone?id={id}")).await.ok(), json!({
            "id": id, "name": "Bo Example", "title": null, "is_private": 1, "creator": ann.id,
            "workspace_id": space, "user_ids": [ann.id, bo.id], "message_count": 1,
            "last_obj_index": 0, "snippet": "Hello you!", "snippet_creator": bo.id,
            "snippet_creators": [bo.id], "last_active_ts": SECOND + 5, "muted_until": null,
            "archived": 0, "created_ts": SECOND
        }));
    }

    /// The examples of the vendor's older page. All are curl with `-d`, which posts a form.
    async fn the_vendors_examples_work_as_forms(db: &TestDb) {
        let team = Team::new(db).await;
        let group = team.talk(&team.ann, &[&team.bo, &team.cat]).await.id.0;
        for text in ["one", "two", "three"] {
            say(&team.bo, group, text).await;
        }
        let (id, space) = (group.to_string(), team.space.to_string());
        let (cat, list) = (team.cat.id.to_string(), format!("[{}]", team.cat.id));
        let pair = format!("[{},{}]", team.ann.id, team.bo.id);
        let (id, space, cat) = (id.as_str(), space.as_str(), cat.as_str());
        let examples: &[(&str, &[(&str, &str)])] = &[
            ("getone", &[("id", id)]),
            ("get", &[("workspace_id", space)]),
            ("get_or_create", &[("workspace_id", space), ("user_ids", &pair)]),
            ("update", &[("id", id), ("title", "Title1")]),
            ("add_user", &[("id", id), ("user_id", cat)]),
            ("add_users", &[("id", id), ("user_ids", &list)]),
            ("remove_user", &[("id", id), ("user_id", cat)]),
            ("remove_users", &[("id", id), ("user_ids", &list)]),
            ("archive", &[("id", id)]),
            ("unarchive", &[("id", id)]),
            ("get_unread", &[("id", space)]),
            ("mark_read", &[("conversation_id", id), ("messsage_id", "1")]),
            ("mark_unread", &[("conversation_id", id), ("messsage_id", "1")]),
            ("mute", &[("id", id), ("minutes", "30")]),
            ("unmute", &[("id", id)]),
        ];
        for version in ["v2", "v3"] {
            for (call, fields) in examples {
                // Whoever changes a group has read it; somebody must write again.
                if *call == "get_unread" {
                    say(&team.bo, group, "more").await;
                }
                let path = format!("{version}/conversations/{call}");
                let answer = team.ann.post_form(&path, fields).await.ok();
                match *call {
                    "get" => assert!(ids(&answer).contains(&group), "{answer}"),
                    "get_or_create" => assert_eq!(answer["user_ids"].as_array().unwrap().len(), 2),
                    "get_unread" => assert_eq!(answer.as_array().unwrap().len(), 1, "{answer}"),
                    "getone" | "update" | "mute" | "unmute" => assert_eq!(answer["id"], group),
                    _ => assert_eq!(answer, json!({"status": "ok"}), "{path}"),
                }
            }
        }
    }

    async fn titles_belong_to_groups_and_can_be_taken_away(db: &TestDb) {
        let team = Team::new(db).await;
        let group = team.talk(&team.ann, &[&team.bo, &team.cat]).await.id.0;
        let update = async |body: Value| {
            team.bo.post_json("v2/conversations/update", body).await
        };
        let named = update(json!({"id": group, "title": "Plans"})).await.ok();
        assert_eq!((&named["title"], &named["name"]), (&json!("Plans"), &json!("Plans")));
        let away = update(json!({"id": group, "archived": true})).await.ok();
        assert_eq!((&away["title"], &away["archived"]), (&json!("Plans"), &json!(1)));
        let back = update(json!({"id": group, "title": null, "archived": "False"})).await.ok();
        assert_eq!((&back["title"], &back["archived"]), (&json!(null), &json!(0)));
        assert_eq!(back["name"], "Ann Example, Cat Example");
        assert_eq!(back["is_private"], 0);

        update(json!({"id": group})).await.fails(400, 19);
        update(json!({"title": "Plans"})).await.fails(400, 19);
        update(json!({"id": group, "title": "x".repeat(1_000)})).await.fails(400, 126);
        let pair = team.talk(&team.ann, &[&team.bo]).await.id.0;
        update(json!({"id": pair, "title": "Us"})).await.fails(403, 109);
    }

    async fn people_come_and_go_by_get_and_post(db: &TestDb) {
        let team = Team::new(db).await;
        let (ann, bo, cat) = (&team.ann, &team.bo, &team.cat);
        let group = team.talk(ann, &[bo, cat]).await.id.0;
        let people = async || {
            let group = bo.get(&format!("v3/conversations/getone?id={group}")).await.ok();
            group["user_ids"].clone()
        };
        let (all, two) = (json!([ann.id, bo.id, cat.id]), json!([ann.id, bo.id]));
        for version in ["v2", "v3"] {
            let call = |name: &str, who: String| {
                format!("{version}/conversations/{name}?id={group}&{who}")
            };
            let (one, many) = (format!("user_id={}", cat.id), format!("user_ids={}", cat.id));
            ann.get(&call("remove_user", one.clone())).await.done();
            assert_eq!(people().await, two);
            ann.post_form(&call("add_user", one.clone()), &[]).await.done();
            assert_eq!(people().await, all);
            ann.get(&call("remove_users", many.clone())).await.done();
            assert_eq!(people().await, two);
            ann.post_form(&call("add_users", many), &[]).await.done();
            let both = format!("user_ids[]={}&user_ids[]={}", cat.id, ann.id);
            bo.post_form(&call("remove_users", both), &[]).await.done();
            assert_eq!(people().await, json!([bo.id]));
            let body = json!({"id": group.to_string(), "user_ids": [ann.id, cat.id.to_string()]});
            bo.post_json(&format!("{version}/conversations/add_users"), body).await.done();
            assert_eq!(people().await, all);
        }
        // It is announced in words and as an object.
        let path = "conversation_messages/get?order_by=asc&limit=1&conversation_id=";
        let words = bo.get(&format!("v2/{path}{group}")).await.ok();
        assert_eq!(words[0]["system_message"], "Ann Example removed people from the conversation");
        let object = bo.get(&format!("v3/{path}{group}")).await.ok();
        assert_eq!(object[0]["system_message"]["type"], "USER_REMOVED");
        assert_eq!(object[0]["system_message"]["user_id"], cat.id.0);

        let pair = team.talk(ann, &[bo]).await.id.0;
        for call in ["add_user", "remove_user"] {
            let who = if call == "add_user" { cat.id } else { bo.id };
            let path = format!("v3/conversations/{call}?id={pair}&user_id={who}");
            ann.get(&path).await.fails(403, 109);
        }
        let path = format!("v3/conversations/add_user?id={group}&user_id={}", team.eve.id);
        ann.get(&path).await.fails(404, 106);
    }

    async fn what_is_unread_is_found_by_every_spelling(db: &TestDb) {
        let team = Team::new(db).await;
        let (ann, bo) = (&team.ann, &team.bo);
        let elsewhere = team.talk(bo, &[&team.cat]).await.id.0;
        for text in ["x", "y", "z"] {
            say(bo, elsewhere, text).await;
        }
        let id = team.talk(ann, &[bo]).await.id.0;
        let mut messages = Vec::new();
        for text in ["a", "b", "c"] {
            messages.push(say(bo, id, text).await);
        }
        let (first, last) = (messages[0], messages[2]);
        assert!(first > 2, "the ids of this test are no indexes");
        assert_eq!(unread(ann, &team).await, json!([[id, -1]]));
        let mark = async |call: &str, body: Value| {
            ann.post_json(&format!("v3/conversations/{call}"), body).await
        };
        for (call, body, left) in [
            ("mark_read", json!({"conversation_id": id, "obj_index": 0}), json!([[id, 0]])),
            // Never backwards.
            ("mark_read", json!({"id": id, "obj_index": "-1"}), json!([[id, 0]])),
            ("mark_read", json!({"conversation_id": id, "message_id": last}), json!([])),
            ("mark_unread", json!({"conversation_id": id, "messsage_id": first}), json!([[id, 0]])),
            ("mark_read", json!({"conversation_id": id, "messsage_id": 1}), json!([[id, 1]])),
            ("mark_read", json!({"id": id}), json!([])),
            ("mark_unread", json!({"id": id}), json!([[id, 1]])),
            ("mark_unread", json!({"id": id, "obj_index": -1}), json!([[id, -1]])),
            ("mark_read", json!({"id": id, "obj_index": 99}), json!([])),
            ("mark_unread", json!({"conversation_id": id, "message_id": last}), json!([[id, 1]])),
            ("mark_unread", json!({"conversation_id": id, "message_id": first}), json!([[id, 0]])),
        ] {
            mark(call, body.clone()).await.done();
            assert_eq!(unread(ann, &team).await, left, "{call} {body}");
        }
        mark("mark_read", json!({"id": id, "message_id": last + 1_000})).await.fails(404, 125);
        mark("mark_read", json!({"id": id, "messsage_id": -5})).await.fails(404, 125);
        mark("mark_read", json!({"obj_index": 1})).await.fails(400, 19);
        mark("mark_read", json!({"id": 999_999})).await.fails(404, 124);
        // A read may also come as GET, a change too.
        ann.get(&format!("v2/conversations/mark_read?conversation_id={id}")).await.done();
        assert_eq!(unread(ann, &team).await, json!([]));

        say(bo, id, &format!("[Ann](twist-mention://{})!", ann.id)).await;
        let unread = [("id", team.space.to_string())];
        let unread = ann.post_form("v3/conversations/get_unread", &[("id", &unread[0].1)]).await;
        assert_eq!(
            unread.ok(),
            json!([{"conversation_id": id, "obj_index": 2, "direct_mention": true}])
        );
        ann.get("v3/conversations/get_unread").await.fails(400, 19);
    }

    async fn lists_come_in_pages(db: &TestDb) {
        let team = Team::new(db).await;
        let (ann, space) = (&team.ann, team.space);
        let mut found = Vec::new();
        for others in [vec![&team.bo], vec![&team.cat], vec![&team.bo, &team.cat], vec![&team.gus]] {
            team.app.app.clock.advance(1_500);
            found.push(team.talk(ann, &others).await.id.0);
        }
        let [a, b, c, d] = found[..] else { unreachable!() };
        let active = async |id: i64| {
            let one = ann.get(&format!("v3/conversations/getone?id={id}")).await.ok();
            one["last_active_ts"].as_i64().unwrap()
        };
        let (at_b, at_c) = (active(b).await, active(c).await);
        let list = async |query: &str| {
            // What came with the workspace is older than all of them.
            let path =
                format!("v3/conversations/get?workspace_id={space}&newer_than_ts={SECOND}&{query}");
            ids(&ann.get(&path).await.ok())
        };
        for (query, expected) in [
            (String::new(), vec![d, c, b, a]),
            ("order_by=ASC".to_owned(), vec![a, b, c, d]),
            ("limit=2".to_owned(), vec![d, c]),
            (format!("older_than_ts={at_c}"), vec![b, a]),
            (format!("older_than_ts={at_c}.25&before_id={c}"), vec![b, a]),
            (format!("before_id={c}"), vec![b, a]),
            ("archived=1".to_owned(), vec![]),
        ] {
            assert_eq!(list(&query).await, expected, "{query}");
        }
        let newer = format!("v3/conversations/get?workspace_id={space}&newer_than_ts={at_b}");
        assert_eq!(ids(&ann.get(&newer).await.ok()), [d, c]);
        let after = format!("v3/conversations/get?workspace_id={space}&after_id={b}&order_by=asc");
        assert_eq!(ids(&ann.get(&after).await.ok()), [c, d]);
        assert_eq!(ids(&ann.get(&format!("{after}&newer_than_ts={at_b}")).await.ok()), [c, d]);

        ann.get(&format!("v3/conversations/archive?id={b}")).await.done();
        assert_eq!(list("archived=true").await, [b]);
        assert_eq!(list("archived=false").await, [d, c, a]);
        let other = team.cat.get(&format!("v3/conversations/getone?id={b}")).await.ok();
        assert_eq!(other["archived"], false, "only for who did it");
        team.app.app.clock.advance(1_000);
        say(&team.cat, b, "back").await;
        assert_eq!(list("").await, [b, d, c, a]);
        ann.get(&format!("v3/conversations/archive?id={b}")).await.done();
        ann.get(&format!("v3/conversations/unarchive?id={b}")).await.done();
        assert_eq!(list("").await, [b, d, c, a]);

        for bad in ["limit=501", "limit=-1", "limit=x", "order_by=up", "archived=2"] {
            let path = format!("v3/conversations/get?workspace_id={space}&{bad}");
            ann.get(&path).await.fails(400, 20);
        }
        ann.get("v3/conversations/get").await.fails(400, 19);
        ann.get("v3/conversations/get?workspace_id=999999").await.fails(404, 105);
    }

    async fn a_mute_ends(db: &TestDb) {
        let team = Team::new(db).await;
        let id = team.talk(&team.ann, &[&team.bo]).await.id.0;
        let muted = |version: &str, call: &str| {
            let path = format!("{version}/conversations/{call}?id={id}&minutes=30");
            let ann = &team.ann;
            async move { ann.get(&path).await.ok() }
        };
        assert_eq!(muted("v2", "mute").await["muted_until"], SECOND + 30 * 60);
        assert_eq!(muted("v3", "mute").await["muted_until_ts"], SECOND + 30 * 60);
        assert_eq!(muted("v3", "unmute").await["muted_until_ts"], json!(null));
        muted("v3", "mute").await;
        team.app.app.clock.advance(30 * 60 * 1000);
        assert_eq!(muted("v3", "getone").await["muted_until_ts"], json!(null));
        let path = format!("v3/conversations/mute?id={id}");
        team.ann.get(&path).await.fails(400, 19);
        team.ann.get(&format!("{path}&minutes=0")).await.fails(400, 20);
    }

    async fn nobody_else_sees_or_touches_a_conversation(db: &TestDb) {
        let team = Team::new(db).await;
        let group = team.talk(&team.bo, &[&team.cat, &team.rae]).await.id.0;
        say(&team.rae, group, "hello").await;
        team.dismiss_rae().await;
        let cat = team.cat.id;
        for (who, person) in
            [("admin", &team.ann), ("guest", &team.gus), ("removed", &team.rae), ("foreign", &team.eve)]
        {
            for call in [
                "getone?", "update?title=x&", "archive?", "unarchive?", "mark_read?",
                "mark_unread?", "mute?minutes=1&", "unmute?", "update?archived=true&",
            ] {
                for version in ["v2", "v3"] {
                    let path = format!("{version}/conversations/{call}id={group}");
                    let error = person.post_form(&path, &[]).await.fails(404, 124);
                    assert!(error["error_string"].is_string(), "{who}");
                }
            }
            for call in ["add_user", "remove_user"] {
                let path = format!("v3/conversations/{call}?id={group}&user_id={cat}");
                person.get(&path).await.fails(404, 124);
            }
        }
        let space = team.space;
        let list = format!("v3/conversations/get?workspace_id={space}");
        assert!(!ids(&team.ann.get(&list).await.ok()).contains(&group));
        for person in [&team.rae, &team.eve] {
            person.get(&list).await.fails(404, 105);
            person.get(&format!("v3/conversations/get_unread?workspace_id={space}")).await.fails(404, 105);
            let start = json!({"workspace_id": space, "user_ids": [cat]});
            person.post_json("v3/conversations/get_or_create", start).await.fails(404, 105);
        }
        // A guest writes only to people they know, and cannot put others out.
        let start = json!({"workspace_id": space, "user_ids": [cat]});
        team.gus.post_json("v3/conversations/get_or_create", start).await.fails(404, 106);
        let with = |call: &str, user: i64| {
            format!("v3/conversations/{call}?id={group}&user_id={user}")
        };
        team.bo.get(&with("add_user", team.gus.id.0)).await.done();
        team.gus.get(&with("remove_user", cat.0)).await.fails(403, 109);
        team.gus.get(&with("remove_user", team.gus.id.0)).await.done();

        let token = team.app.token(team.bo.id, Scopes::parse("messages:read").unwrap()).await;
        let reader = team.app.nobody().bearer(&token);
        reader.get(&format!("v3/conversations/getone?id={group}")).await.ok();
        reader.get(&format!("v3/conversations/archive?id={group}")).await.fails(403, 109);
        team.app.nobody().get(&format!("v3/conversations/getone?id={group}")).await.fails(403, 200);
    }
}
