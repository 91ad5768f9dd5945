//! Searches of a whole workspace: who finds what, filters and pages.

use halyard_identity::UserId;
use halyard_messaging::{
    Audience, ConversationId, Error, Reach, ThreadId, WorkspaceId, channel, comment, conversation,
    message,
    search::{self, FOLLOWER, Find, Hit, Page, Place, What},
    thread,
};
use halyard_platform::{
    clock::Millis,
    db::{
        Db,
        testing::{TestDb, eventually},
    },
    events::follow,
    on_both_databases, params,
};

use crate::{
    people::{NOW, Team, migrations},
    support::*,
};

/// Lets the follower see everything that has happened.
pub(crate) async fn index(db: &Db) {
    // Another database of the same server may hold events back for a moment.
    eventually("all events are in the index", || async {
        let enter = |batch, changed| search::settle(db, batch, changed);
        let entered = follow::step(db, FOLLOWER, search::BATCH, search::look, &enter).await;
        entered.expect("entered");
        let left: i64 = db
            .read(|tx| {
                tx.one(
                    "select count(*) from event where id > coalesce(
                         (select event_id from event_follower where name = 'messaging.search'), 0)",
                    params![],
                )
            })
            .await
            .expect("a number");
        left == 0
    })
    .await;
}

fn find(text: &str) -> Find {
    Find { text: Some(text.to_owned()), limit: 20, ..Find::default() }
}

async fn search(
    test: &TestDb,
    space: WorkspaceId,
    user: UserId,
    find: &Find,
) -> Result<Page, Error> {
    let find = find.clone();
    see(test, user, NOW, move |tx, a| search::find(tx, a, space, &find)).await
}

/// The threads and conversations of a page.
fn keys(page: &Page) -> Vec<String> {
    page.items
        .iter()
        .map(|item| match &item.place {
            Place::Thread { id, .. } => format!("t{id}"),
            Place::Conversation { id, .. } => format!("v{id}"),
        })
        .collect()
}

async fn found(test: &TestDb, team: &Team, user: UserId, find: &Find) -> Vec<String> {
    keys(&search(test, team.workspace, user, find).await.expect("a page"))
}

async fn post(
    test: &TestDb,
    by: UserId,
    now: Millis,
    mut new: thread::NewThread,
    title: &str,
) -> ThreadId {
    new.title = title.to_owned();
    done(test, by, now, move |tx, a| thread::add(tx, a, &new)).await.id
}

async fn write(test: &TestDb, by: UserId, now: Millis, to: ConversationId, content: &str) {
    let post = text(content);
    done(test, by, now, move |tx, a| message::add(tx, a, to, &post)).await;
}

fn everyone() -> Audience {
    Audience::of(Reach::Channel)
}

on_both_databases! {
    migrations();

    async fn only_what_one_may_see_is_found(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let (space, ann, bo, gus) = (team.workspace, team.ann, team.bo, team.gus);
        let open = post(test, ann, NOW, new_thread(team.general, everyone(), "falcon"), "Falcon").await;
        let side = post(test, ann, NOW + 1_000, new_thread(team.side, everyone(), "falcon"), "Falcon").await;
        say(test, ann, NOW + 2_000, side, "the falcon flies").await;
        let talk = done(test, ann, NOW, move |tx, a| {
            conversation::get_or_create(tx, a, space, &[bo])
        }).await.id;
        write(test, ann, NOW + 3_000, talk, "falcon in private").await;
        index(&test.db).await;
        let (open, side, talk) = (format!("t{open}"), format!("t{side}"), format!("v{talk}"));
        let falcon = find("falcon");
        assert_eq!(found(test, &team, ann, &falcon).await, [&*talk, &*side, &*open]);
        assert_eq!(found(test, &team, bo, &falcon).await, [&*talk, &*open]);
        assert_eq!(found(test, &team, gus, &falcon).await, [&*side]);
        for user in [team.rae, team.eve] {
            let refused = search(test, space, user, &falcon).await;
            assert!(matches!(refused, Err(Error::WorkspaceNotFound)));
        }
        for (user, expected) in [(ann, 2), (bo, 1), (gus, 1)] {
            let titles = see(test, user, NOW, move |tx, a| search::titles(tx, a, space, "fal", 10));
            assert_eq!(titles.await.expect("titles").len(), expected);
        }
        let general = team.general;
        let refused = Find { channels: Some(vec![general]), ..find("falcon") };
        assert!(matches!(search(test, space, gus, &refused).await, Err(Error::ChannelNotFound)));
        let refused = Find { conversations: Some(vec![ConversationId(1)]), ..find("falcon") };
        assert!(matches!(search(test, space, gus, &refused).await, Err(Error::ConversationNotFound)));
        // Whoever joins later finds it, whoever leaves does not.
        let side_channel = team.side;
        done(test, ann, NOW, move |tx, a| channel::add_users(tx, a, side_channel, &[bo])).await;
        done(test, gus, NOW, move |tx, a| channel::remove_users(tx, a, side_channel, &[gus])).await;
        assert_eq!(found(test, &team, bo, &falcon).await, [&*talk, &*side, &*open]);
        assert_eq!(found(test, &team, gus, &falcon).await, [""; 0]);
    }

    async fn a_place_comes_once_by_its_newest_hit(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let ann = team.ann;
        let new = new_thread(team.general, everyone(), "about the heron");
        let id = post(test, ann, NOW, new, "Birds").await;
        index(&test.db).await;
        let hit = async |query: &str| {
            let page = search(test, team.workspace, ann, &find(query)).await.expect("a page");
            page.items.first().map(|item| (item.hit, item.snippet.clone()))
        };
        assert_eq!(hit("birds").await, Some((Hit::Title, "about the heron".to_owned())));
        assert_eq!(hit("heron").await, Some((Hit::Opening, "about the heron".to_owned())));
        assert_eq!(hit("birds heron").await.map(|hit| hit.0), Some(Hit::Opening));
        say(test, ann, NOW + 1_000, id, "a heron").await;
        let last = say(test, ann, NOW + 2_000, id, "another **heron**").await.id;
        say(test, ann, NOW + 3_000, id, "no bird").await;
        index(&test.db).await;
        assert_eq!(hit("heron").await, Some((Hit::Comment(last), "another heron".to_owned())));
        let page = search(test, team.workspace, ann, &find("heron")).await.expect("a page");
        assert_eq!((page.items.len(), page.next), (1, None));
        let titles = Find { in_titles: true, ..find("heron") };
        assert_eq!(found(test, &team, ann, &titles).await, [""; 0]);
    }

    async fn filters_hold_together(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let (space, ann, bo) = (team.workspace, team.ann, team.bo);
        let other = open_channel(test, &team, "Other", true, &[bo]).await;
        let one = post(test, ann, NOW, new_thread(team.general, to(&[bo]), "crane"), "One").await;
        let mention = format!("crane [Bo](twist-mention://{bo})");
        let two = post(test, ann, NOW + 5_000, new_thread(other, everyone(), &mention), "Two").await;
        let three = post(test, bo, NOW + 10_000, new_thread(other, everyone(), "crane"), "Crane").await;
        let talk = done(test, ann, NOW, move |tx, a| {
            conversation::get_or_create(tx, a, space, &[bo])
        }).await.id;
        write(test, ann, NOW + 15_000, talk, "crane").await;
        index(&test.db).await;
        let (one, two, three, v) = (format!("t{one}"), format!("t{two}"), format!("t{three}"), format!("v{talk}"));
        let base = || find("crane");
        for (name, find, expected) in [
            ("all", base(), vec![&v, &three, &two, &one]),
            ("threads", Find { what: What::Threads, ..base() }, vec![&three, &two, &one]),
            ("messages", Find { what: What::Messages, ..base() }, vec![&v]),
            ("titles", Find { in_titles: true, ..base() }, vec![&three]),
            ("by", Find { by: vec![bo], ..base() }, vec![&three]),
            ("by either", Find { by: vec![bo, ann], ..base() }, vec![&v, &three, &two, &one]),
            ("to", Find { to: Some(bo), ..base() }, vec![&v, &two, &one]),
            ("to its author", Find { to: Some(ann), ..base() }, vec![]),
            ("channel", Find { channels: Some(vec![other]), ..base() }, vec![&three, &two]),
            ("no channel", Find { channels: Some(vec![]), ..base() }, vec![]),
            ("conversation", Find { conversations: Some(vec![talk]), ..base() }, vec![&v]),
            ("both", Find { channels: Some(vec![other]), conversations: Some(vec![talk]), ..base() }, vec![&v, &three, &two]),
            ("threads of a conversation", Find { what: What::Threads, conversations: Some(vec![talk]), ..base() }, vec![]),
            ("from", Find { from: Some(NOW + 5_000), ..base() }, vec![&v, &three, &two]),
            ("until", Find { until: Some(NOW + 10_000), ..base() }, vec![&two, &one]),
            ("between", Find { from: Some(NOW + 5_000), until: Some(NOW + 10_000), ..base() }, vec![&two]),
            ("mentions", Find { text: None, mentions_me: true, ..base() }, vec![&two]),
        ] {
            let found: Vec<String> = found(test, &team, bo, &find).await;
            assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{name}");
        }
        let nothing = Find { text: None, ..base() };
        assert!(matches!(search(test, space, bo, &nothing).await, Err(Error::Invalid { .. })));
    }

    async fn pages_neither_skip_nor_repeat_a_place(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let ann = team.ann;
        let mut threads = Vec::new();
        for n in 0..7 {
            let new = new_thread(team.general, everyone(), "swan");
            threads.push(post(test, ann, NOW + n, new, "T").await);
        }
        for (n, id) in threads.iter().enumerate() {
            for k in 0..3 {
                say(test, ann, NOW + 1_000 * (n as i64 + 7 * k), *id, "swan").await;
            }
        }
        index(&test.db).await;
        let mut expected: Vec<String> = threads.iter().map(|id| format!("t{id}")).collect();
        expected.reverse();
        for limit in [1, 2, 3, 7, 8] {
            let (mut all, mut cursor, mut pages) = (Vec::new(), None, 0);
            loop {
                let find = Find { limit, cursor, ..find("swan") };
                let page = search(test, team.workspace, team.bo, &find).await.expect("a page");
                all.extend(keys(&page));
                pages += 1;
                match page.next {
                    Some(next) => cursor = Some(next),
                    None => break,
                }
            }
            assert_eq!(all, expected, "{limit}");
            assert_eq!(pages, 7_usize.div_ceil(limit), "{limit}");
        }
        let odd = Find { cursor: Some("odd".to_owned()), ..find("swan") };
        assert_eq!(found(test, &team, ann, &odd).await, expected, "a strange cursor is none");
    }

    async fn what_changes_is_found_as_it_is_now(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let (ann, side, general) = (team.ann, team.side, team.general);
        let id = post(test, ann, NOW, new_thread(general, everyone(), "old words"), "Old").await;
        let said = say(test, ann, NOW, id, "first saying").await.id;
        index(&test.db).await;
        let t = format!("t{id}");
        done(test, ann, NOW, move |tx, a| {
            let change = thread::ThreadChange {
                title: Some("New".to_owned()),
                content: Some("fresh words".to_owned()),
                ..thread::ThreadChange::default()
            };
            thread::update(tx, a, id, &change)?;
            let change = comment::CommentChange {
                content: Some("second saying".to_owned()),
                ..comment::CommentChange::default()
            };
            comment::update(tx, a, said, &change)
        }).await;
        index(&test.db).await;
        for (query, there) in [("old", false), ("new", true), ("fresh", true), ("first", false), ("second", true)] {
            assert_eq!(!found(test, &team, ann, &find(query)).await.is_empty(), there, "{query}");
        }
        done(test, ann, NOW, move |tx, a| thread::move_to_channel(tx, a, id, side)).await;
        index(&test.db).await;
        assert_eq!(found(test, &team, team.bo, &find("second")).await, [""; 0], "moved out of sight");
        assert_eq!(found(test, &team, team.gus, &find("second")).await, [&t[..]]);
        done(test, ann, NOW, move |tx, a| comment::remove(tx, a, said)).await;
        index(&test.db).await;
        assert_eq!(found(test, &team, ann, &find("second")).await, [""; 0]);
        done(test, ann, NOW, move |tx, a| thread::remove(tx, a, id)).await;
        assert_eq!(found(test, &team, ann, &find("fresh")).await, [""; 0], "at once");
    }
}
