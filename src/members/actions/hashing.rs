//! Hashing passwords: argon2id on blocking threads, as many at once as there are cores, with a short queue.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use crate::error::{Error, Result};
use crate::members::model::Password;

/// Memory in KiB, passes and lanes of new hashes.
const COST: (u32, u32, u32) = (19_456, 2, 1);
/// A hash at today's cost that no password is known for: checked for those who do not exist, so that they take as long.
const NOBODYS: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGhhcyB0aGlzIQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
/// How many may wait for a core.
const QUEUE: usize = 32;

/// Makes and checks hashes. Cheap to clone.
#[derive(Clone)]
pub struct Hasher {
    cores: usize,
    free: Arc<Semaphore>,
    /// At work and waiting.
    inside: Arc<AtomicUsize>,
}

impl std::fmt::Debug for Hasher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hasher").field("cores", &self.cores).finish_non_exhaustive()
    }
}

/// What a check found.
#[derive(Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Is it the password?
    pub is_right: bool,
    /// A hash of the same password at today's cost, when the stored one was made at another.
    pub again: Option<String>,
}

/// A place inside, given back when dropped: also when the visitor hangs up.
struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Hasher {
    /// One that uses at most `cores` threads at once.
    #[must_use]
    pub fn new(cores: usize) -> Self {
        let cores = cores.max(1);
        Self { cores, free: Arc::new(Semaphore::new(cores)), inside: Arc::default() }
    }

    /// The hash of a new password, in PHC form.
    ///
    /// # Errors
    /// 429 `members.sign_in_busy` when too many wait.
    pub async fn make(&self, password: Password) -> Result<String> {
        self.run(move || hash(&password)).await?
    }

    /// Compares a password with a stored hash; without one, with a hash that never fits and takes as long.
    ///
    /// # Errors
    /// 429 `members.sign_in_busy` when too many wait.
    pub async fn check(&self, password: Password, stored: Option<String>) -> Result<Verdict> {
        self.run(move || check(&password, stored.as_deref())).await?
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        if self.inside.fetch_add(1, Ordering::AcqRel) >= self.cores + QUEUE {
            self.inside.fetch_sub(1, Ordering::AcqRel);
            return Err(Error::slow_down("members.sign_in_busy", 1_000));
        }
        let place = Place(Arc::clone(&self.inside));
        let core = Arc::clone(&self.free).acquire_owned().await.map_err(Error::broken)?;
        let ran = tokio::task::spawn_blocking(move || {
            let _held = (place, core);
            work()
        });
        ran.await.map_err(Error::broken)
    }
}

fn argon() -> Result<Argon2<'static>> {
    let params = Params::new(COST.0, COST.1, COST.2, None).map_err(Error::broken)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Hashes on this thread: for the command line, which has nobody to keep waiting.
fn hash(password: &Password) -> Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(Error::broken)?;
    let salt = SaltString::encode_b64(&bytes).map_err(Error::broken)?;
    Ok(argon()?.hash_password(password.as_bytes(), &salt).map_err(Error::broken)?.to_string())
}

fn check(password: &Password, stored: Option<&str>) -> Result<Verdict> {
    let parsed = PasswordHash::new(stored.unwrap_or(NOBODYS)).map_err(Error::broken)?;
    let fits = argon()?.verify_password(password.as_bytes(), &parsed).is_ok();
    if stored.is_none() || !fits {
        return Ok(Verdict { is_right: false, again: None });
    }
    let made_at = Params::try_from(&parsed).map_err(Error::broken)?;
    let is_today = parsed.algorithm.as_str() == "argon2id" && (made_at.m_cost(), made_at.t_cost(), made_at.p_cost()) == COST;
    let again = if is_today { None } else { Some(hash(password)?) };
    Ok(Verdict { is_right: true, again })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_right_password_fits_and_nothing_else_does() {
        let hasher = Hasher::new(1);
        let stored = hasher.make(Password::tried("tide over the harbour")).await.expect("hash");
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        let right = hasher.check(Password::tried("tide over the harbour"), Some(stored.clone())).await.expect("checked");
        assert_eq!(right, Verdict { is_right: true, again: None });
        let wrong = hasher.check(Password::tried("tide over the harbor"), Some(stored)).await.expect("checked");
        assert!(!wrong.is_right);
        let nobodys = PasswordHash::new(NOBODYS).expect("a hash");
        let cost = Params::try_from(&nobodys).expect("parameters");
        assert_eq!((cost.m_cost(), cost.t_cost(), cost.p_cost()), COST, "checking it takes as long as any other");
        assert!(!hasher.check(Password::tried("nobody's password"), None).await.expect("checked").is_right);
    }

    #[tokio::test]
    async fn a_hash_of_another_cost_is_made_again() {
        let cheap = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8_192, 1, 1, None).expect("params"));
        let salt = SaltString::encode_b64(&[3; 16]).expect("salt");
        let stored = cheap.hash_password(b"tide over the harbour", &salt).expect("hash").to_string();
        let verdict = check(&Password::tried("tide over the harbour"), Some(&stored)).expect("checked");
        assert!(verdict.is_right && verdict.again.expect("again").contains("m=19456,t=2,p=1"));
        assert!(check(&Password::tried("another one"), Some(&stored)).expect("checked").again.is_none());
    }

    #[tokio::test]
    async fn beyond_the_queue_the_answer_is_slow_down_and_places_come_back() {
        let hasher = Hasher::new(1);
        let held = Arc::clone(&hasher.free).acquire_owned().await.expect("the only core");
        let mut waiting: Vec<_> = (0..=QUEUE).map(|_| Box::pin(hasher.make(Password::tried("x")))).collect();
        for one in &mut waiting {
            assert!(futures_util::poll!(one.as_mut()).is_pending());
        }
        let refused = hasher.make(Password::tried("x")).await.expect_err("full");
        assert_eq!((refused.status(), refused.code()), (429, "members.sign_in_busy"));
        drop(waiting);
        drop(held);
        assert!(hasher.make(Password::tried("x")).await.is_ok());
        assert_eq!(hasher.inside.load(Ordering::Acquire), 0);
    }
}
