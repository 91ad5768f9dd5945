//! One operation with its connection: run, and run once more with new tokens.
//!
//! Whoever runs something does it in a loop, and not this module through a closure: a future that
//! holds a closure over scenes of any lifetime cannot move between threads.

use halyard_iml::Value;

use super::call::{Error, Operator, Using};
use crate::{
    apps::{
        Module,
        run::{Failure, Scene},
    },
    connections::{Access, Connection, Problem},
};

/// What an operation is about: for messages and checks.
pub(super) struct Subject<'a> {
    pub(super) name: &'a str,
    pub(super) kinds: &'a [String],
    pub(super) module: Option<&'a Module>,
}

/// An operation that is run, with what it is given.
pub(super) struct Session<'a> {
    /// What the next attempt is to be given.
    pub(super) scene: Scene<'a>,
    opened: Option<(Access<'a>, Connection)>,
    /// Whether there have been new tokens already.
    renewed: bool,
}

impl Session<'_> {
    /// What an attempt has come to. Nothing: the service has refused the tokens and has given new
    /// ones, so it is to be tried once more.
    pub(super) async fn settle<T>(&mut self, done: Result<T, Failure>) -> Result<Option<T>, Error> {
        let failure = match done {
            Ok(done) => return Ok(Some(done)),
            Err(failure) => failure,
        };
        let Some((access, connection)) = &mut self.opened else { return Err(failure.into()) };
        if self.renewed || !access.may_refresh(connection, &failure) {
            return Err(Problem::App(access.explain(connection, failure).await?).into());
        }
        let renewed = access.refreshed(connection.clone()).await;
        *connection = renewed.map_err(|problem| match problem {
            Problem::App(mut second) => {
                second.exchanges.splice(0..0, failure.exchanges);
                Problem::App(second)
            }
            other => other,
        })?;
        fill(&mut self.scene, access, connection);
        self.renewed = true;
        Ok(None)
    }
}

impl<'a> Operator<'a> {
    /// Prepares an operation. The connection is opened, and refreshed if that is due.
    pub(super) async fn session(
        &self,
        subject: &Subject<'_>,
        parameters: Value,
    ) -> Result<Session<'a>, Error> {
        let mut scene = Scene { functions: self.functions, ..Scene::new(self.app, parameters) };
        let opened = self.opened(subject).await?;
        if let Some((access, connection)) = &opened {
            fill(&mut scene, access, connection);
        }
        Ok(Session { scene, opened, renewed: false })
    }

    /// The connection, ready for use; none when none is needed and none is given.
    async fn opened(
        &self,
        subject: &Subject<'_>,
    ) -> Result<Option<(Access<'a>, Connection)>, Error> {
        let kinds = || subject.kinds.join(" or ");
        let Some(Using { store, workspace, name }) = self.connection else {
            let optional = subject.module.is_some_and(|module| module.connection_optional);
            return match subject.kinds.is_empty() || optional {
                true => Ok(None),
                false => Err(Error::NoConnection { name: subject.name.to_owned(), kinds: kinds() }),
            };
        };
        let Self { host, app, functions, .. } = *self;
        let access = Access { store, host, app, functions };
        let connection = access.open(workspace, name).await?;
        let kind = &connection.listed.about.kind;
        if !subject.kinds.is_empty() && !subject.kinds.contains(kind) {
            return Err(Error::OtherKind {
                connection: name.to_owned(),
                kind: kind.clone(),
                name: subject.name.to_owned(),
                kinds: kinds(),
            });
        }
        if let Some(module) = subject.module {
            access.expect_scopes(&connection, subject.name, module)?;
        }
        Ok(Some((access, connection)))
    }
}

/// Puts the connection into the scene.
fn fill(scene: &mut Scene<'_>, access: &Access<'_>, connection: &Connection) {
    let about = &connection.listed.about;
    let root = connection.root();
    scene.connections = vec![(about.kind.as_str().into(), root.clone())];
    scene.connection = Some(root);
    scene.base_url =
        about.base_url.as_deref().and_then(|url| halyard_platform::outbound::url(url).ok());
    scene.secrets = access.making(connection).hidden();
}
