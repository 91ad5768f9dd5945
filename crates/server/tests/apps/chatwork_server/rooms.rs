//! `/rooms` and `/rooms/{room_id}`.

use std::cmp::Reverse;

use serde_json::json;

use super::{
    answer::{Answer, Refusal},
    auth::Caller,
    call::Call,
    members::Lists,
    world::{Kind, Role, Room, World},
};

const ICONS: [&str; 17] = [
    "group", "check", "document", "meeting", "event", "project", "business", "study", "security",
    "star", "idea", "heart", "magcup", "beer", "music", "sports", "travel",
];
const NAME: usize = 255;

/// All rooms of the caller, those with the newest activity first (our choice).
pub(super) fn list(world: &World, caller: &Caller) -> Result<Answer, Refusal> {
    caller.may(&["rooms.info:read"])?;
    let own = world.rooms.values().filter(|room| room.role(caller.account).is_some());
    let mut rooms: Vec<&Room> = own.collect();
    rooms.sort_by_key(|room| (Reverse(room.changed), room.id));
    let view = |room| world.room_view(room, caller.account);
    Ok(Answer::Json(rooms.into_iter().map(view).collect()))
}

pub(super) fn get(world: &mut World, caller: &Caller, id: u64) -> Result<Answer, Refusal> {
    caller.may(&["rooms.info:read"])?;
    world.room_of(caller, id)?;
    let room = &world.rooms[&id];
    let mut view = world.room_view(room, caller.account);
    view["description"] = room.description.as_str().into();
    Ok(Answer::Json(view))
}

pub(super) fn create(world: &mut World, caller: &Caller, call: &Call) -> Result<Answer, Refusal> {
    caller.may(&["rooms:write"])?;
    let name = call.form.required("name", NAME)?.to_owned();
    let mut members = Lists::read(&call.form)?.members(world, caller, None)?;
    let icon = call.form.word("icon_preset", &ICONS)?.unwrap_or(ICONS[0]);
    let description = call.form.text("description").unwrap_or_default();
    // Nobody owns a room without being in it (our choice; the documentation is silent).
    members.entry(caller.account).or_insert(Role::Admin);

    let id = world.add_room(Kind::Group, &name, members);
    let room = world.rooms.get_mut(&id).expect("it has just been made");
    room.icon = icon.to_owned();
    room.description = description.to_owned();
    let added: String = room.members.keys().map(|id| format!("[piconname:{id}]")).collect();
    let news = format!(
        "[info][title][dtext:chatroom_groupchat_created][/title][dtext:chatroom_chatname_is]{name}\
         [dtext:chatroom_set]\n\n[dtext:chatroom_member_is]{added}[dtext:chatroom_added][/info]"
    );
    world.say(id, caller.account, &news);
    Ok(Answer::Json(json!({ "room_id": id })))
}

pub(super) fn update(
    world: &mut World,
    caller: &Caller,
    id: u64,
    call: &Call,
) -> Result<Answer, Refusal> {
    caller.may(&["rooms.info:write"])?;
    let room = group_of_admin(world, caller, id)?;
    let name = match call.form.given("name") {
        Some(_) => Some(call.form.required("name", NAME)?),
        None => None,
    };
    let icon = call.form.word("icon_preset", &ICONS)?;
    if let Some(name) = name {
        room.name = name.to_owned();
    }
    // Given but empty takes the description away (our choice): there is no other way to.
    if let Some(description) = call.form.given("description") {
        room.description = description.to_owned();
    }
    if let Some(icon) = icon {
        room.icon = icon.to_owned();
    }
    let news = "[info][title][dtext:chatroom_chat_edited][/title][dtext:chatroom_changed][/info]";
    world.say(id, caller.account, news);
    Ok(Answer::Json(json!({ "room_id": id })))
}

/// Leaves or deletes. Clients send `action_type` in the body or in the query.
pub(super) fn remove(
    world: &mut World,
    caller: &Caller,
    id: u64,
    call: &Call,
) -> Result<Answer, Refusal> {
    caller.may(&["rooms:write", "rooms.info:write"])?;
    let words = &["leave", "delete"];
    let action = match call.form.word("action_type", words)? {
        Some(action) => Some(action),
        None => call.query.word("action_type", words)?,
    };
    if action.ok_or_else(|| Refusal::required("action_type"))? == "delete" {
        group_of_admin(world, caller, id)?;
        world.rooms.remove(&id);
    } else {
        let room = world.room_of(caller, id)?;
        only_group(room)?;
        room.members.remove(&caller.account);
        room.tasks.retain(|_, task| task.assignee != caller.account);
        room.files.retain(|_, file| file.uploader != caller.account);
    }
    Ok(Answer::Nothing)
}

/// A group chat that the caller runs.
pub(super) fn group_of_admin<'a>(
    world: &'a mut World,
    caller: &Caller,
    id: u64,
) -> Result<&'a mut Room, Refusal> {
    let room = world.room_of(caller, id)?;
    only_group(room)?;
    if room.role(caller.account) != Some(Role::Admin) {
        return Err(Refusal::forbidden("You don't have permission to edit this room."));
    }
    Ok(room)
}

fn only_group(room: &Room) -> Result<(), Refusal> {
    if room.kind == Kind::Group {
        Ok(())
    } else {
        Err(Refusal::conflict("This can only be done to group chats."))
    }
}
