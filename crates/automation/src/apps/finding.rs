use std::fmt;

use super::node::Position;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The app loads; what is found is ignored or tolerated.
    Warning,
    /// The app, or the component it is in, cannot be used.
    Error,
}

impl fmt::Display for Level {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// Something in an app's folder that is wrong, unknown or suspicious.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The file, relative to the folder of the app.
    pub file: String,
    /// Where in the file, such as `$.response.output[0].name`.
    pub path: String,
    /// The same as line and column, where there is one.
    pub at: Option<Position>,
    /// How much it matters.
    pub level: Level,
    /// The rule that it breaks, in kebab case: `unknown-directive`.
    pub rule: &'static str,
    /// What is wrong and what to do, for the author of the app.
    pub message: String,
}

impl fmt::Display for Finding {
    /// The line that `halyard app lint` prints: `FILE:PATH: error|warning: RULE: message`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, path, level, rule, message, .. } = self;
        write!(out, "{file}:{path}: {level}: {rule}: {message}")
    }
}
