//! The time, as a value that is passed along instead of a global that is asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// A moment or a duration in milliseconds. A moment counts from the Unix epoch, in UTC.
pub type Millis = i64;

/// Where the time comes from. Clones share one source.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// The clock of the operating system.
    pub fn system() -> Clock {
        Clock(Source::System)
    }

    /// A clock that stands at `start` until it is moved by hand: for tests and reproducible demos.
    pub fn manual(start: Millis) -> Clock {
        Clock(Source::Manual(Arc::new(AtomicI64::new(start))))
    }

    /// The current moment.
    pub fn now(&self) -> Millis {
        match &self.0 {
            Source::System => system_now(),
            Source::Manual(now) => now.load(Ordering::SeqCst),
        }
    }

    /// Moves a manual clock by `by` milliseconds; every clone sees it.
    ///
    /// # Panics
    ///
    /// On the system clock, which nobody may move.
    pub fn advance(&self, by: Millis) {
        self.hands().fetch_add(by, Ordering::SeqCst);
    }

    /// Sets a manual clock; every clone sees it.
    ///
    /// # Panics
    ///
    /// On the system clock, which nobody may move.
    pub fn set(&self, to: Millis) {
        self.hands().store(to, Ordering::SeqCst);
    }

    fn hands(&self) -> &AtomicI64 {
        match &self.0 {
            Source::System => panic!("the system clock cannot be moved; use Clock::manual"),
            Source::Manual(now) => now,
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that asks the operating system")]
fn system_now() -> Millis {
    // A machine whose clock stands before 1970 gets a negative moment, not a crash.
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_millis()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |ms| -ms),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_of_a_manual_clock_move_together() {
        let clock = Clock::manual(1_000);
        let clone = clock.clone();
        clock.advance(500);
        assert_eq!(clone.now(), 1_500);
        clone.set(-3);
        assert_eq!(clock.now(), -3);
    }

    #[test]
    fn the_system_clock_is_past_the_day_this_was_written() {
        assert!(Clock::system().now() > 1_760_000_000_000);
    }

    #[test]
    #[should_panic(expected = "cannot be moved")]
    fn the_system_clock_cannot_be_moved() {
        Clock::system().advance(1);
    }
}
