//! The input of operations, with the fields and options that look-ups give.

use std::sync::{Mutex, PoisonError};

use halyard_iml::Value;

use super::{
    call::{Error, Operator},
    session::Subject,
};
use crate::{
    apps::{
        AppError, ErrorType,
        form::{self, Rpcs, Rules},
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
}

impl Rpcs for LookUps<'_> {
    async fn call(&self, name: &str, parameters: Value) -> Result<Value, AppError> {
        let error = match self.operator.looked_up(name, parameters).await {
            Ok(answered) => return Ok(answered.value),
            Err(error) => error,
        };
        let told = match &error {
            Error::Problem(Problem::App(failure)) => failure.error.clone(),
            other => AppError::new(ErrorType::InvalidConfigurationError, other.to_string()),
        };
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        Err(told)
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
        let found = self.module(module)?;
        let webhook = found.webhook.as_ref().and_then(|name| self.app.webhooks.get(name));
        let of_webhook = webhook.map_or(&[][..], |webhook| &webhook.parameters);
        let fields = [of_webhook, &found.parameters, &found.expect].concat();
        let rpcs = LookUps { operator: self, failed: Mutex::default() };
        let rules = Rules::new(&self.host.zone);
        form::input_with(&fields, input, &rules, &rpcs).await.map_err(|invalid| {
            let failed = rpcs.failed.into_inner().unwrap_or_else(PoisonError::into_inner);
            failed.unwrap_or(Error::Input(invalid))
        })
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
