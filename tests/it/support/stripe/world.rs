//! What the double knows: objects, events, answers by idempotency key, and what each route does.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::{Value, json};

use super::params::{self, Params};
use super::shapes::{self, PriceIs};

/// A refusal: status, type, code and sentence.
pub type Refused = (u16, &'static str, Option<&'static str>, String);

/// An answer that is given again under its key.
#[derive(Clone, Debug)]
pub struct Answered {
    /// Method, path and parameters of what it answered.
    pub of: String,
    /// What it said.
    pub body: Value,
}

/// All that the double knows.
#[derive(Clone, Debug)]
pub struct World {
    clock: Arc<AtomicI64>,
    count: u64,
    /// Every object by its id, as it is now.
    pub things: BTreeMap<String, Value>,
    /// Ids in the order of their making.
    made: Vec<String>,
    /// What happened, the oldest first.
    pub events: Vec<Value>,
    /// Answers under their keys.
    pub answers: BTreeMap<String, Answered>,
    /// Are cards refused that are charged without their owner?
    pub declines: bool,
    /// Does the bank of a card that is charged without its owner want to ask them first?
    pub asks_bank: bool,
}

pub(super) fn refuse<T>(code: Option<&'static str>, message: impl Into<String>) -> Result<T, Refused> {
    Err((400, "invalid_request_error", code, message.into()))
}

pub(super) fn missing(kind: &str, id: &str) -> Refused {
    (404, "invalid_request_error", Some("resource_missing"), format!("No such {kind}: '{id}'"))
}

pub(super) fn known(params: &Params, known: &str) -> Result<(), Refused> {
    match params::unknown(params, known) {
        Some(name) => refuse(Some("parameter_unknown"), format!("Received unknown parameter: {name}")),
        None => Ok(()),
    }
}

pub(super) fn needed<'a>(params: &'a Params, name: &str) -> Result<&'a str, Refused> {
    match params.get(name).filter(|value| !value.is_empty()) {
        Some(value) => Ok(value),
        None => refuse(Some("parameter_missing"), format!("Missing required param: {name}.")),
    }
}

pub(super) fn number(params: &Params, name: &str) -> Result<Option<i64>, Refused> {
    match params.get(name).map(|value| value.parse()) {
        None => Ok(None),
        Some(Ok(number)) => Ok(Some(number)),
        Some(Err(_)) => refuse(Some("parameter_invalid_integer"), format!("Invalid integer: {name}")),
    }
}

pub(super) fn metadata(params: &Params) -> Value {
    json!(params::below(params, "metadata"))
}

const CHECKOUT: &str = "mode customer client_reference_id line_items[*][price] line_items[*][quantity] expires_at locale \
    success_url cancel_url discounts[*][coupon] metadata[*] subscription_data[metadata][*] subscription_data[trial_period_days] payment_intent_data[metadata][*] \
    invoice_creation[enabled]";

/// The least that is charged, in minor units.
const LEAST: i64 = 50;

impl World {
    /// An empty one, whose time is that of `clock`, in milliseconds.
    pub fn new(clock: Arc<AtomicI64>) -> Self {
        let (things, answers) = (BTreeMap::new(), BTreeMap::new());
        Self { clock, count: 0, things, made: Vec::new(), events: Vec::new(), answers, declines: false, asks_bank: false }
    }

    /// The time, in seconds.
    pub fn now(&self) -> i64 {
        self.clock.load(Ordering::Relaxed) / 1_000
    }

    /// A new id.
    pub fn id(&mut self, prefix: &str) -> String {
        self.count += 1;
        format!("{prefix}_{}", self.count)
    }

    /// Keeps a new object, or a changed one.
    pub fn put(&mut self, thing: &Value) {
        let id = thing["id"].as_str().expect("an id").to_owned();
        if self.things.insert(id.clone(), thing.clone()).is_none() {
            self.made.push(id);
        }
    }

    /// An object as it is now.
    pub fn thing(&self, id: &str) -> Value {
        self.things.get(id).cloned().unwrap_or_else(|| panic!("the double has no {id}"))
    }

    /// All of a kind, the oldest first.
    pub fn all(&self, object: &str) -> Vec<Value> {
        self.made.iter().filter_map(|id| self.things.get(id)).filter(|thing| thing["object"] == object).cloned().collect()
    }

    /// Notes that something happened to an object as it is now.
    pub fn happened(&mut self, kind: &str, id: &str) {
        let (event, now, object) = (self.id("evt"), self.now(), self.thing(id));
        self.events.push(shapes::event(&event, now, kind, &object));
    }

    pub(super) fn found(&self, object: &str, id: &str) -> Result<Value, Refused> {
        self.things.get(id).filter(|thing| thing["object"] == object).cloned().ok_or_else(|| missing(object, id))
    }

    /// What a request is answered with, once its sender is known to be one.
    pub fn answer(&mut self, method: &str, path: &str, params: &Params) -> Result<Value, Refused> {
        let parts: Vec<&str> = path.trim_start_matches("/v1/").split('/').collect();
        match (method, parts.as_slice()) {
            ("GET", ["balance"]) => {
                known(params, "")?;
                let nothing = json!([{ "amount": 0, "currency": "eur" }]);
                Ok(json!({ "object": "balance", "available": nothing, "pending": nothing, "livemode": false }))
            }
            ("GET", ["account"]) => known(params, "").map(|()| json!({ "id": "acct_1", "object": "account" })),
            ("POST", ["customers"]) => self.make_customer(params),
            ("POST", ["products"]) => self.make_product(params),
            ("POST", ["products", id]) => self.change_product(id, params),
            ("POST", ["prices"]) => self.make_price(params),
            ("POST", ["prices", id]) => self.change_price(id, params),
            ("GET", ["prices"]) => self.prices(params),
            ("POST", ["coupons"]) => self.make_coupon(params),
            ("GET", ["coupons", id]) => known(params, "").and_then(|()| self.found("coupon", id)),
            ("POST", ["checkout", "sessions"]) => self.open_checkout(params),
            ("POST", ["checkout", "sessions", id, "expire"]) => self.expire_checkout(id, params),
            ("GET", ["checkout", "sessions", id]) => known(params, "").and_then(|()| self.found("checkout.session", id)),
            ("POST", ["billing_portal", "sessions"]) => {
                known(params, "customer return_url")?;
                let customer = self.found("customer", needed(params, "customer")?)?;
                let (id, now) = (self.id("bps"), self.now());
                Ok(shapes::portal(&id, now, customer["id"].as_str().unwrap_or_default()))
            }
            ("GET", ["subscriptions"]) => self.subscriptions(params),
            ("GET", ["subscriptions", id]) => known(params, "").and_then(|()| self.found("subscription", id)),
            ("POST", ["subscriptions", id]) => self.change_subscription(id, params),
            ("DELETE", ["subscriptions", id]) => self.cancel_subscription(id, params),
            ("POST", ["invoices", "create_preview"]) => self.preview(params),
            ("GET", ["invoices"]) => self.invoices(params),
            ("GET", ["invoices", id]) => known(params, "expand[*]").and_then(|()| self.found("invoice", id)),
            ("GET", ["payment_intents", id]) => known(params, "").and_then(|()| self.found("payment_intent", id)),
            ("GET", ["charges"]) => self.charges(params),
            ("GET", ["disputes"]) => self.disputes(params),
            ("GET", ["charges", id]) => known(params, "").and_then(|()| self.found("charge", id)),
            ("POST", ["refunds"]) => self.refund(params),
            ("GET", ["refunds", id]) => known(params, "").and_then(|()| self.found("refund", id)),
            ("GET", ["disputes", id]) => known(params, "").and_then(|()| self.found("dispute", id)),
            ("GET", ["events"]) => self.list_events(params),
            ("GET", ["webhook_endpoints"]) => known(params, "limit").map(|()| self.endpoints()),
            ("POST", ["webhook_endpoints"]) => self.make_endpoint(params),
            ("DELETE", ["webhook_endpoints", id]) => {
                self.found("webhook_endpoint", id)?;
                self.things.remove(*id);
                Ok(json!({ "id": id, "object": "webhook_endpoint", "deleted": true }))
            }
            _ => Err((404, "invalid_request_error", None, format!("Unrecognized request URL ({method}: {path})."))),
        }
    }

    fn make_customer(&mut self, params: &Params) -> Result<Value, Refused> {
        known(params, "name email preferred_locales[*] metadata[*]")?;
        let (id, now) = (self.id("cus"), self.now());
        let name = params.get("name").map_or("", String::as_str);
        let made = shapes::customer(&id, now, name, params.get("email").map(String::as_str), &metadata(params));
        self.put(&made);
        Ok(made)
    }

    fn make_product(&mut self, params: &Params) -> Result<Value, Refused> {
        known(params, "id name description metadata[*]")?;
        let id = match params.get("id") {
            Some(id) if self.things.contains_key(id) => {
                return refuse(Some("resource_already_exists"), format!("Product already exists: {id}"));
            }
            Some(id) => id.clone(),
            None => self.id("prod"),
        };
        let made = shapes::product(&id, self.now(), needed(params, "name")?, &metadata(params));
        self.put(&made);
        Ok(made)
    }

    fn change_product(&mut self, id: &str, params: &Params) -> Result<Value, Refused> {
        known(params, "name active metadata[*]")?;
        let mut product = self.found("product", id)?;
        if let Some(name) = params.get("name") {
            product["name"] = json!(name);
        }
        if let Some(active) = params.get("active") {
            product["active"] = json!(active == "true");
        }
        for (key, value) in params::below(params, "metadata") {
            product["metadata"][key] = json!(value);
        }
        product["updated"] = json!(self.now());
        self.put(&product);
        Ok(product)
    }

    fn make_price(&mut self, params: &Params) -> Result<Value, Refused> {
        known(params, "product currency unit_amount recurring[interval] lookup_key metadata[*]")?;
        let product = needed(params, "product")?;
        self.found("product", product)?;
        let lookup_key = params.get("lookup_key").map(String::as_str);
        if lookup_key.is_some() && self.all("price").iter().any(|price| price["lookup_key"].as_str() == lookup_key) {
            return refuse(Some("resource_already_exists"), "A price already uses that lookup key.");
        }
        let currency = needed(params, "currency")?;
        if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_lowercase()) || ["zzz", "xxx"].contains(&currency) {
            return refuse(None, format!("Invalid currency: {currency}"));
        }
        let minor = number(params, "unit_amount")?.unwrap_or(-1);
        if minor < 0 {
            return refuse(Some("parameter_invalid_integer"), "Invalid non-negative integer: unit_amount");
        }
        let every = params.get("recurring[interval]").map(String::as_str);
        let (id, now) = (self.id("price"), self.now());
        let made = shapes::price(&id, now, &PriceIs { product, currency, minor, every, lookup_key }, &metadata(params));
        self.put(&made);
        Ok(made)
    }

    fn change_price(&mut self, id: &str, params: &Params) -> Result<Value, Refused> {
        known(params, "active")?;
        let mut price = self.found("price", id)?;
        price["active"] = json!(needed(params, "active")? == "true");
        self.put(&price);
        Ok(price)
    }

    fn prices(&mut self, params: &Params) -> Result<Value, Refused> {
        known(params, "lookup_keys[*] limit")?;
        let wanted: Vec<String> = params::below(params, "lookup_keys").into_values().collect();
        let fits = |price: &Value| price["lookup_key"].as_str().is_some_and(|key| wanted.iter().any(|wanted| wanted == key));
        Ok(shapes::list("/v1/prices", self.all("price").into_iter().filter(fits).collect(), false))
    }

    fn open_checkout(&mut self, params: &Params) -> Result<Value, Refused> {
        known(params, CHECKOUT)?;
        let now = self.now();
        let mode = needed(params, "mode")?;
        let customer = self.found("customer", needed(params, "customer")?)?;
        let price = self.found("price", needed(params, "line_items[0][price]")?)?;
        if price["active"] != true {
            return refuse(None, "The price specified is inactive. This field only accepts active prices.");
        }
        let has = |start: &str| params.keys().any(|name| name.starts_with(start));
        match (mode, price["type"].as_str()) {
            ("subscription", Some("recurring")) if !has("payment_intent_data") && !has("invoice_creation") => {}
            ("payment", Some("one_time")) if !has("subscription_data") => {}
            _ => return refuse(None, format!("This does not go with `{mode}` mode.")),
        }
        let expires_at = number(params, "expires_at")?.unwrap_or(now + 86_400);
        if !(now + 1_800..=now + 86_400).contains(&expires_at) {
            return refuse(None, "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation.");
        }
        if number(params, "subscription_data[trial_period_days]")?.is_some_and(|days| days < 1) {
            return refuse(None, "The minimum number of trial period days is 1.");
        }
        needed(params, "success_url")?;
        let id = self.id("cs_test");
        let mut made = shapes::session(&id, now, &format!("https://checkout.example/{id}"));
        made["mode"] = json!(mode);
        made["customer"] = customer["id"].clone();
        made["client_reference_id"] = json!(params.get("client_reference_id"));
        made["amount_total"] = price["unit_amount"].clone();
        made["currency"] = price["currency"].clone();
        made["expires_at"] = json!(expires_at);
        made["metadata"] = metadata(params);
        if let Some(coupon) = params.get("discounts[0][coupon]") {
            made["coupon_of_double"] = self.found("coupon", coupon)?["id"].clone();
            made["amount_total"] = json!(self.discounted(&made["coupon_of_double"], &price, 0));
        }
        if mode == "payment" && made["amount_total"].as_i64().is_none_or(|total| total < LEAST) {
            return refuse(Some("amount_too_small"), "The Checkout Session's total amount must convert to at least 50 cents.");
        }
        // What only the double knows, as Stripe keeps line items apart.
        made["price_of_double"] = price["id"].clone();
        made["trial_days_of_double"] = json!(number(params, "subscription_data[trial_period_days]")?.unwrap_or(0));
        made["metadata_of_double"] = json!(match mode {
            "subscription" => params::below(params, "subscription_data[metadata]"),
            _ => params::below(params, "payment_intent_data[metadata]"),
        });
        self.put(&made);
        Ok(made)
    }

    fn expire_checkout(&mut self, id: &str, params: &Params) -> Result<Value, Refused> {
        known(params, "")?;
        let mut session = self.found("checkout.session", id)?;
        if session["status"] != "open" {
            return refuse(None, "Only Checkout Sessions with a status in [\"open\"] can be expired.");
        }
        session["status"] = json!("expired");
        session["url"] = Value::Null;
        self.put(&session);
        self.happened("checkout.session.expired", id);
        Ok(session)
    }

    fn cancel_subscription(&mut self, id: &str, params: &Params) -> Result<Value, Refused> {
        known(params, "prorate invoice_now")?;
        let subscription = self.found("subscription", id)?;
        if subscription["status"] == "canceled" {
            return Err(missing("subscription", id));
        }
        Ok(self.end_subscription(id))
    }

    /// A subscription is over.
    pub fn end_subscription(&mut self, id: &str) -> Value {
        let (mut subscription, now) = (self.thing(id), self.now());
        subscription["status"] = json!("canceled");
        subscription["ended_at"] = json!(now);
        subscription["canceled_at"] = json!(now);
        self.put(&subscription);
        self.happened("customer.subscription.deleted", id);
        subscription
    }

    fn refund(&mut self, params: &Params) -> Result<Value, Refused> {
        known(params, "payment_intent amount metadata[*]")?;
        let intent = self.found("payment_intent", needed(params, "payment_intent")?)?;
        let mut charge = self.thing(intent["latest_charge"].as_str().unwrap_or_default());
        let back = charge["amount_refunded"].as_i64().unwrap_or(0);
        let left = charge["amount"].as_i64().unwrap_or(0) - back;
        if left == 0 {
            return refuse(Some("charge_already_refunded"), "Charge has already been refunded.");
        }
        let amount = number(params, "amount")?.unwrap_or(left);
        if !(1..=left).contains(&amount) {
            return refuse(None, "Refund amount is greater than unrefunded amount on charge.");
        }
        let (id, now) = (self.id("re"), self.now());
        let made = shapes::refund(&id, now, &charge, amount, &metadata(params));
        charge["amount_refunded"] = json!(back + amount);
        charge["refunded"] = json!(left == amount);
        self.put(&made);
        self.put(&charge);
        self.happened("refund.created", &id);
        self.happened("charge.refunded", charge["id"].as_str().unwrap_or_default());
        Ok(made)
    }

    fn endpoints(&self) -> Value {
        let without_secret = |mut endpoint: Value| {
            endpoint.as_object_mut().map(|fields| fields.remove("secret"));
            endpoint
        };
        shapes::list("/v1/webhook_endpoints", self.all("webhook_endpoint").into_iter().map(without_secret).collect(), false)
    }

    fn make_endpoint(&mut self, params: &Params) -> Result<Value, Refused> {
        known(params, "url enabled_events[*] api_version description metadata[*]")?;
        let url = needed(params, "url")?;
        if !url.starts_with("https://") {
            return refuse(Some("url_invalid"), "Invalid URL: URL must be publicly accessible.");
        }
        let events: Vec<String> = params::below(params, "enabled_events").into_values().collect();
        let (id, now) = (self.id("we"), self.now());
        let secret = format!("whsec_{id}");
        let made = shapes::endpoint(&id, now, url, &events, (params.get("api_version").map(String::as_str), &secret), &metadata(params));
        self.put(&made);
        Ok(made)
    }
}
