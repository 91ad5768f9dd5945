//! Many at the same time.

use std::collections::BTreeSet;

use halyard_messaging::{Audience, Error, Reach, comment, thread};
use halyard_platform::on_both_databases;

use crate::{
    people::{NOW, Team, act, act_at, migrations, rows},
    support::*,
};

on_both_databases! {
    migrations();

    async fn sixty_four_writers_leave_no_gap(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let id = start(test, team.ann, NOW, team.general, Audience::of(Reach::Channel)).await.id;
        let mut writers = Vec::new();
        for writer in 0..64_i64 {
            let (db, user) = (test.db.clone(), if writer % 2 == 0 { team.ann } else { team.bo });
            writers.push(tokio::spawn(async move {
                let mut indexes = Vec::new();
                for round in 0..4 {
                    let new = new_comment(id, "x");
                    // Clocks that differ.
                    let now = NOW + (writer * 7 + round * 13) % 50;
                    let said = act_at(&db, user, now, move |tx, a| comment::add(tx, a, &new)).await;
                    indexes.push(said.expect("a comment").obj_index);
                }
                indexes
            }));
        }
        let mut indexes = BTreeSet::new();
        for writer in writers {
            for index in writer.await.expect("a writer") {
                assert!(indexes.insert(index), "{index} twice");
            }
        }
        assert_eq!(indexes, (0..256).collect());
        let thread = look(test, team.ann, NOW, id).await;
        assert_eq!((thread.comment_count, thread.last_obj_index), (256, 255));
        assert_eq!(ids(&thread.responders_json).len(), 2);
        invariants(test).await;
    }

    async fn one_person_in_many_places_is_not_raised_by_themselves(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let id = start(test, team.ann, NOW, team.general, Audience::of(Reach::Channel)).await.id;
        let say = || act(&test.db, team.ann, move |tx, a| comment::add(tx, a, &new_comment(id, "x")));
        for _ in 0..8 {
            let (a, b, c, d) = tokio::join!(say(), say(), say(), say());
            for said in [a, b, c, d] {
                said.expect("a comment");
            }
        }
        let own = look(test, team.ann, NOW, id).await;
        assert_eq!((own.comment_count, own.in_inbox), (32, false));
        assert_eq!(pointer(test, &team, team.ann, NOW, id).await, None);
    }

    async fn removing_editing_and_moving_while_others_write(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let room = open_channel(test, &team, "room", true, &[team.bo]).await;
        let id = start(test, team.ann, NOW, team.general, Audience::of(Reach::Channel)).await.id;
        let write = async {
            for _ in 0..40 {
                act(&test.db, team.bo, move |tx, a| comment::add(tx, a, &new_comment(id, "x"))).await?;
            }
            Ok::<_, Error>(())
        };
        let remove = async {
            for _ in 0..40 {
                act(&test.db, team.ann, move |tx, a| {
                    let page = comment::list(tx, a, id, &comment::Page::default())?;
                    match page.iter().find(|comment| !comment.deleted) {
                        Some(comment) => comment::remove(tx, a, comment.id),
                        None => Ok(()),
                    }
                }).await?;
            }
            Ok::<_, Error>(())
        };
        let relocate = async {
            for round in 0..20 {
                let to = if round % 2 == 0 { room } else { team.general };
                act(&test.db, team.ann, move |tx, a| thread::move_to_channel(tx, a, id, to)).await?;
            }
            Ok::<_, Error>(())
        };
        let read = async {
            for round in 0..40 {
                let workspace = team.workspace;
                act_at(&test.db, team.bo, NOW + round, move |tx, a| thread::fold(tx, a, workspace)).await?;
                act_at(&test.db, team.bo, NOW + round, move |tx, a| {
                    thread::mark_all_read(tx, a, Some(workspace), None)
                }).await?;
            }
            Ok::<_, Error>(())
        };
        let (a, b, c, d) = tokio::join!(write, remove, relocate, read);
        for result in [a, b, c, d] {
            result.expect("nobody is in the other's way");
        }
        let said: Vec<i64> = rows(&test.db, "select count(*) from comment where system_message is null").await;
        assert_eq!(said, [40]);
        invariants(test).await;
    }
}
