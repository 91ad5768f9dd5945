//! What must hold in the tables of this crate, for `halyard doctor`.

use halyard_platform::doctor::{Check, Find, json_columns};

/// Every check.
pub const CHECKS: &[Check] = &[Check {
    name: "connection-json",
    words: "connections with a column that is no JSON",
    find: Find::Code(|tx, found| {
        json_columns(tx, found, "connection", "connection", "id", &["scopes"])
    }),
    repair: None,
}];
