//! What payments and time do to a subscription that is paid by hand; pure.

use super::{Every, SubscriptionRow, SubscriptionStatus};
use crate::clock::Millis;
use crate::money::{Money, add_days};

impl SubscriptionRow {
    /// One period more was paid by hand: it goes on from where it was paid up to, and all that was owed is paid. Another length of periods
    /// begins where the old ones end. Answers which period the money was for.
    pub fn pay(&mut self, every: Every, money: Money) -> (Millis, Millis) {
        if every == self.every() {
            self.periods += 1;
        } else {
            (self.anchor_at, self.every, self.periods) = (self.period_end, every.number(), 1);
        }
        if self.next_at.is_none() {
            (self.amount, self.currency) = (money.amount, money.currency.code().to_owned());
        }
        self.period_start = self.period_end;
        self.period_end = self.end_of(self.periods);
        self.status = SubscriptionStatus::Active.number();
        (self.past_due_since, self.cancels_at_end) = (None, false);
        (self.period_start, self.period_end)
    }

    /// A payment was taken back: it is paid up to one period less, and over if that lies behind.
    pub fn unpay(&mut self, now: Millis) {
        self.periods = (self.periods - 1).max(0);
        self.period_end = self.end_of(self.periods);
        self.period_start = self.end_of((self.periods - 1).max(0));
        if self.period_end <= now {
            self.end(now);
        }
    }

    /// The plan that was chosen for the next period takes its place, once that has begun.
    fn turn_plan(&mut self, now: Millis) {
        if let (Some(plan), Some(amount), Some(at)) = (self.next_plan, self.next_amount, self.next_at)
            && at <= now
        {
            (self.plan, self.price, self.amount) = (plan, self.next_price, amount);
            self.forget_next();
        }
    }

    /// What time alone does to one that is paid by hand, by `now`: pure. Days before its end the next payment is asked for; unpaid at its
    /// end, it owes; after `grace_days` of that it is over. One that was cancelled is over at its end.
    #[must_use]
    pub fn advance(&self, now: Millis, grace_days: u32) -> Advance {
        let mut row = self.clone();
        row.turn_plan(now);
        let asks_at = row.period_end - Millis::from(ASK_DAYS) * 86_400_000;
        if row.ended_at.is_some() {
            return Advance { row, asks: false, next_at: None };
        }
        if now >= row.period_end && row.cancels_at_end {
            row.end(row.period_end);
            return Advance { row, asks: false, next_at: None };
        }
        if now < row.period_end {
            let asks = now >= asks_at && !row.cancels_at_end;
            let next_at = if now < asks_at { asks_at } else { row.period_end };
            return Advance { row, asks, next_at: Some(next_at) };
        }
        let over_at = add_days(row.period_end, grace_days);
        if now >= over_at {
            row.end(over_at);
            return Advance { row, asks: false, next_at: None };
        }
        row.status = SubscriptionStatus::PastDue.number();
        row.past_due_since = Some(row.period_end);
        Advance { row, asks: true, next_at: Some(over_at) }
    }
}

/// Days before the end of a period at which the next payment is asked for, of what is paid by hand.
const ASK_DAYS: u32 = 7;

/// What time did to a subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advance {
    /// The subscription now.
    pub row: SubscriptionRow,
    /// Is its next payment to be asked for, if it is not yet?
    pub asks: bool,
    /// The next instant at which time does something to it; none: never.
    pub next_at: Option<Millis>,
}
