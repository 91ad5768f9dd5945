use std::collections::HashMap;

use halyard_identity::UserId;
use halyard_platform::{
    clock::Millis,
    db::{self, FromRow, Row, Tx},
    params,
};

use crate::{Actor, ChannelId, ConversationId, Error, ThreadId, conversation, json};

/// A thread or conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Thread(i64),
    Conversation(i64),
}

/// Where something was found, as far as an answer shows it.
#[derive(Debug, Clone)]
pub enum Place {
    /// A thread.
    Thread {
        /// Its id.
        id: ThreadId,
        /// Its title.
        title: String,
        /// Its channel.
        channel: ChannelId,
        /// Name of the channel.
        channel_name: String,
        /// Colour of the channel.
        channel_color: Option<i64>,
        /// The discussion has ended.
        closed: bool,
        /// Everyone who was ever attached to it, as JSON.
        participants_json: String,
        /// Author of the newest text in it.
        last_author: UserId,
        /// When it was posted or last commented on.
        last_posted_at: Millis,
        /// The channel has been put away.
        archived: bool,
    },
    /// A conversation.
    Conversation {
        /// Its id.
        id: ConversationId,
        /// Title, or the names of the other people.
        title: String,
        /// Who is in it.
        users: Vec<UserId>,
        /// Author of the newest message.
        last_author: Option<UserId>,
        /// Time of the newest message.
        last_posted_at: Millis,
        /// The actor has put it away.
        archived: bool,
    },
}

impl FromRow for Place {
    fn from_row(row: &mut Row<'_>) -> Result<Self, db::Error> {
        Ok(Self::Thread {
            id: row.get()?,
            title: row.get()?,
            channel: row.get()?,
            channel_name: row.get()?,
            channel_color: row.get()?,
            closed: row.get()?,
            participants_json: row.get()?,
            last_author: row.get()?,
            last_posted_at: row.get()?,
            archived: row.get()?,
        })
    }
}

/// Shows places that the caller has found through the actor's membership.
pub(super) fn places(
    tx: &mut Tx<'_>,
    actor: &Actor,
    keys: &[Key],
) -> Result<HashMap<Key, Place>, Error> {
    let ids = |wanted: fn(&Key) -> Option<i64>| keys.iter().filter_map(wanted).collect::<Vec<_>>();
    let threads = ids(|key| match key {
        Key::Thread(id) => Some(*id),
        Key::Conversation(_) => None,
    });
    let conversations = ids(|key| match key {
        Key::Conversation(id) => Some(*id),
        Key::Thread(_) => None,
    });
    let mut places = HashMap::new();
    if !threads.is_empty() {
        let rows: Vec<Place> = tx.all(
            "select t.id, t.title, t.channel_id, c.name, c.color, t.closed, t.participants,
                 t.snippet_creator, t.last_updated_at, c.archived
             from thread t join channel c on c.id = t.channel_id where t.id in {ids $1}",
            params![&json::encode(&threads)],
        )?;
        places.extend(rows.into_iter().map(|place| (place.key(), place)));
    }
    if !conversations.is_empty() {
        for found in conversation::load_all(tx, actor, &conversations)? {
            let place = Place::Conversation {
                id: found.id,
                title: found.name,
                users: found.user_ids,
                last_author: found.snippet_creator,
                last_posted_at: found.last_active_at,
                archived: found.archived,
            };
            places.insert(place.key(), place);
        }
    }
    Ok(places)
}

impl Place {
    fn key(&self) -> Key {
        match self {
            Self::Thread { id, .. } => Key::Thread(id.0),
            Self::Conversation { id, .. } => Key::Conversation(id.0),
        }
    }
}
