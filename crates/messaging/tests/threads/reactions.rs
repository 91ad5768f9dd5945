use halyard_messaging::{
    Audience, CommentId, Error, Reach, ThreadId, comment,
    reaction::{self, Target},
};
use halyard_platform::{db::testing::TestDb, on_both_databases};

use crate::{
    people::{NOW, Team, act, last_event, migrations},
    support::*,
};

async fn get(test: &TestDb, team: &Team, target: Target) -> String {
    see(test, team.ann, NOW, move |tx, a| reaction::get(tx, a, target)).await.expect("reactions")
}

on_both_databases! {
    migrations();

    async fn each_person_counts_once(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let id = start(test, team.ann, NOW, team.general, Audience::of(Reach::Channel)).await.id;
        let said = say(test, team.ann, NOW, id, "x").await.id;
        for (target, kind) in [(Target::Thread(id), "thread_updated"), (Target::Comment(said), "comment_updated")] {
            assert_eq!(get(test, &team, target).await, "{}");
            for user in [team.bo, team.ann, team.bo] {
                done(test, user, NOW, move |tx, a| reaction::add(tx, a, target, "👍")).await;
            }
            done(test, team.bo, NOW, move |tx, a| reaction::add(tx, a, target, "+1")).await;
            assert_eq!(last_event(&test.db).await.0, kind);
            let (ann, bo) = (team.ann, team.bo);
            assert_eq!(get(test, &team, target).await, format!("{{\"+1\":[{bo}],\"👍\":[{bo},{ann}]}}"));
            let events = count(test, "select count(*) from event").await;
            done(test, team.bo, NOW, move |tx, a| {
                reaction::add(tx, a, target, "👍")?;
                reaction::remove(tx, a, target, "never")
            }).await;
            assert_eq!(count(test, "select count(*) from event").await, events, "nothing changed");
            for user in [team.bo, team.ann] {
                done(test, user, NOW, move |tx, a| reaction::remove(tx, a, target, "👍")).await;
            }
            assert_eq!(get(test, &team, target).await, format!("{{\"+1\":[{bo}]}}"), "an empty one goes");
        }
        let thread = look(test, team.bo, NOW, id).await;
        assert_eq!(thread.last_updated_at, NOW, "a reaction is nothing new");
        assert!(thread.version > 2);
    }

    async fn there_is_a_limit_of_kinds(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let id = start(test, team.ann, NOW, team.general, Audience::of(Reach::Channel)).await.id;
        let target = Target::Thread(id);
        done(test, team.bo, NOW, move |tx, a| {
            (0..100).try_for_each(|kind| reaction::add(tx, a, target, &format!("r{kind}")))
        }).await;
        let refused = act(&test.db, team.ann, move |tx, a| reaction::add(tx, a, target, "new")).await;
        assert!(matches!(refused, Err(Error::Invalid { field: "reaction", .. })), "{refused:?}");
        done(test, team.ann, NOW, move |tx, a| reaction::add(tx, a, target, "r7")).await;
    }

    async fn a_removed_comment_takes_none(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let id = start(test, team.ann, NOW, team.general, Audience::of(Reach::Channel)).await.id;
        let said = say(test, team.ann, NOW, id, "x").await.id;
        done(test, team.bo, NOW, move |tx, a| reaction::add(tx, a, Target::Comment(said), "👍")).await;
        done(test, team.ann, NOW, move |tx, a| comment::remove(tx, a, said)).await;
        assert_eq!(get(test, &team, Target::Comment(said)).await, "{}");
        for step in [reaction::add, reaction::remove] {
            let refused = act(&test.db, team.bo, move |tx, a| step(tx, a, Target::Comment(said), "👍")).await;
            assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
        }
        let refused = act(&test.db, team.bo, |tx, a| reaction::add(tx, a, Target::Comment(CommentId(999)), "👍")).await;
        assert!(matches!(refused, Err(Error::CommentNotFound)), "{refused:?}");
        let refused = act(&test.db, team.bo, |tx, a| reaction::add(tx, a, Target::Thread(ThreadId(999)), "👍")).await;
        assert!(matches!(refused, Err(Error::ThreadNotFound)), "{refused:?}");
    }

    async fn two_at_the_same_moment_both_count(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let id = start(test, team.ann, NOW, team.general, Audience::of(Reach::Channel)).await.id;
        let said = say(test, team.ann, NOW, id, "x").await.id;
        for target in [Target::Thread(id), Target::Comment(said)] {
            for round in 0..10 {
                let add = |user| act(&test.db, user, move |tx, a| reaction::add(tx, a, target, &format!("r{round}")));
                let (one, two) = tokio::join!(add(team.ann), add(team.bo));
                one.and(two).unwrap();
            }
            let all = get(test, &team, target).await;
            assert_eq!(all.matches(',').count(), 19, "twenty people in ten lists: {all}");
        }
    }
}
