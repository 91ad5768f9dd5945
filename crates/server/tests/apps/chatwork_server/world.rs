//! Everything that the service remembers.

use std::collections::{BTreeMap, BTreeSet};

use halyard_platform::{
    clock::{Clock, Millis},
    random::Random,
};

use super::{
    Limits, answer::Refusal, auth::Caller, files::File, limits::Counters, notation, oauth::Oauth,
    tasks::Task, webhooks::Webhooks,
};

/// Everything that the service remembers. Ids of all kinds come from one counter, so that none is
/// mistaken for another.
#[derive(Debug)]
pub(crate) struct World {
    pub(super) origin: String,
    clock: Clock,
    pub(super) random: Random,
    last_id: u64,
    pub(super) accounts: BTreeMap<u64, Account>,
    pub(super) rooms: BTreeMap<u64, Room>,
    pub(super) requests: BTreeMap<u64, ContactRequest>,
    /// Addresses that files can be loaded from for a while: room, file, until.
    pub(super) tickets: BTreeMap<String, (u64, u64, Millis)>,
    pub(super) counters: Counters,
    /// OAuth clients and their tokens.
    pub(crate) oauth: Oauth,
    /// Where events are sent to.
    pub(crate) webhooks: Webhooks,
}

/// Somebody.
#[derive(Debug)]
pub(crate) struct Account {
    pub(super) id: u64,
    pub(super) name: String,
    /// May do everything that the account may.
    pub(crate) api_token: String,
    /// Their own chat.
    pub(crate) room: u64,
    pub(super) contacts: BTreeSet<u64>,
}

/// A chat.
#[derive(Debug)]
pub(crate) struct Room {
    pub(super) id: u64,
    pub(super) kind: Kind,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) icon: String,
    pub(crate) members: BTreeMap<u64, Role>,
    pub(super) messages: Vec<Message>,
    pub(super) tasks: BTreeMap<u64, Task>,
    pub(super) files: BTreeMap<u64, File>,
    pub(super) changed: i64,
    /// The messages that each member has not read.
    pub(super) unread: BTreeMap<u64, BTreeSet<u64>>,
    /// The newest message that each member has fetched.
    pub(super) fetched: BTreeMap<u64, u64>,
}

/// The kinds of rooms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    My,
    Direct,
    Group,
}

/// What a member of a room may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Everything.
    Admin,
    /// Read and write.
    Member,
    /// Read.
    Readonly,
}

/// A message.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) id: u64,
    pub(super) author: u64,
    pub(super) body: String,
    pub(super) sent: i64,
    /// 0 until it is edited.
    pub(super) edited: i64,
}

/// Somebody wants to be a contact.
#[derive(Debug)]
pub(super) struct ContactRequest {
    pub(super) id: u64,
    pub(super) from: u64,
    pub(super) to: u64,
    pub(super) message: String,
}

impl World {
    pub(super) fn new(origin: String, clock: Clock) -> Self {
        Self {
            origin,
            clock,
            random: Random::seeded(7),
            last_id: 100,
            accounts: BTreeMap::new(),
            rooms: BTreeMap::new(),
            requests: BTreeMap::new(),
            tickets: BTreeMap::new(),
            counters: Counters::default(),
            oauth: Oauth::default(),
            webhooks: Webhooks::default(),
        }
    }

    pub(super) fn now(&self) -> Millis {
        self.clock.now()
    }

    /// The same in Unix seconds, as the API tells times.
    pub(super) fn seconds(&self) -> i64 {
        self.now().div_euclid(1000)
    }

    pub(super) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// Other limits from now on.
    pub(crate) fn limit(&mut self, limits: Limits) {
        self.counters = Counters::new(limits);
    }

    /// A new account with its own chat.
    pub(crate) fn add_account(&mut self, name: &str) -> u64 {
        let id = self.next_id();
        let api_token = self.random.hex(16);
        let room = self.add_room(Kind::My, name, [(id, Role::Admin)].into());
        let (name, contacts) = (name.to_owned(), BTreeSet::new());
        self.accounts.insert(id, Account { id, name, api_token, room, contacts });
        id
    }

    /// An account.
    pub(crate) fn account(&self, id: u64) -> &Account {
        &self.accounts[&id]
    }

    /// A room, whoever is in it.
    pub(crate) fn room(&self, id: u64) -> Option<&Room> {
        self.rooms.get(&id)
    }

    pub(super) fn add_room(&mut self, kind: Kind, name: &str, members: BTreeMap<u64, Role>) -> u64 {
        let (id, changed) = (self.next_id(), self.seconds());
        let room = Room {
            id,
            kind,
            name: name.to_owned(),
            description: String::new(),
            icon: "group".to_owned(),
            members,
            messages: Vec::new(),
            tasks: BTreeMap::new(),
            files: BTreeMap::new(),
            changed,
            unread: BTreeMap::new(),
            fetched: BTreeMap::new(),
        };
        self.rooms.insert(id, room);
        id
    }

    /// A new group chat.
    pub(crate) fn add_group(&mut self, name: &str, members: &[(u64, Role)]) -> u64 {
        self.add_room(Kind::Group, name, members.iter().copied().collect())
    }

    /// Makes two accounts contacts of each other; their direct chat.
    pub(crate) fn befriend(&mut self, one: u64, other: u64) -> u64 {
        for (of, contact) in [(one, other), (other, one)] {
            let account = self.accounts.get_mut(&of).expect("tests name accounts that exist");
            account.contacts.insert(contact);
        }
        if let Some(room) = self.direct_room(one, other) {
            return room;
        }
        self.add_room(Kind::Direct, "", [(one, Role::Admin), (other, Role::Admin)].into())
    }

    pub(super) fn direct_room(&self, one: u64, other: u64) -> Option<u64> {
        let of_both = |room: &&Room| {
            room.kind == Kind::Direct && [one, other].iter().all(|id| room.members.contains_key(id))
        };
        self.rooms.values().find(of_both).map(|room| room.id)
    }

    /// Somebody asks to be a contact, which the API has no call for.
    pub(crate) fn ask_for_contact(&mut self, from: u64, to: u64, message: &str) -> u64 {
        let (id, message) = (self.next_id(), message.to_owned());
        self.requests.insert(id, ContactRequest { id, from, to, message });
        id
    }

    /// A room that the caller is in. Any other one is refused, whether it exists or not.
    pub(super) fn room_of(&mut self, caller: &Caller, room: u64) -> Result<&mut Room, Refusal> {
        let room = self.rooms.get_mut(&room);
        room.filter(|room| room.members.contains_key(&caller.account))
            .ok_or_else(|| Refusal::forbidden("You don't have permission to access this room."))
    }

    /// Somebody says something in a room; the id of the message.
    ///
    /// # Panics
    /// When there is no such room.
    pub(crate) fn say(&mut self, room: u64, author: u64, body: &str) -> u64 {
        let now = self.seconds();
        // More digits than a double holds, growing with time, as those of the service.
        let id = 1_900_000_000_000_000_000 + self.next_id();
        let body = body.to_owned();
        let message = Message { id, author, body, sent: now, edited: 0 };
        let room = self.rooms.get_mut(&room).expect("the room has been looked up");
        for member in room.members.keys().filter(|member| **member != author) {
            room.unread.entry(*member).or_default().insert(id);
        }
        room.changed = now;
        room.messages.push(message.clone());
        self.webhooks.posted(room, &message, now);
        id
    }
}

impl Room {
    pub(super) fn message(&self, id: &str) -> Result<&Message, Refusal> {
        let id: Option<u64> = id.parse().ok();
        let message = self.messages.iter().find(|message| Some(message.id) == id);
        message.ok_or_else(|| Refusal::unknown("Message"))
    }

    pub(super) fn role(&self, account: u64) -> Option<Role> {
        self.members.get(&account).copied()
    }

    /// How many messages an account has not read, and how many of them are addressed to it.
    pub(super) fn unread_of(&self, account: u64) -> (usize, usize) {
        let Some(unread) = self.unread.get(&account) else { return (0, 0) };
        let addressed = self.messages.iter().filter(|message| {
            unread.contains(&message.id) && notation::addresses(&message.body, account)
        });
        (unread.len(), addressed.count())
    }
}

impl Role {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Member => "member",
            Self::Readonly => "readonly",
        }
    }
}

impl Kind {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::My => "my",
            Self::Direct => "direct",
            Self::Group => "group",
        }
    }
}
