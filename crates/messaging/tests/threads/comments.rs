use halyard_messaging::{
    Audience, Error, Reach,
    comment::{self, CommentChange, NewComment, Page, ThreadAction},
    temp_id::{self, Kind},
    thread,
};
use halyard_platform::on_both_databases;

use crate::{
    people::{NOW, Team, act, last_event, migrations, rows},
    support::*,
};

const EVERYONE: Audience =
    Audience { reach: Reach::Channel, recipients: Vec::new(), groups: Vec::new() };

fn words(content: &str) -> CommentChange {
    CommentChange { content: Some(content.to_owned()), ..CommentChange::default() }
}

on_both_databases! {
    migrations();

    async fn a_comment_moves_its_thread_on(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let id = start(test, team.ann, NOW, team.general, to(&[])).await.id;
        let said = done(test, team.bo, NOW + 5, move |tx, a| {
            comment::add(tx, a, &NewComment { temp_id: Some(-3), ..new_comment(id, "# First\nwords") })
        }).await;
        assert_eq!((said.obj_index, said.creator_name.as_str(), said.posted_at), (0, "bo", NOW + 5));
        assert_eq!((said.channel_id, said.workspace_id, said.version), (team.general, team.workspace, 1));
        assert_eq!(format!("{said:?}"), format!("{:?}", comment_of(test, team.ann, said.id).await));
        let resolved = see(test, team.bo, NOW, |tx, a| temp_id::resolve(tx, a, Kind::Comment, -3)).await;
        assert_eq!(resolved.unwrap(), said.id.0);
        let (kind, subject, payload) = last_event(&test.db).await;
        assert_eq!((kind.as_str(), subject), ("comment_added", format!("thread:{id}")));
        assert!(payload.contains("\"obj_index\":0"), "{payload}");
        let thread = look(test, team.ann, NOW, id).await;
        assert_eq!((thread.comment_count, thread.last_obj_index, thread.last_updated_at), (1, 0, NOW + 5));
        assert_eq!((thread.snippet.as_str(), thread.snippet_creator), ("First words", team.bo));
        assert_eq!(ids(&thread.participants_json), [team.ann, team.bo]);
        assert_eq!(ids(&thread.responders_json), [team.bo]);
        assert_eq!(thread.last_comment.unwrap().id, said.id);
        assert_eq!(pointer(test, &team, team.bo, NOW + 6, id).await, None, "the author has read it");
        assert_eq!(pointer(test, &team, team.ann, NOW + 6, id).await, Some((-1, false)));
        say(test, team.bo, NOW + 7, id, "more").await;
        let thread = look(test, team.ann, NOW, id).await;
        assert_eq!(ids(&thread.responders_json), [team.bo], "each once");
        invariants(test).await;
    }

    async fn a_comment_needs_words_or_files(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let id = start(test, team.ann, NOW, team.general, EVERYONE).await.id;
        for nothing in ["", " \n\t "] {
            let refused = act(&test.db, team.ann, move |tx, a| comment::add(tx, a, &new_comment(id, nothing))).await;
            assert!(matches!(refused, Err(Error::Invalid { field: "content", .. })), "{refused:?}");
        }
        assert_eq!(count(test, "select count(*) from comment").await, 0);
    }

    async fn the_pointer_of_the_author_stays_when_asked(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let id = start(test, team.ann, NOW, team.general, EVERYONE).await.id;
        done(test, team.bo, NOW + 1, move |tx, a| thread::mark_read(tx, a, id, -1)).await;
        let quiet = move |tx: &mut halyard_platform::db::Tx<'_>, a: &halyard_messaging::Actor| {
            comment::add(tx, a, &NewComment { moves_pointer: false, ..new_comment(id, "x") })
        };
        done(test, team.bo, NOW + 2, quiet).await;
        assert_eq!(pointer(test, &team, team.bo, NOW + 3, id).await, Some((-1, false)));
        say(test, team.bo, NOW + 4, id, "y").await;
        assert_eq!(pointer(test, &team, team.bo, NOW + 5, id).await, None);
        done(test, team.bo, NOW + 6, quiet).await;
        assert_eq!(pointer(test, &team, team.bo, NOW + 7, id).await, Some((1, false)));
    }

    async fn comments_close_and_reopen(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let id = start(test, team.ann, NOW, team.general, EVERYONE).await.id;
        let act_on = async |action| {
            done(test, team.bo, NOW, move |tx, a| {
                comment::add(tx, a, &NewComment { action, ..new_comment(id, "x") })
            }).await;
            (look(test, team.ann, NOW, id).await.closed, last_event(&test.db).await.0)
        };
        assert_eq!(act_on(Some(ThreadAction::Reopen)).await, (false, "comment_added".to_owned()));
        assert_eq!(act_on(Some(ThreadAction::Close)).await, (true, "thread_updated".to_owned()));
        assert_eq!(act_on(None).await, (true, "comment_added".to_owned()), "a closed thread takes comments");
        assert_eq!(act_on(Some(ThreadAction::Close)).await, (true, "comment_added".to_owned()));
        assert_eq!(act_on(Some(ThreadAction::Reopen)).await, (false, "thread_updated".to_owned()));
        assert_eq!(look(test, team.ann, NOW, id).await.comment_count, 5);
    }

    async fn authors_edit_their_own(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let id = start(test, team.ann, NOW, team.general, EVERYONE).await.id;
        let said = say(test, team.bo, NOW + 1, id, "old").await.id;
        let refused = act(&test.db, team.ann, move |tx, a| comment::update(tx, a, said, &words("x"))).await;
        assert!(matches!(refused, Err(Error::Forbidden(_))), "not even an admin: {refused:?}");
        let refused = act(&test.db, team.bo, move |tx, a| comment::update(tx, a, said, &words(&"x".repeat(15_001)))).await;
        assert!(matches!(refused, Err(Error::Invalid { field: "content", .. })), "{refused:?}");
        let edited = done(test, team.bo, NOW + 9, move |tx, a| comment::update(tx, a, said, &words("new"))).await;
        assert_eq!((edited.content.as_str(), edited.last_edited_at, edited.posted_at), ("new", Some(NOW + 9), NOW + 1));
        assert!(edited.version > 1);
        assert_eq!(last_event(&test.db).await.0, "comment_updated");
        let thread = look(test, team.ann, NOW, id).await;
        assert_eq!((thread.snippet.as_str(), thread.last_updated_at), ("new", NOW + 1));
        say(test, team.ann, NOW + 10, id, "newest").await;
        done(test, team.bo, NOW + 11, move |tx, a| comment::update(tx, a, said, &words("older"))).await;
        let thread = look(test, team.ann, NOW, id).await;
        assert_eq!((thread.snippet.as_str(), thread.snippet_creator), ("newest", team.ann));
        invariants(test).await;
    }

    async fn a_removed_comment_leaves_its_place(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let id = start(test, team.ann, NOW, team.general, EVERYONE).await.id;
        let bo = team.bo;
        let first = say(test, team.bo, NOW, id, "first").await.id;
        let second = say(test, team.bo, NOW, id, &format!("second [x](twist-mention://{})", team.ann)).await.id;
        let third = say(test, team.ann, NOW, id, "third").await.id;
        assert_eq!(pointer(test, &team, team.ann, NOW, id).await, None);
        done(test, team.ann, NOW, move |tx, a| thread::mark_unread(tx, a, id, 0)).await;
        assert_eq!(pointer(test, &team, team.ann, NOW, id).await, Some((0, true)));
        let refused = act(&test.db, bo, move |tx, a| comment::remove(tx, a, third)).await;
        assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
        done(test, team.ann, NOW + 3, move |tx, a| comment::remove(tx, a, second)).await;
        assert_eq!(last_event(&test.db).await.0, "comment_deleted");
        assert_eq!(pointer(test, &team, team.ann, NOW, id).await, Some((0, false)), "the mention is gone");
        let place = comment_of(test, bo, second).await;
        assert_eq!((place.content.as_str(), place.deleted, place.deleted_by, place.obj_index), ("", true, Some(team.ann), 1));
        assert_eq!((place.direct_mentions_json.as_str(), place.reactions_json.as_str()), ("[]", "{}"));
        let thread = look(test, bo, NOW, id).await;
        assert_eq!((thread.comment_count, thread.last_obj_index, thread.snippet.as_str()), (2, 2, "third"));
        let events = count(test, "select count(*) from event").await;
        done(test, bo, NOW, move |tx, a| comment::remove(tx, a, second)).await;
        assert_eq!(count(test, "select count(*) from event").await, events, "removed once");
        let refused = act(&test.db, bo, move |tx, a| comment::update(tx, a, second, &words("x"))).await;
        assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
        done(test, team.ann, NOW, move |tx, a| comment::remove(tx, a, third)).await;
        let thread = look(test, bo, NOW, id).await;
        assert_eq!((thread.snippet.as_str(), thread.snippet_creator, thread.last_obj_index), ("first", bo, 2));
        assert_eq!(thread.last_comment.unwrap().id, first);
        done(test, bo, NOW, move |tx, a| comment::remove(tx, a, first)).await;
        let thread = look(test, bo, NOW, id).await;
        assert_eq!((thread.snippet.as_str(), thread.snippet_creator, thread.comment_count), ("opening", team.ann, 0));
        assert!(thread.last_comment.is_none());
        assert_eq!(say(test, bo, NOW, id, "again").await.obj_index, 3);
        let contents: Vec<String> = rows(&test.db, "select content from comment order by obj_index").await;
        assert_eq!(contents, ["", "", "", "again"]);
        invariants(test).await;
    }

    async fn time_never_runs_backwards_in_a_thread(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let id = start(test, team.ann, NOW, team.general, EVERYONE).await.id;
        say(test, team.ann, NOW + 100, id, "a").await;
        let late = say(test, team.bo, NOW + 50, id, "b").await;
        assert_eq!(late.posted_at, NOW + 100, "another node's clock is behind");
        invariants(test).await;
    }

    async fn pages_of_comments(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let id = start(test, team.ann, NOW, team.general, EVERYONE).await.id;
        let none = see(test, team.ann, NOW, move |tx, a| {
            comment::list(tx, a, id, &Page { newer_than: Some(0), older_than: Some(i64::MAX), ..Page::default() })
        }).await.unwrap();
        assert!(none.is_empty());
        // Indexes 0 to 24 at NOW, NOW, NOW + 10, NOW + 10, …
        for index in 0..25 {
            say(test, team.ann, NOW + index / 2 * 10, id, "x").await;
        }
        let gone = see(test, team.ann, NOW, move |tx, a| comment::list(tx, a, id, &Page::default())).await.unwrap()[0].id;
        done(test, team.ann, NOW, move |tx, a| comment::remove(tx, a, gone)).await;
        let page = async |page: Page| -> Vec<i64> {
            let found = see(test, team.bo, NOW, move |tx, a| comment::list(tx, a, id, &page)).await;
            found.unwrap().iter().map(|comment| comment.obj_index).collect()
        };
        let all: Vec<i64> = (0..25).collect();
        let back = |range: std::ops::Range<i64>| range.rev().collect::<Vec<_>>();
        assert_eq!(page(Page::default()).await, back(5..25), "twenty, newest first, the removed one too");
        let rising = Page { ascending: true, limit: 500, ..Page::default() };
        assert_eq!(page(rising.clone()).await, all);
        assert_eq!(page(Page { limit: 3, ..rising.clone() }).await, [0, 1, 2]);
        assert_eq!(page(Page { from_index: 22, ..Page::default() }).await, back(22..25));
        assert_eq!(page(Page { to_index: 2, ..Page::default() }).await, back(0..3));
        assert_eq!(page(Page { from_index: -5, to_index: i64::MAX, ..rising.clone() }).await, all);
        assert!(page(Page { from_index: 4, to_index: 3, ..rising.clone() }).await.is_empty());
        for (moment, newer, older) in [
            (NOW - 1, 0, 0), (NOW, 2, 0), (NOW + 1, 2, 2), (NOW + 10, 4, 2), (NOW + 119, 24, 24),
            (NOW + 120, 25, 24), (NOW + 121, 25, 25), (i64::MAX, 25, 25), (i64::MIN, 0, 0),
        ] {
            let got = page(Page { newer_than: Some(moment), ..rising.clone() }).await;
            assert_eq!(got, (newer..25).collect::<Vec<_>>(), "newer than {moment}");
            let got = page(Page { older_than: Some(moment), ..rising.clone() }).await;
            assert_eq!(got, (0..older).collect::<Vec<_>>(), "older than {moment}");
        }
        let between = Page { newer_than: Some(NOW), older_than: Some(NOW + 30), from_index: 3, ..rising.clone() };
        assert_eq!(page(between).await, [3, 4, 5]);
        for limit in [0, -1, 501] {
            let refused = see(test, team.bo, NOW, move |tx, a| comment::list(tx, a, id, &Page { limit, ..Page::default() })).await;
            assert!(matches!(refused, Err(Error::Invalid { field: "limit", .. })), "{refused:?}");
        }
    }
}
