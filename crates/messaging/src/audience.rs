use halyard_identity::UserId;
use halyard_platform::{
    db::{FromColumn, Tx, Value},
    params,
};

use crate::{Error, GroupId, WorkspaceId, json};

/// How far a post reaches beyond the people and groups it names.
///
/// The order is that of their width.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// Only the people and groups named.
    People,
    /// Everyone who takes part in the thread; comments only.
    Thread,
    /// Everyone in the channel.
    Channel,
    /// Everyone in the workspace who can see the channel.
    Workspace,
}

impl Reach {
    pub(crate) fn stored(self) -> &'static str {
        match self {
            Self::People => "people",
            Self::Thread => "thread",
            Self::Channel => "channel",
            Self::Workspace => "workspace",
        }
    }

    /// Whether people get it in their inbox who were not named.
    pub(crate) fn is_everyone(self) -> bool {
        matches!(self, Self::Channel | Self::Workspace)
    }
}

impl FromColumn for Reach {
    const EXPECTED: &'static str = "an audience";
    fn from_column(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Text("people") => Some(Self::People),
            Value::Text("thread") => Some(Self::Thread),
            Value::Text("channel") => Some(Self::Channel),
            Value::Text("workspace") => Some(Self::Workspace),
            _ => None,
        }
    }
}

/// Who is told about a post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audience {
    /// How far it reaches.
    pub reach: Reach,
    /// People named.
    pub recipients: Vec<UserId>,
    /// Groups named.
    pub groups: Vec<GroupId>,
}

impl Audience {
    /// An audience without names.
    pub fn of(reach: Reach) -> Self {
        Self { reach, recipients: Vec::new(), groups: Vec::new() }
    }

    /// The people named, directly or through a group.
    ///
    /// # Errors
    /// [`Error::UserNotFound`] and [`Error::GroupNotFound`] for names outside the workspace.
    pub(crate) fn people(
        &self,
        tx: &mut Tx<'_>,
        workspace: WorkspaceId,
    ) -> Result<Vec<UserId>, Error> {
        let mut people = self.recipients.clone();
        if !people.is_empty() {
            let known: i64 = tx.one(
                "select count(*) from member
                 where workspace_id = $1 and removed_at is null and user_id in {ids $2}",
                params![workspace, &json::encode(&people)],
            )?;
            if known != distinct(&people) {
                return Err(Error::UserNotFound);
            }
        }
        if !self.groups.is_empty() {
            let groups = json::encode(&self.groups);
            let known: i64 = tx.one(
                "select count(*) from member_group where workspace_id = $1 and id in {ids $2}",
                params![workspace, &groups],
            )?;
            if known != distinct(&self.groups) {
                return Err(Error::GroupNotFound);
            }
            people.extend(in_groups(tx, workspace, &self.groups)?);
        }
        Ok(people)
    }
}

/// The people in these groups of a workspace, ascending; other groups count for nothing.
pub(crate) fn in_groups(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    groups: &[GroupId],
) -> Result<Vec<UserId>, Error> {
    if groups.is_empty() {
        return Ok(Vec::new());
    }
    Ok(tx.all(
        "select distinct gu.user_id from member_group_user gu
         join member_group g on g.id = gu.group_id
         where g.workspace_id = $1 and g.id in {ids $2} order by gu.user_id",
        params![workspace, &json::encode(groups)],
    )?)
}

fn distinct<T: Ord + Copy>(ids: &[T]) -> i64 {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    ids.len() as i64
}
