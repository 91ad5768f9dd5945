//! A workspace with one person of each standing, and what happens when each of them tries
//! something.

use halyard_identity::{NewUser, UserId, create_user};
use halyard_messaging::{
    Actor, ChannelId, Error, Role, WorkspaceId,
    member::{self, Invitation},
    workspace::{self, NewWorkspace},
};
use halyard_platform::{
    clock::Millis,
    db::{self, Db, FromRow, Migration, Tx},
    params,
};

/// The time of everything that does not say otherwise: 2027-01-15 08:00:00 UTC.
pub(crate) const NOW: Millis = 1_800_000_000_000;

pub(crate) fn migrations() -> Vec<Migration> {
    [halyard_platform::MIGRATIONS, halyard_identity::MIGRATIONS, halyard_messaging::MIGRATIONS]
        .concat()
}

/// Runs a use case as this person.
pub(crate) async fn act<T, F>(db: &Db, user: UserId, run: F) -> Result<T, Error>
where
    T: Send + 'static,
    F: Fn(&mut Tx<'_>, &Actor) -> Result<T, Error> + Send + 'static,
{
    act_at(db, user, NOW, run).await
}

/// Runs a use case as this person at another time.
pub(crate) async fn act_at<T, F>(db: &Db, user: UserId, now: Millis, run: F) -> Result<T, Error>
where
    T: Send + 'static,
    F: Fn(&mut Tx<'_>, &Actor) -> Result<T, Error> + Send + 'static,
{
    let actor = Actor { user, now };
    db.write(move |tx| run(tx, &actor)).await
}

/// The rows of a query.
pub(crate) async fn rows<T: FromRow + Send + 'static>(db: &Db, sql: &'static str) -> Vec<T> {
    db.read(move |tx| tx.all(sql, params![])).await.expect(sql)
}

/// Kind, subject and payload of the newest event.
pub(crate) async fn last_event(db: &Db) -> (String, String, String) {
    let sql = "select kind, subject, payload from event order by id desc limit 1";
    rows(db, sql).await.pop().expect("an event")
}

/// Somebody with a password, `<name>@example.com`, in no workspace.
pub(crate) async fn person(db: &Db, name: &'static str) -> UserId {
    db.write(move |tx| {
        let new = NewUser {
            name: name.to_owned(),
            email: format!("{name}@example.com"),
            password_hash: Some("$hash$".to_owned()),
            bot: false,
        };
        create_user(tx, &new, NOW)
    })
    .await
    .expect(name)
}

/// An invitation of `<name>@example.com`.
pub(crate) fn invitation(name: &str, role: Role, channels: &[ChannelId]) -> Invitation {
    Invitation {
        email: format!("{name}@example.com"),
        name: None,
        role,
        channels: channels.to_vec(),
    }
}

/// A workspace and its people.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Team {
    pub(crate) workspace: WorkspaceId,
    /// Made with the workspace: Ann and Bo are in it.
    pub(crate) general: ChannelId,
    /// Private: only Ann and Gus are in it.
    pub(crate) side: ChannelId,
    /// Administrator.
    pub(crate) ann: UserId,
    /// User.
    pub(crate) bo: UserId,
    /// Guest.
    pub(crate) gus: UserId,
    /// Was a user until she was removed.
    pub(crate) rae: UserId,
    /// Has another workspace.
    pub(crate) eve: UserId,
}

impl Team {
    pub(crate) async fn new(db: &Db) -> Self {
        let ann = person(db, "ann").await;
        let bo = person(db, "bo").await;
        let gus = person(db, "gus").await;
        let rae = person(db, "rae").await;
        let eve = person(db, "eve").await;
        let named = |name: &str| NewWorkspace { name: name.to_owned(), ..NewWorkspace::default() };
        let (crew, other) = (named("Crew"), named("Other"));
        act(db, eve, move |tx, actor| workspace::add(tx, actor, &other)).await.expect("Other");
        let crew = act(db, ann, move |tx, actor| workspace::add(tx, actor, &crew)).await;
        let crew = crew.expect("Crew");
        let workspace = crew.id;
        let general = crew.default_channel.expect("General");
        let side = act(db, ann, move |tx, actor| {
            let side: ChannelId = tx.one(
                "insert into channel (workspace_id, creator, name, public, created_at)
                 values ($1, $2, 'side', false, $3) returning id",
                params![workspace, actor.user, NOW],
            )?;
            tx.exec(
                "insert into channel_member (channel_id, user_id, read_before, joined_at)
                 values ($1, $2, 0, $3)",
                params![side, actor.user, NOW],
            )?;
            member::invite(tx, actor, workspace, &invitation("bo", Role::User, &[]))?;
            member::invite(tx, actor, workspace, &invitation("gus", Role::Guest, &[side]))?;
            member::invite(tx, actor, workspace, &invitation("rae", Role::User, &[]))?;
            member::remove(tx, actor, workspace, rae)?;
            Ok(side)
        });
        let side = side.await.expect("the crew");
        let team = Self { workspace, general, side, ann, bo, gus, rae, eve };
        team.check_channels(db).await;
        team
    }

    /// The tests mean something only if everybody is where the fields say.
    async fn check_channels(&self, db: &Db) {
        let there: Vec<(ChannelId, UserId)> = rows(
            db,
            "select cm.channel_id, cm.user_id from channel_member cm
             join channel c on c.id = cm.channel_id
             join workspace w on w.id = c.workspace_id and w.name = 'Crew'
             order by cm.channel_id, cm.user_id",
        )
        .await;
        let (general, side) = (self.general, self.side);
        assert_eq!(
            there,
            [(general, self.ann), (general, self.bo), (side, self.ann), (side, self.gus)]
        );
    }

    /// What admin, user, guest, removed member and outsider get when they try something: `ok` or
    /// the name of the error. Nothing of it stays.
    pub(crate) async fn outcomes(&self, db: &Db, op: Op) -> [String; 5] {
        self.outcomes_of(db, op).await
    }

    /// As [`outcomes`](Self::outcomes), for an attempt that knows more than the team.
    pub(crate) async fn outcomes_of<F>(&self, db: &Db, op: F) -> [String; 5]
    where
        F: Fn(&mut Tx<'_>, &Actor, &Self) -> Result<(), Error> + Copy + Send + 'static,
    {
        let mut outcomes = [const { String::new() }; 5];
        let people = [self.ann, self.bo, self.gus, self.rae, self.eve];
        for (outcome, user) in outcomes.iter_mut().zip(people) {
            let team = *self;
            let tried: Result<(), Tried> =
                db.write(move |tx| Err(Tried(op(tx, &Actor { user, now: NOW }, &team)))).await;
            *outcome = match tried {
                Err(Tried(Ok(()))) => "ok".to_owned(),
                Err(Tried(Err(error))) => name_of(&error),
                Ok(()) => unreachable!("a try always ends in an error"),
            };
        }
        outcomes
    }
}

/// Something that each of the people tries.
pub(crate) type Op = fn(&mut Tx<'_>, &Actor, &Team) -> Result<(), Error>;

/// Carries a result out of a transaction that is rolled back.
struct Tried(Result<(), Error>);

impl From<db::Error> for Tried {
    fn from(error: db::Error) -> Self {
        Self(Err(error.into()))
    }
}

fn name_of(error: &Error) -> String {
    let text = format!("{error:?}");
    text.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_owned()
}
