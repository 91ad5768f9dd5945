//! Webhooks that are attached with a connection, noted until they are detached.

use halyard_iml::{Collection, Value};
use halyard_platform::{
    clock::Millis,
    db::{self, FromRow, Row},
    params,
};

use super::{Error, Key, Store, WorkspaceId, codec};

/// What a noted webhook is. It is bound to what is encrypted, as with connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookAbout {
    /// Whose connection it was attached with.
    pub workspace: WorkspaceId,
    /// Name of the connection.
    pub connection: String,
    /// Name of the app.
    pub app: String,
    /// The instant trigger.
    pub module: String,
    /// Its id, which nobody guesses.
    pub hook: String,
    /// Where the service reports to.
    pub address: String,
}

/// What is encrypted of a noted webhook.
#[derive(Clone, Default)]
pub struct HookSecrets {
    /// The input of the module.
    pub input: Value,
    /// The root `webhook`: the address, and what the service has said.
    pub webhook: Value,
}

impl std::fmt::Debug for HookSecrets {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("HookSecrets")
    }
}

impl HookAbout {
    fn bound(&self) -> Vec<u8> {
        let Self { workspace, connection, app, module, hook, address } = self;
        let all = ("hook", workspace, connection, app, module, hook, address);
        serde_json::to_vec(&all).expect("numbers and texts become JSON")
    }

    fn seal(&self, secrets: &HookSecrets, key: &Key, nonce: [u8; 12]) -> Result<Vec<u8>, Error> {
        let both = Collection::of([
            ("input", secrets.input.clone()),
            ("webhook", secrets.webhook.clone()),
        ]);
        let unsavable = |reason| Error::Unsavable { name: self.connection.clone(), reason };
        let plain = codec::encode(&both.into()).map_err(unsavable)?;
        Ok(key.seal(nonce, plain.as_bytes(), &self.bound()))
    }

    fn open(&self, sealed: &[u8], key: &Key) -> Option<HookSecrets> {
        let plain = String::from_utf8(key.open(sealed, &self.bound())?).ok()?;
        let Ok(Value::Collection(both)) = codec::decode(&plain) else { return None };
        let part = |name| both.by_name(name).cloned().unwrap_or_default();
        Some(HookSecrets { input: part("input"), webhook: part("webhook") })
    }
}

/// A row as it is stored.
struct Stored {
    about: HookAbout,
    key_id: String,
    sealed: Vec<u8>,
    noted_at: Millis,
}

impl FromRow for Stored {
    fn from_row(row: &mut Row<'_>) -> Result<Self, db::Error> {
        let about = HookAbout {
            workspace: row.get()?,
            connection: row.get()?,
            app: row.get()?,
            module: row.get()?,
            hook: row.get()?,
            address: row.get()?,
        };
        Ok(Self { about, key_id: row.get()?, sealed: row.get()?, noted_at: row.get()? })
    }
}

/// The columns of [`Stored`], to be put behind `select`.
macro_rules! columns {
    () => {
        "workspace_id, connection, app, module, hook, address, key_id, sealed, noted_at"
    };
}

/// A webhook that has been noted.
#[derive(Clone, Debug)]
pub struct Hook {
    /// What it is.
    pub about: HookAbout,
    /// What is encrypted of it.
    pub secrets: HookSecrets,
    /// When it was noted last.
    pub noted_at: Millis,
}

impl Store {
    /// Notes a webhook, or what has become known of one since.
    ///
    /// # Errors
    /// When there is no key, what is to be noted has no form that can be kept, or the store fails.
    pub async fn note_hook(&self, about: &HookAbout, secrets: &HookSecrets) -> Result<(), Error> {
        let key = self.current_key()?;
        let sealed = about.seal(secrets, &key, self.random.bytes())?;
        let (about, key_id, now) = (about.clone(), key.id().to_owned(), self.clock.now());
        self.db
            .write(move |tx| {
                tx.exec(
                    "insert into attached_hook (workspace_id, connection, app, module, hook,
                         address, key_id, sealed, noted_at)
                     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                     on conflict (hook) do update set key_id = excluded.key_id,
                         sealed = excluded.sealed, noted_at = excluded.noted_at",
                    params![
                        about.workspace,
                        &about.connection,
                        &about.app,
                        &about.module,
                        &about.hook,
                        &about.address,
                        &key_id,
                        &sealed,
                        now,
                    ],
                )
            })
            .await?;
        Ok(())
    }

    /// The webhooks that were attached with a connection and not detached, oldest first.
    ///
    /// # Errors
    /// [`Error::KeyMissing`] and [`Error::Damaged`], of the connection; when the store fails.
    pub async fn hooks(&self, workspace: WorkspaceId, name: &str) -> Result<Vec<Hook>, Error> {
        let name = name.to_owned();
        let stored: Vec<Stored> = self
            .db
            .read(move |tx| {
                tx.all(
                    concat!(
                        "select ",
                        columns!(),
                        " from attached_hook where workspace_id = $1 and connection = $2 order by id"
                    ),
                    params![workspace, &name],
                )
            })
            .await?;
        stored.into_iter().map(|one| self.open_hook(one)).collect()
    }

    /// Forgets a webhook.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn forget_hook(&self, hook: &str) -> Result<(), Error> {
        let hook = hook.to_owned();
        self.db
            .write(move |tx| tx.exec("delete from attached_hook where hook = $1", params![&hook]))
            .await?;
        Ok(())
    }

    /// Encrypts with this key what of the webhooks is encrypted with another one.
    pub(super) async fn rotate_hooks(&self, current: &Key) -> Result<(), Error> {
        loop {
            let key_id = current.id().to_owned();
            let old: Vec<Stored> = self
                .db
                .read(move |tx| {
                    tx.all(
                        concat!(
                            "select ",
                            columns!(),
                            " from attached_hook where key_id <> $1 order by id limit 100"
                        ),
                        params![&key_id],
                    )
                })
                .await?;
            if old.is_empty() {
                return Ok(());
            }
            for stored in old {
                let (from, before) = (stored.key_id.clone(), stored.sealed.clone());
                let Hook { about, secrets, .. } = self.open_hook(stored)?;
                let sealed = about.seal(&secrets, current, self.random.bytes())?;
                let key_id = current.id().to_owned();
                self.db
                    .write(move |tx| {
                        // If more has been noted meanwhile, the next round finds it again.
                        tx.exec(
                            "update attached_hook set key_id = $1, sealed = $2
                             where hook = $3 and key_id = $4 and sealed = $5",
                            params![&key_id, &sealed, &about.hook, &from, &before],
                        )
                    })
                    .await?;
            }
        }
    }

    fn open_hook(&self, stored: Stored) -> Result<Hook, Error> {
        let Stored { about, key_id, sealed, noted_at } = stored;
        let key = self.key(&about.connection, &key_id)?;
        let secrets = about.open(&sealed, &key);
        let secrets = secrets.ok_or_else(|| Error::Damaged(about.connection.clone()))?;
        Ok(Hook { about, secrets, noted_at })
    }
}
