//! `/rooms/{room_id}/members`.

use std::collections::BTreeMap;

use serde_json::json;

use super::{
    answer::{Answer, Refusal},
    auth::Caller,
    call::{Call, Parameters},
    rooms::group_of_admin,
    world::{Role, Room, World},
};

/// Who is to be in a room, as calls say it.
pub(super) struct Lists([(Role, &'static str, Vec<u64>); 3]);

impl Lists {
    pub(super) fn read(form: &Parameters) -> Result<Self, Refusal> {
        let [admins, members, readonly] =
            ["members_admin_ids", "members_member_ids", "members_readonly_ids"];
        Ok(Self([
            (Role::Admin, admins, form.required_ids(admins)?),
            (Role::Member, members, form.ids(members)?),
            (Role::Readonly, readonly, form.ids(readonly)?),
        ]))
    }

    /// The same as members. Each may be named once, and has to be the caller, a contact of theirs or
    /// already in the room.
    pub(super) fn members(
        self,
        world: &World,
        caller: &Caller,
        room: Option<&Room>,
    ) -> Result<BTreeMap<u64, Role>, Refusal> {
        let contacts = &world.accounts[&caller.account].contacts;
        let mut members = BTreeMap::new();
        for (role, parameter, ids) in self.0 {
            for id in ids {
                let known = id == caller.account
                    || contacts.contains(&id)
                    || room.is_some_and(|room| room.role(id).is_some());
                if !known || members.insert(id, role).is_some() {
                    return Err(Refusal::invalid(parameter));
                }
            }
        }
        Ok(members)
    }
}

pub(super) fn list(world: &mut World, caller: &Caller, id: u64) -> Result<Answer, Refusal> {
    caller.may(&["rooms.members:read"])?;
    world.room_of(caller, id)?;
    let members = world.rooms[&id].members.iter();
    Ok(Answer::Json(members.map(|(account, role)| world.member_view(*account, *role)).collect()))
}

/// Replaces everybody; who is in no list has left.
pub(super) fn replace(
    world: &mut World,
    caller: &Caller,
    id: u64,
    call: &Call,
) -> Result<Answer, Refusal> {
    caller.may(&["rooms.members:write"])?;
    group_of_admin(world, caller, id)?;
    let members = Lists::read(&call.form)?.members(world, caller, world.rooms.get(&id))?;
    let room = group_of_admin(world, caller, id)?;
    room.members = members;
    let with = |wanted: Role| -> Vec<u64> {
        let matching = room.members.iter().filter(|(_, role)| **role == wanted);
        matching.map(|(id, _)| *id).collect()
    };
    Ok(Answer::Json(json!({
        "admin": with(Role::Admin),
        "member": with(Role::Member),
        "readonly": with(Role::Readonly),
    })))
}
