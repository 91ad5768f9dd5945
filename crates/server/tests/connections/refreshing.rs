//! Tokens that end, and many who notice it at once.

use halyard_automation::{
    apps::{App, AppError, ErrorType, run::Host},
    connections::{About, Findings, Problem, State, Store, WorkspaceId},
    operations::{Error, Operator, Using},
};
use halyard_iml::{Collection, Date, NoFunctions, Value};
use halyard_platform::{
    clock::Clock,
    db::{Db, testing::TestDb},
    on_both_databases,
};

use crate::service::{LIFE, NOW, Service, app, host, migrations, store};

const MANY: usize = 20;

struct Scene {
    service: Service,
    app: App,
    host: Host,
    clock: Clock,
    store: Store,
}

impl Scene {
    /// A connection `crew` whose tokens have been issued now.
    async fn new(db: &TestDb) -> Self {
        let (service, clock) = (Service::start().await, Clock::manual(NOW));
        let store = store(&db.db, &clock);
        let scene = Self { app: app(), host: host(&clock), clock, store, service };
        let given = crate::service::client()
            .post(format!("{}/token", scene.service.base))
            .form(&[("grant_type", "client_credentials"), ("client_secret", "client-secret-1")])
            .send();
        let given: serde_json::Value = given.await.unwrap().json().await.unwrap();
        let token = |name: &str| Value::from(given[name].as_str().unwrap());
        let data = Collection::of([
            ("accessToken", token("access_token")),
            ("refreshToken", token("refresh_token")),
            ("expires", Value::Date(Date::from_ms(NOW + LIFE * 1000).unwrap())),
            ("kept", Value::from("as it was")),
        ]);
        let found = Findings {
            data: data.into(),
            scopes: Some(vec!["profile".into(), "items".into()]),
            ..Findings::default()
        };
        let about = About {
            workspace: WorkspaceId::OPERATOR,
            name: "crew".to_owned(),
            app: "example".to_owned(),
            source: None,
            kind: "oauth".to_owned(),
            base_url: Some(scene.service.base.clone()),
        };
        scene.store.add(about, Value::Undefined, found).await.unwrap();
        scene
    }

    async fn get_me(&self, store: &Store) -> Result<Value, Error> {
        let using = Using { store, workspace: WorkspaceId::OPERATOR, name: "crew" };
        let operator = Operator {
            host: &self.host,
            app: &self.app,
            functions: &NoFunctions,
            connection: Some(using),
            known: None,
        };
        let outcome = operator.call("GetMe", Value::Undefined).await?;
        Ok(outcome.bundles.into_iter().next().unwrap())
    }

    /// All at once, through these stores in turn.
    async fn all_at_once(&self, stores: &[Store]) -> Vec<Result<Value, Error>> {
        let callers = (0..MANY).map(|at| self.get_me(&stores[at % stores.len()]));
        futures_util::future::join_all(callers).await
    }

    async fn state(&self) -> State {
        self.store.look(WorkspaceId::OPERATOR, "crew").await.unwrap().state
    }
}

#[track_caller]
fn failed(result: Result<Value, Error>) -> AppError {
    match result {
        Err(Error::Problem(Problem::App(failure))) => failure.error,
        other => panic!("{other:?}"),
    }
}

/// A second store on the same database, as another process has it.
async fn beside(db: &TestDb, clock: &Clock) -> (Db, Store) {
    let other = Db::open(db.options(), migrations()).await.unwrap();
    let store = store(&other, clock);
    (other, store)
}

on_both_databases! {
    migrations();

    async fn a_token_that_lives_is_used_as_it_is(db: &TestDb) {
        let scene = Scene::new(db).await;
        scene.get_me(&scene.store).await.unwrap();
        assert_eq!(scene.service.count("refresh_token"), 0);
    }

    async fn many_callers_refresh_once_before_the_end(db: &TestDb) {
        let scene = Scene::new(db).await;
        scene.clock.advance((LIFE - 30) * 1000);
        for result in scene.all_at_once(std::slice::from_ref(&scene.store)).await {
            result.unwrap();
        }
        assert_eq!(scene.service.count("refresh_token"), 1);
        let saved = scene.store.load(WorkspaceId::OPERATOR, "crew").await.unwrap();
        let Value::Collection(data) = &saved.secrets.data else { panic!("no data") };
        let text = |name: &str| data.by_name(name).unwrap().as_text().unwrap().to_string();
        assert_eq!(text("accessToken"), "access-2");
        assert_eq!(text("refreshToken"), "refresh-2", "the one before works no more");
        assert_eq!(text("kept"), "as it was");
        // The next time is another time.
        scene.clock.advance(LIFE * 1000);
        scene.get_me(&scene.store).await.unwrap();
        assert_eq!(scene.service.count("refresh_token"), 2);
    }

    async fn many_callers_in_two_processes_refresh_once_after_a_refusal(db: &TestDb) {
        let scene = Scene::new(db).await;
        let (other, second) = beside(db, &scene.clock).await;
        scene.service.forget_access();
        for result in scene.all_at_once(&[scene.store.clone(), second]).await {
            result.unwrap();
        }
        assert_eq!(scene.service.count("refresh_token"), 1);
        other.close().await;
    }

    async fn a_refused_refresh_says_what_to_do_and_is_asked_for_once(db: &TestDb) {
        let scene = Scene::new(db).await;
        scene.service.forget_all();
        for result in scene.all_at_once(std::slice::from_ref(&scene.store)).await {
            let error = failed(result);
            assert_eq!(error.kind, ErrorType::InvalidAccessTokenError);
            assert!(
                error.message.contains("halyard connection authorize crew"),
                "{}", error.message
            );
            assert!(!error.message.contains("access-1"), "{}", error.message);
        }
        // Whoever came when the others had their answer asks once more, and not for each.
        let asked = scene.service.count("refresh_token");
        assert!((1..=2).contains(&asked), "{asked}");
        assert_eq!(scene.state().await, State::Refused);
    }

    async fn trouble_of_the_service_is_no_refusal(db: &TestDb) {
        let scene = Scene::new(db).await;
        scene.service.forget_access();
        for status in [503, 429] {
            scene.service.known().trouble = Some(status);
            let error = failed(scene.get_me(&scene.store).await);
            assert_eq!(error.status, Some(status));
            assert!(!error.message.contains("authorize"), "{}", error.message);
            assert_eq!(scene.state().await, State::Ready);
        }
        scene.service.known().trouble = None;
        scene.get_me(&scene.store).await.unwrap();
    }

    async fn a_refresh_that_nobody_ends_holds_up_others_for_a_minute_only(db: &TestDb) {
        let scene = Scene::new(db).await;
        scene.service.forget_access();
        // As a process leaves it that was killed while it asked.
        let until = NOW + 60_000;
        db.db
            .write(move |tx| tx.exec(
                "update connection set lease = 'gone', lease_until = $1",
                halyard_platform::params![until],
            ))
            .await
            .unwrap_or_else(|error: halyard_platform::db::Error| panic!("{error}"));
        let waiting = scene.get_me(&scene.store);
        let mut waiting = std::pin::pin!(waiting);
        let short = std::time::Duration::from_millis(300);
        assert!(tokio::time::timeout(short, &mut waiting).await.is_err(), "it waits");
        assert_eq!(scene.service.count("refresh_token"), 0);
        scene.clock.advance(60_000);
        waiting.await.unwrap();
        assert_eq!(scene.service.count("refresh_token"), 1);
    }

    async fn what_was_not_asked_for_is_refused_before_it_is_tried(db: &TestDb) {
        let scene = Scene::new(db).await;
        let sql = "update connection set scopes = '[\"profile\"]'";
        db.db.write(move |tx| tx.exec(sql, &[])).await
            .unwrap_or_else(|error: halyard_platform::db::Error| panic!("{error}"));
        scene.get_me(&scene.store).await.unwrap();
        let using = Using { store: &scene.store, workspace: WorkspaceId::OPERATOR, name: "crew" };
        let operator = Operator {
            host: &scene.host, app: &scene.app, functions: &NoFunctions, connection: Some(using), known: None,
        };
        let error = failed(operator.call("ListItems", Value::Undefined).await.map(|_| Value::Null));
        assert_eq!(error.kind, ErrorType::InvalidAccessTokenError);
        assert!(error.message.contains("(items)"), "{}", error.message);
    }
}
