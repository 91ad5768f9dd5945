//! What can be chosen.

use std::borrow::Cow;

use halyard_iml::Value;

use super::{
    answers::Answer,
    bounds, unresolved,
    walk::{Level, Mode, Walk},
};
use crate::apps::parameter::{Choice, Nested, Options, Parameter, Store, choices_from};

/// An option that was found.
pub(super) struct Found<'a> {
    pub(super) value: &'a Value,
    pub(super) file: bool,
    pub(super) nested: Option<&'a Nested>,
}

/// The option of a value. Null is nobody's.
pub(super) fn find<'a>(choices: &'a [Choice], wanted: &Value) -> Option<Found<'a>> {
    first(choices, &|value| identical(value, wanted))
}

/// The option that reads the same as a value, if there is only one: what comes out of a mapping is
/// often a text where the option is a number.
pub(super) fn find_alike<'a>(choices: &'a [Choice], wanted: &Value) -> Option<Found<'a>> {
    if !matches!(wanted, Value::Text(_) | Value::Number(_) | Value::Bool(_)) {
        return None;
    }
    let text = bounds::text_of(wanted);
    let alike = |value: &Value| {
        matches!(value, Value::Text(_) | Value::Number(_) | Value::Bool(_))
            && bounds::text_of(value) == text
    };
    let mut count = 0;
    each(choices, &mut |choice| count += usize::from(alike(choice.value)));
    if count == 1 { first(choices, &alike) } else { None }
}

fn each<'a>(choices: &'a [Choice], visit: &mut impl FnMut(Found<'a>)) {
    for choice in choices {
        match choice {
            Choice::Option { value, file, nested, .. } => {
                visit(Found { value, file: *file, nested: nested.as_ref() });
            }
            Choice::Group { options, .. } => each(options, visit),
        }
    }
}

fn first<'a>(choices: &'a [Choice], is: &impl Fn(&Value) -> bool) -> Option<Found<'a>> {
    let mut found = None;
    each(choices, &mut |choice| {
        if found.is_none() && is(choice.value) {
            found = Some(choice);
        }
    });
    found
}

/// Whether a value is that of an option: the same, or with the same JSON text.
fn identical(option: &Value, value: &Value) -> bool {
    match (option, value) {
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Number(a), Value::Number(b)) => a == b,
        (Value::Text(a), Value::Text(b)) => a == b,
        (Value::Collection(_), Value::Collection(_)) | (Value::Array(_), Value::Array(_)) => {
            matches!((option.to_json(), value.to_json()), (Ok(a), Ok(b)) if a == b)
        }
        _ => false,
    }
}

/// The options that an RPC has given.
pub(super) fn given(options: &Options, answer: &Value) -> Vec<Choice> {
    choices_from(answer, options.label.as_deref(), options.value.as_deref())
}

impl Walk<'_> {
    /// The options of a field, as far as they are known.
    pub(super) fn known<'p>(
        &mut self,
        parameter: &Parameter,
        options: &'p Options,
        level: &Level<'_>,
    ) -> Option<Cow<'p, [Choice]>> {
        let call = match &options.store {
            Store::Fixed(choices) => return Some(Cow::Borrowed(choices)),
            Store::Rpc(call) => call,
        };
        // An operation does not wait for options that its values need not be among.
        if matches!(self.mode, Mode::Running(_)) && parameter.dynamic {
            let answer = self.recall_options(call, parameter, level)?;
            return Some(Cow::Owned(given(options, &answer)));
        }
        match self.ask_options(call, parameter, level) {
            Answer::Value(answer) => Some(Cow::Owned(given(options, &answer))),
            Answer::Failed(_) | Answer::Unknown => None,
        }
    }

    /// Checks that values are among the options of a field.
    pub(super) fn among(
        &mut self,
        parameter: &Parameter,
        values: &[Value],
        path: &str,
        level: &Level<'_>,
    ) {
        let Some(options) = &parameter.options else { return };
        if parameter.validate.as_ref().is_some_and(|validate| validate.off) {
            return;
        }
        if let Store::Rpc(call) = &options.store
            && matches!(self.mode, Mode::Stored { .. })
            && let Answer::Failed(cause) = self.ask_options(call, parameter, level)
        {
            self.wrong(path, unresolved(call, &cause));
            return;
        }
        let Some(choices) = self.known(parameter, options, level) else { return };
        let stored = matches!(self.mode, Mode::Stored { .. });
        for value in values {
            if find(&choices, value).is_some() || stored && bounds::has_expression(value) {
                continue;
            }
            let message = format!("Value '{}' not found in options.", bounds::text_of(value));
            match (parameter.dynamic, &options.store) {
                (false, _) => self.wrong(path, message),
                (true, Store::Rpc(_)) => self.doubt(path, message),
                (true, Store::Fixed(_)) => {}
            }
        }
    }
}
