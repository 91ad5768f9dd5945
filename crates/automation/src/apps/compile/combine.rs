//! Putting together what several files say about one request.

use std::mem::take;

use super::directive::Place;
use crate::apps::plan::{ErrorPlan, ErrorWords, Request, Response};

/// What the base says, with what a request says on top.
pub(crate) fn combine(base: &Request, request: Request) -> Request {
    Request {
        temp: stacked(&base.temp, request.temp),
        condition: request.condition.or_else(|| base.condition.clone()),
        base_url: request.base_url.or_else(|| base.base_url.clone()),
        url: request.url.or_else(|| base.url.clone()),
        method: request.method.or_else(|| base.method.clone()),
        headers: stacked(&base.headers, request.headers),
        qs: stacked(&base.qs, request.qs),
        body: request.body.or_else(|| base.body.clone()),
        body_type: request.body_type.or_else(|| base.body_type.clone()),
        encode_url: request.encode_url.or_else(|| base.encode_url.clone()),
        gzip: request.gzip.or_else(|| base.gzip.clone()),
        ca: request.ca.or_else(|| base.ca.clone()),
        reject_unauthorized: request
            .reject_unauthorized
            .or_else(|| base.reject_unauthorized.clone()),
        client_certificate: request.client_certificate.or_else(|| base.client_certificate.clone()),
        proxy: request.proxy.or_else(|| base.proxy.clone()),
        follow_redirects: request.follow_redirects.or_else(|| base.follow_redirects.clone()),
        follow_all_redirects: request
            .follow_all_redirects
            .or_else(|| base.follow_all_redirects.clone()),
        share_cookies: request.share_cookies.or_else(|| base.share_cookies.clone()),
        aws: request.aws.or_else(|| base.aws.clone()),
        oauth: stacked(&base.oauth, request.oauth),
        sanitize: union(base.sanitize.as_ref(), request.sanitize),
        repeat: request.repeat.or_else(|| base.repeat.clone()),
        pagination: request.pagination.or_else(|| base.pagination.clone()),
        timeout: request.timeout.or_else(|| base.timeout.clone()),
        endpoint: request.endpoint.or_else(|| base.endpoint.clone()),
        response: combine_responses(&base.response, request.response),
        broken: request.broken.or_else(|| base.broken.clone()),
    }
}

fn combine_responses(base: &Response, mut response: Response) -> Response {
    let temp = stacked(&base.temp, take(&mut response.temp));
    let error = combine_errors(&base.error, take(&mut response.error));
    Response { temp, error, ..overlay_responses(base, response) }
}

// By key, so that a module that names one status keeps the others of the base.
fn combine_errors(base: &ErrorPlan, error: ErrorPlan) -> ErrorPlan {
    let mut by_status = error.by_status;
    for (status, words) in &base.by_status {
        if !by_status.iter().any(|(other, _)| other == status) {
            by_status.push((*status, words.clone()));
        }
    }
    let (own, general) = (error.general, &base.general);
    let general = ErrorWords {
        message: own.message.or_else(|| general.message.clone()),
        kind: own.kind.or_else(|| general.kind.clone()),
    };
    ErrorPlan { general, by_status }
}

/// What a trigger says, with what its epoch says in the place of it: directive by directive, and
/// those of the response one by one.
pub(crate) fn overlay(trigger: &Request, mut epoch: Request) -> Request {
    fn replaced<T: Clone>(own: Vec<T>, other: &[T]) -> Vec<T> {
        if own.is_empty() { other.to_vec() } else { own }
    }
    let temp = replaced(take(&mut epoch.temp), &trigger.temp);
    let headers = replaced(take(&mut epoch.headers), &trigger.headers);
    let qs = replaced(take(&mut epoch.qs), &trigger.qs);
    let oauth = replaced(take(&mut epoch.oauth), &trigger.oauth);
    let response = overlay_responses(&trigger.response, take(&mut epoch.response));
    Request { temp, headers, qs, oauth, response, ..combine(trigger, epoch) }
}

fn overlay_responses(below: &Response, above: Response) -> Response {
    let error = above.error;
    let says_nothing = error.by_status.is_empty()
        && error.general.message.is_none()
        && error.general.kind.is_none();
    Response {
        decode: above.decode.or_else(|| below.decode.clone()),
        temp: if above.temp.is_empty() { below.temp.clone() } else { above.temp },
        accept_errors: above.accept_errors.or_else(|| below.accept_errors.clone()),
        valid: above.valid.or_else(|| below.valid.clone()),
        error: if says_nothing { below.error.clone() } else { error },
        limit: above.limit.or_else(|| below.limit.clone()),
        iterate: above.iterate.or_else(|| below.iterate.clone()),
        output: above.output.or_else(|| below.output.clone()),
        wrapper: above.wrapper.or_else(|| below.wrapper.clone()),
        trigger: above.trigger.or_else(|| below.trigger.clone()),
        data: above.data.or_else(|| below.data.clone()),
        metadata: above.metadata.or_else(|| below.metadata.clone()),
        uid: above.uid.or_else(|| below.uid.clone()),
        expires: above.expires.or_else(|| below.expires.clone()),
    }
}

/// Takes away what has no effect here, though the base may say it.
pub(crate) fn restrict(place: Place, request: &mut Request) {
    let response = &mut request.response;
    let many = matches!(
        place,
        Place::Search | Place::Trigger | Place::Universal | Place::Rpc | Place::Epoch
    );
    if !many {
        request.pagination = None;
        response.limit = None;
    }
    if matches!(place, Place::Instant | Place::Attach | Place::Detach) {
        response.iterate = None;
    }
    if matches!(place, Place::Attach | Place::Detach) {
        response.output = None;
        response.wrapper = None;
    }
    if place != Place::Attach {
        response.data = None;
    }
    response.metadata = None;
    response.uid = None;
}

fn stacked<T: Clone>(below: &[T], above: Vec<T>) -> Vec<T> {
    below.iter().cloned().chain(above).collect()
}

fn union<T: Clone + PartialEq>(base: Option<&Vec<T>>, own: Option<Vec<T>>) -> Option<Vec<T>> {
    let Some(base) = base else { return own };
    let mut all = base.clone();
    for path in own.into_iter().flatten() {
        if !all.contains(&path) {
            all.push(path);
        }
    }
    Some(all)
}
