//! The input of operations, with the fields and options that look-ups give.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use halyard_iml::Value;

use super::{
    call::{Error, Operator},
    session::Subject,
};
use crate::{
    apps::{
        AppError, ErrorType,
        form::{self, Invalid, Rpcs, Rules},
        parameter::Field,
        run::{self, Answered},
    },
    connections::Problem,
};

/// Look-ups for one form.
struct LookUps<'a> {
    operator: &'a Operator<'a>,
    /// The first one that has failed. It says more than the form can: what was sent and answered,
    /// and whether trying again may help.
    failed: Mutex<Option<Error>>,
    /// Whether every answer is asked for anew.
    anew: bool,
    /// Whether an answer was not.
    recalled: AtomicBool,
}

impl LookUps<'_> {
    fn recall(&self, name: &str, parameters: &Value) -> Option<Value> {
        let found = self.operator.recalled(name, parameters).filter(|_| !self.anew)?;
        self.recalled.store(true, Ordering::Relaxed);
        Some(found)
    }
}

impl Rpcs for LookUps<'_> {
    async fn call(&self, name: &str, parameters: Value) -> Result<Value, AppError> {
        if let Some(known) = self.recall(name, &parameters) {
            return Ok(known);
        }
        let error = match self.operator.looked_up(name, parameters.clone()).await {
            Ok(answered) => {
                self.operator.remember(name, &parameters, &answered.value);
                return Ok(answered.value);
            }
            Err(error) => error,
        };
        let told = match &error {
            Error::Problem(Problem::App(failure)) => failure.error.clone(),
            other => AppError::new(ErrorType::InvalidConfigurationError, other.to_string()),
        };
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        Err(told)
    }

    fn known(&self, name: &str, parameters: &Value) -> Option<Value> {
        self.recall(name, parameters)
    }
}

impl Operator<'_> {
    /// The input of a module as the app sees it: with the rules for empty fields applied, converted
    /// to the types of the fields, and checked. Fields that a look-up gives are asked for; options
    /// that one gives only where the author wants values to be among them (`dynamic: false`).
    ///
    /// # Errors
    /// [`Error::Input`] with all that is wrong; [`Error::Unknown`]; what a look-up has failed with,
    /// when fields are not known for that.
    pub async fn checked(&self, module: &str, input: &Value) -> Result<Value, Error> {
        Ok(self.checked_with_doubts(module, input).await?.0)
    }

    /// As [`checked`](Self::checked), with warnings of values that are not among options that are known
    /// without asking, where they need not be.
    pub(super) async fn checked_with_doubts(
        &self,
        module: &str,
        input: &Value,
    ) -> Result<(Value, Vec<String>), Error> {
        let found = self.module(module)?;
        let webhook = found.webhook.as_ref().and_then(|name| self.app.webhooks.get(name));
        let of_webhook = webhook.map_or(&[][..], |webhook| &webhook.parameters);
        let fields = [of_webhook, &found.parameters, &found.expect].concat();
        let rules = Rules::new(&self.host.zone);
        let mut anew = false;
        loop {
            let rpcs = LookUps {
                operator: self,
                failed: Mutex::default(),
                anew,
                recalled: AtomicBool::default(),
            };
            let checked = form::input_with_doubts(&fields, input, &rules, &rpcs).await;
            let invalid = match checked {
                Ok((value, doubtful)) => {
                    let words = |one: Invalid| format!("{}: {}", one.path, one.message);
                    return Ok((value, doubtful.into_iter().map(words).collect()));
                }
                Err(invalid) => invalid,
            };
            // What was asked for a while ago may lack what has been made since.
            if rpcs.recalled.into_inner() && !anew {
                anew = true;
                continue;
            }
            let failed = rpcs.failed.into_inner().unwrap_or_else(PoisonError::into_inner);
            return Err(failed.unwrap_or(Error::Input(invalid)));
        }
    }

    /// The input of a look-up itself, which asks nobody.
    pub(super) fn taken(&self, fields: &[Field], given: &Value) -> Result<Value, Error> {
        form::input(fields, given, &Rules::new(&self.host.zone)).map_err(Error::Input)
    }

    /// Runs a look-up with these parameters as they are: those of a form are converted already.
    pub(super) async fn looked_up(&self, rpc: &str, parameters: Value) -> Result<Answered, Error> {
        let found = self.rpc(rpc)?;
        let subject = Subject { name: rpc, kinds: &found.connections, module: None };
        let mut session = self.session(&subject, parameters).await?;
        loop {
            let done = run::rpc(self.host, found, &session.scene).await;
            if let Some(answered) = session.settle(done).await? {
                return Ok(answered);
            }
        }
    }
}
