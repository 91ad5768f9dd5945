//! An engine, and what it does: compile functions, call them, run their tests.

use std::{
    collections::BTreeMap,
    rc::Rc,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use halyard_iml::{Environment, Error, NoFunctions, Randomness, Result, Text, Value, functions};
use rquickjs::{
    Array, Context, Ctx, Exception, Function as JsFunction, Object, Runtime, TypedArray,
    context::EvalOptions, function::This, promise::PromiseState,
};

use super::{
    ScriptLimits, Surroundings, TestResult,
    bytes::Encoding,
    convert::{self, Fault, Reader},
    failure,
    random::Stream,
    source,
};
use crate::apps::app::Function;

const PRELUDE: &str = include_str!("prelude.js");
const BUFFER: &str = include_str!("buffer.js");
const TEST: &str = include_str!("test.js");

type Sources = Arc<BTreeMap<String, Function>>;

/// An engine that is used once.
pub(super) struct Engine {
    context: Context,
    // After the context: it outlives what it has made.
    _runtime: Runtime,
    state: Rc<State>,
}

/// What our functions inside the engine share.
struct State {
    sources: Sources,
    limits: ScriptLimits,
    surroundings: Surroundings,
    randomness: Stream,
    stop: Arc<AtomicBool>,
}

/// The engine from inside.
struct Inside<'js> {
    ctx: Ctx<'js>,
    host: Object<'js>,
    tools: Object<'js>,
    state: Rc<State>,
}

impl Engine {
    pub(super) fn new(
        sources: Sources,
        limits: ScriptLimits,
        surroundings: Surroundings,
        stop: Arc<AtomicBool>,
    ) -> Result<Self> {
        let failed = |error: rquickjs::Error| Error::host(format!("No engine: {error}."));
        let runtime = Runtime::new().map_err(failed)?;
        runtime.set_memory_limit(limits.memory);
        runtime.set_max_stack_size(limits.stack);
        let interrupted = Arc::clone(&stop);
        let handler = move || interrupted.load(Ordering::Relaxed);
        runtime.set_interrupt_handler(Some(Box::new(handler)));
        let context = Context::full(&runtime).map_err(failed)?;
        let randomness = Stream::new(surroundings.seed);
        let state = Rc::new(State { sources, limits, surroundings, randomness, stop });
        Ok(Self { context, _runtime: runtime, state })
    }

    /// Whether a function can be used.
    pub(super) fn compile(&self, name: &str) -> Result<()> {
        self.inside(|inside| inside.function(name).map(drop))
    }

    /// The result of a function.
    pub(super) fn call(&self, name: &str, arguments: &[Value]) -> Result<Value> {
        self.inside(|inside| {
            let function = inside.function(name)?;
            let mut given = Vec::with_capacity(arguments.len());
            for argument in arguments {
                let argument = convert::to_js(&inside.ctx, &inside.tools, argument);
                given.push(argument.map_err(|fault| inside.fault(fault))?);
            }
            let itself: Object<'_> = inside.js(inside.tools.get("self"))?;
            let given = rquickjs::function::Rest(given);
            let result: rquickjs::Value<'_> = inside.js(function.call((This(itself), given)))?;
            let result = inside.settled(result)?;
            inside.value(&result)
        })
    }

    /// Runs the tests of a function and notes how each went.
    pub(super) fn test(
        &self,
        name: &str,
        test: &Text,
        results: &Arc<Mutex<Vec<TestResult>>>,
    ) -> Result<()> {
        self.inside(|inside| {
            let function = inside.function(name)?;
            inside.js(inside.ctx.globals().set(name, function))?;
            let set_up: JsFunction<'_> = inside.js(evaluate(&inside.ctx, "test.js", TEST))?;
            let noted = Arc::clone(results);
            let report = move |name: String, failure: rquickjs::Value<'_>| {
                let failure = failure.as_string().and_then(|text| text.to_string().ok());
                let mut noted = noted.lock().unwrap_or_else(PoisonError::into_inner);
                match noted.last_mut().filter(|last| last.name == name) {
                    Some(last) if last.failure.is_some() => last.failure = failure,
                    _ => noted.push(TestResult { name, failure }),
                }
            };
            let report = inside.js(JsFunction::new(inside.ctx.clone(), report))?;
            let state = Rc::clone(&inside.state);
            let wait = waiting(move |ctx, value| wait_for(&state, &ctx, value));
            let wait = inside.js(JsFunction::new(inside.ctx.clone(), wait))?;
            inside.js(set_up.call::<_, ()>((inside.host.clone(), report, wait)))?;
            let file = format!("{name}/test.js");
            inside.js(evaluate::<rquickjs::Value<'_>>(&inside.ctx, &file, test))?;
            Ok(())
        })
    }

    fn inside<T>(&self, act: impl for<'js> FnOnce(&Inside<'js>) -> Result<T>) -> Result<T> {
        self.context.with(|ctx| {
            let inside = Inside::new(ctx.clone(), Rc::clone(&self.state))
                .map_err(|error| failure::error(&ctx, &self.state.limits, error))?;
            act(&inside)
        })
    }
}

fn evaluate<'js, V: rquickjs::FromJs<'js>>(
    ctx: &Ctx<'js>,
    file: &str,
    source: &str,
) -> rquickjs::Result<V> {
    let mut options = EvalOptions::default();
    // As the files of apps are: not strict.
    options.strict = false;
    options.filename = Some(file.to_owned());
    ctx.eval_with_options(source, options)
}

// These say of closures that they work for every life time of the engine.
fn calling<F>(function: F) -> F
where
    F: for<'js> Fn(
        This<Object<'js>>,
        Ctx<'js>,
        String,
        Array<'js>,
    ) -> rquickjs::Result<rquickjs::Value<'js>>,
{
    function
}

fn finding<F>(function: F) -> F
where
    F: for<'js> Fn(Ctx<'js>, String) -> rquickjs::Result<rquickjs::Value<'js>>,
{
    function
}

fn encoding<F>(function: F) -> F
where
    F: for<'js> Fn(Ctx<'js>, String, String) -> rquickjs::Result<TypedArray<'js, u8>>,
{
    function
}

fn decoding<F>(function: F) -> F
where
    F: for<'js> Fn(Ctx<'js>, String, String) -> rquickjs::Result<String>,
{
    function
}

fn opening<F>(function: F) -> F
where
    F: for<'js> Fn(Ctx<'js>) -> rquickjs::Result<rquickjs::Value<'js>>,
{
    function
}

fn waiting<F>(function: F) -> F
where
    F: for<'js> Fn(Ctx<'js>, rquickjs::Value<'js>) -> rquickjs::Result<rquickjs::Value<'js>>,
{
    function
}

impl<'js> Inside<'js> {
    fn new(ctx: Ctx<'js>, state: Rc<State>) -> rquickjs::Result<Self> {
        let host = Object::new(ctx.clone())?;
        host.set("now", state.surroundings.now.ms() as f64)?;
        host.set("timezone", state.surroundings.zone.name())?;
        let random = {
            let state = Rc::clone(&state);
            // 53 bits are what a double between 0 and 1 holds.
            move || (state.randomness.next() >> 11) as f64 / 9_007_199_254_740_992.0
        };
        host.set("random", JsFunction::new(ctx.clone(), random)?)?;
        let is_built_in =
            |name: String| functions::catalogue().iter().any(|function| function.name == name);
        host.set("isBuiltIn", JsFunction::new(ctx.clone(), is_built_in)?)?;
        let call = {
            let state = Rc::clone(&state);
            calling(move |host, ctx, name, given| built_in(&state, &host.0, &ctx, &name, &given))
        };
        host.set("call", JsFunction::new(ctx.clone(), call)?)?;
        let own = {
            let state = Rc::clone(&state);
            finding(move |ctx, name| match compiled(&state, &ctx, &name)? {
                Some(function) => Ok(function.into_value()),
                None => Ok(rquickjs::Value::new_undefined(ctx)),
            })
        };
        host.set("own", JsFunction::new(ctx.clone(), own)?)?;
        let buffer = opening(|ctx| evaluate(&ctx, "buffer.js", BUFFER));
        host.set("buffer", JsFunction::new(ctx.clone(), buffer)?)?;
        let encode = encoding(|ctx, text, name| {
            let encoding = known(&ctx, &name)?;
            TypedArray::new(ctx, encoding.encode(&text))
        });
        host.set("encode", JsFunction::new(ctx.clone(), encode)?)?;
        let decode = decoding(|ctx, characters, name| {
            Ok(known(&ctx, &name)?.decode(&convert::bytes_of(&characters)))
        });
        host.set("decode", JsFunction::new(ctx.clone(), decode)?)?;
        let is_encoding = |name: String| Encoding::named(&name).is_some();
        host.set("isEncoding", JsFunction::new(ctx.clone(), is_encoding)?)?;
        let prelude: JsFunction<'js> = evaluate(&ctx, "prelude.js", PRELUDE)?;
        let tools: Object<'js> = prelude.call((host.clone(),))?;
        host.set("tools", tools.clone())?;
        Ok(Self { ctx, host, tools, state })
    }

    fn js<T>(&self, result: rquickjs::Result<T>) -> Result<T> {
        result.map_err(|error| failure::error(&self.ctx, &self.state.limits, error))
    }

    fn fault(&self, fault: Fault) -> Error {
        match fault {
            Fault::Engine(error) => failure::error(&self.ctx, &self.state.limits, error),
            Fault::Value(error) => error,
        }
    }

    /// A function of the app.
    fn function(&self, name: &str) -> Result<JsFunction<'js>> {
        match self.js(compiled(&self.state, &self.ctx, name))? {
            Some(function) => Ok(function),
            None => Err(Error::host(format!("There is no function '{name}'."))),
        }
    }

    /// What a promise is kept with.
    fn settled(&self, value: rquickjs::Value<'js>) -> Result<rquickjs::Value<'js>> {
        self.js(wait_for(&self.state, &self.ctx, value))
    }

    fn value(&self, value: &rquickjs::Value<'js>) -> Result<Value> {
        let left = self.state.surroundings.limits.output_bytes;
        Reader { tools: Some(&self.tools), left }.value(value).map_err(|fault| self.fault(fault))
    }
}

fn known(ctx: &Ctx<'_>, name: &str) -> rquickjs::Result<Encoding> {
    Encoding::named(name)
        .ok_or_else(|| Exception::throw_type(ctx, &format!("Unknown encoding: {name}")))
}

// Nothing happens outside of the engine, so that a promise is kept by what waits inside, or never.
fn wait_for<'js>(
    state: &State,
    ctx: &Ctx<'js>,
    value: rquickjs::Value<'js>,
) -> rquickjs::Result<rquickjs::Value<'js>> {
    let Some(promise) = value.as_promise() else { return Ok(value) };
    while promise.state() == PromiseState::Pending
        && !state.stop.load(Ordering::Relaxed)
        && ctx.execute_pending_job()
    {}
    match promise.result::<rquickjs::Value<'js>>() {
        Some(result) => result,
        None => Err(Exception::throw_message(ctx, "A promise is never kept.")),
    }
}

/// A function of the app as a function of the engine.
fn compiled<'js>(
    state: &State,
    ctx: &Ctx<'js>,
    name: &str,
) -> rquickjs::Result<Option<JsFunction<'js>>> {
    let Some(function) = state.sources.get(name) else { return Ok(None) };
    let length = function.code.chars().count();
    if length > state.limits.code {
        let most = state.limits.code;
        let message = format!("The code has {length} characters; {most} are allowed.");
        return Err(Exception::throw_message(ctx, &message));
    }
    let file = format!("{name}/code.js");
    let mut first = None;
    for script in source::scripts(name, &function.code) {
        let value: rquickjs::Result<rquickjs::Value<'js>> = evaluate(ctx, &file, &script);
        match value {
            Ok(value) => {
                if let Some(function) = value.into_function() {
                    return Ok(Some(function));
                }
            }
            // What the code is if it is a declaration is what its author is told.
            Err(rquickjs::Error::Exception) => {
                let thrown = ctx.catch();
                if thrown.is_uncatchable_error() {
                    return Err(ctx.throw(thrown));
                }
                first.get_or_insert(thrown);
            }
            Err(other) => return Err(other),
        }
    }
    Err(match first {
        Some(thrown) => ctx.throw(thrown),
        None => Exception::throw_message(ctx, "The code is not a function."),
    })
}

/// Calls a built-in function for JavaScript.
fn built_in<'js>(
    state: &State,
    host: &Object<'js>,
    ctx: &Ctx<'js>,
    name: &str,
    given: &Array<'js>,
) -> rquickjs::Result<rquickjs::Value<'js>> {
    let tools: Object<'js> = host.get("tools")?;
    let surroundings = &state.surroundings;
    let thrown = |fault: Fault| match fault {
        Fault::Engine(error) => error,
        Fault::Value(error) => Exception::throw_message(ctx, &error.to_string()),
    };
    let mut reader = Reader { tools: Some(&tools), left: surroundings.limits.output_bytes };
    let arguments = reader.value(given.as_value()).map_err(thrown)?;
    let Value::Array(arguments) = arguments else { return Err(rquickjs::Error::Unknown) };
    let environment = Environment {
        now: surroundings.now,
        zone: surroundings.zone.clone(),
        locale: surroundings.locale,
        run: surroundings.run.clone(),
        randomness: &state.randomness,
        functions: &NoFunctions,
        limits: surroundings.limits,
    };
    let result = functions::call(name, &arguments, &environment).unwrap_or(Ok(Value::Undefined));
    let result = result.map_err(|error| thrown(Fault::Value(error)))?;
    convert::to_js(ctx, &tools, &result).map_err(thrown)
}
