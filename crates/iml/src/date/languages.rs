//! The table of languages: names, ordinals, parts of the day, weeks, formats and decimal signs.
//!
//! It is a text with a row for each language. A row is read when its language is used first, so that
//! a program pays for the languages that it needs.

use std::sync::{LazyLock, OnceLock};

use super::locale::{LocaleData, Ordinal};

const TABLE: &str = include_str!("locales.tsv");

struct Language {
    id: &'static str,
    row: &'static str,
    data: OnceLock<LocaleData>,
}

// Sorted by their ids, as the table is.
static LANGUAGES: LazyLock<Vec<Language>> = LazyLock::new(|| {
    let rows = TABLE.lines().filter(|line| !line.starts_with('#'));
    rows.filter_map(|line| line.split_once('\t'))
        .map(|(id, row)| Language { id, row, data: OnceLock::new() })
        .collect()
});

static ENGLISH: LazyLock<&'static LocaleData> =
    LazyLock::new(|| find("en").expect("English is in the table"));

/// The language with this id, in lower case.
pub(super) fn find(id: &str) -> Option<&'static LocaleData> {
    let at = LANGUAGES.binary_search_by(|language| language.id.cmp(id)).ok()?;
    let language = &LANGUAGES[at];
    Some(language.data.get_or_init(|| {
        read(language.id, language.row).expect("a test reads every row of the table")
    }))
}

/// The language that is used where nobody has asked for another.
pub(super) fn english() -> &'static LocaleData {
    *ENGLISH
}

fn read(id: &'static str, row: &'static str) -> Option<LocaleData> {
    let mut columns = row.split('\t');
    let mut column = || columns.next();
    let months = list(column()?)?;
    let months_short = list(column()?)?;
    let mut list_or = |usual| match column()? {
        "" => Some(usual),
        items => list(items),
    };
    let months_after_day = list_or(months)?;
    let months_short_after_day = list_or(months_short)?;
    let months_short_dashed = list_or(months_short)?;
    let dot_after_day = column()? == "dot";
    let weekdays = list(column()?)?;
    let weekdays_short = list(column()?)?;
    let weekdays_min = list(column()?)?;
    let [time, time_with_seconds] = list(column()?)?;
    let full = list(column()?)?;
    let short = list(column()?)?;
    let (first_day, first_week) = column()?.split_once('~')?;
    let ordinals = ordinals(column()?)?;
    let day_parts = column()?.split('|').map(day_part).collect::<Option<_>>()?;
    let (decimal, group) = column()?.split_once('~')?;
    Some(LocaleData {
        id,
        months,
        months_short,
        months_after_day,
        months_short_after_day,
        months_short_dashed,
        dot_after_day,
        weekdays,
        weekdays_short,
        weekdays_min,
        time,
        time_with_seconds,
        full,
        short,
        first_day: first_day.parse().ok()?,
        first_week: first_week.parse().ok()?,
        ordinals,
        day_parts,
        decimal,
        group,
    })
}

fn list<const N: usize>(column: &'static str) -> Option<[&'static str; N]> {
    let mut items = column.split('|');
    let mut all = [""; N];
    for slot in &mut all {
        *slot = items.next()?;
    }
    items.next().is_none().then_some(all)
}

// One for each kind of number, or one for all.
fn ordinals(column: &'static str) -> Option<[Ordinal; 7]> {
    if !column.contains('|') {
        return ordinal(column).map(|rule| [rule; 7]);
    }
    let mut all = [Ordinal::Fixed("", ""); 7];
    for (slot, rule) in all.iter_mut().zip(list::<7>(column)?) {
        *slot = ordinal(rule)?;
    }
    Some(all)
}

fn ordinal(rule: &'static str) -> Option<Ordinal> {
    let mut parts = rule.split('~');
    let kind = parts.next()?;
    let mut part = || parts.next();
    Some(match kind {
        "fixed" => Ordinal::Fixed(part()?, part()?),
        "first" => Ordinal::First(part()?, part()?),
        "digit" => Ordinal::LastDigit(part()?, part()?, part()?, part()?),
        "dutch" => Ordinal::Dutch(part()?, part()?),
        _ => return None,
    })
}

fn day_part(run: &'static str) -> Option<(i64, &'static str, &'static str)> {
    let (minute, words) = run.split_once('~')?;
    let (lower, upper) = words.split_once('~')?;
    Some((minute.parse().ok()?, lower, upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_can_be_read() {
        assert_eq!(TABLE.lines().count(), LANGUAGES.len() + 1, "all but the first line");
        assert!(LANGUAGES.is_sorted_by_key(|language| language.id));
        for language in LANGUAGES.iter() {
            let data = read(language.id, language.row)
                .unwrap_or_else(|| panic!("{} cannot be read", language.id));
            assert_eq!(data.day_parts[0].0, 0, "{}: days begin at midnight", language.id);
            assert!((0..7).contains(&data.first_day), "{}", language.id);
            assert!(data.months.iter().chain(&data.weekdays).all(|name| !name.is_empty()));
        }
        assert!(LANGUAGES.len() > 90, "{} languages", LANGUAGES.len());
    }

    #[test]
    fn a_row_with_something_missing_is_none() {
        let row = LANGUAGES.iter().find(|language| language.id == "cs").expect("Czech").row;
        assert!(read("cs", row).is_some());
        for at in 0..row.split('\t').count() {
            let rest: Vec<_> = row.split('\t').take(at).collect();
            assert!(read("cs", rest.join("\t").leak()).is_none(), "{at} columns");
        }
    }
}
