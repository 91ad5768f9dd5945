//! What integrations hear, fetch and answer.

use super::*;

on_both_databases! {
    migrations();

    async fn an_integration_hears_what_is_written_where_it_is_and_its_answer_is_posted(db: &TestDb) {
        let quay = Quay::new(db).await;
        let (cat, space) = (&quay.team.cat, quay.team.space.to_string());
        let (_, _) = quay.installed(json!({"kind": "channel"}), json!({"channel_id": quay.channel})).await;
        quay.says("Noted");
        let comment = quay.comment("Ahoy & so").await;
        let seen = quay.sink.wait_for(1).await.remove(0);
        assert_eq!(seen.header("content-type"), "application/x-www-form-urlencoded");
        assert!(seen.header("webhook-signature").starts_with("v1,"));
        assert_eq!(form(&seen), json!({
            "event_type": "comment", "workspace_id": space, "content": "Ahoy & so",
            "user_id": cat.id.to_string(), "user_name": "Cat Example",
            "thread_id": quay.thread.to_string(), "thread_title": "T",
            "channel_id": quay.channel.to_string(), "channel_name": "Plans",
            "comment_id": comment.to_string(),
        }));
        let both = pairs(&[("Cat Example", "Ahoy & so"), ("Crane", "Noted")]);
        eventually("the answer", || async { quay.comments().await == both }).await;

        let body = json!({"channel_id": quay.channel, "title": "New", "content": "y"});
        let thread = id(&cat.post_json("v3/threads/add", body).await.ok());
        let seen = quay.sink.wait_for(2).await.remove(1);
        assert_eq!(seen.field("event_type").unwrap(), "thread");
        assert_eq!((seen.field("thread_id"), seen.field("comment_id")), (Some(thread.to_string()), None));
        let path = format!("v3/comments/get?thread_id={thread}");
        eventually("the answer", || async {
            said(&cat.get(&path).await.ok()) == pairs(&[("Crane", "Noted")])
        })
        .await;
        // Its own posts, and what is elsewhere, are not its business.
        let body = json!({"workspace_id": quay.team.space, "name": "Other"});
        let other = id(&cat.post_json("v3/channels/add", body).await.ok());
        let body = json!({"channel_id": other, "title": "Else", "content": "z"});
        cat.post_json("v3/threads/add", body).await.ok();
        quay.at_rest().await;
        assert_eq!(quay.sink.seen().len(), 2);
        quay.stop().await;
    }

    async fn plain_text_is_posted_and_silence_is_not(db: &TestDb) {
        let quay = Quay::new(db).await;
        let (installed, _) = quay.installed(json!({"kind": "thread"}), json!({"thread_id": quay.thread})).await;
        let answers: [(u16, &str, &str); 6] = [
            (200, "text/html; charset=utf-8", "typed as HTML"),
            (200, "application/json", r#"{"content": ""}"#),
            (202, "text/plain", "later"),
            (200, "text/plain", ""),
            (200, "application/json", r#"{"content": "odd", "attachments": [{}]}"#),
            (200, "application/json", r#"{"content": "link", "attachments": [{"attachment_id": "1f3b5e8c-1a2b-4c3d-8e9f-0a1b2c3d4e5f", "title": "t"}]}"#),
        ];
        for (number, (status, content_type, body)) in answers.into_iter().enumerate() {
            quay.sink.answer(move |_| Answer::Text(status, content_type, body.to_owned()));
            quay.comment(&format!("c{number}")).await;
            quay.sink.wait_for(number + 1).await;
            quay.at_rest().await;
        }
        let answered = quay.comments().await;
        let answered: Vec<_> = answered.iter().filter(|(who, _)| who == "Crane").map(|(_, what)| what.as_str()).collect();
        assert_eq!(answered, ["typed as HTML", "link"]);
        // Who installed it sees each delivery, and why an answer was not posted; others do not.
        let path = format!("v3/hooks/get_deliveries?id={}", installed["subscription_id"]);
        let deliveries = quay.team.bo.get(&path).await.ok();
        assert!(deliveries.as_array().unwrap().iter().all(|one| one["status"] == "delivered"), "{deliveries}");
        assert!(deliveries[1]["response"].as_str().unwrap().contains("not posted"), "{deliveries}");
        quay.team.cat.get(&path).await.fails(404, 110);
        quay.stop().await;
    }

    async fn what_fails_is_tried_again_and_answered_once(db: &TestDb) {
        let quay = Quay::new(db).await;
        quay.installed(json!({"kind": "thread"}), json!({"thread_id": quay.thread})).await;
        quay.sink.answer(|_| Answer::Hang);
        quay.comment("slow").await;
        quay.sink.wait_for(1).await;
        quay.says("at last");
        quay.advance(5_000).await;
        let both = pairs(&[("Cat Example", "slow"), ("Crane", "at last")]);
        eventually("the answer", || async { quay.comments().await == both }).await;
        quay.at_rest().await;
        assert_eq!((quay.sink.seen().len(), quay.comments().await.len()), (2, 2));
        quay.stop().await;
    }

    async fn a_bot_answers_at_once_or_within_half_an_hour(db: &TestDb) {
        let quay = Quay::new(db).await;
        let (installed, bot) = quay.installed(json!({"kind": "bot", "name": "Parrot"}), json!({})).await;
        let cat = &quay.team.cat;
        let talk = json!({"workspace_id": quay.team.space, "user_ids": [bot]});
        let talk = id(&cat.post_json("v3/conversations/get_or_create", talk).await.ok());
        let say = async |text: &str| {
            let body = json!({"conversation_id": talk, "content": text});
            cat.post_json("v3/conversation_messages/add", body).await.ok()
        };
        quay.sink.answer(|_| Answer::Status(202));
        say("Polly?").await;
        let seen = quay.sink.wait_for(1).await.remove(0);
        assert_eq!(seen.field("event_type").unwrap(), "message");
        assert_eq!(seen.field("conversation_id").unwrap(), talk.to_string());
        assert_eq!(seen.field("verify_token").unwrap(), installed["verify_token"]);
        assert_eq!(seen.field("url_ttl").unwrap(), (crate::support::NOW / 1000 + 1800).to_string());
        let callback = seen.field("url_callback").unwrap();
        let (base, path) = callback.split_once("/api/").unwrap();
        assert_eq!(base, "https://halyard.test");
        quay.at_rest().await;

        let nobody = quay.team.app.nobody();
        let answer = nobody.post_form(path, &[("content", "a cracker")]).await.ok();
        assert_eq!((&answer["content"], answer["creator"].as_i64()), (&json!("a cracker"), Some(bot)));
        for (part, other) in [("key=", "key=00"), ("conversation_id=", "conversation_id=1"), ("until=", "until=9")] {
            nobody.post_form(&path.replace(part, other), &[("content", "x")]).await.fails(403, 200);
        }
        quay.says("at once");
        say("And now?").await;
        let all = pairs(&[
            ("Cat Example", "Polly?"), ("Parrot", "a cracker"), ("Cat Example", "And now?"), ("Parrot", "at once"),
        ]);
        eventually("the answer", || async { quay.messages(talk).await == all }).await;
        quay.at_rest().await;
        assert_eq!(quay.sink.seen().len(), 2);

        quay.advance(1_801_000).await;
        let late = nobody.post_form(path, &[("content", "too late")]).await;
        late.fails(403, 109);
        assert!(late.json()["error_string"].is_string());
        quay.stop().await;
    }

    async fn a_command_is_replaced_by_its_answer(db: &TestDb) {
        let quay = Quay::new(db).await;
        let hello = json!({"kind": "command", "name": "Greeter", "command": "/hello"});
        let (installed, _) = quay.installed(hello, json!({})).await;
        let cat = &quay.team.cat;
        quay.says("Hello, world!");
        quay.comment("say /hello").await;
        quay.comment("/hello world").await;
        let replaced = pairs(&[("Cat Example", "say /hello"), ("Cat Example", "Hello, world!")]);
        eventually("the comment is replaced", || async { quay.comments().await == replaced }).await;
        let talk = quay.team.talk(cat, &[&quay.team.bo]).await.id.0;
        let body = json!({"conversation_id": talk, "content": "/hello"});
        cat.post_json("v3/conversation_messages/add", body).await.ok();
        let replaced = pairs(&[("Cat Example", "Hello, world!")]);
        eventually("the message is replaced", || async { quay.messages(talk).await == replaced }).await;
        quay.at_rest().await;
        let seen = quay.sink.seen();
        assert_eq!(seen.len(), 2);
        let field = |one: usize, name: &str| seen[one].field(name).unwrap();
        assert_eq!((field(0, "command"), field(0, "command_argument")), ("/hello".to_owned(), "world".to_owned()));
        assert_eq!((field(1, "command"), field(1, "command_argument")), ("/hello".to_owned(), String::new()));
        assert_eq!(field(0, "verify_token"), installed["verify_token"]);
        assert_eq!((field(0, "event_type"), field(1, "event_type")), ("comment".to_owned(), "message".to_owned()));
        quay.stop().await;
    }

    async fn an_uninstalled_integration_is_told_so_and_nothing_more(db: &TestDb) {
        let quay = Quay::new(db).await;
        let (installed, _) = quay.installed(json!({"kind": "channel"}), json!({"channel_id": quay.channel})).await;
        let (bo, number) = (&quay.team.bo, id(&installed).to_string());
        bo.post_form("v3/integrations/uninstall", &[("id", &number)]).await.done();
        quay.comment("nobody listens").await;
        let seen = quay.sink.wait_for(1).await.remove(0);
        assert_eq!(form(&seen), json!({
            "event_type": "uninstall", "install_id": number,
            "workspace_id": quay.team.space.to_string(),
            "user_id": bo.id.to_string(), "user_name": "Bo Example",
        }));
        quay.at_rest().await;
        assert_eq!(quay.sink.seen().len(), 1);
        quay.stop().await;
    }

    async fn a_report_is_fetched_at_its_time_and_posted(db: &TestDb) {
        let quay = Quay::new(db).await;
        let (bo, cat) = (&quay.team.bo, &quay.team.cat);
        bo.post_form("v3/users/update", &[("timezone", "Asia/Tokyo")]).await.ok();
        let place = json!({"channel_id": quay.channel, "time": "00:30", "title": "Open on <date>"});
        let (installed, _) = quay.installed(json!({"kind": "report", "name": "Daily"}), place).await;
        quay.sink.answer(|_| Answer::Text(200, "text/markdown", "* all is well".to_owned()));
        quay.comment("a report is told nothing").await;
        // It is 17:00 in Tokyo.
        quay.advance(7 * 3_600_000 + 1_800_000).await;
        let path = format!("v3/threads/get?channel_id={}", quay.channel);
        let found = async |title: &str| {
            let threads = cat.get(&path).await.ok();
            threads.as_array().unwrap().iter().find(|one| one["title"] == title).cloned()
        };
        eventually("the report", || async { found("Open on 2027-01-16").await.is_some() }).await;
        assert_eq!(found("Open on 2027-01-16").await.unwrap()["content"], "* all is well");

        quay.sink.answer(|_| Answer::Text(200, "application/json", r#"{"title": "As of <date>", "content": "ok"}"#.to_owned()));
        quay.advance(24 * 3_600_000).await;
        eventually("the next report", || async { found("As of 2027-01-17").await.is_some() }).await;

        let number = id(&installed).to_string();
        bo.post_form("v3/integrations/uninstall", &[("id", &number)]).await.done();
        quay.advance(24 * 3_600_000).await;
        eventually("no job is left", || async {
            quay.team.app.rows::<i64>("select count(*) from job where kind = 'integration.report'").await == [0]
        })
        .await;
        assert_eq!(quay.sink.seen().len(), 2);
        quay.stop().await;
    }

    async fn settings_are_opened_with_what_they_need_and_lead_back_to_a_page(db: &TestDb) {
        let team = Team::new(db).await;
        let (channel, _) = place(&team).await;
        let fields = json!({"kind": "channel", "configure_url": "https://crane.example/set?x=1"});
        let integration = add(&team, &team.bo, fields).await;
        let installed = install(&team.bo, integration, json!({"channel_id": channel})).await;
        let configure = installed["configure_url"].as_str().unwrap();
        let (address, query) = configure.split_once('?').unwrap();
        assert_eq!(address, "https://crane.example/set");
        let query: Value = Value::Object(
            form_urlencoded::parse(query.as_bytes())
                .map(|(key, value)| (key.into_owned(), json!(value)))
                .collect(),
        );
        assert_eq!(query, json!({
            "x": "1", "install_id": id(&installed).to_string(),
            "post_data_url": installed["post_data_url"],
            "user_id": team.bo.id.to_string(), "user_name": "Bo Example",
        }));

        let page = format!("/integrations/installation/{}", id(&installed));
        assert!(installed["installation_url"].as_str().unwrap().ends_with(&page));
        let browser = async |email: &str| {
            let fields = [("email", email), ("password", crate::support::PASSWORD)];
            let answer = team.app.nobody().post_form("v3/users/login", &fields).await;
            let cookie = answer.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap();
            team.app.nobody().header("cookie", cookie)
        };
        let text = |answer: &crate::support::Answer| String::from_utf8_lossy(&answer.bytes).into_owned();
        let nobody = team.app.nobody().get(&page).await;
        assert!(text(&nobody).contains("password") && !text(&nobody).contains("Crane"));
        let cat = browser(&team.cat.email).await;
        assert_eq!(cat.get(&page).await.status, 404);
        let bo = browser(&team.bo.email).await;
        let shown = text(&bo.get(&page).await);
        assert!(shown.contains("Crane is installed in a channel") && shown.contains("crane.example"), "{shown}");
        assert!(shown.contains("install_token="));
        let ann = text(&browser(&team.ann.email).await.get(&page).await);
        assert!(ann.contains("Crane") && !ann.contains("install_token="));

        let foreign = bo.header("sec-fetch-site", "cross-site").post_form(&page, &[]).await;
        assert_eq!(foreign.status, 403);
        let here = bo.header("sec-fetch-site", "same-origin");
        assert_eq!(cat.header("sec-fetch-site", "same-origin").post_form(&page, &[]).await.status, 404);
        assert_eq!(here.post_form(&page, &[]).await.status, 200);
        assert_eq!(bo.get(&page).await.status, 404);
    }
}
