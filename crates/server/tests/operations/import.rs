//! `kill -9` in the middle of an import: nothing of it is seen, and it can be done again.

use std::{
    fs::File,
    io::Write,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use halyard_platform::{
    db::{Db, Error},
    params,
};
use serde_json::{Value, json};
use zip::{ZipWriter, write::SimpleFileOptions};

use crate::{ranks::ranked, support::Installation, transfer::read};

const CHANNELS: usize = 4;
const DAYS: usize = 8;
/// Comments of a day in a channel, all in one thread.
const SAID: usize = 45;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite() {
    survives(&Installation::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres() {
    let installation = Installation::postgres().await;
    survives(&installation).await;
    installation.remove().await;
}

/// An archive of Slack with threads enough for many transactions.
fn slack(path: &Path) {
    let mut zip = ZipWriter::new(File::create(path).unwrap());
    let mut add = |name: &str, content: &Value| {
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content.to_string().as_bytes()).unwrap();
    };
    let user = |id: &str, name: &str, owner: bool| {
        json!({"id": id, "name": name, "is_primary_owner": owner,
            "profile": {"real_name": name, "email": format!("{name}@slack.example")}})
    };
    add("users.json", &json!([user("U1", "ann", true), user("U2", "bo", false)]));
    let channel = |at: usize| {
        json!({"id": format!("C{at}"), "name": format!("room{at}"), "is_general": at == 0,
            "creator": "U1", "created": 1_600_000_000, "members": ["U1", "U2"]})
    };
    add("channels.json", &(0..CHANNELS).map(channel).collect());
    for (room, day) in (0..CHANNELS).flat_map(|room| (0..DAYS).map(move |day| (room, day))) {
        let root = format!("{}.000100", 1_700_000_000 + day * 86_400);
        let post = |at: usize| {
            let ts = format!("{}.000100", 1_700_000_000 + day * 86_400 + at);
            let text = format!("room {room} day {day} post {at}");
            json!({"type": "message", "user": format!("U{}", at % 2 + 1), "ts": ts, "text": text,
                "thread_ts": root})
        };
        add(&format!("room{room}/2023-11-{:02}.json", 14 + day), &(0..=SAID).map(post).collect());
    }
    zip.finish().unwrap();
}

/// The export of a workspace that has all of it.
async fn archive(at: &Installation) -> PathBuf {
    at.halyard(&["migrate"]).await.expect(0);
    let (zip, export) = (at.scratch().join("s.zip"), at.scratch().join("s.export"));
    slack(&zip);
    at.halyard(&["import-slack", zip.to_str().unwrap(), "--new", "Crew"]).await.expect(0);
    let out = export.to_str().unwrap();
    at.halyard(&["export", "--workspace", "1", "--output", out]).await.expect(0);
    export
}

async fn number(db: &Db, sql: &'static str) -> i64 {
    db.read(move |tx| tx.one(sql, params![])).await.map_err(|error: Error| error).unwrap()
}

/// When it is killed.
#[derive(Debug, Clone, Copy)]
enum Moment {
    /// Once so many comments are here.
    Comments(i64),
    /// Once it is shown, and not yet cleared away.
    Shown,
}

const COMMENTS: i64 = (CHANNELS * DAYS * SAID) as i64;

/// Runs the import and kills it; false when it ended before.
async fn dies(at: &Installation, db: &Db, file: &str, moment: Moment) -> bool {
    let mut import = at.begin(&["import", file]);
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let reached = match moment {
            Moment::Comments(count) => number(db, "select count(*) from comment").await >= count,
            Moment::Shown => {
                number(db, "select count(*) from import where finished_at is not null").await > 0
            }
        };
        if reached {
            return import.ended().is_none();
        }
        if let Some(code) = import.ended() {
            assert_eq!(code, Some(0), "{moment:?}");
            return false;
        }
        assert!(Instant::now() < deadline, "{moment:?} does not come");
    }
}

async fn survives(to: &Installation) {
    let from = Installation::sqlite();
    let export = archive(&from).await;
    let file = export.to_str().unwrap();
    // Something is there already, so that no id stays the same.
    to.demo().await;
    let db = to.open().await;
    let spaces = to.halyard(&["workspace", "list", "--json"]).await.expect(0).out;
    let before = number(&db, "select count(*) from comment").await;
    let mut killed = 0;
    let moments =
        [1, COMMENTS / 3, COMMENTS / 2, COMMENTS - 10].map(|n| Moment::Comments(before + n));
    for moment in moments {
        killed += u32::from(dies(to, &db, file, moment).await);
        let now = to.halyard(&["workspace", "list", "--json"]).await.expect(0).out;
        assert_eq!(now, spaces, "{moment:?}: something is seen of it");
        to.halyard(&["doctor", "--deep"]).await.expect(0);
    }
    assert!(killed >= 3, "only {killed} imports were killed in time");
    // While it ends, again and again, until one gets through.
    let all = Moment::Comments(before + COMMENTS);
    for _ in 0..6 {
        if !dies(to, &db, file, all).await {
            break;
        }
    }
    dies(to, &db, file, Moment::Shown).await;
    let made = to.halyard(&["import", file]).await.expect(0);
    assert!(made.out.contains("workspace 2"), "{}", made.out);
    assert_eq!(number(&db, "select count(*) from import_id").await, 0);
    assert_eq!(number(&db, "select count(*) from import").await, 1);
    assert_eq!(number(&db, "select count(*) from workspace").await, 2);
    to.halyard(&["doctor", "--deep"]).await.expect(0);
    let second = to.scratch().join("b.export");
    let out = second.to_str().unwrap();
    to.halyard(&["export", "--workspace", "2", "--output", out]).await.expect(0);
    let (old, new) = (read(&export).0, read(&second).0);
    assert_eq!(old.len(), new.len());
    for (old, new) in ranked(&old).iter().zip(&ranked(&new)) {
        assert_eq!(old, new);
    }
    db.close().await;
}
