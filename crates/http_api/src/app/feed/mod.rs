//! The live feed: what happens, as server-sent events, to each member what they may see.
//!
//! `GET /api/app/v1/feed` answers a stream that begins with `hello` and goes on with one message for
//! each event: its id, its kind (the names of the outbound hooks, and `conversation_…`) and the ids
//! of what it touches. Contents are fetched through the API. A client that comes back with
//! `Last-Event-ID` gets what it has missed; if that is not known any more it gets `reset` and starts
//! over. `presence` and `typing` come without an id and leave no trace.

mod frame;
mod hub;
mod presence;
mod stream;

use std::sync::{Arc, OnceLock};

use axum::{
    body::{Body, Bytes},
    extract::State,
    response::Response,
};
use halyard_identity::{Credentials, Scope, authenticate};
use halyard_messaging::{
    Actor, ConversationId, ThreadId, WorkspaceId,
    feed::{self, Writing},
};
use halyard_platform::{db::Db, events, signals::Signals};
use http::{HeaderMap, StatusCode, Uri, header};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::{mpsc, oneshot};

use self::{
    frame::Frame,
    hub::{Command, Hub, Joined, Listener},
};
use super::error::{Refused, answer};
use crate::{
    App,
    kit::{credentials::present, origin::is_same_origin},
};

/// The listeners of this node. Costs nothing while nobody listens.
#[derive(Clone)]
pub struct Feed {
    db: Db,
    signals: Signals,
    hub: Arc<OnceLock<mpsc::UnboundedSender<Command>>>,
}

impl Feed {
    /// Nobody listens yet.
    pub fn new(db: Db, signals: Signals) -> Self {
        Self { db, signals, hub: Arc::default() }
    }

    /// Ends every feed, so that the server can stop; clients come back when it is up again.
    pub fn close(&self) {
        if let Some(hub) = self.hub.get() {
            // The hub is gone already when nobody receives.
            hub.send(Command::Close).ok();
        }
    }

    fn send(&self, command: Command) -> Result<(), Refused> {
        let hub = self.hub.get_or_init(|| {
            let (sender, commands) = mpsc::unbounded_channel();
            let wakes = self.signals.subscribe(events::TOPIC);
            tokio::spawn(Hub::new(self.db.clone(), wakes, commands).run());
            sender
        });
        hub.send(command).map_err(|_| Refused::Closing)
    }

    async fn join(&self, listener: Listener) -> Result<Joined, Refused> {
        let (reply, joined) = oneshot::channel();
        self.send(Command::Join(listener, reply))?;
        joined.await.map_err(|_| Refused::Closing)
    }
}

/// What a client may say in the address, because browsers cannot send headers with it.
#[derive(Default)]
struct Wanted {
    /// Only this workspace; else all of the person's.
    workspace_id: Option<WorkspaceId>,
    /// Instead of the header.
    token: Option<String>,
    /// Instead of the header `Last-Event-ID`.
    last_event_id: Option<String>,
}

impl Wanted {
    fn of(uri: &Uri) -> Result<Self, Refused> {
        let mut wanted = Self::default();
        for (name, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
            match &*name {
                "workspace_id" => {
                    let id = value.parse().map_err(|_| {
                        Refused::Malformed("workspace_id: the id of a workspace".to_owned())
                    })?;
                    wanted.workspace_id = Some(WorkspaceId(id));
                }
                "token" => wanted.token = Some(value.into_owned()),
                "last_event_id" => wanted.last_event_id = Some(value.into_owned()),
                _ => {}
            }
        }
        Ok(wanted)
    }
}

pub(super) async fn listen(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Refused> {
    let wanted = Wanted::of(&uri)?;
    let credentials = present(&headers, wanted.token.as_deref()).credentials;
    let resume = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    let resume = resume.or(wanted.last_event_id.as_deref()).filter(|text| !text.is_empty());
    let resume = match resume.map(str::parse::<i64>) {
        None => None,
        Some(Ok(id)) => Some(id),
        Some(Err(_)) => {
            return Err(Refused::Malformed("Last-Event-ID: the id of an event".to_owned()));
        }
    };
    let (clock, only) = (app.clock.clone(), wanted.workspace_id);
    let person = app.db.read(move |tx| -> Result<_, Refused> {
        let principal = authenticate(tx, &credentials, clock.now())?;
        let mut workspaces = feed::workspaces(tx, principal.user)?;
        if let Some(only) = only {
            workspaces.retain(|(id, _)| *id == only);
            if workspaces.is_empty() {
                return Err(Refused::NoWorkspace);
            }
        }
        Ok((principal, workspaces))
    });
    let (principal, workspaces) = person.await?;
    app.uses.note(&principal, app.clock.now());
    let (frames, received) = mpsc::channel(hub::BACKLOG);
    let (user, scopes) = (principal.user, principal.scopes);
    let listener = Listener { user, scopes, workspaces: workspaces.clone(), frames };
    let joined = app.feed.join(listener).await?;
    let person = stream::Person {
        credentials,
        user,
        scopes,
        workspaces: workspaces.into_iter().map(|(id, _)| id).collect(),
    };
    let stream = stream::Stream::new(app.clone(), person, joined, resume, received).await?;
    let mut response = Response::new(Body::from_stream(stream.frames()));
    let fixed = http::HeaderValue::from_static;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, fixed("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, fixed("no-store"));
    // Proxies that collect answers must not do so here.
    headers.insert("x-accel-buffering", fixed("no"));
    Ok(response)
}

/// Where somebody writes.
#[derive(Deserialize)]
struct Typing {
    thread_id: Option<ThreadId>,
    conversation_id: Option<ConversationId>,
}

/// `POST /api/app/v1/typing` with `{"thread_id": …}` or `{"conversation_id": …}`: tells the others
/// who can see it. Nothing is stored.
pub(super) async fn typing(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    uri: Uri,
    body: Bytes,
) -> Result<Response, Refused> {
    let credentials = present(&headers, None).credentials;
    if matches!(credentials, Credentials::Session(_)) && !is_same_origin(&headers, &uri) {
        return Err(Refused::Foreign);
    }
    let typing: Typing =
        serde_json::from_slice(&body).map_err(|error| Refused::Malformed(error.to_string()))?;
    let (writing, scope) = match (typing.thread_id, typing.conversation_id) {
        (Some(id), None) => (Writing::InThread(id), Scope::COMMENTS_WRITE),
        (None, Some(id)) => (Writing::InConversation(id), Scope::MESSAGES_WRITE),
        _ => return Err(Refused::Malformed("either thread_id or conversation_id".to_owned())),
    };
    let clock = app.clock.clone();
    let told = app.db.read(move |tx| -> Result<_, Refused> {
        let now = clock.now();
        let principal = authenticate(tx, &credentials, now)?;
        principal.scopes.require(scope)?;
        let actor = Actor { user: principal.user, now };
        let (scene, channel) = feed::writing(tx, &actor, writing)?;
        let mut people = scene.audience(tx, None)?;
        people.retain(|user| *user != actor.user);
        Ok((scene.workspace, channel, people, actor.user))
    });
    let (workspace, channel, people, user) = told.await?;
    let data = match writing {
        Writing::InThread(id) => json!({
            "workspace_id": workspace, "channel_id": channel, "thread_id": id, "user_id": user,
        }),
        Writing::InConversation(id) => json!({
            "workspace_id": workspace, "conversation_id": id, "user_id": user,
        }),
    };
    app.feed.send(Command::Pass { workspace, people, frame: Frame::passing("typing", &data) })?;
    Ok(answer(StatusCode::OK, &json!({"status": "ok"})))
}
