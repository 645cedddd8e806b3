//! Prices of the double that are not simply prices: coupons, another price in the middle of a period, prorations and their previews.

use serde_json::{Value, json};

use super::params::{self, Params};
use super::shapes::{self, LineIs};
use super::story::{MONTH_S, YEAR_S};
use super::world::{Refused, World, known, metadata, needed, number, refuse};

const PREVIEW: &str = "subscription subscription_details[items][*][id] subscription_details[items][*][price_data][currency] \
    subscription_details[items][*][price_data][product] subscription_details[items][*][price_data][unit_amount] \
    subscription_details[items][*][price_data][recurring][interval] subscription_details[proration_behavior] subscription_details[proration_date]";
const CHANGE: &str = "cancel_at_period_end items[*][id] items[*][price] proration_behavior payment_behavior proration_date metadata[*]";
/// For how long another price waits for its bill to be paid.
const WAITS_S: i64 = 23 * 3_600;

/// What another price does at once.
enum Switched {
    /// It holds; this is charged.
    Done(Vec<LineIs>),
    /// It holds once this is paid.
    Waits(Vec<LineIs>),
}

impl World {
    pub(super) fn make_coupon(&mut self, params: &Params) -> Result<Value, Refused> {
        known(params, "id percent_off amount_off currency duration duration_in_months applies_to[products][*] metadata[*]")?;
        let id = needed(params, "id")?.to_owned();
        if self.things.contains_key(&id) {
            return refuse(Some("resource_already_exists"), format!("Coupon already exists: {id}"));
        }
        if params.contains_key("percent_off") == params.contains_key("amount_off") {
            return refuse(None, "You must pass either percent_off or amount_off.");
        }
        if params.contains_key("amount_off") != params.contains_key("currency") {
            return refuse(None, "amount_off goes with currency.");
        }
        let duration = needed(params, "duration")?;
        if (duration == "repeating") != params.contains_key("duration_in_months") {
            return refuse(None, "duration_in_months goes with repeating.");
        }
        let made = shapes::coupon(&id, self.now(), params, &metadata(params));
        for product in made["applies_to"]["products"].as_array().into_iter().flatten() {
            self.found("product", product.as_str().unwrap_or_default())?;
        }
        self.put(&made);
        Ok(made)
    }

    /// What a coupon leaves of a price, in the payment of this number.
    pub(super) fn discounted(&self, coupon: &Value, price: &Value, n: i64) -> i64 {
        let (amount, each_months) =
            (price["unit_amount"].as_i64().unwrap_or(0), if price["recurring"]["interval"] == "year" { 12 } else { 1 });
        let Some(coupon) = coupon.as_str().map(|id| self.thing(id)) else { return amount };
        if coupon["applies_to"]["products"].as_array().is_some_and(|all| !all.contains(&price["product"])) {
            return amount;
        }
        let counts = match coupon["duration"].as_str() {
            Some("once") => n == 0,
            Some("repeating") => n * each_months < coupon["duration_in_months"].as_i64().unwrap_or(0),
            _ => true,
        };
        let less = match coupon["percent_off"].as_i64() {
            Some(percent) => (amount * percent + 50) / 100,
            None => coupon["amount_off"].as_i64().unwrap_or(0),
        };
        if counts { (amount - less).max(0) } else { amount }
    }

    pub(super) fn change_subscription(&mut self, id: &str, params: &Params) -> Result<Value, Refused> {
        known(params, CHANGE)?;
        let mut subscription = self.found("subscription", id)?;
        if subscription["status"] == "canceled" {
            return refuse(None, "A canceled subscription can only update its cancellation_details and metadata.");
        }
        if let Some(ends) = params.get("cancel_at_period_end") {
            let ends = ends == "true";
            subscription["cancel_at_period_end"] = json!(ends);
            subscription["cancel_at"] = if ends { subscription["items"]["data"][0]["current_period_end"].clone() } else { Value::Null };
            subscription["canceled_at"] = if ends { json!(self.now()) } else { Value::Null };
        }
        let mut due = Vec::new();
        if let Some(price) = params.get("items[0][price]") {
            let price = self.found("price", price)?;
            if subscription["items"]["data"][0]["id"] != json!(needed(params, "items[0][id]")?) {
                return refuse(None, "No such subscription item.");
            }
            let mut changed = subscription.clone();
            match self.change_price_of(&mut changed, price, params)? {
                Switched::Done(lines) => (subscription, due) = (changed, lines),
                Switched::Waits(lines) => return Ok(self.wait(id, subscription, &changed, &lines)),
            }
        }
        for (key, value) in params::below(params, "metadata") {
            match value.as_str() {
                "" => drop(subscription["metadata"].as_object_mut().map(|tags| tags.remove(&key))),
                value => subscription["metadata"][key] = json!(value),
            }
        }
        self.put(&subscription);
        self.happened("customer.subscription.updated", id);
        if !due.is_empty() {
            let invoice = self.bill(id, "subscription_update", &due);
            self.settle(&invoice);
        }
        Ok(self.thing(id))
    }

    /// Another price waits until its bill is paid; meanwhile everything goes on as it was.
    fn wait(&mut self, id: &str, mut subscription: Value, changed: &Value, lines: &[LineIs]) -> Value {
        subscription["pending_update"] = json!({
            "billing_cycle_anchor": null, "expires_at": self.now() + WAITS_S, "subscription_items": changed["items"]["data"], "trial_end": null,
            "trial_from_plan": null,
        });
        self.put(&subscription);
        let invoice = self.bill(id, "subscription_update", lines);
        self.try_in_vain(&invoice);
        self.happened("customer.subscription.updated", id);
        self.thing(id)
    }

    /// Puts another price into a subscription.
    fn change_price_of(&self, subscription: &mut Value, price: Value, params: &Params) -> Result<Switched, Refused> {
        let (now, is_trial) = (self.now(), subscription["status"] == "trialing");
        let at = number(params, "proration_date")?.unwrap_or(now);
        let (mut due, mut waits) = (Vec::new(), false);
        let behavior = params.get("payment_behavior").map(String::as_str);
        match params.get("proration_behavior").map(String::as_str) {
            Some("none") if params.contains_key("proration_date") || behavior.is_some() => {
                return refuse(None, "This does not go without prorations.");
            }
            Some("none") => {}
            Some("always_invoice") if matches!(behavior, Some("error_if_incomplete" | "pending_if_incomplete")) => {
                let lines = self.prorated(subscription, &price, at);
                let start = subscription["items"]["data"][0]["current_period_start"].as_i64().unwrap_or(0);
                if !(start..=now).contains(&at) && !is_trial {
                    return refuse(None, "The proration date must be within the current period.");
                }
                let is_due = !is_trial && lines.iter().map(|line| line.amount).sum::<i64>() > 0;
                waits = is_due && (self.declines || self.asks_bank);
                if waits && behavior == Some("error_if_incomplete") {
                    let code = if self.asks_bank { "subscription_payment_intent_requires_action" } else { "card_declined" };
                    return Err((402, "card_error", Some(code), "This could not be charged.".to_owned()));
                }
                if let Some(whole) = lines.last().filter(|line| !line.is_proration && !is_trial) {
                    let item = &mut subscription["items"]["data"][0];
                    (item["current_period_start"], item["current_period_end"]) = (json!(whole.period.0), json!(whole.period.1));
                }
                if !is_trial {
                    due = lines;
                }
            }
            other => return refuse(None, format!("The double does not know proration_behavior {other:?} as it is asked for.")),
        }
        let item = &mut subscription["items"]["data"][0];
        item["plan"]["id"] = price["id"].clone();
        item["price"] = price;
        Ok(if waits { Switched::Waits(due) } else { Switched::Done(due) })
    }

    pub(super) fn preview(&mut self, params: &Params) -> Result<Value, Refused> {
        known(params, PREVIEW)?;
        let subscription = self.found("subscription", needed(params, "subscription")?)?;
        let data = |name: &str| needed(params, &format!("subscription_details[items][0][price_data]{name}"));
        let product = self.found("product", data("[product]")?)?["id"].clone();
        if json!(data("[currency]")?) != subscription["currency"] {
            return refuse(None, "All prices on a subscription must have the same currency.");
        }
        let amount: i64 = data("[unit_amount]")?.parse().unwrap_or(-1);
        let next = json!({ "unit_amount": amount, "product": product, "recurring": { "interval": data("[recurring][interval]")? } });
        if needed(params, "subscription_details[proration_behavior]")? != "always_invoice" {
            return refuse(None, "The double previews only what is charged at once.");
        }
        let at = number(params, "subscription_details[proration_date]")?.unwrap_or_else(|| self.now());
        let lines = if subscription["status"] == "trialing" { Vec::new() } else { self.prorated(&subscription, &next, at) };
        let is = shapes::InvoiceIs {
            customer: &subscription["customer"],
            currency: &subscription["currency"],
            reason: "upcoming",
            lines: &lines,
            subscription: subscription["id"].as_str().unwrap_or_default(),
        };
        Ok(shapes::invoice("upcoming_in_1", self.now(), &is))
    }

    /// What goes back of what was paid for the rest of the period, and what that rest costs at another price from `at` on, or a whole period
    /// of another length: each to the nearest unit, and less what the subscription's coupon takes off.
    fn prorated(&self, subscription: &Value, next: &Value, at: i64) -> Vec<LineIs> {
        let (item, coupon) = (&subscription["items"]["data"][0], &subscription["coupon_of_double"]);
        let (start, end) = (item["current_period_start"].as_i64().unwrap_or(0), item["current_period_end"].as_i64().unwrap_or(1));
        let n = subscription["paid_of_double"].as_i64().unwrap_or(1) - 1;
        let is_yearly = |price: &Value| price["recurring"]["interval"] == "year";
        let left_of = |price: &Value, n: i64| self.discounted(coupon, price, n);
        let share = |sum: i64| (2 * sum * (end - at) + (end - start)) / (2 * (end - start).max(1));
        let credit = LineIs { amount: -share(left_of(&item["price"], n)), period: (at, end), is_proration: true };
        // What is taken off of the first payment alone is used up by it.
        let is_first_alone = coupon.as_str().is_some_and(|id| self.thing(id)["duration"] == "once");
        let sum = left_of(next, if is_first_alone { 1 } else { n });
        if is_yearly(&item["price"]) == is_yearly(next) {
            return vec![credit, LineIs { amount: share(sum), period: (at, end), is_proration: true }];
        }
        vec![credit, LineIs::whole(sum, (at, at + if is_yearly(next) { YEAR_S } else { MONTH_S }))]
    }
}
