//! The page on which people see which programs act for them, and manage their own.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::State,
    response::{IntoResponse, Response},
};
use halyard_identity::{
    Error as Refused, SecretHash, User, UserId, authenticate,
    oauth::{
        self, ApplicationId, AuthMethod, NewApplication, RedirectUri, consents_of_user, of_owner,
    },
};
use halyard_messaging::subscription::end_unrepresented;
use halyard_platform::{clock::Millis, db::Tx};
use http::{Extensions, HeaderMap, StatusCode, Uri, header::LOCATION};
use minijinja::{Value, context};

use super::scopes::in_words;
use crate::{
    App,
    kit::{session, sign_in::peer},
    web::{
        page::{Form, failed, message, page, refuse_foreign},
        sign_in,
    },
};

const PATH: &str = "/settings/applications";

/// What a page shows once, and what was wrong with what was filled in.
#[derive(Default)]
struct Notes {
    shown: Option<Shown>,
    problem: Option<(&'static str, String)>,
    filled: Option<Form>,
}

/// Secrets of an application, just made.
struct Shown {
    title: &'static str,
    client_id: Option<String>,
    secret: Option<(&'static str, String)>,
}

/// The page.
pub(super) async fn show(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    render(&app, &headers, StatusCode::OK, Notes::default()).await
}

/// One change, then the page again.
pub(super) async fn change(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    extensions: Extensions,
    uri: Uri,
    body: Bytes,
) -> Response {
    if let Some(refusal) = refuse_foreign(&app, &headers, &uri) {
        return refusal;
    }
    let form = Form::parse(&body);
    let from = From { headers: &headers, peer: peer(&extensions) };
    let id = ApplicationId(form.get("application").parse().unwrap_or(0));
    let outcome = match form.get("action").as_str() {
        "create" => return create(&app, &from, form).await,
        "rotate" => {
            let secret = app.random.hex(32);
            let hash = SecretHash::of(&secret);
            let done = act(&app, &from, move |tx, user, now| {
                oauth::rotate_secret(tx, user, id, &hash, now)
            });
            let title = "The new secret. The old one no longer works.";
            done.await.map(|done| (done, Some((title, "client_secret", secret))))
        }
        "test-token" => {
            let token = format!("oauth2:{}", app.random.hex(20));
            let hash = SecretHash::of(&token);
            let done = act(&app, &from, move |tx, user, now| {
                oauth::issue_test_token(tx, user, id, &hash, now)
            });
            let title = "A token of every scope that acts for you. The one before has ended.";
            done.await.map(|done| (done, Some((title, "test token", token))))
        }
        "remove" => {
            let done = act(&app, &from, move |tx, user, now| {
                let removed = oauth::remove(tx, Some(user), id, now)?;
                end_unrepresented(tx, Some(id), now)?;
                Ok(removed)
            });
            done.await.map(|done| (done, None))
        }
        "revoke" => {
            let done = act(&app, &from, move |tx, user, now| {
                let revoked = oauth::revoke(tx, user, id, now)?;
                end_unrepresented(tx, Some(id), now)?;
                Ok(revoked)
            });
            done.await.map(|done| (done, None))
        }
        _ => Ok((false, None)),
    };
    match outcome {
        Ok((true, None)) => (StatusCode::SEE_OTHER, [(LOCATION, PATH)]).into_response(),
        Ok((true, Some((title, what, secret)))) => {
            let shown = Shown { title, client_id: None, secret: Some((what, secret)) };
            let notes = Notes { shown: Some(shown), ..Notes::default() };
            render(&app, &headers, StatusCode::OK, notes).await
        }
        Ok((false, _)) => message(
            StatusCode::NOT_FOUND,
            "Nothing to change",
            "You have no such application. It may have been removed in another window.",
        ),
        Err(Refused::InvalidToken) => sign_in::form(PATH),
        Err(error) => failed(&error),
    }
}

/// Who sends a request, and from where.
struct From<'r> {
    headers: &'r HeaderMap,
    peer: String,
}

/// Runs a change as whoever has signed in.
async fn act<T, F>(app: &App, from: &From<'_>, run: F) -> Result<T, Refused>
where
    T: Send + 'static,
    F: Fn(&mut Tx<'_>, UserId, Millis) -> Result<T, Refused> + Send + 'static,
{
    let (credentials, clock) = (session::credentials(from.headers), app.clock.clone());
    let peer = from.peer.clone();
    app.db
        .write(move |tx| {
            let now = clock.now();
            let user = authenticate(tx, &credentials, now)?.user;
            tx.set_origin(&peer);
            run(tx, user, now)
        })
        .await
}

async fn create(app: &App, from: &From<'_>, form: Form) -> Response {
    let headers = from.headers;
    let again = async |field, problem: &str, form| {
        let problem = Some((field, problem.to_owned()));
        let notes = Notes { problem, filled: Some(form), ..Notes::default() };
        render(app, headers, StatusCode::UNPROCESSABLE_ENTITY, notes).await
    };
    let uris = form.get("redirect_uris");
    let uris: Result<Vec<_>, _> = uris.split_whitespace().map(RedirectUri::parse).collect();
    let redirect_uris = match uris {
        Ok(uris) => uris,
        Err(problem) => return again("redirect_uris", &format!("No: {problem}."), form).await,
    };
    let keeps_secrets = form.get("kind") != "public";
    let auth = if keeps_secrets { AuthMethod::Post } else { AuthMethod::None };
    let website = Some(form.get("website").trim().to_owned()).filter(|text| !text.is_empty());
    let new = NewApplication {
        name: form.get("name"),
        website,
        redirect_uris,
        scopes: None,
        auth,
        owner: None,
        refreshes: form.get("refreshes") == "yes",
    };
    let client_id = format!("twd_{}", app.random.hex(16));
    let secret = keeps_secrets.then(|| app.random.hex(32));
    let (hash, id) = (secret.as_deref().map(SecretHash::of), client_id.clone());
    let stored = act(app, from, move |tx, user, now| {
        let new = NewApplication { owner: Some(user), ..new.clone() };
        oauth::register(tx, &new, &id, hash.as_ref(), now)
    });
    match stored.await {
        Ok(_) => {
            let shown = Shown {
                title: "The application is registered. Its secret is shown this once.",
                client_id: Some(client_id),
                secret: secret.map(|secret| ("client_secret", secret)),
            };
            let notes = Notes { shown: Some(shown), ..Notes::default() };
            render(app, headers, StatusCode::OK, notes).await
        }
        Err(Refused::NameInvalid) => again("name", "Use 1 to 255 characters.", form).await,
        Err(Refused::Invalid { field: "client_uri", .. }) => {
            again("website", "Use an address that begins with https:// or http://.", form).await
        }
        Err(Refused::Invalid { .. }) => {
            again("redirect_uris", "Use 1 to 20 addresses.", form).await
        }
        Err(Refused::InvalidToken) => sign_in::form(PATH),
        Err(error) => failed(&error),
    }
}

async fn render(app: &App, headers: &HeaderMap, status: StatusCode, notes: Notes) -> Response {
    let user = match session::person(app, headers).await {
        Ok(Some(user)) => user,
        Ok(None) => return sign_in::form(PATH),
        Err(error) => return failed(&error),
    };
    let id = user.id;
    let lists =
        app.db.read(move |tx| Ok::<_, Refused>((consents_of_user(tx, id)?, of_owner(tx, id)?)));
    let (consents, own) = match lists.await {
        Ok(lists) => lists,
        Err(error) => return failed(&error),
    };
    let consents: Vec<Value> = consents
        .into_iter()
        .map(|consent| {
            context! {
                id => consent.application.0,
                name => consent.name,
                rights => in_words(consent.scopes),
                since => day(consent.granted_at, &user),
            }
        })
        .collect();
    let own: Vec<Value> = own
        .into_iter()
        .map(|own| {
            context! {
                id => own.id.0,
                name => own.name,
                client_id => own.client_id,
                website => own.website,
                uris => own.redirect_uris.iter().map(ToString::to_string).collect::<Vec<_>>(),
                has_secret => own.secret.is_some(),
                refreshes => own.refreshes,
            }
        })
        .collect();
    let filled = |name: &str| notes.filled.as_ref().map(|form| form.get(name)).unwrap_or_default();
    let (field, problem) = notes.problem.unwrap_or_default();
    let (shown_title, shown_id, shown_name, shown_secret) = match notes.shown {
        Some(Shown { title, client_id, secret }) => {
            let (name, secret) = secret.unzip();
            (Some(title), client_id, name, secret)
        }
        None => (None, None, None, None),
    };
    page(
        status,
        "applications.html",
        context! {
            user => user.name,
            email => user.email,
            consents,
            own,
            field,
            problem,
            shown_title,
            shown_id,
            shown_name,
            shown_secret,
            name => filled("name"),
            website => filled("website"),
            redirect_uris => filled("redirect_uris"),
            public => filled("kind") == "public",
            refreshes => filled("refreshes") == "yes",
        },
    )
}

/// The day of a moment where the person is.
fn day(at: Millis, user: &User) -> String {
    let Ok(moment) = jiff::Timestamp::from_millisecond(at) else { return String::new() };
    let zone = jiff::tz::TimeZone::get(&user.timezone).unwrap_or(jiff::tz::TimeZone::UTC);
    moment.to_zoned(zone).date().to_string()
}
