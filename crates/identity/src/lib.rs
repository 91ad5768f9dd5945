//! Who somebody is and what their token may do.

pub mod audit;
mod code;
pub mod doctor;
mod error;
mod login_limit;
mod logins;
mod mail;
pub mod oauth;
mod password;
mod profile;
mod scope;
mod secret;
mod token;
mod user;

use halyard_platform::db::Migration;

pub use code::{
    Purpose, end_set_up, forget as forget_codes, inspect as inspect_code, issue as issue_code,
    redeem as redeem_code,
};
pub use error::Error;
pub use login_limit::LoginLimit;
pub use logins::{
    LOGIN_TOKENS, MOST_LOGIN_TOKENS, SURPLUS_LOGIN_DAYS, UNUSED_LOGIN_DAYS, Uses, write_uses,
};
pub use mail::{MAIL_JOB, Mail};
pub use password::{MIN_LENGTH as MIN_PASSWORD_LENGTH, Passwords};
pub use profile::{AwayKind, AwayMode, ProfileChange, TimeOfDay, update as update_profile};
pub use scope::{ALL_SCOPES, Scope, Scopes};
pub use secret::SecretHash;
pub use token::{
    Credentials, Familiar, Principal, SESSION_DAYS, Token, TokenKind, authenticate, end_session,
    issue as issue_token, list as list_tokens, recognize, revoke as revoke_token,
    revoke_all as revoke_all_tokens, revoke_other_sessions, sweep as sweep_tokens,
};
pub use user::{
    NewUser, User, UserId, avatar_in_use, check_email, check_name, count as count_users,
    create as create_user, email_key, forget_default_workspace, list as list_users,
    load as load_user, load_by_email as load_user_by_email, mark_removed as mark_user_removed,
    reinstate as reinstate_user, set_default_workspace, set_password, short_name,
};

/// The tables of this crate.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        name: "identity/0001_users_and_tokens",
        sql: include_str!("../migrations/0001_users_and_tokens.sql"),
    },
    Migration {
        name: "identity/0002_avatars",
        sql: include_str!("../migrations/0002_avatars.sql"),
    },
    Migration { name: "identity/0003_oauth", sql: include_str!("../migrations/0003_oauth.sql") },
    Migration { name: "identity/0004_audit", sql: include_str!("../migrations/0004_audit.sql") },
    Migration {
        name: "identity/0005_refresh_tokens",
        sql: include_str!("../migrations/0005_refresh_tokens.sql"),
    },
    Migration {
        name: "identity/0006_login_tokens",
        sql: include_str!("../migrations/0006_login_tokens.sql"),
    },
];
