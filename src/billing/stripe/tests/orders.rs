//! All orders of eight events, with the real rows: each delivered one to three times, up to two answers under way at once, answers that are
//! old when they come. Whatever the order, our rows end as Stripe's are.
//!
//! The orders are walked as a tree: what two of them begin with alike is done once, and undone by a savepoint. Where chance decides, the
//! way that was gone decides: the same in every run. `RIALTO_TEST_ORDERS` says how many of the 56 beginnings of two events are gone through.

mod answers;
mod market;
mod story;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use diesel::prelude::*;
use serde_json::json;

use self::answers::{Root, checkout, lock, roots, subscription};
use self::market::{Books, Market, books};
use self::story::{Story, disputed, renewed};
use super::double::World;
use crate::billing::actions::{self, Billing};
use crate::billing::model::Every;
use crate::billing::providers::{CheckoutTruth, Opened, SubscriptionTruth};
use crate::billing::stripe::connection::Connection;
use crate::billing::stripe::envelope::{self, Object};
use crate::billing::stripe::inbox::hear;
use crate::billing::stripe::mirror::{Applied, mirror_subscription, settle_order};
use crate::billing::stripe::store::events::{self, EventSource, EventState};
use crate::billing::stripe::store::{mirrored, objects};
use crate::error::{Error, Result};
use crate::ids::{OrderId, StripeEventId};
use crate::storage::Tx;

const NOON: i64 = 1_793_534_400_000;
/// Events of a story.
const EVENTS: usize = 8;
/// Orders of them.
const ALL: usize = 40_320;

/// What was fetched.
enum Answer {
    Checkout(Box<CheckoutTruth>),
    Subscription(Box<SubscriptionTruth>),
}

/// An event that is being followed.
#[derive(Clone)]
struct Task {
    event: StripeEventId,
    object: Object,
    wanted: i64,
}

/// An answer under way: it says how things were when it was asked for.
#[derive(Clone)]
struct Running {
    task: Task,
    id: String,
    ticket: i64,
    answer: Arc<Answer>,
    rest: Vec<Root>,
}

/// One way through the tree, as far as it was gone.
#[derive(Clone, Default)]
struct Way {
    delivered: Vec<usize>,
    /// How far Stripe was when it was asked last: it never goes back.
    stage: usize,
    running: Vec<Running>,
    /// What was tried too early, and comes back.
    waiting: Vec<Task>,
    chance: u64,
}

impl Way {
    fn below(&mut self, n: usize) -> usize {
        self.chance ^= self.chance << 13;
        self.chance ^= self.chance >> 7;
        self.chance ^= self.chance << 17;
        usize::try_from(self.chance % u64::try_from(n).expect("small")).expect("small")
    }
}

/// What was seen.
#[derive(Clone, Debug, Default)]
struct Tally {
    orders: usize,
    deliveries: usize,
    late_answers: usize,
    too_early: usize,
    wrong: Vec<String>,
}

/// Everything that a way is gone with.
struct Ground<'a> {
    story: &'a Story,
    to: &'a Connection,
    billing: &'a Billing,
    answers: Mutex<HashMap<(usize, Root), Arc<Answer>>>,
}

impl Ground<'_> {
    fn world(&self, way: &Way) -> &Mutex<World> {
        &self.story.worlds[way.stage]
    }

    /// Begins to fetch a root; none: nothing is to be fetched.
    fn begin(
        &self,
        tx: &mut Tx<'_>,
        stage: usize,
        task: &Task,
        (root, rest): (Root, Vec<Root>),
        wanted: Option<i64>,
    ) -> Result<Option<Running>> {
        let id = match &root {
            Root::Session(id) | Root::Subscription(id) => id.clone(),
        };
        let ticket = match wanted {
            Some(wanted) => {
                let mark = objects::mark(tx, &id)?;
                if mark.fetched >= wanted {
                    return Ok(None);
                }
                mark.wanted
            }
            None => objects::want(tx, &id)?,
        };
        match self.answer(stage, &root) {
            Ok(answer) => Ok(Some(Running { task: task.clone(), id, ticket, answer, rest })),
            Err(Error::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What Stripe says of a root at this stage: made up once.
    fn answer(&self, stage: usize, root: &Root) -> Result<Arc<Answer>> {
        let key = (stage, root.clone());
        if let Some(known) = lock(&self.answers).get(&key) {
            return Ok(Arc::clone(known));
        }
        let world = &self.story.worlds[stage];
        let answer = Arc::new(match root {
            Root::Session(id) => Answer::Checkout(Box::new(checkout(world, id)?)),
            Root::Subscription(id) => Answer::Subscription(Box::new(subscription(world, id, None)?.0)),
        });
        lock(&self.answers).insert(key, Arc::clone(&answer));
        Ok(answer)
    }

    /// Begins to follow an event.
    fn start(&self, tx: &mut Tx<'_>, way: &Way, task: &Task) -> Result<Option<Running>> {
        let mut roots = roots(tx, self.world(way), &task.object)?;
        if roots.is_empty() {
            return Ok(None);
        }
        let root = roots.remove(0);
        let is_own = matches!(task.object, Object::Session(_) | Object::Subscription(_));
        self.begin(tx, way.stage, task, (root, roots), is_own.then_some(task.wanted))
    }

    /// The answer comes, and all that follows from it.
    fn finish(&self, tx: &mut Tx<'_>, way: &mut Way, running: Running) -> Result<()> {
        let Running { task, id, ticket, answer, mut rest } = running;
        let mut next = match &*answer {
            Answer::Checkout(truth) => {
                settle_order(tx, self.billing, truth.order.expect("ours"), (&id, ticket), truth)?;
                truth.subscription.as_ref().map(|one| Root::Subscription(one.external_id.clone()))
            }
            Answer::Subscription(truth) => match mirror_subscription(tx, self.billing, (&id, ticket), truth)? {
                Applied::Done { .. } => None,
                Applied::NotSold(order) => match mirrored::session_of(tx, order)? {
                    Some(session) => Some(Root::Session(session)),
                    None => {
                        way.waiting.push(task);
                        return Ok(());
                    }
                },
            },
        };
        if next.is_none() {
            next = rest.pop();
        }
        if let Some(root) = next
            && let Some(running) = self.begin(tx, way.stage, &task, (root, rest), None)?
        {
            return self.finish(tx, way, running);
        }
        events::set_state(tx, task.event, EventState::Done)
    }

    /// One event comes, once to three times, and is followed now or later.
    fn deliver(&self, tx: &mut Tx<'_>, way: &mut Way, n: usize, tally: &mut Tally) -> Result<()> {
        let (event, stage) = &self.story.events[n];
        // Stripe is at least where this happened, and may be further.
        way.stage = way.stage.max(*stage);
        if way.below(4) == 0 {
            way.stage = (way.stage + 1).min(self.story.worlds.len() - 1);
        }
        way.delivered.push(n);
        let body = event.to_string();
        let envelope = envelope::read(body.as_bytes()).expect("an event");
        let times = 1 + way.below(3);
        for time in 0..times {
            tally.deliveries += 1;
            assert_eq!(hear(tx, self.to, &envelope, EventSource::Webhook, body.as_bytes())?, time == 0, "each is kept once");
        }
        let row = events::find(tx, &[EventState::Waiting], None, 1)?.pop().expect("it waits");
        let object = serde_json::from_str(row.object.as_deref().expect("an object"))?;
        let task = Task { event: row.id, object, wanted: row.wanted };
        match self.start(tx, way, &task)? {
            Some(running) => way.running.push(running),
            None => events::set_state(tx, task.event, EventState::Done)?,
        }
        // Up to two are under way at once, and either may be the first to end.
        while way.running.len() > way.below(3) {
            let at = way.below(way.running.len());
            tally.late_answers += usize::from(at + 1 < way.running.len());
            let running = way.running.remove(at);
            self.finish(tx, way, running)?;
        }
        Ok(())
    }

    /// Everything that is under way ends, and what came too early is tried again until nothing waits.
    fn settle(&self, tx: &mut Tx<'_>, way: &mut Way, tally: &mut Tally) -> Result<()> {
        way.stage = self.story.worlds.len() - 1;
        while !way.running.is_empty() {
            let at = way.below(way.running.len());
            let running = way.running.remove(at);
            self.finish(tx, way, running)?;
        }
        tally.too_early += way.waiting.len();
        while let Some(task) = way.waiting.pop() {
            match self.start(tx, way, &task)? {
                Some(running) => self.finish(tx, way, running)?,
                None => events::set_state(tx, task.event, EventState::Done)?,
            }
        }
        Ok(())
    }

    /// What of our rows is not as Stripe's are.
    fn wrong(&self, tx: &mut Tx<'_>) -> Result<Option<String>> {
        let world = self.story.worlds.last().expect("an end");
        let all = |kind: &str| lock(world).all(kind);
        if events::count(tx, EventState::Done)? != i64::try_from(EVENTS).expect("few") {
            return Ok(Some("an event was not followed".to_owned()));
        }
        if let Some(id) = &self.story.subscription {
            let (theirs, ours) = (subscription(world, id, None)?.0, mirrored::looks(tx, id)?);
            let Some(ours) = ours else { return Ok(Some("the subscription is not here".to_owned())) };
            let seen = (ours.status(), ours.period_start, ours.period_end, ours.cancels_at_end, ours.past_due_since);
            let told = (theirs.status, theirs.period_start, theirs.period_end, theirs.cancels_at_end, theirs.past_due_since);
            if seen != told {
                return Ok(Some(format!("the subscription is {seen:?}, and at Stripe {told:?}")));
            }
        }
        let theirs = all("charge").iter().map(|one| (one["amount"].as_i64(), one["amount_refunded"].as_i64())).collect::<Vec<_>>();
        let lost: i64 = all("dispute").iter().filter(|one| one["status"] == "lost").filter_map(|one| one["amount"].as_i64()).sum();
        let came = theirs.iter().filter_map(|one| one.0).sum::<i64>();
        let back = (theirs.iter().filter_map(|one| one.1).sum::<i64>() + lost).min(came);
        let ours = books(tx)?;
        let expected = Books { came, back: -back, held: came - back, sum: 0, payments: i64::try_from(theirs.len()).expect("few") };
        if ours == expected { Ok(None) } else { Ok(Some(format!("the books say {ours:?}, and Stripe {expected:?}"))) }
    }

    /// All ways that go on from here.
    fn walk(&self, tx: &mut Tx<'_>, way: &Way, tally: &mut Tally) -> Result<()> {
        if way.delivered.len() == EVENTS {
            let mut end = way.clone();
            let wrong = undone(tx, |tx| {
                self.settle(tx, &mut end, tally)?;
                self.wrong(tx)
            })?;
            tally.orders += 1;
            tally.wrong.extend(wrong.map(|what| format!("{:?}: {what}", way.delivered)));
            return Ok(());
        }
        for n in (0..EVENTS).filter(|n| !way.delivered.contains(n)) {
            undone(tx, |tx| {
                let mut next = way.clone();
                next.chance = (way.chance ^ u64::try_from(n + 1).expect("small")).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
                self.deliver(tx, &mut next, n, tally)?;
                self.walk(tx, &next, tally)
            })?;
        }
        Ok(())
    }
}

/// Runs `f`, and has it never have happened; nobody hears of it either.
fn undone<T>(tx: &mut Tx<'_>, f: impl FnOnce(&mut Tx<'_>) -> Result<T>) -> Result<T> {
    diesel::sql_query("SAVEPOINT way").execute(&mut **tx)?;
    let done = f(tx);
    diesel::sql_query("ROLLBACK TO way").execute(&mut **tx)?;
    diesel::sql_query("RELEASE way").execute(&mut **tx)?;
    done
}

/// How many beginnings of two events are gone through, evenly spread: all 56 in the long proof.
fn beginnings() -> usize {
    std::env::var("RIALTO_TEST_ORDERS").ok().and_then(|text| text.parse().ok()).unwrap_or(4).clamp(1, 56)
}

/// Goes all ways through a story.
async fn walk(every: Every, tell: fn(OrderId) -> Story) -> Tally {
    let market = Market::open(every).await;
    let story = Arc::new(tell(market.order));
    let (session, order) = (story.session.clone(), market.order);
    let opened = Opened { session, url: "https://checkout.example".to_owned(), expires_at: NOON + 1_800_000, total: None };
    market.db.write(move |tx| actions::keep_opened(tx, order, &opened)).await.expect("kept");
    let to = market.stripe.connection().expect("connected");
    let pairs = (0..EVENTS).flat_map(|first| (0..EVENTS).filter(move |second| *second != first).map(move |second| (first, second)));
    let mut all = Tally::default();
    for (first, second) in pairs.step_by(56 / beginnings()).take(beginnings()) {
        let (story, to, billing) = (Arc::clone(&story), Arc::clone(&to), market.billing.clone());
        let walked = market.db.write(move |tx| {
            let ground = Ground { story: &story, to: &to, billing: &billing, answers: Mutex::default() };
            let mut tally = Tally::default();
            undone(tx, |tx| {
                let mut way = Way { chance: u64::try_from(first * 8 + second + 1).expect("small") << 20 | 0x5eed, ..Way::default() };
                ground.deliver(tx, &mut way, first, &mut tally)?;
                ground.deliver(tx, &mut way, second, &mut tally)?;
                ground.walk(tx, &way, &mut tally)
            })?;
            Ok(tally)
        });
        let tally = walked.await.expect("walked");
        all.orders += tally.orders;
        all.deliveries += tally.deliveries;
        all.late_answers += tally.late_answers;
        all.too_early += tally.too_early;
        all.wrong.extend(tally.wrong);
    }
    all
}

fn holds(tally: &Tally, story: &str) {
    eprintln!(
        "orders {}",
        json!({ "story": story, "orders": tally.orders, "deliveries": tally.deliveries, "late_answers": tally.late_answers,
            "too_early": tally.too_early, "wrong": tally.wrong.len(), "examples": tally.wrong.iter().take(5).collect::<Vec<_>>() })
    );
    assert_eq!(tally.orders, ALL / 56 * beginnings());
    assert!(tally.wrong.is_empty(), "{} of {} end wrong, such as {}", tally.wrong.len(), tally.orders, tally.wrong[0]);
    assert!(tally.late_answers > 0, "answers overtook each other");
}

#[tokio::test]
async fn every_order_of_a_subscription_ends_as_stripe_says() {
    let tally = walk(Every::Month, renewed).await;
    holds(&tally, "renewed");
    assert!(tally.too_early > 0 || beginnings() < 56, "what comes before its order is tried again");
}

#[tokio::test]
async fn every_order_of_a_payment_that_goes_back_ends_as_stripe_says() {
    holds(&walk(Every::Once, disputed).await, "disputed");
}
