//! Bringing people in.

use halyard_identity::{self as identity, UserId, load_user, mark_user_removed};
use halyard_messaging::{
    ChannelId, Error, Role,
    member::{self, Invitation, People},
    workspace,
};
use halyard_platform::on_both_databases;

use crate::people::{Team, act, invitation, migrations, rows};
use crate::support::{channels_of, getone, invite, seen_by};

on_both_databases! {
    migrations();

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
}
