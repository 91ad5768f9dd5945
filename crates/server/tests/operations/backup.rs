//! A backup is one moment of a working server, and moves between the databases.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use halyard_platform::{
    db::{Db, Error, dump, tables, testing::eventually},
    params,
};
use serde_json::{Value, json};

use crate::{
    load::{Ledger, Place, new_thread, posts, token},
    support::{Api, Installation},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_sqlite_to_postgres() {
    let (from, to) = (Installation::sqlite(), Installation::postgres().await);
    moves(&from, &to).await;
    to.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_postgres_to_sqlite() {
    let (from, to) = (Installation::postgres().await, Installation::sqlite());
    moves(&from, &to).await;
    from.remove().await;
}

async fn moves(from: &Installation, to: &Installation) {
    let demo = from.demo().await;
    let token = token(&demo);
    let server = from.serve().await;
    let api = server.api(&token);
    let source = from.open().await;
    let thread = new_thread(&api, &demo).await;
    let removed = removed_thread(&api, &demo, &source).await;

    let ledger = Arc::new(Ledger::default());
    let stop = Arc::new(AtomicBool::new(false));
    let mut writers = Vec::new();
    for _ in 0..8 {
        let (ledger, stop) = (ledger.clone(), stop.clone());
        let (api, place) = (api.clone(), Place::thread(&thread));
        let more = move || !stop.load(Ordering::Relaxed);
        writers.push(tokio::spawn(ledger.write(api, place, more)));
    }
    let grown = |by: usize| {
        let (ledger, target) = (ledger.clone(), ledger.count() + by);
        eventually("more posts", move || {
            let enough = ledger.count() >= target;
            async move { enough }
        })
    };
    grown(50).await;
    let before = ledger.acknowledged.lock().unwrap().clone();
    let file = from.scratch().join("halyard.backup");
    let path = file.to_str().unwrap();
    from.halyard(&["backup", "--to", path]).await.expect(0);
    grown(10).await;
    stop.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let beside: Vec<_> =
        fs::read_dir(from.scratch()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(beside.iter().all(|name| !name.to_string_lossy().contains("unfinished")), "{beside:?}");
    let again = from.halyard(&["backup", "--to", path]).await.expect(1);
    assert!(again.err.contains("exists"), "{}", again.err);

    to.halyard(&["restore", "--from", path]).await.expect(0);
    to.halyard(&["doctor", "--deep"]).await.expect(0);
    let target = to.open().await;
    let restored = posts(&target).await;
    for (content, id) in &before {
        assert!(restored.contains(&(content.clone(), *id)), "{content} was acknowledged before");
    }
    let now = ledger.acknowledged.lock().unwrap().clone();
    assert!(restored.len() < now.len(), "the backup is a moment, not the end");
    for (content, id) in &restored {
        assert_eq!(now.get(content), Some(id), "{content}");
    }
    let refused = to.halyard(&["restore", "--from", path]).await.expect(1);
    assert!(refused.err.contains("empty"), "{}", refused.err);
    assert_eq!(posts(&target).await.len(), restored.len());

    let moved = to.serve().await;
    let api = moved.api(&token);
    let found = api.get("threads/getone", &[("id", &thread)]).await.unwrap().ok();
    assert_eq!(found["comment_count"], restored.len());
    let next: i64 = new_thread(&api, &demo).await.parse().unwrap();
    assert_eq!(next, removed + 1, "the id of a removed thread is not used again");
    let form = [("thread_id", thread.as_str()), ("content", "on")];
    let comment = api.post("comments/add", &form, None).await.unwrap().ok()["id"].as_i64().unwrap();
    assert!(restored.iter().all(|(_, id)| *id < comment));
    let (last, group) = groups(&source, &target).await;
    assert!(last > 100 && group == last + 1, "group {group} after {last}");
    // A transaction of another database on the same server may hide the newest for a moment.
    eventually("old and new events to be readable", || all_events_are_readable(&target)).await;
    for db in [source, target] {
        db.close().await;
    }
    for server in [server, moved] {
        let (code, log) = server.terminate().await;
        assert_eq!(code, Some(0), "{log}");
    }
}

/// The id of a thread that is gone with its row.
async fn removed_thread(api: &Api, demo: &Value, db: &Db) -> i64 {
    let id: i64 = new_thread(api, demo).await.parse().unwrap();
    api.post("threads/remove", &[("id", &id.to_string())], None).await.unwrap().ok();
    eventually("the purge", || async {
        db.read(move |tx| -> Result<i64, Error> {
            tx.one("select count(*) from thread where id = $1", params![id])
        })
        .await
        .unwrap()
            == 0
    })
    .await;
    id
}

/// The newest group of the source, and the next one of the target.
async fn groups(source: &Db, target: &Db) -> (i64, i64) {
    let last = source
        .read(|tx| -> Result<i64, Error> {
            tx.one("select coalesce(max(id), 100) from member_group", params![])
        })
        .await
        .unwrap();
    let next = target
        .write(|tx| -> Result<i64, Error> {
            tx.one(
                "insert into member_group (workspace_id, name, created_at)
                 values ((select min(id) from workspace), 'next', 0) returning id",
                params![],
            )
        })
        .await
        .unwrap();
    (last, next)
}

async fn all_events_are_readable(db: &Db) -> bool {
    let read = db.read(|tx| -> Result<_, Error> {
        let total: i64 = tx.one("select count(*) from event", params![])?;
        Ok(halyard_platform::events::after(tx, None, 1_000_000)?.len() as i64 == total)
    });
    read.await.unwrap()
}

/// Every row of every table, but what depends on the moment of reading.
async fn content(installation: &Installation) -> Vec<String> {
    let db = installation.open().await;
    let rows = db
        .read(|tx| -> Result<Vec<String>, Error> {
            let mut rows = Vec::new();
            for table in tables(tx)? {
                dump(tx, &table, |line| {
                    // Transaction numbers of events mean nothing elsewhere, and the index of the
                    // search is made again from the rest.
                    let remade = line.contains("messaging.search_fill");
                    if !remade && !["event", "fulltext_word"].contains(&table.name.as_str()) {
                        rows.push(format!("{} {line}", table.name));
                    }
                    Ok::<_, Error>(())
                })?;
            }
            rows.sort();
            Ok(rows)
        })
        .await
        .unwrap();
    db.close().await;
    rows
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_row_survives_the_way_there_and_back() {
    let (first, second, third) =
        (Installation::sqlite(), Installation::postgres().await, Installation::sqlite());
    first.demo().await;
    // Characters that a format might trip over, in text and in bytes.
    let db = first.open().await;
    db.write(|tx| -> Result<_, Error> {
        tx.exec(
            "update thread set content = $1",
            params!["tab\t \\N \\x41 \r\n \u{1} \"ü\" 日本 '"],
        )?;
        tx.exec("update thread set system_message = $1 where id = 1", params!["\\"])?;
        tx.exec("update token set hash = $1 where id = 1", params![&[0u8, 10, 92, 255]])
    })
    .await
    .unwrap();
    db.close().await;
    let (a, b) = (first.scratch().join("a"), first.scratch().join("b"));
    first.halyard(&["backup", "--to", a.to_str().unwrap()]).await.expect(0);
    second.halyard(&["restore", "--from", a.to_str().unwrap()]).await.expect(0);
    second.halyard(&["backup", "--to", b.to_str().unwrap()]).await.expect(0);
    third.halyard(&["restore", "--from", b.to_str().unwrap()]).await.expect(0);
    let original = content(&first).await;
    assert!(original.len() > 50);
    assert_eq!(content(&second).await, original);
    assert_eq!(content(&third).await, original);
    second.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_or_newer_archive_leaves_sqlite_empty() {
    refuses_broken_archives(&Installation::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_or_newer_archive_leaves_postgres_empty() {
    let target = Installation::postgres().await;
    refuses_broken_archives(&target).await;
    target.remove().await;
}

async fn refuses_broken_archives(target: &Installation) {
    let source = Installation::sqlite();
    source.demo().await;
    let good = source.scratch().join("good");
    source.halyard(&["backup", "--to", good.to_str().unwrap()]).await.expect(0);
    let bytes = fs::read(&good).unwrap();
    let half = &bytes[..bytes.len() / 2];
    let mut flipped = bytes.clone();
    flipped[bytes.len() / 2] ^= 0x10;
    let thread = "tables/thread/000001.jsonl";
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("damaged", half.to_vec()),
        ("damaged", flipped),
        ("backup", b"not an archive at all".to_vec()),
        ("newer", rewritten(&bytes, "meta.json", |meta| with(meta, "format", json!(99)))),
        (
            "newer",
            rewritten(&bytes, "meta.json", |meta| {
                with(meta, "migrations", json!(["platform/9999_from_tomorrow"]))
            }),
        ),
        (
            "thread/000001.jsonl is not what was written",
            rewritten(&bytes, thread, |rows| {
                rows.replace("Harbour", "Horbour").replacen('a', "b", 1)
            }),
        ),
        // Right by its checksums, but no row of that table.
        ("line 1 of table thread", resealed(&bytes, thread, |_| "[1,2]\n".to_owned())),
    ];
    for (number, (expected, archive)) in cases.into_iter().enumerate() {
        let path = source.scratch().join(format!("bad-{number}"));
        fs::write(&path, archive).unwrap();
        let ended = target.halyard(&["restore", "--from", path.to_str().unwrap()]).await.expect(1);
        assert!(ended.err.contains(expected), "case {number}: {}", ended.err);
        assert_eq!(files_below(&target.data().join("blobs")), 0, "case {number}");
    }
    target.halyard(&["restore", "--from", good.to_str().unwrap()]).await.expect(0);
    target.halyard(&["doctor", "--deep"]).await.expect(0);
    assert_eq!(content(target).await, content(&source).await);
}

fn files_below(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { files_below(&path) } else { 1 }).sum()
}

fn with(text: &str, key: &str, value: Value) -> String {
    let mut object: Value = serde_json::from_str(text).unwrap();
    object[key] = value;
    object.to_string()
}

/// The archive with one entry changed and its checksum as it was.
fn rewritten(archive: &[u8], name: &str, change: impl Fn(&str) -> String) -> Vec<u8> {
    rebuilt(archive, name, change, false)
}

/// The archive with one entry changed and its checksum too.
fn resealed(archive: &[u8], name: &str, change: impl Fn(&str) -> String) -> Vec<u8> {
    rebuilt(archive, name, change, true)
}

fn rebuilt(archive: &[u8], changed: &str, change: impl Fn(&str) -> String, seal: bool) -> Vec<u8> {
    use std::io::Read;

    use sha2::{Digest, Sha256};

    let mut old = tar::Archive::new(zstd::Decoder::new(archive).unwrap());
    let mut new = tar::Builder::new(zstd::Encoder::new(Vec::new(), 1).unwrap());
    let mut sums = String::new();
    for entry in old.entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().to_string_lossy().into_owned();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        if name == changed {
            content = change(std::str::from_utf8(&content).unwrap()).into_bytes();
        }
        if name == "checksums.txt" && seal {
            content = sums.clone().into_bytes();
        }
        sums.push_str(&format!("{}  {name}\n", hex::encode(Sha256::digest(&content))));
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o600);
        new.append_data(&mut header, &name, content.as_slice()).unwrap();
    }
    new.into_inner().unwrap().finish().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn migrate_says_how_the_database_stands() {
    let installation = Installation::sqlite();
    installation.halyard(&["migrate", "--check"]).await.expect(1);
    assert!(!installation.data().join("halyard.db").exists(), "a check makes nothing");
    let ended = installation.halyard(&["migrate"]).await.expect(0);
    assert!(ended.out.contains("applied  messaging/0001_workspaces"), "{}", ended.out);
    installation.halyard(&["migrate", "--check"]).await.expect(0);
    let db = installation.open().await;
    db.write(|tx| -> Result<_, Error> {
        tx.exec("delete from migration where name = 'messaging/0004_attachments'", params![])
    })
    .await
    .unwrap();
    let ended = installation.halyard(&["migrate", "--check"]).await.expect(1);
    assert!(ended.out.contains("missing  messaging/0004_attachments"), "{}", ended.out);
    let ended = installation.halyard(&["doctor"]).await.expect(2);
    assert!(ended.err.contains("halyard migrate"), "{}", ended.err);
    db.write(|tx| -> Result<_, Error> {
        tx.exec("insert into migration (name) values ('messaging/9999_tomorrow')", params![])
    })
    .await
    .unwrap();
    let ended = installation.halyard(&["migrate"]).await.expect(1);
    assert!(ended.err.contains("newer version"), "{}", ended.err);
    db.close().await;
}
