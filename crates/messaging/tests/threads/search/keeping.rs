//! The index against the posts: filled, repaired, emptied with what is removed.

use halyard_messaging::{
    Audience, Reach, doctor, purge,
    search::{self, Filling, Find},
    thread,
};
use halyard_platform::{db::Db, fulltext, on_both_databases, params};

use crate::{
    people::{NOW, Team, migrations},
    search::whole::index,
    support::*,
};

async fn fill(db: &Db) {
    let mut at = Filling::default();
    while let Some(next) = search::fill(db, at).await.expect("a slice") {
        at = next;
    }
}

async fn documents(db: &Db) -> i64 {
    db.read(|tx| tx.one("select count(*) from fulltext_index", params![])).await.expect("a number")
}

/// What the doctor finds wrong with the index.
async fn damage(db: &Db) -> Vec<(String, usize)> {
    let mut damage = Vec::new();
    for check in doctor::checks().into_iter().filter(|check| check.name.starts_with("search")) {
        let found = db.read(move |tx| check.look(tx)).await.expect(check.name);
        if !found.is_empty() {
            damage.push((check.name.to_owned(), found.keys.len()));
        }
    }
    damage
}

async fn repair(db: &Db) {
    for check in doctor::checks().into_iter().filter(|check| check.name.starts_with("search")) {
        db.write(move |tx| {
            let found = check.look(tx)?;
            check.repair(tx, &found.keys)
        })
        .await
        .expect(check.name);
    }
}

async fn forget_the_job(db: &Db) {
    db.write(|tx| tx.exec("delete from job", params![])).await.expect("gone");
}

on_both_databases! {
    migrations();

    async fn a_new_database_has_the_job_and_a_full_one_is_filled(test: &TestDb) {
        let db = &test.db;
        let jobs: Vec<String> = crate::people::rows(db, "select kind from job").await;
        assert_eq!(jobs, [search::FILL_JOB]);
        let team = Team::new(db).await;
        let thread = start(test, team.ann, NOW, team.general, Audience::of(Reach::Channel)).await.id;
        for n in 0..250 {
            say(test, team.ann, NOW, thread, &format!("saying {n}")).await;
        }
        assert_eq!(documents(db).await, 0);
        fill(db).await;
        assert_eq!(documents(db).await, 251);
        fill(db).await;
        index(db).await;
        assert_eq!(documents(db).await, 251, "twice is once");
        let workspace = team.workspace;
        let find = Find { text: Some("saying 249".to_owned()), limit: 9, ..Find::default() };
        let page = see(test, team.bo, NOW, move |tx, a| search::find(tx, a, workspace, &find)).await;
        assert_eq!(page.expect("a page").items.len(), 1);
    }

    async fn the_job_does_not_undo_what_the_follower_did(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let thread = start(test, team.ann, NOW, team.general, Audience::of(Reach::Channel)).await.id;
        let gone = say(test, team.ann, NOW, thread, "gone").await.id;
        done(test, team.ann, NOW, move |tx, a| halyard_messaging::comment::remove(tx, a, gone)).await;
        index(&test.db).await;
        fill(&test.db).await;
        assert_eq!(documents(&test.db).await, 1, "the thread only");
        assert_eq!(damage(&test.db).await, []);
    }

    async fn the_doctor_finds_and_repairs(test: &TestDb) {
        let db = &test.db;
        let team = Team::new(db).await;
        let thread = start(test, team.ann, NOW, team.general, Audience::of(Reach::Channel)).await.id;
        let one = say(test, team.ann, NOW, thread, "one").await.id;
        assert_eq!(damage(db).await, [], "the follower and the job have yet to come");
        forget_the_job(db).await;
        assert_eq!(damage(db).await, [], "the follower has yet to come");
        index(db).await;
        assert_eq!(damage(db).await, []);
        db.write(fulltext::clear).await.expect("cleared");
        db.write(move |tx| {
            fulltext::put(tx, &[fulltext::Document { id: one.0 * 4 + 5, words: vec!["x".into()] }])
        })
        .await
        .expect("nonsense");
        assert_eq!(
            damage(db).await,
            [
                ("search-missing-threads".to_owned(), 1),
                ("search-missing-comments".to_owned(), 1),
                ("search-stale-comments".to_owned(), 1)
            ]
        );
        repair(db).await;
        assert_eq!(damage(db).await, []);
        assert_eq!(documents(db).await, 2);
        db.write(|tx| search::rebuild(tx, NOW)).await.expect("rebuilt");
        assert_eq!((documents(db).await, damage(db).await), (0, vec![]), "the job has yet to come");
        fill(db).await;
        assert_eq!(documents(db).await, 2);
    }

    async fn removed_threads_leave_the_index(test: &TestDb) {
        let db = &test.db;
        let team = Team::new(db).await;
        let id = start(test, team.ann, NOW, team.general, Audience::of(Reach::Channel)).await.id;
        for n in 0..600 {
            say(test, team.ann, NOW, id, &format!("saying {n}")).await;
        }
        index(db).await;
        assert_eq!(documents(db).await, 601);
        done(test, team.ann, NOW, move |tx, a| thread::remove(tx, a, id)).await;
        while db.write(move |tx| purge::run(tx, purge::Target::Thread(id))).await.expect("purged") {}
        index(db).await;
        assert_eq!(documents(db).await, 0);
        assert_eq!(damage(db).await, []);
    }
}
