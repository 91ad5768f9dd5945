//! Digests and message authentication codes.

use base64::Engine as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest as _, Sha256, Sha384, Sha512};

use super::{Arguments, encoding::decode};
use crate::{
    error::{Result, quoted},
    value::Value,
};

/// The algorithms.
#[derive(Clone, Copy)]
pub(super) enum Algorithm {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl Algorithm {
    fn digest(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha1 => Sha1::digest(bytes).to_vec(),
            Self::Sha256 => Sha256::digest(bytes).to_vec(),
            Self::Sha384 => Sha384::digest(bytes).to_vec(),
            Self::Sha512 => Sha512::digest(bytes).to_vec(),
        }
    }

    /// The code of a message under a key.
    pub(super) fn authenticate(self, key: &[u8], bytes: &[u8]) -> Vec<u8> {
        const ANY_KEY: &str = "a key of any length is accepted";
        macro_rules! code {
            ($hash:ty) => {{
                let mut code = Hmac::<$hash>::new_from_slice(key).expect(ANY_KEY);
                code.update(bytes);
                code.finalize().into_bytes().to_vec()
            }};
        }
        match self {
            Self::Sha1 => code!(Sha1),
            Self::Sha256 => code!(Sha256),
            Self::Sha384 => code!(Sha384),
            Self::Sha512 => code!(Sha512),
        }
    }
}

pub(super) fn md5(arguments: &Arguments<'_, '_>) -> Result<Value> {
    let bytes = arguments.bytes(0)?;
    arguments.machine.work(bytes.len())?;
    arguments.machine.text(&hex::encode(Md5::digest(&bytes)))
}

pub(super) fn sha1(arguments: &Arguments<'_, '_>) -> Result<Value> {
    hash(arguments, Algorithm::Sha1)
}

pub(super) fn sha256(arguments: &Arguments<'_, '_>) -> Result<Value> {
    hash(arguments, Algorithm::Sha256)
}

pub(super) fn sha512(arguments: &Arguments<'_, '_>) -> Result<Value> {
    hash(arguments, Algorithm::Sha512)
}

fn hash(arguments: &Arguments<'_, '_>, algorithm: Algorithm) -> Result<Value> {
    let bytes = arguments.bytes(0)?;
    arguments.machine.work(bytes.len())?;
    // An empty key is as good as none.
    let digest = if arguments.value(2).is_empty() {
        algorithm.digest(&bytes)
    } else {
        algorithm.authenticate(&key(arguments)?, &bytes)
    };
    let encoding = arguments.text_or(1, "")?;
    let text = match &*encoding {
        "" | "hex" => hex::encode(digest),
        "base64" => base64::engine::general_purpose::STANDARD.encode(digest),
        "latin1" => digest.into_iter().map(char::from).collect(),
        other => {
            return arguments.wrong(
                1,
                format!("{} is no encoding; hex, base64 and latin1 are.", quoted(other)),
            );
        }
    };
    arguments.machine.text(&text)
}

fn key(arguments: &Arguments<'_, '_>) -> Result<Vec<u8>> {
    let encoding = arguments.text_or(3, "text")?;
    match &*encoding {
        "" | "text" | "binary" => Ok(arguments.bytes(2)?.to_vec()),
        "hex" | "base64" => match decode(&arguments.text(2)?, &encoding) {
            Some(Ok(key)) => Ok(key),
            Some(Err(cause)) => arguments.wrong(2, cause),
            None => arguments.wrong(3, "There is no such encoding."),
        },
        other => arguments.wrong(
            3,
            format!("{} is no encoding of a key; text, hex, base64 and binary are.", quoted(other)),
        ),
    }
}
