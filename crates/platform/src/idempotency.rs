//! Answers once: the answer to a request with an idempotency key is stored in the transaction of
//! its change, and a repeat gets the stored answer instead of a second effect.

use crate::{
    clock::Millis,
    db::{Error, Tx},
    params,
};

/// How long an answer is kept, in milliseconds.
pub const LIFETIME: Millis = 24 * 60 * 60 * 1000;

/// Longest key, in bytes.
pub const MAX_KEY: usize = 255;

/// Runs `work` unless the key was used in this scope before, and answers its text.
///
/// Of two requests at the same time the second waits for the first. When `work` fails nothing is
/// kept, and a repeat tries again.
///
/// # Errors
/// Those of `work` and of the store.
pub fn once<E: From<Error>>(
    tx: &mut Tx<'_>,
    scope: &str,
    key: &str,
    now: Millis,
    work: impl FnOnce(&mut Tx<'_>) -> Result<String, E>,
) -> Result<String, E> {
    tx.exec(
        "delete from idempotency_key where scope = $1 and key = $2 and created_at <= $3",
        params![scope, key, now - LIFETIME],
    )?;
    let first = tx.exec(
        "insert into idempotency_key (scope, key, created_at) values ($1, $2, $3)
         on conflict (scope, key) do nothing",
        params![scope, key, now],
    )?;
    if first == 0 {
        return Ok(tx.one(
            "select answer from idempotency_key where scope = $1 and key = $2",
            params![scope, key],
        )?);
    }
    let answer = work(tx)?;
    tx.exec(
        "update idempotency_key set answer = $3 where scope = $1 and key = $2",
        params![scope, key, &answer],
    )?;
    Ok(answer)
}

/// Forgets answers older than [`LIFETIME`], a limited number at a time.
pub fn sweep(tx: &mut Tx<'_>, now: Millis, at_most: i64) -> Result<u64, Error> {
    tx.exec(
        "delete from idempotency_key where (scope, key) in
             (select scope, key from idempotency_key where created_at <= $1 limit $2)",
        params![now - LIFETIME, at_most],
    )
}
