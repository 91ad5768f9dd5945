use halyard_messaging::{Role, member::Member as Core};
use serde::Serialize;
use utoipa::ToSchema;

use super::user::{Person, Varying, View};
use crate::twist::call::Version;

/// A person in a workspace, version 3 and 4.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WorkspaceUser {
    #[serde(flatten)]
    person: Person,
    /// What the person may do: `ADMIN`, `USER` or `GUEST`.
    user_type: &'static str,
    /// First word of the name.
    first_name: String,
    /// Not a human.
    bot: bool,
    /// Was removed from the workspace or left it.
    removed: bool,
    /// A guest.
    restricted: bool,
    /// When notifications are wanted again, Unix seconds, or null.
    snooze_until: Option<i64>,
    /// Notifications are held back now.
    snoozed: bool,
    /// How the person wants dates.
    date_format: String,
    /// `24` or `12`.
    time_format: String,
    /// Name of a colour theme, or null.
    theme: Option<String>,
    /// Switches of the vendor's clients: none.
    feature_flags: Vec<String>,
    /// Rises with each change.
    version: i64,
}

/// A person in a workspace, version 2.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WorkspaceUserV2 {
    #[serde(flatten)]
    person: Person,
    /// What the person may do: `ADMIN`, `USER` or `GUEST`.
    user_type: &'static str,
    /// Not a human.
    is_bot: bool,
    /// Was removed from the workspace or left it.
    is_removed: bool,
    /// When notifications are wanted again, Unix seconds; -1 = they are wanted.
    snooze_until: i64,
    /// Notifications are held back now.
    is_snoozed: bool,
    /// Always false.
    is_doist_employee: bool,
    /// Rises with each change.
    version: i64,
}

/// A person in a workspace in the form of the caller's version.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum MemberAnswer {
    /// Version 2.
    V2(Box<WorkspaceUserV2>),
    /// Later versions.
    V3(Box<WorkspaceUser>),
}

impl MemberAnswer {
    pub(crate) fn new(member: Core, view: View<'_>) -> Self {
        let role = member.role;
        let user = Varying::of_member(member, view.base, view.now);
        match view.version {
            Version::V2 => Self::V2(Box::new(WorkspaceUserV2 {
                person: user.person,
                user_type: user_type(role),
                is_bot: user.bot,
                is_removed: user.removed,
                is_snoozed: user.snooze_until.is_some(),
                snooze_until: user.snooze_until.unwrap_or(-1),
                is_doist_employee: false,
                version: user.version,
            })),
            Version::V3 => Self::V3(Box::new(WorkspaceUser {
                person: user.person,
                user_type: user_type(role),
                first_name: user.first_name,
                bot: user.bot,
                removed: user.removed,
                restricted: role == Role::Guest,
                snoozed: user.snooze_until.is_some(),
                snooze_until: user.snooze_until,
                date_format: user.date_format,
                time_format: user.time_format,
                theme: user.theme,
                feature_flags: Vec::new(),
                version: user.version,
            })),
        }
    }
}

fn user_type(role: Role) -> &'static str {
    match role {
        Role::Admin => "ADMIN",
        Role::User => "USER",
        Role::Guest => "GUEST",
    }
}
