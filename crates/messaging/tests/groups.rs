//! Groups of members.
#![cfg(test)]

#[path = "support/people.rs"]
mod people;

use halyard_identity::UserId;
use halyard_messaging::{
    Error, GroupId, Role,
    group::{self, Group, GroupChange, NewGroup},
    member,
    workspace::{self, NewWorkspace},
};
use halyard_platform::{
    db::{Db, Tx},
    on_both_databases,
};
use people::{NOW, Op, Team, act, act_at, invitation, last_event, migrations, person, rows};

const OUTSIDE: &str = "WorkspaceNotFound";
const HIDDEN: &str = "GroupNotFound";

fn new(name: &str, users: &[UserId]) -> NewGroup {
    NewGroup { name: name.to_owned(), users: users.to_vec(), ..NewGroup::default() }
}

/// The only group, whatever its number.
fn only(tx: &mut Tx<'_>) -> Result<GroupId, Error> {
    Ok(tx.one("select id from member_group", &[])?)
}

/// On a group in which the guest is not.
const WHO_MAY: &[(&str, Op, [&str; 5])] = &[
    (
        "list",
        |tx, actor, team| group::list(tx, actor, team.workspace).map(drop),
        ["ok", "ok", "ok", OUTSIDE, OUTSIDE],
    ),
    (
        "getone",
        |tx, actor, _| {
            let id = only(tx)?;
            group::getone(tx, actor, id).map(drop)
        },
        ["ok", "ok", HIDDEN, HIDDEN, HIDDEN],
    ),
    (
        "add",
        |tx, actor, team| group::add(tx, actor, team.workspace, &new("New", &[])).map(drop),
        ["ok", "ok", "Forbidden", OUTSIDE, OUTSIDE],
    ),
    (
        "update",
        |tx, actor, _| {
            let id = only(tx)?;
            group::update(tx, actor, id, &GroupChange::default()).map(drop)
        },
        ["ok", "ok", HIDDEN, HIDDEN, HIDDEN],
    ),
    (
        "remove",
        |tx, actor, _| {
            let id = only(tx)?;
            group::remove(tx, actor, id)
        },
        ["ok", "ok", HIDDEN, HIDDEN, HIDDEN],
    ),
    (
        "add_users",
        |tx, actor, team| {
            let id = only(tx)?;
            group::add_users(tx, actor, id, &[team.bo]).map(drop)
        },
        ["ok", "ok", HIDDEN, HIDDEN, HIDDEN],
    ),
    (
        "remove_users",
        |tx, actor, team| {
            let id = only(tx)?;
            group::remove_users(tx, actor, id, &[team.ann]).map(drop)
        },
        ["ok", "ok", HIDDEN, HIDDEN, HIDDEN],
    ),
];

/// What becomes of the same once the guest is in the group.
const GUEST_INSIDE: [&str; 7] =
    ["ok", "ok", "Forbidden", "Forbidden", "Forbidden", "Forbidden", "Forbidden"];

async fn add(db: &Db, team: &Team, new: NewGroup) -> Result<Group, Error> {
    let workspace = team.workspace;
    act(db, team.ann, move |tx, actor| group::add(tx, actor, workspace, &new)).await
}

async fn add_users(db: &Db, by: UserId, id: GroupId, users: Vec<UserId>) -> Result<Group, Error> {
    act(db, by, move |tx, actor| group::add_users(tx, actor, id, &users)).await
}

async fn remove_users(
    db: &Db,
    by: UserId,
    id: GroupId,
    users: Vec<UserId>,
) -> Result<Group, Error> {
    act(db, by, move |tx, actor| group::remove_users(tx, actor, id, &users)).await
}

async fn getone(db: &Db, by: UserId, id: GroupId) -> Result<Group, Error> {
    act(db, by, move |tx, actor| group::getone(tx, actor, id)).await
}

async fn list(db: &Db, team: &Team, by: UserId) -> Vec<Group> {
    let workspace = team.workspace;
    act(db, by, move |tx, actor| group::list(tx, actor, workspace)).await.unwrap()
}

on_both_databases! {
    migrations();

    async fn only_those_who_may_do_it(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let deck = add(&test.db, &team, new("Deck", &[team.ann])).await.unwrap();
        for (name, op, expected) in WHO_MAY {
            assert_eq!(team.outcomes(&test.db, *op).await, *expected, "{name}");
        }
        add_users(&test.db, team.ann, deck.id, vec![team.gus]).await.unwrap();
        for ((name, op, _), expected) in WHO_MAY.iter().zip(GUEST_INSIDE) {
            assert_eq!(team.outcomes(&test.db, *op).await[2], expected, "{name}");
        }
    }

    async fn a_group_is_kept_as_it_was_made(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let made = add(&test.db, &team, NewGroup {
            description: Some("on deck".to_owned()),
            color: Some(3),
            ..new(" Deck ", &[team.gus, team.ann, team.gus])
        }).await.unwrap();
        assert!(made.id.0 > 2, "1 and 2 stand for everyone");
        assert_eq!(made, Group {
            id: made.id,
            workspace: team.workspace,
            name: "Deck".to_owned(),
            description: Some("on deck".to_owned()),
            color: Some(3),
            version: 1,
            users: vec![team.ann, team.gus],
        });
        let (kind, subject, payload) = last_event(&test.db).await;
        assert_eq!((kind.as_str(), subject), ("group_added", format!("group:{}", made.id)));
        let payload: serde_json::Value = serde_json::from_str(&payload).unwrap();
        assert_eq!(payload, serde_json::json!({ "workspace_id": team.workspace, "group_id": made.id }));
        assert_eq!(getone(&test.db, team.bo, made.id).await.unwrap(), made);

        let empty = add(&test.db, &team, new("Empty", &[])).await.unwrap();
        let all = [made.clone(), empty];
        assert_eq!(list(&test.db, &team, team.ann).await, all);
        assert_eq!(list(&test.db, &team, team.bo).await, all);
        assert_eq!(list(&test.db, &team, team.gus).await, [made], "a guest sees their own");
    }

    async fn names_colours_and_people_are_checked(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let deck = add(&test.db, &team, new("Deck", &[team.ann])).await.unwrap();
        for name in ["", " \n", &"n".repeat(256)] {
            let result = add(&test.db, &team, new(name, &[])).await;
            assert!(matches!(result, Err(Error::NameInvalid)), "{result:?}");
            let change = GroupChange { name: Some(name.to_owned()), ..GroupChange::default() };
            let result = act(&test.db, team.ann, move |tx, actor| group::update(tx, actor, deck.id, &change)).await;
            assert!(matches!(result, Err(Error::NameInvalid)), "{result:?}");
        }
        for color in [-1, 12] {
            let result = add(&test.db, &team, NewGroup { color: Some(color), ..new("C", &[]) }).await;
            assert!(matches!(result, Err(Error::Invalid { field: "color", .. })), "{result:?}");
            let change = GroupChange { color: Some(Some(color)), ..GroupChange::default() };
            let result = act(&test.db, team.ann, move |tx, actor| group::update(tx, actor, deck.id, &change)).await;
            assert!(matches!(result, Err(Error::Invalid { field: "color", .. })), "{result:?}");
        }
        for user in [team.rae, team.eve, UserId(9_999)] {
            let people = vec![team.bo, user];
            let result = add(&test.db, &team, new("P", &people)).await;
            assert!(matches!(result, Err(Error::UserNotFound)), "{user} {result:?}");
            let result = add_users(&test.db, team.ann, deck.id, people.clone()).await;
            assert!(matches!(result, Err(Error::UserNotFound)), "{user} {result:?}");
            let result = remove_users(&test.db, team.ann, deck.id, people).await;
            assert!(matches!(result, Err(Error::UserNotFound)), "{user} {result:?}");
        }
        assert_eq!(list(&test.db, &team, team.ann).await, [deck], "nothing of it stayed");
    }

    async fn an_update_changes_what_it_names(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let deck = add(&test.db, &team, new("Deck", &[team.bo])).await.unwrap();
        let other = add(&test.db, &team, new("Other", &[])).await.unwrap();
        let update = async |change: GroupChange| {
            act(&test.db, team.bo, move |tx, actor| group::update(tx, actor, deck.id, &change)).await.unwrap()
        };
        let full = update(GroupChange {
            name: Some(" Bridge ".to_owned()),
            description: Some(Some("steers".to_owned())),
            color: Some(Some(0)),
        }).await;
        assert_eq!(full, Group {
            name: "Bridge".to_owned(),
            description: Some("steers".to_owned()),
            color: Some(0),
            version: deck.version + 1,
            ..deck.clone()
        });
        assert_eq!(last_event(&test.db).await.0, "group_updated");
        let same = update(GroupChange::default()).await;
        assert_eq!(same, Group { version: full.version + 1, ..full.clone() });
        let cleared = update(GroupChange { description: Some(None), color: Some(None), name: None }).await;
        assert_eq!(cleared, Group { description: None, color: None, version: full.version + 2, ..full });
        assert_eq!(getone(&test.db, team.ann, other.id).await.unwrap(), other);
    }

    async fn people_come_and_go(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let deck = add(&test.db, &team, new("Deck", &[team.ann])).await.unwrap();
        let of_people = "select kind from event where kind like 'group_user_%' order by id";

        let more = add_users(&test.db, team.bo, deck.id, vec![team.bo, team.gus, team.bo, team.ann]).await.unwrap();
        assert_eq!((more.users.clone(), more.version), (vec![team.ann, team.bo, team.gus], deck.version + 1));
        assert_eq!(rows::<String>(&test.db, of_people).await, ["group_user_added"; 2]);
        let (_, subject, payload) = last_event(&test.db).await;
        assert_eq!(subject, format!("group:{}", deck.id));
        let payload: serde_json::Value = serde_json::from_str(&payload).unwrap();
        assert_eq!(payload["user_id"], serde_json::json!(team.gus));
        let same = add_users(&test.db, team.bo, deck.id, vec![team.bo]).await.unwrap();
        assert_eq!(same, more, "who is in it already does not matter");

        let less = remove_users(&test.db, team.bo, deck.id, vec![team.ann, team.bo, team.bo]).await.unwrap();
        assert_eq!((less.users.clone(), less.version), (vec![team.gus], more.version + 1));
        assert_eq!(
            rows::<String>(&test.db, of_people).await,
            ["group_user_added", "group_user_added", "group_user_removed", "group_user_removed"],
        );
        let same = remove_users(&test.db, team.bo, deck.id, vec![team.ann]).await.unwrap();
        assert_eq!(same, less, "who is not in it does not matter");
        assert_eq!(add_users(&test.db, team.bo, deck.id, Vec::new()).await.unwrap(), less);
        assert_eq!(rows::<String>(&test.db, of_people).await.len(), 4);
    }

    async fn a_deleted_group_is_gone(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let deck = add(&test.db, &team, new("Deck", &[team.ann])).await.unwrap();
        let other = add(&test.db, &team, new("Other", &[team.ann])).await.unwrap();
        let remove = async || act(&test.db, team.bo, move |tx, actor| group::remove(tx, actor, deck.id)).await;
        remove().await.unwrap();
        let (kind, subject, _) = last_event(&test.db).await;
        assert_eq!((kind.as_str(), subject), ("group_deleted", format!("group:{}", deck.id)));
        let again = remove().await;
        assert!(matches!(again, Err(Error::GroupNotFound)), "{again:?}");
        let gone = getone(&test.db, team.ann, deck.id).await;
        assert!(matches!(gone, Err(Error::GroupNotFound)), "{gone:?}");
        assert_eq!(list(&test.db, &team, team.ann).await, [other]);
        let next = add(&test.db, &team, new("Next", &[])).await.unwrap();
        assert!(next.id > deck.id, "numbers are not used again");
    }

    async fn a_group_of_another_or_removed_workspace_is_hidden(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let zoe = person(&test.db, "zoe").await;
        let group = act(&test.db, zoe, move |tx, actor| {
            let home = workspace::add(tx, actor, &NewWorkspace { name: "Home".to_owned(), ..NewWorkspace::default() })?;
            // Ann is in both workspaces, the group is in this one only.
            member::invite(tx, actor, home.id, &invitation("ann", Role::User, &[]))?;
            group::add(tx, actor, home.id, &new("Home", &[actor.user]))
        }).await.unwrap();
        assert_eq!(list(&test.db, &team, team.ann).await, []);
        assert_eq!(getone(&test.db, team.ann, group.id).await.unwrap(), group);
        let stranger = getone(&test.db, team.bo, group.id).await;
        assert!(matches!(stranger, Err(Error::GroupNotFound)), "{stranger:?}");
        let people = add_users(&test.db, team.ann, group.id, vec![team.bo]).await;
        assert!(matches!(people, Err(Error::UserNotFound)), "Bo is not in that workspace: {people:?}");

        act_at(&test.db, zoe, NOW + 1, move |tx, actor| workspace::remove(tx, actor, group.workspace)).await.unwrap();
        let gone = getone(&test.db, zoe, group.id).await;
        assert!(matches!(gone, Err(Error::GroupNotFound)), "{gone:?}");
    }

    async fn nobody_enters_a_group_while_they_are_removed(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let deck = add(&test.db, &team, new("Deck", &[])).await.unwrap();
        let mut running = Vec::new();
        for n in 0..8 {
            let db = test.db.clone();
            running.push(tokio::spawn(async move {
                if n == 3 {
                    act(&db, team.ann, move |tx, actor| {
                        member::remove(tx, actor, team.workspace, team.bo)
                    }).await
                } else {
                    add_users(&db, team.ann, deck.id, vec![team.gus, team.bo]).await.map(drop)
                }
            }));
        }
        for task in running {
            let result = task.await.unwrap();
            assert!(matches!(result, Ok(()) | Err(Error::UserNotFound)), "{result:?}");
        }
        let left = getone(&test.db, team.ann, deck.id).await.unwrap().users;
        assert!(!left.contains(&team.bo), "{left:?}");
    }
}
