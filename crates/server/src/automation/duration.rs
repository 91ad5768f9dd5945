use std::time::Duration;

/// Reads a time span of the command line: `15s`, `500ms`, `5m`, `1h`, or seconds.
pub(crate) fn span(text: &str) -> Result<Duration, String> {
    let at = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(at);
    let wrong = || format!("{text:?} is no time span; use 15s, 500ms, 5m or 1h");
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let millis = match unit {
        "ms" => Some(number),
        "" | "s" => number.checked_mul(1000),
        "m" => number.checked_mul(60_000),
        "h" => number.checked_mul(3_600_000),
        _ => None,
    };
    millis.map(Duration::from_millis).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_spans_are_numbers_with_a_unit() {
        let ms = |text| span(text).map(|span| span.as_millis());
        assert_eq!(ms("15s"), Ok(15_000));
        assert_eq!(ms("2"), Ok(2_000));
        assert_eq!(ms("250ms"), Ok(250));
        assert_eq!(ms("5m"), Ok(300_000));
        assert_eq!(ms("1h"), Ok(3_600_000));
        for wrong in ["", "s", "1d", "-1s", "1.5s", "99999999999999999999s"] {
            assert!(span(wrong).unwrap_err().contains("15s"), "{wrong}");
        }
    }
}
