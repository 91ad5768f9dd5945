//! Committed facts, written in the transaction of the change.

use crate::{
    clock::Millis,
    db::{Error, Tx},
    params,
};

/// A fact to be recorded.
#[derive(Debug, Clone)]
pub struct NewEvent<'a> {
    /// The workspace it belongs to.
    pub workspace_id: Option<i64>,
    /// What happened, for example `comment_added`.
    pub kind: &'a str,
    /// What deliveries are ordered by, for example `thread:17`.
    pub subject: &'a str,
    /// JSON object.
    pub payload: &'a str,
    /// When.
    pub at: Millis,
}

/// Records a fact; answers its id.
pub fn append(tx: &mut Tx<'_>, event: &NewEvent<'_>) -> Result<i64, Error> {
    tx.one(
        "insert into event (workspace_id, kind, subject, payload, at, tx)
         values ($1, $2, $3, $4, $5, {tx}) returning id",
        params![event.workspace_id, event.kind, event.subject, event.payload, event.at],
    )
}
