//! When subscriptions end without being cancelled.

use halyard_identity::oauth::IDLE_DAYS;
use halyard_messaging::{member, subscription::end_unrepresented};

use super::*;
use crate::oauth::{App, allow, register, signed_in};

const CALLBACK: &str = "http://localhost:8766/callback";

async fn program(desk: &Desk, grant_types: Value) -> App {
    let about = json!({"redirect_uris": [CALLBACK], "grant_types": grant_types});
    register(&desk.team.app, about).await
}

/// The person lets the program act for them; answers its code and its token.
async fn token(desk: &Desk, person: &Person, program: &App) -> (String, String) {
    let browser = signed_in(&desk.team.app, person).await;
    let fields = [("client_id", program.id.as_str()), ("scope", "comments:read user:read")];
    let code = allow(&browser, &fields).await;
    let token =
        exchange(desk, program, &code).await.ok()["access_token"].as_str().unwrap().to_owned();
    (code, token)
}

async fn exchange(desk: &Desk, program: &App, code: &str) -> crate::support::Answer {
    let fields =
        [("client_id", program.id.as_str()), ("client_secret", &program.secret), ("code", code)];
    desk.team.app.nobody().post_form("/oauth/token", &fields).await
}

/// Subscribes with a token to comments; answers the id.
async fn with_token(desk: &Desk, token: &str, path: &str) -> i64 {
    let body = json!({"target_url": desk.sink.url(path), "event": "comment_added"});
    let answer = desk.team.app.nobody().bearer(token).post_json("v3/hooks/subscribe", body).await;
    assert_eq!(answer.status, 201, "{}", answer.json());
    id(&answer.json())
}

/// The subscriptions of a person.
async fn left(person: &Person) -> Vec<i64> {
    person.get("v3/hooks/get").await.ok().as_array().unwrap().iter().map(id).collect()
}

on_both_databases! {
    migrations();

    async fn a_subscription_ends_with_what_its_application_may(db: &TestDb) {
        let desk = Desk::new(db).await;
        let cat = &desk.team.cat;
        let [one, two] = [program(&desk, json!(["authorization_code"])).await, program(&desk, json!(["authorization_code", "refresh_token"])).await];
        let (_, ones) = token(&desk, cat, &one).await;
        let (_, other) = token(&desk, cat, &one).await;
        let (_, twos) = token(&desk, cat, &two).await;
        let (a, b, own) = (
            with_token(&desk, &ones, "/same").await,
            with_token(&desk, &twos, "/same").await,
            id(&subscribe(cat, &desk.sink.url("/own"), "comment_added", json!({})).await),
        );
        assert_eq!(with_token(&desk, &other, "/same").await, a, "the same application wants the same");
        assert_eq!(left(cat).await, [a, b, own]);
        let thread = desk.thread("T").await;
        desk.comment(thread, "all").await;
        desk.sink.wait_for(3).await;

        // While one token of it lives, the application acts for her.
        let nobody = desk.team.app.nobody();
        for (token, subscriptions) in [(&ones, vec![a, b, own]), (&other, vec![b, own])] {
            let fields = [("client_id", one.id.as_str()), ("client_secret", &one.secret), ("token", token)];
            nobody.post_form("/oauth/revoke", &fields).await.done();
            assert_eq!(left(cat).await, subscriptions);
        }
        // An application cancels what it has made, and not what others have.
        let bob = nobody.bearer(&twos);
        bob.post_form("v3/hooks/unsubscribe", &[("target_url", &desk.sink.url("/same"))]).await.done();
        assert_eq!(left(cat).await, [own]);
        with_token(&desk, &twos, "/same").await;

        // She takes her consent back.
        let browser = signed_in(&desk.team.app, cat).await;
        let application: Vec<i64> = desk.team.app.rows("select max(id) from application").await;
        let fields = [("action", "revoke"), ("application", &application[0].to_string())];
        assert_eq!(browser.post_form("/settings/applications", &fields).await.status, 303);
        assert_eq!(left(cat).await, [own]);
        desk.comment(thread, "her own").await;
        desk.sink.wait_for(4).await;
        assert_eq!(desk.sink.seen().last().unwrap().path, "/own");
        let states: Vec<String> = desk.team.app.rows("select status from delivery where status = 'pending'").await;
        assert!(states.is_empty(), "{states:?}");
        desk.stop().await;
    }

    async fn a_stolen_code_and_a_long_silence_end_it_too(db: &TestDb) {
        let desk = Desk::new(db).await;
        let (bo, cat) = (&desk.team.bo, &desk.team.cat);
        let program = program(&desk, json!(["authorization_code", "refresh_token"])).await;
        let (code, bos) = token(&desk, bo, &program).await;
        let (_, cats) = token(&desk, cat, &program).await;
        let (of_bo, of_cat) = (with_token(&desk, &bos, "/bo").await, with_token(&desk, &cats, "/cat").await);
        assert_eq!((left(bo).await, left(cat).await), (vec![of_bo], vec![of_cat]));
        assert_eq!(exchange(&desk, &program, &code).await.status, 400);
        assert_eq!((left(bo).await, left(cat).await), (vec![], vec![of_cat]));

        let sweep = async || {
            let now = desk.team.app.app.clock.now();
            desk.team.app.app.db.write(move |tx| -> Result<usize, halyard_identity::Error> {
                halyard_identity::sweep_tokens(tx, now)?;
                Ok(end_unrepresented(tx, None, now)?)
            }).await.unwrap()
        };
        // An expired token that can be renewed is no end.
        desk.advance(2 * 60 * 60 * 1000).await;
        assert_eq!(sweep().await, 0);
        desk.advance(IDLE_DAYS * 86_400_000).await;
        assert_eq!(sweep().await, 1);
        assert!(left(cat).await.is_empty());
        desk.stop().await;
    }

    async fn what_a_person_wants_too_is_theirs(db: &TestDb) {
        let desk = Desk::new(db).await;
        let cat = &desk.team.cat;
        let program = program(&desk, json!(["authorization_code"])).await;
        let (_, token) = token(&desk, cat, &program).await;
        let made = with_token(&desk, &token, "/hook").await;
        assert_eq!(id(&desk.subscribe(cat, "comment_added").await), made);
        assert_eq!(with_token(&desk, &token, "/hook").await, made);
        let fields = [("client_id", program.id.as_str()), ("client_secret", &program.secret), ("token", &token)];
        desk.team.app.nobody().post_form("/oauth/revoke", &fields).await.done();
        assert_eq!(left(cat).await, [made]);
        desk.stop().await;
    }

    async fn removed_members_take_theirs_along(db: &TestDb) {
        let desk = Desk::new(db).await;
        let (cat, space) = (&desk.team.cat, desk.team.space);
        let second = id(&cat.post_json("v3/workspaces/add", json!({"name": "Second"})).await.ok());
        let thread = desk.thread("T").await;
        let talk = desk.team.talk(cat, &[&desk.team.bo]).await.id;
        let mut made = Vec::new();
        for (event, filter) in [
            ("comment_added", json!({})),
            ("comment_added", json!({"workspace_id": second})),
            ("comment_added", json!({"workspace_id": space})),
            ("comment_added", json!({"channel_id": desk.channel})),
            ("comment_added", json!({"thread_id": thread})),
            ("message_added", json!({"conversation_id": talk})),
        ] {
            made.push(id(&subscribe(cat, &desk.sink.url("/hook"), event, filter).await));
        }
        let bos = id(&subscribe(&desk.team.bo, &desk.sink.url("/bo"), "comment_added", json!({"workspace_id": space})).await);
        let user = cat.id;
        desk.team.app.act(desk.team.ann.id, move |tx, actor| member::remove(tx, actor, space, user)).await;
        assert_eq!(left(cat).await, made[..2]);
        assert_eq!(left(&desk.team.bo).await, [bos]);
        cat.post_form("v3/users/delete", &[("password", PASSWORD)]).await.done();
        let left: Vec<i64> = desk.team.app.rows("select id from subscription where ended_at is null").await;
        assert_eq!(left, [bos]);
        desk.stop().await;
    }
}
