//! Why a request of the web app is refused, and how its answers look.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use serde_json::json;

/// Why a request is refused.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    #[error("{0}")]
    Malformed(String),
    #[error("the request does not come from a page of this server")]
    Foreign,
    #[error("others are being served; try again later")]
    Crowded,
    #[error("the server is stopping; try again in a moment")]
    Closing,
    #[error("there is no such workspace, or you are not in it")]
    NoWorkspace,
    #[error(transparent)]
    Identity(#[from] halyard_identity::Error),
    #[error(transparent)]
    Messaging(#[from] halyard_messaging::Error),
    #[error(transparent)]
    Db(#[from] halyard_platform::db::Error),
}

impl Refused {
    fn status(&self) -> StatusCode {
        use halyard_identity::Error as Identity;
        use halyard_messaging::Error as Messaging;
        use halyard_platform::db::Error as Db;
        match self {
            Self::Crowded
            | Self::Closing
            | Self::Db(Db::Busy | Db::DiskFull | Db::Closed)
            | Self::Identity(Identity::Store(Db::Busy | Db::DiskFull | Db::Closed))
            | Self::Messaging(Messaging::Store(Db::Busy | Db::DiskFull | Db::Closed)) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::Malformed(_) | Self::Messaging(Messaging::Invalid { .. }) => {
                StatusCode::BAD_REQUEST
            }
            Self::Identity(Identity::InvalidToken) => StatusCode::UNAUTHORIZED,
            Self::Foreign
            | Self::Identity(Identity::MissingScope(_))
            | Self::Messaging(Messaging::Forbidden(_)) => StatusCode::FORBIDDEN,
            Self::NoWorkspace
            | Self::Messaging(
                Messaging::WorkspaceNotFound
                | Messaging::ChannelNotFound
                | Messaging::ThreadNotFound
                | Messaging::ConversationNotFound,
            ) => StatusCode::NOT_FOUND,
            Self::Identity(_) | Self::Messaging(_) | Self::Db(_) => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
        }
    }

    /// Seconds after which the same request may do better.
    fn retry_after(&self) -> &'static str {
        // Another server is already starting, or the network leads elsewhere.
        if matches!(self, Self::Closing) { "1" } else { "5" }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = self.status();
        if status == StatusCode::INTERNAL_SERVER_ERROR {
            tracing::error!(error = %self, "a request of the web app failed");
            return answer(status, &json!({"error": "internal error"}));
        }
        let mut response = answer(status, &json!({"error": self.to_string()}));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            let seconds = HeaderValue::from_static(self.retry_after());
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        response
    }
}

/// An answer in JSON.
pub(super) fn answer<T: Serialize>(status: StatusCode, body: &T) -> Response {
    let text = serde_json::to_string(body).expect("plain data has a JSON form");
    let mut response = (status, text).into_response();
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}
