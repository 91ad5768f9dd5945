//! Numbers as text, in the way that JSON and JavaScript write them.

use std::fmt::Write as _;

use crate::decisions;

/// Appends the shortest decimal form: no grouping, `.` as separator, an exponent from 1e21 up and
/// below 1e-6. What is not finite has the form that was decided for it.
pub(crate) fn write_number(out: &mut String, number: f64) {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if !number.is_finite() {
        out.push_str(decisions::non_finite(number));
        return;
    }
    if number.trunc() == number && number.abs() < EXACT {
        write_integer(out, number as i64);
        return;
    }
    let scientific = format!("{:e}", number.abs());
    let (mantissa, exponent) = scientific.split_once('e').expect("the form has an exponent");
    let exponent: i32 = exponent.parse().expect("an exponent is a small integer");
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    if number < 0.0 {
        out.push('-');
    }
    let count = i32::try_from(digits.len()).expect("a double has few digits");
    // The number of digits before the decimal point.
    let before = exponent + 1;
    if (1..=21).contains(&before) {
        if before >= count {
            out.push_str(&digits);
            (count..before).for_each(|_| out.push('0'));
        } else {
            let split = usize::try_from(before).expect("positive here");
            out.push_str(&digits[..split]);
            out.push('.');
            out.push_str(&digits[split..]);
        }
    } else if (-5..=0).contains(&before) {
        out.push_str("0.");
        (before..0).for_each(|_| out.push('0'));
        out.push_str(&digits);
    } else {
        out.push_str(&digits[..1]);
        if count > 1 {
            out.push('.');
            out.push_str(&digits[1..]);
        }
        let _infallible = write!(out, "e{exponent:+}");
    }
}

/// Appends a whole number.
pub(crate) fn write_integer(out: &mut String, number: i64) {
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    let mut rest = number.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b'0' + u8::try_from(rest % 10).expect("one digit");
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        out.push('-');
    }
    out.push_str(std::str::from_utf8(&digits[at..]).expect("ASCII digits"));
}

/// The number that a text spells: blanks around it, a sign, digits, one `.`, an exponent.
pub(crate) fn read_number(text: &str) -> Option<f64> {
    let text = text.trim();
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.len() + fraction.len() == 0 || !digits(whole) || !digits(fraction) {
        return None;
    }
    if let Some(exponent) = exponent {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        if exponent.is_empty() || !digits(exponent) {
            return None;
        }
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_one_form() {
        for (number, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (12.0, "12"),
            (-3.7, "-3.7"),
            (0.1 + 0.2, "0.30000000000000004"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (1.5e21, "1.5e+21"),
            (123456789012345680000.0, "123456789012345680000"),
            (9007199254740993.0, "9007199254740992"),
            (1e-6, "0.000001"),
            (1e-7, "1e-7"),
            (-1.25e-9, "-1.25e-9"),
            (f64::MAX, "1.7976931348623157e+308"),
            (f64::NAN, ""),
            (f64::INFINITY, ""),
        ] {
            let mut out = String::new();
            write_number(&mut out, number);
            assert_eq!(out, text);
        }
    }

    #[test]
    fn text_is_a_number_or_it_is_not() {
        for (text, number) in [
            ("12", Some(12.0)),
            (" -3.5e2\n", Some(-350.0)),
            ("+.5", Some(0.5)),
            ("5.", Some(5.0)),
            ("", None),
            (".", None),
            ("1,5", None),
            ("1e", None),
            ("0x10", None),
            ("Infinity", None),
            ("nan", None),
            ("1 2", None),
            ("--1", None),
        ] {
            assert_eq!(read_number(text), number, "{text:?}");
        }
    }
}
