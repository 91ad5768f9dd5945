use std::{fmt::Write, fs, path::Path};

/// The table of an app: what each check of each module has shown.
pub(crate) struct Table {
    app: &'static str,
    rows: Vec<(String, &'static str, String)>,
}

impl Table {
    pub(crate) fn new(app: &'static str) -> Self {
        Self { app, rows: Vec::new() }
    }

    /// A row. `Ok` is what people read in the table, `Err` is what is wrong.
    pub(crate) fn row(&mut self, module: &str, check: &'static str, seen: Result<String, String>) {
        let seen = seen.unwrap_or_else(|wrong| format!("FAILED: {wrong}"));
        self.rows.push((module.to_owned(), check, seen));
    }

    /// Whether there are rows of this module.
    pub(crate) fn has(&self, module: &str) -> bool {
        self.rows.iter().any(|(of, ..)| of == module)
    }

    /// A check that cannot apply.
    pub(crate) fn none(&mut self, module: &str, check: &'static str, reason: &str) {
        self.row(module, check, Ok(format!("- {reason}")));
    }

    /// Fails when something is wrong. Before that a table that is to be published is written, when a
    /// place for it is given.
    #[track_caller]
    pub(crate) fn conclude(self, published: bool) {
        let mut text = "app\tmodule\tcheck\tresult\n".to_owned();
        let mut wrong = String::new();
        for (module, check, result) in &self.rows {
            writeln!(text, "{}\t{module}\t{check}\t{result}", self.app).unwrap();
            if result.starts_with("FAILED") {
                writeln!(wrong, "{module} {check}: {result}").unwrap();
            }
        }
        if published {
            publish(&format!("apps.{}.tsv", self.app), &text);
        }
        assert!(wrong.is_empty(), "{}:\n{wrong}", self.app);
    }
}

/// Writes a table when a place for it is given. Tests of both databases write the same file, maybe
/// at once: it must never be half.
fn publish(name: &str, text: &str) {
    let Some(directory) = std::env::var_os("HALYARD_CONFORMANCE_OUT") else { return };
    let (process, thread) = (std::process::id(), std::thread::current().id());
    let scratch = Path::new(&directory).join(format!(".{name}.{process}.{thread:?}"));
    fs::create_dir_all(&directory).unwrap();
    fs::write(&scratch, text).unwrap();
    fs::rename(&scratch, Path::new(&directory).join(name)).unwrap();
}
