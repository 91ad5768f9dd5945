//! The SMTP listener: takes mail for the addresses that we have given out, and nothing else.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context;
use tokio::{
    net::TcpListener,
    sync::{Semaphore, watch},
    task::{JoinHandle, JoinSet},
    time::timeout,
};

use super::{session, take::Intake, tls::Stream};

/// Conversations at the same time; more are asked to come again.
const SESSIONS: usize = 100;
/// Longest conversation.
const LONGEST: Duration = Duration::from_secs(30 * 60);

/// How conversations begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Begins {
    /// In plain text; they may be encrypted later where there is a certificate.
    Plain,
    /// Encrypted; needs a certificate.
    Encrypted,
}

/// A listener at work.
pub(crate) struct Listening {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Listening {
    /// Takes no new conversation, and gives those that run this long to end.
    pub(crate) async fn stop(self, grace: Duration) {
        self.stop.send_replace(true);
        let abort = self.task.abort_handle();
        match timeout(grace, self.task).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "the mail listener had failed"),
            // Nothing that was answered with 250 is lost; the others will be sent again.
            Err(_) => abort.abort(),
        }
    }
}

/// Starts to listen.
///
/// # Errors
/// When the address cannot be had.
pub(crate) async fn listen(
    address: SocketAddr,
    begins: Begins,
    intake: Arc<Intake>,
) -> anyhow::Result<Listening> {
    let key = match begins {
        Begins::Plain => "smtp_listen",
        Begins::Encrypted => "smtps_listen",
    };
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("{key}: cannot take mail on {address}"))?;
    let address = listener.local_addr()?;
    match begins {
        Begins::Plain => tracing::info!(%address, "taking mail"),
        Begins::Encrypted => tracing::info!(%address, "taking encrypted mail"),
    }
    let (stop, stopping) = watch::channel(false);
    let task = tokio::spawn(run(listener, begins, intake, stopping));
    Ok(Listening { stop, task })
}

async fn run(
    listener: TcpListener,
    begins: Begins,
    intake: Arc<Intake>,
    mut stopping: watch::Receiver<bool>,
) {
    let room = Arc::new(Semaphore::new(SESSIONS));
    let mut sessions = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = session::stopped(&mut stopping) => break,
            Some(_) = sessions.join_next() => continue,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Too many open files, for example: it passes.
                tracing::warn!(%error, "cannot take a mail connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let (intake, room) = (intake.clone(), room.clone());
        let stopping = stopping.clone();
        sessions.spawn(async move {
            let Ok(_held) = room.try_acquire() else {
                // Whoever expects encryption would not understand a word.
                if begins == Begins::Plain {
                    session::turn_away(stream).await;
                }
                return;
            };
            let stream: Box<dyn Stream> = Box::new(stream);
            match timeout(LONGEST, session::run(stream, begins, &intake, stopping)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::debug!(%error, "a mail connection broke"),
                Err(_) => tracing::debug!("a mail connection took too long"),
            }
        });
    }
    drop(listener);
    while sessions.join_next().await.is_some() {}
}
