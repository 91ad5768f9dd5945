//! Calls to the address of a webhook.

use halyard_iml::{Collection, Key, Value};

use super::{
    Answer, Failure, Host, Incoming, Received, ReceivedItem, Scene,
    call::Call,
    decode::{Format, form},
    multipart,
    respond::respond,
    scope::{Expressions, Frame},
    text::text,
};
use crate::apps::{AppError, ErrorType, Webhook, plan::Reception};

pub(super) fn receive(
    host: &Host,
    webhook: &Webhook,
    incoming: &Incoming,
    scene: &Scene<'_>,
) -> Result<Received, Failure> {
    let call = Call::new(host, scene, []);
    received(call.expressions, &webhook.reception, incoming).map_err(|error| call.failed(error))
}

fn received(
    expressions: Expressions<'_>,
    plan: &Reception,
    incoming: &Incoming,
) -> Result<Received, AppError> {
    let body = body(expressions.host, incoming)?;
    let roots = [
        ("body", body.clone()),
        ("rawBody", raw(&incoming.body)),
        ("query", form(&incoming.query)),
        ("method", Value::from(incoming.method.to_ascii_uppercase())),
        ("headers", headers(&incoming.headers)),
        ("data", expressions.scene.parameters.clone()),
    ];
    let roots = roots.into_iter().map(|(name, value)| (Key::new(name), value)).collect();
    let frame = Frame::of(expressions.scene, Value::Undefined).with(roots);
    let scope = frame.scope();
    if let Some(verification) = &plan.verification
        && expressions.holds(verification.condition.as_ref(), scope)?
    {
        let answer = respond(expressions, &verification.respond, scope)?;
        return Ok(Received { verification: true, answer, items: Vec::new() });
    }
    let nothing = |answer| Received { verification: false, answer, items: Vec::new() };
    if !expressions.holds(plan.condition.as_ref(), scope)? {
        return Ok(nothing(Answer::accepted()));
    }
    let elements = match &plan.iterate {
        None => vec![body],
        Some(iterate) => match expressions.value(&iterate.container, scope)? {
            Value::Undefined | Value::Null => Vec::new(),
            Value::Array(items) => items.to_vec(),
            one => vec![one],
        },
    };
    let mut items = Vec::with_capacity(elements.len());
    for element in &elements {
        let scope = if plan.iterate.is_some() { scope.item(element) } else { scope };
        let condition = plan.iterate.as_ref().and_then(|iterate| iterate.condition.as_ref());
        if !expressions.holds(condition, scope)? {
            continue;
        }
        let uid = expressions.optional(plan.uid.as_ref(), scope)?;
        let payload = match &plan.output {
            Some(output) => expressions.value(output, scope)?,
            None => element.clone(),
        };
        let uid = (!uid.is_empty()).then(|| text(&uid).into());
        items.push(ReceivedItem { uid, payload });
    }
    let answer = match &plan.respond {
        Some(directive) => respond(expressions, directive, scope)?,
        None => Answer::accepted(),
    };
    Ok(Received { items, ..nothing(answer) })
}

/// What signatures are computed over: text where the body is text, which is what digests take.
fn raw(body: &[u8]) -> Value {
    match std::str::from_utf8(body) {
        Ok(text) => Value::from(text),
        Err(_) => Value::buffer(body),
    }
}

fn headers(headers: &[(String, String)]) -> Value {
    let mut entries: Vec<(String, String)> = Vec::new();
    for (name, value) in headers {
        let name = name.to_ascii_lowercase();
        match entries.iter_mut().find(|(other, _)| *other == name) {
            Some((_, values)) => {
                values.push_str(", ");
                values.push_str(value);
            }
            None => entries.push((name, value.clone())),
        }
    }
    let entries = entries.into_iter().map(|(name, value)| (name, Value::from(value)));
    Value::collection(Collection::of(entries).in_any_case())
}

/// The body by its Content-Type. One that cannot be read is a failure: it is no event.
fn body(host: &Host, incoming: &Incoming) -> Result<Value, AppError> {
    let content_type = incoming
        .headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("content-type"))
        .map_or("", |(_, value)| value.as_str());
    let wrong = |cause: String| {
        AppError::new(ErrorType::DataError, cause.replacen("The answer", "The body", 1))
    };
    if incoming.body.is_empty() {
        return Ok(Value::Undefined);
    }
    if let Some(boundary) = multipart::boundary(content_type) {
        return multipart::read(&incoming.body, &boundary, host.bounds.values).map_err(wrong);
    }
    let values = host.bounds.values;
    match Format::of_content_type(content_type) {
        // Many send JSON without saying so.
        Format::Binary | Format::Text => {
            let text = raw(&incoming.body);
            let looks =
                matches!(&text, Value::Text(text) if text.trim_start().starts_with(['{', '[']));
            let read = if looks {
                Format::Json.read(&incoming.body, content_type, values).ok()
            } else {
                None
            };
            Ok(read.unwrap_or(text))
        }
        format => format.read(&incoming.body, content_type, values).map_err(wrong),
    }
}
