//! What happens in the browser: signing in, saying yes and no.

use super::*;

on_both_databases! {
    migrations();

    async fn a_person_lets_a_program_act_for_them(db: &TestDb) {
        let scene = Scene::new(db).await;
        let asked = query(&[
            ("client_id", &scene.program.id),
            ("response_type", "code"),
            ("redirect_uri", CALLBACK),
            ("scope", "user:read,threads:remove"),
            ("state", "a b&c=d"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ]);
        let page = browser(&scene.app).get(&asked).await;
        is_page(&page, 200, "<form method=\"post\" action=\"/sign-in\">");
        assert!(text(&page).contains("<strong>Bot</strong>"));
        let browser = signed_in(&scene.app, &scene.ann).await;
        let page = browser.get(&asked).await;
        is_page(&page, 200, "Let Bot act for you?");
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("form-action 'self' http://localhost:8766;"), "{policy}");
        let html = text(&page);
        for words in [
            "Ann Example",
            "ann@example.com",
            "See your name, address, picture and settings",
            "See, add, change and remove threads and your inbox",
            "it named itself",
            "value=\"a b&amp;c=d\"",
            "value=\"allow\"",
            "value=\"deny\"",
        ] {
            assert!(html.contains(words), "{words} in {html}");
        }
        assert!(!html.contains("conversations"), "only what was asked for");
        assert!(scene.app.rows::<i64>("select 1 from consent").await.is_empty(), "asking is no consent");

        let fields = [
            ("client_id", scene.program.id.as_str()),
            ("redirect_uri", CALLBACK),
            ("scope", "user:read,threads:remove"),
            ("state", "a b&c=d"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
            ("decision", "allow"),
        ];
        let back = browser.post_form("/oauth/authorize", &fields).await;
        let back = redirect(&back, CALLBACK);
        assert_eq!(back.len(), 2, "{back:?}");
        assert_eq!(field(&back, "state"), "a b&c=d");
        let code = field(&back, "code");
        let body = json!({
            "client_id": scene.program.id, "client_secret": scene.program.secret, "code": code,
            "grant_type": "authorization_code", "redirect_uri": CALLBACK, "code_verifier": VERIFIER,
        });
        let answer = scene.app.nobody().post_json("/oauth/token", body).await;
        assert_eq!(answer.headers["cache-control"], "no-store");
        let answer = answer.ok();
        assert_eq!(
            (&answer["token_type"], &answer["scope"]),
            (&json!("Bearer"), &json!("user:read threads:remove"))
        );
        let token = answer["access_token"].as_str().unwrap();
        assert!(token.starts_with("oauth2:") && token.len() == 47, "{token}");
        assert_eq!(scene.me(token).await.ok()["email"], "ann@example.com");
        let client = scene.app.nobody().bearer(token);
        client.get("v3/workspaces/get").await.fails(403, 109);
        let bare = token.strip_prefix("oauth2:").unwrap();
        scene.me(bare).await.fails(403, 200);
        let parameter = format!("v2/users/get_session_user?token={token}");
        scene.app.nobody().get(&parameter).await.ok();
        let cookie = format!("halyard_session={token}");
        let stolen = scene.app.nobody().header("cookie", &cookie);
        stolen.get("v3/users/get_session_user").await.fails(403, 200);
        // Nothing that opens anything is in the database.
        let hashes: Vec<Vec<u8>> = scene.app.rows("select hash from token where application_id is not null").await;
        assert_eq!(hashes, [SecretHash::of(token).as_bytes().to_vec()]);
    }

    async fn a_person_can_say_no(db: &TestDb) {
        let scene = Scene::new(db).await;
        let browser = signed_in(&scene.app, &scene.ann).await;
        for decision in ["deny", "", "maybe"] {
            let fields = [
                ("client_id", scene.program.id.as_str()), ("scope", "user:read"), ("state", "st"), ("decision", decision),
            ];
            let back = browser.post_form("/oauth/authorize", &fields).await;
            let back = redirect(&back, CALLBACK);
            assert_eq!((field(&back, "error"), field(&back, "state")), ("ACCESS_DENIED".into(), "st".into()));
            assert!(!field(&back, "error_description").is_empty() && back.iter().all(|(name, _)| name != "code"));
        }
        assert!(scene.app.rows::<i64>("select 1 from authorization_code").await.is_empty());
    }

    async fn nobody_is_sent_to_an_address_that_is_not_registered(db: &TestDb) {
        let scene = Scene::new(db).await;
        let browser = signed_in(&scene.app, &scene.ann).await;
        let id = scene.program.id.as_str();
        let two = register(&scene.app, json!({"redirect_uris": ["https://a.example/1", "https://a.example/2"]})).await;
        for fields in [
            vec![("client_id", "twd_unknown"), ("redirect_uri", CALLBACK), ("scope", "user:read")],
            vec![("redirect_uri", CALLBACK), ("scope", "user:read")],
            vec![("client_id", id), ("redirect_uri", "https://evil.example/"), ("scope", "user:read")],
            vec![("client_id", id), ("redirect_uri", "http://localhost:8766/callback/x"), ("scope", "user:read")],
            vec![("client_id", id), ("redirect_uri", "javascript:alert(1)"), ("scope", "bad")],
            vec![("client_id", id), ("client_id", id), ("scope", "user:read")],
            vec![("client_id", two.id.as_str()), ("scope", "user:read")],
        ] {
            is_page(&browser.get(&query(&fields)).await, 400, "cannot be answered");
            let decided = [&fields[..], &[("decision", "allow")]].concat();
            is_page(&browser.post_form("/oauth/authorize", &decided).await, 400, "cannot be answered");
        }
        // On the own machine of the person the port may be another.
        let other_port = "http://localhost:9999/callback";
        let fields = [("client_id", id), ("redirect_uri", other_port), ("scope", "user:read")];
        let code = allow(&browser, &fields).await;
        let mut wanted = scene.exchange(&code);
        wanted.push(("redirect_uri", other_port));
        scene.app.nobody().post_form("/oauth/access_token", &wanted).await.ok();
    }

    async fn what_is_wrong_goes_back_to_the_program(db: &TestDb) {
        let scene = Scene::new(db).await;
        let narrow = register(&scene.app, json!({"redirect_uris": [CALLBACK], "scope": "user:read"})).await;
        let public = register(&scene.app, json!({"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none"})).await;
        let id = scene.program.id.as_str();
        for (fields, words) in [
            (vec![("client_id", id), ("scope", "user:fly")], "invalid_scope"),
            (vec![("client_id", id)], "invalid_scope"),
            (vec![("client_id", narrow.id.as_str()), ("scope", "user:write")], "invalid_scope"),
            (vec![("client_id", id), ("scope", "user:read"), ("response_type", "token")], "unsupported_response_type"),
            (vec![("client_id", id), ("scope", "user:read"), ("code_challenge", CHALLENGE)], "not S256"),
            (
                vec![("client_id", id), ("scope", "user:read"), ("code_challenge", VERIFIER), ("code_challenge_method", "plain")],
                "not S256",
            ),
            (
                vec![("client_id", id), ("scope", "user:read"), ("code_challenge", "short"), ("code_challenge_method", "S256")],
                "code_challenge",
            ),
            (vec![("client_id", public.id.as_str()), ("scope", "user:read")], "PKCE"),
        ] {
            let fields = [&fields[..], &[("state", "st")]].concat();
            // Also for somebody who has not signed in.
            let back = browser(&scene.app).get(&query(&fields)).await;
            let back = redirect(&back, CALLBACK);
            assert_eq!((field(&back, "error"), field(&back, "state")), ("BAD_REQUEST".into(), "st".into()));
            for key in ["error_description", "error_message"] {
                assert!(field(&back, key).contains(words), "{words} in {back:?}");
            }
        }
        // Without a scope of its own the request has that of the registration.
        let browser = signed_in(&scene.app, &scene.ann).await;
        let code = allow(&browser, &[("client_id", &narrow.id)]).await;
        let wanted = [("client_id", narrow.id.as_str()), ("client_secret", &narrow.secret), ("code", &code)];
        assert_eq!(scene.app.nobody().post_form("/oauth/token", &wanted).await.ok()["scope"], "user:read");
    }

    async fn decisions_come_from_our_page_and_from_somebody_signed_in(db: &TestDb) {
        let scene = Scene::new(db).await;
        let cookie = signed_in(&scene.app, &scene.ann).await;
        let fields = [("client_id", scene.program.id.as_str()), ("scope", "user:read"), ("decision", "allow")];
        for (name, value) in [("origin", "https://evil.example"), ("origin", "null"), ("sec-fetch-site", "cross-site")] {
            let answer = cookie.header(name, value).post_form("/oauth/authorize", &fields).await;
            is_page(&answer, 403, "Not from here");
            let answer = cookie.header(name, value).post_form("/settings/applications", &[("action", "create")]).await;
            is_page(&answer, 403, "Not from here");
            let answer = cookie.header(name, value).post_form("/sign-out", &[]).await;
            is_page(&answer, 403, "Not from here");
            let right = [("email", "ann@example.com"), ("password", PASSWORD)];
            is_page(&browser(&scene.app).header(name, value).post_form("/sign-in", &right).await, 403, "Not from here");
        }
        is_page(&browser(&scene.app).post_form("/oauth/authorize", &fields).await, 200, "action=\"/sign-in\"");
        // A token is no session, also not the person's own.
        let bearer = browser(&scene.app).bearer(&scene.ann.token);
        is_page(&bearer.post_form("/oauth/authorize", &fields).await, 200, "action=\"/sign-in\"");
        assert!(scene.app.rows::<i64>("select 1 from authorization_code").await.is_empty());
    }

    async fn signing_in_and_out_in_a_browser(db: &TestDb) {
        let scene = Scene::new(db).await;
        let page = browser(&scene.app).get("/sign-in?next=/oauth/authorize").await;
        is_page(&page, 200, "value=\"/oauth/authorize\"");
        is_page(&browser(&scene.app).get("/sign-in?next=https://evil.example").await, 200, "value=\"/settings/applications\"");
        let wrong = [("email", "ann@example.com"), ("password", "wrong horse"), ("next", "//evil.example")];
        let answer = browser(&scene.app).post_form("/sign-in", &wrong).await;
        is_page(&answer, 422, "address or the password is wrong");
        assert!(!text(&answer).contains("wrong horse") && !answer.headers.contains_key("set-cookie"));
        let evil = [("email", "ann@example.com"), ("password", PASSWORD), ("next", "//evil.example")];
        let answer = browser(&scene.app).post_form("/sign-in", &evil).await;
        assert_eq!((answer.status, &answer.headers["location"]), (303, &"/settings/applications".parse().unwrap()));
        let browser_of_ann = signed_in(&scene.app, &scene.ann).await;
        is_page(&browser_of_ann.get("/settings/applications").await, 200, "Ann Example");
        assert_eq!(browser_of_ann.get("/sign-in?next=/y").await.headers["location"], "/y");
        let out = browser_of_ann.post_form("/sign-out", &[("next", "/oauth/authorize?x=1")]).await;
        assert_eq!(out.headers["location"], "/oauth/authorize?x=1");
        assert!(out.headers["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
        is_page(&browser_of_ann.get("/settings/applications").await, 200, "action=\"/sign-in\"");
        // Guessing is slowed down here as in the API, by the same count.
        let guesser = browser(&scene.app).at([10, 0, 0, 1]);
        for _ in 0..10 {
            is_page(&guesser.post_form("/sign-in", &wrong).await, 422, "wrong");
        }
        let answer = guesser.post_form("/sign-in", &evil).await;
        is_page(&answer, 429, "Too many");
        assert_eq!(answer.headers["retry-after"], "901");
        let login = [("email", "ann@example.com"), ("password", PASSWORD)];
        scene.app.nobody().at([10, 0, 0, 2]).post_form("v3/users/login", &login).await.fails(429, 114);
    }
}
