//! What becomes of a mail that comes in, before it is answered.

use std::{io, sync::Arc};

use halyard_http_api::App;
use halyard_messaging::mail::{
    address::{self, Address},
    received::{self, NewMail, Refusal},
};
use halyard_platform::{blobs::BlobWriter, db, jobs};

use super::{parse::about, tls::Tls};

/// Bytes of a mail in which its headers are looked for.
const HEAD: usize = 128 * 1024;

/// Takes mails on.
pub(crate) struct Intake {
    pub(super) app: Arc<App>,
    /// Host part of our addresses and message ids.
    pub(super) domain: String,
    /// Largest mail, in bytes.
    pub(super) limit: u64,
    /// What encrypts conversations, where there is a certificate.
    pub(super) tls: Option<Tls>,
}

/// An address that we have given out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Recipient(Address);

/// What is answered at the end of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is ours now: stored, or nothing is to be made of it.
    Taken,
    TooBig,
    NoMail,
    NoSender,
    /// Nobody who may write there.
    Stranger,
    /// Another than whom the address was given to.
    NotOwner,
    TryAgain,
}

/// A mail that is coming in.
pub(super) struct Incoming {
    to: Recipient,
    /// Gone once the mail is too big or cannot be stored.
    writer: Option<BlobWriter>,
    head: Vec<u8>,
    size: u64,
    limit: u64,
    failed: bool,
}

impl Incoming {
    pub(super) async fn write(&mut self, bytes: &[u8]) {
        self.size += bytes.len() as u64;
        if self.size > self.limit {
            self.writer = None;
        }
        let Some(writer) = &mut self.writer else { return };
        let room = HEAD - self.head.len();
        self.head.extend_from_slice(&bytes[..bytes.len().min(room)]);
        if let Err(error) = writer.write(bytes).await {
            tracing::error!(%error, "cannot store a mail");
            (self.writer, self.failed) = (None, true);
        }
    }

    /// It is so much too big that nobody waits for its end.
    pub(super) fn is_hopeless(&self) -> bool {
        self.size > self.limit.saturating_mul(2)
    }
}

impl Intake {
    /// For what comes in at `domain`.
    pub(crate) fn new(app: Arc<App>, domain: String, limit: u64, tls: Option<Tls>) -> Self {
        Self { app, domain, limit, tls }
    }

    /// The address, if we have given it out and it still works.
    pub(super) async fn recipient(&self, address: &str) -> Result<Option<Recipient>, db::Error> {
        let Some((local, domain)) = address.rsplit_once('@') else { return Ok(None) };
        if !domain.eq_ignore_ascii_case(&self.domain) {
            return Ok(None);
        }
        let local = local.to_owned();
        let found = self.app.db.read(move |tx| address::find(tx, &local)).await?;
        Ok(found.map(Recipient))
    }

    pub(super) async fn begin(&self, to: &Recipient) -> io::Result<Incoming> {
        let writer = Some(self.app.blobs.create().await?);
        let (head, size, limit) = (Vec::new(), 0, self.limit);
        Ok(Incoming { to: *to, writer, head, size, limit, failed: false })
    }

    /// Takes a mail on, which is durable before this answers [`Verdict::Taken`].
    pub(super) async fn finish(&self, incoming: Incoming) -> Verdict {
        match self.decide(incoming).await {
            Ok(verdict) => verdict,
            Err(error) => {
                tracing::error!(%error, "cannot take a mail");
                Verdict::TryAgain
            }
        }
    }

    async fn decide(&self, incoming: Incoming) -> anyhow::Result<Verdict> {
        let Incoming { to: Recipient(to), writer, head, failed, .. } = incoming;
        if failed {
            return Ok(Verdict::TryAgain);
        }
        let Some(writer) = writer else { return Ok(Verdict::TooBig) };
        let Some(about) = about(&head, &self.domain) else { return Ok(Verdict::NoMail) };
        if let Some(why) = about.machine {
            // Refusing it would make its server write to somebody, who may be a machine again.
            tracing::info!(why, "a mail of a machine is dropped");
            return Ok(Verdict::Taken);
        }
        let Some(from) = about.from else { return Ok(Verdict::NoSender) };
        let now = self.app.clock.now();
        let asked = self.app.db.read(move |tx| received::sender(tx, &to, &from, now)).await?;
        let from = match asked {
            Ok(user) => user,
            Err(refusal) => {
                tracing::info!(address = %to.id, ?refusal, "a mail is refused");
                return Ok(match refusal {
                    Refusal::Stranger => Verdict::Stranger,
                    Refusal::NotOwner => Verdict::NotOwner,
                });
            }
        };
        let blob = writer.finish().await?;
        let new = NewMail {
            to: to.id,
            from,
            // Two mails without an id are one mail only when they are alike to the last byte.
            message_id: about.message_id.unwrap_or_else(|| blob.sha256.clone()),
            blob: blob.id.to_string(),
            size: i64::try_from(blob.size)?,
            sha256: blob.sha256.clone(),
        };
        let taken = self.app.db.write(move |tx| received::accept(tx, &new, now)).await?;
        if taken {
            self.app.signals.wake(jobs::TOPIC);
        } else {
            tracing::info!(address = %to.id, "a mail that came before is dropped");
            self.app.blobs.remove(&blob.id).await?;
        }
        Ok(Verdict::Taken)
    }
}
