//! `GET /api/app/v1/workspaces/{id}/export`: a workspace as one file, for administrators, with what
//! they can see. It is written while it is sent, from a page of the database at a time; one that was
//! cut off has no `checksums.txt` at its end.

use std::{
    io::{self, Write},
    sync::Arc,
};

use axum::{
    body::{Body, Bytes},
    extract::{Path, State},
    response::Response,
};
use halyard_identity::Scope;
use halyard_messaging::{
    WorkspaceId, audit,
    transfer::{self, Extent, Manifest},
    workspace,
};
use halyard_platform::{archive::Writer, db};
use http::{Extensions, HeaderMap, HeaderValue, Uri, header};
use tokio::{
    runtime::Handle,
    sync::{Semaphore, mpsc},
};

use super::{admin::Caller, error::Refused};
use crate::App;

/// Exports at a time: each holds a thread until its client has read it.
static ROOM: Semaphore = Semaphore::const_new(2);
/// Bytes sent at once, and how many of such pieces wait for the client.
const PIECE: usize = 64 * 1024;
const PIECES: usize = 4;

/// What a token must cover to take all of this away.
const SCOPES: &[Scope] = &[
    Scope::WORKSPACES_WRITE,
    Scope::CHANNELS_READ,
    Scope::THREADS_READ,
    Scope::COMMENTS_READ,
    Scope::GROUPS_READ,
    Scope::MESSAGES_READ,
    Scope::REACTIONS_READ,
    Scope::ATTACHMENTS_READ,
];

type Piece = Result<Bytes, io::Error>;

pub(super) async fn download(
    State(app): State<Arc<App>>,
    Path(id): Path<i64>,
    headers: HeaderMap,
    extensions: Extensions,
    uri: Uri,
) -> Result<Response, Refused> {
    // A page of another server must not be able to fill the list of acts.
    let caller = Caller::changing(&app, &headers, &extensions, &uri, SCOPES)?;
    let room = ROOM.try_acquire().map_err(|_| Refused::Crowded)?;
    let id = WorkspaceId(id);
    let begun = app.db.write(move |tx| -> Result<_, Refused> {
        let actor = caller.actor(tx)?;
        workspace::require_admin(tx, &actor, id)?;
        audit::exported(tx, &actor, id, false)?;
        Ok(actor)
    });
    let actor = begun.await?;
    let (pieces, mut sent) = mpsc::channel::<Piece>(PIECES);
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || {
        let _room = room;
        let out = Pieces { pieces: pieces.clone(), waiting: Vec::with_capacity(PIECE) };
        if let Err(error) = write(&app, &runtime, id, actor, out) {
            if error.kind() != io::ErrorKind::BrokenPipe {
                tracing::error!(workspace = id.0, %error, "an export was cut off");
            }
            // The client must see that this was not the end; it may be gone itself.
            pieces.blocking_send(Err(error)).ok();
        }
    });
    let stream = futures_util::stream::poll_fn(move |context| sent.poll_recv(context));
    let mut response = Response::new(Body::from_stream(stream));
    let name = format!("attachment; filename=\"workspace-{id}.tar.zst\"");
    let name = HeaderValue::try_from(name).expect("digits make a header");
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/zstd"));
    headers.insert(header::CONTENT_DISPOSITION, name);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Ok(response)
}

fn write(
    app: &App,
    runtime: &Handle,
    id: WorkspaceId,
    actor: halyard_messaging::Actor,
    out: Pieces,
) -> io::Result<()> {
    let mut writer = Writer::new(out, actor.now)?;
    let (mut at, mut done) = (None, false);
    let mut next = || -> io::Result<_> {
        if done {
            return Ok(None);
        }
        let cursor = at.take();
        let page = app.db.read_long(move |tx| -> Result<_, db::Error> {
            transfer::page(tx, id, Extent::SeenBy(actor.user), cursor.clone())
        });
        let mut page = runtime.block_on(page).map_err(io::Error::other)?;
        at = page.next.take();
        done = at.is_none();
        Ok(Some(page))
    };
    let manifest = Manifest::new(id.0, false, actor.now);
    let summary = transfer::write(&mut writer, &manifest, &app.blobs, &mut next)?;
    if summary.missing > 0 {
        tracing::warn!(workspace = id.0, files = summary.missing, "an export lacks files");
    }
    writer.finish()?.flush()
}

/// Hands pieces to the connection, as fast as the client takes them.
struct Pieces {
    pieces: mpsc::Sender<Piece>,
    waiting: Vec<u8>,
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.waiting.extend_from_slice(bytes);
        if self.waiting.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let piece = std::mem::take(&mut self.waiting);
        if piece.is_empty() {
            return Ok(());
        }
        let gone = |_| io::Error::from(io::ErrorKind::BrokenPipe);
        self.pieces.blocking_send(Ok(piece.into())).map_err(gone)
    }
}
