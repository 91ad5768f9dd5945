//! Search: posts by their words, as far as the member may see them.
//!
//! The index gives candidates, newest first; what is answered is loaded through the membership of
//! the actor and, where the order of words matters, compared with the query. One answer names a
//! thread or conversation once, by its newest hit.

mod document;
mod excerpt;
mod find;
mod index;
mod inside;
mod place;
mod query;
mod suggest;
mod terms;

pub use find::{Find, Hit, Item, Page, What, find};
pub use index::{BATCH, Changed, FILL_JOB, FOLLOWER, Filling, fill, look, rebuild, settle};
pub(crate) use index::{enter_again, entered_sql, forget_comments, forget_thread};
pub use inside::{Narrow, in_conversation, in_thread, terms};
pub use place::Place;
pub use suggest::titles;
