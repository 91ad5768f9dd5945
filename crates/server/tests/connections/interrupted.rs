//! A process that ends between the answer of a service and keeping what it says.

use halyard_automation::connections::State;
use halyard_platform::{
    db::{Db, Options, Schema, testing::eventually},
    params,
};
use serde_json::Value;

use crate::{
    process::{Ended, Installation},
    service::{EXAMPLE, Service},
};

const CALL: [&str; 6] = ["app", "call", EXAMPLE, "GetMachine", "--connection", "crew"];

/// A connection `crew` whose access token has ended.
async fn scene() -> (Installation, Service) {
    let (installation, service) = (Installation::sqlite(), Service::start().await);
    let add = ["connection", "add", "crew", "--app", EXAMPLE, "--kind", "machine", "--base-url"];
    let add = [&add[..], &[&service.base, "--set", "clientId=client-1"]].concat();
    installation.start(&add, b"client-secret-1\n").end().await.expect(0);
    service.forget_access();
    (installation, service)
}

async fn open(installation: &Installation) -> Db {
    let options = Options::sqlite(installation.data().join("halyard.db"));
    Db::open_with(options, Schema::AsIs).await.unwrap()
}

fn call(installation: &Installation) -> crate::process::Running {
    installation.start(&CALL, b"")
}

fn told(ended: &Ended) -> Value {
    serde_json::from_str(ended.err.lines().last().unwrap()).unwrap()
}

#[tokio::test]
async fn who_is_killed_before_it_is_kept_leaves_words_that_say_what_to_do() {
    let (installation, service) = scene().await;
    service.known().kills = true;
    let calling = call(&installation);
    service.known().victim = Some(calling.id());
    let ended = calling.end().await;
    assert_eq!(ended.out, "");
    // As if the minute were over in which nobody else asks.
    let db = open(&installation).await;
    let lapse = db.write(|tx| -> Result<u64, halyard_platform::db::Error> {
        tx.exec("update connection set lease_until = 0 where lease is not null", params![])
    });
    assert_eq!(lapse.await.unwrap(), 1);
    db.close().await;
    let error = told(&call(&installation).end().await.expect(1));
    assert_eq!(error["type"], "InvalidAccessTokenError");
    let message = error["message"].as_str().unwrap();
    for part in [
        "halyard connection authorize crew",
        "A process that was getting new tokens has ended before it had kept them.",
        "invalid_grant",
    ] {
        assert!(message.contains(part), "{message}");
    }
    let listed = installation.halyard(&["connection", "list", "--json"]).await.expect(0).out;
    let listed: Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(listed[0]["state"], State::Refused.name());
}

#[tokio::test]
async fn who_is_told_to_stop_keeps_the_answer_first() {
    let (installation, service) = scene().await;
    let calling = call(&installation);
    // The service takes a while to answer.
    eventually("it asks", async || service.count("refresh_token") == 1).await;
    calling.signal(rustix::process::Signal::INT).await.expect(130);
    call(&installation).end().await.expect(0);
    assert_eq!(service.count("refresh_token"), 1, "what the service has answered was kept");
}

#[tokio::test]
async fn a_store_that_fails_for_a_while_does_not_lose_it() {
    let (installation, service) = scene().await;
    let db = open(&installation).await;
    let rename = |from: &'static str| {
        db.write(move |tx| -> Result<u64, halyard_platform::db::Error> { tx.exec(from, params![]) })
    };
    let mut calling = call(&installation);
    eventually("it asks", async || service.count("refresh_token") == 1).await;
    rename("alter table connection rename to away").await.unwrap();
    while !calling.error_line().await.contains("new tokens cannot be kept yet") {}
    rename("alter table away rename to connection").await.unwrap();
    calling.end().await.expect(0);
    service.forget_access();
    let calling = call(&installation);
    eventually("it asks again", async || service.count("refresh_token") == 2).await;
    rename("alter table connection rename to away").await.unwrap();
    let error = told(&calling.end().await.expect(1));
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("could not be kept"), "{message}");
    assert!(message.contains("halyard connection authorize crew"), "{message}");
    db.close().await;
}
