//! What a thousand people do beside talking: they sign in, pay, ask, call, report each other, get letters, and administrators act on them.

use serde_json::json;

use super::{DAY, Quarter};
use crate::billing::seed::{Periods, monthly_prices, place_ask, place_periods, place_plan, place_price, place_promotion};
use crate::billing::{Every, NewOrder, NewPrice, Price};
use crate::calls::seed::{CallStory, place_call};
use crate::calls::{Cause, Fate};
use crate::chat::seed::place_room;
use crate::chat::{NewRoom, RoomKind};
use crate::clock::{Clock, Millis};
use crate::error::{Error, Result};
use crate::ids::{CallId, Ids, MemberId, RoleId};
use crate::mail::Letter;
use crate::mail::seed::place_letter;
use crate::members;
use crate::members::seed::{place_browser, place_invite, place_role};
use crate::money::Currency;
use crate::social::seed::{place_closing, place_report};
use crate::social::{ReportOutcome, ReportReason};
use crate::storage::{Act, Tx, record};

/// How many do it in one transaction.
const SLICE: usize = 50;
/// The shortest month, and the mean one.
const MONTH: Millis = 28 * DAY;
const MEAN_MONTH: Millis = 2_629_800_000;
/// What administrators did.
const ACTS: [&str; 6] = ["members.roles", "members.mute", "members.unmute", "members.sign_out", "members.reset_link", "members.verify"];

/// What is there for all of them.
#[derive(Clone, Debug)]
pub(super) struct Means {
    /// Who takes the money, and acts.
    owner: MemberId,
    /// What memberships cost by the month.
    prices: Vec<Price>,
    /// A role of every fifth of them.
    pub(super) regulars: RoleId,
}

impl Means {
    /// Looks for it; a community that sells nothing sells something from now on.
    pub(super) fn find(tx: &mut Tx<'_>) -> Result<Self> {
        let owner = members::owners(tx)?.first().copied().ok_or_else(|| Error::broken("nobody owns the community"))?;
        let mut prices = monthly_prices(tx)?;
        if prices.is_empty() {
            let plan = place_plan(tx, owner, serde_json::from_value(json!({ "name": "Seeded", "entitlements": {} }))?)?;
            place_price(tx, owner, plan.id, NewPrice { amount: 500, currency: Currency::EURO, every: Every::Month })?;
            prices = monthly_prices(tx)?;
        }
        Ok(Self { owner, prices, regulars: place_role(tx, "Regulars")? })
    }
}

impl Quarter {
    /// The next of them do what they do.
    pub(super) fn happen(&mut self, tx: &mut Tx<'_>) -> Result<()> {
        for _ in 0..SLICE.min(self.size.members - self.done) {
            let n = self.done;
            self.done += 1;
            if Self::waits(n) {
                continue;
            }
            let (member, next) = (self.people[n], self.people[(n + 1) % self.people.len()]);
            let seen = self.now - self.below(30 * DAY) - 1_000;
            self.at(tx, seen, |tx| place_browser(tx, member, "Firefox"))?;
            if n.is_multiple_of(10) {
                self.pay(tx, n, member)?;
            }
            match n % 20 {
                2 => self.report(tx, n, (member, next))?,
                4 | 9 | 14 | 19 => self.call(tx, n, (member, next))?,
                5 | 10 | 15 => self.letter(tx, n, member)?,
                1 | 3 | 7 | 11 | 13 | 17 => self.audit(tx, member)?,
                _ => {}
            }
            match n % 100 {
                6 => self.ask(tx, n, member)?,
                26 | 76 => self.meet(tx, (member, next))?,
                46 => self.invite(tx)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// A stretch of time shorter than `end`.
    fn below(&mut self, end: Millis) -> Millis {
        let end = u64::try_from(end).unwrap_or(1);
        Millis::try_from(self.dice.below(end)).unwrap_or(0)
    }

    /// Ids of that time, which are not those of another run: what is counted by the days of its ids happened on them.
    fn ids_of(&self, then: Millis, n: usize) -> Ids {
        let ids = Ids::new(Clock::held(then).0);
        let own = i64::try_from((self.first + n as u64) % 2_000).unwrap_or(0);
        ids.start_after(Ids::at::<CallId>(then, own).0);
        ids
    }

    /// Pays since they came, or nearly; of five one has given up, and of ten one owes.
    fn pay(&mut self, tx: &mut Tx<'_>, n: usize, member: MemberId) -> Result<()> {
        let most = (self.now - self.came(n)) / MEAN_MONTH;
        let paid = most - self.below((most / 3).max(1));
        let late = match n / 10 % 10 {
            0 | 5 => 50 * DAY,
            3 => 33 * DAY,
            _ => self.below(MONTH),
        };
        let began = (self.now - (paid - 1) * MEAN_MONTH - late).max(self.came(n));
        let price = self.dice.pick(&self.means.prices).cloned().ok_or_else(|| Error::broken("nothing is sold"))?;
        let paid = i32::try_from(paid).unwrap_or(1);
        let story = Periods { member, price: &price, by: self.means.owner, began, paid };
        self.at(tx, self.now, |tx| place_periods(tx, &self.ids, &story))?;
        self.subscriptions += 1;
        Ok(())
    }

    /// Wants to pay by hand, and waits; now and then there is a new code.
    fn ask(&mut self, tx: &mut Tx<'_>, n: usize, member: MemberId) -> Result<()> {
        let price = self.dice.pick(&self.means.prices).cloned().ok_or_else(|| Error::broken("nothing is sold"))?;
        let then = self.now - self.below(20 * DAY) - 1_000;
        let (client_key, note) = (format!("seed-{}-{n}", self.first), self.words.sentence(&mut self.dice));
        let wish = NewOrder { plan: price.plan, price: Some(price.id), gift: false, promotion: None, client_key, note };
        self.at(tx, then, |tx| place_ask(tx, member, &wish).map(|_| ()))?;
        if n % 1_000 == 6 {
            let new = serde_json::from_value(json!({ "code": format!("SEED{}", self.first + n as u64), "percent": 20 }))?;
            self.at(tx, then, |tx| place_promotion(tx, self.means.owner, &new))?;
        }
        Ok(())
    }

    /// Reports somebody; nine of ten reports are answered.
    fn report(&mut self, tx: &mut Tx<'_>, n: usize, (member, of): (MemberId, MemberId)) -> Result<()> {
        let then = self.now - self.below(80 * DAY) - DAY;
        let said = self.words.sentence(&mut self.dice);
        let reason = self.dice.pick(&ReportReason::ALL).copied().unwrap_or(ReportReason::Other);
        let report = self.at(tx, then, |tx| place_report(tx, member, of, reason, &said))?;
        if (n / 20).is_multiple_of(10) {
            return Ok(());
        }
        let outcome = if n.is_multiple_of(3) { ReportOutcome::Acted } else { ReportOutcome::Dismissed };
        self.at(tx, then + DAY / 2, |tx| place_closing(tx, report, self.means.owner, outcome))
    }

    fn call(&mut self, tx: &mut Tx<'_>, n: usize, (starter, other): (MemberId, MemberId)) -> Result<()> {
        let then = self.now - self.below(80 * DAY) - 3_600_000;
        let (fate, cause, seconds) = match self.dice.below(10) {
            0 => (Fate::Missed, Cause::NoAnswer, 0),
            1 => (Fate::Declined, Cause::Declined, 0),
            _ => (Fate::Taken, Cause::Left, 20 + self.below(3_000)),
        };
        let quality = (seconds > 0).then_some(3);
        let others = vec![(other, fate)];
        let story =
            CallStory { room: None, is_group: false, video: n.is_multiple_of(3), starter, others, seconds, cause: Some(cause), quality };
        tx.as_of(then, &self.ids_of(then, n), |tx| place_call(tx, &story).map(|_| ()))
    }

    fn letter(&mut self, tx: &mut Tx<'_>, n: usize, member: MemberId) -> Result<()> {
        let then = self.now - self.below(80 * DAY) - 1_000;
        let letter = Letter {
            kind: "members.reset",
            member: Some(member),
            to: format!("seed.{}@example.org", self.first + n as u64),
            subject: self.words.noun(&mut self.dice),
            text: self.words.sentence(&mut self.dice),
            html: String::new(),
        };
        tx.as_of(then, &self.ids_of(then, n), |tx| place_letter(tx, &letter))
    }

    /// The owner did something to a member.
    fn audit(&mut self, tx: &mut Tx<'_>, member: MemberId) -> Result<()> {
        let then = self.now - self.below(80 * DAY) - 1_000;
        let (act, reason) = (self.dice.pick(&ACTS).copied().unwrap_or(ACTS[0]), self.words.sentence(&mut self.dice));
        let done = Act {
            actor: Some(self.means.owner),
            act,
            subject_kind: "member",
            subject: member.to_string(),
            before: None,
            after: None,
            reason: Some(&reason),
            address: None,
        };
        self.at(tx, then, |tx| record(tx, &done).map(|_| ()))
    }

    /// Two begin to talk with each other.
    fn meet(&mut self, tx: &mut Tx<'_>, (one, other): (MemberId, MemberId)) -> Result<()> {
        let wish = NewRoom { kind: RoomKind::Direct, name: None, topic: String::new(), history: None, members: vec![other] };
        let room = self.at(tx, self.now - super::SPOKE, |tx| place_room(tx, &wish, one))?;
        self.talks.push((room, vec![one, other]));
        Ok(())
    }

    fn invite(&mut self, tx: &mut Tx<'_>) -> Result<()> {
        let note = self.words.sentence(&mut self.dice);
        let then = self.now - self.below(80 * DAY) - 1_000;
        self.at(tx, then, |tx| place_invite(tx, self.means.owner, &note))
    }
}
