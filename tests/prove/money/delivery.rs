//! The whole program hears eight events of each of many members in as many orders: once to three times, two at once, connections cut before
//! their answer, while the API shows a later state already.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::books;
use crate::load::figures::Chance;
use crate::load::program::Program;
use crate::load::town::Seat;
use crate::market::Market;
use crate::options::Options;
use crate::stripe::World;
use crate::verdict::Line;

/// Members at one time.
const CROWD: usize = 20;
/// Events of a story.
const EVENTS: usize = 8;

/// What happens at Stripe to a subscription after it was begun, act by act.
fn acts(world: &mut World, id: &str, act: usize) {
    match act {
        0 => world.renew(id, false),
        1 => world.retry(id),
        _ => {
            let invoice = world.thing(id)["latest_invoice"].as_str().unwrap_or_default().to_owned();
            let bill = world.thing(&invoice);
            let intent = bill["payments"]["data"][0]["payment"]["payment_intent"].as_str().unwrap_or_default().to_owned();
            world.give_back(&intent, 1_200);
        }
    }
}

/// The eight events that are delivered of those that happened.
fn eight(events: &[Value]) -> Vec<Value> {
    let wanted = [
        "customer.subscription.created",
        "invoice.paid",
        "checkout.session.completed",
        "invoice.payment_failed",
        "customer.subscription.updated",
        "charge.refunded",
    ];
    events.iter().filter(|event| wanted.iter().any(|kind| event["type"] == *kind)).cloned().collect()
}

/// One member buys, lives through the story, and every event comes in an order of its own.
async fn live(market: &Market, program: &Program, seat: &Seat, seed: u64) -> Result<usize, String> {
    let mut chance = Chance::new(seed);
    let wish = json!({ "price": market.prices[0] });
    let opened = market.must(program, seat, Method::POST, "/api/v1/checkout", Some(wish)).await?;
    let session = market.session_of(opened["order"].as_str().unwrap_or_default()).ok_or("no visit")?;
    let happened = |act: &dyn Fn(&mut World)| {
        market.now();
        market.stripe.with(|world| {
            let from = world.events.len();
            act(world);
            world.events[from..].to_vec()
        })
    };
    let mut events = happened(&|world| world.pay(&session));
    let id = market.stripe.with(|world| world.thing(&session))["subscription"].as_str().ok_or("it does not renew")?.to_owned();
    // How much of the story is over before anything is told.
    let ahead = chance.below(4) as usize;
    for act in 0..ahead {
        events.extend(happened(&|world| acts(world, &id, act)));
    }
    let mut queue = eight(&events);
    let mut delivered = 0;
    let mut act = ahead;
    while !queue.is_empty() || act < 3 {
        if queue.is_empty() || (act < 3 && chance.percent(30)) {
            queue.extend(eight(&happened(&|world| acts(world, &id, act))));
            act += 1;
            continue;
        }
        let event = queue.swap_remove(chance.below(queue.len() as u64) as usize);
        if chance.percent(25) {
            market.stripe.deliver_and_leave(program.address, &event, market.now() / 1_000).await;
            queue.push(event.clone());
            delivered += 1;
        }
        let times = 1 + chance.below(3);
        let at_once = (0..times).map(|_| market.deliver(program.address, &event));
        for taken in join_all(at_once).await {
            taken.map_err(|why| format!("a webhook was not taken: {why}"))?;
        }
        delivered += times as usize;
    }
    Ok(delivered)
}

/// So many members, each with an order of its own.
pub async fn sampled(options: &Options, proof: &str, count: usize) -> Result<Vec<Line>, String> {
    let market = Market::lay(options, count).await?;
    let program = market.plan.start().await?;
    let (mut delivered, mut faults) = (0, Vec::new());
    let members: Vec<(usize, &Seat)> = market.seats.iter().enumerate().skip(1).collect();
    for crowd in members.chunks(CROWD) {
        let all = crowd.iter().map(|(n, seat)| live(&market, &program, seat, options.seed.wrapping_mul(1_000_003).wrapping_add(*n as u64)));
        for one in join_all(all).await {
            match one {
                Ok(times) => delivered += times,
                Err(sentence) => faults.push(sentence),
            }
        }
    }
    market.quiet().await?;
    let mut lines = vec![
        Line::least(proof, &format!("webhooks of {count} orders of {EVENTS} events"), delivered as f64, (count * EVENTS) as f64),
        Line::most(proof, "members whose story broke off", faults.len() as f64, 0.0, "").because(faults),
    ];
    let whole = market.seats[1..].iter().map(books::Member::of).collect::<Vec<_>>();
    lines.extend(books::lines(proof, &books::weigh(&market, &program, &whole, &[]).await?));
    drop(program);
    Ok(lines)
}
