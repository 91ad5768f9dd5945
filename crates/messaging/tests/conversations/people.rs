//! Who meets in which conversation.

use halyard_identity::UserId;
use halyard_messaging::{
    Error,
    conversation::{self, ConversationChange, Filter},
};
use halyard_platform::{on_both_databases, params};

use crate::{outsiders::assert_all_refused, support::*};

on_both_databases! {
    migrations();

    async fn the_same_people_meet_in_the_same_conversation(test: &TestDb) {
        people(test).await;
        let first = start(test, by(ANN), &[BOB]).await.expect("started");
        assert!(first.private);
        assert_eq!((first.user_ids.as_slice(), first.name.as_str()), (&[ANN, BOB][..], "Bob Birk"));
        assert_eq!((first.title.as_deref(), first.creator), (None, ANN));
        assert_eq!((first.message_count, first.last_obj_index), (0, -1));
        assert_eq!((first.snippet.as_str(), first.snippet_creators_json.as_str()), ("", "[]"));
        assert_eq!((first.created_at, first.last_active_at), (START, START));
        assert_eq!((first.archived, first.muted_until, first.last_message), (false, None, None));
        let again = start(test, at(BOB, 9), &[ANN, BOB, ANN]).await.expect("found");
        assert_eq!((again.id, again.name.as_str()), (first.id, "Ann Ash"));
        let group = start(test, by(CAT), &[ANN, BOB]).await.expect("started");
        assert!(!group.private && group.id != first.id);
        assert_eq!(group.name, "Ann Ash, Bob Birk");
        assert_eq!(start(test, by(BOB), &[CAT, ANN]).await.expect("found").id, group.id);
        let alone = start(test, by(ANN), &[]).await.expect("started");
        assert!(alone.private);
        assert_eq!((alone.user_ids.as_slice(), alone.name.as_str()), (&[ANN][..], "Ann Ash"));
        assert_eq!(start(test, by(ANN), &[ANN]).await.expect("found").id, alone.id);
        assert_eq!(event_kinds(test, first.id).await, ["conversation_added"]);
        invariants(test).await;
    }

    async fn only_current_members_can_be_brought_in(test: &TestDb) {
        people(test).await;
        for stranger in [EVE, FAY, UserId(99), UserId(-1)] {
            let refused = start(test, by(ANN), &[BOB, stranger]).await;
            assert!(matches!(refused, Err(Error::UserNotFound)), "{stranger}: {refused:?}");
        }
        for outsider in [EVE, FAY] {
            let refused = start(test, by(outsider), &[BOB]).await;
            assert!(matches!(refused, Err(Error::WorkspaceNotFound)), "{outsider}: {refused:?}");
        }
        let group = conversation_of(test, &[ANN, BOB, CAT]).await;
        for stranger in [EVE, FAY, UserId(99)] {
            let refused = bring(test, by(ANN), group, &[GUS, stranger]).await;
            assert!(matches!(refused, Err(Error::UserNotFound)), "{stranger}: {refused:?}");
        }
        assert_eq!(look(test, by(ANN), group).await.user_ids, [ANN, BOB, CAT]);
        invariants(test).await;
    }

    async fn a_guest_meets_only_people_they_know(test: &TestDb) {
        people(test).await;
        assert!(start(test, by(DAN), &[BOB]).await.is_ok(), "they share a channel");
        for unknown in [ANN, CAT] {
            let refused = start(test, by(DAN), &[BOB, unknown]).await;
            assert!(matches!(refused, Err(Error::UserNotFound)), "{unknown}: {refused:?}");
        }
        let group = conversation_of(test, &[CAT, DAN, GUS]).await;
        assert!(start(test, by(DAN), &[CAT]).await.is_ok(), "they share a conversation now");
        let refused = bring(test, by(DAN), group, &[ANN]).await;
        assert!(matches!(refused, Err(Error::UserNotFound)), "{refused:?}");
        bring(test, by(DAN), group, &[BOB]).await.expect("they share a channel");
        let refused = take(test, by(DAN), group, &[BOB]).await;
        assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
        take(test, by(DAN), group, &[DAN]).await.expect("a guest may leave");
        done(test, |tx| {
            tx.exec("update channel set removed_at = 1 where id = 1", params![])?;
            tx.exec("delete from conversation_member where user_id = 4", params![])?;
            Ok(())
        }).await;
        let refused = start(test, by(DAN), &[BOB]).await;
        assert!(matches!(refused, Err(Error::UserNotFound)), "{refused:?}");
    }

    async fn a_private_conversation_keeps_its_people_and_has_no_title(test: &TestDb) {
        people(test).await;
        let id = conversation_of(test, &[ANN, BOB]).await;
        let added = bring(test, by(ANN), id, &[CAT]).await;
        assert!(matches!(added, Err(Error::Forbidden(_))), "{added:?}");
        for gone in [ANN, BOB] {
            let removed = take(test, by(ANN), id, &[gone]).await;
            assert!(matches!(removed, Err(Error::Forbidden(_))), "{removed:?}");
        }
        bring(test, by(ANN), id, &[BOB]).await.expect("nothing to do");
        take(test, by(ANN), id, &[CAT]).await.expect("nothing to do");
        let titled = |title: &str| ConversationChange { title: Some(title.into()), archived: None };
        let (some, none) = (titled("T"), titled(" "));
        let refused = write(test, move |tx| conversation::update(tx, &by(ANN), id, &some)).await;
        assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
        done(test, move |tx| conversation::update(tx, &by(ANN), id, &none)).await;
        let now = look(test, by(BOB), id).await;
        assert_eq!((now.user_ids.as_slice(), now.title), (&[ANN, BOB][..], None));
        invariants(test).await;
    }

    async fn people_come_and_go_in_a_group(test: &TestDb) {
        people(test).await;
        let id = conversation_of(test, &[ANN, BOB, CAT]).await;
        say(test, by(ANN), id, "[Bob](twist-mention://2) hello").await;
        bring(test, by(ANN), id, &[GUS, BOB]).await.expect("added");
        let now = look(test, by(GUS), id).await;
        assert_eq!((now.user_ids.as_slice(), now.message_count), (&[ANN, BOB, CAT, GUS][..], 2));
        assert_eq!(now.snippet, "Bob hello", "a system message is no snippet");
        assert_eq!(now.last_message.as_ref().map(|last| last.obj_index), Some(0));
        assert_eq!(unread(test, GUS, id).await, Some((0, false)), "what was said before is read");
        assert_eq!(start(test, by(GUS), &[ANN, BOB, CAT]).await.expect("found").id, id);
        take(test, by(CAT), id, &[BOB]).await.expect("removed");
        assert_all_refused(test, by(BOB), id, now.last_message.expect("a message").id).await;
        assert!(page(test, BOB, &Filter::default()).await.is_empty());
        assert_eq!(unread(test, BOB, id).await, None);
        take(test, by(CAT), id, &[CAT]).await.expect("left");
        let system: Vec<String> = seen(test, |tx| Ok(tx.all(
            "select system_message from message where system_message is not null order by id",
            params![],
        )?)).await;
        assert_eq!(system, [
            r#"{"initiator_id":1,"initiator_name":"Ann Ash","type":"USER_ADDED","user_id":7,"user_name":"Gus Gin"}"#,
            r#"{"initiator_id":3,"initiator_name":"Cat Cole","type":"USER_REMOVED","user_id":2,"user_name":"Bob Birk"}"#,
            r#"{"initiator_id":3,"initiator_name":"Cat Cole","type":"USER_LEFT","user_id":3,"user_name":"Cat Cole"}"#,
        ]);
        // Two are left, but their private conversation is another one.
        let private = start(test, by(ANN), &[GUS]).await.expect("started");
        assert!(private.private && private.id != id);
        assert_eq!(event_kinds(test, id).await, [
            "conversation_added", "message_added",
            "message_added", "conversation_user_added",
            "message_added", "conversation_user_removed",
            "message_added", "conversation_user_removed",
        ]);
        bring(test, by(ANN), id, &[BOB]).await.expect("back");
        assert_eq!(unread(test, BOB, id).await, Some((3, false)), "old mentions are not new");
        invariants(test).await;
    }

    async fn a_group_that_becomes_like_another_keeps_its_own_way(test: &TestDb) {
        people(test).await;
        let three = conversation_of(test, &[ANN, BOB, CAT]).await;
        let four = conversation_of(test, &[ANN, BOB, CAT, GUS]).await;
        bring(test, by(ANN), three, &[GUS]).await.expect("added");
        assert_eq!(conversation_of(test, &[ANN, BOB, CAT, GUS]).await, four);
        let fresh = conversation_of(test, &[ANN, BOB, CAT]).await;
        assert!(fresh != three && fresh != four);
        assert_eq!(look(test, by(GUS), three).await.user_ids, [ANN, BOB, CAT, GUS]);
        take(test, by(ANN), four, &[GUS]).await.expect("removed");
        assert_eq!(conversation_of(test, &[ANN, BOB, CAT]).await, fresh);
        invariants(test).await;
    }

    async fn a_default_conversation_starts_with_one_person_and_grows(test: &TestDb) {
        people(test).await;
        let id = done(test, |tx| conversation::create_with(tx, &by(ANN), TEAM, &[], "General")).await;
        let now = look(test, by(ANN), id).await;
        assert_eq!((now.private, now.name.as_str(), now.user_ids.as_slice()), (false, "General", &[ANN][..]));
        let alone = start(test, by(ANN), &[]).await.expect("started");
        assert!(alone.private && alone.id != id);
        bring(test, by(ANN), id, &[BOB, CAT]).await.expect("added");
        assert_eq!(conversation_of(test, &[CAT, BOB, ANN]).await, id);
        let second = done(test, |tx| {
            conversation::create_with(tx, &by(ANN), TEAM, &[BOB, CAT], "Second")
        }).await;
        assert_ne!(second, id);
        let long = "x".repeat(256);
        let refused = write(test, move |tx| {
            conversation::create_with(tx, &by(ANN), TEAM, &[], &long)
        }).await;
        assert!(matches!(refused, Err(Error::NameInvalid)), "{refused:?}");
        invariants(test).await;
    }

    async fn a_race_for_the_first_word_makes_one_conversation(test: &TestDb) {
        people(test).await;
        let mut running = Vec::new();
        for n in 0..32 {
            let db = test.db.clone();
            let set = [[ANN, BOB], [BOB, ANN]][n % 2];
            running.push(tokio::spawn(async move {
                db.write(move |tx| {
                    conversation::get_or_create(tx, &by(set[0]), TEAM, &set)
                }).await
            }));
        }
        let mut ids = Vec::new();
        for task in running {
            ids.push(task.await.expect("no panic").expect("a conversation").id);
        }
        ids.dedup();
        assert_eq!(ids.len(), 1, "{ids:?}");
        assert_eq!(event_kinds(test, ids[0]).await, ["conversation_added"]);
        invariants(test).await;
    }

    async fn a_group_becomes_what_others_start_at_the_same_moment(test: &TestDb) {
        people(test).await;
        let newcomers: Vec<_> = (100..130).map(UserId).collect();
        hire(test, &newcomers).await;
        let mut running = Vec::new();
        for user in newcomers {
            let group = conversation_of(test, &[ANN, BOB, user]).await;
            let (db, starter) = (test.db.clone(), test.db.clone());
            running.push(tokio::spawn(async move {
                db.write(move |tx| conversation::add_users(tx, &by(ANN), group, &[GUS])).await
            }));
            running.push(tokio::spawn(async move {
                starter.write(move |tx| {
                    conversation::get_or_create(tx, &by(GUS), TEAM, &[ANN, BOB, user]).map(drop)
                }).await
            }));
        }
        for task in running {
            task.await.expect("no panic").expect("neither gets in the way of the other");
        }
        invariants(test).await;
    }
}
