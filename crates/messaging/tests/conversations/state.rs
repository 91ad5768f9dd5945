//! What a conversation is for each of its people: read, archived, muted, and in lists.

use halyard_messaging::{
    Error, MessageId,
    conversation::{self, ConversationChange, Filter, Position},
    message,
};
use halyard_platform::on_both_databases;

use crate::support::*;

on_both_databases! {
    migrations();

    async fn archiving_is_per_person_and_ends_with_the_next_message(test: &TestDb) {
        people(test).await;
        let id = conversation_of(test, &[ANN, BOB]).await;
        say(test, by(ANN), id, "one").await;
        let archived = Filter { archived: true, ..Default::default() };
        let change = ConversationChange { title: None, archived: Some(true) };
        let now = done(test, move |tx| conversation::update(tx, &by(BOB), id, &change)).await;
        assert!(now.archived && !look(test, by(ANN), id).await.archived);
        assert_eq!(unread(test, BOB, id).await, Some((-1, false)), "archiving reads nothing");
        assert_eq!(page(test, BOB, &archived).await, [id]);
        assert!(page(test, BOB, &Filter::default()).await.is_empty());
        assert!(page(test, ANN, &archived).await.is_empty());
        say(test, by(ANN), id, "two").await;
        assert!(!look(test, by(BOB), id).await.archived);
        assert_eq!(page(test, BOB, &Filter::default()).await, [id]);
        done(test, move |tx| conversation::archive(tx, &by(BOB), id)).await;
        assert!(look(test, by(BOB), id).await.archived);
        done(test, move |tx| conversation::unarchive(tx, &by(BOB), id)).await;
        assert!(!look(test, by(BOB), id).await.archived);
        let empty = conversation_of(test, &[BOB, CAT]).await;
        done(test, move |tx| conversation::archive(tx, &by(BOB), empty)).await;
        assert_eq!(page(test, BOB, &archived).await, [empty]);
        invariants(test).await;
    }

    async fn muting_is_per_person_and_ends_by_itself(test: &TestDb) {
        people(test).await;
        let id = conversation_of(test, &[ANN, BOB]).await;
        let muted = done(test, move |tx| conversation::mute(tx, &by(ANN), id, 30)).await;
        assert_eq!(muted.muted_until, Some(START + 30 * 60_000));
        assert_eq!(look(test, by(BOB), id).await.muted_until, None);
        assert_eq!(look(test, at(ANN, 30 * 60_000), id).await.muted_until, None);
        say(test, by(BOB), id, "psst").await;
        assert_eq!(unread(test, ANN, id).await, Some((-1, false)), "still counted");
        let loud = done(test, move |tx| conversation::unmute(tx, &by(ANN), id)).await;
        assert_eq!(loud.muted_until, None);
        for minutes in [0, -1, i64::MAX] {
            let refused = write(test, move |tx| conversation::mute(tx, &by(ANN), id, minutes)).await;
            assert!(matches!(refused, Err(Error::Invalid { field: "minutes", .. })), "{refused:?}");
        }
    }

    async fn what_is_removed_is_unread_for_nobody(test: &TestDb) {
        people(test).await;
        let id = conversation_of(test, &[ANN, BOB]).await;
        let (one, two) = (say(test, by(ANN), id, "one").await.id, say(test, by(ANN), id, "two").await.id);
        done(test, move |tx| message::remove(tx, &by(ANN), two)).await;
        assert_eq!(unread(test, BOB, id).await, Some((-1, false)));
        done(test, move |tx| message::remove(tx, &by(ANN), one)).await;
        assert_eq!(unread(test, BOB, id).await, None);
        done(test, move |tx| conversation::mark_unread(tx, &by(BOB), id, Position::Newest)).await;
        assert_eq!(unread(test, BOB, id).await, None, "there is nothing to read");
        let three = say(test, by(ANN), id, "three").await.id;
        assert_eq!(unread(test, BOB, id).await, Some((-1, false)));
        let four = say(test, by(ANN), id, "four").await.id;
        done(test, move |tx| conversation::mark_read(tx, &by(BOB), id, Position::Newest)).await;
        done(test, move |tx| message::remove(tx, &by(ANN), four)).await;
        done(test, move |tx| conversation::mark_unread(tx, &by(BOB), id, Position::Newest)).await;
        assert_eq!(unread(test, BOB, id).await, Some((1, false)), "{three}");
        invariants(test).await;
    }

    async fn reading_moves_forward_and_unreading_says_from_where(test: &TestDb) {
        people(test).await;
        let id = conversation_of(test, &[ANN, BOB]).await;
        let other = conversation_of(test, &[ANN, CAT]).await;
        let elsewhere = say(test, by(CAT), other, "x").await.id;
        let mut said = Vec::new();
        for n in 0..4 {
            said.push(say(test, by(BOB), id, &format!("{n}")).await.id);
        }
        let first = said[0];
        let read = |position| done(test, move |tx| {
            conversation::mark_read(tx, &by(ANN), id, position)
        });
        let back = |position| done(test, move |tx| {
            conversation::mark_unread(tx, &by(ANN), id, position)
        });
        assert_eq!(unread(test, ANN, id).await, Some((-1, false)));
        assert_eq!(unread(test, BOB, id).await, None, "the author has read it");
        read(Position::ObjIndex(1)).await;
        assert_eq!(unread(test, ANN, id).await, Some((1, false)));
        read(Position::Message(first)).await;
        read(Position::ObjIndex(-7)).await;
        assert_eq!(unread(test, ANN, id).await, Some((1, false)), "never backwards");
        read(Position::ObjIndex(999)).await;
        assert_eq!(unread(test, ANN, id).await, None);
        say(test, by(BOB), id, "after the clamp").await;
        assert_eq!(unread(test, ANN, id).await, Some((3, false)));
        read(Position::Newest).await;
        assert_eq!(unread(test, ANN, id).await, None);
        back(Position::Message(first)).await;
        assert_eq!(unread(test, ANN, id).await, Some((0, false)));
        back(Position::ObjIndex(-1)).await;
        assert_eq!(unread(test, ANN, id).await, Some((-1, false)));
        back(Position::ObjIndex(99)).await;
        assert_eq!(unread(test, ANN, id).await, Some((3, false)), "the newest is unread itself");
        back(Position::Newest).await;
        assert_eq!(unread(test, ANN, id).await, Some((3, false)));
        for wrong in [elsewhere, MessageId(9_999)] {
            let refused = write(test, move |tx| {
                conversation::mark_read(tx, &by(ANN), id, Position::Message(wrong))
            }).await;
            assert!(matches!(refused, Err(Error::MessageNotFound)), "{refused:?}");
        }
        let empty = conversation_of(test, &[ANN]).await;
        done(test, move |tx| conversation::mark_unread(tx, &by(ANN), empty, Position::Newest)).await;
        assert_eq!(unread(test, ANN, empty).await, None);
        invariants(test).await;
    }

    async fn an_unread_mention_is_flagged_for_the_one_mentioned(test: &TestDb) {
        people(test).await;
        let id = conversation_of(test, &[ANN, BOB, CAT]).await;
        say(test, by(ANN), id, "[Bob](twist-mention://2) [Gus](twist-mention://7)").await;
        say(test, by(ANN), id, "and more").await;
        assert_eq!(unread(test, BOB, id).await, Some((-1, true)));
        assert_eq!(unread(test, CAT, id).await, Some((-1, false)));
        done(test, move |tx| {
            conversation::mark_read(tx, &by(BOB), id, Position::ObjIndex(0))
        }).await;
        assert_eq!(unread(test, BOB, id).await, Some((0, false)));
        invariants(test).await;
    }

    async fn pages_by_activity_neither_skip_nor_repeat(test: &TestDb) {
        people(test).await;
        let everybody = [BOB, CAT, DAN, GUS];
        let mut ids = vec![conversation_of(test, &[ANN]).await];
        for user in everybody {
            ids.push(conversation_of(test, &[ANN, user]).await);
        }
        // Three of them within one second, in an order that is not that of their ids.
        for (n, later) in [(0, 1_000), (2, 2_900), (1, 2_500), (3, 2_100), (4, 3_000)] {
            say(test, at(ANN, later), ids[n], "x").await;
        }
        let newest_first = [ids[4], ids[3], ids[2], ids[1], ids[0]];
        let all = Filter::default();
        assert_eq!(page(test, ANN, &all).await, newest_first);
        for limit in [1, 2, 3] {
            for ascending in [false, true] {
                let mut filter = Filter { limit, ascending, ..Default::default() };
                let mut walked = Vec::new();
                loop {
                    let next = page(test, ANN, &filter).await;
                    let Some(last) = next.last().copied() else { break };
                    walked.extend(next);
                    // As a client does it: whole seconds of the last item.
                    let second = look(test, by(ANN), last).await.last_active_at / 1000 * 1000;
                    if !ascending {
                        (filter.older_than, filter.before_id) = (Some(second), Some(last));
                    } else {
                        (filter.newer_than, filter.after_id) = (Some(second), Some(last));
                    }
                }
                let mut expected = newest_first.to_vec();
                if ascending {
                    expected.reverse();
                }
                assert_eq!(walked, expected, "{limit} {ascending}");
            }
        }
        let newer = Filter { newer_than: Some(START + 2_000), ..Default::default() };
        assert_eq!(page(test, ANN, &newer).await, [ids[4]]);
        let older = Filter { older_than: Some(START + 2_000), ..Default::default() };
        assert_eq!(page(test, ANN, &older).await, [ids[0]]);
        let before = Filter { before_id: Some(ids[2]), ..Default::default() };
        assert_eq!(page(test, ANN, &before).await, [ids[1], ids[0]]);
        let after = Filter {
            after_id: Some(ids[1]), ascending: true, limit: 2, ..Default::default()
        };
        assert_eq!(page(test, ANN, &after).await, [ids[2], ids[3]]);
        for limit in [0, 501, -1] {
            let filter = Filter { limit, ..Default::default() };
            let refused = test.db.read(move |tx| {
                conversation::list(tx, &by(ANN), TEAM, &filter)
            }).await;
            assert!(matches!(refused, Err(Error::Invalid { field: "limit", .. })), "{refused:?}");
        }
        let elsewhere = seen(test, |tx| {
            conversation::list(tx, &by(ANN), OTHER, &Filter::default())
        }).await;
        assert!(elsewhere.is_empty(), "another workspace");
    }
}
