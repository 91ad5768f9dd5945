//! From an answer to outputs: what is iterated over, what comes of each item, how many are taken.

use halyard_iml::{Collection, Key, Value};

use super::{
    call::Call,
    poll::Poll,
    scope::{Frame, Page},
    text::text,
};
use crate::apps::{
    AppError,
    plan::{Iterate, Request},
};

/// What the pages of one request have put out so far.
#[derive(Debug, Default)]
pub(super) struct Harvest {
    outputs: Vec<Value>,
    /// Whether the outputs are a list, also when there is only one.
    listed: bool,
    /// The value of the first page, as long as it is the only one.
    single: Option<Value>,
    /// How many outputs are wanted; none yet before the first page.
    limit: Option<Option<usize>>,
}

impl Harvest {
    /// What all pages put out together.
    pub(super) fn output(self) -> Value {
        match self.single {
            Some(single) if !self.listed => single,
            _ => Value::array(self.outputs),
        }
    }

    fn wanted(&self) -> usize {
        self.limit.flatten().unwrap_or(usize::MAX)
    }

    fn push(&mut self, output: Value) {
        if !output.is_undefined() {
            self.outputs.push(output);
        }
    }
}

impl Call<'_> {
    /// Takes what a page puts out. False: no further page is wanted.
    ///
    /// `limited` tells whether `response.limit` counts.
    pub(super) fn harvest(
        &mut self,
        frame: &Frame,
        plan: &Request,
        page: &mut Page,
        harvest: &mut Harvest,
        limited: bool,
        poll: Option<&mut Poll<'_>>,
    ) -> Result<bool, AppError> {
        if harvest.limit.is_none() {
            let limit = if limited { self.limit(frame, plan, page)? } else { None };
            harvest.limit = Some(limit);
        }
        let more = match (&plan.response.iterate, poll) {
            (iterate, Some(poll)) => {
                let items = self.items(frame, iterate.as_ref(), page)?;
                let any = !items.is_empty();
                self.offer(frame, plan, page, &items, poll, harvest.wanted())? && any
            }
            (Some(iterate), None) => {
                let items = self.items(frame, Some(iterate), page)?;
                harvest.listed = true;
                self.iterate(frame, plan, iterate, page, &items, harvest)?;
                !items.is_empty()
            }
            (None, None) => self.whole(frame, plan, page, harvest)?,
        };
        let records = self.host().bounds.records;
        if harvest.outputs.len() > records {
            harvest.outputs.truncate(records);
        }
        if harvest.outputs.len() == records && harvest.wanted() > records {
            self.warn(format!("There are more than {records} records; the others were left out."));
            return Ok(false);
        }
        Ok(more && harvest.outputs.len() < harvest.wanted())
    }

    fn limit(
        &mut self,
        frame: &Frame,
        plan: &Request,
        page: &Page,
    ) -> Result<Option<usize>, AppError> {
        let scope = frame.scope().page(page);
        let value = self.expressions.optional(plan.response.limit.as_ref(), scope)?;
        if value.is_empty() {
            return Ok(None);
        }
        match text(&value).trim().parse::<f64>() {
            Ok(limit) if limit >= 0.0 => Ok(Some(limit as usize)),
            _ => {
                self.warn("response.limit is no number, so there is no limit.");
                Ok(None)
            }
        }
    }

    /// The elements of the container; the whole body when there is none.
    fn items(
        &self,
        frame: &Frame,
        iterate: Option<&Iterate>,
        page: &mut Page,
    ) -> Result<Vec<Value>, AppError> {
        let container = match iterate {
            Some(iterate) => {
                self.expressions.value(&iterate.container, frame.scope().page(page))?
            }
            None => page.body.clone(),
        };
        let items = match container {
            Value::Undefined | Value::Null => Vec::new(),
            Value::Array(items) => items.to_vec(),
            one => vec![one],
        };
        let ends = [("first", items.first()), ("last", items.last())]
            .into_iter()
            .filter_map(|(name, value)| Some((Key::new(name), value?.clone())));
        let container = Value::collection(Collection::new(ends.collect()));
        page.iterate = Value::collection(Collection::of([("container", container)]));
        Ok(items)
    }

    fn iterate(
        &self,
        frame: &Frame,
        plan: &Request,
        iterate: &Iterate,
        page: &Page,
        items: &[Value],
        harvest: &mut Harvest,
    ) -> Result<(), AppError> {
        let enough = harvest.wanted().min(self.host().bounds.records);
        for item in items {
            if harvest.outputs.len() >= enough {
                break;
            }
            let scope = frame.scope().page(page).item(item);
            if !self.expressions.holds(iterate.condition.as_ref(), scope)? {
                continue;
            }
            harvest.push(match &plan.response.output {
                Some(output) => self.expressions.value(output, scope)?,
                None => item.clone(),
            });
        }
        Ok(())
    }

    fn offer(
        &mut self,
        frame: &Frame,
        plan: &Request,
        page: &Page,
        items: &[Value],
        poll: &mut Poll<'_>,
        wanted: usize,
    ) -> Result<bool, AppError> {
        let condition = plan.response.iterate.as_ref().and_then(|all| all.condition.as_ref());
        for item in items {
            let scope = frame.scope().page(page).item(item);
            if !self.expressions.holds(condition, scope)? {
                continue;
            }
            poll.offer(self.expressions, plan, scope, item)?;
        }
        if poll.found() >= self.host().bounds.records {
            let records = self.host().bounds.records;
            self.warn(format!("There are more than {records} records; the others were left out."));
            return Ok(false);
        }
        Ok(poll.wants_more(wanted))
    }

    /// The output of an answer that is not iterated over.
    fn whole(
        &self,
        frame: &Frame,
        plan: &Request,
        page: &Page,
        harvest: &mut Harvest,
    ) -> Result<bool, AppError> {
        let output = match &plan.response.output {
            Some(output) => self.expressions.value(output, frame.scope().page(page))?,
            None => page.body.clone(),
        };
        let first = harvest.outputs.is_empty() && harvest.single.is_none();
        let enough = harvest.wanted();
        let more = match &output {
            Value::Undefined | Value::Null => false,
            Value::Array(items) => {
                let room = enough.saturating_sub(harvest.outputs.len());
                harvest.outputs.extend(items.iter().take(room).cloned());
                harvest.listed = true;
                !items.is_empty()
            }
            one => {
                harvest.push(one.clone());
                true
            }
        };
        if first {
            harvest.single = Some(output);
        } else {
            harvest.listed = true;
        }
        Ok(more)
    }
}
