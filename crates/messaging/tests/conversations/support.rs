//! A small team to test with, and the promises that must hold after every test.

use halyard_identity::UserId;
use halyard_messaging::{
    Actor, ConversationId, Error, MessageId, Post, PostParts, WorkspaceId,
    conversation::{self, Conversation, Filter},
    message::{self, Message},
};
use halyard_platform::{
    clock::Millis,
    db::{Migration, Tx, testing::TestDb},
    params,
};

/// The workspace of everybody but Eve.
pub(crate) const TEAM: WorkspaceId = WorkspaceId(1);
/// Eve's workspace; Ann is in it too.
pub(crate) const OTHER: WorkspaceId = WorkspaceId(2);
/// Admin.
pub(crate) const ANN: UserId = UserId(1);
/// User.
pub(crate) const BOB: UserId = UserId(2);
/// User.
pub(crate) const CAT: UserId = UserId(3);
/// Guest, in a channel with Bob.
pub(crate) const DAN: UserId = UserId(4);
/// Admin of the other workspace only.
pub(crate) const EVE: UserId = UserId(5);
/// Was a member, is removed.
pub(crate) const FAY: UserId = UserId(6);
/// User.
pub(crate) const GUS: UserId = UserId(7);
/// When tests begin.
pub(crate) const START: Millis = 1_700_000_000_000;

pub(crate) fn migrations() -> Vec<Migration> {
    [halyard_platform::MIGRATIONS, halyard_identity::MIGRATIONS, halyard_messaging::MIGRATIONS]
        .concat()
}

/// Somebody who acts at the start.
pub(crate) fn by(user: UserId) -> Actor {
    at(user, 0)
}

/// Somebody who acts some milliseconds later.
pub(crate) fn at(user: UserId, later: Millis) -> Actor {
    Actor { user, now: START + later }
}

/// Runs a use case.
pub(crate) async fn write<T: Send + 'static>(
    test: &TestDb,
    run: impl Fn(&mut Tx<'_>) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    test.db.write(run).await
}

/// Runs a use case that must succeed.
pub(crate) async fn done<T: Send + 'static>(
    test: &TestDb,
    run: impl Fn(&mut Tx<'_>) -> Result<T, Error> + Send + 'static,
) -> T {
    write(test, run).await.expect("the use case succeeds")
}

/// Runs a read that must succeed, where writes are impossible.
pub(crate) async fn seen<T: Send + 'static>(
    test: &TestDb,
    run: impl Fn(&mut Tx<'_>) -> Result<T, Error> + Send + 'static,
) -> T {
    test.db.read(run).await.expect("the read succeeds")
}

/// Fills a new database with the people above.
pub(crate) async fn people(test: &TestDb) {
    done(test, |tx| {
        let names =
            ["Ann Ash", "Bob Birk", "Cat Cole", "Dan Dorn", "Eve Elm", "Fay Fir", "Gus Gin"];
        for (id, name) in (1_i64..).zip(names) {
            let email = format!("user{id}@example.com");
            tx.exec(
                "insert into users (id, name, email, email_key, lang, timezone, date_format,
                     time_format, created_at)
                 values ($1, $2, $3, $3, 'en', 'UTC', 'YYYY-MM-DD', '24', $4)",
                params![id, name, &email, START],
            )?;
        }
        for (workspace, creator) in [(TEAM, ANN), (OTHER, EVE)] {
            tx.exec(
                "insert into workspace (id, name, creator, created_at) values ($1, 'W', $2, $3)",
                params![workspace, creator, START],
            )?;
        }
        for (workspace, user, role) in [
            (TEAM, ANN, "admin"),
            (TEAM, BOB, "user"),
            (TEAM, CAT, "user"),
            (TEAM, DAN, "guest"),
            (TEAM, FAY, "user"),
            (TEAM, GUS, "user"),
            (OTHER, EVE, "admin"),
            (OTHER, ANN, "user"),
        ] {
            tx.exec(
                "insert into member (workspace_id, user_id, role, joined_at)
                 values ($1, $2, $3, $4)",
                params![workspace, user, role, START],
            )?;
        }
        tx.exec(
            "insert into channel (id, workspace_id, creator, name, public, created_at)
             values (1, $1, $2, 'C', true, $3)",
            params![TEAM, BOB, START],
        )?;
        for user in [BOB, DAN] {
            tx.exec(
                "insert into channel_member (channel_id, user_id, read_before, joined_at)
                 values (1, $1, $2, $2)",
                params![user, START],
            )?;
        }
        Ok(())
    })
    .await;
    dismiss(test, FAY).await;
}

/// Adds more users to the team.
pub(crate) async fn hire(test: &TestDb, users: &[UserId]) {
    let users = users.to_vec();
    done(test, move |tx| {
        for user in &users {
            let email = format!("user{user}@example.com");
            tx.exec(
                "insert into users (id, name, email, email_key, lang, timezone, date_format,
                     time_format, created_at)
                 values ($1, 'New', $2, $2, 'en', 'UTC', 'YYYY-MM-DD', '24', $3)",
                params![*user, &email, START],
            )?;
            tx.exec(
                "insert into member (workspace_id, user_id, role, joined_at)
                 values (1, $1, 'user', $2)",
                params![*user, START],
            )?;
        }
        Ok(())
    })
    .await;
}

/// Removes somebody from the team.
pub(crate) async fn dismiss(test: &TestDb, user: UserId) {
    done(test, move |tx| {
        tx.exec(
            "update member set removed_at = $2 where workspace_id = 1 and user_id = $1",
            params![user, START],
        )?;
        Ok(())
    })
    .await;
}

/// The conversation of these people, the first of whom asks for it.
pub(crate) async fn conversation_of(test: &TestDb, users: &[UserId]) -> ConversationId {
    let users = users.to_vec();
    done(test, move |tx| conversation::get_or_create(tx, &by(users[0]), TEAM, &users)).await.id
}

/// A message of plain text.
pub(crate) fn text(content: &str) -> Post {
    let parts = PostParts { content: content.to_owned(), ..PostParts::default() };
    Post::new(parts).expect("a good text")
}

/// Writes a message.
pub(crate) async fn say(test: &TestDb, actor: Actor, id: ConversationId, content: &str) -> Message {
    let new = text(content);
    done(test, move |tx| message::add(tx, &actor, id, &new)).await
}

/// A message as somebody sees it.
pub(crate) async fn message_of(test: &TestDb, actor: Actor, id: MessageId) -> Message {
    seen(test, move |tx| message::load(tx, &actor, id)).await
}

/// A conversation as somebody sees it.
pub(crate) async fn look(test: &TestDb, actor: Actor, id: ConversationId) -> Conversation {
    seen(test, move |tx| conversation::load(tx, &actor, id)).await
}

/// Asks for the conversation of these people.
pub(crate) async fn start(
    test: &TestDb,
    actor: Actor,
    users: &[UserId],
) -> Result<Conversation, Error> {
    let users = users.to_vec();
    write(test, move |tx| conversation::get_or_create(tx, &actor, TEAM, &users)).await
}

/// Adds people.
pub(crate) async fn bring(
    test: &TestDb,
    by: Actor,
    id: ConversationId,
    users: &[UserId],
) -> Result<(), Error> {
    let users = users.to_vec();
    write(test, move |tx| conversation::add_users(tx, &by, id, &users)).await
}

/// Removes people.
pub(crate) async fn take(
    test: &TestDb,
    by: Actor,
    id: ConversationId,
    users: &[UserId],
) -> Result<(), Error> {
    let users = users.to_vec();
    write(test, move |tx| conversation::remove_users(tx, &by, id, &users)).await
}

/// Last read index and mention flag, none when everything is read.
pub(crate) async fn unread(test: &TestDb, user: UserId, id: ConversationId) -> Option<(i64, bool)> {
    let all = seen(test, move |tx| conversation::unread(tx, &by(user), TEAM)).await;
    all.iter().find(|one| one.conversation_id == id).map(|one| (one.obj_index, one.direct_mention))
}

/// The ids in a list.
pub(crate) async fn page(test: &TestDb, user: UserId, filter: &Filter) -> Vec<ConversationId> {
    let filter = filter.clone();
    let found = seen(test, move |tx| conversation::list(tx, &by(user), TEAM, &filter)).await;
    found.iter().map(|conversation| conversation.id).collect()
}

/// What was recorded about a conversation.
pub(crate) async fn event_kinds(test: &TestDb, id: ConversationId) -> Vec<String> {
    seen(test, move |tx| {
        let subject = format!("conversation:{id}");
        Ok(tx.all("select kind from event where subject = $1 order by id", params![&subject])?)
    })
    .await
}

/// Checks what the module documentation promises, over the whole database.
pub(crate) async fn invariants(test: &TestDb) {
    let broken: Vec<String> = seen(test, |tx| {
        let mut broken = Vec::new();
        for (what, sql) in INVARIANTS {
            let ids: Vec<i64> = tx.all(sql, params![])?;
            if !ids.is_empty() {
                broken.push(format!("{what}: {ids:?}"));
            }
        }
        Ok(broken)
    })
    .await;
    assert!(broken.is_empty(), "{broken:#?}");
}

const INVARIANTS: &[(&str, &str)] = &[
    (
        "last_obj_index is the number of rows minus one, and there are no gaps",
        "select c.id from conversation c left join message m on m.conversation_id = c.id
         group by c.id, c.last_obj_index
         having c.last_obj_index <> count(m.id) - 1
             or c.last_obj_index <> coalesce(max(m.obj_index), -1)
             or coalesce(min(m.obj_index), 0) <> 0",
    ),
    (
        "message_count is the number of messages that are not removed",
        "select c.id from conversation c
         where c.message_count <> (select count(*) from message m
             where m.conversation_id = c.id and m.deleted_at is null)",
    ),
    (
        "last_message_id and snippet_creator are of the newest text",
        "select c.id from conversation c
         left join message m on m.conversation_id = c.id and m.obj_index =
             (select max(o.obj_index) from message o where o.conversation_id = c.id
                and o.deleted_at is null and o.system_message is null)
         where coalesce(c.last_message_id, 0) <> coalesce(m.id, 0)
            or coalesce(c.snippet_creator, 0) <> coalesce(m.creator, 0)
            or (m.id is null and c.snippet <> '')
            or (m.id is null and c.snippet_creators <> '[]')",
    ),
    (
        "last_active_at is that of the newest message or of the start",
        "select c.id from conversation c
         left join message m on m.conversation_id = c.id and m.obj_index = c.last_obj_index
         where c.last_active_at <> coalesce(m.posted_at, c.created_at)",
    ),
    (
        "posted_at never falls",
        "select m.id from message m
         join message n on n.conversation_id = m.conversation_id and n.obj_index = m.obj_index + 1
         where n.posted_at < m.posted_at",
    ),
    (
        "read and archived pointers are within the conversation",
        "select cm.conversation_id from conversation_member cm
         join conversation c on c.id = cm.conversation_id
         where cm.read_items not between 0 and c.last_obj_index + 1
            or coalesce(cm.archived_items, 0) not between 0 and c.last_obj_index + 1",
    ),
    (
        "mentions belong to people who are there and to messages that are not removed",
        "select mm.conversation_id from message_mention mm
         left join conversation_member cm
             on cm.conversation_id = mm.conversation_id and cm.user_id = mm.user_id
         left join message m on m.conversation_id = mm.conversation_id
             and m.obj_index = mm.obj_index and m.deleted_at is null
         where cm.user_id is null or m.id is null",
    ),
    (
        "private conversations have at most two people and a key, groups with a key at least three",
        "select c.id from conversation c
         left join conversation_member cm on cm.conversation_id = c.id
         group by c.id, c.private, c.people
         having (c.private = true and (count(cm.user_id) > 2 or c.people is null))
             or (c.private = false and c.people is not null and count(cm.user_id) < 3)",
    ),
];
