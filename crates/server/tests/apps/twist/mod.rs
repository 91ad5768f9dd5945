//! The Twist app against our own server.

mod cases;
mod events;
mod live;
mod oauth;
mod seed;
mod upload;
mod watch;
mod world;

use crate::{driver::Driver, support::Installation};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite() {
    let installation = Installation::sqlite();
    conformance(&installation).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres() {
    let installation = Installation::postgres().await;
    conformance(&installation).await;
    installation.remove().await;
}

/// Every check of every module, in the order of the table.
async fn conformance(installation: &Installation) {
    let demo = installation.demo().await;
    let server = installation.serve().await;
    let service = world::furnish(&server, &demo).await;
    let mut driver = Driver::load("twist", service).await;
    let api = server.api(demo["users"][0]["twist_token"].as_str().unwrap());
    watch::run(&mut driver, &api).await;
    driver.run(cases::all()).await;
    let missing: Vec<_> = driver.app.modules.keys().filter(|name| !driver.checked(name)).collect();
    assert!(missing.is_empty(), "modules without a case: {missing:?}");
    drop(server);
    driver.conclude();
}
