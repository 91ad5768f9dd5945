//! What is in somebody's inbox: archived, brought back, muted.

use halyard_identity::UserId;
use halyard_messaging::{
    Audience, Error, Reach, ThreadId,
    inbox::{self, Which},
    thread::{self, Filter, Place},
};
use halyard_platform::{
    clock::Millis,
    db::testing::{TestDb, eventually},
    on_both_databases,
};

use crate::{
    people::{NOW, Team, act, migrations},
    support::*,
};

const EVERYONE: Audience =
    Audience { reach: Reach::Channel, recipients: Vec::new(), groups: Vec::new() };
const MINUTE: Millis = 60_000;

/// Whether the thread is in the inbox and whether it is archived; the list must agree.
async fn standing(
    test: &TestDb,
    team: &Team,
    user: UserId,
    now: Millis,
    id: ThreadId,
) -> (bool, bool) {
    let thread = look(test, user, now, id).await;
    for archived in [false, true] {
        let place = Place::Workspace(team.workspace);
        let listed = see(test, user, now, move |tx, a| {
            let filter = Filter { archived: Some(archived), ..Filter::default() };
            thread::list(tx, a, place, &filter)
        })
        .await
        .expect("the list");
        let there = listed.iter().any(|one| one.id == id);
        assert_eq!(there, thread.archived == archived, "the filter `archived` = {archived}");
        if let Some(one) = listed.iter().find(|one| one.id == id) {
            assert_eq!((one.in_inbox, one.archived), (thread.in_inbox, thread.archived));
        }
    }
    agree(test, team, user, now).await;
    (thread.in_inbox, thread.archived)
}

/// The list and the count of the inbox must say what each thread says of itself.
async fn agree(test: &TestDb, team: &Team, user: UserId, now: Millis) {
    let place = Place::Workspace(team.workspace);
    let all = see(test, user, now, move |tx, a| thread::list(tx, a, place, &Filter::default()));
    let all = all.await.expect("the threads");
    let unread = unread(test, team, user, now).await;
    for which in [Which::Active, Which::Archived, Which::All] {
        for ascending in [false, true] {
            let filter = inbox::Filter { which, ascending, ..inbox::Filter::default() };
            let workspace = team.workspace;
            let listed = see(test, user, now, move |tx, a| inbox::list(tx, a, workspace, &filter));
            let listed = listed.await.expect("the inbox");
            let mut expected: Vec<ThreadId> = all
                .iter()
                .filter(|one| {
                    (one.in_inbox && which != Which::Archived)
                        || (one.archived && which != Which::Active)
                })
                .map(|one| one.id)
                .collect();
            if ascending {
                expected.reverse();
            }
            let listed: Vec<ThreadId> = listed.iter().map(|one| one.id).collect();
            assert_eq!(listed, expected, "{which:?}");
        }
    }
    let inside = all.iter().filter(|one| one.in_inbox);
    let expected = inside.filter(|one| unread.iter().any(|other| other.thread == one.id)).count();
    assert_eq!(count(test, team, user, now).await.unread, expected as i64, "the count");
}

async fn count(test: &TestDb, team: &Team, user: UserId, now: Millis) -> inbox::Count {
    let workspace = team.workspace;
    see(test, user, now, move |tx, a| inbox::count(tx, a, workspace)).await.expect("the count")
}

on_both_databases! {
    migrations();

    async fn ones_own_thread_stays_out_until_somebody_answers(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let id = start(test, team.ann, NOW, team.general, EVERYONE).await.id;
        assert_eq!(standing(test, &team, team.ann, NOW, id).await, (false, false));
        assert_eq!(standing(test, &team, team.bo, NOW, id).await, (true, false));
        say(test, team.ann, NOW + 1, id, "more").await;
        assert_eq!(standing(test, &team, team.ann, NOW + 1, id).await, (false, false));
        say(test, team.bo, NOW + 2, id, "answer").await;
        assert_eq!(standing(test, &team, team.ann, NOW + 2, id).await, (true, false));
        assert_eq!(standing(test, &team, team.bo, NOW + 2, id).await, (true, false), "it was in it");
    }

    async fn the_author_may_bring_their_own_thread_in(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let id = start(test, team.ann, NOW, team.general, EVERYONE).await.id;
        done(test, team.ann, NOW, move |tx, a| thread::unarchive(tx, a, id)).await;
        assert_eq!(standing(test, &team, team.ann, NOW, id).await, (true, false));
        done(test, team.ann, NOW, move |tx, a| thread::mute(tx, a, id, 5)).await;
        assert_eq!(standing(test, &team, team.ann, NOW, id).await, (true, false), "a mute takes nothing out");
    }

    async fn archiving_lasts_until_something_new_comes(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let id = start(test, team.ann, NOW, team.general, EVERYONE).await.id;
        done(test, team.bo, NOW, move |tx, a| thread::archive(tx, a, id)).await;
        assert_eq!(standing(test, &team, team.bo, NOW, id).await, (false, true));
        assert_eq!(standing(test, &team, team.ann, NOW, id).await, (false, false), "it is personal");
        say(test, team.ann, NOW + 1, id, "news").await;
        assert_eq!(standing(test, &team, team.bo, NOW + 1, id).await, (true, false));
        done(test, team.bo, NOW + 2, move |tx, a| thread::archive(tx, a, id)).await;
        say(test, team.bo, NOW + 3, id, "my own").await;
        assert_eq!(standing(test, &team, team.bo, NOW + 3, id).await, (false, true), "one's own is not new");
        done(test, team.bo, NOW + 4, move |tx, a| thread::unarchive(tx, a, id)).await;
        assert_eq!(standing(test, &team, team.bo, NOW + 4, id).await, (true, false));
        invariants(test).await;
    }

    async fn unarchiving_takes_up_what_was_unfollowed(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let id = start(test, team.ann, NOW, team.general, EVERYONE).await.id;
        done(test, team.bo, NOW, move |tx, a| thread::unfollow(tx, a, id)).await;
        assert_eq!(standing(test, &team, team.bo, NOW, id).await, (false, false));
        done(test, team.bo, NOW, move |tx, a| thread::unarchive(tx, a, id)).await;
        assert_eq!(standing(test, &team, team.bo, NOW, id).await, (true, false));
        assert!(ids(&look(test, team.bo, NOW, id).await.participants_json).contains(&team.bo));
    }

    async fn commenting_on_what_was_not_in_the_inbox_does_not_bring_it_there(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let id = start(test, team.ann, NOW, team.general, to(&[])).await.id;
        say(test, team.ann, NOW, id, "x").await;
        assert_eq!(standing(test, &team, team.bo, NOW, id).await, (false, false));
        say(test, team.bo, NOW + 1, id, "I was not asked").await;
        assert_eq!(standing(test, &team, team.bo, NOW + 1, id).await, (false, false));
        say(test, team.ann, NOW + 2, id, "but welcome").await;
        assert_eq!(standing(test, &team, team.bo, NOW + 2, id).await, (true, false));
    }

    async fn a_newcomer_has_an_empty_inbox(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let id = start(test, team.ann, NOW, team.general, EVERYONE).await.id;
        let cleo = hire(test, &team, "cleo", NOW + 10).await;
        assert_eq!(standing(test, &team, cleo, NOW + 10, id).await, (false, false));
        say(test, cleo, NOW + 11, id, "hi").await;
        assert_eq!(standing(test, &team, cleo, NOW + 11, id).await, (false, false));
        say(test, team.ann, NOW + 12, id, "welcome").await;
        assert_eq!(standing(test, &team, cleo, NOW + 12, id).await, (true, false));
    }

    async fn a_muted_thread_stays_where_it_is(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let id = start(test, team.ann, NOW, team.general, EVERYONE).await.id;
        done(test, team.bo, NOW, move |tx, a| thread::archive(tx, a, id)).await;
        let muted = done(test, team.bo, NOW, move |tx, a| thread::mute(tx, a, id, 5)).await;
        assert_eq!(muted.muted_until, Some(NOW + 5 * MINUTE));
        say(test, team.ann, NOW + MINUTE, id, "quiet").await;
        assert_eq!(standing(test, &team, team.bo, NOW + MINUTE, id).await, (false, true));
        assert!(pointer(test, &team, team.bo, NOW + MINUTE, id).await.is_some(), "unread all the same");
        // What came meanwhile stays out when the time is over; what comes then does not.
        let over = NOW + 6 * MINUTE;
        assert_eq!(standing(test, &team, team.bo, over, id).await, (false, true));
        assert_eq!(look(test, team.bo, over, id).await.muted_until, None, "a mute that is over is none");
        say(test, team.bo, over, id, "my own").await;
        assert_eq!(standing(test, &team, team.bo, over, id).await, (false, true));
        say(test, team.ann, over + 1, id, "loud").await;
        assert_eq!(standing(test, &team, team.bo, over + 1, id).await, (true, false));
    }

    async fn muting_again_raises_nothing(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let id = start(test, team.ann, NOW, team.general, EVERYONE).await.id;
        done(test, team.bo, NOW, move |tx, a| thread::archive(tx, a, id)).await;
        done(test, team.bo, NOW, move |tx, a| thread::mute(tx, a, id, 5)).await;
        say(test, team.ann, NOW + 1, id, "quiet").await;
        done(test, team.bo, NOW + 2, move |tx, a| thread::mute(tx, a, id, 5)).await;
        assert_eq!(standing(test, &team, team.bo, NOW + 2, id).await, (false, true));
        say(test, team.ann, NOW + 3, id, "quiet too").await;
        let loud = done(test, team.bo, NOW + 4, move |tx, a| thread::unmute(tx, a, id)).await;
        assert_eq!((loud.muted_until, loud.in_inbox), (None, false));
        say(test, team.ann, NOW + 4, id, "loud").await;
        assert_eq!(standing(test, &team, team.bo, NOW + 4, id).await, (true, false), "in the same millisecond");
        invariants(test).await;
    }

    async fn a_mute_before_one_is_named_holds(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let id = start(test, team.ann, NOW, team.general, to(&[])).await.id;
        done(test, team.bo, NOW, move |tx, a| thread::mute(tx, a, id, 5)).await;
        let bo = team.bo;
        say(test, team.ann, NOW + 1, id, &format!("[b](twist-mention://{bo})")).await;
        assert_eq!(standing(test, &team, bo, NOW + 1, id).await, (false, false));
        say(test, team.ann, NOW + 5 * MINUTE + 1, id, "x").await;
        assert_eq!(standing(test, &team, bo, NOW + 5 * MINUTE + 1, id).await, (true, false));
    }

    async fn mutes_have_a_length(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let id = start(test, team.ann, NOW, team.general, EVERYONE).await.id;
        for minutes in [0, -1, 5_270_401, i64::MAX] {
            let refused = act(&test.db, team.bo, move |tx, a| thread::mute(tx, a, id, minutes)).await;
            assert!(matches!(refused, Err(Error::Invalid { field: "minutes", .. })), "{refused:?}");
        }
        let unmuted = done(test, team.bo, NOW, move |tx, a| thread::unmute(tx, a, id)).await;
        assert_eq!((unmuted.muted_until, unmuted.in_inbox), (None, true));
    }

    async fn all_is_put_away_up_to_a_moment_and_by_channel(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let other = open_channel(test, &team, "Other", true, &[team.bo]).await;
        let old = start(test, team.ann, NOW, team.general, EVERYONE).await.id;
        let new = start(test, team.ann, NOW + 10, team.general, EVERYONE).await.id;
        let aside = start(test, team.ann, NOW, other, EVERYONE).await.id;
        let workspace = team.workspace;
        let away = move |channels: Option<Vec<_>>, until| {
            done(test, team.bo, NOW + 20, move |tx, a| {
                inbox::archive_all(tx, a, workspace, channels.as_deref(), until)
            })
        };
        away(Some(vec![team.general]), Some(NOW)).await;
        let at = NOW + 20;
        assert_eq!(standing(test, &team, team.bo, at, old).await, (false, true));
        assert_eq!(standing(test, &team, team.bo, at, new).await, (true, false), "it is newer");
        assert_eq!(standing(test, &team, team.bo, at, aside).await, (true, false), "elsewhere");
        assert_eq!(standing(test, &team, team.ann, at, old).await, (false, false), "it is personal");
        away(Some(Vec::new()), None).await;
        assert_eq!(standing(test, &team, team.bo, at, new).await, (true, false), "no channel at all");
        away(None, None).await;
        for id in [new, aside] {
            assert_eq!(standing(test, &team, team.bo, at, id).await, (false, true));
        }
        let side = team.side;
        let refused = see(test, team.bo, at, move |tx, a| {
            inbox::archive_all(tx, a, workspace, Some(&[side]), None)
        });
        assert!(matches!(refused.await, Err(Error::ChannelNotFound)));
    }

    async fn what_is_in_the_inbox_is_read_and_the_rest_stays_unread(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let inside = start(test, team.ann, NOW, team.general, EVERYONE).await.id;
        let outside = start(test, team.ann, NOW, team.general, to(&[])).await.id;
        let before = count(test, &team, team.bo, NOW).await;
        assert_eq!(before.unread, 1);
        let workspace = team.workspace;
        done(test, team.bo, NOW + 1, move |tx, a| inbox::mark_all_read(tx, a, workspace)).await;
        let after = count(test, &team, team.bo, NOW + 1).await;
        assert_eq!(after.unread, 0);
        assert!(after.version > before.version);
        assert_eq!(pointer(test, &team, team.bo, NOW + 1, inside).await, None);
        assert_eq!(pointer(test, &team, team.bo, NOW + 1, outside).await, Some((-1, false)));
        assert_eq!(standing(test, &team, team.bo, NOW + 1, inside).await, (true, false), "it stays");
    }

    async fn every_change_raises_the_version(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let (workspace, bo) = (team.workspace, team.bo);
        let id = start(test, team.ann, NOW, team.general, EVERYONE).await.id;
        let mut last = count(test, &team, bo, NOW).await.version;
        let mut at = NOW;
        for change in ["archive", "comment", "read", "unread", "unarchive", "mute", "unmute",
            "unfollow", "follow", "all read", "all archived", "for others"] {
            at += 1;
            match change {
                "comment" => {
                    say(test, team.ann, at, id, "more").await;
                }
                "for others" => {
                    done(test, team.ann, at, move |tx, a| {
                        thread::mark_unread_for_others(tx, a, id, -1)
                    })
                    .await;
                }
                own => {
                    done(test, bo, at, move |tx, a| match own {
                        "archive" => thread::archive(tx, a, id),
                        "read" => thread::mark_read(tx, a, id, 99),
                        "unread" => thread::mark_unread(tx, a, id, -1),
                        "unarchive" => thread::unarchive(tx, a, id),
                        "mute" => thread::mute(tx, a, id, 5).map(drop),
                        "unmute" => thread::unmute(tx, a, id).map(drop),
                        "unfollow" => thread::unfollow(tx, a, id),
                        "follow" => thread::follow(tx, a, id),
                        "all read" => thread::mark_all_read(tx, a, Some(workspace), None),
                        _ => inbox::archive_all(tx, a, workspace, None, None),
                    })
                    .await;
                }
            }
            // Another database of the same server may hold the horizon back for a moment.
            eventually(change, || async { count(test, &team, bo, at).await.version > last }).await;
            last = count(test, &team, bo, at).await.version;
        }
        let stranger = see(test, team.eve, at, move |tx, a| inbox::count(tx, a, workspace)).await;
        assert!(matches!(stranger, Err(Error::WorkspaceNotFound)));
    }
}
