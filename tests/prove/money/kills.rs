//! kill -9 between any two steps: a request is caught on its way to Stripe, done or not, and the program dies before it hears of it; or it
//! dies a moment after. Members and administrators try again, as people do; Stripe sends again what was not answered.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::books::{self, Member};
use crate::load::figures::Chance;
use crate::load::program::Program;
use crate::load::town::Seat;
use crate::market::Market;
use crate::options::Options;
use crate::verdict::Line;

/// Members who buy.
const MEMBERS: usize = 24;
/// What is done longer than this is not waited for.
const STEP: Duration = Duration::from_secs(5);
/// Webhooks of one round.
const WEBHOOKS: usize = 6;

/// What must have been done in the end, with its number among what somebody who has paid may do next.
const RARE: [(&str, u64); 4] = [("cancels", 5), ("disputes", 6), ("refunds", 2), ("deletions", 4)];

/// How far somebody is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Stage {
    /// They want this price.
    Wants(usize),
    /// Their visit is open.
    Opened { order: String, session: String, price: usize },
    /// They paid.
    Paid { order: String, subscription: Option<String> },
    /// An administrator wants so much of a payment back: its id here, its name at Stripe.
    GivenBack { payment: String, external: String, amount: i64, before: i64 },
    /// They want to end what they have.
    Ends,
    /// An administrator deletes them.
    Leaves,
    /// Nothing more happens to them.
    Over,
}

/// Somebody's life.
struct Life {
    seat: Seat,
    stage: Stage,
    is_gone: bool,
    back: BTreeMap<String, i64>,
}

/// What was done, by name, for the table.
type Done = BTreeMap<&'static str, usize>;

struct Storm<'a> {
    market: &'a Market,
    chance: Chance,
    lives: Vec<Life>,
    /// Events that Stripe has still to tell.
    pending: Vec<Value>,
    /// Ids of those that were answered with 200.
    taken: Vec<String>,
    told: usize,
    done: Done,
}

impl Storm<'_> {
    /// What happened at Stripe since the last time is to be told.
    fn collect(&mut self) {
        let from = self.told;
        let new = self.market.stripe.with(|world| world.events[from..].to_vec());
        self.told += new.len();
        self.pending.extend(new);
    }

    fn note(&mut self, what: &'static str) {
        *self.done.entry(what).or_default() += 1;
    }

    /// What happens to somebody who has paid, next.
    async fn choose(&mut self, program: &Program, n: usize) {
        let Stage::Paid { order, subscription } = self.lives[n].stage.clone() else { return };
        let market = self.market;
        market.now();
        // What nobody has done yet is not left to chance alone.
        let turn = match RARE.iter().find(|(what, _)| !self.done.contains_key(what)) {
            Some((_, turn)) if self.chance.percent(50) => *turn,
            _ => self.chance.below(8),
        };
        match (turn, &subscription) {
            (0, Some(id)) => {
                market.stripe.with(|world| {
                    if world.thing(id)["status"] == "active" {
                        world.renew(id, true)
                    }
                });
                self.note("renewals");
            }
            (1, Some(id)) => {
                let fails = self.chance.percent(50);
                market.stripe.with(|world| match world.thing(id)["status"].as_str() {
                    Some("active") => world.renew(id, false),
                    Some("past_due") if !fails => world.retry(id),
                    _ => {}
                });
                self.note("renewals");
            }
            (2 | 3, _) => {
                let owner = market.seats[0].clone();
                let path = format!("/api/v1/admin/orders?member={}", self.lives[n].seat.member);
                let Some((200, page)) = market.ask(program, &owner, Method::GET, &path, None).await else { return };
                let lines = page["items"].as_array().cloned().unwrap_or_default();
                let mut payments = lines
                    .iter()
                    .filter(|one| one["id"] == order.as_str())
                    .flat_map(|one| one["payments"].as_array().cloned().unwrap_or_default());
                let paid = payments.rfind(|one| one["reverses"].is_null() && one["reversed_by"].is_null());
                let Some(paid) = paid else { return };
                let left = paid["money"]["amount"].as_i64().unwrap_or(0) - paid["returned"]["amount"].as_i64().unwrap_or(0);
                let amount = if self.chance.percent(50) { left } else { left.min(300) };
                let intents = market.stripe.with(|world| world.all("payment_intent"));
                let customer = self.customer(n);
                let external = intents.iter().find(|one| Some(&one["customer"]) == customer.as_ref()).and_then(|one| one["id"].as_str());
                let (Some(external), Some(payment)) = (external, paid["id"].as_str()) else { return };
                let before = self.lives[n].back.get(external).copied().unwrap_or(0);
                self.lives[n].back.insert(external.to_owned(), before + amount);
                self.lives[n].stage = Stage::GivenBack { payment: payment.to_owned(), external: external.to_owned(), amount, before };
            }
            (4, _) => self.lives[n].stage = Stage::Leaves,
            (5, Some(_)) => self.lives[n].stage = Stage::Ends,
            (6 | 7, None) => {
                let customer = self.customer(n);
                let back = market.stripe.with(|world| {
                    let own = world.all("payment_intent").into_iter().find(|one| Some(&one["customer"]) == customer.as_ref())?;
                    let intent = own["id"].as_str()?.to_owned();
                    let charge = world.thing(own["latest_charge"].as_str()?);
                    let is_whole = charge["amount_refunded"] == 0 && charge["disputed"] == false;
                    is_whole.then(|| {
                        let dispute = world.dispute(&intent);
                        world.close_dispute(&dispute, "lost");
                    })
                });
                if back.is_some() {
                    self.lives[n].stage = Stage::Over;
                    self.note("disputes");
                }
            }
            _ => {}
        }
        self.collect();
    }

    fn customer(&self, n: usize) -> Option<Value> {
        let member = self.lives[n].seat.member.to_string();
        let all = self.market.stripe.with(|world| world.all("customer"));
        all.into_iter().find(|one| one["metadata"]["rialto_member"] == member.as_str()).map(|one| one["id"].clone())
    }

    /// What somebody tries now, at this address: the answer is `None` when none came.
    async fn attempt(market: &Market, life: &Life, at: std::net::SocketAddr) -> Option<(u16, Value)> {
        let (owner, seat) = (&market.seats[0], &life.seat);
        match &life.stage {
            Stage::Wants(price) => {
                let wish = json!({ "price": market.prices[*price] });
                market.ask_at(at, seat, Method::POST, "/api/v1/checkout", Some(wish)).await
            }
            Stage::Paid { order, .. } => {
                market.ask_at(at, seat, Method::POST, &format!("/api/v1/me/orders/{order}/settle"), Some(json!({}))).await
            }
            Stage::GivenBack { payment, amount, before, .. } => {
                // Whoever is not sure looks first whether it has happened.
                let path = format!("/api/v1/admin/orders?member={}", seat.member);
                let (_, page) = market.ask_at(at, owner, Method::GET, &path, None).await?;
                let lines = page["items"].as_array()?.clone();
                let all = lines.iter().flat_map(|one| one["payments"].as_array().cloned().unwrap_or_default()).collect::<Vec<_>>();
                let own = all.iter().find(|one| one["id"] == payment.as_str())?;
                if own["returned"]["amount"].as_i64()? >= before + amount || own["returning"] == true {
                    return Some((200, Value::Null));
                }
                let body = json!({ "amount": amount, "note": "They asked for it" });
                market.ask_at(at, owner, Method::POST, &format!("/api/v1/admin/payments/{payment}/refund"), Some(body)).await
            }
            Stage::Ends => {
                let (_, membership) = market.ask_at(at, seat, Method::GET, "/api/v1/me/membership", None).await?;
                let own = membership["subscriptions"].as_array()?.iter().find(|one| one["ended_at"].is_null()).cloned();
                let Some(id) = own.and_then(|one| one["id"].as_str().map(str::to_owned)) else { return Some((409, Value::Null)) };
                market.ask_at(at, seat, Method::POST, &format!("/api/v1/me/subscriptions/{id}/cancel"), Some(json!({}))).await
            }
            Stage::Leaves => {
                let path = format!("/api/v1/admin/members/{}", seat.member);
                market.ask_at(at, owner, Method::DELETE, &path, Some(json!({ "reason": "They wish it" }))).await
            }
            Stage::Opened { .. } | Stage::Over => Some((204, Value::Null)),
        }
    }

    /// What follows from an answer.
    fn learn(&mut self, n: usize, answer: Option<(u16, Value)>) {
        let Some((status, body)) = answer else { return };
        let stage = self.lives[n].stage.clone();
        let next = match (&stage, status) {
            (Stage::Wants(price), 200..=299) => {
                self.note("checkouts");
                let order = body["order"].as_str().unwrap_or_default().to_owned();
                self.market.session_of(&order).map(|session| Stage::Opened { order, session, price: *price })
            }
            (Stage::Wants(_), 409) => Some(Stage::Over),
            (Stage::GivenBack { .. }, 200..=299) => {
                self.note("refunds");
                Some(Stage::Over)
            }
            (Stage::GivenBack { external, amount, .. }, 409) => {
                // Refused for good: it was not wished after all.
                if let Some(back) = self.lives[n].back.get_mut(external) {
                    *back -= amount;
                }
                Some(Stage::Over)
            }
            (Stage::Ends, 200..=299 | 409) => {
                self.note("cancels");
                Some(Stage::Over)
            }
            (Stage::Leaves, 200..=299 | 404) => {
                self.note("deletions");
                self.lives[n].is_gone = true;
                Some(Stage::Over)
            }
            _ => None,
        };
        if let Some(next) = next {
            self.lives[n].stage = next;
        }
    }

    /// Whoever's visit is open pays, or comes back another day.
    fn pay(&mut self, n: usize) {
        let Stage::Opened { order, session, price } = self.lives[n].stage.clone() else { return };
        self.market.now();
        let paid = self.market.stripe.with(|world| {
            if world.thing(&session)["status"] != "open" {
                return None;
            }
            world.pay(&session);
            Some(world.thing(&session)["subscription"].as_str().map(str::to_owned))
        });
        self.lives[n].stage = match paid {
            Some(subscription) => Stage::Paid { order, subscription },
            None => Stage::Wants(price),
        };
        self.note("payments");
        self.collect();
    }

    /// Some webhooks at once; what is not answered comes again.
    async fn tell(&mut self, at: std::net::SocketAddr, most: usize) {
        let mut batch = Vec::new();
        while batch.len() < most && !self.pending.is_empty() {
            batch.push(self.pending.swap_remove(self.chance.below(self.pending.len() as u64) as usize));
        }
        let market = self.market;
        let answers = join_all(batch.iter().map(|event| tokio::time::timeout(STEP, market.deliver(at, event)))).await;
        for (event, answer) in batch.into_iter().zip(answers) {
            if matches!(answer, Ok(Ok(()))) {
                self.taken.push(event["id"].as_str().unwrap_or_default().to_owned());
                *self.done.entry("webhooks").or_default() += 1;
            } else {
                self.pending.push(event);
            }
        }
    }

    /// Somebody does something and webhooks come, until the trap closes or all is done.
    async fn round(&mut self, program: Program) -> bool {
        let busy: Vec<usize> = (0..self.lives.len()).filter(|n| self.lives[*n].stage != Stage::Over).collect();
        let n = if busy.is_empty() { 0 } else { *self.chance.one(&busy) };
        self.pay(n);
        self.choose(&program, n).await;
        let (skip, is_done) = (self.chance.below(9) as usize, self.chance.percent(50));
        let (rest, moment) = (self.chance.below(120), self.chance.below(8));
        let is_caught = self.chance.percent(75);
        let trap = is_caught.then(|| self.market.stripe.catch(skip, is_done));
        let at = program.address;
        let (market, life) = (
            self.market,
            Life { seat: self.lives[n].seat.clone(), stage: self.lives[n].stage.clone(), is_gone: false, back: BTreeMap::new() },
        );
        // The program dies in a task of its own: what is under way meanwhile learns it as a client does.
        let end = tokio::spawn(async move {
            let mut was_caught = false;
            if let Some(trap) = &trap {
                was_caught = tokio::time::timeout(Duration::from_millis(700), trap.came()).await.is_ok();
            }
            let wait = if was_caught { moment } else { rest };
            tokio::time::sleep(Duration::from_millis(wait)).await;
            program.kill();
            was_caught
        });
        let act = tokio::time::timeout(STEP, Self::attempt(market, &life, at));
        let (answer, ()) = tokio::join!(act, self.tell(at, WEBHOOKS));
        self.learn(n, answer.ok().flatten());
        let was_caught = end.await.unwrap_or(false);
        self.market.stripe.release();
        self.collect();
        was_caught
    }

    /// Nobody disturbs any more: whoever wants something gets it, and Stripe tells what it has still to tell.
    async fn finish(&mut self, program: &Program) -> Result<(), String> {
        for _ in 0..6 {
            for n in 0..self.lives.len() {
                self.pay(n);
                let answer = Self::attempt(self.market, &self.lives[n], program.address).await;
                self.learn(n, answer);
            }
            while !self.pending.is_empty() {
                self.tell(program.address, 20).await;
            }
            self.market.quiet().await?;
            self.collect();
        }
        Ok(())
    }
}

/// `count` kills, and what is found afterwards.
pub async fn kills(options: &Options, proof: &str, count: usize) -> Result<Vec<Line>, String> {
    let mut market = Market::lay(options, MEMBERS).await?;
    let mut chance = Chance::new(options.seed);
    let lives = market.seats[1..].iter().enumerate();
    let lives = lives.map(|(n, seat)| Life {
        seat: seat.clone(),
        stage: Stage::Wants(usize::from(n % 3 == 2)),
        is_gone: false,
        back: BTreeMap::new(),
    });
    let (mut lives, mut pending, mut taken, mut told, mut done) = (lives.collect::<Vec<_>>(), Vec::new(), Vec::new(), 0, Done::new());
    let mut caught = 0;
    for round in 0..count {
        // What waits for its time, a lease or a pause comes to it.
        market.pass(*chance.one(&[0, 0, 20, 70, 70, 200, 900]))?;
        let program = market
            .plan
            .start()
            .await
            .map_err(|error| format!("start {round}: {error}; {}", market.plan.log_text().lines().next_back().unwrap_or_default()))?;
        let mut storm = Storm { market: &market, chance: chance.clone(), lives, pending, taken, told, done };
        caught += usize::from(storm.round(program).await);
        Storm { chance, lives, pending, taken, told, done, .. } = storm;
        if (round + 1) % 20 == 0 {
            eprintln!("  {} of {count} kills, {done:?}", round + 1);
        }
    }
    for pause in [3_600, 3_600, 8 * 3_600] {
        market.pass(pause)?;
        let program = market.plan.start().await?;
        let mut storm = Storm { market: &market, chance: chance.clone(), lives, pending, taken, told, done };
        storm.finish(&program).await?;
        Storm { chance, lives, pending, taken, told, done, .. } = storm;
        let _ = program.stop().await;
    }
    let program = market.plan.start().await?;
    market.quiet().await?;
    let members: Vec<Member<'_>> =
        lives.iter().map(|life| Member { seat: &life.seat, is_gone: life.is_gone, back: life.back.clone() }).collect();
    let faults = books::weigh(&market, &program, &members, &taken).await?;
    drop(program);
    let mut lines = vec![Line::least(proof, &format!("kills, {caught} of them on the way to Stripe"), count as f64, count as f64)];
    for what in ["checkouts", "payments", "webhooks", "renewals", "refunds", "cancels", "deletions", "disputes"] {
        lines.push(Line::least(proof, what, done.get(what).copied().unwrap_or(0) as f64, if count >= 100 { 1.0 } else { 0.0 }));
    }
    lines.extend(books::lines(proof, &faults));
    Ok(lines)
}
