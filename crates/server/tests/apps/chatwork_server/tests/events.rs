use std::time::Duration;

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, Uri},
};
use serde_json::Value;
use tokio::sync::mpsc;

use super::Fixture;
use crate::chatwork_server::{Hook, Subject, sign};

const TOKEN: &str = "IYS2YvleWo+qvttWyHNFDDa9rWw7x/dbWnYrAYKFUHc=";

#[test]
fn bodies_are_signed_with_the_bytes_of_the_token() {
    let official = "{\"webhook_setting_id\":\"246\",\"webhook_event_type\":\"message_created\",\
        \"webhook_event_time\":1511238729,\"webhook_event\":{\"message_id\":\"984676321621704704\",\
        \"room_id\":36818150,\"account_id\":1484814,\"body\":\"test\",\"send_time\":1511238729,\
        \"update_time\":0}}";
    for (token, body, signature) in [
        (
            "A9ne+ygvdV0IZBaPFV2zC1e5Bk+IsI14BPwieRoBQNU=",
            official,
            "G7Gtrh5Ee6d8erOVXhWPtUrkNJqqIT5vwLU50KhyLQk=",
        ),
        ("sz6o4tXnI0nm0KBdqHOeCJc6ekI=", "test", "rgvtfnFpqHHbwJB9dJ3Gl8YyjT8kW0w9CpMjpzjnUO4="),
    ] {
        assert_eq!(sign(token, body.as_bytes()), signature);
    }
}

type Calls = mpsc::UnboundedSender<(Uri, HeaderMap, Bytes)>;

/// An address that events can be sent to, and what arrives there.
async fn listener() -> (String, mpsc::UnboundedReceiver<(Uri, HeaderMap, Bytes)>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/events", socket.local_addr().unwrap());
    let handler = async |State(calls): State<Calls>, uri: Uri, headers: HeaderMap, body: Bytes| {
        calls.send((uri, headers, body)).unwrap();
    };
    let router = Router::new().fallback(handler).with_state(sender);
    tokio::spawn(async move { axum::serve(socket, router).await.unwrap() });
    (address, receiver)
}

#[tokio::test]
async fn events_are_sent_signed_in_header_and_query() {
    let f = Fixture::new().await;
    let (url, mut calls) = listener().await;
    for (owner, subject) in [
        (f.ann, Subject::Created(f.room)),
        (f.ann, Subject::Updated(f.room)),
        (f.bob, Subject::Mention),
    ] {
        let (url, token) = (url.clone(), TOKEN.to_owned());
        f.server.world().webhooks.add(Hook { owner, url, subject, token });
    }
    let body = format!("[To:{}] おかず", f.bob);
    let posted = f.call(f.ann, Method::POST, &f.in_room("/messages"), &[("body", &body)]).await;
    let id = posted.body["message_id"].as_str().unwrap();
    let path = f.in_room(&format!("/messages/{id}"));
    f.call(f.ann, Method::PUT, &path, &[("body", "edited")]).await;

    let mut kinds = Vec::new();
    for _ in 0..3 {
        let call = tokio::time::timeout(Duration::from_secs(10), calls.recv()).await;
        let (uri, headers, body) = call.unwrap().unwrap();
        let signature = sign(TOKEN, &body);
        assert_eq!(headers["x-chatworkwebhooksignature"], *signature);
        let mut query = form_urlencoded::parse(uri.query().unwrap().as_bytes());
        assert_eq!(query.next().unwrap(), ("chatwork_webhook_signature".into(), signature.into()));
        let event: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(event["webhook_event"]["message_id"], id);
        kinds.push(event["webhook_event_type"].as_str().unwrap().to_owned());
    }
    kinds.sort();
    assert_eq!(kinds, ["mention_to_me", "message_created", "message_updated"]);
}
