//! Who a thread or a comment concerns.

use halyard_identity::UserId;
use halyard_messaging::{
    Audience, Error, GroupId, Reach, comment, comment::NewComment, group, member, thread,
};
use halyard_platform::{on_both_databases, params};

use crate::{
    people::{NOW, Team, act, migrations, rows},
    support::*,
};

async fn attached(test: &TestDb) -> Vec<UserId> {
    rows(&test.db, "select user_id from thread_state where follows order by user_id").await
}

use halyard_platform::db::testing::TestDb;

async fn make_group(test: &TestDb, team: &Team, people: &[UserId]) -> GroupId {
    let (workspace, people) = (team.workspace, people.to_vec());
    done(test, team.ann, NOW, move |tx, _| {
        let id: GroupId = tx.one(
            "insert into member_group (workspace_id, name, created_at) values ($1, 'G', $2)
             returning id",
            params![workspace, NOW],
        )?;
        for user in &people {
            tx.exec(
                "insert into member_group_user (group_id, user_id) values ($1, $2)",
                params![id, *user],
            )?;
        }
        Ok(id)
    })
    .await
}

on_both_databases! {
    migrations();

    async fn people_and_groups_that_are_named_are_attached(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let cleo = hire(test, &team, "cleo", NOW).await;
        let dora = hire(test, &team, "dora", NOW).await;
        // Gus cannot see General.
        let crew = make_group(test, &team, &[cleo, team.gus]).await;
        let audience = Audience { groups: vec![crew], ..to(&[team.bo, team.gus, team.bo, team.ann]) };
        let content = format!("[d](twist-mention://{dora}) [e](twist-mention://{})", team.eve);
        let posted = done(test, team.ann, NOW, move |tx, a| {
            thread::add(tx, a, &new_thread(team.general, audience.clone(), &content))
        }).await;
        assert_eq!(ids(&posted.participants_json), [team.ann, team.bo, cleo, dora], "in the order named, each once");
        assert_eq!(attached(test).await, [team.ann, team.bo, cleo, dora]);
        assert_eq!(ids(&posted.recipients_json), [team.bo, team.gus, team.bo, team.ann], "kept as sent");
        assert_eq!(posted.groups_json, format!("[{crew}]"));
        assert_eq!(posted.reach, Reach::People);
        for (user, there) in [(team.ann, false), (team.bo, true), (cleo, true), (dora, true)] {
            assert_eq!(look(test, user, NOW, posted.id).await.in_inbox, there, "{user}");
        }
        let mentions: Vec<(i64, i64)> = rows(&test.db, "select user_id, obj_index from thread_mention").await;
        assert_eq!(mentions, [(dora.0, -1)], "nobody outside the workspace is mentioned");
        invariants(test).await;
    }

    async fn a_mentioned_group_is_attached_without_being_mentioned_in_person(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let cleo = hire(test, &team, "cleo", NOW).await;
        let crew = make_group(test, &team, &[cleo, team.gus, team.ann]).await;
        let content = format!("[G](twist-group-mention://{crew}) [H](twist-group-mention://9999)");
        let text = content.clone();
        let id = done(test, team.ann, NOW, move |tx, a| {
            thread::add(tx, a, &new_thread(team.general, to(&[]), &text))
        }).await.id;
        assert_eq!(attached(test).await, [team.ann, cleo]);
        assert_eq!(pointer(test, &team, cleo, NOW, id).await, Some((-1, false)));
        let other = start(test, team.bo, NOW, team.general, to(&[])).await.id;
        say(test, team.bo, NOW, other, &content).await;
        assert_eq!(ids(&look(test, team.bo, NOW, other).await.participants_json), [team.bo, team.ann, cleo]);
    }

    async fn an_audience_is_of_the_workspace(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let id = start(test, team.ann, NOW, team.general, to(&[])).await.id;
        for stranger in [team.eve, team.rae, UserId(9_999)] {
            let refused = act(&test.db, team.ann, move |tx, a| {
                thread::add(tx, a, &new_thread(team.general, to(&[team.bo, stranger]), "x"))
            }).await;
            assert!(matches!(refused, Err(Error::UserNotFound)), "{refused:?}");
            let refused = act(&test.db, team.ann, move |tx, a| {
                comment::add(tx, a, &NewComment { audience: to(&[stranger]), ..new_comment(id, "x") })
            }).await;
            assert!(matches!(refused, Err(Error::UserNotFound)), "{refused:?}");
        }
        let foreign = done(test, team.eve, NOW, |tx, a| {
            let own = halyard_messaging::workspace::default(tx, a)?.id;
            Ok(tx.one::<GroupId>(
                "insert into member_group (workspace_id, name, created_at) values ($1, 'E', 0) returning id",
                params![own],
            )?)
        }).await;
        let refused = act(&test.db, team.ann, move |tx, a| {
            let audience = Audience { groups: vec![foreign], ..to(&[]) };
            thread::add(tx, a, &new_thread(team.general, audience, "x"))
        }).await;
        assert!(matches!(refused, Err(Error::GroupNotFound)), "{refused:?}");
        assert!(see(test, team.ann, NOW, move |tx, a| group::list(tx, a, team.workspace)).await.unwrap().is_empty());
    }

    async fn a_comment_to_everyone_widens_its_thread(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let cleo = hire(test, &team, "cleo", NOW).await;
        let say_to = async |thread, reach| {
            done(test, team.ann, NOW + 1, move |tx, a| {
                comment::add(tx, a, &NewComment { audience: Audience::of(reach), ..new_comment(thread, "x") })
            }).await;
            look(test, cleo, NOW + 1, thread).await
        };
        let narrow = start(test, team.ann, NOW, team.general, to(&[team.bo])).await.id;
        assert!(!look(test, cleo, NOW, narrow).await.in_inbox);
        let after = say_to(narrow, Reach::Thread).await;
        assert_eq!((after.reach, after.in_inbox), (Reach::People, false));
        let after = say_to(narrow, Reach::People).await;
        assert_eq!((after.reach, after.in_inbox), (Reach::People, false));
        let after = say_to(narrow, Reach::Channel).await;
        assert_eq!((after.reach, after.in_inbox), (Reach::Channel, true));
        let after = say_to(narrow, Reach::Thread).await;
        assert_eq!((after.reach, after.in_inbox), (Reach::Channel, true), "for good");
        let wide = start(test, team.ann, NOW, team.general, Audience::of(Reach::Workspace)).await.id;
        assert_eq!(say_to(wide, Reach::Channel).await.reach, Reach::Workspace, "never narrower");
    }

    async fn who_is_not_in_the_channel_hears_of_it_only_through_the_workspace(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let room = open_channel(test, &team, "room", true, &[]).await;
        let to_channel = start(test, team.ann, NOW, room, Audience::of(Reach::Channel)).await.id;
        let to_all = start(test, team.ann, NOW, room, Audience::of(Reach::Workspace)).await.id;
        assert!(!look(test, team.bo, NOW, to_channel).await.in_inbox);
        assert!(look(test, team.bo, NOW, to_all).await.in_inbox);
        let later = hire(test, &team, "later", NOW + 10).await;
        assert!(!look(test, later, NOW + 10, to_all).await.in_inbox, "posted before they came");
        say(test, team.ann, NOW + 11, to_all, "news").await;
        assert!(look(test, later, NOW + 11, to_all).await.in_inbox);
    }

    async fn posting_to_a_thousand_writes_no_row_for_each(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let workspace = team.workspace;
        done(test, team.ann, NOW, move |tx, a| {
            for number in 0..1_000 {
                let (name, email) = (format!("m{number}"), format!("m{number}@example.com"));
                let new = halyard_identity::NewUser { name, email, password_hash: None, bot: true };
                let user = halyard_identity::create_user(tx, &new, NOW)?;
                tx.exec(
                    "insert into member (workspace_id, user_id, role, joined_at) values ($1, $2, 'user', $3)",
                    params![workspace, user, NOW],
                )?;
                tx.exec(
                    "insert into channel_member (channel_id, user_id, read_before, joined_at) values ($1, $2, $3, $4)",
                    params![team.general, user, NOW - 1, NOW],
                )?;
            }
            member::list(tx, a, workspace, member::People::Current).map(|all| assert!(all.len() > 1_000))
        }).await;
        let total = "select (select count(*) from thread_state) + (select count(*) from thread_mention)
             + (select count(*) from channel_member) + (select count(*) from event) + (select count(*) from job)";
        let before = count(test, total).await;
        let posted = start(test, team.ann, NOW, team.general, Audience::of(Reach::Channel)).await;
        // The author's state and the event.
        assert_eq!(count(test, total).await, before + 2);
        done(test, team.bo, NOW, move |tx, a| {
            comment::add(tx, a, &NewComment { audience: Audience::of(Reach::Channel), ..new_comment(posted.id, "x") })
        }).await;
        assert_eq!(count(test, total).await, before + 4);
        assert_eq!(count(test, "select count(*) from thread_state").await, 2);
        let last: Vec<UserId> = rows(&test.db, "select max(id) from users").await;
        assert!(look(test, last[0], NOW, posted.id).await.in_inbox, "and yet it concerns them all");
        assert_eq!(pointer(test, &team, last[0], NOW, posted.id).await, Some((-1, false)));
    }

    async fn following_and_unfollowing(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let id = start(test, team.ann, NOW, team.general, to(&[])).await.id;
        assert!(!look(test, team.bo, NOW, id).await.in_inbox);
        done(test, team.bo, NOW, move |tx, a| thread::follow(tx, a, id)).await;
        let followed = look(test, team.bo, NOW, id).await;
        assert_eq!((ids(&followed.participants_json), followed.in_inbox), (vec![team.ann, team.bo], true));
        done(test, team.bo, NOW, move |tx, a| thread::follow(tx, a, id)).await;
        assert_eq!(look(test, team.bo, NOW, id).await.version, followed.version, "attached once");
        done(test, team.bo, NOW, move |tx, a| thread::unfollow(tx, a, id)).await;
        let left = look(test, team.bo, NOW, id).await;
        assert_eq!((ids(&left.participants_json), left.in_inbox), (vec![team.ann], false));
        done(test, team.ann, NOW, move |tx, a| {
            comment::add(tx, a, &NewComment { audience: Audience::of(Reach::Channel), ..new_comment(id, "x") })
        }).await;
        assert!(!look(test, team.bo, NOW, id).await.in_inbox, "whatever the audience");
        let bo = team.bo;
        say(test, team.ann, NOW, id, &format!("[b](twist-mention://{bo})")).await;
        let named = look(test, bo, NOW, id).await;
        assert_eq!((ids(&named.participants_json), named.in_inbox), (vec![team.ann, bo], true), "unless named");
    }
}
