//! What there is to work with.

use halyard_automation::apps::ErrorType;
use halyard_platform::clock::Clock;
use serde_json::{Value, json};

use crate::{
    chatwork_server::{ChatworkServer, Limits, Role},
    driver::{Fault, Names, Service},
};

/// More than the service gives of anything without pages.
pub(super) const MANY: usize = 120;
/// People who know Ann, besides Bob and Cat.
const OTHERS: usize = 5;
const REQUESTS: usize = 6;

/// A service with Ann, whom the app is connected as, and enough of everything for every module.
pub(super) async fn furnish() -> (ChatworkServer, Service) {
    let server = ChatworkServer::start(Clock::system()).await;
    let mut names = Names::default();
    let token;
    {
        let mut world = server.world();
        world.limit(Limits { calls: u32::MAX, posts: u32::MAX });
        let [ann, bob, cat] = ["Ann", "Bob", "Cat"].map(|name| world.add_account(name));
        for (name, id) in [("ann", ann), ("bob", bob), ("cat", cat)] {
            names.set(name, json!({ "account_id": id }));
        }
        token = world.account(ann).api_token.clone();
        let own = world.account(ann).room;
        names.set("own", json!({ "room_id": own }));
        let direct = world.befriend(ann, bob);
        names.set("direct", json!({ "room_id": direct }));
        world.befriend(ann, cat);
        for number in 0..OTHERS {
            let other = world.add_account(&format!("Friend {number}"));
            world.befriend(ann, other);
        }
        for number in 0..REQUESTS {
            let from = world.add_account(&format!("Stranger {number}"));
            let request = world.ask_for_contact(from, ann, "We met at the fair.");
            names.set(&format!("request{number}"), json!({ "request_id": request, "from": from }));
        }

        let both = [(ann, Role::Admin), (bob, Role::Member)];
        let room = world.add_group("Launch", &both);
        world.say(room, bob, "The draft is in the files.");
        let file = world.upload(room, bob, "draft.pdf", b"%PDF");
        world.upload(room, ann, "plan.txt", b"Monday");
        names.set("file", json!({ "file_id": file }));
        let task = world.assign(room, bob, ann, "Read the draft");
        let done = world.assign(room, ann, bob, "Write the draft");
        world.finish(room, done);
        names.set("task", json!({ "task_id": task }));
        names.set("done", json!({ "task_id": done }));

        let log = world.add_group("Log", &both);
        for number in 0..MANY {
            world.say(log, bob, &format!("entry {number}"));
        }
        let work = world.add_group("Work", &both);
        for number in 0..MANY {
            world.assign(work, ann, [ann, bob][number % 2], &format!("Step {number}"));
            world.upload(work, [ann, bob][number % 2], &format!("{number}.txt"), b"x");
        }
        let silent = world.add_group("Silent", &both);
        let theirs = world.add_group("Theirs", &[(bob, Role::Admin)]);
        let read = world.add_group("Notices", &[(bob, Role::Admin), (ann, Role::Readonly)]);
        for (name, id) in [
            ("room", room),
            ("log", log),
            ("work", work),
            ("silent", silent),
            ("theirs", theirs),
            ("notices", read),
        ] {
            names.set(
                name,
                json!({ "room_id": id, "messages": format!("v2/rooms/{id}/messages/") }),
            );
        }
    }
    let service = Service {
        base_url: server.origin().to_owned(),
        connection: json!({ "apiToken": token }),
        names,
        look_up: json!({ "room_id": "$room.room_id" }),
        faults: faults(),
    };
    (server, service)
}

/// Failures in the words of the service, and the page of a gateway in front of it.
fn faults() -> Vec<Fault> {
    let errors = |text: &str| json!({ "errors": [text] }).to_string();
    let fault = |check, status, body, kind, says| Fault {
        check,
        status,
        headers: Vec::new(),
        body,
        kind,
        says,
        retry_after: None,
    };
    let refused = errors("You don't have permission to send/edit message.");
    let words = "[403] You don't have permission to send/edit message. (The account may not";
    let busy = errors("Rate limit for message posting per room exceeded.");
    let mut busy = fault(
        "429",
        429,
        busy,
        ErrorType::RateLimitError,
        "[429] Rate limit for message posting per room exceeded. (Requests are counted anew at \
         2025-06-15T15:06:50Z.)",
    );
    busy.headers = vec![("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1750000010")];
    // That was long ago.
    busy.retry_after = Some(0);
    let page = "<html><body><h1>Bad Gateway</h1></body></html>".to_owned();
    let mut down =
        fault("5xx", 502, page, ErrorType::ConnectionError, "[502] Chatwork gives no reason.");
    down.headers = vec![("content-type", "text/html")];
    vec![fault("4xx", 403, refused, ErrorType::RuntimeError, words), busy, down]
}

/// The input of a module for a room, with more fields.
pub(super) fn in_room(name: &str, more: Value) -> Value {
    let mut input = json!({ "room_id": format!("${name}.room_id") });
    let Value::Object(more) = more else { panic!("fields and their values") };
    for (key, value) in more {
        input[key] = value;
    }
    input
}
