//! What is handed to lanes of this process as soon as it is committed, so that they need not read
//! it again. Only a shortcut: a lane that gets nothing here finds everything in the store.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use halyard_messaging::subscription::{Delivery, Subscription};
use tokio::{sync::Notify, time::Instant};

/// Deliveries that may wait for a lane; one that lags behind reads the store at its own pace.
const ROOM: usize = 256;

/// Deliveries that have just been committed, with what they tell.
#[derive(Debug)]
pub(super) struct Handover {
    pub(super) subscription: Subscription,
    /// In the order of their ids; none for what the subscriber may not see.
    pub(super) deliveries: Vec<(Delivery, Option<String>)>,
    /// As of when.
    pub(super) read_at: Instant,
}

/// What a lane finds when it looks.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Oldest first, without a gap since the lane has looked last.
    pub(super) handed: Vec<Handover>,
    /// There may be more in the store.
    pub(super) look: bool,
}

/// The inbox of one lane.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    found: Mutex<Found>,
    filled: Notify,
}

impl Inbox {
    /// Returns when there is something.
    pub(super) async fn filled(&self) {
        self.filled.notified().await;
    }

    /// Empties it.
    pub(super) fn take(&self) -> Found {
        std::mem::take(&mut locked(&self.found))
    }

    fn hand(&self, handover: Handover) {
        let mut found = locked(&self.found);
        let waiting: usize = found.handed.iter().map(|handed| handed.deliveries.len()).sum();
        if found.look || waiting + handover.deliveries.len() > ROOM {
            found.look = true;
        } else {
            found.handed.push(handover);
        }
        drop(found);
        self.filled.notify_one();
    }

    fn look(&self) {
        locked(&self.found).look = true;
        self.filled.notify_one();
    }
}

/// The inboxes of the lanes that this process serves, by subscription.
#[derive(Debug, Clone, Default)]
pub(super) struct Inboxes(Arc<Mutex<HashMap<i64, Arc<Inbox>>>>);

impl Inboxes {
    /// Opens the inbox of a lane. It closes with the answer.
    pub(super) fn open(&self, subscription: i64) -> Open {
        let inbox = Arc::new(Inbox::default());
        locked(&self.0).insert(subscription, inbox.clone());
        Open { subscription, inbox, all: self.clone() }
    }

    /// Whether this process serves a lane.
    pub(super) fn serves(&self, subscription: i64) -> bool {
        locked(&self.0).contains_key(&subscription)
    }

    /// Hands over what belongs to a lane of this process; false when there is no such lane.
    pub(super) fn hand(&self, handover: Handover) -> bool {
        let inbox = locked(&self.0).get(&handover.subscription.id).cloned();
        inbox.inspect(|inbox| inbox.hand(handover)).is_some()
    }

    /// Has a lane look into the store; false when this process does not serve it.
    pub(super) fn look(&self, subscription: i64) -> bool {
        let inbox = locked(&self.0).get(&subscription).cloned();
        inbox.inspect(|inbox| inbox.look()).is_some()
    }

    /// Has every lane look into the store.
    pub(super) fn all_look(&self) {
        locked(&self.0).values().for_each(|inbox| inbox.look());
    }

    /// How many lanes this process serves.
    pub(super) fn count(&self) -> usize {
        locked(&self.0).len()
    }
}

/// An open inbox.
#[derive(Debug)]
pub(super) struct Open {
    subscription: i64,
    inbox: Arc<Inbox>,
    all: Inboxes,
}

impl std::ops::Deref for Open {
    type Target = Inbox;

    fn deref(&self) -> &Inbox {
        &self.inbox
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut all = locked(&self.all.0);
        // A lane whose lease was lost may have been opened again already.
        if all.get(&self.subscription).is_some_and(|inbox| Arc::ptr_eq(inbox, &self.inbox)) {
            all.remove(&self.subscription);
        }
    }
}

/// Nothing panics while it holds one of these locks.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
