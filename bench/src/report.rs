//! The outcome of a run: what was reached, the limit on the same machine, and whether a bar is met.

use std::fmt::{self, Write as _};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

use crate::load::Figures;
use crate::scenario::{Bar, Scenario};

/// All figures of a run.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Cores that the servers and the load generator shared.
    pub cores: usize,
    /// The database behind the servers.
    pub database: String,
    /// What a handler that does nothing reaches: no path can be faster on this machine.
    pub bare_http: Option<Figures>,
    /// One row per scenario.
    pub rows: Vec<Row>,
    /// Memory and start time.
    pub footprints: Vec<Footprint>,
}

/// One compared path.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// Name of the scenario.
    pub path: String,
    /// Our figures; none when the scenario failed.
    pub ours: Option<Figures>,
    /// The figures of the bare handler, if it was measured.
    pub bare: Option<Figures>,
    /// What the bar compares: our share of the bare handler's requests per second, or the multiple
    /// of the reference's 99th percentile.
    pub ratio: Option<f64>,
    /// The bar in words.
    pub bar: String,
    /// Whether it is met.
    pub verdict: Verdict,
    /// Why the scenario failed or could not be judged.
    pub remark: Option<String>,
}

/// What became of a bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Reached.
    Met,
    /// Measured and not reached.
    Missed,
    /// There is no bar: others are compared with this row.
    Reference,
    /// What it is compared with was not measured.
    NotJudged,
    /// The scenario itself failed.
    Failed,
}

/// A figure that has an upper bound of its own.
#[derive(Debug, Clone, Serialize)]
pub struct Footprint {
    /// What was measured, and where.
    pub what: String,
    /// The measured value.
    pub measured: f64,
    /// The bound.
    pub at_most: f64,
    /// Unit of both.
    pub unit: &'static str,
}

impl Row {
    /// Compares the figures of a scenario with its bar.
    ///
    /// `bare` is none when the bare handler was not measured; `reference` finds the figures of an
    /// earlier scenario of the run.
    pub fn judge(
        scenario: &Scenario,
        ours: Result<Figures>,
        bare: Option<Result<Figures>>,
        reference: impl Fn(&str) -> Option<Figures>,
    ) -> Self {
        let mut row = Self {
            path: scenario.name.clone(),
            ours: None,
            bare: None,
            ratio: None,
            bar: scenario.bar.to_string(),
            verdict: Verdict::NotJudged,
            remark: None,
        };
        match bare {
            Some(Ok(figures)) => row.bare = Some(figures),
            Some(Err(error)) => row.remark = Some(format!("the bare handler: {error:#}")),
            None => {}
        }
        let ours = match ours {
            Ok(figures) => figures,
            Err(error) => {
                row.verdict = Verdict::Failed;
                row.remark = Some(format!("{error:#}"));
                return row;
            }
        };
        row.ours = Some(ours);
        row.apply_bar(&scenario.bar, ours, reference);
        row
    }

    fn apply_bar(&mut self, bar: &Bar, ours: Figures, reference: impl Fn(&str) -> Option<Figures>) {
        let met = match bar {
            Bar::Reference => {
                self.verdict = Verdict::Reference;
                return;
            }
            Bar::ShareOfBare { at_least, p99_at_most } => {
                let Some(bare) = self.bare else {
                    self.remark.get_or_insert("the bare handler was not measured".into());
                    return;
                };
                let share = ours.per_second / bare.per_second;
                self.ratio = Some(share);
                let is_quick =
                    p99_at_most.is_none_or(|longest| ours.p99_ms <= longest.as_secs_f64() * 1000.0);
                share >= *at_least && is_quick
            }
            Bar::P99(longest) => ours.p99_ms <= longest.as_secs_f64() * 1000.0,
            Bar::P99OfOther { scenario, at_most } => {
                let Some(other) = reference(scenario) else {
                    self.remark.get_or_insert(format!("\"{scenario}\" was not measured"));
                    return;
                };
                let multiple = ours.p99_ms / other.p99_ms;
                self.ratio = Some(multiple);
                multiple <= *at_most
            }
        };
        self.verdict = if met { Verdict::Met } else { Verdict::Missed };
    }
}

impl Footprint {
    /// Whether the bound is kept.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        if self.measured <= self.at_most { Verdict::Met } else { Verdict::Missed }
    }
}

impl Report {
    /// The figures of an earlier row.
    #[must_use]
    pub fn figures_of(&self, path: &str) -> Option<Figures> {
        self.rows.iter().find(|row| row.path == path)?.ours
    }

    /// Writes the report as JSON, creating the directory if needed.
    pub fn write_json(&self, file: &Path) -> Result<()> {
        if let Some(directory) = file.parent() {
            fs::create_dir_all(directory)
                .with_context(|| format!("create {}", directory.display()))?;
        }
        let mut text = serde_json::to_string_pretty(self).context("encode the report")?;
        text.push('\n');
        fs::write(file, text).with_context(|| format!("write {}", file.display()))
    }

    fn verdicts(&self) -> impl Iterator<Item = Verdict> {
        let rows = self.rows.iter().map(|row| row.verdict);
        rows.chain(self.footprints.iter().map(Footprint::verdict))
    }

    /// One sentence: whether all bars are met, and what is not.
    #[must_use]
    pub fn summary(&self) -> String {
        let count = |wanted| self.verdicts().filter(|verdict| *verdict == wanted).count();
        let judged = count(Verdict::Met) + count(Verdict::Missed);
        let mut text = match count(Verdict::Missed) {
            _ if judged == 0 => "No bar was judged".to_owned(),
            0 => format!("All {judged} judged bars are met"),
            missed => format!("{missed} of {judged} judged bars MISSED"),
        };
        for (verdict, word) in [(Verdict::Failed, "FAILED"), (Verdict::NotJudged, "not judged")] {
            let number = count(verdict);
            if number > 0 {
                // Writing to a string cannot fail.
                let _infallible = write!(text, ", {number} {word}");
            }
        }
        text.push('.');
        text
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} cores, load generator included; {}", self.cores, self.database)?;
        if let Some(bare) = &self.bare_http {
            let (rate, p99_ms) = (thousands(bare.per_second), bare.p99_ms);
            writeln!(f, "bare HTTP: {rate} req/s, p99 {p99_ms:.2} ms")?;
        }
        writeln!(f)?;
        let header = ["path", "req/s", "p50 ms", "p99 ms", "bare req/s", "ratio", "bar", ""];
        let mut lines = vec![header.map(String::from)];
        lines.extend(self.rows.iter().map(cells));
        write_aligned(f, &lines, &[1, 2, 3, 4, 5])?;
        if !self.footprints.is_empty() {
            writeln!(f)?;
            let mut lines = vec![["", "measured", "bar", ""].map(String::from)];
            lines.extend(self.footprints.iter().map(|footprint| {
                let Footprint { what, measured, at_most, unit } = footprint;
                let bar = format!("≤ {at_most} {unit}");
                [what.clone(), format!("{measured:.1}"), bar, footprint.verdict().to_string()]
            }));
            write_aligned(f, &lines, &[1])?;
        }
        writeln!(f)?;
        for row in &self.rows {
            if let Some(remark) = &row.remark {
                writeln!(f, "{}: {remark}", row.path)?;
            }
        }
        writeln!(f, "{}", self.summary())
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Met => "met",
            Self::Missed => "MISSED",
            Self::Reference => "",
            Self::NotJudged => "not judged",
            Self::Failed => "FAILED",
        })
    }
}

impl fmt::Display for Bar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ShareOfBare { at_least, p99_at_most: None } => write!(f, "≥ {at_least}"),
            Self::ShareOfBare { at_least, p99_at_most: Some(longest) } => {
                write!(f, "≥ {at_least}, p99 ≤ {} ms", longest.as_millis())
            }
            Self::P99(longest) => write!(f, "p99 ≤ {} ms", longest.as_millis()),
            Self::P99OfOther { at_most, .. } => write!(f, "p99 ≤ {at_most} × reference"),
            Self::Reference => f.write_str("reference"),
        }
    }
}

fn cells(row: &Row) -> [String; 8] {
    let shown = |value: Option<f64>, decimals: usize| {
        value.map_or_else(|| "–".into(), |value| format!("{value:.decimals$}"))
    };
    let rate = |figures: Option<Figures>| {
        figures.map_or_else(|| "–".into(), |figures| thousands(figures.per_second))
    };
    [
        row.path.clone(),
        rate(row.ours),
        shown(row.ours.map(|ours| ours.p50_ms), 2),
        shown(row.ours.map(|ours| ours.p99_ms), 2),
        rate(row.bare),
        shown(row.ratio, 2),
        row.bar.clone(),
        row.verdict.to_string(),
    ]
}

/// A whole number with a comma between thousands.
fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

fn write_aligned<const N: usize>(
    f: &mut fmt::Formatter<'_>,
    lines: &[[String; N]],
    right_aligned: &[usize],
) -> fmt::Result {
    let mut widths = [0; N];
    for line in lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = (*width).max(cell.chars().count());
        }
    }
    for line in lines {
        let mut text = String::new();
        for (column, cell) in line.iter().enumerate() {
            let width = widths[column];
            if right_aligned.contains(&column) {
                write!(text, "{cell:>width$}  ")?;
            } else {
                write!(text, "{cell:<width$}  ")?;
            }
        }
        writeln!(f, "{}", text.trim_end())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Database, all};
    use anyhow::anyhow;

    fn figures(per_second: f64, p99_ms: f64) -> Figures {
        Figures { per_second, p50_ms: p99_ms / 2.0, p90_ms: p99_ms, p99_ms, max_ms: p99_ms }
    }

    fn add_comment() -> Scenario {
        all(Database::Sqlite).remove(0)
    }

    fn verdict_of(ours: Figures, bare: Option<Figures>) -> (Verdict, Option<f64>) {
        let row = Row::judge(&add_comment(), Ok(ours), bare.map(Ok), |_| None);
        (row.verdict, row.ratio)
    }

    #[test]
    fn a_share_of_the_bare_handler_needs_both_rate_and_latency() {
        let bare = Some(figures(10_000.0, 1.0));
        assert_eq!(verdict_of(figures(3_000.0, 20.0), bare), (Verdict::Met, Some(0.3)));
        assert_eq!(verdict_of(figures(2_000.0, 20.0), bare), (Verdict::Missed, Some(0.2)));
        assert_eq!(verdict_of(figures(3_000.0, 20.1), bare), (Verdict::Missed, Some(0.3)));
        assert_eq!(verdict_of(figures(3_000.0, 20.0), None), (Verdict::NotJudged, None));
    }

    #[test]
    fn a_multiple_of_a_reference_is_judged_by_latency() {
        let mut scenarios = all(Database::Sqlite).into_iter();
        let large = scenarios.find(|scenario| scenario.name.contains("large workspace")).unwrap();
        let reference = |_: &str| Some(figures(1_000.0, 2.0));
        let judge = |p99_ms| Row::judge(&large, Ok(figures(900.0, p99_ms)), None, reference);
        assert_eq!((judge(3.0).verdict, judge(3.0).ratio), (Verdict::Met, Some(1.5)));
        assert_eq!(judge(3.1).verdict, Verdict::Missed);
        let alone = Row::judge(&large, Ok(figures(900.0, 3.0)), None, |_| None);
        assert_eq!(alone.verdict, Verdict::NotJudged);
        assert!(alone.remark.unwrap().contains("small workspace"));
    }

    #[test]
    fn the_report_shows_figures_verdicts_and_failures() {
        let scenarios = all(Database::Sqlite);
        let bare = || Some(Ok(figures(37_000.0, 3.0)));
        let report = Report {
            cores: 2,
            database: "SQLite".into(),
            bare_http: Some(figures(61_234.0, 1.5)),
            rows: vec![
                Row::judge(&scenarios[0], Ok(figures(12_950.0, 9.25)), bare(), |_| None),
                Row::judge(&scenarios[1], Err(anyhow!("status 503: full")), bare(), |_| None),
            ],
            footprints: vec![Footprint {
                what: "idle memory".into(),
                measured: 70.0,
                at_most: 64.0,
                unit: "MiB",
            }],
        };
        let text = report.to_string();
        let expected = "\
2 cores, load generator included; SQLite
bare HTTP: 61,234 req/s, p99 1.50 ms

path                                 req/s  p50 ms  p99 ms  bare req/s  ratio  bar
comments/add, 64 callers, 1 thread  12,950    4.62    9.25      37,000   0.35  ≥ 0.3, p99 ≤ 20 ms  met
comments/add, 64 callers, 64 threads     –       –       –      37,000      –  ≥ 0.3, p99 ≤ 20 ms  FAILED

             measured  bar
idle memory      70.0  ≤ 64 MiB  MISSED

comments/add, 64 callers, 64 threads: status 503: full
1 of 2 judged bars MISSED, 1 FAILED.
";
        let squeezed = |text: &str| {
            let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
            text.lines().map(words).collect::<Vec<_>>()
        };
        assert_eq!(squeezed(&text), squeezed(expected));
        // Columns are aligned: both bars begin at the same place.
        let starts: Vec<_> =
            text.lines().filter_map(|line| line.chars().position(|c| c == '≥')).collect();
        assert!(starts.len() == 2 && starts[0] == starts[1], "{text}");
    }

    #[test]
    fn nothing_judged_is_not_called_success() {
        let row = Row::judge(&add_comment(), Err(anyhow!("refused")), None, |_| None);
        let report = Report {
            cores: 2,
            database: "SQLite".into(),
            bare_http: None,
            rows: vec![row],
            footprints: vec![],
        };
        assert_eq!(report.summary(), "No bar was judged, 1 FAILED.");
    }

    #[test]
    fn the_json_is_written_into_a_new_directory() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("results/latest.json");
        let row = Row::judge(&add_comment(), Ok(figures(1.0, 1.0)), None, |_| None);
        let report = Report {
            cores: 2,
            database: "SQLite".into(),
            bare_http: None,
            rows: vec![row],
            footprints: vec![],
        };
        report.write_json(&file).unwrap();
        let written: serde_json::Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        assert_eq!(written["rows"][0]["verdict"], "not_judged");
        assert_eq!(written["rows"][0]["ours"]["p99_ms"], 1.0);
    }
}
