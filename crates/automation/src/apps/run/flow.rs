//! The requests of a communication, one after the other, with their pages and repetitions.

use std::{future::Future, pin::Pin};

use halyard_iml::{Key, Value};
use halyard_platform::outbound::Url;

use super::{
    call::{Call, pagination},
    harvest::Harvest,
    judge::Verdict,
    poll::Poll,
    prepare::{Next, Preparation},
    reach::{self, timeout_of},
    scope::{Frame, Page, merged},
    send::Answered,
    whole,
};
use crate::apps::{
    AppError, ErrorType,
    plan::{EndpointCall, Request, Timeout},
};

/// What a request may do, by the kind of component that it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    /// Whether `pagination` counts.
    pub(super) pages: bool,
    /// Whether `response.limit` counts: that of the last request only.
    pub(super) limited: bool,
}

/// What has come of a request.
pub(super) enum Step {
    /// Its condition did not hold; with what `default` says.
    Skipped(Option<Value>),
    /// It has run.
    Ran(Ran),
}

/// What a request has put out, and the answer to its last page.
pub(super) struct Ran {
    pub(super) output: Value,
    pub(super) page: Page,
}

/// What is done after each request that has run.
pub(super) type After<'f> =
    dyn FnMut(&mut Call<'_>, &Frame, &Request, &Page) -> Result<(), AppError> + Send + 'f;

impl Call<'_> {
    /// Runs requests in their order. The output is that of the last one that has run, or what the
    /// `default` of one that has not run says; nothing when there is neither.
    pub(super) async fn requests(
        &mut self,
        frame: &mut Frame,
        requests: &[Request],
        pages: bool,
        mut poll: Option<&mut Poll<'_>>,
        mut after: Option<&mut After<'_>>,
    ) -> Result<Option<Value>, AppError> {
        whole::expect(self.scene().app, requests)?;
        let mut last: Option<(Value, Option<(&Request, Page)>)> = None;
        for (at, request) in requests.iter().enumerate() {
            let is_last = at + 1 == requests.len();
            if request.pagination.is_some() && !pages {
                self.warn("pagination does not count here.");
            }
            let rule = Rule { pages, limited: is_last };
            let poll = if is_last { poll.as_deref_mut() } else { None };
            match self.request(frame, request, rule, poll).await? {
                Step::Skipped(None) => {}
                Step::Skipped(Some(default)) => last = Some((default, None)),
                Step::Ran(Ran { output, page }) => {
                    if let Some(after) = &mut after {
                        after(self, frame, request, &page)?;
                    }
                    last = Some((output, Some((request, page))));
                }
            }
        }
        let Some((output, origin)) = last else { return Ok(None) };
        let Some((request, page)) = origin else { return Ok(Some(output)) };
        match &request.response.wrapper {
            None => Ok(Some(output)),
            Some(wrapper) => {
                let scope = frame.scope().page(&page).output(&output);
                self.expressions.value(wrapper, scope).map(Some)
            }
        }
    }

    /// Runs one request with all its pages and repetitions.
    pub(super) async fn request(
        &mut self,
        frame: &mut Frame,
        plan: &Request,
        rule: Rule,
        mut poll: Option<&mut Poll<'_>>,
    ) -> Result<Step, AppError> {
        self.left()?;
        for layer in &plan.temp {
            let value = self.expressions.value(layer, frame.scope())?;
            frame.remember(&value)?;
        }
        if let Some(condition) = &plan.condition
            && !self.expressions.holds(Some(&condition.holds), frame.scope())?
        {
            let default = match &condition.default {
                Some(default) => Some(self.expressions.value(default, frame.scope())?),
                None => None,
            };
            return Ok(Step::Skipped(default));
        }
        let mut repetitions = 0;
        loop {
            let ran = self.pages(frame, plan, rule, poll.as_deref_mut()).await?;
            let Some(repeat) = &plan.repeat else { return Ok(Step::Ran(ran)) };
            if repeat.limit.is_some_and(|limit| repetitions >= limit)
                || !self.expressions.holds(Some(&repeat.condition), frame.scope())?
            {
                return Ok(Step::Ran(ran));
            }
            repetitions += 1;
            if repeat.delay >= self.left()? {
                return Err(self.out_of_time());
            }
            tokio::time::sleep(repeat.delay).await;
        }
    }

    async fn pages(
        &mut self,
        frame: &mut Frame,
        plan: &Request,
        rule: Rule,
        mut poll: Option<&mut Poll<'_>>,
    ) -> Result<Ran, AppError> {
        let mut harvest = Harvest::default();
        let (mut page, mut first) = (Page::default(), None);
        let mut number = 1;
        let asks = plan.url.is_some() || plan.endpoint.is_some();
        let Some(next) = plan.pagination.as_deref().filter(|_| rule.pages && asks) else {
            self.page(frame, plan, &mut page, 1, false, &mut first).await?;
            self.harvest(frame, plan, &mut page, &mut harvest, rule.limited, poll)?;
            return Ok(Ran { output: harvest.output(), page });
        };
        loop {
            if !self.page(frame, plan, &mut page, number, number > 1, &mut first).await? {
                break;
            }
            let poll = poll.as_deref_mut();
            if !self.harvest(frame, plan, &mut page, &mut harvest, rule.limited, poll)? {
                break;
            }
            let bounds = &self.host().bounds;
            if number > bounds.pages || self.requests >= bounds.requests {
                let reached = number.max(self.requests);
                self.warn(format!("There are more pages; reading ended after {reached} requests."));
                break;
            }
            number += 1;
            let root = pagination(number);
            let scope = frame.scope().page(&page).pagination(&root);
            if !self.expressions.holds(next.condition.as_ref(), scope)? {
                break;
            }
        }
        Ok(Ran { output: harvest.output(), page })
    }

    /// Reads a page in the place of the one before. False: there is none.
    async fn page(
        &mut self,
        frame: &mut Frame,
        plan: &Request,
        page: &mut Page,
        number: u32,
        further: bool,
        first: &mut Option<Url>,
    ) -> Result<bool, AppError> {
        let root = pagination(number);
        let before = std::mem::take(page);
        let next = plan.pagination.as_deref().filter(|_| further).map(|pagination| Next {
            pagination,
            page: &before,
            first: first.as_ref(),
        });
        let other = next.and_then(|next| next.pagination.endpoint.as_ref());
        let answered = if let Some(endpoint) = other.or(plan.endpoint.as_ref()) {
            self.endpoint(frame, plan, endpoint, &root, next).await?
        } else if plan.url.is_some() {
            if self.requests >= self.host().bounds.requests {
                let limit = self.host().bounds.requests;
                return Err(AppError::new(
                    ErrorType::RuntimeError,
                    format!("It needs more than {limit} requests, which are not allowed."),
                ));
            }
            let timeout = match &plan.timeout {
                None => None,
                Some(Timeout::Fixed(timeout)) => Some(*timeout),
                Some(Timeout::Said(template)) => {
                    let scope = frame.scope().pagination(&root);
                    let scope = next.map_or(scope, |next| scope.page(next.page));
                    timeout_of(&self.expressions.value(template, scope)?)?
                }
            };
            let time = self.time_for(timeout)?;
            let preparation = Preparation {
                expressions: self.expressions,
                frame,
                plan,
                pagination: &root,
                next,
                mask: &mut self.mask,
                time,
            };
            let Some(prepared) = preparation.prepare()? else {
                *page = before;
                return Ok(false);
            };
            first.get_or_insert_with(|| prepared.request.url.clone());
            self.send(frame, plan, prepared).await?
        } else {
            if let Some(template) = &plan.client_certificate {
                // A connection that tests nothing else should at least have one that is usable.
                reach::certificate(self.expressions, template, frame.scope())?;
            }
            Answered { page: Page::default(), verdict: Verdict::default() }
        };
        *page = answered.page;
        self.accept(frame, plan, page, answered.verdict)?;
        Ok(true)
    }

    /// Runs an endpoint of the app in the place of a request. Its output is the body.
    fn endpoint<'f>(
        &'f mut self,
        frame: &'f Frame,
        plan: &'f Request,
        call: &'f EndpointCall,
        root: &'f Value,
        next: Option<Next<'f>>,
    ) -> Pin<Box<dyn Future<Output = Result<Answered, AppError>> + Send + 'f>> {
        Box::pin(async move {
            let wrong = |message| AppError::new(ErrorType::InvalidConfigurationError, message);
            let scene = self.scene();
            let endpoint = scene.app.endpoints.get(&*call.name);
            let endpoint =
                endpoint.ok_or_else(|| wrong(format!("There is no endpoint {}.", call.name)))?;
            if endpoint.requests.iter().any(|request| request.endpoint.is_some()) {
                return Err(wrong(format!("The endpoint {} calls an endpoint.", call.name)));
            }
            let scope = frame.scope().pagination(root);
            let scope = next.map_or(scope, |next| scope.page(next.page));
            // Another endpoint for further pages gets the input of the first one too.
            let first = plan.endpoint.as_ref().and_then(|first| first.input.as_ref());
            let own = first.filter(|_| next.is_none_or(|next| next.pagination.merge_with_parent));
            let mut input = self.expressions.optional(own, scope)?;
            if let Some(over) = next.and_then(|next| next.pagination.input.as_ref()) {
                let over = self.expressions.collection("pagination.input", over, scope)?;
                input = merged(&input, &over);
            }
            let mut roots = vec![(Key::new("parameters"), input)];
            if let Some(name) = &call.connection {
                let found = scene.connections.iter().find(|(other, _)| other == name);
                let (_, connection) = found.ok_or_else(|| {
                    wrong(format!(
                        "The connection {name} of the endpoint {} is missing.",
                        call.name
                    ))
                })?;
                roots.push((Key::new("connection"), connection.clone()));
            }
            let mut inner = frame.with(roots);
            let output = self.requests(&mut inner, &endpoint.requests, true, None, None).await?;
            let page = Page { body: output.unwrap_or_default(), ..Page::default() };
            Ok(Answered { page, verdict: Verdict::default() })
        })
    }
}
