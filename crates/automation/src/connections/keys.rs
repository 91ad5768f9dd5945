use std::{fmt, sync::Arc};

use aes_gcm_siv::{
    Aes256GcmSiv, KeyInit, Nonce,
    aead::{Aead, Payload},
};

/// Bytes of a key.
pub const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 12;

/// A key that encrypts connections, with the id under which it is found again.
#[derive(Clone)]
pub struct Key {
    id: Arc<str>,
    cipher: Arc<Aes256GcmSiv>,
}

impl fmt::Debug for Key {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Key").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Key {
    /// A key from its bytes, which have to be random and secret.
    pub fn new(id: impl Into<Arc<str>>, bytes: &[u8; KEY_BYTES]) -> Self {
        Self { id: id.into(), cipher: Arc::new(Aes256GcmSiv::new(&(*bytes).into())) }
    }

    /// Its id, which is no secret.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Encrypts `plain`. It opens only together with the same `bound` data.
    pub(super) fn seal(&self, nonce: [u8; NONCE_BYTES], plain: &[u8], bound: &[u8]) -> Vec<u8> {
        let payload = Payload { msg: plain, aad: bound };
        let sealed = self.cipher.encrypt(&Nonce::from(nonce), payload);
        let sealed = sealed.expect("it fails beyond 64 GiB only");
        [nonce.as_slice(), &sealed].concat()
    }

    /// What was encrypted; none when this key or `bound` is another one, or a bit has changed.
    pub(super) fn open(&self, sealed: &[u8], bound: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>()?;
        self.cipher.decrypt(&Nonce::from(*nonce), Payload { msg: sealed, aad: bound }).ok()
    }
}

/// Where keys come from. What is encrypted with one can be read as long as it is found here.
pub trait Keys: Send + Sync {
    /// The key that new data is encrypted with.
    ///
    /// # Errors
    /// Why there is none, in words for the operator.
    fn current(&self) -> Result<Key, String>;

    /// The key with this id; none when it is not here.
    ///
    /// # Errors
    /// Why keys cannot be read, in words for the operator.
    fn find(&self, id: &str) -> Result<Option<Key>, String>;
}

/// Keys in memory, of which the first is the current one.
impl Keys for Vec<Key> {
    fn current(&self) -> Result<Key, String> {
        self.first().cloned().ok_or_else(|| "there is no key".to_owned())
    }

    fn find(&self, id: &str) -> Result<Option<Key>, String> {
        Ok(self.iter().find(|key| key.id() == id).cloned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_with_the_same_key_and_the_same_surroundings_only() {
        let (key, other) = (Key::new("a", &[1; 32]), Key::new("a", &[2; 32]));
        let sealed = key.seal([7; 12], b"secret", b"row 1");
        assert!(!sealed.windows(6).any(|part| part == b"secret"));
        assert_eq!(key.open(&sealed, b"row 1").as_deref(), Some(&b"secret"[..]));
        assert_eq!(key.open(&sealed, b"row 2"), None);
        assert_eq!(other.open(&sealed, b"row 1"), None);
        for at in 0..sealed.len() {
            let mut tampered = sealed.clone();
            tampered[at] ^= 1;
            assert_eq!(key.open(&tampered, b"row 1"), None, "byte {at}");
            assert_eq!(key.open(&sealed[..at], b"row 1"), None, "cut at {at}");
        }
    }

    #[test]
    fn a_key_does_not_show_itself() {
        let shown = format!("{:?}", Key::new("k1", &[0x5a; 32]));
        assert_eq!(shown, "Key { id: \"k1\", .. }");
    }
}
