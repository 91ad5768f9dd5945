//! From the files of a folder to an app.

mod assemble;
mod documents;
mod exported;
mod manifest;
mod module;
mod outline;
mod references;

use super::{App, Files, Finding, Level, notes::Notes, rules::NO_APP};
use documents::Documents;

/// What became of a folder.
#[derive(Debug)]
pub struct Loaded {
    /// The app, without the components that cannot be used. None when nothing of it can be.
    pub app: Option<App>,
    /// Everything that is wrong, unknown or suspicious, by file and place.
    pub findings: Vec<Finding>,
}

impl Loaded {
    /// Whether something cannot be used.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.findings.iter().any(|finding| finding.level == Level::Error)
    }
}

/// Reads, checks and compiles an app.
#[must_use]
pub fn load(files: &Files) -> Loaded {
    let notes = Notes::default();
    let app = app(files, &notes);
    Loaded { app, findings: notes.into_findings() }
}

fn app(files: &Files, notes: &Notes) -> Option<App> {
    let mut documents = Documents::default();
    let outline = if files.get(manifest::MANIFEST).is_some() {
        documents.read(files, manifest::MANIFEST, notes);
        manifest::outline(files, &documents, notes)
    } else {
        let outline = exported::outline(files, &mut documents, notes);
        if outline.is_none() {
            let message =
                "This is no folder of an app: it holds neither makecomapp.json nor base.imljson.";
            notes.add(NO_APP, "", "$", None, message);
        }
        outline
    };
    let mut outline = outline?;
    assemble::describe(files, &mut documents, &mut outline, notes);
    assemble::app(files, &mut documents, &outline, notes)
}
