use halyard_messaging::{Audience, Error, Reach, retention, thread};
use halyard_platform::on_both_databases;

use crate::{
    people::{NOW, Team, migrations, rows},
    support::*,
};

const DAY: i64 = 86_400_000;

on_both_databases! {
    migrations();

    async fn old_threads_go_with_an_event_each_and_pinned_ones_stay(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let everyone = || Audience::of(Reach::Channel);
        let old = start(test, team.ann, NOW - 40 * DAY, team.general, everyone()).await.id;
        let pinned = start(test, team.ann, NOW - 40 * DAY, team.general, everyone()).await.id;
        let alive = start(test, team.ann, NOW - 40 * DAY, team.general, everyone()).await.id;
        say(test, team.bo, NOW - 29 * DAY, alive, "still of use").await;
        done(test, team.ann, NOW, move |tx, a| thread::pin(tx, a, pinned)).await;
        let room = open_channel(test, &team, "room", false, &[team.bo]).await;
        let kept = start(test, team.bo, NOW - 400 * DAY, room, everyone()).await.id;
        let expire = |limit| test.db.write(move |tx| retention::expire(tx, NOW, limit));
        assert_eq!(expire(10).await.unwrap(), 0, "nothing goes without a rule");
        let general = team.general;
        done(test, team.ann, NOW, move |tx, a| {
            retention::set(tx, a, general, Some(30))?;
            assert_eq!(retention::get(tx, a, general)?, Some(30));
            Ok(())
        }).await;
        assert_eq!(expire(10).await.unwrap(), 1);
        assert_eq!(expire(10).await.unwrap(), 0, "each goes once");
        let told: Vec<String> = rows(&test.db, "select subject from event where kind = 'thread_deleted'").await;
        assert_eq!(told, [format!("thread:{old}")]);
        let jobs: Vec<String> = rows(&test.db, "select payload from job where kind = 'messaging.purge'").await;
        assert_eq!(jobs, [format!("{{\"thread\":{old}}}")]);
        for id in [pinned, alive, kept] {
            look(test, team.bo, NOW, id).await;
        }
        done(test, team.ann, NOW, move |tx, a| retention::set(tx, a, general, None)).await;
        assert_eq!(test.db.write(|tx| retention::expire(tx, NOW + 900 * DAY, 10)).await.unwrap(), 0);
    }

    async fn slices_are_bounded(test: &TestDb) {
        let team = Team::new(&test.db).await;
        for _ in 0..5 {
            start(test, team.ann, NOW - 3 * DAY, team.general, Audience::of(Reach::Channel)).await;
        }
        let general = team.general;
        done(test, team.ann, NOW, move |tx, a| retention::set(tx, a, general, Some(1))).await;
        for expected in [2, 2, 1, 0] {
            assert_eq!(test.db.write(|tx| retention::expire(tx, NOW, 2)).await.unwrap(), expected);
        }
    }

    async fn only_admins_who_see_the_channel_make_rules(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let general = team.general;
        let set = |user, id, days| {
            test.db.write(move |tx| retention::set(tx, &halyard_messaging::Actor { user, now: NOW }, id, days))
        };
        assert!(matches!(set(team.bo, general, Some(3)).await, Err(Error::Forbidden(_))));
        assert!(matches!(set(team.eve, general, Some(3)).await, Err(Error::ChannelNotFound)));
        for days in [0, -1, 36_501] {
            assert!(matches!(set(team.ann, general, Some(days)).await, Err(Error::Invalid { .. })), "{days}");
        }
        let secret = halyard_messaging::channel::ChannelChange {
            name: Some("bo's".to_owned()), public: Some(false), ..Default::default()
        };
        let space = team.workspace;
        let secret = done(test, team.bo, NOW, move |tx, a| {
            halyard_messaging::channel::add(tx, a, space, &secret, &[], None)
        }).await.id;
        assert!(matches!(set(team.ann, secret, Some(3)).await, Err(Error::ChannelNotFound)));
        test.db.write(move |tx| retention::set_as_operator(tx, secret, Some(3), NOW)).await.unwrap();
        let days: Vec<i64> = rows(&test.db, "select retention_days from channel where retention_days is not null").await;
        assert_eq!(days, [3]);
    }
}
