//! From events to lanes: writes what is to be delivered, and hands it to the lanes at once.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use halyard_messaging::subscription::{
    Delivery, Due, Lane, Planned, Subscription, Written, plan, spread,
};
use halyard_platform::{
    db::{self, Tx},
    events::follow::Batch,
    jobs,
};
use tokio::time::Instant;

use super::{body, inbox::Handover, inbox::Inboxes};
use crate::{App, twist::error::Error};

/// Subscribers for whom one batch is read ahead; each costs queries of its own. The lanes of the
/// others read for themselves.
const SUBSCRIBERS: usize = 16;

/// Spreads batch after batch.
pub(super) struct Spreading {
    pub(super) app: Arc<App>,
    pub(super) inboxes: Inboxes,
    /// Where this server is, for addresses in bodies.
    pub(super) base: String,
    /// The last event that this process has spread. When the next batch does not begin behind it,
    /// another process has spread in between, and the lanes have missed something.
    pub(super) last: AtomicI64,
}

/// What is known of a batch before it is written.
pub(super) struct Prepared {
    planned: Planned,
    /// What the deliveries of some of the subscriptions tell.
    bodies: BTreeMap<i64, Vec<Option<String>>>,
    read_at: Instant,
}

impl Spreading {
    /// Finds out whom a batch concerns, and reads ahead what they are told.
    pub(super) fn look(&self, tx: &mut Tx<'_>, batch: &Batch) -> Result<Prepared, db::Error> {
        let (read_at, now) = (Instant::now(), self.app.clock.now());
        let planned = plan(tx, &batch.events, now)?;
        // What cannot be read here its lane tries to read, and reports.
        let bodies = read_ahead(tx, &planned.dues, &self.base, now, &self.inboxes);
        let bodies = bodies.unwrap_or_else(|error| {
            tracing::warn!(error = error.to_text(), "cannot read ahead for webhooks");
            BTreeMap::new()
        });
        Ok(Prepared { planned, bodies, read_at })
    }

    /// Writes what is to be delivered, with the place in the log, and hands it over.
    pub(super) async fn settle(&self, batch: Batch, seen: Prepared) -> Result<(), db::Error> {
        let (batch, prepared) = (Arc::new(batch), Arc::new(seen));
        let (clock, moving, writing) = (self.app.clock.clone(), batch.clone(), prepared.clone());
        let write = move |tx: &mut Tx<'_>| {
            if !moving.settle(tx)? {
                return Ok::<_, db::Error>(None);
            }
            spread(tx, &writing.planned, clock.now()).map(Some)
        };
        let written = self.app.db.write_derived(write).await?;
        let last = batch.events.last().map_or(0, |event| event.id);
        if self.last.swap(last, Ordering::Relaxed) != batch.begins_behind().unwrap_or(0) {
            self.inboxes.all_look();
        }
        if let Some(written) = written {
            self.hand_over(&prepared, &written);
        }
        Ok(())
    }

    fn hand_over(&self, prepared: &Prepared, written: &Written) {
        let mut elsewhere = false;
        for Due { subscription, deliveries, .. } in &prepared.planned.dues {
            let bodies = prepared.bodies.get(&subscription.id);
            let is_down = written.down.contains(&subscription.id);
            let handed = match bodies {
                Some(bodies) if !is_down => {
                    let deliveries =
                        deliveries.iter().zip(bodies).filter_map(|(delivery, body)| {
                            let id = *written.ids.get(&(subscription.id, delivery.event_id))?;
                            Some((Delivery { id, ..delivery.clone() }, body.clone()))
                        });
                    let mut deliveries: Vec<_> = deliveries.collect();
                    deliveries.sort_by_key(|(delivery, _)| delivery.id);
                    let (subscription, read_at) = (subscription.clone(), prepared.read_at);
                    self.inboxes.hand(Handover { subscription, deliveries, read_at })
                }
                _ => self.inboxes.look(subscription.id),
            };
            if !handed {
                elsewhere = true;
                self.app.signals.wake(&Lane { subscription: subscription.id }.topic());
            }
        }
        if elsewhere {
            self.app.signals.wake(jobs::TOPIC);
        }
    }
}

/// Reads what deliveries tell, for lanes of this process and a bounded number of subscribers.
fn read_ahead(
    tx: &mut Tx<'_>,
    dues: &[Due],
    base: &str,
    now: i64,
    inboxes: &Inboxes,
) -> Result<BTreeMap<i64, Vec<Option<String>>>, Error> {
    let mut by_user: BTreeMap<_, Vec<&Due>> = BTreeMap::new();
    for due in dues {
        let Subscription { id, user, installation, .. } = &due.subscription;
        if installation.is_none() && inboxes.serves(*id) {
            by_user.entry(*user).or_default().push(due);
        }
    }
    let mut bodies = BTreeMap::new();
    for dues in by_user.into_values().take(SUBSCRIBERS) {
        let actor = dues[0].subscription.actor(now);
        let deliveries: Vec<Delivery> =
            dues.iter().flat_map(|due| due.deliveries.iter().cloned()).collect();
        let mut read = body::read(tx, &actor, base, &deliveries)?.into_iter();
        for due in dues {
            bodies.insert(due.subscription.id, read.by_ref().take(due.deliveries.len()).collect());
        }
    }
    Ok(bodies)
}
