//! From a code to a token, and the end of tokens.

use super::*;

on_both_databases! {
    migrations();

    async fn a_code_works_once_soon_and_for_its_program(db: &TestDb) {
        let scene = Scene::new(db).await;
        let other = register(&scene.app, json!({"redirect_uris": [CALLBACK]})).await;
        let nobody = scene.app.nobody();
        let send = async |fields: &[(&str, &str)]| nobody.post_form("/oauth/token", fields).await;

        let code = scene.code(&scene.ann, "user:read").await;
        let theirs = [("client_id", other.id.as_str()), ("client_secret", &other.secret), ("code", &code)];
        refuses(&send(&theirs).await, 400, "BAD_REQUEST", "invalid_grant");
        let mut elsewhere = scene.exchange(&code);
        elsewhere.push(("redirect_uri", "http://localhost:1/callback"));
        refuses(&send(&elsewhere).await, 400, "BAD_REQUEST", "redirect_uri");
        let mut injected = scene.exchange(&code);
        injected.push(("code_verifier", VERIFIER));
        refuses(&send(&injected).await, 400, "BAD_REQUEST", "no code_challenge");
        let token = send(&scene.exchange(&code)).await.ok()["access_token"].as_str().unwrap().to_owned();
        scene.me(&token).await.ok();
        let second = scene.token(&scene.ann, "user:read").await;
        refuses(&send(&scene.exchange(&code)).await, 400, "BAD_REQUEST", "used before");
        scene.me(&token).await.fails(403, 200);
        scene.me(&second).await.ok();

        let late = scene.code(&scene.ann, "user:read").await;
        scene.app.app.clock.advance(5 * MINUTE);
        refuses(&send(&scene.exchange(&late)).await, 400, "BAD_REQUEST", "expired");
        refuses(&send(&scene.exchange("nonsense")).await, 400, "BAD_REQUEST", "unknown");
        refuses(&send(&scene.exchange("")).await, 400, "BAD_REQUEST", "code is missing");
        // An address that was named has to be named again.
        let browser = signed_in(&scene.app, &scene.ann).await;
        let fields = [("client_id", scene.program.id.as_str()), ("scope", "user:read"), ("redirect_uri", CALLBACK)];
        let code = allow(&browser, &fields).await;
        refuses(&send(&scene.exchange(&code)).await, 400, "BAD_REQUEST", "redirect_uri is missing");
    }

    async fn two_exchanges_of_one_code_leave_no_token(db: &TestDb) {
        let scene = Scene::new(db).await;
        let code = scene.code(&scene.ann, "user:read").await;
        let fields = scene.exchange(&code);
        let (one, two) = (scene.app.nobody(), scene.app.nobody());
        let (a, b) = tokio::join!(one.post_form("/oauth/token", &fields), two.post_form("/oauth/token", &fields));
        let mut statuses = [a.status, b.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 400]);
        let left: Vec<i64> = scene.app.rows("select id from token where application_id is not null").await;
        assert!(left.is_empty(), "{left:?}");
    }

    async fn pkce_binds_a_code_to_whoever_began(db: &TestDb) {
        let scene = Scene::new(db).await;
        let public = register(&scene.app, json!({
            "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none", "application_type": "native",
        })).await;
        assert_eq!(public.secret, "");
        let browser = signed_in(&scene.app, &scene.ann).await;
        let fields = [
            ("client_id", public.id.as_str()), ("redirect_uri", CALLBACK), ("scope", "user:read"),
            ("code_challenge", CHALLENGE), ("code_challenge_method", "S256"),
        ];
        let code = allow(&browser, &fields).await;
        let wanted = [("client_id", public.id.as_str()), ("code", &code), ("redirect_uri", CALLBACK)];
        let nobody = scene.app.nobody();
        refuses(&nobody.post_form("/oauth/token", &wanted).await, 400, "BAD_REQUEST", "code_verifier is missing");
        for verifier in [CHALLENGE, "short", &VERIFIER[..42]] {
            let wanted = [&wanted[..], &[("code_verifier", verifier)]].concat();
            refuses(&nobody.post_form("/oauth/token", &wanted).await, 400, "BAD_REQUEST", "does not match");
        }
        let wanted = [&wanted[..], &[("code_verifier", VERIFIER)]].concat();
        nobody.post_form("/oauth/token", &wanted).await.ok();
    }

    async fn programs_authenticate_in_body_and_header(db: &TestDb) {
        let scene = Scene::new(db).await;
        let App { id, secret } = &scene.program;
        let nobody = scene.app.nobody();
        let basic = |pair: String| nobody.header("authorization", &format!("Basic {}", base64(&pair)));
        for wrong in [
            vec![("client_id", id.as_str()), ("client_secret", "wrong"), ("code", "x")],
            vec![("client_id", id.as_str()), ("code", "x")],
            vec![("client_id", "twd_x"), ("client_secret", secret.as_str()), ("code", "x")],
        ] {
            refuses(&nobody.post_form("/oauth/token", &wrong).await, 401, "FORBIDDEN", "invalid_client");
            refuses(&nobody.post_form("/oauth/revoke", &wrong).await, 401, "FORBIDDEN", "invalid_client");
        }
        let nul = json!({"client_id": "a\0b", "client_secret": "c", "code": "d", "token": "e"});
        for path in ["/oauth/token", "/oauth/revoke"] {
            refuses(&nobody.post_json(path, nul.clone()).await, 400, "BAD_REQUEST", "client_id");
        }
        for pair in ["a\0b:c".to_owned(), format!("{id}:wrong"), format!("x:{secret}"), id.clone(), format!("{id}:")] {
            let answer = basic(pair).post_form("/oauth/token", &[("code", "x")]).await;
            refuses(&answer, 401, "FORBIDDEN", "invalid_client");
            assert!(answer.headers["www-authenticate"].to_str().unwrap().starts_with("Basic"));
        }
        let answer = basic(format!("{id}:{secret}")).post_form("/oauth/token", &[("client_id", "y"), ("code", "x")]).await;
        refuses(&answer, 400, "BAD_REQUEST", "another one in the header");
        let code = scene.code(&scene.ann, "user:read").await;
        // A secret in an address would be in every log on the way.
        let address = format!("/oauth/token?client_id={id}&client_secret={secret}&code={code}");
        refuses(&nobody.post_form(&address, &[]).await, 400, "BAD_REQUEST", "client_id is missing");
        let wrong = [&scene.exchange(&code)[..2], &[("grant_type", "password")]].concat();
        refuses(&nobody.post_form("/oauth/token", &wrong).await, 400, "BAD_REQUEST", "unsupported_grant_type");
        refuses(&nobody.send(http::Method::POST, "/oauth/token", "application/json", "{".into()).await, 400, "BAD_REQUEST", "JSON");
        let form = [("code", code.as_str()), ("grant_type", "authorization_code")];
        let token = basic(format!("{id}:{secret}")).post_form("/oauth/access_token", &form).await.ok();
        scene.me(token["access_token"].as_str().unwrap()).await.ok();
        // A token that was left over in the header says nothing about the program.
        let code = scene.code(&scene.ann, "user:read").await;
        nobody.bearer("old").post_form("/oauth/token", &scene.exchange(&code)).await.ok();
    }

    async fn an_origin_that_keeps_failing_has_to_wait(db: &TestDb) {
        let scene = Scene::new(db).await;
        let (one, two) = (scene.app.nobody().at([10, 0, 0, 1]), scene.app.nobody().at([10, 0, 0, 2]));
        let wrong = scene.exchange("wrong");
        for _ in 0..100 {
            refuses(&one.post_form("/oauth/token", &wrong).await, 400, "BAD_REQUEST", "invalid_grant");
        }
        let late = one.post_form("/oauth/token", &wrong).await;
        refuses(&late, 429, "BAD_REQUEST", "too many");
        assert_eq!(late.headers["retry-after"], "901");
        refuses(&two.post_form("/oauth/token", &wrong).await, 400, "BAD_REQUEST", "invalid_grant");
        for _ in 0..100 {
            let answer = two.post_json("/oauth/register", json!({"redirect_uris": [CALLBACK]})).await;
            assert_eq!(answer.status, 201);
        }
        refuses(&two.post_json("/oauth/register", json!({"redirect_uris": [CALLBACK]})).await, 429, "BAD_REQUEST", "too many");
    }

    async fn a_consent_taken_back_ends_its_tokens_only(db: &TestDb) {
        let scene = Scene::new(db).await;
        let anns = [scene.token(&scene.ann, "user:read").await, scene.token(&scene.ann, "threads:read,user:read").await];
        let bos = scene.token(&scene.bo, "user:read").await;
        let waiting = scene.code(&scene.ann, "user:read").await;
        let browser = signed_in(&scene.app, &scene.ann).await;
        let page = browser.get("/settings/applications").await;
        is_page(&page, 200, "<h3>Bot</h3>");
        assert!(text(&page).contains("See threads and your inbox") && text(&page).contains("Since 2027-01-15"));
        let id = scene.application(&scene.program.id).await.to_string();
        let revoke = [("action", "revoke"), ("application", id.as_str())];
        assert_eq!(browser.post_form("/settings/applications", &revoke).await.status, 303);
        for token in &anns {
            scene.me(token).await.fails(403, 200);
        }
        let late = scene.app.nobody().post_form("/oauth/token", &scene.exchange(&waiting)).await;
        refuses(&late, 400, "BAD_REQUEST", "unknown");
        scene.me(&bos).await.ok();
        scene.me(&scene.ann.token).await.ok();
        is_page(&browser.get("/settings/applications").await, 200, "you have let no application act");
        is_page(&browser.post_form("/settings/applications", &revoke).await, 404, "Nothing to change");
    }

    async fn programs_end_their_own_tokens(db: &TestDb) {
        let scene = Scene::new(db).await;
        let other = register(&scene.app, json!({"redirect_uris": [CALLBACK]})).await;
        let (one, two) = (scene.token(&scene.ann, "user:read").await, scene.token(&scene.ann, "user:read").await);
        let nobody = scene.app.nobody();
        let end = async |program: &App, token: &str| {
            let body = json!({"client_id": program.id, "client_secret": program.secret, "token": token});
            nobody.post_json("/oauth/revoke", body).await.done();
        };
        for token in [one.as_str(), &scene.ann.token, "unknown"] {
            end(&other, token).await;
        }
        end(&scene.program, &scene.ann.token).await;
        scene.me(&one).await.ok();
        scene.me(&scene.ann.token).await.ok();
        end(&scene.program, &one).await;
        end(&scene.program, &one).await;
        scene.me(&one).await.fails(403, 200);
        scene.me(&two).await.ok();
    }

    async fn removed_people_are_represented_by_nobody(db: &TestDb) {
        let scene = Scene::new(db).await;
        let token = scene.token(&scene.bo, "user:read").await;
        let waiting = scene.code(&scene.bo, "user:read").await;
        scene.bo.post_form("v3/users/delete", &[("password", PASSWORD)]).await.done();
        scene.me(&token).await.fails(403, 200);
        let late = scene.app.nobody().post_form("/oauth/token", &scene.exchange(&waiting)).await;
        refuses(&late, 400, "BAD_REQUEST", "unknown");
        assert!(scene.app.rows::<i64>("select 1 from consent").await.is_empty());
    }

    async fn a_token_of_a_program_stays_one(db: &TestDb) {
        let scene = Scene::new(db).await;
        let token = scene.token(&scene.ann, "user:write").await;
        let client = scene.app.nobody().bearer(&token);
        let new = client.post_form("v3/users/invalidate_token", &[]).await.ok();
        let new = new["token"].as_str().unwrap();
        assert!(new.starts_with("oauth2:"), "{new}");
        scene.me(&token).await.fails(403, 200);
        scene.me(new).await.ok();
        scene.me(&scene.ann.token).await.ok();
        scene.app.nobody().bearer(new).get("v3/workspaces/get").await.fails(403, 109);
        let (ann, id) = (scene.ann.id, scene.application(&scene.program.id).await);
        scene.app.app.db.write(move |tx| oauth::revoke(tx, ann, id, 0)).await.unwrap();
        scene.me(new).await.fails(403, 200);
    }
}
