//! Who we are to servers that ask for a certificate.

use std::{fmt, sync::Arc};

use rustls::{
    ClientConfig, ConfigBuilder, InconsistentKeys,
    client::WantsClientCert,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject},
    sign::CertifiedKey,
};

use super::Error;

/// A certificate with its private key, which servers that ask for one are shown. Clones share it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ClientCertificate {
    chain: Arc<str>,
    key: Arc<str>,
}

// The key is nobody's business.
impl fmt::Debug for ClientCertificate {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("ClientCertificate")
    }
}

impl ClientCertificate {
    /// Certificate and key in PEM. Behind the certificate may stand those that lead to an authority.
    #[must_use]
    pub fn new(chain: &str, key: &str) -> Self {
        Self { chain: chain.into(), key: key.into() }
    }

    /// Refuses what no server could be shown: no certificate, no key, or two that do not belong
    /// together.
    ///
    /// # Errors
    /// [`Error::ClientCertificate`], with what is wrong.
    pub fn check(&self) -> Result<(), Error> {
        let (chain, key) = self.parts()?;
        let paired = CertifiedKey::from_der(chain, key, &ring::default_provider());
        paired.map(drop).map_err(unpaired)
    }

    pub(super) fn shown(
        &self,
        builder: ConfigBuilder<ClientConfig, WantsClientCert>,
    ) -> Result<ClientConfig, Error> {
        let (chain, key) = self.parts()?;
        builder.with_client_auth_cert(chain, key).map_err(unpaired)
    }

    fn parts(&self) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), Error> {
        let chain = CertificateDer::pem_slice_iter(self.chain.as_bytes())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| unusable(format!("the certificate is no PEM ({error})")))?;
        if chain.is_empty() {
            return Err(unusable("there is no certificate in PEM"));
        }
        let key =
            PrivateKeyDer::from_pem_slice(self.key.as_bytes()).map_err(|error| match error {
                pem::Error::NoItemsFound if self.key.contains("ENCRYPTED PRIVATE KEY") => {
                    unusable("the private key is locked with a password; give it without one")
                }
                pem::Error::NoItemsFound => unusable("there is no private key in PEM"),
                other => unusable(format!("the private key is no PEM ({other})")),
            })?;
        Ok((chain, key))
    }
}

fn unpaired(error: rustls::Error) -> Error {
    match error {
        rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
            unusable("the private key belongs to another certificate")
        }
        other => unusable(other.to_string()),
    }
}

fn unusable(reason: impl Into<String>) -> Error {
    Error::ClientCertificate(reason.into())
}
