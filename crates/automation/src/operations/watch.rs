//! Instant triggers: the service reports to an address of ours.

use halyard_iml::{Collection, Value};

use super::{
    call::{Error, Operator, merged},
    session::Subject,
};
use crate::{
    apps::{
        Module, ModuleKind, Webhook,
        run::{self, Incoming, Outcome, Received, Scene},
    },
    connections::Problem,
};

/// An address that a service reports to.
#[derive(Clone, Debug)]
pub struct Attached {
    /// Whether the service was told; otherwise a person has to.
    pub told: bool,
    /// The root `webhook`: the address, the id, and what the service has said about it.
    root: Value,
}

impl Attached {
    /// An address that the service has not been told about.
    #[must_use]
    pub fn unattached(address: &str, id: &str) -> Self {
        let root = Collection::of([("url", Value::from(address)), ("id", Value::from(id))]);
        Self { told: false, root: root.into() }
    }
}

impl<'a> Operator<'a> {
    /// Tells the service to report to `address`, where the app knows how. The input, here and below, is
    /// one that [`checked`](Self::checked) has given. When one of several requests fails, what those
    /// before it have attached is detached.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn attach(
        &self,
        module: &str,
        input: Value,
        address: &str,
        id: &str,
    ) -> Result<Attached, Error> {
        let (found, webhook) = self.instant_trigger(module)?;
        let untold = Attached::unattached(address, id);
        if webhook.attach.requests.is_empty() {
            return Ok(untold);
        }
        let root = untold.root;
        let about = subject(module, found, webhook);
        let mut session = self.session(&about, input.clone()).await?;
        session.scene.webhook = Some(root.clone());
        loop {
            let mut done = run::procedure(self.host, &webhook.attach, &session.scene).await;
            let half = done.as_mut().err().and_then(|failure| failure.saved.take());
            let settled = session.settle(done).await;
            if let Some(data) = half {
                let half = Attached { told: true, root: merged(&data, &root) };
                let detached = self.detach(module, input.clone(), &half).await;
                if let Err(left) = detached {
                    return Err(left_behind(settled.err(), left));
                }
            }
            if let Some(done) = settled? {
                let data = done.data.unwrap_or_default();
                // The app may name what it saves as it likes, but the address stays what it is.
                return Ok(Attached { told: true, root: merged(&data, &root) });
            }
        }
    }

    /// Tells the service to stop. What it no longer knows counts as done.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn detach(
        &self,
        module: &str,
        input: Value,
        attached: &Attached,
    ) -> Result<(), Error> {
        let (found, webhook) = self.instant_trigger(module)?;
        if !attached.told || webhook.detach.requests.is_empty() {
            return Ok(());
        }
        let mut session = self.session(&subject(module, found, webhook), input).await?;
        session.scene.webhook = Some(attached.root.clone());
        loop {
            let done = match run::procedure(self.host, &webhook.detach, &session.scene).await {
                Err(failure) if matches!(failure.error.status, Some(404 | 410)) => Ok(()),
                done => done.map(drop),
            };
            if session.settle(done).await?.is_some() {
                return Ok(());
            }
        }
    }

    /// What becomes of a call that has come in. Makes no request.
    ///
    /// # Errors
    /// When an expression of the webhook fails.
    pub fn receive(
        &self,
        module: &str,
        input: Value,
        attached: &Attached,
        incoming: &Incoming,
    ) -> Result<Received, Error> {
        let (_, webhook) = self.instant_trigger(module)?;
        let scene = Scene {
            webhook: Some(attached.root.clone()),
            functions: self.functions,
            ..Scene::new(self.app, input)
        };
        Ok(run::receive(self.host, webhook, incoming, &scene)?)
    }

    /// The bundle of an item that has come in.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn arrived(
        &self,
        module: &str,
        input: Value,
        attached: &Attached,
        payload: Value,
    ) -> Result<Outcome, Error> {
        let (found, webhook) = self.instant_trigger(module)?;
        let (root, payload) = (Some(attached.root.clone()), Some(payload));
        if found.communication.requests.is_empty() {
            // Nothing is asked of the service, so its tokens need not be looked at: what has come in
            // is passed on at once.
            let scene = Scene {
                functions: self.functions,
                webhook: root,
                payload,
                ..Scene::new(self.app, input)
            };
            return Ok(run::instant(self.host, found, &scene).await?);
        }
        let mut session = self.session(&subject(module, found, webhook), input).await?;
        session.scene.webhook = root;
        session.scene.payload = payload;
        loop {
            let done = run::instant(self.host, found, &session.scene).await;
            if let Some(outcome) = session.settle(done).await? {
                return Ok(outcome);
            }
        }
    }

    fn instant_trigger(&self, name: &str) -> Result<(&'a Module, &'a Webhook), Error> {
        let found = self.module(name)?;
        let webhook = found.webhook.as_ref().and_then(|name| self.app.webhooks.get(name));
        match (found.kind, webhook) {
            (ModuleKind::InstantTrigger, Some(webhook)) => Ok((found, webhook)),
            _ => Err(Error::Kind {
                name: name.to_owned(),
                is: "no instant trigger with a webhook",
                instead: "only those have an address",
            }),
        }
    }
}

/// The failure of an attachment of which a part could not be taken back.
fn left_behind(attaching: Option<Error>, left: Error) -> Error {
    let why = left.to_string();
    let why = why.trim_end_matches('.');
    let told = format!("A part of what was attached stays at the service: {why}.");
    match attaching {
        Some(Error::Problem(Problem::App(mut failure))) => {
            failure.error.message = format!("{} {told}", failure.error.message);
            if let Error::Problem(Problem::App(left)) = left {
                failure.exchanges.extend(left.exchanges);
            }
            failure.into()
        }
        // The store has failed, which is what has to be mended first.
        Some(other) => other,
        None => left,
    }
}

fn subject<'s>(name: &'s str, module: &'s Module, webhook: &'s Webhook) -> Subject<'s> {
    let kinds = match webhook.connections.is_empty() {
        true => &module.connections,
        false => &webhook.connections,
    };
    Subject { name, kinds, module: Some(module) }
}
