use std::time::Duration;

use metrics::{Gauge, Histogram, gauge, histogram};

/// A closure that runs longer than this holds up its neighbours and is worth a log line.
const SLOW: Duration = Duration::from_millis(20);
/// One that nobody waits for and that holds up nobody but its like.
const SLOW_ASIDE: Duration = Duration::from_secs(5);

/// Of the threads for requests and for what follows from them.
pub(super) const READ: &str = "read";
/// Of the thread for what takes long.
pub(super) const LONG_READ: &str = "long_read";

/// Metric handles of one kind of store thread.
pub(super) struct Stats {
    kind: &'static str,
    slow: Duration,
    waiting: Gauge,
    group: Histogram,
    run: Histogram,
    commit: Histogram,
}

impl Stats {
    pub(super) fn new(kind: &'static str) -> Self {
        Self {
            kind,
            slow: if kind == LONG_READ { SLOW_ASIDE } else { SLOW },
            waiting: gauge!("halyard_store_queue_length", "kind" => kind),
            group: histogram!("halyard_store_commit_group_size", "kind" => kind),
            run: histogram!("halyard_store_closure_seconds", "kind" => kind),
            commit: histogram!("halyard_store_commit_seconds", "kind" => kind),
        }
    }

    pub(super) fn waiting(&self, length: usize) {
        self.waiting.set(length as f64);
    }

    pub(super) fn group(&self, size: usize) {
        self.group.record(size as f64);
    }

    pub(super) fn ran(&self, time: Duration) {
        self.run.record(time);
        if time > self.slow {
            tracing::warn!(kind = self.kind, duration_ms = time.as_millis() as u64, "slow closure");
        }
    }

    pub(super) fn committed(&self, time: Duration) {
        self.commit.record(time);
    }
}
