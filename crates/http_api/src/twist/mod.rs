//! The Twist API, versions 2, 3 and 4.

mod action;
mod audience;
mod call;
mod channels;
mod comments;
mod credentials;
mod dto;
mod endpoint;
mod error;
pub mod files;
mod ids;
pub mod openapi;
mod page;
mod reactions;
mod threads;

pub use call::dispatch;
pub use endpoint::{Endpoint, Login, ROUTES, Verb};
