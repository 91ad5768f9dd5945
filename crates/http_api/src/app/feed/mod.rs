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
    response::{IntoResponse, Response},
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

/// Why there is no feed.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("the server is stopping; try again in a moment")]
    Closing,
    #[error("{0}")]
    Malformed(String),
    #[error("the request does not come from a page of this server")]
    Foreign,
    #[error("there is no such workspace, or you are not in it")]
    NoWorkspace,
    #[error(transparent)]
    Identity(#[from] halyard_identity::Error),
    #[error(transparent)]
    Messaging(#[from] halyard_messaging::Error),
    #[error(transparent)]
    Db(#[from] halyard_platform::db::Error),
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        use halyard_identity::Error as Identity;
        use halyard_messaging::Error as Messaging;
        use halyard_platform::db::Error as Db;
        let status = match &self {
            Self::Closing
            | Self::Db(Db::Busy | Db::DiskFull | Db::Closed)
            | Self::Identity(Identity::Store(Db::Busy | Db::DiskFull | Db::Closed))
            | Self::Messaging(Messaging::Store(Db::Busy | Db::DiskFull | Db::Closed)) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::Identity(Identity::InvalidToken) => StatusCode::UNAUTHORIZED,
            Self::Foreign | Self::Identity(Identity::MissingScope(_)) => StatusCode::FORBIDDEN,
            Self::NoWorkspace
            | Self::Messaging(Messaging::ThreadNotFound | Messaging::ConversationNotFound) => {
                StatusCode::NOT_FOUND
            }
            Self::Identity(_) | Self::Messaging(_) | Self::Db(_) => {
                tracing::error!(error = %self, "the live feed failed");
                return answer(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    &json!({"error": "internal error"}),
                );
            }
        };
        let mut response = answer(status, &json!({"error": self.to_string()}));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, http::HeaderValue::from_static("1"));
        }
        response
    }
}

fn answer(status: StatusCode, body: &serde_json::Value) -> Response {
    let mut response = (status, body.to_string()).into_response();
    let json = http::HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
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

pub(crate) async fn listen(State(app): State<Arc<App>>, headers: HeaderMap, uri: Uri) -> Response {
    match open(&app, &headers, &uri).await {
        Ok(response) => response,
        Err(refused) => refused.into_response(),
    }
}

async fn open(app: &Arc<App>, headers: &HeaderMap, uri: &Uri) -> Result<Response, Refused> {
    let wanted = Wanted::of(uri)?;
    let credentials = present(headers, wanted.token.as_deref()).credentials;
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
pub(crate) async fn typing(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    uri: Uri,
    body: Bytes,
) -> Response {
    match tell_typing(&app, &headers, &uri, &body).await {
        Ok(()) => answer(StatusCode::OK, &json!({"status": "ok"})),
        Err(refused) => refused.into_response(),
    }
}

async fn tell_typing(
    app: &App,
    headers: &HeaderMap,
    uri: &Uri,
    body: &[u8],
) -> Result<(), Refused> {
    let credentials = present(headers, None).credentials;
    if matches!(credentials, Credentials::Session(_)) && !is_same_origin(headers, uri) {
        return Err(Refused::Foreign);
    }
    let typing: Typing =
        serde_json::from_slice(body).map_err(|error| Refused::Malformed(error.to_string()))?;
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
    app.feed.send(Command::Pass { workspace, people, frame: Frame::passing("typing", &data) })
}
