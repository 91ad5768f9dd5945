//! Rows whose parents are gone. What people wrote is reported only; rows that merely say something
//! about a thing that no longer exists are removed.

use halyard_platform::doctor::{Check, Find, Repair};

macro_rules! dangling {
    ($table:literal, $column:literal, $parent:literal) => {
        concat!(
            $column,
            " is not null and not exists (select 1 from ",
            $parent,
            " parent_row where parent_row.id = ",
            $table,
            ".",
            $column,
            ")"
        )
    };
}

macro_rules! orphan {
    ($table:literal, $column:literal, $parent:literal, $repair:expr) => {
        Check {
            name: concat!("orphan-", $table, "-", $column),
            words: concat!("rows of ", $table, " whose ", $column, " is gone"),
            find: Find::Sql(concat!(
                "select ",
                $column,
                ", '",
                $column,
                " ' || ",
                $column,
                " from ",
                $table,
                " where ",
                dangling!($table, $column, $parent)
            )),
            repair: $repair,
        }
    };
}

/// Rows that are removed with their parent.
macro_rules! satellite {
    ($table:literal, $column:literal, $parent:literal) => {
        orphan!(
            $table,
            $column,
            $parent,
            Some(Repair::Sql(&[concat!(
                "delete from ",
                $table,
                " where ",
                dangling!($table, $column, $parent)
            )]))
        )
    };
}

/// Rows that somebody wrote.
macro_rules! content {
    ($table:literal, $column:literal, $parent:literal) => {
        orphan!($table, $column, $parent, None)
    };
}

pub(super) const CHECKS: &[Check] = &[
    content!("channel", "workspace_id", "workspace"),
    content!("thread", "channel_id", "channel"),
    content!("thread", "creator", "users"),
    content!("comment", "thread_id", "thread"),
    content!("comment", "creator", "users"),
    content!("conversation", "workspace_id", "workspace"),
    content!("message", "conversation_id", "conversation"),
    content!("message", "creator", "users"),
    content!("member_group", "workspace_id", "workspace"),
    content!("attachment", "owner", "users"),
    satellite!("member", "workspace_id", "workspace"),
    satellite!("member", "user_id", "users"),
    satellite!("member_group_user", "group_id", "member_group"),
    satellite!("member_group_user", "user_id", "users"),
    satellite!("channel_member", "channel_id", "channel"),
    satellite!("channel_member", "user_id", "users"),
    satellite!("thread_state", "thread_id", "thread"),
    satellite!("thread_state", "user_id", "users"),
    satellite!("thread_mention", "thread_id", "thread"),
    satellite!("thread_mention", "user_id", "users"),
    satellite!("conversation_member", "conversation_id", "conversation"),
    satellite!("conversation_member", "user_id", "users"),
    satellite!("message_mention", "conversation_id", "conversation"),
    satellite!("message_mention", "user_id", "users"),
    satellite!("attachment_use", "thread_id", "thread"),
    satellite!("attachment_use", "comment_id", "comment"),
    satellite!("attachment_use", "message_id", "message"),
    satellite!("temp_id", "user_id", "users"),
    satellite!("inbox", "workspace_id", "workspace"),
    satellite!("inbox", "user_id", "users"),
    satellite!("notification", "thread_id", "thread"),
    satellite!("notification", "user_id", "users"),
    satellite!("notification_setting", "workspace_id", "workspace"),
    satellite!("notification_setting", "user_id", "users"),
    satellite!("join_link", "workspace_id", "workspace"),
    Check {
        name: "orphan-attachment_use-attachment_id",
        words: "uses of attachments that are gone",
        find: Find::Sql(
            "select x.id, 'attachment ' || x.attachment_id from attachment_use x
             where not exists (select 1 from attachment a where a.id = x.attachment_id)",
        ),
        repair: Some(Repair::Sql(&["delete from attachment_use
             where not exists (select 1 from attachment a
                 where a.id = attachment_use.attachment_id)"])),
    },
];
