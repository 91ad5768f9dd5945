//! Who may do what: every call of the API, sent by everybody, about the same things.
//!
//! The outcome is also written to `conformance/twist.authorization.tsv`, so that a change of it is
//! seen in review.

mod fixture;
mod rows;
mod snapshot;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

use bytes::Bytes;
use halyard_http_api::twist::{Endpoint, Login, ROUTES, Verb};
use halyard_platform::{db::testing::TestDb, on_both_databases};
use http::Method;

use self::{
    fixture::{Fixture, SECRET},
    rows::{ROWS, Row, UNCHANGING},
    snapshot::Snapshot,
};
use crate::{
    attachments::{GIF, blobs},
    conformance::publish,
    support::{Answer, Client, TestApp, migrations},
};

/// The columns.
const ACTORS: [&str; 8] = [
    "admin",
    "member",
    "guest inside",
    "guest outside",
    "non-member",
    "removed member",
    "no token",
    "token without scope",
];
/// The first three are in the channel and the conversation. Who lacks the scope could be.
const INSIDE: [&str; 3] = ["admin", "member", "guest inside"];

on_both_databases! {
    migrations();

    async fn everybody_may_do_exactly_what_the_table_says(db: &TestDb) {
        let rows: BTreeMap<&str, &Row> = ROWS.iter().map(|row| (row.0, row)).collect();
        assert_eq!(rows.len(), ROWS.len(), "two rows for one route");
        let routes: BTreeSet<&str> = ROUTES.iter().map(|route| route.path).collect();
        assert_eq!(routes, rows.keys().copied().collect(), "routes, and rows of the table");

        let fixture = Fixture::new(db).await;
        let start = Snapshot::take(&db.db).await;
        let mut table = format!("path\t{}\n", ACTORS.join("\t"));
        let mut wrong = Vec::new();
        for route in ROUTES {
            let row = rows[route.path];
            let seen = ask_everybody(db, &fixture, &start, route, row, &mut wrong).await;
            writeln!(table, "{}\t{}", route.path, seen.join("\t")).unwrap();
        }
        publish("twist.authorization.tsv", &table);
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

/// Sends one call as everybody, each to the workspace as it was at the start.
async fn ask_everybody(
    db: &TestDb,
    fixture: &Fixture,
    start: &Snapshot,
    route: &Endpoint,
    row: &Row,
    wrong: &mut Vec<String>,
) -> Vec<String> {
    let expected = expectations(route, row.2);
    let (mut seen, mut effective) = (Vec::new(), false);
    for (actor, expected) in ACTORS.into_iter().zip(&expected) {
        // Of its own, so that counted attempts to get in do not add up.
        let app = TestApp::new(db);
        let client = client(&app, fixture, route, actor);
        let answer = send(&client, fixture, route, row).await;
        let body = String::from_utf8_lossy(&answer.bytes).into_owned();
        let code = outcome(&answer);
        let mut complain = |what: &str| {
            wrong.push(format!("{}, {actor}: {what}: {code}, not {expected}: {body}", route.path));
        };
        if code != *expected {
            complain("another outcome");
        }
        let after = start.again(&db.db).await;
        let changes = start.changes(&after);
        if code == "ok" {
            effective |= !changes.is_empty();
            if route.verb == Verb::Get && !changes.is_empty() {
                complain(&format!("a read has changed {changes:?}"));
            }
            if INSIDE.contains(&actor) && shows_secrets(route, row) && !body.contains(SECRET) {
                complain("it does not show what it should");
            }
        } else {
            if !changes.is_empty() {
                complain(&format!("refused, and yet it has changed {changes:?}"));
            }
            if blobs(&app) > 0 {
                complain("refused, and yet a file was stored");
            }
        }
        if !INSIDE.contains(&actor) && body.contains(SECRET) {
            complain("it shows a secret");
        }
        seen.push(format!(
            "{}{}",
            answer.status,
            match code.as_str() {
                "ok" => String::new(),
                code => format!("/{code}"),
            }
        ));
        if !changes.is_empty() {
            start.restore(&db.db).await;
        }
    }
    let should = route.verb == Verb::Post && !UNCHANGING.contains(&route.path);
    if effective != should {
        wrong.push(format!("{}: somebody changed something: {effective}", route.path));
    }
    seen
}

/// `ok` or the error code, for each actor.
fn expectations(route: &Endpoint, row: &str) -> Vec<String> {
    let mut expected: Vec<String> = row.split(' ').map(str::to_owned).collect();
    if expected.len() == 6 {
        assert!(matches!(route.login, Login::With(_)), "{} needs all columns", route.path);
        expected.extend(["200".to_owned(), "109".to_owned()]);
    }
    assert_eq!(expected.len(), ACTORS.len(), "{}", route.path);
    expected
}

fn client(app: &TestApp, fixture: &Fixture, route: &Endpoint, actor: &str) -> Client {
    let team = &fixture.team;
    let person = match actor {
        "admin" => &team.ann,
        "member" => &team.bo,
        "guest inside" => &team.gus,
        "guest outside" => &fixture.outside,
        "non-member" => &team.eve,
        "removed member" => &team.rae,
        "no token" => return app.nobody(),
        "token without scope" => {
            let scope = match route.login {
                Login::With(scope) => Some(scope),
                Login::Anyone | Login::Nobody => None,
            };
            return app.nobody().bearer(fixture.token_without(scope));
        }
        other => panic!("nobody is called {other}"),
    };
    app.nobody().bearer(&person.token)
}

async fn send(client: &Client, fixture: &Fixture, route: &Endpoint, row: &Row) -> Answer {
    let path = format!("v3/{}", route.path);
    if route.upload {
        return client.upload(&path, row.1, GIF).await;
    }
    let fields = fixture.fields(row.1);
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    match route.verb {
        Verb::Post => client.post_form(&path, &fields).await,
        Verb::Get => {
            let mut query = form_urlencoded::Serializer::new(String::new());
            let query = query.extend_pairs(fields).finish();
            client.send(Method::GET, &format!("{path}?{query}"), "", Bytes::new()).await
        }
    }
}

/// `ok` or the error code, which must come with a status of its kind.
fn outcome(answer: &Answer) -> String {
    let body = answer.json();
    if matches!(answer.status, 200 | 201) {
        return "ok".to_owned();
    }
    let code = body["error_code"].as_u64().unwrap();
    let code = u16::try_from(code).unwrap();
    let status = match code {
        105..=108 | 110 | 115 | 119 | 124 | 125 | 132 => 404,
        109 | 200 => 403,
        _ => 400,
    };
    answer.fails(status, code);
    code.to_string()
}

/// Whether the answer has to have something in it that others may not see.
fn shows_secrets(route: &Endpoint, row: &Row) -> bool {
    let things = ["{channel}", "{thread}", "{comment}", "{talk}", "{message}"];
    let lists = [
        "channels/get",
        "conversations/get",
        "search",
        "search/query",
        "autocomplete/query_threads",
    ];
    // These answer ids only.
    let ids = ["search/thread", "search/conversation"];
    route.verb == Verb::Get
        && !ids.contains(&route.path)
        && (things.iter().any(|thing| row.1.contains(thing)) || lists.contains(&route.path))
}
