//! Whose certificates are believed.

use std::sync::Arc;

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
    server::ParsedCertificate,
};

use super::{ClientCertificate, Error, Trust};

/// Encryption for connections to others: Mozilla's certificate authorities, nothing of the machine.
pub fn tls() -> ClientConfig {
    config(&Trust::Usual, None).expect("the authorities that are part of the program are usable")
}

/// Encryption that believes these certificates, and shows one to servers that ask for it.
pub(super) fn config(
    trust: &Trust,
    shown: Option<&ClientCertificate>,
) -> Result<ClientConfig, Error> {
    let provider = Arc::new(ring::default_provider());
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .expect("ring knows the versions that rustls asks for");
    let verifier: Option<Arc<dyn ServerCertVerifier>> = match trust {
        Trust::Usual => None,
        Trust::Anything => Some(Arc::new(Unverified(provider))),
        Trust::Also(pem) => {
            let unusable = |reason: String| Error::Tls {
                host: "the given certificate authority".to_owned(),
                reason,
            };
            let given = CertificateDer::pem_slice_iter(pem.as_bytes())
                .collect::<Result<Vec<_>, _>>()
                .map_err(|error| unusable(error.to_string()))?;
            if given.is_empty() {
                return Err(unusable("it holds no certificate in PEM".to_owned()));
            }
            for certificate in &given {
                roots.add(certificate.clone()).map_err(|error| unusable(error.to_string()))?;
            }
            let usual =
                WebPkiServerVerifier::builder_with_provider(Arc::new(roots.clone()), provider)
                    .build()
                    .map_err(|error| unusable(error.to_string()))?;
            Some(Arc::new(Given { usual, given }))
        }
    };
    let builder = match verifier {
        None => builder.with_root_certificates(roots),
        Some(verifier) => builder.dangerous().with_custom_certificate_verifier(verifier),
    };
    match shown {
        None => Ok(builder.with_no_client_auth()),
        Some(certificate) => certificate.shown(builder),
    }
}

/// Believes the usual authorities and given ones, and given certificates themselves: those that sign
/// themselves are no authority to the usual check.
#[derive(Debug)]
struct Given {
    usual: Arc<WebPkiServerVerifier>,
    given: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for Given {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        status: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let checked = self.usual.verify_server_cert(certificate, between, name, status, now);
        match checked {
            Err(rustls::Error::InvalidCertificate(
                CertificateError::UnknownIssuer | CertificateError::Other(_),
            )) if self.given.iter().any(|given| given == certificate) => {
                verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
                Ok(ServerCertVerified::assertion())
            }
            checked => checked,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.usual.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.usual.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.usual.supported_verify_schemes()
    }
}

/// Believes whoever answers, as long as the handshake itself is in order.
#[derive(Debug)]
struct Unverified(Arc<CryptoProvider>);

impl ServerCertVerifier for Unverified {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
