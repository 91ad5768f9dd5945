//! Functions on one number.

use super::Arguments;
use crate::{
    decisions,
    error::Result,
    number::{read_number, write_number},
    value::Value,
};

pub(super) fn abs(arguments: &Arguments<'_, '_>) -> Result<Value> {
    each(arguments, f64::abs)
}

pub(super) fn ceil(arguments: &Arguments<'_, '_>) -> Result<Value> {
    each(arguments, f64::ceil)
}

pub(super) fn floor(arguments: &Arguments<'_, '_>) -> Result<Value> {
    each(arguments, f64::floor)
}

pub(super) fn round(arguments: &Arguments<'_, '_>) -> Result<Value> {
    each(arguments, |number| {
        let floor = number.floor();
        if number - floor >= 0.5 { floor + 1.0 } else { floor }
    })
}

fn each(arguments: &Arguments<'_, '_>, apply: fn(f64) -> f64) -> Result<Value> {
    Ok(arguments.number(0)?.map_or(Value::Undefined, |number| Value::Number(apply(number))))
}

pub(super) fn trunc(arguments: &Arguments<'_, '_>) -> Result<Value> {
    let Some(number) = arguments.number(0)? else { return Ok(Value::Undefined) };
    let decimals = arguments.number(1)?.unwrap_or(0.0).trunc();
    if decimals == 0.0 || !number.is_finite() {
        return Ok(Value::Number(number.trunc()));
    }
    if !(-400.0..=400.0).contains(&decimals) {
        return arguments.wrong(1, "The number of decimals is out of range.");
    }
    // On the decimal form: 1.789 has no exact binary one.
    let mut digits = Decimal::new(number);
    digits.cut(decimals as i32);
    Ok(Value::Number(digits.number()))
}

pub(super) fn format(arguments: &Arguments<'_, '_>) -> Result<Value> {
    let Some(number) = arguments.number(0)? else { return Ok(Value::from("")) };
    let decimals = arguments.number(1)?.unwrap_or(0.0).trunc();
    if !(0.0..=100.0).contains(&decimals) {
        return arguments.wrong(1, "The number of decimals must be from 0 to 100.");
    }
    let decimal_separator = arguments.text_or(2, ",")?;
    let group_separator = arguments.text_or(3, ".")?;
    // At most 309 digits before the separator, and so many separators.
    arguments.machine.produce(103 * group_separator.len() + decimal_separator.len() + 512)?;
    if !number.is_finite() {
        return Ok(Value::from(decisions::non_finite(number)));
    }
    let mut digits = Decimal::new(number);
    digits.round(decimals as i32);
    let (whole, fraction) = digits.places(decimals as usize);
    let mut out = String::new();
    if digits.negative && (whole.bytes().chain(fraction.bytes())).any(|digit| digit != b'0') {
        out.push('-');
    }
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            out.push_str(&group_separator);
        }
        out.push(digit);
    }
    if !fraction.is_empty() {
        out.push_str(&decimal_separator);
        out.push_str(&fraction);
    }
    Ok(Value::from(out))
}

pub(super) fn parse(arguments: &Arguments<'_, '_>) -> Result<Value> {
    match arguments.value(0) {
        Value::Undefined | Value::Null => return Ok(Value::Undefined),
        Value::Number(number) => return Ok(Value::Number(*number)),
        _ => {}
    }
    let text = arguments.text(0)?;
    arguments.machine.work(text.len())?;
    let separator = match arguments.text_or(1, ".")? {
        separator if separator.is_empty() => ".".into(),
        separator => separator,
    };
    let mut kept = String::new();
    let mut fraction = false;
    let mut rest = &*text;
    while let Some(c) = rest.chars().next() {
        if let Some(behind) = rest.strip_prefix(&*separator) {
            // A second separator ends the number.
            if fraction {
                break;
            }
            fraction = true;
            kept.push('.');
            rest = behind;
            continue;
        }
        match c {
            '0'..='9' => kept.push(c),
            // So does a sign that does not begin it.
            '+' | '-' | '−' if !kept.is_empty() => break,
            '+' => kept.push('+'),
            '-' | '−' => kept.push('-'),
            _ => {}
        }
        rest = &rest[c.len_utf8()..];
    }
    match read_number(&kept) {
        Some(number) => Ok(Value::Number(number)),
        None => arguments.wrong(0, format!("{} holds no number.", crate::error::quoted(&text))),
    }
}

/// The shortest decimal form of a finite number: digits and the position of the decimal point.
struct Decimal {
    negative: bool,
    digits: Vec<u8>,
    // How many digits stand before the point; negative when zeros follow it.
    point: i32,
}

impl Decimal {
    fn new(number: f64) -> Self {
        let scientific = format!("{:e}", number.abs());
        let (mantissa, exponent) = scientific.split_once('e').expect("the form has an exponent");
        let digits =
            mantissa.bytes().filter(u8::is_ascii_digit).map(|digit| digit - b'0').collect();
        let exponent: i32 = exponent.parse().expect("an exponent is a small integer");
        Self { negative: number.is_sign_negative(), digits, point: exponent + 1 }
    }

    // Keeps this many places behind the point.
    fn cut(&mut self, places: i32) {
        let keep = usize::try_from(self.point + places).unwrap_or(0);
        self.digits.truncate(keep);
    }

    // Halves go away from zero.
    fn round(&mut self, places: i32) {
        let keep = self.point + places;
        let up = usize::try_from(keep)
            .ok()
            .and_then(|at| self.digits.get(at).copied())
            .is_some_and(|digit| {
                let half = usize::try_from(keep).is_ok_and(|at| self.digits.len() == at + 1);
                digit > 5 || (digit == 5 && (decisions::HALVES_ROUND_AWAY_FROM_ZERO || !half))
            });
        self.cut(places);
        if !up {
            return;
        }
        for digit in self.digits.iter_mut().rev() {
            if *digit < 9 {
                *digit += 1;
                return;
            }
            *digit = 0;
        }
        self.digits.insert(0, 1);
        self.point += 1;
    }

    fn number(&self) -> f64 {
        let mut text = String::from(if self.negative { "-0." } else { "0." });
        text.extend(self.digits.iter().map(|digit| char::from(b'0' + digit)));
        text.push('0');
        let mut exponent = String::new();
        write_number(&mut exponent, f64::from(self.point));
        format!("{text}e{exponent}").parse().unwrap_or(0.0)
    }

    // The digits before the point, and this many behind it.
    fn places(&self, count: usize) -> (String, String) {
        let digit = |at: i32| {
            let at = usize::try_from(at).ok();
            char::from(b'0' + at.and_then(|at| self.digits.get(at)).copied().unwrap_or(0))
        };
        let whole: String =
            if self.point > 0 { (0..self.point).map(digit).collect() } else { "0".to_owned() };
        let fraction = (0..).take(count).map(|at: i32| digit(self.point + at)).collect();
        (whole, fraction)
    }
}
