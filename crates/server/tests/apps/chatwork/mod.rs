//! The Chatwork app against a Chatwork of our own.

mod access;
mod cases;
mod failures;
mod names;
mod watch;
mod world;

use crate::driver::Driver;

/// Every check of every module, in the order of the table.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conformance() {
    let (server, service) = world::furnish().await;
    let mut driver = Driver::load("chatwork", service).await;
    driver.run(cases::all()).await;
    watch::run(&mut driver, &server).await;
    let missing: Vec<_> = driver.app.modules.keys().filter(|name| !driver.checked(name)).collect();
    assert!(missing.is_empty(), "modules without a case: {missing:?}");
    driver.conclude();
}
