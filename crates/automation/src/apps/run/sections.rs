//! Sections of connections and procedures of webhooks: what they save.

use halyard_iml::{
    Collection, Date, Value,
    field::{FieldType, convert},
};

use super::{
    Failure, Host, Redirect, Scene, Section,
    call::{Call, pagination},
    judge::Verdict,
    prepare::Preparation,
    scope::{Frame, Page, merged},
    text::text,
    whole,
};
use crate::apps::{AppError, ErrorType, plan::Request};

/// Names of saved values that are secrets, whatever the app says about it.
const SECRET_NAMES: [&str; 4] = ["token", "secret", "key", "password"];

pub(super) async fn run(
    host: &Host,
    requests: &[Request],
    scene: &Scene<'_>,
    temp: Value,
) -> Result<Section, Failure> {
    let mut call = Call::new(host, scene, requests);
    let mut frame = Frame::of(scene, temp);
    let mut section = Section::default();
    let mut after = |call: &mut Call<'_>, frame: &Frame, plan: &Request, page: &Page| {
        section.ran = true;
        save(&mut section, call, frame, plan, page)
    };
    let output = call.requests(&mut frame, requests, false, None, Some(&mut after)).await;
    match output {
        Ok(output) => {
            let says = requests.iter().any(|request| request.response.output.is_some());
            section.output = output.filter(|_| says);
            Ok(finished(section, call, frame))
        }
        Err(error) => Err(failed(section, call, error)),
    }
}

pub(super) fn redirect(
    host: &Host,
    plan: &Request,
    scene: &Scene<'_>,
    temp: Value,
) -> Result<Redirect, Failure> {
    let mut call = Call::new(host, scene, [plan]);
    let mut frame = Frame::of(scene, temp);
    match link(&mut call, &mut frame, plan) {
        Ok(url) => Ok(Redirect { url, temp: frame.temp }),
        Err(error) => Err(call.failed(error)),
    }
}

fn link(
    call: &mut Call<'_>,
    frame: &mut Frame,
    plan: &Request,
) -> Result<halyard_platform::outbound::Url, AppError> {
    whole::expect(call.scene().app, std::slice::from_ref(plan))?;
    for layer in &plan.temp {
        let value = call.expressions.value(layer, frame.scope())?;
        frame.remember(&value)?;
    }
    let time = call.left()?;
    Preparation {
        expressions: call.expressions,
        frame,
        plan,
        pagination: &pagination(1),
        next: None,
        mask: &mut call.mask,
        time,
    }
    .link()
}

pub(super) fn returned(
    host: &Host,
    plan: &Request,
    scene: &Scene<'_>,
    temp: Value,
) -> Result<Section, Failure> {
    let mut call = Call::new(host, scene, [plan]);
    let mut frame = Frame::of(scene, temp);
    let mut section = Section { ran: true, ..Section::default() };
    let page = Page::default();
    let taken = call
        .accept(&mut frame, plan, &page, Verdict::default())
        .and_then(|()| save(&mut section, &mut call, &frame, plan, &page));
    match taken {
        Ok(()) => Ok(finished(section, call, frame)),
        Err(error) => Err(failed(section, call, error)),
    }
}

fn save(
    section: &mut Section,
    call: &mut Call<'_>,
    frame: &Frame,
    plan: &Request,
    page: &Page,
) -> Result<(), AppError> {
    let (expressions, scope) = (call.expressions, frame.scope().page(page));
    let response = &plan.response;
    if let Some(data) = &response.data {
        let data = expressions.collection("response.data", data, scope)?;
        let before = section.data.take().unwrap_or_default();
        section.data = Some(merged(&before, &data));
    }
    let uid = expressions.optional(response.uid.as_ref(), scope)?;
    if !uid.is_empty() {
        section.uid = Some(text(&uid).into());
    }
    let metadata = expressions.optional(response.metadata.as_ref(), scope)?;
    if !metadata.is_nothing() {
        section.metadata = Some(metadata);
    }
    let expires = expressions.optional(response.expires.as_ref(), scope)?;
    if !expires.is_empty() {
        section.expires = Some(moment(&expires, host_zone(call))?);
    }
    Ok(())
}

fn host_zone<'c>(call: &Call<'c>) -> &'c halyard_iml::Zone {
    &call.host().zone
}

fn moment(value: &Value, zone: &halyard_iml::Zone) -> Result<Date, AppError> {
    let read = match value {
        Value::Number(ms) if ms.is_finite() => Date::from_ms(*ms as i64).ok(),
        value => match convert(value, FieldType::Date, zone) {
            Ok(Value::Date(date)) => Some(date),
            _ => None,
        },
    };
    read.ok_or_else(|| AppError::new(ErrorType::DataError, "response.expires is no date."))
}

fn finished(mut section: Section, mut call: Call<'_>, frame: Frame) -> Section {
    hide(&section, &mut call);
    section.temp = frame.temp;
    (section.exchanges, section.warnings) = call.told();
    section
}

fn failed(section: Section, mut call: Call<'_>, error: AppError) -> Failure {
    hide(&section, &mut call);
    Failure { saved: section.data, ..call.failed(error) }
}

/// Fresh secrets are hidden in the very exchanges that have brought them.
fn hide(section: &Section, call: &mut Call<'_>) {
    let Some(Value::Collection(data)) = &section.data else { return };
    let mut found = false;
    secrets(data, &mut |secret| {
        found = true;
        call.mask.add(secret);
    });
    if !found {
        return;
    }
    let mask = &call.mask;
    for exchange in &mut call.exchanges {
        let hide = |text: &mut String| *text = mask.hide(text);
        exchange.problem.as_mut().map(hide);
        let Some(shown) = &mut exchange.shown else { continue };
        let headers = shown.request_headers.iter_mut().chain(&mut shown.response_headers);
        headers.for_each(|(_, value)| *value = mask.hide(value));
        for text in [&mut shown.url, &mut shown.request_body, &mut shown.response_body] {
            *text = mask.hide(text);
        }
    }
}

fn secrets(data: &Collection, found: &mut impl FnMut(&str)) {
    for (key, value) in data.iter() {
        let name = key.name().to_lowercase();
        match value {
            Value::Text(secret) if SECRET_NAMES.iter().any(|part| name.contains(part)) => {
                found(secret);
            }
            Value::Collection(inner) => secrets(inner, found),
            _ => {}
        }
    }
}
