//! `kill -9` under load, again and again.

use std::{sync::Arc, time::Duration};

use halyard_platform::{db::Error, params, random::Random};

use crate::{
    load::{Ledger, Place, new_thread, token},
    support::Installation,
};

const ROUNDS: u32 = 20;
const WRITERS: usize = 16;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite() {
    let installation = Installation::sqlite();
    die_and_rise(&installation).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres() {
    let installation = Installation::postgres().await;
    die_and_rise(&installation).await;
    installation.remove().await;
}

/// Moments in milliseconds; the same seed gives the same ones again.
struct Moments(u64);

impl Moments {
    fn new() -> Self {
        let seed = match std::env::var("HALYARD_TEST_SEED") {
            Ok(seed) => seed.parse().unwrap(),
            Err(_) => u64::from(u32::from_le_bytes(Random::os().bytes())),
        };
        println!("HALYARD_TEST_SEED={seed}");
        Self(seed)
    }

    fn next(&mut self) -> Duration {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        Duration::from_millis((self.0 >> 33) % 250)
    }
}

async fn die_and_rise(installation: &Installation) {
    let mut moments = Moments::new();
    let demo = installation.demo().await;
    let token = token(&demo);
    let db = installation.open().await;
    let mut server = installation.serve().await;
    let thread = new_thread(&server.api(&token), &demo).await;
    let places = places(installation, &demo, &thread).await;
    let ledger = Arc::new(Ledger::default());
    for round in 1..=ROUNDS {
        let before = ledger.count();
        let mut writers = Vec::new();
        for number in 0..WRITERS {
            let place = places[number % places.len()].clone();
            writers.push(tokio::spawn(ledger.clone().write(server.api(&token), place, || true)));
        }
        halyard_platform::db::testing::eventually("the first answer", || {
            let has_begun = ledger.count() > before;
            async move { has_begun }
        })
        .await;
        tokio::time::sleep(moments.next()).await;
        server.kill();
        for writer in writers {
            writer.await.unwrap();
        }
        server = installation.serve().await;
        ledger.verify(&db).await;
        ledger.settle(&server.api(&token)).await;
        ledger.verify(&db).await;
        installation.halyard(&["doctor"]).await.expect(0);
        println!("round {round}: {} acknowledged", ledger.count());
    }
    db.close().await;
    let (code, log) = server.terminate().await;
    assert_eq!(code, Some(0), "{log}");
}

/// The thread, and a conversation of the demo.
async fn places(installation: &Installation, demo: &serde_json::Value, thread: &str) -> [Place; 2] {
    let user = demo["users"][0]["id"].as_i64().unwrap();
    let db = installation.open().await;
    let conversation: i64 = db
        .read(move |tx| -> Result<_, Error> {
            tx.one(
                "select min(conversation_id) from conversation_member where user_id = $1",
                params![user],
            )
        })
        .await
        .unwrap();
    db.close().await;
    [Place::thread(thread), Place::conversation(&conversation.to_string())]
}
