//! Functions of apps, written in JavaScript.
//!
//! Each call has an engine of its own, on a thread of its own: nothing that a function does outlives
//! it, and its stack is as large as we say. The engine has no I/O, no timers and no modules; its clock
//! and its random numbers are those of the evaluation. A call that takes too long is interrupted. The
//! few operations inside the engine that cannot be are left to themselves, up to a number.

mod bytes;
mod convert;
mod engine;
mod failure;
mod random;
mod source;

use std::{
    cell::Cell,
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

use halyard_iml::{
    Bound, Date, Environment, Error, ErrorKind, Functions, Locale, Result, Run, Value, Zone,
};

use tokio::runtime::{Handle, RuntimeFlavor};

use super::app::Function;

/// What a call must not exceed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScriptLimits {
    /// How long it takes.
    pub time: Duration,
    /// Bytes that its values need.
    pub memory: usize,
    /// Bytes of stack.
    pub stack: usize,
    /// Characters of one function.
    pub code: usize,
}

impl Default for ScriptLimits {
    /// The documented ones, and 64 MiB of memory.
    fn default() -> Self {
        Self {
            time: Duration::from_secs(10),
            memory: 64 * 1024 * 1024,
            stack: 512 * 1024,
            code: 5000,
        }
    }
}

/// Beside the engine's own stack, what our functions need that it calls at its end.
const STACK_RESERVE: usize = 3 * 1024 * 1024;
/// How long an interrupted call may take to come back.
const GRACE: Duration = Duration::from_secs(1);
/// Calls of one app that may have been given up without having ended.
const MAX_LOST: usize = 3;
/// How long tests may take altogether.
const TEST_TIME: Duration = Duration::from_secs(5);

/// The functions of an app.
#[derive(Clone, Debug)]
pub struct Scripts {
    sources: Arc<BTreeMap<String, Function>>,
    limits: ScriptLimits,
    lost: Arc<AtomicUsize>,
}

/// How a test of a function went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestResult {
    /// What the test is called.
    pub name: String,
    /// Why it has failed.
    pub failure: Option<String>,
}

/// What a call needs of its environment, for another thread.
#[derive(Clone)]
struct Surroundings {
    now: Date,
    zone: Zone,
    locale: Locale,
    run: Run,
    seed: [u64; 4],
    limits: halyard_iml::Limits,
}

impl Surroundings {
    fn of(environment: &Environment<'_>) -> Self {
        Self {
            now: environment.now,
            zone: environment.zone.clone(),
            locale: environment.locale,
            run: environment.run.clone(),
            seed: std::array::from_fn(|_| environment.randomness.next()),
            limits: environment.limits,
        }
    }
}

impl Scripts {
    /// These functions, by name, within the usual limits.
    #[must_use]
    pub fn new(functions: &BTreeMap<String, Function>) -> Self {
        Self::with_limits(functions, ScriptLimits::default())
    }

    /// These functions within these limits.
    #[must_use]
    pub fn with_limits(functions: &BTreeMap<String, Function>, limits: ScriptLimits) -> Self {
        Self { sources: Arc::new(functions.clone()), limits, lost: Arc::default() }
    }

    /// Whether there is one of this name, which goes before a built-in one.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.sources.contains_key(name)
    }

    /// Functions that cannot be used, with the reason.
    #[must_use]
    pub fn problems(&self, environment: &Environment<'_>) -> Vec<(String, String)> {
        let compile = |name: &String| {
            let name = name.clone();
            let task = move |engine: &engine::Engine| engine.compile(&name);
            self.on_engine(environment, self.limits.time, task).err()
        };
        self.sources
            .keys()
            .filter_map(|name| Some((name.clone(), compile(name)?.cause().to_owned())))
            .collect()
    }

    /// Runs the tests of a function: nothing when it has none.
    ///
    /// # Errors
    /// When there is no such function, or its tests cannot be read.
    pub fn test(&self, name: &str, environment: &Environment<'_>) -> Result<Vec<TestResult>> {
        let Some(function) = self.sources.get(name) else {
            return Err(Error::host(format!("There is no function '{name}'.")));
        };
        let Some(test) = function.test.clone() else { return Ok(Vec::new()) };
        let results: Arc<Mutex<Vec<TestResult>>> = Arc::default();
        let ended = {
            let (name, results) = (name.to_owned(), Arc::clone(&results));
            let task = move |engine: &engine::Engine| engine.test(&name, &test, &results);
            self.on_engine(environment, TEST_TIME.min(self.limits.time), task)
        };
        let results = std::mem::take(&mut *results.lock().unwrap_or_else(PoisonError::into_inner));
        match ended {
            // The test that was under way has been noted as not having ended.
            Err(error)
                if matches!(error.kind(), ErrorKind::Limit(_))
                    && results.last().is_some_and(|last| last.failure.is_some()) =>
            {
                Ok(results)
            }
            Err(error) => Err(error.in_function(name)),
            Ok(()) => Ok(results),
        }
    }

    // Does something on a new engine, for as long as is allowed.
    fn on_engine<T: Send + 'static>(
        &self,
        environment: &Environment<'_>,
        time: Duration,
        task: impl FnOnce(&engine::Engine) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        if self.lost.load(Ordering::Relaxed) >= MAX_LOST {
            let cause = "Functions of the app are still busy with calls that were given up.";
            return Err(Error::host(cause));
        }
        let stop = Arc::new(AtomicBool::new(false));
        // Set by whoever is first to leave: the caller who gives up, or the thread that ends.
        let left = Arc::new(AtomicBool::new(false));
        let (sender, receiver) = mpsc::sync_channel(1);
        let thread = {
            let (stop, left, lost) = (Arc::clone(&stop), Arc::clone(&left), Arc::clone(&self.lost));
            let (sources, limits) = (Arc::clone(&self.sources), self.limits);
            let surroundings = Surroundings::of(environment);
            thread::Builder::new()
                .name("app-function".to_owned())
                .stack_size(limits.stack + STACK_RESERVE)
                .spawn(move || {
                    let result = engine::Engine::new(sources, limits, surroundings, stop)
                        .and_then(|engine| task(&engine));
                    if left.swap(true, Ordering::AcqRel) {
                        lost.fetch_sub(1, Ordering::Relaxed);
                    }
                    // Whoever has given up does not listen.
                    let _ = sender.send(result);
                })
        };
        thread.map_err(|error| Error::host(format!("No thread for the function: {error}.")))?;
        waiting(|| {
            match receiver.recv_timeout(time) {
                Ok(result) => return result,
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Error::host("The engine of the function has failed."));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            stop.store(true, Ordering::Relaxed);
            let ended = receiver.recv_timeout(GRACE).is_ok();
            if !ended && !left.swap(true, Ordering::AcqRel) {
                self.lost.fetch_add(1, Ordering::Relaxed);
            }
            Err(too_long(time))
        })
    }
}

thread_local! {
    /// Whether many tasks share this thread, so that they have to move before it waits.
    static SHARED: Cell<bool> = const { Cell::new(false) };
}

/// Says that this thread is one of those that run the tasks of a runtime with several. To be called by
/// each of them when it starts (`on_thread_start`). While a function runs on behalf of a task, the
/// others move to another thread then.
///
/// Threads that have not said so just wait, which is always sound: the thread that built the runtime,
/// local sets and runtimes with one thread have nowhere to move their tasks to, and a thread cannot
/// find out by itself whether it is one of these.
pub fn mark_shared_thread() {
    SHARED.set(true);
}

/// Waits for an engine.
fn waiting<T>(wait: impl FnOnce() -> T) -> T {
    let runtime = Handle::try_current().map(|runtime| runtime.runtime_flavor());
    match SHARED.get() && matches!(runtime, Ok(RuntimeFlavor::MultiThread)) {
        true => tokio::task::block_in_place(wait),
        false => wait(),
    }
}

fn too_long(time: Duration) -> Error {
    let cause = format!("It takes longer than {} s.", time.as_secs_f64());
    Error::new(ErrorKind::Limit(Bound::Steps), cause)
}

impl Functions for Scripts {
    fn call(
        &self,
        name: &str,
        arguments: &[Value],
        environment: &Environment<'_>,
    ) -> Option<Result<Value>> {
        self.sources.get(name)?;
        let (owned, arguments) = (name.to_owned(), arguments.to_vec());
        let task = move |engine: &engine::Engine| engine.call(&owned, &arguments);
        let result = self.on_engine(environment, self.limits.time, task);
        Some(result.map_err(|error| error.in_function(name)))
    }
}
