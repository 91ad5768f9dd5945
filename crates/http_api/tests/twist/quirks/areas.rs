//! Quirks from 22 on: files, search, tokens, clients of today.

use super::*;

quirks! {
    async fn quirk_22_the_file_is_in_either_part(desk: &Desk) {
        for part in ["file", "file_name"] {
            let answer = upload(&desk.team.ann, &[(part, "a.txt", b"hello")]).await.ok();
            assert_eq!((&answer["file_name"], &answer["file_size"]), (&json!("a.txt"), &json!(5)));
        }
    }

    async fn quirk_23_an_attachment_is_removed_by_its_text_id(desk: &Desk) {
        let ann = &desk.team.ann;
        let file = put(ann, ID, "a.txt", b"hello").await;
        let body = json!({"channel_id": desk.channel, "content": "x", "attachments": [file]});
        let thread = id_of(ann, "v3/threads/add", body).await.to_string();
        let fields = [("attachment_id", ID), ("thread_id", thread.as_str())];
        // The example shows this address, where a file is missing.
        assert_eq!(ann.post_form("v2/attachments/upload", &fields).await.status, 400);
        ann.post_form("v2/attachments/remove", &fields).await.done();
        let thread = ann.get(&format!("v2/threads/getone?id={thread}")).await.ok();
        assert_eq!(thread["attachments"], json!([]));
    }

    async fn quirk_24_an_example_of_removing_a_person_removes_nobody(desk: &Desk) {
        let (ann, space, email) = (&desk.team.ann, desk.team.space.to_string(), &desk.team.bo.email);
        let fields = [("id", space.as_str()), ("email", email.as_str())];
        ann.post_form("v2/workspaces/update_user", &fields).await.fails(400, 19);
        let path = format!("v2/workspaces/get_user_by_email?id={space}&email={email}");
        assert_eq!(ann.get(&path).await.ok()["is_removed"], false);
        ann.post_form("v2/workspaces/remove_user", &fields).await.done();
        assert_eq!(ann.get(&path).await.ok()["is_removed"], true);
    }

    async fn quirk_25_a_link_is_joined_by_its_address_or_its_code(desk: &Desk) {
        let (bo, eve, space) = (&desk.team.bo, &desk.team.eve, desk.team.space);
        let link = bo.post_json("v3/url_join/get_or_create", json!({"workspace_id": space}));
        let link = link.await.ok()["url"].as_str().unwrap().to_owned();
        let code = link.rsplit('/').next().unwrap();
        for given in [&link, code, &format!("{link}/")] {
            let form = [("url_invite_code", given)];
            assert_eq!(eve.post_form("v2/url_join/join_workspace", &form).await.ok()["id"], space.0);
        }
        eve.post_form("v2/url_join/join_workspace", &[("url_invite_code", "17")]).await.fails(404, 105);
    }

    async fn quirk_25_a_loop_in_address_is_an_address_and_no_url(desk: &Desk) {
        let (ann, eve) = (&desk.team.ann, &desk.team.eve);
        let id = desk.thread.to_string();
        let form = [("obj_type", "THREAD"), ("obj_id", id.as_str())];
        let path = "v2/loop_in/get_or_create";
        let first = ann.post_form(path, &form).await.ok()["email"].clone();
        let address = first.as_str().unwrap();
        let (local, domain) = address.split_once('@').unwrap();
        assert!(local.len() >= 32 && domain == "in.example.com", "{address}");
        assert_eq!(ann.post_form(path, &form).await.ok()["email"], first);
        eve.post_form(path, &form).await.fails(404, 108);
        ann.post_form("v2/loop_in/disable", &form).await.done();
        assert_ne!(ann.post_form(path, &form).await.ok()["email"], first);
        let wrong = [("obj_type", "PLANET"), ("obj_id", "1")];
        ann.post_form(path, &wrong).await.fails(400, 20);
    }

    async fn quirk_26_scopes_are_separated_by_commas_or_blanks(desk: &Desk) {
        let app = &desk.team.app;
        let program = oauth::register(app, json!({"redirect_uris": ["https://a.example/"]})).await;
        let browser = oauth::signed_in(app, &desk.team.bo).await;
        for scope in ["user:read,threads:read", "user:read threads:read", "user:read, threads:read"] {
            let fields = [
                ("client_id", program.id.as_str()),
                ("redirect_uri", "https://a.example/"),
                ("scope", scope),
            ];
            let code = oauth::allow(&browser, &fields).await;
            let body = json!({
                "client_id": program.id, "client_secret": program.secret, "code": code,
                "redirect_uri": "https://a.example/",
            });
            let token = app.nobody().post_json("/oauth/token", body).await.ok();
            assert_eq!(token["scope"], "user:read threads:read", "{scope}");
            let client = app.nobody().bearer(token["access_token"].as_str().unwrap());
            client.get("v3/users/get_session_user").await.ok();
            client.get(&format!("v3/threads/getone?id={}", desk.thread)).await.ok();
            client.get("v3/workspaces/get").await.fails(403, 109);
        }
    }

    async fn quirk_27_tokens_are_given_at_two_addresses(desk: &Desk) {
        let app = &desk.team.app;
        let program = oauth::register(app, json!({"redirect_uris": ["https://a.example/"]})).await;
        let browser = oauth::signed_in(app, &desk.team.bo).await;
        for path in ["/oauth/token", "/oauth/access_token"] {
            for json_body in [true, false] {
                let fields = [
                    ("client_id", program.id.as_str()),
                    ("redirect_uri", "https://a.example/"),
                    ("scope", "user:read"),
                ];
                let code = oauth::allow(&browser, &fields).await;
                let fields = [
                    ("client_id", program.id.as_str()),
                    ("client_secret", &program.secret),
                    ("code", &code),
                    ("grant_type", "authorization_code"),
                    ("redirect_uri", "https://a.example/"),
                ];
                let answer = match json_body {
                    true => {
                        let body = fields.map(|(name, value)| (name.to_owned(), json!(value)));
                        app.nobody().post_json(path, Value::from_iter(body)).await
                    }
                    false => app.nobody().post_form(path, &fields).await,
                };
                assert_eq!(answer.ok()["token_type"], "Bearer");
            }
        }
    }

    async fn quirk_28_json_without_a_body(desk: &Desk) {
        let ann = &desk.team.ann;
        for call in ["logout", "disconnect_google", "invalidate_token"] {
            let path = format!("v3/users/{call}");
            ann.send(Method::POST, &path, JSON, Bytes::new()).await.ok();
        }
        ann.send(Method::POST, "v3/users/logout", JSON, Bytes::new()).await.fails(403, 200);
        let bo = &desk.team.bo;
        bo.send(Method::GET, "v3/users/get_session_user", JSON, Bytes::new()).await.ok();
    }

    async fn quirk_29_the_filters_of_a_search_have_two_names_each(desk: &Desk) {
        desk.team.app.index().await;
        let (bo, space, ann) = (&desk.team.bo, desk.team.space, desk.team.ann.id);
        let path = format!("v3/search?workspace_id={space}&query=b");
        for (documented, sent) in [
            (format!("from_user_id={}", bo.id), format!("author_ids={}", bo.id)),
            (format!("from_user_id={ann}"), format!("author_ids={ann}")),
            (format!("after_ts={}", SECOND - 1), "date_from=2027-01-15".to_owned()),
            (format!("before_ts={}", SECOND - 1), "date_to=2027-01-14".to_owned()),
            ("limit=1&cursor_mark=".to_owned(), "limit=1&cursor=".to_owned()),
        ] {
            let one = bo.get(&format!("{path}&{documented}")).await.ok();
            assert_eq!(one, bo.get(&format!("{path}&{sent}")).await.ok(), "{documented}");
        }
        let some = bo.get(&format!("{path}&author_ids={}", bo.id)).await.ok();
        let none = bo.get(&format!("{path}&author_ids={ann}")).await.ok();
        assert_eq!((length(&some["items"]), length(&none["items"])), (3, 0));
    }

    async fn quirk_30_empty_text_ends_an_absence(desk: &Desk) {
        let away = json!({"type": "vacation", "date_from": "2027-01-01", "date_to": "2027-02-01"});
        let update = async |away: Value| {
            desk.team.ann.post_json("v3/users/update", json!({"away_mode": away})).await.ok()
        };
        assert_eq!(update(away.clone()).await["away_mode"], away);
        assert_eq!(update(json!("")).await["away_mode"], Value::Null);
    }

    async fn quirk_31_an_id_alone_marks_all_as_read(desk: &Desk) {
        let body = json!({"id": desk.talk});
        desk.team.ann.post_json("v3/conversations/mark_read", body).await.done();
        assert_eq!(desk.unread("conversations").await, json!([]));
    }

    async fn quirk_32_threads_of_a_whole_workspace(desk: &Desk) {
        let path = format!("v3/threads/get?workspace_id={}", desk.team.space);
        assert_eq!(desk.team.ann.get(&path).await.ok()[0]["id"], desk.thread);
        assert_eq!(desk.team.cat.get(&path).await.ok(), json!([desk.team.cat.get(
            &format!("v3/threads/getone?id={}", desk.thread)
        ).await.ok()]), "the channel is public");
    }

    async fn quirk_33_people_of_a_workspace_under_version_3(desk: &Desk) {
        let (space, bo) = (desk.team.space, desk.team.bo.id);
        let get = async |version: &str| {
            let path = format!("{version}/workspace_users/getone?id={space}&user_id={bo}");
            desk.team.ann.get(&path).await.ok()
        };
        assert_eq!(get("v3").await, get("v4").await);
        // So in a batch, with the vendor's host or ours.
        for host in ["https://api.twist.com", "http://halyard.test"] {
            let url = format!("{host}/api/v3/workspace_users/getone?id={space}&user_id={bo}");
            let requests = json!([{"method": "GET", "url": url}]).to_string();
            let fields = [("requests", requests.as_str()), ("parallel", "true")];
            let answer = desk.team.ann.post_form("v3/batch", &fields).await.ok();
            let body: Value = serde_json::from_str(answer[0]["body"].as_str().unwrap()).unwrap();
            assert_eq!((&answer[0]["code"], body), (&json!(200), get("v3").await));
        }
    }

    async fn quirk_34_seconds_have_a_fraction(desk: &Desk) {
        for (query, found) in [
            (format!("older_than_ts={}.5", SECOND + 1), 3),
            (format!("newer_than_ts={}.5", SECOND + 1), 0),
        ] {
            let path = format!("v3/comments/get?thread_id={}&{query}", desk.thread);
            assert_eq!(length(&desk.team.ann.get(&path).await.ok()), found, "{query}");
        }
            desk.team.app.index().await;
        let (bo, space) = (&desk.team.bo, desk.team.space);
        for (filter, hits) in [("after_ts", 3), ("before_ts", 0)] {
            let path = format!("v3/search?workspace_id={space}&query=b&{filter}={}.5", SECOND - 1);
            assert_eq!(length(&bo.get(&path).await.ok()["items"]), hits, "{filter}");
        }
    }

    async fn quirk_35_from_is_ignored(desk: &Desk) {
        let path = format!("v3/comments/get?thread_id={}&from=2000000000", desk.thread);
        assert_eq!(length(&desk.team.ann.get(&path).await.ok()), 3);
    }

    async fn quirk_36_a_form_that_the_client_lost(desk: &Desk) {
        let (path, text) = ("v3/attachments/upload", "text/plain;charset=UTF-8");
        let body = Bytes::from_static(b"[object FormData]");
        let answer = desk.team.ann.send(Method::POST, path, text, body).await;
        let code = answer.json()["error_code"].as_u64().unwrap();
        assert!(answer.status == 400 && (code == 19 || code == 202), "{code}");
    }
    async fn quirk_37_json_of_an_integration_counts_whatever_its_type_says(desk: &Desk) {
        let body = json!({"workspace_id": desk.team.space, "kind": "thread", "name": "Log"});
        let log = id_of(&desk.team.bo, "v3/integrations/add", body).await;
        let body = json!({"id": log, "thread_id": desk.thread});
        let installed = desk.team.bo.post_json("v3/integrations/install", body).await.ok();
        let url = installed["post_data_url"].as_str().unwrap();
        let path = url.split_once("/api/").unwrap().1;
        let types = ["", "text/plain", "application/x-www-form-urlencoded", "application/octet-stream", JSON];
        for (number, content_type) in types.into_iter().enumerate() {
            let body = Bytes::from(json!({"content": format!("post {number}")}).to_string());
            desk.team.app.nobody().send(Method::POST, path, content_type, body).await.done();
        }
        let path = format!("v3/comments/get?thread_id={}&limit=1", desk.thread);
        let newest = desk.team.bo.get(&path).await.ok();
        assert_eq!((&newest[0]["content"], &newest[0]["creator_name"]), (&json!("post 4"), &json!("Log")));
    }

    async fn quirk_38_a_ping_is_answered_by_json_or_plain_text(desk: &Desk) {
        let (sink, bo) = (Sink::start().await, &desk.team.bo);
        let body = json!({"workspace_id": desk.team.space, "kind": "bot", "name": "Parrot", "url": sink.url("/")});
        let parrot = id_of(bo, "v3/integrations/add", body).await;
        let installed = id_of(bo, "v3/integrations/install", json!({"id": parrot})).await;
        let ping = async || bo.post_json("v3/integrations/ping", json!({"id": installed})).await;
        for (content_type, text) in
            [(JSON, r#"{"content": "pong"}"#), ("text/plain", "pong"), ("text/html", "pong\n")]
        {
            sink.answer(move |_| Answer::Text(200, content_type, text.to_owned()));
            ping().await.done();
        }
        let seen = sink.seen().remove(0);
        assert_eq!(seen.header("content-type"), "application/x-www-form-urlencoded");
        assert_eq!(seen.body, format!("event_type=ping&user_id={}&user_name=Bo+Example", bo.id));
        for (status, text) in [(200, ""), (200, "{}"), (200, "hello"), (500, "pong")] {
            sink.answer(move |_| Answer::Text(status, "text/plain", text.to_owned()));
            ping().await.fails(400, 20);
        }
    }

    async fn quirk_39_an_upload_can_be_pasted_into_a_shell_command(desk: &Desk) {
        let parts = [("attachment_id", "", b"".as_slice()), ("file_name", "my text.txt", b"hello")];
        let answer = upload(&desk.team.ann, &parts).await;
        assert!(!answer.ok()["attachment_id"].as_str().unwrap().is_empty());
        let around = str::from_utf8(&answer.bytes).unwrap().replace("my text.txt", "");
        assert!(!around.contains(char::is_whitespace), "{around}");
    }

    async fn quirk_40_every_conversation_call_takes_a_posted_form(desk: &Desk) {
        let talk = desk.talk.to_string();
        for call in ["archive", "unarchive", "mark_read", "mark_unread", "unmute"] {
            let path = format!("v2/conversations/{call}");
            desk.team.ann.post_form(&path, &[("id", &talk)]).await.ok();
        }
    }

    async fn quirk_41_signing_in_ignores_an_old_token(desk: &Desk) {
        let stale = desk.team.app.nobody().bearer("0123456789abcdef0123456789abcdef01234567");
        let fields = [("email", "ann@example.com"), ("password", "correct horse")];
        let user = stale.post_form("v3/users/login", &fields).await.ok();
        assert_eq!(user["id"], desk.team.ann.id.0);
    }

    async fn quirk_42_an_empty_title(desk: &Desk) {
        let channel = desk.channel.to_string();
        let fields = [("channel_id", channel.as_str()), ("title", ""), ("content", "no title")];
        let thread = desk.team.ann.post_form("v3/threads/add", &fields).await.ok();
        assert_eq!((&thread["title"], &thread["content"]), (&json!(""), &json!("no title")));
    }

    async fn quirk_43_lists_in_brackets_and_lists_as_text(desk: &Desk) {
        let (ann, bo, cat) = (desk.team.ann.id, &desk.team.bo, desk.team.cat.id);
        let (talk, first, second) = (desk.talk.to_string(), ann.to_string(), cat.to_string());
        let fields =
            [("id", talk.as_str()), ("user_ids[]", &first), ("user_ids[]", &second)];
        bo.post_form("v3/conversations/remove_users", &fields).await.done();
        assert_eq!(desk.people().await, json!([bo.id]));
        let body = json!({"id": desk.talk, "user_ids": format!("[{first},{second}]")});
        bo.post_json("v3/conversations/add_users", body).await.done();
        assert_eq!(desk.people().await, json!([ann, bo.id, cat]));
    }
}
