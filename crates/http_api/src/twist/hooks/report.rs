//! Reports: a text that is fetched at set times and posted.
//!
//! Fetching changes nothing at the other end as far as we know; the post and the time of the next
//! report are written together with the end of the job, so that each report is posted once.

use std::sync::Arc;

use halyard_messaging::{
    Error as Cause,
    integration::{self, Due, ReportJob, report_title},
};
use halyard_platform::{
    jobs::{self, Done, Failure, Job},
    outbound::{self, Limits, Method, Request, Take, Unencrypted},
};

use super::{BODY_TIME, Hooks, send::told};
use crate::twist::integrations::Said;

/// A report that cannot be fetched is asked for again until this attempt; then the next one's time
/// is awaited.
const ATTEMPTS: i64 = 5;
/// More than a post can hold.
const LONGEST: usize = 256 * 1024;
const MAX_TITLE: usize = 300;

pub(super) async fn run(hooks: Arc<Hooks>, job: Job) -> Result<Done, Failure> {
    let app = &hooks.app;
    let (about, now): (ReportJob, _) = (job.decode()?, app.clock.now());
    let failed = |error: Cause| Failure::temporary(error.to_string());
    let due = app.db.read(move |tx| integration::due_report(tx, about, now)).await;
    let Some(due) = due.map_err(failed)? else { return Ok(Done::Finished) };
    let post = match fetch(&hooks, &due).await {
        Ok(said) => said,
        Err(why) if job.attempts < ATTEMPTS => return Err(Failure::temporary(why)),
        Err(why) => {
            tracing::warn!(installation = about.installation, why, "a report was not fetched");
            None
        }
    };
    let title = due.installation.title.clone();
    let (next, id) = (due.next, about.installation);
    let end = job.clone();
    let Some(said) = post else {
        app.db.write(move |tx| jobs::postpone(tx, &end, next)).await?;
        return Ok(Done::Completed);
    };
    let title = said.title.clone().or(title).unwrap_or_else(|| due.integration.name.clone());
    let title: String = report_title(&title, &due.zone, now).chars().take(MAX_TITLE).collect();
    let post = said.into_post();
    let posted = match post {
        Ok(post) => {
            let written = app.db.write(move |tx| {
                // Again: it may have been uninstalled while the report was fetched.
                if integration::due_report(tx, about, now)?.is_none() {
                    return Ok(jobs::complete(tx, &end)?);
                }
                integration::post(tx, &due.integration, &due.installation, &title, &post, now)?;
                Ok::<_, Cause>(jobs::postpone(tx, &end, next)?)
            });
            match written.await {
                Ok(()) => Ok(()),
                Err(Cause::Store(error)) => return Err(Failure::temporary(error.to_string())),
                Err(refused) => Err(refused.to_string()),
            }
        }
        Err(wrong) => Err(wrong),
    };
    match posted {
        Ok(()) => app.signals.wake(halyard_platform::events::TOPIC),
        Err(why) => {
            tracing::warn!(installation = id, why, "a report was not posted");
            let end = job.clone();
            app.db.write(move |tx| jobs::postpone(tx, &end, next)).await?;
        }
    }
    Ok(Done::Completed)
}

/// What there is to report; none when there is nothing.
async fn fetch(hooks: &Hooks, due: &Due) -> Result<Option<Said>, String> {
    let url = due.integration.url.as_deref().unwrap_or_default();
    let url = outbound::url(url).map_err(|error| error.to_string())?;
    let time = hooks.app.settings.hook_time;
    let mut request = Request::new(Method::GET, url);
    request.limits = Limits { head: time, whole: time + BODY_TIME };
    request.take = Take::Start(LONGEST);
    request.unencrypted = Unencrypted::Listed;
    let answer = hooks.app.outbound.send(request).await.map_err(|error| told(&error))?;
    match answer.status.as_u16() {
        200 => Ok(Some(Said::read(&answer)?).filter(|said| !said.is_empty())),
        202 | 204 => Ok(None),
        other => Err(format!("the address of the report answered {other}")),
    }
}
