use halyard_identity::UserId;
use halyard_platform::{
    clock::Millis,
    db::{self, FromRow, Row, Tx},
    events::follow::hold,
    params,
};

use super::{
    FOLLOWER, Letter, Place,
    follow::wake_at,
    letter::{about_many, about_one},
    person, posts, settings,
};
use crate::{Error, WorkspaceId};

/// The soonest that somebody is looked at again because more was posted while they were told, in
/// milliseconds: whoever wants each post at once must not keep us busy without a pause.
const AGAIN: Millis = 1_000;

/// Somebody whose time has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// Who.
    pub user: UserId,
    /// Where.
    pub workspace: WorkspaceId,
    after_range: i64,
    due_at: Millis,
}

impl FromRow for Due {
    fn from_row(row: &mut Row<'_>) -> Result<Self, db::Error> {
        Ok(Self {
            user: row.get()?,
            workspace: row.get()?,
            after_range: row.get()?,
            due_at: row.get()?,
        })
    }
}

/// What becomes of one who was due.
#[derive(Debug, Clone)]
pub struct Outcome {
    due: Due,
    what: What,
}

#[derive(Debug, Clone)]
enum What {
    /// They do not want to be disturbed before this.
    Later(Millis),
    /// They are told of everything up to this range; no letters when they have read it.
    Told { upto: i64, delay: Millis, letters: Vec<Letter> },
}

impl Outcome {
    /// The letters that they get.
    pub fn letters(&self) -> &[Letter] {
        match &self.what {
            What::Later(_) => &[],
            What::Told { letters, .. } => letters,
        }
    }
}

/// Those whose time has come, the longest due first.
pub fn next_due(tx: &mut Tx<'_>, now: Millis, limit: i64) -> Result<Vec<Due>, db::Error> {
    tx.all(
        "select user_id, workspace_id, after_range, due_at from mail_due
         where due_at <= $1 order by due_at, user_id, workspace_id limit $2",
        params![now, limit],
    )
}

/// What one of them is to be told, which is what they have not read by now. Only reads.
///
/// # Errors
/// Those of the store.
pub fn letters(tx: &mut Tx<'_>, due: &Due, place: &Place, now: Millis) -> Result<Outcome, Error> {
    let upto: i64 = tx.one(
        "select coalesce(max(id), 0) from mail_range where workspace_id = $1",
        params![due.workspace],
    )?;
    let told =
        |letters, delay| Ok(Outcome { due: *due, what: What::Told { upto, delay, letters } });
    let Some(person) = person::load(tx, due.workspace, due.user)? else {
        return told(Vec::new(), 0);
    };
    if let Some(end) = person.quiet_until(now) {
        return Ok(Outcome { due: *due, what: What::Later(end) });
    }
    let wants = settings::of(tx, due.workspace, &[due.user])?[&due.user];
    let who = (due.workspace, due.user);
    let (posts, more) = posts::unread(tx, who, (due.after_range, upto), &wants)?;
    let letters = match posts.as_slice() {
        [] => Vec::new(),
        many if wants.aggregate => vec![about_many(&person, who, many, more, place)],
        each => each.iter().map(|post| about_one(&person, who, post, place)).collect(),
    };
    told(letters, wants.delay)
}

/// Has the letters sent and lets nobody wait in vain. Whoever was dealt with by another node
/// meanwhile is left alone. The caller wakes the workers.
///
/// # Errors
/// Those of the store.
pub fn settle(
    tx: &mut Tx<'_>,
    outcomes: &[Outcome],
    place: &Place,
    now: Millis,
) -> Result<(), Error> {
    // From here on no new range appears that somebody would not wait for because they did.
    hold(tx, FOLLOWER)?;
    for Outcome { due, what } in outcomes {
        let taken = tx.exec(
            "delete from mail_due
             where user_id = $1 and workspace_id = $2 and after_range = $3 and due_at = $4",
            params![due.user, due.workspace, due.after_range, due.due_at],
        )?;
        if taken == 0 {
            continue;
        }
        let (after, again) = match what {
            What::Later(at) => (due.after_range, Some(*at)),
            What::Told { upto, delay, letters } => {
                for letter in letters {
                    letter.send(tx, place, now)?;
                }
                let newest: i64 = tx.one(
                    "select coalesce(max(id), 0) from mail_range where workspace_id = $1",
                    params![due.workspace],
                )?;
                (*upto, (newest > *upto).then(|| now + (*delay).max(AGAIN)))
            }
        };
        if let Some(at) = again {
            tx.exec(
                "insert into mail_due (user_id, workspace_id, after_range, due_at)
                 values ($1, $2, $3, $4)",
                params![due.user, due.workspace, after, at],
            )?;
            wake_at(tx, at)?;
        }
    }
    Ok(())
}

/// Removes the ranges that nobody waits for; answers how many.
///
/// # Errors
/// Those of the store.
pub fn forget_told(tx: &mut Tx<'_>) -> Result<u64, Error> {
    hold(tx, FOLLOWER)?;
    tx.exec(
        "delete from mail_named
         where range_id <= coalesce((select min(after_range) from mail_due),
             (select max(id) from mail_range))",
        params![],
    )?;
    Ok(tx.exec(
        "delete from mail_range
         where id <= coalesce((select min(after_range) from mail_due),
             (select max(id) from mail_range))",
        params![],
    )?)
}
