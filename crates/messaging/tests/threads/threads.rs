use halyard_identity::UserId;
use halyard_messaging::{
    Audience, Error, Post, PostParts, Reach, ThreadId, channel, comment,
    temp_id::{self, Kind},
    thread::{self, NewThread, ThreadChange},
};
use halyard_platform::on_both_databases;

use crate::{
    people::{NOW, Team, act, last_event, migrations},
    support::*,
};

const EVERYONE: Audience =
    Audience { reach: Reach::Channel, recipients: Vec::new(), groups: Vec::new() };

on_both_databases! {
    migrations();

    async fn a_thread_begins_with_its_opening_post(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let posted = done(test, team.bo, NOW, move |tx, a| {
            let new = NewThread {
                title: "  Hello ".to_owned(),
                temp_id: Some(-9),
                ..new_thread(team.general, to(&[team.ann]), "**Hi** [Ann](twist-mention://1)")
            };
            thread::add(tx, a, &new)
        }).await;
        assert_eq!((posted.title.as_str(), posted.creator, posted.creator_name.as_str()), ("Hello", team.bo, "bo"));
        assert_eq!((posted.comment_count, posted.last_obj_index), (0, -1));
        assert_eq!((posted.snippet.as_str(), posted.snippet_creator), ("Hi Ann", team.bo));
        assert_eq!((posted.posted_at, posted.last_updated_at, posted.last_edited_at), (NOW, NOW, None));
        assert_eq!((posted.closed, posted.pinned_at, posted.starred), (false, None, false));
        assert_eq!(ids(&posted.responders_json), []);
        assert_eq!(ids(&posted.direct_mentions_json), [UserId(1)]);
        assert!(posted.last_comment.is_none() && posted.system_message_json.is_none());
        assert_eq!((posted.channel_id, posted.workspace_id), (team.general, team.workspace));
        let resolved = see(test, team.bo, NOW, |tx, a| temp_id::resolve(tx, a, Kind::Thread, -9)).await;
        assert_eq!(resolved.unwrap(), posted.id.0);
        let (kind, subject, _) = last_event(&test.db).await;
        assert_eq!((kind.as_str(), subject), ("thread_added", format!("thread:{}", posted.id)));
        invariants(test).await;
    }

    async fn titles_and_texts_have_limits(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let titled = async |title: String| {
            act(&test.db, team.ann, move |tx, a| {
                let new = NewThread { title: title.clone(), ..new_thread(team.general, EVERYONE, "") };
                thread::add(tx, a, &new)
            }).await
        };
        let refused = titled("x".repeat(301)).await;
        assert!(matches!(refused, Err(Error::Invalid { field: "title", .. })), "{refused:?}");
        let longest = titled("日".repeat(300)).await.unwrap();
        assert_eq!(longest.title.chars().count(), 300);
        let empty = titled(String::new()).await.unwrap();
        assert_eq!((empty.title.as_str(), empty.content.as_str(), empty.snippet.as_str()), ("", "", ""));
        let parts = |length| PostParts { content: "é".repeat(length), ..PostParts::default() };
        assert!(Post::new(parts(15_000)).is_ok());
        assert!(matches!(Post::new(parts(15_001)), Err(Error::Invalid { field: "content", .. })));
        let id = empty.id;
        let refused = act(&test.db, team.ann, move |tx, a| {
            let change = ThreadChange { content: Some("x".repeat(15_001)), ..ThreadChange::default() };
            thread::update(tx, a, id, &change)
        }).await;
        assert!(matches!(refused, Err(Error::Invalid { field: "content", .. })), "{refused:?}");
        let refused = act(&test.db, team.ann, move |tx, a| {
            let change = ThreadChange { title: Some("x".repeat(301)), ..ThreadChange::default() };
            thread::update(tx, a, id, &change)
        }).await;
        assert!(matches!(refused, Err(Error::Invalid { field: "title", .. })), "{refused:?}");
    }

    async fn an_edit_keeps_what_it_does_not_name(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let id = start(test, team.bo, NOW, team.general, EVERYONE).await.id;
        let edited = done(test, team.ann, NOW + 5, move |tx, a| {
            let change = ThreadChange {
                content: Some("new [Bo](twist-mention://2)".to_owned()),
                actions_json: Some("[{}]".to_owned()),
                ..ThreadChange::default()
            };
            thread::update(tx, a, id, &change)
        }).await;
        assert_eq!((edited.title.as_str(), edited.content.as_str()), ("T", "new [Bo](twist-mention://2)"));
        assert_eq!((edited.snippet.as_str(), edited.snippet_creator), ("new Bo", team.bo));
        assert_eq!(edited.last_edited_at, Some(NOW + 5));
        assert_eq!(edited.last_updated_at, NOW, "an edit is nothing new");
        assert_eq!(ids(&edited.direct_mentions_json), [UserId(2)]);
        assert_eq!(edited.comment_count, 0, "no system comment without a new title");
        let same = done(test, team.bo, NOW + 6, move |tx, a| thread::update(tx, a, id, &ThreadChange::default())).await;
        assert_eq!((same.content, same.actions_json.as_deref()), (edited.content, Some("[{}]")));
        assert_eq!(ids(&same.direct_mentions_json), [UserId(2)]);
        assert!(same.version > edited.version);
        invariants(test).await;
    }

    async fn the_mentions_of_an_edited_text_replace_the_old_ones(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let (ann, bo) = (team.ann, team.bo);
        let id = done(test, ann, NOW, move |tx, a| {
            thread::add(tx, a, &new_thread(team.general, EVERYONE, &format!("[x](twist-mention://{bo})")))
        }).await.id;
        assert_eq!(pointer(test, &team, bo, NOW, id).await, Some((-1, true)));
        let write = async |content: String| {
            done(test, ann, NOW, move |tx, a| {
                let change = ThreadChange { content: Some(content.clone()), ..ThreadChange::default() };
                thread::update(tx, a, id, &change)
            }).await
        };
        write("nobody".to_owned()).await;
        assert_eq!(pointer(test, &team, bo, NOW, id).await, Some((-1, false)));
        write(format!("[x](twist-mention://{bo})")).await;
        assert_eq!(pointer(test, &team, bo, NOW, id).await, Some((-1, true)));
    }

    async fn a_new_title_leaves_a_system_comment(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let id = start(test, team.bo, NOW, team.general, EVERYONE).await.id;
        say(test, team.bo, NOW + 1, id, "words").await;
        let renamed = done(test, team.ann, NOW + 2, move |tx, a| {
            let change = ThreadChange { title: Some(" New ".to_owned()), ..ThreadChange::default() };
            thread::update(tx, a, id, &change)
        }).await;
        assert_eq!((renamed.title.as_str(), renamed.comment_count, renamed.last_obj_index), ("New", 2, 1));
        assert_eq!(renamed.last_updated_at, NOW + 2);
        assert_eq!((renamed.snippet.as_str(), renamed.snippet_creator), ("words", team.bo), "the system says nothing");
        assert_eq!(ids(&renamed.responders_json), [team.bo], "Ann has not commented");
        assert_eq!(ids(&renamed.participants_json), [team.bo], "nor has she taken part");
        let system = renamed.last_comment.expect("the system comment");
        let message: serde_json::Value = serde_json::from_str(&system.system_message_json.unwrap()).unwrap();
        assert_eq!(message["type"], "THREAD_RENAMED");
        assert_eq!((&message["old_title"], &message["new_title"]), (&"T".into(), &"New".into()));
        assert_eq!((&message["initiator_id"], &message["initiator_name"]), (&team.ann.0.into(), &"ann".into()));
        assert_eq!((system.content.as_str(), system.creator), ("", team.ann));
        assert_eq!(pointer(test, &team, team.bo, NOW + 3, id).await, Some((0, false)), "new to Bo");
        // Ann had read nothing of it, and renaming is not reading.
        assert_eq!(pointer(test, &team, team.ann, NOW + 3, id).await, Some((-1, false)));
        let (comment, follows) = (system.id, "select count(*) from thread_state where user_id = 1 and follows");
        assert_eq!(count(test, follows).await, 0);
        let refused = act(&test.db, team.ann, move |tx, a| comment::update(tx, a, comment, &Default::default())).await;
        assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
        // The snippet follows the words below the system comment.
        let words = see(test, team.bo, NOW, move |tx, a| comment::list(tx, a, id, &Default::default())).await.unwrap().pop().unwrap();
        let words_id = words.id;
        done(test, team.bo, NOW + 4, move |tx, a| {
            let change = comment::CommentChange { content: Some("better".to_owned()), ..Default::default() };
            comment::update(tx, a, words_id, &change)
        }).await;
        assert_eq!(look(test, team.bo, NOW, id).await.snippet, "better");
        done(test, team.bo, NOW + 5, move |tx, a| comment::remove(tx, a, words_id)).await;
        let left = look(test, team.bo, NOW, id).await;
        assert_eq!((left.snippet.as_str(), left.snippet_creator), ("opening", team.bo), "nothing of it is left");
        done(test, team.bo, NOW + 6, move |tx, a| {
            let change = ThreadChange { content: Some("reopened".to_owned()), ..ThreadChange::default() };
            thread::update(tx, a, id, &change)
        }).await;
        assert_eq!(look(test, team.bo, NOW, id).await.snippet, "reopened");
        invariants(test).await;
    }

    async fn a_title_that_only_gains_blanks_is_the_same(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let id = start(test, team.bo, NOW, team.general, EVERYONE).await.id;
        let change = ThreadChange { title: Some(" T ".to_owned()), ..ThreadChange::default() };
        let same = done(test, team.bo, NOW, move |tx, a| thread::update(tx, a, id, &change)).await;
        assert_eq!(same.comment_count, 0);
    }

    async fn moving_takes_the_comments_along(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let to = open_channel(test, &team, "elsewhere", true, &[team.bo]).await;
        let id = start(test, team.bo, NOW, team.general, EVERYONE).await.id;
        let said = say(test, team.ann, NOW + 1, id, "words").await.id;
        done(test, team.ann, NOW + 2, move |tx, a| thread::move_to_channel(tx, a, id, to)).await;
        let moved = look(test, team.bo, NOW + 3, id).await;
        assert_eq!((moved.channel_id, moved.comment_count, moved.snippet.as_str()), (to, 2, "words"));
        assert_eq!(comment_of(test, team.bo, said).await.channel_id, to);
        let system = moved.last_comment.unwrap();
        assert_eq!(system.channel_id, to);
        let message: serde_json::Value = serde_json::from_str(&system.system_message_json.unwrap()).unwrap();
        assert_eq!(message["type"], "THREAD_MOVED");
        assert_eq!((&message["channel_id"], &message["channel_name"]), (&to.0.into(), &"elsewhere".into()));
        assert_eq!((&message["old_channel_id"], &message["old_channel_name"]), (&team.general.0.into(), &"General".into()));
        assert_eq!(last_event(&test.db).await.0, "thread_updated");
        let events = count(test, "select count(*) from event").await;
        done(test, team.ann, NOW + 4, move |tx, a| thread::move_to_channel(tx, a, id, to)).await;
        assert_eq!(count(test, "select count(*) from event").await, events, "it is there already");
        invariants(test).await;
    }

    async fn a_thread_moves_only_where_its_mover_may(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let id = start(test, team.ann, NOW, team.general, EVERYONE).await.id;
        let refused = act(&test.db, team.bo, move |tx, a| thread::move_to_channel(tx, a, id, team.side)).await;
        assert!(matches!(refused, Err(Error::ChannelNotFound)), "{refused:?}");
        // Ann joins Eve's workspace: she sees both channels, but a thread stays in its workspace.
        let foreign = done(test, team.eve, NOW, move |tx, a| {
            let own = halyard_messaging::workspace::default(tx, a)?;
            halyard_messaging::member::invite(
                tx, a, own.id, &crate::people::invitation("ann", halyard_messaging::Role::User, &[]),
            )?;
            Ok(own.default_channel.unwrap())
        }).await;
        assert!(see(test, team.ann, NOW, move |tx, a| channel::load(tx, a, foreign)).await.is_ok());
        let refused = act(&test.db, team.ann, move |tx, a| thread::move_to_channel(tx, a, id, foreign)).await;
        assert!(matches!(refused, Err(Error::ChannelNotFound)), "{refused:?}");
    }

    async fn pins_are_for_everybody_and_stars_are_not(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let id = start(test, team.ann, NOW, team.general, EVERYONE).await.id;
        done(test, team.bo, NOW + 7, move |tx, a| thread::pin(tx, a, id)).await;
        done(test, team.bo, NOW + 8, move |tx, a| thread::star(tx, a, id)).await;
        let by_ann = look(test, team.ann, NOW, id).await;
        assert_eq!((by_ann.pinned_at, by_ann.starred), (Some(NOW + 7), false));
        assert!(look(test, team.bo, NOW, id).await.starred);
        let version = by_ann.version;
        done(test, team.ann, NOW + 9, move |tx, a| thread::pin(tx, a, id)).await;
        let again = look(test, team.ann, NOW, id).await;
        assert_eq!((again.pinned_at, again.version), (Some(NOW + 7), version), "pinned once");
        done(test, team.ann, NOW, move |tx, a| thread::unpin(tx, a, id)).await;
        done(test, team.bo, NOW, move |tx, a| thread::unstar(tx, a, id)).await;
        let by_bo = look(test, team.bo, NOW, id).await;
        assert_eq!((by_bo.pinned_at, by_bo.starred), (None, false));
    }

    async fn a_removed_thread_is_gone_with_its_comments(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let id = start(test, team.bo, NOW, team.general, EVERYONE).await.id;
        let said = say(test, team.ann, NOW, id, "x").await.id;
        done(test, team.bo, NOW, move |tx, a| thread::remove(tx, a, id)).await;
        assert_eq!(last_event(&test.db).await.0, "thread_deleted");
        for user in [team.ann, team.bo] {
            let gone = see(test, user, NOW, move |tx, a| thread::load(tx, a, id)).await;
            assert!(matches!(gone, Err(Error::ThreadNotFound)), "{gone:?}");
            let gone = see(test, user, NOW, move |tx, a| comment::load(tx, a, said)).await;
            assert!(matches!(gone, Err(Error::CommentNotFound)), "{gone:?}");
            assert!(unread(test, &team, user, NOW).await.is_empty());
        }
        let nobody = ThreadId(9_999);
        let gone = act(&test.db, team.ann, move |tx, a| thread::remove(tx, a, nobody)).await;
        assert!(matches!(gone, Err(Error::ThreadNotFound)), "{gone:?}");
    }

    async fn positions_are_comments_of_the_thread(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let id = start(test, team.ann, NOW, team.general, EVERYONE).await.id;
        let other = start(test, team.ann, NOW, team.general, EVERYONE).await.id;
        let (mine, foreign) = (say(test, team.ann, NOW, id, "x").await.id, say(test, team.ann, NOW, other, "x").await.id);
        done(test, team.bo, NOW, move |tx, a| thread::mark_position(tx, a, id, mine)).await;
        assert_eq!(count(test, "select count(*) from thread_state where position_comment is not null").await, 1);
        let refused = act(&test.db, team.bo, move |tx, a| thread::mark_position(tx, a, id, foreign)).await;
        assert!(matches!(refused, Err(Error::CommentNotFound)), "{refused:?}");
    }
}
