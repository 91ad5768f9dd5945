//! A full-text index: which documents hold which words, newest first.
//!
//! A document is a number; larger numbers are newer. Words are made by the caller, who folds and
//! splits text in its own way, so that SQLite and PostgreSQL find exactly the same. They consist of
//! letters, digits and characters beyond ASCII: nothing else may be in them.
//!
//! The index can always be made again from what it was made from. It is therefore neither backed up
//! nor restored: see [`clear`].

use std::collections::BTreeMap;

use crate::{
    db::{Dialect, Error, Tx},
    params,
};

/// Documents that a search walks at most before it answers what it has found so far. At about a
/// microsecond each this bounds the time of a search for common words.
const WINDOW: i64 = 20_000;
/// Up to this many documents are fetched through the index and sorted; more are walked from the
/// newest on.
const FEW: i64 = 2_000;
/// Words that are looked at for one beginning.
const ALIKE: i64 = 5_000;

/// A document and its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its number.
    pub id: i64,
    /// Its words, each once.
    pub words: Vec<String>,
}

/// What documents must hold: of each list at least one word.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// The lists.
    pub all: Vec<Vec<String>>,
}

/// What a search has found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// Descending.
    pub documents: Vec<i64>,
    /// Where to go on: what is below this number was not looked at. None: there is nothing more.
    pub rest: Option<i64>,
}

/// Enters documents; what was known of them before is forgotten.
pub fn put(tx: &mut Tx<'_>, documents: &[Document]) -> Result<(), Error> {
    if documents.is_empty() {
        return Ok(());
    }
    match tx.dialect() {
        Dialect::Sqlite => {
            for document in documents {
                let words = document.words.join(" ");
                tx.send("delete from fulltext_index where rowid = $1", params![document.id])?;
                tx.send(
                    "insert into fulltext_index (rowid, words) values ($1, $2)",
                    params![document.id, &words],
                )?;
            }
        }
        Dialect::Postgres => {
            // A document that is here twice is what it is last.
            let documents: BTreeMap<i64, String> =
                documents.iter().map(|document| (document.id, document.words.join(" "))).collect();
            // Somebody else may be entering the same documents at this moment, in the same order.
            tx.send(
                "insert into fulltext_index (rowid, words)
                 select key::bigint, array_to_tsvector(string_to_array(value, ' '))
                 from json_each_text($1::text::json)
                 on conflict (rowid) do update set words = excluded.words",
                params![&serde_json::json!(documents).to_string()],
            )?;
        }
    }
    // Sorted, so that two who enter at the same time take their locks in the same order.
    let mut counts: BTreeMap<&str, i64> = BTreeMap::new();
    for word in documents.iter().flat_map(|document| &document.words) {
        *counts.entry(word).or_default() += 1;
    }
    let counts = serde_json::json!(counts).to_string();
    tx.exec(
        "insert into fulltext_word (word, documents) select key, value from {pairs $1} p
         where true
         on conflict (word) do update set documents = fulltext_word.documents + excluded.documents",
        params![&counts],
    )?;
    Ok(())
}

/// Those of the documents that were entered.
pub fn known(tx: &mut Tx<'_>, documents: &[i64]) -> Result<Vec<i64>, Error> {
    let ids = serde_json::json!(documents).to_string();
    tx.all("select rowid from fulltext_index where rowid in {ids $1}", params![&ids])
}

/// Takes documents out.
pub fn remove(tx: &mut Tx<'_>, documents: &[i64]) -> Result<(), Error> {
    for document in documents {
        tx.send("delete from fulltext_index where rowid = $1", params![*document])?;
    }
    Ok(())
}

/// Forgets everything.
pub fn clear(tx: &mut Tx<'_>) -> Result<(), Error> {
    tx.exec("delete from fulltext_word", params![])?;
    match tx.dialect() {
        Dialect::Sqlite => {
            tx.exec("insert into fulltext_index (fulltext_index) values ('delete-all')", params![])
        }
        Dialect::Postgres => tx.exec("delete from fulltext_index", params![]),
    }?;
    Ok(())
}

/// The words that begin like this, the most frequent first, at most so many.
pub fn beginning_with(tx: &mut Tx<'_>, start: &str, at_most: i64) -> Result<Vec<String>, Error> {
    tx.all(
        "select word from
             (select word, documents from fulltext_word where word >= $1 and word < $2
              order by word limit $3) w
         order by documents desc, word limit $4",
        params![start, &format!("{start}\u{10FFFF}"), ALIKE, at_most],
    )
}

/// The newest documents from `from` on and below `below` that hold what the query asks for, at most
/// `limit`. A query that asks for nothing finds nothing.
///
/// The effort is bounded: where what is asked for is common and still rare together, fewer than
/// `limit` come back with a place to go on from.
pub fn newest(
    tx: &mut Tx<'_>,
    query: &Query,
    from: i64,
    below: i64,
    limit: i64,
) -> Result<Found, Error> {
    if query.all.is_empty() || from >= below {
        return Ok(Found::default());
    }
    let Some(frequency) = frequency(tx, query)? else { return Ok(Found::default()) };
    match tx.dialect() {
        Dialect::Sqlite => {
            let text = query.text("\"", " OR ", " AND ");
            let documents: Vec<i64> = tx.all(
                "select rowid from fulltext_index
                 where fulltext_index match $1 and rowid >= $2 and rowid < $3
                 order by rowid desc limit $4",
                params![&text, from, below, limit],
            )?;
            Ok(Found::up_to(documents, limit, None))
        }
        Dialect::Postgres => {
            let text = query.text("'", " | ", " & ");
            if frequency <= FEW {
                // The sum keeps the planner from walking the primary key instead.
                let documents: Vec<i64> = tx.all(
                    "with hits as materialized (
                         select rowid from fulltext_index
                         where words @@ $1::text::tsquery and rowid + 0 >= $2 and rowid + 0 < $3)
                     select rowid from hits order by rowid desc limit $4",
                    params![&text, from, below, limit],
                )?;
                return Ok(Found::up_to(documents, limit, None));
            }
            let documents: Vec<i64> = tx.all(
                "select rowid from
                     (select rowid, words from fulltext_index where rowid >= $2 and rowid < $3
                      order by rowid desc limit $5) w
                 where words @@ $1::text::tsquery order by rowid desc limit $4",
                params![&text, from, below, limit, WINDOW],
            )?;
            if documents.len() as i64 >= limit {
                return Ok(Found::up_to(documents, limit, None));
            }
            // The window was walked to its end; there may be documents below it.
            let lowest: Option<i64> = tx.optional(
                "select rowid from fulltext_index where rowid >= $1 and rowid < $2
                 order by rowid desc limit 1 offset $3",
                params![from, below, WINDOW - 1],
            )?;
            Ok(Found::up_to(documents, limit, lowest))
        }
    }
}

impl Found {
    fn up_to(documents: Vec<i64>, limit: i64, otherwise: Option<i64>) -> Self {
        let full = documents.len() as i64 >= limit;
        let rest = if full { documents.last().copied() } else { otherwise };
        Self { documents, rest }
    }
}

/// An upper bound of how many documents hold what is asked for; none when a word is in no document.
fn frequency(tx: &mut Tx<'_>, query: &Query) -> Result<Option<i64>, Error> {
    let mut words: Vec<&String> = query.all.iter().flatten().collect();
    words.sort_unstable();
    words.dedup();
    let rows: Vec<(String, i64)> = tx.all(
        "select word, documents from fulltext_word where word in {texts $1}",
        params![&serde_json::json!(words).to_string()],
    )?;
    let known: BTreeMap<&str, i64> = rows.iter().map(|(word, n)| (word.as_str(), *n)).collect();
    let lists = query
        .all
        .iter()
        .map(|words| words.iter().filter_map(|word| known.get(word.as_str())).sum::<i64>());
    Ok(lists.min().filter(|documents| *documents > 0))
}

impl Query {
    fn text(&self, quote: &str, or: &str, and: &str) -> String {
        let quoted = |word: &String| {
            debug_assert!(!word.contains(quote), "a word holds no punctuation");
            format!("{quote}{word}{quote}")
        };
        let lists = self.all.iter().map(|words| {
            let words: Vec<String> = words.iter().map(quoted).collect();
            format!("({})", words.join(or))
        });
        lists.collect::<Vec<_>>().join(and)
    }
}
