//! Effects that happen once, on both databases.
#![cfg(test)]

use halyard_platform::{
    clock::Millis,
    db::{Error, Tx, testing::TestDb},
    idempotency::{Asked, LIFETIME, Outcome, once},
    on_both_databases, params,
};

const NOW: Millis = 1_800_000_000_000;

/// Asks for something; the answer tells the moment of the work that gave it.
async fn ask(test: &TestDb, key: &'static str, fingerprint: u8, now: Millis) -> Outcome {
    let work = move |_: &mut Tx<'_>| Ok::<_, Error>(format!("made at {}", now - NOW));
    let asked =
        Asked { scope: "user:7", former_scope: "user:7:x", key, fingerprint: [fingerprint; 32] };
    test.db.write(move |tx| once(tx, &asked, now, work)).await.unwrap()
}

fn made(at: i64) -> Outcome {
    Outcome::Answer(format!("made at {at}"))
}

on_both_databases! {
    halyard_platform::MIGRATIONS.to_vec();

    async fn a_repeat_gets_the_first_answer_and_another_request_none(test: &TestDb) {
        assert_eq!(ask(test, "k", 1, NOW).await, made(0));
        assert_eq!(ask(test, "k", 1, NOW + 5).await, made(0));
        assert_eq!(ask(test, "k", 2, NOW + 6).await, Outcome::OtherRequest);
        assert_eq!(ask(test, "other", 2, NOW + 7).await, made(7));
        assert_eq!(ask(test, "k", 2, NOW + LIFETIME).await, made(LIFETIME), "it is forgotten");
        assert_eq!(ask(test, "k", 1, NOW + LIFETIME).await, Outcome::OtherRequest);
    }

    async fn answers_from_before_fingerprints_are_given_again(test: &TestDb) {
        for (scope, key) in [("user:7:x", "a"), ("user:7:y", "b"), ("user:8:x", "c")] {
            let insert = "insert into idempotency_key (scope, key, created_at, answer) values ($1, $2, $3, 'before')";
            test.db.write(move |tx| tx.exec(insert, params![scope, key, NOW])).await.unwrap_or_else(|error: Error| panic!("{error}"));
        }
        assert_eq!(ask(test, "a", 1, NOW + 1).await, Outcome::Answer("before".to_owned()));
        assert_eq!(ask(test, "b", 1, NOW + 1).await, made(1), "it was kept for another path");
        assert_eq!(ask(test, "c", 1, NOW + 1).await, made(1), "it was kept for somebody else");
        assert_eq!(ask(test, "a", 1, NOW + LIFETIME).await, made(LIFETIME));
    }

    async fn of_many_at_once_one_works(test: &TestDb) {
        let all = futures_util::future::join_all((0..10).map(|at| ask(test, "k", 1, NOW + at))).await;
        assert!(all.iter().all(|outcome| *outcome == all[0] && *outcome != Outcome::OtherRequest), "{all:?}");
        let all = futures_util::future::join_all((0..10).map(|at| ask(test, "many", at, NOW + i64::from(at)))).await;
        let refused = all.iter().filter(|outcome| **outcome == Outcome::OtherRequest).count();
        assert_eq!(refused, 9, "{all:?}");
    }
}
