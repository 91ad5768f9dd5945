use halyard_iml::{Collection, Functions, Value};

use super::{Known, session::Subject};
use crate::{
    apps::{
        App, Component, Finding, Module, ModuleKind, Rpc,
        form::Invalid,
        run::{self, Answered, Cursor, Failure, Host, Outcome, Polled, Start},
    },
    connections::{Problem, Store, WorkspaceId},
};

/// Why an operation was not run, or what it failed with.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The app has no such thing.
    #[error("{what}: the app {app} has no {what} {name:?}; it has {known}")]
    Unknown {
        /// A module or an RPC.
        what: Component,
        /// The app.
        app: String,
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// The app has it, and it cannot be used.
    #[error("{what}: {name} cannot be used. {}:{}: {}", .why.file, .why.path, .why.message)]
    Unusable {
        /// Which part of the app.
        what: Component,
        /// Its name.
        name: String,
        /// What is wrong with it, and where.
        why: Box<Finding>,
    },
    /// The module is of a kind that is not run this way.
    #[error("module: {name} is {is}; {instead}")]
    Kind {
        /// The module.
        name: String,
        /// What it is.
        is: &'static str,
        /// What to do.
        instead: &'static str,
    },
    /// It needs a connection.
    #[error("connection: {name} needs one ({kinds}); `halyard connection add` makes it")]
    NoConnection {
        /// The module or RPC.
        name: String,
        /// Kinds of connections that will do.
        kinds: String,
    },
    /// The connection is of another kind than the module can use.
    #[error("connection: {connection:?} is of the kind {kind}; {name} needs {kinds}")]
    OtherKind {
        /// The connection.
        connection: String,
        /// Its kind.
        kind: String,
        /// The module or RPC.
        name: String,
        /// Kinds of connections that will do.
        kinds: String,
    },
    /// What is wrong with the input, by field.
    #[error("input: {}", listed(.0))]
    Input(Vec<Invalid>),
    /// The connection cannot be had, or the service, the app or a bound was against it.
    #[error(transparent)]
    Problem(#[from] Problem),
}

/// What is wrong, field by field.
fn listed(invalid: &[Invalid]) -> String {
    let one = |one: &Invalid| match one.path.as_str() {
        "" => one.message.clone(),
        path => format!("{path}: {}", one.message),
    };
    invalid.iter().map(one).collect::<Vec<_>>().join(" ")
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self::Problem(Problem::App(failure))
    }
}

/// Runs operations of one app with one connection.
#[derive(Clone, Copy)]
pub struct Operator<'a> {
    /// How requests are made.
    pub host: &'a Host,
    /// The app.
    pub app: &'a App,
    /// The functions of the app.
    pub functions: &'a (dyn Functions + Sync),
    /// The connection; none for apps that need none.
    pub connection: Option<Using<'a>>,
    /// What look-ups have answered lately, for checking inputs; none to ask each time.
    pub known: Option<&'a Known>,
}

/// A connection by its name.
#[derive(Clone, Copy)]
pub struct Using<'a> {
    /// Where it is kept.
    pub store: &'a Store,
    /// Whose it is.
    pub workspace: WorkspaceId,
    /// What it is called.
    pub name: &'a str,
}

impl<'a> Operator<'a> {
    /// Runs an action, a search or a universal module. The input is converted and checked.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn call(&self, module: &str, input: Value) -> Result<Outcome, Error> {
        let found = self.module(module)?;
        match found.kind {
            ModuleKind::Action | ModuleKind::Search | ModuleKind::Universal => {}
            ModuleKind::Trigger | ModuleKind::InstantTrigger => {
                return Err(Error::Kind {
                    name: module.to_owned(),
                    is: "a trigger",
                    instead: "watch it with `halyard app watch`",
                });
            }
            ModuleKind::Responder => {
                return Err(Error::Kind {
                    name: module.to_owned(),
                    is: "a responder",
                    instead: "it answers a webhook within a scenario",
                });
            }
        }
        let (input, doubts) = self.checked_with_doubts(module, &input).await?;
        let subject = Subject { name: module, kinds: &found.connections, module: Some(found) };
        let mut session = self.session(&subject, input).await?;
        loop {
            let done = run::module(self.host, found, &session.scene).await;
            if let Some(mut outcome) = session.settle(done).await? {
                outcome.warnings.splice(0..0, doubts);
                return Ok(outcome);
            }
        }
    }

    /// Asks a polling trigger for what is new. The input is one that [`checked`](Self::checked) has
    /// given.
    ///
    /// # Errors
    /// See [`Error`]. The cursor that was given stays the one to go on with.
    pub async fn poll(
        &self,
        module: &str,
        input: Value,
        cursor: &Cursor,
        limit: Option<usize>,
    ) -> Result<Polled, Error> {
        let found = self.polling(module)?;
        let subject = Subject { name: module, kinds: &found.connections, module: Some(found) };
        let mut session = self.session(&subject, input).await?;
        loop {
            let done = run::poll(self.host, found, &session.scene, cursor, limit).await;
            if let Some(polled) = session.settle(done).await? {
                return Ok(polled);
            }
        }
    }

    /// The items that people can choose a start of a polling trigger from. The input is one that
    /// [`checked`](Self::checked) has given.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn starts(&self, module: &str, input: Value) -> Result<Vec<Start>, Error> {
        let found = self.polling(module)?;
        let subject = Subject { name: module, kinds: &found.connections, module: Some(found) };
        let mut session = self.session(&subject, input).await?;
        loop {
            let done = run::epoch(self.host, found, &session.scene).await;
            if let Some(starts) = session.settle(done).await? {
                return Ok(starts);
            }
        }
    }

    /// Runs a look-up. The service is asked in any case.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn options(&self, rpc: &str, parameters: Value) -> Result<Answered, Error> {
        let found = self.rpc(rpc)?;
        let parameters = self.taken(&found.parameters, &parameters)?;
        let answered = self.looked_up(rpc, parameters.clone()).await?;
        self.remember(rpc, &parameters, &answered.value);
        Ok(answered)
    }

    /// The module of this name.
    ///
    /// # Errors
    /// [`Error::Unknown`], with those that there are.
    pub fn module(&self, name: &str) -> Result<&'a Module, Error> {
        self.app
            .modules
            .get(name)
            .ok_or_else(|| self.unknown(Component::Module, name, self.app.modules.keys()))
    }

    fn polling(&self, name: &str) -> Result<&'a Module, Error> {
        let found = self.module(name)?;
        match found.kind {
            ModuleKind::Trigger => Ok(found),
            _ => Err(Error::Kind {
                name: name.to_owned(),
                is: "no polling trigger",
                instead: "only those are polled",
            }),
        }
    }

    pub(super) fn rpc(&self, name: &str) -> Result<&'a Rpc, Error> {
        let found = self.app.rpcs.get(name);
        found.ok_or_else(|| self.unknown(Component::Rpc, name, self.app.rpcs.keys()))
    }

    /// Why a part of the app is left out.
    pub(super) fn unusable(&self, what: Component, name: &str) -> Option<Error> {
        let why = self.app.unusable.get(&(what, name.to_owned()))?;
        Some(Error::Unusable { what, name: name.to_owned(), why: Box::new(why.clone()) })
    }

    fn unknown<'n>(
        &self,
        what: Component,
        name: &str,
        known: impl Iterator<Item = &'n String>,
    ) -> Error {
        if let Some(why) = self.unusable(what, name) {
            return why;
        }
        let known: Vec<&str> = known.map(String::as_str).collect();
        Error::Unknown {
            what,
            app: self.app.name.clone(),
            name: name.to_owned(),
            known: if known.is_empty() { "none".to_owned() } else { known.join(", ") },
        }
    }
}

/// Two sets of values as one; of equal names the later counts.
pub(super) fn merged(first: &Value, then: &Value) -> Value {
    let entries = [first, then].into_iter().filter_map(|value| match value {
        Value::Collection(all) => Some(all.iter().cloned()),
        _ => None,
    });
    Collection::new(entries.flatten().collect()).into()
}
