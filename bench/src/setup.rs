//! Prepares data on the server through its public API before a load.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tokio::task::JoinSet;

use crate::connection::{Connection, Keep};
use crate::request::Request;
use crate::template::{Template, Variables};

/// One kind of request that is sent a number of times.
#[derive(Debug, Clone)]
pub struct Step {
    /// The request; rendered for the indices from 0.
    pub call: Template,
    /// How often it is sent.
    pub times: u64,
    /// How long nothing happens before it.
    pub rest: Duration,
    /// The variable that takes the `id` of each answer, in no particular order.
    pub save_ids_as: Option<&'static str>,
}

/// Runs the steps one after the other, each with up to `callers` requests at a time.
///
/// Blocks until all are answered; the first answer other than 200 is an error with its body.
pub fn run(
    target: SocketAddr,
    steps: &[Step],
    callers: usize,
    variables: &mut Variables,
) -> Result<()> {
    let runtime = runtime()?;
    for step in steps {
        std::thread::sleep(step.rest);
        let ids = runtime.block_on(run_step(target, step, callers, variables))?;
        if let Some(name) = step.save_ids_as {
            variables.set(name, ids);
        }
    }
    Ok(())
}

/// Sends one request and returns the JSON of its answer.
pub fn ask(target: SocketAddr, request: &Request) -> Result<Value> {
    runtime()?.block_on(async {
        let mut connection = Connection::open(target).await?;
        json_answer(&mut connection, request).await
    })
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().context("build the runtime of the set-up")
}

async fn run_step(
    target: SocketAddr,
    step: &Step,
    callers: usize,
    variables: &Variables,
) -> Result<Vec<String>> {
    let step = Arc::new(step.clone());
    let variables = Arc::new(variables.clone());
    let next = Arc::new(AtomicU64::new(0));
    let mut workers = JoinSet::new();
    for _ in 0..callers.min(usize::try_from(step.times).unwrap_or(usize::MAX)) {
        let (step, variables) = (Arc::clone(&step), Arc::clone(&variables));
        workers.spawn(work(target, step, variables, Arc::clone(&next)));
    }
    let mut ids = Vec::new();
    while let Some(worker) = workers.join_next().await {
        ids.extend(worker.context("a set-up worker panicked")??);
    }
    Ok(ids)
}

async fn work(
    target: SocketAddr,
    step: Arc<Step>,
    variables: Arc<Variables>,
    next: Arc<AtomicU64>,
) -> Result<Vec<String>> {
    let mut connection = Connection::open(target).await?;
    let mut ids = Vec::new();
    loop {
        let index = next.fetch_add(1, Ordering::Relaxed);
        if index >= step.times {
            return Ok(ids);
        }
        let request = step.call.render(&variables, index)?;
        let answer = json_answer(&mut connection, &request).await?;
        if step.save_ids_as.is_some() {
            match answer.get("id") {
                Some(Value::Number(id)) => ids.push(id.to_string()),
                _ => bail!("the answer to {} has no id: {answer}", request.path),
            }
        }
    }
}

async fn json_answer(connection: &mut Connection, request: &Request) -> Result<Value> {
    let answer = connection
        .exchange(&request.encode(), Keep::All)
        .await
        .with_context(|| format!("{} {}", request.method, request.path))?;
    if answer.status != 200 {
        let body = String::from_utf8_lossy(connection.body());
        bail!("{} {} answers {}: {body}", request.method, request.path, answer.status);
    }
    serde_json::from_slice(connection.body())
        .with_context(|| format!("{} {} does not answer JSON", request.method, request.path))
}
