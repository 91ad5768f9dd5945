use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
};

use tokio::sync::oneshot;

use super::{Error, Tx};

/// A closure on its way through a queue, with its type erased.
pub(super) trait Work: Send {
    /// Runs the closure once. It may be called again after a rollback.
    fn run(&mut self, tx: &mut Tx<'_>) -> Outcome;
    /// What it mainly changes; see [`super::Db::write_keyed`].
    fn key(&self) -> Option<i64>;
    /// Decides the answer before the closure could run.
    fn refuse(&mut self, error: Error);
    /// Sends the answer: the closure's own when its changes are durable, else the error.
    fn finish(self: Box<Self>, fate: Result<(), Error>);
}

/// How a closure ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Keep its changes.
    Done,
    /// It answered an error or panicked: undo its changes.
    Refused,
}

struct Closure<F, T, E> {
    run: F,
    key: Option<i64>,
    result: Option<Result<T, E>>,
    reply: Option<oneshot::Sender<Result<T, E>>>,
}

/// Wraps a closure; the receiver gets its answer.
pub(super) fn pack<F, T, E>(
    key: Option<i64>,
    run: F,
) -> (Box<dyn Work>, oneshot::Receiver<Result<T, E>>)
where
    F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    T: Send + 'static,
    E: From<Error> + Send + 'static,
{
    let (reply, answer) = oneshot::channel();
    (Box::new(Closure { run, key, result: None, reply: Some(reply) }), answer)
}

impl<F, T, E> Work for Closure<F, T, E>
where
    F: Fn(&mut Tx<'_>) -> Result<T, E> + Send,
    T: Send,
    E: From<Error> + Send,
{
    fn run(&mut self, tx: &mut Tx<'_>) -> Outcome {
        // The closure is dropped or run again from the start; what it captured is read-only.
        let result = catch_unwind(AssertUnwindSafe(|| (self.run)(tx)))
            .unwrap_or_else(|payload| Err(Error::Panicked(message_of(&*payload)).into()));
        let outcome = if result.is_ok() { Outcome::Done } else { Outcome::Refused };
        self.result = Some(result);
        outcome
    }

    fn key(&self) -> Option<i64> {
        self.key
    }

    fn refuse(&mut self, error: Error) {
        self.answer(Err(error.into()));
    }

    fn finish(mut self: Box<Self>, fate: Result<(), Error>) {
        let answer = match fate {
            Err(error) => Err(error.into()),
            Ok(()) => self.result.take().unwrap_or_else(|| Err(Error::Closed.into())),
        };
        self.answer(answer);
    }
}

impl<F, T, E> Closure<F, T, E> {
    fn answer(&mut self, answer: Result<T, E>) {
        // The caller may have gone away (a dropped connection); the change stands all the same.
        if let Some(reply) = self.reply.take() {
            drop(reply.send(answer));
        }
    }
}

pub(crate) fn message_of(payload: &(dyn Any + Send)) -> String {
    payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned())
}
