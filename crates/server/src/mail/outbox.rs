use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context, bail};
use halyard_identity::Mail;
use halyard_platform::jobs::{Done, Failure, Job, Policy};
use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport, Tokio1Executor, address::Envelope,
    transport::smtp::extension::ClientId,
};

use super::{
    files,
    render::{Sender, render},
};
use crate::config::Config;

/// Longest time for one step of a conversation with the SMTP server.
const TIMEOUT: Duration = Duration::from_secs(60);

/// When a mail is tried again: over a day and a half, because mail servers are repaired by people.
pub(crate) const RETRIES: Policy = Policy {
    max_attempts: 20,
    base: Duration::from_secs(5),
    cap: Duration::from_secs(4 * 60 * 60),
};

/// Where mails go.
#[derive(Clone)]
pub(crate) struct Outbox {
    sender: Arc<Sender>,
    way: Way,
}

#[derive(Clone)]
enum Way {
    Files(PathBuf),
    Smtp { transport: Box<AsyncSmtpTransport<Tokio1Executor>>, from: Address },
}

impl Outbox {
    /// As configured; nothing is connected yet.
    ///
    /// # Errors
    /// For an `smtp_url` or `mail_from` that makes no sense.
    pub(crate) fn open(config: &Config) -> anyhow::Result<Self> {
        let host = match &config.mail_domain {
            Some(domain) => domain.clone(),
            None => host_of(config.public_url.as_deref()),
        };
        let (name, address) = match &config.mail_from {
            Some(from) => split(from),
            None => ("Halyard".to_owned(), format!("halyard@{host}")),
        };
        let way = match &config.smtp_url {
            None => Way::Files(config.data_dir.clone()),
            Some(url) => {
                let Ok(from) = address.parse::<Address>() else {
                    bail!("mail_from: {address:?} is no mail address");
                };
                let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)
                    .context("smtp_url: expected smtp://host:25 or smtps://user:password@host")?
                    .hello_name(ClientId::Domain(host.clone()))
                    .timeout(Some(TIMEOUT))
                    .build();
                Way::Smtp { transport: Box::new(transport), from }
            }
        };
        Ok(Self { sender: Arc::new(Sender { name, address, host }), way })
    }

    /// Sends the mail of a job.
    ///
    /// Into a file: idempotent. By SMTP: when we die after the server has accepted it, the mail
    /// goes out again with the same message id, by which programs tell that it is the same.
    pub(crate) async fn send(&self, job: Job) -> Result<Done, Failure> {
        let mail: Mail = job.decode()?;
        let text = render((job.id, job.due_at), &self.sender, &mail);
        match &self.way {
            Way::Files(data_dir) => {
                let (data_dir, id) = (data_dir.clone(), job.id);
                let written =
                    tokio::task::spawn_blocking(move || files::write(&data_dir, id, &text))
                        .await
                        .map_err(|error| Failure::temporary(error.to_string()))?;
                let path = written.map_err(|error| {
                    Failure::temporary(format!("cannot write the mail: {error}"))
                })?;
                tracing::debug!(path = %path.display(), "mail written");
            }
            Way::Smtp { transport, from } => {
                let to = mail.to.parse::<Address>().map_err(|error| {
                    Failure::permanent(format!("no address of a recipient: {error}"))
                })?;
                let envelope = Envelope::new(Some(from.clone()), vec![to])
                    .map_err(|error| Failure::permanent(error.to_string()))?;
                transport.send_raw(&envelope, text.as_bytes()).await.map_err(|error| {
                    // The answer of the server is in the error; 5xx will not become better.
                    if error.is_permanent() {
                        Failure::permanent(format!("the mail server refuses it: {error}"))
                    } else {
                        Failure::temporary(format!("cannot reach the mail server: {error}"))
                    }
                })?;
                tracing::debug!(job_id = job.id, "mail sent");
            }
        }
        Ok(Done::Finished)
    }
}

/// `Name <address>` or only an address.
fn split(from: &str) -> (String, String) {
    match from.trim().strip_suffix('>').and_then(|from| from.rsplit_once('<')) {
        Some((name, address)) => {
            (name.trim().trim_matches('"').replace(char::is_control, " "), address.to_owned())
        }
        None => ("Halyard".to_owned(), from.trim().to_owned()),
    }
}

/// The host part of an address such as `https://halyard.example.com:8443`, for sender and message
/// id; `localhost` when there is none.
fn host_of(public_url: Option<&str>) -> String {
    let rest = public_url.and_then(|url| url.split_once("://")).map_or("", |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or_default();
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => authority,
    };
    if host.is_empty() { "localhost".to_owned() } else { host.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_of_an_address() {
        for (url, host) in [
            (None, "localhost"),
            (Some("https://h.example.com"), "h.example.com"),
            (Some("http://h.example.com:8080/x"), "h.example.com"),
            (Some("http://[::1]:80"), "[::1]"),
        ] {
            assert_eq!(host_of(url), host);
        }
    }

    #[test]
    fn senders_have_a_name_and_an_address() {
        for (from, name, address) in [
            ("team@example.com", "Halyard", "team@example.com"),
            ("The Team <team@example.com>", "The Team", "team@example.com"),
            ("\"Team, the\" <t@example.com>", "Team, the", "t@example.com"),
        ] {
            assert_eq!(split(from), (name.to_owned(), address.to_owned()));
        }
    }

    #[tokio::test]
    async fn settings_that_make_no_sense_are_refused_at_the_start() {
        let refused = |url: &str, from: &str| {
            let config = Config {
                smtp_url: Some(url.to_owned()),
                mail_from: Some(from.to_owned()),
                ..Config::default()
            };
            Outbox::open(&config).is_err()
        };
        assert!(!refused("smtp://127.0.0.1:2525", "a@example.com"));
        assert!(!refused("smtps://user:secret@mail.example.com", "A <a@example.com>"));
        assert!(refused("http://mail.example.com", "a@example.com"));
        assert!(refused("smtp://127.0.0.1", "nobody"));
    }
}
