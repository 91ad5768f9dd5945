//! A workspace with one person of each standing.

use halyard_messaging::{
    Role, WorkspaceId,
    conversation::{self, Conversation},
    member,
};
use halyard_platform::db::testing::TestDb;

use crate::support::{Person, TestApp};

pub(crate) struct Team {
    pub(crate) app: TestApp,
    pub(crate) space: WorkspaceId,
    /// Administrator.
    pub(crate) ann: Person,
    /// User.
    pub(crate) bo: Person,
    /// User.
    pub(crate) cat: Person,
    /// Guest without channels.
    pub(crate) gus: Person,
    /// Was a user until she was removed.
    pub(crate) rae: Person,
    /// Has another workspace.
    pub(crate) eve: Person,
}

impl Team {
    pub(crate) async fn new(db: &TestDb) -> Self {
        Self::on(TestApp::new(db)).await
    }

    pub(crate) async fn on(app: TestApp) -> Self {
        let (ann, eve) = (app.person("ann").await, app.person("eve").await);
        app.workspace(&eve, "Other").await;
        let space = app.workspace(&ann, "Crew").await.id;
        let bo = app.member(&ann, space, "bo", Role::User).await;
        let cat = app.member(&ann, space, "cat", Role::User).await;
        let gus = app.member(&ann, space, "gus", Role::Guest).await;
        let rae = app.member(&ann, space, "rae", Role::User).await;
        Self { app, space, ann, bo, cat, gus, rae, eve }
    }

    /// The conversation of the first and the others.
    pub(crate) async fn talk(&self, first: &Person, others: &[&Person]) -> Conversation {
        let (space, others) = (self.space, others.iter().map(|other| other.id).collect::<Vec<_>>());
        self.app
            .act(first.id, move |tx, actor| conversation::get_or_create(tx, actor, space, &others))
            .await
    }

    /// Takes Rae out of the workspace.
    pub(crate) async fn dismiss_rae(&self) {
        let (space, rae) = (self.space, self.rae.id);
        self.app.act(self.ann.id, move |tx, actor| member::remove(tx, actor, space, rae)).await;
    }
}
