//! The service itself, so that what is tested against it rests on something.

mod events;
mod rooms;
mod tokens;

use axum::http::Method;
use halyard_platform::clock::Clock;
use serde_json::Value;

use super::{ChatworkServer, Role};

/// A service with Ann, who runs the room with Bob in it, and a client that calls it.
struct Fixture {
    clock: Clock,
    server: ChatworkServer,
    client: reqwest::Client,
    ann: u64,
    bob: u64,
    room: u64,
}

/// What has come back.
struct Got {
    status: u16,
    headers: reqwest::header::HeaderMap,
    body: Value,
}

impl Got {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

impl Fixture {
    async fn new() -> Self {
        let clock = Clock::manual(1_750_000_000_000);
        let server = ChatworkServer::start(clock.clone()).await;
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(halyard_platform::outbound::tls())
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        let (ann, bob, room) = {
            let mut world = server.world();
            let (ann, bob) = (world.add_account("Ann"), world.add_account("Bob"));
            let room = world.add_group("Launch", &[(ann, Role::Admin), (bob, Role::Member)]);
            (ann, bob, room)
        };
        Self { clock, server, client, ann, bob, room }
    }

    fn token(&self, account: u64) -> String {
        self.server.world().account(account).api_token.clone()
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        form: &[(&str, &str)],
    ) -> reqwest::RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.server.origin()));
        if form.is_empty() { request } else { request.form(form) }
    }

    /// A call with the API token of an account.
    async fn call(&self, by: u64, method: Method, path: &str, form: &[(&str, &str)]) -> Got {
        let request = self.request(method, path, form);
        got(request.header("X-ChatWorkToken", self.token(by))).await
    }

    async fn get(&self, by: u64, path: &str) -> Got {
        self.call(by, Method::GET, path, &[]).await
    }

    /// The path of something in the room.
    fn in_room(&self, path: &str) -> String {
        format!("/v2/rooms/{}{path}", self.room)
    }
}

async fn got(request: reqwest::RequestBuilder) -> Got {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await.unwrap();
    let body = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() };
    Got { status, headers, body }
}
