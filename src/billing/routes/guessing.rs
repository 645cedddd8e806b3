//! Who guesses at codes waits longer each time: codes of gifts and of promotions are one sort of secret.

use std::future::Future;

use crate::access::{Allow, Permit, RateClass, Rates, address_key};
use crate::clock::Millis;
use crate::error::{Error, Result};
use crate::ids::MemberId;

/// What is said of a code that never was, or is none any more.
const WRONG: [&str; 2] = ["billing.gift_code", "billing.promotion_code"];

/// One member is counted, wherever they come from, and one address, since many accounts may stand behind it.
#[derive(Clone, Debug)]
pub struct Guesses {
    rates: Rates,
    from: u128,
    now: Millis,
    is_typed: bool,
}

impl Guesses {
    /// For a request that carries a code.
    pub fn at<P: Permit>(gate: &Allow<P>) -> Self {
        let ground = gate.ground();
        Self { rates: ground.rates.clone(), from: address_key(gate.visitor().address), now: ground.clock.now(), is_typed: true }
    }

    /// For a request that may carry what somebody typed.
    pub fn of<P: Permit>(gate: &Allow<P>, typed: Option<&str>) -> Self {
        Self { is_typed: typed.is_some_and(|code| !code.trim().is_empty()), ..Self::at(gate) }
    }

    /// Counts a try before it is looked at; who tried many waits.
    pub fn before(&self, member: MemberId) -> Result<()> {
        if self.is_typed { self.rates.try_secret(RateClass::GiftTry, key(member), self.now) } else { Ok(()) }
    }

    /// The code is right. Many know a promotion code, so the guesses before it still count.
    pub fn right(&self, member: MemberId) {
        if self.is_typed {
            self.rates.uncount(RateClass::GiftTry, key(member));
        }
    }

    /// The code is right, and nobody else knew it: all is forgiven.
    pub fn forgive(&self, member: MemberId) {
        self.rates.forgive(RateClass::GiftTry, key(member));
    }

    /// What came of it; a code that never was is counted against its address.
    pub async fn counted<T>(&self, done: impl Future<Output = Result<T>>) -> Result<T> {
        let done = done.await;
        if let Err(error @ Error::Invalid(_)) = &done
            && WRONG.contains(&error.code())
        {
            self.rates.count(RateClass::GiftGuess, self.from)?;
        }
        done
    }
}

fn key(member: MemberId) -> u128 {
    u128::try_from(member.0).unwrap_or(0)
}
