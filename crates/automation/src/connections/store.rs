use std::sync::Arc;

use halyard_platform::{
    clock::{Clock, Millis},
    db::{self, Db},
    params,
    random::Random,
};
use tokio::sync::{RwLock, RwLockReadGuard};

use super::{
    About, Connection, ConnectionId, Error, Findings, Key, Keys, Listed, Secrets, State,
    WorkspaceId,
    connection::{Stored, columns, stored_scopes},
};

/// How long whoever refreshes a connection keeps others from trying. Longer than a request may take.
const LEASE: Millis = 60_000;

/// Keeps connections.
#[derive(Clone)]
pub struct Store {
    pub(super) db: Db,
    keys: Arc<dyn Keys>,
    pub(super) clock: Clock,
    pub(super) random: Random,
    /// Held for reading while tokens are renewed.
    renewing: Arc<RwLock<()>>,
}

/// What came of asking for the right to refresh.
#[derive(Debug)]
pub(super) enum Claim {
    /// It is ours.
    Mine(Lease),
    /// Somebody else has it.
    Taken,
    /// It has been refreshed meanwhile, or refused.
    Changed,
}

/// The right to refresh a connection.
#[derive(Clone, Debug)]
pub(super) struct Lease {
    /// Goes back with the result.
    token: String,
    /// Whether somebody else had it and has neither saved new tokens nor given it back.
    pub(super) abandoned: bool,
}

/// What is stored under the lock of a version.
struct Row {
    id: ConnectionId,
    version: i64,
    key_id: String,
    sealed: Vec<u8>,
}

impl Store {
    /// On this database, with these keys.
    pub fn new(db: Db, keys: Arc<dyn Keys>, clock: Clock, random: Random) -> Self {
        Self { db, keys, clock, random, renewing: Arc::default() }
    }

    /// Ends when no tokens are being renewed through this store: what a service has answered by then is
    /// kept. Whoever begins to renew some afterwards waits.
    pub async fn renewed(&self) {
        drop(self.renewing.write().await);
    }

    /// To be held while tokens are renewed.
    pub(super) async fn renewing(&self) -> RwLockReadGuard<'_, ()> {
        self.renewing.read().await
    }

    /// The time that it goes by.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Keeps a new connection.
    ///
    /// # Errors
    /// [`Error::NameInvalid`], [`Error::NameTaken`].
    pub async fn add(
        &self,
        about: About,
        parameters: halyard_iml::Value,
        found: Findings,
    ) -> Result<Connection, Error> {
        about.check()?;
        let now = self.clock.now();
        let listed = Listed {
            id: ConnectionId(0),
            about,
            key_id: String::new(),
            metadata: None,
            uid: None,
            scopes: Vec::new(),
            expires_at: None,
            state: State::Ready,
            made_at: now,
            updated_at: now,
            tested_at: Some(now),
            version: 1,
        };
        let secrets = Secrets { parameters, data: halyard_iml::Collection::default().into() };
        let mut connection = Connection { listed, secrets };
        connection.take(found);
        let (key_id, sealed) = self.seal(&connection)?;
        connection.listed.key_id = key_id;
        let listed = connection.listed.clone();
        let id = self.db.write(move |tx| {
            let about = &listed.about;
            tx.one(
                "insert into connection (workspace_id, name, app, source, kind, base_url, key_id,
                     sealed, metadata, uid, scopes, expires_at, state, made_at, updated_at, tested_at)
                 values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
                 returning id",
                params![
                    about.workspace,
                    &about.name,
                    &about.app,
                    &about.source,
                    &about.kind,
                    &about.base_url,
                    &listed.key_id,
                    &sealed,
                    &listed.metadata,
                    &listed.uid,
                    &stored_scopes(&listed.scopes),
                    listed.expires_at,
                    listed.state.name(),
                    now,
                    now,
                    now,
                ],
            )
        });
        connection.listed.id = id.await.map_err(|error| match error {
            db::Error::Unique(_) => Error::NameTaken(connection.name().to_owned()),
            other => Error::Store(other),
        })?;
        Ok(connection)
    }

    /// Whether the name is free and can be one: to be asked before a person is sent away to
    /// authorize.
    ///
    /// # Errors
    /// [`Error::NameInvalid`], [`Error::NameTaken`].
    pub async fn expect_free(&self, about: &About) -> Result<(), Error> {
        about.check()?;
        match self.stored(about.workspace, &about.name).await? {
            Some(_) => Err(Error::NameTaken(about.name.clone())),
            None => Ok(()),
        }
    }

    /// The connection of this name, ready for use.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::KeyMissing`], [`Error::Damaged`].
    pub async fn load(&self, workspace: WorkspaceId, name: &str) -> Result<Connection, Error> {
        let stored = self.stored(workspace, name).await?;
        self.open(stored.ok_or_else(|| Error::NotFound(name.to_owned()))?)
    }

    /// What is known about it without its keys.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn look(&self, workspace: WorkspaceId, name: &str) -> Result<Listed, Error> {
        let stored = self.stored(workspace, name).await?;
        Ok(stored.ok_or_else(|| Error::NotFound(name.to_owned()))?.listed)
    }

    /// The connection as it is now.
    pub(super) async fn reload(&self, connection: &Connection) -> Result<Connection, Error> {
        let id = connection.listed.id;
        let stored: Option<Stored> = self
            .db
            .read(move |tx| {
                tx.optional(
                    concat!("select ", columns!(), " from connection where id = $1"),
                    params![id],
                )
            })
            .await?;
        self.open(stored.ok_or_else(|| Error::NotFound(connection.name().to_owned()))?)
    }

    /// All connections of a workspace, or of everybody, by workspace and name.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list(&self, workspace: Option<WorkspaceId>) -> Result<Vec<Listed>, Error> {
        let all: Vec<Stored> = self
            .db
            .read(|tx| {
                tx.all(
                    concat!(
                        "select ",
                        columns!(),
                        " from connection order by workspace_id, name, id"
                    ),
                    params![],
                )
            })
            .await?;
        let wanted = |listed: &Listed| workspace.is_none_or(|only| only == listed.about.workspace);
        Ok(all.into_iter().map(|stored| stored.listed).filter(wanted).collect())
    }

    /// Forgets a connection.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn remove(&self, id: ConnectionId) -> Result<bool, Error> {
        let removed = self
            .db
            .write(move |tx| {
                // Without the connection nobody could detach them.
                tx.exec(
                    "delete from attached_hook where exists (
                         select 1 from connection c
                         where c.id = $1 and c.workspace_id = attached_hook.workspace_id
                         and c.name = attached_hook.connection)",
                    params![id],
                )?;
                tx.exec("delete from connection where id = $1", params![id])
            })
            .await?;
        Ok(removed > 0)
    }

    /// Encrypts everything with the current key that is encrypted with another one; answers how many
    /// connections that were. Whoever changes one meanwhile loses nothing.
    ///
    /// # Errors
    /// [`Error::KeyMissing`] and [`Error::Damaged`], with everything before it done.
    pub async fn rotate(&self) -> Result<usize, Error> {
        let current = self.keys.current().map_err(Error::Keys)?;
        let mut done = 0;
        loop {
            let key_id = current.id().to_owned();
            let old: Vec<Stored> = self
                .db
                .read(move |tx| {
                    tx.all(
                        concat!(
                            "select ",
                            columns!(),
                            " from connection where key_id <> $1 order by id limit 100"
                        ),
                        params![&key_id],
                    )
                })
                .await?;
            if old.is_empty() {
                self.rotate_hooks(&current).await?;
                return Ok(done);
            }
            for stored in old {
                let (from, version) = (stored.listed.key_id.clone(), stored.listed.version);
                let connection = self.open(stored)?;
                let (key_id, sealed) = self.seal_with(&connection, &current)?;
                let row = Row { id: connection.listed.id, version, key_id, sealed };
                let changed = self.db.write(move |tx| {
                    // The version stays: what is saved has not changed. If somebody has saved
                    // something, the next round finds it again.
                    tx.exec(
                        "update connection set key_id = $1, sealed = $2
                         where id = $3 and version = $4 and key_id = $5",
                        params![&row.key_id, &row.sealed, row.id, row.version, &from],
                    )
                });
                done += usize::from(changed.await? > 0);
            }
        }
    }

    /// As the function of the same name.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn keys_in_use(&self) -> Result<Vec<String>, Error> {
        Ok(self.db.read(keys_in_use).await?)
    }

    /// Saves what was found out since the connection was read.
    ///
    /// # Errors
    /// [`Error::Changed`] when somebody else has saved something since.
    pub(super) async fn save(&self, connection: &Connection) -> Result<Connection, Error> {
        self.save_with(connection, None, &self.current_key()?).await
    }

    /// As [`save`](Self::save), encrypted with this key; gives the right to refresh back.
    pub(super) async fn save_with(
        &self,
        connection: &Connection,
        lease: Option<&Lease>,
        key: &Key,
    ) -> Result<Connection, Error> {
        let now = self.clock.now();
        let mut saved = connection.clone();
        let (key_id, sealed) = self.seal_with(&saved, key)?;
        saved.listed.key_id = key_id;
        saved.listed.updated_at = now;
        saved.listed.tested_at = Some(now);
        let (listed, lease) = (saved.listed.clone(), lease.map(|lease| lease.token.clone()));
        let changed = self.db.write(move |tx| {
            tx.exec(
                "update connection set key_id = $1, sealed = $2, metadata = $3, uid = $4,
                     scopes = $5, expires_at = $6, state = $7, updated_at = $8, tested_at = $8,
                     version = version + 1,
                     lease_until = case when lease = $9 then null else lease_until end,
                     lease = case when lease = $9 then null else lease end
                 where id = $10 and version = $11",
                params![
                    &listed.key_id,
                    &sealed,
                    &listed.metadata,
                    &listed.uid,
                    &stored_scopes(&listed.scopes),
                    listed.expires_at,
                    listed.state.name(),
                    now,
                    lease.as_deref().unwrap_or_default(),
                    listed.id,
                    listed.version,
                ],
            )
        });
        if changed.await? == 0 {
            return Err(Error::Changed(saved.name().to_owned()));
        }
        saved.listed.version += 1;
        Ok(saved)
    }

    /// Saves what authorizing it again has brought, with what was filled in for that.
    ///
    /// # Errors
    /// [`Error::Changed`] when somebody else has saved something since it was read.
    pub async fn renew(
        &self,
        mut connection: Connection,
        parameters: halyard_iml::Value,
        found: Findings,
    ) -> Result<Connection, Error> {
        connection.secrets.parameters = parameters;
        connection.listed.expires_at = None;
        connection.listed.state = State::Ready;
        connection.take(found);
        self.save(&connection).await
    }

    /// Notes that the service has refused this version; nothing when there is a newer one.
    pub(super) async fn refuse(&self, connection: &Connection) -> Result<(), Error> {
        let (id, version) = (connection.listed.id, connection.listed.version);
        self.db
            .write(move |tx| {
                tx.exec(
                    "update connection set state = $1, version = version + 1, lease = null,
                         lease_until = null
                     where id = $2 and version = $3",
                    params![State::Refused.name(), id, version],
                )
            })
            .await?;
        Ok(())
    }

    /// Asks for the right to refresh this version.
    pub(super) async fn claim(&self, connection: &Connection) -> Result<Claim, Error> {
        let (id, version) = (connection.listed.id, connection.listed.version);
        let (lease, now) = (self.random.hex(16), self.clock.now());
        let token = lease.clone();
        let changed = self
            .db
            .write(move |tx| -> Result<Option<(u64, bool)>, db::Error> {
                let current: Option<(i64, Option<String>)> = tx
                    .optional("select version, lease from connection where id = $1", params![id])?;
                let Some((_, before)) = current.filter(|(current, _)| *current == version) else {
                    return Ok(None);
                };
                let claimed = tx.exec(
                    "update connection set lease = $1, lease_until = $2
                     where id = $3 and version = $4 and (lease_until is null or lease_until <= $5)",
                    params![&lease, now + LEASE, id, version, now],
                )?;
                Ok(Some((claimed, before.is_some())))
            })
            .await?;
        Ok(match changed {
            None => Claim::Changed,
            Some((0, _)) => Claim::Taken,
            Some((_, abandoned)) => Claim::Mine(Lease { token, abandoned }),
        })
    }

    /// Gives the right to refresh back without a result.
    pub(super) async fn release(&self, id: ConnectionId, lease: Lease) -> Result<(), Error> {
        self.db
            .write(move |tx| {
                tx.exec(
                    "update connection set lease = null, lease_until = null
                     where id = $1 and lease = $2",
                    params![id, &lease.token],
                )
            })
            .await?;
        Ok(())
    }

    async fn stored(&self, workspace: WorkspaceId, name: &str) -> Result<Option<Stored>, Error> {
        let name = name.to_owned();
        let found = self
            .db
            .read(move |tx| {
                tx.optional(
                    concat!(
                        "select ",
                        columns!(),
                        " from connection where workspace_id = $1 and name = $2"
                    ),
                    params![workspace, &name],
                )
            })
            .await?;
        Ok(found)
    }

    fn open(&self, stored: Stored) -> Result<Connection, Error> {
        let about = &stored.listed.about;
        let key = self.key(&about.name, &stored.listed.key_id)?;
        let secrets = about.open(&stored.sealed, &key)?;
        Ok(Connection { listed: stored.listed, secrets })
    }

    /// The key with this id, for what belongs to the connection of this name.
    pub(super) fn key(&self, name: &str, id: &str) -> Result<Key, Error> {
        let key = self.keys.find(id).map_err(Error::Keys)?;
        key.ok_or_else(|| Error::KeyMissing { name: name.to_owned(), key: id.to_owned() })
    }

    /// The key that new data is encrypted with.
    pub(super) fn current_key(&self) -> Result<Key, Error> {
        self.keys.current().map_err(Error::Keys)
    }

    fn seal(&self, connection: &Connection) -> Result<(String, Vec<u8>), Error> {
        self.seal_with(connection, &self.current_key()?)
    }

    fn seal_with(&self, connection: &Connection, key: &Key) -> Result<(String, Vec<u8>), Error> {
        let about = &connection.listed.about;
        let sealed = about.seal(&connection.secrets, key, self.random.bytes())?;
        Ok((key.id().to_owned(), sealed))
    }
}

/// Ids of the keys that are needed to read all connections and what is noted of their webhooks.
///
/// # Errors
/// When the store fails.
pub fn keys_in_use(tx: &mut db::Tx<'_>) -> Result<Vec<String>, db::Error> {
    tx.all(
        "select key_id from connection union select key_id from attached_hook order by 1",
        params![],
    )
}

/// Forgets the connections and cursors of a workspace that goes.
///
/// # Errors
/// When the store fails.
pub fn forget_workspace(tx: &mut db::Tx<'_>, workspace: WorkspaceId) -> Result<(), db::Error> {
    tx.exec("delete from connection where workspace_id = $1", params![workspace])?;
    tx.exec("delete from trigger_cursor where workspace_id = $1", params![workspace])?;
    tx.exec("delete from attached_hook where workspace_id = $1", params![workspace])?;
    Ok(())
}
