//! What there is to work with: the demo workspace, with enough in it for several pages.

use halyard_automation::apps::ErrorType;
use serde_json::{Value, json};

use crate::{
    driver::{Fault, Names, Service},
    support::{Api, Server},
};

/// More than two pages of 100.
const COMMENTS: usize = 215;
const MESSAGES: usize = 115;
const THREADS: usize = 125;

/// The token of one of its people.
pub(super) fn token(demo: &Value, person: usize) -> &str {
    demo["users"][person]["twist_token"].as_str().unwrap()
}

/// Makes the things that modules and triggers are pointed at, and names them.
pub(super) async fn name(server: &Server, demo: &Value) -> Names {
    let person = |at: usize| demo["users"][at].clone();
    let ada = server.api(token(demo, 0));
    let team = demo["workspace_id"].clone();

    let mut names = Names::default();
    for (at, name) in ["ada", "ben", "chiyo", "dita", "emil"].into_iter().enumerate() {
        names.set(name, person(at));
    }
    names.set("team", json!({"id": team}));
    names.set("page", json!(format!("{}/docs/twist", server.base())));
    let make = [
        ("channel", "channels/add", json!({"name": "Apps", "user_ids": ["$ben.id"]})),
        ("other", "channels/add", json!({"name": "Apps 2"})),
        ("busy", "channels/add", json!({"name": "Arrivals", "user_ids": ["$ben.id"]})),
        (
            "thread",
            "threads/add",
            json!({"channel_id": "$channel.id", "title": "Berths", "content": "Which are free?"}),
        ),
        (
            "long",
            "threads/add",
            json!({"channel_id": "$other.id", "title": "Log", "content": "All of it."}),
        ),
        ("talk", "conversations/get_or_create", json!({"user_ids": ["$ben.id"]})),
        ("several", "conversations/get_or_create", json!({"user_ids": ["$ben.id", "$chiyo.id"]})),
        ("group", "groups/add", json!({"name": "Pilots"})),
    ];
    for (name, path, mut form) in make {
        form["workspace_id"] = team.clone();
        let thing = post(&ada, path, &names.fill(&form)).await;
        names.set(name, thing);
    }
    names
}

/// Fills the workspace and says what is where.
pub(super) async fn furnish(server: &Server, demo: &Value) -> Service {
    let names = name(server, demo).await;
    let (ada, ben) = (server.api(token(demo, 0)), server.api(token(demo, 1)));
    let entry = names.fill(&json!({"thread_id": "$long.id", "content": "entry"}));
    repeat(&ada, COMMENTS, "comments/add", &entry).await;
    let word = names.fill(&json!({"conversation_id": "$talk.id", "content": "word"}));
    repeat(&ada, MESSAGES, "conversation_messages/add", &word).await;
    // Ben's, so that they are in Ada's inbox.
    let ship = json!({"channel_id": "$busy.id", "title": "Ship", "content": "windlass"});
    repeat(&ben, THREADS, "threads/add", &names.fill(&ship)).await;
    Service {
        base_url: server.base().to_owned(),
        connection: json!({"accessToken": token(demo, 0)}),
        names,
        look_up: json!({"workspace_id": "$team.id", "channel_id": "$channel.id"}),
        faults: faults(),
    }
}

/// A call of the API with the fields of an object.
pub(super) async fn post(api: &Api, path: &str, form: &Value) -> Value {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let fields = form.as_object().unwrap().iter();
    let fields: Vec<(&str, String)> = fields.map(|(key, value)| (&**key, text(value))).collect();
    let fields: Vec<(&str, &str)> = fields.iter().map(|(key, value)| (*key, &**value)).collect();
    api.post(path, &fields, None).await.unwrap().ok()
}

/// The same so many times, eight at a time.
async fn repeat(api: &Api, times: usize, path: &'static str, form: &Value) {
    let writers = (0..8).map(|writer| {
        let (api, form) = (api.clone(), form.clone());
        tokio::spawn(async move {
            for _ in (writer..times).step_by(8) {
                post(&api, path, &form).await;
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
}

/// Failures in the words of the service.
fn faults() -> Vec<Fault> {
    let body = |code: u16, words: &str| {
        json!({
            "error_uuid": "0123456789abcdef0123456789abcdef",
            "error_code": code,
            "error_extra": {},
            "error_string": words,
        })
        .to_string()
    };
    vec![
        Fault {
            check: "4xx",
            status: 403,
            headers: Vec::new(),
            body: body(200, "Invalid token"),
            kind: ErrorType::InvalidAccessTokenError,
            says: "[403] Invalid token. Authorize the connection again.",
            retry_after: None,
        },
        Fault {
            check: "429",
            status: 429,
            headers: vec![("retry-after", "7")],
            body: body(114, "Too many requests"),
            kind: ErrorType::RateLimitError,
            says: "[429] Too many requests",
            retry_after: Some(7),
        },
        Fault {
            check: "5xx",
            status: 500,
            headers: Vec::new(),
            body: body(201, "Internal server error"),
            kind: ErrorType::ConnectionError,
            says: "[500] Internal server error",
            retry_after: None,
        },
    ]
}
