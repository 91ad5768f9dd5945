//! An orderly stop under load.

use std::sync::Arc;

use halyard_platform::db::testing::eventually;

use crate::{
    load::{Ledger, Place, new_thread, posts, token},
    support::Installation,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite() {
    let installation = Installation::sqlite();
    stop_under_load(&installation).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres() {
    let installation = Installation::postgres().await;
    stop_under_load(&installation).await;
    installation.remove().await;
}

async fn stop_under_load(installation: &Installation) {
    let demo = installation.demo().await;
    let token = token(&demo);
    let server = installation.serve().await;
    let thread = new_thread(&server.api(&token), &demo).await;
    let ledger = Arc::new(Ledger::default());
    let mut writers = Vec::new();
    for _ in 0..16 {
        let place = Place::thread(&thread);
        writers.push(tokio::spawn(ledger.clone().write(server.api(&token), place, || true)));
    }
    eventually("some answers", || {
        let enough = ledger.count() >= 100;
        async move { enough }
    })
    .await;
    let (code, log) = server.terminate().await;
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(code, Some(0), "{log}");
    let db = installation.open().await;
    ledger.verify(&db).await;
    // Nothing was done without an answer that arrived.
    assert_eq!(posts(&db).await.len(), ledger.count());
    db.close().await;
    installation.halyard(&["doctor"]).await.expect(0);
}
