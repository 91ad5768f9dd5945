//! Several calls in one request.

use halyard_identity::Scopes;
use halyard_platform::on_both_databases;
use serde_json::{Value, json};

use crate::{
    support::{Answer, Client, NOW, PASSWORD, Person, migrations},
    team::Team,
};

const HOST: &str = "https://api.twist.com";

fn get(path: &str) -> Value {
    json!({"method": "GET", "url": format!("{HOST}/api/v3/{path}")})
}

fn post(path: &str, body: &str) -> Value {
    json!({"method": "POST", "url": format!("{HOST}/api/v3/{path}"), "body": body})
}

async fn send(client: &Client, requests: &[Value], more: &[(&str, &str)]) -> Answer {
    let requests = Value::from(requests).to_string();
    client.post_form("v3/batch", &[&[("requests", requests.as_str())], more].concat()).await
}

/// Status and answer of each call.
#[track_caller]
fn answers(answer: &Answer) -> Vec<(i64, Value)> {
    let list = answer.ok();
    let read = |one: &Value| {
        let headers = one["headers"].as_str().unwrap();
        assert!(headers.lines().any(|line| line == "Content-Type: application/json"), "{headers}");
        assert_eq!(one.as_object().unwrap().len(), 3, "{one}");
        let body = one["body"].as_str().expect("a text");
        (one["code"].as_i64().unwrap(), serde_json::from_str(body).unwrap())
    };
    list.as_array().unwrap().iter().map(read).collect()
}

async fn ask(client: &Client, requests: &[Value]) -> Vec<(i64, Value)> {
    answers(&send(client, requests, &[]).await)
}

/// A private channel of Ann and Bo with a thread.
async fn secret(team: &Team) -> (Value, Value) {
    let body = json!({"workspace_id": team.space, "name": "Secret", "public": false, "user_ids": [team.bo.id]});
    let channel = team.ann.post_json("v3/channels/add", body).await.ok()["id"].clone();
    let body = json!({"channel_id": channel, "title": "T", "content": "x"});
    let thread = team.ann.post_json("v3/threads/add", body).await.ok()["id"].clone();
    (channel, thread)
}

on_both_databases! {
    migrations();

    async fn calls_are_answered_in_their_order(db: &TestDb) {
        let team = Team::new(db).await;
        let (channel, thread) = secret(&team).await;
        let (ann, bo, cat) = (team.ann.id, team.bo.id, team.cat.id);
        let requests = [
            post("channels/add_users", &format!("id={channel}&user_ids={bo}%2C{cat}")),
            get(&format!("channels/getone?id={channel}")),
            post("comments/add", &format!("thread_id={thread}&content=one+%26+two")),
            get(&format!("comments/get?thread_id={thread}")),
            get("threads/getone?id=9999"),
            get(&format!("workspace_users/getone?id={}&user_id={bo}", team.space)),
        ];
        let got = ask(&team.ann, &requests).await;
        let codes: Vec<i64> = got.iter().map(|(code, _)| *code).collect();
        assert_eq!(codes, [200, 200, 200, 200, 404, 200]);
        assert_eq!(got[0].1, json!({"status": "ok"}));
        assert_eq!(got[1].1["user_ids"], json!([ann, bo, cat]));
        assert_eq!(got[2].1["content"], "one & two");
        assert_eq!(got[3].1[0]["content"], "one & two", "later calls see what earlier ones have done");
        assert_eq!(got[4].1["error_code"], 108);
        assert_eq!(got[5].1["user_type"], "USER");
        let reads = [get(&format!("channels/getone?id={channel}")), get("users/get_session_user"), get("no/such")];
        for parallel in ["true", "false", "1"] {
            let got = answers(&send(&team.ann, &reads, &[("parallel", parallel)]).await);
            assert_eq!((got[0].0, &got[0].1["id"]), (200, &channel));
            assert_eq!((got[1].0, &got[1].1["id"]), (200, &json!(ann)));
            assert_eq!((got[2].0, &got[2].1["error_code"]), (404, &json!(110)));
        }
        // As JSON, with a body of JSON, under version 2.
        let body = json!({"requests": [
            {"method": "post", "url": "/api/v2/threads/star", "body": {"id": thread}},
            {"url": format!("/prefix/api/v2/threads/getone?id={thread}")},
        ]});
        let got = answers(&team.ann.post_json("v2/batch", body).await);
        assert_eq!((got[0].0, &got[1].1["is_starred"]), (200, &json!(1)));
    }

    async fn a_batch_allows_what_its_calls_allow(db: &TestDb) {
        let team = Team::new(db).await;
        let (channel, thread) = secret(&team).await;
        team.dismiss_rae().await;
        let nobody = team.app.nobody();
        let narrow = nobody.bearer(&team.app.token(team.ann.id, Scopes::parse("user:read").unwrap()).await);
        let clients: [(&str, &Client, bool); 7] = [
            ("ann", &team.ann, true), ("bo", &team.bo, true), ("cat", &team.cat, false), ("gus", &team.gus, false),
            ("eve", &team.eve, false), ("rae", &team.rae, false), ("nobody", &nobody, false),
        ];
        for (name, client, inside) in clients.into_iter().chain([("narrow", &narrow, false)]) {
            for (path, body) in [
                ("threads/getone", format!("id={thread}")),
                ("channels/getone", format!("id={channel}")),
                ("threads/update", format!("id={thread}&title={name}")),
                ("comments/add", format!("thread_id={thread}&content={name}")),
                ("channels/archive", format!("id={channel}")),
                ("channels/unarchive", format!("id={channel}")),
                ("workspaces/update", format!("id={}&name={name}", team.space)),
            ] {
                let before = nobody_changed(&team).await;
                let (code, answer) = ask(client, &[post(path, &body)]).await.remove(0);
                let direct = client.get(&format!("v3/{path}?{body}")).await;
                let error = |answer: &Value| answer["error_code"].clone();
                assert_eq!(
                    (code, error(&answer)), (i64::from(direct.status), error(&direct.json())), "{path} by {name}"
                );
                if !inside {
                    assert!(code >= 400, "{path} by {name}: {answer}");
                    assert_eq!(nobody_changed(&team).await, before, "{path} by {name}");
                }
            }
        }
    }

    async fn calls_may_bring_their_own_token(db: &TestDb) {
        let team = Team::new(db).await;
        let me = |token: &str| json!({"method": "GET", "url": format!("{HOST}/api/v2/users/get_session_user{token}")});
        let with = |person: &Person| me(&format!("?token={}", person.token));
        let got = ask(&team.ann, &[me(""), with(&team.bo), me("?token=wrong"), with(&team.cat)]).await;
        let ids: Vec<&Value> = got.iter().map(|(_, answer)| &answer["id"]).collect();
        assert_eq!(ids, [&json!(team.ann.id), &json!(team.bo.id), &Value::Null, &json!(team.cat.id)]);
        assert_eq!((got[2].0, &got[2].1["error_code"]), (403, &json!(200)), "not ours instead");
        let got = ask(&team.app.nobody(), &[me(""), with(&team.bo)]).await;
        assert_eq!((got[0].0, &got[1].1["id"]), (403, &json!(team.bo.id)));
        let outer = [("token", team.cat.token.as_str())];
        let got = answers(&send(&team.app.nobody(), &[me(""), with(&team.bo)], &outer).await);
        assert_eq!((&got[0].1["id"], &got[1].1["id"]), (&json!(team.cat.id), &json!(team.bo.id)));
    }

    async fn sessions_count_only_for_our_own_pages(db: &TestDb) {
        let team = Team::new(db).await;
        let fields = [("email", team.ann.email.as_str()), ("password", PASSWORD)];
        let login = team.app.nobody().post_form("v3/users/login", &fields).await;
        let cookie = login.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap();
        let browser = team.app.nobody().header("cookie", cookie);
        let requests = [get("users/get_session_user"), post("workspaces/add", "name=Mine")];
        for origin in ["https://evil.example", "null"] {
            let got = ask(&browser.header("origin", origin), &requests).await;
            assert_eq!((got[0].0, got[1].0, &got[1].1["error_code"]), (200, 403, &json!(109)));
        }
        let got = ask(&browser.header("origin", "http://halyard.test"), &requests).await;
        assert_eq!((got[0].0, got[1].0), (200, 200));
    }

    async fn a_batch_has_limits(db: &TestDb) {
        let team = Team::new(db).await;
        let me = get("users/get_session_user");
        assert_eq!(ask(&team.ann, &vec![me.clone(); 10]).await.len(), 10);
        send(&team.ann, &vec![me.clone(); 11], &[]).await.fails(400, 114);
        assert_eq!(ask(&team.ann, &[]).await, []);
        assert_eq!(team.ann.post_form("v3/batch", &[]).await.fails(400, 19)["error_extra"]["argument"], "requests");
        for wrong in ["x", "{}", "[1]", "[[]]"] {
            let fields = [("requests", wrong)];
            assert_eq!(team.ann.post_form("v3/batch", &fields).await.fails(400, 20)["error_extra"]["argument"], "requests");
        }
        // What is wrong with one call concerns that one only.
        let inner = Value::from(vec![me.clone()]).to_string();
        let inner = form_urlencoded::Serializer::new(String::new()).append_pair("requests", &inner).finish();
        let got = ask(&team.ann, &[
            post("batch", &inner),
            json!({"method": "GET"}),
            json!({"method": "DELETE", "url": format!("{HOST}/api/v3/users/get_session_user")}),
            json!({"method": "POST", "url": format!("{HOST}/api/v3/users/update"), "body": [1]}),
            json!({"method": "GET", "url": "http://127.0.0.1:9/healthz"}),
            json!({"method": "POST", "url": format!("{HOST}/api/v3/attachments/upload"), "body": "a=b"}),
            me,
        ]).await;
        let codes: Vec<_> = got.iter().map(|(code, answer)| (*code, answer["error_code"].as_i64())).collect();
        let errors = [(400, Some(114)), (400, Some(19)), (400, Some(20)), (400, Some(20)), (404, Some(110))];
        assert_eq!(codes[..5], errors);
        assert!(codes[5].0 >= 400 && codes[6] == (200, None), "{codes:?}");
    }

    async fn repeating_a_batch_repeats_nothing(db: &TestDb) {
        let team = Team::new(db).await;
        let (_, thread) = secret(&team).await;
        let comment = |text: &str| post("comments/add", &format!("thread_id={thread}&content={text}"));
        let keyed = team.ann.header("idempotency-key", "one");
        let first = send(&keyed, &[comment("same"), comment("same")], &[]).await;
        let again = send(&keyed, &[comment("same"), comment("same")], &[("parallel", "true")]).await;
        assert_eq!(first.ok(), again.ok());
        let ids: Vec<i64> = answers(&first).iter().map(|(_, answer)| answer["id"].as_i64().unwrap()).collect();
        assert_ne!(ids[0], ids[1], "equal calls of one batch are two");
        assert_eq!(team.app.rows::<i64>("select id from comment").await.len(), 2);
        send(&team.ann.header("idempotency-key", "two"), &[comment("same")], &[]).await.ok();
        assert_eq!(team.app.rows::<i64>("select id from comment").await.len(), 3);
    }

    async fn many_large_batches_do_not_wait_for_each_other(db: &TestDb) {
        let team = Team::new(db).await;
        let (_, thread) = secret(&team).await;
        let content = "x".repeat(14_000);
        let comment = post("comments/add", &format!("thread_id={thread}&content={content}"));
        let padding = post("users/heartbeat", &format!("junk={}", "y".repeat(3_000_000)));
        let batch = [comment, padding];
        // Together they are larger than what is let in at once.
        let sends = (0..8).map(|_| send(&team.ann, &batch, &[]));
        let all = tokio::time::timeout(std::time::Duration::from_secs(60), futures_util::future::join_all(sends));
        for answer in all.await.expect("no batch waits for room that another holds") {
            assert_eq!(answers(&answer)[0].0, 200);
        }
    }

    async fn guessing_in_a_batch_counts(db: &TestDb) {
        let team = Team::new(db).await;
        let guess = post("users/login", "email=ann%40example.com&password=wrong");
        let client = team.app.nobody().at([10, 0, 0, 9]);
        let got = ask(&client, &vec![guess.clone(); 10]).await;
        assert!(got.iter().all(|(code, answer)| (*code, &answer["error_code"]) == (400, &json!(104))));
        let late = &ask(&client, &[guess]).await[0];
        assert_eq!((late.0, &late.1["error_code"]), (429, &json!(114)));
        assert!(team.app.app.clock.now() == NOW);
    }
}

/// What nobody from outside may change.
async fn nobody_changed(team: &Team) -> Vec<String> {
    let mut rows: Vec<String> = team.app.rows("select title from thread").await;
    rows.extend(team.app.rows::<String>("select content from comment order by id").await);
    rows.extend(team.app.rows::<String>("select name from channel where archived = true").await);
    rows.extend(team.app.rows::<String>("select name from workspace order by id").await);
    rows
}
