//! How often something may be done: one limiter for each class, keyed by account or address.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;

use governor::clock::{Clock as _, DefaultClock};
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};

use crate::error::{Error, Result};

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RateClass {
    /// Sign-ins from one address.
    SignInAddress,
    /// Sign-ins to one account.
    SignInAccount,
    /// Sign-ups from one address.
    SignUp,
    /// Messages of one member.
    Send,
    /// Messages into one room.
    SendRoom,
    /// Letters to one address, and password resets.
    Letter,
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

type Limiter = RateLimiter<(RateClass, u128), DefaultKeyedStateStore<(RateClass, u128)>, DefaultClock>;

/// All limiters of the program.
#[derive(Clone)]
pub struct Rates {
    limiters: Arc<[(RateClass, Limiter)]>,
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
        Self { limiters: limiters.collect() }
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
    pub fn sweep(&self) {
        for (_, limiter) in self.limiters.iter() {
            limiter.retain_recent();
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

    #[test]
    fn neighbours_in_one_ipv6_network_share_a_key() {
        let key = |text: &str| address_key(Some(text.parse().expect("address")));
        assert_eq!(key("2001:db8::1"), key("2001:db8::ffff"));
        assert_ne!(key("2001:db8::1"), key("2001:db8:0:1::1"));
        assert_eq!(key("::ffff:10.0.0.1"), key("10.0.0.1"));
    }
}
