//! Names and colours that people choose.

use crate::Error;

/// Longest name of a workspace or group, in characters: our decision.
pub(crate) const MAX_NAME: usize = 255;
/// Colours are the numbers 0 (grey) to 11 (salmon) of the vendor documentation.
const LAST_COLOR: i64 = 11;

/// Accepts a name of 1 to `longest` characters and strips the white space around it.
///
/// # Errors
/// [`Error::NameInvalid`]; also for the NUL character, which PostgreSQL cannot store.
pub(crate) fn check_name(name: &str, longest: usize) -> Result<String, Error> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > longest || name.contains('\0') {
        return Err(Error::NameInvalid);
    }
    Ok(name.to_owned())
}

/// Accepts no colour or a known one.
///
/// # Errors
/// [`Error::Invalid`]
pub(crate) fn check_color(color: Option<i64>) -> Result<(), Error> {
    if color.is_none_or(|color| (0..=LAST_COLOR).contains(&color)) {
        return Ok(());
    }
    Err(Error::Invalid { field: "color", expected: "a number from 0 to 11" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_trimmed_and_counted_in_characters() {
        assert_eq!(check_name("  Büro ", 4).unwrap(), "Büro");
        for bad in ["", " \t\n", "Büros", "a\0b"] {
            assert!(matches!(check_name(bad, 4), Err(Error::NameInvalid)), "{bad:?}");
        }
    }

    #[test]
    fn twelve_colours_are_known() {
        assert!([None, Some(0), Some(11)].into_iter().all(|color| check_color(color).is_ok()));
        assert!([-1, 12, i64::MAX].into_iter().all(|color| check_color(Some(color)).is_err()));
    }
}
