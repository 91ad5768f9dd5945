//! The executor of plans: makes the requests of modules, RPCs, connections and webhooks, and turns
//! the answers into values.
//!
//! A call shares nothing with other calls but the [`Host`]. Whatever a service answers, a call ends
//! within its [`Bounds`], with a result or with a typed error and the exchanges that led to it.

mod address;
mod body;
mod call;
mod cookies;
mod cursor;
mod decode;
mod exchange;
mod flow;
mod harvest;
mod host;
mod incoming;
mod judge;
mod mask;
mod modules;
mod multipart;
mod outcome;
mod poll;
mod prepare;
mod reach;
mod reception;
mod respond;
mod sanitize;
mod scene;
mod scope;
mod sections;
mod send;
mod sign;
mod text;
mod unpack;
mod whole;
mod xml;

use halyard_iml::Value;

pub use cookies::Cookies;
pub use cursor::Cursor;
pub use exchange::{Exchange, HIDDEN, Shown};
pub use host::{Bounds, Host};
pub use incoming::{Answer, Incoming, Received, ReceivedItem};
pub use outcome::{Answered, Failure, Outcome, Polled, Redirect, Section, Start};
pub use scene::Scene;

use super::{
    App, Module, Rpc, Webhook,
    plan::{Communication, Request},
};

/// Runs an action, a search or a universal module.
///
/// # Errors
/// What the service, the app or a bound makes of it.
pub async fn module(host: &Host, module: &Module, scene: &Scene<'_>) -> Result<Outcome, Failure> {
    modules::module(host, module, scene).await
}

/// Asks a polling trigger for what is new: at most `limit` bundles, and at most as many as the
/// trigger itself allows.
///
/// # Errors
/// As [`module`]. The cursor that was given stays the one to go on with.
pub async fn poll(
    host: &Host,
    module: &Module,
    scene: &Scene<'_>,
    cursor: &Cursor,
    limit: Option<usize>,
) -> Result<Polled, Failure> {
    poll::poll(host, module, scene, cursor, limit).await
}

/// The items that people can choose a start from.
///
/// # Errors
/// As [`module`]; also when the trigger has no such list.
pub async fn epoch(host: &Host, module: &Module, scene: &Scene<'_>) -> Result<Vec<Start>, Failure> {
    poll::epoch(host, module, scene).await
}

/// Runs an RPC.
///
/// # Errors
/// As [`module`].
pub async fn rpc(host: &Host, rpc: &Rpc, scene: &Scene<'_>) -> Result<Answered, Failure> {
    modules::rpc(host, rpc, scene).await
}

/// Runs a section of a connection. `temp` is what the section before has left.
///
/// # Errors
/// As [`module`].
pub async fn section(
    host: &Host,
    request: &Request,
    scene: &Scene<'_>,
    temp: Value,
) -> Result<Section, Failure> {
    sections::run(host, std::slice::from_ref(request), scene, temp).await
}

/// The address that a section sends a browser to (`authorize`). Makes no request.
///
/// # Errors
/// When the address cannot be built.
pub fn redirect(
    host: &Host,
    request: &Request,
    scene: &Scene<'_>,
    temp: Value,
) -> Result<Redirect, Failure> {
    sections::redirect(host, request, scene, temp)
}

/// What a section makes of the callback that has come in (`query` of the scene): its `response`
/// without a request.
///
/// # Errors
/// When the section says that the callback is not valid.
pub fn returned(
    host: &Host,
    request: &Request,
    scene: &Scene<'_>,
    temp: Value,
) -> Result<Section, Failure> {
    sections::returned(host, request, scene, temp)
}

/// Runs the requests of a basic connection, or `attach`, `detach` or `update` of a webhook.
///
/// # Errors
/// As [`module`].
pub async fn procedure(
    host: &Host,
    communication: &Communication,
    scene: &Scene<'_>,
) -> Result<Section, Failure> {
    sections::run(host, &communication.requests, scene, Value::Undefined).await
}

/// What becomes of a call to the address of a webhook. Makes no request.
///
/// # Errors
/// When the body cannot be read, or an expression of the webhook fails.
pub fn receive(
    host: &Host,
    webhook: &Webhook,
    incoming: &Incoming,
    scene: &Scene<'_>,
) -> Result<Received, Failure> {
    reception::receive(host, webhook, incoming, scene)
}

/// Runs an instant trigger for one item (`payload` of the scene). It has exactly one bundle.
///
/// # Errors
/// As [`module`].
pub async fn instant(host: &Host, module: &Module, scene: &Scene<'_>) -> Result<Outcome, Failure> {
    modules::instant(host, module, scene).await
}

/// The answer that a responder gives to the call that has started the run. Makes no request.
///
/// # Errors
/// When an expression of the responder fails.
pub fn responder(host: &Host, module: &Module, scene: &Scene<'_>) -> Result<Answer, Failure> {
    respond::responder(host, module, scene)
}

/// Refuses requests of which one could not be read, before any of them is made.
///
/// # Errors
/// `InvalidConfigurationError`, with file, place and mistake.
pub fn expect_whole(app: &App, requests: &[Request]) -> Result<(), Failure> {
    whole::expect(app, requests).map_err(|error| Failure {
        error,
        exchanges: Vec::new(),
        saved: None,
    })
}
