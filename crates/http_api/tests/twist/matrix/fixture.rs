//! A workspace with things that only some of its people may see.

use halyard_identity::{ALL_SCOPES, Purpose, Scope, Scopes, SecretHash, UserId, issue_code};
use halyard_messaging::{
    Error, Role,
    subscription::{self, End, FOLLOWER, Outcome},
};
use halyard_platform::{db::testing::TestDb, events::follow};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::{
    attachments::{GIF, ID, put},
    support::{NOW, Person},
    team::Team,
};

/// In every text that only the people of the channel or conversation may see.
pub(super) const SECRET: &str = "Zanzibar";

/// Everybody and everything that the rows name.
pub(super) struct Fixture {
    pub(super) team: Team,
    /// Guest in no channel. The one of the team is in the private one.
    pub(super) outside: Person,
    /// Tokens of the administrator: one without any scope, and for each scope one that has all
    /// scopes but those that cover it.
    tokens: Vec<(Option<Scope>, String)>,
    /// What stands in braces in the rows.
    names: Vec<(&'static str, String)>,
}

impl Fixture {
    pub(super) async fn new(db: &TestDb) -> Self {
        let team = Team::new(db).await;
        let (ann, bo, cat, gus, rae) = (&team.ann, &team.bo, &team.cat, &team.gus, &team.rae);
        let outside = team.app.member(ann, team.space, "gil", Role::Guest).await;
        let dan = team.app.member(ann, team.space, "dan", Role::User).await;
        // Her own workspace has another person in it.
        let others = id(&team.eve.get("v3/workspaces/get_default").await.ok());
        let paul = json!({"id": others, "email": "paul@example.com"});
        team.eve.post_json("v3/workspaces/add_user", paul).await.ok();

        let inside = [ann.id, bo.id, gus.id, rae.id];
        let channel = |name: &str| json!({"workspace_id": team.space, "name": name, "public": false, "user_ids": inside});
        let secret = make(cat, "channels/add", channel(SECRET)).await;
        let second = make(cat, "channels/add", channel("Second Zanzibar")).await;
        let old = make(cat, "channels/add", channel("Old Zanzibar")).await;
        ann.post_json("v3/channels/favorite", json!({"id": old})).await.done();
        cat.post_json("v3/channels/archive", json!({"id": old})).await.done();

        let thread = json!({
            "channel_id": secret, "title": SECRET, "content": SECRET,
            "recipients": [ann.id, cat.id]
        });
        let kept = make(bo, "threads/add", thread.clone()).await;
        for (call, minutes) in [("star", 0), ("pin", 0), ("archive", 0), ("mute", 30)] {
            let body = json!({"id": kept, "minutes": minutes});
            ann.post_json(&format!("v3/threads/{call}"), body).await.ok();
        }
        let thread = make(bo, "threads/add", thread).await;
        let file = put(bo, ID, "a.gif", GIF).await;
        let comment = json!({"thread_id": thread, "content": SECRET, "attachments": [file]});
        let comment = make(bo, "comments/add", comment).await;
        let reaction = json!({"comment_id": comment, "reaction": "👍"});
        ann.post_json("v3/reactions/add", reaction).await.done();

        let talk = |people: [UserId; 3]| json!({"workspace_id": team.space, "user_ids": people});
        let kept_talk = talk([bo.id, gus.id, cat.id]);
        let kept_talk = make(ann, "conversations/get_or_create", kept_talk).await;
        for call in ["archive", "mute"] {
            let body = json!({"id": kept_talk, "minutes": 30});
            ann.post_json(&format!("v3/conversations/{call}"), body).await.ok();
        }
        let talk = talk([bo.id, gus.id, rae.id]);
        let talk = make(ann, "conversations/get_or_create", talk).await;
        let title = json!({"id": talk, "title": SECRET});
        ann.post_json("v3/conversations/update", title).await.ok();
        let message = json!({"conversation_id": talk, "content": SECRET});
        let message = make(bo, "conversation_messages/add", message).await;

        let group = json!({"workspace_id": team.space, "name": "Sailors", "user_ids": inside});
        let group = make(ann, "groups/add", group).await;
        let invited = json!({"id": team.space, "email": "new@example.com"});
        let invited = make(ann, "workspaces/add_user", invited).await;
        for (user, code) in [(UserId(invited), "invited"), (ann.id, "forgotten")] {
            let (secret, end) = (SecretHash::of(code), NOW + 3_600_000);
            let issue = team
                .app
                .app
                .db
                .write(move |tx| issue_code(tx, Purpose::Password, Some(user), &secret, end));
            issue.await.unwrap();
        }
        let here = json!({"workspace_id": team.space, "platform": "desktop"});
        ann.post_json("v3/users/heartbeat", here).await.done();
        let second_space = make(ann, "workspaces/add", json!({"name": "Second"})).await;
        let link = json!({"workspace_id": team.space});
        let link = ann.post_json("v3/url_join/get_or_create", link).await.ok();
        let hook = json!({"target_url": "https://example.com/hook", "event": "comment_added"});
        let hook = ann.post_json("v3/hooks/subscribe", hook).await.json()["id"].as_i64().unwrap();
        let another = json!({"thread_id": thread, "content": SECRET});
        make(bo, "comments/add", another).await;
        let delivery = failed_delivery(&team, hook).await;
        let address = json!({"obj_type": "CONVERSATION", "obj_id": talk});
        bo.post_json("v3/loop_in/get_or_create", address).await.ok();
        let crane = json!({
            "workspace_id": team.space, "kind": "channel", "name": "Hoist",
            "url": "http://127.0.0.1:9/hook",
        });
        let integration = make(bo, "integrations/add", crane).await;
        let place = json!({"id": integration, "channel_id": secret});
        let installation = bo.post_json("v3/integrations/install", place).await.ok();
        let post_url = installation["post_data_url"].as_str().unwrap();
        let (_, install_token) = post_url.split_once("install_token=").unwrap();
        let parrot = json!({
            "workspace_id": team.space, "kind": "bot", "name": "Parrot",
            "url": "http://127.0.0.1:9/hook",
        });
        let parrot = bo.post_json("v3/integrations/add", parrot).await.ok();
        let bot = bo.post_json("v3/integrations/install", json!({"id": parrot["id"]})).await.ok();
        let bot_talk = json!({"workspace_id": team.space, "user_ids": [parrot["bot_id"]]});
        let bot_talk = make(bo, "conversations/get_or_create", bot_talk).await;
        let until = NOW / 1000 + 60;
        let bot_key = callback_key(&bot, bot_talk, until);
        team.dismiss_rae().await;
        team.app.index().await;
        let told = gus.get("v3/notifications/get").await.ok();

        let names = [
            ("space", team.space.0),
            ("channel", secret),
            ("second", second),
            ("old", old),
            ("thread", thread),
            ("kept", kept),
            ("comment", comment),
            ("talk", talk),
            ("kept_talk", kept_talk),
            ("message", message),
            ("group", group),
            ("second_space", second_space),
            ("told", id(&told["notifications"][0])),
            ("invited", invited),
            ("hook", hook),
            ("delivery", delivery),
            ("bot", id(&bot)),
            ("bot_talk", bot_talk),
            ("until", until),
            ("integration", integration),
            ("installation", id(&installation)),
            ("bo", bo.id.0),
            ("cat", cat.id.0),
            ("dan", dan.id.0),
        ];
        let mut names: Vec<_> = names.map(|(name, id)| (name, id.to_string())).into();
        names.push(("file", ID.to_owned()));
        names.push(("bot_key", bot_key));
        names.push(("install_token", install_token.to_owned()));
        names.push(("link", link["url"].as_str().unwrap().to_owned()));
        let mut tokens = vec![(None, team.app.token(ann.id, Scopes::NONE).await)];
        for scope in ALL_SCOPES {
            tokens.push((Some(*scope), team.app.token(ann.id, all_but(*scope)).await));
        }
        Self { team, outside, tokens, names }
    }

    /// A token of somebody who may do everything, but with which they may not.
    pub(super) fn token_without(&self, scope: Option<Scope>) -> &str {
        let name = |scope: Option<Scope>| scope.map(Scope::name);
        let token = self.tokens.iter().find(|(other, _)| name(*other) == name(scope));
        &token.expect("a token for each scope").1
    }

    /// The parameters of a row, with the things that it names.
    pub(super) fn fields(&self, row: &'static str) -> Vec<(&'static str, String)> {
        let fields = row.split('&').filter_map(|field| field.split_once('='));
        let named = fields.map(|(name, value)| {
            let mut value = value.to_owned();
            for (thing, id) in &self.names {
                value = value.replace(&format!("{{{thing}}}"), id);
            }
            // Braces that begin with a quote are those of JSON.
            let unknown = value.split('{').skip(1).find(|rest| !rest.starts_with('"'));
            assert!(unknown.is_none(), "nothing is called {value}");
            (name, value)
        });
        named.collect()
    }
}

/// Makes something and answers its id.
async fn make(person: &Person, call: &str, body: Value) -> i64 {
    id(&person.post_json(&format!("v3/{call}"), body).await.ok())
}

fn id(object: &Value) -> i64 {
    object["id"].as_i64().unwrap()
}

/// The key of the address at which a bot answers.
fn callback_key(installation: &Value, conversation: i64, until: i64) -> String {
    let (_, token) = installation["verify_token"].as_str().unwrap().split_once('_').unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(token.as_bytes()).unwrap();
    let text = format!("callback.{}.{conversation}.{until}", id(installation));
    mac.update(text.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

/// Every scope that does not cover this one.
fn all_but(scope: Scope) -> Scopes {
    let one = |other: &Scope| Scopes::parse(other.name()).unwrap();
    let others = ALL_SCOPES.iter().filter(|other| !one(other).allow(scope));
    let others: Vec<_> = others.map(|other| other.name()).collect();
    Scopes::parse(&others.join(",")).unwrap()
}

/// Does once what the workers do, with a target that fails.
async fn failed_delivery(team: &Team, hook: i64) -> i64 {
    let db = &team.app.app.db;
    let mut found = None;
    // On PostgreSQL an event is readable only when no older transaction is open.
    while found.is_none() {
        let step = db.write(move |tx| {
            let batch = follow::next(tx, FOLLOWER, 1000)?;
            let planned = subscription::plan(tx, &batch.events, NOW)?;
            assert!(batch.settle(tx)?);
            subscription::spread(tx, &planned, NOW)?;
            let due = subscription::due(tx, hook, 0, NOW, 10)?.expect("a subscription");
            Ok::<_, Error>(due.deliveries.last().map(|delivery| delivery.id))
        });
        found = step.await.unwrap();
    }
    let delivery = found.unwrap();
    let failed = Outcome {
        subscription: hook,
        delivery,
        started_at: NOW,
        took: 1,
        request: String::new(),
        response_status: Some(500),
        response: None,
        end: End::Failed("the target answered 500".to_owned()),
    };
    let write =
        db.write(move |tx| subscription::settle(tx, std::slice::from_ref(&failed), NOW, 0.0));
    write.await.unwrap();
    delivery
}
