//! `/contacts` and `/incoming_requests`.

use super::{
    answer::{Answer, Refusal},
    auth::Caller,
    world::World,
};

/// The most that lists without pages give.
pub(super) const MOST: usize = 100;

pub(super) fn list(world: &World, caller: &Caller) -> Result<Answer, Refusal> {
    caller.may(&["contacts.all:read"])?;
    let contacts = world.accounts[&caller.account].contacts.iter();
    Ok(Answer::list(contacts.map(|id| world.contact_view(caller.account, *id)).collect()))
}

pub(super) fn requests(world: &World, caller: &Caller) -> Result<Answer, Refusal> {
    caller.may(&["contacts.all:read"])?;
    let requests = world.requests.values().filter(|request| request.to == caller.account);
    Ok(Answer::list(requests.take(MOST).map(|request| world.request_view(request)).collect()))
}

/// The two become contacts, and a direct chat begins.
pub(super) fn accept(world: &mut World, caller: &Caller, id: u64) -> Result<Answer, Refusal> {
    let from = take(world, caller, id)?;
    world.befriend(caller.account, from);
    Ok(Answer::Json(world.contact_view(caller.account, from)))
}

pub(super) fn decline(world: &mut World, caller: &Caller, id: u64) -> Result<Answer, Refusal> {
    take(world, caller, id)?;
    Ok(Answer::Nothing)
}

/// Removes a request; who it is from.
fn take(world: &mut World, caller: &Caller, id: u64) -> Result<u64, Refusal> {
    caller.may(&["contacts.all:write"])?;
    let own = world.requests.get(&id).filter(|request| request.to == caller.account);
    let from = own.ok_or_else(|| Refusal::unknown("Contact request"))?.from;
    world.requests.remove(&id);
    Ok(from)
}
