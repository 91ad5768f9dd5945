use halyard_identity::{
    Error as Refused, Mail, Purpose, Scopes, SecretHash, UserId, email_key, forget_codes,
    issue_code, load_user, load_user_by_email, redeem_code, revoke_other_sessions,
};
use halyard_messaging::{Actor, member};
use halyard_platform::{db::Tx, jobs};

use super::{CODE_LIFETIME, Own, sign_in};
use crate::{
    kit::sign_in::{Attempt, origin},
    params,
    twist::{
        call::{Call, DONE, json},
        dto::UserAnswer,
        endpoint::Reply,
        error::{Code, Error},
    },
};

params! {
    /// A new password.
    pub(crate) struct UpdatePassword {
        /// At least 8 characters.
        #[names("new_password", "password")]
        new_password: String,
    }

    /// Names an account.
    pub(crate) struct ResetPassword {
        /// Its address.
        email: String,
    }

    /// A new password for whoever has the code.
    pub(crate) struct SetPassword {
        /// The code of the mail.
        #[names("reset_code", "code")]
        reset_code: String,
        /// At least 8 characters.
        #[names("new_password", "password")]
        new_password: String,
    }
}

/// Refuses callers who do not know their password.
///
/// # Errors
/// Code 104; status 429 after too many attempts.
pub(in crate::twist) async fn confirm_password(call: &Call, password: String) -> Result<(), Error> {
    let user = call.fetch(|tx, actor| Ok(load_user(tx, actor.user)?)).await?;
    let attempt = Attempt::begin(&call.app, &call.peer, &user.email)?;
    if !call.app.passwords.verify(password, user.password_hash).await? {
        return Err(Error::new(Code::LoginWrong));
    }
    attempt.succeeded();
    Ok(())
}

/// The hash of a new password of the caller, who has to be known first: hashing takes time, and
/// not everybody may take it.
pub(super) async fn hash(call: &Call, password: String) -> Result<String, Error> {
    call.fetch(|_, _| Ok(())).await?;
    Ok(call.app.passwords.hash(password).await?)
}

/// Stores a password. Whoever got in with the old one is out: other sessions end, and links in old
/// mails stop working.
pub(super) fn store(
    tx: &mut Tx<'_>,
    user: UserId,
    hash: &str,
    kept: Option<&SecretHash>,
) -> Result<(), Error> {
    halyard_identity::set_password(tx, user, hash)?;
    revoke_other_sessions(tx, user, kept)?;
    forget_codes(tx, user)?;
    Ok(())
}

/// The session of the call, if there is one.
pub(super) fn session(call: &Call) -> Option<SecretHash> {
    call.session.as_deref().map(SecretHash::of)
}

/// The answer may have a token and is never stored for repeats.
pub(crate) async fn update_password(call: Call, p: UpdatePassword) -> Reply {
    let hash = hash(&call, p.new_password).await?;
    let (own, kept) = (Own::of(&call), session(&call));
    let answer = call
        .change(move |tx, actor| {
            store(tx, actor.user, &hash, kept.as_ref())?;
            own.answer(tx, actor)
        })
        .await?;
    json(&answer)
}

pub(crate) async fn reset_password(call: Call, p: ResetPassword) -> Reply {
    let app = &call.app;
    let now = app.clock.now();
    let origin = origin(&call.app, &call.peer)?;
    // Every mail counts: they must not become a nuisance.
    app.logins.attempt(&format!("reset:{}", email_key(&p.email)), now)?;
    let code = app.random.hex(20);
    // Only the configured address: the one that the request names may be somebody's trap for the
    // code.
    let link = match &app.settings.public_url {
        Some(base) => format!("Open this link:\n\n{base}/set-password?code={code}"),
        None => {
            format!("Open this page of your Halyard server:\n\n/set-password?code={code}")
        }
    };
    let clock = app.clock.clone();
    app.db
        .write(move |tx| {
            let now = clock.now();
            let user = load_user_by_email(tx, &p.email)?
                .filter(|user| !user.removed && !user.bot)
                .ok_or(Refused::EmailUnknown)?;
            let expires_at = now + CODE_LIFETIME;
            issue_code(tx, Purpose::Password, Some(user.id), &SecretHash::of(&code), expires_at)?;
            let mail = Mail {
                to: user.email,
                subject: "A new password".to_owned(),
                text: format!(
                    "Hello {},\n\nsomebody asked for a new password of your account. {link}\n\n\
                     It works once, within 24 hours. If it was not you, nothing has to be done.\n",
                    user.name
                ),
                ..Mail::default()
            };
            mail.enqueue(tx, now)
        })
        .await?;
    app.signals.wake(jobs::TOPIC);
    if let Some(origin) = origin {
        app.logins.forgive(&origin);
    }
    json(&DONE)
}

/// The answer has a new token and is never stored for repeats.
pub(crate) async fn set_password(call: Call, p: SetPassword) -> Reply {
    let app = &call.app;
    let origin = origin(&call.app, &call.peer)?;
    let hash = app.passwords.hash(p.new_password).await?;
    let code = SecretHash::of(&p.reset_code);
    let token = app.random.hex(20);
    let own = Own::with_token(&call, &token);
    let clock = app.clock.clone();
    let answer = app
        .db
        .write(move |tx| -> Result<UserAnswer, Error> {
            let now = clock.now();
            let user =
                redeem_code(tx, Purpose::Password, &code, now)?.ok_or(Refused::InvalidToken)?;
            let actor = Actor { user, now };
            store(tx, user, &hash, None)?;
            // An invitation may have been accepted with it.
            member::profile_changed(tx, &actor)?;
            sign_in::new_token(tx, &actor, &token, Scopes::ALL)?;
            own.answer(tx, &actor)
        })
        .await?;
    if let Some(origin) = origin {
        app.logins.forgive(&origin);
    }
    json(&answer)
}
