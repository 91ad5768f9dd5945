use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use clap::Args;
use halyard_automation::{
    apps::function::Scripts,
    connections::{Findings, Making, Pending, Secrets, Step},
};
use halyard_iml::Text;
use halyard_platform::{outbound, random::Random};

use super::{app_of, make::wanted};
use crate::{
    automation::{
        callback::{Waiting, pairs},
        duration::span,
        input::{self, Settings},
        tools::{Tools, Whose, in_words},
    },
    commands::print,
};

/// How a person visits the service, for connections that need it.
#[derive(Args)]
pub(crate) struct Visit {
    /// Where the service sends the browser back to, as it is registered there; an address of this
    /// machine of our choice when not given
    #[arg(long, value_name = "URI")]
    redirect_uri: Option<String>,
    /// Listen for nothing: the address that the browser ends at is pasted into standard input
    #[arg(long)]
    print_only: bool,
    /// How long to wait for the browser
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = span)]
    wait: Duration,
    /// Ask for what this module needs, and not for what all need; can be given several times
    #[arg(long = "for", value_name = "MODULE")]
    modules: Vec<String>,
    /// Ask for this too; can be given several times
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
}

impl Visit {
    /// The modules that the connection is for; none for all.
    pub(super) fn modules(&self) -> &[String] {
        &self.modules
    }

    /// What is asked for besides.
    pub(super) fn scopes(&self) -> impl Iterator<Item = Text> + '_ {
        self.scopes.iter().map(|scope| Text::from(scope.as_str()))
    }
}

/// Flags of `halyard connection authorize`.
#[derive(Args)]
pub(crate) struct Arguments {
    /// What it is called
    name: String,
    /// The app, when it is no longer where it was
    #[arg(long, value_name = "DIR|NAME")]
    app: Option<String>,
    #[command(flatten)]
    settings: Settings,
    #[command(flatten)]
    whose: Whose,
    #[command(flatten)]
    visit: Visit,
}

/// Authorizes a connection again.
pub(super) async fn run(tools: &Tools, arguments: Arguments) -> anyhow::Result<()> {
    let whose = arguments.whose.id();
    let connection = tools.store.load(whose, &arguments.name).await?;
    let app = app_of(&connection.listed, arguments.app.as_deref())?;
    let about = &connection.listed.about;
    let described = app.connections.get(&about.kind).with_context(|| {
        format!("kind: the app {} no longer has the connection {}", app.name, about.kind)
    })?;
    let given = arguments.settings.read()?;
    if given.iter().any(|(name, _)| name == "baseUrl") {
        bail!("set: another server is another connection; add a new one with its base-url");
    }
    let parameters = input::fill(&described.parameters, &given, &connection.secrets.parameters)?;
    let making = Making {
        host: &tools.host,
        app: &app,
        functions: &Scripts::new(&app.functions),
        kind: &about.kind,
        secrets: Secrets { parameters: parameters.clone(), data: connection.secrets.data.clone() },
        base_url: about.base_url.clone(),
        redirect_uri: None,
        scopes: wanted(&app, &about.kind, &arguments.visit, &connection.listed.scopes)?,
        state: Random::os().hex(16),
    };
    let found = established(making, &arguments.visit).await?;
    let renewed = tools.store.renew(connection, parameters, found).await?;
    print(&format!("connection authorized: {}", in_words(&renewed.listed)));
    Ok(())
}

/// Makes a connection, with the visit of a person where that is needed.
pub(super) async fn established(mut making: Making<'_>, visit: &Visit) -> anyhow::Result<Findings> {
    let mut waiting = match (visit.print_only, making.needs_a_visit()) {
        (false, true) => Some(Waiting::begin(visit.redirect_uri.as_deref()).await?),
        _ => None,
    };
    making.redirect_uri = match (&waiting, &visit.redirect_uri) {
        (Some(waiting), _) => Some(waiting.redirect_uri.clone()),
        (None, Some(uri)) => Some(uri.clone()),
        (None, None) if making.needs_a_visit() => {
            bail!("redirect-uri: --print-only needs the address that is registered at the service")
        }
        (None, None) => None,
    };
    let failed = |failure: halyard_automation::apps::run::Failure| anyhow!("{}", failure.error);
    let pending = match making.begin().await.map_err(failed)? {
        Step::Done(found) => return Ok(*found),
        Step::Browse(pending) => pending,
    };
    print(pending.address.as_str());
    let Some(waiting) = &mut waiting else {
        eprintln!("Open this address, and paste the one that the browser ends at:");
        return making.finish(&pending, &pasted()?).await.map_err(failed);
    };
    eprintln!("Open this address in a browser on this machine; waiting for it to come back.");
    let callback = waiting.wait(visit.wait).await?;
    let query = callback.query.clone();
    let done = finished(&making, &pending, &query).await;
    match &done {
        Ok(_) => callback.show(true, "The connection is made. You can close this window."),
        Err(error) => callback.show(false, &format!("The connection is not made: {error:#}")),
    }
    Waiting::settle().await;
    done
}

async fn finished(
    making: &Making<'_>,
    pending: &Pending,
    query: &[(String, String)],
) -> anyhow::Result<Findings> {
    making.finish(pending, query).await.map_err(|failure| anyhow!("{}", failure.error))
}

/// The query of an address that somebody pastes.
fn pasted() -> anyhow::Result<Vec<(String, String)>> {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).context("reading the address")?;
    let url = outbound::url(line.trim()).context("the address that the browser ended at")?;
    Ok(pairs(url.query().unwrap_or_default()))
}
