//! The full-text index against the posts. What the follower or the job has yet to do is no damage.

use halyard_platform::doctor::{Check, Find, Repair};

use crate::search::{enter_again, entered_sql};

/// The time from which on the follower has yet to look.
macro_rules! followed_sql {
    () => {
        "coalesce((select min(e.at) from event e where e.id > coalesce(
             (select f.event_id from event_follower f where f.name = 'messaging.search'), 0)),
             9223372036854775807)"
    };
}

macro_rules! missing {
    ($name:literal, $words:literal, $row:literal, $kind:literal, $what:literal, $from:literal) => {
        Check {
            name: $name,
            words: $words,
            find: Find::Sql(concat!(
                "select (case when ",
                $row,
                ".posted_at < 946684800000 then 0 else ",
                $row,
                ".posted_at / 1000 - 946684800 end) * 4294967296 + ",
                $row,
                ".id * 4 + ",
                $kind,
                ", '",
                $what,
                " ' || ",
                $row,
                ".id from ",
                $from,
                " and ",
                $row,
                ".posted_at < ",
                followed_sql!(),
                " and not exists (select 1 from job j
                     where j.kind = 'messaging.search_fill' and j.dead_at is null)
                 and not ",
                entered_sql!($row, $kind)
            )),
            repair: Some(Repair::Each(enter_again)),
        }
    };
}

macro_rules! stale {
    ($name:literal, $words:literal, $kind:literal, $what:literal, $table:literal, $gone:literal) => {
        Check {
            name: $name,
            words: $words,
            find: Find::Sql(concat!(
                "select i.rowid, '",
                $what,
                " ' || ((i.rowid % 4294967296) / 4) from fulltext_index i
                 where i.rowid % 4 = ",
                $kind,
                " and not exists (select 1 from ",
                $table,
                " x where x.id = (i.rowid % 4294967296) / 4 and (x.",
                $gone,
                " is null or x.",
                $gone,
                " >= ",
                followed_sql!(),
                "))"
            )),
            repair: Some(Repair::Each(enter_again)),
        }
    };
}

pub(super) const CHECKS: &[Check] = &[
    missing!(
        "search-missing-threads",
        "threads that search does not find",
        "t",
        "0",
        "thread",
        "thread t where t.removed_at is null"
    ),
    missing!(
        "search-missing-comments",
        "comments that search does not find",
        "k",
        "1",
        "comment",
        "comment k join thread t on t.id = k.thread_id
         where k.deleted_at is null and k.system_message is null and t.removed_at is null"
    ),
    missing!(
        "search-missing-messages",
        "messages that search does not find",
        "m",
        "2",
        "message",
        "message m where m.deleted_at is null and m.system_message is null"
    ),
    stale!(
        "search-stale-threads",
        "entries of the search index for threads that are gone",
        "0",
        "thread",
        "thread",
        "removed_at"
    ),
    stale!(
        "search-stale-comments",
        "entries of the search index for comments that are gone",
        "1",
        "comment",
        "comment",
        "deleted_at"
    ),
    stale!(
        "search-stale-messages",
        "entries of the search index for messages that are gone",
        "2",
        "message",
        "message",
        "deleted_at"
    ),
];
