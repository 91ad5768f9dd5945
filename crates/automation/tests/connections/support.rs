//! What the tests of connections share.

use std::sync::{Arc, Mutex};

use halyard_automation::connections::{About, Key, Keys, Store, WorkspaceId};
use halyard_iml::{Collection, Value};
use halyard_platform::{
    clock::{Clock, Millis},
    db::{Db, Migration},
    random::Random,
};

pub(crate) const NOW: Millis = 1_800_000_000_000;

pub(crate) fn migrations() -> Vec<Migration> {
    [halyard_platform::MIGRATIONS, halyard_automation::MIGRATIONS].concat()
}

/// Keys that a test can change while they are in use.
#[derive(Clone, Default)]
pub(crate) struct Ring(Arc<Mutex<Vec<Key>>>);

impl Ring {
    pub(crate) fn of(keys: &[Key]) -> Self {
        Self(Arc::new(Mutex::new(keys.to_vec())))
    }

    pub(crate) fn set(&self, keys: &[Key]) {
        *self.0.lock().unwrap() = keys.to_vec();
    }
}

impl Keys for Ring {
    fn current(&self) -> Result<Key, String> {
        self.0.lock().unwrap().current()
    }

    fn find(&self, id: &str) -> Result<Option<Key>, String> {
        self.0.lock().unwrap().find(id)
    }
}

pub(crate) fn key(name: &str, byte: u8) -> Key {
    Key::new(name, &[byte; 32])
}

pub(crate) fn store(db: &Db, ring: &Ring) -> Store {
    Store::new(db.clone(), Arc::new(ring.clone()), Clock::manual(NOW), Random::os())
}

pub(crate) fn about(name: &str) -> About {
    About {
        workspace: WorkspaceId::OPERATOR,
        name: name.to_owned(),
        app: "example".to_owned(),
        source: None,
        kind: "basic".to_owned(),
        base_url: None,
    }
}

pub(crate) fn collection(entries: &[(&str, &str)]) -> Value {
    Collection::of(entries.iter().map(|(name, value)| (*name, Value::from(*value)))).into()
}
