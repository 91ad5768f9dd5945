use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use halyard_platform::clock::Millis;

use crate::Error;

/// Failed attempts that one key may make in a window.
const ATTEMPTS: u32 = 10;
/// Length of a window in milliseconds.
const WINDOW: Millis = 15 * 60 * 1000;
/// Windows kept in memory; beyond it the oldest go, so that made-up addresses cannot fill it.
const KEPT: usize = 100_000;

/// Slows down guessing of passwords: fixed windows of failed attempts per address and per origin.
#[derive(Clone, Default)]
pub struct LoginLimit {
    windows: Arc<Mutex<HashMap<String, Window>>>,
}

#[derive(Clone, Copy)]
struct Window {
    started: Millis,
    failures: u32,
}

impl LoginLimit {
    /// Refuses the attempt while the window of the key is used up.
    ///
    /// # Errors
    /// [`Error::TooManyAttempts`] with the time that is left.
    pub fn check(&self, key: &str, now: Millis) -> Result<(), Error> {
        open(&self.windows(), key, ATTEMPTS, now)
    }

    /// Counts an attempt as failed before its outcome is known, so that many at the same time
    /// cannot pass together. [`LoginLimit::succeeded`] or [`LoginLimit::forgive`] take it back.
    ///
    /// # Errors
    /// Those of [`LoginLimit::check`]; nothing is counted then.
    pub fn attempt(&self, key: &str, now: Millis) -> Result<(), Error> {
        self.attempt_within(key, ATTEMPTS, now)
    }

    /// As [`LoginLimit::attempt`], for keys that may fail this many times in a window.
    ///
    /// # Errors
    /// Those of [`LoginLimit::check`]; nothing is counted then.
    pub fn attempt_within(&self, key: &str, most: u32, now: Millis) -> Result<(), Error> {
        let mut windows = self.windows();
        open(&windows, key, most, now)?;
        count(&mut windows, key, now);
        Ok(())
    }

    /// Takes back one attempt that did not fail.
    pub fn forgive(&self, key: &str) {
        if let Some(window) = self.windows().get_mut(key) {
            window.failures = window.failures.saturating_sub(1);
        }
    }

    /// Counts a failed attempt.
    pub fn failed(&self, key: &str, now: Millis) {
        count(&mut self.windows(), key, now);
    }

    /// Forgets the failures of somebody who got in.
    pub fn succeeded(&self, key: &str) {
        self.windows().remove(key);
    }

    fn windows(&self) -> std::sync::MutexGuard<'_, HashMap<String, Window>> {
        self.windows.lock().unwrap_or_else(|error| error.into_inner())
    }
}

fn open(windows: &HashMap<String, Window>, key: &str, most: u32, now: Millis) -> Result<(), Error> {
    match windows.get(key) {
        Some(window) if window.failures >= most && now < window.started + WINDOW => {
            Err(Error::TooManyAttempts(window.started + WINDOW - now))
        }
        _ => Ok(()),
    }
}

fn count(windows: &mut HashMap<String, Window>, key: &str, now: Millis) {
    if windows.len() >= KEPT {
        windows.retain(|_, window| now < window.started + WINDOW);
        if windows.len() >= KEPT {
            windows.clear();
        }
    }
    let window = windows.entry(key.to_owned()).or_insert(Window { started: now, failures: 0 });
    if now >= window.started + WINDOW {
        *window = Window { started: now, failures: 0 };
    }
    window.failures += 1;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_failures_close_the_window_until_it_ends() {
        let limit = LoginLimit::default();
        for _ in 0..ATTEMPTS {
            limit.check("a@example.com", 0).unwrap();
            limit.failed("a@example.com", 0);
        }
        assert!(matches!(
            limit.check("a@example.com", 1000),
            Err(Error::TooManyAttempts(left)) if left == WINDOW - 1000
        ));
        limit.check("b@example.com", 1000).unwrap();
        limit.check("a@example.com", WINDOW).unwrap();
        limit.failed("a@example.com", WINDOW);
        limit.check("a@example.com", WINDOW).unwrap();
    }

    #[test]
    fn an_attempt_counts_until_it_is_forgiven() {
        let limit = LoginLimit::default();
        (0..ATTEMPTS).for_each(|_| limit.attempt("a", 0).unwrap());
        assert!(matches!(limit.attempt("a", 0), Err(Error::TooManyAttempts(_))));
        limit.forgive("a");
        limit.attempt("a", 0).unwrap();
        assert!(limit.attempt("a", 0).is_err());
    }

    #[test]
    fn a_key_may_have_another_limit() {
        let limit = LoginLimit::default();
        (0..3).for_each(|_| limit.attempt_within("a", 3, 0).unwrap());
        assert!(limit.attempt_within("a", 3, 0).is_err());
        limit.attempt_within("a", 3, WINDOW).unwrap();
    }

    #[test]
    fn success_forgets_the_failures() {
        let limit = LoginLimit::default();
        (0..ATTEMPTS).for_each(|_| limit.failed("a", 0));
        limit.succeeded("a");
        limit.check("a", 0).unwrap();
    }
}
