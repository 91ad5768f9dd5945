use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{Path, State},
    response::Response,
};
use halyard_identity::{self as identity, Error as Refused, NewUser, User};
use halyard_messaging::{Actor, Error, WorkspaceId, member};
use http::{HeaderMap, StatusCode, Uri};
use minijinja::context;

use super::page::{Form, failed, message, page, refuse_foreign};
use crate::{
    App,
    kit::{session, sign_in::start_session},
};

/// What somebody without an account has filled in, and what is wrong with it.
#[derive(Default)]
struct Wishes {
    name: String,
    email: String,
    wrong: Option<(&'static str, &'static str)>,
}

/// The page of a link: joins whoever is signed in, and lets others sign in or register.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Path(code): Path<String>,
    headers: HeaderMap,
) -> Response {
    match visitor(&app, &code, &headers).await {
        Ok((workspace, person)) => {
            form(&app, StatusCode::OK, &code, &workspace, person.as_ref(), &Wishes::default())
        }
        Err(refusal) => refusal,
    }
}

/// Joins the person who is signed in.
pub(super) async fn submit(
    State(app): State<Arc<App>>,
    Path(code): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    if let Some(refusal) = refuse_foreign(&app, &headers, &uri) {
        return refusal;
    }
    let (workspace, person) = match visitor(&app, &code, &headers).await {
        Ok(found) => found,
        Err(refusal) => return refusal,
    };
    let Some(person) = person else {
        let wishes = Wishes::default();
        return form(&app, StatusCode::UNAUTHORIZED, &code, &workspace, None, &wishes);
    };
    let clock = app.clock.clone();
    let joined = app.db.write(move |tx| {
        let actor = Actor { user: person.id, now: clock.now() };
        member::join_by_code(tx, &actor, &code)
    });
    match joined.await {
        Ok(_) => welcome(&workspace),
        Err(error) => refusal(&error),
    }
}

/// Makes an account, where the operator allows that, signs it in and joins it.
pub(super) async fn register(
    State(app): State<Arc<App>>,
    Path(code): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Some(refusal) = refuse_foreign(&app, &headers, &uri) {
        return refusal;
    }
    let workspace = match visitor(&app, &code, &headers).await {
        Ok((workspace, _)) => workspace,
        Err(refusal) => return refusal,
    };
    if !app.settings.open_registration {
        let text =
            "New accounts are made for people who were invited by mail. Ask for an invitation.";
        return message(StatusCode::FORBIDDEN, "Not open", text);
    }
    let fields = Form::parse(&body);
    let mut wishes = Wishes { name: fields.get("name"), email: fields.get("email"), wrong: None };
    match create(&app, &code, &wishes, fields.get("password")).await {
        Ok(secret) => {
            let mut response = welcome(&workspace);
            match session::begin(&mut response, &app, &secret) {
                Ok(()) => response,
                Err(error) => failed(&error),
            }
        }
        Err(error) => {
            wishes.wrong = explain(&error);
            match wishes.wrong {
                Some(_) => {
                    let status = StatusCode::UNPROCESSABLE_ENTITY;
                    form(&app, status, &code, &workspace, None, &wishes)
                }
                None => refusal(&error),
            }
        }
    }
}

/// Name of the workspace behind a code, and who is signed in.
async fn visitor(
    app: &App,
    code: &str,
    headers: &HeaderMap,
) -> Result<(String, Option<User>), Response> {
    let wanted = code.to_owned();
    let found: Result<(WorkspaceId, String), Error> =
        app.db.read(move |tx| member::behind_code(tx, &wanted)).await;
    let (_, workspace) = found.map_err(|error| refusal(&error))?;
    let person = session::person(app, headers).await.map_err(|error| failed(&error))?;
    Ok((workspace, person))
}

fn form(
    app: &App,
    status: StatusCode,
    code: &str,
    workspace: &str,
    person: Option<&User>,
    wishes: &Wishes,
) -> Response {
    let (field, problem) = wishes.wrong.unwrap_or_default();
    let values = context! {
        code,
        workspace,
        person => person.map(|person| person.name.clone()),
        open => app.settings.open_registration,
        name => wishes.name.clone(),
        email => wishes.email.clone(),
        min_password => identity::MIN_PASSWORD_LENGTH,
        field,
        problem,
    };
    page(status, "join.html", values)
}

fn welcome(workspace: &str) -> Response {
    let text = format!("You are a member of {workspace} now. Open it in your client.");
    message(StatusCode::OK, "Welcome", &text)
}

fn refusal(error: &Error) -> Response {
    match error {
        Error::WorkspaceNotFound => message(
            StatusCode::NOT_FOUND,
            "This link does not work",
            "It may have been ended. Ask somebody in the workspace for a new one.",
        ),
        Error::Forbidden(_) => message(
            StatusCode::FORBIDDEN,
            "Not by this link",
            "You were taken out of this workspace. Ask one of its admins for an invitation.",
        ),
        other => failed(other),
    }
}

async fn create(app: &App, code: &str, wishes: &Wishes, password: String) -> Result<String, Error> {
    let name = identity::check_name(&wishes.name)?;
    let email = identity::check_email(&wishes.email)?;
    let password_hash = Some(app.passwords.hash(password).await?);
    let new = NewUser { name, email, password_hash, bot: false };
    let (code, secret, clock) = (code.to_owned(), app.random.hex(32), app.clock.clone());
    let session = secret.clone();
    app.db
        .write(move |tx| -> Result<(), Error> {
            let now = clock.now();
            let user = identity::create_user(tx, &new, now)?;
            member::join_by_code(tx, &Actor { user, now }, &code)?;
            let user = identity::load_user(tx, user)?;
            Ok(start_session(tx, &user, &session, now)?)
        })
        .await?;
    Ok(secret)
}

/// Which field is wrong, and what would be right.
fn explain(error: &Error) -> Option<(&'static str, &'static str)> {
    match error {
        Error::Identity(Refused::NameInvalid) => Some(("name", "Use 1 to 255 characters.")),
        Error::Identity(Refused::EmailInvalid) => {
            Some(("email", "This does not look like an address such as you@example.com."))
        }
        Error::Identity(Refused::EmailTaken) => {
            Some(("email", "This address has an account. Sign in instead."))
        }
        Error::Identity(Refused::PasswordTooShort) => {
            Some(("password", "Use at least 8 characters."))
        }
        Error::Identity(Refused::Invalid { field: "password", .. }) => {
            Some(("password", "Use at most 1024 bytes."))
        }
        _ => None,
    }
}
