//! Tables of what replayed requests got, for `conformance/`.

use std::{fmt::Write, fs, path::Path};

/// One line of a table.
pub(crate) struct Row {
    pub(crate) area: String,
    pub(crate) request: String,
    /// `ok`, `not yet`, or what is wrong.
    pub(crate) verdict: String,
}

/// Writes a table when a place for it is given, then fails on bad verdicts. A request that was sent
/// more than once has one line.
#[track_caller]
pub(crate) fn conclude(name: &str, rows: &[Row]) {
    let mut text = "area\trequest\tverdict\n".to_owned();
    let mut wrong = String::new();
    let mut seen: Vec<(&str, &str)> = Vec::new();
    for row in rows {
        if !matches!(row.verdict.as_str(), "ok" | "not yet") {
            writeln!(wrong, "{} {}: {}", row.area, row.request, row.verdict).unwrap();
        }
        if !seen.contains(&(&row.area, &row.request)) {
            seen.push((&row.area, &row.request));
            writeln!(text, "{}\t{}\t{}", row.area, row.request, row.verdict).unwrap();
        }
    }
    publish(name, &text);
    assert!(wrong.is_empty(), "{name}:\n{wrong}");
}

/// Writes a table when a place for it is given.
pub(crate) fn publish(name: &str, text: &str) {
    let Some(directory) = std::env::var_os("HALYARD_CONFORMANCE_OUT") else { return };
    // Each database has its own test, and they may run at once: the file must never be half.
    let file = Path::new(&directory).join(name);
    let (process, thread) = (std::process::id(), std::thread::current().id());
    let scratch = Path::new(&directory).join(format!(".{name}.{process}.{thread:?}"));
    fs::create_dir_all(&directory).unwrap();
    fs::write(&scratch, text).unwrap();
    fs::rename(&scratch, &file).unwrap();
}
