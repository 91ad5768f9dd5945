//! What the routes of administrators have in common: who asks, and why not.

use axum::response::{IntoResponse, Response};
use halyard_identity::{Credentials, Scope, authenticate};
use halyard_messaging::Actor;
use halyard_platform::db::Tx;
use http::{Extensions, HeaderMap, HeaderValue, StatusCode, Uri, header};
use serde::Serialize;
use serde_json::json;

use crate::{
    App,
    kit::{credentials::present, origin::is_same_origin, sign_in::peer},
};

/// Why a request is refused.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    #[error("{0}")]
    Malformed(String),
    #[error("the request does not come from a page of this server")]
    Foreign,
    #[error("others are being served; try again later")]
    Crowded,
    #[error(transparent)]
    Identity(#[from] halyard_identity::Error),
    #[error(transparent)]
    Messaging(#[from] halyard_messaging::Error),
    #[error(transparent)]
    Db(#[from] halyard_platform::db::Error),
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        use halyard_identity::Error as Identity;
        use halyard_messaging::Error as Messaging;
        use halyard_platform::db::Error as Db;
        let status = match &self {
            Self::Crowded
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
            Self::Messaging(Messaging::WorkspaceNotFound | Messaging::ChannelNotFound) => {
                StatusCode::NOT_FOUND
            }
            Self::Identity(_) | Self::Messaging(_) | Self::Db(_) => {
                tracing::error!(error = %self, "a request of an administrator failed");
                return answer(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    &json!({"error": "internal error"}),
                );
            }
        };
        let mut response = answer(status, &json!({"error": self.to_string()}));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
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

/// Who sends a request, from where, and what their token must cover.
#[derive(Clone)]
pub(super) struct Caller {
    credentials: Credentials,
    peer: String,
    scopes: &'static [Scope],
    clock: halyard_platform::clock::Clock,
}

impl Caller {
    /// Somebody who only wants to know something.
    pub(super) fn reading(
        app: &App,
        headers: &HeaderMap,
        extensions: &Extensions,
        scopes: &'static [Scope],
    ) -> Self {
        let credentials = present(headers, None).credentials;
        Self { credentials, peer: peer(extensions), scopes, clock: app.clock.clone() }
    }

    /// Somebody who leaves something behind.
    ///
    /// # Errors
    /// [`Refused::Foreign`] for a session that a page of another server makes use of.
    pub(super) fn changing(
        app: &App,
        headers: &HeaderMap,
        extensions: &Extensions,
        uri: &Uri,
        scopes: &'static [Scope],
    ) -> Result<Self, Refused> {
        let caller = Self::reading(app, headers, extensions, scopes);
        if matches!(caller.credentials, Credentials::Session(_)) && !is_same_origin(headers, uri) {
            return Err(Refused::Foreign);
        }
        Ok(caller)
    }

    /// # Errors
    /// Those of the token.
    pub(super) fn actor(&self, tx: &mut Tx<'_>) -> Result<Actor, Refused> {
        let now = self.clock.now();
        let principal = authenticate(tx, &self.credentials, now)?;
        for scope in self.scopes {
            principal.scopes.require(*scope)?;
        }
        tx.set_origin(&self.peer);
        Ok(Actor { user: principal.user, now })
    }
}
