//! What every module says when the service refuses, beyond what the table shows.

use std::time::Duration;

use halyard_automation::apps::ErrorType;
use serde_json::json;

use super::world::{furnish, in_room};
use crate::{
    chatwork_server::Limits,
    driver::{Driver, iml},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_token_is_told_without_showing_it() {
    let (server, mut service) = furnish().await;
    service.connection = json!({ "apiToken": "a-token-that-nobody-has" });
    let driver = Driver::load("chatwork", service).await;
    let called = driver.call_at(server.origin(), "ListRooms", iml(&json!({}))).await;
    let Err(failure) = called else { panic!("a wrong token was taken") };
    assert_eq!(failure.error.kind, ErrorType::InvalidAccessTokenError);
    assert_eq!(failure.error.message, "[401] Invalid API Token");
    let shown = format!("{failure:?}");
    assert!(shown.contains("[hidden]"), "{shown}");
    assert!(!shown.contains("a-token-that-nobody-has"), "{shown}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_limits_of_the_service_say_when_to_go_on() {
    let (server, service) = furnish().await;
    server.world().limit(Limits { calls: 3, posts: 1 });
    let driver = Driver::load("chatwork", service).await;
    let refused = async |module: &str, input: serde_json::Value| {
        let parameters = driver.fill(driver.module(module), &input).unwrap();
        match driver.call_at(server.origin(), module, parameters).await {
            Ok(_) => panic!("{module} is not limited"),
            Err(failure) => failure.error,
        }
    };
    let post = in_room("room", json!({ "body": "Again" }));
    driver.call("CreateARoomMessage", &post).await.map(|_| ()).unwrap();
    let busy = refused("CreateARoomMessage", post).await;
    let words = "[429] Rate limit for message posting per room exceeded. \
                 (Requests are counted anew at 20";
    assert!(busy.message.starts_with(words), "{busy}");
    assert_eq!(busy.kind, ErrorType::RateLimitError);
    let wait = busy.retry_after.unwrap();
    assert!(wait <= Duration::from_secs(11), "{wait:?}");
    driver.call("ListRooms", &json!({})).await.map(|_| ()).unwrap();
    let busy = refused("ListRooms", json!({})).await;
    assert!(busy.message.starts_with("[429] Rate limit exceeded ("), "{busy}");
    let wait = busy.retry_after.unwrap();
    assert!(wait > Duration::from_secs(240) && wait <= Duration::from_secs(301), "{wait:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_id_never_reaches_into_the_path() {
    let (server, service) = furnish().await;
    let driver = Driver::load("chatwork", service).await;
    let input = in_room("room", json!({ "message_id": "../../../me" }));
    server.seen();
    let Err(refused) = driver.call("GetARoomsMessage", &input).await else {
        panic!("it was taken")
    };
    assert!(refused.contains("[404]"), "{refused}");
    let seen = server.seen();
    assert!(seen[0].path.ends_with("/messages/..%2F..%2F..%2Fme"), "{}", seen[0].path);
}
