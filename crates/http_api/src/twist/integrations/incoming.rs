//! What integrations post to us. The secret in the address proves who they are.

use halyard_messaging::{Error as Cause, Post, PostParts, integration};
use halyard_platform::{
    db::Tx,
    events,
    idempotency::{self, Asked, Outcome},
    jobs,
};

use crate::{
    kit::params::List,
    params,
    twist::{
        action,
        call::{Call, DONE, json},
        endpoint::Reply,
        error::{Code, Error},
    },
};

params! {
    /// A post of an integration.
    pub(crate) struct PostData {
        /// The installation.
        install_id: i64,
        /// Its token: its id, `_` and 32 hexadecimal digits.
        install_token: String,
        /// The text in Markdown, up to 15,000 characters.
        content: Option<String>,
        /// Title of the thread, up to 300 characters; the name of the integration when not given.
        /// Comments have none.
        title: Option<String>,
        /// Links, in the form of attachments.
        attachments: Option<List>,
        /// Buttons.
        actions: Option<List>,
    }
}

pub(crate) async fn post_data(call: Call, p: PostData) -> Reply {
    let id = p.install_id;
    let token = p.install_token.trim().strip_prefix(&format!("{id}_")).map(str::to_owned);
    let token = token.ok_or_else(|| Error::new(Code::TokenInvalid))?;
    let post = Post::new(PostParts {
        content: p.content.unwrap_or_default(),
        attachments: p.attachments.map(|list| list.0),
        actions_json: action::check(p.actions)?,
        direct_mentions: None,
        direct_group_mentions: None,
    })?;
    let (title, key, clock) = (p.title, call.idempotency_key.clone(), call.app.clock.clone());
    let fingerprint = call.fingerprint;
    call.app
        .db
        .write(move |tx| {
            let now = clock.now();
            let (integration, installation) =
                integration::posting(tx, id, &token).map_err(|error| match error {
                    Cause::IntegrationNotFound => Error::new(Code::TokenInvalid),
                    other => other.into(),
                })?;
            let title = title.as_deref().filter(|title| !title.trim().is_empty());
            let title = title.unwrap_or(&integration.name);
            let work = |tx: &mut Tx<'_>| -> Result<String, Error> {
                integration::post(tx, &integration, &installation, title, &post, now)?;
                Ok(String::new())
            };
            match &key {
                Some(key) => {
                    let scope = &format!("installation:{id}");
                    let asked = Asked { scope, former_scope: scope, key, fingerprint };
                    match idempotency::once(tx, &asked, now, work)? {
                        Outcome::Answer(_) => Ok(()),
                        Outcome::OtherRequest => Err(Error::key_used()),
                    }
                }
                None => work(tx).map(drop),
            }
        })
        .await?;
    call.app.signals.wake(jobs::TOPIC);
    call.app.signals.wake(events::TOPIC);
    json(&DONE)
}
