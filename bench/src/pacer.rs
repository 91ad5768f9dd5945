//! Releases the requests of an open loop at their intended times.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Hands out start times at equal distances, each not before it has come.
///
/// The runtime's own timer rounds up to whole milliseconds, which would be added to every latency.
/// A thread that sleeps is late by some ten microseconds only.
pub(crate) struct Pacer {
    released: UnboundedReceiver<Instant>,
}

impl Pacer {
    /// Starts to release at `begin`, and ends before `end` or when dropped.
    pub(crate) fn start(begin: Instant, end: Instant, per_second: f64) -> Result<Self> {
        ensure!(per_second > 0.0, "a rate of {per_second} requests per second");
        let interval = Duration::try_from_secs_f64(1.0 / per_second)
            .with_context(|| format!("a rate of {per_second} requests per second"))?;
        ensure!(!interval.is_zero(), "a rate of {per_second} requests per second");
        let (release, released) = unbounded_channel();
        thread::Builder::new()
            .name("pacer".into())
            .spawn(move || release_until(&release, begin, end, interval))
            .context("start the pacer thread")?;
        Ok(Self { released })
    }

    /// The next intended start, at once when it is already past; `None` after the last.
    pub(crate) async fn next(&mut self) -> Option<Instant> {
        self.released.recv().await
    }
}

fn release_until(
    release: &UnboundedSender<Instant>,
    begin: Instant,
    end: Instant,
    interval: Duration,
) {
    let mut due = begin;
    while due < end {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        if release.send(due).is_err() {
            return;
        }
        due += interval;
    }
}
