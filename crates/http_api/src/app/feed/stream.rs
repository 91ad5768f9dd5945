//! One connection: first what it missed, then what happens.

use std::{collections::HashSet, convert::Infallible, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::stream;
use halyard_identity::{Credentials, Scopes, UserId, authenticate};
use halyard_messaging::{
    WorkspaceId,
    feed::{self, Scene},
};
use halyard_platform::{
    db::{Error, Tx},
    events,
};
use serde_json::json;
use tokio::{sync::mpsc, time::sleep};

use super::{
    Feed, Joined, Refused,
    frame::{Frame, KEEP_ALIVE, RESET},
    hub::Command,
};
use crate::App;

/// Silence after which something is sent, and after which it is asked whether the token is valid.
const QUIET: Duration = Duration::from_secs(25);
/// Missed events read at a time.
const PAGE: i64 = 256;

/// Who listens.
pub(super) struct Person {
    pub(super) credentials: Credentials,
    pub(super) user: UserId,
    pub(super) scopes: Scopes,
    pub(super) workspaces: HashSet<WorkspaceId>,
}

/// What a connection still has to send before it is up to date.
enum Missed {
    Nothing,
    /// What is behind the first event, up to the second.
    Between(i64, i64),
    /// The client is ahead of this node: frames up to this event are old to it.
    UpTo(i64),
}

/// Leaves the hub when the connection ends.
struct Seat {
    feed: Feed,
    number: u64,
}

impl Drop for Seat {
    fn drop(&mut self) {
        // Without a hub there is nothing to leave.
        self.feed.send(Command::Leave(self.number)).ok();
    }
}

pub(super) struct Stream {
    app: Arc<App>,
    person: Arc<Person>,
    frames: mpsc::Receiver<Frame>,
    missed: Missed,
    /// To be sent next.
    ready: Option<Bytes>,
    _seat: Seat,
}

impl Stream {
    pub(super) async fn new(
        app: Arc<App>,
        person: Person,
        joined: Joined,
        resume: Option<i64>,
        frames: mpsc::Receiver<Frame>,
    ) -> Result<Self, Refused> {
        let seat = Seat { feed: app.feed.clone(), number: joined.number };
        let online = joined.online.iter();
        let online: Vec<_> =
            online.map(|(id, people)| json!({"workspace_id": id, "online": people})).collect();
        let greeting = json!({"workspaces": online});
        let position = joined.position;
        let (missed, ready) = match resume {
            None => (Missed::Nothing, Frame::hello(position, &greeting)),
            Some(from) => {
                let found = app.db.read(move |tx| since(tx, from, position)).await?;
                match found {
                    Some(missed) => (missed, Frame::hello(None, &greeting)),
                    None => {
                        let reset = [&Frame::hello(position, &greeting)[..], &RESET[..]].concat();
                        (Missed::Nothing, reset.into())
                    }
                }
            }
        };
        Ok(Self { app, person: Arc::new(person), frames, missed, ready: Some(ready), _seat: seat })
    }

    /// The body of the answer.
    pub(super) fn frames(self) -> impl futures_util::Stream<Item = Result<Bytes, Infallible>> {
        stream::unfold(self, |mut stream| async move {
            let bytes = stream.next().await?;
            Some((Ok(bytes), stream))
        })
    }

    async fn next(&mut self) -> Option<Bytes> {
        if let Some(ready) = self.ready.take() {
            return Some(ready);
        }
        while let Missed::Between(from, to) = self.missed {
            let person = self.person.clone();
            let page = self.app.db.read(move |tx| page(tx, &person, from, to)).await;
            // The client comes back and goes on where it is.
            let page = page.inspect_err(|error| tracing::error!(%error, "a feed ended")).ok()?;
            self.missed = match page.next {
                Some(from) => Missed::Between(from, to),
                None => Missed::Nothing,
            };
            if !page.bytes.is_empty() {
                return Some(page.bytes.into());
            }
        }
        loop {
            tokio::select! {
                frame = self.frames.recv() => {
                    let frame = frame?;
                    if self.is_new(&frame) {
                        return Some(frame.text);
                    }
                }
                () = sleep(QUIET) => return self.is_welcome().await.then_some(KEEP_ALIVE),
            }
        }
    }

    fn is_new(&mut self, frame: &Frame) -> bool {
        let (Missed::UpTo(last), Some(id)) = (&self.missed, frame.id) else { return true };
        if *last == id {
            self.missed = Missed::Nothing;
        }
        false
    }

    /// Whether the token still says who this is.
    async fn is_welcome(&self) -> bool {
        let (credentials, clock) = (self.person.credentials, self.app.clock.clone());
        let who = self.app.db.read(move |tx| authenticate(tx, &credentials, clock.now()));
        who.await.is_ok_and(|principal| principal.user == self.person.user)
    }
}

/// What was missed since the event `from`, for a connection whose frames begin behind `position`;
/// none when that is not known any more.
fn since(tx: &mut Tx<'_>, from: i64, position: Option<i64>) -> Result<Option<Missed>, Error> {
    if !events::is_kept(tx, from)? {
        return Ok(None);
    }
    Ok(match position {
        Some(position) if position == from => Some(Missed::Nothing),
        Some(position) if !events::is_kept(tx, position)? => None,
        Some(position) if events::is_before(tx, from, position)? => {
            Some(Missed::Between(from, position))
        }
        _ => Some(Missed::UpTo(from)),
    })
}

struct Page {
    bytes: Vec<u8>,
    /// Where the next page begins; none when this was the last.
    next: Option<i64>,
}

fn page(tx: &mut Tx<'_>, person: &Person, from: i64, to: i64) -> Result<Page, Error> {
    let mut page = Page { bytes: Vec::new(), next: None };
    for event in events::after(tx, Some(from), PAGE)? {
        page.next = Some(event.id);
        if let (Some(scene), Some(scope)) = (Scene::of(&event), feed::scope(&event.kind))
            && person.scopes.allow(scope)
            && person.workspaces.contains(&scene.workspace)
            && !scene.audience(tx, Some(person.user))?.is_empty()
        {
            page.bytes.extend_from_slice(&Frame::of(&event).text);
        }
        if event.id == to {
            page.next = None;
            break;
        }
    }
    Ok(page)
}
