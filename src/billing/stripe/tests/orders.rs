//! All orders of eight events, with the real rows: each delivered one to three times, up to two answers under way at once, answers that are
//! old when they come. Whatever the order, our rows end as Stripe's are.
//!
//! The orders are walked as a tree: what two of them begin with alike is done once, and undone by a savepoint. Where chance decides, the
//! way that was gone decides: the same in every run. `RIALTO_TEST_ORDERS` says how many of the 56 beginnings of two events are gone through.

use std::collections::HashMap;
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::double::World;
use crate::access::{Actor, Permit};
use crate::billing::actions::{self, Billing, Prepared, seed};
use crate::billing::model::{Every, NewPlan, NewPrice};
use crate::billing::policy::Buy;
use crate::billing::providers::{CheckoutTruth, Opened, ProviderKind, Providers, SubscriptionTruth};
use crate::billing::stripe::client::views::{Charge, Dispute, Invoice, PaymentIntent, Refund, Session, Subscription};
use crate::billing::stripe::connection::{Connection, Stripe};
use crate::billing::stripe::envelope::{self, Object};
use crate::billing::stripe::inbox::hear;
use crate::billing::stripe::mirror::{Applied, mirror_subscription, settle_order};
use crate::billing::stripe::store::events::{self, EventSource, EventState};
use crate::billing::stripe::store::{mirrored, objects};
use crate::billing::stripe::truth::{self, Paid};
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::ids::{Ids, OrderId, StripeEventId};
use crate::live::{Logged, Signal};
use crate::members::{self, DisplayName, NewMember, RoleKind, Username};
use crate::mutants::Mutant;
use crate::storage::{Conn, Db, DbLimits, Sink, Target, Tx};

const NOON: i64 = 1_793_534_400_000;
/// Events of a story.
const EVENTS: usize = 8;
/// Orders of them.
const ALL: usize = 40_320;

struct Nobody;

impl Sink for Nobody {
    fn publish(&self, _: Vec<Logged>) {}
    fn signal(&self, _: Signal) {}
    fn wake_jobs(&self) {}
}

/// What happened at Stripe: how it looked after each act, and the events with the act that each was part of.
struct Story {
    worlds: Vec<Mutex<World>>,
    events: Vec<(Value, usize)>,
    /// The visit, and what goes on after it.
    session: String,
    subscription: Option<String>,
}

/// What was fetched.
enum Answer {
    Checkout(Box<CheckoutTruth>),
    Subscription(Box<SubscriptionTruth>),
}

/// What is fetched in the end.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Root {
    Session(String),
    Subscription(String),
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

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

fn ask<T: DeserializeOwned>(world: &Mutex<World>, path: &str, params: &[(&str, &str)]) -> Result<T> {
    let params = params.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let answer = lock(world).answer("GET", path, &params);
    let answer = answer.map_err(|(status, ..)| if status == 404 { Error::NotFound } else { Error::broken(format!("{path}: {status}")) })?;
    Ok(serde_json::from_value(answer)?)
}

fn list<T: DeserializeOwned>(world: &Mutex<World>, path: &str, of: (&str, &str)) -> Result<Vec<T>> {
    let mut page: Value = ask(world, path, &[of, ("limit", "100")])?;
    Ok(serde_json::from_value(page["data"].take())?)
}

/// The same requests as the provider's, answered by the double without a network.
fn paid(world: &Mutex<World>, charges: Vec<Charge>) -> Result<Paid> {
    let mut disputes = Vec::new();
    for charge in charges.iter().filter(|charge| charge.disputed == Some(true)) {
        let intent = charge.payment_intent.as_deref().unwrap_or_default();
        disputes.extend(list::<Dispute>(world, "/v1/disputes", ("payment_intent", intent))?);
    }
    Ok(Paid { charges, disputes })
}

fn subscription(world: &Mutex<World>, id: &str, first: Option<&str>) -> Result<(SubscriptionTruth, Option<crate::billing::PaymentTruth>)> {
    let it: Subscription = ask(world, &format!("/v1/subscriptions/{id}"), &[])?;
    let bills: Vec<Invoice> = list(world, "/v1/invoices", ("subscription", id))?;
    let charges = list(world, "/v1/charges", ("customer", &it.customer))?;
    let paid = paid(world, charges)?;
    let bill = bills.iter().find(|bill| first.is_some() && bill.id.as_deref() == first);
    let first = bill.map(|bill| truth::paid_bill(bill, &paid)).transpose()?.flatten();
    Ok((truth::subscription(NOON, &it, &bills, &paid)?, first))
}

fn checkout(world: &Mutex<World>, id: &str) -> Result<CheckoutTruth> {
    let it: Session = ask(world, &format!("/v1/checkout/sessions/{id}"), &[])?;
    let (mut payment, mut goes_on) = (None, None);
    if let Some(intent) = &it.payment_intent {
        let found: PaymentIntent = ask(world, &format!("/v1/payment_intents/{intent}"), &[])?;
        let charges = list(world, "/v1/charges", ("payment_intent", intent))?;
        payment = Some(truth::payment(&found, &paid(world, charges)?)?);
    }
    if let Some(id) = &it.subscription {
        let (truth, first) = subscription(world, id, it.invoice.as_deref())?;
        (payment, goes_on) = (first.or(payment), Some(truth));
    }
    Ok(truth::checkout(NOON, &it, payment, goes_on))
}

/// What an object belongs to, by the same questions as [`Mirror`](crate::billing::stripe::mirror::Mirror) asks.
fn roots(conn: &mut Conn, world: &Mutex<World>, object: &Object) -> Result<Vec<Root>> {
    let intent = match object {
        Object::Session(id) => return Ok(vec![Root::Session(id.clone())]),
        Object::Subscription(id) => return Ok(vec![Root::Subscription(id.clone())]),
        Object::Invoice(id) => {
            let bill: Invoice = ask(world, &format!("/v1/invoices/{id}"), &[])?;
            let of = bill.parent.and_then(|parent| parent.subscription_details).map(|details| details.subscription);
            return Ok(of.map(Root::Subscription).into_iter().collect());
        }
        Object::PaymentIntent(id) => Some(id.clone()),
        Object::Charge(id) => ask::<Charge>(world, &format!("/v1/charges/{id}"), &[])?.payment_intent,
        Object::Refund(id) => ask::<Refund>(world, &format!("/v1/refunds/{id}"), &[])?.payment_intent,
        Object::Dispute(id) => ask::<Dispute>(world, &format!("/v1/disputes/{id}"), &[])?.payment_intent,
    };
    let intent = intent.expect("a payment");
    match mirrored::of_payment(conn, &intent)? {
        Some((_, Some(subscription))) => return Ok(vec![Root::Subscription(subscription)]),
        Some((Some(session), None)) => return Ok(vec![Root::Session(session)]),
        _ => {}
    }
    if Mutant::MoneyForgetsUnwritten.is_on() {
        return Ok(Vec::new());
    }
    let payment: PaymentIntent = ask(world, &format!("/v1/payment_intents/{intent}"), &[])?;
    if let Some(order) = truth::order(payment.metadata.as_ref()) {
        return Ok(mirrored::session_of(conn, order)?.map(Root::Session).into_iter().collect());
    }
    let theirs: Vec<Subscription> = list(world, "/v1/subscriptions", ("customer", payment.customer.as_deref().unwrap_or_default()))?;
    Ok(theirs.into_iter().filter(|one| truth::order(one.metadata.as_ref()).is_some()).map(|one| Root::Subscription(one.id)).collect())
}

impl Ground<'_> {
    fn world(&self, way: &Way) -> &Mutex<World> {
        &self.story.worlds[way.stage]
    }

    /// Begins to fetch a root; none: nothing is to be fetched.
    fn begin(&self, tx: &mut Tx<'_>, way: &Way, task: &Task, root: Root, wanted: Option<i64>, rest: Vec<Root>) -> Result<Option<Running>> {
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
        match self.answer(way.stage, &root) {
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
        self.begin(tx, way, task, root, is_own.then_some(task.wanted), roots)
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
            && let Some(running) = self.begin(tx, way, &task, root, None, rest)?
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

/// What the books come to.
#[derive(Debug, PartialEq, Eq, QueryableByName)]
struct Books {
    #[diesel(sql_type = BigInt)]
    came: i64,
    #[diesel(sql_type = BigInt)]
    back: i64,
    #[diesel(sql_type = BigInt)]
    held: i64,
    #[diesel(sql_type = BigInt)]
    sum: i64,
    #[diesel(sql_type = BigInt)]
    payments: i64,
}

fn books(conn: &mut Conn) -> Result<Books> {
    let sql = "SELECT (SELECT COALESCE(SUM(amount), 0) FROM payments WHERE reverses IS NULL) AS came,
        (SELECT COALESCE(SUM(amount), 0) FROM payments WHERE reverses IS NOT NULL) AS back,
        (SELECT COALESCE(SUM(amount), 0) FROM ledger WHERE account = 4) AS held,
        (SELECT COALESCE(SUM(amount), 0) FROM ledger) AS sum,
        (SELECT COUNT(*) FROM payments WHERE reverses IS NULL) AS payments";
    Ok(diesel::sql_query(sql).get_result(conn)?)
}

/// A town with one member, whose order for this price waits at the double: all that there was before the events.
struct Market {
    db: Db,
    billing: Billing,
    order: OrderId,
    stripe: Stripe,
    _folder: tempfile::TempDir,
}

impl Market {
    async fn open(every: Every) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (clock, _) = Clock::held(NOON);
        let ids = Arc::new(Ids::new(clock.clone()));
        let target = Target::Sqlite(folder.path().join("rialto.db"));
        let db = Db::open(target, DbLimits::default(), clock.clone(), ids, Arc::new(Nobody)).expect("a database");
        let machine = crate::config::Machine { address: None, processors: 1 };
        let mut config = crate::config::Config::from(crate::config::Given::default(), &machine).expect("defaults work");
        config.stripe_key = Some(super::double::KEY.to_owned());
        let keys = crate::access::Keys::new([7; 32]);
        let stripe = Stripe::new(db.clone(), clock, keys, Arc::new(config));
        stripe.reload().await.expect("a key");
        let billing = Billing::alone().selling_through(Providers::new(vec![Arc::new(stripe.clone())]));
        let within = billing.clone();
        let placed = db.write(move |tx| place(tx, &within, every)).await;
        let order = placed.expect("an order");
        Self { db, billing, order, stripe, _folder: folder }
    }
}

fn place(tx: &mut Tx<'_>, billing: &Billing, every: Every) -> Result<OrderId> {
    members::ensure_built_in_roles(tx)?;
    let mut new = NewMember::named(Username::parse("olave")?, DisplayName::parse("Olave")?);
    new.roles.push(members::built_in_role(tx, RoleKind::Owner)?);
    let owner = members::create_member(tx, &new)?;
    let member = members::create_member(tx, &NewMember::named(Username::parse("ann")?, DisplayName::parse("Ann")?))?;
    let plan: NewPlan = serde_json::from_value(json!({ "name": "Friends", "entitlements": { "calls.start": true } }))?;
    let plan = seed::place_plan(tx, owner, plan)?.id;
    let price: NewPrice = serde_json::from_value(json!({ "amount": 1_200, "currency": "EUR", "every": every }))?;
    let price = seed::place_price(tx, owner, plan, price)?;
    let actor = Actor { member: Some(member), ..Actor::stranger(None, tx.now()) };
    let may = Buy::check(tx, &actor, ())?;
    let Prepared::New(checkout, _) = actions::prepare(tx, &may, billing, (price, ProviderKind::Stripe), ("https://town.example", "en"))?
    else {
        return Err(Error::broken("it is open already"));
    };
    Ok(checkout.order)
}

/// A customer and a visit at the double for this order.
fn visit(every: Every, order: OrderId) -> (World, String) {
    let mut world = World::new(Arc::new(AtomicI64::new(NOON)));
    let mut make = |path: &str, params: &[(&str, &str)]| {
        let params = params.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        world.answer("POST", path, &params).expect(path)["id"].as_str().expect("an id").to_owned()
    };
    let customer = make("/v1/customers", &[("name", "Ann")]);
    let product = make("/v1/products", &[("name", "Friends")]);
    let once = [("product", product.as_str()), ("currency", "eur"), ("unit_amount", "1200")];
    let monthly = [once[0], once[1], once[2], ("recurring[interval]", "month")];
    let renews = every != Every::Once;
    let price = make("/v1/prices", if renews { &monthly } else { &once });
    let order = order.to_string();
    let data = if renews { "subscription_data[metadata][rialto_order]" } else { "payment_intent_data[metadata][rialto_order]" };
    let session = make(
        "/v1/checkout/sessions",
        &[
            ("mode", if renews { "subscription" } else { "payment" }),
            ("customer", &customer),
            ("line_items[0][price]", &price),
            ("success_url", "https://town.example/"),
            ("metadata[rialto_order]", &order),
            (data, &order),
        ],
    );
    (world, session)
}

/// Acts one after another, each with the kinds of its events that are delivered.
fn story(mut world: World, session: String, acts: Vec<(Box<dyn FnOnce(&mut World)>, &[&str])>) -> Story {
    let (mut worlds, mut told) = (Vec::new(), Vec::new());
    for (act, kinds) in acts {
        let from = world.events.len();
        act(&mut world);
        let mut kinds: Vec<&str> = kinds.to_vec();
        for event in &world.events[from..] {
            if let Some(at) = kinds.iter().position(|kind| event["type"] == *kind) {
                kinds.remove(at);
                told.push((event.clone(), worlds.len()));
            }
        }
        assert!(kinds.is_empty(), "{kinds:?} did not happen");
        worlds.push(Mutex::new(world.clone()));
    }
    assert_eq!(told.len(), EVENTS);
    let subscription = world.thing(&session)["subscription"].as_str().map(str::to_owned);
    Story { worlds, events: told, session, subscription }
}

/// A subscription is bought, its renewal fails and goes well after all, and that payment goes back.
fn renewed(order: OrderId) -> Story {
    let (world, session) = visit(Every::Month, order);
    let pays = session.clone();
    let of = |world: &World| world.all("subscription")[0]["id"].as_str().expect("an id").to_owned();
    story(
        world,
        session,
        vec![
            (Box::new(move |world| world.pay(&pays)), &["customer.subscription.created", "invoice.paid", "checkout.session.completed"]),
            (
                Box::new(move |world| {
                    let id = of(world);
                    world.renew(&id, false);
                }),
                &["invoice.payment_failed", "customer.subscription.updated"],
            ),
            (
                Box::new(move |world| {
                    let id = of(world);
                    world.retry(&id);
                }),
                &["invoice.paid", "customer.subscription.updated"],
            ),
            (
                Box::new(|world| {
                    let last = world.all("payment_intent").pop().expect("paid")["id"].as_str().expect("an id").to_owned();
                    world.give_back(&last, 1_200);
                }),
                &["charge.refunded"],
            ),
        ],
    )
}

/// Something is bought once, a part of it goes back, and the payer's bank takes the rest.
fn disputed(order: OrderId) -> Story {
    let (world, session) = visit(Every::Once, order);
    let pays = session.clone();
    let intent = |world: &World| world.all("payment_intent")[0]["id"].as_str().expect("an id").to_owned();
    let give_back = move |world: &mut World, amount| {
        let intent = intent(world);
        world.give_back(&intent, amount);
    };
    story(
        world,
        session,
        vec![
            (Box::new(move |world| world.pay(&pays)), &["checkout.session.completed"]),
            (Box::new(move |world| give_back(world, 200)), &["refund.created", "charge.refunded"]),
            (Box::new(move |world| give_back(world, 300)), &["refund.created", "charge.refunded"]),
            (
                Box::new(move |world| {
                    let intent = intent(world);
                    let id = world.dispute(&intent);
                    world.happened("charge.dispute.updated", &id);
                }),
                &["charge.dispute.created", "charge.dispute.updated"],
            ),
            (
                Box::new(|world| {
                    let id = world.all("dispute")[0]["id"].as_str().expect("an id").to_owned();
                    world.close_dispute(&id, "lost");
                }),
                &["charge.dispute.closed"],
            ),
        ],
    )
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
    let opened = Opened { session, url: "https://checkout.example".to_owned(), expires_at: NOON + 1_800_000 };
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
