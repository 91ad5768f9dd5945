use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use halyard_iml::{Context, Value, syntax::Severity, tree::Tree};

use super::environment::read;
use crate::commands::print;

/// What to check.
#[derive(Args)]
pub(crate) struct Arguments {
    /// A JSON document, every text of which is a template, or a file that is one template
    file: PathBuf,
}

/// Prints a finding a line: `FILE:PATH:START-END: error|warning: message`, positions being bytes of
/// the text at the path.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let file = arguments.file.display();
    let text = read(&arguments.file)?;
    let is_document = arguments
        .file
        .extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|extension| matches!(extension, "json" | "imljson"));
    let document = match Value::from_json(&text) {
        Ok(document) => document,
        Err(cause) if is_document => {
            print(&format!("{file}:$:0-{}: error: This is not JSON: {cause}.", text.len()));
            return Ok(ExitCode::FAILURE);
        }
        Err(_) => Value::from(text),
    };
    let (_, findings) = Tree::new(&document, Context::default());
    let mut failed = false;
    for finding in findings {
        let found = finding.diagnostic;
        let severity = match found.severity {
            Severity::Error => {
                failed = true;
                "error"
            }
            Severity::Warning => "warning",
        };
        let (start, end) = (found.span.start, found.span.end);
        print(&format!("{file}:{}:{start}-{end}: {severity}: {}", finding.path, found.message));
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
