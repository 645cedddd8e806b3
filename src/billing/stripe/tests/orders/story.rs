//! What happens at Stripe: two stories of eight events, with how everything looked after each act.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicI64;

use serde_json::Value;

use super::super::double::World;
use super::{EVENTS, NOON};
use crate::billing::model::Every;
use crate::ids::OrderId;

/// Something that happens at the double.
type Act = Box<dyn FnOnce(&mut World)>;

/// What happened at Stripe: how it looked after each act, and the events with the act that each was part of.
pub(super) struct Story {
    pub(super) worlds: Vec<Mutex<World>>,
    pub(super) events: Vec<(Value, usize)>,
    /// The visit, and what goes on after it.
    pub(super) session: String,
    pub(super) subscription: Option<String>,
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
fn story(mut world: World, session: String, acts: Vec<(Act, &[&str])>) -> Story {
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
pub(super) fn renewed(order: OrderId) -> Story {
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
pub(super) fn disputed(order: OrderId) -> Story {
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
