//! What must hold in the tables of this crate, for `halyard doctor`.

use halyard_platform::doctor::{Check, Find, Repair, json_columns};

/// Every check.
pub const CHECKS: &[Check] = &[
    Check {
        name: "orphan-token-user_id",
        words: "tokens of people who are gone",
        find: Find::Sql(
            "select t.id, 'token ' || t.id || ' of user ' || t.user_id from token t
             where not exists (select 1 from users u where u.id = t.user_id)",
        ),
        repair: Some(Repair::Sql(&["delete from token
             where not exists (select 1 from users u where u.id = token.user_id)"])),
    },
    Check {
        name: "orphan-one_time_code-user_id",
        words: "one-time codes of people who are gone",
        find: Find::Sql(
            "select c.user_id, c.purpose || ' code of user ' || c.user_id from one_time_code c
             where c.user_id is not null
                 and not exists (select 1 from users u where u.id = c.user_id)",
        ),
        repair: Some(Repair::Sql(&["delete from one_time_code where user_id is not null
             and not exists (select 1 from users u where u.id = one_time_code.user_id)"])),
    },
    Check {
        name: "user-json",
        words: "people with a column that is no JSON",
        find: Find::Code(|tx, found| json_columns(tx, found, "user", "users", "id", &["off_days"])),
        repair: None,
    },
];
