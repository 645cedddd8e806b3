//! What payments and time do to a subscription that is paid by hand; pure.
//!
//! Its periods are counted from where it began. Those of a plan that was chosen for later and is paid already are counted apart: until that
//! plan takes its place what goes on stays what it is, and each payment can be taken back alone.

use super::subscription::after_periods;
use super::{Every, SubscriptionRow, SubscriptionStatus};
use crate::clock::Millis;
use crate::money::{Money, add_days};

impl SubscriptionRow {
    /// How long a period of the plan is that was chosen for later; where none was, of this one.
    fn next_every(&self) -> Every {
        self.next_every.map_or_else(|| self.every(), Every::from_number)
    }

    /// Where so many periods end, and so many of the plan that was chosen for later after them.
    fn end_after(&self, periods: i32, next: i32) -> Millis {
        let (every, then) = (self.every(), self.next_every());
        if every == then { self.end_of(periods + next) } else { after_periods(self.end_of(periods), then, next) }
    }

    /// The last period that is paid.
    fn last_paid(&self) -> (Millis, Millis) {
        let start = match self.next_paid {
            0 => self.end_of((self.periods - 1).max(0)),
            next => self.end_after(self.periods, next - 1),
        };
        (start, self.end_after(self.periods, self.next_paid))
    }

    /// One period more was paid by hand: it goes on from where it was paid up to, and all that was owed is paid. Where another plan was
    /// chosen for later it is a period of that one; otherwise another length of periods begins where the old ones end. Answers which period
    /// the money was for.
    pub fn pay(&mut self, every: Every, money: Money) -> (Millis, Millis) {
        if self.next_at.is_some() {
            self.next_paid += 1;
        } else {
            if every == self.every() {
                self.periods += 1;
            } else {
                (self.anchor_at, self.every, self.periods) = (self.period_end, every.number(), 1);
            }
            (self.amount, self.currency) = (money.amount, money.currency.code().to_owned());
        }
        (self.period_start, self.period_end) = self.last_paid();
        self.status = SubscriptionStatus::Active.number();
        (self.past_due_since, self.cancels_at_end) = (None, false);
        (self.period_start, self.period_end)
    }

    /// A payment was taken back, of the plan that was chosen for later (`is_next`) or of this one: it is paid up to one period less, and over
    /// if that lies behind.
    pub fn unpay(&mut self, is_next: bool, now: Millis) {
        if is_next && self.is_next_paid() {
            self.next_paid -= 1;
        } else {
            self.periods = (self.periods - 1).max(0);
            let end = self.end_of(self.periods);
            self.next_at = self.next_at.map(|_| end);
        }
        (self.period_start, self.period_end) = self.last_paid();
        if self.period_end <= now {
            self.end(now);
        }
    }

    /// The plan that was chosen for later takes the place of this one, once its time has come. A dearer one does not before it is paid, and
    /// none does where everything ends with this period.
    pub fn turn(&mut self, now: Millis) {
        let (Some(plan), Some(amount), Some(at)) = (self.next_plan, self.next_amount, self.next_at) else { return };
        let every = self.next_every();
        let is_dearer = every.each_year(amount) > self.every().each_year(self.amount);
        if at > now || !self.is_next_paid() && (is_dearer || self.cancels_at_end) {
            return;
        }
        if every == self.every() {
            self.periods += self.next_paid;
        } else {
            (self.anchor_at, self.every, self.periods) = (at, every.number(), self.next_paid);
        }
        (self.plan, self.price, self.amount) = (plan, self.next_price, amount);
        self.forget_next();
    }

    /// What time alone does to one that is paid by hand, by `now`: pure. Days before its end the next payment is asked for; unpaid at its
    /// end, it owes; after `grace_days` of that it is over. One that was cancelled is over at its end.
    #[must_use]
    pub fn advance(&self, now: Millis, grace_days: u32) -> Advance {
        let mut row = self.clone();
        row.turn(now);
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
