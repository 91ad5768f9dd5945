//! What of an archive is here already, and under which id.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use halyard_identity::UserId;
use halyard_platform::{
    db::{self, Tx},
    params,
};
use sha2::{Digest, Sha256};

use super::{record::Record, text};
use crate::{Error, WorkspaceId, json};

/// What has an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Noun {
    Workspace,
    User,
    Group,
    Channel,
    Thread,
    Comment,
    Conversation,
    Message,
}

impl Noun {
    pub(super) fn stored(self) -> &'static str {
        match self {
            Self::Workspace => "workspace",
            Self::User => "user",
            Self::Group => "group",
            Self::Channel => "channel",
            Self::Thread => "thread",
            Self::Comment => "comment",
            Self::Conversation => "conversation",
            Self::Message => "message",
        }
    }

    /// What a field of a message of the system names.
    pub(super) fn of_key(key: &str) -> Option<Self> {
        Some(match key {
            "workspace_id" => Self::Workspace,
            "initiator" | "initiator_id" | "creator" | "user_id" | "user_ids" => Self::User,
            "group_id" | "group_ids" => Self::Group,
            "channel_id" | "old_channel_id" | "new_channel_id" | "from_channel" | "to_channel" => {
                Self::Channel
            }
            "thread_id" => Self::Thread,
            "comment_id" => Self::Comment,
            "conversation_id" => Self::Conversation,
            "message_id" => Self::Message,
            _ => return None,
        })
    }
}

/// Old ids with the new ones.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) import: i64,
    digest: String,
    /// The id of the workspace in the archive, and here.
    pub(super) workspace: (i64, i64),
    ids: HashMap<(Noun, i64), i64>,
}

impl Known {
    /// Nothing yet.
    pub(super) fn empty(digest: &str) -> Self {
        Self { import: 0, digest: digest.to_owned(), workspace: (0, 0), ids: HashMap::new() }
    }

    /// What is known of the things that records name. Keeps others from working on the same import
    /// until the transaction ends.
    pub(super) fn load(tx: &mut Tx<'_>, import: i64, records: &[Record]) -> Result<Self, Error> {
        let (digest, workspace): (String, Option<i64>) = tx
            .optional(
                "select i.digest, i.workspace_id from import i
                 where i.id = $1 and i.finished_at is null {lock i}",
                params![import],
            )?
            .ok_or(Error::Invalid { field: "import", expected: "one that is not finished" })?;
        let mut known = Self::empty(&digest);
        known.import = import;
        let old: Option<i64> = tx.optional(
            "select old_id from import_id where import_id = $1 and noun = 'workspace'",
            params![import],
        )?;
        known.workspace = (old.unwrap_or(0), workspace.unwrap_or(0));
        if let Some(old) = old {
            known.learn(Noun::Workspace, old, known.workspace.1);
        }
        for noun in [Noun::User, Noun::Group, Noun::Channel] {
            let pairs: Vec<(i64, i64)> = tx.all(
                "select old_id, new_id from import_id where import_id = $1 and noun = $2",
                params![import, noun.stored()],
            )?;
            known.ids.extend(pairs.into_iter().map(|(old, new)| ((noun, old), new)));
        }
        known.look_up(tx, records)?;
        Ok(known)
    }

    /// Finds the larger nouns one by one.
    fn look_up(&mut self, tx: &mut Tx<'_>, records: &[Record]) -> Result<(), db::Error> {
        let mut wanted: BTreeMap<Noun, BTreeSet<i64>> = BTreeMap::new();
        let mut want = |noun, id| {
            wanted.entry(noun).or_default().insert(id);
        };
        for record in records {
            let content = match record {
                Record::Thread(thread) => {
                    want(Noun::Thread, thread.id);
                    &thread.content
                }
                Record::Comment(comment) => {
                    want(Noun::Thread, comment.thread);
                    want(Noun::Comment, comment.id);
                    &comment.content
                }
                Record::Conversation(conversation) => {
                    want(Noun::Conversation, conversation.id);
                    continue;
                }
                Record::Message(message) => {
                    want(Noun::Conversation, message.conversation);
                    want(Noun::Message, message.id);
                    &message.content
                }
                Record::Attachment(attachment) => {
                    for place in &attachment.uses {
                        place.thread.into_iter().for_each(|id| want(Noun::Thread, id));
                        place.comment.into_iter().for_each(|id| want(Noun::Comment, id));
                        place.message.into_iter().for_each(|id| want(Noun::Message, id));
                    }
                    continue;
                }
                _ => continue,
            };
            text::named(content, self.workspace.0)
                .into_iter()
                .for_each(|(noun, id)| want(noun, id));
        }
        for (noun, ids) in wanted {
            let pairs: Vec<(i64, i64)> = tx.all(
                "select old_id, new_id from import_id
                 where import_id = $1 and noun = $2 and old_id in {ids $3}",
                params![self.import, noun.stored(), &json::encode(&ids)],
            )?;
            self.ids.extend(pairs.into_iter().map(|(old, new)| ((noun, old), new)));
        }
        Ok(())
    }

    pub(super) fn workspace(&self) -> WorkspaceId {
        WorkspaceId(self.workspace.1)
    }

    pub(super) fn find(&self, noun: Noun, old: i64) -> Option<i64> {
        self.ids.get(&(noun, old)).copied()
    }

    /// # Errors
    /// [`Error::Invalid`] for something that should have come before.
    pub(super) fn require(&self, noun: Noun, old: i64) -> Result<i64, Error> {
        self.find(noun, old).ok_or(Error::Invalid {
            field: "archive",
            expected: "everything that a line names in the lines before it",
        })
    }

    /// Those of the people who are known, in their order.
    pub(super) fn users(&self, old: &[i64]) -> Vec<UserId> {
        let mut users = Vec::new();
        for user in old.iter().filter_map(|old| self.find(Noun::User, *old)).map(UserId) {
            if !users.contains(&user) {
                users.push(user);
            }
        }
        users
    }

    pub(super) fn groups(&self, old: &[i64]) -> Vec<i64> {
        // The numbers below 100 are no groups: clients use them for "everyone".
        let new = |old: &i64| if *old < 100 { Some(*old) } else { self.find(Noun::Group, *old) };
        old.iter().filter_map(new).collect()
    }

    /// The id that a file gets here: the same whenever it is asked for.
    pub(super) fn file(&self, old: &str) -> String {
        let text = format!("{}\n{}\n{old}", self.import, self.digest);
        let hex = hex::encode(Sha256::digest(text.as_bytes()));
        format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..32])
    }

    pub(super) fn learn(&mut self, noun: Noun, old: i64, new: i64) {
        self.ids.insert((noun, old), new);
    }

    /// Learns it for good.
    pub(super) fn remember(
        &mut self,
        tx: &mut Tx<'_>,
        noun: Noun,
        old: i64,
        new: i64,
    ) -> Result<(), db::Error> {
        self.learn(noun, old, new);
        tx.exec(
            "insert into import_id (import_id, noun, old_id, new_id) values ($1, $2, $3, $4)",
            params![self.import, noun.stored(), old, new],
        )?;
        Ok(())
    }
}
