//! Making connections of every kind.

use halyard_automation::{
    apps::{
        App, ErrorType,
        run::{Failure, Host},
    },
    connections::{Findings, Making, Pending, Secrets, Step, scope},
};
use halyard_iml::{Collection, NoFunctions, Value};
use halyard_platform::clock::Clock;

use crate::service::{LIFE, NOW, Service, app, host};

struct Scene {
    service: Service,
    app: App,
    host: Host,
}

impl Scene {
    async fn new() -> Self {
        let service = Service::start().await;
        Self { service, app: app(), host: host(&Clock::manual(NOW)) }
    }

    fn making<'a>(&'a self, kind: &'a str, parameters: &[(&str, &str)]) -> Making<'a> {
        let parameters = parameters.iter().map(|(name, value)| (*name, Value::from(*value)));
        Making {
            host: &self.host,
            app: &self.app,
            functions: &NoFunctions,
            kind,
            secrets: Secrets {
                parameters: Collection::of(parameters).into(),
                data: Value::Undefined,
            },
            base_url: Some(self.service.base.clone()),
            redirect_uri: Some("http://127.0.0.1:1/back".to_owned()),
            scopes: scope::wanted(&self.app, kind, None, &[]),
            state: "state-1".to_owned(),
        }
    }
}

async fn begun(making: &Making<'_>) -> Pending {
    match making.begin().await.unwrap() {
        Step::Browse(pending) => *pending,
        Step::Done(found) => panic!("no visit: {found:?}"),
    }
}

fn query(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn text(found: &Findings, name: &str) -> String {
    let Value::Collection(data) = &found.data else { panic!("no data") };
    data.by_name(name).unwrap().as_text().unwrap().to_string()
}

fn refused(result: Result<Findings, Failure>) -> (ErrorType, String) {
    let error = result.unwrap_err().error;
    (error.kind, error.message)
}

#[tokio::test]
async fn an_api_key_is_tested_by_the_request_of_its_kind() {
    let scene = Scene::new().await;
    let Step::Done(found) = scene.making("key", &[("apiKey", "sesame-key")]).begin().await.unwrap()
    else {
        panic!("nobody has to visit anything")
    };
    assert_eq!((found.uid.as_deref(), found.metadata.as_deref()), (Some("17"), Some("Ann")));
    assert_eq!(text(&found, "plan"), "free");
    let wrong = scene.making("key", &[("apiKey", "wrong-key")]).begin().await.unwrap_err();
    assert_eq!(wrong.error.kind, ErrorType::InvalidAccessTokenError);
    assert_eq!(wrong.error.message, "[401] invalid_token");
    assert!(!format!("{wrong:?}").contains("wrong-key"), "{wrong:?}");
}

#[tokio::test]
async fn oauth_goes_through_all_sections() {
    let scene = Scene::new().await;
    let making = scene.making("oauth", &[]);
    assert!(making.needs_a_visit());
    let pending = begun(&making).await;
    let asked = pending.address.query_pairs().find(|(name, _)| name == "scope").unwrap().1;
    assert_eq!(asked, "profile items", "default scopes and those of the modules");
    let code = scene.service.agree(&pending.address);
    let back = query(&[("code", &code), ("state", "state-1")]);
    let found = making.finish(&pending, &back).await.unwrap();
    assert_eq!(text(&found, "accessToken"), "access-1");
    assert_eq!(text(&found, "region"), "north", "what preauthorize has saved is still there");
    assert_eq!((found.uid.as_deref(), found.metadata.as_deref()), (Some("17"), Some("Ann")));
    let Value::Collection(data) = &found.data else { panic!("no data") };
    assert!(matches!(
        data.by_name("expires"), Some(Value::Date(date)) if date.ms() == NOW + LIFE * 1000
    ));
    let scopes: Vec<&str> = found.scopes.as_ref().unwrap().iter().map(|one| &**one).collect();
    assert_eq!(scopes, ["profile", "items"]);
    // The code has been used.
    let (kind, message) = refused(making.finish(&pending, &back).await);
    assert_eq!((kind, message.as_str()), (ErrorType::RuntimeError, "[400] invalid_grant"));
}

#[tokio::test]
async fn an_answer_that_was_not_asked_for_is_refused() {
    let scene = Scene::new().await;
    let making = scene.making("oauth", &[]);
    let pending = begun(&making).await;
    let code = scene.service.agree(&pending.address);
    for wrong in [query(&[("code", &code), ("state", "state-2")]), query(&[("code", &code)])] {
        let (kind, message) = refused(making.finish(&pending, &wrong).await);
        assert_eq!(kind, ErrorType::InvalidConfigurationError);
        assert!(message.contains("does not belong to this attempt"), "{message}");
    }
    assert_eq!(scene.service.count("authorization_code"), 0, "the code was not even tried");
    let denied =
        [("error", "access_denied"), ("error_description", "not today"), ("state", "state-1")];
    let (_, message) = refused(making.finish(&pending, &query(&denied)).await);
    assert_eq!(message, "The service did not grant access: access_denied (not today).");
}

#[tokio::test]
async fn another_verifier_gets_no_token() {
    let scene = Scene::new().await;
    let making = scene.making("oauth", &[]);
    let (pending, other) = (begun(&making).await, begun(&making).await);
    let code = scene.service.agree(&pending.address);
    let back = query(&[("code", &code), ("state", "state-1")]);
    let (_, message) = refused(making.finish(&other, &back).await);
    assert_eq!(message, "[400] invalid_grant");
}

#[tokio::test]
async fn client_credentials_need_no_visit() {
    let scene = Scene::new().await;
    let making =
        scene.making("machine", &[("clientId", "client-1"), ("clientSecret", "client-secret-1")]);
    assert!(!making.needs_a_visit());
    let Step::Done(found) = making.begin().await.unwrap() else { panic!("a visit") };
    assert_eq!(text(&found, "accessToken"), "access-1");
    assert_eq!(found.expires_at, Some(NOW + 30 * 86_400_000));
    assert_eq!(found.metadata.as_deref(), Some("Ann"));
    let wrong =
        scene.making("machine", &[("clientId", "client-1"), ("clientSecret", "wrong-secret")]);
    let wrong = wrong.begin().await.unwrap_err();
    assert_eq!(wrong.error.message, "[401] invalid_client");
}

#[tokio::test]
async fn only_the_scopes_of_the_modules_that_are_named_are_asked_for() {
    let app = app();
    let names = |only: Option<&[String]>, more: &[&str]| -> Vec<String> {
        let more: Vec<_> = more.iter().map(|scope| (*scope).into()).collect();
        scope::wanted(&app, "oauth", only, &more).iter().map(ToString::to_string).collect()
    };
    assert_eq!(names(Some(&["GetMe".to_owned()]), &[]), ["profile"]);
    assert_eq!(names(Some(&["ListItems".to_owned()]), &["x"]), ["profile", "items", "x"]);
    assert_eq!(names(None, &["profile"]), ["profile", "items"]);
}

#[tokio::test]
async fn oauth_1_goes_through_all_sections() {
    let scene = Scene::new().await;
    let making = scene.making("one", &[]);
    assert!(making.needs_a_visit());
    let pending = begun(&making).await;
    let address = pending.address.as_str();
    assert_eq!(address, format!("{}/one/authorize?oauth_token=request-1", scene.service.base));
    let other = query(&[("oauth_token", "request-2"), ("oauth_verifier", "verifier-1")]);
    let (_, message) = refused(making.finish(&pending, &other).await);
    assert!(message.contains("does not belong to this attempt"), "{message}");
    let back = query(&[("oauth_token", "request-1"), ("oauth_verifier", "verifier-1")]);
    let found = making.finish(&pending, &back).await.unwrap();
    assert_eq!(
        (text(&found, "accessToken").as_str(), found.uid.as_deref()),
        ("access-one", Some("18"))
    );
    assert_eq!(found.metadata.as_deref(), Some("Bo"));
}
