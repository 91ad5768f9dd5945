//! Instant triggers: the service reports to an address of ours.

use halyard_iml::{Collection, Value};

use super::{
    call::{Error, Operator, merged},
    noted::Note,
    session::Subject,
};
use crate::{
    apps::{
        Component, Module, ModuleKind, Webhook,
        run::{self, Exchange, Incoming, Outcome, Received, Scene},
    },
    connections::Problem,
};

/// An address that a service reports to.
#[derive(Clone, Debug)]
pub struct Attached {
    /// Whether the service was told; otherwise a person has to.
    pub told: bool,
    pub(super) id: String,
    /// The root `webhook`: the address, the id, and what the service has said about it.
    pub(super) root: Value,
}

impl Attached {
    /// An address that the service has not been told about.
    #[must_use]
    pub fn unattached(address: &str, id: &str) -> Self {
        let root = Collection::of([("url", Value::from(address)), ("id", Value::from(id))]);
        Self { told: false, id: id.to_owned(), root: root.into() }
    }

    /// With what a request has saved. The app may name that as it likes, but the address stays.
    fn take(&mut self, data: &Value, untold: &Self) {
        self.told = true;
        self.root = merged(&merged(&self.root, data), &untold.root);
    }
}

impl<'a> Operator<'a> {
    /// Tells the service to report to `address`, where the app knows how. The input, here and below, is
    /// one that [`checked`](Self::checked) has given. When one of several requests fails, what those
    /// before it have attached is detached. What is attached is noted with the connection, request by
    /// request, until it is detached: see [`noted`](Self::noted).
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
        for procedure in [&webhook.attach, &webhook.detach] {
            // What cannot be detached is not attached.
            run::expect_whole(self.app, &procedure.requests)?;
        }
        let about = subject(module, found, webhook);
        let mut session = self.session(&about, input.clone()).await?;
        session.scene.webhook = Some(untold.root.clone());
        let mut attached = untold.clone();
        let note = Note { module, address, input: &input };
        self.note(&note, &attached).await?;
        let (mut temp, mut exchanges) = (Value::Undefined, Vec::new());
        for request in &webhook.attach.requests {
            loop {
                let mut done = run::section(self.host, request, &session.scene, temp.clone()).await;
                if let Some(data) = done.as_mut().err().and_then(|failure| failure.saved.take()) {
                    attached.take(&data, &untold);
                }
                let settled = match session.settle(done).await {
                    Ok(None) => continue,
                    Ok(Some(section)) => {
                        temp = section.temp;
                        exchanges.extend(section.exchanges);
                        match section.data {
                            Some(data) => {
                                attached.take(&data, &untold);
                                self.note(&note, &attached).await
                            }
                            None => Ok(()),
                        }
                    }
                    Err(error) => Err(after(exchanges.clone(), error)),
                };
                match settled {
                    Ok(()) => break,
                    Err(error) => return Err(self.taken_back(&note, &attached, error).await),
                }
            }
        }
        attached.told = true;
        Ok(attached)
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
        if attached.told {
            let mut session = self.session(&subject(module, found, webhook), input).await?;
            session.scene.webhook = Some(attached.root.clone());
            let mut temp = Value::Undefined;
            for request in &webhook.detach.requests {
                loop {
                    let done = run::section(self.host, request, &session.scene, temp.clone()).await;
                    let done = match done {
                        Err(failure) if matches!(failure.error.status, Some(404 | 410)) => Ok(None),
                        done => done.map(Some),
                    };
                    if let Some(section) = session.settle(done).await? {
                        temp = section.map_or(temp, |section| section.temp);
                        break;
                    }
                }
            }
        }
        self.forget(&attached.id).await
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

    /// Takes back what a failed attachment has attached before it failed.
    async fn taken_back(&self, note: &Note<'_>, attached: &Attached, error: Error) -> Error {
        match self.detach(note.module, note.input.clone(), attached).await {
            Ok(()) => error,
            Err(left) => left_behind(error, left),
        }
    }

    fn instant_trigger(&self, name: &str) -> Result<(&'a Module, &'a Webhook), Error> {
        let found = self.module(name)?;
        let webhook = found.webhook.as_ref().and_then(|name| self.app.webhooks.get(name));
        if let (None, Some(webhook)) = (webhook, &found.webhook)
            && let Some(why) = self.unusable(Component::Webhook, webhook)
        {
            return Err(why);
        }
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
fn left_behind(attaching: Error, left: Error) -> Error {
    let why = left.to_string();
    let why = why.trim_end_matches('.');
    let told = format!("A part of what was attached stays at the service: {why}.");
    match attaching {
        Error::Problem(Problem::App(mut failure)) => {
            failure.error.message = format!("{} {told}", failure.error.message);
            if let Error::Problem(Problem::App(left)) = left {
                failure.exchanges.extend(left.exchanges);
            }
            failure.into()
        }
        // The store has failed, which is what has to be mended first.
        other => other,
    }
}

/// A failure with the requests before it.
fn after(mut exchanges: Vec<Exchange>, error: Error) -> Error {
    match error {
        Error::Problem(Problem::App(mut failure)) => {
            exchanges.append(&mut failure.exchanges);
            failure.exchanges = exchanges;
            failure.into()
        }
        other => other,
    }
}

fn subject<'s>(name: &'s str, module: &'s Module, webhook: &'s Webhook) -> Subject<'s> {
    let kinds = match webhook.connections.is_empty() {
        true => &module.connections,
        false => &webhook.connections,
    };
    Subject { name, kinds, module: Some(module) }
}
