//! Short ways to post and look, and the promises that must hold after every test.

use halyard_identity::UserId;
use halyard_messaging::{
    Actor, Audience, ChannelId, CommentId, Error, Post, PostParts, Reach, Role, ThreadId,
    channel::{self, ChannelChange},
    comment::{self, Comment, NewComment},
    member,
    thread::{self, NewThread, Thread, UnreadThread},
};
use halyard_platform::{
    clock::Millis,
    db::{Tx, testing::TestDb},
    params,
};

use crate::people::{NOW, Team, act_at, invitation, person};

/// Reads as this person, where writes and locks are impossible.
pub(crate) async fn see<T, F>(test: &TestDb, user: UserId, now: Millis, run: F) -> Result<T, Error>
where
    T: Send + 'static,
    F: Fn(&mut Tx<'_>, &Actor) -> Result<T, Error> + Send + 'static,
{
    let actor = Actor { user, now };
    test.db.read(move |tx| run(tx, &actor)).await
}

/// A use case that must succeed.
pub(crate) async fn done<T, F>(test: &TestDb, user: UserId, now: Millis, run: F) -> T
where
    T: Send + 'static,
    F: Fn(&mut Tx<'_>, &Actor) -> Result<T, Error> + Send + 'static,
{
    act_at(&test.db, user, now, run).await.expect("the use case succeeds")
}

/// A plain text.
pub(crate) fn text(content: &str) -> Post {
    Post::new(PostParts { content: content.to_owned(), ..PostParts::default() }).expect("a text")
}

/// Names people and nobody else.
pub(crate) fn to(people: &[UserId]) -> Audience {
    Audience { recipients: people.to_vec(), ..Audience::of(Reach::People) }
}

/// A thread of plain text.
pub(crate) fn new_thread(channel: ChannelId, audience: Audience, content: &str) -> NewThread {
    NewThread { channel, title: "T".to_owned(), post: text(content), audience, temp_id: None }
}

/// A comment of plain text to who takes part in the thread.
pub(crate) fn new_comment(thread: ThreadId, content: &str) -> NewComment {
    NewComment {
        thread,
        post: text(content),
        audience: Audience::of(Reach::Thread),
        action: None,
        moves_pointer: true,
        temp_id: None,
    }
}

/// Posts a thread.
pub(crate) async fn start(
    test: &TestDb,
    user: UserId,
    now: Millis,
    channel: ChannelId,
    audience: Audience,
) -> Thread {
    let new = new_thread(channel, audience, "opening");
    done(test, user, now, move |tx, actor| thread::add(tx, actor, &new)).await
}

/// Comments.
pub(crate) async fn say(
    test: &TestDb,
    user: UserId,
    now: Millis,
    thread: ThreadId,
    content: &str,
) -> Comment {
    let new = new_comment(thread, content);
    done(test, user, now, move |tx, actor| comment::add(tx, actor, &new)).await
}

/// A thread as somebody sees it.
pub(crate) async fn look(test: &TestDb, user: UserId, now: Millis, id: ThreadId) -> Thread {
    see(test, user, now, move |tx, actor| thread::load(tx, actor, id)).await.expect("the thread")
}

/// A comment as somebody sees it.
pub(crate) async fn comment_of(test: &TestDb, user: UserId, id: CommentId) -> Comment {
    see(test, user, NOW, move |tx, actor| comment::load(tx, actor, id)).await.expect("the comment")
}

/// What is unread in the team's workspace.
pub(crate) async fn unread(
    test: &TestDb,
    team: &Team,
    user: UserId,
    now: Millis,
) -> Vec<UnreadThread> {
    let workspace = team.workspace;
    let found = see(test, user, now, move |tx, actor| thread::unread(tx, actor, workspace)).await;
    found.expect("the unread threads").threads
}

/// Last read index and mention flag of one thread, none when it is read.
pub(crate) async fn pointer(
    test: &TestDb,
    team: &Team,
    user: UserId,
    now: Millis,
    id: ThreadId,
) -> Option<(i64, bool)> {
    let all = unread(test, team, user, now).await;
    all.iter().find(|one| one.thread == id).map(|one| (one.obj_index, one.direct_mention))
}

/// A new channel of Ann's with these people.
pub(crate) async fn open_channel(
    test: &TestDb,
    team: &Team,
    name: &'static str,
    public: bool,
    people: &[UserId],
) -> ChannelId {
    let (workspace, people) = (team.workspace, people.to_vec());
    done(test, team.ann, NOW, move |tx, actor| {
        let new = ChannelChange {
            name: Some(name.to_owned()),
            public: Some(public),
            ..ChannelChange::default()
        };
        channel::add(tx, actor, workspace, &new, &people, None)
    })
    .await
    .id
}

/// Somebody new in the workspace and in General.
pub(crate) async fn hire(test: &TestDb, team: &Team, name: &'static str, now: Millis) -> UserId {
    let (user, workspace) = (person(&test.db, name).await, team.workspace);
    done(test, team.ann, now, move |tx, actor| {
        member::invite(tx, actor, workspace, &invitation(name, Role::User, &[]))
    })
    .await;
    user
}

/// One number.
pub(crate) async fn count(test: &TestDb, sql: &'static str) -> i64 {
    test.db.read(move |tx| tx.one(sql, params![])).await.expect(sql)
}

/// The ids in a stored JSON list.
pub(crate) fn ids(json: &str) -> Vec<UserId> {
    json.trim_matches(['[', ']'])
        .split(',')
        .filter(|id| !id.is_empty())
        .map(|id| UserId(id.parse().expect("an id")))
        .collect()
}

/// Checks what the module documentation promises, over the whole database.
pub(crate) async fn invariants(test: &TestDb) {
    for (what, sql) in INVARIANTS {
        let broken: Vec<i64> = crate::people::rows(&test.db, sql).await;
        assert!(broken.is_empty(), "{what}: {broken:?}");
    }
}

const INVARIANTS: &[(&str, &str)] = &[
    (
        "last_obj_index is the number of rows minus one, and there are no gaps",
        "select t.id from thread t left join comment k on k.thread_id = t.id
         group by t.id, t.last_obj_index
         having t.last_obj_index <> count(k.id) - 1
             or t.last_obj_index <> coalesce(max(k.obj_index), -1)
             or coalesce(min(k.obj_index), 0) <> 0",
    ),
    (
        "comment_count is the number of comments that are not removed",
        "select t.id from thread t
         where t.comment_count <> (select count(*) from comment k
             where k.thread_id = t.id and k.deleted_at is null)",
    ),
    (
        "last_comment_id is the newest comment that is not removed",
        "select t.id from thread t
         left join comment k on k.thread_id = t.id and k.obj_index =
             (select max(o.obj_index) from comment o
              where o.thread_id = t.id and o.deleted_at is null)
         where coalesce(t.last_comment_id, 0) <> coalesce(k.id, 0)",
    ),
    (
        "snippet_creator wrote the newest text of a person",
        "select t.id from thread t
         left join comment k on k.thread_id = t.id and k.obj_index =
             (select max(o.obj_index) from comment o where o.thread_id = t.id
                and o.deleted_at is null and o.system_message is null)
         where t.snippet_creator <> coalesce(k.creator, t.creator)",
    ),
    (
        "last_updated_at is that of the newest comment or of posting",
        "select t.id from thread t
         left join comment k on k.thread_id = t.id and k.obj_index = t.last_obj_index
         where t.last_updated_at <> coalesce(k.posted_at, t.posted_at)",
    ),
    (
        "posted_at never falls",
        "select k.id from comment k
         join comment n on n.thread_id = k.thread_id and n.obj_index = k.obj_index + 1
         where n.posted_at < k.posted_at",
    ),
    (
        "pointers are within the thread, and behind rows have one",
        "select s.thread_id from thread_state s join thread t on t.id = s.thread_id
         where s.read_items not between 0 and t.last_obj_index + 2
             or s.done_items not between 0 and t.last_obj_index + 2
             or (s.behind and s.read_items is null)",
    ),
    (
        "mentions are of items that are not removed",
        "select x.thread_id from thread_mention x
         left join comment k on k.thread_id = x.thread_id and k.obj_index = x.obj_index
             and k.deleted_at is null
         where x.obj_index >= 0 and k.id is null",
    ),
];
