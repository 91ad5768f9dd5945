//! A file that is fetched from an address: whoever is there learns nothing of the connection.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{
        HeaderMap,
        header::{AUTHORIZATION, CONTENT_TYPE, HeaderName},
    },
};
use serde_json::json;
use tokio::{net::TcpListener, task::JoinHandle};

use crate::driver::{Driver, Names, Service};

type Answer = ([(HeaderName, &'static str); 1], &'static str);
type Seen = Arc<Mutex<Vec<(HeaderMap, Bytes)>>>;

#[tokio::test]
async fn the_address_of_a_file_gets_no_credentials() {
    let (files, fetched, one) = listen().await;
    let (base_url, uploaded, two) = listen().await;
    let service = Service {
        base_url,
        connection: json!({"accessToken": "secret-token"}),
        names: Names::default(),
        look_up: json!({}),
        faults: Vec::new(),
    };
    let driver = Driver::load("twist", service).await;
    let input = json!({"name": "plan.txt", "data": format!("{files}/plan.txt")});
    let called = driver.call("UploadAnAttachment", &input).await.unwrap();
    assert_eq!(called.bundles, [json!({"status": "ok"})]);

    let fetched = fetched.lock().unwrap();
    let uploaded = uploaded.lock().unwrap();
    assert_eq!((fetched.len(), uploaded.len()), (1, 1));
    assert!(fetched[0].0.get(AUTHORIZATION).is_none(), "{:?}", fetched[0].0);
    assert!(!format!("{:?}", fetched[0]).contains("secret-token"));
    assert_eq!(uploaded[0].0[AUTHORIZATION], "Bearer secret-token");
    let body = String::from_utf8_lossy(&uploaded[0].1);
    assert!(
        body.contains("filename=\"plan.txt\"") && body.contains("{\"status\":\"ok\"}"),
        "{body}"
    );
    one.abort();
    two.abort();
}

async fn listen() -> (String, Seen, JoinHandle<()>) {
    let seen = Seen::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let routes = Router::new().fallback(take).with_state(Arc::clone(&seen));
    let serving = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
    (address, seen, serving)
}

async fn take(State(seen): State<Seen>, headers: HeaderMap, body: Bytes) -> Answer {
    seen.lock().unwrap().push((headers, body));
    ([(CONTENT_TYPE, "application/json")], "{\"status\":\"ok\"}")
}
