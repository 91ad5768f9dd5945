//! Reads the event log once for everybody who listens on this node, and hands each event to those
//! who may see it.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use halyard_identity::{Scopes, UserId};
use halyard_messaging::{
    Role, WorkspaceId,
    feed::{self, Scene},
};
use halyard_platform::{
    db::{Db, Error, Tx},
    events::{self, Event},
    signals::Subscribed,
};
use serde_json::json;
use tokio::{
    sync::{mpsc, oneshot},
    time::{Interval, MissedTickBehavior, sleep},
};

use super::{frame::Frame, presence::Presence};

/// Events read at a time.
const BATCH: i64 = 256;
/// Frames that wait for a slow connection; beyond that it is closed, and the client resumes.
pub(super) const BACKLOG: usize = 256;
/// The longest time until the log is read without a signal, such as after a post at another node.
const POLL: Duration = Duration::from_millis(500);
/// After a signal an event may not be readable yet, because an older transaction is still open.
const LOOKS: [Duration; 4] = [
    Duration::from_millis(1),
    Duration::from_millis(5),
    Duration::from_millis(25),
    Duration::from_millis(100),
];
/// How often presence is told.
const TELL: Duration = Duration::from_secs(1);
const AFTER_FAILURE: Duration = Duration::from_millis(200);

/// Somebody who wants to listen.
pub(super) struct Listener {
    pub(super) user: UserId,
    pub(super) scopes: Scopes,
    /// The workspaces that they want to hear of, and their role there.
    pub(super) workspaces: Vec<(WorkspaceId, Role)>,
    pub(super) frames: mpsc::Sender<Frame>,
}

/// What a listener gets to know when they are heard.
pub(super) struct Joined {
    pub(super) number: u64,
    /// The event behind which the frames go on.
    pub(super) position: Option<i64>,
    pub(super) online: Vec<(WorkspaceId, Vec<UserId>)>,
}

pub(super) enum Command {
    Join(Listener, oneshot::Sender<Joined>),
    Leave(u64),
    /// Something that leaves no trace, for these people.
    Pass {
        workspace: WorkspaceId,
        people: Vec<UserId>,
        frame: Frame,
    },
    /// Ends all feeds.
    Close,
}

pub(super) struct Hub {
    db: Db,
    wakes: Subscribed,
    commands: mpsc::UnboundedReceiver<Command>,
    listeners: HashMap<u64, Listener>,
    by_user: HashMap<UserId, Vec<u64>>,
    last_number: u64,
    position: Option<i64>,
    presence: Presence,
    /// Looks without a result since the last signal.
    idle_looks: usize,
}

impl Hub {
    pub(super) fn new(
        db: Db,
        wakes: Subscribed,
        commands: mpsc::UnboundedReceiver<Command>,
    ) -> Self {
        Self {
            db,
            wakes,
            commands,
            listeners: HashMap::new(),
            by_user: HashMap::new(),
            last_number: 0,
            position: None,
            presence: Presence::default(),
            idle_looks: LOOKS.len(),
        }
    }

    /// Until the last handle on it is gone or it is closed.
    pub(super) async fn run(mut self) {
        let mut tell = tokio::time::interval(TELL);
        tell.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while self.step(&mut tell).await {}
    }

    async fn step(&mut self, tell: &mut Interval) -> bool {
        let listening = !self.listeners.is_empty();
        let wait = LOOKS.get(self.idle_looks).copied().unwrap_or(POLL);
        tokio::select! {
            command = self.commands.recv() => match command {
                Some(Command::Join(listener, reply)) => self.join(listener, reply).await,
                Some(Command::Leave(number)) => self.leave(number),
                Some(Command::Pass { workspace, people, frame }) => {
                    self.hand_out(workspace, &people, &frame, |_| true);
                }
                Some(Command::Close) | None => return false,
            },
            () = self.wakes.notified(), if listening => {
                self.idle_looks = 0;
                self.read_on().await;
            }
            () = sleep(wait), if listening => self.read_on().await,
            _ = tell.tick(), if self.presence.is_restless() => self.tell(),
        }
        true
    }

    async fn join(&mut self, listener: Listener, reply: oneshot::Sender<Joined>) {
        if self.listeners.is_empty() {
            // Nobody listened; the log is taken up where it is now.
            self.position = loop {
                match self.db.read(events::newest).await {
                    Ok(newest) => break newest,
                    Err(Error::Closed) => return,
                    Err(error) => pause_after(&error).await,
                }
            };
        }
        self.last_number += 1;
        let number = self.last_number;
        for (workspace, _) in &listener.workspaces {
            self.presence.arrive(*workspace, listener.user);
        }
        let sees_people = |role: &Role| *role != Role::Guest;
        let online = listener.workspaces.iter().filter(|(_, role)| sees_people(role));
        let online = online.map(|(id, _)| (*id, self.presence.online(*id))).collect();
        self.by_user.entry(listener.user).or_default().push(number);
        self.listeners.insert(number, listener);
        if reply.send(Joined { number, position: self.position, online }).is_err() {
            // The connection is gone already.
            self.leave(number);
        }
    }

    fn leave(&mut self, number: u64) {
        let Some(listener) = self.listeners.remove(&number) else { return };
        for (workspace, _) in &listener.workspaces {
            self.presence.leave(*workspace, listener.user, Instant::now());
        }
        if let Some(numbers) = self.by_user.get_mut(&listener.user) {
            numbers.retain(|other| *other != number);
            if numbers.is_empty() {
                self.by_user.remove(&listener.user);
            }
        }
    }

    /// Hands out what is new, and goes on until there is nothing.
    async fn read_on(&mut self) {
        loop {
            let position = self.position;
            match self.db.read(move |tx| news(tx, position)).await {
                Ok(news) if news.is_empty() => {
                    self.idle_looks += 1;
                    return;
                }
                Ok(news) => self.spread(&news),
                Err(Error::Closed) => return,
                Err(error) => pause_after(&error).await,
            }
        }
    }

    fn spread(&mut self, news: &[News]) {
        for News { event, audience } in news {
            if let (Some((workspace, people)), Some(scope)) = (audience, feed::scope(&event.kind)) {
                let frame = Frame::of(event);
                self.hand_out(*workspace, people, &frame, |scopes| scopes.allow(scope));
            }
            self.position = Some(event.id);
        }
        self.idle_looks = 0;
    }

    fn hand_out(
        &mut self,
        workspace: WorkspaceId,
        people: &[UserId],
        frame: &Frame,
        may: impl Fn(Scopes) -> bool,
    ) {
        let mut lost = Vec::new();
        for user in people {
            for number in self.by_user.get(user).into_iter().flatten() {
                let Some(listener) = self.listeners.get(number) else { continue };
                if may(listener.scopes)
                    && listener.workspaces.iter().any(|(id, _)| *id == workspace)
                    && listener.frames.try_send(frame.clone()).is_err()
                {
                    lost.push(*number);
                }
            }
        }
        // Without its sender a connection ends; the client comes back and resumes.
        lost.into_iter().for_each(|number| self.leave(number));
    }

    fn tell(&mut self) {
        for change in self.presence.changes(Instant::now()) {
            let data = json!({
                "workspace_id": change.workspace,
                "online": change.online,
                "offline": change.offline,
            });
            let frame = Frame::passing("presence", &data);
            let sees = |listener: &&Listener| {
                let mut workspaces = listener.workspaces.iter();
                workspaces.any(|(id, role)| *id == change.workspace && *role != Role::Guest)
            };
            let mut people: Vec<_> =
                self.listeners.values().filter(sees).map(|listener| listener.user).collect();
            people.sort_unstable();
            people.dedup();
            let scope = halyard_identity::Scope::WORKSPACES_READ;
            self.hand_out(change.workspace, &people, &frame, |scopes| scopes.allow(scope));
        }
    }
}

async fn pause_after(error: &Error) {
    tracing::error!(%error, "the live feed cannot read the events and tries again");
    sleep(AFTER_FAILURE).await;
}

/// An event and who sees it.
struct News {
    event: Event,
    audience: Option<(WorkspaceId, Arc<[UserId]>)>,
}

fn news(tx: &mut Tx<'_>, position: Option<i64>) -> Result<Vec<News>, Error> {
    let mut known: HashMap<Scene, Arc<[UserId]>> = HashMap::new();
    let mut news = Vec::new();
    for event in events::after(tx, position, BATCH)? {
        let audience = match Scene::of(&event) {
            None => None,
            Some(scene) => {
                let people = match known.get(&scene) {
                    Some(people) => people.clone(),
                    None => {
                        let people: Arc<[UserId]> = scene.audience(tx, None)?.into();
                        known.insert(scene.clone(), people.clone());
                        people
                    }
                };
                Some((scene.workspace, people))
            }
        };
        news.push(News { event, audience });
    }
    Ok(news)
}
