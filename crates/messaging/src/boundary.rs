use halyard_platform::{clock::Millis, db};

use crate::Error;

/// Accepts the number of items that a list may answer (vendor documentation).
///
/// # Errors
/// [`Error::Invalid`]
pub(crate) fn check_limit(limit: i64) -> Result<i64, Error> {
    if (1..=500).contains(&limit) {
        Ok(limit)
    } else {
        Err(Error::Invalid { field: "limit", expected: "a number from 1 to 500" })
    }
}

/// The first index whose moment is later than `moment`, or `last + 1`.
///
/// Moments never fall from one index to the next, so a few look-ups replace an index on time that
/// every insert would have to maintain. An index without a row counts as early.
pub(crate) fn first_after(
    last: i64,
    moment: Millis,
    moment_at: &mut impl FnMut(i64) -> Result<Option<Millis>, db::Error>,
) -> Result<i64, db::Error> {
    let (mut low, mut high) = (0, last + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        if moment_at(middle)?.is_some_and(|found| found > moment) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Ok(low)
}

#[cfg(test)]
mod tests {
    use super::first_after;

    #[test]
    fn finds_the_first_later_moment() {
        let moments = [10, 20, 20, 30];
        let find = |moment| {
            first_after(3, moment, &mut |index| Ok(Some(moments[index as usize]))).unwrap()
        };
        assert_eq!([5, 10, 19, 20, 29, 30].map(find), [0, 1, 1, 3, 3, 4]);
        assert_eq!(first_after(-1, 5, &mut |_| panic!("nothing to look at")).unwrap(), 0);
    }
}
