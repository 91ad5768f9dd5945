//! A workspace leaves one installation and comes into another, on another database.

use std::{fs::File, path::Path};

use halyard_platform::archive;
use serde_json::{Value, json};

use crate::{
    load::{new_thread, token},
    ranks::ranked,
    support::{Api, Installation},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_sqlite_to_postgres() {
    let (from, to) = (Installation::sqlite(), Installation::postgres().await);
    moves(&from, &to).await;
    to.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_postgres_to_sqlite() {
    let (from, to) = (Installation::postgres().await, Installation::sqlite());
    moves(&from, &to).await;
    from.remove().await;
}

/// Lines with their folders, and files with their bytes.
pub(crate) type Content = (Vec<(String, Value)>, Vec<(String, Vec<u8>)>);

pub(crate) fn read(path: &Path) -> Content {
    let (mut lines, mut files) = (Vec::new(), Vec::new());
    archive::read(File::open(path).unwrap(), &mut |name, content| -> std::io::Result<()> {
        let mut bytes = Vec::new();
        content.read_to_end(&mut bytes)?;
        match name.split_once('/') {
            Some(("files", id)) => files.push((id.to_owned(), bytes)),
            Some((folder, _)) => {
                let text = String::from_utf8(bytes).unwrap();
                lines.extend(
                    text.lines()
                        .map(|line| (folder.to_owned(), serde_json::from_str(line).unwrap())),
                );
            }
            None => assert_eq!(name, "manifest.json"),
        }
        Ok(())
    })
    .unwrap();
    (lines, files)
}

async fn post(api: &Api, path: &str, form: &[(&str, &str)]) -> Value {
    api.post(path, form, None).await.unwrap().ok()
}

/// Adds to the demo what it does not have.
async fn furnish(api: &Api, demo: &Value) -> String {
    let thread = new_thread(api, demo).await;
    let (space, channel) = (&demo["workspace_id"], &demo["channels"][0]["id"]);
    let user = demo["users"][1]["id"].to_string();
    let said = format!("see [Ann](twist-mention://{user})");
    let first = post(api, "comments/add", &[("thread_id", &thread), ("content", &said)]).await;
    let link = format!("https://old.example/a/{space}/ch/{channel}/t/{thread}/c/{}", first["id"]);
    post(api, "comments/add", &[("thread_id", &thread), ("content", &link)]).await;
    let gone = post(api, "comments/add", &[("thread_id", &thread), ("content", "gone")]).await;
    post(api, "comments/remove", &[("id", &gone["id"].to_string())]).await;
    let file = "3b241101-e2bb-4255-8caf-4136c566a962";
    let file = api.upload(file, b"some bytes".to_vec()).await.unwrap().ok();
    let list = json!([file]).to_string();
    let form = [("thread_id", thread.as_str()), ("content", "a file"), ("attachments", &list)];
    let with_file = post(api, "comments/add", &form).await;
    let form = [("comment_id", &*with_file["id"].to_string()), ("reaction", "👍")];
    post(api, "reactions/add", &form).await;
    post(api, "threads/star", &[("id", &thread)]).await;
    let form = [("workspace_id", &*space.to_string()), ("user_ids", &format!("[{user}]"))];
    let talk = post(api, "conversations/get_or_create", &form).await;
    let form = [("conversation_id", &*talk["id"].to_string()), ("content", "a secret")];
    post(api, "conversation_messages/add", &form).await;
    let form = [
        ("workspace_id", &*space.to_string()),
        ("name", "Tailors"),
        ("user_ids", &format!("[{user}]")),
    ];
    post(api, "groups/add", &form).await;
    thread
}

async fn moves(from: &Installation, to: &Installation) {
    let demo = from.demo().await;
    let server = from.serve().await;
    let api = server.api(&token(&demo));
    furnish(&api, &demo).await;
    let file = from.scratch().join("a.export");
    let (path, space) = (file.to_str().unwrap(), demo["workspace_id"].to_string());
    let export = ["export", "--workspace", &space, "--output", path];
    from.halyard(&export).await.expect(0);
    assert!(from.halyard(&export).await.expect(1).err.contains("exists"));
    let (lines, files) = read(&file);
    assert!(files.iter().any(|(_, bytes)| bytes == b"some bytes"));
    let text = format!("{lines:?}");
    assert!(text.contains("a secret") && !text.contains("password") && !text.contains("gone"));
    // Something is there already, so that no id stays the same.
    to.demo().await;
    let made = to.halyard(&["import", path]).await.expect(0);
    assert!(made.out.contains("workspace 2"), "{}", made.out);
    let again = to.halyard(&["import", path]).await.expect(0);
    assert!(again.out.contains("already"), "{}", again.out);
    to.halyard(&["doctor", "--deep"]).await.expect(0);
    let second = to.scratch().join("b.export");
    let out = second.to_str().unwrap();
    to.halyard(&["export", "--workspace", "2", "--output", out]).await.expect(0);
    let (new_lines, new_files) = read(&second);
    let (old, new) = (ranked(&lines), ranked(&new_lines));
    for (old, new) in old.iter().zip(&new) {
        assert_eq!(old, new);
    }
    assert_eq!(old.len(), new.len());
    let sorted = |mut files: Vec<Vec<u8>>| {
        files.sort();
        files
    };
    let bytes =
        |files: &[(String, Vec<u8>)]| sorted(files.iter().map(|(_, b)| b.clone()).collect());
    assert_eq!(bytes(&files), bytes(&new_files));
    follow_links(&new_lines);

    // People sign in as they do in the other workspaces; links of the mails of old lead nowhere.
    to.halyard(&["import", "--again", path]).await.expect(0);
    to.halyard(&["doctor", "--deep"]).await.expect(0);
    let damaged = to.scratch().join("c.export");
    let bytes = std::fs::read(&file).unwrap();
    std::fs::write(&damaged, &bytes[..bytes.len() / 2]).unwrap();
    let refused = to.halyard(&["import", damaged.to_str().unwrap()]).await.expect(1);
    assert!(refused.err.contains("damaged"), "{}", refused.err);
    let acts = to.halyard(&["audit", "--json"]).await.expect(0);
    let kinds: Vec<Value> =
        acts.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(kinds[0]["kind"], "workspace_imported");
    assert_eq!(kinds[0]["origin"], "command line");
    server.terminate().await;
}

/// The link of the text leads to the comment that it led to.
fn follow_links(lines: &[(String, Value)]) {
    let said = |words: &str| {
        let found = lines.iter().find(|(folder, line)| {
            folder == "comments" && line["content"].as_str().unwrap().contains(words)
        });
        &found.unwrap().1
    };
    let (first, link) = (said("see [Ann]"), said("old.example"));
    let thread = lines.iter().find(|(f, line)| f == "threads" && line["id"] == first["thread"]);
    let channel = &thread.unwrap().1["channel"];
    let expected =
        format!("https://old.example/a/2/ch/{channel}/t/{}/c/{}", first["thread"], first["id"]);
    assert_eq!(link["content"], expected);
}
