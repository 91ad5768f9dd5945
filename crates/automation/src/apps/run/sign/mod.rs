//! Signatures of requests.

pub(super) mod aws;
pub(super) mod aws2;
pub(super) mod aws4;
pub(super) mod oauth1;

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};

fn hmac_sha1(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha1>::new_from_slice(key).expect("a key of any length is a key");
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length is a key");
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

fn sha256_hex(message: &[u8]) -> String {
    hex::encode(Sha256::digest(message))
}
