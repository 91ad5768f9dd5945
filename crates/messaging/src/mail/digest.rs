//! The daily digest: for those who have chosen it, once a morning, what they have not read.

use halyard_identity::{Mail, UserId};
use halyard_platform::{clock::Millis, db::Tx, params};
use jiff::civil::Time;

use super::{Letter, Place, letter::escape, person};
use crate::{Actor, Error, ThreadId, WorkspaceId, json::encode, thread};

/// When the digest is made, by the clock of its reader: our decision.
const MORNING: Time = Time::constant(8, 0, 0, 0);
/// Threads that it names.
const MOST: usize = 50;

/// Members who have chosen the digest and whose time has come.
///
/// # Errors
/// Those of the store.
pub fn digests_due(
    tx: &mut Tx<'_>,
    now: Millis,
    limit: i64,
) -> Result<Vec<(WorkspaceId, UserId)>, Error> {
    Ok(tx.all(
        "select s.workspace_id, s.user_id
         from notification_setting s
         left join mail_digest d on d.user_id = s.user_id and d.workspace_id = s.workspace_id
         where s.name = 'email_digest' and s.value = 1 and coalesce(d.next_at, 0) <= $1
         order by s.user_id, s.workspace_id limit $2",
        params![now, limit],
    )?)
}

/// Sends one of them their digest, when there is anything unread, and notes when the next one is.
/// Whoever has just chosen it gets the first one the next morning. The caller wakes the workers.
///
/// # Errors
/// Those of the store.
pub fn digest(
    tx: &mut Tx<'_>,
    (workspace, user): (WorkspaceId, UserId),
    place: &Place,
    now: Millis,
) -> Result<(), Error> {
    let person = person::load(tx, workspace, user)?;
    let next = person.as_ref().and_then(|person| person.next(MORNING, now));
    let next = next.unwrap_or(now + 24 * 60 * 60 * 1000);
    let was_due = tx.exec(
        "update mail_digest set next_at = $3
         where user_id = $1 and workspace_id = $2 and next_at <= $4",
        params![user, workspace, next, now],
    )?;
    if was_due == 0 {
        // Chosen just now, or dealt with by another node.
        tx.exec(
            "insert into mail_digest (user_id, workspace_id, next_at) values ($1, $2, $3)
             on conflict (user_id, workspace_id) do nothing",
            params![user, workspace, next],
        )?;
        return Ok(());
    }
    let Some(person) = person else { return Ok(()) };
    if person.quiet_until(now).is_some() {
        return Ok(());
    }
    let unread = thread::unread(tx, &Actor { user, now }, workspace)?.threads;
    // The most recent ones; they come last.
    let newest: Vec<ThreadId> =
        unread.iter().rev().take(MOST).map(|unread| unread.thread).collect();
    if newest.is_empty() {
        return Ok(());
    }
    let titles: Vec<(ThreadId, i64, String, String, String)> = tx.all(
        "select t.id, t.channel_id, t.title, c.name, t.snippet
         from thread t join channel c on c.id = t.channel_id
         where t.id in {ids $1} order by c.name, t.last_updated_at desc, t.id",
        params![&encode(&newest)],
    )?;
    let base = place.base.as_deref().unwrap_or_default();
    let count = unread.len();
    let mut text = format!("Hello {},\n\n{count} threads wait for you.\n\n", person.name);
    let mut html = format!("<p>{count} threads wait for you.</p>\n<ul>\n");
    for (id, channel, title, channel_name, snippet) in titles {
        let title = if title.is_empty() { "(no title)".to_owned() } else { title };
        let url = format!("{base}/a/{workspace}/ch/{channel}/t/{id}/");
        text.push_str(&format!("{title} – {channel_name}\n{snippet}\n{url}\n\n"));
        html.push_str(&format!(
            "<li><a href=\"{}\">{}</a> – {}<br>{}</li>\n",
            escape(&url),
            escape(&title),
            escape(&channel_name),
            escape(&snippet)
        ));
    }
    html.push_str("</ul>\n");
    let mail = Mail {
        to: person.email.clone(),
        subject: format!("[{}] {count} unread threads", person.workspace),
        text,
        html: Some(html),
        ..Mail::default()
    };
    Letter::new(mail, (workspace, user)).send(tx, place, now)
}
