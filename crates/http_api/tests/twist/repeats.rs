//! Requests that are repeated with an idempotency key, and keys that are used for something else.

use bytes::Bytes;
use halyard_platform::on_both_databases;
use http::Method;
use serde_json::json;

use crate::{
    support::{Answer, migrations},
    team::Team,
};

#[track_caller]
fn is_refused(answer: &Answer) {
    let body = answer.fails(422, 20);
    assert_eq!(body["error_extra"]["argument"], "Idempotency-Key");
    assert!(body["error_string"].as_str().unwrap().contains("another request"), "{body}");
}

on_both_databases! {
    migrations();

    async fn a_key_belongs_to_one_request(db: &TestDb) {
        let team = Team::new(db).await;
        let talk = team.talk(&team.ann, &[&team.bo]).await.id;
        let (path, once) = ("v3/conversation_messages/add", team.ann.header("idempotency-key", "k"));
        let body = json!({"conversation_id": talk, "content": "once"});
        let first = once.post_json(path, body.clone()).await.ok();
        // The same, whatever the order of the fields, and wherever the token stands.
        assert_eq!(once.post_json(path, body.clone()).await.ok(), first);
        let text = format!("{{\"content\":\"once\",\"conversation_id\":{talk}}}");
        assert_eq!(once.send(Method::POST, path, "application/json", text.into()).await.ok(), first);
        let with_token = format!("{path}?token={}", team.ann.token);
        assert_eq!(once.post_json(&with_token, body.clone()).await.ok(), first);
        // Something else.
        is_refused(&once.post_json(path, json!({"conversation_id": talk, "content": "twice"})).await);
        is_refused(&once.post_json(path, json!({"conversation_id": talk, "content": "once", "temp_id": -1})).await);
        is_refused(&once.post_json(&format!("{path}?creator=1"), body.clone()).await);
        is_refused(&once.post_json(&path.replace("v3", "v2"), body.clone()).await);
        is_refused(&once.post_json("v3/workspaces/add", json!({"name": "Other"})).await);
        let count: Vec<i64> = team.app.rows("select count(*) from message").await;
        let spaces: Vec<i64> = team.app.rows("select count(*) from workspace").await;
        assert_eq!((count, spaces), (vec![1], vec![2]));
        // Others have keys of their own.
        team.bo.header("idempotency-key", "k").post_json(path, json!({"conversation_id": talk, "content": "bo"})).await.ok();
        // A refusal that comes before costs nothing: the key is free.
        let other = team.ann.header("idempotency-key", "l");
        other.post_json(path, json!({"conversation_id": 9_999, "content": "x"})).await.fails(404, 124);
        other.post_json(path, json!({"conversation_id": talk, "content": "x"})).await.ok();
    }

    async fn an_upload_is_known_again(db: &TestDb) {
        let team = Team::new(db).await;
        let once = team.ann.header("idempotency-key", "k");
        let send = async |boundary: &str, content: &str| {
            let body = format!(
                "--{boundary}\r\ncontent-disposition: form-data; name=\"file_name\"; filename=\"a.txt\"\r\n\r\n\
                 {content}\r\n--{boundary}\r\ncontent-disposition: form-data; name=\"attachment_id\"\r\n\r\n\
                 0e4c6c45-2a5c-4a9c-8b7a-6d3f7c1b2a90\r\n--{boundary}--\r\n"
            );
            let kind = format!("multipart/form-data; boundary={boundary}");
            once.send(Method::POST, "v3/attachments/upload", &kind, Bytes::from(body)).await
        };
        let first = send("one", "the same").await.ok();
        assert_eq!(send("two", "the same").await.ok(), first);
        is_refused(&send("one", "not the same").await);
    }

    async fn calls_of_a_batch_have_keys_of_their_own(db: &TestDb) {
        let team = Team::new(db).await;
        let once = team.ann.header("idempotency-key", "k");
        let batch = |name: &str| json!({"requests": [
            {"method": "POST", "url": "http://x/api/v3/workspaces/add", "body": "name=First"},
            {"method": "POST", "url": "http://x/api/v3/workspaces/add", "body": format!("name={name}")},
        ]});
        let first = once.post_json("v3/batch", batch("Second")).await.ok();
        assert_eq!(once.post_json("v3/batch", batch("Second")).await.ok(), first);
        let other = once.post_json("v3/batch", batch("Third")).await.ok();
        assert_eq!((&other[0], other[1]["code"].as_u64()), (&first[0], Some(422)), "{other}");
    }
}
