//! What goes wrong inside an engine, as an error of the expression.

use halyard_iml::{Bound, Error, ErrorKind};
use rquickjs::{CaughtError, Ctx, Object, Type, Value};

use super::{ScriptLimits, convert};

/// The longest message that is kept.
const LONGEST: usize = 2000;

/// The error that an engine's failure is.
pub(super) fn error<'js>(ctx: &Ctx<'js>, limits: &ScriptLimits, failed: rquickjs::Error) -> Error {
    match CaughtError::from_error(ctx, failed) {
        CaughtError::Error(rquickjs::Error::Allocation) => no_memory(limits),
        CaughtError::Error(other) => Error::host(format!("{other}.")),
        CaughtError::Exception(thrown) => {
            let thrown: Object<'js> = thrown.into_object();
            let (name, message) =
                (property(ctx, &thrown, "name"), property(ctx, &thrown, "message"));
            of(limits, name.as_deref().unwrap_or("Error"), message.as_deref().unwrap_or(""))
        }
        // Without memory for an error, the engine has none to show, or null. Whoever throws null
        // shares the message.
        CaughtError::Value(thrown)
            if thrown.is_null() || thrown.type_of() == Type::Uninitialized =>
        {
            no_memory(limits)
        }
        CaughtError::Value(thrown) => Error::host(shortened(&told(&thrown))),
    }
}

fn of(limits: &ScriptLimits, name: &str, message: &str) -> Error {
    match (name, message) {
        ("InternalError", "out of memory" | "string too long") => no_memory(limits),
        ("RangeError", "Maximum call stack size exceeded") => {
            let cause = "Its calls are nested too deeply.";
            Error::new(ErrorKind::Limit(Bound::Depth), cause)
        }
        ("Error", message) if !message.is_empty() => Error::host(shortened(message)),
        (name, "") => Error::host(shortened(name)),
        (name, message) => Error::host(shortened(&format!("{name}: {message}"))),
    }
}

fn no_memory(limits: &ScriptLimits) -> Error {
    let cause = format!("It needs more than {} MiB of memory.", limits.memory / 1024 / 1024);
    Error::new(ErrorKind::Limit(Bound::Output), cause)
}

// A getter may throw again; then there is no such property.
fn property<'js>(ctx: &Ctx<'js>, object: &Object<'js>, name: &str) -> Option<String> {
    let found: rquickjs::Result<Value<'js>> = object.get(name);
    match found {
        Ok(value) if value.is_string() => Some(told(&value)),
        Ok(_) => None,
        Err(_) => {
            let _thrown = ctx.catch();
            None
        }
    }
}

// Something that is no error, as it reads.
fn told(value: &Value<'_>) -> String {
    if let Some(text) = value.as_string() {
        return text.to_string().unwrap_or_else(|_| "a text that is not Unicode".to_owned());
    }
    let converted = convert::to_plain(value).map(|value| value.to_json());
    match converted {
        _ if value.is_undefined() => "Thrown: undefined".to_owned(),
        Ok(Ok(json)) => format!("Thrown: {json}"),
        _ => "Something was thrown that cannot be shown.".to_owned(),
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
