//! The objects of the API as JSON.

use serde_json::{Value, json};

use super::{
    files::File,
    tasks::Task,
    world::{Account, ContactRequest, Kind, Message, Role, Room, World},
};

impl World {
    /// The short form that stands in messages, tasks and files. Accounts that have gone keep it.
    fn person(&self, id: u64) -> Value {
        let name = self.accounts.get(&id).map_or("", |account| &account.name);
        json!({ "account_id": id, "name": name, "avatar_image_url": self.avatar(id) })
    }

    fn avatar(&self, id: u64) -> String {
        format!("{}/avatars/{id}.png", self.origin)
    }

    fn icon(&self, room: &Room) -> String {
        format!("{}/icons/{}.png", self.origin, room.icon)
    }

    /// What contacts, members and contact requests tell about an account.
    fn profile(&self, account: &Account) -> Value {
        json!({
            "account_id": account.id,
            "name": account.name,
            "chatwork_id": account.name.to_lowercase(),
            "organization_id": 1,
            "organization_name": "Harbour Works",
            "department": "",
            "avatar_image_url": self.avatar(account.id),
        })
    }

    pub(super) fn me_view(&self, account: &Account) -> Value {
        let mut view = self.profile(account);
        view["room_id"] = account.room.into();
        let address = format!("{}@harbour.example", account.name.to_lowercase());
        for (field, value) in [("mail", &address), ("login_mail", &address)] {
            view[field] = value.as_str().into();
        }
        for field in
            "title url introduction tel_organization tel_extension tel_mobile skype facebook twitter"
                .split(' ')
        {
            view[field] = "".into();
        }
        view
    }

    pub(super) fn contact_view(&self, of: u64, contact: u64) -> Value {
        let mut view = self.profile(&self.accounts[&contact]);
        view["room_id"] = self.direct_room(of, contact).into();
        view
    }

    pub(super) fn request_view(&self, request: &ContactRequest) -> Value {
        let mut view = self.profile(&self.accounts[&request.from]);
        view["request_id"] = request.id.into();
        view["message"] = request.message.as_str().into();
        view
    }

    pub(super) fn member_view(&self, account: u64, role: Role) -> Value {
        let mut view = self.profile(&self.accounts[&account]);
        view["role"] = role.word().into();
        view
    }

    /// A room as one of its members sees it.
    pub(super) fn room_view(&self, room: &Room, account: u64) -> Value {
        let (unread, mentions) = room.unread_of(account);
        let partner = room.members.keys().find(|member| **member != account);
        let name = match (room.kind, partner) {
            (Kind::Direct, Some(partner)) => &self.accounts[partner].name,
            _ => &room.name,
        };
        let own = |task: &&Task| task.assignee == account && task.is_open();
        json!({
            "room_id": room.id,
            "name": name,
            "type": room.kind.word(),
            "role": room.role(account).map(Role::word),
            "sticky": false,
            "unread_num": unread,
            "mention_num": mentions,
            "mytask_num": room.tasks.values().filter(own).count(),
            "message_num": room.messages.len(),
            "file_num": room.files.len(),
            "task_num": room.tasks.len(),
            "icon_path": self.icon(room),
            "last_update_time": room.changed,
        })
    }

    pub(super) fn message_view(&self, message: &Message) -> Value {
        json!({
            "message_id": message.id.to_string(),
            "account": self.person(message.author),
            "body": message.body,
            "send_time": message.sent,
            "update_time": message.edited,
        })
    }

    /// A task in a list of its room.
    pub(super) fn room_task_view(&self, task: &Task) -> Value {
        let mut view = self.task_view(task);
        view["account"] = self.person(task.assignee);
        view
    }

    /// A task in a list of who has to do it.
    pub(super) fn my_task_view(&self, room: &Room, task: &Task) -> Value {
        let mut view = self.task_view(task);
        view["room"] =
            json!({ "room_id": room.id, "name": room.name, "icon_path": self.icon(room) });
        view
    }

    fn task_view(&self, task: &Task) -> Value {
        json!({
            "task_id": task.id,
            "assigned_by_account": self.person(task.assigner),
            "message_id": task.message.to_string(),
            "body": task.body,
            "limit_time": task.due,
            "status": task.status,
            "limit_type": task.due_kind,
        })
    }

    pub(super) fn file_view(&self, file: &File) -> Value {
        json!({
            "file_id": file.id,
            "account": self.person(file.uploader),
            "message_id": file.message.to_string(),
            "filename": file.name,
            "filesize": file.content.len(),
            "upload_time": file.uploaded,
        })
    }
}
