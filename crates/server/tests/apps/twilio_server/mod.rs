//! A Twilio that remembers: messages, calls, recordings, transcriptions, alerts and what forms need,
//! written from the vendor's documentation and published requests. It knows nothing of apps.
//!
//! Tests reach behind its API through [`Twilio`]: they add items with dates of their choice, take
//! items away between two pages, let requests fail, and let messages change their status, which is
//! reported with the vendor's signature.

mod alerts;
mod calls;
mod fields;
mod lists;
mod messages;
mod recordings;
mod settings;
mod signature;
mod wire;
mod world;

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, Uri},
    response::Response,
};
use serde_json::{Map, Value};
use tokio::{net::TcpListener, task::JoinHandle};

use wire::{Reply, Request};
use world::{Kind, World};

pub(crate) use signature::sign;
pub(crate) use wire::Asked;
pub(crate) use world::{API_KEY, API_SECRET, AUTH_TOKEN, Fault, NUMBER, account};

/// The server and the way behind its API.
pub(crate) struct Twilio {
    address: SocketAddr,
    world: Arc<Mutex<World>>,
    client: reqwest::Client,
    task: JoinHandle<()>,
}

impl Drop for Twilio {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Twilio {
    /// One with an account, two numbers, an application and a messaging service, and nothing else.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let world = Arc::new(Mutex::new(World::new(format!("http://{address}"))));
        let routes = Router::new().fallback(answer).with_state(world.clone());
        let task = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        let client = client();
        Self { address, world, client, task }
    }

    /// Where it is.
    pub(crate) fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    /// Sets its clock, in seconds since 1970. It does not move by itself.
    pub(crate) fn set_now(&self, seconds: i64) {
        self.world().now = seconds;
    }

    /// Adds a message that was created at this moment, with these fields on top of the usual ones.
    pub(crate) fn add_message(&self, at: i64, fields: &Value) -> String {
        messages::seed(&mut self.world(), at, fields)
    }

    /// Adds a picture to a message.
    pub(crate) fn add_media(&self, message: &str, content_type: &str) -> String {
        messages::attach(&mut self.world(), message, content_type)
    }

    /// Adds a call, as [`add_message`](Self::add_message).
    pub(crate) fn add_call(&self, at: i64, fields: &Value) -> String {
        calls::seed(&mut self.world(), at, fields)
    }

    /// Adds a recording, as [`add_message`](Self::add_message).
    pub(crate) fn add_recording(&self, at: i64, fields: &Value) -> String {
        recordings::seed(&mut self.world(), at, fields)
    }

    /// Adds a transcription of a recording, as [`add_message`](Self::add_message).
    pub(crate) fn add_transcription(&self, at: i64, recording: &str, fields: &Value) -> String {
        recordings::transcribe(&mut self.world(), at, recording, fields)
    }

    /// Adds an alert, as [`add_message`](Self::add_message).
    pub(crate) fn add_alert(&self, at: i64, fields: &Value) -> String {
        alerts::seed(&mut self.world(), at, fields)
    }

    /// Changes fields of whatever has this SID.
    pub(crate) fn change(&self, sid: &str, fields: &Value) {
        let mut world = self.world();
        let item = world.item_mut(sid).expect("the test names what it has added");
        for (name, value) in fields.as_object().expect("fields are an object") {
            item.fields.insert(name.clone(), value.clone());
        }
    }

    /// Takes whatever has this SID away, as if somebody else had deleted it.
    pub(crate) fn remove(&self, sid: &str) {
        self.world().item_mut(sid).expect("the test names what it has added").gone = true;
    }

    /// The fields of whatever has this SID, unless it is gone.
    pub(crate) fn get(&self, sid: &str) -> Option<Map<String, Value>> {
        let world = self.world();
        world.item(sid).filter(|item| !item.gone).map(|item| item.fields.clone())
    }

    /// The SIDs of all messages or calls in the order in which they were made.
    pub(crate) fn sids(&self, prefix: &str) -> Vec<String> {
        let world = self.world();
        let items = world.items().filter(|item| !item.gone);
        items.filter(|item| item.sid.starts_with(prefix)).map(|item| item.sid.clone()).collect()
    }

    /// Lets the next requests fail, one for each.
    pub(crate) fn fail(&self, faults: impl IntoIterator<Item = Fault>) {
        self.world().faults.extend(faults);
    }

    /// Runs something after the next answer of a list, before anybody can ask for its second page.
    pub(crate) fn after_next_page(&self, step: impl FnOnce(&mut Behind<'_>) + Send + 'static) {
        self.world().after_page = Some(Box::new(step));
    }

    /// From now on every list names its first page as the next one.
    pub(crate) fn never_end(&self) {
        self.world().endless = true;
    }

    /// What was asked for so far, and forgets it.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.world().asked)
    }

    /// Moves a message on and reports that where its creator wants it. Returns the status of the
    /// receiver's answer, if the report had a receiver.
    pub(crate) async fn report(&self, sid: &str, status: &str, error: Option<u32>) -> Option<u16> {
        let (address, fields) = messages::advance(&mut self.world(), sid, status, error)?;
        Some(self.deliver(&address, &fields, &sign(&address, &fields, AUTH_TOKEN)).await)
    }

    /// Posts fields with a signature of the test's choice, as a webhook would be called.
    pub(crate) async fn deliver(
        &self,
        address: &str,
        fields: &[(String, String)],
        signature: &str,
    ) -> u16 {
        let request = self.client.post(address).form(fields);
        let request = request.header("user-agent", "TwilioProxy/1.1");
        let answer = request.header("x-twilio-signature", signature).send().await.unwrap();
        answer.status().as_u16()
    }
}

/// What a test may do between two pages.
pub(crate) struct Behind<'a>(&'a mut World);

impl Behind<'_> {
    /// As [`Twilio::remove`].
    pub(crate) fn remove(&mut self, sid: &str) {
        self.0.item_mut(sid).expect("the test names what it has added").gone = true;
    }

    /// As [`Twilio::fail`].
    pub(crate) fn fail(&mut self, fault: Fault) {
        self.0.faults.push_back(fault);
    }

    /// As [`Twilio::add_message`].
    pub(crate) fn add_message(&mut self, at: i64, fields: &Value) -> String {
        messages::seed(self.0, at, fields)
    }
}

/// A client that goes where a test says, never through a proxy of the environment.
pub(super) fn client() -> reqwest::Client {
    let tls = halyard_platform::outbound::tls();
    reqwest::Client::builder().tls_backend_preconfigured(tls).no_proxy().build().unwrap()
}

async fn answer(
    State(world): State<Arc<Mutex<World>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let request = Request::new(method, &uri, &headers, &body);
    let mut world = world.lock().unwrap();
    world.asked.push(request.asked());
    let reply = match world.faults.pop_front() {
        Some(fault) => fault.reply(),
        None => route(&mut world, &request).unwrap_or_else(|refusal| refusal.reply()),
    };
    let was_page = reply.is_page();
    if was_page && let Some(step) = world.after_page.take() {
        step(&mut Behind(&mut world));
    }
    drop(world);
    reply.into_response(request.method == Method::HEAD)
}

fn route(world: &mut World, request: &Request) -> Result<Reply, wire::Refusal> {
    request.authenticate()?;
    let path: Vec<&str> = request.path.split('/').filter(|part| !part.is_empty()).collect();
    match path.as_slice() {
        ["v1", "Alerts", rest @ ..] => alerts::route(world, request, rest),
        ["v1", "Services", rest @ ..] => settings::services(world, request, rest),
        ["2010-04-01", "Accounts", own] if *own == format!("{}.json", account()) => {
            request.only(&[Method::GET])?;
            Ok(Reply::ok(&world.account))
        }
        ["2010-04-01", "Accounts", owner, rest @ ..] => {
            if *owner != account() {
                return Err(wire::Refusal::unauthorized());
            }
            match rest {
                ["Messages.json"] => messages::collection(world, request),
                ["Messages", rest @ ..] => messages::route(world, request, rest),
                ["Calls.json"] => calls::collection(world, request),
                ["Calls", sid] => calls::instance(world, request, sid),
                ["Recordings.json"] => recordings::collection(world, request),
                ["Recordings", rest @ ..] => recordings::route(world, request, rest),
                ["Transcriptions.json"] => recordings::transcriptions(world, request, None),
                ["Transcriptions", sid] => {
                    world.fetch(request, Kind::Transcription, sid, &[Method::GET, Method::DELETE])
                }
                _ => settings::route(world, request, rest),
            }
        }
        _ => Err(wire::Refusal::not_found(&request.path)),
    }
}

#[cfg(test)]
mod tests;
