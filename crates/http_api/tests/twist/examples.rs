//! The curl examples of the vendor's version 2 pages about threads and conversations, as curl sends
//! them: `-d` is a form that nobody encodes, `--get -d` a query, `-F` a multipart form. Only host,
//! token and ids differ; spellings stay, wrong ones included.

use halyard_platform::on_both_databases;
use serde_json::{Value, json};

use crate::{
    conformance::{Row, conclude},
    shapes,
    support::{NOW, Person, migrations},
    team::Team,
    wire::Wire,
};

const SECOND: i64 = NOW / 1000;

/// One example.
struct Example {
    /// The call; a word in brackets tells apart examples of the same call.
    name: &'static str,
    get: bool,
    /// The arguments of `-d`. `{…}` is an id of this test, `$(upload)` the answer of another curl.
    data: &'static [&'static str],
    /// What is documented as the answer, a name of [`shapes`].
    answer: &'static str,
}

const fn get(name: &'static str, data: &'static [&'static str], answer: &'static str) -> Example {
    Example { name, get: true, data, answer }
}

const fn post(name: &'static str, data: &'static [&'static str], answer: &'static str) -> Example {
    Example { name, get: false, data, answer }
}

const THREAD: &[&str] = &["id={thread}"];
const TALK: &[&str] = &["id={talk}"];
const WITH_FILE: &[&str] = &["channel_id={channel}", "title=Thread1", "attachments=[$(upload)]"];

const EXAMPLES: &[Example] = &[
    get("threads/getone", THREAD, "thread_v2"),
    get("threads/get", &["channel_id={channel}"], "[thread_v2]"),
    post("threads/add", &["channel_id={channel}", "title=Thread1"], "thread_v2"),
    post("threads/add (file)", WITH_FILE, "thread_v2"),
    post("threads/update", &["id={thread}", "title=Thread1"], "thread_v2"),
    // The page shows it for an update, with the address of the other call.
    post("threads/add (instead of update)", WITH_FILE, "thread_v2"),
    post("threads/remove", THREAD, "done"),
    post("threads/star", THREAD, "done"),
    post("threads/unstar", THREAD, "done"),
    post("threads/move_to_channel", &["id={thread}", "to_channel={other}"], "done"),
    post("threads/follow", THREAD, "done"),
    post("threads/unfollow", THREAD, "done"),
    get("threads/get_unread", &["workspace_id={space}"], "[[int]]"),
    post("threads/mark_read", &["thread_id={thread}", "obj_index=2"], "done"),
    post("threads/mark_unread", &["id={thread}", "obj_index=2"], "done"),
    post("threads/mark_all_read", &["channel_id={channel}"], "done"),
    post("threads/clear_unread", &["workspace_id={space}"], "done"),
    post("threads/mute", &["id={thread}", "minutes=30"], "thread_v2"),
    post("threads/unmute", THREAD, "thread_v2"),
    post("conversations/getone", TALK, "conversation_v2"),
    post("conversations/get", &["workspace_id={space}"], "[conversation_v2]"),
    post(
        "conversations/get_or_create",
        &["workspace_id={space}", "user_ids=[{ann},{bo}]"],
        "conversation_v2",
    ),
    post("conversations/update", &["id={talk}", "title=Title1"], "conversation_v2"),
    post("conversations/add_user", &["id={talk}", "user_id={cat}"], "done"),
    post("conversations/add_users", &["id={talk}", "user_ids=[{cat}]"], "done"),
    post("conversations/remove_user", &["id={talk}", "user_id={cat}"], "done"),
    post("conversations/remove_users", &["id={talk}", "user_ids=[{cat}]"], "done"),
    post("conversations/archive", TALK, "done"),
    post("conversations/unarchive", TALK, "done"),
    post("conversations/get_unread", &["id={space}"], "[[int]]"),
    post("conversations/mark_read", &["conversation_id={talk}", "messsage_id=1"], "done"),
    post("conversations/mark_unread", &["conversation_id={talk}", "messsage_id=1"], "done"),
    post("conversations/mute", &["id={talk}", "minutes=30"], "conversation_v2"),
    post("conversations/unmute", TALK, "conversation_v2"),
];

/// The ids that stand in one example.
struct Ids {
    channel: i64,
    other: i64,
    thread: i64,
    talk: i64,
}

async fn made(person: &Person, path: &str, body: Value) -> i64 {
    person.post_json(path, body).await.ok()["id"].as_i64().unwrap()
}

async fn channel(team: &Team, name: &str) -> i64 {
    let people = [team.bo.id, team.cat.id];
    let body = json!({"workspace_id": team.space, "name": name, "user_ids": people});
    made(&team.ann, "v3/channels/add", body).await
}

/// A thread of Bo with four comments, and a group of Ann, Bo, Cat and Gus, with five messages of Bo
/// and more in each example; then what the example needs to have an effect.
async fn prepare(team: &Team, name: &str, ids: &mut Ids) {
    let (ann, bo) = (&team.ann, &team.bo);
    let body = json!({"channel_id": ids.channel, "title": "Before", "content": "Opening"});
    ids.thread = made(bo, "v3/threads/add", body).await;
    for text in ["a", "b", "c", "d"] {
        made(bo, "v3/comments/add", json!({"thread_id": ids.thread, "content": text})).await;
    }
    let all = json!([bo.id, team.cat.id, team.gus.id]);
    let body = json!({"workspace_id": team.space, "user_ids": all});
    ids.talk = made(ann, "v3/conversations/get_or_create", body).await;
    for text in ["a", "b", "c"] {
        let body = json!({"conversation_id": ids.talk, "content": text});
        made(bo, "v3/conversation_messages/add", body).await;
    }
    let (thread, talk, cat) = (ids.thread, ids.talk, team.cat.id);
    let before = match name {
        "threads/unstar" => format!("threads/star?id={thread}"),
        "threads/follow" => format!("threads/unfollow?id={thread}"),
        "threads/unfollow" => format!("threads/follow?id={thread}"),
        "threads/mark_unread" => format!("threads/mark_read?id={thread}&obj_index=3"),
        "threads/unmute" => format!("threads/mute?id={thread}&minutes=5"),
        "conversations/add_user" | "conversations/add_users" => {
            format!("conversations/remove_user?id={talk}&user_id={cat}")
        }
        "conversations/unarchive" => format!("conversations/archive?id={talk}"),
        "conversations/mark_unread" => format!("conversations/mark_read?id={talk}"),
        "conversations/mark_read" | "conversations/get_unread" => {
            format!("conversations/mark_unread?id={talk}&obj_index=-1")
        }
        "conversations/unmute" => format!("conversations/mute?id={talk}&minutes=5"),
        _ => return,
    };
    ann.post_form(&format!("v3/{before}"), &[]).await.ok();
}

/// Removes what a removal example took away, so that the group is found by its people again.
async fn restore(team: &Team, name: &str, ids: &Ids) {
    if name.starts_with("conversations/remove_") {
        let path = format!("v3/conversations/add_user?id={}&user_id={}", ids.talk, team.cat.id);
        team.ann.get(&path).await.done();
    }
}

/// Index of a thread or conversation in what is unread for Ann.
async fn unread(team: &Team, kind: &str, id: i64) -> Option<i64> {
    let path = format!("v2/{kind}/get_unread?workspace_id={}", team.space);
    let list = team.ann.get(&path).await.ok();
    pointer(&list, id)
}

/// The last value of the tuple that has this id in the place before.
fn pointer(list: &Value, id: i64) -> Option<i64> {
    let tuples = list.as_array().unwrap().iter().map(|tuple| tuple.as_array().unwrap().as_slice());
    tuples.into_iter().find_map(|tuple| match tuple {
        [.., one, at] if *one == id => at.as_i64(),
        _ => None,
    })
}

/// What must be true after an example.
async fn effect(team: &Team, name: &str, ids: &Ids, answer: &Value) {
    let ann = &team.ann;
    let thread = async || ann.get(&format!("v2/threads/getone?id={}", ids.thread)).await.ok();
    let talk = async || ann.get(&format!("v2/conversations/getone?id={}", ids.talk)).await.ok();
    let holds = |list: &Value, id: i64| {
        list.as_array().unwrap().iter().any(|one| *one == id || one["id"] == id)
    };
    let (bo, cat) = (team.bo.id.0, team.cat.id.0);
    match name {
        "threads/getone" => {
            assert_eq!((&answer["id"], &answer["title"]), (&json!(ids.thread), &json!("Before")));
            assert_eq!((&answer["comment_count"], &answer["snippet"]), (&json!(4), &json!("d")));
            assert_eq!((&answer["last_obj_index"], &answer["creator"]), (&json!(3), &json!(bo)));
        }
        "threads/get" => assert!(holds(answer, ids.thread)),
        "threads/add" => {
            assert_eq!((&answer["title"], &answer["content"]), (&json!("Thread1"), &json!("")));
            assert_eq!(answer["channel_id"], ids.channel);
        }
        "threads/add (file)" | "threads/add (instead of update)" => {
            assert_eq!(answer["attachments"][0]["file_name"], "mytext.txt");
            assert_ne!(answer["id"], ids.thread);
        }
        "threads/update" => {
            assert_eq!((&answer["id"], &answer["title"]), (&json!(ids.thread), &json!("Thread1")));
            assert_eq!(thread().await["title"], "Thread1");
        }
        "threads/remove" => {
            let path = format!("v2/threads/getone?id={}", ids.thread);
            ann.get(&path).await.fails(404, 108);
        }
        "threads/star" => assert_eq!(thread().await["is_starred"], 1),
        "threads/unstar" => assert_eq!(thread().await["is_starred"], 0),
        "threads/move_to_channel" => {
            assert_eq!(thread().await["channel_id"], ids.other);
            let path = format!("v2/comments/get?thread_id={}", ids.thread);
            for comment in ann.get(&path).await.ok().as_array().unwrap() {
                assert_eq!(comment["channel_id"], ids.other);
            }
        }
        "threads/follow" => assert!(holds(&thread().await["participants"], ann.id.0)),
        "threads/unfollow" => assert!(!holds(&thread().await["participants"], ann.id.0)),
        "threads/get_unread" => {
            assert_eq!(pointer(answer, ids.thread), Some(-1));
            let triple = answer.as_array().unwrap().iter().find(|one| one[1] == ids.thread);
            assert_eq!(*triple.unwrap(), json!([ids.channel, ids.thread, -1]));
        }
        "threads/mark_read" | "threads/mark_unread" => {
            assert_eq!(unread(team, "threads", ids.thread).await, Some(2));
        }
        "threads/mark_all_read" | "threads/clear_unread" => {
            assert_eq!(unread(team, "threads", ids.thread).await, None);
        }
        "threads/mute" => {
            assert_eq!(answer["muted_until"], SECOND + 30 * 60);
            assert_eq!(thread().await["muted_until"], SECOND + 30 * 60);
        }
        "threads/unmute" => {
            assert_eq!(answer["muted_until"], Value::Null);
            assert_eq!(thread().await["muted_until"], Value::Null);
        }
        "conversations/getone" => assert_eq!(answer["id"], ids.talk),
        "conversations/get" => assert!(holds(answer, ids.talk)),
        "conversations/get_or_create" => {
            assert_eq!((&answer["is_private"], &answer["name"]), (&json!(1), &json!("Bo Example")));
            assert_eq!(answer["user_ids"], json!([ann.id, bo]));
        }
        "conversations/update" => {
            assert_eq!((&answer["id"], &answer["title"]), (&json!(ids.talk), &json!("Title1")));
            assert_eq!(talk().await["name"], "Title1");
        }
        "conversations/add_user" | "conversations/add_users" => {
            assert!(holds(&talk().await["user_ids"], cat));
        }
        "conversations/remove_user" | "conversations/remove_users" => {
            assert!(!holds(&talk().await["user_ids"], cat));
        }
        "conversations/archive" => assert_eq!(talk().await["archived"], 1),
        "conversations/unarchive" => assert_eq!(talk().await["archived"], 0),
        "conversations/get_unread" => assert_eq!(pointer(answer, ids.talk), Some(-1)),
        "conversations/mark_read" | "conversations/mark_unread" => {
            assert_eq!(unread(team, "conversations", ids.talk).await, Some(1));
        }
        "conversations/mute" => {
            assert_eq!(answer["muted_until"], SECOND + 30 * 60);
            assert_eq!(talk().await["muted_until"], SECOND + 30 * 60);
        }
        "conversations/unmute" => {
            assert_eq!(answer["muted_until"], Value::Null);
            assert_eq!(talk().await["muted_until"], Value::Null);
        }
        other => panic!("{other} has no effect to look at"),
    }
}

fn headers(token: &str, more: &[String]) -> Vec<String> {
    let mut lines = vec![
        "User-Agent: curl/8.5.0".to_owned(),
        "Accept: */*".to_owned(),
        format!("Authorization: Bearer {token}"),
    ];
    lines.extend_from_slice(more);
    lines
}

/// `curl -F attachment_id=… -F file_name=@mytext.txt`; answers what it prints.
async fn upload(wire: &Wire, token: &str, id: &str) -> Result<String, String> {
    let limit = "------------------------h3kJ2mQxW8ZtRb5yNcV0aP";
    let body = format!(
        "--{limit}\r\nContent-Disposition: form-data; name=\"attachment_id\"\r\n\r\n{id}\r\n\
         --{limit}\r\nContent-Disposition: form-data; name=\"file_name\"; \
         filename=\"mytext.txt\"\r\nContent-Type: text/plain\r\n\r\nMy text.\n\r\n--{limit}--\r\n"
    );
    let headers = headers(
        token,
        &[
            format!("Content-Length: {}", body.len()),
            format!("Content-Type: multipart/form-data; boundary={limit}"),
        ],
    );
    let path = "/api/v2/attachments/upload";
    let answer = wire.send("POST", path, "Host", &headers, body.as_bytes()).await;
    shapes::check("attachment", &answer.strict()?)?;
    let text = String::from_utf8(answer.body).unwrap();
    // The examples do not quote it: the shell would tear it apart at a blank.
    if text.contains(char::is_whitespace) {
        return Err(format!("blanks in {text}"));
    }
    Ok(text)
}

/// Sends an example; answers the JSON if it has the documented form.
async fn send(wire: &Wire, example: &Example, data: &str, token: &str) -> Result<Value, String> {
    let (call, _) = example.name.split_once(' ').unwrap_or((example.name, ""));
    let path = format!("/api/v2/{call}");
    let answer = if example.get {
        wire.send("GET", &format!("{path}?{data}"), "Host", &headers(token, &[]), b"").await
    } else {
        let headers = headers(
            token,
            &[
                format!("Content-Length: {}", data.len()),
                "Content-Type: application/x-www-form-urlencoded".to_owned(),
            ],
        );
        wire.send("POST", &path, "Host", &headers, data.as_bytes()).await
    }
    .strict()?;
    shapes::check(example.answer, &answer)?;
    if example.answer == "done" && answer != json!({"status": "ok"}) {
        return Err(format!("not ok: {answer}"));
    }
    let tuple = if call.starts_with("threads/") { 3 } else { 2 };
    if example.answer == "[[int]]"
        && answer.as_array().unwrap().iter().any(|one| one.as_array().unwrap().len() != tuple)
    {
        return Err(format!("not lists of {tuple}: {answer}"));
    }
    Ok(answer)
}

on_both_databases! {
    migrations();

    async fn every_example_of_the_pages_works(db: &TestDb) {
        assert_eq!(EXAMPLES.len(), 34);
        let team = Team::new(db).await;
        let wire = Wire::start(&team.app).await;
        // Takes the id 1, which two of the examples use as an index.
        let aside = team.talk(&team.bo, &[&team.cat]).await.id;
        let body = json!({"conversation_id": aside, "content": "aside"});
        made(&team.bo, "v3/conversation_messages/add", body).await;
        let mut ids = Ids {
            channel: channel(&team, "Plans").await,
            other: channel(&team, "Other").await,
            thread: 0,
            talk: 0,
        };
        let mut rows = Vec::new();
        for (at, example) in EXAMPLES.iter().enumerate() {
            prepare(&team, example.name, &mut ids).await;
            let mut data = example.data.join("&");
            for (name, id) in [
                ("{thread}", ids.thread), ("{channel}", ids.channel), ("{other}", ids.other),
                ("{talk}", ids.talk), ("{space}", team.space.0), ("{ann}", team.ann.id.0),
                ("{bo}", team.bo.id.0), ("{cat}", team.cat.id.0),
            ] {
                data = data.replace(name, &id.to_string());
            }
            let token = &team.ann.token;
            let sent = if data.contains("$(upload)") {
                let id = format!("6f1c9a5e-30a7-4c3d-9d1a-{at:012}");
                match upload(&wire, token, &id).await {
                    Ok(text) => {
                        send(&wire, example, &data.replace("$(upload)", &text), token).await
                    }
                    Err(wrong) => Err(format!("upload: {wrong}")),
                }
            } else {
                send(&wire, example, &data, token).await
            };
            if let Ok(answer) = &sent {
                effect(&team, example.name, &ids, answer).await;
            }
            restore(&team, example.name, &ids).await;
            rows.push(Row {
                area: example.name.split('/').next().unwrap().to_owned(),
                request: format!("{} {}", example.name, example.data.join(" ")),
                verdict: sent.err().unwrap_or_else(|| "ok".to_owned()),
            });
        }
        conclude("twist.examples.tsv", &rows);
    }
}
