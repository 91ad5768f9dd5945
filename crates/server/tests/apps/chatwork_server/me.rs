//! `/me` and `/my/status`.

use serde_json::json;

use super::{
    answer::{Answer, Refusal},
    auth::Caller,
    tasks::Task,
    world::World,
};

pub(super) fn get(world: &World, caller: &Caller) -> Result<Answer, Refusal> {
    caller.may(&["users.profile.me:read"])?;
    Ok(Answer::Json(world.me_view(&world.accounts[&caller.account])))
}

/// Sums over all rooms, and how many rooms have any.
pub(super) fn status(world: &World, caller: &Caller) -> Result<Answer, Refusal> {
    caller.may(&["users.status.me:read"])?;
    let (mut rooms, mut sums) = ([0; 3], [0; 3]);
    let own = |task: &&Task| task.assignee == caller.account && task.is_open();
    for room in world.rooms.values().filter(|room| room.role(caller.account).is_some()) {
        let (unread, mentions) = room.unread_of(caller.account);
        let counts = [unread, mentions, room.tasks.values().filter(own).count()];
        for (at, count) in counts.into_iter().enumerate() {
            sums[at] += count;
            rooms[at] += usize::from(count > 0);
        }
    }
    Ok(Answer::Json(json!({
        "unread_room_num": rooms[0],
        "mention_room_num": rooms[1],
        "mytask_room_num": rooms[2],
        "unread_num": sums[0],
        "mention_num": sums[1],
        "mytask_num": sums[2],
    })))
}
