//! What is attached is noted, so that it can be detached when whoever attached it could not.

use halyard_iml::Value;
use halyard_platform::clock::Millis;

use super::{
    Using,
    call::{Error, Operator},
    watch::Attached,
};
use crate::connections::{HookAbout, HookSecrets, Problem};

/// What is noted of an attachment beside what the service says.
pub(super) struct Note<'n> {
    pub(super) module: &'n str,
    pub(super) address: &'n str,
    pub(super) input: &'n Value,
}

/// A webhook that was attached and not detached.
#[derive(Clone, Debug)]
pub struct Noted {
    /// The trigger that it was attached for.
    pub module: String,
    /// Its id.
    pub id: String,
    /// Where the service reports to.
    pub address: String,
    /// What the trigger was given.
    pub input: Value,
    /// What is known about it.
    pub attached: Attached,
    /// When that was noted.
    pub at: Millis,
}

impl Operator<'_> {
    /// The webhooks of this app that were attached with the connection and not detached, oldest first:
    /// those that are in use, and those of processes that have ended before they could detach them.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn noted(&self) -> Result<Vec<Noted>, Error> {
        let Some(Using { store, workspace, name }) = self.connection else { return Ok(Vec::new()) };
        let hooks = store.hooks(workspace, name).await.map_err(Problem::Connection)?;
        let of_this = hooks.into_iter().filter(|hook| hook.about.app == self.app.name);
        let noted = of_this.map(|hook| {
            let HookAbout { module, hook: id, address, .. } = hook.about;
            let HookSecrets { input, webhook } = hook.secrets;
            // Whoever has died while it attached may have been heard.
            let attached = Attached { told: true, id: id.clone(), root: webhook };
            Noted { module, id, address, input, attached, at: hook.noted_at }
        });
        Ok(noted.collect())
    }

    /// Forgets a webhook without telling the service.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn forget(&self, id: &str) -> Result<(), Error> {
        let Some(Using { store, .. }) = self.connection else { return Ok(()) };
        Ok(store.forget_hook(id).await.map_err(Problem::Connection)?)
    }

    pub(super) async fn note(&self, note: &Note<'_>, attached: &Attached) -> Result<(), Error> {
        let Some(Using { store, workspace, name }) = self.connection else { return Ok(()) };
        let about = HookAbout {
            workspace,
            connection: name.to_owned(),
            app: self.app.name.clone(),
            module: note.module.to_owned(),
            hook: attached.id.clone(),
            address: note.address.to_owned(),
        };
        let secrets = HookSecrets { input: note.input.clone(), webhook: attached.root.clone() };
        Ok(store.note_hook(&about, &secrets).await.map_err(Problem::Connection)?)
    }
}
