//! What the routes of administrators have in common: who asks.

use halyard_identity::{Credentials, Scope, authenticate};
use halyard_messaging::Actor;
use halyard_platform::db::Tx;
use http::{Extensions, HeaderMap, Uri};

use super::error::Refused;
use crate::{
    App,
    kit::{credentials::present, origin::is_same_origin, sign_in::peer},
};

/// Who sends a request, from where, and what their token must cover.
#[derive(Clone)]
pub(super) struct Caller {
    credentials: Credentials,
    peer: String,
    scopes: &'static [Scope],
    clock: halyard_platform::clock::Clock,
}

impl Caller {
    /// Somebody who only wants to know something.
    pub(super) fn reading(
        app: &App,
        headers: &HeaderMap,
        extensions: &Extensions,
        scopes: &'static [Scope],
    ) -> Self {
        let credentials = present(headers, None).credentials;
        Self { credentials, peer: peer(extensions), scopes, clock: app.clock.clone() }
    }

    /// Somebody who leaves something behind.
    ///
    /// # Errors
    /// [`Refused::Foreign`] for a session that a page of another server makes use of.
    pub(super) fn changing(
        app: &App,
        headers: &HeaderMap,
        extensions: &Extensions,
        uri: &Uri,
        scopes: &'static [Scope],
    ) -> Result<Self, Refused> {
        let caller = Self::reading(app, headers, extensions, scopes);
        if matches!(caller.credentials, Credentials::Session(_)) && !is_same_origin(headers, uri) {
            return Err(Refused::Foreign);
        }
        Ok(caller)
    }

    /// # Errors
    /// Those of the token.
    pub(super) fn actor(&self, tx: &mut Tx<'_>) -> Result<Actor, Refused> {
        let now = self.clock.now();
        let principal = authenticate(tx, &self.credentials, now)?;
        for scope in self.scopes {
            principal.scopes.require(*scope)?;
        }
        tx.set_origin(&self.peer);
        Ok(Actor { user: principal.user, now })
    }
}
