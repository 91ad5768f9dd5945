//! Where integrations are, and what they may post there.

use super::*;

on_both_databases! {
    migrations();

    async fn an_integration_posts_threads_and_comments_under_its_own_name(db: &TestDb) {
        let team = Team::new(db).await;
        let (bo, nobody) = (&team.bo, team.app.nobody());
        let (channel, thread) = place(&team).await;
        let of_channel = add(&team, bo, json!({"kind": "channel", "description": "Lifts"})).await;
        let installed = install(bo, of_channel, json!({"channel_id": channel})).await;
        let path = post_path(&installed);
        assert!(path.starts_with(&format!("v3/integration_incoming/post_data?install_id={}&install_token={}_", id(&installed), id(&installed))), "{path}");
        assert_eq!(path.rsplit('_').next().unwrap().len(), 32);

        nobody.post_json(&path, json!({"content": "Cargo **landed**", "title": "Quay 7"})).await.done();
        nobody.post_json(&path.replace("v3/", "v2/"), json!({"content": "untitled"})).await.done();
        let found = threads(&team, channel).await;
        let newest = |title: &str| {
            found.as_array().unwrap().iter().find(|one| one["title"] == title).unwrap().clone()
        };
        assert_eq!(newest("Quay 7")["content"], "Cargo **landed**");
        assert_eq!(newest("Crane")["content"], "untitled");
        let bot = newest("Quay 7")["creator"].as_i64().unwrap();
        let path_of_bot = format!("v3/workspace_users/getone?id={}&user_id={bot}", team.space);
        let bot = team.cat.get(&path_of_bot).await.ok();
        assert_eq!((&bot["name"], &bot["bot"]), (&json!("Crane"), &json!(true)));
        assert_eq!(found.as_array().unwrap().len(), 3);
        // It is unread for those in the channel.
        let inbox = team.cat.get(&format!("v3/inbox/get?workspace_id={}", team.space)).await.ok();
        assert!(inbox.as_array().unwrap().iter().any(|one| one["title"] == "Quay 7"), "{inbox}");

        let of_thread = add(&team, bo, json!({"kind": "thread", "name": "Log"})).await;
        let installed = install(bo, of_thread, json!({"thread_id": thread})).await;
        let path = post_path(&installed);
        let once = nobody.header("idempotency-key", "1");
        once.post_json(&path, json!({"content": "Noted", "title": "ignored"})).await.done();
        once.post_json(&path, json!({"content": "Noted", "title": "ignored"})).await.done();
        let comments = team.cat.get(&format!("v3/comments/get?thread_id={thread}")).await.ok();
        assert_eq!(comments.as_array().unwrap().len(), 1);
        assert_eq!((&comments[0]["content"], &comments[0]["creator_name"]), (&json!("Noted"), &json!("Log")));
    }

    async fn only_the_token_of_the_installation_posts(db: &TestDb) {
        let team = Team::new(db).await;
        let (channel, _) = place(&team).await;
        let integration = add(&team, &team.bo, json!({"kind": "channel"})).await;
        let installed = install(&team.bo, integration, json!({"channel_id": channel})).await;
        let (path, nobody) = (post_path(&installed), team.app.nobody());
        let (address, token) = path.split_once("&install_token=").unwrap();
        let content = json!({"content": "x"});
        let last = if token.ends_with('0') { "1" } else { "0" };
        let near = format!("{address}&install_token={}{last}", &token[..token.len() - 1]);
        let bare = format!("{address}&install_token={}", token.split_once('_').unwrap().1);
        let other = path.replace("install_id=", "install_id=9");
        for wrong in [near, bare, other] {
            nobody.post_json(&wrong, content.clone()).await.fails(403, 200);
        }
        nobody.post_json(address, content.clone()).await.fails(400, 19);
        nobody.post_json(&path, json!({"title": "no text"})).await.fails(400, 20);
        nobody.post_json(&path, json!({"content": "x".repeat(15_001)})).await.fails(400, 20);
        assert_eq!(threads(&team, channel).await.as_array().unwrap().len(), 1);

        let only = [("id", id(&installed).to_string())];
        let only = [("id", only[0].1.as_str())];
        team.cat.post_form("v3/integrations/uninstall", &only).await.fails(404, 110);
        team.bo.post_form("v3/integrations/uninstall", &only).await.done();
        nobody.post_json(&path, content).await.fails(403, 200);
        // The bot has left with it.
        let people = team.bo.get(&format!("v3/channels/getone?id={channel}")).await.ok();
        assert_eq!(people["user_ids"], json!([team.bo.id, team.cat.id]));
    }

    async fn members_install_where_they_can_see(db: &TestDb) {
        let team = Team::new(db).await;
        let (channel, thread) = place(&team).await;
        let kind = |kind: &str| json!({"workspace_id": team.space, "name": "X", "kind": kind});
        let (ann, bo, gus) = (&team.ann, &team.bo, &team.gus);
        gus.post_json("v3/integrations/add", kind("channel")).await.fails(403, 109);
        team.eve.post_json("v3/integrations/add", kind("channel")).await.fails(404, 105);
        for missing in ["bot", "command", "report", "rocket"] {
            bo.post_json("v3/integrations/add", kind(missing)).await.fails(400, 20);
        }
        for (field, wrong) in [("url", "http://10.0.0.1/"), ("url", "mailto:a@b"), ("configure_url", "x")] {
            let mut body = kind("channel");
            body[field] = json!(wrong);
            bo.post_json("v3/integrations/add", body).await.fails(400, 20);
        }
        let of_channel = add(&team, bo, json!({"kind": "channel"})).await;
        let call = async |person: &Person, body: Value| {
            person.post_json("v3/integrations/install", body).await
        };
        // The administrator is not in the private channel.
        call(ann, json!({"id": of_channel, "channel_id": channel})).await.fails(404, 107);
        call(gus, json!({"id": of_channel, "channel_id": channel})).await.fails(404, 110);
        call(bo, json!({"id": of_channel, "thread_id": thread})).await.fails(400, 20);
        call(bo, json!({"id": of_channel})).await.fails(400, 20);
        let away = add(&team, bo, json!({"kind": "report", "url": "https://example.com/r"})).await;
        for wrong in ["", "25:00", "9:00"] {
            call(bo, json!({"id": away, "channel_id": channel, "time": wrong})).await.fails(400, 20);
        }
        let scopes = halyard_identity::Scopes::parse("workspaces:write").unwrap();
        let limited = team.app.nobody().bearer(&team.app.token(bo.id, scopes).await);
        let body = json!({"id": of_channel, "channel_id": channel});
        limited.post_json("v3/integrations/install", body).await.fails(403, 109);

        let command = json!({"kind": "command", "url": "https://example.com/c", "command": "/hoist"});
        let hoist = add(&team, bo, command.clone()).await;
        let mut again = json!({"workspace_id": team.space, "name": "X"});
        again.as_object_mut().unwrap().extend(command.as_object().unwrap().clone());
        assert_eq!(bo.post_json("v3/integrations/add", again).await.status, 409);
        install(bo, hoist, json!({})).await;
        assert_eq!(call(bo, json!({"id": hoist})).await.status, 409);

        install(bo, of_channel, json!({"channel_id": channel})).await;
        let list = async |person: &Person| {
            person.get(&format!("v3/integrations/get?workspace_id={}", team.space)).await.ok()
        };
        let (own, others, admins) = (list(bo).await, list(&team.cat).await, list(ann).await);
        let places = |list: &Value| list[0]["installations"].as_array().unwrap().len();
        assert_eq!((places(&own), places(&others), places(&admins)), (1, 0, 1));
        assert!(own[0]["installations"][0]["post_data_url"].is_string());
        assert_eq!(admins[0]["installations"][0]["post_data_url"], Value::Null);
        assert_eq!(list(gus).await, json!([]));

        let integration = [("id", of_channel.to_string())];
        let integration = [("id", integration[0].1.as_str())];
        team.cat.post_form("v3/integrations/remove", &integration).await.fails(403, 109);
        ann.post_form("v3/integrations/remove", &integration).await.done();
        assert_eq!(list(bo).await.as_array().unwrap().len(), 2);
    }
}
