//! The signature of Standard Webhooks: who has the key of the subscription knows that a delivery
//! comes from here, which one it is and when it was sent.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// What a key begins with.
const PREFIX: &str = "whsec_";

/// A new key for the signatures of a subscription.
pub fn new_key(random: &halyard_platform::random::Random) -> String {
    format!("{PREFIX}{}", STANDARD.encode(random.bytes::<32>()))
}

/// The value of `webhook-signature`. `timestamp` is in Unix seconds.
pub(super) fn sign(key: &str, id: &str, timestamp: i64, body: &[u8]) -> String {
    let text = key.strip_prefix(PREFIX).unwrap_or(key);
    // A key that is not of our making is used as it is.
    let key = STANDARD.decode(text).unwrap_or_else(|_| text.as_bytes().to_vec());
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("a key of any length is good");
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(body);
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_the_published_example() {
        let signature = sign(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            br#"{"test": 2432232314}"#,
        );
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn every_key_is_another_one() {
        let random = halyard_platform::random::Random::os();
        let key = new_key(&random);
        assert!(key.starts_with(PREFIX) && key != new_key(&random));
        assert_eq!(STANDARD.decode(&key[PREFIX.len()..]).unwrap().len(), 32);
    }
}
