//! The page on which a person lets a program act for them.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::State,
    response::{IntoResponse, Response},
};
use halyard_identity::{
    Error as Refused, Scopes, SecretHash, User, authenticate,
    oauth::{self, Application, Grant, RedirectUri, by_client_id, is_challenge, issue_code},
};
use http::{
    Extensions, HeaderMap, StatusCode, Uri,
    header::{CACHE_CONTROL, LOCATION, REFERRER_POLICY},
};
use minijinja::context;

use super::{client_document, scopes::in_words};
use crate::{
    App,
    kit::{session, sign_in::peer},
    web::{
        page::{Form, failed, message, page_leading_to, refuse_foreign},
        sign_in,
    },
};

/// Longest `state`, in bytes.
const MAX_STATE: usize = 2000;
/// What a program may ask; the consent page hands it on.
const FIELDS: [&str; 7] = [
    "client_id",
    "redirect_uri",
    "response_type",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
];

/// A request that can be answered to the program, rightly or with an error.
struct Asked {
    application: Application,
    redirect_uri: RedirectUri,
    redirect_uri_named: bool,
    state: Option<String>,
}

/// What the program wants, when there is nothing wrong with it.
struct Wish {
    scopes: Scopes,
    /// As it asked for them, separated by blanks.
    scope: String,
    challenge: Option<String>,
}

/// Why a request leads back to the program without a code.
struct Wrong {
    error: &'static str,
    reason: String,
}

impl Asked {
    /// Finds out who asks and where the answer goes. While that is not certain nobody is sent
    /// anywhere: the address could be anybody's.
    async fn read(app: &Arc<App>, form: &Form, user: Option<&User>) -> Result<Self, Response> {
        let refuse =
            |text: &str| message(StatusCode::BAD_REQUEST, "This request cannot be answered", text);
        for field in FIELDS {
            if form.count(field) > 1 {
                return Err(refuse(
                    "The program that sent you here has asked for one thing twice.",
                ));
            }
        }
        let client_id = form.get("client_id");
        let document = client_document::address(&client_id);
        let found = app.db.read(move |tx| by_client_id(tx, &client_id)).await;
        let found = found.map_err(|error| failed(&error))?;
        let fresh =
            |application: &Application| client_document::is_fresh(application, app.clock.now());
        let application = match (found.filter(fresh), document) {
            (Some(application), _) => application,
            // Only for somebody who is known here requests are sent elsewhere.
            (None, Some(document)) if user.is_none() => {
                let host = document.host_str().unwrap_or_default();
                return Err(sign_in::form_before(&address(form), host));
            }
            (None, Some(document)) => {
                let fetched = client_document::fetch(app, document).await;
                fetched.map_err(|reason| {
                    refuse(&format!(
                        "The program that sent you here cannot be asked who it is: {reason}."
                    ))
                })?
            }
            (None, None) => {
                return Err(refuse(
                    "The program that sent you here is not known to this server. Its entry may \
                     have been removed.",
                ));
            }
        };
        let named = form.get("redirect_uri");
        let redirect_uri = match (named.as_str(), application.redirect_uris.as_slice()) {
            ("", [only]) => Some(only.clone()),
            ("", _) => None,
            (named, registered) => RedirectUri::parse(named)
                .ok()
                .filter(|redirect_uri| redirect_uri.is_registered(registered)),
        };
        let Some(redirect_uri) = redirect_uri else {
            return Err(refuse(
                "The program that sent you here wants the answer at an address that it has not \
                 registered. You are not sent there.",
            ));
        };
        let state = Some(form.get("state")).filter(|state| !state.is_empty());
        if state.as_ref().is_some_and(|state| state.len() > MAX_STATE) {
            return Err(refuse("The program that sent you here has sent too much along."));
        }
        Ok(Self { application, redirect_uri, redirect_uri_named: !named.is_empty(), state })
    }

    fn wish(&self, form: &Form) -> Result<Wish, Wrong> {
        let bad = |standard: &str, reason: &str| Wrong {
            error: "BAD_REQUEST",
            reason: format!("{standard}: {reason}"),
        };
        if !matches!(form.get("response_type").as_str(), "" | "code") {
            return Err(bad("unsupported_response_type", "response_type is not code"));
        }
        let asked = form.get("scope");
        let names: Vec<&str> = asked.split([',', ' ']).filter(|name| !name.is_empty()).collect();
        let scopes = Scopes::parse(&asked)
            .map_err(|name| bad("invalid_scope", &format!("{name:?} is unknown")))?;
        let (scopes, scope) = match (names.is_empty(), self.application.scopes) {
            (false, _) => (scopes, names.join(" ")),
            (true, Some(registered)) => (registered, registered.to_string()),
            (true, None) => return Err(bad("invalid_scope", "scope is missing")),
        };
        if let Some(registered) = self.application.scopes
            && registered.bits() & scopes.bits() != scopes.bits()
        {
            return Err(bad("invalid_scope", "the application is not registered for this scope"));
        }
        let (challenge, method) = (form.get("code_challenge"), form.get("code_challenge_method"));
        let challenge = match (challenge.as_str(), method.as_str()) {
            ("", "") if self.application.secret.is_none() => {
                let reason = "an application without a secret needs code_challenge (PKCE)";
                return Err(bad("invalid_request", reason));
            }
            ("", "") => None,
            // Without a method it would be `plain`, which protects from nobody who can listen.
            (challenge, "S256") if is_challenge(challenge) => Some(challenge.to_owned()),
            (_, "S256") => return Err(bad("invalid_request", "code_challenge is not one of S256")),
            _ => return Err(bad("invalid_request", "code_challenge_method is not S256")),
        };
        Ok(Wish { scopes, scope, challenge })
    }

    /// Sends the browser back to the program.
    fn send_back(&self, fields: &[(&str, &str)]) -> Response {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(fields);
        if let Some(state) = &self.state {
            query.append_pair("state", state);
        }
        let uri = self.redirect_uri.as_str();
        let joint = match uri.split_once('?') {
            None => "?",
            Some((_, "")) => "",
            Some(_) => "&",
        };
        let location = format!("{uri}{joint}{}", query.finish());
        let headers = [
            (LOCATION, location.as_str()),
            (CACHE_CONTROL, "no-store"),
            (REFERRER_POLICY, "no-referrer"),
        ];
        (StatusCode::SEE_OTHER, headers).into_response()
    }

    fn refuse(&self, wrong: &Wrong) -> Response {
        let Wrong { error, reason } = wrong;
        self.send_back(&[
            ("error", error),
            ("error_message", reason),
            ("error_description", reason),
        ])
    }

    fn ask(&self, form: &Form, wish: &Wish, user: &User) -> Response {
        let fields: Vec<(&str, String)> = FIELDS
            .into_iter()
            .map(|name| (name, form.get(name)))
            .filter(|(_, value)| !value.is_empty())
            .collect();
        let origin = self.redirect_uri.origin();
        page_leading_to(
            origin,
            "consent.html",
            context! {
                name => self.application.name.clone(),
                website => self.application.website.clone(),
                itself => self.application.owner.is_none(),
                document => self.application.fetched_at.map(|_| self.application.client_id.clone()),
                rights => in_words(wish.scopes),
                user => user.name.clone(),
                email => user.email.clone(),
                origin,
                fields,
                again => address(form),
            },
        )
    }
}

/// The address of the request of a form.
fn address(form: &Form) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for field in FIELDS {
        let value = form.get(field);
        if !value.is_empty() {
            query.append_pair(field, &value);
        }
    }
    format!("/oauth/authorize?{}", query.finish())
}

/// Asks who it is, then whether they agree. It is asked each time, also when they agreed before:
/// whoever has the browser in front of them sees which program goes on.
pub(super) async fn show(State(app): State<Arc<App>>, headers: HeaderMap, uri: Uri) -> Response {
    let form = Form::of_query(&uri);
    let user = match session::person(&app, &headers).await {
        Ok(user) => user,
        Err(error) => return failed(&error),
    };
    let asked = match Asked::read(&app, &form, user.as_ref()).await {
        Ok(asked) => asked,
        Err(refusal) => return refusal,
    };
    let wish = match asked.wish(&form) {
        Ok(wish) => wish,
        Err(wrong) => return asked.refuse(&wrong),
    };
    match user {
        Some(user) => asked.ask(&form, &wish, &user),
        None => sign_in::form_before(&address(&form), &asked.application.name),
    }
}

/// Takes the decision.
pub(super) async fn decide(
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
    let user = match session::person(&app, &headers).await {
        Ok(user) => user,
        Err(error) => return failed(&error),
    };
    let asked = match Asked::read(&app, &form, user.as_ref()).await {
        Ok(asked) => asked,
        Err(refusal) => return refusal,
    };
    let wish = match asked.wish(&form) {
        Ok(wish) => wish,
        Err(wrong) => return asked.refuse(&wrong),
    };
    if form.get("decision") != "allow" {
        let reason = "access_denied: the person does not agree".to_owned();
        return asked.refuse(&Wrong { error: "ACCESS_DENIED", reason });
    }
    let again = address(&form);
    match allow(&app, &headers, peer(&extensions), &asked, wish).await {
        Ok(code) => asked.send_back(&[("code", &code)]),
        Err(Refused::InvalidToken) => sign_in::form_before(&again, &asked.application.name),
        Err(error) => failed(&error),
    }
}

async fn allow(
    app: &Arc<App>,
    headers: &HeaderMap,
    peer: String,
    asked: &Asked,
    wish: Wish,
) -> Result<String, Refused> {
    let code = app.random.hex(32);
    let (secret, clock) = (SecretHash::of(&code), app.clock.clone());
    let credentials = session::credentials(headers);
    let (application, redirect_uri) = (asked.application.id, asked.redirect_uri.clone());
    let redirect_uri_named = asked.redirect_uri_named;
    let Wish { scopes, scope, challenge } = wish;
    app.db
        .write(move |tx| -> Result<(), Refused> {
            let now = clock.now();
            let user = authenticate(tx, &credentials, now)?.user;
            tx.set_origin(&peer);
            oauth::grant(tx, user, application, scopes, now)?;
            let grant = Grant {
                application,
                user,
                scope: scope.clone(),
                redirect_uri: redirect_uri.clone(),
                redirect_uri_named,
                challenge: challenge.clone(),
            };
            issue_code(tx, &grant, &secret, now)
        })
        .await?;
    Ok(code)
}
