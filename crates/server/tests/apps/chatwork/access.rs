//! Connections to Chatwork: made with a visit, renewed once however many need it, refused for good.

use std::{collections::BTreeMap, sync::Arc};

use halyard_automation::{
    apps::{App, AppError, ErrorType, load, run::Host},
    connections::{
        About, Connection, Findings, KEY_BYTES, Key, Making, Pending, Problem, Secrets, Step,
        Store, WorkspaceId, scope,
    },
    operations::{Error, Operator, Using},
};
use halyard_iml::{NoFunctions, Value};
use halyard_platform::{
    clock::Clock,
    db::{Migration, testing::TestDb},
    on_both_databases,
    outbound::{Options, Outbound},
    random::Random,
};
use serde_json::{Value as Json, json};
use tokio::task::JoinSet;

use crate::{
    chatwork_server::{ChatworkServer, Client, Role},
    driver::{iml, plain, read_folder},
};

const BACK: &str = "https://here.example/oauth/cb";
const NAME: &str = "team chat";
const OPERATOR: WorkspaceId = WorkspaceId::OPERATOR;
/// How many call at the same time.
const CALLERS: usize = 20;
const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;

fn migrations() -> Vec<Migration> {
    [halyard_platform::MIGRATIONS, halyard_automation::MIGRATIONS].concat()
}

/// A service with Ann and her room, the app, and a store of connections, all by one clock.
struct Stage {
    clock: Clock,
    server: ChatworkServer,
    ann: u64,
    room: u64,
    app: App,
    host: Host,
    store: Store,
}

impl Stage {
    async fn new(db: &TestDb) -> Arc<Self> {
        let clock = Clock::manual(1_750_000_000_000);
        let server = ChatworkServer::start(clock.clone()).await;
        let (ann, room) = {
            let mut world = server.world();
            let ann = world.add_account("Ann");
            (ann, world.add_group("Launch", &[(ann, Role::Admin)]))
        };
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../apps/chatwork");
        let app = load(&read_folder(&folder)).app.expect("the app loads");
        let options = Options { allow: vec!["127.0.0.1".parse().unwrap()], ..Options::default() };
        let outbound = Outbound::new(options).unwrap();
        let host = Host::new(outbound, clock.clone(), Random::os());
        let keys = Arc::new(vec![Key::new("k1", &[7; KEY_BYTES])]);
        let store = Store::new(db.db.clone(), keys, clock.clone(), Random::os());
        Arc::new(Self { clock, server, ann, room, app, host, store })
    }

    /// Registers this installation at the service, where Ann sits in front of the browser.
    fn register(&self, secret: Option<&str>) {
        let mut world = self.server.world();
        let (id, secret) = ("cw-halyard".to_owned(), secret.map(str::to_owned));
        world.oauth.register(Client { id, secret, redirect_uris: vec![BACK.to_owned()] });
        world.oauth.consenting = Some(self.ann);
    }

    fn making(&self, kind: &'static str, filled_in: &Json, only: Option<&[String]>) -> Making<'_> {
        Making {
            host: &self.host,
            app: &self.app,
            functions: &NoFunctions,
            kind,
            secrets: Secrets { parameters: iml(filled_in), data: iml(&json!({})) },
            base_url: Some(self.server.origin().to_owned()),
            redirect_uri: Some(BACK.to_owned()),
            scopes: scope::wanted(&self.app, kind, only, &[]),
            state: "a-state-of-ours".to_owned(),
        }
    }

    /// Makes a connection with a visit, and keeps it.
    async fn connect(&self, making: &Making<'_>) -> Result<Connection, AppError> {
        let found = match making.begin().await.map_err(|failure| failure.error)? {
            Step::Done(found) => *found,
            Step::Browse(pending) => {
                let query = visit(&pending).await;
                making.finish(&pending, &query).await.map_err(|failure| failure.error)?
            }
        };
        Ok(self.keep(making, found).await)
    }

    async fn keep(&self, making: &Making<'_>, found: Findings) -> Connection {
        let about = About {
            workspace: OPERATOR,
            name: NAME.to_owned(),
            app: self.app.name.clone(),
            source: None,
            kind: making.kind.to_owned(),
            base_url: making.base_url.clone(),
        };
        self.store.add(about, making.secrets.parameters.clone(), found).await.unwrap()
    }

    async fn call(&self, module: &str, input: Json) -> Result<Vec<Json>, AppError> {
        let operator = Operator {
            host: &self.host,
            app: &self.app,
            functions: &NoFunctions,
            connection: Some(Using { store: &self.store, workspace: OPERATOR, name: NAME }),
            known: None,
        };
        match operator.call(module, iml(&input)).await {
            Ok(outcome) => Ok(outcome.bundles.iter().map(plain).collect()),
            Err(Error::Problem(Problem::App(failure))) => Err(failure.error),
            Err(other) => panic!("{other}"),
        }
    }

    /// Many callers at once; all of them have to see the two rooms.
    async fn all_call(self: &Arc<Self>) {
        let mut callers = JoinSet::new();
        for _ in 0..CALLERS {
            let stage = Arc::clone(self);
            callers.spawn(async move { stage.call("ListRooms", json!({})).await });
        }
        for called in callers.join_all().await {
            assert_eq!(called.unwrap().len(), 2);
        }
    }

    fn refreshed(&self) -> usize {
        self.server.world().oauth.refreshed
    }
}

/// A person goes to the address, agrees, and comes back with this query.
async fn visit(pending: &Pending) -> Vec<(String, String)> {
    let browser = reqwest::Client::builder()
        .tls_backend_preconfigured(halyard_platform::outbound::tls())
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let answer = browser.get(pending.address.as_str()).send().await.unwrap();
    assert_eq!(answer.status(), 302, "{}", answer.text().await.unwrap());
    let location = answer.headers()["location"].to_str().unwrap();
    let (back, query) = location.split_once('?').unwrap();
    assert_eq!(back, BACK);
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

fn with_secret() -> Json {
    json!({ "clientId": "cw-halyard", "clientSecret": "known to two" })
}

fn text(value: &Value, name: &str) -> String {
    plain(value)[name].as_str().unwrap().to_owned()
}

on_both_databases! {
    migrations();

    async fn a_visit_makes_a_connection_that_is_renewed_once_for_all_who_use_it(db: &TestDb) {
        let stage = Stage::new(db).await;
        stage.register(Some("known to two"));
        let filled_in = with_secret();
        let making = stage.making("oauth", &filled_in, None);
        let connection = stage.connect(&making).await.unwrap();
        let listed = &connection.listed;
        assert_eq!(listed.metadata.as_deref(), Some("Ann"));
        assert_eq!(listed.uid.as_deref(), Some(&*stage.ann.to_string()));
        assert_eq!(listed.expires_at, None, "offline_access was granted");
        let first = text(&connection.secrets.data, "refreshToken");
        asked(&stage);

        stage.all_call().await;
        assert_eq!(stage.refreshed(), 0);
        // A minute before its end an access token is renewed.
        stage.clock.advance(29 * MINUTE + 1);
        stage.all_call().await;
        assert_eq!(stage.refreshed(), 1);
        // The service may end it earlier as well.
        stage.server.world().oauth.expire_access();
        stage.all_call().await;
        assert_eq!(stage.refreshed(), 2);
        let kept = stage.store.load(OPERATOR, NAME).await.unwrap();
        assert_ne!(text(&kept.secrets.data, "refreshToken"), first);
        // Long after, the refresh token still counts, which a lasting access is about.
        stage.clock.advance(400 * DAY);
        stage.all_call().await;
        assert_eq!(stage.refreshed(), 3);
    }

    async fn what_is_taken_back_is_told_with_what_to_do(db: &TestDb) {
        let stage = Stage::new(db).await;
        stage.register(Some("known to two"));
        let filled_in = with_secret();
        let making = stage.making("oauth", &filled_in, None);
        stage.connect(&making).await.unwrap();
        stage.server.world().oauth.revoke(stage.ann);
        let refused = async || stage.call("ListRooms", json!({})).await.unwrap_err();
        let error = refused().await;
        assert_eq!(error.kind, ErrorType::InvalidAccessTokenError);
        let words = "halyard connection authorize 'team chat'";
        assert!(error.message.contains(words), "{error}");
        assert!(error.message.contains("The refresh token is unknown or used"), "{error}");
        assert_eq!(refused().await.kind, ErrorType::InvalidAccessTokenError);

        // Done as told, it works again.
        let again = stage.making("oauth", &filled_in, None);
        let Step::Browse(pending) = again.begin().await.unwrap() else { panic!("a visit") };
        let found = again.finish(&pending, &visit(&pending).await).await.unwrap();
        let connection = stage.store.load(OPERATOR, NAME).await.unwrap();
        let parameters = again.secrets.parameters.clone();
        stage.store.renew(connection, parameters, found).await.unwrap();
        stage.all_call().await;
    }

    async fn a_public_client_has_two_weeks(db: &TestDb) {
        let stage = Stage::new(db).await;
        stage.register(None);
        let filled_in = json!({ "clientId": "cw-halyard" });
        let making = stage.making("oauth", &filled_in, None);
        let connection = stage.connect(&making).await.unwrap();
        assert_eq!(connection.listed.expires_at, Some(stage.clock.now() + 14 * DAY));
        stage.clock.advance(13 * DAY);
        stage.all_call().await;
        assert_eq!(stage.refreshed(), 1);
        stage.clock.advance(14 * DAY);
        let error = stage.call("ListRooms", json!({})).await.unwrap_err();
        assert_eq!(error.kind, ErrorType::InvalidAccessTokenError);
        assert!(error.message.contains("halyard connection authorize"), "{error}");
    }

    async fn modules_stay_within_what_was_granted(db: &TestDb) {
        let stage = Stage::new(db).await;
        stage.register(Some("known to two"));
        let filled_in = with_secret();
        let making = stage.making("oauth", &filled_in, Some(&["ListRooms".to_owned()]));
        stage.connect(&making).await.unwrap();
        stage.all_call().await;
        let post = json!({ "room_id": stage.room, "body": "Hello" });
        let error = stage.call("CreateARoomMessage", post).await.unwrap_err();
        assert_eq!(error.kind, ErrorType::InvalidAccessTokenError);
        assert!(error.message.contains("rooms.messages:write"), "{error}");
        // A call of one's own is up to the service.
        let url = format!("/v2/rooms/{}/members", stage.room);
        let input = json!({ "url": url, "method": "GET" });
        let error = stage.call("MakeAnAPICall", input).await.unwrap_err();
        assert_eq!((error.kind, error.status), (ErrorType::RuntimeError, Some(403)));
        assert!(error.message.contains("or the connection lacks a scope"), "{error}");
    }

    async fn an_api_token_is_tested_and_used(db: &TestDb) {
        let stage = Stage::new(db).await;
        let token = stage.server.world().account(stage.ann).api_token.clone();
        let wrong = json!({ "apiToken": format!("{token}0") });
        let error = stage.connect(&stage.making("token", &wrong, None)).await.unwrap_err();
        assert_eq!(error.kind, ErrorType::InvalidAccessTokenError);
        assert_eq!(error.message, "[401] Invalid API Token (Check the token.)");
        let right = json!({ "apiToken": token });
        let connection = stage.connect(&stage.making("token", &right, None)).await.unwrap();
        assert_eq!(connection.listed.metadata.as_deref(), Some("Ann"));
        stage.all_call().await;
    }

    async fn nobody_is_connected_against_their_will(db: &TestDb) {
        let stage = Stage::new(db).await;
        stage.register(Some("known to two"));
        stage.server.world().oauth.consenting = None;
        let filled_in = with_secret();
        let making = stage.making("oauth", &filled_in, None);
        let error = stage.connect(&making).await.unwrap_err();
        assert_eq!(error.kind, ErrorType::InvalidConfigurationError);
        assert!(error.message.contains("access_denied"), "{error}");
        let wrong = json!({ "clientId": "cw-halyard", "clientSecret": "guessed" });
        stage.server.world().oauth.consenting = Some(stage.ann);
        let error = stage.connect(&stage.making("oauth", &wrong, None)).await.unwrap_err();
        assert_eq!(error.kind, ErrorType::InvalidAccessTokenError);
        assert!(error.message.contains("Check the client id and the client secret"), "{error}");
        assert!(!error.message.contains("guessed"), "{error}");
    }
}

/// What the service was asked on the way.
fn asked(stage: &Stage) {
    let seen = stage.server.seen();
    let page = &seen[0];
    assert_eq!(page.path, "/packages/oauth2/login.php");
    let query: BTreeMap<String, String> = page.query().into_iter().collect();
    assert_eq!(query["state"], "a-state-of-ours");
    assert_eq!(query["code_challenge_method"], "S256");
    let scopes: Vec<&str> = query["scope"].split(' ').collect();
    assert!(scopes.contains(&"offline_access") && scopes.contains(&"rooms.messages:write"));
    assert!(!scopes.iter().any(|scope| scope.contains(".all:read_write")), "{scopes:?}");
    let token = &seen[1];
    assert_eq!((token.method.as_str(), &*token.path), ("POST", "/token"));
    assert!(token.headers["authorization"].to_str().unwrap().starts_with("Basic "));
    let form: BTreeMap<String, String> = token.form().into_iter().collect();
    assert_eq!(form["code_verifier"].len(), 72);
    assert!(!form.contains_key("client_id"), "the header says it");
}
