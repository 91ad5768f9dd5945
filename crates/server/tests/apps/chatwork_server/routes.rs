//! Which request goes where.

use axum::http::Method;

use super::{
    answer::{Answer, Refusal, Reply},
    auth::Caller,
    call::Call,
    contacts, files, me, members, messages, oauth, rooms, tasks,
    world::World,
};

/// Answers a request. A slash at the end of the path does not count.
pub(super) fn answer(world: &mut World, call: &Call) -> Reply {
    let path: Vec<&str> = call.path.split('/').filter(|part| !part.is_empty()).collect();
    match (&call.method, &path[..]) {
        (_, ["v2", path @ ..]) => api(world, call, path),
        (&Method::GET, ["packages", "oauth2", "login.php"]) => oauth::consent(world, call),
        (&Method::POST, ["token"]) => oauth::token(world, call),
        (&Method::GET, ["download", ticket]) => files::download(world, ticket),
        _ => Err(Refusal::no_route()).into(),
    }
}

fn api(world: &mut World, call: &Call, path: &[&str]) -> Reply {
    let caller = match Caller::of(world, call) {
        Ok(caller) => caller,
        Err(refusal) => return Err(refusal).into(),
    };
    let now = world.now();
    let counted = world.counters.call(caller.account, now);
    let outcome = counted.and_then(|()| endpoint(world, &caller, call, path));
    let exceeded = outcome.as_ref().err().and_then(|refusal| refusal.reset);
    world.counters.tell(caller.account, exceeded, outcome.into())
}

fn endpoint(
    world: &mut World,
    caller: &Caller,
    call: &Call,
    path: &[&str],
) -> Result<Answer, Refusal> {
    match (call.method.as_str(), path) {
        ("GET", ["me"]) => me::get(world, caller),
        ("GET", ["my", "status"]) => me::status(world, caller),
        ("GET", ["my", "tasks"]) => tasks::list_mine(world, caller, call),
        ("GET", ["contacts"]) => contacts::list(world, caller),
        ("GET", ["incoming_requests"]) => contacts::requests(world, caller),
        // The longer paths are those of the vendor's own client.
        ("PUT", ["incoming_requests", id] | ["incoming_requests", id, "accept"]) => {
            contacts::accept(world, caller, number(id)?)
        }
        ("DELETE", ["incoming_requests", id] | ["incoming_requests", id, "reject"]) => {
            contacts::decline(world, caller, number(id)?)
        }
        ("GET", ["rooms"]) => rooms::list(world, caller),
        ("POST", ["rooms"]) => rooms::create(world, caller, call),
        (method, ["rooms", room, path @ ..]) => {
            in_room(world, caller, call, method, number(room)?, path)
        }
        _ => Err(Refusal::no_route()),
    }
}

fn in_room(
    world: &mut World,
    caller: &Caller,
    call: &Call,
    method: &str,
    room: u64,
    path: &[&str],
) -> Result<Answer, Refusal> {
    match (method, path) {
        ("GET", []) => rooms::get(world, caller, room),
        ("PUT", []) => rooms::update(world, caller, room, call),
        ("DELETE", []) => rooms::remove(world, caller, room, call),
        ("GET", ["members"]) => members::list(world, caller, room),
        ("PUT", ["members"]) => members::replace(world, caller, room, call),
        ("GET", ["messages"]) => messages::list(world, caller, room, call),
        ("POST", ["messages"]) => messages::post(world, caller, room, call),
        ("PUT", ["messages", "read"]) => messages::read(world, caller, room, call),
        ("PUT", ["messages", "unread"]) => messages::unread(world, caller, room, call),
        ("GET", ["messages", id]) => messages::get(world, caller, room, id),
        ("PUT", ["messages", id]) => messages::edit(world, caller, room, id, call),
        ("DELETE", ["messages", id]) => messages::delete(world, caller, room, id),
        ("GET", ["tasks"]) => tasks::list(world, caller, room, call),
        ("POST", ["tasks"]) => tasks::create(world, caller, room, call),
        ("GET", ["tasks", id]) => tasks::get(world, caller, room, number(id)?),
        ("PUT", ["tasks", id, "status"]) => {
            tasks::set_status(world, caller, room, number(id)?, call)
        }
        ("GET", ["files"]) => files::list(world, caller, room, call),
        ("GET", ["files", id]) => files::get(world, caller, room, number(id)?, call),
        _ => Err(Refusal::no_route()),
    }
}

fn number(id: &str) -> Result<u64, Refusal> {
    id.parse().map_err(|_| Refusal::no_route())
}
