//! Latency histogram with a bounded relative error and a fixed size.

use std::time::Duration;

/// Each power of two is divided into this many buckets of equal width.
const SUB_BUCKETS: u64 = 128;
const SUB_BUCKET_BITS: u32 = SUB_BUCKETS.trailing_zeros();
/// Values below `SUB_BUCKETS` are exact; every later power of two up to 2^63 has its own buckets.
const BUCKETS: usize = (64 - SUB_BUCKET_BITS as usize + 1) * SUB_BUCKETS as usize;

/// Counts durations in buckets that grow with the value.
///
/// A quantile is never below the true one and at most 1/128 (0.8 %) above it. Recording is a few
/// instructions and never allocates, so that it does not disturb what it measures. Our own instead
/// of a library: one array and one index function are all that the report needs.
#[derive(Debug, Clone)]
pub struct Histogram {
    counts: Box<[u64]>,
    total: u64,
    longest_ns: u64,
}

impl Histogram {
    /// An upper bound of the relative error of a quantile.
    pub const RELATIVE_ERROR: f64 = 1.0 / SUB_BUCKETS as f64;

    /// An empty histogram.
    #[must_use]
    pub fn new() -> Self {
        Self { counts: vec![0; BUCKETS].into_boxed_slice(), total: 0, longest_ns: 0 }
    }

    /// Counts one duration; above 584 years it counts as that.
    pub fn record(&mut self, duration: Duration) {
        let value_ns = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        self.counts[bucket_of(value_ns)] += 1;
        self.total += 1;
        self.longest_ns = self.longest_ns.max(value_ns);
    }

    /// How many durations were recorded.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.total
    }

    /// The longest recorded duration, exactly; zero when empty.
    #[must_use]
    pub fn longest(&self) -> Duration {
        Duration::from_nanos(self.longest_ns)
    }

    /// The duration that a share `quantile` (0 to 1) of the recorded ones does not exceed; zero when
    /// empty.
    #[must_use]
    pub fn quantile(&self, quantile: f64) -> Duration {
        let rank = ((quantile.clamp(0.0, 1.0) * self.total as f64).ceil() as u64).max(1);
        let mut seen = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return Duration::from_nanos(upper_end_of(bucket).min(self.longest_ns));
            }
        }
        self.longest()
    }
}

impl Default for Histogram {
    fn default() -> Self {
        Self::new()
    }
}

fn bucket_of(value: u64) -> usize {
    if value < SUB_BUCKETS {
        return value as usize;
    }
    let shift = value.ilog2() - SUB_BUCKET_BITS;
    // The leading bit is at SUB_BUCKET_BITS after the shift, so this is in SUB_BUCKETS..2*SUB_BUCKETS.
    (u64::from(shift) * SUB_BUCKETS + (value >> shift)) as usize
}

fn upper_end_of(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < SUB_BUCKETS {
        return bucket;
    }
    let shift = bucket / SUB_BUCKETS - 1;
    let first = bucket - shift * SUB_BUCKETS;
    (first << shift) + ((1 << shift) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_lies_in_its_bucket_and_within_the_error() {
        let mut value = 1_u64;
        while value < u64::MAX / 3 {
            for probe in [value - 1, value, value + 1] {
                let upper = upper_end_of(bucket_of(probe));
                assert!(upper >= probe, "{probe} above its bucket's end {upper}");
                let error = (upper - probe) as f64;
                assert!(error <= probe as f64 * Histogram::RELATIVE_ERROR, "{probe} -> {upper}");
            }
            value = value * 3 / 2 + 1;
        }
        assert_eq!(bucket_of(u64::MAX), BUCKETS - 1);
        assert_eq!(upper_end_of(BUCKETS - 1), u64::MAX);
    }

    #[test]
    fn buckets_follow_each_other_without_gap() {
        for bucket in 0..BUCKETS - 1 {
            assert_eq!(bucket_of(upper_end_of(bucket)), bucket);
            assert_eq!(bucket_of(upper_end_of(bucket) + 1), bucket + 1);
        }
    }

    #[test]
    fn quantiles_match_a_sorted_list() {
        // Skewed on purpose, as latencies are: squares spread over six orders of magnitude.
        let mut values: Vec<u64> = (1..=10_000_u64).map(|i| i * i * 7).collect();
        let mut histogram = Histogram::new();
        for value in values.iter().rev() {
            histogram.record(Duration::from_nanos(*value));
        }
        values.sort_unstable();
        for quantile in [0.0, 0.01, 0.5, 0.9, 0.99, 0.999, 1.0] {
            let rank = ((quantile * values.len() as f64).ceil() as usize).max(1);
            let truth = values[rank - 1] as f64;
            let reported = histogram.quantile(quantile).as_nanos() as f64;
            assert!(reported >= truth, "q{quantile}: {reported} < {truth}");
            assert!(
                reported <= truth * (1.0 + Histogram::RELATIVE_ERROR),
                "q{quantile}: {reported} > {truth}"
            );
        }
        assert_eq!(histogram.longest(), Duration::from_nanos(700_000_000));
        assert_eq!(histogram.count(), 10_000);
    }

    #[test]
    fn an_empty_histogram_reports_zero() {
        assert_eq!(Histogram::new().quantile(0.99), Duration::ZERO);
    }
}
