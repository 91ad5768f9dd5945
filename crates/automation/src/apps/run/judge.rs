//! Whether an answer is what was hoped for, and what is said when it is not.

use std::time::Duration;

use halyard_iml::truth;

use super::{
    scope::{Expressions, Scope},
    text::text,
};
use crate::apps::{
    AppError, ErrorType, Template,
    plan::{ErrorWords, Response},
};

/// What is known about an answer beside its values.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Verdict {
    /// None in request-less mode.
    pub(super) status: Option<u16>,
    /// What `Retry-After` says.
    pub(super) retry_after: Option<Duration>,
}

const NOT_VALID: &str = "Response marked as invalid.";

/// Fails when the answer tells of a failure or the app does not accept it.
pub(super) fn judge(
    expressions: Expressions<'_>,
    response: &Response,
    scope: Scope<'_>,
    verdict: Verdict,
    warnings: &mut Vec<String>,
) -> Result<(), AppError> {
    let words = |status: Option<u16>| {
        let of_status = response.error.by_status.iter().find(|(other, _)| Some(*other) == status);
        [of_status.map(|(_, words)| words), Some(&response.error.general)]
    };
    let status = verdict.status;
    let accepted = match (&response.accept_errors, status) {
        (Some(accepts), Some(400..)) => match expressions.value(accepts, scope) {
            Ok(accepts) => truth(&accepts),
            // What the service has to say matters more.
            Err(error) => {
                warnings.push(format!("response.acceptErrors fails: {}", error.message));
                false
            }
        },
        _ => false,
    };
    let mut judgement = Judgement { expressions, scope, warnings };
    let (message, kind) = match (status, &response.valid) {
        (Some(code), _) if code >= 400 && !accepted => {
            let [first, general] = words(status);
            let message = judgement
                .message([first, general].map(message_of))
                .unwrap_or_else(|| format!("The service answered with the status {code}."));
            (message, judgement.kind([first, general].map(kind_of)))
        }
        (_, Some(valid)) => {
            if truth(&expressions.value(&valid.condition, scope)?) {
                return Ok(());
            }
            let [first, general] = words(status);
            let message = judgement
                .message([valid.message.as_ref(), message_of(first), message_of(general)])
                .unwrap_or_else(|| NOT_VALID.to_owned());
            let kinds = [valid.kind.as_ref(), kind_of(first), kind_of(general)];
            (message, judgement.kind(kinds))
        }
        _ => return Ok(()),
    };
    Err(AppError { kind, message, status, retry_after: verdict.retry_after })
}

fn message_of(words: Option<&ErrorWords>) -> Option<&Template> {
    words?.message.as_ref()
}

fn kind_of(words: Option<&ErrorWords>) -> Option<&Template> {
    words?.kind.as_ref()
}

struct Judgement<'a, 'w> {
    expressions: Expressions<'a>,
    scope: Scope<'a>,
    warnings: &'w mut Vec<String>,
}

impl Judgement<'_, '_> {
    /// The first message that says something.
    fn message<const N: usize>(&mut self, templates: [Option<&Template>; N]) -> Option<String> {
        templates.into_iter().flatten().find_map(|template| self.said(template))
    }

    fn kind<const N: usize>(&mut self, templates: [Option<&Template>; N]) -> ErrorType {
        let name = templates.into_iter().flatten().find_map(|template| self.said(template));
        let Some(name) = name else { return ErrorType::RuntimeError };
        ErrorType::named(&name).unwrap_or_else(|| {
            self.warnings.push(format!("{name} is no type of errors; RuntimeError is used."));
            ErrorType::RuntimeError
        })
    }

    /// An expression that fails here must not hide the failure that it was to describe.
    fn said(&mut self, template: &Template) -> Option<String> {
        match self.expressions.value(template, self.scope) {
            Ok(value) => Some(text(&value)).filter(|text| !text.trim().is_empty()),
            Err(error) => {
                self.warnings.push(format!("A part of response.error fails: {}", error.message));
                None
            }
        }
    }
}
