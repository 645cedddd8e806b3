//! Prices of the double that are not simply prices: coupons and promotion codes, prorations and their previews.

use serde_json::{Value, json};

use super::params::Params;
use super::shapes;
use super::story::{MONTH_S, YEAR_S};
use super::world::{Refused, World, known, metadata, needed, number, refuse};

const PREVIEW: &str = "subscription subscription_details[items][*][id] subscription_details[items][*][price] \
    subscription_details[proration_behavior] subscription_details[proration_date]";

/// What is charged at once, and for which time.
type Due = (i64, (i64, i64));

impl World {
    pub(super) fn make_coupon(&mut self, params: &Params) -> Result<Value, Refused> {
        known(params, "id percent_off amount_off currency duration duration_in_months metadata[*]")?;
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
        self.put(&made);
        Ok(made)
    }

    pub(super) fn make_promotion_code(&mut self, params: &Params) -> Result<Value, Refused> {
        known(params, "promotion[type] promotion[coupon] code metadata[*]")?;
        if needed(params, "promotion[type]")? != "coupon" {
            return refuse(None, "A promotion is a coupon.");
        }
        let coupon = self.found("coupon", needed(params, "promotion[coupon]")?)?;
        let code = needed(params, "code")?;
        if self.all("promotion_code").iter().any(|one| one["code"] == json!(code) && one["active"] == true) {
            return refuse(None, "An active promotion code with this code already exists.");
        }
        let id = self.id("promo");
        let made = shapes::promotion_code(&id, self.now(), code, &coupon, &metadata(params));
        self.put(&made);
        Ok(made)
    }

    /// What a coupon leaves of an amount, in the payment of this number.
    pub(super) fn discounted(&self, coupon: &Value, amount: i64, each_months: i64, n: i64) -> i64 {
        let Some(coupon) = coupon.as_str().map(|id| self.thing(id)) else { return amount };
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

    /// Puts another price into a subscription; what is charged for it at once, and for which time.
    pub(super) fn change_price_of(&self, subscription: &mut Value, price: Value, params: &Params) -> Result<Option<Due>, Refused> {
        let (now, is_trial) = (self.now(), subscription["status"] == "trialing");
        let at = number(params, "proration_date")?.unwrap_or(now);
        let mut due = None;
        match params.get("proration_behavior").map(String::as_str) {
            Some("none") if params.contains_key("proration_date") || params.contains_key("payment_behavior") => {
                return refuse(None, "This does not go without prorations.");
            }
            Some("none") => {}
            Some("always_invoice") if params.get("payment_behavior").map(String::as_str) == Some("error_if_incomplete") => {
                let (total, period) = prorated(subscription, &price, at);
                if !(period.0..=now).contains(&at) && !is_trial {
                    return refuse(None, "The proration date must be within the current period.");
                }
                if total > 0 && self.declines && !is_trial {
                    return Err((402, "card_error", Some("card_declined"), "Your card was declined.".to_owned()));
                }
                due = (!is_trial).then_some((total, (at, period.1)));
                if subscription["items"]["data"][0]["price"]["recurring"] != price["recurring"] && !is_trial {
                    let item = &mut subscription["items"]["data"][0];
                    (item["current_period_start"], item["current_period_end"]) = (json!(at), json!(period.1));
                }
            }
            other => return refuse(None, format!("The double does not know proration_behavior {other:?} as it is asked for.")),
        }
        let item = &mut subscription["items"]["data"][0];
        item["plan"]["id"] = price["id"].clone();
        item["price"] = price;
        Ok(due)
    }

    pub(super) fn preview(&mut self, params: &Params) -> Result<Value, Refused> {
        known(params, PREVIEW)?;
        let subscription = self.found("subscription", needed(params, "subscription")?)?;
        let next = self.found("price", needed(params, "subscription_details[items][0][price]")?)?;
        if needed(params, "subscription_details[proration_behavior]")? != "always_invoice" {
            return refuse(None, "The double previews only what is charged at once.");
        }
        let at = number(params, "subscription_details[proration_date]")?.unwrap_or_else(|| self.now());
        let (total, (_, end)) = prorated(&subscription, &next, at);
        let total = if subscription["status"] == "trialing" { 0 } else { total };
        let is = shapes::InvoiceIs {
            customer: &subscription["customer"],
            currency: &subscription["currency"],
            total,
            period: (at, end),
            subscription: subscription["id"].as_str(),
        };
        Ok(shapes::invoice("upcoming_in_1", self.now(), &is))
    }
}

/// What the rest of the period costs more at another price from `at` on, each of both to the nearest unit; and the period that then goes on.
fn prorated(subscription: &Value, next: &Value, at: i64) -> (i64, (i64, i64)) {
    let item = &subscription["items"]["data"][0];
    let (start, end) = (item["current_period_start"].as_i64().unwrap_or(0), item["current_period_end"].as_i64().unwrap_or(1));
    let amount = |price: &Value| price["unit_amount"].as_i64().unwrap_or(0);
    let left = |price: &Value| (2 * amount(price) * (end - at) + (end - start)) / (2 * (end - start).max(1));
    if item["price"]["recurring"] == next["recurring"] {
        return (left(next) - left(&item["price"]), (start, end));
    }
    let length = if next["recurring"]["interval"] == "year" { YEAR_S } else { MONTH_S };
    (amount(next) - left(&item["price"]), (start, at + length))
}
