use halyard_messaging::member::{Activity as Core, Platform};
use serde::Serialize;
use utoipa::ToSchema;

use super::{MemberAnswer, user::View};
use crate::twist::call::Version;

/// When and where a member was active.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Activity {
    /// Active now.
    is_active: bool,
    /// The last platform and its Unix time in seconds; `[null, -1]` = never.
    #[schema(value_type = Vec<serde_json::Value>)]
    latest_activity: (Option<&'static str>, i64),
    /// The last time on each platform.
    activity: Platforms,
    /// The member's own date and time, `YYYY-MM-DD HH:MM:SS`; in version 2 in another pair of
    /// quotes.
    local_time: String,
    /// The member; in version 2 a `WorkspaceUserV2`.
    #[schema(value_type = super::WorkspaceUser)]
    user: MemberAnswer,
}

/// Unix times in seconds; -1 = never.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Platforms {
    /// On a telephone.
    mobile: i64,
    /// On a computer.
    desktop: i64,
    /// By a program.
    api: i64,
    /// By mail.
    email: i64,
}

impl Activity {
    pub(crate) fn new(activity: Core, view: View<'_>) -> Self {
        let local_time = match view.version {
            // So in the example of the vendor documentation.
            Version::V2 => format!("\"{}\"", activity.local_time),
            Version::V3 => activity.local_time.clone(),
        };
        let latest = activity.latest();
        Self {
            is_active: activity.is_active,
            latest_activity: latest.map_or((None, -1), |(on, at)| (Some(on.name()), at)),
            activity: Platforms {
                mobile: activity.seconds(Platform::Mobile),
                desktop: activity.seconds(Platform::Desktop),
                api: activity.seconds(Platform::Api),
                email: activity.seconds(Platform::Email),
            },
            local_time,
            user: MemberAnswer::new(activity.member, view),
        }
    }
}
