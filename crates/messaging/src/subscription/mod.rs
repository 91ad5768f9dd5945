//! Subscriptions: programs outside that are told what happens.
//!
//! A follower of the event log turns each event into a [`Delivery`] for every subscription that it
//! concerns ([`plan`], [`spread`]). Each subscription is a lane with one durable job: whoever holds
//! the job takes what is due ([`due`]), delivers it, and writes down how that went ([`settle`]).
//!
//! Invariants:
//! * Deliveries of one subscription about one subject are tried in the order of their ids; one that
//!   waits for a retry holds up those behind it, and nothing else.
//! * A subscription with a delivery to be tried has a live job ([`spread`], [`resend`] and
//!   [`finish`] lock the subscription to keep it so).
//! * What the subscriber may not see when it would be delivered is not delivered: the caller of
//!   [`due`] loads the object through the membership of the subscriber.

mod due;
mod ending;
mod kind;
mod manage;
mod saw;
mod settle;
mod spread;
mod view;

use halyard_identity::UserId;
use halyard_platform::{
    clock::Millis,
    db::{self, FromRow, Row},
};
use serde::{Deserialize, Serialize};

pub use due::{Due, Finished, due, finish};
pub(crate) use ending::leave;
pub use ending::{end_unrepresented, unsubscribe};
pub use kind::{KINDS, Kind};
pub use manage::{NewSubscription, get, list, subscribe};
pub use saw::could_see;
pub use settle::still_due;
pub use settle::{DOWN, End, Outcome, RETRIES, settle};
pub(crate) use spread::{INTEGRATION, queue};
pub use spread::{Planned, Written, plan, spread};
pub use view::{Range, Seen, deliveries, deliveries_of_any, list_all, resend, resend_any, sweep};

use crate::{Actor, WorkspaceId};

/// Kind of the jobs that serve one subscription; the payload is a [`Lane`].
pub const JOB: &str = "hook.deliver";
/// Name of the follower that turns events into deliveries.
pub const FOLLOWER: &str = "hooks";

/// What a job of the kind [`JOB`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lane {
    /// The subscription.
    pub subscription: i64,
}

impl Lane {
    fn key(self) -> String {
        format!("hook:{}", self.subscription)
    }

    /// The signal that there may be more to deliver.
    pub fn topic(self) -> String {
        self.key()
    }
}

/// The name of a delivery for its target: the same for every attempt. Those that no event has asked
/// for, whose event is 0, have their own.
pub fn webhook_id(event: i64, delivery: i64, subscription: i64) -> String {
    match event {
        0 => format!("dlv_{delivery}_{subscription}"),
        event => format!("evt_{event}_{subscription}"),
    }
}

/// A program outside that wants to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Id.
    pub id: i64,
    /// Whose eyes it has.
    pub user: UserId,
    /// What it is about.
    pub event: String,
    /// Where deliveries go.
    pub target_url: String,
    /// Key of the signatures: `whsec_` and base64.
    pub secret: String,
    /// Only what happens in this workspace.
    pub workspace: Option<WorkspaceId>,
    /// Only what happens in this channel.
    pub channel: Option<i64>,
    /// Only what happens in this thread.
    pub thread: Option<i64>,
    /// Only what happens in this conversation.
    pub conversation: Option<i64>,
    /// The installed integration that it belongs to.
    pub installation: Option<i64>,
    /// When it was made.
    pub created_at: Millis,
    /// Failures since the last success.
    pub failures: i64,
    /// When a delivery succeeded last.
    pub last_success_at: Option<Millis>,
    /// When it was stopped because of its target.
    pub disabled_at: Option<Millis>,
    /// Why it was stopped.
    pub disabled_reason: Option<String>,
}

macro_rules! columns {
    () => {
        "s.id, s.user_id, s.event, s.target_url, s.secret, s.workspace_id, s.channel_id,
         s.thread_id, s.conversation_id, s.installation_id, s.created_at, s.failures,
         s.last_success_at, s.disabled_at, s.disabled_reason"
    };
}
pub(crate) use columns;

impl FromRow for Subscription {
    fn from_row(row: &mut Row<'_>) -> Result<Self, db::Error> {
        Ok(Self {
            id: row.get()?,
            user: row.get()?,
            event: row.get()?,
            target_url: row.get()?,
            secret: row.get()?,
            workspace: row.get()?,
            channel: row.get()?,
            thread: row.get()?,
            conversation: row.get()?,
            installation: row.get()?,
            created_at: row.get()?,
            failures: row.get()?,
            last_success_at: row.get()?,
            disabled_at: row.get()?,
            disabled_reason: row.get()?,
        })
    }
}

impl Subscription {
    /// Through whose membership objects are loaded at a given time.
    pub fn actor(&self, now: Millis) -> Actor {
        Actor { user: self.user, now }
    }
}

/// The ids in the payload of an event: what it touched and where that is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ids {
    /// The workspace.
    pub workspace_id: Option<i64>,
    /// The channel.
    pub channel_id: Option<i64>,
    /// The thread.
    pub thread_id: Option<i64>,
    /// The comment.
    pub comment_id: Option<i64>,
    /// The conversation.
    pub conversation_id: Option<i64>,
    /// The message.
    pub message_id: Option<i64>,
    /// The group.
    pub group_id: Option<i64>,
    /// The person.
    pub user_id: Option<i64>,
    /// The people; of something that is gone, those who could see it.
    pub user_ids: Vec<i64>,
    /// What is gone was for everybody but guests.
    pub public: bool,
    /// The name or title of what is gone.
    pub name: Option<String>,
    /// Who had made what is gone.
    pub creator: Option<i64>,
}

/// One event on its way to one subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Id.
    pub id: i64,
    /// The event that it tells of.
    pub event_id: i64,
    /// What happened.
    pub kind: String,
    /// What it happened to; deliveries with the same one keep their order.
    pub subject: String,
    /// The ids of what was touched.
    pub payload: String,
    /// When it happened.
    pub happened_at: Millis,
    /// How often it was tried.
    pub attempts: i64,
}

impl FromRow for Delivery {
    fn from_row(row: &mut Row<'_>) -> Result<Self, db::Error> {
        Ok(Self {
            id: row.get()?,
            event_id: row.get()?,
            kind: row.get()?,
            subject: row.get()?,
            payload: row.get()?,
            happened_at: row.get()?,
            attempts: row.get()?,
        })
    }
}

impl Delivery {
    /// The ids of what was touched.
    ///
    /// # Errors
    /// When the row is damaged.
    pub fn ids(&self) -> Result<Ids, db::Error> {
        crate::json::decode(&self.payload)
    }
}
