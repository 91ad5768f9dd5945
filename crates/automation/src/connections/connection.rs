use std::fmt;

use halyard_iml::{Collection, Key, Text, Value};
use halyard_platform::{
    clock::Millis,
    db::{self, FromRow, Row},
};

use super::{Error, keys};

halyard_platform::id! {
    /// A connection.
    ConnectionId;
    /// The workspace that a connection belongs to.
    WorkspaceId;
}

impl WorkspaceId {
    /// In the place of a workspace: what the operator uses from the command line.
    pub const OPERATOR: Self = Self(0);
}

/// What a connection is from its making to its end. It is bound to what is encrypted: whoever
/// changes a row, say to send its secrets to another address, makes it unreadable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Whose it is.
    pub workspace: WorkspaceId,
    /// What people call it; unique in its workspace.
    pub name: String,
    /// Name of the app.
    pub app: String,
    /// The folder that the app was read from; none for one that is built in.
    pub source: Option<String>,
    /// Which of the app's connections it is.
    pub kind: String,
    /// Where the service is, when it is not where the app says.
    pub base_url: Option<String>,
}

impl About {
    pub(super) fn check(&self) -> Result<(), Error> {
        let length = self.name.chars().count();
        let shows = self.name.trim() == self.name && !self.name.chars().any(char::is_control);
        if (1..=100).contains(&length) && shows { Ok(()) } else { Err(Error::NameInvalid) }
    }

    fn bound(&self) -> Vec<u8> {
        let all = (self.workspace, &self.name, &self.app, &self.kind, &self.base_url);
        serde_json::to_vec(&all).expect("numbers and texts become JSON")
    }

    pub(super) fn seal(
        &self,
        secrets: &Secrets,
        key: &keys::Key,
        nonce: [u8; 12],
    ) -> Result<Vec<u8>, Error> {
        let both = Collection::of([
            ("parameters", secrets.parameters.clone()),
            ("data", secrets.data.clone()),
        ]);
        let unsavable = |reason| Error::Unsavable { name: self.name.clone(), reason };
        let plain = super::codec::encode(&both.into()).map_err(unsavable)?;
        Ok(key.seal(nonce, plain.as_bytes(), &self.bound()))
    }

    pub(super) fn open(&self, sealed: &[u8], key: &keys::Key) -> Result<Secrets, Error> {
        let damaged = || Error::Damaged(self.name.clone());
        let plain = key.open(sealed, &self.bound()).ok_or_else(damaged)?;
        let plain = String::from_utf8(plain).map_err(|_| damaged())?;
        let Ok(Value::Collection(both)) = super::codec::decode(&plain) else {
            return Err(damaged());
        };
        let part = |name| both.by_name(name).cloned().unwrap_or_default();
        Ok(Secrets { parameters: part("parameters"), data: part("data") })
    }
}

/// How a connection stands with its service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// As far as is known it works.
    Ready,
    /// The service no longer accepts it; a person has to authorize it again.
    Refused,
}

impl State {
    /// Its stored name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Refused => "refused",
        }
    }
}

/// What is known about a connection without its keys.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Its id.
    pub id: ConnectionId,
    /// What it is.
    pub about: About,
    /// Id of the key that it is encrypted with.
    pub key_id: String,
    /// What people see beside the name.
    pub metadata: Option<String>,
    /// Who it is for the service.
    pub uid: Option<String>,
    /// What was asked for when it was authorized.
    pub scopes: Vec<Text>,
    /// From when on a person has to authorize it again.
    pub expires_at: Option<Millis>,
    /// How it stands.
    pub state: State,
    /// When it was made.
    pub made_at: Millis,
    /// When what is saved has changed last.
    pub updated_at: Millis,
    /// When it was found to work.
    pub tested_at: Option<Millis>,
    /// Rises with each change.
    pub version: i64,
}

/// What is encrypted.
#[derive(Clone, Default)]
pub struct Secrets {
    /// What people filled in.
    pub parameters: Value,
    /// What the service gave, such as tokens.
    pub data: Value,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Secrets")
    }
}

/// What making or testing a connection has brought.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// Saved beside what is saved already; equal names are replaced.
    pub data: Value,
    /// What people see beside the name.
    pub metadata: Option<String>,
    /// Who it is for the service.
    pub uid: Option<String>,
    /// From when on a person has to authorize it again.
    pub expires_at: Option<Millis>,
    /// What was asked for.
    pub scopes: Option<Vec<Text>>,
}

/// A connection that can be used.
#[derive(Clone, Debug)]
pub struct Connection {
    /// What is known without its keys.
    pub listed: Listed,
    /// What is encrypted.
    pub secrets: Secrets,
}

impl Connection {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.listed.about.name
    }

    /// The root `connection` of modules: parameters and what was saved in one, of which the saved
    /// one wins, and `baseUrl`.
    #[must_use]
    pub fn root(&self) -> Value {
        root(&self.secrets, self.listed.about.base_url.as_deref())
    }

    /// Puts in what was found out.
    pub(super) fn take(&mut self, found: Findings) {
        self.secrets.data = merged(&self.secrets.data, &found.data);
        let listed = &mut self.listed;
        listed.metadata = found.metadata.or(listed.metadata.take());
        listed.uid = found.uid.or(listed.uid.take());
        listed.expires_at = found.expires_at.or(listed.expires_at);
        listed.scopes = found.scopes.unwrap_or_else(|| std::mem::take(&mut listed.scopes));
    }
}

/// As [`Connection::root`], while there is no connection yet.
pub(super) fn root(secrets: &Secrets, base_url: Option<&str>) -> Value {
    let base = base_url.map(|url| Collection::of([("baseUrl", Value::from(url))]).into());
    let all = merged(&secrets.parameters, &secrets.data);
    merged(&all, &base.unwrap_or_default())
}

/// Two collections as one, by top-level name; of equal names the later value counts.
pub(super) fn merged(first: &Value, then: &Value) -> Value {
    let entries = |value: &Value| -> Vec<(Key, Value)> {
        match value {
            Value::Collection(all) => all.iter().cloned().collect(),
            _ => Vec::new(),
        }
    };
    Collection::new([entries(first), entries(then)].concat()).into()
}

/// A row as it is stored.
pub(super) struct Stored {
    pub(super) listed: Listed,
    pub(super) sealed: Vec<u8>,
}

/// The columns of [`Stored`], to be put behind `select`.
macro_rules! columns {
    () => {
        "id, workspace_id, name, app, source, kind, base_url, key_id, metadata, uid, scopes, \
         expires_at, state, made_at, updated_at, tested_at, version, sealed"
    };
}
pub(super) use columns;

impl FromRow for Stored {
    fn from_row(row: &mut Row<'_>) -> Result<Self, db::Error> {
        let listed = Listed {
            id: row.get()?,
            about: About {
                workspace: row.get()?,
                name: row.get()?,
                app: row.get()?,
                source: row.get()?,
                kind: row.get()?,
                base_url: row.get()?,
            },
            key_id: row.get()?,
            metadata: row.get()?,
            uid: row.get()?,
            scopes: scopes(&row.get::<String>()?)?,
            expires_at: row.get()?,
            state: match row.get::<String>()?.as_str() {
                "refused" => State::Refused,
                _ => State::Ready,
            },
            made_at: row.get()?,
            updated_at: row.get()?,
            tested_at: row.get()?,
            version: row.get()?,
        };
        Ok(Self { listed, sealed: row.get()? })
    }
}

fn scopes(stored: &str) -> Result<Vec<Text>, db::Error> {
    let texts: Result<Vec<String>, _> = serde_json::from_str(stored);
    let texts = texts.map_err(|error| db::Error::Engine(format!("scopes: {error}")))?;
    Ok(texts.into_iter().map(Text::from).collect())
}

/// Scopes as they are stored.
pub(super) fn stored_scopes(scopes: &[Text]) -> String {
    let texts: Vec<&str> = scopes.iter().map(|scope| &**scope).collect();
    serde_json::to_string(&texts).expect("texts become JSON")
}
