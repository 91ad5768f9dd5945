//! What of a post is entered into the full-text index, and under which number.

use halyard_identity::UserId;
use halyard_platform::{
    clock::Millis,
    db::{self, FromRow, Row},
    fulltext,
};
use serde_json::Value;

use super::terms::{Token, tokens, words};
use crate::{GroupId, WorkspaceId, json};

/// 2000-01-01: numbers begin there. What is older counts as from then.
const EPOCH: i64 = 946_684_800;
/// Seconds after that which a number can tell: until 2068.
const LAST: i64 = (1 << 31) - 1;
/// Ids beyond this cannot be entered.
const IDS: i64 = 1 << 30;

/// A word of the text, of the title, or something else that a post can be found by. These
/// characters belong to nobody, so that no text can pretend to be something else.
const WORD: char = '\u{e000}';
const TITLE: char = '\u{e001}';
const FACT: char = '\u{e002}';

/// What is entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Kind {
    /// Title and opening post.
    Thread,
    Comment,
    Message,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Thread, Self::Comment, Self::Message];
}

/// Something else than words by which posts are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fact {
    /// Who wrote it.
    By(UserId),
    /// Who was told: named or mentioned, or in the conversation.
    To(UserId),
    /// Who is mentioned.
    Mentions(UserId),
    /// A group named or mentioned.
    ToGroup(GroupId),
    Thread(i64),
    Conversation(i64),
    Kind(Kind),
}

/// The number of a post: later posts have larger ones. None for an id too large to be entered.
pub(super) fn number(kind: Kind, id: i64, posted_at: Millis) -> Option<i64> {
    let low = (0..IDS).contains(&id).then_some(id << 2 | kind as i64)?;
    Some(first_of(posted_at) | low)
}

/// The smallest number that a post of this second can have.
pub(super) fn first_of(moment: Millis) -> i64 {
    (moment.div_euclid(1000) - EPOCH).clamp(0, LAST) << 32
}

/// Whose number it is.
pub(super) fn owner(number: i64) -> Option<(Kind, i64)> {
    let kind = Kind::ALL.get(usize::try_from(number & 3).ok()?)?;
    Some((*kind, (number & 0xffff_ffff) >> 2))
}

/// The word that stands in the index for a word of a text. Each workspace has words of its own, so
/// that what is common in one costs nothing in another.
pub(super) fn word(workspace: WorkspaceId, word: &str) -> String {
    format!("{workspace}{WORD}{word}")
}

/// As [`word`], for a word of a title.
pub(super) fn title_word(workspace: WorkspaceId, word: &str) -> String {
    format!("{workspace}{TITLE}{word}")
}

/// The word that stands in the index for a fact.
pub(super) fn fact(workspace: WorkspaceId, fact: Fact) -> String {
    let (letter, id) = match fact {
        Fact::By(user) => ('u', user.0),
        Fact::To(user) => ('r', user.0),
        Fact::Mentions(user) => ('m', user.0),
        Fact::ToGroup(group) => ('g', group.0),
        Fact::Thread(id) => ('t', id),
        Fact::Conversation(id) => ('v', id),
        Fact::Kind(kind) => ('k', kind as i64),
    };
    format!("{workspace}{FACT}{letter}{id}")
}

/// A post as it is read in order to be entered.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub(super) kind: Kind,
    pub(super) id: i64,
    workspace: WorkspaceId,
    /// The thread or conversation.
    place: i64,
    creator: UserId,
    title: String,
    content: String,
    attachments: Option<String>,
    recipients: String,
    groups: String,
    mentions: String,
    group_mentions: String,
    pub(super) posted_at: Millis,
    /// It is there, and no message of the system.
    live: bool,
}

impl FromRow for Source {
    fn from_row(row: &mut Row<'_>) -> Result<Self, db::Error> {
        let kind: i64 = row.get()?;
        let kind = usize::try_from(kind).ok().and_then(|kind| Kind::ALL.get(kind));
        Ok(Self {
            kind: *kind.ok_or(db::Error::Missing("the kind of a post"))?,
            id: row.get()?,
            workspace: row.get()?,
            place: row.get()?,
            creator: row.get()?,
            title: row.get()?,
            content: row.get()?,
            attachments: row.get()?,
            recipients: row.get()?,
            groups: row.get()?,
            mentions: row.get()?,
            group_mentions: row.get()?,
            posted_at: row.get()?,
            live: row.get()?,
        })
    }
}

/// What becomes of a post in the index.
#[derive(Debug, Clone)]
pub(super) enum Entry {
    Put(fulltext::Document),
    Remove(i64),
}

impl Source {
    /// Makes the words. To be done outside of transactions.
    pub(super) fn entry(&self) -> Result<Option<Entry>, db::Error> {
        let Some(number) = number(self.kind, self.id, self.posted_at) else { return Ok(None) };
        if !self.live {
            return Ok(Some(Entry::Remove(number)));
        }
        let title = tokens(&self.title);
        let mut all = words(&tokens(&full_text(&self.content, self.attachments.as_deref())));
        all.extend(words(&title));
        let mut entered: Vec<String> = all.iter().map(|one| word(self.workspace, one)).collect();
        entered.extend(words(&title).iter().map(|one| title_word(self.workspace, one)));
        entered.extend(self.facts()?.into_iter().map(|one| fact(self.workspace, one)));
        entered.sort_unstable();
        entered.dedup();
        Ok(Some(Entry::Put(fulltext::Document { id: number, words: entered })))
    }

    fn facts(&self) -> Result<Vec<Fact>, db::Error> {
        let mentions: Vec<UserId> = json::decode(&self.mentions)?;
        let people: Vec<UserId> = json::decode(&self.recipients)?;
        let groups: Vec<GroupId> = json::decode(&self.groups)?;
        let group_mentions: Vec<GroupId> = json::decode(&self.group_mentions)?;
        let mut facts = vec![
            Fact::By(self.creator),
            Fact::Kind(self.kind),
            match self.kind {
                Kind::Thread | Kind::Comment => Fact::Thread(self.place),
                Kind::Message => Fact::Conversation(self.place),
            },
        ];
        facts.extend(people.into_iter().chain(mentions.iter().copied()).map(Fact::To));
        facts.extend(mentions.into_iter().map(Fact::Mentions));
        facts.extend(groups.into_iter().chain(group_mentions).map(Fact::ToGroup));
        Ok(facts)
    }
}

/// What a post says, with the names of its files and the titles of its links.
pub(super) fn full_text(content: &str, attachments: Option<&str>) -> String {
    let mut text = content.to_owned();
    // What a client has attached may have any form; what cannot be read has no name to be found by.
    let list: Vec<Value> =
        attachments.and_then(|list| serde_json::from_str(list).ok()).unwrap_or_default();
    for attachment in &list {
        for key in ["title", "file_name"] {
            if let Some(name) = attachment[key].as_str() {
                text.push('\n');
                text.push_str(name);
            }
        }
    }
    text
}

/// The tokens of what a post says.
pub(super) fn text_tokens(content: &str, attachments: Option<&str>) -> Vec<Token> {
    tokens(&full_text(content, attachments))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_rise_with_time_and_name_their_posts() {
        const NOW: Millis = 1_800_000_000_000;
        let one = number(Kind::Comment, 77, NOW).unwrap();
        assert_eq!(owner(one), Some((Kind::Comment, 77)));
        assert!(
            number(Kind::Thread, IDS - 1, NOW).unwrap()
                < number(Kind::Comment, 0, NOW + 1_000).unwrap()
        );
        assert!(first_of(NOW) <= one && one < first_of(NOW + 1_000));
        assert_eq!(
            owner(number(Kind::Message, IDS - 1, NOW).unwrap()),
            Some((Kind::Message, IDS - 1))
        );
        assert_eq!(number(Kind::Message, IDS, NOW), None);
        assert_eq!(first_of(-5), 0);
        assert!(number(Kind::Thread, 1, i64::MAX).unwrap() > one);
    }

    #[test]
    fn files_are_found_by_their_names() {
        let text = full_text("see", Some(r#"[{"file_name":"Plan.pdf"},{"title":"Site"},3]"#));
        assert_eq!(text, "see\nPlan.pdf\nSite");
        assert_eq!(full_text("see", Some("damaged")), "see");
    }
}
