//! Each way into a channel, a thread and a comment, tried by admin, user, guest, removed member and
//! outsider: once in a public channel where the guest is not, once in a private one where the user
//! is not.

use halyard_messaging::{
    Actor, Audience, ChannelId, CommentId, Error, Reach, ThreadId,
    channel::{self, ChannelChange},
    comment::{self, CommentChange, Page},
    reaction::{self, Target},
    thread::{self, Filter, Place, ThreadChange},
};
use halyard_platform::{db::Tx, on_both_databases, params};

use crate::{
    people::{NOW, Team, migrations},
    support::{new_comment, new_thread, say, start},
};

type Try = fn(&mut Tx<'_>, &Actor, &There) -> Result<(), Error>;

/// A place that somebody tries to use.
struct There {
    team: Team,
    channel: ChannelId,
    thread: ThreadId,
    comment: CommentId,
}

impl There {
    fn find(tx: &mut Tx<'_>, team: &Team, channel: ChannelId) -> Result<Self, Error> {
        let thread =
            tx.one("select min(id) from thread where channel_id = $1", params![channel])?;
        let comment =
            tx.one("select min(id) from comment where thread_id = $1", params![thread])?;
        Ok(Self { team: *team, channel, thread, comment })
    }
}

/// Everybody who can see the channel may do it. The word is what the others hear.
const OPEN: &[(&str, &str, Try)] = &[
    ("channel load", "ChannelNotFound", |tx, a, t| channel::load(tx, a, t.channel).map(drop)),
    ("leave", "ChannelNotFound", |tx, a, t| channel::remove_users(tx, a, t.channel, &[a.user])),
    ("thread add", "ChannelNotFound", |tx, a, t| {
        let new = new_thread(t.channel, Audience::of(Reach::Channel), "x");
        thread::add(tx, a, &new).map(drop)
    }),
    ("thread list", "ChannelNotFound", |tx, a, t| {
        thread::list(tx, a, Place::Channel(t.channel), &Filter::default()).map(drop)
    }),
    ("mark_all_read", "ChannelNotFound", |tx, a, t| {
        thread::mark_all_read(tx, a, None, Some(t.channel))
    }),
    ("thread load", "ThreadNotFound", |tx, a, t| thread::load(tx, a, t.thread).map(drop)),
    ("star", "ThreadNotFound", |tx, a, t| thread::star(tx, a, t.thread)),
    ("unstar", "ThreadNotFound", |tx, a, t| thread::unstar(tx, a, t.thread)),
    ("mute", "ThreadNotFound", |tx, a, t| thread::mute(tx, a, t.thread, 5).map(drop)),
    ("unmute", "ThreadNotFound", |tx, a, t| thread::unmute(tx, a, t.thread).map(drop)),
    ("follow", "ThreadNotFound", |tx, a, t| thread::follow(tx, a, t.thread)),
    ("unfollow", "ThreadNotFound", |tx, a, t| thread::unfollow(tx, a, t.thread)),
    ("archive", "ThreadNotFound", |tx, a, t| thread::archive(tx, a, t.thread)),
    ("unarchive", "ThreadNotFound", |tx, a, t| thread::unarchive(tx, a, t.thread)),
    ("mark_read", "ThreadNotFound", |tx, a, t| thread::mark_read(tx, a, t.thread, 0)),
    ("mark_unread", "ThreadNotFound", |tx, a, t| thread::mark_unread(tx, a, t.thread, -1)),
    ("mark_unread_for_others", "ThreadNotFound", |tx, a, t| {
        thread::mark_unread_for_others(tx, a, t.thread, -1)
    }),
    ("mark_position", "ThreadNotFound", |tx, a, t| {
        thread::mark_position(tx, a, t.thread, t.comment)
    }),
    ("comment add", "ThreadNotFound", |tx, a, t| {
        comment::add(tx, a, &new_comment(t.thread, "x")).map(drop)
    }),
    ("comment list", "ThreadNotFound", |tx, a, t| {
        comment::list(tx, a, t.thread, &Page::default()).map(drop)
    }),
    ("comment load", "CommentNotFound", |tx, a, t| comment::load(tx, a, t.comment).map(drop)),
    ("reactions of a thread", "ThreadNotFound", |tx, a, t| {
        reaction::get(tx, a, Target::Thread(t.thread)).map(drop)
    }),
    ("react to a thread", "ThreadNotFound", |tx, a, t| {
        reaction::add(tx, a, Target::Thread(t.thread), "👍")
    }),
    ("unreact to a thread", "ThreadNotFound", |tx, a, t| {
        reaction::remove(tx, a, Target::Thread(t.thread), "👍")
    }),
    ("reactions of a comment", "CommentNotFound", |tx, a, t| {
        reaction::get(tx, a, Target::Comment(t.comment)).map(drop)
    }),
    ("react to a comment", "CommentNotFound", |tx, a, t| {
        reaction::add(tx, a, Target::Comment(t.comment), "👍")
    }),
    ("unreact to a comment", "CommentNotFound", |tx, a, t| {
        reaction::remove(tx, a, Target::Comment(t.comment), "👍")
    }),
];

/// Only some of those who can see the channel may do it: [admin and creator, user, guest inside].
const LIMITED: &[(&str, &str, [&str; 3], Try)] = &[
    ("channel update", "ChannelNotFound", ["ok", "ok", "Forbidden"], |tx, a, t| {
        channel::update(tx, a, t.channel, &ChannelChange::default()).map(drop)
    }),
    ("channel archive", "ChannelNotFound", ["ok", "Forbidden", "Forbidden"], |tx, a, t| {
        channel::archive(tx, a, t.channel)
    }),
    ("channel unarchive", "ChannelNotFound", ["ok", "Forbidden", "Forbidden"], |tx, a, t| {
        channel::unarchive(tx, a, t.channel)
    }),
    ("channel remove", "ChannelNotFound", ["Forbidden"; 3], |tx, a, t| {
        channel::remove(tx, a, t.channel)
    }),
    ("channel add others", "ChannelNotFound", ["ok", "ok", "Forbidden"], |tx, a, t| {
        channel::add_users(tx, a, t.channel, &[t.team.ann])
    }),
    ("channel remove others", "ChannelNotFound", ["ok", "Forbidden", "Forbidden"], |tx, a, t| {
        channel::remove_users(tx, a, t.channel, &[t.team.ann])
    }),
    ("pin", "ThreadNotFound", ["ok", "ok", "Forbidden"], |tx, a, t| thread::pin(tx, a, t.thread)),
    ("unpin", "ThreadNotFound", ["ok", "ok", "Forbidden"], |tx, a, t| {
        thread::unpin(tx, a, t.thread)
    }),
    ("thread update", "ThreadNotFound", ["ok", "Forbidden", "Forbidden"], |tx, a, t| {
        thread::update(tx, a, t.thread, &ThreadChange::default()).map(drop)
    }),
    ("thread remove", "ThreadNotFound", ["ok", "Forbidden", "Forbidden"], |tx, a, t| {
        thread::remove(tx, a, t.thread)
    }),
    ("thread move", "ThreadNotFound", ["ok", "ok", "Forbidden"], |tx, a, t| {
        thread::move_to_channel(tx, a, t.thread, t.channel)
    }),
    ("comment update", "CommentNotFound", ["ok", "Forbidden", "Forbidden"], |tx, a, t| {
        comment::update(tx, a, t.comment, &CommentChange::default()).map(drop)
    }),
    ("comment remove", "CommentNotFound", ["ok", "Forbidden", "Forbidden"], |tx, a, t| {
        comment::remove(tx, a, t.comment)
    }),
];

/// What the five people get from an attempt in the public channel.
fn outside_guest(inside: [&'static str; 3], hidden: &'static str) -> [&'static str; 5] {
    [inside[0], inside[1], hidden, hidden, hidden]
}

/// What they get in the private one.
fn outside_user(inside: [&'static str; 3], hidden: &'static str) -> [&'static str; 5] {
    [inside[0], hidden, inside[2], hidden, hidden]
}

async fn outcomes(
    team: &Team,
    db: &halyard_platform::db::Db,
    private: bool,
    attempt: Try,
) -> [String; 5] {
    team.outcomes_of(db, move |tx, actor, team| {
        let channel = if private { team.side } else { team.general };
        let there = There::find(tx, team, channel)?;
        attempt(tx, actor, &there)
    })
    .await
}

on_both_databases! {
    migrations();

    async fn who_cannot_see_a_channel_is_told_that_nothing_is_there(test: &TestDb) {
        let team = Team::new(&test.db).await;
        for channel in [team.general, team.side] {
            let thread = start(test, team.ann, NOW, channel, Audience::of(Reach::Channel)).await;
            say(test, team.ann, NOW, thread.id, "hello").await;
        }
        for (what, hidden, attempt) in OPEN {
            let got = outcomes(&team, &test.db, false, *attempt).await;
            assert_eq!(got, outside_guest(["ok"; 3], hidden), "{what} in public");
            let got = outcomes(&team, &test.db, true, *attempt).await;
            assert_eq!(got, outside_user(["ok"; 3], hidden), "{what} in private");
        }
        for (what, hidden, inside, attempt) in LIMITED {
            let got = outcomes(&team, &test.db, false, *attempt).await;
            assert_eq!(got, outside_guest(*inside, hidden), "{what} in public");
            let got = outcomes(&team, &test.db, true, *attempt).await;
            assert_eq!(got, outside_user(*inside, hidden), "{what} in private");
        }
    }

    async fn lists_of_a_workspace_are_for_its_members(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let lists: &[(&str, crate::people::Op)] = &[
            ("joined", |tx, a, t| channel::list_joined(tx, a, t.workspace, false).map(drop)),
            ("public", |tx, a, t| channel::list_public(tx, a, t.workspace).map(drop)),
            ("unread", |tx, a, t| thread::unread(tx, a, t.workspace).map(drop)),
            ("fold", |tx, a, t| thread::fold(tx, a, t.workspace)),
            ("mark_all_read", |tx, a, t| thread::mark_all_read(tx, a, Some(t.workspace), None)),
            ("threads", |tx, a, t| {
                thread::list(tx, a, Place::Workspace(t.workspace), &Filter::default()).map(drop)
            }),
        ];
        for (what, op) in lists {
            let expected = ["ok", "ok", "ok", "WorkspaceNotFound", "WorkspaceNotFound"];
            assert_eq!(team.outcomes(&test.db, *op).await, expected, "{what}");
        }
        let add: crate::people::Op = |tx, a, t| {
            let new = ChannelChange { name: Some("N".to_owned()), ..ChannelChange::default() };
            channel::add(tx, a, t.workspace, &new, &[], None).map(drop)
        };
        let expected = ["ok", "ok", "Forbidden", "WorkspaceNotFound", "WorkspaceNotFound"];
        assert_eq!(team.outcomes(&test.db, add).await, expected);
    }
}
