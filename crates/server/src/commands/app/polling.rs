//! Triggers that ask.

use std::{convert::Infallible, str::FromStr, time::Duration};

use anyhow::{anyhow, bail};
use halyard_automation::{
    apps::{ErrorType, run::Cursor},
    connections::Problem,
    operations::{Error, load_cursor, save_cursor},
};
use halyard_iml::{Date, Value};
use halyard_platform::clock::Clock;

use super::{
    using::{Desk, report},
    watch::{Printing, Stop},
};
use crate::automation::tools::Tools;

/// Where a trigger begins that was not watched before.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum From {
    /// With everything that is there.
    All,
    /// With what comes from now on.
    Now,
    /// With what is as young as this date, or with the item of this id.
    At(String),
}

impl FromStr for From {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text {
            "all" => Self::All,
            "now" => Self::Now,
            other => Self::At(other.to_owned()),
        })
    }
}

/// How a trigger is polled.
pub(super) struct Plan<'a> {
    pub(super) trigger: &'a str,
    pub(super) every: Duration,
    pub(super) from: Option<From>,
    pub(super) cursor: Option<&'a str>,
}

/// Asks again and again, and prints what is new.
pub(super) async fn watch(
    desk: &Desk,
    plan: &Plan<'_>,
    input: Value,
    printing: &mut Printing,
) -> Result<(), Stop> {
    let mut stopping = std::pin::pin!(desk.told_to_stop()?);
    let operator = desk.operator();
    let mut cursor = begin(desk, plan, &input).await?;
    let mut before = false;
    loop {
        let poll = operator.poll(plan.trigger, input.clone(), &cursor, printing.left());
        let polled = tokio::select! {
            () = &mut stopping => return Ok(()),
            polled = poll => polled,
        };
        let mut pause = plan.every;
        match polled {
            Ok(polled) => {
                before = true;
                let mut more = true;
                for bundle in &polled.bundles {
                    more = more && printing.print(bundle)?;
                }
                printing.tidy().await?;
                // Saved when it is printed: a process that is killed in between says it twice.
                cursor = polled.cursor;
                save(desk, plan, &cursor).await?;
                if !more {
                    return Ok(());
                }
            }
            // What has worked once and may work again is waited for.
            Err(error) if before && passes(&error) => {
                report(&error)?;
                pause = pause.max(retry_after(&error).unwrap_or_default());
            }
            Err(error) => return Err(error.into()),
        }
        tokio::select! {
            () = &mut stopping => return Ok(()),
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// The cursor to go on with: the one that is remembered, or where the command line says.
async fn begin(desk: &Desk, plan: &Plan<'_>, input: &Value) -> Result<Cursor, Stop> {
    if let (Some(name), Some(tools)) = (plan.cursor, &desk.tools)
        && let Some(cursor) = remembered(desk, tools, plan, name).await?
    {
        if plan.from.is_some() {
            eprintln!("halyard: going on where {name:?} has come to; --from is for the first time");
        }
        return Ok(cursor);
    }
    let now =
        Date::from_ms(Clock::system().now()).map_err(|error| anyhow!("the clock: {error}"))?;
    let by_id = is_by_id(desk, plan.trigger)?;
    Ok(match (plan.from.clone().unwrap_or(From::Now), by_id) {
        (From::All, _) => Cursor::all(),
        (From::Now, false) => Cursor::since(now),
        (From::At(text), false) => match Date::from_iso(&text) {
            Some(date) => Cursor::since(date),
            None => chosen(desk, plan.trigger, input, &text).await?,
        },
        (From::At(text), true) => chosen(desk, plan.trigger, input, &text).await?,
        // Whatever is there now counts as known.
        (From::Now, true) => {
            let all = Cursor::all();
            let polled = desk.operator().poll(plan.trigger, input.clone(), &all, None).await?;
            save(desk, plan, &polled.cursor).await?;
            polled.cursor
        }
    })
}

/// The cursor of the item with this id, from those that people can choose from.
async fn chosen(desk: &Desk, trigger: &str, input: &Value, id: &str) -> Result<Cursor, Stop> {
    let operator = desk.operator();
    if operator.module(trigger)?.epoch.is_none() {
        let known = match is_by_id(desk, trigger)? {
            true => "all or now",
            false => "all, now, or a date such as 2027-03-01T08:00:00Z",
        };
        let message = format!("from: {trigger} has no items to choose a start from; use {known}");
        return Err(anyhow!(message).into());
    }
    let starts = operator.starts(trigger, input.clone()).await?;
    match starts.into_iter().find(|start| start.id == id) {
        Some(start) => Ok(start.cursor),
        None => {
            let message = format!(
                "from: {id:?} is none of the items that {trigger} can start from; \
                 `halyard app starts` lists them"
            );
            Err(anyhow!(message).into())
        }
    }
}

/// Whether the trigger tells what is new by ids, and not by dates.
fn is_by_id(desk: &Desk, trigger: &str) -> Result<bool, Stop> {
    let module = desk.operator().module(trigger)?;
    let plan = module.communication.requests.iter().find_map(|one| one.response.trigger.as_ref());
    let kind = plan.and_then(|trigger| trigger.kind.source().as_text().cloned());
    Ok(kind.is_some_and(|kind| &*kind == "id"))
}

async fn remembered(
    desk: &Desk,
    tools: &Tools,
    plan: &Plan<'_>,
    name: &str,
) -> anyhow::Result<Option<Cursor>> {
    let (workspace, key) = (desk.whose().id(), name.to_owned());
    let found = tools.db.read(move |tx| load_cursor(tx, workspace, &key)).await?;
    let Some((app, module, cursor)) = found else { return Ok(None) };
    if (app.as_str(), module.as_str()) != (desk.app().name.as_str(), plan.trigger) {
        bail!("cursor: {name:?} is the one of {module} of {app}; choose another name");
    }
    Ok(Some(cursor))
}

async fn save(desk: &Desk, plan: &Plan<'_>, cursor: &Cursor) -> anyhow::Result<()> {
    let (Some(name), Some(tools)) = (plan.cursor, &desk.tools) else { return Ok(()) };
    let (workspace, name, cursor) = (desk.whose().id(), name.to_owned(), cursor.clone());
    let (app, module) = (desk.app().name.clone(), plan.trigger.to_owned());
    let now = Clock::system().now();
    let saved =
        tools.db.write(move |tx| save_cursor(tx, workspace, &name, (&app, &module, &cursor), now));
    Ok(saved.await?)
}

/// Whether it may work again by itself.
fn passes(error: &Error) -> bool {
    let Error::Problem(Problem::App(failure)) = error else { return false };
    match failure.error.kind {
        ErrorType::ConnectionError
        | ErrorType::RateLimitError
        | ErrorType::ModuleTimeoutError
        | ErrorType::IncompleteDataError => true,
        ErrorType::RuntimeError => failure.error.status.is_some_and(|status| status >= 500),
        _ => false,
    }
}

fn retry_after(error: &Error) -> Option<Duration> {
    match error {
        Error::Problem(Problem::App(failure)) => failure.error.retry_after,
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_is_all_now_or_something_to_look_for() {
        assert_eq!("all".parse(), Ok(From::All));
        assert_eq!("now".parse(), Ok(From::Now));
        assert_eq!("17".parse(), Ok(From::At("17".to_owned())));
    }
}
