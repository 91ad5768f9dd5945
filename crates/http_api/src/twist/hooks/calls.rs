use halyard_identity::{TokenKind, authenticate, oauth::ApplicationId};
use halyard_messaging::{
    ChannelId, ConversationId, ThreadId, WorkspaceId,
    subscription::{self, Kind, NewSubscription, Range},
};
use halyard_platform::{jobs, outbound};
use http::StatusCode;

use super::sign;
use crate::{
    kit::params::Seconds,
    params,
    twist::{
        call::{Call, DONE},
        dto::{DeliverySeen, Resent, Subscribed, SubscriptionSeen},
        endpoint::Reply,
        error::{Code, Error},
        ids::Resolve,
        page,
    },
};

params! {
    /// What to be told, and where.
    pub(crate) struct Subscribe {
        /// Address that deliveries are posted to; `https`, up to 2000 characters.
        target_url: String,
        /// Name of the event, for example `comment_added`.
        #[names("event", "event_type")]
        event: String,
        /// Only what happens in this workspace.
        workspace_id: Option<WorkspaceId>,
        /// Only what happens in this channel.
        channel_id: Option<ChannelId>,
        /// Only what happens in this thread.
        thread_id: Option<ThreadId>,
        /// Only what happens in this conversation.
        conversation_id: Option<ConversationId>,
    }

    /// Names an address.
    pub(crate) struct Unsubscribe {
        /// The address that was subscribed with.
        target_url: String,
    }

    /// Selects deliveries.
    pub(crate) struct GetDeliveries {
        /// The subscription.
        #[names("id", "subscription_id")]
        id: i64,
        /// Only deliveries with a smaller id.
        before_id: Option<i64>,
        /// How many, from 1 to 500; 20 when not given.
        limit: Option<i64>,
    }

    /// Selects deliveries to be made again.
    pub(crate) struct Resend {
        /// The subscription.
        #[names("id", "subscription_id")]
        id: i64,
        /// Only this delivery.
        delivery_id: Option<i64>,
        /// Only what happened at this moment or later.
        from_ts: Option<Seconds>,
        /// Only what happened up to the end of this second.
        to_ts: Option<Seconds>,
    }
}

pub(crate) async fn subscribe(call: Call, p: Subscribe) -> Reply {
    let Some(event) = Kind::find(&p.event) else {
        return Err(Error::invalid("event", "one of the 26 events of the documentation"));
    };
    let target = outbound::url(p.target_url.trim())
        .and_then(|url| call.app.outbound.check(&url).map(|()| url))
        .map_err(|error| Error::invalid("target_url", &error.to_string()))?;
    let secret = sign::new_key(&call.app.random);
    let credentials = call.credentials;
    let mut reply = call
        .write(move |tx, actor| {
            let presented = authenticate(tx, &credentials, actor.now)?;
            presented.scopes.require(event.scope())?;
            let new = NewSubscription {
                event,
                target_url: target.to_string(),
                secret: secret.clone(),
                workspace: p.workspace_id.map(|id| id.resolve(tx, actor)).transpose()?,
                channel: p.channel_id.map(|id| id.resolve(tx, actor)).transpose()?,
                thread: p.thread_id.map(|id| id.resolve(tx, actor)).transpose()?,
                conversation: p.conversation_id,
                application: application(presented.kind),
            };
            Ok(Subscribed::new(subscription::subscribe(tx, actor, &new)?))
        })
        .await?;
    *reply.status_mut() = StatusCode::CREATED;
    Ok(reply)
}

pub(crate) async fn unsubscribe(call: Call, p: Unsubscribe) -> Reply {
    // In the form in which it was kept.
    let target = outbound::url(p.target_url.trim())
        .map_err(|error| Error::invalid("target_url", &error.to_string()))?;
    let credentials = call.credentials;
    call.write(move |tx, actor| {
        let application = application(authenticate(tx, &credentials, actor.now)?.kind);
        subscription::unsubscribe(tx, actor, application, target.as_str())?;
        Ok(DONE)
    })
    .await
}

fn application(kind: TokenKind) -> Option<ApplicationId> {
    match kind {
        TokenKind::Application(application) => Some(application),
        TokenKind::Personal | TokenKind::Login | TokenKind::Session => None,
    }
}

pub(crate) async fn get(call: Call, (): ()) -> Reply {
    call.read(|tx, actor| {
        let found = subscription::list(tx, actor)?;
        Ok(found.into_iter().map(SubscriptionSeen::from).collect::<Vec<_>>())
    })
    .await
}

pub(crate) async fn get_deliveries(call: Call, p: GetDeliveries) -> Reply {
    call.read(move |tx, actor| {
        let limit = p.limit.unwrap_or(20);
        let found = subscription::deliveries(tx, actor, p.id, p.before_id, limit)?;
        Ok(found.into_iter().map(DeliverySeen::from).collect::<Vec<_>>())
    })
    .await
}

pub(crate) async fn resend(call: Call, p: Resend) -> Reply {
    if p.delivery_id.is_none() && p.from_ts.is_none() && p.to_ts.is_none() {
        return Err(Error::new(Code::ArgumentMissing)
            .because("delivery_id, or from_ts and to_ts, say what to send again"));
    }
    let range = Range {
        id: p.delivery_id,
        from: p.from_ts.map_or(0, page::before),
        to: p.to_ts.map_or(i64::MAX, page::after),
    };
    let signals = call.app.signals.clone();
    let reply = call
        .write(move |tx, actor| {
            let count = subscription::resend(tx, actor, p.id, &range)?;
            Ok(Resent::new(count))
        })
        .await;
    signals.wake(jobs::TOPIC);
    signals.wake(&subscription::Lane { subscription: p.id }.topic());
    reply
}
