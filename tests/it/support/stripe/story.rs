//! What happens at Stripe without us: members pay, fail to pay, let time pass; banks take money back.

use serde_json::{Value, json};

use super::shapes::{self, InvoiceIs, LineIs};
use super::world::World;

/// Seconds of a month, as the double counts it.
pub const MONTH_S: i64 = 30 * 86_400;
/// Seconds of a year.
pub const YEAR_S: i64 = 365 * 86_400;

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

impl World {
    /// The member pays on the hosted page.
    pub fn pay(&mut self, session: &str) {
        let now = self.now();
        let mut visit = self.thing(session);
        assert_eq!(visit["status"], "open", "{session} is over");
        let price = self.thing(&text(&visit["price_of_double"]));
        let (customer, tags) = (visit["customer"].clone(), visit["metadata_of_double"].clone());
        let coupon = visit["coupon_of_double"].clone();
        let amount = self.discounted(&coupon, &price, 0);
        if visit["mode"] == "payment" {
            let intent = self.payment(&customer, (amount, &price["currency"]), &tags);
            visit["payment_intent"] = json!(intent);
            visit["payment_status"] = json!("paid");
        } else {
            let trial = visit["trial_days_of_double"].as_i64().unwrap_or(0) * 86_400;
            let length = if price["recurring"]["interval"] == "year" { YEAR_S } else { MONTH_S };
            let end = now + if trial > 0 { trial } else { length };
            let (id, item) = (self.id("sub"), self.id("si"));
            let item = shapes::item(&item, &id, &price, (now, end));
            let mut subscription = shapes::subscription(&id, now, &customer, &item, &tags);
            if trial > 0 {
                (subscription["status"], subscription["trial_end"]) = (json!("trialing"), json!(end));
            }
            if let Some(coupon) = coupon.as_str() {
                subscription["discounts"] = json!([format!("di_of_{coupon}")]);
            }
            (subscription["coupon_of_double"], subscription["paid_of_double"]) = (coupon, json!(1));
            self.put(&subscription);
            self.happened("customer.subscription.created", &id);
            let invoice = self.bill(&id, "subscription_create", &[LineIs::whole(if trial > 0 { 0 } else { amount }, (now, end))]);
            self.settle(&invoice);
            (visit["subscription"], visit["invoice"]) = (json!(id), json!(invoice));
            visit["payment_status"] = json!(if trial > 0 { "no_payment_required" } else { "paid" });
            if trial > 0 {
                visit["amount_total"] = json!(0);
            }
        }
        (visit["status"], visit["url"]) = (json!("complete"), Value::Null);
        self.put(&visit);
        self.happened("checkout.session.completed", session);
    }

    /// A payment that succeeded, with its charge; the payment's id.
    fn payment(&mut self, customer: &Value, of: (i64, &Value), tags: &Value) -> String {
        let (intent, charge, now) = (self.id("pi"), self.id("ch"), self.now());
        self.put(&shapes::charge(&charge, now, customer, &intent, of));
        self.put(&shapes::payment_intent(&intent, now, customer, of, &charge, tags));
        intent
    }

    /// The same customer pays so often for other things that the operator sells through the account.
    pub fn pay_elsewhere(&mut self, customer: &Value, times: usize) {
        for _ in 0..times {
            self.payment(customer, (300, &json!("eur")), &json!({}));
        }
    }

    /// The member goes through the hosted page, and their bank takes days to pay what renews.
    pub fn pay_later(&mut self, session: &str) {
        let now = self.now();
        let mut visit = self.thing(session);
        let price = self.thing(&text(&visit["price_of_double"]));
        let (id, item) = (self.id("sub"), self.id("si"));
        let item = shapes::item(&item, &id, &price, (now, now + MONTH_S));
        let subscription = shapes::subscription(&id, now, &visit["customer"], &item, &visit["metadata_of_double"]);
        self.put(&subscription);
        self.happened("customer.subscription.created", &id);
        let amount = price["unit_amount"].as_i64().unwrap_or(0);
        let invoice = self.bill(&id, "subscription_create", &[LineIs::whole(amount, (now, now + MONTH_S))]);
        (visit["subscription"], visit["invoice"], visit["payment_status"]) = (json!(id), json!(invoice), json!("unpaid"));
        (visit["status"], visit["url"]) = (json!("complete"), Value::Null);
        self.put(&visit);
        self.happened("checkout.session.completed", session);
    }

    /// A bill of a subscription that waits to be paid; its id.
    pub(super) fn bill(&mut self, subscription: &str, reason: &str, lines: &[LineIs]) -> String {
        let (id, now, mut of) = (self.id("in"), self.now(), self.thing(subscription));
        let is = InvoiceIs { customer: &of["customer"], currency: &of["currency"], reason, lines, subscription };
        let invoice = shapes::invoice(&id, now, &is);
        self.put(&invoice);
        of["latest_invoice"] = json!(id);
        self.put(&of);
        self.happened("invoice.created", &id);
        self.happened("invoice.finalized", &id);
        id
    }

    /// A bill is paid.
    pub fn settle(&mut self, invoice: &str) {
        let (mut bill, now) = (self.thing(invoice), self.now());
        let total = bill["total"].as_i64().unwrap_or(0);
        (bill["status"], bill["amount_paid"], bill["amount_remaining"]) = (json!("paid"), json!(total), json!(0));
        (bill["attempted"], bill["attempt_count"]) = (json!(true), json!(bill["attempt_count"].as_u64().unwrap_or(0) + 1));
        bill["next_payment_attempt"] = Value::Null;
        if total > 0 {
            let intent = self.payment(&bill["customer"].clone(), (total, &bill["currency"].clone()), &json!({}));
            let payment = self.id("inpay");
            bill["payments"]["data"] = json!([shapes::invoice_payment(&payment, now, invoice, &intent, (total, &bill["currency"]))]);
        }
        self.put(&bill);
        self.happened("invoice.paid", invoice);
    }

    /// The period of a subscription is over and the next one begins: its bill is paid, or not.
    pub fn renew(&mut self, id: &str, is_paid: bool) {
        let mut subscription = self.thing(id);
        if subscription["cancel_at_period_end"] == true {
            self.end_subscription(id);
            return;
        }
        let item = &mut subscription["items"]["data"][0];
        let start = item["current_period_end"].as_i64().unwrap_or(0);
        let end = start + if item["price"]["recurring"]["interval"] == "year" { YEAR_S } else { MONTH_S };
        (item["current_period_start"], item["current_period_end"]) = (json!(start), json!(end));
        let (price, n) = (item["price"].clone(), subscription["paid_of_double"].as_i64().unwrap_or(1));
        let amount = self.discounted(&subscription["coupon_of_double"], &price, n);
        subscription["paid_of_double"] = json!(n + 1);
        self.put(&subscription);
        let invoice = self.bill(id, "subscription_cycle", &[LineIs::whole(amount, (start, end))]);
        if is_paid {
            self.settle(&invoice);
            self.becomes(id, "active");
        } else {
            self.fail(&invoice, id);
        }
    }

    fn fail(&mut self, invoice: &str, subscription: &str) {
        self.try_in_vain(invoice);
        self.becomes(subscription, "past_due");
    }

    /// A bill is tried and not paid.
    pub(super) fn try_in_vain(&mut self, invoice: &str) {
        let (mut bill, now) = (self.thing(invoice), self.now());
        (bill["attempted"], bill["attempt_count"]) = (json!(true), json!(bill["attempt_count"].as_u64().unwrap_or(0) + 1));
        bill["next_payment_attempt"] = json!(now + 3 * 86_400);
        self.put(&bill);
        self.happened("invoice.payment_failed", invoice);
    }

    /// The member tells their bank that it is they who pay the bill on which another price waits.
    pub fn confirm(&mut self, subscription: &str) {
        let mut changed = self.thing(subscription);
        let invoice = text(&changed["latest_invoice"]);
        changed["items"]["data"] = changed["pending_update"]["subscription_items"].clone();
        changed["pending_update"] = Value::Null;
        self.put(&changed);
        self.settle(&invoice);
        self.happened("customer.subscription.updated", subscription);
    }

    /// A bill that was not paid is paid after all.
    pub fn retry(&mut self, subscription: &str) {
        let invoice = text(&self.thing(subscription)["latest_invoice"]);
        self.settle(&invoice);
        self.becomes(subscription, "active");
    }

    /// A subscription is in another state.
    pub fn becomes(&mut self, id: &str, status: &str) {
        let mut subscription = self.thing(id);
        subscription["status"] = json!(status);
        self.put(&subscription);
        self.happened("customer.subscription.updated", id);
    }

    /// The operator gives so much of a payment back on Stripe's own pages; the refund's id.
    pub fn give_back(&mut self, intent: &str, amount: i64) -> String {
        let params = [("payment_intent".to_owned(), intent.to_owned()), ("amount".to_owned(), amount.to_string())].into();
        text(&self.answer("POST", "/v1/refunds", &params).expect("refunded")["id"])
    }

    /// A refund does not arrive: its money is here again.
    pub fn fail_refund(&mut self, id: &str) {
        let mut refund = self.thing(id);
        let mut charge = self.thing(&text(&refund["charge"]));
        let back = charge["amount_refunded"].as_i64().unwrap_or(0) - refund["amount"].as_i64().unwrap_or(0);
        (charge["amount_refunded"], charge["refunded"]) = (json!(back), json!(false));
        refund["status"] = json!("failed");
        self.put(&charge);
        self.put(&refund);
        self.happened("refund.failed", id);
    }

    /// The payer's bank takes a payment back; the dispute's id.
    pub fn dispute(&mut self, intent: &str) -> String {
        let (id, now) = (self.id("dp"), self.now());
        let mut charge = self.thing(&text(&self.thing(intent)["latest_charge"]));
        charge["disputed"] = json!(true);
        self.put(&charge);
        self.put(&shapes::dispute(&id, now, &charge));
        self.happened("charge.dispute.created", &id);
        id
    }

    /// A dispute ends: `won` or `lost`.
    pub fn close_dispute(&mut self, id: &str, outcome: &str) {
        let mut dispute = self.thing(id);
        dispute["status"] = json!(outcome);
        self.put(&dispute);
        self.happened("charge.dispute.closed", id);
    }
}
