//! What is written in conversations.

use crate::support::*;
use halyard_messaging::{
    Actor, ConversationId, Error, MessageId, Post, PostParts,
    attachment::{self, Attachment},
    conversation,
    message::{self, Filter, MessageChange},
};
use halyard_platform::{db::testing::TestDb, on_both_databases, params};
use serde_json::{Map, Value};

async fn edit(
    test: &TestDb,
    actor: Actor,
    id: MessageId,
    change: &MessageChange,
) -> Result<message::Message, Error> {
    let change = change.clone();
    write(test, move |tx| message::update(tx, &actor, id, &change)).await
}

async fn erase(test: &TestDb, actor: Actor, id: MessageId) -> Result<(), Error> {
    write(test, move |tx| message::remove(tx, &actor, id)).await
}

async fn indexes(test: &TestDb, id: ConversationId, filter: &Filter) -> Vec<i64> {
    let (filter, same) = (filter.clone(), filter.clone());
    let found = seen(test, move |tx| message::list(tx, &by(ANN), id, &filter)).await;
    let ids = seen(test, move |tx| message::list_ids(tx, &by(ANN), id, &same)).await;
    assert_eq!(ids, found.iter().map(|message| message.id).collect::<Vec<_>>());
    found.iter().map(|message| message.obj_index).collect()
}

/// A list of one attachment.
fn list(id: &str) -> Vec<Map<String, Value>> {
    vec![Map::from_iter([("attachment_id".to_owned(), id.into())])]
}

fn content(text: &str) -> MessageChange {
    MessageChange { content: Some(text.into()), ..Default::default() }
}

on_both_databases! {
    migrations();

    async fn a_message_changes_its_conversation(test: &TestDb) {
        people(test).await;
        let id = conversation_of(test, &[ANN, BOB, CAT]).await;
        let parts = PostParts {
            content: "**Hi** [Bob](twist-mention://2)".into(),
            attachments: Some(list("link")),
            actions_json: Some(r#"[{"type":"action"}]"#.into()),
            ..PostParts::default()
        };
        let new = Post::new(parts).expect("a good text");
        let added = done(test, move |tx| message::add(tx, &at(ANN, 5_000), id, &new)).await;
        assert_eq!((added.obj_index, added.posted_at, added.version), (0, START + 5_000, 1));
        assert_eq!((added.workspace_id, added.conversation_id), (TEAM, id));
        assert_eq!((added.creator, added.creator_name.as_str()), (ANN, "Ann Ash"));
        assert_eq!(added.direct_mentions_json, "[2]");
        assert_eq!((added.reactions_json.as_str(), added.deleted, &added.system_message_json), ("{}", false, &None));
        assert_eq!(message_of(test, by(BOB), added.id).await, added, "add answers what is stored");
        let now = look(test, by(ANN), id).await;
        assert_eq!((now.message_count, now.last_obj_index), (1, 0));
        assert_eq!((now.snippet.as_str(), now.snippet_creator), ("Hi Bob", Some(ANN)));
        assert_eq!((now.last_active_at, now.last_message), (START + 5_000, Some(added)));
        let before = now.version;
        // A node whose clock is behind does not turn back the time of the conversation.
        assert_eq!(say(test, at(BOB, 1_000), id, "late").await.posted_at, START + 5_000);
        let now = look(test, by(ANN), id).await;
        assert_eq!(now.snippet_creators_json, "[2,1]");
        assert!(now.version > before);
        let payload: Vec<String> = seen(test, |tx| Ok(tx.all(
            "select payload from event where kind = 'message_added' order by id", params![])?)).await;
        assert_eq!(payload[0], format!(
            r#"{{"conversation_id":{id},"message_id":{},"obj_index":0,"workspace_id":1}}"#,
            now.last_message.expect("the last message").id.0 - 1
        ));
        invariants(test).await;
    }

    async fn only_the_author_changes_a_message(test: &TestDb) {
        people(test).await;
        let id = conversation_of(test, &[ANN, BOB, CAT]).await;
        let first = say(test, by(BOB), id, "[Cat](twist-mention://3) one").await.id;
        let last = say(test, by(BOB), id, "two").await.id;
        for other in [ANN, CAT] {
            let refused = edit(test, by(other), last, &content("mine")).await;
            assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
        }
        let edited = edit(test, at(BOB, 9), last, &content("*three* [Ann](twist-mention://1)"))
            .await.expect("edited");
        assert_eq!((edited.last_edited_at, edited.version), (Some(START + 9), 2));
        assert_eq!((edited.posted_at, edited.direct_mentions_json.as_str()), (START, "[1]"));
        assert_eq!(look(test, by(ANN), id).await.snippet, "three Ann");
        edit(test, by(BOB), first, &content("nobody now")).await.expect("edited");
        assert_eq!(look(test, by(ANN), id).await.snippet, "three Ann", "not the newest");
        let flags = seen(test, |tx| {
            let ann = conversation::unread(tx, &by(ANN), TEAM)?[0].direct_mention;
            Ok((ann, conversation::unread(tx, &by(CAT), TEAM)?[0].direct_mention))
        }).await;
        assert_eq!(flags, (true, false), "mentions follow the text");
        let missing = edit(test, by(BOB), MessageId(9_999), &content("x")).await;
        assert!(matches!(missing, Err(Error::MessageNotFound)), "{missing:?}");
        invariants(test).await;
    }

    async fn a_message_has_a_text_or_an_attachment(test: &TestDb) {
        people(test).await;
        let id = conversation_of(test, &[ANN, BOB]).await;
        let link = || list("link");
        for (content, attachments, good) in
            [("", None, false), (" \n", None, false), ("", Some(vec![]), false), ("", Some(link()), true)]
        {
            let parts = PostParts { content: content.into(), attachments, ..Default::default() };
            let post = Post::new(parts).expect("short enough");
            let result = write(test, move |tx| message::add(tx, &by(ANN), id, &post)).await;
            match result {
                Ok(_) => assert!(good),
                Err(Error::Invalid { field: "content", .. }) => assert!(!good),
                Err(other) => panic!("{other}"),
            }
        }
        let said = say(test, by(ANN), id, "text").await.id;
        let files = |list| MessageChange { attachments: Some(list), ..Default::default() };
        for bad in [content(""), content(&"x".repeat(15_001))] {
            let refused = edit(test, by(ANN), said, &bad).await;
            assert!(matches!(refused, Err(Error::Invalid { field: "content", .. })), "{refused:?}");
        }
        let with_file = edit(test, by(ANN), said, &files(link())).await.expect("attached");
        let list = Some(r#"[{"attachment_id":"link"}]"#);
        assert_eq!((with_file.content.as_str(), with_file.attachments_json.as_deref()), ("text", list));
        let bare = edit(test, by(ANN), said, &content("")).await.expect("the file is enough");
        assert_eq!((bare.content.as_str(), bare.attachments_json.as_deref()), ("", list));
        let refused = edit(test, by(ANN), said, &files(vec![])).await;
        assert!(matches!(refused, Err(Error::Invalid { field: "content", .. })), "{refused:?}");
        let given = MessageChange { direct_mentions: Some(vec![BOB]), ..content("[Ann](twist-mention://1)") };
        assert_eq!(edit(test, by(ANN), said, &given).await.expect("edited").direct_mentions_json, "[2]");
        invariants(test).await;
    }

    async fn a_file_is_shared_with_the_people_of_the_conversation(test: &TestDb) {
        people(test).await;
        let id = conversation_of(test, &[ANN, BOB]).await;
        let file = Attachment {
            id: "file".into(),
            owner: ANN,
            blob: "b".into(),
            sha256: "s".into(),
            file_name: "plan.txt".into(),
            file_size: 1,
            media_type: "text/plain".into(),
            url_type: "file".into(),
            image_width: None,
            image_height: None,
            created_at: START,
        };
        done(test, move |tx| attachment::add(tx, &file)).await;
        let parts = |content: &str| PostParts {
            content: content.into(),
            attachments: Some(list("file")),
            ..Default::default()
        };
        let post = Post::new(parts("look")).expect("a good text");
        let stolen = post.clone();
        let refused = write(test, move |tx| message::add(tx, &by(BOB), id, &stolen)).await;
        assert!(matches!(refused, Err(Error::AttachmentsInvalid(_))), "{refused:?}");
        let said = done(test, move |tx| message::add(tx, &by(ANN), id, &post)).await.id;
        let readers = |test| seen(test, |tx| {
            Ok([BOB, CAT].map(|user| attachment::load(tx, &by(user), "file").is_ok()))
        });
        assert_eq!(readers(test).await, [true, false]);
        let without = MessageChange { attachments: Some(vec![]), ..Default::default() };
        edit(test, by(ANN), said, &without).await.expect("edited");
        assert_eq!(readers(test).await, [false, false]);
        let again = MessageChange { attachments: parts("").attachments, ..Default::default() };
        edit(test, by(ANN), said, &again).await.expect("edited");
        assert_eq!(readers(test).await, [true, false]);
        erase(test, by(ANN), said).await.expect("removed");
        assert_eq!(readers(test).await, [false, false]);
    }

    async fn a_removed_message_leaves_a_tombstone(test: &TestDb) {
        people(test).await;
        let id = conversation_of(test, &[ANN, BOB, DAN]).await;
        let mut said = Vec::new();
        for (n, user) in [BOB, DAN, ANN, BOB].into_iter().enumerate() {
            said.push(say(test, at(user, n as i64), id, &format!("{n} [Ann](twist-mention://1)")).await.id);
        }
        done(test, {
            let message = said[3];
            move |tx| {
                let reactions = r#"{"x":[1]}"#;
                tx.exec("update message set reactions = $2 where id = $1", params![message, reactions])?;
                Ok(())
            }
        }).await;
        let refused = erase(test, by(DAN), said[3]).await;
        assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
        erase(test, by(BOB), said[3]).await.expect("one's own");
        let stone = message_of(test, by(DAN), said[3]).await;
        assert!(stone.deleted);
        assert_eq!((stone.content.as_str(), stone.reactions_json.as_str(), stone.obj_index), ("", "{}", 3));
        assert_eq!((stone.attachments_json, stone.direct_mentions_json.as_str()), (None, "[]"));
        let now = look(test, by(ANN), id).await;
        assert_eq!((now.message_count, now.last_obj_index), (3, 3));
        assert_eq!((now.snippet.as_str(), now.snippet_creators_json.as_str()), ("2 Ann", "[1,4,2]"));
        assert_eq!(now.last_active_at, START + 3, "removing is no step back in time");
        erase(test, by(BOB), said[3]).await.expect("again changes nothing");
        assert_eq!(look(test, by(ANN), id).await.version, now.version);
        let refused = edit(test, by(BOB), said[3], &content("back")).await;
        assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
        erase(test, by(ANN), said[1]).await.expect("an admin removes a guest's");
        assert_eq!(look(test, by(ANN), id).await.snippet, "2 Ann");
        invariants(test).await;
        erase(test, by(ANN), said[2]).await.expect("one's own");
        erase(test, by(BOB), said[0]).await.expect("one's own");
        let now = look(test, by(ANN), id).await;
        assert_eq!((now.message_count, now.last_obj_index, now.last_message), (0, 3, None));
        assert_eq!((now.snippet.as_str(), now.snippet_creator, now.snippet_creators_json.as_str()), ("", None, "[]"));
        assert_eq!(indexes(test, id, &Filter::default()).await, [3, 2, 1, 0]);
        assert_eq!(say(test, by(ANN), id, "on").await.obj_index, 4);
        invariants(test).await;
    }

    async fn system_messages_belong_to_nobody(test: &TestDb) {
        people(test).await;
        let id = conversation_of(test, &[ANN, BOB, CAT]).await;
        done(test, move |tx| conversation::add_users(tx, &by(BOB), id, &[GUS])).await;
        let notice = seen(test, move |tx| {
            message::list(tx, &by(ANN), id, &Filter::default())
        }).await.remove(0);
        assert!(notice.system_message_json.is_some() && notice.content.is_empty());
        let refused = edit(test, by(BOB), notice.id, &content("x")).await;
        assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
        let refused = erase(test, by(BOB), notice.id).await;
        assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
        erase(test, by(ANN), notice.id).await.expect("an admin may");
        invariants(test).await;
    }

    async fn lists_are_ranges_of_indexes_and_times(test: &TestDb) {
        people(test).await;
        let id = conversation_of(test, &[ANN, BOB]).await;
        assert!(indexes(test, id, &Filter::default()).await.is_empty());
        // Indexes 0 to 9 in the seconds 0, 0, 0, 3, 3, 3, 6, 6, 6, 9.
        for n in 0..10 {
            say(test, at(ANN, n / 3 * 3_000 + n), id, "x").await;
        }
        let base = Filter { limit: 3, ..Default::default() };
        let rising = Filter { ascending: true, ..base.clone() };
        assert_eq!(indexes(test, id, &base).await, [9, 8, 7]);
        assert_eq!(indexes(test, id, &rising).await, [0, 1, 2]);
        let from = |filter: &Filter, index| Filter {
            from_obj_index: Some(index), ..filter.clone()
        };
        let to = |filter: &Filter, index| Filter {
            to_obj_index: Some(index), ..filter.clone()
        };
        assert_eq!(indexes(test, id, &from(&rising, 4)).await, [4, 5, 6]);
        assert_eq!(indexes(test, id, &to(&base, 4)).await, [4, 3, 2]);
        assert_eq!(indexes(test, id, &to(&from(&base, 3), 4)).await, [4, 3]);
        assert_eq!(indexes(test, id, &to(&from(&base, -9), 0)).await, [0]);
        assert!(indexes(test, id, &from(&base, 10)).await.is_empty());
        assert!(indexes(test, id, &to(&from(&base, 5), 4)).await.is_empty());
        let all = Filter { limit: 500, ..rising.clone() };
        for second in -1..11 {
            let time = START + second * 1000;
            let posted = |n: i64| n / 3 * 3;
            let newer = Filter { newer_than: Some(time), ..all.clone() };
            let expected: Vec<_> = (0..10).filter(|n| posted(*n) > second).collect();
            assert_eq!(indexes(test, id, &newer).await, expected, "after {second}");
            let older = Filter { older_than: Some(time), ..all.clone() };
            let expected: Vec<_> = (0..10).filter(|n| posted(*n) < second).collect();
            assert_eq!(indexes(test, id, &older).await, expected, "before {second}");
        }
        let both = Filter {
            newer_than: Some(START), older_than: Some(START + 9_000), limit: 4, ..base.clone()
        };
        assert_eq!(indexes(test, id, &both).await, [8, 7, 6, 5]);
        for limit in [0, 501] {
            let filter = Filter { limit, ..base.clone() };
            let refused = test.db.read(move |tx| message::list(tx, &by(ANN), id, &filter)).await;
            assert!(matches!(refused, Err(Error::Invalid { field: "limit", .. })), "{refused:?}");
        }
    }

    async fn many_writers_leave_no_gap(test: &TestDb) {
        people(test).await;
        let id = conversation_of(test, &[ANN, BOB, CAT, GUS]).await;
        let mut running = Vec::new();
        for n in 0..64_i64 {
            let db = test.db.clone();
            let actor = at([ANN, BOB, CAT, GUS][n as usize % 4], 1_000 - n);
            running.push(tokio::spawn(async move {
                let mut indexes = Vec::new();
                for turn in 0..5 {
                    let new = text(&format!("{n} {turn}"));
                    let added = db.write(move |tx| message::add(tx, &actor, id, &new)).await?;
                    indexes.push(added.obj_index);
                    if (n + turn) % 8 == 0 {
                        db.write(move |tx| message::remove(tx, &actor, added.id)).await?;
                    }
                }
                Ok::<_, Error>(indexes)
            }));
        }
        let mut all = Vec::new();
        for task in running {
            all.extend(task.await.expect("no panic").expect("every write succeeds"));
        }
        all.sort_unstable();
        assert_eq!(all, (0..320).collect::<Vec<_>>());
        let now = look(test, by(ANN), id).await;
        assert_eq!((now.last_obj_index, now.message_count), (319, 280));
        invariants(test).await;
    }

    async fn somebody_who_is_removed_cannot_slip_in_a_word(test: &TestDb) {
        people(test).await;
        let id = conversation_of(test, &[ANN, BOB, CAT]).await;
        let mut running = Vec::new();
        for n in 0..40 {
            let db = test.db.clone();
            running.push(tokio::spawn(async move {
                if n == 20 {
                    db.write(move |tx| conversation::remove_users(tx, &by(ANN), id, &[BOB])).await
                } else {
                    let new = text("x");
                    db.write(move |tx| message::add(tx, &by(BOB), id, &new).map(drop)).await
                }
            }));
        }
        for task in running {
            let result = task.await.expect("no panic");
            assert!(matches!(result, Ok(()) | Err(Error::ConversationNotFound)), "{result:?}");
        }
        let after: i64 = seen(test, |tx| Ok(tx.one(
            "select count(*) from message said
             join message gone on gone.conversation_id = said.conversation_id
                 and gone.system_message is not null and gone.obj_index < said.obj_index
             where said.creator = 2",
            params![],
        )?)).await;
        assert_eq!(after, 0);
        invariants(test).await;
    }
}
