use axum::response::Response;
use halyard_identity::{
    Credentials, Error as Refused, NewUser, ProfileChange, Purpose, Scopes, SecretHash, TokenKind,
    UserId,
    audit::{self, Act},
    authenticate, check_email, check_name, create_user, end_session, issue_token,
    load_user_by_email,
    oauth::replace_tokens,
    redeem_code, revoke_all_tokens, update_profile,
};
use halyard_messaging::{Actor, member};
use halyard_platform::{clock::Millis, db::Tx};
use serde_json::json as object;

use super::{Own, password};
use crate::{
    kit::{
        session,
        sign_in::{check_password, origin, start_session, still_right},
    },
    params,
    twist::{
        call::{Call, DONE, json},
        dto::UserAnswer,
        endpoint::Reply,
        error::{Code, Error},
    },
};

params! {
    /// Signs in.
    pub(crate) struct Login {
        /// Address.
        email: String,
        /// Password.
        password: String,
        /// Also start a session of a browser; true when not given.
        set_session_cookie: Option<bool>,
    }

    /// A new person, or one who was invited.
    pub(crate) struct Register {
        /// Full name, 1 to 255 characters.
        name: String,
        /// Address.
        email: String,
        /// At least 8 characters.
        password: String,
        /// The code of the invitation; needed by those who were invited.
        #[names("code", "invite_code", "reset_code")]
        code: Option<String>,
    }

    /// A token to be checked.
    pub(crate) struct ValidateToken {
        /// The token; the one in the header when not given.
        token: Option<String>,
    }
}

/// The answer has a new token and is never stored for repeats, because stored secrets could leak:
/// a repeat signs in again.
pub(crate) async fn login(call: Call, p: Login) -> Reply {
    let app = &call.app;
    let user = check_password(app, &call.peer, p.email, p.password).await?;
    let token = app.random.hex(20);
    let session = p.set_session_cookie.unwrap_or(true).then(|| app.random.hex(32));
    let issue = {
        let own = Own::with_token(&call, &token);
        let (session, clock) = (session.clone(), app.clock.clone());
        move |tx: &mut Tx<'_>| -> Result<UserAnswer, Error> {
            let actor = Actor { user: user.id, now: clock.now() };
            still_right(tx, &user)?;
            new_token(tx, &actor, &token, Scopes::ALL)?;
            if let Some(session) = &session {
                start_session(tx, &user, session, actor.now)?;
            }
            own.answer(tx, &actor)
        }
    };
    let mut response = json(&app.db.write(issue).await?)?;
    if let Some(session) = session {
        session::begin(&mut response, app, &session).map_err(Error::internal)?;
    }
    Ok(response)
}

/// Stores a token of a person.
pub(super) fn new_token(
    tx: &mut Tx<'_>,
    actor: &Actor,
    token: &str,
    scopes: Scopes,
) -> Result<(), Error> {
    let secret = SecretHash::of(token);
    issue_token(tx, actor.user, TokenKind::Login, &secret, "login", scopes, actor.now)?;
    Ok(())
}

/// Ends the session of the cookie. Tokens stay valid (our decision; the vendor documents neither).
pub(crate) async fn logout(call: Call, (): ()) -> Reply {
    let session = call.session.as_deref().map(SecretHash::of);
    call.change(move |tx, _| {
        if let Some(session) = &session {
            end_session(tx, session)?;
        }
        Ok(())
    })
    .await?;
    let mut response = json(&DONE)?;
    clear_cookie(&mut response, &call)?;
    Ok(response)
}

/// Anybody where registration is open. Otherwise, and always for addresses that were invited, the
/// code of the invitation has to come along: it proves that the mail to the address was read.
pub(crate) async fn register(call: Call, p: Register) -> Reply {
    let app = &call.app;
    let (name, email) = (check_name(&p.name)?, check_email(&p.email)?);
    let code = p.code.filter(|code| !code.is_empty()).map(|code| SecretHash::of(&code));
    let open = app.settings.open_registration;
    if code.is_none() && !open {
        return Err(Error::new(Code::Forbidden).because("an invitation is needed"));
    }
    let origin = origin(app, &call.peer)?;
    let hash = app.passwords.hash(p.password).await?;
    let token = app.random.hex(20);
    let own = Own::with_token(&call, &token);
    let clock = app.clock.clone();
    let answer = app
        .db
        .write(move |tx| -> Result<UserAnswer, Error> {
            let now = clock.now();
            let invited = load_user_by_email(tx, &email)?;
            let user = match (invited, &code) {
                (Some(user), Some(code)) if user.setup_pending => {
                    accept(tx, user.id, code, &name, &hash, now)?
                }
                (Some(user), None) if user.setup_pending => {
                    return Err(Error::new(Code::Forbidden)
                        .because("this address was invited: use the link in the invitation"));
                }
                (Some(_), _) if open => return Err(Error::new(Code::EmailTaken)),
                (None, _) if open => {
                    let (name, email) = (name.clone(), email.clone());
                    let hash = Some(hash.clone());
                    create_user(tx, &NewUser { name, email, password_hash: hash, bot: false }, now)?
                }
                _ => return Err(Error::new(Code::Forbidden).because("an invitation is needed")),
            };
            let actor = Actor { user, now };
            new_token(tx, &actor, &token, Scopes::ALL)?;
            own.answer(tx, &actor)
        })
        .await?;
    if let Some(origin) = origin {
        app.logins.forgive(&origin);
    }
    json(&answer)
}

/// Lets somebody who was invited choose name and password.
fn accept(
    tx: &mut Tx<'_>,
    user: UserId,
    code: &SecretHash,
    name: &str,
    hash: &str,
    now: Millis,
) -> Result<UserId, Error> {
    if redeem_code(tx, Purpose::Password, code, now)? != Some(user) {
        return Err(Refused::InvalidToken.into());
    }
    let change = ProfileChange { name: Some(name.to_owned()), ..ProfileChange::default() };
    update_profile(tx, user, &change)?;
    password::store(tx, user, hash, None)?;
    member::profile_changed(tx, &Actor { user, now })?;
    Ok(user)
}

/// Replaces every token of the caller by a new one, which covers what the presented one does: a
/// token must not be a way to one that may do more, or lives longer. An application replaces its own
/// ones only, and the new one ends with the consent as the old one would have.
///
/// The answer has the new token and is never stored for repeats.
pub(crate) async fn invalidate_token(call: Call, (): ()) -> Reply {
    let (personal, of_application) =
        (call.app.random.hex(20), format!("oauth2:{}", call.app.random.hex(20)));
    let [personal, of_application] =
        [personal, of_application].map(|token| (Own::with_token(&call, &token), token));
    let credentials = call.credentials;
    let answer = call
        .change(move |tx, actor| {
            let presented = authenticate(tx, &credentials, actor.now)?;
            let (own, token) = match presented.kind {
                TokenKind::Application(_) => &of_application,
                TokenKind::Personal | TokenKind::Login | TokenKind::Session => &personal,
            };
            let user = Some(actor.user);
            let act = Act {
                by: user,
                workspace: None,
                account: user,
                kind: "tokens_revoked",
                subject: ("user", actor.user.0),
                detail: object!({}),
            };
            audit::record(tx, &act, actor.now)?;
            let secret = SecretHash::of(token);
            if let TokenKind::Application(application) = presented.kind {
                replace_tokens(tx, &presented, application, &secret, actor.now)?;
            } else {
                // Who replaces a token that ends by itself, or none at all, gets one that does so.
                let kind = match presented.kind {
                    TokenKind::Personal => TokenKind::Personal,
                    _ => TokenKind::Login,
                };
                revoke_all_tokens(tx, actor.user, kind)?;
                issue_token(tx, actor.user, kind, &secret, "login", presented.scopes, actor.now)?;
            }
            own.answer(tx, actor)
        })
        .await?;
    json(&answer)
}

pub(crate) async fn validate_token(call: Call, p: ValidateToken) -> Reply {
    let sent = p.token.filter(|token| !token.is_empty()).or_else(|| call.token.clone());
    let credentials = match sent {
        Some(token) => Credentials::Token(SecretHash::of(&token)),
        None => Credentials::None,
    };
    let clock = call.app.clock.clone();
    call.app.db.read(move |tx| authenticate(tx, &credentials, clock.now())).await?;
    json(&DONE)
}

pub(super) fn clear_cookie(response: &mut Response, call: &Call) -> Result<(), Error> {
    session::end(response, &call.app).map_err(Error::internal)
}
