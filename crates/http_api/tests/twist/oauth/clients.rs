//! How programs become known, and how they find us.

use super::*;

on_both_databases! {
    migrations();

    async fn people_manage_their_own_applications(db: &TestDb) {
        let scene = Scene::new(db).await;
        let (ann, bo) = (signed_in(&scene.app, &scene.ann).await, signed_in(&scene.app, &scene.bo).await);
        let path = "/settings/applications";
        let new = [
            ("action", "create"), ("name", "Ann's <b>tool</b>"), ("website", "https://tool.example"),
            ("redirect_uris", "https://tool.example/a\r\nmytool:/b"), ("kind", "confidential"),
        ];
        for (name, value, words) in [
            ("name", " ", "1 to 255"),
            ("redirect_uris", "nowhere", "absolute"),
            ("redirect_uris", "", "1 to 20"),
            ("website", "javascript:alert(1)", "begins with"),
        ] {
            let fields = new.map(|(key, old)| (key, if key == name { value } else { old }));
            let answer = ann.post_form(path, &fields).await;
            is_page(&answer, 422, words);
            assert!(text(&answer).contains(&format!("aria-describedby=\"{name}-problem\"")));
        }
        let answer = ann.post_form(path, &new).await;
        is_page(&answer, 200, "shown this once");
        let between = |html: &str, start: &str| {
            html.split_once(start).unwrap().1.split('<').next().unwrap().to_owned()
        };
        let (id, secret) = (between(&text(&answer), "id=\"client-id\">"), between(&text(&answer), "id=\"secret\">"));
        assert!(id.starts_with("twd_") && secret.len() == 64, "{id} {secret}");
        let page = text(&ann.get(path).await);
        assert!(page.contains(&id) && !page.contains(&secret) && !page.contains("<b>tool"), "{page}");
        assert!(!text(&bo.get(path).await).contains(&id));

        let tool = App { id: id.clone(), secret };
        let code = allow(&bo, &[("client_id", &id), ("redirect_uri", "mytool:/b"), ("scope", "user:read")]).await;
        let wanted = |secret: &str| {
            json!({"client_id": tool.id, "client_secret": secret, "code": code, "redirect_uri": "mytool:/b"})
        };
        let number = scene.application(&id).await.to_string();
        let with = |action| [("action", action), ("application", number.as_str())];
        for action in ["rotate", "test-token", "remove", "nonsense"] {
            is_page(&bo.post_form(path, &with(action)).await, 404, "Nothing to change");
            is_page(&browser(&scene.app).post_form(path, &with(action)).await, if action == "nonsense" { 404 } else { 200 }, "");
        }
        let answer = ann.post_form(path, &with("rotate")).await;
        is_page(&answer, 200, "The new secret");
        let rotated = between(&text(&answer), "id=\"secret\">");
        refuses(&scene.app.nobody().post_json("/oauth/token", wanted(&tool.secret)).await, 401, "FORBIDDEN", "client_secret");
        let token = scene.app.nobody().post_json("/oauth/token", wanted(&rotated)).await.ok();
        let token = token["access_token"].as_str().unwrap();
        scene.me(token).await.ok();

        let first = between(&text(&ann.post_form(path, &with("test-token")).await), "id=\"secret\">");
        let second = between(&text(&ann.post_form(path, &with("test-token")).await), "id=\"secret\">");
        scene.me(&first).await.fails(403, 200);
        assert_eq!(scene.me(&second).await.ok()["id"], json!(scene.ann.id));
        let client = scene.app.nobody().bearer(&second);
        client.get("v3/workspaces/get").await.ok();
        client.post_json("v3/workspaces/add", json!({"name": "N"})).await.ok();

        assert_eq!(ann.post_form(path, &with("remove")).await.status, 303);
        scene.me(token).await.fails(403, 200);
        scene.me(&second).await.fails(403, 200);
        assert!(!text(&ann.get(path).await).contains(&id));
        is_page(&ann.get(&query(&[("client_id", &id), ("scope", "user:read")])).await, 400, "not known");
    }

    async fn programs_register_themselves(db: &TestDb) {
        let app = TestApp::new(db);
        let full = json!({
            "redirect_uris": [CALLBACK, "com.example.app:/cb"], "client_name": "My <app>",
            "client_uri": "https://app.example", "logo_uri": "https://app.example/logo.png",
            "scope": "user:read threads:write", "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"], "token_endpoint_auth_method": "client_secret_post",
            "application_type": "native", "something_else": {"a": 1},
        });
        let answer = app.nobody().post_json("/oauth/register", full.clone()).await;
        assert_eq!((answer.status, &answer.headers["cache-control"]), (201, &"no-store".parse().unwrap()));
        let mut answer = answer.json();
        let (id, secret) = (answer["client_id"].take(), answer["client_secret"].take());
        assert!(id.as_str().unwrap().starts_with("twd_"));
        assert_eq!(secret.as_str().unwrap().len(), 64);
        assert_eq!(answer, json!({
            "client_id": null, "client_secret": null, "client_secret_expires_at": 0,
            "client_id_issued_at": 1_800_000_000, "client_name": "My <app>",
            "client_uri": "https://app.example", "redirect_uris": [CALLBACK, "com.example.app:/cb"],
            "scope": "user:read threads:write", "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"], "token_endpoint_auth_method": "client_secret_post",
        }));
        for (name, value, error) in [
            ("redirect_uris", json!([]), "invalid_redirect_uri"),
            ("redirect_uris", json!("x"), "invalid_redirect_uri"),
            ("redirect_uris", json!(["javascript:alert(1)"]), "invalid_redirect_uri"),
            ("redirect_uris", json!(["https://a.example/#x"]), "invalid_redirect_uri"),
            ("redirect_uris", json!([1]), "invalid_redirect_uri"),
            ("redirect_uris", json!(vec![CALLBACK; 21]), "invalid_redirect_uri"),
            ("redirect_uris", Value::Null, "invalid_redirect_uri"),
            ("client_name", json!("x".repeat(256)), "invalid_client_metadata"),
            ("client_name", json!(1), "invalid_client_metadata"),
            ("client_name", json!("a\0b"), "invalid_client_metadata"),
            ("client_uri", json!("javascript:alert(1)"), "invalid_client_metadata"),
            ("scope", json!("user:fly"), "invalid_client_metadata"),
            ("grant_types", json!(["password"]), "invalid_client_metadata"),
            ("response_types", json!(["token"]), "invalid_client_metadata"),
            ("token_endpoint_auth_method", json!("private_key_jwt"), "invalid_client_metadata"),
        ] {
            let mut body = full.clone();
            body[name] = value;
            refuses(&app.nobody().post_json("/oauth/register", body).await, 400, error, "");
        }
        let send = async |body: &'static str| {
            app.nobody().send(http::Method::POST, "/oauth/register", "application/json", body.into()).await
        };
        refuses(&send("[]").await, 400, "invalid_client_metadata", "JSON object");
        refuses(&send("{").await, 400, "invalid_client_metadata", "JSON object");
        assert_eq!(app.rows::<i64>("select id from application").await.len(), 1);
        // Whoever nobody uses is forgotten.
        let sweep = |at: i64| app.app.db.write(move |tx| oauth::sweep(tx, at));
        let (made, month) = (crate::support::NOW, 30 * 86_400_000);
        assert_eq!(sweep(made + month - 1).await.unwrap(), 0);
        assert_eq!(sweep(made + month).await.unwrap(), 1);
        // Not who is used, nor who belongs to somebody.
        let ann = app.person("ann").await;
        let used = register(&app, json!({"redirect_uris": [CALLBACK]})).await;
        allow(&signed_in(&app, &ann).await, &[("client_id", &used.id), ("scope", "user:read")]).await;
        let own = [("action", "create"), ("name", "Own"), ("redirect_uris", CALLBACK)];
        signed_in(&app, &ann).await.post_form("/settings/applications", &own).await;
        assert_eq!(sweep(made + month).await.unwrap(), 1, "the code alone");
        assert_eq!(app.rows::<i64>("select id from application").await.len(), 2);
    }

    async fn generic_clients_find_everything(db: &TestDb) {
        let app = TestApp::new(db);
        let answer = app.nobody().get("/.well-known/oauth-authorization-server").await;
        assert_eq!(answer.headers["access-control-allow-origin"], "*");
        let server = answer.ok();
        assert_eq!(server["issuer"], "http://halyard.test");
        for (name, path) in [
            ("authorization_endpoint", "/oauth/authorize"),
            ("token_endpoint", "/oauth/token"),
            ("revocation_endpoint", "/oauth/revoke"),
            ("registration_endpoint", "/oauth/register"),
        ] {
            assert_eq!(server[name], format!("http://halyard.test{path}"), "{name}");
        }
        assert_eq!(server["code_challenge_methods_supported"], json!(["S256"]));
        assert_eq!(server["scopes_supported"].as_array().unwrap().len(), 27);
        assert_eq!(server["response_types_supported"], json!(["code"]));
        assert_eq!(server["grant_types_supported"], json!(["authorization_code", "refresh_token"]));
        for path in ["", "/api/v3"] {
            let resource = app.nobody().get(&format!("/.well-known/oauth-protected-resource{path}")).await.ok();
            assert_eq!(resource["resource"], format!("http://halyard.test{path}"));
            assert_eq!(resource["authorization_servers"], json!(["http://halyard.test"]));
        }
        let settings = Settings { public_url: Some("https://halyard.example.com".to_owned()), ..Settings::default() };
        let app = TestApp::with(db, settings);
        let server = app.nobody().get("/.well-known/oauth-authorization-server").await.ok();
        assert_eq!(server["token_endpoint"], "https://halyard.example.com/oauth/token");
    }

    async fn a_program_can_be_known_by_the_address_of_its_document(db: &TestDb) {
        let scene = Scene::new(db).await;
        let host = Documents::start().await;
        let id = host.put("/client", |id| json!({"client_id": id, "client_name": "Docs", "redirect_uris": [CALLBACK]}));
        let fields = [
            ("client_id", id.as_str()), ("scope", "user:read"), ("redirect_uri", CALLBACK),
            ("code_challenge", CHALLENGE), ("code_challenge_method", "S256"),
        ];
        // Somebody who is not known makes this server ask nobody.
        is_page(&browser(&scene.app).get(&query(&fields)).await, 200, "action=\"/sign-in\"");
        assert_eq!(host.asked(), 0);
        let ann = signed_in(&scene.app, &scene.ann).await;
        is_page(&ann.get(&query(&fields)).await, 200, &format!("<code>{id}</code>"));
        let code = allow(&ann, &fields).await;
        let wanted = json!({"client_id": id, "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER});
        let token = scene.app.nobody().post_json("/oauth/token", wanted).await.ok();
        let token = token["access_token"].as_str().unwrap();
        scene.me(token).await.ok();
        assert_eq!(host.asked(), 1, "what is known is not asked again at once");

        // Later it is; what people have allowed stays.
        scene.app.app.clock.advance(60 * MINUTE);
        host.put("/client", |id| json!({"client_id": id, "client_name": "Docs", "redirect_uris": ["https://new.example/"]}));
        is_page(&ann.get(&query(&fields)).await, 400, "has not registered");
        assert_eq!(host.asked(), 2);
        scene.me(token).await.ok();
        scene.app.app.clock.advance(60 * MINUTE);
        host.take_away("/client");
        is_page(&ann.get(&query(&fields)).await, 400, "status 404");

        // The document of one program is none for another.
        let other = host.put("/other", |_| json!({"client_id": id, "redirect_uris": [CALLBACK]}));
        is_page(&ann.get(&query(&[("client_id", &other), ("scope", "user:read")])).await, 400, "another client_id");
        for inside in ["http://10.0.0.1/client", "https://[::1]/client", "http://localhost.example.invalid/client"] {
            let page = ann.get(&query(&[("client_id", inside), ("scope", "user:read")])).await;
            is_page(&page, 400, "cannot be asked who it is");
        }
        let server = scene.app.nobody().get("/.well-known/oauth-authorization-server").await.ok();
        assert_eq!(server["client_id_metadata_document_supported"], true);
    }

    async fn consents_grow_and_scopes_are_those_of_the_token(db: &TestDb) {
        let scene = Scene::new(db).await;
        let narrow = scene.token(&scene.ann, "user:read").await;
        let wide = scene.token(&scene.ann, "workspaces:read").await;
        let client = |token: &str| scene.app.nobody().bearer(token);
        client(&narrow).get("v3/workspaces/get").await.fails(403, 109);
        client(&wide).get("v3/workspaces/get").await.ok();
        scene.me(&wide).await.fails(403, 109);
        let scopes: Vec<i64> = scene.app.rows("select scopes from consent").await;
        assert_eq!(scopes, [Scopes::parse("user:read workspaces:read").unwrap().bits()]);
    }
}
