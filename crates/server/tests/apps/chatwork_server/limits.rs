//! How often one may call.

use std::collections::BTreeMap;

use axum::http::HeaderName;
use halyard_platform::clock::Millis;

use super::answer::{Refusal, Reply};

/// How often one may call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Calls of an account in five minutes.
    pub(crate) calls: u32,
    /// New messages and tasks of a room in ten seconds.
    pub(crate) posts: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { calls: 300, posts: 10 }
    }
}

/// What has been counted.
#[derive(Debug, Default)]
pub(super) struct Counters {
    limits: Limits,
    calls: BTreeMap<u64, Window>,
    posts: BTreeMap<u64, Window>,
}

impl Counters {
    const CALLS: Millis = 5 * 60_000;
    const POSTS: Millis = 10_000;

    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Counts a call of an account.
    pub(super) fn call(&mut self, account: u64, now: Millis) -> Result<(), Refusal> {
        let window = self.calls.entry(account).or_default();
        window.take(now, Self::CALLS, self.limits.calls).map_err(|reset| {
            // The service's words for this are not recorded; these are our choice.
            Refusal::limit("Rate limit exceeded", reset)
        })
    }

    /// Counts a new message or task of a room.
    pub(super) fn post(&mut self, room: u64, now: Millis) -> Result<(), Refusal> {
        let window = self.posts.entry(room).or_default();
        window.take(now, Self::POSTS, self.limits.posts).map_err(|reset| {
            Refusal::limit("Rate limit for message posting per room exceeded.", reset)
        })
    }

    /// Tells a caller what is left. Where a limit is exceeded, it is that limit which counts.
    pub(super) fn tell(&self, account: u64, exceeded: Option<i64>, reply: Reply) -> Reply {
        let window = self.calls.get(&account).copied().unwrap_or_default();
        let remaining = self.limits.calls.saturating_sub(window.used);
        let (remaining, reset) = match exceeded {
            Some(reset) => (0, reset),
            None => (remaining, window.reset(Self::CALLS)),
        };
        reply
            .with(HeaderName::from_static("x-ratelimit-limit"), self.limits.calls.to_string())
            .with(HeaderName::from_static("x-ratelimit-remaining"), remaining.to_string())
            .with(HeaderName::from_static("x-ratelimit-reset"), reset.to_string())
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Window {
    since: Millis,
    used: u32,
}

impl Window {
    /// Takes one of `most`, or tells in Unix seconds when there will be some again.
    fn take(&mut self, now: Millis, length: Millis, most: u32) -> Result<(), i64> {
        if now >= self.since + length {
            *self = Self { since: now, used: 0 };
        }
        if self.used >= most {
            return Err(self.reset(length));
        }
        self.used += 1;
        Ok(())
    }

    fn reset(self, length: Millis) -> i64 {
        // Rounded up, so that whoever waits until then does not come too early.
        (self.since + length + 999) / 1000
    }
}
