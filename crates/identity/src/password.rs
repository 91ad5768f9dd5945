use std::sync::Arc;

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use halyard_platform::random::Random;
use tokio::sync::Semaphore;

use crate::Error;

/// Passwords shorter than this many characters are refused.
pub const MIN_LENGTH: usize = 8;
/// A longer one would only cost time to hash.
const MAX_BYTES: usize = 1024;

/// Hashes and checks passwords with argon2id, a few at a time on threads of their own: each hash
/// takes 19 MiB and tens of milliseconds, which must not stop the server.
#[derive(Clone)]
pub struct Passwords {
    places: Arc<Semaphore>,
    random: Random,
}

impl Passwords {
    /// At most `parallel` hashes at the same time.
    pub fn new(parallel: usize, random: Random) -> Self {
        Self { places: Arc::new(Semaphore::new(parallel.max(1))), random }
    }

    /// The hash to store, in PHC text form.
    ///
    /// # Errors
    /// [`Error::PasswordTooShort`]; [`Error::Invalid`] beyond 1,024 bytes.
    pub async fn hash(&self, password: String) -> Result<String, Error> {
        check(&password)?;
        let salt: [u8; 16] = self.random.bytes();
        self.on_a_thread(move || {
            let hash = Argon2::default().hash_password_with_salt(password.as_bytes(), &salt);
            hash.map(|hash| hash.to_string()).map_err(|_| Error::Invalid {
                field: "password",
                expected: "a text that can be hashed",
            })
        })
        .await
    }

    /// Whether the password is the one behind the hash.
    ///
    /// Without a hash (unknown person, no password yet) it answers false after the same time, so
    /// that an outsider cannot find out which addresses exist.
    pub async fn verify(&self, password: String, hash: Option<String>) -> Result<bool, Error> {
        if password.len() > MAX_BYTES {
            return Ok(false);
        }
        let salt: [u8; 16] = self.random.bytes();
        self.on_a_thread(move || match hash.as_deref().map(PasswordHash::new) {
            Some(Ok(hash)) => {
                Ok(Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
            }
            _ => {
                let spent = Argon2::default().hash_password_with_salt(password.as_bytes(), &salt);
                drop(spent);
                Ok(false)
            }
        })
        .await
    }

    async fn on_a_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let _place = self.places.acquire().await;
        tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| {
            Err(halyard_platform::db::Error::Panicked(error.to_string()).into())
        })
    }
}

fn check(password: &str) -> Result<(), Error> {
    if password.chars().count() < MIN_LENGTH {
        return Err(Error::PasswordTooShort);
    }
    if password.len() > MAX_BYTES {
        return Err(Error::Invalid { field: "password", expected: "at most 1024 bytes" });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_is_accepted() {
        let passwords = Passwords::new(2, Random::os());
        let hash = passwords.hash("correct horse".into()).await.unwrap();
        assert!(hash.starts_with("$argon2id$"), "{hash}");
        assert!(passwords.verify("correct horse".into(), Some(hash.clone())).await.unwrap());
        assert!(!passwords.verify("wrong horse".into(), Some(hash)).await.unwrap());
        assert!(!passwords.verify("correct horse".into(), None).await.unwrap());
    }

    #[tokio::test]
    async fn a_short_password_is_refused() {
        let passwords = Passwords::new(1, Random::os());
        assert!(matches!(passwords.hash("1234567".into()).await, Err(Error::PasswordTooShort)));
        assert!(passwords.hash("日本語日本語日本".into()).await.is_ok());
    }
}
