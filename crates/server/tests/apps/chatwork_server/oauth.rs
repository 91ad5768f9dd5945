//! The page that asks for consent, and the tokens that come of it.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::{StatusCode, header};
use base64::Engine as _;
use halyard_platform::clock::Millis;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{
    answer::Reply,
    call::{Call, Parameters},
    world::World,
};

const CODE: Millis = 60_000;
const ACCESS: Millis = 1_800_000;
const REFRESH: Millis = 14 * 24 * 3_600_000;
const SCOPES: [&str; 22] = [
    "offline_access",
    "users.all:read",
    "users.profile.me:read",
    "users.status.me:read",
    "users.tasks.me:read",
    "rooms.all:read_write",
    "rooms.all:read",
    "rooms.all:write",
    "rooms:write",
    "rooms.info:read",
    "rooms.info:write",
    "rooms.members:read",
    "rooms.members:write",
    "rooms.messages:read",
    "rooms.messages:write",
    "rooms.tasks:read",
    "rooms.tasks:write",
    "rooms.files:read",
    "rooms.files:write",
    "contacts.all:read_write",
    "contacts.all:read",
    "contacts.all:write",
];

/// OAuth clients and their tokens.
#[derive(Debug, Default)]
pub(crate) struct Oauth {
    clients: BTreeMap<String, Client>,
    /// Who sits in front of the page that asks for consent; nobody refuses.
    pub(crate) consenting: Option<u64>,
    codes: BTreeMap<String, Code>,
    access: BTreeMap<String, (Grant, Millis)>,
    refresh: BTreeMap<String, (Grant, Millis)>,
    /// How many refresh tokens have been exchanged.
    pub(crate) refreshed: usize,
}

/// A registered program.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    /// Its public name.
    pub(crate) id: String,
    /// What it proves itself with; none for a public client.
    pub(crate) secret: Option<String>,
    /// Where browsers may be sent back to.
    pub(crate) redirect_uris: Vec<String>,
}

#[derive(Clone, Debug)]
struct Grant {
    client: String,
    account: u64,
    scopes: BTreeSet<String>,
}

#[derive(Debug)]
struct Code {
    grant: Grant,
    redirect_uri: String,
    challenge: Option<String>,
    until: Millis,
}

impl Oauth {
    /// Registers a program.
    pub(crate) fn register(&mut self, client: Client) {
        self.clients.insert(client.id.clone(), client);
    }

    /// Ends everything that an account has granted.
    pub(crate) fn revoke(&mut self, account: u64) {
        self.access.retain(|_, (grant, _)| grant.account != account);
        self.refresh.retain(|_, (grant, _)| grant.account != account);
    }

    /// Ends the access tokens only, as time does.
    pub(crate) fn expire_access(&mut self) {
        self.access.clear();
    }

    /// The account and scopes of an access token that has not ended.
    pub(super) fn access(&self, token: &str, now: Millis) -> Option<(u64, &BTreeSet<String>)> {
        let (grant, until) = self.access.get(token)?;
        (now < *until).then_some((grant.account, &grant.scopes))
    }
}

/// `GET /packages/oauth2/login.php`: asks who is sitting there and sends the browser back. What is
/// wrong with the request itself is told in place, by number.
pub(super) fn consent(world: &mut World, call: &Call) -> Reply {
    match ask(world, &call.query) {
        Ok(address) => Reply { status: StatusCode::FOUND, headers: Vec::new(), body: Vec::new() }
            .with(header::LOCATION, address),
        Err(number) => {
            Reply::json(StatusCode::BAD_REQUEST, &json!({ "errors": [format!("Error {number}")] }))
        }
    }
}

/// Where the browser goes, or the number of what is wrong.
fn ask(world: &mut World, query: &Parameters) -> Result<String, u32> {
    let client = query.text("client_id").ok_or(11_000_u32)?;
    let client = world.oauth.clients.get(client).ok_or(11_000_u32)?.clone();
    let redirect_uri = match (query.text("redirect_uri"), &client.redirect_uris[..]) {
        (Some(given), registered) if registered.iter().any(|uri| uri == given) => given,
        (Some(_), _) => return Err(15_000),
        (None, [only]) => only,
        (None, _) => return Err(13_000),
    };
    match query.text("response_type") {
        Some("code") => {}
        Some("token") => return Err(4001),
        Some(_) => return Err(4002),
        None => return Err(1001),
    }
    let scopes: BTreeSet<String> =
        query.text("scope").ok_or(5001_u32)?.split(' ').map(str::to_owned).collect();
    let unknown = |scope: &String| !SCOPES.contains(&scope.as_str());
    let lasting_without_secret = client.secret.is_none() && scopes.contains("offline_access");
    if scopes.iter().any(unknown) || lasting_without_secret {
        return Err(5002);
    }
    let challenge = query.text("code_challenge");
    if challenge.is_some() && query.text("code_challenge_method") != Some("S256") {
        return Err(18_000);
    }
    if challenge.map_or(client.secret.is_none(), |challenge| !is_verifier(challenge)) {
        return Err(19_000);
    }
    let outcome = match world.oauth.consenting {
        Some(account) => {
            let code = world.random.hex(16);
            let grant = Grant { client: client.id, account, scopes };
            let (redirect_uri, challenge) = (redirect_uri.to_owned(), challenge.map(str::to_owned));
            let until = world.now() + CODE;
            world.oauth.codes.insert(code.clone(), Code { grant, redirect_uri, challenge, until });
            ("code", code)
        }
        None => ("error", "access_denied".to_owned()),
    };
    let mut back = form_urlencoded::Serializer::new(String::new());
    back.append_pair(outcome.0, &outcome.1);
    if let Some(state) = query.text("state") {
        back.append_pair("state", state);
    }
    let joint = if redirect_uri.contains('?') { '&' } else { '?' };
    Ok(format!("{redirect_uri}{joint}{}", back.finish()))
}

/// 43 to 128 characters of the alphabet for verifiers, which challenges share.
fn is_verifier(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    (43..=128).contains(&text.len()) && text.bytes().all(allowed)
}

/// An error of the token endpoint: status, `error`, `error_description`.
type Denied = (StatusCode, &'static str, String);

/// `POST /token`.
pub(super) fn token(world: &mut World, call: &Call) -> Reply {
    let reply = match exchange(world, call) {
        Ok(tokens) => Reply::json(StatusCode::OK, &tokens),
        Err((status, error, description)) => Reply::json(
            status,
            &json!({ "error": error, "error_description": description, "error_uri": null }),
        ),
    };
    reply.with(header::CACHE_CONTROL, "no-store").with(header::PRAGMA, "no-cache")
}

fn exchange(world: &mut World, call: &Call) -> Result<Value, Denied> {
    let client = client(world, call)?;
    match call.form.text("grant_type") {
        Some("authorization_code") => by_code(world, &client, &call.form),
        Some("refresh_token") => by_refresh(world, &client, &call.form),
        _ => {
            let description = "The grant type is not supported.".to_owned();
            Err((StatusCode::BAD_REQUEST, "unsupported_grant_type", description))
        }
    }
}

/// Who is asking: by secret in the header, or a public client by name in the body.
fn client(world: &World, call: &Call) -> Result<Client, Denied> {
    let denied = |id: &str| {
        let description = format!("The client ID `{id}` is unknown.");
        (StatusCode::UNAUTHORIZED, "invalid_client", description)
    };
    let basic = call.header("authorization").and_then(|value| value.strip_prefix("Basic "));
    let basic = basic.and_then(|text| base64::engine::general_purpose::STANDARD.decode(text).ok());
    let basic = basic.and_then(|bytes| String::from_utf8(bytes).ok());
    let (id, secret) = match basic.as_deref().and_then(|text| text.split_once(':')) {
        Some((id, secret)) => (id, Some(secret)),
        None => (call.form.text("client_id").unwrap_or_default(), None),
    };
    let client = world.oauth.clients.get(id).ok_or_else(|| denied(id))?;
    if client.secret.as_deref() == secret { Ok(client.clone()) } else { Err(denied(id)) }
}

fn invalid_grant(description: &str) -> Denied {
    (StatusCode::BAD_REQUEST, "invalid_grant", description.to_owned())
}

/// A code works once, for who asked for it, with the verifier of its challenge.
fn by_code(world: &mut World, client: &Client, form: &Parameters) -> Result<Value, Denied> {
    let now = world.now();
    let code = form.text("code").and_then(|code| world.oauth.codes.remove(code));
    let code = code.filter(|code| code.grant.client == client.id && now < code.until);
    let code = code.ok_or_else(|| invalid_grant("The authorization code is unknown or used."))?;
    if form.text("redirect_uri").is_some_and(|given| given != code.redirect_uri) {
        return Err(invalid_grant("The redirect URI is not that of the authorization request."));
    }
    if let Some(challenge) = &code.challenge {
        let digest =
            form.text("code_verifier").filter(|text| is_verifier(text)).map(Sha256::digest);
        let base64 = base64::engine::general_purpose::URL_SAFE_NO_PAD;
        if digest.map(|digest| base64.encode(digest)).as_ref() != Some(challenge) {
            return Err(invalid_grant("The code verifier does not belong to the challenge."));
        }
    }
    Ok(issue(world, code.grant))
}

/// A refresh token works once as well: a new one comes with the access token.
fn by_refresh(world: &mut World, client: &Client, form: &Parameters) -> Result<Value, Denied> {
    let now = world.now();
    let kept = form.text("refresh_token").and_then(|token| world.oauth.refresh.remove(token));
    let kept = kept.filter(|(grant, until)| grant.client == client.id && now < *until);
    let (grant, _) = kept.ok_or_else(|| invalid_grant("The refresh token is unknown or used."))?;
    world.oauth.refreshed += 1;
    Ok(issue(world, grant))
}

fn issue(world: &mut World, grant: Grant) -> Value {
    let (access, refresh) = (world.random.hex(24), world.random.hex(24));
    let now = world.now();
    let lasting = grant.scopes.contains("offline_access");
    let until = if lasting { Millis::MAX } else { now + REFRESH };
    let scope = grant.scopes.iter().cloned().collect::<Vec<_>>().join(" ");
    world.oauth.access.insert(access.clone(), (grant.clone(), now + ACCESS));
    world.oauth.refresh.insert(refresh.clone(), (grant, until));
    json!({
        "access_token": access,
        "token_type": "Bearer",
        "expires_in": ACCESS / 1000,
        "refresh_token": refresh,
        "scope": scope,
    })
}
