//! Calls of RPCs, and what is known of their answers.

use std::{cell::RefCell, collections::BTreeMap, future::Future};

use halyard_iml::{Collection, Text, Value};

use crate::apps::{error::AppError, parameter::RpcCall};

/// How an app's RPCs are called.
pub trait Rpcs: Sync {
    /// The output of an RPC.
    fn call(
        &self,
        name: &str,
        parameters: Value,
    ) -> impl Future<Output = Result<Value, AppError>> + Send;

    /// What it has put out a short while ago, where that is known without calling it.
    fn known(&self, _name: &str, _parameters: &Value) -> Option<Value> {
        None
    }
}

/// Rounds of calls, which is the longest chain of RPCs that depend on each other.
const MAX_ROUNDS: usize = 16;
/// Calls for one form.
const MAX_CALLS: usize = 100;

/// What RPCs have answered, by call, or why they have not.
#[derive(Debug, Default)]
pub(super) struct Answers(BTreeMap<String, Result<Value, String>>);

/// What an RPC says.
pub(super) enum Answer {
    /// This.
    Value(Value),
    /// It has failed; why.
    Failed(String),
    /// Nobody has asked it, or not yet.
    Unknown,
}

/// Tells what an RPC has put out a short while ago.
type Recall<'a> = dyn Fn(&str, &Value) -> Option<Value> + 'a;

/// Asks for answers, and notes what is not known yet.
pub(super) struct Asking<'a> {
    answers: &'a Answers,
    wanted: Option<RefCell<BTreeMap<String, (Text, Value)>>>,
    known: Option<&'a Recall<'a>>,
}

impl<'a> Asking<'a> {
    /// Nobody answers.
    pub(super) fn nobody(answers: &'a Answers) -> Self {
        Self { answers, wanted: None, known: None }
    }

    fn noting(answers: &'a Answers, known: &'a Recall<'a>) -> Self {
        Self { answers, wanted: Some(RefCell::default()), known: Some(known) }
    }

    /// The answer that is known without asking.
    pub(super) fn recall(&self, name: &Text, parameters: &Value) -> Option<Value> {
        let key = format!("{name} {}", parameters.to_json().ok()?);
        match self.answers.0.get(&key) {
            Some(answer) => answer.clone().ok(),
            None => self.known?(name, parameters),
        }
    }

    /// The answer of an RPC to these parameters.
    pub(super) fn ask(&self, name: &Text, parameters: Value) -> Answer {
        let Some(wanted) = &self.wanted else { return Answer::Unknown };
        let key = match parameters.to_json() {
            Ok(json) => format!("{name} {json}"),
            Err(error) => return Answer::Failed(error.to_string()),
        };
        match self.answers.0.get(&key) {
            Some(Ok(value)) => Answer::Value(value.clone()),
            Some(Err(cause)) => Answer::Failed(cause.clone()),
            None => {
                wanted.borrow_mut().entry(key).or_insert_with(|| (name.clone(), parameters));
                Answer::Unknown
            }
        }
    }
}

/// Tries until everything that the attempt asks for is answered.
pub(super) async fn settle<T, R: Rpcs>(
    rpcs: &R,
    mut attempt: impl FnMut(&Asking<'_>) -> T + Send,
) -> T {
    let mut answers = Answers::default();
    for round in 0.. {
        let (result, wanted) = {
            let known = |name: &str, parameters: &Value| rpcs.known(name, parameters);
            let asking = Asking::noting(&answers, &known);
            let result = attempt(&asking);
            (result, asking.wanted.map(RefCell::into_inner).unwrap_or_default())
        };
        // The last round cannot ask for more: what it wants to know stays unknown.
        if wanted.is_empty() || round == MAX_ROUNDS {
            return result;
        }
        drop(result);
        for (key, (name, parameters)) in wanted {
            let answer = if answers.0.len() < MAX_CALLS && round + 1 < MAX_ROUNDS {
                rpcs.call(&name, parameters).await.map_err(|error| error.message)
            } else {
                Err("The form needs too many remote resources.".to_owned())
            };
            answers.0.insert(key, answer);
        }
    }
    unreachable!("the last round returns")
}

/// What an RPC is given: the values of the form from the outermost to the innermost, then those of
/// the reference, then `own`. Of equal names the last counts, which is the most specific.
pub(super) fn parameters(forms: &[&Collection], call: &RpcCall, own: &Collection) -> Value {
    let form = forms.iter().flat_map(|values| values.iter()).cloned();
    let query = call.query.iter().cloned();
    let all = form.map(|(key, value)| (key.name().clone(), value));
    let own = own.iter().map(|(key, value)| (key.name().clone(), value.clone()));
    Value::collection(
        all.chain(query).chain(own).filter(|(_, value)| !value.is_undefined()).collect(),
    )
}
