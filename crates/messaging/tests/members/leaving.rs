//! Changing and taking away what somebody may do.

use halyard_identity::load_user;
use halyard_messaging::{
    ChannelId, Error, Role,
    group::{self, NewGroup},
    member::{self, People},
    workspace::{self, NewWorkspace},
};
use halyard_platform::{on_both_databases, params};

use crate::people::{NOW, Team, act, invitation, last_event, migrations, person, rows};
use crate::support::{admins, channels_of, eight_admins, getone, seen_by};

on_both_databases! {
    migrations();

    async fn a_role_changes_what_one_may_do(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let set = async |by, user, role| {
            act(&test.db, by, move |tx, actor| member::set_role(tx, actor, team.workspace, user, role)).await
        };
        let before = getone(&test.db, &team, team.ann, team.bo).await.unwrap();
        let bo = set(team.ann, team.bo, Role::Admin).await.unwrap();
        assert_eq!(bo.role, Role::Admin);
        assert!(bo.version > before.version);
        let (kind, subject, payload) = last_event(&test.db).await;
        assert_eq!((kind.as_str(), subject), ("workspace_user_updated", format!("workspace:{}", team.workspace)));
        let payload: serde_json::Value = serde_json::from_str(&payload).unwrap();
        assert_eq!(payload, serde_json::json!({ "workspace_id": team.workspace, "user_id": team.bo, "by": team.ann }));

        let events = async || rows::<i64>(&test.db, "select count(*) from event").await[0];
        let count = events().await;
        assert_eq!(set(team.ann, team.bo, Role::Admin).await.unwrap(), bo, "no change, no new version");
        assert_eq!(events().await, count);

        let ann = set(team.bo, team.ann, Role::Guest).await.unwrap();
        assert_eq!(ann.role, Role::Guest);
        let last = set(team.bo, team.bo, Role::Guest).await;
        assert!(matches!(last, Err(Error::LastAdmin)), "{last:?}");
        let refused = set(team.ann, team.bo, Role::User).await;
        assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
        let mut own = set(team.bo, team.ann, Role::Admin).await.unwrap();
        own.role = set(team.ann, team.ann, Role::Guest).await.unwrap().role;
        assert_eq!(own.role, Role::Guest, "one may step down oneself");
    }

    async fn a_removed_member_leaves_channels_and_groups(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let (mine, other) = act(&test.db, team.ann, move |tx, actor| {
            let users = vec![team.ann, team.bo];
            let mine = group::add(tx, actor, team.workspace, &NewGroup {
                name: "Deck".to_owned(), users, ..NewGroup::default()
            })?;
            // Bo is also in a workspace, a channel and a group that must not change.
            let away = workspace::add(tx, actor, &NewWorkspace { name: "Away".to_owned(), ..NewWorkspace::default() })?;
            member::invite(tx, actor, away.id, &invitation("bo", Role::User, &[]))?;
            let other = group::add(tx, actor, away.id, &NewGroup {
                name: "Away".to_owned(), users: vec![team.bo], ..NewGroup::default()
            })?;
            Ok((mine, other))
        }).await.unwrap();
        let conversation: i64 = act(&test.db, team.bo, move |tx, actor| {
            tx.exec(
                "insert into conversation_member (conversation_id, user_id, read_items, joined_at)
                 select default_conversation, $2, 0, $3 from workspace where id = $1",
                params![team.workspace, actor.user, NOW],
            )?;
            Ok(tx.one("select default_conversation from workspace where id = $1", params![team.workspace])?)
        }).await.unwrap();
        let version = async |id: ChannelId| {
            test.db.read(move |tx| tx.one::<i64>("select version from channel where id = $1", params![id])).await.unwrap()
        };
        let before = version(team.general).await;
        assert_eq!(channels_of(&test.db, team.bo).await.len(), 2);

        act(&test.db, team.ann, move |tx, actor| member::remove(tx, actor, team.workspace, team.bo)).await.unwrap();
        assert_eq!(last_event(&test.db).await.0, "workspace_user_removed");
        let left = channels_of(&test.db, team.bo).await;
        assert!(left.len() == 1 && left[0] != team.general.0, "{left:?}");
        assert!(version(team.general).await > before);
        let group = async |id| act(&test.db, team.ann, move |tx, actor| group::getone(tx, actor, id)).await.unwrap();
        let now = group(mine.id).await;
        assert_eq!(now.users, [team.ann]);
        assert!(now.version > mine.version);
        assert_eq!(group(other.id).await, other);
        let talks: Vec<i64> = test.db.read(move |tx| {
            tx.all::<i64>("select conversation_id from conversation_member where user_id = $1", params![team.bo])
        }).await.unwrap();
        assert_eq!(talks, [conversation]);
        let bo = test.db.read(move |tx| load_user(tx, team.bo)).await.unwrap();
        assert_eq!(bo.default_workspace, None, "clients cannot start there any more");
        assert!(getone(&test.db, &team, team.ann, team.bo).await.unwrap().removed);
    }

    async fn leaving_all_workspaces_needs_an_admin_to_remain(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let solo = act(&test.db, team.ann, |tx, actor| {
            workspace::add(tx, actor, &NewWorkspace { name: "Solo".to_owned(), ..NewWorkspace::default() })
        }).await.unwrap();
        let leave = async || act(&test.db, team.ann, member::leave_all).await;
        let refused = leave().await;
        assert!(matches!(refused, Err(Error::LastAdmin)), "{refused:?}");
        let list = act(&test.db, team.ann, workspace::list).await.unwrap();
        assert_eq!(list.len(), 2, "nothing of a refused attempt stays");

        act(&test.db, team.ann, move |tx, actor| {
            member::set_role(tx, actor, team.workspace, team.bo, Role::Admin)
        }).await.unwrap();
        leave().await.unwrap();
        let list = act(&test.db, team.ann, workspace::list).await.unwrap();
        assert_eq!(list, []);
        assert_eq!(seen_by(&test.db, &team, team.bo, People::Current).await, [team.bo, team.gus]);
        let ended: Vec<i64> = rows(&test.db, "select id from workspace where removed_at is not null").await;
        assert_eq!(ended, [solo.id.0], "nobody is left in it");
        leave().await.unwrap();
    }

    async fn eight_admins_who_step_down_at_once_leave_one(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let mut running = Vec::new();
        for user in eight_admins(&test.db, &team).await {
            let db = test.db.clone();
            running.push(tokio::spawn(async move {
                act(&db, user, move |tx, actor| {
                    member::set_role(tx, actor, team.workspace, user, Role::User)
                }).await
            }));
        }
        let mut refused = 0;
        for task in running {
            match task.await.unwrap() {
                Ok(member) => assert_eq!(member.role, Role::User),
                Err(Error::LastAdmin) => refused += 1,
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!((admins(&test.db, team.workspace).await, refused), (1, 1));
    }

    async fn eight_admins_who_remove_each_other_leave_one(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let all = eight_admins(&test.db, &team).await;
        let mut running = Vec::new();
        for (n, user) in all.iter().copied().enumerate() {
            let (db, next) = (test.db.clone(), all[(n + 1) % all.len()]);
            running.push(tokio::spawn(async move {
                // Everybody wants the next one gone and then everything else too.
                let first = act(&db, user, move |tx, actor| {
                    member::remove(tx, actor, team.workspace, next)
                }).await;
                let second = act(&db, user, member::leave_all).await;
                (first, second)
            }));
        }
        for task in running {
            let (first, second) = task.await.unwrap();
            assert!(
                matches!(first, Ok(()) | Err(Error::WorkspaceNotFound | Error::UserNotFound | Error::LastAdmin)),
                "{first:?}"
            );
            assert!(matches!(second, Ok(()) | Err(Error::LastAdmin)), "{second:?}");
        }
        assert_eq!(admins(&test.db, team.workspace).await, 1);
    }

    async fn somebody_in_no_workspace_leaves_nothing(test: &TestDb) {
        let zoe = person(&test.db, "zoe").await;
        act(&test.db, zoe, member::leave_all).await.unwrap();
        let events: Vec<i64> = rows(&test.db, "select count(*) from event").await;
        assert_eq!(events, [0]);
    }
}
