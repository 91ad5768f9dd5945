//! Reads a workspace page by page. What exists is fixed when it begins; what is changed while the
//! pages are read may be in or not.

mod attachments;
mod conversations;
mod people;
mod rows;
mod threads;

use halyard_identity::UserId;
use halyard_platform::{
    db::{self, Tx},
    params,
};

use self::rows::Keyed;
use super::record::Record;
use crate::WorkspaceId;

/// Records of a page at most, of large things and of small ones.
const FEW: i64 = 100;
const MANY: i64 = 500;

/// What is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Everything, for the operator.
    Whole,
    /// What this member can see, with nothing that is personal to others.
    SeenBy(UserId),
}

impl Extent {
    fn whole(self) -> bool {
        self == Self::Whole
    }

    fn user(self) -> i64 {
        match self {
            Self::Whole => 0,
            Self::SeenBy(user) => user.0,
        }
    }

    /// Whether what is personal to somebody is read.
    fn shows(self, user: i64) -> bool {
        self.whole() || self.user() == user
    }
}

/// Where to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    folder: usize,
    id: i64,
    obj_index: i64,
    file: String,
    bounds: Bounds,
}

/// The newest ids when the reading began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Bounds {
    channel: i64,
    thread: i64,
    comment: i64,
    conversation: i64,
    message: i64,
}

/// Some records, and where to go on; none at the end.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// All of one noun.
    pub records: Vec<Record>,
    /// The next page.
    pub next: Option<Cursor>,
}

/// The page at a cursor, or the first one. Empty for a workspace that does not exist.
///
/// # Errors
/// Those of the store.
pub fn page(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    extent: Extent,
    at: Option<Cursor>,
) -> Result<Page, db::Error> {
    let mut at = match at {
        Some(at) => at,
        None => {
            Cursor { folder: 0, id: 0, obj_index: -1, file: String::new(), bounds: bounds(tx)? }
        }
    };
    let (records, full) = match at.folder {
        0 => (people::workspace(tx, workspace)?, false),
        1 => people::people(tx, workspace, &mut at)?,
        2 => people::groups(tx, workspace, &mut at)?,
        3 => threads::channels(tx, workspace, extent, &mut at)?,
        4 => threads::threads(tx, workspace, extent, &mut at)?,
        5 => threads::comments(tx, workspace, extent, &mut at)?,
        6 => conversations::conversations(tx, workspace, extent, &mut at)?,
        7 => conversations::messages(tx, workspace, extent, &mut at)?,
        _ => attachments::attachments(tx, workspace, extent, &mut at)?,
    };
    let next = if full {
        Some(at)
    } else if at.folder == 8 || (at.folder == 0 && records.is_empty()) {
        None
    } else {
        Some(Cursor { folder: at.folder + 1, id: 0, obj_index: -1, file: String::new(), ..at })
    };
    Ok(Page { records, next })
}

fn bounds(tx: &mut Tx<'_>) -> Result<Bounds, db::Error> {
    Ok(Bounds {
        channel: tx.one("select coalesce(max(id), 0) from channel", params![])?,
        thread: tx.one("select coalesce(max(id), 0) from thread", params![])?,
        comment: tx.one("select coalesce(max(id), 0) from comment", params![])?,
        conversation: tx.one("select coalesce(max(id), 0) from conversation", params![])?,
        message: tx.one("select coalesce(max(id), 0) from message", params![])?,
    })
}

/// Records, and whether there are more of their noun.
type Found = (Vec<Record>, bool);

impl Cursor {
    /// Moves behind rows that are ordered by their ids.
    fn pass<T>(
        &mut self,
        found: Vec<T>,
        most: i64,
        id: impl Fn(&T) -> i64,
        record: impl Fn(T) -> Record,
    ) -> Found {
        self.id = found.last().map_or(self.id, id);
        let full = found.len() as i64 == most;
        (found.into_iter().map(record).collect(), full)
    }

    /// Moves behind posts, which are ordered by the ids of what they are in and by their index there.
    fn pass_posts<T>(
        &mut self,
        found: Vec<Keyed<T>>,
        parent: impl Fn(&T) -> i64,
        record: impl Fn(T) -> Record,
    ) -> Found {
        self.obj_index = found.last().map_or(self.obj_index, |last| last.key);
        let found = found.into_iter().map(|row| row.value).collect();
        self.pass(found, MANY, parent, record)
    }
}
