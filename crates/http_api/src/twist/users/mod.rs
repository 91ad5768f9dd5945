//! The caller: who they are, how they sign in, what they set.

mod avatar;
mod password;
mod profile;
mod sign_in;

use halyard_identity::{UserId, load_user};
use halyard_messaging::{
    Actor, Error as Refused, WorkspaceId,
    member::{self, Platform},
    workspace,
};
use halyard_platform::{clock::Millis, db::Tx};

use super::{
    call::{Call, DONE, Version},
    dto::{GoogleConnection, UserAnswer, View},
    endpoint::Reply,
    error::Error,
    ids::Resolve,
};
use crate::{choice_param, params};

pub(crate) use avatar::update_avatar;
pub(super) use password::confirm_password;
pub(crate) use password::{reset_password, set_password, update_password};
pub(crate) use profile::{delete, update};
pub(crate) use sign_in::{invalidate_token, login, logout, register, validate_token};

/// How long the code in a mail works, in milliseconds.
pub(super) const CODE_LIFETIME: Millis = 24 * 60 * 60 * 1000;

choice_param!(Platform {
    "mobile" => Platform::Mobile,
    "desktop" => Platform::Desktop,
    "api" => Platform::Api,
});

params! {
    /// Names a person.
    pub(crate) struct Getone {
        /// The person; the caller when not given.
        #[names("id", "user_id")]
        id: Option<UserId>,
    }

    /// Says where the caller is active.
    pub(crate) struct Heartbeat {
        /// The workspace.
        #[names("workspace_id", "id")]
        workspace_id: WorkspaceId,
        /// On what.
        platform: Platform,
    }

    /// Names a workspace.
    pub(crate) struct InWorkspace {
        /// The workspace.
        #[names("workspace_id", "id")]
        workspace_id: WorkspaceId,
    }
}

/// Shows callers to themselves.
#[derive(Clone)]
struct Own {
    version: Version,
    base: String,
    token: Option<String>,
}

impl Own {
    /// With the token that the caller has presented. Only hashes of tokens are stored, so no other
    /// can be shown; whoever comes with a session cookie sees none.
    fn of(call: &Call) -> Self {
        Self { version: call.version, base: call.base.clone(), token: call.token.clone() }
    }

    /// With a token that was just made.
    fn with_token(call: &Call, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..Self::of(call) }
    }

    fn answer(&self, tx: &mut Tx<'_>, actor: &Actor) -> Result<UserAnswer, Error> {
        let default = match workspace::default(tx, actor) {
            Ok(workspace) => Some(workspace.id.0),
            Err(Refused::WorkspaceNotFound) => None,
            Err(error) => return Err(error.into()),
        };
        let user = load_user(tx, actor.user)?;
        Ok(UserAnswer::own(user, default, self.token.clone(), self.view(actor)))
    }

    fn view(&self, actor: &Actor) -> View<'_> {
        View { version: self.version, base: &self.base, now: actor.now }
    }
}

pub(crate) async fn get_session_user(call: Call, (): ()) -> Reply {
    let own = Own::of(&call);
    call.read(move |tx, actor| own.answer(tx, actor)).await
}

pub(crate) async fn getone(call: Call, p: Getone) -> Reply {
    let own = Own::of(&call);
    call.read(move |tx, actor| match p.id {
        Some(id) if id != actor.user => {
            let member = member::in_any_workspace(tx, actor, id)?;
            Ok(UserAnswer::other(member, own.view(actor)))
        }
        _ => own.answer(tx, actor),
    })
    .await
}

pub(crate) async fn heartbeat(call: Call, p: Heartbeat) -> Reply {
    call.write(move |tx, actor| {
        let workspace = p.workspace_id.resolve(tx, actor)?;
        member::heartbeat(tx, actor, workspace, p.platform)?;
        Ok(DONE)
    })
    .await
}

pub(crate) async fn reset_presence(call: Call, p: InWorkspace) -> Reply {
    call.write(move |tx, actor| {
        let workspace = p.workspace_id.resolve(tx, actor)?;
        member::reset_presence(tx, actor, workspace)?;
        Ok(DONE)
    })
    .await
}

/// Nobody is: we have no sign-in by Google.
pub(crate) async fn is_connected_to_google(call: Call, (): ()) -> Reply {
    call.read(|_, _| Ok(GoogleConnection::NONE)).await
}

/// There is nothing to take away, so it is done.
pub(crate) async fn disconnect_google(call: Call, (): ()) -> Reply {
    call.read(|_, _| Ok(DONE)).await
}
