//! The page of an installed integration: from here its settings are opened, and they lead back.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    response::Response,
};
use halyard_identity::User;
use halyard_messaging::{
    Actor, Error,
    integration::{self, Installation, Integration, Kind},
};
use halyard_platform::jobs;
use http::{HeaderMap, StatusCode, Uri};
use minijinja::context;

use super::{
    page::{failed, message, page, refuse_foreign},
    sign_in,
};
use crate::{
    App,
    kit::{origin::base, session},
    twist::installation_addresses,
};

/// The page, for who may manage the installation.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Path(id): Path<i64>,
    headers: HeaderMap,
) -> Response {
    let (person, integration, installation) = match find(&app, id, &headers).await {
        Ok(found) => found,
        Err(refusal) => return refusal,
    };
    let own = installation.installed_by == person.id;
    let posts = own && matches!(integration.kind, Kind::Channel | Kind::Thread);
    let base = base(&app, &headers);
    let viewer = (person.id, person.name.as_str());
    let (post_data_url, configure) =
        installation_addresses(&integration, &installation, &base, viewer);
    let values = context! {
        id,
        name => integration.name,
        place => match integration.kind {
            Kind::Thread => " in a thread",
            Kind::Channel | Kind::Report => " in a channel",
            Kind::Bot | Kind::Command => "",
        },
        configure => configure.filter(|_| own),
        post_data_url => posts.then_some(post_data_url),
    };
    page(StatusCode::OK, "installation.html", values)
}

/// Uninstalls it.
pub(super) async fn uninstall(
    State(app): State<Arc<App>>,
    Path(id): Path<i64>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    if let Some(refusal) = refuse_foreign(&app, &headers, &uri) {
        return refusal;
    }
    let (person, integration, _) = match find(&app, id, &headers).await {
        Ok(found) => found,
        Err(refusal) => return refusal,
    };
    let clock = app.clock.clone();
    let done = app.db.write(move |tx| {
        let actor = Actor { user: person.id, now: clock.now() };
        integration::uninstall(tx, &actor, id)
    });
    match done.await {
        Ok(()) => {
            app.signals.wake(jobs::TOPIC);
            let text = format!("{} is uninstalled. What it posted stays.", integration.name);
            message(StatusCode::OK, "Uninstalled", &text)
        }
        Err(error) => refusal(&error),
    }
}

async fn find(
    app: &App,
    id: i64,
    headers: &HeaderMap,
) -> Result<(User, Integration, Installation), Response> {
    let person = session::person(app, headers).await.map_err(|error| failed(&error))?;
    let Some(person) = person else {
        return Err(sign_in::form(&format!("/integrations/installation/{id}")));
    };
    let actor = Actor { user: person.id, now: app.clock.now() };
    let found = app.db.read(move |tx| -> Result<_, Error> {
        let installation = integration::installation(tx, &actor, id)?;
        Ok((integration::get(tx, &actor, installation.integration)?, installation))
    });
    let (integration, installation) = found.await.map_err(|error| refusal(&error))?;
    Ok((person, integration, installation))
}

fn refusal(error: &Error) -> Response {
    match error {
        Error::IntegrationNotFound => message(
            StatusCode::NOT_FOUND,
            "Not installed",
            "It was uninstalled, or somebody else has installed it.",
        ),
        other => failed(other),
    }
}
