//! The forms of values.

use jiff::{Timestamp, civil, fmt::rfc2822, tz::TimeZone};
use serde_json::{Map, Value};

/// The first and last second that a date of a filter means: a day, or a moment.
pub(super) fn read_date(text: &str) -> Option<(i64, i64)> {
    if let Ok(day) = text.parse::<civil::Date>()
        && text.len() == 10
    {
        let start = day.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second();
        return Some((start, start + 86_399));
    }
    let moment = text
        .parse::<Timestamp>()
        .or_else(|_| rfc2822::parse(text).map(|zoned| zoned.timestamp()))
        .or_else(|_| {
            let local: civil::DateTime = text.parse()?;
            Ok::<_, jiff::Error>(local.to_zoned(TimeZone::UTC)?.timestamp())
        })
        .ok()?
        .as_second();
    Some((moment, moment))
}

/// The moment that a field holds.
pub(super) fn moment(fields: &Map<String, Value>, name: &str) -> Option<i64> {
    fields.get(name)?.as_str().and_then(read_date).map(|(start, _)| start)
}

/// Whether a text is a number in E.164.
pub(super) fn is_number(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        (7..=15).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && !digits.starts_with('0')
    })
}

/// Whether a text is an address on a channel, such as `whatsapp:+15005550006`.
pub(super) fn is_channel(text: &str) -> bool {
    let channels = ["whatsapp", "messenger", "rcs", "client", "sip", "sim"];
    text.split_once(':')
        .is_some_and(|(channel, rest)| channels.contains(&channel) && !rest.is_empty())
}

/// Whether a text is a name that a message may come from.
pub(super) fn is_sender_name(text: &str) -> bool {
    (1..=11).contains(&text.len())
        && text.bytes().any(|byte| byte.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b" +_&-".contains(&byte))
}

/// Whether a text is a SID with this prefix.
pub(super) fn is_sid(prefix: &str, text: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|digits| {
        digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

/// Whether a text is an address of the web.
pub(super) fn is_url(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(' '))
}

/// A number as the country's people write it.
pub(super) fn formatted(number: &str) -> String {
    match number.strip_prefix("+1") {
        Some(digits) if digits.len() == 10 => {
            format!("({}) {}-{}", &digits[..3], &digits[3..6], &digits[6..])
        }
        _ => number.to_owned(),
    }
}
