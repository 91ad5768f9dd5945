//! Uploads, and attachments on posts.

use bytes::Bytes;
use halyard_http_api::Settings;
use halyard_identity::Scopes;
use halyard_messaging::attachment;
use halyard_platform::on_both_databases;
use http::Method;
use serde_json::{Value, json};

use crate::{
    support::{Answer, Client, TestApp, migrations},
    team::Team,
};

const UPLOAD: &str = "v3/attachments/upload";
const FORM: &str = "multipart/form-data; boundary=limit";
pub(crate) const GIF: &[u8] = b"GIF89a\x02\x01\x03\x00 and more";
/// Chosen by a client.
pub(crate) const ID: &str = "6f1c9a5e-30a7-4c3d-9d1a-0f8e2b7c4d10";

/// One part of a form: name, name of a file or empty, content.
type Part<'a> = (&'a str, &'a str, &'a [u8]);

fn form(parts: &[Part<'_>]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, file_name, content) in parts {
        let file = match *file_name {
            "" => String::new(),
            name => format!("; filename=\"{name}\"\r\ncontent-type: application/octet-stream"),
        };
        let start =
            format!("--limit\r\ncontent-disposition: form-data; name=\"{name}\"{file}\r\n\r\n");
        body.extend([start.as_bytes(), content, b"\r\n"].concat());
    }
    body.extend(b"--limit--\r\n");
    body
}

pub(crate) async fn upload(client: &Client, parts: &[Part<'_>]) -> Answer {
    client.send(Method::POST, UPLOAD, FORM, form(parts).into()).await
}

/// Uploads a file under this id.
pub(crate) async fn put(client: &Client, id: &str, file_name: &str, content: &[u8]) -> Value {
    let parts = [("file", file_name, content), ("attachment_id", "", id.as_bytes())];
    upload(client, &parts).await.ok()
}

/// How many files are stored.
pub(crate) fn blobs(app: &TestApp) -> usize {
    app.app.blobs.list().collect::<Result<Vec<_>, _>>().unwrap().len()
}

on_both_databases! {
    migrations();

    async fn both_shapes_of_uploads_are_understood(db: &TestDb) {
        let app = TestApp::new(db);
        let ann = app.person("ann").await;
        let sdk: &[Part<'_>] = &[
            ("file", "notes.txt", b"hello"),
            ("file_name", "", b"notes.txt"),
            ("file_size", "", b"5"),
            ("underlying_type", "", b"application/octet-stream"),
            ("attachment_id", "", ID.as_bytes()),
        ];
        let answer = upload(&ann, sdk).await;
        let url = format!("http://halyard.test/files/{ID}/notes.txt");
        assert_eq!(answer.ok(), json!({
            "attachment_id": ID, "url_type": "file", "title": "notes.txt", "url": url,
            "file_name": "notes.txt", "file_size": 5, "underlying_type": "text/plain",
            "upload_state": "uploaded", "image": null, "image_width": null, "image_height": null,
            "duration": null
        }));
        let text = str::from_utf8(&answer.bytes).unwrap();
        assert!(!text.contains([' ', '\n']), "pasted into shell commands without quotes: {text}");

        // The file in the part `file_name`, a whole path as its name, a picture, and no id.
        for id in [&[("attachment_id", "", b"".as_slice())][..], &[]] {
            let parts = [&[("file_name", "/srv/pictures/a.gif", GIF)], id].concat();
            let picture = upload(&ann, &parts).await.ok();
            let id = picture["attachment_id"].as_str().unwrap();
            assert_eq!(id.len(), 36, "a UUID: {id}");
            let url = format!("http://halyard.test/files/{id}/a.gif");
            assert_eq!(picture, json!({
                "attachment_id": id, "url_type": "image", "title": "a.gif", "url": url,
                "file_name": "a.gif", "file_size": GIF.len(), "underlying_type": "image/gif",
                "upload_state": "uploaded", "image": url, "image_width": 258, "image_height": 3,
                "duration": null
            }));
        }
        // Browsers call a file that was made in the page `blob`; its real name comes as a field.
        let named = [("file", "blob", b"x".as_slice()), ("file_name", "", b"C:\\a\\r\xc3\xa9s.md")];
        let named = upload(&ann, &named).await.ok();
        assert_eq!((&named["file_name"], &named["url_type"]), (&json!("rés.md"), &json!("file")));
        assert!(named["url"].as_str().unwrap().ends_with("/r%C3%A9s.md"), "{named}");
        assert_eq!(blobs(&app), 4);
    }

    async fn an_id_is_taken_once(db: &TestDb) {
        let app = TestApp::new(db);
        let (ann, bo) = (app.person("ann").await, app.person("bo").await);
        put(&ann, ID, "a.txt", b"a").await;
        let again = [("file", "b.txt", b"b".as_slice()), ("attachment_id", "", ID.as_bytes())];
        for person in [&ann, &bo] {
            upload(person, &again).await.fails(409, 131);
        }
        assert_eq!(blobs(&app), 1, "what was refused is not kept");
        let kept: Vec<(String, i64)> = app.rows("select file_name, owner from attachment").await;
        assert_eq!(kept, [("a.txt".to_owned(), ann.id.0)]);
        for bad in ["..", "a/b", "a b", &"x".repeat(101)] {
            let parts = [("file", "a", b"a".as_slice()), ("attachment_id", "", bad.as_bytes())];
            upload(&ann, &parts).await.fails(400, 20);
        }

        let once = ann.header("idempotency-key", "k1");
        let parts = [("file", "c.txt", b"c".as_slice())];
        let first = upload(&once, &parts).await.ok();
        assert_eq!(upload(&once, &parts).await.ok(), first);
        assert_eq!(blobs(&app), 2, "the bytes of the repeated request are not kept");
        let url = first["url"].as_str().unwrap().strip_prefix("http://halyard.test").unwrap();
        assert_eq!(ann.get(url).await.bytes, b"c".as_slice(), "the first bytes are still there");
    }

    async fn broken_uploads_are_refused_and_leave_nothing(db: &TestDb) {
        let settings = Settings { upload_limit: 1_000, body_limit: 500, ..Settings::default() };
        let app = TestApp::with(db, settings);
        let ann = app.person("ann").await;
        // One release of the official SDK sends this instead of the form.
        let text = Bytes::from_static(b"[object FormData]");
        let answer = ann.send(Method::POST, UPLOAD, "text/plain;charset=UTF-8", text).await;
        assert_eq!(answer.fails(400, 19)["error_extra"]["argument"], "file");
        ann.get(UPLOAD).await.fails(400, 19);
        ann.post_json(UPLOAD, json!({})).await.fails(400, 19);
        upload(&ann, &[("file", "", b"no file name")]).await.fails(400, 19);

        let large = vec![b'x'; 1_001];
        upload(&ann, &[("file", "a.txt", &large)]).await.fails(413, 205);
        upload(&ann, &[("file", "a.txt", &vec![b'x'; 5_000])]).await.fails(413, 205);
        upload(&ann, &[("file", "a.txt", &large[1..])]).await.ok();
        assert_eq!(blobs(&app), 1);

        let whole = form(&[("attachment_id", "", ID.as_bytes()), ("file", "a.txt", b"hello")]);
        for end in [whole.len() - 4, whole.len() - 12, 90, 30, 5] {
            let part = Bytes::copy_from_slice(&whole[..end]);
            ann.send(Method::POST, UPLOAD, FORM, part).await.fails(400, 202);
        }
        ann.send(Method::POST, UPLOAD, "multipart/form-data", whole.clone().into())
            .await
            .fails(400, 202);
        upload(&app.nobody(), &[("file", "a.txt", b"x")]).await.fails(403, 200);
        let token = app.token(ann.id, Scopes::parse("attachments:read").unwrap()).await;
        upload(&app.nobody().bearer(&token), &[("file", "a.txt", b"x")]).await.fails(403, 109);
        assert_eq!(blobs(&app), 1);
        put(&ann, ID, "a.txt", b"hello").await;
    }

    async fn posts_say_what_the_server_knows_about_a_file(db: &TestDb) {
        let team = Team::new(db).await;
        let conversation = team.talk(&team.ann, &[&team.bo]).await.id.0;
        let sent = put(&team.ann, ID, "a.gif", GIF).await;
        let mut claimed = sent.clone();
        claimed["url"] = json!(format!("https://evil.test/files/{ID}/a.gif"));
        claimed["image"] = json!("https://evil.test/a.gif");
        claimed["file_name"] = json!("b.exe");
        claimed["file_size"] = json!(1);
        claimed["own key"] = json!([1, {"url": "/elsewhere"}]);
        let link = json!({"attachment_id": "7", "url_type": "website", "url": "https://a.test/"});
        let body = json!({
            "conversation_id": conversation, "content": "x", "attachments": [claimed, link]
        });
        let add = "v3/conversation_messages/add";
        let message = team.ann.post_json(add, body).await.ok();
        let mut expected = sent.clone();
        expected["own key"] = claimed["own key"].clone();
        assert_eq!(message["attachments"], json!([expected, link]));
        // Under whatever name the reader knows the server.
        let path = format!("v2/conversation_messages/getone?id={}", message["id"]);
        let elsewhere = team.bo.header("host", "other.test:81").get(&path).await.ok();
        let url = format!("http://other.test:81/files/{ID}/a.gif");
        assert_eq!(elsewhere["attachments"][0]["url"], url);
        assert_eq!(elsewhere["attachments"][0]["image"], url);
        // What was answered can be sent back.
        let body = json!({"id": message["id"], "attachments": elsewhere["attachments"]});
        let again = team.ann.post_json("v3/conversation_messages/update", body).await.ok();
        assert_eq!(again["attachments"], message["attachments"]);
        // A file without words is a message too; somebody else's file is not for the taking.
        let body = json!({"conversation_id": conversation, "attachments": json!([sent]).to_string()});
        team.ann.post_json(add, body).await.ok();
        let other = put(&team.cat, "other", "a.txt", b"a").await;
        let body = json!({"conversation_id": conversation, "attachments": [other]});
        team.ann.post_json(add, body).await.fails(400, 118);
    }

    async fn an_attachment_is_taken_off_its_post(db: &TestDb) {
        let team = Team::new(db).await;
        let (ann, bo, cat, space) = (&team.ann, &team.bo, &team.cat, team.space);
        let body = json!({"workspace_id": space, "name": "C", "user_ids": [bo.id, cat.id]});
        let channel = ann.post_json("v3/channels/add", body).await.ok()["id"].clone();
        let conversation = team.talk(bo, &[ann, cat]).await.id.0;
        let link = json!({"attachment_id": "7", "url_type": "website"});
        let thread = json!({"channel_id": channel, "title": "T", "content": "x"});
        let thread = bo.post_json("v3/threads/add", thread).await.ok()["id"].clone();
        for (number, (call, parent, name)) in [
            ("threads", json!({"channel_id": channel, "title": "T"}), "thread_id"),
            ("comments", json!({"thread_id": thread}), "comment_id"),
            ("conversation_messages", json!({"conversation_id": conversation}), "message_id"),
        ]
        .into_iter()
        .enumerate()
        {
            let load = async |id: &Value| {
                let post = bo.get(&format!("v3/{call}/getone?id={id}")).await.ok();
                if call == "comments" { post["comment"].clone() } else { post }
            };
            let files = [format!("a{number}"), format!("b{number}")];
            let mut list = vec![link.clone()];
            for file in &files {
                list.push(put(bo, file, "f.txt", b"f").await);
            }
            let mut body = parent;
            body["content"] = json!("x");
            body["attachments"] = json!(list);
            let post = bo.post_json(&format!("v3/{call}/add"), body).await.ok();
            let id = post["id"].clone();
            let remove = |attachment: &str| json!({"attachment_id": attachment, name: id});
            let path = "v3/attachments/remove";
            let url = format!("/files/{}/f.txt", files[0]);
            assert_eq!(cat.get(&url).await.status, 200);

            cat.post_json(path, remove(&files[0])).await.fails(403, 109);
            assert!([404].contains(&team.eve.post_json(path, remove(&files[0])).await.status));
            bo.post_json(path, remove("unknown")).await.fails(404, 110);
            bo.post_json(path, remove(&files[0])).await.done();
            bo.post_json(path, remove(&files[0])).await.fails(404, 110);
            cat.get(&url).await.fails(404, 110);
            assert_eq!(bo.get(&url).await.status, 200, "its owner may use it elsewhere");
            let left = load(&id).await;
            assert_eq!(left["attachments"], json!([list[0], list[2]]));
            assert!(left["version"].as_i64() > post["version"].as_i64(), "{left}");
            assert!(left["last_edited_ts"].is_i64(), "{left}");
            // The administrator may too, and a number is as good as its digits.
            ann.post_json(path, remove(&files[1])).await.done();
            let form = [("attachment_id", "7"), (name, &id.to_string())];
            ann.post_form("v2/attachments/remove", &form).await.done();
            assert_eq!(load(&id).await["attachments"], json!([]));
        }
        ann.post_json("v3/attachments/remove", json!({"attachment_id": "x"})).await.fails(400, 19);
        ann.post_json("v3/attachments/remove", json!({"message_id": 1})).await.fails(400, 19);
        let unused: Vec<(i64,)> = team.app.rows("select count(*) from attachment_use").await;
        assert_eq!(unused, [(0,)]);
    }

    async fn what_nobody_uses_is_forgotten_after_a_day(db: &TestDb) {
        let team = Team::new(db).await;
        let conversation = team.talk(&team.ann, &[&team.bo]).await.id.0;
        put(&team.ann, "unused", "a.txt", b"a").await;
        let used = put(&team.ann, "used", "b.txt", b"b").await;
        let body = json!({"conversation_id": conversation, "attachments": [used]});
        let message = team.ann.post_json("v3/conversation_messages/add", body).await.ok();
        let sweep = async || {
            let now = team.app.app.clock.now();
            let unused = team.app.app.db.read(move |tx| attachment::unused(tx, now)).await.unwrap();
            let again = unused.clone();
            let blobs = team.app.app.db.write(move |tx| attachment::forget(tx, &again)).await;
            assert_eq!(blobs.unwrap().len(), unused.len());
            unused
        };
        team.app.app.clock.advance(attachment::UNUSED_FOR - 1);
        assert_eq!(sweep().await, [""; 0]);
        team.app.app.clock.advance(1);
        // Taken between the look and the sweep: it stays.
        let kept = team.app.app.db.write(|tx| attachment::forget(tx, &["used".to_owned()])).await;
        assert_eq!(kept.unwrap(), [""; 0]);
        assert_eq!(sweep().await, ["unused"]);
        team.ann.get("/files/unused/a.txt").await.fails(404, 110);
        assert_eq!(team.bo.get("/files/used/b.txt").await.status, 200);
        let remove = format!("v3/conversation_messages/remove?id={}", message["id"]);
        team.ann.get(&remove).await.done();
        assert_eq!(sweep().await, ["used"]);
    }
}
