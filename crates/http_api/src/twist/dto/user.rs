use halyard_identity::{AwayMode, User as Core};
use halyard_messaging::member::Member;
use halyard_platform::clock::Millis;
use serde::Serialize;
use utoipa::ToSchema;

use super::seconds;
use crate::twist::call::Version;

/// Addresses of one picture, named after the width in pixels for which they are meant.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct AvatarUrls {
    /// For 35 pixels.
    s35: String,
    /// For 60 pixels.
    s60: String,
    /// For 195 pixels.
    s195: String,
    /// For 640 pixels.
    s640: String,
}

impl AvatarUrls {
    /// The addresses of the picture with this id on the server at `base`.
    pub(crate) fn new(base: &str, avatar_id: &str) -> Self {
        let url = |size| format!("{base}/avatars/{avatar_id}/{size}");
        Self { s35: url("s35"), s60: url("s60"), s195: url("s195"), s640: url("s640") }
    }
}

/// An absence.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Away {
    /// `parental`, `vacation`, `sickleave` or `other`.
    #[serde(rename = "type")]
    #[schema(value_type = String)]
    kind: halyard_identity::AwayKind,
    /// First day, `YYYY-MM-DD`.
    date_from: String,
    /// The day on which notifications resume, `YYYY-MM-DD`.
    date_to: String,
}

impl From<AwayMode> for Away {
    fn from(away: AwayMode) -> Self {
        Self {
            kind: away.kind,
            date_from: away.date_from.to_string(),
            date_to: away.date_to.to_string(),
        }
    }
}

/// An address of a person.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Email {
    /// The address.
    email: String,
    /// The one to sign in with.
    primary: bool,
    /// Accounts elsewhere; none are supported.
    connected: Vec<String>,
}

/// What both forms of a user and of a workspace user have.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Person {
    /// Their id, the same in every workspace.
    id: i64,
    /// Full name.
    name: String,
    /// First name and one initial.
    short_name: String,
    /// E-mail address.
    email: String,
    /// Language, e.g. `en`.
    lang: String,
    /// IANA zone name.
    timezone: String,
    /// What the person does, or null.
    profession: Option<String>,
    /// Free text, or null.
    contact_info: Option<String>,
    /// Id of the picture, or null.
    avatar_id: Option<String>,
    /// Addresses of the picture, or null.
    avatar_urls: Option<AvatarUrls>,
    /// An absence, or null.
    away_mode: Option<Away>,
    /// Invited, without a password yet.
    setup_pending: bool,
}

/// What differs between the versions of both objects, before it is spelled.
pub(super) struct Varying {
    pub(super) person: Person,
    pub(super) first_name: String,
    pub(super) bot: bool,
    pub(super) removed: bool,
    /// Unix seconds of a moment to come.
    pub(super) snooze_until: Option<i64>,
    pub(super) date_format: String,
    pub(super) time_format: String,
    pub(super) theme: Option<String>,
    pub(super) version: i64,
}

fn first_name(name: &str) -> String {
    name.split_whitespace().next().unwrap_or(name).to_owned()
}

/// A snooze that is over does not count any more.
fn snooze(until: Option<Millis>, now: Millis) -> Option<i64> {
    until.filter(|until| *until > now).map(seconds)
}

impl Varying {
    pub(super) fn of_member(member: Member, base: &str, now: Millis) -> Self {
        let avatar_urls = member.avatar.as_deref().map(|id| AvatarUrls::new(base, id));
        Self {
            first_name: first_name(&member.name),
            bot: member.bot,
            removed: member.removed,
            snooze_until: snooze(member.snooze_until, now),
            date_format: member.date_format,
            time_format: member.time_format,
            theme: member.theme,
            version: member.version,
            person: Person {
                id: member.id.0,
                name: member.name,
                short_name: member.short_name,
                email: member.email,
                lang: member.lang,
                timezone: member.timezone,
                profession: member.profession,
                contact_info: member.contact_info,
                avatar_id: member.avatar,
                avatar_urls,
                away_mode: member.away_mode.map(Away::from),
                setup_pending: member.setup_pending,
            },
        }
    }

    fn of_user(user: Core, base: &str, now: Millis) -> Self {
        let avatar_urls = user.avatar.as_deref().map(|id| AvatarUrls::new(base, id));
        Self {
            first_name: first_name(&user.name),
            bot: user.bot,
            removed: user.removed,
            snooze_until: snooze(user.snooze_until, now),
            date_format: user.date_format,
            time_format: user.time_format,
            theme: user.theme,
            version: user.version,
            person: Person {
                id: user.id.0,
                short_name: halyard_identity::short_name(&user.name),
                name: user.name,
                email: user.email,
                lang: user.lang,
                timezone: user.timezone,
                profession: user.profession,
                contact_info: user.contact_info,
                avatar_id: user.avatar,
                avatar_urls,
                away_mode: user.away_mode.map(Away::from),
                setup_pending: user.setup_pending,
            },
        }
    }
}

/// What only the person themselves sees.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct Own {
    /// The API token with which the call was made or that it has made; null where there is none.
    token: Option<String>,
    /// Where clients start, or null.
    default_workspace: Option<i64>,
    /// ISO weekdays (1 Monday to 7 Sunday) without notifications.
    off_days: Vec<i64>,
    /// Daily quiet time, `HH:MM`, or null.
    snooze_dnd_start: Option<String>,
    /// End of the quiet time, or null.
    snooze_dnd_end: Option<String>,
    /// Address of a live feed; always null.
    comet_server: Option<String>,
    /// Name of a live feed; always null.
    comet_channel: Option<String>,
    /// Always null.
    client_id: Option<String>,
}

/// A person as they see themselves, version 3.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct User {
    #[serde(flatten)]
    person: Person,
    #[serde(flatten)]
    own: Own,
    /// First word of the name.
    first_name: String,
    /// All addresses: one.
    emails: Vec<Email>,
    /// Not a human.
    bot: bool,
    /// Has deleted the account.
    removed: bool,
    /// Always false.
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
    /// Hints in the vendor's clients: none.
    scheduled_banners: Vec<String>,
    /// Rises with each change.
    version: i64,
}

/// A person as they see themselves, version 2.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UserV2 {
    #[serde(flatten)]
    person: Person,
    #[serde(flatten)]
    own: Own,
    /// Not a human.
    is_bot: bool,
    /// Has deleted the account.
    is_removed: bool,
    /// When notifications are wanted again, Unix seconds; -1 = they are wanted.
    snooze_until: i64,
    /// Notifications are held back now.
    is_snoozed: bool,
    /// Always false.
    is_doist_employee: bool,
}

/// A person in the form of the caller's version.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum UserAnswer {
    /// Version 2.
    V2(Box<UserV2>),
    /// Later versions.
    V3(Box<User>),
}

impl UserAnswer {
    /// The caller. `default_workspace` is one that they are in.
    pub(crate) fn own(
        user: Core,
        default_workspace: Option<i64>,
        token: Option<String>,
        view: View<'_>,
    ) -> Self {
        let own = Own {
            token,
            default_workspace,
            off_days: user.off_days.clone(),
            snooze_dnd_start: user.snooze_dnd_start.clone(),
            snooze_dnd_end: user.snooze_dnd_end.clone(),
            ..Own::default()
        };
        Self::new(Varying::of_user(user, view.base, view.now), own, view.version)
    }

    /// Somebody else, without what only they see.
    pub(crate) fn other(member: Member, view: View<'_>) -> Self {
        Self::new(Varying::of_member(member, view.base, view.now), Own::default(), view.version)
    }

    fn new(user: Varying, own: Own, version: Version) -> Self {
        match version {
            Version::V2 => Self::V2(Box::new(UserV2 {
                person: user.person,
                own,
                is_bot: user.bot,
                is_removed: user.removed,
                is_snoozed: user.snooze_until.is_some(),
                snooze_until: user.snooze_until.unwrap_or(-1),
                is_doist_employee: false,
            })),
            Version::V3 => Self::V3(Box::new(User {
                own,
                first_name: user.first_name,
                emails: vec![Email {
                    email: user.person.email.clone(),
                    primary: true,
                    connected: Vec::new(),
                }],
                bot: user.bot,
                removed: user.removed,
                restricted: false,
                snoozed: user.snooze_until.is_some(),
                snooze_until: user.snooze_until,
                date_format: user.date_format,
                time_format: user.time_format,
                theme: user.theme,
                feature_flags: Vec::new(),
                scheduled_banners: Vec::new(),
                version: user.version,
                person: user.person,
            })),
        }
    }
}

/// Whether somebody signs in by Google.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GoogleConnection {
    /// Always false.
    google_connection: bool,
    /// Always empty.
    google_email: &'static str,
}

impl GoogleConnection {
    pub(crate) const NONE: Self = Self { google_connection: false, google_email: "" };
}

/// How a caller wants to see people and workspaces.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) version: Version,
    /// Where this server is, for addresses of pictures.
    pub(crate) base: &'a str,
    /// The time of the call.
    pub(crate) now: Millis,
}
