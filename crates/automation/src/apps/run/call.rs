//! One call: what it has used of its bounds, what it has sent, and what it must not tell.

use std::time::Duration;

use halyard_iml::{Key, Text, Value};
use halyard_platform::{blobs::BlobId, outbound::Url};
use tokio::time::Instant;

use super::{Cookies, Exchange, Failure, Host, Scene, mask::Mask, scope::Expressions};
use crate::apps::{
    AppError, ErrorType,
    plan::{Request, Timeout},
};

/// One call.
pub(super) struct Call<'a> {
    pub(super) expressions: Expressions<'a>,
    pub(super) mask: Mask,
    /// The cookies of the run, or of this call alone; none until they are asked for.
    pub(super) cookies: Option<Cookies>,
    /// Requests that were sent.
    pub(super) requests: u32,
    pub(super) exchanges: Vec<Exchange>,
    pub(super) warnings: Vec<String>,
    /// Files that the call has stored.
    pub(super) stored: Vec<BlobId>,
    started: Instant,
    time: Duration,
}

impl<'a> Call<'a> {
    /// Begins a call that makes these requests.
    pub(super) fn new<'p>(
        host: &'a Host,
        scene: &'a Scene<'a>,
        requests: impl IntoIterator<Item = &'p Request>,
    ) -> Self {
        // An app that asks for more time for a request needs that time for the whole call.
        let asked = requests.into_iter().filter_map(|request| match request.timeout {
            Some(Timeout::Fixed(timeout)) => Some(timeout),
            // Known only when the request is made.
            Some(Timeout::Said(_)) | None => None,
        });
        let asked = asked.max().unwrap_or_default();
        let time = asked.min(host.bounds.longest_time).max(host.bounds.time);
        Self {
            expressions: Expressions { host, scene },
            mask: Mask::of(&scene.secrets),
            cookies: host.cookies.clone(),
            requests: 0,
            exchanges: Vec::new(),
            warnings: Vec::new(),
            stored: Vec::new(),
            started: Instant::now(),
            time,
        }
    }

    pub(super) fn host(&self) -> &'a Host {
        self.expressions.host
    }

    pub(super) fn scene(&self) -> &'a Scene<'a> {
        self.expressions.scene
    }

    /// The time that is left.
    pub(super) fn left(&self) -> Result<Duration, AppError> {
        let left = self.time.saturating_sub(self.started.elapsed());
        if left.is_zero() { Err(self.out_of_time()) } else { Ok(left) }
    }

    /// The time that a request may take: at most what is left, and what the app says. An app that
    /// asks for more time for a request gets it for the whole call.
    pub(super) fn time_for(&mut self, timeout: Option<Duration>) -> Result<Duration, AppError> {
        let Some(timeout) = timeout else { return self.left() };
        self.time = self.time.max(timeout.min(self.host().bounds.longest_time));
        Ok(timeout.min(self.left()?))
    }

    pub(super) fn out_of_time(&self) -> AppError {
        let limit = self.time.as_millis();
        AppError::new(
            ErrorType::ModuleTimeoutError,
            format!("It took longer than {limit} ms, which is the time that it may take."),
        )
    }

    pub(super) fn warn(&mut self, warning: impl Into<String>) {
        let warning = warning.into();
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// Removes the files that nothing refers to that has come of the call.
    pub(super) async fn tidy<'v>(&mut self, kept: impl IntoIterator<Item = &'v Value>) {
        let Some(blobs) = self.host().blobs.as_ref().filter(|_| !self.stored.is_empty()) else {
            return;
        };
        let mut used = Vec::new();
        kept.into_iter().for_each(|value| files(value, &mut used));
        for id in std::mem::take(&mut self.stored) {
            if !used.iter().any(|name| **name == *id.as_str())
                && let Err(error) = blobs.remove(&id).await
            {
                self.warn(format!("The file {id} is no longer needed and stays: {error}."));
            }
        }
    }

    /// What is told of a call that has ended well.
    pub(super) fn told(self) -> (Vec<Exchange>, Vec<String>) {
        let warnings = self.warnings.iter().map(|warning| self.mask.hide(warning)).collect();
        (self.exchanges, warnings)
    }

    /// What is told of a call that has failed.
    pub(super) fn failed(self, mut error: AppError) -> Failure {
        error.message = self.mask.hide(&error.message);
        Failure { error, exchanges: self.exchanges, saved: None }
    }
}

/// The root `pagination`.
pub(super) fn pagination(page: u32) -> Value {
    let page = Value::Number(f64::from(page));
    Value::collection(halyard_iml::Collection::new(vec![(Key::new("page"), page)]))
}

/// Host and port of an address, for messages.
pub(super) fn place(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// The files that a value refers to.
fn files(value: &Value, found: &mut Vec<Text>) {
    match value {
        Value::Stored(stored) => found.push(stored.id.clone()),
        Value::Array(items) => items.iter().for_each(|item| files(item, found)),
        Value::Collection(members) => members.iter().for_each(|(_, value)| files(value, found)),
        _ => {}
    }
}
