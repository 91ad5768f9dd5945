//! Folders of apps, loaded and checked.
#![cfg(test)]

mod forms;
mod layouts;
mod manifests;
mod plans;
mod robust;
mod rules;
mod worked;

use halyard_automation::apps::{App, Files, Loaded, load};

/// An app from paths and contents.
fn loaded(files: &[(&str, &str)]) -> Loaded {
    let files = files.iter().map(|(path, content)| (*path, content.as_bytes().to_vec()));
    load(&files.collect::<Files>().named("example"))
}

/// One that must be without errors.
fn app(files: &[(&str, &str)]) -> App {
    let loaded = loaded(files);
    assert!(!loaded.has_errors(), "{:#?}", loaded.findings);
    loaded.app.expect("an app")
}

/// The findings as lines, without their messages.
fn lines(loaded: &Loaded) -> Vec<String> {
    let line = |finding: &halyard_automation::apps::Finding| {
        format!("{}:{} {} {}", finding.file, finding.path, finding.level, finding.rule)
    };
    loaded.findings.iter().map(line).collect()
}
