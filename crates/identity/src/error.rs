use halyard_platform::{clock::Millis, db};

/// Why something about a person or a token was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address belongs to somebody already.
    #[error("this e-mail address is registered already")]
    EmailTaken,
    /// The address does not look like one.
    #[error("this is not an e-mail address")]
    EmailInvalid,
    /// Nobody has this address.
    #[error("no user has this e-mail address")]
    EmailUnknown,
    /// Shorter than [`crate::MIN_PASSWORD_LENGTH`].
    #[error("the password is too short")]
    PasswordTooShort,
    /// Wrong address or wrong password; which one is not told.
    #[error("e-mail address or password is wrong")]
    WrongPassword,
    /// An empty name, or one longer than 255 characters.
    #[error("the name is too short or too long")]
    NameInvalid,
    /// Not a name of the IANA time zone database.
    #[error("unknown time zone")]
    TimezoneUnknown,
    /// An absence that ends before it begins.
    #[error("the date range is invalid")]
    DateRangeInvalid,
    /// A value of a field is not acceptable.
    #[error("{field} is invalid: {expected}")]
    Invalid {
        /// Name of the field.
        field: &'static str,
        /// What would have been right.
        expected: &'static str,
    },
    /// No such person.
    #[error("user not found")]
    UserNotFound,
    /// No token was sent.
    #[error("not logged in")]
    NotLoggedIn,
    /// The token is unknown, expired or was revoked; or a one-time code is.
    #[error("invalid token")]
    InvalidToken,
    /// The token is good, but does not cover this.
    #[error("the token lacks the scope {0}")]
    MissingScope(&'static str),
    /// Too many failed attempts; try again after this time.
    #[error("too many attempts, try again in {0} ms")]
    TooManyAttempts(Millis),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] db::Error),
}
