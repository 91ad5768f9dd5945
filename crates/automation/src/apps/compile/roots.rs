//! Which names have a value where.

use super::directive::Place;

/// When in a run of a request an expression is evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// Before the request is sent.
    Request,
    /// When there is an answer.
    Response,
    /// For each item of the answer.
    Item,
    /// At the end.
    Wrapper,
    /// Before the request for a further page.
    Pagination,
    /// When somebody calls.
    Reception,
}

const EVERYWHERE: &[&str] = &[
    "common",
    "connection",
    "data",
    "environment",
    "metadata",
    "parameters",
    "scenario",
    "temp",
    "var",
];
const ANSWER: &[&str] = &["body", "headers", "statusCode"];
const CALL: &[&str] = &["body", "headers", "method", "query", "item", "rawBody"];
const ELSEWHERE: &[&str] =
    &["oauth", "payload", "webhook", "input", "output", "iterate", "pagination"];

/// What there is to say about a name in an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Root {
    /// It has a value here.
    Known,
    /// It has a value elsewhere only.
    Misplaced,
    /// It never has one.
    Unknown,
}

/// Looks a name up.
pub(crate) fn look_up(name: &str, place: Place, moment: Moment) -> Root {
    let has = |names: &[&str]| names.contains(&name);
    if has(EVERYWHERE) {
        return Root::Known;
    }
    let of_moment = match moment {
        Moment::Request => false,
        Moment::Response => has(ANSWER),
        Moment::Item => has(ANSWER) || name == "item",
        Moment::Wrapper => has(ANSWER) || has(&["output", "iterate"]),
        Moment::Pagination => has(ANSWER) || has(&["pagination", "iterate", "item"]),
        // What attaching has saved, such as the key of signatures, is an addition of ours here.
        Moment::Reception => has(CALL) || name == "webhook",
    };
    let of_place = match place {
        // What a base says is evaluated in whatever uses it.
        Place::Base => has(ANSWER) || has(CALL) || has(ELSEWHERE),
        Place::Instant | Place::Responder => has(&["payload", "webhook"]),
        Place::Rpc => has(&["payload", "webhook"]),
        Place::Attach | Place::Detach => name == "webhook",
        Place::OAuth1 | Place::OAuth2 => has(&["oauth", "query"]),
        Place::Endpoint => name == "input",
        _ => false,
    };
    if of_moment || of_place {
        Root::Known
    } else if has(ANSWER) || has(CALL) || has(ELSEWHERE) {
        Root::Misplaced
    } else {
        Root::Unknown
    }
}
