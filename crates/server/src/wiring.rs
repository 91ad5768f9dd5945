use std::{path::Path, sync::Arc};

use anyhow::{Context, bail};
use halyard_http_api::{App, Feed, Proxies, Settings};
use halyard_identity::{Familiar, LoginLimit, Passwords, Uses};
use halyard_platform::{
    blobs::Blobs,
    clock::Clock,
    db::{Db, Location, Migration, Options, Schema},
    outbound::{self, Outbound},
    random::Random,
    signals::Signals,
};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};

use crate::config::{Config, LogFormat, ProxyHeader};

/// The tables of every crate, in the order of their dependencies.
pub(crate) fn migrations() -> Vec<Migration> {
    [
        halyard_platform::MIGRATIONS,
        halyard_identity::MIGRATIONS,
        halyard_messaging::MIGRATIONS,
        halyard_automation::MIGRATIONS,
    ]
    .concat()
}

/// Where the database is, as configured.
pub(crate) fn location(config: &Config) -> Location {
    match &config.database {
        Some(url) => Location::Postgres(url.clone()),
        None => Location::Sqlite(config.data_dir.join("halyard.db")),
    }
}

/// Opens the store and brings it to the newest schema.
pub(crate) async fn open_store(config: &Config) -> anyhow::Result<Db> {
    let mut options = options(config);
    options.readers = config.readers.unwrap_or(options.readers);
    options.writers = config.writers.unwrap_or(options.writers);
    Db::open(options, migrations()).await.with_context(|| format!("cannot open {}", place(config)))
}

/// As [`open_store`], with few connections: for commands, of which many may run beside the server.
pub(crate) async fn open_for_command(config: &Config) -> anyhow::Result<Db> {
    open_few(config, Schema::Migrate(migrations())).await
}

/// Opens the store for a command that may run beside the server: few connections, no change of the
/// schema.
pub(crate) async fn open_beside(config: &Config, schema: Schema) -> anyhow::Result<Db> {
    if let Location::Sqlite(path) = location(config)
        && !path.exists()
    {
        bail!("there is no database at {}", path.display());
    }
    open_few(config, schema).await
}

/// As [`open_beside`], but a database that does not exist yet is made.
pub(crate) async fn open_few(config: &Config, schema: Schema) -> anyhow::Result<Db> {
    let mut options = options(config);
    (options.readers, options.writers) = (1, 1);
    Db::open_with(options, schema).await.with_context(|| format!("cannot open {}", place(config)))
}

fn options(config: &Config) -> Options {
    match location(config) {
        Location::Sqlite(path) => Options::sqlite(path),
        Location::Postgres(url) => Options::postgres(url),
    }
}

/// Where the database is, for people. The URL may hold a password.
pub(crate) fn place(config: &Config) -> String {
    match location(config) {
        Location::Sqlite(path) => path.display().to_string(),
        Location::Postgres(_) => "the PostgreSQL database".to_owned(),
    }
}

/// Opens the folder of the uploaded files.
pub(crate) fn open_blobs(data_dir: &Path) -> anyhow::Result<Blobs> {
    let folder = data_dir.join("blobs");
    Blobs::open(&folder).with_context(|| format!("cannot open {}", folder.display()))
}

/// Sets up the client for requests to other servers.
pub(crate) fn open_outbound(config: &Config) -> anyhow::Result<Outbound> {
    let own = [config.public_url.clone(), Some(format!("http://{}", config.listen))];
    let itself = own.into_iter().flatten().map(|text| {
        outbound::url(&text).with_context(|| format!("public_url: {text:?} is not an address"))
    });
    let itself = itself.collect::<anyhow::Result<_>>()?;
    let options = outbound::Options {
        allow: config.outbound_allow.clone(),
        itself,
        ..outbound::Options::default()
    };
    Outbound::new(options).context("the client for requests to other servers")
}

/// Puts the server together.
pub(crate) async fn app(config: &Config, db: Db) -> anyhow::Result<Arc<App>> {
    let (random, signals) = (Random::os(), Signals::new());
    let metrics = PrometheusBuilder::new()
        .set_buckets_for_metric(
            Matcher::Suffix("_seconds".to_owned()),
            &[0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2.0],
        )?
        .set_buckets_for_metric(
            Matcher::Suffix("_size".to_owned()),
            &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0],
        )?
        .install_recorder()?;
    Ok(Arc::new(App {
        outbound: open_outbound(config)?,
        blobs: open_blobs(&config.data_dir)?,
        feed: Feed::new(db.clone(), signals.clone()),
        db,
        clock: Clock::system(),
        passwords: Passwords::new(2, random.clone()),
        random,
        logins: LoginLimit::default(),
        signals,
        familiar: Familiar::default(),
        uses: Uses::default(),
        metrics: Some(metrics),
        settings: Settings {
            public_url: config.public_url.clone(),
            proxies: Proxies {
                trusted: config.trusted_proxies.clone(),
                header: match config.proxy_header {
                    ProxyHeader::XForwardedFor => halyard_http_api::ProxyHeader::XForwarded,
                    ProxyHeader::Forwarded => halyard_http_api::ProxyHeader::Forwarded,
                },
            },
            // An address without a listener would be a promise that nobody keeps.
            mail_domain: (config.smtp_listen.or(config.smtps_listen))
                .and_then(|_| config.mail_domain.clone()),
            open_registration: config.open_registration,
            token_lifetime: i64::from(config.oauth_token_lifetime) * 1000,
            body_limit: config.body_limit,
            upload_limit: config.upload_limit,
            ..Settings::default()
        },
    }))
}

/// Sends log lines to standard error.
pub(crate) fn start_logging(config: &Config) -> anyhow::Result<()> {
    let filter = tracing_subscriber::EnvFilter::try_new(&config.log)
        .with_context(|| format!("log: {:?} is not a filter", config.log))?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match config.log_format {
        LogFormat::Text => lines.with_target(false).init(),
        LogFormat::Json => lines.json().init(),
    }
    Ok(())
}
