use std::{fmt, time::Duration};

/// The types of errors that an app may name, and those that the platform raises beside them. Their
/// names are wire facts (vendor documentation).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorType {
    /// The default: the run is interrupted and rolled back.
    RuntimeError,
    /// The bundle is invalid.
    DataError,
    /// The service asks for fewer requests.
    RateLimitError,
    /// The user has no space left on the service.
    OutOfSpaceError,
    /// The service cannot be reached.
    ConnectionError,
    /// The configuration cannot work.
    InvalidConfigurationError,
    /// The access token is refused; the connection must be authorized again.
    InvalidAccessTokenError,
    /// The data is not ready yet.
    IncompleteDataError,
    /// The data is there already.
    DuplicateDataError,
    /// An error that is no proper error.
    UnknownError,
    /// Committing or rolling back has failed.
    InconsistencyError,
    /// Nobody knows; the scenario is stopped and locked.
    UnexpectedError,
    /// There are too many results.
    MaxResultsExceededError,
    /// A file is larger than allowed.
    MaxFileSizeExceededError,
    /// The module has taken longer than allowed.
    ModuleTimeoutError,
    /// The run has taken longer than allowed.
    ScenarioTimeoutError,
    /// No operations are left.
    OperationsLimitExceededError,
    /// No data transfer is left.
    DataSizeLimitExceededError,
    /// Somebody has stopped the run.
    ExecutionInterruptedError,
}

impl ErrorType {
    /// All of them.
    pub const ALL: [Self; 19] = [
        Self::RuntimeError,
        Self::DataError,
        Self::RateLimitError,
        Self::OutOfSpaceError,
        Self::ConnectionError,
        Self::InvalidConfigurationError,
        Self::InvalidAccessTokenError,
        Self::IncompleteDataError,
        Self::DuplicateDataError,
        Self::UnknownError,
        Self::InconsistencyError,
        Self::UnexpectedError,
        Self::MaxResultsExceededError,
        Self::MaxFileSizeExceededError,
        Self::ModuleTimeoutError,
        Self::ScenarioTimeoutError,
        Self::OperationsLimitExceededError,
        Self::DataSizeLimitExceededError,
        Self::ExecutionInterruptedError,
    ];

    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.to_string() == name)
    }
}

impl fmt::Display for ErrorType {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, out)
    }
}

/// Why a module, RPC, connection or webhook procedure of an app has failed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{kind}: {message}")]
pub struct AppError {
    /// What kind of failure it is, which decides what becomes of the run.
    pub kind: ErrorType,
    /// What the author of the app, or the service, has to say. Without secrets.
    pub message: String,
    /// The status that the service has answered with.
    pub status: Option<u16>,
    /// How long to wait before the next try, where the service or the app says it.
    pub retry_after: Option<Duration>,
}

impl AppError {
    /// One that no answer of a service stands behind.
    pub fn new(kind: ErrorType, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), status: None, retry_after: None }
    }
}
