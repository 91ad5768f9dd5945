//! Forms: what is asked for, checked against what was given, and completed by an app's RPCs.
//!
//! Values are seen in two states. [`input`] takes the values of an operation, after mapping: it
//! converts them to the types of their fields, checks them, and gives what the app sees as
//! `parameters`. [`configuration`] checks values as they are stored, with expressions that are not
//! evaluated yet.
//!
//! Options and fields that an RPC gives are asked for through [`Rpcs`], which the caller supplies. A
//! check is made in rounds: whatever it needs to know and does not is noted, called, and the check is
//! made once more. So each call is made once, and one that depends on another follows it.

mod answers;
mod bounds;
mod describe;
mod formats;
mod options;
mod paths;
mod running;
mod schema;
mod stored;
mod walk;

use std::collections::BTreeSet;

use halyard_iml::{Collection, Text, Value, Zone, field::AppVersion};

use super::{
    app::Samples,
    error::{AppError, ErrorType},
    parameter::{Button, Choice, Field, Parameter, choices_from},
};
use answers::{Answers, Asking};
use walk::{Mode, Walk};

pub use answers::Rpcs;
pub use describe::{Described, defaults, describe, resolve};
pub use paths::browse;

/// What is wrong with a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// Which: the names of fields joined by dots, with elements of arrays counted from 0, such as
    /// `items[0].name`. Empty for the form as a whole.
    pub path: String,
    /// What is wrong. The sentences are wire facts.
    pub message: String,
}

/// How values are taken.
#[derive(Clone, Debug)]
pub struct Rules<'a> {
    /// The zone of dates without one, and of days without a time.
    pub zone: &'a Zone,
    /// What empty fields hold.
    pub version: AppVersion,
    /// Whether values that no field asks for are refused. They pass unchanged otherwise, because
    /// the fields of a form may be known to an RPC only.
    pub strict: bool,
    /// The paths of the fields that are to be emptied (`erase`).
    pub erased: BTreeSet<String>,
}

impl<'a> Rules<'a> {
    /// The usual ones.
    #[must_use]
    pub fn new(zone: &'a Zone) -> Self {
        Self { zone, version: AppVersion::default(), strict: false, erased: BTreeSet::new() }
    }
}

/// The values of an operation as the app sees them: with the rules for empty fields applied,
/// converted, checked. A field that nobody has filled in is one that is missing from `given`; an empty
/// text is one that was meant. No RPC is called: options that one gives are not checked, and values
/// of fields that one gives pass unchanged.
///
/// # Errors
/// All that is wrong.
pub fn input(fields: &[Field], given: &Value, rules: &Rules<'_>) -> Result<Value, Vec<Invalid>> {
    let answers = Answers::default();
    taken(fields, given, rules, &Asking::nobody(&answers)).map(|(value, _)| value)
}

/// The same as [`input`], with fields that RPCs give.
///
/// # Errors
/// All that is wrong.
pub async fn input_with<R: Rpcs>(
    fields: &[Field],
    given: &Value,
    rules: &Rules<'_>,
    rpcs: &R,
) -> Result<Value, Vec<Invalid>> {
    Ok(input_with_doubts(fields, given, rules, rpcs).await?.0)
}

/// The same as [`input_with`], and what may be wrong: values that are not among the options of an RPC
/// whose answer is known already, where they need not be.
///
/// # Errors
/// All that is wrong.
pub async fn input_with_doubts<R: Rpcs>(
    fields: &[Field],
    given: &Value,
    rules: &Rules<'_>,
    rpcs: &R,
) -> Result<(Value, Vec<Invalid>), Vec<Invalid>> {
    answers::settle(rpcs, |asking| taken(fields, given, rules, asking)).await
}

fn taken(
    fields: &[Field],
    given: &Value,
    rules: &Rules<'_>,
    asking: &Asking<'_>,
) -> Result<(Value, Vec<Invalid>), Vec<Invalid>> {
    let empty = Collection::default();
    let given = match given {
        Value::Collection(given) => given,
        Value::Undefined | Value::Null => &empty,
        other => {
            let message = bounds::wrong_type("object", other);
            return Err(vec![Invalid { path: String::new(), message }]);
        }
    };
    let mut walk = Walk::new(Mode::Running(rules), asking);
    let value = walk.root(fields, given);
    if walk.invalid.is_empty() { Ok((value, walk.doubtful)) } else { Err(walk.invalid) }
}

/// One of the sets of parameters that a stored configuration consists of.
#[derive(Clone, Copy, Debug)]
pub struct Set<'a> {
    /// What the app calls it: `parameters`, `expect`.
    pub name: &'a str,
    /// Its fields.
    pub fields: &'a [Field],
    /// Its values.
    pub values: &'a Collection,
    /// Whether it may hold expressions at all.
    pub mappable: bool,
}

/// What is to be said about a stored configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// What is wrong. Paths begin with the name of the set.
    pub invalid: Vec<Invalid>,
    /// What may be wrong: values that are not among the options of an RPC.
    pub doubtful: Vec<Invalid>,
}

/// Checks values as they are stored: expressions stand for any value where they are allowed, and
/// nothing is converted.
pub async fn configuration<R: Rpcs>(sets: &[Set<'_>], strict: bool, rpcs: &R) -> Checked {
    answers::settle(rpcs, |asking| {
        let mut walk = Walk::new(Mode::Stored { strict }, asking);
        walk.sets(sets);
        Checked { invalid: walk.invalid, doubtful: walk.doubtful }
    })
    .await
}

/// What the button of a field offers: the one result, or several to choose from. `own` are the values
/// of the button's own form.
///
/// # Errors
/// When the RPC fails.
pub async fn look_up<R: Rpcs>(
    button: &Button,
    values: &Collection,
    own: &Collection,
    rpcs: &R,
) -> Result<Vec<Choice>, AppError> {
    let parameters = answers::parameters(&[values], &button.call, own);
    let answer = rpcs.call(&button.call.name, parameters).await?;
    Ok(choices_from(&answer, None, None))
}

/// The example of an output. One given by an RPC is its first, where it gives several.
///
/// # Errors
/// When the RPC fails, or gives something that no bundle can be.
pub async fn sample<R: Rpcs>(
    samples: &Samples,
    values: &Collection,
    rpcs: &R,
) -> Result<Value, AppError> {
    let call = match samples {
        Samples::Fixed(value) => return Ok(value.clone()),
        Samples::Rpc(call) => call,
    };
    let parameters = answers::parameters(&[values], call, &Collection::default());
    let answer = match rpcs.call(&call.name, parameters).await? {
        Value::Array(items) => items.first().cloned().unwrap_or_default(),
        one => one,
    };
    match answer {
        Value::Collection(_) | Value::Undefined => Ok(answer),
        other => {
            let kind = other.kind().name();
            let message = format!("The sample of {call} is of the type {kind}, not a collection.");
            Err(AppError::new(ErrorType::RuntimeError, message))
        }
    }
}

/// The way to a field below another.
fn below(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn unresolved(resource: &impl std::fmt::Display, cause: &str) -> String {
    format!("Failed to resolve remote resource {resource}: {cause}")
}

/// The name of a field that has a value.
fn name_of(parameter: &Parameter) -> Option<&Text> {
    parameter.name.as_ref().filter(|_| !parameter.kind.is_visual())
}
