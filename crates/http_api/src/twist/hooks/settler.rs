//! Writes down attempts of all lanes together: whatever has come in while the last transaction
//! ran goes into the next.

use halyard_messaging::subscription::{Outcome, settle};
use halyard_platform::{clock::Clock, db::Db, random::Random};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};

/// Attempts in one transaction.
const AT_ONCE: usize = 512;

/// The end of an attempt, and who waits for it to be written down.
struct Entry {
    outcome: Outcome,
    done: oneshot::Sender<Result<(), String>>,
}

/// Takes the ends of attempts.
#[derive(Debug, Clone)]
pub(super) struct Settler {
    entries: mpsc::UnboundedSender<Entry>,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.outcome.fmt(out)
    }
}

impl Settler {
    /// Starts the task that writes; it ends when the last clone is gone.
    pub(super) fn start(db: Db, clock: Clock, random: Random) -> (Self, JoinHandle<()>) {
        let (entries, incoming) = mpsc::unbounded_channel();
        (Self { entries }, tokio::spawn(run(db, clock, random, incoming)))
    }

    /// Has an attempt written down. The answer comes when that is durable; an error is for people.
    pub(super) async fn settle(&self, outcome: Outcome) -> Result<(), String> {
        let (done, settled) = oneshot::channel();
        // Without the task there is nobody to answer, which the next line reports.
        self.entries.send(Entry { outcome, done }).ok();
        settled.await.unwrap_or_else(|_| Err("the settler has stopped".to_owned()))
    }
}

async fn run(db: Db, clock: Clock, random: Random, mut incoming: mpsc::UnboundedReceiver<Entry>) {
    let mut entries = Vec::new();
    while incoming.recv_many(&mut entries, AT_ONCE).await > 0 {
        let (outcomes, waiting): (Vec<_>, Vec<_>) =
            entries.drain(..).map(|entry: Entry| (entry.outcome, entry.done)).unzip();
        let (clock, jitter) = (clock.clone(), f64::from(random.bytes::<1>()[0]) / 255.0);
        let written = db.write_derived(move |tx| settle(tx, &outcomes, clock.now(), jitter)).await;
        let written = written.map_err(|error| error.to_string());
        if let Err(error) = &written {
            tracing::error!(error, "cannot write down deliveries; they will be made again");
        }
        for done in waiting {
            // A lane that was interrupted does not wait any more.
            done.send(written.clone()).ok();
        }
    }
}
