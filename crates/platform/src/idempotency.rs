//! Answers once: the answer to a request with an idempotency key is stored in the transaction of
//! its change, and a repeat gets the stored answer instead of a second effect. A fingerprint tells a
//! repeat from another request with the same key.

use crate::{
    clock::Millis,
    db::{Error, FromRow, Row, Tx},
    params,
};

/// How long an answer is kept, in milliseconds.
pub const LIFETIME: Millis = 24 * 60 * 60 * 1000;

/// Longest key, in bytes.
pub const MAX_KEY: usize = 255;

/// A request that is to have its effect once.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Whose key it is, for example `user:7`.
    pub scope: &'a str,
    /// Where answers without a fingerprint were kept by earlier versions.
    pub former_scope: &'a str,
    /// What the client has chosen.
    pub key: &'a str,
    /// SHA-256 of what it asks for.
    pub fingerprint: [u8; 32],
}

/// What a request with a key comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Its answer, from now or from the first time.
    Answer(String),
    /// The key was used for another request. Nothing was done.
    OtherRequest,
}

struct Kept {
    scope: String,
    answer: Option<String>,
    fingerprint: Option<Vec<u8>>,
    created_at: Millis,
}

impl FromRow for Kept {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Error> {
        Ok(Self {
            scope: row.get()?,
            answer: row.get()?,
            fingerprint: row.get()?,
            created_at: row.get()?,
        })
    }
}

impl Asked<'_> {
    fn kept(&self, tx: &mut Tx<'_>) -> Result<Vec<Kept>, Error> {
        tx.all(
            "select scope, answer, fingerprint, created_at from idempotency_key
             where key = $1 and (scope = $2 or scope = $3)",
            params![self.key, self.scope, self.former_scope],
        )
    }

    fn compare(&self, kept: Kept) -> Result<Outcome, Error> {
        if kept.fingerprint.is_some_and(|fingerprint| fingerprint != self.fingerprint) {
            return Ok(Outcome::OtherRequest);
        }
        let unfinished = || Error::Missing("the answer of an idempotency key");
        kept.answer.map(Outcome::Answer).ok_or_else(unfinished)
    }
}

/// Runs `work` unless the key was used in this scope before, and answers its text.
///
/// Of two requests at the same time the second waits for the first. When `work` fails nothing is
/// kept, and a repeat tries again.
///
/// # Errors
/// Those of `work` and of the store.
pub fn once<E: From<Error>>(
    tx: &mut Tx<'_>,
    asked: &Asked<'_>,
    now: Millis,
    work: impl FnOnce(&mut Tx<'_>) -> Result<String, E>,
) -> Result<Outcome, E> {
    for kept in asked.kept(tx)? {
        if kept.created_at > now - LIFETIME {
            return Ok(asked.compare(kept)?);
        }
        tx.exec(
            "delete from idempotency_key where scope = $1 and key = $2 and created_at = $3",
            params![&kept.scope, asked.key, kept.created_at],
        )?;
    }
    let first = tx.exec(
        "insert into idempotency_key (scope, key, fingerprint, created_at) values ($1, $2, $3, $4)
         on conflict (scope, key) do nothing",
        params![asked.scope, asked.key, &asked.fingerprint, now],
    )?;
    if first == 0 {
        // Somebody was quicker, and this has waited for them.
        let kept = asked.kept(tx)?.into_iter().find(|kept| kept.scope == asked.scope);
        let kept = kept.ok_or(Error::Missing("an idempotency key that is there"))?;
        return Ok(asked.compare(kept)?);
    }
    let answer = work(tx)?;
    tx.exec(
        "update idempotency_key set answer = $3 where scope = $1 and key = $2",
        params![asked.scope, asked.key, &answer],
    )?;
    Ok(Outcome::Answer(answer))
}

/// Forgets answers older than [`LIFETIME`], a limited number at a time.
pub fn sweep(tx: &mut Tx<'_>, now: Millis, at_most: i64) -> Result<u64, Error> {
    tx.exec(
        "delete from idempotency_key where (scope, key) in
             (select scope, key from idempotency_key where created_at <= $1 limit $2)",
        params![now - LIFETIME, at_most],
    )
}
