//! `/rooms/{room_id}/messages`.

use serde_json::{Value, json};

use super::{
    answer::{Answer, Refusal},
    auth::Caller,
    call::Call,
    contacts::MOST,
    world::{Message, Role, Room, World},
};

/// Longest body of a message or task, in characters.
pub(super) const BODY: usize = 65_535;

/// With `force` the newest messages, otherwise those since the caller last asked; oldest first.
pub(super) fn list(
    world: &mut World,
    caller: &Caller,
    id: u64,
    call: &Call,
) -> Result<Answer, Refusal> {
    caller.may(&["rooms.messages:read"])?;
    let force = call.query.flag("force")?;
    let room = world.room_of(caller, id)?;
    let since = match room.fetched.get(&caller.account) {
        Some(newest) if !force => *newest,
        _ => 0,
    };
    let fresh: Vec<Message> =
        room.messages.iter().filter(|message| message.id > since).cloned().collect();
    if let Some(newest) = fresh.last() {
        room.fetched.insert(caller.account, newest.id);
    }
    let newest = fresh.iter().skip(fresh.len().saturating_sub(MOST));
    Ok(Answer::list(newest.map(|message| world.message_view(message)).collect()))
}

pub(super) fn post(
    world: &mut World,
    caller: &Caller,
    id: u64,
    call: &Call,
) -> Result<Answer, Refusal> {
    caller.may(&["rooms.messages:write"])?;
    writable(world, caller, id)?;
    let body = call.form.required("body", BODY)?;
    let self_unread = call.form.flag("self_unread")?;
    let now = world.now();
    world.counters.post(id, now)?;
    let message = world.say(id, caller.account, body);
    if self_unread {
        let room = world.room_of(caller, id)?;
        room.unread.entry(caller.account).or_default().insert(message);
    }
    Ok(Answer::Json(id_of(message)))
}

pub(super) fn get(
    world: &mut World,
    caller: &Caller,
    id: u64,
    message: &str,
) -> Result<Answer, Refusal> {
    caller.may(&["rooms.messages:read"])?;
    let message = world.room_of(caller, id)?.message(message)?.clone();
    Ok(Answer::Json(world.message_view(&message)))
}

pub(super) fn edit(
    world: &mut World,
    caller: &Caller,
    id: u64,
    message: &str,
    call: &Call,
) -> Result<Answer, Refusal> {
    let at = own(world, caller, id, message)?;
    let body = call.form.required("body", BODY)?;
    let now = world.seconds();
    let room = world.rooms.get_mut(&id).expect("it has just been looked up");
    let message = &mut room.messages[at];
    message.body = body.to_owned();
    message.edited = now;
    let message = message.clone();
    world.webhooks.edited(room, &message, now);
    Ok(Answer::Json(id_of(message.id)))
}

/// A deleted message stays where it was, without its words.
pub(super) fn delete(
    world: &mut World,
    caller: &Caller,
    id: u64,
    message: &str,
) -> Result<Answer, Refusal> {
    let at = own(world, caller, id, message)?;
    let room = world.room_of(caller, id)?;
    room.messages[at].body = "[deleted]".to_owned();
    Ok(Answer::Json(id_of(room.messages[at].id)))
}

/// Everything up to a message, or everything, is read.
pub(super) fn read(
    world: &mut World,
    caller: &Caller,
    id: u64,
    call: &Call,
) -> Result<Answer, Refusal> {
    caller.may(&["rooms.messages:write"])?;
    let room = world.room_of(caller, id)?;
    let until = match call.form.text("message_id") {
        Some(message) => room.message(message)?.id,
        None => u64::MAX,
    };
    let unread = room.unread.entry(caller.account).or_default();
    let before = unread.len();
    unread.retain(|message| *message > until);
    if unread.len() == before {
        return Err(Refusal::conflict("Message is already read."));
    }
    Ok(counts(room, caller))
}

/// A message and everything after it is unread.
pub(super) fn unread(
    world: &mut World,
    caller: &Caller,
    id: u64,
    call: &Call,
) -> Result<Answer, Refusal> {
    caller.may(&["rooms.messages:write"])?;
    let room = world.room_of(caller, id)?;
    let message = call.form.text("message_id").ok_or_else(|| Refusal::required("message_id"))?;
    let from = room.message(message)?.id;
    let after = room.messages.iter().map(|message| message.id).filter(|id| *id >= from);
    let unread = room.unread.entry(caller.account).or_default();
    if unread.contains(&from) {
        return Err(Refusal::conflict("Message is already unread."));
    }
    unread.extend(after);
    Ok(counts(room, caller))
}

/// Refuses whoever may not write in a room, with the words of the service.
pub(super) fn writable(world: &mut World, caller: &Caller, id: u64) -> Result<(), Refusal> {
    let refused = || Refusal::forbidden("You don't have permission to send/edit message.");
    let room = world.room_of(caller, id).map_err(|_| refused())?;
    match room.role(caller.account) {
        Some(Role::Admin | Role::Member) => Ok(()),
        _ => Err(refused()),
    }
}

/// Where a message of the caller's own stands; only authors change their messages.
fn own(world: &mut World, caller: &Caller, id: u64, message: &str) -> Result<usize, Refusal> {
    caller.may(&["rooms.messages:write"])?;
    writable(world, caller, id)?;
    let room = world.room_of(caller, id)?;
    let wanted = room.message(message)?;
    if wanted.author != caller.account {
        return Err(Refusal::forbidden("You don't have permission to send/edit message."));
    }
    let id = wanted.id;
    Ok(room.messages.iter().position(|message| message.id == id).expect("it was there above"))
}

fn counts(room: &Room, caller: &Caller) -> Answer {
    let (unread, mentions) = room.unread_of(caller.account);
    Answer::Json(json!({ "unread_num": unread, "mention_num": mentions }))
}

fn id_of(message: u64) -> Value {
    json!({ "message_id": message.to_string() })
}
