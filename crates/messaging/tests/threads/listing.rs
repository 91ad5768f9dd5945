//! Lists of threads: filters, order, pages.

use halyard_identity::UserId;
use halyard_messaging::{
    Audience, Error, Reach, ThreadId,
    thread::{self, Filter, FilterBy, Place},
};
use halyard_platform::{db::testing::TestDb, on_both_databases};

use crate::{
    people::{NOW, Team, migrations},
    support::*,
};

const EVERYONE: Audience =
    Audience { reach: Reach::Channel, recipients: Vec::new(), groups: Vec::new() };

async fn list(test: &TestDb, user: UserId, place: Place, filter: Filter) -> Vec<ThreadId> {
    let found = see(test, user, NOW, move |tx, a| thread::list(tx, a, place, &filter)).await;
    found.expect("the list").iter().map(|thread| thread.id).collect()
}

on_both_databases! {
    migrations();

    async fn filters_hold_together(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let place = Place::Channel(team.general);
        let mut t = Vec::new();
        for step in 0..6 {
            t.push(start(test, team.ann, NOW + step, team.general, EVERYONE).await.id);
        }
        let (a, b, c, d, e, f) = (t[0], t[1], t[2], t[3], t[4], t[5]);
        done(test, team.bo, NOW, move |tx, actor| {
            thread::pin(tx, actor, a)?;
            thread::star(tx, actor, b)?;
            thread::star(tx, actor, c)?;
            thread::unstar(tx, actor, c)?;
            thread::archive(tx, actor, d)?;
            thread::follow(tx, actor, e)
        }).await;
        let bo = team.bo;
        let get = async |filter: Filter| list(test, bo, place, filter).await;
        let any = Filter::default;
        assert_eq!(get(any()).await, [f, e, d, c, b, a], "newest first");
        assert_eq!(get(Filter { ascending: true, ..any() }).await, [a, b, c, d, e, f]);
        assert_eq!(get(Filter { limit: 2, ..any() }).await, [f, e]);
        assert_eq!(get(Filter { pinned: Some(true), ..any() }).await, [a]);
        assert_eq!(get(Filter { pinned: Some(false), ..any() }).await, [f, e, d, c, b]);
        assert_eq!(get(Filter { starred: Some(true), ..any() }).await, [b]);
        assert_eq!(get(Filter { starred: Some(false), ..any() }).await, [f, e, d, c, a]);
        assert_eq!(get(Filter { by: FilterBy::Starred, ..any() }).await, [b]);
        assert_eq!(get(Filter { by: FilterBy::Starred, starred: Some(false), ..any() }).await, [b]);
        assert_eq!(get(Filter { archived: Some(true), ..any() }).await, [d]);
        assert_eq!(get(Filter { archived: Some(false), ..any() }).await, [f, e, c, b, a]);
        assert_eq!(get(Filter { by: FilterBy::AttachedToMe, ..any() }).await, [e]);
        assert_eq!(get(Filter { exclude: vec![f, a, ThreadId(999)], ..any() }).await, [e, d, c, b]);
        assert_eq!(get(Filter { newer_than: Some(NOW + 3), ..any() }).await, [f, e]);
        assert_eq!(get(Filter { older_than: Some(NOW + 3), ..any() }).await, [c, b, a]);
        assert_eq!(get(Filter { newer_than: Some(NOW), older_than: Some(NOW + 3), ..any() }).await, [c, b]);
        assert_eq!(get(Filter { before_id: Some(c), ..any() }).await, [b, a]);
        assert_eq!(get(Filter { after_id: Some(c), ..any() }).await, [f, e, d]);
        assert_eq!(get(Filter { after_id: Some(a), before_id: Some(d), pinned: Some(false), ..any() }).await, [c, b]);
        for extreme in [i64::MIN, i64::MAX] {
            let all = Filter { newer_than: Some(extreme), ..any() };
            assert_eq!(get(all).await.len(), if extreme == i64::MIN { 6 } else { 0 });
            let all = Filter { older_than: Some(extreme), before_id: Some(ThreadId(extreme)), ..any() };
            assert_eq!(get(all).await.len(), if extreme == i64::MIN { 0 } else { 6 });
            let all = Filter { newer_than: Some(extreme), after_id: Some(ThreadId(extreme)), ..any() };
            assert_eq!(get(all).await.len(), if extreme == i64::MIN { 6 } else { 0 });
        }
        for limit in [0, -1, 501] {
            let refused = see(test, bo, NOW, move |tx, actor| {
                thread::list(tx, actor, place, &Filter { limit, ..Filter::default() })
            }).await;
            assert!(matches!(refused, Err(Error::Invalid { field: "limit", .. })), "{refused:?}");
        }
    }

    async fn a_workspace_lists_what_one_can_see(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let open = open_channel(test, &team, "open", true, &[]).await;
        let (a, b, c) = (
            start(test, team.ann, NOW, team.general, EVERYONE).await.id,
            start(test, team.ann, NOW + 1, team.side, EVERYONE).await.id,
            start(test, team.ann, NOW + 2, open, EVERYONE).await.id,
        );
        let place = Place::Workspace(team.workspace);
        for (user, seen) in [(team.ann, vec![c, b, a]), (team.bo, vec![c, a]), (team.gus, vec![b])] {
            assert_eq!(list(test, user, place, Filter::default()).await, seen);
        }
        let rising = Filter { ascending: true, ..Filter::default() };
        assert_eq!(list(test, team.ann, place, rising).await, [a, b, c]);
        // Another workspace has none of them.
        let other = see(test, team.eve, NOW, halyard_messaging::workspace::default).await.unwrap().id;
        assert_eq!(list(test, team.eve, Place::Workspace(other), Filter::default()).await, []);
    }

    async fn lists_carry_the_newest_comment_and_the_reader(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let bare = start(test, team.ann, NOW, team.general, EVERYONE).await.id;
        let id = start(test, team.ann, NOW, team.general, EVERYONE).await.id;
        say(test, team.bo, NOW + 1, id, "a").await;
        let newest = say(test, team.bo, NOW + 2, id, "b").await;
        let place = Place::Channel(team.general);
        let found = see(test, team.bo, NOW, move |tx, a| thread::list(tx, a, place, &Filter::default())).await.unwrap();
        assert_eq!(format!("{:?}", found[0]), format!("{:?}", look(test, team.bo, NOW, id).await));
        assert_eq!(format!("{:?}", found[1]), format!("{:?}", look(test, team.bo, NOW, bare).await));
        assert_eq!(format!("{:?}", found[0].last_comment), format!("{:?}", Some(Box::new(newest))));
        assert!(found[1].last_comment.is_none());
    }

    /// A client knows whole seconds. With the id of the last thread that it has got, the next page
    /// begins right behind it.
    async fn pages_neither_skip_nor_repeat(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let mut all = Vec::new();
        // Several in one second, some in one millisecond, out of the order of their ids.
        for step in [1_990, 10, 10, 500, 999, 1_000, 1_000, 2_001, 0, 1_999] {
            let id = start(test, team.ann, NOW + step, team.general, EVERYONE).await.id;
            all.push((NOW + step, id));
        }
        all.sort_unstable();
        let rising: Vec<ThreadId> = all.iter().map(|(_, id)| *id).collect();
        let falling: Vec<ThreadId> = rising.iter().rev().copied().collect();
        for place in [Place::Channel(team.general), Place::Workspace(team.workspace)] {
            for limit in [1, 2, 3, 7] {
                let (mut down, mut up) = (Vec::new(), Vec::new());
                let at = |id: ThreadId| all.iter().find(|(_, known)| *known == id).expect("known").0;
                let mut page = Filter { limit, ..Filter::default() };
                while down.len() < falling.len() {
                    let got = list(test, team.bo, place, page.clone()).await;
                    let last = *got.last().expect("a page");
                    down.extend(got);
                    page.older_than = Some(at(last).div_euclid(1_000) * 1_000);
                    page.before_id = Some(last);
                }
                assert_eq!(down, falling, "pages of {limit}");
                assert_eq!(list(test, team.bo, place, page).await, []);
                let mut page = Filter { limit, ascending: true, ..Filter::default() };
                while up.len() < rising.len() {
                    let got = list(test, team.bo, place, page.clone()).await;
                    let last = *got.last().expect("a page");
                    up.extend(got);
                    page.newer_than = Some(at(last).div_euclid(1_000) * 1_000 + 999);
                    page.after_id = Some(last);
                }
                assert_eq!(up, rising, "rising pages of {limit}");
                assert_eq!(list(test, team.bo, place, page).await, []);
            }
        }
    }

    async fn a_boundary_that_has_moved_loses_nothing(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let place = Place::Channel(team.general);
        let mut t = Vec::new();
        for step in [0, 100, 200, 300] {
            t.push(start(test, team.ann, NOW + step, team.general, EVERYONE).await.id);
        }
        let page = Filter { older_than: Some(NOW), before_id: Some(t[2]), ..Filter::default() };
        assert_eq!(list(test, team.bo, place, page.clone()).await, [t[1], t[0]]);
        // The thread at the boundary goes up: where in the second it was is not known any more.
        say(test, team.ann, NOW + 5_000, t[2], "x").await;
        assert_eq!(list(test, team.bo, place, page.clone()).await, [t[3], t[1], t[0]]);
        // One of another channel says nothing about this one.
        let foreign = start(test, team.ann, NOW + 150, team.side, EVERYONE).await.id;
        let page = Filter { before_id: Some(foreign), ..page };
        assert_eq!(list(test, team.bo, place, page).await, [t[3], t[1], t[0]]);
        let rising = Filter { newer_than: Some(NOW + 999), after_id: Some(t[2]), ascending: true, ..Filter::default() };
        assert_eq!(list(test, team.bo, place, rising).await, [t[0], t[1], t[3], t[2]]);
    }
}
