//! Who gets which mail, and when.

use std::collections::BTreeMap;

use halyard_identity::{Mail, UserId};
use halyard_messaging::{
    Actor, Audience, Reach,
    comment::{self, NewComment},
    conversation,
    mail::{
        self, FOLLOWER, Outcome, Place,
        address::{self, Target},
        received::{self, Refusal},
    },
    member, message, notification, thread,
};
use halyard_platform::{
    clock::Millis, db::testing::TestDb, events::follow, on_both_databases, params, random::Random,
};

use crate::{
    people::{NOW, Team, act, migrations, rows},
    support::*,
};

const MINUTE: Millis = 60_000;
/// How long an event may take until it can be read.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

fn place() -> Place {
    Place {
        base: Some("https://h.example.com".to_owned()),
        domain: Some("in.example.com".to_owned()),
        random: Random::os(),
    }
}

/// The team, after everything that made it has been told.
async fn crew(test: &TestDb) -> Team {
    let team = Team::new(&test.db).await;
    follow_up(test, NOW).await;
    assert_eq!(recipients(&sent(test).await), ["rae"], "who was removed");
    team
}

/// Lets the follower see everything that has happened.
async fn follow_up(test: &TestDb, now: Millis) {
    let started = std::time::Instant::now();
    loop {
        let (batch, seen) = test
            .db
            .read(move |tx| {
                let batch = follow::next(tx, FOLLOWER, 100)?;
                let seen = mail::look(tx, &batch.events, now)?;
                Ok::<_, halyard_messaging::Error>((batch, seen))
            })
            .await
            .unwrap();
        if batch.events.is_empty() {
            let at = "select e.id, (select max(event_id) from event_follower) from event e
                order by e.id desc limit 1";
            let (newest, seen) = rows::<(i64, Option<i64>)>(&test.db, at).await[0];
            if seen == Some(newest) {
                return;
            }
            // A transaction of another test on the same server holds readers back.
            assert!(started.elapsed() < PATIENCE, "event {newest} does not become readable");
            tokio::task::yield_now().await;
            continue;
        }
        test.db
            .write(move |tx| {
                assert!(batch.settle(tx)?);
                mail::record(tx, &seen, now)
            })
            .await
            .unwrap();
    }
}

/// What those who are due are to be told, without telling it yet.
async fn outcomes(test: &TestDb, now: Millis) -> Vec<Outcome> {
    let found = test.db.read(move |tx| {
        let mut outcomes = Vec::new();
        for due in mail::next_due(tx, now, 10_000)? {
            outcomes.push(mail::letters(tx, &due, &place(), now)?);
        }
        Ok::<_, halyard_messaging::Error>(outcomes)
    });
    found.await.unwrap()
}

async fn settle(test: &TestDb, outcomes: Vec<Outcome>, now: Millis) {
    test.db.write(move |tx| mail::settle(tx, &outcomes, &place(), now)).await.unwrap();
}

/// The mails that were sent since the last call, by their recipients.
async fn sent(test: &TestDb) -> Vec<Mail> {
    let payloads: Vec<String> = test
        .db
        .write(|tx| -> Result<_, halyard_platform::db::Error> {
            let all =
                tx.all("select payload from job where kind = 'mail.send' order by id", params![])?;
            tx.exec("delete from job where kind = 'mail.send'", params![])?;
            Ok(all)
        })
        .await
        .unwrap();
    let mut mails: Vec<Mail> =
        payloads.iter().map(|payload| serde_json::from_str(payload).unwrap()).collect();
    mails.sort_by(|a, b| a.to.cmp(&b.to));
    mails
}

/// Everything that happens up to a moment.
async fn mails_by(test: &TestDb, now: Millis) -> Vec<Mail> {
    follow_up(test, now).await;
    let due = outcomes(test, now).await;
    settle(test, due, now).await;
    sent(test).await
}

fn recipients(mails: &[Mail]) -> Vec<&str> {
    mails.iter().map(|mail| mail.to.split('@').next().unwrap()).collect()
}

async fn choose(test: &TestDb, team: &Team, user: UserId, settings: &[(&str, i64)]) {
    let workspace = team.workspace;
    let changes: BTreeMap<String, i64> =
        settings.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
    done(test, user, NOW, move |tx, actor| notification::set(tx, actor, workspace, &changes)).await;
}

const CHANNEL: Audience =
    Audience { reach: Reach::Channel, recipients: Vec::new(), groups: Vec::new() };

on_both_databases! {
    migrations();

    async fn posts_of_a_window_are_one_mail_about_what_is_still_unread(test: &TestDb) {
        let team = crew(test).await;
        let thread = start(test, team.ann, NOW, team.general, CHANNEL).await;
        say(test, team.ann, NOW + 1, thread.id, "first [Bo](twist-mention://2) <b>").await;
        assert_eq!(recipients(&mails_by(test, NOW + 9 * MINUTE).await), [""; 0], "too early");
        say(test, team.ann, NOW + 9 * MINUTE, thread.id, "second").await;
        let mails = mails_by(test, NOW + 10 * MINUTE).await;
        assert_eq!(recipients(&mails), ["bo"], "not the author, nobody outside the channel");
        let mail = &mails[0];
        assert_eq!(mail.subject, "[General] T");
        let parts = ["opening", "first Bo <b>", "second"];
        let at: Vec<_> = parts.iter().map(|part| mail.text.find(part).expect(part)).collect();
        assert!(at.is_sorted(), "{}", mail.text);
        assert!(mail.html.as_ref().unwrap().contains("first Bo &lt;b&gt;"));
        assert_eq!(mail.about, Some(format!("thread-{}", thread.id)));
        let reply_to = mail.reply_to.clone().unwrap();
        let local = reply_to.strip_suffix("@in.example.com").unwrap().to_owned();
        let address = test.db.read(move |tx| address::find(tx, &local)).await.unwrap().unwrap();
        assert_eq!((address.target, address.owner), (Target::Thread(thread.id), Some(team.bo)));
        let url = mail.unsubscribe.as_ref().unwrap();
        assert!(url.starts_with("https://h.example.com/mail/unsubscribe/un-"), "{url}");

        assert_eq!(mails_by(test, NOW + 60 * MINUTE).await, [], "once");
        say(test, team.ann, NOW + 61 * MINUTE, thread.id, "third").await;
        let next = mails_by(test, NOW + 90 * MINUTE).await;
        assert_eq!(next.len(), 1);
        assert!(next[0].text.contains("third") && !next[0].text.contains("second"));
        assert_eq!(next[0].reply_to, Some(reply_to), "one address for each person and thread");
        let left: Vec<i64> = rows(&test.db, "select count(*) from mail_due").await;
        test.db.write(mail::forget_told).await.unwrap();
        let ranges: Vec<i64> = rows(&test.db, "select count(*) from mail_range").await;
        assert_eq!((left, ranges), (vec![0], vec![0]));
    }

    async fn what_was_read_meanwhile_or_muted_or_unwanted_is_not_told(test: &TestDb) {
        let team = crew(test).await;
        let (ann, bo) = (team.ann, team.bo);
        let thread = start(test, ann, NOW, team.general, CHANNEL).await;
        follow_up(test, NOW).await;
        done(test, bo, NOW + 5, move |tx, a| thread::mark_read(tx, a, thread.id, -1)).await;
        assert_eq!(mails_by(test, NOW + 10 * MINUTE).await, []);

        done(test, bo, NOW + 11 * MINUTE, move |tx, a| thread::follow(tx, a, thread.id)).await;
        say(test, ann, NOW + 12 * MINUTE, thread.id, "to be told").await;
        assert_eq!(recipients(&mails_by(test, NOW + 22 * MINUTE).await), ["bo"]);
        done(test, bo, NOW + 23 * MINUTE, move |tx, a| thread::mute(tx, a, thread.id, 60)).await;
        say(test, ann, NOW + 24 * MINUTE, thread.id, "muted").await;
        assert_eq!(mails_by(test, NOW + 50 * MINUTE).await, []);
        done(test, bo, NOW + 51 * MINUTE, move |tx, a| thread::unmute(tx, a, thread.id)).await;
        choose(test, &team, bo, &[("email_comments", 0)]).await;
        say(test, ann, NOW + 52 * MINUTE, thread.id, "unwanted").await;
        assert_eq!(mails_by(test, NOW + 70 * MINUTE).await, []);
        start(test, ann, NOW + 71 * MINUTE, team.general, CHANNEL).await;
        assert_eq!(recipients(&mails_by(test, NOW + 90 * MINUTE).await), ["bo"]);
    }

    async fn without_aggregation_each_post_has_its_mail_after_the_delay(test: &TestDb) {
        let team = crew(test).await;
        choose(test, &team, team.bo, &[("email_aggregate", 0), ("push_delay", 30)]).await;
        let thread = start(test, team.ann, NOW, team.general, CHANNEL).await;
        say(test, team.ann, NOW + 1, thread.id, &format!("[Bo](twist-mention://{})", team.bo))
            .await;
        assert_eq!(mails_by(test, NOW + 29_000).await, []);
        let mails = mails_by(test, NOW + 30_000).await;
        assert_eq!(recipients(&mails), ["bo", "bo"]);
        assert!(mails.iter().all(|mail| mail.subject == "[General] T"));
    }

    async fn only_those_are_told_whom_a_post_concerns(test: &TestDb) {
        let team = crew(test).await;
        let thread = start(test, team.ann, NOW, team.side, to(&[])).await;
        assert_eq!(mails_by(test, NOW + 10 * MINUTE).await, [], "nobody was named");
        say(test, team.ann, NOW + 11 * MINUTE, thread.id, "to the thread, where only Ann is").await;
        assert_eq!(mails_by(test, NOW + 30 * MINUTE).await, []);
        let named = NewComment { audience: to(&[team.gus]), ..new_comment(thread.id, "you") };
        done(test, team.ann, NOW + 31 * MINUTE, move |tx, a| comment::add(tx, a, &named)).await;
        assert_eq!(recipients(&mails_by(test, NOW + 50 * MINUTE).await), ["gus"]);
        // He is in the thread now; a comment to others does not concern him.
        let other = NewComment { audience: to(&[team.ann]), ..new_comment(thread.id, "Ann") };
        done(test, team.ann, NOW + 51 * MINUTE, move |tx, a| comment::add(tx, a, &other)).await;
        assert_eq!(mails_by(test, NOW + 70 * MINUTE).await, []);
        say(test, team.ann, NOW + 71 * MINUTE, thread.id, "all in the thread").await;
        follow_up(test, NOW + 71 * MINUTE).await;
        // Who has left in the meantime is told nothing of it.
        let (workspace, gus) = (team.workspace, team.gus);
        done(test, team.ann, NOW + 72 * MINUTE, move |tx, a| {
            member::remove(tx, a, workspace, gus)
        })
        .await;
        let mails = mails_by(test, NOW + 90 * MINUTE).await;
        assert_eq!(recipients(&mails), ["gus"]);
        assert_eq!(mails[0].subject, "You are no longer in Crew");
    }

    async fn what_concerns_somebody_is_found_behind_much_that_does_not(test: &TestDb) {
        let team = crew(test).await;
        let (ann, bo, gus) = (team.ann, team.bo, team.gus);
        let side = team.side;
        test.db
            .write(move |tx| {
                tx.exec(
                    "insert into channel_member (channel_id, user_id, read_before, joined_at)
                     values ($1, $2, 0, 0)",
                    params![side, bo],
                )
            })
            .await
            .unwrap();
        let id = start(test, ann, NOW, side, to(&[gus])).await.id;
        done(test, gus, NOW, move |tx, a| thread::follow(tx, a, id)).await;
        let other = start(test, ann, NOW, side, to(&[])).await.id;
        let mention = format!("at last [Bo](twist-mention://{bo})");
        done(test, ann, NOW + 1, move |tx, actor| {
            for n in 0..450 {
                comment::add(tx, actor, &new_comment(id, &format!("to the thread {n}")))?;
            }
            comment::add(tx, actor, &new_comment(other, &mention))
        })
        .await;
        let mails = mails_by(test, NOW + 11 * MINUTE).await;
        let to_bo: Vec<&Mail> = mails.iter().filter(|mail| mail.to.starts_with("bo@")).collect();
        assert_eq!(to_bo.len(), 1, "{:?}", recipients(&mails));
        assert!(to_bo[0].text.contains("at last") && !to_bo[0].text.contains("to the thread"));
        let to_gus = mails.iter().find(|mail| mail.to.starts_with("gus@")).expect("a mail");
        assert_eq!(to_gus.subject, "[Crew] more than 100 unread posts");
        let left = "select count(*) from mail_named";
        assert!(rows::<i64>(&test.db, left).await[0] > 0);
        test.db.write(mail::forget_told).await.unwrap();
        assert_eq!(rows::<i64>(&test.db, left).await, [0]);
    }

    async fn a_big_channel_costs_a_row_for_each_reader_once_in_a_window(test: &TestDb) {
        let team = crew(test).await;
        test.db.write(move |tx| -> Result<(), halyard_platform::db::Error> {
            for id in 1_000..1_300 {
                let name = format!("p{id}@example.com");
                tx.exec(
                    "insert into users (id, name, email, email_key, lang, timezone, date_format,
                         time_format, created_at) values ($1, $2, $2, $2, 'en', 'UTC', '', '', 0)",
                    params![id, &name],
                )?;
                tx.exec(
                    "insert into member (workspace_id, user_id, role, joined_at)
                     values ($1, $2, 'user', 0)",
                    params![team.workspace, id],
                )?;
                tx.exec(
                    "insert into channel_member (channel_id, user_id, read_before, joined_at)
                     values ($1, $2, 0, 0)",
                    params![team.general, id],
                )?;
            }
            Ok(())
        }).await.unwrap();
        let count = async || {
            let sql = "select (select count(*) from mail_due), (select count(*) from mail_range),
                (select count(*) from job where kind = 'mail.due')";
            rows::<(i64, i64, i64)>(&test.db, sql).await[0]
        };
        for posted in 1..=3 {
            start(test, team.ann, NOW + posted, team.general, CHANNEL).await;
            follow_up(test, NOW + posted).await;
            // Everybody but the author waits once, and one job looks after all of them.
            assert_eq!(count().await, (301, posted, 1));
        }
        let mails = mails_by(test, NOW + 11 * MINUTE).await;
        assert_eq!(mails.len(), 301);
        assert!(mails.iter().all(|mail| mail.subject == "[Crew] 3 unread posts"));
        assert!(mails.iter().all(|mail| mail.reply_to.is_none()), "answers to which thread?");
    }

    async fn nobody_is_forgotten_who_is_told_while_more_is_posted(test: &TestDb) {
        let team = crew(test).await;
        let thread = start(test, team.ann, NOW, team.general, CHANNEL).await;
        follow_up(test, NOW).await;
        let now = NOW + 10 * MINUTE;
        let due = outcomes(test, now).await;
        // The follower finds Bo waiting, so it adds nobody.
        say(test, team.ann, now, thread.id, &format!("late [Bo](twist-mention://{})", team.bo))
            .await;
        follow_up(test, now).await;
        // Two nodes deal with it.
        settle(test, due.clone(), now).await;
        settle(test, due, now).await;
        let first = sent(test).await;
        assert_eq!(first.len(), 1);
        assert!(!first[0].text.contains("late"));
        let second = mails_by(test, now + 10 * MINUTE).await;
        assert_eq!(second.len(), 1);
        assert!(second[0].text.contains("late") && !second[0].text.contains("opening"));
    }

    async fn quiet_times_hold_mails_back(test: &TestDb) {
        let team = crew(test).await;
        let (bo, until) = (team.bo, NOW + 120 * MINUTE);
        test.db.write(move |tx| {
            tx.exec("update users set snooze_until = $2 where id = $1", params![bo, until])
        }).await.unwrap();
        start(test, team.ann, NOW, team.general, CHANNEL).await;
        assert_eq!(mails_by(test, NOW + 60 * MINUTE).await, []);
        assert_eq!(mails_by(test, until - 1).await, []);
        assert_eq!(recipients(&mails_by(test, until).await), ["bo"]);
    }

    async fn messages_reach_those_in_the_conversation(test: &TestDb) {
        let team = crew(test).await;
        let (workspace, bo) = (team.workspace, team.bo);
        let id = done(test, team.ann, NOW, move |tx, a| {
            Ok(conversation::get_or_create(tx, a, workspace, &[bo])?.id)
        })
        .await;
        done(test, team.ann, NOW, move |tx, a| message::add(tx, a, id, &text("psst"))).await;
        let mails = mails_by(test, NOW + 10 * MINUTE).await;
        assert_eq!(recipients(&mails), ["bo"]);
        assert!(mails[0].text.contains("psst"));
        assert_eq!(mails[0].about, Some(format!("conversation-{id}")));
        done(test, team.ann, NOW + 11 * MINUTE, move |tx, a| {
            message::add(tx, a, id, &text("again"))
        })
        .await;
        follow_up(test, NOW + 11 * MINUTE).await;
        done(test, bo, NOW + 12 * MINUTE, move |tx, a| {
            conversation::mark_read(tx, a, id, conversation::Position::Newest)
        })
        .await;
        assert_eq!(mails_by(test, NOW + 60 * MINUTE).await, []);
    }

    async fn whoever_unsubscribes_gets_no_more(test: &TestDb) {
        let team = crew(test).await;
        start(test, team.ann, NOW, team.general, CHANNEL).await;
        let mails = mails_by(test, NOW + 10 * MINUTE).await;
        let code = mails[0].unsubscribe.as_ref().unwrap().rsplit('/').next().unwrap().to_owned();
        let end = |code: String| test.db.write(move |tx| mail::unsubscribe(tx, &code, NOW));
        assert!(!end("un-0".to_owned()).await.unwrap());
        assert!(end(code).await.unwrap());
        start(test, team.ann, NOW + 11 * MINUTE, team.general, CHANNEL).await;
        assert_eq!(mails_by(test, NOW + 60 * MINUTE).await, []);
    }

    async fn the_digest_comes_each_morning_to_those_who_want_it(test: &TestDb) {
        let team = crew(test).await;
        start(test, team.ann, NOW, team.general, CHANNEL).await;
        let digests = async |now: Millis| {
            test.db.write(move |tx| {
                for who in mail::digests_due(tx, now, 100)? {
                    mail::digest(tx, who, &place(), now)?;
                }
                Ok::<_, halyard_messaging::Error>(())
            }).await.unwrap();
            sent(test).await
        };
        assert_eq!(digests(NOW).await, [], "nobody has chosen it");
        choose(test, &team, team.bo, &[("email_digest", 1)]).await;
        assert_eq!(digests(NOW).await, [], "it is not the morning");
        let day = 24 * 60 * MINUTE;
        // NOW is 8 o'clock.
        assert_eq!(digests(NOW + day - 1).await, []);
        let morning = digests(NOW + day).await;
        assert_eq!(recipients(&morning), ["bo"]);
        assert_eq!(morning[0].subject, "[Crew] 1 unread threads");
        assert_eq!(digests(NOW + day + 1).await, [], "once");
        assert_eq!(digests(NOW + 2 * day).await.len(), 1);
    }

    async fn addresses_belong_to_those_who_may_write_there(test: &TestDb) {
        let team = crew(test).await;
        let thread = start(test, team.ann, NOW, team.side, to(&[])).await.id;
        for target in [Target::Channel(team.side), Target::Thread(thread)] {
            let made = act(&test.db, team.ann, move |tx, a| {
                address::get_or_create(tx, a, target, "in-1")
            });
            let local = made.await.unwrap();
            let again = act(&test.db, team.gus, move |tx, a| {
                address::get_or_create(tx, a, target, "in-other")
            });
            assert_eq!(again.await.unwrap(), local, "one for everybody");
            let find = async || test.db.read(|tx| address::find(tx, "IN-1")).await.unwrap();
            let found = find().await.expect("it works");
            assert_eq!((found.target, found.owner), (target, None));
            let from = async |email: &'static str| {
                test.db.read(move |tx| received::sender(tx, &found, email, NOW)).await.unwrap()
            };
            assert_eq!(from("Gus@Example.com").await, Ok(team.gus));
            for stranger in ["bo@example.com", "rae@example.com", "x@example.com", ""] {
                assert_eq!(from(stranger).await, Err(Refusal::Stranger), "{stranger}");
            }
            let mine = address::Address { owner: Some(team.gus), ..found };
            let from = async |email: &'static str| {
                test.db.read(move |tx| received::sender(tx, &mine, email, NOW)).await.unwrap()
            };
            assert_eq!(from("gus@example.com").await, Ok(team.gus));
            assert_eq!(from("ann@example.com").await, Err(Refusal::NotOwner));
            for outsider in [team.bo, team.rae, team.eve] {
                let actor = Actor { user: outsider, now: NOW };
                let made = test.db.write(move |tx| {
                    address::get_or_create(tx, &actor, target, "in-2")
                });
                assert!(made.await.is_err(), "{outsider}");
                let ended = test.db.write(move |tx| address::disable(tx, &actor, target));
                assert!(ended.await.is_err(), "{outsider}");
            }
            let ended = act(&test.db, team.ann, move |tx, a| address::disable(tx, a, target));
            assert!(ended.await.unwrap());
            assert!(find().await.is_none());
            test.db.write(|tx| tx.exec("delete from mail_address", params![])).await.unwrap();
        }
    }
}
