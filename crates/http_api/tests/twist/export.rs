//! Administrators download what they can see of a workspace.

use halyard_platform::{archive, on_both_databases};
use serde_json::json;

use crate::{support::migrations, team::Team};

on_both_databases! {
    migrations();

    async fn an_export_holds_what_the_admin_can_see(db: &TestDb) {
        let team = Team::new(db).await;
        let (ann, bo, space) = (&team.ann, &team.bo, team.space);
        for (person, public, content) in [(bo, true, "in the open"), (bo, false, "behind a door"), (ann, false, "at my own")] {
            let channel = json!({"workspace_id": space, "name": "C", "public": public});
            let channel = person.post_json("v3/channels/add", channel).await.ok()["id"].clone();
            let thread = json!({"channel_id": channel, "title": "T", "content": content});
            let thread = person.post_json("v3/threads/add", thread).await.ok()["id"].clone();
            let comment = json!({"thread_id": thread, "content": format!("and a comment {content}")});
            person.post_json("v3/comments/add", comment).await.ok();
            person.post_json("v3/threads/star", json!({"id": thread})).await.done();
        }
        for (people, content) in [([bo, &team.cat], "between us"), ([ann, bo], "with the admin")] {
            let talk = team.talk(people[0], &people[1..]).await;
            let message = json!({"conversation_id": talk.id, "content": content});
            people[0].post_json("v3/conversation_messages/add", message).await.ok();
        }
        let path = format!("app/v1/workspaces/{space}/export");
        assert_eq!(bo.get(&path).await.status, 403);
        assert_eq!(team.eve.get(&path).await.status, 404);
        assert_eq!(team.app.nobody().get(&path).await.status, 401);
        let answer = ann.get(&path).await;
        answer.is(200);
        assert!(answer.headers["content-disposition"].to_str().unwrap().starts_with("attachment"));
        let mut text = String::new();
        archive::read(&*answer.bytes, &mut |_, content| content.read_to_string(&mut text).map(|_| ())).unwrap();
        for seen in ["in the open", "and a comment in the open", "at my own", "with the admin", "bo@example.com"] {
            assert!(text.contains(seen), "{seen}");
        }
        for hidden in ["behind a door", "between us", "argon2", &bo.token] {
            assert!(!text.contains(hidden), "{hidden}");
        }
        // What others have starred is theirs.
        let stars = text.lines().filter(|line| line.contains("\"starred_at\":") && !line.contains("\"starred_at\":null"));
        let stars: Vec<&str> = stars.collect();
        assert_eq!(stars.len(), 1, "{stars:?}");
        assert!(stars[0].contains("at my own"));
        let acts = ann.get(&format!("v3/audit/get?workspace_id={space}&limit=1")).await.ok();
        assert_eq!((&acts[0]["kind"], &acts[0]["detail"]["whole"]), (&json!("workspace_exported"), &json!(false)));
    }
}
