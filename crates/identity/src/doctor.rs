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
        name: "orphan-token-application_id",
        words: "tokens of applications that are gone",
        find: Find::Sql(
            "select x.id, 'token of application ' || x.application_id from token x
             where x.application_id is not null
                 and not exists (select 1 from application r where r.id = x.application_id)",
        ),
        repair: Some(Repair::Sql(&["delete from token where application_id is not null
             and not exists (select 1 from application r where r.id = token.application_id)"])),
    },
    Check {
        name: "orphan-token-grant_id",
        words: "tokens that are renewed by something that is gone",
        find: Find::Sql(
            "select x.id, 'token of grant ' || x.grant_id from token x
             where x.grant_id is not null
                 and not exists (select 1 from oauth_grant r where r.id = x.grant_id)",
        ),
        repair: Some(Repair::Sql(&["delete from token where grant_id is not null
             and not exists (select 1 from oauth_grant r where r.id = token.grant_id)"])),
    },
    Check {
        name: "orphan-oauth_grant",
        words: "what applications hold for people who are gone, or that are gone themselves",
        find: Find::Sql(
            "select x.id, 'grant of application ' || x.application_id || ' for user ' || x.user_id
             from oauth_grant x
             where not exists (select 1 from users r where r.id = x.user_id)
                 or not exists (select 1 from application r where r.id = x.application_id)",
        ),
        repair: Some(Repair::Sql(&[
            "delete from token where grant_id in (select x.id from oauth_grant x
                 where not exists (select 1 from users r where r.id = x.user_id)
                     or not exists (select 1 from application r where r.id = x.application_id))",
            "delete from oauth_grant
                 where not exists (select 1 from users r where r.id = oauth_grant.user_id)
                     or not exists
                         (select 1 from application r where r.id = oauth_grant.application_id)",
        ])),
    },
    Check {
        name: "orphan-consent-user_id",
        words: "consents of people who are gone",
        find: Find::Sql(
            "select x.user_id, 'consent of user ' || x.user_id from consent x
             where x.user_id is not null
                 and not exists (select 1 from users r where r.id = x.user_id)",
        ),
        repair: Some(Repair::Sql(&["delete from consent where user_id is not null
             and not exists (select 1 from users r where r.id = consent.user_id)"])),
    },
    Check {
        name: "orphan-consent-application_id",
        words: "consents for applications that are gone",
        find: Find::Sql(
            "select x.application_id, 'consent of application ' || x.application_id from consent x
             where x.application_id is not null
                 and not exists (select 1 from application r where r.id = x.application_id)",
        ),
        repair: Some(Repair::Sql(&["delete from consent where application_id is not null
             and not exists (select 1 from application r where r.id = consent.application_id)"])),
    },
    Check {
        name: "orphan-authorization_code-user_id",
        words: "authorization codes of people who are gone",
        find: Find::Sql(
            "select x.user_id, 'authorization_code of user ' || x.user_id from authorization_code x
             where x.user_id is not null
                 and not exists (select 1 from users r where r.id = x.user_id)",
        ),
        repair: Some(Repair::Sql(&["delete from authorization_code where user_id is not null
             and not exists (select 1 from users r where r.id = authorization_code.user_id)"])),
    },
    Check {
        name: "orphan-authorization_code-application_id",
        words: "authorization codes for applications that are gone",
        find: Find::Sql(
            "select x.application_id, 'authorization_code of application ' || x.application_id from authorization_code x
             where x.application_id is not null
                 and not exists (select 1 from application r where r.id = x.application_id)",
        ),
        repair: Some(Repair::Sql(&["delete from authorization_code where application_id is not null
             and not exists (select 1 from application r where r.id = authorization_code.application_id)"])),
    },
    Check {
        name: "application-json",
        words: "applications with a column that is no JSON",
        find: Find::Code(|tx, found| {
            json_columns(tx, found, "application", "application", "id", &["redirect_uris"])
        }),
        repair: None,
    },
    Check {
        name: "user-json",
        words: "people with a column that is no JSON",
        find: Find::Code(|tx, found| json_columns(tx, found, "user", "users", "id", &["off_days"])),
        repair: None,
    },
];
