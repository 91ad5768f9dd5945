//! The whole server in process, and people who call it.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    ops::Deref,
    sync::Arc,
};

use axum::{Router, body::Body, extract::ConnectInfo};
use bytes::Bytes;
use halyard_http_api::{App, Feed, Settings, router};
use halyard_identity::{
    Familiar, LoginLimit, MAIL_JOB, Mail, NewUser, Passwords, Scopes, SecretHash, TokenKind,
    UserId, Uses, create_user, issue_token,
};
use halyard_messaging::{
    Actor, Error, Role, WorkspaceId,
    member::{self, Invitation},
    notification, search,
    workspace::{self, NewWorkspace, Workspace},
};
use halyard_platform::{
    blobs::Blobs,
    clock::{Clock, Millis},
    db::{
        FromRow, Migration, Tx,
        testing::{TestDb, eventually},
    },
    events::follow,
    outbound::{self, Outbound},
    params,
    random::Random,
    signals::Signals,
};
use http::{HeaderMap, Method, Request, header};
use http_body_util::BodyExt;
use serde_json::Value;
use tokio::sync::OnceCell;
use tower::ServiceExt;

/// Where the clock stands when a test begins: 2027-01-15 08:00:00 UTC.
pub(crate) const NOW: Millis = 1_800_000_000_000;
/// The password of everybody.
pub(crate) const PASSWORD: &str = "correct horse";

/// What [`halyard_platform::on_both_databases`] needs.
pub(crate) fn migrations() -> Vec<Migration> {
    [halyard_platform::MIGRATIONS, halyard_identity::MIGRATIONS, halyard_messaging::MIGRATIONS]
        .concat()
}

/// A server with its own database, blobs and clock.
pub(crate) struct TestApp {
    /// What the handlers see; its clock stands still until it is moved.
    pub(crate) app: Arc<App>,
    _blobs: tempfile::TempDir,
}

impl TestApp {
    /// With the settings that a new installation has, and mail that comes in.
    pub(crate) fn new(db: &TestDb) -> Self {
        let mail_domain = Some("in.example.com".to_owned());
        Self::with(db, Settings { mail_domain, ..Settings::default() })
    }

    /// With other settings.
    pub(crate) fn with(db: &TestDb, settings: Settings) -> Self {
        Self::reaching(db, settings, outbound())
    }

    /// With another way to reach the servers of others.
    pub(crate) fn reaching(db: &TestDb, settings: Settings, outbound: Outbound) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let random = Random::os();
        let signals = Signals::default();
        let app = App {
            db: db.db.clone(),
            blobs: Blobs::open(directory.path().join("blobs")).unwrap(),
            clock: Clock::manual(NOW),
            random: random.clone(),
            passwords: Passwords::new(2, random),
            logins: LoginLimit::default(),
            feed: Feed::new(db.db.clone(), signals.clone()),
            signals,
            familiar: Familiar::default(),
            uses: Uses::default(),
            metrics: None,
            outbound,
            settings,
        };
        Self { app: Arc::new(app), _blobs: directory }
    }

    /// Somebody without a token.
    pub(crate) fn nobody(&self) -> Client {
        Client {
            router: router(&self.app),
            headers: Vec::new(),
            peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
        }
    }

    /// Somebody with [`PASSWORD`] and a token of every scope, in no workspace: `ann` has the
    /// address `ann@example.com` and the name `Ann Example`.
    pub(crate) async fn person(&self, name: &str) -> Person {
        static HASH: OnceCell<String> = OnceCell::const_new();
        let hash = || async { self.app.passwords.hash(PASSWORD.to_owned()).await.unwrap() };
        let hash = HASH.get_or_init(hash).await.clone();
        let email = format!("{name}@example.com");
        let mut letters = name.chars();
        let first = letters.next().unwrap().to_uppercase();
        let new = NewUser {
            name: format!("{first}{} Example", letters.as_str()),
            email: email.clone(),
            password_hash: Some(hash),
            bot: false,
        };
        let now = self.app.clock.now();
        let id = self.app.db.write(move |tx| create_user(tx, &new, now)).await.unwrap();
        let token = self.token(id, Scopes::ALL).await;
        Person { id, email, client: self.nobody().bearer(&token), token }
    }

    /// Another token of this person, with these scopes only.
    pub(crate) async fn token(&self, user: UserId, scopes: Scopes) -> String {
        let secret = self.app.random.hex(20);
        let (hash, now) = (SecretHash::of(&secret), self.app.clock.now());
        let issue = move |tx: &mut Tx<'_>| {
            issue_token(tx, user, TokenKind::Personal, &hash, "test", scopes, now)
        };
        self.app.db.write(issue).await.unwrap();
        secret
    }

    /// Runs a use case as this person.
    pub(crate) async fn act<T, F>(&self, user: UserId, run: F) -> T
    where
        T: Send + 'static,
        F: Fn(&mut Tx<'_>, &Actor) -> Result<T, Error> + Send + 'static,
    {
        let actor = Actor { user, now: self.app.clock.now() };
        self.app.db.write(move |tx| run(tx, &actor)).await.unwrap()
    }

    /// A workspace of which this person is the administrator.
    pub(crate) async fn workspace(&self, admin: &Person, name: &str) -> Workspace {
        let new = NewWorkspace { name: name.to_owned(), ..NewWorkspace::default() };
        self.act(admin.id, move |tx, actor| workspace::add(tx, actor, &new)).await
    }

    /// A new person in a workspace, brought in by its administrator.
    pub(crate) async fn member(
        &self,
        admin: &Person,
        workspace: WorkspaceId,
        name: &str,
        role: Role,
    ) -> Person {
        let person = self.person(name).await;
        let invitation =
            Invitation { email: person.email.clone(), name: None, role, channels: Vec::new() };
        self.act(admin.id, move |tx, actor| member::invite(tx, actor, workspace, &invitation))
            .await;
        person
    }

    /// The mails that wait to be sent, oldest first.
    pub(crate) async fn mails(&self) -> Vec<Mail> {
        let jobs: Vec<(String, String)> =
            self.rows("select kind, payload from job order by id").await;
        let mails = jobs.into_iter().filter(|(kind, _)| kind == MAIL_JOB);
        mails.map(|(_, payload)| serde_json::from_str(&payload).unwrap()).collect()
    }

    /// Lets those who do something about every event see everything that has happened.
    pub(crate) async fn index(&self) {
        // Another database of the same server may hold events back for a moment.
        eventually("all events are dealt with", || async {
            let db = &self.app.db;
            let enter = |batch, changed| search::settle(db, batch, changed);
            follow::step(db, search::FOLLOWER, 1_000, search::look, &enter).await.unwrap();
            let tell = |batch, seen| notification::settle(db, batch, seen);
            let (name, look) = (notification::FOLLOWER, notification::look);
            follow::step(db, name, 1_000, look, &tell).await.unwrap();
            let left = "select count(*) from event where id > coalesce((select min(f.event_id)
                from event_follower f
                where f.name in ('messaging.search', 'messaging.notifications')), 0)";
            self.rows::<i64>(left).await == [0]
        })
        .await;
    }

    /// The rows of a query.
    pub(crate) async fn rows<T: FromRow + Send + 'static>(&self, sql: &'static str) -> Vec<T> {
        self.app.db.read(move |tx| tx.all(sql, params![])).await.expect(sql)
    }
}

/// Reaches servers of tests on loopback as well.
fn outbound() -> Outbound {
    let allow = vec!["127.0.0.1".parse().unwrap()];
    Outbound::new(outbound::Options { allow, ..outbound::Options::default() }).unwrap()
}

/// The one-time code in a mail.
#[track_caller]
pub(crate) fn code_in(mail: &Mail) -> String {
    let (_, rest) = mail.text.split_once("/set-password?code=").expect("a link in the mail");
    rest.chars().take_while(char::is_ascii_hexdigit).collect()
}

/// Somebody known to the server; sends their token with each call.
pub(crate) struct Person {
    pub(crate) id: UserId,
    pub(crate) email: String,
    pub(crate) token: String,
    client: Client,
}

impl Deref for Person {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

/// Something that sends requests. Paths are below `/api/` unless they begin with a slash.
#[derive(Clone)]
pub(crate) struct Client {
    router: Router,
    headers: Vec<(&'static str, String)>,
    peer: IpAddr,
}

impl Client {
    /// The same, with another header.
    pub(crate) fn header(&self, name: &'static str, value: &str) -> Self {
        let mut client = self.clone();
        client.headers.retain(|(other, _)| *other != name);
        client.headers.push((name, value.to_owned()));
        client
    }

    /// The same, with this token.
    pub(crate) fn bearer(&self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// The same, from another address.
    pub(crate) fn at(&self, peer: [u8; 4]) -> Self {
        Self { peer: IpAddr::from(peer), ..self.clone() }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, "", Bytes::new()).await
    }

    pub(crate) async fn post_form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.send(Method::POST, path, "application/x-www-form-urlencoded", body.into()).await
    }

    pub(crate) async fn post_json(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, "application/json", body.to_string().into()).await
    }

    /// Posts one file.
    pub(crate) async fn upload(&self, path: &str, field: &str, bytes: &[u8]) -> Answer {
        let start = format!(
            "--limit\r\ncontent-disposition: form-data; name=\"{field}\"; filename=\"f\"\r\n\r\n"
        );
        let body = [start.as_bytes(), bytes, b"\r\n--limit--\r\n"].concat();
        self.send(Method::POST, path, "multipart/form-data; boundary=limit", body.into()).await
    }

    /// Gets an answer whose body goes on.
    pub(crate) async fn open(&self, path: &str) -> http::Response<Body> {
        self.exchange(Method::GET, path, "", Bytes::new()).await
    }

    /// Sends whatever body.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        content_type: &str,
        body: Bytes,
    ) -> Answer {
        let response = self.exchange(method, path, content_type, body).await;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        Answer { status, headers, bytes, asked: path.to_owned() }
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        content_type: &str,
        body: Bytes,
    ) -> http::Response<Body> {
        let uri = if path.starts_with('/') { path.to_owned() } else { format!("/api/{path}") };
        let mut request =
            Request::builder().method(method).uri(uri).header(header::CONTENT_LENGTH, body.len());
        if !self.headers.iter().any(|(name, _)| *name == "host") {
            request = request.header(header::HOST, "halyard.test");
        }
        if !content_type.is_empty() {
            request = request.header(header::CONTENT_TYPE, content_type);
        }
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let mut request = request.body(Body::from(body)).unwrap();
        request.extensions_mut().insert(ConnectInfo(SocketAddr::new(self.peer, 4711)));
        self.router.clone().oneshot(request).await.unwrap()
    }
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Bytes,
    asked: String,
}

impl Answer {
    /// The JSON of an answer that must be a success.
    #[track_caller]
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{}: {}", self.asked, String::from_utf8_lossy(&self.bytes));
        self.json()
    }

    /// Asserts the status of a page.
    #[track_caller]
    pub(crate) fn is(&self, status: u16) {
        let page = String::from_utf8_lossy(&self.bytes);
        assert_eq!(self.status, status, "{}: {page}", self.asked);
    }

    /// Asserts `{"status": "ok"}`.
    #[track_caller]
    pub(crate) fn done(&self) {
        assert_eq!(self.ok(), serde_json::json!({"status": "ok"}), "{}", self.asked);
    }

    /// Asserts an error with this status and `error_code`; answers its body.
    #[track_caller]
    pub(crate) fn fails(&self, status: u16, code: u16) -> Value {
        let body = self.json();
        assert_eq!(
            (self.status, &body["error_code"]),
            (status, &Value::from(code)),
            "{}: {body}",
            self.asked
        );
        assert!(body["error_extra"].is_object() && body["error_string"].is_string(), "{body}");
        assert_eq!(body["error_uuid"].as_str().map(str::len), Some(32), "{body}");
        body
    }

    /// The body as JSON. Its content type must be exact: some clients compare it as a whole.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/json", "{}", self.asked);
        serde_json::from_slice(&self.bytes).unwrap()
    }
}
