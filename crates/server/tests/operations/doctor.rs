//! Each kind of damage is found, and what can be derived is repaired.

use std::fs;

use halyard_platform::db::{Db, Dialect, Error};
use halyard_platform::params;

use crate::support::Installation;

/// What is planted, by the name of the check that must find it.
const REPAIRABLE: &[(&str, &str)] = &[
    (
        "idempotency-unfinished",
        "insert into idempotency_key (scope, key, created_at) values ('s', 'k', 1)",
    ),
    ("orphan-token-user_id", "update token set user_id = 9999 where id = 5"),
    (
        "orphan-one_time_code-user_id",
        "insert into one_time_code (hash, purpose, user_id, expires_at)
         select hash, 'reset', 9999, 9 from token where id = 1",
    ),
    ("orphan-token-application_id", "update token set application_id = 9999 where id = 4"),
    ("orphan-token-grant_id", "update token set grant_id = 9999 where id = 3"),
    (
        "orphan-oauth_grant",
        "insert into oauth_grant (application_id, user_id, scope, family_hash, current_hash,
             created_at, renewed_at)
         select 9999, 1, 'user:read', hash, hash, 1, 1 from token where id = 1",
    ),
    (
        "unrepresented-subscription",
        "insert into subscription (user_id, event, target_url, secret, created_at, application_id)
         values (1, 'comment_added', 'https://x.example/', 's', 1, 8888)",
    ),
    (
        "thread-live-items",
        "update thread set tail_items = last_obj_index + 2, live_items = 77
         where id = (select min(id) from thread)",
    ),
    (
        "conversation-live-items",
        "update conversation set tail_items = last_obj_index + 1, live_items = 77
         where id = (select min(id) from conversation)",
    ),
    (
        "orphan-consent-user_id",
        "insert into application (id, client_id, auth_method, name, redirect_uris, created_at)
         values (77, 'twd_a', 'none', 'A', '[]', 1);
         insert into consent (user_id, application_id, scopes, granted_at) values (9999, 77, 0, 1)",
    ),
    (
        "orphan-consent-application_id",
        "insert into consent (user_id, application_id, scopes, granted_at) values (1, 9999, 0, 1)",
    ),
    (
        "orphan-authorization_code-user_id",
        "insert into authorization_code (hash, application_id, user_id, scope, redirect_uri,
             redirect_uri_named, expires_at)
         select hash, 77, 9999, '', '', false, 1 from token where id = 1",
    ),
    (
        "orphan-authorization_code-application_id",
        "insert into authorization_code (hash, application_id, user_id, scope, redirect_uri,
             redirect_uri_named, expires_at)
         select hash, 9999, 1, '', '', false, 1 from token where id = 2",
    ),
    (
        "orphan-member-user_id",
        "insert into member (workspace_id, user_id, role, joined_at) values (1, 9999, 'user', 1)",
    ),
    (
        "orphan-member-workspace_id",
        "insert into member (workspace_id, user_id, role, joined_at) values (9999, 1, 'user', 1)",
    ),
    (
        "orphan-member_group_user-group_id",
        "insert into member_group_user (group_id, user_id) values (9999, 1)",
    ),
    (
        "orphan-member_group_user-user_id",
        "insert into member_group_user (group_id, user_id) select min(id), 9999 from member_group",
    ),
    (
        "orphan-channel_member-channel_id",
        "insert into channel_member (channel_id, user_id, read_before, joined_at) values (9999, 1, 1, 1)",
    ),
    (
        "orphan-channel_member-user_id",
        "insert into channel_member (channel_id, user_id, read_before, joined_at) values (1, 9999, 1, 1)",
    ),
    (
        "orphan-thread_state-thread_id",
        "insert into thread_state (user_id, thread_id) values (1, 9999)",
    ),
    (
        "orphan-thread_state-user_id",
        "insert into thread_state (user_id, thread_id) values (9999, 1)",
    ),
    (
        "orphan-thread_mention-thread_id",
        "insert into thread_mention (user_id, thread_id, obj_index) values (1, 9999, 0)",
    ),
    (
        "orphan-thread_mention-user_id",
        "insert into thread_mention (user_id, thread_id, obj_index) values (9999, 1, -1)",
    ),
    (
        "orphan-conversation_member-conversation_id",
        "insert into conversation_member (conversation_id, user_id, read_items, joined_at) values (9999, 1, 0, 1)",
    ),
    (
        "orphan-conversation_member-user_id",
        "insert into conversation_member (conversation_id, user_id, read_items, joined_at) select max(id), 9999, 0, 1 from conversation where private = false",
    ),
    (
        "orphan-message_mention-conversation_id",
        "insert into message_mention (user_id, conversation_id, obj_index) values (1, 9999, 0)",
    ),
    (
        "orphan-message_mention-user_id",
        "insert into message_mention (user_id, conversation_id, obj_index) values (9999, 1, 0)",
    ),
    (
        "orphan-attachment_use-comment_id",
        "insert into attachment_use (attachment_id, comment_id) select id, 9999 from attachment",
    ),
    (
        "orphan-attachment_use-message_id",
        "insert into attachment_use (attachment_id, message_id) select id, 9999 from attachment",
    ),
    (
        "orphan-attachment_use-thread_id",
        "insert into attachment_use (attachment_id, thread_id) select id, 9999 from attachment",
    ),
    (
        "orphan-attachment_use-attachment_id",
        "insert into attachment_use (attachment_id, thread_id) values ('nowhere', 1)",
    ),
    (
        "orphan-temp_id-user_id",
        "insert into temp_id (user_id, temp_id, kind, id, created_at) values (9999, -1, 'thread', 1, 1)",
    ),
    (
        "thread-workspace",
        "insert into workspace (id, name, creator, created_at) values (77, 'W', 1, 1); update thread set workspace_id = 77 where id = 101",
    ),
    ("thread-gaps", "delete from comment where thread_id = 102 and obj_index = 1"),
    ("thread-time", "update comment set posted_at = 1 where thread_id = 103 and obj_index = 2"),
    ("thread-counters", "update thread set comment_count = 40 where id = 104"),
    ("thread-newest", "update thread set last_comment_id = 1, snippet_creator = 3 where id = 105"),
    ("thread-people", "update thread set participants = '[1,9999]' where id = 106"),
    (
        "thread-state",
        "insert into thread_state (user_id, thread_id, read_items) values (1, 107, 50)",
    ),
    (
        "thread-mentions",
        "insert into thread_mention (user_id, thread_id, obj_index) values (1, 108, 30)",
    ),
    ("conversation-gaps", "delete from message where conversation_id = 101 and obj_index = 1"),
    (
        "conversation-time",
        "update message set posted_at = 1 where conversation_id = 102 and obj_index = 2",
    ),
    ("conversation-counters", "update conversation set last_obj_index = 40 where id = 103"),
    ("conversation-newest", "update conversation set last_message_id = null where id = 104"),
    (
        "conversation-state",
        "update conversation_member set read_items = 50 where conversation_id = 105",
    ),
    (
        "conversation-mentions",
        "insert into message_mention (user_id, conversation_id, obj_index) values (1, 106, 30)",
    ),
    (
        "conversation-authors",
        "update conversation set snippet_creators = '[1,9999]' where id = 107",
    ),
    ("conversation-json", "update conversation set snippet_creators = '[1' where id = 108"),
];

/// What only a person can decide.
const FOR_PEOPLE: &[(&str, &str)] = &[
    ("orphan-comment-thread_id", "update comment set thread_id = 8888 where thread_id = 101"),
    (
        "orphan-message-conversation_id",
        "update message set conversation_id = 8888 where conversation_id = 101",
    ),
    ("orphan-attachment-owner", "update attachment set owner = 8888"),
    ("last-admin", "update member set role = 'user' where workspace_id = 1"),
    ("conversation-people", "update conversation set people = null where id = 102"),
    ("thread-json", "update thread set reactions = '{' where id = 102"),
    ("comment-json", "update comment set recipients = 'x' where thread_id = 103"),
    ("message-json", "update message set attachments = '' where conversation_id = 103"),
    ("channel-json", "update channel set filters = '}' where id = 1"),
    (
        "application-json",
        "insert into application (id, client_id, auth_method, name, redirect_uris, created_at)
         values (78, 'twd_b', 'none', 'B', '[', 1)",
    ),
    ("user-json", "update users set off_days = 'Monday' where id = 2"),
    ("event-json", "update event set payload = '' where id = 1"),
    (
        "job-json",
        "insert into job (kind, payload, due_at, run_at, dead_at) values ('gone', '?', 1, 1, 1)",
    ),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite() {
    let installation = Installation::sqlite();
    finds_and_repairs(&installation).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres() {
    let installation = Installation::postgres().await;
    finds_and_repairs(&installation).await;
    installation.remove().await;
}

/// Changes rows without the database's own checks of references.
async fn plant(installation: &Installation, statements: &[&str]) {
    let all = statements.join(";\n");
    let db = installation.open().await;
    match db.dialect() {
        Dialect::Sqlite => {
            let path = db.path().unwrap().to_owned();
            let connection = rusqlite::Connection::open(path).unwrap();
            connection.execute_batch(&format!("pragma foreign_keys = off;\n{all}")).unwrap();
        }
        Dialect::Postgres => {
            let script = format!("set local session_replication_role = replica;\n{all}");
            db.write(move |tx| tx.script(&script)).await.unwrap();
        }
    }
    db.close().await;
}

/// Threads and conversations 101 to 110, each with three posts of the users 1 and 2.
async fn furnish(installation: &Installation) {
    let db = installation.open().await;
    db.write(|tx| -> Result<(), Error> {
        for id in 101..=110_i64 {
            tx.exec(
                "insert into thread (id, workspace_id, channel_id, creator, title, content, audience,
                     recipients, groups, participants, direct_mentions, direct_group_mentions,
                     snippet, snippet_creator, posted_at, last_updated_at, comment_count,
                     last_obj_index)
                 values ($1, 1, 1, 1, 't', 'c', 'people', '[]', '[]', '[1]', '[]', '[]', 'two', 1,
                     1000, 1002, 3, 2)",
                params![id],
            )?;
            tx.exec(
                "insert into conversation (id, workspace_id, creator, private, people, message_count,
                     last_obj_index, snippet, snippet_creator, snippet_creators, last_active_at,
                     created_at)
                 values ($1, 1, 1, true, $2, 3, 2, 'two', 1, '[1,2]', 1002, 999)",
                params![id, &format!("key {id}")],
            )?;
            for user in [1, 2_i64] {
                tx.exec(
                    "insert into conversation_member (conversation_id, user_id, read_items, joined_at)
                     values ($1, $2, 0, 999)",
                    params![id, user],
                )?;
            }
            for (index, text) in (0_i64..).zip(["zero", "one", "two"]) {
                let creator = 1 + index % 2;
                tx.exec(
                    "insert into comment (thread_id, obj_index, creator, content, audience,
                         recipients, groups, direct_mentions, direct_group_mentions, posted_at)
                     values ($1, $2, $3, $4, 'thread', '[]', '[]', '[]', '[]', $5)",
                    params![id, index, creator, text, 1000 + index],
                )?;
                tx.exec(
                    "insert into message (conversation_id, obj_index, creator, content,
                         direct_mentions, direct_group_mentions, posted_at)
                     values ($1, $2, $3, $4, '[]', '[]', $5)",
                    params![id, index, creator, text, 1000 + index],
                )?;
            }
            tx.exec(
                "update thread set last_comment_id =
                     (select max(k.id) from comment k where k.thread_id = $1) where id = $1",
                params![id],
            )?;
            tx.exec(
                "update conversation set last_message_id =
                     (select max(m.id) from message m where m.conversation_id = $1) where id = $1",
                params![id],
            )?;
        }
        Ok(())
    })
    .await
    .unwrap();
    db.close().await;
}

async fn written(db: &Db) -> (i64, i64, i64) {
    db.read(|tx| -> Result<_, Error> {
        tx.one(
            "select (select count(*) from comment), (select count(*) from message),
                 (select count(*) from thread)",
            params![],
        )
    })
    .await
    .unwrap()
}

async fn finds_and_repairs(installation: &Installation) {
    installation.demo().await;
    furnish(installation).await;
    let clean = installation.halyard(&["doctor", "--deep"]).await.expect(0);
    assert!(clean.out.contains("clean"), "{}", clean.out);

    let sql: Vec<&str> = REPAIRABLE.iter().map(|(_, sql)| *sql).collect();
    plant(installation, &sql).await;
    let blobs = installation.data().join("blobs");
    let stray = blobs.join("ab/cd");
    fs::create_dir_all(&stray).unwrap();
    let old = stray.join("abcd0000000000000000000000000001");
    let fresh = stray.join("abcd0000000000000000000000000002");
    fs::write(&fresh, "an upload under way").unwrap();
    fs::File::create(&old).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
    let found = installation.halyard(&["doctor"]).await.expect(1);
    for (name, _) in REPAIRABLE {
        assert!(found.out.contains(&format!("damaged   {name}: ")), "{name}\n{}", found.out);
    }
    assert!(found.out.contains("blobs: 1 files"), "{}", found.out);
    assert!(old.exists(), "looking changes nothing");
    let db = installation.open().await;
    let before = written(&db).await;
    let repaired = installation.halyard(&["doctor", "--repair"]).await;
    // The engine's own check ran before the repairs and has its say about references.
    assert!(matches!(repaired.code, Some(0 | 1)), "{}{}", repaired.out, repaired.err);
    for (name, _) in REPAIRABLE {
        let told = format!("repaired  {name}: ");
        // A row with two missing parents goes with the first of them.
        assert!(
            repaired.out.contains(&told) || name.starts_with("orphan"),
            "{told}\n{}",
            repaired.out
        );
    }
    installation.halyard(&["doctor", "--deep"]).await.expect(0);
    assert_eq!(written(&db).await, before, "nothing that a person wrote is gone");
    assert!(!old.exists() && fresh.exists());
    let numbers: Vec<i64> = db
        .read(|tx| -> Result<_, Error> {
            tx.all("select obj_index from comment where thread_id = 102 order by 1", params![])
        })
        .await
        .unwrap();
    assert_eq!(numbers, [0, 1]);

    let sql: Vec<&str> = FOR_PEOPLE.iter().map(|(_, sql)| *sql).collect();
    plant(installation, &sql).await;
    let before = written(&db).await;
    for arguments in [&["doctor"][..], &["doctor", "--repair"]] {
        let found = installation.halyard(arguments).await.expect(1);
        for (name, _) in FOR_PEOPLE {
            assert!(found.out.contains(&format!("damaged   {name}: ")), "{name}\n{}", found.out);
        }
        assert!(found.out.contains("note      1 jobs of the kind gone"), "{}", found.out);
    }
    assert_eq!(written(&db).await, before);
    db.close().await;
    files_are_compared(installation).await;
}

/// The demo has one uploaded file.
async fn files_are_compared(installation: &Installation) {
    let db = installation.open().await;
    let blob: String = db
        .read(|tx| -> Result<_, Error> { tx.one("select blob from attachment", params![]) })
        .await
        .unwrap();
    db.close().await;
    let path = installation.data().join("blobs").join(&blob[..2]).join(&blob[2..4]).join(&blob);
    let mut content = fs::read(&path).unwrap();
    content[0] ^= 1;
    fs::write(&path, &content).unwrap();
    let report = |deep: bool| async move {
        let arguments: &[&str] = if deep { &["doctor", "--deep"] } else { &["doctor"] };
        installation.halyard(arguments).await.expect(1).out
    };
    assert!(report(true).await.contains("has changed"));
    assert!(!report(false).await.contains("has changed"));
    content.pop();
    fs::write(&path, &content).unwrap();
    assert!(report(false).await.contains("bytes instead of"));
    fs::remove_file(&path).unwrap();
    assert!(report(false).await.contains("cannot be read"));
    let to = installation.scratch().join("without");
    let to = to.to_str().unwrap();
    let ended = installation.halyard(&["backup", "--to", to]).await.expect(1);
    assert!(ended.err.contains("1 uploaded files are missing"), "{}", ended.err);
    installation.halyard(&["backup", "--to", to, "--without-missing-files"]).await.expect(0);
}
