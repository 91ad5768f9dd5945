use axum::{body::Body, response::Response};
use halyard_platform::{db, random::Random};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use crate::kit::params::{ParamError, Problem, ReadError};

/// An error answer: the vendor's code with its HTTP status, a text, and details.
#[derive(Debug)]
pub(crate) struct Error {
    code: Code,
    /// Another status than that of the code.
    status: Option<StatusCode>,
    text: String,
    extra: Value,
    /// Seconds after which trying again makes sense.
    retry_after: Option<u32>,
    /// For the log only.
    internal: Option<String>,
}

macro_rules! codes {
    ($($name:ident $number:literal $status:literal $text:literal;)+) => {
        /// The error codes of the vendor documentation. The odd statuses of 121, 122 and 133 are
        /// the documented ones.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Code { $($name),+ }

        impl Code {
            /// Every code.
            pub(crate) const ALL: &'static [Code] = &[$(Code::$name),+];

            pub(crate) fn number(self) -> u16 {
                match self { $(Self::$name => $number),+ }
            }

            pub(crate) fn status(self) -> u16 {
                match self { $(Self::$name => $status),+ }
            }

            pub(crate) fn text(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }
        }
    };
}

codes! {
    ArgumentMissing 19 400 "Required argument is missing";
    ArgumentInvalid 20 400 "Argument value is invalid";
    EmailTaken 101 400 "This e-mail address is registered already";
    PasswordTooShort 102 400 "The password is too short";
    EmailInvalid 103 400 "The e-mail address is invalid";
    LoginWrong 104 400 "Wrong e-mail address or password";
    WorkspaceNotFound 105 404 "Workspace not found";
    UserNotFound 106 404 "User not found";
    ChannelNotFound 107 404 "Channel not found";
    ThreadNotFound 108 404 "Thread not found";
    Forbidden 109 403 "Forbidden";
    NotFound 110 404 "Not found";
    TempIdUnknown 111 404 "Temporary id not found";
    TempIdInvalid 112 400 "Invalid temporary id";
    TempIdUsed 113 400 "The temporary id is used already";
    BadRequest 114 400 "Bad request";
    CommentNotFound 115 404 "Comment not found";
    DeviceNotFound 116 404 "Device not found";
    SearchUnavailable 117 404 "Search is not available";
    AttachmentsInvalid 118 400 "The attachments do not follow the format";
    GroupNotFound 119 404 "Group not found";
    NotLoggedIn 120 401 "Not logged in";
    TimezoneInvalid 121 401 "Invalid time zone";
    ReactionUnsupported 122 401 "The reaction is not supported";
    ConversationNotFound 124 404 "Conversation not found";
    MessageNotFound 125 404 "Message not found";
    NameTooShort 126 400 "The name is too short or too long";
    LastAdmin 127 400 "The last admin cannot be removed";
    DateRangeInvalid 128 400 "Invalid date range";
    GoogleNotConnected 129 404 "No Google account is connected";
    GoogleConnected 130 403 "A Google account is connected already";
    Exists 131 409 "It exists already";
    EmailNotFound 132 404 "E-mail address not found";
    ActionsInvalid 133 404 "The actions do not follow the format";
    TokenInvalid 200 403 "Invalid token";
    Internal 201 500 "Internal server error";
    UploadFailed 202 400 "The upload failed";
    PaymentRequired 203 402 "Payment required";
    ExternalServer 204 500 "External server error";
    UploadTooBig 205 413 "The upload is too big";
    NotAcceptable 406 406 "Not acceptable";
}

impl Error {
    pub(crate) fn new(code: Code) -> Self {
        Self {
            code,
            status: None,
            text: code.text().to_owned(),
            extra: json!({}),
            retry_after: None,
            internal: None,
        }
    }

    /// Says more than the code's own text.
    pub(crate) fn because(mut self, reason: impl std::fmt::Display) -> Self {
        self.text = format!("{}: {reason}", self.code.text());
        self
    }

    /// Names a parameter in `error_extra`.
    pub(crate) fn argument(code: Code, name: &str, expected: &str) -> Self {
        let mut error = Self::new(code).because(format_args!("{name}"));
        if !expected.is_empty() {
            error = Self::new(code).because(format_args!("{name}: expected {expected}"));
        }
        error.extra = json!({"argument": name, "expected": expected});
        error
    }

    /// A required parameter was not sent.
    pub(crate) fn missing(name: &str) -> Self {
        Self::argument(Code::ArgumentMissing, name, "")
    }

    /// A parameter cannot be used.
    pub(crate) fn invalid(name: &str, expected: &str) -> Self {
        Self::argument(Code::ArgumentInvalid, name, expected)
    }

    /// An idempotency key came with another request than the first time.
    pub(crate) fn key_used() -> Self {
        let mut error = Self::new(Code::ArgumentInvalid)
            .because("Idempotency-Key was used for another request; nothing was done");
        error.extra =
            json!({"argument": "Idempotency-Key", "expected": "a key of its own for each request"});
        error.status = Some(StatusCode::UNPROCESSABLE_ENTITY);
        error
    }

    /// A failure of ours: the details go to the log, the client gets an id.
    pub(crate) fn internal(details: impl std::fmt::Display) -> Self {
        let mut error = Self::new(Code::Internal);
        error.internal = Some(details.to_string());
        error
    }

    /// Whether it is a failure of ours, after which nobody knows what was saved.
    pub(crate) fn is_internal(&self) -> bool {
        self.code == Code::Internal
    }

    /// The server cannot take this now; nothing was done.
    fn unavailable(reason: &str, retry_after: u32) -> Self {
        let mut error = Self::new(Code::Internal).because(reason);
        error.status = Some(StatusCode::SERVICE_UNAVAILABLE);
        error.retry_after = Some(retry_after);
        error
    }

    /// What was uploaded could not be stored; nothing of it is kept.
    pub(crate) fn upload_failed(cause: &std::io::Error) -> Self {
        use std::io::ErrorKind::{QuotaExceeded, StorageFull};
        tracing::error!(%cause, "an upload could not be stored");
        let error = Self::new(Code::UploadFailed);
        match cause.kind() {
            StorageFull | QuotaExceeded => {
                error.because("the disk of the server is full, nothing was saved")
            }
            _ => error,
        }
    }

    pub(crate) fn too_many(milliseconds: i64) -> Self {
        let mut error = Self::new(Code::BadRequest).because("too many attempts, try again later");
        error.status = Some(StatusCode::TOO_MANY_REQUESTS);
        error.retry_after = Some(u32::try_from(milliseconds / 1000 + 1).unwrap_or(u32::MAX));
        error
    }

    /// What happened, for our own log.
    pub(crate) fn to_text(&self) -> String {
        self.internal.clone().unwrap_or_else(|| self.text.clone())
    }

    /// The answer: `error_uuid`, `error_code`, `error_extra`, `error_string`.
    pub(crate) fn into_response(self, random: &Random) -> Response {
        let id = random.hex(16);
        if let Some(details) = &self.internal {
            tracing::error!(error_id = id, details, "internal error");
        }
        let body = json!({
            "error_uuid": id,
            "error_code": self.code.number(),
            "error_extra": self.extra,
            "error_string": self.text,
        });
        let mut response = Response::new(Body::from(body.to_string()));
        *response.status_mut() = self.status.unwrap_or_else(|| {
            StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
        });
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<db::Error> for Error {
    fn from(error: db::Error) -> Self {
        match error {
            db::Error::Busy => Self::unavailable("the server is busy", 1),
            db::Error::Closed => Self::unavailable("the server is stopping", 2),
            db::Error::Conflict(_) => Self::unavailable("too many changes at the same time", 1),
            db::Error::DiskFull => {
                tracing::error!("the disk is full; writes are refused until there is space");
                Self::unavailable("the disk of the server is full, nothing was saved", 30)
            }
            other => Self::internal(other),
        }
    }
}

impl From<halyard_identity::Error> for Error {
    fn from(error: halyard_identity::Error) -> Self {
        use halyard_identity::Error as Cause;
        match error {
            Cause::EmailTaken => Self::new(Code::EmailTaken),
            Cause::EmailInvalid => Self::new(Code::EmailInvalid),
            Cause::EmailUnknown => Self::new(Code::EmailNotFound),
            Cause::PasswordTooShort => Self::new(Code::PasswordTooShort),
            Cause::WrongPassword => Self::new(Code::LoginWrong),
            Cause::NameInvalid => Self::new(Code::NameTooShort),
            Cause::TimezoneUnknown => Self::new(Code::TimezoneInvalid),
            Cause::DateRangeInvalid => Self::new(Code::DateRangeInvalid),
            Cause::Invalid { field, expected } => Self::invalid(field, expected),
            Cause::UserNotFound => Self::new(Code::UserNotFound),
            Cause::NotLoggedIn => Self::new(Code::NotLoggedIn),
            Cause::InvalidToken => Self::new(Code::TokenInvalid),
            Cause::MissingScope(scope) => {
                let mut error = Self::new(Code::Forbidden).because("the token lacks a scope");
                error.extra = json!({"scope": scope});
                error
            }
            Cause::TooManyAttempts(left) => Self::too_many(left),
            Cause::Store(error) => error.into(),
        }
    }
}

impl From<halyard_messaging::Error> for Error {
    fn from(error: halyard_messaging::Error) -> Self {
        use halyard_messaging::Error as Cause;
        match error {
            Cause::WorkspaceNotFound => Self::new(Code::WorkspaceNotFound),
            Cause::UserNotFound => Self::new(Code::UserNotFound),
            Cause::EmailNotFound => Self::new(Code::EmailNotFound),
            Cause::ChannelNotFound => Self::new(Code::ChannelNotFound),
            Cause::ThreadNotFound => Self::new(Code::ThreadNotFound),
            Cause::CommentNotFound => Self::new(Code::CommentNotFound),
            Cause::GroupNotFound => Self::new(Code::GroupNotFound),
            Cause::ConversationNotFound => Self::new(Code::ConversationNotFound),
            Cause::MessageNotFound => Self::new(Code::MessageNotFound),
            Cause::AttachmentNotFound => Self::new(Code::NotFound).because("attachment"),
            Cause::IntegrationNotFound => Self::new(Code::NotFound).because("integration"),
            Cause::SubscriptionNotFound => Self::new(Code::NotFound).because("subscription"),
            Cause::Forbidden(who_may) => Self::new(Code::Forbidden).because(who_may),
            Cause::NameInvalid => Self::new(Code::NameTooShort),
            Cause::Invalid { field, expected } => Self::invalid(field, expected),
            Cause::LastAdmin => Self::new(Code::LastAdmin),
            Cause::Exists(what) => Self::new(Code::Exists).because(what),
            Cause::TempIdUnknown => Self::new(Code::TempIdUnknown),
            Cause::TempIdInvalid => Self::new(Code::TempIdInvalid),
            Cause::TempIdUsed => Self::new(Code::TempIdUsed),
            Cause::AttachmentsInvalid(reason) => {
                Self::new(Code::AttachmentsInvalid).because(reason)
            }
            Cause::ReactionUnsupported => Self::new(Code::ReactionUnsupported),
            Cause::Identity(error) => error.into(),
            Cause::Store(error) => error.into(),
        }
    }
}

impl From<ParamError> for Error {
    fn from(error: ParamError) -> Self {
        match error.problem {
            Problem::Missing => Self::missing(error.name),
            Problem::Invalid { expected } => Self::invalid(error.name, expected),
            Problem::MalformedList if error.name == "actions" => Self::new(Code::ActionsInvalid),
            Problem::MalformedList if error.name == "requests" => {
                Self::invalid(error.name, "a JSON list of objects")
            }
            Problem::MalformedList => Self::new(Code::AttachmentsInvalid),
        }
    }
}

impl From<ReadError> for Error {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::TooLarge { limit } => {
                Self::new(Code::UploadTooBig).because(format_args!("more than {limit} bytes"))
            }
            ReadError::UploadFailed(cause) => Self::upload_failed(&cause),
            ReadError::BadMultipart(reason) => Self::new(Code::UploadFailed).because(reason),
            ReadError::Interrupted(_) => Self::new(Code::BadRequest).because("incomplete body"),
            other => Self::new(Code::BadRequest).because(other),
        }
    }
}
