/// What can go wrong in the store.
///
/// A core wraps it in its own error enum (`#[from]`); a facade maps [`Error::Busy`] and
/// [`Error::DiskFull`] to 503 and everything else to its internal error.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The queue of waiting closures is full; nothing was done. Try again after a second.
    #[error("the store is busy: its queue is full")]
    Busy,
    /// No space is left where the database lives; nothing of the closure was kept.
    #[error("the disk that holds the database is full")]
    DiskFull,
    /// The store is shutting down or its connection is gone for good.
    #[error("the store is closed")]
    Closed,
    /// A unique index refused the row. The text names the index or its columns.
    #[error("a row with this key exists: {0}")]
    Unique(String),
    /// Another transaction got in the way; the seam retries the closure before this shows.
    #[error("the transaction lost against another one: {0}")]
    Conflict(String),
    /// `one` found no row.
    #[error("a row that must exist is missing: {0}")]
    Missing(&'static str),
    /// A column held a value of another type than the code expects.
    #[error("column {index} holds {found}, expected {expected}")]
    Type {
        /// Position of the column, from 0.
        index: usize,
        /// The Rust side's expectation.
        expected: &'static str,
        /// What the database delivered.
        found: String,
    },
    /// The closure panicked; its changes were rolled back. The text is the panic message.
    #[error("a transaction panicked: {0}")]
    Panicked(String),
    /// The database was written by a newer version of this program.
    #[error(
        "the database was written by a newer version of halyard (migration {0} is unknown here); \
         install that version or restore a backup"
    )]
    Newer(String),
    /// The database lacks a migration of this program.
    #[error(
        "the database is older than this program (migration {0} is missing); \
         run `halyard migrate`"
    )]
    Older(String),
    /// Any other message of the database engine.
    #[error("database: {0}")]
    Engine(String),
}

impl Error {
    /// Whether running the same closure again may succeed.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Conflict(_))
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        match &error {
            rusqlite::Error::SqliteFailure(cause, message) => {
                let text = message.clone().unwrap_or_else(|| cause.to_string());
                match cause.code {
                    ErrorCode::DiskFull => Self::DiskFull,
                    // A write that the file system refuses (quota, file size limit) arrives as
                    // SQLITE_IOERR_WRITE (778) or SQLITE_IOERR_FSYNC (1034); the index of the
                    // write-ahead log that cannot grow as SQLITE_IOERR_SHMSIZE (4874).
                    ErrorCode::SystemIoFailure
                        if matches!(cause.extended_code, 778 | 1034 | 4874) =>
                    {
                        Self::DiskFull
                    }
                    ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::Conflict(text),
                    // SQLITE_CONSTRAINT_PRIMARYKEY, _UNIQUE and _ROWID.
                    ErrorCode::ConstraintViolation
                        if matches!(cause.extended_code, 1555 | 2067 | 2579) =>
                    {
                        Self::Unique(text)
                    }
                    _ => Self::Engine(text),
                }
            }
            _ => Self::Engine(error.to_string()),
        }
    }
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        use tokio_postgres::error::SqlState;
        let Some(cause) = error.as_db_error() else {
            return if error.is_closed() { Self::Closed } else { Self::Engine(describe(&error)) };
        };
        let code = cause.code();
        if *code == SqlState::T_R_SERIALIZATION_FAILURE
            || *code == SqlState::T_R_DEADLOCK_DETECTED
            || *code == SqlState::LOCK_NOT_AVAILABLE
        {
            Self::Conflict(cause.message().to_owned())
        } else if *code == SqlState::UNIQUE_VIOLATION {
            Self::Unique(cause.constraint().unwrap_or("unknown index").to_owned())
        } else if *code == SqlState::DISK_FULL {
            Self::DiskFull
        } else if *code == SqlState::ADMIN_SHUTDOWN || *code == SqlState::CRASH_SHUTDOWN {
            Self::Closed
        } else {
            Self::Engine(format!("{} ({})", cause.message(), code.code()))
        }
    }
}

/// The driver's `Display` hides the cause ("db error"); the chain holds what an operator needs.
fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
