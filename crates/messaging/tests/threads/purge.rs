use halyard_messaging::{
    Audience, Error, Reach, channel, comment, member,
    purge::{self, Target},
    reaction, thread, workspace,
};
use halyard_platform::{db::testing::TestDb, on_both_databases, params};

use crate::{
    people::{NOW, Team, invitation, migrations, rows},
    support::*,
};

/// Runs the purges that wait, slice by slice, as the worker does; answers the slices of each.
async fn purge_all(test: &TestDb) -> Vec<u32> {
    let jobs: Vec<String> =
        rows(&test.db, "select payload from job where kind = 'messaging.purge' order by id").await;
    let mut slices = Vec::new();
    for payload in jobs {
        let target: Target = serde_json::from_str(&payload).expect("a target");
        let mut count = 1;
        while test.db.write(move |tx| purge::run(tx, target)).await.expect("a slice") {
            count += 1;
        }
        // A job may run twice.
        let again: Result<bool, Error> = test.db.write(move |tx| purge::run(tx, target)).await;
        assert!(!again.expect("nothing to do"));
        slices.push(count);
    }
    slices
}

const LEFT: &str = "select (select count(*) from thread) + (select count(*) from comment)
    + (select count(*) from thread_state) + (select count(*) from thread_mention)
    + (select count(*) from attachment_use)";

on_both_databases! {
    migrations();

    async fn a_removed_thread_goes_in_slices_and_others_stay(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let kept = start(test, team.ann, NOW, team.general, Audience::of(Reach::Channel)).await.id;
        say(test, team.bo, NOW, kept, "stays").await;
        done(test, team.bo, NOW, move |tx, a| thread::star(tx, a, kept)).await;
        let before = count(test, LEFT).await;
        let id = start(test, team.ann, NOW, team.general, Audience::of(Reach::Channel)).await.id;
        let bo = team.bo;
        say(test, team.ann, NOW, id, &format!("[b](twist-mention://{bo})")).await;
        done(test, team.ann, NOW, move |tx, a| {
            for _ in 0..1_100 {
                comment::add(tx, a, &new_comment(id, "x"))?;
            }
            let said: i64 = tx.one("select max(id) from comment", params![])?;
            tx.exec(
                "insert into attachment (id, owner, blob, sha256, file_name, file_size, media_type, url_type, created_at)
                 values ('f', $1, 'b', '', 'n', 1, 'm', 'file', 0)", params![a.user])?;
            tx.exec("insert into attachment_use (attachment_id, comment_id) values ('f', $1)", params![said])?;
            tx.exec("insert into attachment_use (attachment_id, thread_id) values ('f', $1)", params![id])?;
            Ok(())
        }).await;
        done(test, team.ann, NOW, move |tx, a| thread::remove(tx, a, id)).await;
        assert_eq!(purge_all(test).await, [4], "1,101 comments in slices of 500, then the rest");
        assert_eq!(count(test, LEFT).await, before);
        assert_eq!(look(test, bo, NOW, kept).await.comment_count, 1);
        invariants(test).await;
    }

    async fn a_removed_channel_takes_its_threads(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let kept = start(test, team.ann, NOW, team.general, Audience::of(Reach::Channel)).await.id;
        let before = count(test, LEFT).await;
        let room = open_channel(test, &team, "room", true, &[team.bo]).await;
        for _ in 0..3 {
            let id = start(test, team.ann, NOW, room, Audience::of(Reach::Channel)).await.id;
            let said = say(test, team.bo, NOW, id, "x").await.id;
            done(test, team.bo, NOW, move |tx, a| reaction::add(tx, a, reaction::Target::Comment(said), "+1")).await;
        }
        done(test, team.ann, NOW, move |tx, a| {
            channel::archive(tx, a, room)?;
            channel::remove(tx, a, room)
        }).await;
        purge_all(test).await;
        assert_eq!(count(test, LEFT).await, before);
        let channels: Vec<String> = rows(&test.db, "select name from channel order by name").await;
        assert_eq!(channels, ["General", "General", "side"]);
        look(test, team.bo, NOW, kept).await;
    }

    async fn a_removed_workspace_takes_its_channels(test: &TestDb) {
        let team = Team::new(&test.db).await;
        start(test, team.ann, NOW, team.general, Audience::of(Reach::Channel)).await;
        done(test, team.ann, NOW, move |tx, a| workspace::remove(tx, a, team.workspace)).await;
        purge_all(test).await;
        assert_eq!(count(test, LEFT).await, 0);
        let channels: Vec<String> = rows(&test.db, "select name from channel").await;
        assert_eq!(channels, ["General"], "Eve's");
        let own = done(test, team.eve, NOW, workspace::default).await.id;
        done(test, team.eve, NOW, move |tx, a| {
            member::invite(tx, a, own, &invitation("bo", halyard_messaging::Role::User, &[]))
        }).await;
    }
}
