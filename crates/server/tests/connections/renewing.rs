//! The whole way of OAuth against our own server with tokens that expire: connect, use, refresh,
//! revoke.

use halyard_platform::{
    db::{Db, testing::eventually},
    params,
};
use serde_json::Value;

use crate::{
    process::{Installation, Running},
    round_trip::agree,
};

/// Callers at the same time, each a process.
const MANY: usize = 20;

/// How many access tokens have come of the authorization: the first one, and one for each refresh.
async fn tokens(store: &Db) -> i64 {
    let sql = "select count(*) from token where grant_id is not null";
    let count = store.read(|tx| tx.one::<i64>(sql, params![])).await;
    count.unwrap_or_else(|error: halyard_platform::db::Error| panic!("{error}"))
}

async fn whole_way(installation: &Installation) {
    let demo = installation.demo().await;
    // The app renews what lives for less than a quarter of an hour from now on.
    installation.configure("oauth_token_lifetime = 903");
    let (server, base) = installation.serve().await;
    let store = installation.store().await;

    // Connect, with an application that asks for tokens that expire.
    let add = ["application", "add", "--name", "Renewing", "--refresh", "--redirect-uri"];
    let add = [&add[..], &["http://127.0.0.1/oauth/cb/app"]].concat();
    let added = installation.halyard(&add).await.expect(0).out;
    let secret = |name: &str| {
        let line = added.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("{name} in {added}")).trim().to_owned()
    };
    let (id, secret) = (secret("client_id"), secret("client_secret"));
    let (id, secret) = (format!("clientId={id}"), format!("clientSecret={secret}"));
    let add = ["connection", "add", "crew", "--app", "twist", "--kind", "twist"];
    let more = ["--base-url", &base, "--set", &id, "--set", &secret];
    let mut adding: Running = installation.start(&[&add[..], &more].concat(), &[]);
    let address = adding.line().await;
    agree(&base, &address, &demo["users"][0]).await;
    adding.end().await.expect(0);
    assert_eq!(tokens(&store).await, 1);

    // Use, until the app finds that the token will not live for long.
    let me = ["app", "call", "twist", "ListTeams", "--connection", "crew"];
    eventually("the token is renewed before its end", || async {
        installation.halyard(&me).await.expect(0);
        tokens(&store).await > 1
    })
    .await;

    // From now on tokens live for an hour.
    server.terminate().await.expect(0);
    installation.configure("");
    let listen = base.strip_prefix("http://").unwrap();
    let (server, _) = installation.serve_at(listen).await;
    let before = tokens(&store).await;
    eventually("the next token lives for an hour", || async {
        installation.halyard(&me).await.expect(0);
        tokens(&store).await > before
    })
    .await;
    installation.halyard(&me).await.expect(0);
    let before = tokens(&store).await;

    // All of them end sooner than the app has been told. Many notice it at once, and one refreshes.
    let expire = "update token set expires_at = 1 where grant_id is not null";
    let expired = store.write(|tx| tx.exec(expire, params![])).await;
    let expired = expired.unwrap_or_else(|error: halyard_platform::db::Error| panic!("{error}"));
    assert_eq!(i64::try_from(expired).unwrap(), before);
    let callers = (0..MANY).map(|_| installation.halyard(&me));
    for ended in futures_util::future::join_all(callers).await {
        let ended = ended.expect(0);
        let team: Value = serde_json::from_str(ended.out.lines().next().unwrap()).unwrap();
        assert_eq!(team["id"], demo["workspace_id"]);
    }
    assert_eq!(tokens(&store).await, before + 1, "one refresh for all of them");
    let consents = installation.halyard(&["application", "consents", "--json"]).await.expect(0);
    let consents: Value = serde_json::from_str(&consents.out).unwrap();
    assert_eq!(consents.as_array().unwrap().len(), 1, "{consents}");

    // Revoke: the refresh is refused, and the error says what to do.
    let application = consents[0]["application_id"].to_string();
    let email = demo["users"][0]["email"].as_str().unwrap();
    installation.halyard(&["application", "revoke", &application, "--user", email]).await.expect(0);
    let refused = installation.halyard(&me).await.expect(1);
    let error: Value = serde_json::from_str(refused.err.lines().last().unwrap()).unwrap();
    assert_eq!(error["type"], "InvalidAccessTokenError", "{error}");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("halyard connection authorize crew"), "{message}");
    assert!(message.contains("invalid_grant"), "{message}");
    assert!(!refused.err.contains("oauth2"), "{}", refused.err);
    let listed = installation.halyard(&["connection", "list"]).await.expect(0);
    assert!(listed.out.contains("refused"), "{}", listed.out);
    store.close().await;
    server.terminate().await.expect(0);
}

#[tokio::test]
async fn connect_use_refresh_revoke_on_sqlite() {
    let installation = Installation::sqlite();
    whole_way(&installation).await;
    installation.remove().await;
}

#[tokio::test]
async fn connect_use_refresh_revoke_on_postgres() {
    let installation = Installation::postgres().await;
    whole_way(&installation).await;
    installation.remove().await;
}
