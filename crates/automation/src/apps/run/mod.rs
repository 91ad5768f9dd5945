//! The executor of plans: makes the requests of modules, RPCs, connections and webhooks, and turns
//! the answers into values.
//!
//! A call shares nothing with other calls but the [`Host`]. Whatever a service answers, a call ends
//! within its [`Bounds`], with a result or with a typed error and the exchanges that led to it.

mod cursor;
mod exchange;
mod host;
mod incoming;
mod outcome;
mod scene;

use halyard_iml::Value;

pub use cursor::Cursor;
pub use exchange::{Exchange, HIDDEN, Shown};
pub use host::{Bounds, Host};
pub use incoming::{Answer, Incoming, Received, ReceivedItem};
pub use outcome::{Answered, Failure, Outcome, Polled, Redirect, Section, Start};
pub use scene::Scene;

use super::{
    AppError, ErrorType, Module, Rpc, Webhook,
    plan::{Communication, Request},
};

fn unbuilt() -> Failure {
    Failure {
        error: AppError::new(ErrorType::UnexpectedError, "The executor is not built yet."),
        exchanges: Vec::new(),
    }
}

/// Runs an action, a search or a universal module.
///
/// # Errors
/// What the service, the app or a bound makes of it.
pub async fn module(_: &Host, _: &Module, _: &Scene<'_>) -> Result<Outcome, Failure> {
    Err(unbuilt())
}

/// Asks a polling trigger for what is new: at most `limit` bundles, and at most as many as the
/// trigger itself allows.
///
/// # Errors
/// As [`module`]. The cursor that was given stays the one to go on with.
pub async fn poll(
    _: &Host,
    _: &Module,
    _: &Scene<'_>,
    _cursor: &Cursor,
    _limit: Option<usize>,
) -> Result<Polled, Failure> {
    Err(unbuilt())
}

/// The items that people can choose a start from.
///
/// # Errors
/// As [`module`]; also when the trigger has no such list.
pub async fn epoch(_: &Host, _: &Module, _: &Scene<'_>) -> Result<Vec<Start>, Failure> {
    Err(unbuilt())
}

/// Runs an RPC.
///
/// # Errors
/// As [`module`].
pub async fn rpc(_: &Host, _: &Rpc, _: &Scene<'_>) -> Result<Answered, Failure> {
    Err(unbuilt())
}

/// Runs a section of a connection. `temp` is what the section before has left.
///
/// # Errors
/// As [`module`].
pub async fn section(
    _: &Host,
    _: &Request,
    _: &Scene<'_>,
    _temp: Value,
) -> Result<Section, Failure> {
    Err(unbuilt())
}

/// The address that a section sends a browser to (`authorize`). Makes no request.
///
/// # Errors
/// When the address cannot be built.
pub fn redirect(_: &Host, _: &Request, _: &Scene<'_>, _temp: Value) -> Result<Redirect, Failure> {
    Err(unbuilt())
}

/// What a section makes of the callback that has come in (`query` of the scene): its `response`
/// without a request.
///
/// # Errors
/// When the section says that the callback is not valid.
pub fn returned(_: &Host, _: &Request, _: &Scene<'_>, _temp: Value) -> Result<Section, Failure> {
    Err(unbuilt())
}

/// Runs `attach`, `detach` or `update` of a webhook.
///
/// # Errors
/// As [`module`].
pub async fn procedure(_: &Host, _: &Communication, _: &Scene<'_>) -> Result<Section, Failure> {
    Err(unbuilt())
}

/// What becomes of a call to the address of a webhook. Makes no request.
///
/// # Errors
/// When an expression of the webhook fails.
pub fn receive(_: &Host, _: &Webhook, _: &Incoming, _: &Scene<'_>) -> Result<Received, Failure> {
    Err(unbuilt())
}

/// Runs an instant trigger for one item (`payload` of the scene). It has exactly one bundle.
///
/// # Errors
/// As [`module`].
pub async fn instant(_: &Host, _: &Module, _: &Scene<'_>) -> Result<Outcome, Failure> {
    Err(unbuilt())
}

/// The answer that a responder gives to the call that has started the run. Makes no request.
///
/// # Errors
/// When an expression of the responder fails.
pub fn responder(_: &Host, _: &Module, _: &Scene<'_>) -> Result<Answer, Failure> {
    Err(unbuilt())
}
