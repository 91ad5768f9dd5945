//! What was done by those who may do much: written in the transaction of the act, never changed.

use halyard_platform::{
    clock::Millis,
    db::{self, FromRow, Row, Tx},
    params,
};
use serde_json::Value;

use crate::{Error, UserId};

/// What the origin of a transaction says when the operator works on the command line. Whoever the
/// command acts as has not done it, so the entry names nobody.
pub const OPERATOR: &str = "command line";

/// One act.
#[derive(Debug, Clone, PartialEq)]
pub struct Act<'a> {
    /// Who does it; nobody for programs that register themselves.
    pub by: Option<UserId>,
    /// The workspace that it concerns.
    pub workspace: Option<i64>,
    /// The account that it concerns.
    pub account: Option<UserId>,
    /// What, such as `member_removed`.
    pub kind: &'a str,
    /// On what: `("channel", 7)`.
    pub subject: (&'a str, i64),
    /// An object with what a reader wants to know when the subject is gone.
    pub detail: Value,
}

/// One entry of the list.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Id; later acts have larger ones.
    pub id: i64,
    /// Who has done it; none for the operator.
    pub by: Option<UserId>,
    /// The workspace that it concerned.
    pub workspace: Option<i64>,
    /// The account that it concerned.
    pub account: Option<UserId>,
    /// What.
    pub kind: String,
    /// On what: `channel:7`.
    pub subject: String,
    /// JSON object.
    pub detail: String,
    /// Address of the client, or [`OPERATOR`]; none when it was not known.
    pub origin: Option<String>,
    /// When.
    pub at: Millis,
}

impl FromRow for Entry {
    fn from_row(row: &mut Row<'_>) -> Result<Self, db::Error> {
        Ok(Self {
            id: row.get()?,
            by: row.get()?,
            workspace: row.get()?,
            account: row.get()?,
            kind: row.get()?,
            subject: row.get()?,
            detail: row.get()?,
            origin: row.get()?,
            at: row.get()?,
        })
    }
}

/// Enters an act of now.
pub fn record(tx: &mut Tx<'_>, act: &Act<'_>, now: Millis) -> Result<(), db::Error> {
    let origin = tx.origin().map(str::to_owned);
    let by = act.by.filter(|_| origin.as_deref() != Some(OPERATOR));
    let subject = format!("{}:{}", act.subject.0, act.subject.1);
    tx.exec(
        "insert into audit (user_id, workspace_id, account_id, kind, subject, detail, origin, at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        params![
            by,
            act.workspace,
            act.account,
            act.kind,
            &subject,
            &act.detail.to_string(),
            &origin,
            now
        ],
    )?;
    Ok(())
}

/// Every act, newest first: those before the entry `before`.
///
/// # Errors
/// Those of the store.
pub fn list(tx: &mut Tx<'_>, before: Option<i64>, limit: i64) -> Result<Vec<Entry>, Error> {
    Ok(tx.all(
        "select id, user_id, workspace_id, account_id, kind, subject, detail, origin, at
         from audit where id < $1 order by id desc limit $2",
        params![before.unwrap_or(i64::MAX), limit],
    )?)
}

/// Enters what somebody has done to an account, mostly their own.
pub(crate) fn account(
    tx: &mut Tx<'_>,
    account: Option<UserId>,
    kind: &str,
    subject: (&str, i64),
    detail: Value,
    now: Millis,
) -> Result<(), db::Error> {
    let act = Act { by: account, workspace: None, account, kind, subject, detail };
    record(tx, &act, now)
}
