//! `/rooms/{room_id}/files`, and the addresses that files are loaded from.

use axum::http::{StatusCode, header};

use super::{
    answer::{Answer, Refusal, Reply},
    auth::Caller,
    call::Call,
    contacts::MOST,
    world::World,
};

/// Something that has been uploaded.
#[derive(Clone, Debug)]
pub(crate) struct File {
    pub(super) id: u64,
    pub(super) uploader: u64,
    /// The message that told the room.
    pub(super) message: u64,
    pub(super) name: String,
    pub(super) content: Vec<u8>,
    /// Unix seconds.
    pub(super) uploaded: i64,
}

/// How long an address can be used, in milliseconds.
const TICKET: i64 = 30_000;

impl World {
    /// Somebody uploads a file to a room; its id.
    ///
    /// # Panics
    /// When there is no such room.
    pub(crate) fn upload(&mut self, room: u64, uploader: u64, name: &str, content: &[u8]) -> u64 {
        let (id, uploaded) = (self.next_id(), self.seconds());
        let size = content.len();
        let news = format!(
            "[info][title][dtext:file_uploaded][/title][download:{id}]{name} ({size} B)[/download][/info]"
        );
        let message = self.say(room, uploader, &news);
        let (name, content) = (name.to_owned(), content.to_owned());
        let file = File { id, uploader, message, name, content, uploaded };
        self.rooms.get_mut(&room).expect("the room was there above").files.insert(id, file);
        id
    }
}

pub(super) fn list(
    world: &mut World,
    caller: &Caller,
    id: u64,
    call: &Call,
) -> Result<Answer, Refusal> {
    caller.may(&["rooms.files:read"])?;
    world.room_of(caller, id)?;
    let uploader: Option<u64> = call.query.number("account_id")?;
    let files = world.rooms[&id].files.values();
    let wanted = files.filter(|file| uploader.is_none_or(|uploader| uploader == file.uploader));
    Ok(Answer::list(wanted.take(MOST).map(|file| world.file_view(file)).collect()))
}

pub(super) fn get(
    world: &mut World,
    caller: &Caller,
    id: u64,
    file: u64,
    call: &Call,
) -> Result<Answer, Refusal> {
    caller.may(&["rooms.files:read"])?;
    let with_url = call.query.flag("create_download_url")?;
    let found = world.room_of(caller, id)?.files.get(&file).cloned();
    let found = found.ok_or_else(|| Refusal::unknown("File"))?;
    let mut view = world.file_view(&found);
    if with_url {
        let ticket = world.random.hex(16);
        view["download_url"] = format!("{}/download/{ticket}", world.origin).into();
        let until = world.now() + TICKET;
        world.tickets.insert(ticket, (id, file, until));
    }
    Ok(Answer::Json(view))
}

/// The content of a file, for whoever has the address, until it ends.
pub(super) fn download(world: &World, ticket: &str) -> Reply {
    let ticket = world.tickets.get(ticket).filter(|(_, _, until)| world.now() < *until);
    let file = ticket.and_then(|(room, file, _)| world.rooms.get(room)?.files.get(file));
    match file {
        Some(file) => Reply {
            status: StatusCode::OK,
            headers: vec![(header::CONTENT_TYPE, "application/octet-stream".to_owned())],
            body: file.content.clone(),
        },
        None => Reply::from(Err(Refusal::unknown("File"))),
    }
}
