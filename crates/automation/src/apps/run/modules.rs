//! What modules and RPCs do with the output of their requests.

use halyard_iml::{Collection, Type, Value};

use super::{Answered, Failure, Host, Outcome, Scene, call::Call, scope::Frame};
use crate::apps::{AppError, ErrorType, Module, ModuleKind, Rpc};

fn empty() -> Value {
    Value::collection(Collection::default())
}

fn wrong_output(found: &str) -> AppError {
    let message = format!("Invalid module output. Expected Object, but found {found}.");
    AppError::new(ErrorType::DataError, message)
}

/// The name of a type in messages about outputs.
fn name(value: &Value) -> &'static str {
    match value.kind() {
        Type::Array => "Array",
        Type::Text => "String",
        Type::Number => "Number",
        Type::Boolean => "Boolean",
        Type::Date => "Date",
        Type::Buffer => "Buffer",
        Type::Undefined | Type::Null | Type::Collection => "Object",
    }
}

/// The bundle of a module that has exactly one.
fn one(output: Option<Value>) -> Result<Value, AppError> {
    match output.unwrap_or_default() {
        Value::Undefined | Value::Null => Ok(empty()),
        bundle @ Value::Collection(_) => Ok(bundle),
        other => Err(wrong_output(name(&other))),
    }
}

/// The bundles of a module that has any number.
fn many(output: Option<Value>) -> Result<Vec<Value>, AppError> {
    let items = match output.unwrap_or_default() {
        Value::Array(items) => items.to_vec(),
        one => vec![one],
    };
    let some = items.into_iter().filter(|item| !item.is_nothing());
    some.map(|item| one(Some(item))).collect()
}

pub(super) async fn module(
    host: &Host,
    module: &Module,
    scene: &Scene<'_>,
) -> Result<Outcome, Failure> {
    let requests = &module.communication.requests;
    let mut call = Call::new(host, scene, requests);
    let single = match module.kind {
        ModuleKind::Action | ModuleKind::Universal => true,
        ModuleKind::Search => false,
        ModuleKind::Trigger | ModuleKind::InstantTrigger | ModuleKind::Responder => {
            let message = "Triggers and responders are not run as a step.";
            return Err(call.failed(AppError::new(ErrorType::InvalidConfigurationError, message)));
        }
    };
    let pages = module.kind != ModuleKind::Action;
    let mut frame = Frame::of(scene, Value::Undefined);
    let output = call.requests(&mut frame, requests, pages, None, None).await;
    finish(
        call,
        output,
        |output| {
            if single { one(output).map(|bundle| vec![bundle]) } else { many(output) }
        },
    )
    .await
}

pub(super) async fn instant(
    host: &Host,
    module: &Module,
    scene: &Scene<'_>,
) -> Result<Outcome, Failure> {
    let requests = &module.communication.requests;
    let mut call = Call::new(host, scene, requests);
    let mut frame = Frame::of(scene, Value::Undefined);
    let output = call.requests(&mut frame, requests, false, None, None).await;
    finish(call, output, |output| {
        let payload = || scene.payload.clone();
        one(output.or_else(payload)).map(|bundle| vec![bundle])
    })
    .await
}

async fn finish(
    mut call: Call<'_>,
    output: Result<Option<Value>, AppError>,
    bundles: impl FnOnce(Option<Value>) -> Result<Vec<Value>, AppError>,
) -> Result<Outcome, Failure> {
    match output.and_then(bundles) {
        Ok(bundles) => {
            call.tidy(&bundles).await;
            let (exchanges, warnings) = call.told();
            Ok(Outcome { bundles, exchanges, warnings })
        }
        Err(error) => {
            call.tidy([]).await;
            Err(call.failed(error))
        }
    }
}

pub(super) async fn rpc(host: &Host, rpc: &Rpc, scene: &Scene<'_>) -> Result<Answered, Failure> {
    let requests = &rpc.communication.requests;
    let mut call = Call::new(host, scene, requests);
    let mut frame = Frame::of(scene, Value::Undefined);
    match call.requests(&mut frame, requests, true, None, None).await {
        Ok(output) => {
            let value = match output.unwrap_or_default() {
                Value::Undefined | Value::Null => Value::array(Vec::new()),
                value => value,
            };
            call.tidy([&value]).await;
            let (exchanges, warnings) = call.told();
            Ok(Answered { value, exchanges, warnings })
        }
        Err(error) => {
            call.tidy([]).await;
            Err(call.failed(error))
        }
    }
}
