use std::{net::SocketAddr, process::ExitCode, time::Duration};

use anyhow::bail;
use clap::Args;
use halyard_automation::{
    apps::{
        ModuleKind,
        run::{Incoming, Received},
    },
    operations::{Attached, Error, Operator},
};
use halyard_iml::Value;
use halyard_platform::random::Random;

use super::{
    bundles::{Files, Printer},
    detach::{Which, left_behind},
    polling::{self, From},
    using::{Desk, With, report},
};
use crate::{
    automation::{
        alive::Alive,
        duration::span,
        hooks::{Call, Hooks},
        input::Input,
        tools::start_logging,
    },
    config::Config,
};

/// Flags of `halyard app watch`.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The app: its folder, or the name of a built-in one
    #[arg(value_name = "DIR|NAME")]
    app: String,
    /// The trigger, such as WatchComments
    trigger: String,
    #[command(flatten)]
    with: With,
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    files: Files,
    /// End after this many bundles
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    once: Option<u64>,
    /// How often to ask, for a trigger that polls
    #[arg(long, value_name = "TIME", default_value = "15s", value_parser = span)]
    every: Duration,
    /// Where to begin, for a trigger that polls: all, now, a date such as 2027-03-01T08:00:00Z, or the
    /// id of an item from `halyard app starts`
    #[arg(long, value_name = "all|now|DATE|ID")]
    from: Option<From>,
    /// Remember under this name how far a trigger that polls has come, and go on there
    #[arg(long, value_name = "NAME")]
    cursor: Option<String>,
    /// Where to listen, for an instant trigger
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// How the service reaches that address, when it is another one, such as that of a tunnel
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
}

/// Watches a trigger until it is told to stop.
pub(super) async fn run(config: &Config, arguments: Arguments) -> anyhow::Result<ExitCode> {
    start_logging(config)?;
    let input = arguments.input.read()?;
    let remembers = arguments.cursor.is_some();
    let desk = Desk::open(config, &arguments.app, arguments.with, remembers).await?;
    let trigger = &arguments.trigger;
    let operator = desk.operator();
    let checked = operator.checked(trigger, &input).await;
    let checked = checked.and_then(|input| Ok((operator.module(trigger)?.kind, input)));
    let (kind, input) = match checked {
        Ok(checked) => checked,
        Err(error) => {
            desk.close().await;
            return report(&error);
        }
    };
    let printer = Printer::new(&arguments.files, desk.blobs())?;
    let mut printing = Printing { printer, left: arguments.once };
    let done = match kind {
        ModuleKind::Trigger => {
            let plan = polling::Plan {
                trigger,
                every: arguments.every,
                from: arguments.from,
                cursor: arguments.cursor.as_deref(),
            };
            polling::watch(&desk, &plan, input, &mut printing).await
        }
        ModuleKind::InstantTrigger => {
            let public = arguments.public_url.as_deref();
            instant(&desk, trigger, input, (arguments.listen, public), &mut printing).await
        }
        _ => bail!("trigger: {trigger} is no trigger; run it with `halyard app call`"),
    };
    desk.close().await;
    match done {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(Stop::Operation(error)) => report(&error),
        Err(Stop::Other(error)) => Err(error),
    }
}

/// Why watching has ended before its time.
pub(super) enum Stop {
    Operation(Error),
    Other(anyhow::Error),
}

impl std::convert::From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Operation(error)
    }
}

impl std::convert::From<anyhow::Error> for Stop {
    fn from(error: anyhow::Error) -> Self {
        Self::Other(error)
    }
}

/// Prints bundles up to a number of them.
pub(super) struct Printing {
    printer: Printer,
    left: Option<u64>,
}

impl Printing {
    /// How many are still wanted; none for all.
    pub(super) fn left(&self) -> Option<usize> {
        self.left.map(|left| usize::try_from(left).unwrap_or(usize::MAX))
    }

    /// Prints a bundle. False: that was the last one.
    pub(super) fn print(&mut self, bundle: &Value) -> anyhow::Result<bool> {
        let wanted = self.printer.line(bundle)?;
        if let Some(left) = &mut self.left {
            *left = left.saturating_sub(1);
        }
        Ok(wanted && self.left != Some(0))
    }

    /// Removes what is kept of printed bundles.
    pub(super) async fn tidy(&mut self) -> anyhow::Result<()> {
        self.printer.tidy().await
    }
}

/// Watches an instant trigger. First what others have left attached is detached: a process that is
/// killed cannot do that itself.
async fn instant(
    desk: &Desk,
    trigger: &str,
    input: Value,
    (listen_on, public): (SocketAddr, Option<&str>),
    printing: &mut Printing,
) -> Result<(), Stop> {
    let id = Random::os().hex(16);
    let mut hooks = Hooks::begin(listen_on, public, &id).await?;
    if !desk.has_connection() {
        return listen(desk, trigger, input, &mut hooks, &id, printing).await;
    }
    // What cannot be detached is reported, and no reason not to watch.
    left_behind(desk, Which { elsewhere: false, forget: false }).await?;
    let alive = Alive::begin(desk.data_dir(), &id)?;
    let watched = listen(desk, trigger, input, &mut hooks, &id, printing).await;
    let left = desk.operator().noted().await?;
    if left.iter().all(|one| one.id != id) {
        alive.end()?;
    }
    watched
}

/// Attaches the webhook of an instant trigger, prints what it gets, and detaches it in the end.
async fn listen(
    desk: &Desk,
    trigger: &str,
    input: Value,
    hooks: &mut Hooks,
    id: &str,
    printing: &mut Printing,
) -> Result<(), Stop> {
    let operator = desk.operator();
    let mut stopping = std::pin::pin!(desk.told_to_stop()?);
    let mut watching = Watching { operator, trigger, input, attached: None, held: Vec::new() };
    let address = hooks.address.clone();
    let attaching = operator.attach(trigger, watching.input.clone(), &address, id);
    let mut attaching = std::pin::pin!(attaching);
    // A service may call before it has answered, to see that somebody is there.
    let attached = loop {
        tokio::select! {
            attached = &mut attaching => break attached?,
            Some(call) = hooks.calls.recv() => watching.early(&address, id, call)?,
        }
    };
    match attached.told {
        true => eprintln!("halyard: attached {address}"),
        false => {
            eprintln!("halyard: give this address to the service:");
            eprintln!("{address}");
        }
    }
    watching.attached = Some(attached.clone());
    let watched = watching.run(hooks, &mut stopping, printing).await;
    let detached = operator.detach(trigger, watching.input.clone(), &attached).await;
    watched?;
    Ok(detached?)
}

/// An instant trigger that is watched.
struct Watching<'a> {
    operator: Operator<'a>,
    trigger: &'a str,
    input: Value,
    attached: Option<Attached>,
    /// What came before the service had answered.
    held: Vec<Call>,
}

impl Watching<'_> {
    /// Answers what only verifies the address; the rest waits until the hook is attached, because
    /// only then its secret is known.
    fn early(&mut self, address: &str, id: &str, call: Call) -> Result<(), Stop> {
        let unattached = Attached::unattached(address, id);
        let received = self.receive(&unattached, &call.incoming)?;
        match received {
            Some(received) if received.verification => call.answer(received.answer),
            _ => self.held.push(call),
        }
        Ok(())
    }

    async fn run(
        &mut self,
        hooks: &mut Hooks,
        stopping: &mut (impl Future<Output = ()> + Unpin),
        printing: &mut Printing,
    ) -> Result<(), Stop> {
        for call in std::mem::take(&mut self.held) {
            if !self.take(call, printing).await? {
                return Ok(());
            }
        }
        loop {
            tokio::select! {
                () = &mut *stopping => return Ok(()),
                call = hooks.calls.recv() => {
                    let Some(call) = call else { return Ok(()) };
                    if !self.take(call, printing).await? {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// Prints what a call brings. The caller is answered when it is printed, so that a service that
    /// sends again what was not answered loses nothing. False: that was the last bundle.
    async fn take(&self, call: Call, printing: &mut Printing) -> Result<bool, Stop> {
        let Some(attached) = &self.attached else { return Ok(true) };
        let Some(received) = self.receive(attached, &call.incoming)? else {
            call.answer(refusal());
            return Ok(true);
        };
        let mut more = true;
        for item in received.items {
            let input = self.input.clone();
            let arrived = self.operator.arrived(self.trigger, input, attached, item.payload).await;
            let outcome = match arrived {
                Ok(outcome) => outcome,
                Err(error) => {
                    // One item that cannot be looked up is no reason to miss the next.
                    report(&error)?;
                    continue;
                }
            };
            for bundle in &outcome.bundles {
                more = more && printing.print(bundle)?;
            }
            printing.tidy().await?;
        }
        call.answer(received.answer);
        Ok(more)
    }

    /// What becomes of a call; nothing when the app fails over it, which is reported.
    fn receive(&self, attached: &Attached, incoming: &Incoming) -> Result<Option<Received>, Stop> {
        let input = self.input.clone();
        match self.operator.receive(self.trigger, input, attached, incoming) {
            Ok(received) => Ok(Some(received)),
            Err(error) => {
                report(&error)?;
                Ok(None)
            }
        }
    }
}

fn refusal() -> halyard_automation::apps::run::Answer {
    halyard_automation::apps::run::Answer {
        status: 500,
        headers: Vec::new(),
        body: "this call cannot be understood".into(),
    }
}
