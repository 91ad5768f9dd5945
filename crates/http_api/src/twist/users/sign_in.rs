use axum::response::Response;
use halyard_identity::{
    Credentials, Error as Refused, LoginLimit, NewUser, ProfileChange, Purpose, SESSION_DAYS,
    Scopes, SecretHash, TokenKind, UserId, authenticate, check_email, check_name, create_user,
    email_key, end_session, issue_token, load_user, load_user_by_email, redeem_code,
    revoke_all_tokens, update_profile,
};
use halyard_messaging::{Actor, member};
use halyard_platform::{clock::Millis, db::Tx};
use http::{HeaderValue, header};

use super::{Own, password};
use crate::{
    params,
    twist::{
        call::{Call, DONE, json},
        credentials::COOKIE,
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

/// An attempt to get in. It counts as failed, for the address and for its origin, until it has
/// succeeded.
pub(super) struct Attempt<'a> {
    logins: &'a LoginLimit,
    account: String,
    origin: Option<String>,
}

impl<'a> Attempt<'a> {
    /// # Errors
    /// Status 429 when there were too many for this address or from this origin.
    pub(super) fn begin(call: &'a Call, email: &str) -> Result<Self, Error> {
        let logins = &call.app.logins;
        let now = call.app.clock.now();
        let origin = origin(call, now)?;
        let account = format!("email:{}", email_key(email));
        logins.attempt(&account, now)?;
        Ok(Self { logins, account, origin })
    }

    pub(super) fn succeeded(self) {
        self.logins.succeeded(&self.account);
        // Not forgotten: with an account of their own, somebody could go on guessing others'.
        if let Some(origin) = &self.origin {
            self.logins.forgive(origin);
        }
    }
}

/// Counts an attempt for the address that the call comes from; [`LoginLimit::forgive`] takes it
/// back.
pub(super) fn origin(call: &Call, now: Millis) -> Result<Option<String>, Error> {
    let origin = (!call.peer.is_empty()).then(|| format!("peer:{}", call.peer));
    if let Some(origin) = &origin {
        call.app.logins.attempt(origin, now)?;
    }
    Ok(origin)
}

/// The answer has a new token and is never stored for repeats, because stored secrets could leak:
/// a repeat signs in again.
pub(crate) async fn login(call: Call, p: Login) -> Reply {
    let app = &call.app;
    let attempt = Attempt::begin(&call, &p.email)?;
    let email = p.email;
    let known = app.db.read(move |tx| load_user_by_email(tx, &email)).await?;
    let known = known.filter(|user| !user.removed);
    let hash = known.as_ref().and_then(|user| user.password_hash.clone());
    let right = app.passwords.verify(p.password, hash.clone()).await?;
    let Some(user) = known.filter(|_| right) else { return Err(Error::new(Code::LoginWrong)) };
    attempt.succeeded();

    let token = app.random.hex(20);
    let session = p.set_session_cookie.unwrap_or(true).then(|| app.random.hex(32));
    let issue = {
        let own = Own::with_token(&call, &token);
        let (session, clock, user) = (session.clone(), app.clock.clone(), user.id);
        move |tx: &mut Tx<'_>| -> Result<UserAnswer, Error> {
            let actor = Actor { user, now: clock.now() };
            // The password may have been changed while this one was being checked.
            if load_user(tx, user)?.password_hash != hash {
                return Err(Error::new(Code::LoginWrong));
            }
            new_token(tx, &actor, &token, Scopes::ALL)?;
            if let Some(session) = &session {
                let secret = SecretHash::of(session);
                let (kind, all) = (TokenKind::Session, Scopes::ALL);
                issue_token(tx, user, kind, &secret, "login", all, actor.now)?;
            }
            own.answer(tx, &actor)
        }
    };
    let mut response = json(&app.db.write(issue).await?)?;
    if let Some(session) = session {
        set_cookie(&mut response, &call, &session, SESSION_DAYS * 86_400)?;
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
    issue_token(tx, actor.user, TokenKind::Personal, &secret, "login", scopes, actor.now)?;
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
    let origin = origin(&call, app.clock.now())?;
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
/// token must not be a way to one that may do more.
///
/// The answer has the new token and is never stored for repeats.
pub(crate) async fn invalidate_token(call: Call, (): ()) -> Reply {
    let token = call.app.random.hex(20);
    let own = Own::with_token(&call, &token);
    let credentials = call.credentials;
    let answer = call
        .change(move |tx, actor| {
            let scopes = authenticate(tx, &credentials, actor.now)?.scopes;
            revoke_all_tokens(tx, actor.user, TokenKind::Personal)?;
            new_token(tx, actor, &token, scopes)?;
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
    set_cookie(response, call, "", 0)
}

fn set_cookie(
    response: &mut Response,
    call: &Call,
    value: &str,
    max_age_s: i64,
) -> Result<(), Error> {
    let url = call.app.settings.public_url.as_deref().unwrap_or_default();
    let secure = if url.starts_with("https://") { "; Secure" } else { "" };
    let cookie =
        format!("{COOKIE}={value}; HttpOnly; SameSite=Lax; Path=/; Max-Age={max_age_s}{secure}");
    let cookie = HeaderValue::try_from(cookie).map_err(Error::internal)?;
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(())
}
