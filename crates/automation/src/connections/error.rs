use halyard_platform::db;

/// Why a connection could not be found, read or kept. The texts say what to do.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// An empty name, a long one, or one that does not show as it is.
    #[error("name: use 1 to 100 visible characters")]
    NameInvalid,
    /// Another connection of the workspace has it.
    #[error(
        "name: there is a connection {0:?} already; choose another name, or authorize that one again"
    )]
    NameTaken(String),
    /// There is none of this name.
    #[error("connection: there is no connection {0:?}; `halyard connection list` shows them")]
    NotFound(String),
    /// It was encrypted with a key that is not here.
    #[error(
        "connection {name:?} is encrypted with the key {key}, which is not here; put back the file \
         of keys that belongs to this database, or remove the connection and add it again"
    )]
    KeyMissing {
        /// The connection.
        name: String,
        /// Id of the key.
        key: String,
    },
    /// The key does not open it, or it is nonsense.
    #[error(
        "connection {0:?} cannot be decrypted: its row was changed, or its key is another one of \
         the same id; remove the connection and add it again"
    )]
    Damaged(String),
    /// Keys cannot be read.
    #[error("{0}")]
    Keys(String),
    /// Somebody else has changed it at the same time.
    #[error("connection {0:?} was changed by somebody else at the same time; try again")]
    Changed(String),
    /// The service has given new tokens, and they could not be kept.
    #[error(
        "connection {name:?}: the service has given new tokens, and they could not be kept: {reason}. \
         If it does not accept the ones before any more, authorize the connection again: {command}"
    )]
    Unkept {
        /// The connection.
        name: String,
        /// Why not.
        reason: String,
        /// What authorizes it again.
        command: String,
    },
    /// What is to be kept has no form that can be kept.
    #[error("connection {name:?}: what is to be saved is too large or too deep: {reason}")]
    Unsavable {
        /// The connection.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] db::Error),
}
