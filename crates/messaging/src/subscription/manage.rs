use halyard_identity::oauth::ApplicationId;
use halyard_platform::{db::Tx, params};

use super::{Kind, Subscription, columns};
use crate::{
    Actor, ChannelId, ConversationId, Error, ThreadId, WorkspaceId, channel, conversation, thread,
    workspace,
};

/// Subscriptions of one person at most, that nobody lets the table grow without end.
const MOST: i64 = 5000;
/// Longest address, in bytes.
const LONGEST_URL: usize = 2000;

/// What to subscribe to.
#[derive(Debug, Clone)]
pub struct NewSubscription {
    /// The kind of event.
    pub event: Kind,
    /// Where deliveries go; the caller has checked that it is an address.
    pub target_url: String,
    /// Key of the signatures, for a subscription that does not exist yet.
    pub secret: String,
    /// Only what happens in this workspace.
    pub workspace: Option<WorkspaceId>,
    /// Only what happens in this channel.
    pub channel: Option<ChannelId>,
    /// Only what happens in this thread.
    pub thread: Option<ThreadId>,
    /// Only what happens in this conversation.
    pub conversation: Option<ConversationId>,
    /// The application that asks for it; with its tokens the subscription ends.
    pub application: Option<ApplicationId>,
}

/// Subscribes. The same wish again answers the subscription that exists, and takes it up again when
/// it was stopped. What one application has subscribed to is no other's; what the person wants
/// without an application belongs to the person from then on.
///
/// # Errors
/// Not-found errors for filters that the actor cannot see; [`Error::Invalid`] for an address that
/// is too long and for too many subscriptions.
pub fn subscribe(
    tx: &mut Tx<'_>,
    actor: &Actor,
    new: &NewSubscription,
) -> Result<Subscription, Error> {
    if new.target_url.len() > LONGEST_URL {
        return Err(Error::Invalid { field: "target_url", expected: "at most 2000 characters" });
    }
    check_filters(tx, actor, new)?;
    // Two requests of one person wait for each other, so that they find the same subscription.
    tx.optional::<i64>("select u.id from users u where u.id = $1 {lock u}", params![actor.user])?;
    let existing: Option<i64> = tx.optional(
        "select id from subscription
         where user_id = $1 and event = $2 and target_url = $3 and ended_at is null
             and installation_id is null
             and coalesce(workspace_id, 0) = $4 and coalesce(channel_id, 0) = $5
             and coalesce(thread_id, 0) = $6 and coalesce(conversation_id, 0) = $7
             and ($8 = 0 or application_id is null or application_id = $8)
         order by coalesce(application_id, 0), id limit 1",
        params![
            actor.user,
            new.event.name(),
            &new.target_url,
            new.workspace.map_or(0, |id| id.0),
            new.channel.map_or(0, |id| id.0),
            new.thread.map_or(0, |id| id.0),
            new.conversation.map_or(0, |id| id.0),
            new.application.map_or(0, |id| id.0)
        ],
    )?;
    if let Some(id) = existing {
        tx.exec(
            "update subscription set disabled_at = null, disabled_reason = null, failures = 0
             where id = $1 and disabled_at is not null",
            params![id],
        )?;
        if new.application.is_none() {
            tx.exec(
                "update subscription set application_id = null
                 where id = $1 and application_id is not null",
                params![id],
            )?;
        }
        return get(tx, actor, id);
    }
    let count: i64 = tx.one(
        "select count(*) from subscription where user_id = $1 and ended_at is null",
        params![actor.user],
    )?;
    if count >= MOST {
        return Err(Error::Invalid { field: "target_url", expected: "at most 5000 subscriptions" });
    }
    let id: i64 = tx.one(
        "insert into subscription (user_id, event, target_url, secret, workspace_id, channel_id,
             thread_id, conversation_id, created_at, application_id)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning id",
        params![
            actor.user,
            new.event.name(),
            &new.target_url,
            &new.secret,
            new.workspace,
            new.channel,
            new.thread,
            new.conversation,
            actor.now,
            new.application
        ],
    )?;
    get(tx, actor, id)
}

fn check_filters(tx: &mut Tx<'_>, actor: &Actor, new: &NewSubscription) -> Result<(), Error> {
    if let Some(id) = new.workspace {
        workspace::role(tx, actor, id)?;
    }
    if let Some(id) = new.channel {
        channel::load(tx, actor, id)?;
    }
    if let Some(id) = new.thread {
        thread::load(tx, actor, id)?;
    }
    if let Some(id) = new.conversation {
        conversation::last_obj_index(tx, actor, id)?;
    }
    Ok(())
}

/// One subscription of the actor, or of an integration that the actor has installed.
///
/// # Errors
/// [`Error::SubscriptionNotFound`]
pub fn get(tx: &mut Tx<'_>, actor: &Actor, id: i64) -> Result<Subscription, Error> {
    tx.optional(
        concat!(
            "select ",
            columns!(),
            " from subscription s where s.id = $1 and s.ended_at is null
                 and (s.user_id = $2 or exists (
                     select 1 from installation n
                     join integration i on i.id = n.integration_id
                     join member m on m.workspace_id = i.workspace_id and m.user_id = $2
                         and m.removed_at is null
                     where n.id = s.installation_id and n.installed_by = $2))"
        ),
        params![id, actor.user],
    )?
    .ok_or(Error::SubscriptionNotFound)
}

/// The subscriptions of the actor, oldest first.
///
/// # Errors
/// Those of the store.
pub fn list(tx: &mut Tx<'_>, actor: &Actor) -> Result<Vec<Subscription>, Error> {
    Ok(tx.all(
        concat!(
            "select ",
            columns!(),
            " from subscription s
             where s.user_id = $1 and s.ended_at is null and s.installation_id is null
             order by s.id"
        ),
        params![actor.user],
    )?)
}
