//! The demo workspace: something to look at, and fixed places for tests and examples.

mod script;

use std::net::SocketAddr;

use anyhow::Context;
use halyard_identity::{
    self as identity, NewUser, Passwords, Scopes, SecretHash, TokenKind, UserId,
};
use halyard_messaging::{
    self as messaging, Actor, ChannelId, WorkspaceId,
    member::{self, Invitation},
    workspace::{self, NewWorkspace},
};
use halyard_platform::{blobs::Blobs, clock::Clock, db::Db, random::Random};
use serde::Serialize;

/// What `halyard demo --json` prints: a contract, keys are only ever added.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Credentials {
    workspace_id: WorkspaceId,
    /// The first is the administrator.
    users: Vec<Person>,
    channels: Vec<Place>,
}

#[derive(Debug, Clone, Serialize)]
struct Person {
    id: UserId,
    name: &'static str,
    email: String,
    password: &'static str,
    twist_token: String,
}

#[derive(Debug, Clone, Serialize)]
struct Place {
    id: ChannelId,
    name: String,
}

/// The people of the demo. Their passwords are public: the demo is no place for secrets.
const PEOPLE: [(&str, &str); 5] = [
    ("Ada Marsh", "ada"),
    ("Ben Okafor", "ben"),
    ("Chiyo Tanaka", "chiyo"),
    ("Dita Novak", "dita"),
    ("Emil Guest", "emil"),
];
const PASSWORD: &str = "halyard-demo";
const WORKSPACE: &str = "Harbour Demo";

fn email(login: &str) -> String {
    format!("{login}@demo.example.com")
}

/// Creates the demo workspace unless it is there. Each call issues fresh tokens, because tokens
/// are stored as hashes and cannot be shown again.
pub(crate) async fn create(
    db: &Db,
    blobs: &Blobs,
    clock: &Clock,
    random: &Random,
) -> anyhow::Result<Credentials> {
    let password_hash = Passwords::new(1, random.clone()).hash(PASSWORD.to_owned()).await?;
    let picture = script::store_picture(blobs).await.context("the demo's attachment")?;
    let tokens: Vec<String> = PEOPLE.iter().map(|_| random.hex(20)).collect();
    let attachment_id = random.uuid();
    let (clock, unused) = (clock.clone(), picture.id.clone());
    let (credentials, is_new) = db
        .write(move |tx| -> Result<_, messaging::Error> {
            let now = clock.now();
            let known = identity::load_user_by_email(tx, &email(PEOPLE[0].1))?;
            let (users, is_new) = match known {
                Some(_) => (find_people(tx)?, false),
                None => (create_people(tx, &password_hash, now)?, true),
            };
            let ada = Actor { user: users[0], now };
            if is_new {
                let new =
                    NewWorkspace { name: WORKSPACE.to_owned(), color: Some(1), temp_id: None };
                let workspace = workspace::add(tx, &ada, &new)?.id;
                for (index, (_, login)) in PEOPLE.iter().enumerate().skip(1) {
                    let is_guest = index == PEOPLE.len() - 1;
                    let role =
                        if is_guest { messaging::Role::Guest } else { messaging::Role::User };
                    let invitation =
                        Invitation { email: email(login), name: None, role, channels: Vec::new() };
                    member::invite(tx, &ada, workspace, &invitation)?;
                }
                script::play(tx, &users, workspace, now, &picture, &attachment_id)?;
            }
            let workspace = workspace::default(tx, &ada)?.id;
            for (user, token) in users.iter().zip(&tokens) {
                let secret = SecretHash::of(token);
                identity::issue_token(
                    tx,
                    *user,
                    TokenKind::Personal,
                    &secret,
                    "demo",
                    Scopes::ALL,
                    now,
                )?;
            }
            let channels = messaging::channel::list_joined(tx, &ada, workspace, false)?;
            let people = PEOPLE.iter().zip(&users).zip(&tokens);
            let credentials = Credentials {
                workspace_id: workspace,
                users: people
                    .map(|(((name, login), id), token)| Person {
                        id: *id,
                        name,
                        email: email(login),
                        password: PASSWORD,
                        twist_token: token.clone(),
                    })
                    .collect(),
                channels: channels
                    .into_iter()
                    .map(|channel| Place { id: channel.id, name: channel.name })
                    .collect(),
            };
            Ok((credentials, is_new))
        })
        .await
        .context("the demo workspace")?;
    if !is_new {
        blobs.remove(&unused).await.context("the demo's unused attachment")?;
    }
    Ok(credentials)
}

fn create_people(
    tx: &mut halyard_platform::db::Tx<'_>,
    password_hash: &str,
    now: i64,
) -> Result<Vec<UserId>, messaging::Error> {
    let mut users = Vec::new();
    for (name, login) in PEOPLE {
        let new = NewUser {
            name: name.to_owned(),
            email: email(login),
            password_hash: Some(password_hash.to_owned()),
            bot: false,
        };
        users.push(identity::create_user(tx, &new, now)?);
    }
    Ok(users)
}

fn find_people(tx: &mut halyard_platform::db::Tx<'_>) -> Result<Vec<UserId>, messaging::Error> {
    let mut users = Vec::new();
    for (_, login) in PEOPLE {
        let user = identity::load_user_by_email(tx, &email(login))?;
        users.push(user.ok_or(messaging::Error::UserNotFound)?.id);
    }
    Ok(users)
}

/// What a person at the terminal needs to begin.
pub(crate) fn welcome(credentials: &Credentials, address: SocketAddr) -> String {
    // The channel that every workspace has, in which the demo has something to read.
    let channels = &credentials.channels;
    let general = channels.iter().min_by_key(|channel| channel.id);
    let (Some(ada), Some(channel)) = (credentials.users.first(), general) else {
        return String::new();
    };
    let (token, channel, workspace) = (&ada.twist_token, channel.id, credentials.workspace_id);
    format!(
        "Halyard is at http://{address} with the demo workspace {WORKSPACE}.

    sign-in   {email}   password {PASSWORD}
    token     {token}

Try:

    curl --get http://{address}/api/v3/threads/get -H 'Authorization: Bearer {token}' -d channel_id={channel}
    curl http://{address}/api/v3/threads/add -H 'Authorization: Bearer {token}' -d channel_id={channel} -d title=Hello -d content='From **curl**'
    curl --get http://{address}/api/v3/threads/get_unread -H 'Authorization: Bearer {token}' -d workspace_id={workspace}

All calls: http://{address}/docs/twist",
        email = ada.email,
    )
}
