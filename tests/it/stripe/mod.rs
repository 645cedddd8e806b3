//! Stripe, played by a double that keeps its rules: what we ask, what we make of its answers, and what it tells us unasked.

mod account;
mod buying;
mod changes;
mod client;
mod edges;
mod gifts;
mod gone;
mod hooks;
mod outages;
mod overtaken;
mod parts;
mod promotions;
mod refunds;
mod strange;
mod typed;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use rialto::billing::stripe::{Call, Checkout, Client, Every, Tags};
use rialto::storage::Conn;
use serde_json::{Value, json};

use crate::support::stripe::{Delivered, KEY, SECRET, Stripe};
use crate::support::{NOON, Person, Town};

/// A double by itself, its clock, and a client of it.
async fn double() -> (Stripe, Arc<AtomicI64>, Client) {
    let hand = Arc::new(AtomicI64::new(NOON));
    let stripe = Stripe::start(Arc::clone(&hand)).await;
    let client = Client::new(KEY, Some(&stripe.url())).expect("a client");
    (stripe, hand, client)
}

fn tags(order: &str) -> Tags {
    [("order".to_owned(), order.to_owned())].into()
}

/// A plan on sale, for 12.00 EUR a month or once, and a customer: the ids of the customer and of the price.
async fn on_sale(client: &Client, every: Option<Every>) -> (String, String) {
    let make = |key: &'static str, call: Call| async move { call.make(client, key).await.expect(key).id().to_owned() };
    let customer = Call::MakeCustomer {
        name: "Ann".to_owned(),
        email: Some("ann@example.org".to_owned()),
        language: "fr".to_owned(),
        tags: [("member".to_owned(), "42".to_owned())].into(),
    };
    let product = Call::MakeProduct {
        id: "rialto_7".to_owned(),
        name: "Friends".to_owned(),
        description: "Calls with everybody".to_owned(),
        tags: tags("x"),
    };
    let customer = make("customer/42", customer).await;
    let product = make("product/7", product).await;
    let price =
        Call::MakePrice { product, currency: "eur".to_owned(), minor: 1_200, every, lookup_key: "rialto_9".to_owned(), tags: tags("x") };
    let price = make("price/9", price).await;
    (customer, price)
}

fn checkout(customer: &str, price: &str, renews: bool) -> Checkout {
    Checkout {
        renews,
        customer: customer.to_owned(),
        price: price.to_owned(),
        order: "ord_1".to_owned(),
        coupon: None,
        trial_days: 0,
        expires_at_s: NOON / 1_000 + 1_800,
        language: "fr".to_owned(),
        success_url: "https://town.example/orders/ord_1".to_owned(),
        cancel_url: "https://town.example/settings/membership".to_owned(),
        tags: tags("ord_1"),
    }
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// Jobs that run, or could.
fn due(conn: &mut Conn, now: i64) -> rialto::error::Result<i64> {
    let counted = diesel::sql_query(format!("SELECT COUNT(*) AS count FROM jobs WHERE state = 0 AND run_at <= {now}"));
    Ok(counted.get_result::<Count>(conn)?.count)
}

/// A town whose members pay at the double.
struct Market {
    town: Town,
    owner: Person,
    stripe: Stripe,
    /// The double's clock; the town has its own.
    hand: Arc<AtomicI64>,
    /// How many events were delivered.
    delivered: AtomicUsize,
}

impl Market {
    async fn open() -> Self {
        let hand = Arc::new(AtomicI64::new(NOON));
        let stripe = Stripe::start(Arc::clone(&hand)).await;
        let url = stripe.url();
        let town = Town::with(|config| {
            config.stripe_key = Some(KEY.to_owned());
            config.stripe_webhook_secrets = vec![SECRET.to_owned()];
            config.stripe_url = Some(url);
        })
        .await;
        let owner = town.owner("olave").await;
        let market = Self { town, owner, stripe, hand, delivered: AtomicUsize::new(0) };
        // The first round has asked what happened.
        market.quiet().await;
        market.stripe.forget_log();
        market
    }

    /// Sends something to where webhooks come in: status and JSON.
    async fn send(&self, signature: Option<&str>, body: String) -> (u16, Value) {
        let mut request = self.town.http.post(self.town.url("/hooks/stripe")).body(body);
        if let Some(signature) = signature {
            request = request.header("stripe-signature", signature);
        }
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        (status, serde_json::from_str(&answer.text().await.expect("text")).unwrap_or(Value::Null))
    }

    /// The time of both, in seconds.
    fn now_s(&self) -> i64 {
        self.hand.load(Ordering::Relaxed) / 1_000
    }

    /// Lets time pass for both.
    fn pass(&self, ms: i64) {
        self.hand.fetch_add(ms, Ordering::Relaxed);
        self.town.hand.fetch_add(ms, Ordering::Relaxed);
    }

    /// Wakes the jobs, and waits until none is due.
    async fn quiet(&self) {
        let db = &self.town.app().ground.db;
        db.write(|tx| {
            tx.wake_jobs();
            Ok(())
        })
        .await
        .expect("woken");
        self.until(async || {
            let now = self.town.hand.load(Ordering::Relaxed);
            db.read(move |conn| due(conn, now)).await.expect("counted") == 0
        })
        .await;
    }

    /// Lets time pass until an event was set aside.
    async fn until_dead(&self) {
        for _ in 0..20 {
            self.quiet().await;
            if self.owner.get("/api/v1/admin/stripe").await["dead"] == 1 {
                return;
            }
            self.pass(5_000_000);
        }
        panic!("it is tried for ever");
    }

    /// A price of the first plan, 12.00 EUR.
    async fn price(&self, every: &str) -> String {
        let plans = self.owner.get("/api/v1/admin/plans").await;
        let plan = plans["items"][0]["id"].as_str().expect("an id");
        let price = json!({ "amount": 1_200, "currency": "EUR", "every": every });
        self.owner.post(&format!("/api/v1/admin/plans/{plan}/prices"), price).await["id"].as_str().expect("an id").to_owned()
    }

    /// The visit that was opened for an order.
    fn session_of(&self, opened: &Value) -> String {
        let order = opened["order"].clone();
        let all = self.stripe.with(|world| world.all("checkout.session"));
        let own = all.iter().rev().find(|one| one["client_reference_id"] == order).expect("a visit");
        own["id"].as_str().expect("an id").to_owned()
    }

    /// Delivers an event, signed now.
    async fn deliver(&self, event: Value) -> Delivered {
        self.stripe.deliver(&self.town.http, &self.town.url(""), &event, self.now_s()).await
    }

    /// Delivers what happened since the last time, in order.
    async fn deliver_new(&self) {
        let from = self.delivered.load(Ordering::Relaxed);
        let events: Vec<Value> = self.stripe.with(|world| world.events[from..].to_vec());
        self.delivered.fetch_add(events.len(), Ordering::Relaxed);
        for event in events {
            assert_eq!(self.deliver(event).await, Delivered::Answered(200));
        }
    }

    /// Waits until something is so.
    async fn until(&self, is_so: impl AsyncFn() -> bool) {
        let mut looks = tokio::time::interval(std::time::Duration::from_millis(5));
        for _ in 0..4_000 {
            looks.tick().await;
            if is_so().await {
                return;
            }
        }
        panic!("it does not come to be so");
    }

    /// Ends the program.
    async fn close(self) {
        self.town.close().await;
    }
}
