//! Mail: out through an SMTP server or into files, and in through a listener of our own.

mod files;
mod outbox;
mod render;

pub(crate) use outbox::{Outbox, RETRIES};
