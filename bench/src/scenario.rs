//! The compared paths, as data: what to prepare, which load to put, what to compare it with.

use std::fmt;
use std::time::Duration;

use crate::load::Pace;
use crate::setup::Step;
use crate::template::Template;

/// Rows of the pages that the list scenarios read.
const PAGE_ROWS: u64 = 50;
/// The handler that inserts one row equal to a comment.
const BARE_INSERT: Bare = Bare { method: "POST", path: "/bare/insert" };
/// The handler that selects and serializes 50 rows equal to comments.
const BARE_SELECT: Bare = Bare { method: "GET", path: "/bare/select" };

/// One path under one load.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Unique name, as the report shows it.
    pub name: String,
    /// What must exist before.
    pub setup: Vec<Step>,
    /// The request that is measured.
    pub call: Template,
    /// What must be true before the load: the server does some work after its answers.
    pub ready: Option<Ready>,
    /// How many different renderings of `call` take turns.
    pub variants: u64,
    /// How many items the answer must list, so that an empty list is not mistaken for speed.
    pub expected_items: Option<usize>,
    /// Concurrent callers.
    pub callers: usize,
    /// When they send.
    pub pace: Pace,
    /// The handler of the bare server that does the least for the same effect.
    pub bare: Option<Bare>,
    /// What is to be reached.
    pub bar: Bar,
    /// Whether the time from a new start to the first answer is measured on this data.
    pub restarts: bool,
}

/// A request whose answer shows that what was prepared has settled.
#[derive(Debug, Clone)]
pub struct Ready {
    /// The request.
    pub call: Template,
    /// What the answer then contains.
    pub shows: &'static str,
}

/// A handler of the bare server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bare {
    /// HTTP method, upper case.
    pub method: &'static str,
    /// Path.
    pub path: &'static str,
}

/// What is to be reached.
#[derive(Debug, Clone, PartialEq)]
pub enum Bar {
    /// A share of the bare handler's requests per second, and perhaps a longest 99th percentile.
    ShareOfBare {
        /// The share, 0 to 1.
        at_least: f64,
        /// The longest 99th percentile.
        p99_at_most: Option<Duration>,
    },
    /// A longest 99th percentile.
    P99(Duration),
    /// A multiple of the 99th percentile of another scenario of the same run.
    P99OfOther {
        /// Name of the other scenario.
        scenario: String,
        /// The largest multiple.
        at_most: f64,
    },
    /// Nothing; other scenarios are compared with this one.
    Reference,
}

/// The database behind the servers; the bars differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    /// SQLite in the data directory.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        })
    }
}

/// Size of the workspace on which `threads/get_unread` is measured.
#[derive(Debug, Clone, Copy)]
struct WorkspaceSize {
    name: &'static str,
    members: u64,
    threads: u64,
    comments: u64,
}

const SMALL: WorkspaceSize =
    WorkspaceSize { name: "small", members: 10, threads: 50, comments: 10_000 };
const LARGE: WorkspaceSize =
    WorkspaceSize { name: "large", members: 1_000, threads: 5_000, comments: 1_000_000 };

/// All scenarios, in the order in which they run: a reference before what is compared with it.
#[must_use]
pub fn all(database: Database) -> Vec<Scenario> {
    vec![
        add_comment(database, 1),
        add_comment(database, 64),
        get_comments(),
        get_threads(),
        get_unread(database, SMALL, Bar::Reference),
        get_unread(
            database,
            LARGE,
            Bar::P99OfOther { scenario: get_unread_name(SMALL), at_most: 1.5 },
        ),
        get_inbox(100, Bar::Reference),
        get_inbox(10_000, Bar::P99OfOther { scenario: get_inbox_name(100), at_most: 1.5 }),
        search(),
    ]
}

fn add_comment(database: Database, threads: u64) -> Scenario {
    let (at_least, p99_at_most) = match database {
        Database::Sqlite => (0.3, Some(Duration::from_millis(20))),
        // The bare transaction of this database alone takes most of that time.
        Database::Postgres => (0.4, None),
    };
    let plural = if threads == 1 { "thread" } else { "threads" };
    Scenario {
        name: format!("comments/add, 64 callers, {threads} {plural}"),
        setup: vec![add_channel("[]"), add_threads(threads)],
        call: comment_call(),
        ready: None,
        variants: threads,
        expected_items: None,
        callers: 64,
        pace: Pace::Closed,
        bare: Some(BARE_INSERT),
        bar: Bar::ShareOfBare { at_least, p99_at_most },
        restarts: false,
    }
}

fn get_comments() -> Scenario {
    let setup = vec![add_channel("[]"), add_threads(1), add_comments(PAGE_ROWS)];
    let path = "/api/v3/comments/get?thread_id=$threads&limit=50";
    get_page("comments/get of 50", setup, path)
}

fn get_threads() -> Scenario {
    let path = "/api/v3/threads/get?workspace_id=$workspace&channel_id=$channel&limit=50";
    get_page("threads/get of 50", vec![add_channel("[]"), add_threads(PAGE_ROWS)], path)
}

fn get_page(name: &str, setup: Vec<Step>, path: &'static str) -> Scenario {
    Scenario {
        name: name.into(),
        setup,
        call: Template::get("author_token", path),
        ready: None,
        variants: 1,
        expected_items: Some(PAGE_ROWS as usize),
        callers: 64,
        pace: Pace::Closed,
        bare: Some(BARE_SELECT),
        bar: Bar::ShareOfBare { at_least: 0.4, p99_at_most: None },
        restarts: false,
    }
}

/// The reader has read everything but a number of threads that does not depend on the size: the
/// answer is equally long, so that only the effort of finding it can differ. A steady rate below
/// saturation, because the bar compares latencies.
fn get_unread(database: Database, size: WorkspaceSize, bar: Bar) -> Scenario {
    const UNREAD_THREADS: u64 = 20;
    let add_members = Step {
        call: Template::post(
            "author_token",
            "/api/v4/workspace_users/add",
            r#"{"id":$workspace,"email":"member$index@example.com","name":"Member $index"}"#,
        ),
        times: size.members,
        rest: Duration::ZERO,
        save_ids_as: Some("members"),
    };
    // On PostgreSQL what was posted within half a minute is looked at one by one, because writes that
    // began before it may still commit. A workspace that was just filled is not what is measured.
    let rest = match database {
        Database::Sqlite => Duration::ZERO,
        Database::Postgres => Duration::from_secs(32),
    };
    let mark_all_read = Step {
        call: Template::post(
            "reader_token",
            "/api/v3/threads/mark_all_read",
            r#"{"workspace_id":$workspace}"#,
        ),
        times: 1,
        rest,
        save_ids_as: None,
    };
    let add_reader = Step {
        call: Template::post(
            "author_token",
            "/api/v3/channels/add_user",
            r#"{"id":$channel,"user_id":$reader}"#,
        ),
        times: 1,
        rest: Duration::ZERO,
        save_ids_as: None,
    };
    Scenario {
        name: get_unread_name(size),
        setup: vec![
            add_members,
            add_channel("$members*"),
            add_reader,
            add_threads(size.threads),
            add_comments(size.comments),
            mark_all_read,
            add_comments(UNREAD_THREADS),
            // In a thread that is unread already.
            last_word(),
        ],
        call: Template::get("reader_token", "/api/v3/threads/get_unread?workspace_id=$workspace"),
        // What the posts have set going is not what is measured.
        ready: Some(index_is_filled()),
        variants: 1,
        expected_items: Some(UNREAD_THREADS as usize),
        callers: 16,
        pace: Pace::Open { per_second: 1_000.0 },
        bare: None,
        bar,
        restarts: size.members == LARGE.members,
    }
}

fn get_unread_name(size: WorkspaceSize) -> String {
    format!("threads/get_unread, {} workspace, 1,000/s", size.name)
}

/// The newest threads of an inbox in which this many are unread, once the posts have been dealt with:
/// the more there were, the more of what follows from them would fall into the load.
fn get_inbox(unread: u64, bar: Bar) -> Scenario {
    Scenario {
        name: get_inbox_name(unread),
        setup: vec![add_channel("[$reader]"), add_threads(unread), last_word()],
        call: Template::get("reader_token", "/api/v3/inbox/get?workspace_id=$workspace"),
        ready: Some(index_is_filled()),
        variants: 1,
        expected_items: Some(30),
        callers: 16,
        pace: Pace::Open { per_second: 200.0 },
        bare: None,
        bar,
        restarts: false,
    }
}

fn get_inbox_name(unread: u64) -> String {
    format!("inbox/get of 30, {unread} unread, 200/s")
}

/// Words that are in every comment, in some, in one and in none, phrases and beginnings of words,
/// in turn; among a million comments that have all been entered.
fn search() -> Scenario {
    const COMMENTS: u64 = 1_000_000;
    Scenario {
        name: "search, 1,000,000 comments, 50/s".into(),
        setup: vec![
            add_channel("[$reader]"),
            add_threads(5_000),
            Step {
                call: findable_comment("item$index group$numbers "),
                times: COMMENTS,
                save_ids_as: None,
                rest: Duration::ZERO,
            },
            last_word(),
        ],
        call: Template::get(
            "reader_token",
            "/api/v3/search?workspace_id=$workspace&query=$queries",
        ),
        ready: Some(index_is_filled()),
        variants: 12,
        expected_items: None,
        callers: 16,
        pace: Pace::Open { per_second: 50.0 },
        bare: None,
        bar: Bar::P99(Duration::from_millis(50)),
        restarts: false,
    }
}

/// A comment that is the last to be found.
fn last_word() -> Step {
    let call = findable_comment("lastword ");
    Step { call, times: 1, save_ids_as: None, rest: Duration::ZERO }
}

/// The last comment is found, so all others have been entered too.
fn index_is_filled() -> Ready {
    let call =
        Template::get("reader_token", "/api/v3/search?workspace_id=$workspace&query=lastword");
    Ready { call, shows: "thread_" }
}

/// As [`comment_call`], beginning with other words.
fn findable_comment(start: &str) -> Template {
    let text = "The build is green again since this morning. I have moved the two open points to \
                the next milestone and asked the others for a second look at the migration.";
    Template::post(
        "author_token",
        "/api/v3/comments/add",
        format!(r#"{{"thread_id":$threads,"content":"{start}{text}"}}"#),
    )
}

/// What the last scenario looks for.
pub const QUERIES: [&str; 12] = [
    "build",
    "the+green+build",
    "item500000",
    "milestone+item77",
    "%22green+again%22",
    "%22again+green%22",
    "group7+",
    "group7+build",
    "nowhere",
    "buil",
    "item99",
    "mor",
];

fn add_channel(user_ids: &str) -> Step {
    let body = format!(
        r#"{{"workspace_id":$workspace,"name":"Load","public":true,"user_ids":{user_ids}}}"#
    );
    Step {
        call: Template::post("author_token", "/api/v3/channels/add", body),
        times: 1,
        rest: Duration::ZERO,
        save_ids_as: Some("channel"),
    }
}

fn add_threads(times: u64) -> Step {
    Step {
        call: Template::post(
            "author_token",
            "/api/v3/threads/add",
            r#"{"channel_id":$channel,"title":"Release $index","content":"What is left to do?"}"#,
        ),
        times,
        rest: Duration::ZERO,
        save_ids_as: Some("threads"),
    }
}

fn add_comments(times: u64) -> Step {
    Step { call: comment_call(), times, rest: Duration::ZERO, save_ids_as: None }
}

/// A comment of the length of a short paragraph, into the threads in turn.
fn comment_call() -> Template {
    Template::post(
        "author_token",
        "/api/v3/comments/add",
        concat!(
            r#"{"thread_id":$threads,"content":"The build is green again since this morning. "#,
            r#"I have moved the two open points to the next milestone and asked the others for "#,
            r#"a second look at the migration before we tag it."}"#
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::Variables;

    #[test]
    fn names_are_unique_and_references_run_first() {
        for database in [Database::Sqlite, Database::Postgres] {
            let scenarios = all(database);
            for (position, scenario) in scenarios.iter().enumerate() {
                let earlier: Vec<_> = scenarios[..position].iter().map(|s| &s.name).collect();
                assert!(!earlier.contains(&&scenario.name), "{} twice", scenario.name);
                if let Bar::P99OfOther { scenario: reference, .. } = &scenario.bar {
                    assert!(earlier.contains(&reference), "{reference} does not run before");
                }
                if matches!(scenario.bar, Bar::ShareOfBare { .. }) {
                    assert!(scenario.bare.is_some(), "{} has nothing to share", scenario.name);
                }
            }
        }
    }

    #[test]
    fn every_request_can_be_rendered_from_what_precedes_it() {
        for scenario in all(Database::Sqlite) {
            let mut variables = Variables::default();
            for name in
                ["workspace", "reader", "author_token", "reader_token", "queries", "numbers"]
            {
                variables.set(name, vec!["7".into()]);
            }
            let assert_sound = |call: &Template, variables: &Variables| {
                let request = call.render(variables, 3).unwrap();
                if let Some(body) = request.body {
                    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
                    assert!(body.is_object(), "{body}");
                }
            };
            for step in &scenario.setup {
                assert_sound(&step.call, &variables);
                if let Some(name) = step.save_ids_as {
                    variables.set(name, vec!["8".into(), "9".into()]);
                }
            }
            assert_sound(&scenario.call, &variables);
            if let Some(ready) = &scenario.ready {
                assert_sound(&ready.call, &variables);
            }
        }
    }

    #[test]
    fn the_large_workspace_is_a_hundred_times_the_small_one() {
        assert_eq!(LARGE.members, 100 * SMALL.members);
        assert_eq!(LARGE.threads, 100 * SMALL.threads);
        assert_eq!(LARGE.comments, 100 * SMALL.comments);
    }
}
