//! Followers: whoever does something about every event, once, in order.
//!
//! A follower is a name with a durable cursor. Its loop reads what comes next, prepares whatever
//! takes time outside of any transaction, and then writes its effects together with the new place
//! of its cursor: [`Batch::settle`]. So its effects in the database happen exactly once for each
//! event, whatever dies in between and however many nodes follow under one name.

use std::{fmt::Display, future::Future, time::Duration};

use tokio::{
    sync::oneshot,
    task::JoinHandle,
    time::{Instant, sleep, sleep_until, timeout},
};

use super::{Event, TOPIC, newest};
use crate::{
    db::{Db, Dialect, Error, FromRow, Row, Tx},
    params,
    signals::{Signals, Subscribed},
};

/// The longest time until a follower looks without a signal.
const POLL: Duration = Duration::from_secs(1);
/// After a signal an event may not be readable yet, because an older transaction is still open
/// (PostgreSQL only). Looks follow each other at these distances before the next poll.
const LOOKS: [Duration; 4] = [
    Duration::from_millis(1),
    Duration::from_millis(5),
    Duration::from_millis(25),
    Duration::from_millis(100),
];
/// Waits after failures: the first, doubled up to the second.
const PAUSES: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(30));

/// What a follower has not seen yet.
#[derive(Debug, Clone)]
pub struct Batch {
    follower: String,
    /// Where the cursor was; none on the very first look.
    from: Option<i64>,
    /// In their order.
    pub events: Vec<Event>,
}

/// The next events of a follower, at most `limit`; from the oldest one that is kept when it has
/// never settled anything and [`skip_past`] was not called. Cursor and events in one statement, and
/// in the order of [`events::after`](super::after): all followers ask for it after every change.
pub fn next(tx: &mut Tx<'_>, follower: &str, limit: i64) -> Result<Batch, Error> {
    let found: Vec<Behind> = match tx.dialect() {
        Dialect::Sqlite => tx.all(
            "select (select event_id from event_follower where name = $1),
                 id, workspace_id, kind, subject, payload, at from event
             where id > coalesce((select c.id from event_follower f
                 join event c on c.id = f.event_id where f.name = $1), 0)
             order by id limit $2",
            params![follower, limit],
        ),
        Dialect::Postgres => tx.all(
            "select (select event_id from event_follower where name = $1),
                 id, workspace_id, kind, subject, payload, at from event
             where (tx, id) > (
                     coalesce((select c.tx from event_follower f
                         join event c on c.id = f.event_id where f.name = $1), -1),
                     coalesce((select event_id from event_follower where name = $1), 0))
                 and tx < {horizon}
             order by tx, id limit $2",
            params![follower, limit],
        ),
    }?;
    let from = found.first().and_then(|behind| behind.cursor);
    let events = found.into_iter().map(|behind| behind.event).collect();
    Ok(Batch { follower: follower.to_owned(), from, events })
}

/// An event, and the last one before it that the follower had settled.
struct Behind {
    cursor: Option<i64>,
    event: Event,
}

impl FromRow for Behind {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Error> {
        Ok(Self { cursor: row.get()?, event: Event::from_row(row)? })
    }
}

/// Makes a follower that does not exist yet start behind everything that has happened so far.
pub fn skip_past(tx: &mut Tx<'_>, follower: &str) -> Result<(), Error> {
    let Some(newest) = newest(tx)? else { return Ok(()) };
    tx.exec(
        "insert into event_follower (name, event_id) values ($1, $2) on conflict (name) do nothing",
        params![follower, newest],
    )?;
    Ok(())
}

/// Keeps the follower from settling anything until this transaction ends, and shows what it has
/// settled before to the statements that follow.
pub fn hold(tx: &mut Tx<'_>, follower: &str) -> Result<(), Error> {
    tx.optional::<i64>(
        "select f.event_id from event_follower f where f.name = $1 {lock f}",
        params![follower],
    )?;
    Ok(())
}

impl Batch {
    /// The last event that the follower had settled before; none on the very first look.
    pub fn begins_behind(&self) -> Option<i64> {
        self.from
    }

    /// Moves the cursor behind this batch, in the transaction of the effects. False: another node
    /// has dealt with these events; then the transaction must have no effect.
    #[must_use = "without the cursor there must be no effect"]
    pub fn settle(&self, tx: &mut Tx<'_>) -> Result<bool, Error> {
        let Some(last) = self.events.last() else { return Ok(true) };
        let moved = match self.from {
            Some(from) => tx.exec(
                "update event_follower set event_id = $3 where name = $1 and event_id = $2",
                params![self.follower.as_str(), from, last.id],
            )?,
            None => tx.exec(
                "insert into event_follower (name, event_id) values ($1, $2)
                 on conflict (name) do nothing",
                params![self.follower.as_str(), last.id],
            )?,
        };
        Ok(moved == 1)
    }
}

/// A follower at work. Dropping it stops it at once, like a crash, which loses nothing.
#[derive(Debug)]
pub struct Following {
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Following {
    /// Lets it finish the batch at hand.
    pub async fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            // It is gone only if it panicked, which the next line reports.
            stop.send(()).ok();
        }
        if let Err(error) = (&mut self.task).await {
            tracing::error!(%error, "an event follower had failed");
        }
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Who follows, and how.
#[derive(Debug, Clone, Copy)]
pub struct Follower {
    /// Its name, under which its cursor is kept.
    pub name: &'static str,
    /// Events in one batch at most.
    pub limit: i64,
    /// The shortest time from the beginning of a batch that was not full to the next. Where much
    /// happens, it makes one batch of what would have been many; where little does, nobody waits.
    pub pause: Duration,
}

/// Starts to follow on the current runtime. Every batch that is not empty, one after the other, goes
/// to `look`, which reads what else it takes on the snapshot that shows the batch, and then with
/// what that found to `handle`, which calls [`Batch::settle`]. A batch that fails, or that it did not
/// settle, comes again after a pause, possibly longer.
pub fn follow<L, T, H, R, E>(
    db: Db,
    signals: &Signals,
    follower: Follower,
    look: L,
    handle: H,
) -> Following
where
    L: Fn(&mut Tx<'_>, &Batch) -> Result<T, E> + Clone + Send + Sync + 'static,
    T: Send + 'static,
    H: Fn(Batch, T) -> R + Send + Sync + 'static,
    R: Future<Output = Result<(), E>> + Send + 'static,
    E: Display + From<Error> + Send + 'static,
{
    let (stop, stopping) = oneshot::channel();
    let wakes = signals.subscribe(TOPIC);
    let task = tokio::spawn(run(db, wakes, follower, look, handle, stopping));
    Following { stop: Some(stop), task }
}

async fn run<L, T, H, R, E>(
    db: Db,
    mut wakes: Subscribed,
    follower: Follower,
    look: L,
    handle: H,
    mut stopping: oneshot::Receiver<()>,
) where
    L: Fn(&mut Tx<'_>, &Batch) -> Result<T, E> + Clone + Send + 'static,
    T: Send + 'static,
    H: Fn(Batch, T) -> R,
    R: Future<Output = Result<(), E>>,
    E: Display + From<Error> + Send + 'static,
{
    let mut pause = PAUSES.0;
    let mut idle_looks = LOOKS.len();
    while matches!(stopping.try_recv(), Err(oneshot::error::TryRecvError::Empty)) {
        let begun = Instant::now();
        match step(&db, follower.name, follower.limit, look.clone(), &handle).await {
            Ok(Step::Full) => {
                pause = PAUSES.0;
                idle_looks = 0;
            }
            Ok(Step::Some) => {
                pause = PAUSES.0;
                idle_looks = 0;
                tokio::select! {
                    () = sleep_until(begun + follower.pause) => {}
                    _ = &mut stopping => return,
                }
            }
            Ok(Step::Nothing) => {
                pause = PAUSES.0;
                let wait = LOOKS.get(idle_looks).copied().unwrap_or(POLL);
                idle_looks += 1;
                tokio::select! {
                    woken = timeout(wait, wakes.notified()) => if woken.is_ok() { idle_looks = 0 },
                    _ = &mut stopping => return,
                }
            }
            Err(error) => {
                tracing::error!(follower = follower.name, %error, "an event follower failed and tries again");
                tokio::select! {
                    () = sleep(pause) => {}
                    _ = &mut stopping => return,
                }
                pause = (pause * 2).min(PAUSES.1);
            }
        }
    }
}

/// What a step found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// No events.
    Nothing,
    /// All there were.
    Some,
    /// As many as a batch may hold: there may be more.
    Full,
}

/// Deals with one batch, as [`follow`] does again and again.
pub async fn step<L, T, H, R, E>(
    db: &Db,
    follower: &'static str,
    limit: i64,
    look: L,
    handle: &H,
) -> Result<Step, E>
where
    L: Fn(&mut Tx<'_>, &Batch) -> Result<T, E> + Send + 'static,
    T: Send + 'static,
    H: Fn(Batch, T) -> R,
    R: Future<Output = Result<(), E>>,
    E: From<Error> + Send + 'static,
{
    let read = move |tx: &mut Tx<'_>| -> Result<_, E> {
        let batch = next(tx, follower, limit)?;
        if batch.events.is_empty() {
            return Ok(None);
        }
        let seen = look(tx, &batch)?;
        Ok(Some((batch, seen)))
    };
    let Some((batch, seen)) = db.read(read).await? else { return Ok(Step::Nothing) };
    let step = if batch.events.len() as i64 == limit { Step::Full } else { Step::Some };
    handle(batch, seen).await?;
    Ok(step)
}
