//! Programs that act for people with their consent: applications, authorization codes, consents.
//! Tokens are those of [`crate::Token`]; theirs know their application.

mod application;
mod code;
mod consent;
mod redirect;
mod refresh;
mod sweep;

pub use application::{
    Application, ApplicationId, AuthMethod, MAX_REDIRECT_URIS, NewApplication, by_client_id, list,
    of_owner, register, remember_document, remove, rotate_secret,
};
pub use code::{
    CODE_LIFETIME, Exchange, Grant, Outcome, exchange, is_challenge, issue as issue_code,
};
pub use consent::{
    Consent, grant, issue_test_token, list as list_consents, of_user as consents_of_user,
    replace_tokens, revoke, revoke_token,
};
pub use redirect::RedirectUri;
pub(crate) use refresh::end as end_grant;
pub use refresh::{GRACE, Given, IDLE_DAYS, Renewal, Renewed, Seed, renew};
pub use sweep::sweep;
