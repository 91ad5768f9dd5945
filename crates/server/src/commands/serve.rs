use std::{future::IntoFuture, net::SocketAddr, process::ExitCode, sync::Arc, time::Duration};

use anyhow::{Context, anyhow};
use axum::serve::ListenerExt;
use clap::Args;
use halyard_automation::connections::keys_in_use;
use halyard_http_api::App;
use halyard_identity::{Purpose, SecretHash, count_users, issue_code};
use halyard_messaging::notification;
use halyard_platform::{db::statistics, random::Random};
use tokio::{net::TcpListener, sync::watch};

use crate::{
    automation::keys::KeyFile,
    config::Config,
    demo,
    mail::{self, Begins, Outbox},
    wiring::{self, start_logging},
    workers,
};

/// How long requests and jobs that run may go on after the signal to stop.
const GRACE: Duration = Duration::from_secs(20);
/// How long the set-up address works.
const SET_UP: i64 = 24 * 60 * 60 * 1000;

/// Flags of `halyard serve`.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Address and port to serve on [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    pub(super) listen: Option<SocketAddr>,
    /// Create the demo workspace first, and print how to use it
    #[arg(long)]
    demo: bool,
    /// Print every setting with its meaning and the value in force, and do nothing else
    #[arg(long)]
    print_config: bool,
}

/// Serves until the process is told to stop, then finishes what it has accepted.
pub(super) async fn run(mut config: Config, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    if arguments.print_config {
        super::print(config.explain()?.trim_end());
        return Ok(ExitCode::SUCCESS);
    }
    start_logging(&config)?;
    raise_file_limit();
    if arguments.demo {
        open_for_trying(&mut config)?;
    }
    let outbox = Outbox::open(&config)?;
    let db = wiring::open_store(&config).await?;
    let keys = KeyFile::of(&config.data_dir);
    keys.ensure(&Random::os())?;
    if let Some(missing) = keys.missing(&db.read(keys_in_use).await?) {
        tracing::warn!("{missing}");
    }
    let app = wiring::app(&config, db).await?;
    let listener = TcpListener::bind(config.listen).await.with_context(|| {
        format!("listen: cannot serve on {}; choose another address with --listen", config.listen)
    })?;
    let address = listener.local_addr()?;
    let mail = take_mail(&app, &config).await?;
    if arguments.demo {
        let credentials = demo::create(&app.db, &app.blobs, &app.clock, &app.random).await?;
        super::print(&demo::welcome(&credentials, address));
    } else {
        offer_set_up(&app, address).await?;
    }
    let working = workers::start(&app, outbox);
    app.db.write(notification::begin).await?;
    let mut following = workers::follow_events(&app);
    if config.mail_notifications {
        following.push(mail::notices::start(&app).await?);
    }
    let delivering = halyard_http_api::twist::hooks::start(&app).await?;
    let keeping = workers::housekeeping(app.clone(), config.data_dir.clone());
    let statistics = statistics::keep(app.db.clone());
    let served = serve(listener, &app).await;
    keeping.abort();
    drop(statistics);
    for mail in mail {
        mail.stop(GRACE).await;
    }
    for follower in following {
        follower.stop().await;
    }
    if let Err(error) = workers::write_uses(&app).await {
        tracing::warn!(error = format!("{error:#}"), "the last uses of tokens are not noted");
    }
    let (stopped, _) = tokio::join!(working.stop(GRACE), delivering.stop(GRACE));
    app.db.close().await;
    tracing::info!(jobs_ended = stopped.ended, jobs_released = stopped.released, "stopped");
    served?;
    Ok(ExitCode::SUCCESS)
}

/// Listens for mail, where that is wanted.
async fn take_mail(app: &Arc<App>, config: &Config) -> anyhow::Result<Vec<mail::Listening>> {
    let Some(domain) = &config.mail_domain else { return Ok(Vec::new()) };
    let tls = match (&config.smtp_certificate, &config.smtp_key) {
        (Some(certificate), Some(key)) => Some(mail::Tls::open(certificate, key)?),
        _ => None,
    };
    let intake = mail::Intake::new(app.clone(), domain.clone(), config.mail_limit, tls);
    let intake = Arc::new(intake);
    let wanted = [(config.smtp_listen, Begins::Plain), (config.smtps_listen, Begins::Encrypted)];
    let mut listening = Vec::new();
    for (address, begins) in wanted {
        if let Some(address) = address {
            listening.push(mail::listen(address, begins, intake.clone()).await?);
        }
    }
    Ok(listening)
}

async fn serve(listener: TcpListener, app: &Arc<App>) -> anyhow::Result<()> {
    let address = listener.local_addr()?;
    let routes = halyard_http_api::router(app);
    // Answers are small and complete: waiting to fill a packet only adds delay.
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "no TCP_NODELAY");
        }
    });
    let (stop, mut stopping) = watch::channel(false);
    let server = axum::serve(listener, routes.into_make_service_with_connect_info::<SocketAddr>())
        .with_graceful_shutdown(async move {
            // An error means that the sender is gone, which is a reason to stop too.
            stopping.wait_for(|stop| *stop).await.ok();
        });
    let told_to_stop = super::told_to_stop()?;
    tracing::info!(%address, "serving");
    let mut running = tokio::spawn(server.into_future());
    tokio::select! {
        ended = &mut running => ended.context("the server task")?.context("serving")?,
        () = told_to_stop => {
            tracing::info!("stopping: finishing what was accepted");
            stop.send_replace(true);
            app.feed.close();
            match tokio::time::timeout(GRACE, &mut running).await {
                Ok(ended) => ended.context("the server task")?.context("serving")?,
                Err(_) => {
                    tracing::warn!("some requests did not finish in time");
                    running.abort();
                }
            }
        }
    }
    Ok(())
}

/// In a demo everybody may try everything, also webhooks to a program on the same machine; unless
/// others reach the demo, who must not reach that machine through it.
fn open_for_trying(config: &mut Config) -> anyhow::Result<()> {
    config.open_registration = true;
    if config.listen.ip().is_loopback() {
        for network in ["127.0.0.0/8", "::1"] {
            let network = network.parse().map_err(|error| anyhow!("{network}: {error}"))?;
            config.outbound_allow.push(network);
        }
    }
    Ok(())
}

/// Each connection takes a file of the process, and systems allow few unless asked.
fn raise_file_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!(%error, "cannot raise the limit of open files");
    }
}

/// An empty installation gets an address under which its first administrator signs up, once.
async fn offer_set_up(app: &App, address: SocketAddr) -> anyhow::Result<()> {
    let secret = app.random.hex(20);
    let (hash, clock) = (SecretHash::of(&secret), app.clock.clone());
    let offered = app
        .db
        .write(move |tx| -> Result<bool, halyard_identity::Error> {
            if count_users(tx)? > 0 {
                return Ok(false);
            }
            issue_code(tx, Purpose::SetUp, None, &hash, clock.now() + SET_UP)?;
            Ok(true)
        })
        .await?;
    if offered {
        let base = app.settings.public_url.clone().unwrap_or_else(|| format!("http://{address}"));
        super::print(&format!(
            "Nobody is here yet. Set up the first administrator at\n\n    {base}/setup?code={secret}\n\n\
             The address works once, for 24 hours; starting again makes a new one."
        ));
    }
    Ok(())
}
