//! What all calls share, and what no call may exceed.

use std::time::Duration;

use halyard_iml::{Date, Limits, Locale, Randomness, Zone};
use halyard_platform::{blobs::Blobs, clock::Clock, outbound::Outbound, random::Random};

use super::Cookies;

/// What calls need from outside. One is made for the process; calls share its connections.
#[derive(Clone)]
pub struct Host {
    /// The way to the services.
    pub outbound: Outbound,
    /// The time that `now` tells.
    pub clock: Clock,
    /// Where nonces, boundaries and the random values of expressions come from.
    pub random: Random,
    /// Where large files go; without it they are refused beyond [`Bounds::body_bytes`].
    pub blobs: Option<Blobs>,
    /// The cookies that the calls of one run share (`shareCookies`): whoever runs several gives them
    /// a host with a jar of their own. Without one each call has its own.
    pub cookies: Option<Cookies>,
    /// The zone in which expressions read calendars.
    pub zone: Zone,
    /// The language in which expressions write dates.
    pub locale: Locale,
    /// What no call may exceed.
    pub bounds: Bounds,
}

impl Host {
    /// A host in UTC and English with the usual bounds and no place for large files.
    #[must_use]
    pub fn new(outbound: Outbound, clock: Clock, random: Random) -> Self {
        Self {
            outbound,
            clock,
            random,
            blobs: None,
            cookies: None,
            zone: Zone::utc(),
            locale: Locale::default(),
            bounds: Bounds::default(),
        }
    }

    /// The time, as expressions know it.
    pub(super) fn now(&self) -> Date {
        // The clock of a machine cannot lie further away than dates reach.
        Date::from_ms(self.clock.now())
            .unwrap_or_else(|_| Date::from_ms(0).expect("1970 is a date"))
    }
}

/// What no call may exceed. The defaults of the first five are those of the original.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// Requests of one call, pages and repetitions included.
    pub requests: u32,
    /// Pages of one request, after the first.
    pub pages: u32,
    /// Records that pages may add up to.
    pub records: usize,
    /// How long a call may take.
    pub time: Duration,
    /// How long a call may take whose app asks for more time (`timeout`).
    pub longest_time: Duration,
    /// Bytes of an answer, as it comes and unpacked, that is held in memory.
    pub body_bytes: usize,
    /// Bytes of a binary answer that goes to the store of files.
    pub file_bytes: u64,
    /// Binary answers of more bytes than this go to the store of files, where there is one.
    pub memory_bytes: usize,
    /// Redirects that one request follows.
    pub redirects: u8,
    /// Bytes of each body that an [`Exchange`](super::Exchange) shows.
    pub shown_bytes: usize,
    /// Whether `rejectUnauthorized: false` is obeyed. Otherwise such a request is refused.
    pub unverified_tls: bool,
    /// Values that an answer may be made of.
    pub values: usize,
    /// What one evaluation may use.
    pub evaluation: Limits,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            requests: 100,
            pages: 50,
            records: 3200,
            time: Duration::from_secs(40),
            longest_time: Duration::from_secs(300),
            body_bytes: 16 * 1024 * 1024,
            file_bytes: 1024 * 1024 * 1024,
            memory_bytes: 1024 * 1024,
            redirects: 10,
            shown_bytes: 16 * 1024,
            unverified_tls: false,
            values: 1_000_000,
            evaluation: Limits::default(),
        }
    }
}

/// Random numbers of expressions, from the source of the platform.
pub(super) struct Dice<'a>(pub(super) &'a Random);

impl Randomness for Dice<'_> {
    fn next(&self) -> u64 {
        u64::from_be_bytes(self.0.bytes())
    }
}
