//! Tokens that expire, and what renews them.

use halyard_identity::oauth::{GRACE, IDLE_DAYS};

use super::*;

const HOUR: i64 = 60 * MINUTE;

/// What an application has got.
#[derive(Clone, PartialEq, Debug)]
struct Pair {
    access: String,
    refresh: String,
    scope: String,
}

#[track_caller]
fn pair(answer: &Answer) -> Pair {
    let body = answer.ok();
    assert_eq!(body["token_type"], "Bearer");
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    Pair { access: text("access_token"), refresh: text("refresh_token"), scope: text("scope") }
}

impl Scene {
    /// As [`Scene::new`], with an application that renews its tokens.
    async fn refreshing(db: &TestDb) -> Self {
        let scene = Self::new(db).await;
        let program = register(
            &scene.app,
            json!({
                "redirect_uris": [CALLBACK], "grant_types": ["authorization_code", "refresh_token"],
            }),
        );
        Self { program: program.await, ..scene }
    }

    async fn pair(&self, person: &Person, scope: &str) -> Pair {
        let code = self.code(person, scope).await;
        pair(&self.app.nobody().post_form("/oauth/token", &self.exchange(&code)).await)
    }

    async fn refresh(&self, token: &str, more: &[(&str, &str)]) -> Answer {
        let fields = [
            &self.exchange("")[..2],
            &[("grant_type", "refresh_token"), ("refresh_token", token)],
            more,
        ];
        self.app.nobody().post_form("/oauth/access_token", &fields.concat()).await
    }

    async fn grants(&self) -> i64 {
        self.app.rows::<i64>("select count(*) from oauth_grant").await[0]
    }

    fn later(&self, time: i64) {
        self.app.app.clock.advance(time);
    }
}

on_both_databases! {
    migrations();

    async fn a_token_expires_and_is_renewed(db: &TestDb) {
        let scene = Scene::refreshing(db).await;
        let code = scene.code(&scene.ann, "user:read,workspaces:read").await;
        let answer = scene.app.nobody().post_form("/oauth/token", &scene.exchange(&code)).await;
        assert_eq!(answer.ok()["expires_in"], 3600);
        let first = pair(&answer);
        assert_eq!(first.scope, "user:read workspaces:read");
        assert!(first.access.starts_with("oauth2:") && first.refresh.starts_with("oauth2r:"));
        scene.later(HOUR - 1);
        scene.me(&first.access).await.ok();
        // What renews is no token of its own.
        scene.me(&first.refresh).await.fails(403, 200);
        scene.later(1);
        scene.me(&first.access).await.fails(403, 200);

        let second = pair(&scene.refresh(&first.refresh, &[]).await);
        assert_eq!(second.scope, first.scope);
        assert!(second.access != first.access && second.refresh != first.refresh);
        scene.me(&second.access).await.ok();
        scene.later(HOUR);
        let third = pair(&scene.refresh(&second.refresh, &[]).await);
        scene.me(&third.access).await.ok();
        // One consent, whatever came of it, and no secret in the store.
        assert_eq!((scene.app.rows::<i64>("select count(*) from consent").await, scene.grants().await), (vec![1], 1));
        let stored: Vec<String> = scene.app.rows("select scope from oauth_grant").await;
        assert_eq!(stored, ["user:read workspaces:read"]);
        // The tokens of other applications live on.
        let plain = register(&scene.app, json!({"redirect_uris": [CALLBACK]})).await;
        let plain = Scene { program: plain, ..scene };
        let code = plain.code(&plain.ann, "user:read").await;
        let answer = plain.app.nobody().post_form("/oauth/token", &plain.exchange(&code)).await.ok();
        assert!(answer.get("expires_in").is_none() && answer.get("refresh_token").is_none(), "{answer}");
        plain.later(400 * 24 * HOUR);
        plain.me(answer["access_token"].as_str().unwrap()).await.ok();
    }

    async fn a_narrower_token_can_be_had_and_no_wider_one(db: &TestDb) {
        let scene = Scene::refreshing(db).await;
        let first = scene.pair(&scene.ann, "user:read,workspaces:read").await;
        for wide in ["user:write", "user:read threads:read", "user:fly"] {
            let answer = scene.refresh(&first.refresh, &[("scope", wide)]).await;
            refuses(&answer, 400, "BAD_REQUEST", "invalid_scope");
        }
        let narrow = pair(&scene.refresh(&first.refresh, &[("scope", "user:read")]).await);
        assert_eq!(narrow.scope, "user:read");
        scene.me(&narrow.access).await.ok();
        scene.app.nobody().bearer(&narrow.access).get("v3/workspaces/get").await.fails(403, 109);
        assert_eq!(pair(&scene.refresh(&first.refresh, &[]).await), narrow, "the lost answer again");
        let wide = pair(&scene.refresh(&narrow.refresh, &[]).await);
        scene.app.nobody().bearer(&wide.access).get("v3/workspaces/get").await.ok();
    }

    async fn a_lost_answer_comes_again_and_a_stolen_token_ends_everything(db: &TestDb) {
        let scene = Scene::refreshing(db).await;
        let first = scene.pair(&scene.ann, "user:read").await;
        let second = pair(&scene.refresh(&first.refresh, &[]).await);
        scene.later(GRACE - 1);
        assert_eq!(pair(&scene.refresh(&first.refresh, &[]).await), second);
        scene.me(&second.access).await.ok();
        // Its time is over.
        scene.later(1);
        refuses(&scene.refresh(&first.refresh, &[]).await, 400, "BAD_REQUEST", "used before");
        for token in [&first.access, &second.access] {
            scene.me(token).await.fails(403, 200);
        }
        refuses(&scene.refresh(&second.refresh, &[]).await, 400, "BAD_REQUEST", "unknown");
        assert_eq!(scene.grants().await, 0);
        let acts: Vec<String> = scene.app.rows("select kind from audit where kind like 'refresh%'").await;
        assert_eq!(acts, ["refresh_token_used_again"]);

        // One that was replaced long ago, while its successor's successor is young.
        let old = scene.pair(&scene.ann, "user:read").await;
        let middle = pair(&scene.refresh(&old.refresh, &[]).await);
        let new = pair(&scene.refresh(&middle.refresh, &[]).await);
        scene.me(&new.access).await.ok();
        refuses(&scene.refresh(&old.refresh, &[]).await, 400, "BAD_REQUEST", "used before");
        scene.me(&new.access).await.fails(403, 200);
    }

    async fn many_who_renew_at_once_get_the_same(db: &TestDb) {
        let scene = Scene::refreshing(db).await;
        let first = scene.pair(&scene.ann, "user:read").await;
        let answers = futures_util::future::join_all((0..10).map(|_| scene.refresh(&first.refresh, &[]))).await;
        let pairs: Vec<Pair> = answers.iter().map(pair).collect();
        assert!(pairs.iter().all(|other| *other == pairs[0]), "{pairs:?}");
        scene.me(&pairs[0].access).await.ok();
    }

    async fn whoever_is_somebody_else_renews_nothing(db: &TestDb) {
        let scene = Scene::refreshing(db).await;
        let first = scene.pair(&scene.ann, "user:read").await;
        let other = register(&scene.app, json!({"redirect_uris": [CALLBACK], "grant_types": ["authorization_code", "refresh_token"]})).await;
        let nobody = scene.app.nobody();
        let wanted = |id: &str, secret: &str| json!({
            "grant_type": "refresh_token", "refresh_token": first.refresh, "client_id": id, "client_secret": secret,
        });
        let theirs = nobody.post_json("/oauth/token", wanted(&other.id, &other.secret)).await;
        refuses(&theirs, 400, "BAD_REQUEST", "invalid_grant");
        let wrong = nobody.post_json("/oauth/token", wanted(&scene.program.id, &other.secret)).await;
        refuses(&wrong, 401, "FORBIDDEN", "invalid_client");
        let short = &first.refresh[..first.refresh.len() - 1];
        for token in ["x", &first.access, short, "oauth2r:"] {
            refuses(&scene.refresh(token, &[]).await, 400, "BAD_REQUEST", "unknown");
        }
        refuses(&scene.refresh("", &[]).await, 400, "BAD_REQUEST", "refresh_token is missing");
        pair(&scene.refresh(&first.refresh, &[]).await);
        // A program without a secret renews, too; its tokens are bound to its name.
        let public = register(&scene.app, json!({
            "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none", "grant_types": ["authorization_code", "refresh_token"],
        })).await;
        let fields = [
            ("client_id", public.id.as_str()), ("redirect_uri", CALLBACK), ("scope", "user:read"),
            ("code_challenge", CHALLENGE), ("code_challenge_method", "S256"),
        ];
        let code = allow(&signed_in(&scene.app, &scene.ann).await, &fields).await;
        let wanted = [("client_id", public.id.as_str()), ("code", &code), ("redirect_uri", CALLBACK), ("code_verifier", VERIFIER)];
        let first = pair(&nobody.post_form("/oauth/token", &wanted).await);
        let wanted = [("client_id", public.id.as_str()), ("grant_type", "refresh_token"), ("refresh_token", &first.refresh)];
        pair(&nobody.post_form("/oauth/token", &wanted).await);
    }

    async fn the_end_of_one_is_the_end_of_both(db: &TestDb) {
        let scene = Scene::refreshing(db).await;
        let nobody = scene.app.nobody();
        let end = async |token: &str| {
            let body = json!({"client_id": scene.program.id, "client_secret": scene.program.secret, "token": token});
            nobody.post_json("/oauth/revoke", body).await.done();
        };
        let kept = scene.pair(&scene.ann, "user:read").await;
        for by_refresh_token in [true, false] {
            let first = scene.pair(&scene.ann, "user:read").await;
            let second = pair(&scene.refresh(&first.refresh, &[]).await);
            end(if by_refresh_token { &second.refresh } else { &first.access }).await;
            for token in [&first.access, &second.access] {
                scene.me(token).await.fails(403, 200);
            }
            refuses(&scene.refresh(&second.refresh, &[]).await, 400, "BAD_REQUEST", "unknown");
        }
        scene.me(&kept.access).await.ok();
        assert_eq!(scene.grants().await, 1);
        // So is the second use of a code.
        let code = scene.code(&scene.ann, "user:read").await;
        let first = pair(&nobody.post_form("/oauth/token", &scene.exchange(&code)).await);
        let second = pair(&scene.refresh(&first.refresh, &[]).await);
        refuses(&nobody.post_form("/oauth/token", &scene.exchange(&code)).await, 400, "BAD_REQUEST", "used before");
        scene.me(&second.access).await.fails(403, 200);
        refuses(&scene.refresh(&second.refresh, &[]).await, 400, "BAD_REQUEST", "unknown");
        // And the end of the consent.
        let (ann, id) = (scene.ann.id, scene.application(&scene.program.id).await);
        scene.app.app.db.write(move |tx| oauth::revoke(tx, ann, id, 0)).await.unwrap();
        scene.me(&kept.access).await.fails(403, 200);
        refuses(&scene.refresh(&kept.refresh, &[]).await, 400, "BAD_REQUEST", "unknown");
        // And that of the person.
        let bos = scene.pair(&scene.bo, "user:read").await;
        scene.bo.post_form("v3/users/delete", &[("password", PASSWORD)]).await.done();
        refuses(&scene.refresh(&bos.refresh, &[]).await, 400, "BAD_REQUEST", "unknown");
        assert_eq!(scene.grants().await, 0);
    }

    async fn a_replaced_token_lives_no_longer(db: &TestDb) {
        let scene = Scene::refreshing(db).await;
        let (first, other) = (scene.pair(&scene.ann, "user:write").await, scene.pair(&scene.ann, "user:read").await);
        let client = scene.app.nobody().bearer(&first.access);
        let new = client.post_form("v3/users/invalidate_token", &[]).await.ok()["token"].as_str().unwrap().to_owned();
        scene.me(&first.access).await.fails(403, 200);
        scene.me(&other.access).await.fails(403, 200);
        refuses(&scene.refresh(&other.refresh, &[]).await, 400, "BAD_REQUEST", "unknown");
        scene.me(&new).await.ok();
        scene.later(HOUR);
        scene.me(&new).await.fails(403, 200);
        pair(&scene.refresh(&first.refresh, &[]).await);
    }

    async fn what_nobody_renews_is_forgotten(db: &TestDb) {
        let scene = Scene::refreshing(db).await;
        let (idle, busy) = (scene.pair(&scene.ann, "user:read").await, scene.pair(&scene.bo, "user:read").await);
        let sweep = async || {
            let now = scene.app.app.clock.now();
            scene.app.app.db.write(move |tx| halyard_identity::sweep_tokens(tx, now)).await.unwrap();
        };
        scene.later(IDLE_DAYS * 24 * HOUR - 1);
        sweep().await;
        assert_eq!(scene.grants().await, 2);
        let tokens: Vec<i64> = scene.app.rows("select id from token where grant_id is not null").await;
        assert!(tokens.is_empty(), "expired tokens are gone: {tokens:?}");
        let busy = pair(&scene.refresh(&busy.refresh, &[]).await);
        scene.later(1);
        refuses(&scene.refresh(&idle.refresh, &[]).await, 400, "BAD_REQUEST", "unknown");
        sweep().await;
        assert_eq!(scene.grants().await, 1);
        scene.me(&busy.access).await.ok();
        // However often somebody renews, the table holds few of their tokens.
        let mut next = busy;
        for _ in 0..15 {
            next = pair(&scene.refresh(&next.refresh, &[]).await);
        }
        assert_eq!(scene.app.rows::<i64>("select count(*) from token where grant_id is not null").await, [10]);
        scene.me(&next.access).await.ok();
    }

    async fn people_choose_it_for_their_own_applications(db: &TestDb) {
        let scene = Scene::new(db).await;
        let ann = signed_in(&scene.app, &scene.ann).await;
        let new = [("action", "create"), ("name", "Tool"), ("redirect_uris", CALLBACK), ("refreshes", "yes")];
        is_page(&ann.post_form("/settings/applications", &new).await, 200, "expire and are renewed by it");
        // So does a document about a program.
        let host = Documents::start().await;
        let id = host.put("/client", |id| json!({
            "client_id": id, "redirect_uris": [CALLBACK], "grant_types": ["authorization_code", "refresh_token"],
        }));
        let fields = [
            ("client_id", id.as_str()), ("scope", "user:read"), ("redirect_uri", CALLBACK),
            ("code_challenge", CHALLENGE), ("code_challenge_method", "S256"),
        ];
        let code = allow(&ann, &fields).await;
        let wanted = [("client_id", id.as_str()), ("code", &code), ("redirect_uri", CALLBACK), ("code_verifier", VERIFIER)];
        let answer = scene.app.nobody().post_form("/oauth/token", &wanted).await;
        assert_ne!(pair(&answer).refresh, "");
        assert_eq!(scene.app.rows::<bool>("select refreshes from application order by id").await, [false, true, true]);
    }
}
