use halyard_identity::UserId;
use halyard_platform::{
    clock::Millis,
    db::{self, FromRow, Row, Tx},
    params,
};
use jiff::{Timestamp, tz::TimeZone};

use super::{Member, getone};
use crate::{Actor, Error, WorkspaceId, workspace};

/// How long after a heartbeat a person counts as active, in milliseconds: our decision.
const ACTIVE: Millis = 5 * 60 * 1000;

/// Where somebody was active.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Platform {
    /// A telephone.
    Mobile,
    /// A computer.
    Desktop,
    /// A program.
    Api,
    /// Mail.
    Email,
}

impl Platform {
    /// Every platform, in documented order.
    pub const ALL: [Self; 4] = [Self::Mobile, Self::Desktop, Self::Api, Self::Email];

    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mobile => "mobile",
            Self::Desktop => "desktop",
            Self::Api => "api",
            Self::Email => "email",
        }
    }
}

/// When and where a member was active.
#[derive(Debug, Clone, PartialEq)]
pub struct Activity {
    /// The member.
    pub member: Member,
    /// A heartbeat came in the last five minutes and was not taken back.
    pub is_active: bool,
    /// The member's own date and time, `YYYY-MM-DD HH:MM:SS`.
    pub local_time: String,
    last: Last,
}

impl Activity {
    /// Unix time in seconds of the last activity on a platform; -1 = never.
    pub fn seconds(&self, platform: Platform) -> i64 {
        self.last.on(platform).map_or(-1, |at| at.div_euclid(1000))
    }

    /// The platform of the last activity and its Unix time in seconds; none = never.
    pub fn latest(&self) -> Option<(Platform, i64)> {
        let latest = Platform::ALL.into_iter().max_by_key(|platform| self.last.on(*platform))?;
        self.last.on(latest)?;
        Some((latest, self.seconds(latest)))
    }
}

#[derive(Debug, Clone, PartialEq)]
struct Last {
    mobile: Option<Millis>,
    desktop: Option<Millis>,
    api: Option<Millis>,
    email: Option<Millis>,
    away: bool,
}

impl Last {
    fn on(&self, platform: Platform) -> Option<Millis> {
        match platform {
            Platform::Mobile => self.mobile,
            Platform::Desktop => self.desktop,
            Platform::Api => self.api,
            Platform::Email => self.email,
        }
    }
}

impl FromRow for Last {
    fn from_row(row: &mut Row<'_>) -> Result<Self, db::Error> {
        Ok(Self {
            mobile: row.get()?,
            desktop: row.get()?,
            api: row.get()?,
            email: row.get()?,
            away: row.get()?,
        })
    }
}

/// Notes that the actor is active in a workspace now.
///
/// # Errors
/// [`Error::WorkspaceNotFound`]
pub fn heartbeat(
    tx: &mut Tx<'_>,
    actor: &Actor,
    workspace: WorkspaceId,
    platform: Platform,
) -> Result<(), Error> {
    workspace::role(tx, actor, workspace)?;
    let sql = match platform {
        Platform::Mobile => {
            "update member set away = false, active_mobile = $3
             where workspace_id = $1 and user_id = $2"
        }
        Platform::Desktop => {
            "update member set away = false, active_desktop = $3
             where workspace_id = $1 and user_id = $2"
        }
        Platform::Api => {
            "update member set away = false, active_api = $3
             where workspace_id = $1 and user_id = $2"
        }
        Platform::Email => {
            "update member set away = false, active_email = $3
             where workspace_id = $1 and user_id = $2"
        }
    };
    tx.exec(sql, params![workspace, actor.user, actor.now])?;
    Ok(())
}

/// Notes that the actor is not active any more.
///
/// # Errors
/// [`Error::WorkspaceNotFound`]
pub fn reset_presence(tx: &mut Tx<'_>, actor: &Actor, workspace: WorkspaceId) -> Result<(), Error> {
    workspace::role(tx, actor, workspace)?;
    tx.exec(
        "update member set away = true where workspace_id = $1 and user_id = $2",
        params![workspace, actor.user],
    )?;
    Ok(())
}

/// When and where a member was active.
///
/// # Errors
/// [`Error::WorkspaceNotFound`], [`Error::UserNotFound`]
pub fn info(
    tx: &mut Tx<'_>,
    actor: &Actor,
    workspace: WorkspaceId,
    user: UserId,
) -> Result<Activity, Error> {
    let member = getone(tx, actor, workspace, user)?;
    let last: Last = tx.one(
        "select active_mobile, active_desktop, active_api, active_email, away
         from member where workspace_id = $1 and user_id = $2",
        params![workspace, user],
    )?;
    let recent = Platform::ALL
        .into_iter()
        .filter_map(|platform| last.on(platform))
        .any(|at| at > actor.now - ACTIVE);
    Ok(Activity {
        is_active: recent && !last.away && !member.removed,
        local_time: local(&member, actor.now),
        member,
        last,
    })
}

/// The member's own date and time, `YYYY-MM-DD HH:MM:SS`.
///
/// # Errors
/// [`Error::WorkspaceNotFound`], [`Error::UserNotFound`]
pub fn local_time(
    tx: &mut Tx<'_>,
    actor: &Actor,
    workspace: WorkspaceId,
    user: UserId,
) -> Result<String, Error> {
    let member = getone(tx, actor, workspace, user)?;
    Ok(local(&member, actor.now))
}

fn local(member: &Member, now: Millis) -> String {
    // Zones are checked when they are chosen; one that has left the zone database since then
    // reads as UTC.
    let zone = TimeZone::get(&member.timezone).unwrap_or(TimeZone::UTC);
    let now = Timestamp::from_millisecond(now).unwrap_or(Timestamp::UNIX_EPOCH);
    now.to_zoned(zone).strftime("%Y-%m-%d %H:%M:%S").to_string()
}
