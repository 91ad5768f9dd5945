//! Reads the archive that Slack hands out, as records that an import understands.
//!
//! A message at the top of a channel becomes a thread, its replies comments; direct messages become
//! conversations. Times are kept; who joined, left or renamed something is left out.

mod emoji;
mod format;
mod message;
mod names;
mod text;
mod unpack;

pub(crate) use unpack::Unpacked;
