//! What an operator relies on: nothing acknowledged is lost, and every tool works.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail")]
#![expect(clippy::print_stdout, reason = "a failure is repeated with the seed that was printed")]

mod backup;
mod crash;
mod disk;
mod doctor;
mod handover;
mod hooks;
mod import;
mod load;
mod mail;
mod mail_tls;
#[path = "../../../messaging/tests/support/ranks.rs"]
mod ranks;
mod shutdown;
mod slack;
#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "other test programs use the rest")]
mod support;
mod transfer;
