//! How long the threads of a channel are kept: `GET` and `PUT`
//! `/api/app/v1/channels/{id}/retention`, for administrators.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{Path, State},
    response::Response,
};
use halyard_identity::Scope;
use halyard_messaging::{ChannelId, retention};
use http::{Extensions, HeaderMap, StatusCode, Uri};
use serde::{Deserialize, Serialize};

use super::{
    admin::Caller,
    error::{Refused, answer},
};
use crate::App;

/// The rule of a channel.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Rule {
    /// Threads go this many days after their last comment; null: never.
    #[serde(deserialize_with = "given")]
    days: Option<i64>,
}

/// A rule that says nothing is a mistake, not the end of a rule.
fn given<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
    Option::deserialize(from)
}

pub(super) async fn get(
    State(app): State<Arc<App>>,
    Path(id): Path<i64>,
    headers: HeaderMap,
    extensions: Extensions,
) -> Result<Response, Refused> {
    let caller = Caller::reading(&app, &headers, &extensions, &[Scope::CHANNELS_READ]);
    let days = app.db.read(move |tx| -> Result<_, Refused> {
        let actor = caller.actor(tx)?;
        Ok(retention::get(tx, &actor, ChannelId(id))?)
    });
    Ok(answer(StatusCode::OK, &Rule { days: days.await? }))
}

pub(super) async fn put(
    State(app): State<Arc<App>>,
    Path(id): Path<i64>,
    headers: HeaderMap,
    extensions: Extensions,
    uri: Uri,
    body: Bytes,
) -> Result<Response, Refused> {
    let scopes = &[Scope::CHANNELS_REMOVE, Scope::THREADS_REMOVE];
    let caller = Caller::changing(&app, &headers, &extensions, &uri, scopes)?;
    let rule: Rule =
        serde_json::from_slice(&body).map_err(|error| Refused::Malformed(error.to_string()))?;
    let days = rule.days;
    app.db
        .write(move |tx| -> Result<_, Refused> {
            let actor = caller.actor(tx)?;
            Ok(retention::set(tx, &actor, ChannelId(id), days)?)
        })
        .await?;
    Ok(answer(StatusCode::OK, &rule))
}
