//! The look-ups of a module's fields.

use std::{collections::BTreeSet, sync::Mutex};

use halyard_automation::apps::{
    AppError,
    form::{self, Rpcs},
    parameter::{Choice, Field, Nested, Parameter, RpcCall, Spec, Store},
    run,
};
use halyard_iml::Value as Iml;
use serde_json::Value;

use super::{
    Driver,
    call::{iml, plain},
};

impl Driver {
    /// Every look-up that a form of the module can ask for brings options or fields. The form is
    /// resolved as it is for people, with what the service says as what they have chosen so far;
    /// look-ups of fields that do not show then are called by themselves.
    pub(crate) async fn check_options(&mut self, module: &str) {
        let fields = self.fields(self.module(module));
        let mut named = BTreeSet::new();
        calls(&fields, &mut named);
        if named.is_empty() {
            self.table.none(module, "options", "no field has options to load");
            return;
        }
        let seen = self.resolve(&fields, &named).await.map(|()| "ok".to_owned());
        self.table.row(module, "options", seen);
    }

    async fn resolve(&self, fields: &[Field], named: &BTreeSet<String>) -> Result<(), String> {
        let given = iml(&self.service.names.fill(&self.service.look_up));
        let Iml::Collection(chosen) = &given else { return Err("look_up is no object".to_owned()) };
        let clerk = Clerk { driver: self, called: Mutex::default() };
        let described = form::resolve(fields, chosen, &clerk).await;
        if let Some(failed) = described.failed.first() {
            return Err(format!("{}: {}", failed.path, failed.message));
        }
        let called = clerk.called.into_inner().unwrap();
        let direct = Clerk { driver: self, called: Mutex::default() };
        for name in named.iter().filter(|name| !called.iter().any(|(done, _)| done == *name)) {
            direct.call(name, given.clone()).await.map_err(|error| format!("{name}: {error}"))?;
        }
        let called = called.into_iter().chain(direct.called.into_inner().unwrap());
        for (name, answer) in called {
            brings_something(&answer).map_err(|wrong| format!("{name}: {wrong}"))?;
        }
        Ok(())
    }
}

/// Calls the look-ups of a form at the service, and keeps what they have answered.
struct Clerk<'a> {
    driver: &'a Driver,
    called: Mutex<Vec<(String, Value)>>,
}

impl Rpcs for Clerk<'_> {
    async fn call(&self, name: &str, parameters: Iml) -> Result<Iml, AppError> {
        let driver = self.driver;
        let scene = driver.scene(parameters, &driver.service.base_url);
        let answered = run::rpc(&driver.host, &driver.app.rpcs[name], &scene).await;
        let answered = answered.map_err(|failure| failure.error)?;
        self.called.lock().unwrap().push((name.to_owned(), plain(&answered.value)));
        Ok(answered.value)
    }
}

/// At least one thing with a label and a value, or with a name.
fn brings_something(answer: &Value) -> Result<(), String> {
    let good = |item: &Value| {
        (item["label"].is_string() && !item["value"].is_null()) || item["name"].is_string()
    };
    match answer {
        Value::Array(items) if !items.is_empty() && items.iter().all(good) => Ok(()),
        other => Err(other.to_string()),
    }
}

/// The look-ups that fields name, also below other fields.
fn calls(fields: &[Field], found: &mut BTreeSet<String>) {
    for field in fields {
        match field {
            Field::Parameter(parameter) => calls_of(parameter, found),
            Field::Rpc(call) => named(call, found),
        }
    }
}

fn named(call: &RpcCall, found: &mut BTreeSet<String>) {
    found.insert(call.name.to_string());
}

fn below(nested: Option<&Nested>, found: &mut BTreeSet<String>) {
    if let Some(nested) = nested {
        calls(&nested.fields, found);
    }
}

fn calls_of(parameter: &Parameter, found: &mut BTreeSet<String>) {
    below(parameter.nested.as_ref(), found);
    match &parameter.spec {
        Some(Spec::One(one)) => calls_of(one, found),
        Some(Spec::Many(fields)) => calls(fields, found),
        None => {}
    }
    let Some(options) = &parameter.options else { return };
    below(options.nested.as_ref(), found);
    below(options.placeholder_nested.as_ref(), found);
    match &options.store {
        Store::Rpc(call) => named(call, found),
        Store::Fixed(choices) => choices.iter().for_each(|choice| calls_of_choice(choice, found)),
    }
}

fn calls_of_choice(choice: &Choice, found: &mut BTreeSet<String>) {
    match choice {
        Choice::Option { nested, .. } => below(nested.as_ref(), found),
        Choice::Group { options, .. } => {
            options.iter().for_each(|choice| calls_of_choice(choice, found));
        }
    }
}
