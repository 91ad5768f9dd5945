//! Mail: out through an SMTP server or into files, and in through a listener of our own.

mod files;
mod listen;
pub(crate) mod notices;
mod outbox;
mod parse;
mod post;
mod quote;
mod render;
mod session;
mod take;
mod tls;

pub(crate) use listen::{Begins, Listening, listen};
pub(crate) use outbox::{Outbox, RETRIES};
pub(crate) use post::post;
pub(crate) use take::Intake;
pub(crate) use tls::Tls;
