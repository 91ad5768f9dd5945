//! Each use case, tried by everybody; and who sees whom.

use halyard_identity::{ProfileChange, update_profile};
use halyard_messaging::{
    Error, Role, WorkspaceId,
    member::{self, People, Platform},
    workspace,
};
use halyard_platform::{on_both_databases, params};

use crate::people::{NOW, Op, Team, act, invitation, migrations};
use crate::support::{getone, seen_by};

const OUTSIDE: &str = "WorkspaceNotFound";

/// Bo, who shares no channel with the guest.
const WHO_MAY: &[(&str, Op, [&str; 5])] = &[
    (
        "list",
        |tx, actor, team| member::list(tx, actor, team.workspace, People::Current).map(drop),
        ["ok", "ok", "ok", OUTSIDE, OUTSIDE],
    ),
    (
        "ids",
        |tx, actor, team| member::ids(tx, actor, team.workspace, People::WithRemoved).map(drop),
        ["ok", "ok", "ok", OUTSIDE, OUTSIDE],
    ),
    (
        "getone",
        |tx, actor, team| member::getone(tx, actor, team.workspace, team.bo).map(drop),
        ["ok", "ok", "UserNotFound", OUTSIDE, OUTSIDE],
    ),
    (
        "getone of one who shares a channel with the guest",
        |tx, actor, team| member::getone(tx, actor, team.workspace, team.ann).map(drop),
        ["ok", "ok", "ok", OUTSIDE, OUTSIDE],
    ),
    (
        "getone of an outsider",
        |tx, actor, team| member::getone(tx, actor, team.workspace, team.eve).map(drop),
        ["UserNotFound", "UserNotFound", "UserNotFound", OUTSIDE, OUTSIDE],
    ),
    (
        "by_email",
        |tx, actor, team| member::by_email(tx, actor, team.workspace, " BO@example.com").map(drop),
        ["ok", "ok", "EmailNotFound", OUTSIDE, OUTSIDE],
    ),
    (
        "by_email of an outsider",
        |tx, actor, team| member::by_email(tx, actor, team.workspace, "eve@example.com").map(drop),
        ["EmailNotFound", "EmailNotFound", "EmailNotFound", OUTSIDE, OUTSIDE],
    ),
    (
        "by_email of nobody",
        |tx, actor, team| member::by_email(tx, actor, team.workspace, "x@example.com").map(drop),
        ["EmailNotFound", "EmailNotFound", "EmailNotFound", OUTSIDE, OUTSIDE],
    ),
    (
        "info",
        |tx, actor, team| member::info(tx, actor, team.workspace, team.bo).map(drop),
        ["ok", "ok", "UserNotFound", OUTSIDE, OUTSIDE],
    ),
    (
        "local_time",
        |tx, actor, team| member::local_time(tx, actor, team.workspace, team.bo).map(drop),
        ["ok", "ok", "UserNotFound", OUTSIDE, OUTSIDE],
    ),
    (
        "heartbeat",
        |tx, actor, team| member::heartbeat(tx, actor, team.workspace, Platform::Api),
        ["ok", "ok", "ok", OUTSIDE, OUTSIDE],
    ),
    (
        "reset_presence",
        |tx, actor, team| member::reset_presence(tx, actor, team.workspace),
        ["ok", "ok", "ok", OUTSIDE, OUTSIDE],
    ),
    (
        "invite a user",
        |tx, actor, team| {
            let new = invitation("new", Role::User, &[]);
            member::invite(tx, actor, team.workspace, &new).map(drop)
        },
        ["ok", "ok", "Forbidden", OUTSIDE, OUTSIDE],
    ),
    (
        "invite a guest",
        |tx, actor, team| {
            let new = invitation("new", Role::Guest, &[team.general]);
            member::invite(tx, actor, team.workspace, &new).map(drop)
        },
        ["ok", "ok", "Forbidden", OUTSIDE, OUTSIDE],
    ),
    (
        "invite an admin",
        |tx, actor, team| {
            let new = invitation("new", Role::Admin, &[]);
            member::invite(tx, actor, team.workspace, &new).map(drop)
        },
        ["ok", "Forbidden", "Forbidden", OUTSIDE, OUTSIDE],
    ),
    (
        "invite to a private channel",
        |tx, actor, team| {
            let new = invitation("new", Role::Guest, &[team.side]);
            member::invite(tx, actor, team.workspace, &new).map(drop)
        },
        ["ok", "ChannelNotFound", "Forbidden", OUTSIDE, OUTSIDE],
    ),
    (
        "invite back",
        |tx, actor, team| {
            let rae = invitation("rae", Role::User, &[]);
            member::invite(tx, actor, team.workspace, &rae).map(drop)
        },
        ["ok", "ok", "Forbidden", OUTSIDE, OUTSIDE],
    ),
    (
        "resend the invitation of one who accepted it",
        |tx, actor, team| member::resend_invite(tx, actor, team.workspace, team.bo).map(drop),
        ["Exists", "Exists", "Forbidden", OUTSIDE, OUTSIDE],
    ),
    (
        "make a user an admin",
        |tx, actor, team| {
            member::set_role(tx, actor, team.workspace, team.bo, Role::Admin).map(drop)
        },
        ["ok", "Forbidden", "Forbidden", OUTSIDE, OUTSIDE],
    ),
    (
        "make the last admin a user",
        |tx, actor, team| {
            member::set_role(tx, actor, team.workspace, team.ann, Role::User).map(drop)
        },
        ["LastAdmin", "Forbidden", "Forbidden", OUTSIDE, OUTSIDE],
    ),
    (
        "give a removed member a role",
        |tx, actor, team| {
            member::set_role(tx, actor, team.workspace, team.rae, Role::User).map(drop)
        },
        ["UserNotFound", "Forbidden", "Forbidden", OUTSIDE, OUTSIDE],
    ),
    (
        "remove the user",
        |tx, actor, team| member::remove(tx, actor, team.workspace, team.bo),
        ["ok", "ok", "Forbidden", OUTSIDE, OUTSIDE],
    ),
    (
        "remove the guest",
        |tx, actor, team| member::remove(tx, actor, team.workspace, team.gus),
        ["ok", "Forbidden", "ok", OUTSIDE, OUTSIDE],
    ),
    (
        "leave",
        |tx, actor, team| member::remove(tx, actor, team.workspace, actor.user),
        ["LastAdmin", "ok", "ok", OUTSIDE, OUTSIDE],
    ),
    (
        "remove an outsider",
        |tx, actor, team| member::remove(tx, actor, team.workspace, team.eve),
        ["UserNotFound", "Forbidden", "Forbidden", OUTSIDE, OUTSIDE],
    ),
    (
        "remove a removed member",
        |tx, actor, team| member::remove(tx, actor, team.workspace, team.rae),
        ["UserNotFound", "Forbidden", "Forbidden", OUTSIDE, OUTSIDE],
    ),
    (
        "leave_all",
        |tx, actor, _| member::leave_all(tx, actor),
        ["LastAdmin", "ok", "ok", "ok", "ok"],
    ),
];

on_both_databases! {
    migrations();

    async fn only_those_who_may_do_it(test: &TestDb) {
        let team = Team::new(&test.db).await;
        for (name, op, expected) in WHO_MAY {
            assert_eq!(team.outcomes(&test.db, *op).await, *expected, "{name}");
        }
    }

    async fn members_see_everybody_and_guests_those_they_meet(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let Team { ann, bo, gus, rae, .. } = team;
        for user in [ann, bo] {
            assert_eq!(seen_by(&test.db, &team, user, People::Current).await, [ann, bo, gus]);
            assert_eq!(seen_by(&test.db, &team, user, People::WithRemoved).await, [ann, bo, gus, rae]);
        }
        assert_eq!(seen_by(&test.db, &team, gus, People::Current).await, [ann, gus]);
        assert_eq!(seen_by(&test.db, &team, gus, People::WithRemoved).await, [ann, gus]);

        // A conversation of another workspace does not introduce people in this one.
        let elsewhere = act(&test.db, team.eve, workspace::list).await.unwrap()[0].id;
        let converse = async |workspace: WorkspaceId| {
            test.db.write(move |tx| {
                let id: i64 = tx.one(
                    "insert into conversation (workspace_id, creator, private, last_active_at, created_at)
                     values ($1, $2, true, $3, $3) returning id",
                    params![workspace, bo, NOW],
                )?;
                for user in [bo, gus] {
                    tx.exec(
                        "insert into conversation_member (conversation_id, user_id, read_items, joined_at)
                         values ($1, $2, 0, $3)",
                        params![id, user, NOW],
                    )?;
                }
                Ok::<_, Error>(())
            }).await.unwrap();
        };
        converse(elsewhere).await;
        assert_eq!(seen_by(&test.db, &team, gus, People::Current).await, [ann, gus]);
        converse(team.workspace).await;
        assert_eq!(seen_by(&test.db, &team, gus, People::Current).await, [ann, bo, gus]);

        act(&test.db, ann, move |tx, actor| member::remove(tx, actor, team.workspace, bo)).await.unwrap();
        assert_eq!(seen_by(&test.db, &team, gus, People::Current).await, [ann, gus]);
        assert_eq!(
            seen_by(&test.db, &team, gus, People::WithRemoved).await,
            [ann, bo, gus],
            "the other end of a conversation keeps its name"
        );

        test.db.write(move |tx| {
            tx.exec("update channel set removed_at = $2 where id = $1", params![team.side, NOW])
        }).await.unwrap();
        assert_eq!(seen_by(&test.db, &team, gus, People::Current).await, [gus], "a removed channel hides");
    }

    async fn a_member_has_the_profile_of_the_person(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let before = getone(&test.db, &team, team.ann, team.bo).await.unwrap();
        assert_eq!(
            (before.workspace, before.role, before.removed, before.bot, before.setup_pending),
            (team.workspace, Role::User, false, false, false),
        );
        let away = serde_json::from_str(
            r#"{"type":"sickleave","date_from":"2027-01-01","date_to":"2027-02-01"}"#,
        ).unwrap();
        let change = ProfileChange {
            name: Some("Bo van Dyk".to_owned()),
            timezone: Some("Asia/Kathmandu".to_owned()),
            profession: Some(Some("Cook".to_owned())),
            contact_info: Some(Some("galley".to_owned())),
            avatar: Some(Some("blob".to_owned())),
            away_mode: Some(Some(away)),
            snooze_until: Some(Some(NOW)),
            ..ProfileChange::default()
        };
        test.db.write(move |tx| update_profile(tx, team.bo, &change)).await.unwrap();
        let bo = getone(&test.db, &team, team.ann, team.bo).await.unwrap();
        assert_eq!((bo.name.as_str(), bo.short_name.as_str()), ("Bo van Dyk", "Bo D."));
        assert_eq!((bo.email.as_str(), bo.timezone.as_str()), ("bo@example.com", "Asia/Kathmandu"));
        assert_eq!(bo.profession.as_deref(), Some("Cook"));
        assert_eq!(bo.contact_info.as_deref(), Some("galley"));
        assert_eq!(bo.avatar.as_deref(), Some("blob"));
        assert_eq!(bo.away_mode.as_ref().map(|away| away.date_to.to_string()), Some("2027-02-01".to_owned()));
        assert_eq!(bo.snooze_until, Some(NOW));
        assert!(bo.version > before.version);
        let listed = act(&test.db, team.ann, move |tx, actor| {
            member::list(tx, actor, team.workspace, People::Current)
        }).await.unwrap();
        assert_eq!(listed[1], bo);
        let found = act(&test.db, team.ann, move |tx, actor| {
            member::by_email(tx, actor, team.workspace, "Bo@Example.com")
        }).await.unwrap();
        assert_eq!(found, bo);
    }
}
