//! What each module is given, and what must come of it.

mod channels;
mod comments;
mod messages;
mod other;
mod people;
mod threads;

use crate::driver::Case;

/// The cases in the order of the table. Later ones work with what earlier ones have left.
pub(super) fn all() -> Vec<Case> {
    [
        comments::cases(),
        threads::cases(),
        channels::cases(),
        messages::cases(),
        people::cases(),
        other::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
