//! The certificate of the SMTP listener.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use anyhow::Context;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::timeout,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring::default_provider,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    },
};

/// Longest handshake.
const HANDSHAKE: Duration = Duration::from_secs(60);

/// One side of a conversation, encrypted or not.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A certificate and its key, read again when one of the files has changed: certificates are
/// renewed every few weeks, and nobody restarts the server for that.
pub(crate) struct Tls {
    certificate: PathBuf,
    key: PathBuf,
    now: Mutex<Loaded>,
}

#[derive(Clone)]
struct Loaded {
    changed: [SystemTime; 2],
    acceptor: TlsAcceptor,
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// When they cannot be read, or do not belong together.
    pub(crate) fn open(certificate: &Path, key: &Path) -> anyhow::Result<Self> {
        let loaded = load(certificate, key)?;
        let (certificate, key) = (certificate.to_owned(), key.to_owned());
        Ok(Self { certificate, key, now: Mutex::new(loaded) })
    }

    /// Encrypts a conversation from here on.
    ///
    /// # Errors
    /// When the other side does not do its part.
    pub(super) async fn accept(&self, stream: Box<dyn Stream>) -> io::Result<Box<dyn Stream>> {
        let shaken = timeout(HANDSHAKE, self.acceptor().accept(stream)).await;
        Ok(Box::new(shaken.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??))
    }

    fn acceptor(&self) -> TlsAcceptor {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        if changed(&self.certificate, &self.key).ok() != Some(now.changed) {
            match load(&self.certificate, &self.key) {
                Ok(loaded) => *now = loaded,
                // One of the two files may be written already, and the other one not.
                Err(error) => {
                    let error = format!("{error:#}");
                    tracing::warn!(error, "the old certificate for mail stays in use");
                }
            }
        }
        now.acceptor.clone()
    }
}

fn changed(certificate: &Path, key: &Path) -> io::Result<[SystemTime; 2]> {
    Ok([fs::metadata(certificate)?.modified()?, fs::metadata(key)?.modified()?])
}

fn load(certificate: &Path, key: &Path) -> anyhow::Result<Loaded> {
    let named = |name: &str, path: &Path| format!("{name}: {}", path.display());
    let changed = changed(certificate, key).context("smtp_certificate or smtp_key")?;
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .with_context(|| named("smtp_certificate", certificate))?;
    let private = PrivateKeyDer::from_pem_file(key).with_context(|| named("smtp_key", key))?;
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .with_context(|| named("smtp_certificate", certificate))?;
    Ok(Loaded { changed, acceptor: TlsAcceptor::from(Arc::new(config)) })
}
