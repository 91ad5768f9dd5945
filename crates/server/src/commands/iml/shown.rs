//! Values and failures as they are printed.

use halyard_iml::{Error, Value};
use serde::Serialize;
use serde_json::value::RawValue;

/// A value with its type.
#[derive(Serialize)]
pub(super) struct Typed {
    #[serde(rename = "type")]
    kind: &'static str,
    value: Box<RawValue>,
}

impl Typed {
    pub(super) fn new(value: &Value) -> Result<Self, Error> {
        let text = value.to_json()?;
        let value_text =
            RawValue::from_string(text).map_err(|error| Error::host(error.to_string()))?;
        Ok(Self { kind: value.kind().name(), value: value_text })
    }
}

/// A failure.
#[derive(Serialize)]
pub(super) struct Failed {
    error: Failure,
}

#[derive(Serialize)]
struct Failure {
    #[serde(rename = "type")]
    kind: &'static str,
    message: String,
    function: Option<String>,
    argument: Option<usize>,
    start: Option<usize>,
    end: Option<usize>,
}

impl Failed {
    pub(super) fn new(error: &Error) -> Self {
        let span = error.span();
        Self {
            error: Failure {
                kind: error.kind().name(),
                message: error.to_string(),
                function: error.function().map(str::to_owned),
                argument: error.argument(),
                start: span.map(|span| span.start),
                end: span.map(|span| span.end),
            },
        }
    }

    /// A failure before anything could be evaluated.
    pub(super) fn input(message: impl Into<String>) -> Self {
        Self {
            error: Failure {
                kind: "input",
                message: message.into(),
                function: None,
                argument: None,
                start: None,
                end: None,
            },
        }
    }
}

/// Writes a failure to standard error.
pub(super) fn print_failure(error: &Error) -> anyhow::Result<()> {
    eprintln!("{}", serde_json::to_string(&Failed::new(error))?);
    Ok(())
}
