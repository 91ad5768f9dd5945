//! Mail: out, about what people have not read, and in, as posts.
//!
//! Out: a follower of the events ([`look`], [`record`]) notes which posts are new, by ranges, and
//! who is concerned by any of them, with one row for each person who does not wait already. When
//! the time of a person has come ([`next_due`]), [`letters`] looks at what of it they have still
//! not read, and [`settle`] has it sent. So a post in a channel with a thousand people costs
//! a thousand rows at most once in each of their windows, and none while they wait.
//!
//! In: [`address`] knows the addresses, [`received`] what came to them.

pub mod address;
mod concerned;
mod digest;
mod due;
mod follow;
mod letter;
mod person;
mod posts;
pub mod received;
mod settings;

pub use digest::{digest, digests_due};
pub use due::{Due, Outcome, forget_told, letters, next_due, settle};
pub use follow::{Seen, look, record};
pub use letter::Letter;
pub use settings::{Settings, unsubscribe, wants_to_know_of_joining};

use halyard_platform::{clock::Millis, random::Random};

/// The name of the follower of the events.
pub const FOLLOWER: &str = "mail";
/// Kind of the jobs that are due when the time of somebody in `mail_due` has come.
pub const DUE_JOB: &str = "mail.due";

/// What has happened longer ago than this is not told any more, in milliseconds: whoever switches
/// mails on does not send those of last year.
const STALE: Millis = 24 * 60 * 60 * 1000;

/// Where this installation is, for links and addresses.
#[derive(Debug, Clone)]
pub struct Place {
    /// Address of the server, without a slash at its end.
    pub base: Option<String>,
    /// Host part of the addresses that take posts, where mail comes in.
    pub domain: Option<String>,
    /// For new addresses.
    pub random: Random,
}
