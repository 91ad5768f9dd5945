//! The whole way of OAuth against our own server: connect, use, revoke.

use serde_json::Value;

use crate::{
    process::{Installation, Running},
    service::client,
};

/// What the person in the browser does: signs in, agrees, and follows the way back.
pub(crate) async fn agree(base: &str, address: &str, person: &Value) -> String {
    let browser = client();
    let text = |name: &str| person[name].as_str().unwrap();
    let signed_in = browser
        .post(format!("{base}/sign-in"))
        .header("origin", base)
        .form(&[("email", text("email")), ("password", text("password")), ("next", "/x")])
        .send()
        .await
        .unwrap();
    assert_eq!(signed_in.status(), 303);
    let cookie = signed_in.headers()["set-cookie"].to_str().unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let page = browser.get(address).header("cookie", &cookie).send().await.unwrap();
    assert_eq!(page.status(), 200);
    assert!(page.text().await.unwrap().contains("act for you"));
    let asked: halyard_platform::outbound::Url = address.parse().unwrap();
    let mut fields: Vec<(String, String)> = asked.query_pairs().into_owned().collect();
    fields.push(("decision".to_owned(), "allow".to_owned()));
    let agreed = browser
        .post(format!("{base}/oauth/authorize"))
        .header("origin", base)
        .header("cookie", &cookie)
        .form(&fields)
        .send()
        .await
        .unwrap();
    assert_eq!(agreed.status(), 303);
    let back = agreed.headers()["location"].to_str().unwrap().to_owned();
    let shown = browser.get(back).send().await.unwrap();
    let (status, text) = (shown.status(), shown.text().await.unwrap());
    assert_eq!(status, 200, "{text}");
    text
}

async fn whole_way(installation: &Installation) {
    let demo = installation.demo().await;
    let (server, base) = installation.serve().await;
    let add =
        ["connection", "add", "crew", "--app", "twist", "--kind", "twist", "--base-url", &base];
    let mut adding: Running = installation.start(&add, &[]);
    let address = adding.line().await;
    assert!(address.starts_with(&format!("{base}/oauth/authorize?")), "{address}");
    let shown = agree(&base, &address, &demo["users"][0]).await;
    assert!(shown.contains("The connection is made"), "{shown}");
    let ended = adding.end().await.expect(0);
    assert!(ended.out.contains("crew (twist of twist"), "{}", ended.out);

    // Use.
    let me = ["app", "call", "twist", "ListTeams", "--connection", "crew"];
    let used = installation.halyard(&me).await.expect(0);
    let team: Value = serde_json::from_str(used.out.lines().next().unwrap()).unwrap();
    assert_eq!(team["id"], demo["workspace_id"]);
    installation.halyard(&["connection", "test", "crew"]).await.expect(0);

    // Nothing of it shows.
    let listed = installation.halyard(&["connection", "list", "--json"]).await.expect(0);
    assert!(!listed.out.contains("oauth2:"), "{}", listed.out);
    let row = &serde_json::from_str::<Value>(&listed.out).unwrap()[0];
    assert_eq!((&row["state"], &row["kind"]), (&"ready".into(), &"twist".into()));
    assert!(row["scopes"].as_array().unwrap().contains(&"comments:write".into()));

    // Revoke: the person takes the consent back.
    let consents = installation.halyard(&["application", "consents", "--json"]).await.expect(0);
    let consents: Value = serde_json::from_str(&consents.out).unwrap();
    let application = consents[0]["application_id"].to_string();
    let email = demo["users"][0]["email"].as_str().unwrap();
    let revoke = ["application", "revoke", &application, "--user", email];
    installation.halyard(&revoke).await.expect(0);
    let refused = installation.halyard(&me).await.expect(1);
    let error: Value = serde_json::from_str(refused.err.lines().last().unwrap()).unwrap();
    assert_eq!(error["type"], "InvalidAccessTokenError", "{error}");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("halyard connection authorize crew"), "{message}");
    assert!(!refused.err.contains("oauth2:"), "{}", refused.err);
    let listed = installation.halyard(&["connection", "list"]).await.expect(0);
    assert!(listed.out.contains("refused"), "{}", listed.out);

    // Authorize again, and it works again.
    let mut again = installation.start(&["connection", "authorize", "crew"], &[]);
    let address = again.line().await;
    agree(&base, &address, &demo["users"][0]).await;
    again.end().await.expect(0);
    installation.halyard(&me).await.expect(0);

    // Remove: the token ends at the service too.
    let tokens = async || {
        let tokens = installation.halyard(&["token", "list", "--json"]).await.expect(0).out;
        let tokens: Value = serde_json::from_str(&tokens).unwrap();
        let all = tokens.as_array().unwrap();
        all.iter().filter(|token| token["application"].is_string()).count()
    };
    assert_eq!(tokens().await, 1);
    let removed = installation.halyard(&["connection", "remove", "crew"]).await.expect(0);
    // On a busy machine the store may say there that it was slow.
    assert!(!removed.err.contains("was not told"), "{}", removed.err);
    assert_eq!(tokens().await, 0);
    let gone = installation.halyard(&me).await.expect(1);
    assert!(gone.err.contains("halyard connection list"), "{}", gone.err);
    server.terminate().await.expect(0);
}

#[tokio::test]
async fn connect_use_revoke_on_sqlite() {
    let installation = Installation::sqlite();
    whole_way(&installation).await;
    installation.remove().await;
}

#[tokio::test]
async fn connect_use_revoke_on_postgres() {
    let installation = Installation::postgres().await;
    whole_way(&installation).await;
    installation.remove().await;
}

#[tokio::test]
async fn nobody_waits_for_ever() {
    let installation = Installation::sqlite();
    installation.demo().await;
    let (server, base) = installation.serve().await;
    let add = [
        "connection",
        "add",
        "crew",
        "--app",
        "twist",
        "--kind",
        "twist",
        "--base-url",
        &base,
        "--wait",
        "200ms",
    ];
    let ended = installation.halyard(&add).await.expect(1);
    assert!(ended.err.contains("--print-only"), "{}", ended.err);
    let listed = installation.halyard(&["connection", "list"]).await.expect(0);
    assert_eq!(listed.out, "", "nothing is kept");
    server.terminate().await.expect(0);
}
