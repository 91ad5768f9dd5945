use std::time::Duration;

use halyard_identity::{Familiar, LoginLimit, Passwords, Uses};
use halyard_platform::{
    blobs::Blobs,
    clock::{Clock, Millis},
    db::Db,
    outbound::Outbound,
    random::Random,
    signals::Signals,
};
use metrics_exporter_prometheus::PrometheusHandle;

use super::proxy::Proxies;

/// What the handlers work with.
pub struct App {
    /// The store.
    pub db: Db,
    /// Uploaded files.
    pub blobs: Blobs,
    /// Requests to servers of others.
    pub outbound: Outbound,
    /// The time.
    pub clock: Clock,
    /// Secrets and identifiers.
    pub random: Random,
    /// Hashing on threads of its own.
    pub passwords: Passwords,
    /// Slows down guessing.
    pub logins: LoginLimit,
    /// Who has been here before.
    pub familiar: Familiar,
    /// Which tokens of sign-ins are in use.
    pub uses: Uses,
    /// Who is listening to what happens.
    pub feed: crate::Feed,
    /// Wakes the workers.
    pub signals: Signals,
    /// Renders the metrics, when they are recorded.
    pub metrics: Option<PrometheusHandle>,
    /// What the operator has chosen.
    pub settings: Settings,
}

/// Choices of the operator that the handlers need.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Address under which people reach the server, without a slash at its end, for links in mails
    /// and answers. Without it links start at the host that the request, or a trusted proxy,
    /// names.
    pub public_url: Option<String>,
    /// What stands between the server and its clients.
    pub proxies: Proxies,
    /// Host part of the addresses to which people can send posts; none where no mail comes in.
    pub mail_domain: Option<String>,
    /// Whether anybody may register; else only who was invited.
    pub open_registration: bool,
    /// Bytes of an ordinary request body.
    pub body_limit: u64,
    /// Bytes of an uploaded file.
    pub upload_limit: u64,
    /// How long access tokens live of applications that renew theirs, in milliseconds.
    pub token_lifetime: Millis,
    /// How long the target of a webhook may take to begin its answer.
    pub hook_time: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            public_url: None,
            proxies: Proxies::default(),
            mail_domain: None,
            open_registration: false,
            // Both as in the vendor documentation.
            body_limit: 5 * 1024 * 1024,
            upload_limit: 100 * 1024 * 1024,
            token_lifetime: 60 * 60 * 1000,
            // As in the vendor documentation.
            hook_time: Duration::from_secs(10),
        }
    }
}
