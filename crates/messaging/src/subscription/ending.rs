//! When subscriptions end: cancelled, or because nobody is there any more for whom they would be.

use halyard_identity::{UserId, oauth::ApplicationId};
use halyard_platform::{
    clock::Millis,
    db::{self, Tx},
    params,
};

use crate::{Actor, WorkspaceId};

/// Cancels every subscription of the actor with this address; answers how many there were. With an
/// application only those that are not another application's.
///
/// # Errors
/// Those of the store.
pub fn unsubscribe(
    tx: &mut Tx<'_>,
    actor: &Actor,
    application: Option<ApplicationId>,
    target_url: &str,
) -> Result<usize, db::Error> {
    let ids: Vec<i64> = tx.all(
        "select s.id from subscription s
         where s.user_id = $1 and s.target_url = $2 and s.ended_at is null
             and s.installation_id is null
             and ($3 or s.application_id is null or s.application_id = $4)
         order by s.id {lock s}",
        params![
            actor.user,
            target_url,
            application.is_none(),
            application.map_or(0, |application| application.0)
        ],
    )?;
    end_all(tx, &ids, actor.now)
}

/// Ends the subscriptions that applications, or this one, have made for people for whom they no
/// longer act. To be called wherever a token or a consent may have ended; answers how many there
/// were.
///
/// # Errors
/// Those of the store.
pub fn end_unrepresented(
    tx: &mut Tx<'_>,
    application: Option<ApplicationId>,
    now: Millis,
) -> Result<usize, db::Error> {
    let ids: Vec<i64> = tx.all(
        "select s.id from subscription s
         where s.application_id is not null and s.ended_at is null
             and ($1 or s.application_id = $2)
             and not exists (select 1 from token t
                 where t.application_id = s.application_id and t.user_id = s.user_id)
             and not exists (select 1 from oauth_grant g
                 where g.application_id = s.application_id and g.user_id = s.user_id)
         order by s.id {lock s}",
        params![application.is_none(), application.map_or(0, |application| application.0)],
    )?;
    end_all(tx, &ids, now)
}

/// Ends what a person has subscribed to in a workspace that they are taken out of, and everything
/// when they are in none any more. Bots have no subscriptions of their own.
pub(crate) fn leave(
    tx: &mut Tx<'_>,
    user: UserId,
    workspace: WorkspaceId,
    now: Millis,
) -> Result<(), db::Error> {
    let ids: Vec<i64> = tx.all(
        "select s.id from subscription s
         where s.user_id = $1 and s.ended_at is null and s.installation_id is null
             and (s.workspace_id = $2
                 or exists (select 1 from channel c
                     where c.id = s.channel_id and c.workspace_id = $2)
                 or exists (select 1 from thread t
                     join channel c on c.id = t.channel_id
                     where t.id = s.thread_id and c.workspace_id = $2)
                 or exists (select 1 from conversation v
                     where v.id = s.conversation_id and v.workspace_id = $2)
                 or not exists (select 1 from member m
                     where m.user_id = $1 and m.removed_at is null))
         order by s.id {lock s}",
        params![user, workspace],
    )?;
    end_all(tx, &ids, now)?;
    Ok(())
}

fn end_all(tx: &mut Tx<'_>, ids: &[i64], now: Millis) -> Result<usize, db::Error> {
    for id in ids {
        end(tx, *id, now)?;
    }
    Ok(ids.len())
}

/// Ends a subscription: nothing more is delivered.
pub(crate) fn end(tx: &mut Tx<'_>, id: i64, now: Millis) -> Result<(), db::Error> {
    tx.exec("update subscription set ended_at = $2 where id = $1", params![id, now])?;
    tx.exec(
        "update delivery set status = 'stopped', ended_at = $2
         where subscription_id = $1 and status = 'pending'",
        params![id, now],
    )?;
    Ok(())
}
