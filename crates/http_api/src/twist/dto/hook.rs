use halyard_messaging::subscription::{Seen, Subscription as Core, webhook_id};
use serde::Serialize;
use utoipa::ToSchema;

use super::seconds;

/// What `hooks/subscribe` answers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Subscribed {
    /// Always `ok`.
    status: &'static str,
    /// Id of the subscription.
    id: i64,
    /// Key of the signatures (`webhook-signature`, Standard Webhooks): `whsec_` and base64.
    secret: String,
}

impl Subscribed {
    pub(crate) fn new(subscription: Core) -> Self {
        Self { status: "ok", id: subscription.id, secret: subscription.secret }
    }
}

/// A subscription of the caller.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SubscriptionSeen {
    /// Its id.
    id: i64,
    /// Name of the event.
    event: String,
    /// Where deliveries are posted to.
    target_url: String,
    /// Only what happens in this workspace, or null.
    workspace_id: Option<i64>,
    /// Only what happens in this channel, or null.
    channel_id: Option<i64>,
    /// Only what happens in this thread, or null.
    thread_id: Option<i64>,
    /// Only what happens in this conversation, or null.
    conversation_id: Option<i64>,
    /// When it was made, Unix seconds.
    created_ts: i64,
    /// Failed attempts since the last success.
    failures: i64,
    /// When a delivery succeeded last, Unix seconds, or null.
    last_success_ts: Option<i64>,
    /// When it was stopped because its target failed for too long, Unix seconds, or null. Subscribing
    /// again takes it up.
    disabled_ts: Option<i64>,
    /// Why it was stopped, or null.
    disabled_reason: Option<String>,
}

impl From<Core> for SubscriptionSeen {
    fn from(subscription: Core) -> Self {
        Self {
            id: subscription.id,
            event: subscription.event,
            target_url: subscription.target_url,
            workspace_id: subscription.workspace.map(|id| id.0),
            channel_id: subscription.channel,
            thread_id: subscription.thread,
            conversation_id: subscription.conversation,
            created_ts: seconds(subscription.created_at),
            failures: subscription.failures,
            last_success_ts: subscription.last_success_at.map(seconds),
            disabled_ts: subscription.disabled_at.map(seconds),
            disabled_reason: subscription.disabled_reason,
        }
    }
}

/// A delivery with its last attempt.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeliverySeen {
    /// Its id.
    id: i64,
    /// Id of the subscription.
    subscription_id: i64,
    /// What it is called in its header `webhook-id`, in every attempt.
    webhook_id: String,
    /// Name of the event.
    event: String,
    /// What it happened to: deliveries about the same thing keep their order.
    subject: String,
    /// When it happened, Unix seconds.
    happened_ts: i64,
    /// `pending`, `delivered`, `failed` (given up) or `stopped` (with its subscription).
    status: String,
    /// How often it was tried.
    attempts: i64,
    /// While pending: when it is tried next, Unix seconds.
    next_ts: Option<i64>,
    /// When the last attempt began, Unix seconds, or null.
    last_attempt_ts: Option<i64>,
    /// How long the last attempt took, in milliseconds, or null.
    took_ms: Option<i64>,
    /// Path and headers of what was sent, or null.
    request: Option<String>,
    /// Status of the answer, or null.
    response_status: Option<i64>,
    /// Headers of the answer and the start of its body, or null.
    response: Option<String>,
    /// Why the last attempt failed, or null.
    error: Option<String>,
    /// When it was delivered or given up, Unix seconds, or null.
    ended_ts: Option<i64>,
}

impl From<Seen> for DeliverySeen {
    fn from(seen: Seen) -> Self {
        Self {
            id: seen.id,
            subscription_id: seen.subscription,
            webhook_id: webhook_id(seen.event_id, seen.id, seen.subscription),
            event: seen.kind,
            subject: seen.subject,
            happened_ts: seconds(seen.happened_at),
            next_ts: (seen.status == "pending").then_some(seconds(seen.next_at)),
            status: seen.status,
            attempts: seen.attempts,
            last_attempt_ts: seen.last_at.map(seconds),
            took_ms: seen.took,
            request: seen.request_head,
            response_status: seen.response_status,
            response: seen.response_head,
            error: seen.error,
            ended_ts: seen.ended_at.map(seconds),
        }
    }
}

/// What `hooks/resend` answers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Resent {
    /// Always `ok`.
    status: &'static str,
    /// How many deliveries are made again.
    count: u64,
}

impl Resent {
    pub(crate) fn new(count: u64) -> Self {
        Self { status: "ok", count }
    }
}
