//! Polling triggers: which items are new.

use std::cmp::Ordering;

use halyard_iml::{
    Collection, Date, Value,
    field::{FieldType, convert},
};

use super::{
    Cursor, Failure, Host, Polled, Scene, Start,
    call::Call,
    cursor::ItemId,
    scope::{Expressions, Frame, Scope},
    text::text,
};
use crate::apps::{
    AppError, ErrorType, Module, Template,
    plan::{Request, Trigger},
};

/// The longest overlap, in seconds: two days. The cursor holds the ids of everything in it.
const MAX_OVERLAP: f64 = 172_800.0;

/// The items of one poll.
pub(super) struct Poll<'c> {
    cursor: &'c Cursor,
    found: Vec<Found>,
    by_date: bool,
    order: Order,
    /// How far before the cursor items may still be new, in milliseconds.
    overlap: i64,
    /// Whether the page at hand has an item that was handed out before.
    met_known: bool,
    /// The smaller one of what the caller and the app want.
    limit: usize,
    /// Whether all items are wanted in their order, to choose one.
    choosing: bool,
}

struct Found {
    date: Option<i64>,
    id: ItemId,
    output: Value,
}

/// The order in which the service returns items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Ascending,
    Descending,
    Unordered,
}

impl<'c> Poll<'c> {
    fn new(cursor: &'c Cursor, limit: Option<usize>, choosing: bool) -> Self {
        Self {
            cursor,
            found: Vec::new(),
            by_date: false,
            order: Order::Unordered,
            overlap: 0,
            met_known: false,
            limit: limit.unwrap_or(usize::MAX),
            choosing,
        }
    }

    pub(super) fn found(&self) -> usize {
        self.found.len()
    }

    /// Whether a further page may hold something new that is wanted.
    pub(super) fn wants_more(&mut self, app_limit: usize) -> bool {
        self.limit = self.limit.min(app_limit);
        if self.choosing {
            return self.found.len() < self.limit;
        }
        match self.order {
            Order::Descending => !self.met_known,
            // The oldest are kept, and those come first.
            Order::Ascending => self.found.len() < self.limit,
            Order::Unordered => true,
        }
    }

    /// Takes an item, unless it was handed out before.
    pub(super) fn offer(
        &mut self,
        expressions: Expressions<'_>,
        plan: &Request,
        scope: Scope<'_>,
        item: &Value,
    ) -> Result<(), AppError> {
        let Some(trigger) = &plan.response.trigger else {
            let message = "The trigger does not say what is new (response.trigger).";
            return Err(AppError::new(ErrorType::InvalidConfigurationError, message));
        };
        self.read_kind(expressions, trigger, scope)?;
        let id = expressions.value(&trigger.id, scope)?;
        let Some(id) = ItemId::of(&id) else {
            return Err(AppError::new(ErrorType::DataError, "An item of the trigger has no id."));
        };
        let date = if self.by_date {
            Some(date(expressions, trigger.date.as_ref(), scope)?)
        } else {
            None
        };
        if !self.choosing && !self.is_new(date, &id) {
            // Within the overlap, what was handed out may stand before what was not.
            let beyond = self.cursor.date.map(|last| last.saturating_sub(self.overlap));
            self.met_known |= date.is_none() || self.overlap == 0 || date < beyond;
            return Ok(());
        }
        let output = match &plan.response.output {
            Some(output) => expressions.value(output, scope)?,
            None => item.clone(),
        };
        self.found.push(Found { date, id, output });
        Ok(())
    }

    fn read_kind(
        &mut self,
        expressions: Expressions<'_>,
        trigger: &Trigger,
        scope: Scope<'_>,
    ) -> Result<(), AppError> {
        let wrong = |message: String| AppError::new(ErrorType::InvalidConfigurationError, message);
        self.by_date = match text(&expressions.value(&trigger.kind, scope)?).as_str() {
            "date" => true,
            "id" => false,
            other => {
                return Err(wrong(format!("trigger.type must be date or id, not {other:?}.")));
            }
        };
        self.overlap = match expressions.optional(trigger.overlap.as_ref(), scope)? {
            Value::Undefined | Value::Null => 0,
            Value::Number(seconds) if (0.0..=MAX_OVERLAP).contains(&seconds) => {
                (seconds * 1000.0) as i64
            }
            other => {
                let other = text(&other);
                return Err(wrong(format!(
                    "trigger.overlap must be a number of seconds up to {MAX_OVERLAP}, not {other:?}."
                )));
            }
        };
        let order = text(&expressions.optional(trigger.order.as_ref(), scope)?);
        self.order = match order.as_str() {
            "asc" => Order::Ascending,
            "desc" => Order::Descending,
            "unordered" | "" => Order::Unordered,
            other => {
                return Err(wrong(format!(
                    "trigger.order must be asc, desc or unordered, not {other:?}."
                )));
            }
        };
        Ok(())
    }

    fn is_new(&self, date: Option<i64>, id: &ItemId) -> bool {
        let cursor = self.cursor;
        if let Some(date) = date {
            return cursor.lacks(date, id, self.overlap);
        }
        let Some(last) = &cursor.id else { return true };
        match id.compare(last) {
            Ordering::Greater => true,
            Ordering::Less => false,
            Ordering::Equal => cursor.inclusive,
        }
    }

    /// What is handed out, the oldest first, and where the next poll goes on.
    fn finish(mut self) -> (Vec<Value>, Cursor) {
        self.found.sort_by(Found::compare);
        // A list that grows while it is read shows the same item on two pages.
        self.found.dedup_by(|b, a| a.compare(b) == Ordering::Equal);
        self.found.truncate(self.limit);
        let Some(last) = self.found.last() else { return (Vec::new(), self.cursor.clone()) };
        let cursor = if last.date.is_some() {
            let handed: Vec<(i64, ItemId)> = self
                .found
                .iter()
                .filter_map(|found| Some((found.date?, found.id.clone())))
                .collect();
            self.cursor.after(&handed, self.overlap)
        } else {
            Cursor { id: Some(last.id.clone()), ..Cursor::default() }
        };
        (self.found.into_iter().map(|found| found.output).collect(), cursor)
    }

    /// The items to choose from, each with the cursor that makes it the first one.
    fn starts(self) -> Vec<Start> {
        let cursors: Vec<Cursor> = self
            .found
            .iter()
            .map(|chosen| Cursor {
                date: chosen.date,
                id: Some(chosen.id.clone()),
                // Those that come before it although their date is the same.
                seen: match chosen.date {
                    Some(_) => self
                        .found
                        .iter()
                        .filter(|other| {
                            other.date == chosen.date
                                && other.id.compare(&chosen.id) == Ordering::Less
                        })
                        .map(|other| other.id.clone())
                        .collect(),
                    None => Vec::new(),
                },
                inclusive: true,
                start: chosen.date,
                recent: Vec::new(),
            })
            .collect();
        self.found
            .into_iter()
            .zip(cursors)
            .take(self.limit)
            .map(|(found, cursor)| {
                let member = |name: &str| match &found.output {
                    Value::Collection(output) => output.by_name(name).cloned().unwrap_or_default(),
                    _ => Value::Undefined,
                };
                let label = text(&member("label"));
                let date = match member("date") {
                    Value::Date(date) => Some(date),
                    Value::Text(text) => Date::from_iso(&text),
                    _ => found.date.and_then(|ms| Date::from_ms(ms).ok()),
                };
                let id = text(&found.id.value());
                let label = if label.is_empty() { id.clone() } else { label };
                Start { label, id, date, cursor }
            })
            .collect()
    }
}

impl Found {
    fn compare(&self, other: &Self) -> Ordering {
        self.date.cmp(&other.date).then_with(|| self.id.compare(&other.id))
    }
}

fn date(
    expressions: Expressions<'_>,
    template: Option<&Template>,
    scope: Scope<'_>,
) -> Result<i64, AppError> {
    let value = expressions.optional(template, scope)?;
    let read = match &value {
        // A number counts milliseconds, as everywhere in expressions.
        Value::Number(ms) if ms.is_finite() => Date::from_ms(*ms as i64).ok(),
        value => match convert(value, FieldType::Date, &expressions.host.zone) {
            Ok(Value::Date(date)) => Some(date),
            _ => None,
        },
    };
    read.map(Date::ms).ok_or_else(|| {
        let shown = text(&value);
        let message = format!("The date of an item of the trigger cannot be read: {shown:?}.");
        AppError::new(ErrorType::DataError, message)
    })
}

/// The scene with what is known of the last poll as `data`.
fn with_data<'a>(scene: &Scene<'a>, cursor: &Cursor) -> Scene<'a> {
    let mut scene = scene.clone();
    if let Value::Collection(known) = cursor.data() {
        let under = scene.data.take().unwrap_or_else(|| Value::collection(Collection::default()));
        scene.data = Some(super::scope::merged(&under, &known));
    }
    scene
}

pub(super) async fn poll(
    host: &Host,
    module: &Module,
    scene: &Scene<'_>,
    cursor: &Cursor,
    limit: Option<usize>,
) -> Result<Polled, Failure> {
    let scene = with_data(scene, cursor);
    let requests = &module.communication.requests;
    let mut call = Call::new(host, &scene, requests);
    let mut frame = Frame::of(&scene, Value::Undefined);
    let mut poll = Poll::new(cursor, limit, false);
    match call.requests(&mut frame, requests, true, Some(&mut poll), None).await {
        Ok(_) => {
            let (bundles, cursor) = poll.finish();
            call.tidy(&bundles).await;
            let (exchanges, warnings) = call.told();
            Ok(Polled { bundles, cursor, exchanges, warnings })
        }
        Err(error) => {
            call.tidy([]).await;
            Err(call.failed(error))
        }
    }
}

pub(super) async fn epoch(
    host: &Host,
    module: &Module,
    scene: &Scene<'_>,
) -> Result<Vec<Start>, Failure> {
    let cursor = Cursor::all();
    let requests = module.epoch.as_ref().map(|epoch| &*epoch.requests).unwrap_or_default();
    let mut call = Call::new(host, scene, requests);
    if requests.is_empty() {
        let message = "The trigger has no list of items to choose a start from.";
        return Err(call.failed(AppError::new(ErrorType::InvalidConfigurationError, message)));
    }
    let mut frame = Frame::of(scene, Value::Undefined);
    let mut poll = Poll::new(&cursor, None, true);
    match call.requests(&mut frame, requests, true, Some(&mut poll), None).await {
        Ok(_) => Ok(poll.starts()),
        Err(error) => Err(call.failed(error)),
    }
}
