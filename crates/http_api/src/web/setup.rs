use std::sync::Arc;

use axum::{body::Bytes, extract::State, response::Response};
use halyard_identity::{
    self as identity, Error as Refused, NewUser, Purpose, Scopes, SecretHash, TokenKind,
};
use halyard_messaging::{
    Actor, Error,
    workspace::{self, NewWorkspace},
};
use http::{HeaderMap, StatusCode, Uri};
use minijinja::context;

use super::page::{Form, code_in, failed, message, page, refuse_foreign};
use crate::App;

/// What the first administrator has filled in, and what is wrong with it.
struct Wishes {
    code: String,
    name: String,
    email: String,
    workspace: String,
}

impl Wishes {
    fn form(&self, status: StatusCode, wrong: Option<(&str, &str)>) -> Response {
        let (field, problem) = wrong.unwrap_or_default();
        page(
            status,
            "setup.html",
            context! {
                code => self.code.clone(),
                name => self.name.clone(),
                email => self.email.clone(),
                workspace => self.workspace.clone(),
                min_password => identity::MIN_PASSWORD_LENGTH,
                field,
                problem,
            },
        )
    }
}

/// The form, for whoever has the code of an empty installation.
pub(super) async fn show(State(app): State<Arc<App>>, uri: Uri) -> Response {
    let code = code_in(&uri);
    match open(&app, &code).await {
        Ok(()) => {
            let (name, email, workspace) = (String::new(), String::new(), String::new());
            Wishes { code, name, email, workspace }.form(StatusCode::OK, None)
        }
        Err(refusal) => refusal,
    }
}

/// Creates the first administrator with a workspace, and shows a token once.
pub(super) async fn submit(
    State(app): State<Arc<App>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Some(refusal) = refuse_foreign(&app, &headers, &uri) {
        return refusal;
    }
    let form = Form::parse(&body);
    let wishes = Wishes {
        code: form.get("code"),
        name: form.get("name"),
        email: form.get("email"),
        workspace: form.get("workspace"),
    };
    // Asked before the password is hashed, which takes time that not everybody may take.
    if let Err(refusal) = open(&app, &wishes.code).await {
        return refusal;
    }
    match create(&app, &wishes, form.get("password")).await {
        Ok(token) => {
            page(StatusCode::OK, "setup_done.html", context! { token, name => wishes.name })
        }
        Err(error) => match explain(&error) {
            Some(wrong) => wishes.form(StatusCode::UNPROCESSABLE_ENTITY, Some(wrong)),
            None if matches!(error, Error::Identity(Refused::InvalidToken)) => spent(),
            None => failed(&error),
        },
    }
}

/// Whether there is something to set up and the code is the right one.
async fn open(app: &App, code: &str) -> Result<(), Response> {
    let (hash, now) = (SecretHash::of(code), app.clock.now());
    let found = app
        .db
        .read(move |tx| -> Result<bool, Refused> {
            if identity::count_users(tx)? > 0 {
                return Ok(false);
            }
            identity::inspect_code(tx, Purpose::SetUp, &hash, now)?;
            Ok(true)
        })
        .await;
    match found {
        Ok(true) => Ok(()),
        Ok(false) => Err(message(
            StatusCode::GONE,
            "Set up already",
            "This server has people on it. Ask one of its admins to invite you.",
        )),
        Err(Refused::InvalidToken) => Err(spent()),
        Err(error) => Err(failed(&error)),
    }
}

fn spent() -> Response {
    message(
        StatusCode::FORBIDDEN,
        "This address does not work",
        "It works once and for 24 hours. Start the server again: it prints a new one.",
    )
}

async fn create(app: &App, wishes: &Wishes, password: String) -> Result<String, Error> {
    let name = identity::check_name(&wishes.name)?;
    let email = identity::check_email(&wishes.email)?;
    let workspace = NewWorkspace { name: wishes.workspace.clone(), ..NewWorkspace::default() };
    let password_hash = Some(app.passwords.hash(password).await?);
    let new = NewUser { name, email, password_hash, bot: false };
    let (code, token) = (SecretHash::of(&wishes.code), app.random.hex(20));
    let (secret, clock) = (SecretHash::of(&token), app.clock.clone());
    app.db
        .write(move |tx| -> Result<(), Error> {
            let now = clock.now();
            identity::redeem_code(tx, Purpose::SetUp, &code, now)?;
            // Whoever has another code waits here, and finds theirs gone.
            identity::end_set_up(tx)?;
            if identity::count_users(tx)? > 0 {
                return Err(Refused::InvalidToken.into());
            }
            let user = identity::create_user(tx, &new, now)?;
            workspace::add(tx, &Actor { user, now }, &workspace)?;
            let (kind, name) = (TokenKind::Personal, "set-up");
            identity::issue_token(tx, user, kind, &secret, name, Scopes::ALL, now)?;
            Ok(())
        })
        .await?;
    Ok(token)
}

/// Which field is wrong, and what would be right.
fn explain(error: &Error) -> Option<(&'static str, &'static str)> {
    match error {
        Error::Identity(Refused::NameInvalid) => Some(("name", "Use 1 to 255 characters.")),
        Error::Identity(Refused::EmailInvalid) => {
            Some(("email", "This does not look like an address such as you@example.com."))
        }
        // A bot may have it already.
        Error::Identity(Refused::EmailTaken) => Some(("email", "This address is taken.")),
        Error::Identity(Refused::PasswordTooShort) => {
            Some(("password", "Use at least 8 characters."))
        }
        Error::Identity(Refused::Invalid { field: "password", .. }) => {
            Some(("password", "Use at most 1024 bytes."))
        }
        Error::NameInvalid => Some(("workspace", "Use 1 to 255 characters.")),
        _ => None,
    }
}
