use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    io::{BufReader, Read},
    path::Path,
};

use anyhow::{Context, bail};
use halyard_messaging::transfer::{
    Channel, ChannelMember, Comment, Conversation, ConversationMember, Message as Said, Record,
    Thread, Workspace,
};
use halyard_platform::clock::Millis;
use serde::de::DeserializeOwned;
use zip::ZipArchive;

use super::{
    format::{Message, Room, User},
    message::{Post, is_post, post, title},
    names::Names,
};

/// Bytes of one file, unpacked: a day of a channel has a few megabytes at most.
const LARGEST: u64 = 64 * 1024 * 1024;
/// Bytes of all files, unpacked.
const TOTAL: u64 = 64 * 1024 * 1024 * 1024;
/// Files.
const FILES: usize = 2_000_000;

/// An archive that has been looked into.
pub(crate) struct Unpacked {
    zip: ZipArchive<BufReader<File>>,
    unpacked: u64,
    names: Names,
    /// Days of each folder, in order.
    days: HashMap<String, Vec<String>>,
    last: i64,
}

/// Takes records in their order.
pub(crate) type Emit<'a> = dyn FnMut(Vec<Record>) -> anyhow::Result<()> + 'a;

impl Unpacked {
    /// Opens an archive.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
        let zip = ZipArchive::new(BufReader::new(file)).context("the file is no zip archive")?;
        if zip.len() > FILES {
            bail!("the archive has {} files, more than {FILES}", zip.len());
        }
        let mut days: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for name in zip.file_names() {
            let name = name.context("the archive is damaged")?;
            if let Some((folder, day)) = name.split_once('/')
                && day.ends_with(".json")
                && !day.contains('/')
            {
                days.entry(folder.to_owned()).or_default().push(name.clone().into_owned());
            }
        }
        for of_folder in days.values_mut() {
            of_folder.sort();
        }
        let days = days.into_iter().collect();
        Ok(Self { zip, unpacked: 0, names: Names::default(), days, last: 0 })
    }

    /// The list in a file; empty when there is no such file.
    fn list<T: DeserializeOwned>(&mut self, name: &str) -> anyhow::Result<Vec<T>> {
        let mut text = Vec::new();
        match self.zip.by_name(name) {
            Ok(file) => file.take(LARGEST + 1).read_to_end(&mut text),
            Err(zip::result::ZipError::FileNotFound) => return Ok(Vec::new()),
            Err(error) => return Err(error).context(name.to_owned()),
        }
        .with_context(|| format!("{name} is damaged"))?;
        // What a header says of the size proves nothing.
        self.unpacked += text.len() as u64;
        if text.len() as u64 > LARGEST || self.unpacked > TOTAL {
            bail!("{name} is larger than any that Slack writes; the archive is refused");
        }
        serde_json::from_slice(&text).with_context(|| format!("{name} is damaged"))
    }

    fn next(&mut self) -> i64 {
        self.last += 1;
        self.last
    }

    /// Hands out everything. With a name it begins with a workspace of that name.
    pub(crate) fn read(
        &mut self,
        workspace: Option<&str>,
        now: Millis,
        emit: &mut Emit<'_>,
    ) -> anyhow::Result<()> {
        let users: Vec<User> = self.list("users.json")?;
        if users.is_empty() {
            bail!("the file is no export of Slack: it has no users.json with people");
        }
        let people: Vec<_> = users.iter().map(|user| self.names.member(user, now)).collect();
        if let Some(name) = workspace {
            let owner = users.iter().position(|user| user.is_primary_owner && !user.deleted);
            let admin = || users.iter().position(|user| user.is_admin && !user.deleted);
            let anybody = || users.iter().position(|user| !user.is_bot && !user.deleted);
            let creator = owner.or_else(admin).or_else(anybody).unwrap_or(0);
            let creator = people[creator].account.clone();
            let name = name.to_owned();
            let new = Workspace { id: 0, name, color: None, creator, created_at: now };
            emit(vec![Record::Workspace(new)])?;
        }
        let fallback = people[0].account.id;
        emit(people.into_iter().map(Record::Person).collect())?;
        let mut rooms: Vec<(Room, bool)> = Vec::new();
        rooms.extend(self.list("channels.json")?.into_iter().map(|room| (room, true)));
        rooms.extend(self.list("groups.json")?.into_iter().map(|room| (room, false)));
        for (room, _) in &rooms {
            self.names.learn_channel(room);
        }
        for (room, public) in rooms {
            let id = self.next();
            let channel = self.channel(id, &room, public, fallback, now);
            emit(vec![Record::Channel(channel)])?;
            self.threads(id, &room.name, now, emit)?;
        }
        let direct: Vec<Room> = self.list("dms.json")?;
        let several: Vec<Room> = self.list("mpims.json")?;
        for room in direct.into_iter().chain(several) {
            let id = self.next();
            let Some(conversation) = self.conversation(id, &room, now) else { continue };
            emit(vec![Record::Conversation(conversation)])?;
            let folder = if self.days.contains_key(&room.id) { &room.id } else { &room.name };
            self.messages(id, &folder.clone(), now, emit)?;
        }
        Ok(())
    }

    fn members<'r>(&self, room: &'r Room) -> impl Iterator<Item = i64> + use<'_, 'r> {
        room.members.iter().filter_map(|user| self.names.user(user)).map(|(id, _)| id)
    }

    fn channel(&self, id: i64, room: &Room, public: bool, fallback: i64, now: Millis) -> Channel {
        let joined =
            |user| ChannelMember { user, favorited: false, read_before: None, joined_at: now };
        let name: String = room.name.trim().chars().take(80).collect();
        let purpose: String = room.purpose.value.chars().take(5_000).collect();
        Channel {
            id,
            default: room.is_general,
            creator: self.names.user(&room.creator).map_or(fallback, |(id, _)| id),
            name: if name.is_empty() { room.id.clone() } else { name },
            description: Some(purpose).filter(|text| !text.is_empty()),
            color: None,
            icon: None,
            public,
            archived: room.is_archived,
            use_default_recipients: false,
            default_recipients: None,
            default_groups: None,
            retention_days: None,
            created_at: room.created.clamp(0, now / 1000) * 1000,
            members: self.members(room).map(joined).collect(),
        }
    }

    fn conversation(&self, id: i64, room: &Room, now: Millis) -> Option<Conversation> {
        let members: Vec<i64> = self.members(room).collect();
        let creator = *members.first()?;
        let joined = |user: &i64| ConversationMember {
            user: *user,
            read_items: None,
            archived_items: None,
            muted_until: None,
            joined_at: now,
        };
        Some(Conversation {
            id,
            default: false,
            creator,
            title: None,
            private: members.len() <= 2,
            found_by_people: true,
            created_at: room.created.clamp(0, now / 1000) * 1000,
            members: members.iter().map(joined).collect(),
        })
    }

    /// The posts of a day in the order of their times, with their authors; new authors are handed
    /// out at once.
    fn day(
        &mut self,
        name: &str,
        now: Millis,
        emit: &mut Emit<'_>,
    ) -> anyhow::Result<Vec<(Message, i64, Post)>> {
        let mut posts = Vec::new();
        for message in self.list::<Message>(name)?.into_iter().filter(is_post) {
            let Some((author, stranger)) = self.names.author(&message, now) else { continue };
            if let Some(person) = stranger {
                emit(vec![Record::Person(person)])?;
            }
            if let Some(post) = post(&message, &self.names) {
                posts.push((message, author, post));
            }
        }
        posts.sort_by(|(a, ..), (b, ..)| a.ts.cmp(&b.ts));
        Ok(posts)
    }

    fn threads(
        &mut self,
        channel: i64,
        folder: &str,
        now: Millis,
        emit: &mut Emit<'_>,
    ) -> anyhow::Result<()> {
        // Answers may come days after what they answer.
        let mut threads: HashMap<String, i64> = HashMap::new();
        for day in self.days.get(folder).cloned().unwrap_or_default() {
            let mut records = Vec::new();
            for (message, creator, post) in self.day(&day, now, emit)? {
                let id = self.next();
                // What is answered may be missing: the first answer stands for it then.
                let root = message.thread_ts.clone().unwrap_or_else(|| message.ts.clone());
                records.push(match threads.get(&root) {
                    Some(thread) => Record::Comment(Comment {
                        id,
                        thread: *thread,
                        creator,
                        content: post.content,
                        audience: "thread".to_owned(),
                        direct_mentions: post.mentions,
                        reactions: post.reactions,
                        posted_at: post.posted_at,
                        last_edited_at: post.edited_at,
                        ..Comment::default()
                    }),
                    None => {
                        threads.insert(root, id);
                        Record::Thread(Thread {
                            id,
                            channel,
                            creator,
                            title: title(&post.content),
                            content: post.content,
                            audience: "channel".to_owned(),
                            participants: vec![creator],
                            direct_mentions: post.mentions,
                            reactions: post.reactions,
                            posted_at: post.posted_at,
                            last_edited_at: post.edited_at,
                            ..Thread::default()
                        })
                    }
                });
            }
            emit(records)?;
        }
        Ok(())
    }

    fn messages(
        &mut self,
        conversation: i64,
        folder: &str,
        now: Millis,
        emit: &mut Emit<'_>,
    ) -> anyhow::Result<()> {
        for day in self.days.get(folder).cloned().unwrap_or_default() {
            let mut records = Vec::new();
            for (_, creator, post) in self.day(&day, now, emit)? {
                records.push(Record::Message(Said {
                    id: self.next(),
                    conversation,
                    creator,
                    content: post.content,
                    direct_mentions: post.mentions,
                    reactions: post.reactions,
                    posted_at: post.posted_at,
                    last_edited_at: post.edited_at,
                    ..Said::default()
                }));
            }
            emit(records)?;
        }
        Ok(())
    }
}
