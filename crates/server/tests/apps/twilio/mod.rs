//! The Twilio app against a Twilio that remembers.

mod cases;
mod polling;
mod prism;
mod sent;
mod status;
mod watch;
mod world;

use crate::{driver::Driver, twilio_server::Twilio};

/// Every check of every module, in the order of the table.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conformance() {
    let twilio = Twilio::start().await;
    let service = world::furnish(&twilio);
    let mut driver = Driver::load("twilio", service).await;
    driver.run(cases::all()).await;
    watch::rows(&mut driver).await;
    status::rows(&mut driver).await;
    let missing: Vec<_> = driver.app.modules.keys().filter(|name| !driver.checked(name)).collect();
    assert!(missing.is_empty(), "modules without a case: {missing:?}");
    driver.conclude();
}
