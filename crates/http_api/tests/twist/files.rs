//! Downloads of attachments.

use halyard_identity::Scopes;
use halyard_messaging::workspace;
use halyard_platform::on_both_databases;
use serde_json::json;

use crate::{
    attachments::{GIF, ID, put},
    support::{Answer, migrations},
    team::Team,
};

/// Asserts that a browser saves this and runs nothing of it.
#[track_caller]
fn inert(answer: &Answer, media_type: &str, name: &str) {
    assert_eq!(answer.status, 200);
    let header = |name: &str| answer.headers[name].to_str().unwrap();
    assert_eq!(header("content-type"), media_type);
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(header("content-security-policy"), "default-src 'none'; sandbox");
    assert!(header("cache-control").contains("private"));
    let disposition = header("content-disposition");
    assert!(disposition.starts_with("attachment;") && disposition.contains(name), "{disposition}");
    assert_eq!(header("content-length"), answer.bytes.len().to_string());
}

on_both_databases! {
    migrations();

    async fn files_never_run_in_a_browser(db: &TestDb) {
        let team = Team::new(db).await;
        let ann = &team.ann;
        for (name, content, media_type) in [
            ("page.html", b"<html><script>alert(1)</script>".as_slice(), "text/plain"),
            ("picture.gif", b"<html><script>alert(1)</script>", "application/octet-stream"),
            ("picture.svg", b"<svg onload='alert(1)'/>", "text/plain"),
            ("a.gif", GIF, "image/gif"),
            ("empty.bin", b"", "application/octet-stream"),
        ] {
            let file = put(ann, &name.replace('.', "-"), name, content).await;
            assert_eq!(file["underlying_type"], media_type);
            let path = file["url"].as_str().unwrap().strip_prefix("http://halyard.test").unwrap();
            let answer = ann.get(path).await;
            assert_eq!(answer.bytes, content);
            inert(&answer, media_type, name);
        }
    }

    async fn readers_of_the_post_may_fetch_its_files_and_nobody_else(db: &TestDb) {
        let team = Team::new(db).await;
        let group = team.talk(&team.bo, &[&team.cat, &team.rae]).await.id.0;
        let file = put(&team.bo, ID, "a.gif", GIF).await;
        let path = format!("/files/{ID}/a.gif");
        let seen = async |who: &str| {
            let person = match who {
                "ann" => &team.ann,
                "bo" => &team.bo,
                "cat" => &team.cat,
                "gus" => &team.gus,
                "rae" => &team.rae,
                _ => &team.eve,
            };
            let answer = person.get(&path).await;
            if answer.status == 200 {
                assert_eq!(answer.bytes, GIF);
            } else {
                answer.fails(404, 110);
            }
            answer.status == 200
        };
        for (who, may) in [("bo", true), ("cat", false), ("ann", false), ("eve", false)] {
            assert_eq!(seen(who).await, may, "{who}, before it is attached");
        }
        let body = json!({"conversation_id": group, "attachments": [file]});
        let message = team.bo.post_json("v3/conversation_messages/add", body.clone()).await.ok();
        for (who, may) in [
            ("bo", true), ("cat", true), ("rae", true), ("ann", false), ("gus", false),
            ("eve", false),
        ] {
            assert_eq!(seen(who).await, may, "{who}, while it is attached");
        }
        team.dismiss_rae().await;
        assert!(!seen("rae").await, "no member any more");

        // Tokens in the query, for tags that cannot send headers; scopes count here too.
        let nobody = team.app.nobody();
        assert_eq!(nobody.get(&format!("{path}?token={}", team.cat.token)).await.bytes, GIF);
        nobody.get(&path).await.fails(403, 200);
        let token = team.app.token(team.cat.id, Scopes::parse("messages:read").unwrap()).await;
        nobody.bearer(&token).get(&path).await.fails(403, 109);
        team.cat.get("/files/unknown/a.gif").await.fails(404, 110);
        team.cat.get("/files/..%2f..%2fetc/passwd").await.fails(404, 110);

        let remove = format!("v3/conversation_messages/remove?id={}", message["id"]);
        team.bo.get(&remove).await.done();
        assert!(!seen("cat").await, "gone with the message");
        assert!(seen("bo").await, "still the owner's");

        team.bo.post_json("v3/conversation_messages/add", body).await.ok();
        assert!(seen("cat").await);
        let space = team.space;
        team.app.act(team.ann.id, move |tx, actor| workspace::remove(tx, actor, space)).await;
        assert!(!seen("cat").await, "gone with the workspace");
    }

    async fn files_of_threads_follow_their_channel(db: &TestDb) {
        let team = Team::new(db).await;
        let (ann, bo, cat) = (&team.ann, &team.bo, &team.cat);
        let body = json!({
            "workspace_id": team.space, "name": "Side", "public": false, "user_ids": [bo.id]
        });
        let channel = ann.post_json("v3/channels/add", body).await.ok()["id"].clone();
        let file = put(ann, ID, "a.gif", GIF).await;
        let body = json!({
            "channel_id": channel, "title": "T", "content": "x", "attachments": [file]
        });
        let thread = ann.post_json("v3/threads/add", body).await.ok();
        assert_eq!(thread["attachments"], json!([file]));
        let path = format!("/files/{ID}/a.gif");
        assert_eq!(bo.get(&path).await.status, 200);
        for person in [cat, &team.gus, &team.eve] {
            person.get(&path).await.fails(404, 110);
        }
        let body = json!({"id": channel, "public": true});
        ann.post_json("v3/channels/update", body).await.ok();
        assert_eq!(cat.get(&path).await.status, 200, "the channel is open now");
        team.gus.get(&path).await.fails(404, 110);
        ann.get(&format!("v3/threads/remove?id={}", thread["id"])).await.done();
        bo.get(&path).await.fails(404, 110);
    }
}
