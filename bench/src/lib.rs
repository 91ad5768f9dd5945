//! The load generator and the comparisons behind `make bench`.
//!
//! A run starts the server under test as a process of its own, prepares data through its public
//! API, puts load on it from one thread, and compares the figures with a bare handler in the same
//! process shape, so that the ratio holds on any machine.

pub mod apps;
pub mod bare;
pub mod connection;
mod database;
pub mod deliveries;
pub mod feed;
pub mod histogram;
pub mod iml;
pub mod load;
mod pacer;
pub mod process;
pub mod report;
pub mod request;
pub mod runner;
pub mod scenario;
pub mod setup;
pub mod template;
pub mod trivial;
pub mod watch;
