use std::{net::SocketAddr, path::PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use figment::{
    Figment,
    providers::{Env, Format, Serialized, Toml},
};
use halyard_platform::outbound::Network;
use serde::{Deserialize, Serialize};

/// Everything an operator can choose. Flags win over the environment (`HALYARD_…`), which wins
/// over `halyard.toml`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) listen: SocketAddr,
    pub(crate) data_dir: PathBuf,
    pub(crate) database: Option<String>,
    pub(crate) public_url: Option<String>,
    pub(crate) trusted_proxies: Vec<Network>,
    pub(crate) proxy_header: ProxyHeader,
    pub(crate) open_registration: bool,
    pub(crate) oauth_token_lifetime: u32,
    pub(crate) body_limit: u64,
    pub(crate) upload_limit: u64,
    pub(crate) outbound_allow: Vec<Network>,
    pub(crate) outbound_unverified: bool,
    pub(crate) smtp_url: Option<String>,
    pub(crate) mail_from: Option<String>,
    pub(crate) mail_notifications: bool,
    pub(crate) mail_domain: Option<String>,
    pub(crate) smtp_listen: Option<SocketAddr>,
    pub(crate) smtps_listen: Option<SocketAddr>,
    pub(crate) smtp_certificate: Option<PathBuf>,
    pub(crate) smtp_key: Option<PathBuf>,
    pub(crate) mail_limit: u64,
    pub(crate) log: String,
    pub(crate) log_format: LogFormat,
    pub(crate) readers: Option<usize>,
    pub(crate) writers: Option<usize>,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Where trusted proxies write about their clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ProxyHeader {
    /// `X-Forwarded-For` and its kin.
    XForwardedFor,
    /// `Forwarded`.
    Forwarded,
}

/// Name, meaning: what `--print-config` shows beside the value in force.
const KEYS: &[(&str, &str)] = &[
    ("listen", "address and port to serve on"),
    ("data_dir", "folder of the database, the uploaded files and written mails"),
    ("database", "postgres://… URL; SQLite in data_dir when not set"),
    (
        "public_url",
        "address under which people reach the server, for links; else taken from each request",
    ),
    (
        "trusted_proxies",
        "addresses of proxies in front of the server, such as [\"127.0.0.1\", \"10.0.0.0/8\"]; what they say about their clients counts for limits, the list of acts and links",
    ),
    (
        "proxy_header",
        "where these proxies write about their clients: x-forwarded-for (with -host and -proto), or forwarded (RFC 7239)",
    ),
    ("open_registration", "whether anybody may register, or only who was invited"),
    (
        "oauth_token_lifetime",
        "how long the tokens of applications live that renew theirs with refresh tokens, in seconds; tokens of others do not expire",
    ),
    ("body_limit", "largest ordinary request body, in bytes"),
    ("upload_limit", "largest uploaded file, in bytes"),
    (
        "outbound_allow",
        "addresses beyond the public Internet that requests to other servers may reach, such as [\"10.0.0.0/8\"]",
    ),
    (
        "outbound_unverified",
        "whether apps may ask for servers' certificates not to be verified (rejectUnauthorized)",
    ),
    (
        "smtp_url",
        "server that sends mails, such as smtps://user:password@mail.example.com or smtp://127.0.0.1:25; mails become files in data_dir when not set",
    ),
    (
        "mail_from",
        "sender of mails, such as Team <team@example.com>; halyard@ the host of public_url when not set",
    ),
    ("mail_notifications", "whether people get mails about what they have not read"),
    (
        "mail_domain",
        "host part of the addresses to which people can send posts; needed for smtp_listen",
    ),
    (
        "smtp_listen",
        "address and port to take mails for mail_domain on, such as 0.0.0.0:25; no mail comes in when not set",
    ),
    (
        "smtps_listen",
        "as smtp_listen, for mails that come in over TLS from the start, such as 0.0.0.0:465; needs smtp_certificate",
    ),
    (
        "smtp_certificate",
        "PEM file with the certificate for mails that come in, and those that it is signed by; smtp_listen offers STARTTLS then. Read again when it changes",
    ),
    ("smtp_key", "PEM file with the private key of smtp_certificate"),
    ("mail_limit", "largest mail that comes in, in bytes"),
    (
        "log",
        "what is logged: error, warn, info, debug, or a filter such as info,halyard_http_api=debug",
    ),
    ("log_format", "text or json"),
    ("readers", "threads or connections for reads; 2 on SQLite and 6 on PostgreSQL when not set"),
    ("writers", "connections for writes on PostgreSQL; 10 when not set"),
];

/// The flags that every command understands.
#[derive(Debug, Default, Args, Serialize)]
pub(crate) struct Flags {
    /// Folder of the database and the uploaded files [default: ./data]
    #[arg(long, global = true, value_name = "DIR")]
    #[serde(skip_serializing_if = "Option::is_none")]
    data_dir: Option<PathBuf>,
    /// postgres://… URL; SQLite in the data directory when not given
    #[arg(long, global = true, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    database: Option<String>,
    /// Configuration file [default: ./halyard.toml, if it exists]
    #[arg(long, global = true, value_name = "FILE")]
    #[serde(skip)]
    config: Option<PathBuf>,
    /// What is logged: error, warn, info, debug, or a filter [default: info]
    #[arg(long, global = true, value_name = "FILTER")]
    #[serde(skip_serializing_if = "Option::is_none")]
    log: Option<String>,
    /// How log lines look [default: text]
    #[arg(long, global = true, value_enum)]
    #[serde(skip_serializing_if = "Option::is_none")]
    log_format: Option<LogFormat>,
    /// Address to serve on; only `serve` takes it.
    #[arg(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) listen: Option<SocketAddr>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            data_dir: PathBuf::from("./data"),
            database: None,
            public_url: None,
            trusted_proxies: Vec::new(),
            proxy_header: ProxyHeader::XForwardedFor,
            open_registration: false,
            oauth_token_lifetime: 60 * 60,
            body_limit: 5 * 1024 * 1024,
            upload_limit: 100 * 1024 * 1024,
            outbound_allow: Vec::new(),
            outbound_unverified: false,
            smtp_url: None,
            mail_from: None,
            mail_notifications: true,
            mail_domain: None,
            smtp_listen: None,
            smtps_listen: None,
            smtp_certificate: None,
            smtp_key: None,
            mail_limit: 25 * 1024 * 1024,
            log: "info".to_owned(),
            log_format: LogFormat::Text,
            readers: None,
            writers: None,
        }
    }
}

impl Config {
    /// Merges defaults, file, environment and flags.
    pub(crate) fn load(flags: &Flags) -> anyhow::Result<Self> {
        let mut sources = Figment::from(Serialized::defaults(Self::default()));
        sources = match &flags.config {
            Some(file) => {
                if !file.exists() {
                    bail!("--config: {} does not exist", file.display());
                }
                sources.merge(Toml::file_exact(file))
            }
            None => sources.merge(Toml::file("halyard.toml")),
        };
        // The test suites use HALYARD_TEST_… and the scripts HALYARD_TARGET_DIR; neither is ours.
        let keys: Vec<&str> = KEYS.iter().map(|(name, _)| *name).collect();
        sources = sources.merge(Env::prefixed("HALYARD_").only(&keys));
        let mut config: Self =
            sources.merge(Serialized::defaults(flags)).extract().context("configuration")?;
        if let Some(url) = &mut config.public_url {
            url.truncate(url.trim_end_matches('/').len());
            if !url.starts_with("http://") && !url.starts_with("https://") {
                bail!(
                    "public_url must begin with http:// or https://, for example https://halyard.example.com"
                );
            }
        }
        if config.oauth_token_lifetime == 0 {
            bail!("oauth_token_lifetime must be at least 1 second");
        }
        let takes_mail = config.smtp_listen.is_some() || config.smtps_listen.is_some();
        if takes_mail && config.mail_domain.is_none() {
            bail!(
                "smtp_listen needs mail_domain, the host part of the addresses it takes mail for"
            );
        }
        if config.smtp_certificate.is_some() != config.smtp_key.is_some() {
            bail!("smtp_certificate and smtp_key belong together: set both, or none");
        }
        if config.smtps_listen.is_some() && config.smtp_certificate.is_none() {
            bail!("smtps_listen needs smtp_certificate and smtp_key");
        }
        if let Some(domain) = &mut config.mail_domain {
            domain.make_ascii_lowercase();
            if domain.is_empty() || domain.contains(|c: char| c == '@' || c.is_whitespace()) {
                bail!("mail_domain must be the name of a host, for example in.example.com");
            }
        }
        if let Some(url) = &config.database
            && !url.starts_with("postgres://")
            && !url.starts_with("postgresql://")
        {
            bail!(
                "database must be a postgres://… URL; leave it out for SQLite in {}",
                config.data_dir.display()
            );
        }
        Ok(config)
    }

    /// Every key with its meaning and the value in force, in the form of `halyard.toml`.
    pub(crate) fn explain(&self) -> anyhow::Result<String> {
        let values = serde_json::to_value(self)?;
        let mut text = String::new();
        for (name, meaning) in KEYS {
            let value = match &values[*name] {
                serde_json::Value::Null => format!("# {name} ="),
                value => format!("{name} = {value}"),
            };
            text.push_str(&format!("# {meaning} (HALYARD_{})\n{value}\n\n", name.to_uppercase()));
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_a_meaning_and_no_meaning_lacks_its_key() {
        let value = serde_json::to_value(Config::default()).unwrap();
        let mut keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
        let mut explained: Vec<&str> = KEYS.iter().map(|(name, _)| *name).collect();
        keys.sort_unstable();
        explained.sort_unstable();
        assert_eq!(explained, keys);
        let text = Config::default().explain().unwrap();
        for (name, meaning) in KEYS {
            assert!(meaning.len() > 10, "{name}");
            let set = text.lines().any(|line| {
                line.starts_with(&format!("{name} = ")) || line == format!("# {name} =")
            });
            assert!(set && text.contains(meaning), "{name} in {text}");
            assert!(text.contains(&format!("HALYARD_{}", name.to_uppercase())), "{name}");
        }
    }

    #[test]
    fn what_is_explained_can_be_read_back() {
        let text = Config::default().explain().unwrap();
        let read: Config = Figment::from(Serialized::defaults(Config::default()))
            .merge(Toml::string(&text))
            .extract()
            .unwrap();
        assert_eq!(
            serde_json::to_value(read).unwrap(),
            serde_json::to_value(Config::default()).unwrap()
        );
    }
}
