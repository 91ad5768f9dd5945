//! Deliveries to installed integrations: forms instead of JSON, and answers that are posted.

use halyard_messaging::{
    Error as Cause,
    integration::{self, Integration, Told},
    subscription::{Delivery, Outcome, Subscription, settle, still_due},
};
use halyard_platform::{clock::Millis, db::Tx, outbound::Response};

use super::Hooks;
use crate::twist::{
    error::Error,
    integrations::{Said, callback_url},
};

/// What an integration is told, and what is to be done with its answer.
#[derive(Debug, Clone)]
pub(super) struct Telling {
    integration: Integration,
    told: Told,
}

/// Reads what several deliveries tell an integration, in their order; none for what is not meant for
/// it. `base` is where this server is; without it bots cannot be given an address to answer at later.
pub(super) fn read(
    tx: &mut Tx<'_>,
    subscription: &Subscription,
    base: &str,
    deliveries: &[Delivery],
    now: Millis,
) -> Result<Vec<Option<(String, Telling)>>, Error> {
    let Some((integration, installation)) = integration::target(tx, subscription)? else {
        return Ok(vec![None; deliveries.len()]);
    };
    let mut bodies = Vec::with_capacity(deliveries.len());
    for delivery in deliveries {
        let told = integration::told(tx, &integration, &installation, delivery, now)?;
        bodies.push(told.map(|mut told| {
            if let (Some(until), Some(conversation)) = (told.until, told.conversation)
                && !base.is_empty()
            {
                let url = callback_url(&installation, conversation, until, base);
                told.fields.push(("url_callback", url));
                told.fields.push(("url_ttl", until.div_euclid(1000).to_string()));
            }
            let mut form = form_urlencoded::Serializer::new(String::new());
            let text = form.extend_pairs(&told.fields).finish();
            (text, Telling { integration: integration.clone(), told })
        }));
    }
    Ok(bodies)
}

impl Telling {
    /// Whether an answer has to be looked at, besides its status.
    pub(super) fn wants_answer(&self) -> bool {
        let told = &self.told;
        told.replaces.is_some() || told.thread.is_some() || told.conversation.is_some()
    }
}

/// Writes down that an integration took a delivery, and posts what it answered, both or neither. An
/// answer that cannot be posted is noted with the delivery, and is not asked for again.
pub(super) async fn settle_with_answer(
    hooks: &Hooks,
    mut outcome: Outcome,
    telling: &Telling,
    response: &Response,
) -> Result<(), String> {
    let said = match response.status.as_u16() {
        200 => Said::read(response),
        _ => Ok(Said::default()),
    };
    let said = said.map(|said| (!said.is_empty()).then(|| said.into_post()).transpose());
    let refused = match said.and_then(|post| post) {
        Ok(None) => None,
        Ok(Some(post)) => {
            let (clock, outcome, telling) =
                (hooks.app.clock.clone(), outcome.clone(), telling.clone());
            let posted = hooks.app.db.write(move |tx| {
                let now = clock.now();
                // After a crash, or when a slow process comes back, it may have been posted already.
                if still_due(tx, outcome.delivery)? {
                    integration::answer(tx, &telling.integration, &telling.told, &post, now)?;
                    settle(tx, std::slice::from_ref(&outcome), now, 0.0)?;
                }
                Ok::<_, Cause>(())
            });
            match posted.await {
                Ok(()) => {
                    hooks.app.signals.wake(halyard_platform::events::TOPIC);
                    return Ok(());
                }
                Err(Cause::Store(error)) => return Err(error.to_string()),
                Err(refused) => Some(refused.to_string()),
            }
        }
        Err(wrong) => Some(wrong),
    };
    if let Some(why) = refused {
        let shown = outcome.response.get_or_insert_default();
        shown.push_str(&format!("\n\n(not posted: {why})"));
    }
    hooks.settler.settle(outcome).await
}
