//! What the lists have in common.

use serde::Serialize;

use super::error::Error;
use crate::{choice_param, kit::params::Seconds};

/// Largest page (vendor documentation).
const MAX_LIMIT: i64 = 500;

/// The parameter `order_by`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// Oldest first.
    Ascending,
    /// Newest first.
    Descending,
}

choice_param!(Order {
    "desc" => Order::Descending,
    "asc" => Order::Ascending,
});

impl Order {
    pub(super) fn is_ascending(self) -> bool {
        self == Self::Ascending
    }
}

/// The last millisecond of that second: what is newer is later than it.
pub(super) fn after(moment: Seconds) -> i64 {
    moment.millis().div_euclid(1000) * 1000 + 999
}

/// The first millisecond of that second: what is older is earlier than it.
pub(super) fn before(moment: Seconds) -> i64 {
    moment.millis().div_euclid(1000) * 1000
}

/// The size of a page. 0 stands for "not given", as with the official SDK.
///
/// # Errors
/// Code 20 outside 1 to 500.
pub(super) fn limit(given: Option<i64>, default: i64) -> Result<i64, Error> {
    match given {
        None | Some(0) => Ok(default),
        Some(limit) if (1..=MAX_LIMIT).contains(&limit) => Ok(limit),
        Some(_) => Err(Error::invalid("limit", "a number from 1 to 500")),
    }
}

/// A list of objects, or of their ids where `as_ids` asks for them.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum IdsOr<T> {
    Ids(Vec<i64>),
    Objects(Vec<T>),
}

pub(super) fn ids_or<C, T>(
    as_ids: bool,
    items: Vec<C>,
    id: impl Fn(&C) -> i64,
    object: impl Fn(C) -> T,
) -> IdsOr<T> {
    if as_ids {
        IdsOr::Ids(items.iter().map(id).collect())
    } else {
        IdsOr::Objects(items.into_iter().map(object).collect())
    }
}
