//! Read pointers and what is unread.

use halyard_messaging::{
    Audience, Error, Reach, channel, comment,
    thread::{self, Thread},
};
use halyard_platform::{clock::Millis, db::Dialect, on_both_databases};

use crate::{
    people::{NOW, Team, act, act_at, migrations},
    support::*,
};

const EVERYONE: Audience =
    Audience { reach: Reach::Channel, recipients: Vec::new(), groups: Vec::new() };
const HOUR: Millis = 3_600_000;

on_both_databases! {
    migrations();

    async fn what_is_removed_is_unread_for_nobody(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let Thread { id, .. } = start(test, team.ann, NOW, team.general, EVERYONE).await;
        done(test, team.bo, NOW, move |tx, a| thread::mark_read(tx, a, id, 0)).await;
        let mut said = Vec::new();
        for content in ["a", "b", "c"] {
            said.push(say(test, team.ann, NOW, id, content).await.id);
        }
        let look = async || pointer(test, &team, team.bo, NOW, id).await;
        let remove = async |at: usize| {
            let comment = said[at];
            done(test, team.ann, NOW, move |tx, a| comment::remove(tx, a, comment)).await;
        };
        remove(2).await;
        assert_eq!(look().await, Some((-1, false)), "two are left");
        remove(0).await;
        assert_eq!(look().await, Some((-1, false)), "one is left");
        remove(1).await;
        assert_eq!(look().await, None);
        // What comes then is unread, from where they had stopped.
        say(test, team.ann, NOW, id, "d").await;
        assert_eq!(look().await, Some((-1, false)));
        invariants(test).await;
    }

    async fn the_pointer_moves_forward_and_not_beyond_the_newest(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let Thread { id, .. } = start(test, team.ann, NOW, team.general, EVERYONE).await;
        let read = async |index| {
            done(test, team.bo, NOW, move |tx, a| thread::mark_read(tx, a, id, index)).await;
            pointer(test, &team, team.bo, NOW, id).await
        };
        assert_eq!(pointer(test, &team, team.bo, NOW, id).await, Some((-1, false)));
        // A client that does not know the index says 0: the next comment is unread all the same.
        assert_eq!(read(0).await, None);
        for content in ["a", "b", "c"] {
            say(test, team.ann, NOW, id, content).await;
        }
        assert_eq!(pointer(test, &team, team.bo, NOW, id).await, Some((-1, false)));
        assert_eq!(read(0).await, Some((0, false)));
        assert_eq!(read(1).await, Some((1, false)));
        assert_eq!(read(0).await, Some((1, false)), "never back");
        assert_eq!(read(-1).await, Some((1, false)));
        assert_eq!(read(i64::MIN).await, Some((1, false)));
        assert_eq!(read(i64::MAX).await, None);
        say(test, team.ann, NOW, id, "d").await;
        assert_eq!(pointer(test, &team, team.bo, NOW, id).await, Some((2, false)), "not past the newest");
        invariants(test).await;
    }

    async fn marking_unread_sets_the_pointer(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let id = start(test, team.ann, NOW, team.general, EVERYONE).await.id;
        for content in ["a", "b"] {
            say(test, team.ann, NOW, id, content).await;
        }
        let unread_from = async |index| {
            done(test, team.ann, NOW, move |tx, a| thread::mark_unread(tx, a, id, index)).await;
            pointer(test, &team, team.ann, NOW, id).await
        };
        assert_eq!(pointer(test, &team, team.ann, NOW, id).await, None);
        assert_eq!(unread_from(0).await, Some((0, false)));
        assert_eq!(unread_from(-1).await, Some((-1, false)));
        assert_eq!(unread_from(1).await, Some((0, false)), "the newest is unread itself");
        assert_eq!(unread_from(i64::MAX).await, Some((0, false)));
        assert_eq!(unread_from(i64::MIN).await, Some((-1, false)));
        done(test, team.ann, NOW, move |tx, a| thread::mark_read(tx, a, id, 1)).await;
        assert_eq!(pointer(test, &team, team.ann, NOW, id).await, None);
        invariants(test).await;
    }

    async fn others_who_take_part_can_be_told_to_read_again(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let cleo = hire(test, &team, "cleo", NOW).await;
        let id = start(test, team.ann, NOW, team.general, to(&[team.bo])).await.id;
        say(test, team.ann, NOW, id, "a").await;
        for user in [team.bo, cleo] {
            done(test, user, NOW, move |tx, a| thread::mark_read(tx, a, id, 0)).await;
        }
        done(test, team.ann, NOW, move |tx, a| thread::mark_unread_for_others(tx, a, id, -1)).await;
        assert_eq!(pointer(test, &team, team.bo, NOW, id).await, Some((-1, false)));
        assert_eq!(pointer(test, &team, team.ann, NOW, id).await, None);
        assert_eq!(pointer(test, &team, cleo, NOW, id).await, None, "Cleo does not take part");
    }

    async fn a_newcomer_starts_with_everything_read(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let old = start(test, team.ann, NOW, team.general, EVERYONE).await.id;
        say(test, team.ann, NOW + 1, old, "a").await;
        let cleo = hire(test, &team, "cleo", NOW + 10).await;
        assert_eq!(unread(test, &team, cleo, NOW + 10).await, []);
        say(test, team.ann, NOW + 10, old, "b").await;
        assert_eq!(pointer(test, &team, cleo, NOW + 11, old).await, Some((0, false)));
        done(test, cleo, NOW + 12, move |tx, a| thread::mark_read(tx, a, old, 0)).await;
        assert_eq!(pointer(test, &team, cleo, NOW + 12, old).await, Some((0, false)));
        done(test, cleo, NOW + 12, move |tx, a| thread::mark_read(tx, a, old, 1)).await;
        assert_eq!(unread(test, &team, cleo, NOW + 12).await, []);
    }

    async fn coming_back_is_like_coming(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let id = start(test, team.ann, NOW, team.general, EVERYONE).await.id;
        say(test, team.ann, NOW, id, "a").await;
        done(test, team.bo, NOW, move |tx, a| thread::mark_unread(tx, a, id, -1)).await;
        done(test, team.bo, NOW + 1, move |tx, a| channel::remove_users(tx, a, team.general, &[a.user])).await;
        assert_eq!(unread(test, &team, team.bo, NOW + 1).await, [], "only what one has joined");
        done(test, team.bo, NOW + 2, move |tx, a| channel::add_users(tx, a, team.general, &[a.user])).await;
        assert_eq!(unread(test, &team, team.bo, NOW + 2).await, []);
    }

    async fn unread_threads_are_ordered_and_know_their_mentions(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let first = start(test, team.ann, NOW, team.general, EVERYONE).await.id;
        let second = start(test, team.ann, NOW + 1, team.general, EVERYONE).await.id;
        let bo = team.bo;
        say(test, team.ann, NOW + 2, first, &format!("[b](twist-mention://{bo})")).await;
        let found: Vec<_> = unread(test, &team, bo, NOW + 3).await;
        let found: Vec<_> = found.iter().map(|one| (one.thread, one.channel, one.obj_index, one.direct_mention)).collect();
        assert_eq!(found, [(second, team.general, -1, false), (first, team.general, -1, true)]);
        done(test, bo, NOW + 3, move |tx, a| thread::mark_read(tx, a, first, 0)).await;
        say(test, team.ann, NOW + 4, first, "unrelated").await;
        assert_eq!(pointer(test, &team, bo, NOW + 5, first).await, Some((0, false)), "that mention is read");
        assert_eq!(unread(test, &team, team.gus, NOW + 5).await, [], "a guest outside hears nothing");
    }

    async fn marking_all_read_covers_a_channel_or_the_workspace(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let room = open_channel(test, &team, "room", true, &[team.bo]).await;
        let here = start(test, team.ann, NOW + 1, team.general, EVERYONE).await.id;
        let there = start(test, team.ann, NOW + 1, room, EVERYONE).await.id;
        let behind = start(test, team.ann, NOW + 1, room, EVERYONE).await.id;
        done(test, team.bo, NOW + 2, move |tx, a| {
            thread::mark_read(tx, a, behind, -1)?;
            thread::mark_unread(tx, a, behind, -1)
        }).await;
        let read = async |now, channel| {
            let workspace = if channel == Some(room) { None } else { Some(team.workspace) };
            done(test, team.bo, now, move |tx, a| thread::mark_all_read(tx, a, workspace, channel)).await;
            let left = unread(test, &team, team.bo, now).await;
            left.iter().map(|one| one.thread).collect::<Vec<_>>()
        };
        // Within the margin of the watermark, and beyond it.
        for now in [NOW + 3, NOW + HOUR] {
            for thread in [here, there, behind] {
                done(test, team.bo, now, move |tx, a| thread::mark_unread(tx, a, thread, -1)).await;
            }
            assert_eq!(read(now, Some(room)).await, [here]);
            assert_eq!(read(now, None).await, []);
            say(test, team.ann, now + 1, there, "x").await;
            assert_eq!(unread(test, &team, team.bo, now + 2).await.len(), 1, "what comes later is unread");
            assert!(read(now + 3, None).await.is_empty());
            invariants(test).await;
        }
        assert!(!unread(test, &team, team.ann, NOW).await.iter().any(|one| one.thread == here));
        let refused = act(&test.db, team.bo, |tx, a| thread::mark_all_read(tx, a, None, None)).await;
        assert!(matches!(refused, Err(Error::WorkspaceNotFound)), "{refused:?}");
    }

    async fn folding_changes_no_answer_and_pays_off(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let mut threads = Vec::new();
        for step in 0..200 {
            threads.push(start(test, team.ann, NOW + step * 1_000, team.general, EVERYONE).await.id);
        }
        let later = NOW + 200_000;
        // Old items and new ones in one thread: the watermark will come to lie between them.
        for id in [threads[0], threads[5]] {
            say(test, team.ann, later, id, "new").await;
        }
        let half_read = threads[5];
        done(test, team.bo, later, move |tx, a| thread::mark_read(tx, a, half_read, -1)).await;
        let now = later + 1_000;
        let workspace = team.workspace;
        let answer = || see(test, team.bo, now, move |tx, a| thread::unread(tx, a, workspace));
        let before = answer().await.unwrap();
        assert!(before.wants_fold && before.threads.len() == 200);
        act_at(&test.db, team.bo, now, move |tx, a| thread::fold(tx, a, workspace)).await.unwrap();
        let after = answer().await.unwrap();
        assert_eq!(after.threads, before.threads);
        assert!(!after.wants_fold);
        let rows = count(test, "select count(*) from thread_state where user_id = 2 and behind").await;
        // On PostgreSQL the newest half minute stays above the watermark and costs no row.
        let settled = if test.db.dialect() == Dialect::Sqlite { 200 } else { 172 };
        assert_eq!(rows, settled);
        act_at(&test.db, team.bo, now, move |tx, a| thread::fold(tx, a, workspace)).await.unwrap();
        assert_eq!(answer().await.unwrap().threads, before.threads);
        invariants(test).await;
    }

    async fn a_move_keeps_what_each_has_read(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let cleo = hire(test, &team, "cleo", NOW).await;
        let dora = hire(test, &team, "dora", NOW).await;
        let room = open_channel(test, &team, "room", true, &[team.bo, cleo]).await;
        done(test, dora, NOW, move |tx, a| {
            channel::remove_users(tx, a, team.general, &[a.user])?;
            channel::add_users(tx, a, room, &[a.user])
        }).await;
        let id = start(test, team.ann, NOW + 1, team.general, EVERYONE).await.id;
        let unseen = start(test, team.ann, NOW + 1, team.general, EVERYONE).await.id;
        for content in ["a", "b"] {
            say(test, team.ann, NOW + 1, id, content).await;
        }
        // Bo has read it by watermark, Cleo in part.
        let later = NOW + HOUR;
        done(test, team.bo, later, move |tx, a| thread::mark_all_read(tx, a, None, Some(team.general))).await;
        done(test, cleo, later, move |tx, a| thread::mark_read(tx, a, id, 0)).await;
        done(test, cleo, later, move |tx, a| thread::mark_all_read(tx, a, None, Some(room))).await;
        done(test, team.ann, later + 1, move |tx, a| {
            thread::move_to_channel(tx, a, id, room)?;
            thread::move_to_channel(tx, a, unseen, room)
        }).await;
        assert_eq!(pointer(test, &team, team.bo, later + 2, id).await, Some((1, false)), "only the system's words");
        assert_eq!(pointer(test, &team, cleo, later + 2, id).await, Some((0, false)));
        assert_eq!(pointer(test, &team, cleo, later + 2, unseen).await, Some((-1, false)));
        assert_eq!(pointer(test, &team, dora, later + 2, id).await, Some((1, false)), "new to Dora from here on");
        assert_eq!(pointer(test, &team, team.ann, later + 2, id).await, None, "the mover had read it");
        done(test, team.bo, later + 3, move |tx, a| thread::mark_read(tx, a, id, 2)).await;
        assert_eq!(pointer(test, &team, team.bo, later + 4, id).await, None);
        invariants(test).await;
    }
}
