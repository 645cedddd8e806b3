//! How often something may be done: one limiter for each class, keyed by account or address; and patience with those who guess.

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use governor::clock::{Clock as _, DefaultClock};
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};

use crate::clock::Millis;
use crate::error::{Error, Result};

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RateClass {
    /// Sign-ins from one address.
    SignInAddress,
    /// Sign-ins by one name or mail address, from one address of the network.
    SignInGuess,
    /// Sign-ins by one name or mail address, wherever they come from.
    SignInName,
    /// Sign-ins to one account from one address of the network, by its name and by its mail address.
    SignInAccount,
    /// The password of somebody who is signed in, asked again.
    Confirm,
    /// Sign-ups from one address without an invite, as far as their fields are right.
    SignUp,
    /// The same with an invite of ours: a whole village may stand behind one address.
    SignUpInvited,
    /// Codes from one address that are no invite of ours.
    InviteGuess,
    /// Codes of gifts that one member tries.
    GiftTry,
    /// Codes from one address that are no gift that waits.
    GiftGuess,
    /// Messages of one member.
    Send,
    /// Messages into one room.
    SendRoom,
    /// What one member does that others hear of in their own logs: follows, contacts, and their ends.
    Approach,
    /// How often one member comes into calls.
    CallJoin,
    /// Offers of one member to the media server.
    CallOffer,
    /// Appeals from one address by a code.
    Appeal,
    /// Letters to one address, and password resets.
    Letter,
    /// Documents of all that the database holds of one member.
    OwnData,
    /// Every other request of one account or address.
    Request,
}

/// A number of acts that may come at once, and how many come back in a second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// At once.
    pub burst: u32,
    /// Time in which one comes back, in milliseconds.
    pub refill_ms: u64,
}

/// How tries at a secret are slowed down: the first ones come freely, each further one waits twice as long as the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Tries that need not wait.
    pub free: u32,
    /// How long the next one waits, in milliseconds.
    pub first_wait_ms: u64,
    /// The longest wait, in milliseconds.
    pub longest_wait_ms: u64,
    /// After this time beyond the wait without a try, in milliseconds, the tries are free again.
    pub forget_ms: u64,
}

impl Patience {
    /// How long after the last of `tries` the next one may come.
    fn wait(&self, tries: u32) -> u64 {
        let Some(doublings) = tries.checked_sub(self.free) else { return 0 };
        let factor = 1_u64.checked_shl(doublings).unwrap_or(u64::MAX);
        self.first_wait_ms.saturating_mul(factor).min(self.longest_wait_ms)
    }

    /// From when on the next try may come.
    fn opens(&self, tried: Tried) -> Millis {
        tried.last.saturating_add_unsigned(self.wait(tried.tries))
    }

    fn is_forgotten(&self, tried: Tried, now: Millis) -> bool {
        now >= self.opens(tried).saturating_add_unsigned(self.forget_ms)
    }
}

/// Tries at one secret that were not forgiven.
#[derive(Clone, Copy, Debug)]
struct Tried {
    tries: u32,
    last: Millis,
}

impl Tried {
    /// The clock may have been set back: what seems to lie ahead of `now` was now at the latest, so that nobody waits for the difference.
    fn not_after(&mut self, now: Millis) -> Self {
        self.last = self.last.min(now);
        *self
    }
}

/// Patience with one class, and who tried what.
struct Guard {
    class: RateClass,
    patience: Patience,
    tried: Mutex<HashMap<u128, Tried>>,
}

impl Guard {
    fn tried(&self) -> MutexGuard<'_, HashMap<u128, Tried>> {
        self.tried.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type Limiter = RateLimiter<(RateClass, u128), DefaultKeyedStateStore<(RateClass, u128)>, DefaultClock>;

/// All limiters of the program.
#[derive(Clone)]
pub struct Rates {
    limiters: Arc<[(RateClass, Limiter)]>,
    guards: Arc<[Guard]>,
}

impl std::fmt::Debug for Rates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Rates")
    }
}

impl Rates {
    /// One limiter for each class named here; a class that is not named has no limit.
    #[must_use]
    pub fn new(rates: &[(RateClass, Rate)]) -> Self {
        let limiters = rates.iter().map(|(class, rate)| {
            let burst = NonZeroU32::new(rate.burst.max(1)).unwrap_or(NonZeroU32::MIN);
            let period = std::time::Duration::from_millis(rate.refill_ms.max(1));
            let quota = Quota::with_period(period).unwrap_or_else(|| Quota::per_second(burst)).allow_burst(burst);
            (*class, RateLimiter::keyed(quota))
        });
        Self { limiters: limiters.collect(), guards: Arc::default() }
    }

    /// The same, with patience for the classes named here.
    #[must_use]
    pub fn with_patience(mut self, classes: &[(RateClass, Patience)]) -> Self {
        self.guards =
            classes.iter().map(|(class, patience)| Guard { class: *class, patience: *patience, tried: Mutex::default() }).collect();
        self
    }

    fn guard(&self, class: RateClass) -> Option<&Guard> {
        self.guards.iter().find(|guard| guard.class == class)
    }

    /// Counts a try at a secret before it is looked at, so that tries at the same time count too. One that comes too early is refused
    /// and does not count.
    ///
    /// # Errors
    /// 429 `error.slow_down` with the time after which the next one may come.
    pub fn try_secret(&self, class: RateClass, key: u128, now: Millis) -> Result<()> {
        let Some(guard) = self.guard(class) else { return Ok(()) };
        let mut all = guard.tried();
        let known = all.get_mut(&key).map(|tried| tried.not_after(now)).filter(|tried| !guard.patience.is_forgotten(*tried, now));
        let opens = known.map_or(now, |tried| guard.patience.opens(tried));
        if opens > now {
            return Err(Error::slow_down("error.slow_down", opens.abs_diff(now)));
        }
        all.insert(key, Tried { tries: known.map_or(0, |tried| tried.tries).saturating_add(1), last: now });
        Ok(())
    }

    /// Forgets the tries at a secret: somebody knew it.
    pub fn forgive(&self, class: RateClass, key: u128) {
        if let Some(guard) = self.guard(class) {
            guard.tried().remove(&key);
        }
    }

    /// Takes the last try back, which was no guess; those before it still count.
    pub fn uncount(&self, class: RateClass, key: u128) {
        let Some(guard) = self.guard(class) else { return };
        let mut all = guard.tried();
        if let Some(tried) = all.get_mut(&key) {
            tried.tries = tried.tries.saturating_sub(1);
            if tried.tries == 0 {
                all.remove(&key);
            }
        }
    }

    /// Counts one act.
    ///
    /// # Errors
    /// 429 `error.slow_down` with the time after which one more is allowed.
    pub fn count(&self, class: RateClass, key: u128) -> Result<()> {
        let Some((_, limiter)) = self.limiters.iter().find(|(known, _)| *known == class) else { return Ok(()) };
        limiter.check_key(&(class, key)).map_err(|not_until| {
            let wait = not_until.wait_time_from(DefaultClock::default().now());
            Error::slow_down("error.slow_down", u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1))
        })
    }

    /// Forgets keys that are back at their full number; called by a timer.
    pub fn sweep(&self, now: Millis) {
        for (_, limiter) in self.limiters.iter() {
            limiter.retain_recent();
        }
        for guard in self.guards.iter() {
            guard.tried().retain(|_, tried| !guard.patience.is_forgotten(tried.not_after(now), now));
        }
    }
}

/// The key of an address: a whole IPv4 address, or the /64 of an IPv6 one, which is what one household has.
#[must_use]
pub fn address_key(address: Option<IpAddr>) -> u128 {
    match address.map(|ip| ip.to_canonical()) {
        None => 0,
        Some(IpAddr::V4(ip)) => u128::from(ip.to_bits()) | (1 << 127),
        Some(IpAddr::V6(ip)) => ip.to_bits() >> 64,
    }
}

/// Refuses who has done something `most` times within a while, until the first of these times is that long ago. `times` are the newest of
/// them within it, newest first, and no more than `most` are needed.
///
/// # Errors
/// 429 `code` with the time after which one more is allowed.
pub fn not_too_often(code: &'static str, times: &[Millis], most: usize, within: Millis, now: Millis) -> Result<()> {
    match times.last() {
        Some(first) if times.len() >= most => Err(Error::slow_down(code, (first + within - now).max(1).unsigned_abs())),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_burst_is_the_limit_and_keys_do_not_share_it() {
        let rates = Rates::new(&[(RateClass::Send, Rate { burst: 3, refill_ms: 3_600_000 })]);
        assert!((0..3).all(|_| rates.count(RateClass::Send, 1).is_ok()));
        let refused = rates.count(RateClass::Send, 1).expect_err("the fourth is too many");
        assert_eq!((refused.status(), refused.code()), (429, "error.slow_down"));
        assert!(refused.retry_after_ms().expect("when") > 1_000_000);
        assert!(rates.count(RateClass::Send, 2).is_ok());
        assert!((0..100).all(|_| rates.count(RateClass::SignUp, 1).is_ok()), "a class without a limit");
    }

    const PATIENCE: Patience = Patience { free: 3, first_wait_ms: 1_000, longest_wait_ms: 5_000, forget_ms: 60_000 };

    /// Tries at `now`, and says how long the next one must wait.
    fn wait(rates: &Rates, key: u128, now: Millis) -> Option<u64> {
        rates.try_secret(RateClass::SignInName, key, now).err().and_then(|refused| refused.retry_after_ms())
    }

    #[test]
    fn guesses_wait_twice_as_long_each_time_up_to_the_longest_wait() {
        let rates = Rates::new(&[]).with_patience(&[(RateClass::SignInName, PATIENCE)]);
        assert!((0..3).all(|_| wait(&rates, 1, 0).is_none()), "the free ones");
        let mut now = 0;
        for step in [1_000, 2_000, 4_000, 5_000, 5_000] {
            assert_eq!(wait(&rates, 1, now), Some(step));
            assert_eq!(wait(&rates, 1, now + 1), Some(step - 1), "one that was refused makes the wait no longer");
            now += i64::try_from(step).expect("small");
            assert_eq!(wait(&rates, 1, now), None, "after {step}");
        }
        assert_eq!(wait(&rates, 2, now), None, "another account");
        assert_eq!(wait(&rates, 1, now + 5_000 + 60_000), None, "forgotten");
        assert!((0..2).all(|_| wait(&rates, 1, now + 65_000).is_none()), "and free again");
        assert_eq!(wait(&rates, 1, now + 65_000), Some(1_000));
    }

    #[test]
    fn a_clock_that_is_set_back_makes_no_wait_longer() {
        let rates = Rates::new(&[]).with_patience(&[(RateClass::SignInName, PATIENCE)]);
        let hour = 3_600_000;
        for key in [1, 2] {
            assert!((0..3).all(|_| wait(&rates, key, hour).is_none()));
        }
        assert_eq!(wait(&rates, 1, 0), Some(1_000), "an hour back: the wait begins now");
        assert_eq!(wait(&rates, 1, 400), Some(600), "and passes");
        assert_eq!(wait(&rates, 1, 1_000), None);
        rates.sweep(0);
        assert_eq!(wait(&rates, 2, 1_000), None, "what is swept now begins now");
        rates.sweep(1_000 + 2_000 + 60_000);
        assert!(rates.guard(RateClass::SignInName).expect("named").tried().is_empty(), "and is forgotten in its time");
    }

    #[test]
    fn who_knew_the_secret_is_forgiven_and_what_is_over_is_swept() {
        let rates = Rates::new(&[]).with_patience(&[(RateClass::SignInName, PATIENCE)]);
        assert!((0..3).all(|_| wait(&rates, 1, 0).is_none()));
        rates.forgive(RateClass::SignInName, 1);
        assert!((0..3).all(|_| wait(&rates, 1, 0).is_none()));
        let kept = || rates.guard(RateClass::SignInName).expect("named").tried().len();
        rates.sweep(60_999);
        assert_eq!(kept(), 1);
        rates.sweep(61_000);
        assert_eq!(kept(), 0);
        assert!((0..100).all(|_| rates.try_secret(RateClass::InviteGuess, 1, 0).is_ok()), "a class without patience");
    }

    #[test]
    fn what_was_no_guess_is_taken_back_alone() {
        let rates = Rates::new(&[]).with_patience(&[(RateClass::SignInName, PATIENCE)]);
        for _ in 0..2 {
            assert!((0..2).all(|_| wait(&rates, 1, 0).is_none()));
            rates.uncount(RateClass::SignInName, 1);
        }
        assert!(wait(&rates, 1, 0).is_none());
        assert_eq!(wait(&rates, 1, 0), Some(1_000), "three that were guesses");
        assert!(wait(&rates, 2, 0).is_none());
        rates.uncount(RateClass::SignInName, 2);
        assert_eq!(rates.guard(RateClass::SignInName).expect("named").tried().len(), 1, "nothing is kept of it");
    }

    #[test]
    fn neighbours_in_one_ipv6_network_share_a_key() {
        let key = |text: &str| address_key(Some(text.parse().expect("address")));
        assert_eq!(key("2001:db8::1"), key("2001:db8::ffff"));
        assert_ne!(key("2001:db8::1"), key("2001:db8:0:1::1"));
        assert_eq!(key("::ffff:10.0.0.1"), key("10.0.0.1"));
    }
}
