//! What callers are answered.

use bytes::Bytes;
use halyard_iml::Value;

use super::{
    Answer, Failure, Host, Scene,
    body::Encoding,
    call::Call,
    sanitize::capitalized,
    scope::{Expressions, Frame, Scope},
    text::text,
};
use crate::apps::{AppError, ErrorType, Module, plan::Respond};

impl Answer {
    /// What a call is answered when nobody says otherwise.
    #[must_use]
    pub fn accepted() -> Self {
        let headers = vec![("Content-Type".to_owned(), "text/plain; charset=utf-8".to_owned())];
        Self { status: 200, headers, body: Bytes::from_static(b"Accepted") }
    }
}

/// The answer that a directive describes.
pub(super) fn respond(
    expressions: Expressions<'_>,
    respond: &Respond,
    scope: Scope<'_>,
) -> Result<Answer, AppError> {
    let wrong = |message: String| AppError::new(ErrorType::InvalidConfigurationError, message);
    let status = expressions.optional(respond.status.as_ref(), scope)?;
    let status = if status.is_empty() {
        200
    } else {
        let written = text(&status);
        let status = written.trim().parse().ok().filter(|status| (200..=599).contains(status));
        status.ok_or_else(|| wrong(format!("{written} is no status that an answer can have.")))?
    };
    let kind = text(&expressions.optional(respond.kind.as_ref(), scope)?);
    let encoding = match kind.as_str() {
        "" | "json" => Encoding::Json,
        "urlencoded" => Encoding::Urlencoded,
        "text" | "string" | "raw" => Encoding::Text,
        "binary" => Encoding::Binary,
        other => return Err(wrong(format!("{other} is no type that an answer can have."))),
    };
    let body = expressions.optional(respond.body.as_ref(), scope)?;
    let encoded = encoding
        .encode(&body, None, String::new)
        .map_err(|cause| wrong(format!("respond: {cause}")))?;
    let mut headers: Vec<(String, String)> = Vec::new();
    if let Some(template) = &respond.headers {
        for (key, value) in expressions.collection("headers", template, scope)?.iter() {
            let name = capitalized(key.name().trim());
            let values = match value {
                Value::Undefined | Value::Null => continue,
                Value::Array(items) => items.iter().map(text).collect(),
                one => vec![text(one)],
            };
            let named =
                name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
            if name.is_empty() || !named {
                return Err(wrong(format!("{name:?} is no name of a header.")));
            }
            // Both follow from the body and the connection.
            if name == "Content-Length" || name == "Transfer-Encoding" {
                continue;
            }
            for value in values {
                if value.contains(['\r', '\n', '\0']) {
                    return Err(wrong(format!("The header {name} has a value with line breaks.")));
                }
                headers.push((name.clone(), value));
            }
        }
    }
    let has_type = headers.iter().any(|(name, _)| name == "Content-Type");
    let content_type = encoded.content_type.or_else(|| {
        (encoding == Encoding::Text && !body.is_undefined())
            .then(|| "text/plain; charset=utf-8".to_owned())
    });
    if let (false, Some(content_type)) = (has_type, content_type) {
        headers.push(("Content-Type".to_owned(), content_type));
    }
    Ok(Answer { status, headers, body: encoded.bytes })
}

pub(super) fn responder(
    host: &Host,
    module: &Module,
    scene: &Scene<'_>,
) -> Result<Answer, Failure> {
    let call = Call::new(host, scene, []);
    let Some(directive) = &module.respond else {
        let message = "The module has nothing to answer with.";
        return Err(call.failed(AppError::new(ErrorType::InvalidConfigurationError, message)));
    };
    let frame = Frame::of(scene, Value::Undefined);
    respond(call.expressions, directive, frame.scope()).map_err(|error| call.failed(error))
}
