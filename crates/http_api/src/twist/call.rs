use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::{Request, State},
    response::Response,
};
use futures_util::FutureExt;
use halyard_identity::{Credentials, recognize};
use halyard_messaging::{Actor, ConversationId, ThreadId};
use halyard_platform::{
    db::Tx,
    idempotency::{self, Asked, Outcome},
};
use http::{HeaderValue, header, request::Parts};
use serde::Serialize;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::{
    batch::{self, Outer},
    endpoint::{Endpoint, Login, Reply, Verb, find},
    error::{Code, Error},
};
use crate::{
    App,
    kit::{
        credentials::present,
        observe::Route,
        origin::{base, is_same_origin},
        params::{Params, Raw, ReadLimits},
        sign_in::peer,
    },
};

/// The version in the path decides how objects look, nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Version {
    /// `/api/v2/`
    V2,
    /// `/api/v3/` and `/api/v4/`
    V3,
}

/// One request to a known endpoint, and the only way from a handler to the store.
pub(crate) struct Call {
    pub(super) app: Arc<App>,
    pub(super) version: Version,
    /// Address of the client, for limits.
    pub(super) peer: String,
    /// The token as the client sent it.
    pub(super) token: Option<String>,
    /// The session cookie as the client sent it.
    pub(super) session: Option<String>,
    /// Where this server is, as far as the client is concerned: `http://host:port`.
    pub(super) base: String,
    endpoint: &'static Endpoint,
    /// What proves who calls.
    pub(super) credentials: Credentials,
    pub(super) idempotency_key: Option<String>,
    /// Of what is asked for, where there is a key.
    pub(super) fingerprint: [u8; 32],
    /// What the requests of a batch take over; only there.
    pub(super) outer: Option<Outer>,
    /// What a write mainly changes, so that the store can group writes of the same thing.
    key: Option<i64>,
}

/// Where a request comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// A client.
    Outside,
    /// A batch, whose own request has been counted and read already.
    Batch,
}

/// Answers every path that is not served otherwise.
pub async fn dispatch(State(app): State<Arc<App>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    serve(app, parts, body, Place::Outside).await
}

/// Answers a request, or one of a batch.
pub(super) async fn serve(app: Arc<App>, parts: Parts, body: Body, place: Place) -> Response {
    let Some((version, path)) = locate(parts.uri.path()) else {
        return Error::new(Code::NotFound).into_response(&app.random);
    };
    let Some(endpoint) = find(path) else {
        return Error::new(Code::NotFound).because("unknown path").into_response(&app.random);
    };
    if place == Place::Batch && endpoint.path == batch::PATH {
        let error = Error::new(Code::BadRequest).because("a batch holds no batch");
        return error.into_response(&app.random);
    }
    let answering = answer(app.clone(), version, endpoint, &parts, body, place);
    // A mistake of ours must not look like a broken connection, which clients repeat.
    let reply = AssertUnwindSafe(answering).catch_unwind().await.unwrap_or_else(|_| {
        Err(Error::internal(format_args!("{} panicked; the place is in the log", endpoint.path)))
    });
    let mut response = reply.unwrap_or_else(|error| error.into_response(&app.random));
    response.extensions_mut().insert(Route(endpoint.path));
    response
}

/// Finds `/api/v2/…` in a path; a client's base address may have a prefix.
fn locate(path: &str) -> Option<(Version, &str)> {
    let (_, rest) = path.split_once("/api/v")?;
    let (version, path) = rest.split_once('/')?;
    let version = match version {
        "2" => Version::V2,
        "3" | "4" => Version::V3,
        _ => return None,
    };
    Some((version, path.trim_end_matches('/')))
}

async fn answer(
    app: Arc<App>,
    version: Version,
    endpoint: &'static Endpoint,
    parts: &Parts,
    body: Body,
    place: Place,
) -> Reply {
    let limits = ReadLimits { body: app.settings.body_limit, upload: app.settings.upload_limit };
    if endpoint.upload {
        may_upload(&app, endpoint, parts).await?;
    }
    let blobs = endpoint.upload.then_some(&app.blobs);
    // The room of a batch is enough for what is in it; waiting for more could last for ever.
    let room = match place {
        Place::Outside => room_for(parts, &limits, endpoint).await,
        Place::Batch => None,
    };
    let reading = Params::read(parts, body, &limits, blobs);
    let params = match endpoint.upload {
        true => reading.await?,
        false => tokio::time::timeout(BODY_TIME, reading)
            .await
            .map_err(|_| Error::new(Code::BadRequest).because("the body took too long"))??,
    };
    chaos(&params, &app)?;
    // For these a stale header may be left on the request; it must not matter.
    let parameter = match endpoint.login {
        Login::Nobody => None,
        _ => params.peek("token").and_then(Raw::text).map(str::to_owned),
    };
    let presented = present(&parts.headers, parameter.as_deref());
    if endpoint.verb == Verb::Post
        && endpoint.login != Login::Nobody
        && matches!(presented.credentials, Credentials::Session(_))
        && !is_same_origin(&parts.headers, &parts.uri)
    {
        return Err(Error::new(Code::Forbidden).because("the request comes from another site"));
    }
    let base = base(&app, &parts.headers);
    let idempotency_key = idempotency_key(parts)?;
    let fingerprint = match &idempotency_key {
        Some(_) => params.fingerprint(&format!("POST {version:?} {}", endpoint.path)),
        None => [0; 32],
    };
    let outer = (endpoint.path == batch::PATH).then(|| Outer::of(parts));
    let call = Call {
        version,
        peer: peer(&parts.extensions),
        token: presented.token,
        session: presented.session,
        base,
        endpoint,
        credentials: presented.credentials,
        idempotency_key,
        fingerprint,
        key: None,
        outer,
        app,
    };
    let reply = (endpoint.handle)(call, params).await;
    drop(room);
    reply
}

/// A body above this size waits for room among [`LARGE_BODIES`].
const LARGE: u64 = 64 * 1024;
/// How long an ordinary body may take to arrive; it may hold room that others wait for.
const BODY_TIME: Duration = Duration::from_secs(60);
/// Room for large ordinary bodies, in KiB. Decoded they take many times their size.
static LARGE_BODIES: Semaphore = Semaphore::const_new(16 * 1024);

/// Waits until a large body fits into memory beside the others. Uploads are streamed to the disk
/// and need none.
async fn room_for(
    parts: &Parts,
    limits: &ReadLimits,
    endpoint: &Endpoint,
) -> Option<SemaphorePermit<'static>> {
    let announced = parts.headers.get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    let chunked = parts.headers.contains_key(header::TRANSFER_ENCODING);
    let size = announced.unwrap_or(if chunked { limits.body } else { 0 }).min(limits.body);
    if size <= LARGE || endpoint.upload {
        return None;
    }
    let kilobytes = u32::try_from(size / 1024).unwrap_or(u32::MAX).min(16 * 1024);
    LARGE_BODIES.acquire_many(kilobytes).await.ok()
}

/// Only somebody who may upload gets to fill the disk: asked before the body is read, and again in
/// the transaction that keeps the file.
async fn may_upload(
    app: &Arc<App>,
    endpoint: &'static Endpoint,
    parts: &Parts,
) -> Result<(), Error> {
    let query = parts.uri.query().unwrap_or_default().as_bytes();
    let token = form_urlencoded::parse(query).find(|(name, _)| name == "token");
    let presented = present(&parts.headers, token.as_ref().map(|(_, token)| token.as_ref()));
    let caller = Caller {
        app: app.clone(),
        credentials: presented.credentials,
        login: endpoint.login,
        peer: peer(&parts.extensions),
    };
    app.db.read(move |tx| caller.actor(tx).map(|_| ())).await
}

/// `chaos=<code>` and `chaos=random` make a request fail on purpose (vendor documentation).
fn chaos(params: &Params, app: &App) -> Result<(), Error> {
    let Some(wanted) = params.peek("chaos").and_then(Raw::text) else { return Ok(()) };
    let code = if wanted == "random" {
        let [byte] = app.random.bytes::<1>();
        Code::ALL.get(usize::from(byte) % Code::ALL.len())
    } else {
        Code::ALL.iter().find(|code| code.number().to_string() == wanted)
    };
    match code {
        Some(code) => Err(Error::new(*code)),
        None => Err(Error::invalid("chaos", "an error code or random")),
    }
}

fn idempotency_key(parts: &Parts) -> Result<Option<String>, Error> {
    let Some(key) = parts.headers.get("idempotency-key") else { return Ok(None) };
    match key.to_str() {
        Ok(key) if !key.is_empty() && key.len() <= idempotency::MAX_KEY => {
            Ok((parts.method == http::Method::POST).then(|| key.to_owned()))
        }
        _ => Err(Error::invalid("Idempotency-Key", "1 to 255 visible ASCII characters")),
    }
}

/// `{"status": "ok"}`, the answer of calls without a result.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Done {
    /// Always `ok`.
    status: &'static str,
}

/// The answer of calls without a result.
pub(crate) const DONE: Done = Done { status: "ok" };

impl Call {
    /// Says that the call mainly changes this thread.
    pub(super) fn about_thread(mut self, id: ThreadId) -> Self {
        // Clients send any number; what is far too large names nothing and may share a group.
        self.key = (id.0 > 0).then_some(id.0.wrapping_mul(2));
        self
    }

    /// Says that the call mainly changes this conversation.
    pub(super) fn about_conversation(mut self, id: ConversationId) -> Self {
        self.key = (id.0 > 0).then_some(id.0.wrapping_mul(2) | 1);
        self
    }

    /// Runs a read on behalf of the caller and answers its result.
    pub(super) async fn read<T, F>(&self, run: F) -> Reply
    where
        T: Serialize + Send + 'static,
        F: Fn(&mut Tx<'_>, &Actor) -> Result<T, Error> + Send + 'static,
    {
        self.answer(&self.fetch(run).await?)
    }

    /// Runs a read on behalf of the caller.
    pub(super) async fn fetch<T, F>(&self, run: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Fn(&mut Tx<'_>, &Actor) -> Result<T, Error> + Send + 'static,
    {
        let caller = self.caller();
        self.app
            .db
            .read(move |tx| {
                let actor = caller.actor(tx)?;
                run(tx, &actor)
            })
            .await
    }

    /// Runs a change on behalf of the caller and answers its result; with an idempotency key only
    /// once, however often the request comes.
    pub(super) async fn write<T, F>(&self, run: F) -> Reply
    where
        T: Serialize + Send + 'static,
        F: Fn(&mut Tx<'_>, &Actor) -> Result<T, Error> + Send + 'static,
    {
        let Some(key) = self.idempotency_key.clone() else {
            return self.answer(&self.change(run).await?);
        };
        let path = self.endpoint.path;
        let (version, fingerprint) = (self.version, self.fingerprint);
        let text = self
            .change(move |tx, actor| {
                let scope = format!("user:{}", actor.user);
                let former_scope = &format!("{scope}:{version:?}:{path}");
                let asked = Asked { scope: &scope, former_scope, key: &key, fingerprint };
                let outcome = idempotency::once(tx, &asked, actor.now, |tx| {
                    serde_json::to_string(&run(tx, actor)?).map_err(Error::internal)
                })?;
                match outcome {
                    Outcome::Answer(text) => Ok(text),
                    Outcome::OtherRequest => Err(Error::key_used()),
                }
            })
            .await?;
        Ok(json_text(with_base(text, &self.base).into()))
    }

    fn answer<T: Serialize>(&self, value: &T) -> Reply {
        let text = serde_json::to_string(value).map_err(Error::internal)?;
        Ok(json_text(with_base(text, &self.base).into()))
    }

    /// Runs a change on behalf of the caller. For calls whose answer must not be stored.
    pub(super) async fn change<T, F>(&self, run: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Fn(&mut Tx<'_>, &Actor) -> Result<T, Error> + Send + 'static,
    {
        let caller = self.caller();
        let work = move |tx: &mut Tx<'_>| {
            let actor = caller.actor(tx)?;
            run(tx, &actor)
        };
        let result = match self.key {
            Some(key) => self.app.db.write_keyed(key, work).await,
            None => self.app.db.write(work).await,
        };
        if result.is_ok() {
            self.app.signals.wake(halyard_platform::jobs::TOPIC);
            self.app.signals.wake(halyard_platform::events::TOPIC);
        }
        result
    }

    fn caller(&self) -> Caller {
        Caller {
            app: self.app.clone(),
            credentials: self.credentials,
            login: self.endpoint.login,
            peer: self.peer.clone(),
        }
    }
}

/// What a transaction needs to find out on whose behalf it runs.
struct Caller {
    app: Arc<App>,
    credentials: Credentials,
    login: Login,
    /// Address of the client.
    peer: String,
}

impl Caller {
    fn actor(&self, tx: &mut Tx<'_>) -> Result<Actor, Error> {
        // Asked here and not when the request came in: a transaction may have waited, and its time
        // must not be much older than its commit.
        let now = self.app.clock.now();
        let principal = recognize(tx, &self.app.familiar, &self.credentials, now)?;
        if let Login::With(scope) = self.login {
            principal.scopes.require(scope)?;
        }
        self.app.uses.note(&principal, now);
        tx.set_origin(&self.peer);
        Ok(Actor { user: principal.user, now })
    }
}

/// An answer in JSON. The content type is exact: some clients compare it as a whole.
pub(super) fn json<T: Serialize>(value: &T) -> Reply {
    Ok(json_text(serde_json::to_vec(value).map_err(Error::internal)?))
}

/// Makes whole addresses of the paths of files in posts, which are stored without a host.
///
/// In JSON this text can be nothing but a key with its value: inside of a text its quotes would be
/// escaped. So the posts need not be parsed.
pub(super) fn with_base(text: String, base: &str) -> String {
    const PATH: &str = "\":\"/files/";
    if !text.contains(PATH) {
        return text;
    }
    // The host comes from the request; quotes in it must stay inside of the text.
    let base = serde_json::Value::from(base).to_string();
    let base = &base[1..base.len() - 1];
    let mut whole = String::with_capacity(text.len() + 200);
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once(PATH) {
        whole.push_str(before);
        if ["\"url", "\"image"].iter().any(|key| before.ends_with(key)) {
            whole.push_str("\":\"");
            whole.push_str(base);
            whole.push_str("/files/");
        } else {
            whole.push_str(PATH);
        }
        rest = after;
    }
    whole.push_str(rest);
    whole
}

fn json_text(body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    let content_type = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    response
}

#[cfg(test)]
mod tests {
    use super::{Version, locate, with_base};

    #[test]
    fn only_the_addresses_of_files_get_a_host() {
        let whole = |text: &str| with_base(text.to_owned(), "http://h");
        assert_eq!(
            whole(r#"[{"url":"/files/a/b","image":"/files/a/b"},{"url":"/files/c/d"}]"#),
            r#"[{"url":"http://h/files/a/b","image":"http://h/files/a/b"},{"url":"http://h/files/c/d"}]"#,
        );
        for same in [
            r#"{"url":"http://x/files/a/b"}"#,
            r#"{"title":"/files/a"}"#,
            r#"{"content":"\"url\":\"/files/a"}"#,
        ] {
            assert_eq!(whole(same), same);
        }
        let odd = with_base(r#"{"url":"/files/a"}"#.to_owned(), "http://\"x\\");
        let odd: serde_json::Value = serde_json::from_str(&odd).unwrap();
        assert_eq!(odd["url"], "http://\"x\\/files/a");
    }

    #[test]
    fn versions_and_prefixes_are_found_in_the_path() {
        for (path, expected) in [
            ("/api/v2/threads/get", Some((Version::V2, "threads/get"))),
            ("/api/v3/threads/get/", Some((Version::V3, "threads/get"))),
            ("/api/v4/workspace_users/get", Some((Version::V3, "workspace_users/get"))),
            ("/prefix/api/v3/threads/get", Some((Version::V3, "threads/get"))),
            ("/api/v5/threads/get", None),
            ("/", None),
        ] {
            assert_eq!(locate(path), expected, "{path}");
        }
    }
}
