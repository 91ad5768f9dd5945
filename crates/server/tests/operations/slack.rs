//! An archive of Slack, as its documentation describes it, written here, becomes a workspace.

use std::{fs::File, io::Write, path::Path};

use serde_json::{Value, json};
use zip::{ZipWriter, write::SimpleFileOptions};

use crate::support::Installation;

fn archive(path: &Path, files: &[(&str, Value)]) {
    let mut zip = ZipWriter::new(File::create(path).unwrap());
    for (name, content) in files {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content.to_string().as_bytes()).unwrap();
    }
    zip.finish().unwrap();
}

fn said(ts: &str, user: &str, text: &str) -> Value {
    json!({"type": "message", "user": user, "ts": ts, "text": text})
}

fn with(mut message: Value, more: &Value) -> Value {
    message.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    message
}

fn content() -> Vec<(&'static str, Value)> {
    let user = |id: &str, name: &str, owner: bool| {
        json!({"id": id, "name": name, "is_primary_owner": owner, "tz": "Europe/Berlin",
            "profile": {"real_name": name, "email": format!("{name}@slack.example")}})
    };
    let root = json!({"thread_ts": "1700000000.000100"});
    let first = [
        json!({"type": "message", "subtype": "channel_join", "user": "U1", "ts": "1699999999.0", "text": "joined"}),
        with(
            said("1700000000.000100", "U1", "*Ship* it, <@U2> &amp; co\n<https://x.example|see>"),
            &json!({"thread_ts": "1700000000.000100", "edited": {"ts": "1700000005.0"},
                "reactions": [{"name": "thumbsup", "users": ["U2"]}, {"name": "odd", "users": ["U1"]}],
                "files": [{"name": "plan.pdf", "permalink": "https://f.example/plan.pdf"}]}),
        ),
        said("1700000100.000100", "U2", "alone :tada:"),
    ];
    let second = [
        with(said("1700090000.000100", "U2", "done"), &root),
        json!({"type": "message", "subtype": "bot_message", "bot_id": "B1", "username": "ci", "ts": "1700090001.0", "text": "built"}),
    ];
    vec![
        ("users.json", json!([user("U1", "ann", true), user("U2", "bo", false)])),
        (
            "channels.json",
            json!([{"id": "C1", "name": "general", "is_general": true,
            "creator": "U1", "created": 1_600_000_000, "members": ["U1", "U2"]}]),
        ),
        ("dms.json", json!([{"id": "D1", "members": ["U1", "U2"], "created": 1_600_000_000}])),
        ("general/2023-11-14.json", json!(first)),
        ("general/2023-11-15.json", json!(second)),
        ("D1/2023-11-14.json", json!([said("1700000000.5", "U2", "psst")])),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite() {
    comes_in(&Installation::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres() {
    let installation = Installation::postgres().await;
    comes_in(&installation).await;
    installation.remove().await;
}

async fn comes_in(to: &Installation) {
    to.demo().await;
    let file = to.scratch().join("slack.zip");
    archive(&file, &content());
    let path = file.to_str().unwrap();
    let made = to.halyard(&["import-slack", path, "--new", "Crew"]).await.expect(0);
    assert!(made.out.contains("3 threads, 1 comments, 1 messages"), "{}", made.out);
    let again = to.halyard(&["import-slack", path, "--new", "Crew"]).await.expect(0);
    assert!(again.out.contains("already"), "{}", again.out);
    to.halyard(&["doctor", "--deep"]).await.expect(0);

    let server = to.serve().await;
    let made = to
        .halyard(&[
            "token",
            "create",
            "--user",
            "ann@slack.example",
            "--scopes",
            "all",
            "--name",
            "t",
        ])
        .await;
    let api = server.api(made.expect(0).out.trim());
    let get = async |path: &str, query: &[(&str, &str)]| api.get(path, query).await.unwrap().ok();
    let spaces = get("workspaces/get", &[]).await;
    assert_eq!(spaces[0]["name"], "Crew");
    let space = spaces[0]["id"].to_string();
    let channel = get("channels/get", &[("workspace_id", &space)]).await;
    assert_eq!((&channel[0]["name"], channel.as_array().unwrap().len()), (&json!("general"), 1));
    let id = channel[0]["id"].to_string();
    let threads = get("threads/get", &[("channel_id", &id), ("order_by", "asc")]).await;
    let threads = threads.as_array().unwrap();
    let titled = |title: &str| {
        threads.iter().find(|thread| thread["title"].as_str().unwrap().starts_with(title)).unwrap()
    };
    assert_eq!(threads.len(), 3);
    let ship = titled("Ship it");
    let bo =
        get("workspace_users/get_by_email", &[("id", &space), ("email", "bo@slack.example")]).await;
    let bo = bo["id"].to_string();
    assert_eq!(
        ship["content"],
        format!(
            "**Ship** it, [bo](twist-mention://{bo}) & co\n[see](https://x.example)\n\n\
             [plan.pdf](https://f.example/plan.pdf)"
        )
    );
    assert_eq!(ship["posted_ts"], 1_700_000_000);
    assert_eq!(ship["reactions"]["👍"][0].to_string(), bo);
    assert!(ship["reactions"][":odd:"].is_array());
    assert_eq!(ship["comment_count"], 1);
    let comments = get("comments/get", &[("thread_id", &ship["id"].to_string())]).await;
    assert_eq!(
        (&comments[0]["content"], &comments[0]["posted_ts"]),
        (&json!("done"), &json!(1_700_090_000))
    );
    assert_eq!(titled("alone")["content"], "alone 🎉");
    assert_eq!(titled("built")["creator_name"], "ci");
    let talks = get("conversations/get", &[("workspace_id", &space)]).await;
    assert_eq!(talks[0]["snippet"], "psst");
    let unread = get("threads/get_unread", &[("workspace_id", &space)]).await;
    assert_eq!(
        unread.as_array().map(Vec::len).or(unread["data"].as_array().map(Vec::len)),
        Some(0)
    );
    server.terminate().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_unpacks_to_too_much_is_refused() {
    let to = Installation::sqlite();
    to.demo().await;
    let file = to.scratch().join("bomb.zip");
    let mut zip = ZipWriter::new(File::create(&file).unwrap());
    zip.start_file("users.json", SimpleFileOptions::default()).unwrap();
    let blanks = vec![b' '; 1024 * 1024];
    for _ in 0..65 {
        zip.write_all(&blanks).unwrap();
    }
    zip.finish().unwrap();
    assert!(file.metadata().unwrap().len() < 1024 * 1024);
    let path = file.to_str().unwrap();
    let refused = to.halyard(&["import-slack", path, "--new", "Crew"]).await.expect(1);
    assert!(refused.err.contains("larger than any"), "{}", refused.err);
    let other = to.halyard(&["import-slack", path]).await;
    assert_ne!(other.code, Some(0), "where to is for the operator to say");
}
