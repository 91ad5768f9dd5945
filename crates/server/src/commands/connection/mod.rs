//! `halyard connection`: how apps reach services, with whose credentials.

mod authorize;
mod keys;
mod list;
mod make;

use std::process::ExitCode;

use anyhow::Context;
use clap::Subcommand;
use halyard_automation::{
    apps::{App, function::Scripts},
    connections::{Access, Listed},
};

use super::print;
use crate::{
    automation::{
        source,
        tools::{Tools, Whose, explain, in_words, start_logging},
    },
    config::Config,
};

/// What can be done with connections.
#[derive(Subcommand)]
pub(crate) enum Action {
    /// Makes a connection, tests it, and keeps it encrypted
    Add(make::Arguments),
    /// Tests a connection; exits with 1 when the service does not accept it
    Test {
        /// What it is called
        name: String,
        /// The app, when it is no longer where it was
        #[arg(long, value_name = "DIR|NAME")]
        app: Option<String>,
        #[command(flatten)]
        whose: Whose,
    },
    /// Lists connections without their secrets
    List {
        /// Print one JSON list instead of text
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        whose: Whose,
    },
    /// Authorizes a connection again, also for more scopes or with other credentials
    Authorize(authorize::Arguments),
    /// Tells the service that its tokens are no longer wanted, and forgets the connection
    Remove {
        /// What it is called
        name: String,
        /// The app, when it is no longer where it was
        #[arg(long, value_name = "DIR|NAME")]
        app: Option<String>,
        #[command(flatten)]
        whose: Whose,
    },
    /// Makes a new key and encrypts every connection with it
    RotateKey,
}

/// Runs one of them.
pub(super) async fn run(config: Config, action: Action) -> anyhow::Result<ExitCode> {
    start_logging(&config)?;
    let tools = Tools::open(&config).await?;
    let done = match action {
        Action::Add(arguments) => make::run(&tools, arguments).await,
        Action::Test { name, app, whose } => test(&tools, &name, app.as_deref(), whose).await,
        Action::List { json, whose } => list::run(&tools, json, whose).await,
        Action::Authorize(arguments) => authorize::run(&tools, arguments).await,
        Action::Remove { name, app, whose } => remove(&tools, &name, app.as_deref(), whose).await,
        Action::RotateKey => keys::rotate(&tools).await,
    };
    tools.db.close().await;
    done.map(|()| ExitCode::SUCCESS)
}

/// The app of a connection: the one that is named, or the one that it was made with.
fn app_of(listed: &Listed, named: Option<&str>) -> anyhow::Result<App> {
    let about = &listed.about;
    let which = named.or(about.source.as_deref()).unwrap_or(&about.app);
    let found = source::open(which).with_context(|| {
        format!("the app of connection {:?}; say with --app where it is", about.name)
    })?;
    Ok(found.app)
}

async fn test(tools: &Tools, name: &str, app: Option<&str>, whose: Whose) -> anyhow::Result<()> {
    let listed = tools.store.look(whose.id(), name).await?;
    let app = app_of(&listed, app)?;
    let functions = Scripts::new(&app.functions);
    let access =
        Access { store: &tools.store, host: &tools.host, app: &app, functions: &functions };
    let tested = access.test(whose.id(), name).await.map_err(explain)?;
    print(&format!("works: {}", in_words(&tested.listed)));
    Ok(())
}

async fn remove(tools: &Tools, name: &str, app: Option<&str>, whose: Whose) -> anyhow::Result<()> {
    let listed = tools.store.look(whose.id(), name).await?;
    // A connection that can no longer be read, or whose app or service is gone, can still be
    // removed; then its tokens have to be ended at the service.
    if let Err(error) = invalidate(tools, &listed, app).await {
        eprintln!("halyard: the service was not told: {error:#}");
    }
    tools.store.remove(listed.id).await?;
    print(&format!("connection {name} is removed"));
    Ok(())
}

async fn invalidate(tools: &Tools, listed: &Listed, app: Option<&str>) -> anyhow::Result<()> {
    let app = app_of(listed, app)?;
    let about = &listed.about;
    let connection = tools.store.load(about.workspace, &about.name).await?;
    let functions = Scripts::new(&app.functions);
    let access =
        Access { store: &tools.store, host: &tools.host, app: &app, functions: &functions };
    let told = access.making(&connection).invalidate().await;
    told.map_err(|failure| anyhow::anyhow!("{}", failure.error))?;
    Ok(())
}
