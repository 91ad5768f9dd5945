mod app;
mod application;
mod audit;
mod backup;
mod channel;
mod connection;
mod demo;
mod doctor;
mod export;
mod iml;
mod import;
mod import_slack;
mod integration;
mod migrate;
mod openapi;
mod people;
mod restore;
mod serve;
mod subscription;
mod token;
mod user;
mod workspace;

use std::{
    io::{ErrorKind, Write},
    process::ExitCode,
};

use clap::Subcommand;

use anyhow::Context;

pub(crate) use people::read_secret;

use crate::config::{Config, Flags};

/// What can be done.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Runs the server
    Serve(serve::Arguments),
    /// Creates the demo workspace if it does not exist and prints its credentials
    Demo(demo::Arguments),
    /// Prints the description of the API as JSON
    Openapi,
    /// Adds, lists and removes people, and sets their passwords
    #[command(subcommand)]
    User(user::Action),
    /// Adds, lists and removes programs that act for people (OAuth), and takes consents back
    #[command(subcommand)]
    Application(application::Action),
    /// Makes personal tokens; lists and revokes them and those of applications
    #[command(subcommand)]
    Token(token::Action),
    /// Makes and lists workspaces, and manages who is in them
    #[command(subcommand)]
    Workspace(workspace::Action),
    /// Sets how long the threads of a channel are kept
    #[command(subcommand)]
    Channel(channel::Action),
    /// Prints what administrators have done, newest first
    Audit(audit::Arguments),
    /// Shows outbound webhooks and their deliveries, and sends them again
    #[command(subcommand)]
    Subscription(subscription::Action),
    /// Adds, lists and removes integrations, and installs and uninstalls them
    #[command(subcommand)]
    Integration(integration::Action),
    /// Checks apps, calls their modules, watches their triggers, and looks up their options
    #[command(subcommand)]
    App(app::Action),
    /// Makes, tests, lists and removes connections of apps to services
    #[command(subcommand)]
    Connection(connection::Action),
    /// Evaluates and checks expressions of scenarios and apps, without a server
    #[command(subcommand)]
    Iml(iml::Action),
    /// Brings the database to the schema of this program
    Migrate(migrate::Arguments),
    /// Writes everything into one file, while the server runs
    Backup(backup::Arguments),
    /// Fills an empty installation from a backup, on either database
    Restore(restore::Arguments),
    /// Writes everything of one workspace into one file, while the server runs
    Export(export::Arguments),
    /// Makes a workspace from an export, with new ids, whoever wrote it
    Import(import::Arguments),
    /// Takes in an archive of Slack: people, channels and what was said
    ImportSlack(import_slack::Arguments),
    /// Looks for damage; exits with 0 when there is none, 1 when there is, 2 when it cannot look
    Doctor(doctor::Arguments),
}

impl Command {
    /// How the process exits when the command cannot do its work.
    pub(crate) fn failed(&self) -> ExitCode {
        match self {
            Self::Doctor(_) => ExitCode::from(2),
            _ => ExitCode::FAILURE,
        }
    }
}

/// Runs a command; data goes to standard output, everything else to standard error.
pub(crate) async fn run(command: Command, mut flags: Flags) -> anyhow::Result<ExitCode> {
    // Each command reads the configuration by itself: what needs no installation, such as checking
    // expressions, must work where the configuration of one is broken.
    let config = || Config::load(&flags);
    match command {
        Command::Serve(arguments) => {
            flags.listen = arguments.listen;
            serve::run(Config::load(&flags)?, &arguments).await
        }
        Command::Demo(arguments) => demo::run(config()?, &arguments).await,
        Command::Openapi => openapi::run(),
        Command::Iml(action) => iml::run(&action),
        Command::Migrate(arguments) => migrate::run(&config()?, &arguments).await,
        Command::Backup(arguments) => backup::run(&config()?, arguments).await,
        Command::Restore(arguments) => restore::run(&config()?, arguments).await,
        Command::Export(arguments) => export::run(&config()?, arguments).await,
        Command::Import(arguments) => import::run(&config()?, arguments).await,
        Command::ImportSlack(arguments) => import_slack::run(&config()?, arguments).await,
        Command::Doctor(arguments) => doctor::run(&config()?, &arguments).await,
        Command::User(action) => user::run(config()?, action).await,
        Command::Application(action) => application::run(config()?, action).await,
        Command::Token(action) => token::run(config()?, action).await,
        Command::Workspace(action) => workspace::run(config()?, action).await,
        Command::Channel(action) => channel::run(config()?, action).await,
        Command::Audit(arguments) => audit::run(&config()?, &arguments).await,
        Command::Subscription(action) => subscription::run(config()?, action).await,
        Command::Integration(action) => integration::run(config()?, action).await,
        Command::App(action) => app::run(&flags, action).await,
        Command::Connection(action) => connection::run(config()?, action).await,
    }
}

/// What ends when the process is told to stop, from this call on.
pub(crate) fn told_to_stop() -> anyhow::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).context("waiting for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("waiting for Ctrl-C")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Writes data to standard output. A reader that has gone away, as `head` does, wants no more of
/// it: that is no reason to stop a server.
pub(crate) fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            eprintln!("halyard: cannot write to standard output: {error}");
        }
        _ => {}
    }
}
