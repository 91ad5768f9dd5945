//! Who is calling, and what they may.

use std::collections::BTreeSet;

use super::{answer::Refusal, call::Call, world::World};

/// Who is calling.
#[derive(Debug)]
pub(super) struct Caller {
    pub(super) account: u64,
    /// The scopes of an access token; none for an API token, which may do everything.
    scopes: Option<BTreeSet<String>>,
}

impl Caller {
    /// Whoever the token in the headers belongs to. An API token wins over an access token (our
    /// choice); tokens in the query do not count.
    pub(super) fn of(world: &World, call: &Call) -> Result<Self, Refusal> {
        if let Some(token) = call.header("x-chatworktoken") {
            let account = world.accounts.values().find(|account| account.api_token == token);
            let account = account.ok_or_else(|| Refusal::unauthenticated(None))?.id;
            return Ok(Self { account, scopes: None });
        }
        let bearer = call.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
        let Some(bearer) = bearer else { return Err(Refusal::unauthenticated(None)) };
        let expired = "Bearer error=\"invalid_token\", \
                       error_description=\"The access token expired\"";
        let access = world.oauth.access(bearer, world.now());
        let (account, scopes) = access.ok_or_else(|| Refusal::unauthenticated(Some(expired)))?;
        Ok(Self { account, scopes: Some(scopes.clone()) })
    }

    /// Whether the token covers one of these scopes.
    pub(super) fn may(&self, any_of: &[&str]) -> Result<(), Refusal> {
        let Some(scopes) = &self.scopes else { return Ok(()) };
        let covered = |needed: &&str| scopes.iter().any(|granted| covers(granted, needed));
        if any_of.iter().any(covered) { Ok(()) } else { Err(Refusal::scope()) }
    }
}

/// Whether one scope holds another.
fn covers(granted: &str, needed: &str) -> bool {
    let within =
        |prefix: &str, suffix: &str| needed.starts_with(prefix) && needed.ends_with(suffix);
    granted == needed
        || match granted {
            "users.all:read" => within("users.", ":read"),
            "rooms.all:read_write" => within("rooms", ""),
            "rooms.all:read" => within("rooms.", ":read"),
            "rooms.all:write" => within("rooms", ":write"),
            "contacts.all:read_write" => within("contacts.", ""),
            _ => false,
        }
}
