//! For everybody who is not in it, a conversation does not exist.

use halyard_messaging::{
    Actor, ConversationId, Error, MessageId,
    conversation::{self, ConversationChange, Filter, Position},
    message::{self, MessageChange},
};
use halyard_platform::{
    db::{Tx, testing::TestDb},
    on_both_databases, params,
};

use crate::support::*;

type Attempt = fn(&mut Tx<'_>, &Actor, ConversationId, MessageId) -> Result<(), Error>;

const ATTEMPTS_ON_CONVERSATIONS: &[(&str, Attempt)] = &[
    ("load", |tx, actor, id, _| conversation::load(tx, actor, id).map(drop)),
    ("update title", |tx, actor, id, _| {
        let change = ConversationChange { title: Some("T".into()), archived: None };
        conversation::update(tx, actor, id, &change).map(drop)
    }),
    ("update archived", |tx, actor, id, _| {
        let change = ConversationChange { title: None, archived: Some(false) };
        conversation::update(tx, actor, id, &change).map(drop)
    }),
    ("update nothing", |tx, actor, id, _| {
        conversation::update(tx, actor, id, &ConversationChange::default()).map(drop)
    }),
    ("archive", |tx, actor, id, _| conversation::archive(tx, actor, id)),
    ("unarchive", |tx, actor, id, _| conversation::unarchive(tx, actor, id)),
    ("mute", |tx, actor, id, _| conversation::mute(tx, actor, id, 5).map(drop)),
    ("unmute", |tx, actor, id, _| conversation::unmute(tx, actor, id).map(drop)),
    ("mark_read", |tx, actor, id, _| conversation::mark_read(tx, actor, id, Position::Newest)),
    ("mark_read a message", |tx, actor, id, said| {
        conversation::mark_read(tx, actor, id, Position::Message(said))
    }),
    ("mark_unread", |tx, actor, id, _| conversation::mark_unread(tx, actor, id, Position::Newest)),
    ("add oneself", |tx, actor, id, _| conversation::add_users(tx, actor, id, &[actor.user])),
    ("remove another", |tx, actor, id, _| conversation::remove_users(tx, actor, id, &[CAT])),
    ("remove oneself", |tx, actor, id, _| conversation::remove_users(tx, actor, id, &[actor.user])),
    ("add a message", |tx, actor, id, _| message::add(tx, actor, id, &text("x")).map(drop)),
    ("list", |tx, actor, id, _| {
        message::list(tx, actor, id, &message::Filter::default()).map(drop)
    }),
    ("list_ids", |tx, actor, id, _| {
        message::list_ids(tx, actor, id, &message::Filter::default()).map(drop)
    }),
];

const ATTEMPTS_ON_MESSAGES: &[(&str, Attempt)] = &[
    ("load", |tx, actor, _, said| message::load(tx, actor, said).map(drop)),
    ("update", |tx, actor, _, said| {
        let change = MessageChange { content: Some("x".into()), ..Default::default() };
        message::update(tx, actor, said, &change).map(drop)
    }),
    ("remove", |tx, actor, _, said| message::remove(tx, actor, said)),
];

/// Every way into a conversation answers as if it did not exist, and changes nothing.
pub(crate) async fn assert_all_refused(
    test: &TestDb,
    actor: Actor,
    id: ConversationId,
    said: MessageId,
) {
    let before = snapshot(test).await;
    for (what, attempt) in ATTEMPTS_ON_CONVERSATIONS {
        let result = write(test, move |tx| attempt(tx, &actor, id, said)).await;
        assert!(matches!(result, Err(Error::ConversationNotFound)), "{what}: {result:?}");
    }
    for (what, attempt) in ATTEMPTS_ON_MESSAGES {
        let result = write(test, move |tx| attempt(tx, &actor, id, said)).await;
        assert!(matches!(result, Err(Error::MessageNotFound)), "{what}: {result:?}");
    }
    assert_eq!(snapshot(test).await, before, "a refusal changes nothing");
}

async fn snapshot(test: &TestDb) -> (i64, i64, i64, i64) {
    seen(test, |tx| {
        Ok(tx.one(
            "select (select count(*) from event), (select count(*) from message),
                 (select cast(coalesce(sum(version), 0) as bigint) from conversation),
                 (select count(*) from conversation_member)",
            params![],
        )?)
    })
    .await
}

on_both_databases! {
    migrations();

    async fn nobody_else_knows_of_a_conversation(test: &TestDb) {
        people(test).await;
        let id = conversation_of(test, &[BOB, CAT, GUS]).await;
        let said = say(test, by(BOB), id, "secret").await.id;
        // Ann is an admin, Dan a guest, Eve in another workspace, Gus about to be removed.
        for outsider in [ANN, DAN, EVE, FAY] {
            assert_all_refused(test, by(outsider), id, said).await;
        }
        assert_eq!(look(test, by(GUS), id).await.id, id);
        dismiss(test, GUS).await;
        assert_all_refused(test, by(GUS), id, said).await;
        for user in [FAY, GUS, EVE] {
            let refused = test.db.read(move |tx| conversation::unread(tx, &by(user), TEAM)).await;
            assert!(matches!(refused, Err(Error::WorkspaceNotFound)), "{refused:?}");
            let refused = test.db.read(move |tx| {
                conversation::list(tx, &by(user), TEAM, &Filter::default())
            }).await;
            assert!(matches!(refused, Err(Error::WorkspaceNotFound)), "{refused:?}");
        }
        assert!(page(test, ANN, &Filter::default()).await.is_empty());
        assert_eq!(look(test, by(BOB), id).await.user_ids, [BOB, CAT, GUS], "history keeps Gus");
        // A removed workspace takes its conversations with it.
        done(test, |tx| Ok(tx.exec("update workspace set removed_at = 1 where id = 1", params![])?))
            .await;
        assert_all_refused(test, by(BOB), id, said).await;
        let refused = start(test, by(BOB), &[CAT]).await;
        assert!(matches!(refused, Err(Error::WorkspaceNotFound)), "{refused:?}");
    }

    async fn an_admin_and_a_guest_act_in_conversations_they_are_in(test: &TestDb) {
        people(test).await;
        let id = conversation_of(test, &[ANN, BOB, DAN]).await;
        let guest = say(test, by(DAN), id, "from a guest").await;
        assert_eq!((guest.obj_index, guest.creator_name.as_str()), (0, "Dan Dorn"));
        let change = ConversationChange { title: Some(" Plans ".into()), archived: None };
        let changed = done(test, move |tx| conversation::update(tx, &by(DAN), id, &change)).await;
        assert_eq!((changed.title.as_deref(), changed.name.as_str()), (Some("Plans"), "Plans"));
        let refused = test.db.read(move |tx| conversation::load(tx, &by(CAT), id)).await;
        assert!(matches!(refused, Err(Error::ConversationNotFound)), "{refused:?}");
    }
}
