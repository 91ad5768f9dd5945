//! A request and its answer, for people to read.

use std::time::Duration;

use halyard_platform::clock::Millis;

/// One request and its answer. Nothing in it is secret.
#[derive(Clone, Debug, PartialEq)]
pub struct Exchange {
    /// When the request was sent.
    pub at: Millis,
    /// How long it took, body included.
    pub took: Duration,
    /// The status of the answer; none when there was no answer.
    pub status: Option<u16>,
    /// Why there was no answer, or why it could not be used.
    pub problem: Option<String>,
    /// The details. An app that does not say what to hide (`log.sanitize`) shows none.
    pub shown: Option<Shown>,
}

/// The details of an exchange, with what is secret replaced by [`HIDDEN`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// The method.
    pub method: String,
    /// The address with its query.
    pub url: String,
    /// Headers of the request, as they are sent.
    pub request_headers: Vec<(String, String)>,
    /// The body of the request; its beginning, when it is long.
    pub request_body: String,
    /// Headers of the answer.
    pub response_headers: Vec<(String, String)>,
    /// The body of the answer; its beginning, when it is long.
    pub response_body: String,
}

/// What stands in the place of something hidden.
pub const HIDDEN: &str = "[hidden]";
