//! What the server remembers.

use std::collections::VecDeque;

use axum::http::Method;
use jiff::{Timestamp, fmt::rfc2822, tz::TimeZone};
use serde_json::{Map, Value, json};

use super::{
    Behind,
    wire::{Asked, Refusal, Reply, Request},
};

/// The token of the account.
pub(crate) const AUTH_TOKEN: &str = "0123456789abcdef0123456789abcdef";
/// A key of the account.
pub(crate) const API_KEY: &str = "SK00112233445566778899aabbccddeeff";
/// The secret of the key.
pub(crate) const API_SECRET: &str = "a-secret-of-a-key";
/// A number of the account that does everything.
pub(crate) const NUMBER: &str = "+15005550006";
/// A number of the account that only takes calls.
pub(super) const OTHER_NUMBER: &str = "+15005550010";

/// The account.
pub(crate) fn account() -> String {
    "AC0123456789abcdef0123456789abcdef".to_owned()
}

/// The path of the account.
pub(super) fn root() -> String {
    format!("/2010-04-01/Accounts/{}", account())
}

/// The kinds of things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Message,
    Media,
    Call,
    Recording,
    Transcription,
    Alert,
    Number,
    ShortCode,
    Caller,
    Application,
    Service,
}

/// A thing.
pub(super) struct Item {
    pub(super) kind: Kind,
    pub(super) sid: String,
    /// When it was made, in seconds since 1970.
    pub(super) at: i64,
    pub(super) fields: Map<String, Value>,
    /// Deleted. It stays, so that a page can follow it.
    pub(super) gone: bool,
    /// What is remembered but not shown.
    pub(super) callback: Option<String>,
}

/// A failure that a test wants.
pub(crate) struct Fault {
    pub(crate) status: u16,
    pub(crate) code: u32,
    pub(crate) message: &'static str,
    /// Seconds of a `Retry-After` header.
    pub(crate) retry_after: Option<u32>,
    /// A page of a proxy instead of an error of the API.
    pub(crate) html: bool,
}

impl Fault {
    pub(crate) fn new(status: u16, code: u32, message: &'static str) -> Self {
        Self { status, code, message, retry_after: None, html: false }
    }

    /// Too many requests.
    pub(crate) fn too_many() -> Self {
        Self { retry_after: Some(7), ..Self::new(429, 20429, "Too Many Requests") }
    }

    /// A proxy that does not reach the API.
    pub(crate) fn gateway() -> Self {
        Self { html: true, ..Self::new(502, 0, "<html><h1>Bad Gateway</h1></html>") }
    }

    pub(super) fn reply(self) -> Reply {
        if self.html {
            return Reply::raw(self.status, "text/html", self.message);
        }
        let reply = Refusal::new(self.status, self.code, self.message).reply();
        match self.retry_after {
            Some(seconds) => reply.with("retry-after", seconds.to_string()),
            None => reply,
        }
    }
}

type Step = Box<dyn FnOnce(&mut Behind<'_>) + Send>;

/// Everything.
pub(super) struct World {
    pub(super) base: String,
    pub(super) now: i64,
    pub(super) account: Value,
    pub(super) faults: VecDeque<Fault>,
    pub(super) asked: Vec<Asked>,
    pub(super) after_page: Option<Step>,
    pub(super) endless: bool,
    items: Vec<Item>,
    made: u128,
}

impl World {
    pub(super) fn new(base: String) -> Self {
        let now = 1_777_881_600;
        let mut world = Self {
            base,
            now,
            account: json!({
                "sid": account(), "owner_account_sid": account(), "friendly_name": "Parcel Service",
                "status": "active", "type": "Full", "auth_token": AUTH_TOKEN,
                "date_created": long_date(now), "date_updated": long_date(now),
                "uri": format!("{}.json", root()), "subresource_uris": {},
            }),
            faults: VecDeque::new(),
            asked: Vec::new(),
            after_page: None,
            endless: false,
            items: Vec::new(),
            made: 0,
        };
        super::settings::seed(&mut world);
        world
    }

    /// A SID that nothing has. Their order says nothing about the order in which they were made.
    pub(super) fn sid(&mut self, prefix: &str) -> String {
        self.made += 1;
        let scattered = self.made.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
        format!("{prefix}{scattered:032x}")
    }

    pub(super) fn add(&mut self, kind: Kind, at: i64, sid: &str, fields: Value) {
        let Value::Object(fields) = fields else { unreachable!("things are objects") };
        let sid = sid.to_owned();
        self.items.push(Item { kind, sid, at, fields, gone: false, callback: None });
    }

    pub(super) fn items(&self) -> impl Iterator<Item = &Item> {
        self.items.iter()
    }

    pub(super) fn of(&self, kind: Kind) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(move |item| item.kind == kind)
    }

    pub(super) fn item(&self, sid: &str) -> Option<&Item> {
        self.items.iter().find(|item| item.sid == sid)
    }

    pub(super) fn item_mut(&mut self, sid: &str) -> Option<&mut Item> {
        self.items.iter_mut().find(|item| item.sid == sid)
    }

    /// What is there.
    pub(super) fn present(&self, kind: Kind, sid: &str) -> Option<&Item> {
        self.item(sid).filter(|item| item.kind == kind && !item.gone)
    }

    /// Answers for one thing: its fields, or its deletion. `file` ends in `.json`.
    pub(super) fn fetch(
        &mut self,
        request: &Request,
        kind: Kind,
        file: &str,
        methods: &[Method],
    ) -> Result<Reply, Refusal> {
        let sid = file.strip_suffix(".json").unwrap_or(file);
        if self.present(kind, sid).is_none() {
            return Err(Refusal::not_found(&request.path));
        }
        request.only(methods)?;
        let item = self.item_mut(sid).expect("it was there a line ago");
        if request.method == Method::DELETE {
            item.gone = true;
            return Ok(Reply::deleted());
        }
        Ok(Reply::ok(&Value::Object(item.fields.clone())))
    }
}

/// Fields with others on top.
pub(super) fn over(mut fields: Value, more: &Value) -> Value {
    for (name, value) in more.as_object().expect("fields are an object") {
        fields[name] = value.clone();
    }
    fields
}

/// A date of version 2010-04-01.
pub(super) fn long_date(seconds: i64) -> String {
    let moment = Timestamp::from_second(seconds).unwrap().to_zoned(TimeZone::UTC);
    rfc2822::to_string(&moment).unwrap()
}

/// A date of the newer APIs.
pub(super) fn short_date(seconds: i64) -> String {
    Timestamp::from_second(seconds).unwrap().to_string()
}
