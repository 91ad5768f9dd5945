//! `/my/tasks` and `/rooms/{room_id}/tasks`.

use serde_json::json;

use super::{
    answer::{Answer, Refusal},
    auth::Caller,
    call::{Call, Parameters},
    contacts::MOST,
    messages::{BODY, writable},
    world::World,
};

/// Something that somebody has to do.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    pub(super) id: u64,
    pub(super) assignee: u64,
    pub(super) assigner: u64,
    /// The message that told the room.
    pub(super) message: u64,
    pub(super) body: String,
    /// Unix seconds, 0 for never.
    pub(super) due: i64,
    /// `none`, `date` or `time`.
    pub(super) due_kind: &'static str,
    /// `open` or `done`.
    pub(super) status: &'static str,
}

impl Task {
    pub(super) fn is_open(&self) -> bool {
        self.status == "open"
    }
}

const STATUSES: &[&str] = &["open", "done"];

impl World {
    /// Somebody gives somebody a task that is never due; its id.
    ///
    /// # Panics
    /// When there is no such room.
    pub(crate) fn assign(&mut self, room: u64, assigner: u64, assignee: u64, body: &str) -> u64 {
        let message = self.say(room, assigner, "[info][title][dtext:task_added][/title][/info]");
        let (id, body) = (self.next_id(), body.to_owned());
        let (due, due_kind, status) = (0, "none", STATUSES[0]);
        let task = Task { id, assignee, assigner, message, body, due, due_kind, status };
        self.rooms.get_mut(&room).expect("the room was there above").tasks.insert(id, task);
        id
    }

    /// A task is done.
    ///
    /// # Panics
    /// When there is no such room or task.
    pub(crate) fn finish(&mut self, room: u64, task: u64) {
        let room = self.rooms.get_mut(&room).expect("tests name rooms that exist");
        room.tasks.get_mut(&task).expect("tests name tasks that exist").status = STATUSES[1];
    }
}

/// Which tasks are asked for. Without a status it is open ones.
struct Filter {
    assigner: Option<u64>,
    assignee: Option<u64>,
    status: &'static str,
}

impl Filter {
    fn read(query: &Parameters) -> Result<Self, Refusal> {
        Ok(Self {
            assigner: query.number("assigned_by_account_id")?,
            assignee: query.number("account_id")?,
            status: query.word("status", STATUSES)?.unwrap_or(STATUSES[0]),
        })
    }

    fn takes(&self, task: &Task) -> bool {
        self.status == task.status
            && self.assigner.is_none_or(|assigner| assigner == task.assigner)
            && self.assignee.is_none_or(|assignee| assignee == task.assignee)
    }
}

/// The caller's own tasks of all rooms.
pub(super) fn list_mine(world: &World, caller: &Caller, call: &Call) -> Result<Answer, Refusal> {
    caller.may(&["users.tasks.me:read"])?;
    let filter = Filter { assignee: Some(caller.account), ..Filter::read(&call.query)? };
    let rooms = world.rooms.values().filter(|room| room.role(caller.account).is_some());
    let tasks = rooms.flat_map(|room| room.tasks.values().map(move |task| (room, task)));
    let wanted = tasks.filter(|(_, task)| filter.takes(task)).take(MOST);
    Ok(Answer::list(wanted.map(|(room, task)| world.my_task_view(room, task)).collect()))
}

pub(super) fn list(
    world: &mut World,
    caller: &Caller,
    id: u64,
    call: &Call,
) -> Result<Answer, Refusal> {
    caller.may(&["rooms.tasks:read"])?;
    world.room_of(caller, id)?;
    let filter = Filter::read(&call.query)?;
    let tasks = world.rooms[&id].tasks.values().filter(|task| filter.takes(task)).take(MOST);
    Ok(Answer::list(tasks.map(|task| world.room_task_view(task)).collect()))
}

pub(super) fn get(
    world: &mut World,
    caller: &Caller,
    id: u64,
    task: u64,
) -> Result<Answer, Refusal> {
    caller.may(&["rooms.tasks:read"])?;
    let task = world.room_of(caller, id)?.tasks.get(&task).cloned();
    let task = task.ok_or_else(|| Refusal::unknown("Task"))?;
    Ok(Answer::Json(world.room_task_view(&task)))
}

/// One task for each assignee, all told by one message.
pub(super) fn create(
    world: &mut World,
    caller: &Caller,
    id: u64,
    call: &Call,
) -> Result<Answer, Refusal> {
    caller.may(&["rooms.tasks:write"])?;
    writable(world, caller, id)?;
    let body = call.form.required("body", BODY)?;
    let assignees = call.form.required_ids("to_ids")?;
    let due: i64 = call.form.number("limit")?.unwrap_or_default();
    let due_kind = call.form.word("limit_type", &["none", "date", "time"])?.unwrap_or("time");
    let room = world.room_of(caller, id)?;
    if assignees.iter().any(|assignee| room.role(*assignee).is_none()) {
        return Err(Refusal::invalid("to_ids"));
    }
    let now = world.now();
    world.counters.post(id, now)?;

    // Clients ask for a kind of due date without giving one.
    let (due, due_kind) =
        if due <= 0 || due_kind == "none" { (0, "none") } else { (due, due_kind) };
    let told: String = assignees
        .iter()
        .map(|aid| format!("[task aid={aid} st=open lt={due} ltype={due_kind}]{body}[/task]"))
        .collect();
    let news = format!("[info][title][dtext:task_added][/title]{told}[/info]");
    let message = world.say(id, caller.account, &news);
    let mut ids = Vec::new();
    for assignee in assignees {
        let task = Task {
            id: world.next_id(),
            assignee,
            assigner: caller.account,
            message,
            body: body.to_owned(),
            due,
            due_kind,
            status: STATUSES[0],
        };
        ids.push(task.id);
        world.room_of(caller, id)?.tasks.insert(task.id, task);
    }
    Ok(Answer::Json(json!({ "task_ids": ids })))
}

pub(super) fn set_status(
    world: &mut World,
    caller: &Caller,
    id: u64,
    task: u64,
    call: &Call,
) -> Result<Answer, Refusal> {
    caller.may(&["rooms.tasks:write"])?;
    let status = call.form.word("body", STATUSES)?.ok_or_else(|| Refusal::required("body"))?;
    let task = world.room_of(caller, id)?.tasks.get_mut(&task);
    let task = task.ok_or_else(|| Refusal::unknown("Task"))?;
    task.status = status;
    Ok(Answer::Json(json!({ "task_id": task.id })))
}
