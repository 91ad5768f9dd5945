//! Workspaces and temporary ids.
#![cfg(test)]

#[path = "support/people.rs"]
mod people;

use halyard_identity::{load_user, set_default_workspace};
use halyard_messaging::{
    Error, Role, WorkspaceId,
    member::{self, People},
    temp_id::{self, Kind},
    workspace::{self, NewWorkspace, WorkspaceChange},
};
use halyard_platform::{db::Db, on_both_databases};
use people::{NOW, Op, Team, act, act_at, invitation, last_event, migrations, person, rows};

const WHO_MAY: &[(&str, Op, [&str; 5])] = &[
    (
        "getone",
        |tx, actor, team| workspace::getone(tx, actor, team.workspace).map(drop),
        ["ok", "ok", "ok", "WorkspaceNotFound", "WorkspaceNotFound"],
    ),
    (
        "role",
        |tx, actor, team| workspace::role(tx, actor, team.workspace).map(drop),
        ["ok", "ok", "ok", "WorkspaceNotFound", "WorkspaceNotFound"],
    ),
    (
        "require_admin",
        |tx, actor, team| workspace::require_admin(tx, actor, team.workspace),
        ["ok", "Forbidden", "Forbidden", "WorkspaceNotFound", "WorkspaceNotFound"],
    ),
    (
        "default",
        |tx, actor, _| workspace::default(tx, actor).map(drop),
        ["ok", "ok", "ok", "WorkspaceNotFound", "ok"],
    ),
    (
        "update",
        |tx, actor, team| {
            let change = WorkspaceChange { color: Some(1), ..WorkspaceChange::default() };
            workspace::update(tx, actor, team.workspace, &change).map(drop)
        },
        ["ok", "Forbidden", "Forbidden", "WorkspaceNotFound", "WorkspaceNotFound"],
    ),
    (
        "remove",
        |tx, actor, team| workspace::remove(tx, actor, team.workspace),
        ["ok", "Forbidden", "Forbidden", "WorkspaceNotFound", "WorkspaceNotFound"],
    ),
];

fn named(name: &str) -> NewWorkspace {
    NewWorkspace { name: name.to_owned(), ..NewWorkspace::default() }
}

async fn default_of(db: &Db, user: halyard_identity::UserId) -> Option<i64> {
    db.read(move |tx| load_user(tx, user)).await.unwrap().default_workspace
}

on_both_databases! {
    migrations();

    async fn only_those_who_may_do_it(test: &TestDb) {
        let team = Team::new(&test.db).await;
        for (name, op, expected) in WHO_MAY {
            assert_eq!(team.outcomes(&test.db, *op).await, *expected, "{name}");
        }
    }

    async fn a_new_workspace_has_a_channel_a_conversation_and_an_admin(test: &TestDb) {
        let ann = person(&test.db, "ann").await;
        let made = act(&test.db, ann, |tx, actor| {
            workspace::add(tx, actor, &NewWorkspace { color: Some(11), ..named(" Crew ") })
        }).await.unwrap();
        assert_eq!((made.name.as_str(), made.color, made.creator), ("Crew", Some(11), ann));
        assert_eq!((made.created_at, made.avatar.as_deref()), (NOW, None));
        assert_eq!(last_event(&test.db).await, (
            "workspace_added".to_owned(),
            format!("workspace:{}", made.id),
            format!("{{\"workspace_id\":{}}}", made.id),
        ));
        assert_eq!(default_of(&test.db, ann).await, Some(made.id.0));
        let channels: Vec<(i64, i64, String, bool, i64)> = rows(
            &test.db,
            "select c.id, c.workspace_id, c.name, c.public, cm.user_id
             from channel c join channel_member cm on cm.channel_id = c.id",
        ).await;
        let channel = made.default_channel.unwrap();
        assert_eq!(channels, [(channel.0, made.id.0, "General".to_owned(), true, ann.0)]);
        let conversations: Vec<(i64, String, bool, Option<String>, i64)> = rows(
            &test.db,
            "select c.id, c.title, c.private, c.people, cm.user_id
             from conversation c join conversation_member cm on cm.conversation_id = c.id",
        ).await;
        let conversation = made.default_conversation.unwrap();
        assert_eq!(conversations, [(conversation.0, "Crew".to_owned(), false, None, ann.0)]);
        let id = made.id;
        let role = act(&test.db, ann, move |tx, actor| workspace::role(tx, actor, id)).await.unwrap();
        assert_eq!(role, Role::Admin);

        let second = act(&test.db, ann, |tx, actor| workspace::add(tx, actor, &named("B"))).await.unwrap();
        assert_eq!(default_of(&test.db, ann).await, Some(made.id.0), "the first one stays the default");
        let list = act(&test.db, ann, workspace::list).await.unwrap();
        assert_eq!(list, [made, second]);
    }

    async fn names_and_colours_are_checked(test: &TestDb) {
        let team = Team::new(&test.db).await;
        for name in ["", "  ", &"n".repeat(256)] {
            let new = named(name);
            let result = act(&test.db, team.ann, move |tx, actor| workspace::add(tx, actor, &new)).await;
            assert!(matches!(result, Err(Error::NameInvalid)), "{name:?} {result:?}");
            let change = WorkspaceChange { name: Some(name.to_owned()), color: None };
            let result = act(&test.db, team.ann, move |tx, actor| {
                workspace::update(tx, actor, team.workspace, &change)
            }).await;
            assert!(matches!(result, Err(Error::NameInvalid)), "{name:?} {result:?}");
        }
        for color in [-1, 12] {
            let result = act(&test.db, team.ann, move |tx, actor| {
                workspace::add(tx, actor, &NewWorkspace { color: Some(color), ..named("W") })
            }).await;
            assert!(matches!(result, Err(Error::Invalid { field: "color", .. })), "{result:?}");
            let result = act(&test.db, team.ann, move |tx, actor| {
                let change = WorkspaceChange { name: None, color: Some(color) };
                workspace::update(tx, actor, team.workspace, &change)
            }).await;
            assert!(matches!(result, Err(Error::Invalid { field: "color", .. })), "{result:?}");
        }
        let all: Vec<String> = rows(&test.db, "select name from workspace order by name").await;
        assert_eq!(all, ["Crew", "Other"]);
    }

    async fn an_update_changes_what_it_names(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let update = async |name: Option<&str>, color| {
            let change = WorkspaceChange { name: name.map(str::to_owned), color };
            act(&test.db, team.ann, move |tx, actor| {
                workspace::update(tx, actor, team.workspace, &change)
            }).await.unwrap()
        };
        let long = "ü".repeat(255);
        let named = update(Some(&long), Some(0)).await;
        assert_eq!((named.name.as_str(), named.color), (long.as_str(), Some(0)));
        assert_eq!(last_event(&test.db).await.0, "workspace_updated");
        let coloured = update(None, Some(5)).await;
        assert_eq!((coloured.name.as_str(), coloured.color), (long.as_str(), Some(5)));
        assert!(coloured.version > named.version);
        let other: Vec<String> = rows(&test.db, "select name from workspace where name = 'Other'").await;
        assert_eq!(other.len(), 1, "no other workspace was touched");
    }

    async fn a_removed_workspace_is_gone_for_everybody(test: &TestDb) {
        let team = Team::new(&test.db).await;
        assert_eq!(default_of(&test.db, team.bo).await, Some(team.workspace.0));
        act(&test.db, team.ann, move |tx, actor| workspace::remove(tx, actor, team.workspace)).await.unwrap();
        assert_eq!(last_event(&test.db).await.0, "workspace_deleted");
        for user in [team.ann, team.bo, team.gus] {
            let list = act(&test.db, user, workspace::list).await.unwrap();
            assert_eq!(list, []);
            let people = act(&test.db, user, move |tx, actor| {
                member::list(tx, actor, team.workspace, People::WithRemoved)
            }).await;
            assert!(matches!(people, Err(Error::WorkspaceNotFound)), "{people:?}");
            assert_eq!(default_of(&test.db, user).await, None);
        }
        let again = act(&test.db, team.ann, move |tx, actor| workspace::remove(tx, actor, team.workspace)).await;
        assert!(matches!(again, Err(Error::WorkspaceNotFound)), "{again:?}");
        let other = act(&test.db, team.eve, workspace::list).await.unwrap();
        assert_eq!(other.len(), 1, "the other workspace lives on");
        assert!(default_of(&test.db, team.eve).await.is_some());
    }

    async fn clients_start_in_the_chosen_workspace_while_one_is_in_it(test: &TestDb) {
        let ann = person(&test.db, "ann").await;
        let none = act(&test.db, ann, workspace::default).await;
        assert!(matches!(none, Err(Error::WorkspaceNotFound)), "{none:?}");
        let add = async |name| {
            act(&test.db, ann, move |tx, actor| workspace::add(tx, actor, &named(name))).await.unwrap().id
        };
        let (first, second) = (add("A").await, add("B").await);
        let default = async || act(&test.db, ann, workspace::default).await.unwrap().id;
        let choose = async |choice: Option<WorkspaceId>| {
            test.db.write(move |tx| set_default_workspace(tx, ann, choice.map(|id| id.0))).await.unwrap();
        };
        assert_eq!(default().await, first);
        choose(Some(second)).await;
        assert_eq!(default().await, second);
        choose(None).await;
        assert_eq!(default().await, first);
        choose(Some(WorkspaceId(9_999))).await;
        assert_eq!(default().await, first);
    }

    async fn a_temporary_id_stands_for_what_was_made(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let made = act(&test.db, team.ann, |tx, actor| {
            workspace::add(tx, actor, &NewWorkspace { temp_id: Some(-7), ..named("Temp") })
        }).await.unwrap();
        let resolve = async |user, now, kind, id| {
            act_at(&test.db, user, now, move |tx, actor| temp_id::resolve(tx, actor, kind, id)).await
        };
        assert_eq!(resolve(team.ann, NOW, Kind::Workspace, -7).await.unwrap(), made.id.0);
        assert_eq!(resolve(team.ann, NOW, Kind::Workspace, 12).await.unwrap(), 12, "real ids pass");
        assert_eq!(resolve(team.ann, NOW, Kind::Workspace, 0).await.unwrap(), 0);
        let last = NOW + temp_id::LIFETIME - 1;
        assert_eq!(resolve(team.ann, last, Kind::Workspace, -7).await.unwrap(), made.id.0);
        for (user, now, kind, id) in [
            (team.ann, NOW, Kind::Workspace, -8),
            (team.ann, NOW, Kind::Channel, -7),
            (team.bo, NOW, Kind::Workspace, -7),
            (team.ann, last + 1, Kind::Workspace, -7),
            (team.ann, NOW, Kind::Workspace, i64::MIN),
        ] {
            let result = resolve(user, now, kind, id).await;
            assert!(matches!(result, Err(Error::TempIdUnknown)), "{kind:?} {id} {result:?}");
        }

        let claim = async |user, now, temp, id| {
            act_at(&test.db, user, now, move |tx, actor| temp_id::claim(tx, actor, temp, Kind::Thread, id)).await
        };
        for temp in [0, 7, i64::MAX] {
            let result = claim(team.ann, NOW, temp, 1).await;
            assert!(matches!(result, Err(Error::TempIdInvalid)), "{temp} {result:?}");
        }
        let used = claim(team.ann, last, -7, 1).await;
        assert!(matches!(used, Err(Error::TempIdUsed)), "{used:?}");
        claim(team.bo, NOW, -7, 70).await.unwrap();
        assert_eq!(resolve(team.bo, NOW, Kind::Thread, -7).await.unwrap(), 70, "everybody has their own");
        claim(team.ann, last + 1, -7, 71).await.unwrap();
        assert_eq!(resolve(team.ann, last + 1, Kind::Thread, -7).await.unwrap(), 71, "free after a day");

        let swept = test.db.write(move |tx| temp_id::sweep(tx, last)).await.unwrap();
        assert_eq!(swept, 0);
        let swept = test.db.write(move |tx| temp_id::sweep(tx, last + 1)).await.unwrap();
        assert_eq!(swept, 1, "Bo's has expired, Ann's new one has not");
        let left: Vec<i64> = rows(&test.db, "select id from temp_id").await;
        assert_eq!(left, [71]);
    }

    async fn a_used_temporary_id_leaves_no_workspace_behind(test: &TestDb) {
        let ann = person(&test.db, "ann").await;
        let add = async || act(&test.db, ann, |tx, actor| {
            workspace::add(tx, actor, &NewWorkspace { temp_id: Some(-1), ..named("Once") })
        }).await;
        add().await.unwrap();
        let again = add().await;
        assert!(matches!(again, Err(Error::TempIdUsed)), "{again:?}");
        let names: Vec<String> = rows(&test.db, "select name from workspace").await;
        assert_eq!(names, ["Once"]);
    }

    async fn a_removed_workspace_leaves_a_pending_invitation_alone(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let pat = act(&test.db, team.ann, move |tx, actor| {
            let pat = member::invite(tx, actor, team.workspace, &invitation("pat", Role::User, &[]))?;
            workspace::remove(tx, actor, team.workspace)?;
            Ok(pat.member.id)
        }).await.unwrap();
        assert!(test.db.read(move |tx| load_user(tx, pat)).await.unwrap().setup_pending);
        assert_eq!(default_of(&test.db, pat).await, None);
    }
}
