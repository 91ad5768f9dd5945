//! The live feed: everybody hears what they may see, once, in order, and nothing else.

use std::time::Duration;

use axum::body::Body;
use halyard_identity::{Scope, Scopes};
use halyard_messaging::Role;
use halyard_platform::{db::testing::eventually, events, on_both_databases, params};
use http_body_util::BodyExt;
use serde_json::{Value, json};

use crate::{
    support::{Client, Person, migrations},
    team::Team,
};

const FEED: &str = "/api/app/v1/feed";

#[derive(Debug, Clone, PartialEq)]
struct Message {
    id: Option<i64>,
    kind: String,
    data: Value,
}

/// An open feed.
struct Listening {
    body: Body,
    text: String,
}

impl Listening {
    async fn open(client: &Client, path: &str) -> Self {
        let response = client.open(path).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { body: response.into_body(), text: String::new() }
    }

    /// Opens one and takes its greeting, after which nothing is missed.
    async fn greeted(client: &Client, path: &str) -> (Self, Message) {
        let mut listening = Self::open(client, path).await;
        let hello = listening.next().await.expect("a greeting");
        assert_eq!(hello.kind, "hello");
        (listening, hello)
    }

    /// The next message; none at the end of the feed.
    async fn next(&mut self) -> Option<Message> {
        loop {
            if let Some((message, rest)) = self.text.split_once("\n\n") {
                let parsed = parse(message);
                self.text = rest.to_owned();
                return Some(parsed);
            }
            let frame = tokio::time::timeout(Duration::from_secs(60), self.body.frame()).await;
            let frame = frame.expect("a message in time")?.unwrap();
            self.text += std::str::from_utf8(frame.data_ref().unwrap()).unwrap();
        }
    }

    /// As [`next`](Self::next), but presence.
    async fn next_event(&mut self) -> Option<Message> {
        loop {
            let message = self.next().await?;
            if message.kind != "presence" {
                return Some(message);
            }
        }
    }

    /// What is heard up to a thread with this id, but presence.
    async fn until_thread(&mut self, thread: i64) -> Vec<Message> {
        let mut heard = Vec::new();
        loop {
            let message = self.next().await.expect("the feed goes on");
            if message.kind == "thread_added" && message.data["thread_id"] == thread {
                return heard;
            }
            if message.kind != "presence" {
                heard.push(message);
            }
        }
    }
}

/// A transaction in another database of the same server may hold back what is readable; a feed that
/// begins then begins in the past.
async fn all_readable(team: &Team) {
    eventually("all events are readable", || async {
        let all = team.app.rows::<i64>("select count(*) from event").await[0];
        let readable = team.app.app.db.read(|tx| events::after(tx, None, 10_000)).await;
        readable.unwrap().len() as i64 == all
    })
    .await;
}

fn parse(text: &str) -> Message {
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
    Message {
        id: field("id: ").map(|id| id.parse().unwrap()),
        kind: field("event: ").unwrap().to_owned(),
        data: serde_json::from_str(field("data: ").unwrap()).unwrap(),
    }
}

fn kinds(messages: &[Message]) -> Vec<&str> {
    messages.iter().map(|message| message.kind.as_str()).collect()
}

async fn make(person: &Client, call: &str, body: Value) -> i64 {
    person.post_json(&format!("v3/{call}"), body).await.ok()["id"].as_i64().unwrap()
}

async fn channel(team: &Team, by: &Person, public: bool, people: &[&Person]) -> i64 {
    let people: Vec<_> = people.iter().map(|person| person.id).collect();
    let body =
        json!({"workspace_id": team.space, "name": "C", "public": public, "user_ids": people});
    make(by, "channels/add", body).await
}

async fn thread(by: &Person, channel: i64) -> i64 {
    make(by, "threads/add", json!({"channel_id": channel, "title": "T", "content": "x"})).await
}

on_both_databases! {
    migrations();

    async fn everybody_hears_what_they_may_see_and_nothing_else(db: &TestDb) {
        let team = Team::new(db).await;
        let lobby = channel(&team, &team.ann, true, &[&team.gus]).await;
        let eves = team.eve.get("v3/workspaces/get_default").await.ok()["id"].clone();
        let raes = team.app.workspace(&team.rae, "Her own").await.id;
        all_readable(&team).await;
        let (mut ann, _) = Listening::greeted(&team.ann, FEED).await;
        let (mut bo, _) = Listening::greeted(&team.bo, FEED).await;
        let (mut gus, _) = Listening::greeted(&team.gus, FEED).await;
        let (mut rae, _) = Listening::greeted(&team.rae, FEED).await;
        let (mut eve, _) = Listening::greeted(&team.eve, FEED).await;
        team.dismiss_rae().await;

        let secret = channel(&team, &team.cat, false, &[&team.bo]).await;
        let inside = thread(&team.cat, secret).await;
        let body = json!({"thread_id": inside, "content": "y"});
        let comment = make(&team.bo, "comments/add", body).await;
        team.talk(&team.bo, &[&team.cat]).await;
        let group = json!({"workspace_id": team.space, "name": "G"});
        make(&team.ann, "groups/add", group).await;
        let marker = thread(&team.cat, lobby).await;
        let own = |space: Value| json!({"workspace_id": space, "name": "O", "public": true});
        let eves_channel = make(&team.eve, "channels/add", own(eves)).await;
        let eves_marker = thread(&team.eve, eves_channel).await;
        let raes_channel = make(&team.rae, "channels/add", own(json!(raes))).await;
        let raes_marker = thread(&team.rae, raes_channel).await;

        let heard = bo.until_thread(marker).await;
        assert_eq!(kinds(&heard), [
            "channel_user_removed", "workspace_user_removed", "channel_added", "channel_user_added",
 "thread_added", "comment_added",
            "conversation_added", "group_added",
        ]);
        let posted = &heard[5];
        assert_eq!(posted.data, json!({
            "workspace_id": team.space, "channel_id": secret, "thread_id": inside,
            "comment_id": comment, "obj_index": 0,
        }));
        assert!(heard.windows(2).all(|pair| pair[0].id.is_some() && pair[0].id != pair[1].id));
        // The administrator is neither in the private channel nor in the conversation.
        let heard = ann.until_thread(marker).await;
        assert_eq!(kinds(&heard), ["channel_user_removed", "workspace_user_removed", "group_added"]);
        assert_eq!(gus.until_thread(marker).await, []);
        assert_eq!(kinds(&eve.until_thread(eves_marker).await), ["channel_added", "channel_user_added"]);
        assert_eq!(kinds(&rae.until_thread(raes_marker).await), ["channel_added", "channel_user_added"]);
    }

    async fn a_token_hears_only_what_its_scopes_cover(db: &TestDb) {
        let team = Team::new(db).await;
        let lobby = channel(&team, &team.ann, true, &[]).await;
        let scopes = Scopes::parse("threads:read").unwrap();
        assert!(!scopes.allow(Scope::COMMENTS_READ));
        let client = team.app.nobody().bearer(&team.app.token(team.bo.id, scopes).await);
        all_readable(&team).await;
        let (mut bo, _) = Listening::greeted(&client, FEED).await;
        let first = thread(&team.ann, lobby).await;
        make(&team.ann, "comments/add", json!({"thread_id": first, "content": "y"})).await;
        channel(&team, &team.ann, true, &[]).await;
        let last = thread(&team.ann, lobby).await;
        let heard = bo.until_thread(last).await;
        assert_eq!(kinds(&heard), ["thread_added"]);
    }

    async fn a_feed_resumes_without_a_gap_or_a_repetition(db: &TestDb) {
        let team = Team::new(db).await;
        let lobby = channel(&team, &team.ann, true, &[]).await;
        all_readable(&team).await;
        let (mut before, hello) = Listening::greeted(&team.bo, FEED).await;
        assert!(hello.id.is_some(), "a position to resume from");
        let first = thread(&team.ann, lobby).await;
        before.until_thread(first).await;
        let secret = channel(&team, &team.ann, false, &[]).await;
        let mut threads = Vec::new();
        for n in 0..4 {
            threads.push(thread(&team.ann, lobby).await);
            if n % 2 == 0 {
                thread(&team.ann, secret).await;
            }
        }
        // Some of it may have been handed out already: whatever the position, it goes on there.
        let mut all = Vec::new();
        while all.len() < threads.len() {
            all.extend(before.next_event().await.filter(|message| message.kind == "thread_added"));
        }
        for n in 0..threads.len() {
            let message = &all[n];
            let resume = team.bo.header("last-event-id", &message.id.unwrap().to_string());
            let (mut after, hello) = Listening::greeted(&resume, FEED).await;
            assert_eq!(hello.id, None, "the position is the client's own");
            for missed in &all[n + 1..] {
                assert_eq!(after.next_event().await.as_ref(), Some(missed));
            }
            let next = thread(&team.ann, lobby).await;
            assert_eq!(kinds(&after.until_thread(next).await), Vec::<&str>::new());
            all.push(before.next_event().await.unwrap());
        }
    }

    async fn a_forgotten_position_is_told(db: &TestDb) {
        let team = Team::new(db).await;
        let lobby = channel(&team, &team.ann, true, &[]).await;
        all_readable(&team).await;
        let (mut kept, _) = Listening::greeted(&team.ann, FEED).await;
        let first = thread(&team.ann, lobby).await;
        kept.until_thread(first).await;
        let oldest = db.db.read(|tx| events::after(tx, None, 1)).await.unwrap()[0].id;
        db.db.write(move |tx| tx.exec("delete from event where id = $1", params![oldest])).await.unwrap();
        let resume = team.bo.header("last-event-id", &oldest.to_string());
        let (mut feed, hello) = Listening::greeted(&resume, FEED).await;
        assert!(hello.id.is_some());
        assert_eq!(feed.next().await.unwrap().kind, "reset");
        let next = thread(&team.ann, lobby).await;
        assert_eq!(feed.until_thread(next).await, []);
    }

    async fn presence_and_typing_leave_no_trace(db: &TestDb) {
        let team = Team::new(db).await;
        let lobby = channel(&team, &team.ann, true, &[&team.gus]).await;
        let secret = channel(&team, &team.ann, false, &[&team.bo]).await;
        let (open, hidden) = (thread(&team.ann, lobby).await, thread(&team.ann, secret).await);
        let talk = team.talk(&team.ann, &[&team.gus]).await.id;
        all_readable(&team).await;
        let here = format!("{FEED}?workspace_id={}", team.space);
        let (mut ann, hello) = Listening::greeted(&team.ann, &here).await;
        let online = |message: &Message| message.data["workspaces"][0]["online"].clone();
        assert_eq!(online(&hello), json!([team.ann.id]));
        let (_bo, hello) = Listening::greeted(&team.bo, &here).await;
        assert_eq!(online(&hello), json!([team.ann.id, team.bo.id]));
        let (mut gus, hello) = Listening::greeted(&team.gus, &here).await;
        assert_eq!(hello.data["workspaces"], json!([]), "guests do not see who is there");
        let mut told = Vec::new();
        while told.len() < 3 {
            let message = ann.next().await.unwrap();
            assert_eq!((message.kind.as_str(), message.id), ("presence", None));
            told.extend(message.data["online"].as_array().unwrap().clone());
        }
        assert_eq!(told, [json!(team.ann.id), json!(team.bo.id), json!(team.gus.id)]);

        let events = team.app.rows::<i64>("select count(*) from event").await;
        let typing = "/api/app/v1/typing";
        team.bo.post_json(typing, json!({"thread_id": hidden})).await.done();
        team.bo.post_json(typing, json!({"thread_id": open})).await.done();
        let message = gus.next().await.unwrap();
        assert_eq!((message.kind.as_str(), message.id), ("typing", None));
        assert_eq!(message.data, json!({
            "workspace_id": team.space, "channel_id": lobby, "thread_id": open,
            "user_id": team.bo.id,
        }));
        assert_eq!(ann.next().await.unwrap().data["thread_id"], hidden);
        assert_eq!(ann.next().await.unwrap().data["thread_id"], open);
        team.gus.post_json(typing, json!({"conversation_id": talk})).await.done();
        assert_eq!(ann.next().await.unwrap().data["conversation_id"], json!(talk));
        assert_eq!(
            team.app.rows::<i64>("select count(*) from event").await,
            events
        );
        for (client, body, status) in [
            (&*team.gus, json!({"thread_id": hidden}), 404),
            (&*team.eve, json!({"thread_id": open}), 404),
            (&team.app.nobody(), json!({"thread_id": open}), 401),
            (&*team.bo, json!({}), 400),
            (&*team.bo, json!({"thread_id": open, "conversation_id": talk}), 400),
        ] {
            assert_eq!(client.post_json(typing, body).await.status, status);
        }
        let reads = Scopes::parse("comments:read").unwrap();
        let reader = team.app.nobody().bearer(&team.app.token(team.bo.id, reads).await);
        assert_eq!(reader.post_json(typing, json!({"thread_id": open})).await.status, 403);
    }

    async fn who_may_not_listen_is_told_why(db: &TestDb) {
        let team = Team::new(db).await;
        let other = team.app.member(&team.ann, team.space, "new", Role::User).await;
        team.dismiss_rae().await;
        let here = format!("{FEED}?workspace_id={}", team.space);
        for (client, path, status) in [
            (team.app.nobody(), FEED, 401),
            (team.app.nobody().bearer("wrong"), FEED, 401),
            (team.eve.header("x", "y"), here.as_str(), 404),
            (team.rae.header("x", "y"), here.as_str(), 404),
            (team.bo.header("last-event-id", "first"), FEED, 400),
            (team.bo.header("x", "y"), "/api/app/v1/feed?workspace_id=x", 400),
        ] {
            let answer = client.get(path).await;
            assert_eq!(answer.status, status, "{path}");
            assert!(answer.json()["error"].is_string());
        }
        let by_address = format!("{FEED}?token={}", other.token);
        Listening::greeted(&team.app.nobody(), &by_address).await;
    }

    async fn feeds_end_when_the_server_stops(db: &TestDb) {
        let team = Team::new(db).await;
        let (mut feed, _) = Listening::greeted(&team.bo, FEED).await;
        team.app.app.feed.close();
        while let Some(message) = feed.next().await {
            assert_eq!(message.kind, "presence");
        }
        assert_eq!(team.bo.get(FEED).await.status, 503);
    }
}
