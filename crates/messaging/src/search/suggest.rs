use halyard_platform::{db::Tx, fulltext};

use super::{
    document::{self, Fact, Kind, fact, owner},
    find::{Scope, lists, load},
    query::Wanted,
    terms::tokens,
};
use crate::{Actor, Error, ThreadId, WorkspaceId, thread, workspace};

/// Candidates that are looked at together, and how often.
const CHUNK: i64 = 100;
const LOOKS: usize = 10;

/// Threads whose title holds the words typed so far, newest first.
///
/// # Errors
/// [`Error::WorkspaceNotFound`]
pub fn titles(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: WorkspaceId,
    text: &str,
    limit: usize,
) -> Result<Vec<thread::Thread>, Error> {
    workspace::role(tx, actor, id)?;
    // One letter is worth an attempt where somebody is still typing.
    let wanted = Wanted::with_start(text, 1);
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let mut all = lists(tx, id, &wanted, document::title_word)?;
    all.push(vec![fact(id, Fact::Kind(Kind::Thread))]);
    let query = fulltext::Query { all };
    let (mut below, mut found) = (i64::MAX, Vec::new());
    for _ in 0..LOOKS {
        let part = fulltext::newest(tx, &query, 0, below, CHUNK)?;
        let candidates = load(tx, actor, id, &part.documents, &Scope::default())?;
        for number in &part.documents {
            let (Some(candidate), Some((_, id))) = (candidates.get(number), owner(*number)) else {
                continue;
            };
            if found.len() < limit && wanted.is_in(&[&tokens(candidate.title())]) {
                found.push(ThreadId(id));
            }
        }
        match part.rest {
            Some(rest) if found.len() < limit => below = rest,
            _ => break,
        }
    }
    thread::load_all(tx, actor, &found)
}
