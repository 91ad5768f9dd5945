//! Members: who sees whom, who may bring in, change and take out whom.
#![cfg(test)]

#[path = "support/people.rs"]
mod people;

use halyard_identity::{
    self as identity, ProfileChange, UserId, load_user, mark_user_removed, update_profile,
};
use halyard_messaging::{
    ChannelId, Error, Role, WorkspaceId,
    group::{self, NewGroup},
    member::{self, Invitation, Invited, Member, People, Platform},
    workspace::{self, NewWorkspace},
};
use halyard_platform::{db::Db, on_both_databases, params};
use people::{NOW, Op, Team, act, act_at, invitation, last_event, migrations, person, rows};

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

async fn invite(db: &Db, team: &Team, by: UserId, new: Invitation) -> Result<Invited, Error> {
    let workspace = team.workspace;
    act(db, by, move |tx, actor| member::invite(tx, actor, workspace, &new)).await
}

async fn getone(db: &Db, team: &Team, by: UserId, user: UserId) -> Result<Member, Error> {
    let workspace = team.workspace;
    act(db, by, move |tx, actor| member::getone(tx, actor, workspace, user)).await
}

async fn seen_by(db: &Db, team: &Team, by: UserId, people: People) -> Vec<UserId> {
    let workspace = team.workspace;
    act(db, by, move |tx, actor| member::ids(tx, actor, workspace, people)).await.unwrap()
}

async fn channels_of(db: &Db, user: UserId) -> Vec<i64> {
    db.read(move |tx| {
        tx.all::<i64>(
            "select channel_id from channel_member where user_id = $1 order by channel_id",
            params![user],
        )
    })
    .await
    .unwrap()
}

async fn admins(db: &Db, workspace: WorkspaceId) -> i64 {
    db.read(move |tx| {
        tx.one::<i64>(
            "select count(*) from member
             where workspace_id = $1 and role = 'admin' and removed_at is null",
            params![workspace],
        )
    })
    .await
    .unwrap()
}

/// Eight administrators, of whom Ann is the first.
async fn eight_admins(db: &Db, team: &Team) -> Vec<UserId> {
    let mut all = vec![team.ann];
    for n in 1..8 {
        let new = invitation(&format!("admin{n}"), Role::Admin, &[]);
        all.push(invite(db, team, team.ann, new).await.unwrap().member.id);
    }
    all
}

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

    async fn an_invitation_makes_an_unknown_person_known(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let new = Invitation { email: " Kim.Lee@Example.com ".to_owned(), ..invitation("", Role::User, &[]) };
        let kim = invite(&test.db, &team, team.bo, new).await.unwrap();
        assert!(kim.code_needed && kim.member.setup_pending);
        assert_eq!((kim.member.name.as_str(), kim.member.email.as_str()), ("Kim Lee", "Kim.Lee@Example.com"));
        assert_eq!(kim.member.role, Role::User);
        assert_eq!(channels_of(&test.db, kim.member.id).await, [team.general.0]);
        let stored = test.db.read(move |tx| load_user(tx, kim.member.id)).await.unwrap();
        assert_eq!(stored.default_workspace, Some(team.workspace.0));
        let kinds: Vec<(String, String)> =
            rows(&test.db, "select kind, subject from event order by id desc limit 2").await;
        assert_eq!(kinds, [
            ("channel_user_added".to_owned(), format!("channel:{}", team.general)),
            ("workspace_user_added".to_owned(), format!("workspace:{}", team.workspace)),
        ]);

        let named = Invitation { name: Some(" Lou ".to_owned()), ..invitation("lou", Role::Admin, &[team.side, team.side]) };
        let lou = invite(&test.db, &team, team.ann, named).await.unwrap();
        assert_eq!((lou.member.name.as_str(), lou.member.role), ("Lou", Role::Admin));
        assert_eq!(channels_of(&test.db, lou.member.id).await, [team.general.0, team.side.0]);

        let guest = invitation("max", Role::Guest, &[team.side]);
        let guest = invite(&test.db, &team, team.ann, guest).await.unwrap();
        assert_eq!(channels_of(&test.db, guest.member.id).await, [team.side.0], "not the default channel");
    }

    async fn an_invitation_brings_a_known_person_without_a_code(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let start = test.db.read(move |tx| load_user(tx, team.eve)).await.unwrap().default_workspace;
        let eve = Invitation { name: Some("Other".to_owned()), ..invitation("EVE", Role::Guest, &[]) };
        let eve = invite(&test.db, &team, team.ann, eve).await.unwrap();
        assert!(!eve.code_needed);
        assert_eq!((eve.member.id, eve.member.name.as_str()), (team.eve, "eve"), "the name stays");
        let after = test.db.read(move |tx| load_user(tx, team.eve)).await.unwrap().default_workspace;
        assert_eq!(start, after, "clients start where they did");
        assert_eq!(seen_by(&test.db, &team, team.eve, People::Current).await, [team.eve]);
    }

    async fn an_unacceptable_invitation_changes_nothing(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let users = async || rows::<i64>(&test.db, "select count(*) from users").await[0];
        let before = users().await;
        for role in [Role::User, Role::Guest, Role::Admin] {
            let result = invite(&test.db, &team, team.ann, invitation("bo", role, &[])).await;
            assert!(matches!(result, Err(Error::Exists(_))), "{result:?}");
        }
        assert_eq!(getone(&test.db, &team, team.ann, team.bo).await.unwrap().role, Role::User);
        let local = Invitation { email: "new@localhost".to_owned(), ..invitation("", Role::User, &[]) };
        let result = invite(&test.db, &team, team.ann, local).await;
        assert!(matches!(result, Err(Error::Identity(identity::Error::EmailInvalid))), "{result:?}");
        for name in ["", " ", &"n".repeat(256)] {
            let named = Invitation { name: Some(name.to_owned()), ..invitation("new", Role::User, &[]) };
            let result = invite(&test.db, &team, team.ann, named).await;
            assert!(matches!(result, Err(Error::NameInvalid)), "{result:?}");
        }
        let others: Vec<i64> = rows(&test.db, "select default_channel from workspace where name = 'Other'").await;
        for channel in [others[0], 9_999, -1] {
            let new = invitation("new", Role::User, &[team.general, ChannelId(channel)]);
            let result = invite(&test.db, &team, team.ann, new).await;
            assert!(matches!(result, Err(Error::ChannelNotFound)), "{channel} {result:?}");
        }
        assert_eq!(users().await, before);
    }

    async fn a_removed_member_comes_back_as_invited(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let gone = getone(&test.db, &team, team.ann, team.rae).await.unwrap();
        assert!(gone.removed, "still visible");
        assert_eq!(channels_of(&test.db, team.rae).await, Vec::<i64>::new());
        let back = invite(&test.db, &team, team.bo, invitation("rae", Role::Guest, &[team.general])).await.unwrap();
        assert!(!back.code_needed, "she has a password");
        assert_eq!((back.member.id, back.member.role, back.member.removed), (team.rae, Role::Guest, false));
        assert!(back.member.version > gone.version);
        assert_eq!(channels_of(&test.db, team.rae).await, [team.general.0]);
        let role = act(&test.db, team.rae, move |tx, actor| workspace::role(tx, actor, team.workspace)).await;
        assert_eq!(role.unwrap(), Role::Guest);
        let again = invite(&test.db, &team, team.bo, invitation("rae", Role::User, &[])).await;
        assert!(matches!(again, Err(Error::Exists(_))), "{again:?}");
    }

    async fn an_ended_account_is_given_back_to_its_address(test: &TestDb) {
        let team = Team::new(&test.db).await;
        act(&test.db, team.bo, |tx, actor| {
            member::leave_all(tx, actor)?;
            Ok(mark_user_removed(tx, actor.user, actor.now)?)
        }).await.unwrap();
        let back = invite(&test.db, &team, team.ann, invitation("bo", Role::User, &[])).await.unwrap();
        assert_eq!(back.member.id, team.bo);
        assert!(back.code_needed, "the old password is gone");
        assert!(!test.db.read(move |tx| load_user(tx, team.bo)).await.unwrap().removed);
    }

    async fn an_invitation_is_sent_again_while_it_is_open(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let pat = invite(&test.db, &team, team.ann, invitation("pat", Role::User, &[])).await.unwrap().member;
        let resend = async |by, user| {
            act(&test.db, by, move |tx, actor| member::resend_invite(tx, actor, team.workspace, user)).await
        };
        assert_eq!(resend(team.bo, pat.id).await.unwrap(), pat);
        let guest = resend(team.gus, pat.id).await;
        assert!(matches!(guest, Err(Error::Forbidden(_))), "{guest:?}");
        for user in [team.rae, team.eve, UserId(9_999)] {
            let result = resend(team.ann, user).await;
            assert!(matches!(result, Err(Error::UserNotFound)), "{result:?}");
        }
        test.db.write(move |tx| identity::set_password(tx, pat.id, "$chosen$")).await.unwrap();
        let accepted = resend(team.ann, pat.id).await;
        assert!(matches!(accepted, Err(Error::Exists(_))), "{accepted:?}");
    }

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

    async fn one_address_invited_eight_times_at_once_is_one_member(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let mut running = Vec::new();
        for _ in 0..8 {
            let db = test.db.clone();
            running.push(tokio::spawn(async move {
                invite(&db, &team, team.ann, invitation("new", Role::User, &[])).await
            }));
        }
        let mut added = 0;
        for task in running {
            match task.await.unwrap() {
                Ok(_) => added += 1,
                Err(Error::Exists(_)) => {}
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(added, 1);
        let users: Vec<i64> = rows(&test.db, "select count(*) from users where email_key = 'new@example.com'").await;
        assert_eq!(users, [1]);
    }

    async fn a_heartbeat_makes_active_for_five_minutes(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let info = async |now| {
            act_at(&test.db, team.ann, now, move |tx, actor| {
                member::info(tx, actor, team.workspace, team.bo)
            }).await.unwrap()
        };
        let beat = async |now, platform| {
            act_at(&test.db, team.bo, now, move |tx, actor| {
                member::heartbeat(tx, actor, team.workspace, platform)
            }).await.unwrap();
        };
        let never = info(NOW).await;
        assert!(!never.is_active && never.latest().is_none());
        assert_eq!(Platform::ALL.map(|platform| never.seconds(platform)), [-1; 4]);

        beat(NOW - 60_000, Platform::Mobile).await;
        beat(NOW + 999, Platform::Desktop).await;
        let now = info(NOW + 1_000).await;
        assert!(now.is_active);
        assert_eq!(now.latest(), Some((Platform::Desktop, NOW / 1000)));
        assert_eq!(
            Platform::ALL.map(|platform| (platform.name(), now.seconds(platform))),
            [("mobile", NOW / 1000 - 60), ("desktop", NOW / 1000), ("api", -1), ("email", -1)],
        );
        assert_eq!(now.member.id, team.bo);
        let version = never.member.version;
        assert_eq!(now.member.version, version, "a heartbeat is no change of the member");
        assert!(info(NOW + 999 + 299_999).await.is_active);
        assert!(!info(NOW + 999 + 300_000).await.is_active);

        act(&test.db, team.bo, move |tx, actor| member::reset_presence(tx, actor, team.workspace)).await.unwrap();
        let away = info(NOW + 1_000).await;
        assert!(!away.is_active);
        assert_eq!(away.latest(), Some((Platform::Desktop, NOW / 1000)), "the times stay");
        beat(NOW + 2_000, Platform::Api).await;
        beat(NOW + 3_000, Platform::Email).await;
        let back = info(NOW + 3_000).await;
        assert!(back.is_active);
        assert_eq!((back.seconds(Platform::Api), back.seconds(Platform::Email)), (NOW / 1000 + 2, NOW / 1000 + 3));

        act(&test.db, team.ann, move |tx, actor| member::remove(tx, actor, team.workspace, team.bo)).await.unwrap();
        assert!(!info(NOW + 3_000).await.is_active);
        let other = act(&test.db, team.ann, move |tx, actor| {
            member::info(tx, actor, team.workspace, team.gus)
        }).await.unwrap();
        assert!(!other.is_active && other.latest().is_none(), "nobody else became active");
    }

    async fn a_local_time_is_that_of_the_members_zone(test: &TestDb) {
        let team = Team::new(&test.db).await;
        for (zone, expected) in [
            ("UTC", "2027-01-15 08:00:00"),
            ("Asia/Kathmandu", "2027-01-15 13:45:00"),
            ("America/New_York", "2027-01-15 03:00:00"),
        ] {
            test.db.write(move |tx| {
                let change = ProfileChange { timezone: Some(zone.to_owned()), ..ProfileChange::default() };
                update_profile(tx, team.bo, &change)
            }).await.unwrap();
            let (time, info) = act(&test.db, team.ann, move |tx, actor| {
                let time = member::local_time(tx, actor, team.workspace, team.bo)?;
                Ok((time, member::info(tx, actor, team.workspace, team.bo)?))
            }).await.unwrap();
            assert_eq!((time.as_str(), info.local_time.as_str()), (expected, expected), "{zone}");
        }
    }

    async fn somebody_in_no_workspace_leaves_nothing(test: &TestDb) {
        let zoe = person(&test.db, "zoe").await;
        act(&test.db, zoe, member::leave_all).await.unwrap();
        let events: Vec<i64> = rows(&test.db, "select count(*) from event").await;
        assert_eq!(events, [0]);
    }
}
