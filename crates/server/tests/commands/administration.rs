use halyard_identity::{
    self as identity, Credentials, Passwords, Scopes, SecretHash, UserId, oauth,
};
use halyard_messaging::Role;
use halyard_platform::{
    db::{Location, Migration, testing::TestDb},
    on_both_databases, params,
    random::Random,
};
use serde_json::Value;

use crate::run::{Ended, finish, halyard};

pub(crate) fn migrations() -> Vec<Migration> {
    [halyard_platform::MIGRATIONS, halyard_identity::MIGRATIONS, halyard_messaging::MIGRATIONS]
        .concat()
}

/// Runs a command on the test's own database.
async fn run(test: &TestDb, arguments: &[&str], input: &str) -> Ended {
    let scratch = tempfile::tempdir().unwrap();
    let (data, database) = match test.options().location {
        Location::Sqlite(path) => (path.parent().unwrap().to_owned(), None),
        Location::Postgres(url) => (scratch.path().to_owned(), Some(url)),
    };
    let mut command = halyard(scratch.path(), arguments);
    command.arg("--data-dir").arg(data).args(["--log", "error"]);
    if let Some(url) = database {
        command.args(["--database", &url]);
    }
    let input = input.to_owned();
    tokio::task::spawn_blocking(move || finish(command, &input)).await.unwrap()
}

pub(crate) async fn ok(test: &TestDb, arguments: &[&str], input: &str) -> String {
    let ended = run(test, arguments, input).await;
    assert!(ended.ok, "{arguments:?}: {ended:?}");
    ended.out.trim().to_owned()
}

pub(crate) async fn json(test: &TestDb, arguments: &[&str]) -> Value {
    serde_json::from_str(&ok(test, arguments, "").await).unwrap()
}

pub(crate) async fn fails(test: &TestDb, arguments: &[&str], input: &str, words: &[&str]) {
    let ended = run(test, arguments, input).await;
    assert!(!ended.ok && ended.out.is_empty(), "{arguments:?}: {ended:?}");
    for word in words {
        assert!(ended.err.contains(word), "{arguments:?}: {word} in {}", ended.err);
    }
}

async fn knows_password(test: &TestDb, email: &'static str, password: &str) -> bool {
    let user = test.db.read(move |tx| identity::load_user_by_email(tx, email)).await.unwrap();
    let hash = user.and_then(|user| user.password_hash);
    Passwords::new(1, Random::os()).verify(password.to_owned(), hash).await.unwrap()
}

on_both_databases! {
    migrations();

    async fn people_come_change_and_go(test: &TestDb) {
        let ann = ["user", "add", "--email", "ann@example.com", "--name", "Ann Ash"];
        assert!(ok(test, &ann, "correct horse\n").await.starts_with("user 1 added"));
        assert!(knows_password(test, "ann@example.com", "correct horse").await);
        fails(test, &ann, "correct horse\n", &["email", "ann@example.com"]).await;
        fails(test, &["user", "add", "--email", "bo", "--name", "Bo"], "correct horse", &["email", "bo"]).await;
        fails(test, &["user", "add", "--email", "b@example.com", "--name", " "], "correct horse", &["name"]).await;
        fails(test, &["user", "add", "--email", "b@example.com", "--name", "Bo"], "short\n", &["password", "8"]).await;
        fails(test, &["user", "add", "--email", "b@example.com", "--name", "Bo"], "", &["password", "empty"]).await;
        fails(test, &["user", "add", "--email", "b@example.com", "--name", "Bo", "--password", "x"], "", &["--password"]).await;
        let listed = json(test, &["user", "list", "--json"]).await;
        assert_eq!((listed.as_array().unwrap().len(), &listed[0]["email"]), (1, &"ann@example.com".into()));
        assert_eq!((&listed[0]["id"], &listed[0]["name"], &listed[0]["removed"]), (&1.into(), &"Ann Ash".into(), &false.into()));
        assert!(ok(test, &["user", "list"], "").await.contains("ann@example.com  Ann Ash"));
        ok(test, &["user", "set-password", "--email", "ANN@example.com"], "another horse\r\n").await;
        assert!(knows_password(test, "ann@example.com", "another horse").await);
        fails(test, &["user", "set-password", "--email", "no@example.com"], "another horse", &["no@example.com", "user add"]).await;
        ok(test, &["user", "remove", "--email", "ann@example.com"], "").await;
        assert!(!knows_password(test, "ann@example.com", "another horse").await);
        fails(test, &["user", "remove", "--email", "ann@example.com"], "", &["removed"]).await;
        assert_eq!(json(test, &["user", "list", "--json"]).await[0]["removed"], true);
    }

    async fn tokens_open_what_they_say_until_they_are_revoked(test: &TestDb) {
        ok(test, &["user", "add", "--email", "ann@example.com", "--name", "Ann"], "correct horse").await;
        let create = ["token", "create", "--user", "ann@example.com", "--name", "cli", "--scopes"];
        let with = |scopes| [&create[..], &[scopes]].concat();
        fails(test, &with("threads:fly"), "", &["scopes", "threads:fly", "threads:read"]).await;
        let secret = ok(test, &with("threads:read,user:read"), "").await;
        assert_eq!(secret.len(), 40);
        let credentials = Credentials::Token(SecretHash::of(&secret));
        let known = test.db.read(move |tx| identity::authenticate(tx, &credentials, 0)).await.unwrap();
        assert_eq!(known.scopes.to_string(), "user:read threads:read");
        ok(test, &with("all"), "").await;
        let listed = json(test, &["token", "list", "--json"]).await;
        assert_eq!((listed.as_array().unwrap().len(), &listed[0]["name"]), (2, &"cli".into()));
        assert!(!listed.to_string().contains(&secret), "secrets are shown once");
        assert_eq!(listed[0]["scopes"], "user:read threads:read");
        fails(test, &["token", "list", "--user", "no@example.com"], "", &["no@example.com"]).await;
        let id = listed[0]["id"].to_string();
        ok(test, &["token", "revoke", &id], "").await;
        fails(test, &["token", "revoke", &id], "", &["id", "token list"]).await;
        let gone = test.db.read(move |tx| identity::authenticate(tx, &credentials, 0)).await;
        assert!(matches!(gone, Err(identity::Error::InvalidToken)), "{gone:?}");
        assert!(ok(test, &["token", "list", "--user", "ann@example.com"], "").await.ends_with("all"));
    }

    async fn applications_are_added_listed_and_removed(test: &TestDb) {
        ok(test, &["user", "add", "--email", "ann@example.com", "--name", "Ann"], "correct horse").await;
        let add = ["application", "add", "--name", "Bot", "--redirect-uri"];
        let with = |uri: &'static str, more: &[&'static str]| [&add[..], &[uri], more].concat();
        fails(test, &with("nowhere", &[]), "", &["redirect-uri", "nowhere"]).await;
        fails(test, &with("https://a.example/", &["--scopes", "user:fly"]), "", &["scopes", "user:fly"]).await;
        fails(test, &with("https://a.example/", &["--owner", "no@example.com"]), "", &["no@example.com"]).await;
        fails(test, &with("https://a.example/", &["--website", "ftp://x"]), "", &["website"]).await;
        fails(test, &["application", "add", "--name", " ", "--redirect-uri", "https://a.example/"], "", &["name"]).await;
        let shown = ok(test, &with("https://a.example/", &["--owner", "ann@example.com"]), "").await;
        let (id, secret) = shown.split_once('\n').unwrap();
        let (id, secret) = (id.strip_prefix("client_id ").unwrap(), secret.strip_prefix("client_secret ").unwrap());
        let public = ok(test, &with("myapp:/x", &["--public", "--scopes", "user:read"]), "").await;
        assert!(public.starts_with("client_id twd_") && !public.contains("client_secret"), "{public}");
        let listed = json(test, &["application", "list", "--json"]).await;
        assert_eq!((listed.as_array().unwrap().len(), &listed[0]["client_id"]), (2, &id.into()));
        assert_eq!((&listed[0]["owner_id"], &listed[1]["owner_id"]), (&1.into(), &Value::Null));
        assert_eq!((&listed[1]["scopes"], &listed[1]["auth_method"]), (&"user:read".into(), &"none".into()));
        assert!(!listed.to_string().contains(secret), "secrets are shown once");
        assert!(ok(test, &["application", "list"], "").await.contains(id));
        let client_id = id.to_owned();
        let known = test.db.read(move |tx| oauth::by_client_id(tx, &client_id)).await.unwrap().unwrap();
        assert!(known.knows(secret) && !known.knows("x"));

        let token = SecretHash::of("oauth2:x");
        let (application, ann) = (known.id, UserId(1));
        test.db.write(move |tx| {
            oauth::grant(tx, ann, application, Scopes::parse("user:read").unwrap(), 1000)?;
            oauth::issue_test_token(tx, ann, application, &token, 1000)
        }).await.unwrap();
        let consents = json(test, &["application", "consents", "--json"]).await;
        assert_eq!((&consents[0]["email"], &consents[0]["scopes"]), (&"ann@example.com".into(), &"user:read".into()));
        assert!(ok(test, &["application", "consents"], "").await.contains("Bot  ann@example.com"));
        let tokens = json(test, &["token", "list", "--json"]).await;
        assert_eq!((&tokens[0]["application"], &tokens[0]["name"]), (&"Bot".into(), &"test token".into()));
        assert!(ok(test, &["token", "list"], "").await.contains("test token (Bot)"));
        let number = application.to_string();
        let revoke = ["application", "revoke", &number, "--user", "ann@example.com"];
        ok(test, &revoke, "").await;
        fails(test, &revoke, "", &["application consents"]).await;
        assert_eq!(json(test, &["token", "list", "--json"]).await, Value::Array(Vec::new()));
        ok(test, &["application", "remove", &number], "").await;
        fails(test, &["application", "remove", &number], "", &["application list"]).await;
        assert_eq!(json(test, &["application", "list", "--json"]).await.as_array().unwrap().len(), 1);
    }

    async fn workspaces_and_their_members(test: &TestDb) {
        for name in ["ann", "bo"] {
            let email = format!("{name}@example.com");
            ok(test, &["user", "add", "--email", &email, "--name", name], "correct horse").await;
        }
        fails(test, &["workspace", "create", "--name", "Crew", "--admin", "no@example.com"], "", &["no@example.com"]).await;
        fails(test, &["workspace", "create", "--name", " ", "--admin", "ann@example.com"], "", &["name"]).await;
        assert_eq!(ok(test, &["workspace", "create", "--name", "Crew", "--admin", "ann@example.com"], "").await, "workspace 1 created");
        let add = ["workspace", "add-member", "--workspace", "1", "--user", "bo@example.com"];
        ok(test, &[&add[..], &["--role", "guest"]].concat(), "").await;
        fails(test, &add, "", &["set-role"]).await;
        fails(test, &["workspace", "add-member", "--workspace", "9", "--user", "bo@example.com"], "", &["workspace", "workspace list"]).await;
        let role = ["workspace", "set-role", "--workspace", "1", "--user"];
        let last = [&role[..], &["ann@example.com", "--role", "user"]].concat();
        fails(test, &last, "", &["only admin"]).await;
        fails(test, &["user", "remove", "--email", "ann@example.com"], "", &["set-role"]).await;
        fails(test, &[&role[..], &["bo@example.com", "--role", "king"]].concat(), "", &["king", "admin"]).await;
        ok(test, &[&role[..], &["bo@example.com", "--role", "admin"]].concat(), "").await;
        ok(test, &last, "").await;
        let roles: Vec<(Role,)> = test.db
            .read(|tx| tx.all("select role from member order by user_id", params![]))
            .await
            .map_err(|error: halyard_platform::db::Error| error)
            .unwrap();
        assert_eq!(roles, [(Role::User,), (Role::Admin,)]);
        let listed = json(test, &["workspace", "list", "--json"]).await;
        assert_eq!(listed, serde_json::json!([{"id": 1, "name": "Crew", "members": 2}]));
        assert!(ok(test, &["workspace", "list"], "").await.ends_with("1  Crew  (2 members)"));
    }
}
