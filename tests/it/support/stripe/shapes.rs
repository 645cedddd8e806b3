//! How objects look in answers: every field that the library's own types insist on, and those that we read.

use serde_json::{Value, json};

/// A customer.
pub fn customer(id: &str, now: i64, name: &str, email: Option<&str>, metadata: &Value) -> Value {
    json!({
        "id": id, "object": "customer", "created": now, "livemode": false, "name": name, "email": email, "metadata": metadata,
        "invoice_settings": {}, "preferred_locales": [], "shipping": null,
    })
}

/// A product.
pub fn product(id: &str, now: i64, name: &str, metadata: &Value) -> Value {
    json!({
        "id": id, "object": "product", "active": true, "created": now, "updated": now, "livemode": false, "name": name, "images": [],
        "marketing_features": [], "metadata": metadata, "type": "service", "description": null,
    })
}

/// What a price is made of.
pub struct PriceIs<'a> {
    /// Of which product.
    pub product: &'a str,
    /// In which currency.
    pub currency: &'a str,
    /// How much.
    pub minor: i64,
    /// `month`, `year` or none.
    pub every: Option<&'a str>,
    /// Our name for it.
    pub lookup_key: Option<&'a str>,
}

/// A price.
pub fn price(id: &str, now: i64, is: &PriceIs<'_>, metadata: &Value) -> Value {
    json!({
        "id": id, "object": "price", "active": true, "billing_scheme": "per_unit", "created": now, "currency": is.currency, "livemode": false,
        "lookup_key": is.lookup_key, "metadata": metadata, "product": is.product, "unit_amount": is.minor, "unit_amount_decimal": is.minor.to_string(),
        "type": if is.every.is_some() { "recurring" } else { "one_time" },
        "recurring": is.every.map(|every| json!({ "interval": every, "interval_count": 1, "usage_type": "licensed" })),
    })
}

/// A coupon, as these parameters say. For which products it is, Stripe says only where that is asked for; the double always.
pub fn coupon(id: &str, now: i64, params: &super::params::Params, metadata: &Value) -> Value {
    let products: Vec<String> = super::params::below(params, "applies_to[products]").into_values().collect();
    // Per cent may come with a point: `25.0`.
    let number = |name: &str| params.get(name).and_then(|value| value.trim_end_matches(".0").parse::<i64>().ok());
    json!({
        "id": id, "object": "coupon", "amount_off": number("amount_off"), "created": now, "currency": params.get("currency"), "duration": params.get("duration"),
        "duration_in_months": number("duration_in_months"), "livemode": false, "max_redemptions": null, "metadata": metadata, "name": null,
        "percent_off": number("percent_off"), "redeem_by": null, "times_redeemed": 0, "valid": true,
        "applies_to": if products.is_empty() { Value::Null } else { json!({ "products": products }) },
    })
}

/// A visit to the checkout, just opened.
pub fn session(id: &str, now: i64, url: &str) -> Value {
    json!({
        "id": id, "object": "checkout.session", "automatic_tax": { "enabled": false, "status": null }, "created": now, "custom_fields": [],
        "custom_text": {}, "livemode": false, "payment_method_types": ["card"], "payment_status": "unpaid", "shipping_options": [],
        "status": "open", "url": url, "customer": null, "subscription": null, "payment_intent": null, "client_reference_id": null,
    })
}

/// The item of a subscription, and the old plan that still stands beside its price.
pub fn item(id: &str, subscription: &str, price: &Value, (start, end): (i64, i64)) -> Value {
    let interval = price["recurring"]["interval"].clone();
    json!({
        "id": id, "object": "subscription_item", "created": start, "current_period_start": start, "current_period_end": end, "discounts": [],
        "metadata": {}, "price": price, "quantity": 1, "subscription": subscription,
        "plan": {
            "id": price["id"], "object": "plan", "active": true, "billing_scheme": "per_unit", "created": start, "currency": price["currency"],
            "interval": interval, "interval_count": 1, "livemode": false, "usage_type": "licensed", "metadata": {}, "amount": price["unit_amount"],
        },
    })
}

/// A subscription.
pub fn subscription(id: &str, now: i64, customer: &Value, item: &Value, metadata: &Value) -> Value {
    json!({
        "id": id, "object": "subscription", "automatic_tax": { "enabled": false }, "billing_cycle_anchor": now, "billing_mode": { "type": "flexible" },
        "billing_schedules": [], "cancel_at_period_end": false, "cancel_at": null, "canceled_at": null, "ended_at": null,
        "collection_method": "charge_automatically", "created": now, "currency": item["price"]["currency"], "customer": customer, "discounts": [],
        "invoice_settings": { "issuer": { "type": "self" } }, "latest_invoice": null, "livemode": false, "metadata": metadata, "start_date": now,
        "status": "active", "trial_end": null, "trial_start": null,
        "items": { "object": "list", "data": [item], "has_more": false, "url": format!("/v1/subscription_items?subscription={id}") },
    })
}

/// What a bill is made of.
pub struct InvoiceIs<'a> {
    /// Who pays.
    pub customer: &'a Value,
    /// In which currency.
    pub currency: &'a Value,
    /// Why it is made.
    pub reason: &'a str,
    /// What is on it.
    pub lines: &'a [LineIs],
    /// What renews.
    pub subscription: &'a str,
}

/// What a line of a bill is made of.
#[derive(Clone, Copy, Debug)]
pub struct LineIs {
    /// How much; below zero is given back.
    pub amount: i64,
    /// For which time.
    pub period: (i64, i64),
    /// Is it for a part of a period, since its price became another one?
    pub is_proration: bool,
}

impl LineIs {
    /// A whole period.
    pub const fn whole(amount: i64, period: (i64, i64)) -> Self {
        Self { amount, period, is_proration: false }
    }
}

/// A bill that waits to be paid.
pub fn invoice(id: &str, now: i64, is: &InvoiceIs<'_>) -> Value {
    let total: i64 = is.lines.iter().map(|line| line.amount).sum();
    let (start, end) = is.lines.last().map_or((now, now), |line| line.period);
    let mut made = json!({
        "id": id, "object": "invoice", "amount_due": total.max(0), "amount_overpaid": 0, "amount_paid": 0, "amount_remaining": total.max(0),
        "amount_shipping": 0, "attempt_count": 0, "attempted": false, "automatic_tax": { "enabled": false }, "collection_method": "charge_automatically",
        "created": now, "currency": is.currency, "customer": is.customer, "default_tax_rates": [], "discounts": [], "issuer": { "type": "self" },
        "livemode": false, "metadata": {}, "number": format!("R-{id}"), "payment_settings": {}, "period_start": start, "period_end": end,
        "post_payment_credit_notes_amount": 0, "pre_payment_credit_notes_amount": 0, "starting_balance": 0, "status": "open", "status_transitions": {},
        "subtotal": total, "total": total, "billing_reason": is.reason, "hosted_invoice_url": format!("https://invoice.example/{id}"), "invoice_pdf": format!("https://invoice.example/{id}.pdf"),
        "next_payment_attempt": null,
    });
    let line = |(n, line): (usize, &LineIs)| {
        json!({
            "id": format!("il_{id}_{n}"), "object": "line_item", "amount": line.amount, "currency": is.currency, "description": "Membership",
            "discountable": true, "discounts": [], "livemode": false, "metadata": {}, "period": { "start": line.period.0, "end": line.period.1 },
            "subtotal": line.amount, "parent": { "type": "subscription_item_details", "invoice_item_details": null, "subscription_item_details": {
                "invoice_item": null, "proration": line.is_proration, "proration_details": null, "subscription": is.subscription,
                "subscription_item": format!("si_of_{}", is.subscription),
            } },
        })
    };
    let lines: Vec<Value> = is.lines.iter().enumerate().map(line).collect();
    let more = json!({
        "parent": { "type": "subscription_details", "subscription_details": { "subscription": is.subscription, "metadata": {} } },
        "payments": { "object": "list", "data": [], "has_more": false, "url": format!("/v1/invoice_payments?invoice={id}") },
        "lines": { "object": "list", "has_more": false, "url": format!("/v1/invoices/{id}/lines"), "data": lines },
    });
    if let (Some(made), Value::Object(more)) = (made.as_object_mut(), more) {
        made.extend(more);
    }
    made
}

/// The payment of a bill.
pub fn invoice_payment(id: &str, now: i64, invoice: &str, payment_intent: &str, (amount, currency): (i64, &Value)) -> Value {
    json!({
        "id": id, "object": "invoice_payment", "amount_paid": amount, "amount_requested": amount, "created": now, "currency": currency, "invoice": invoice,
        "is_default": true, "livemode": false, "status": "paid", "status_transitions": { "paid_at": now },
        "payment": { "type": "payment_intent", "payment_intent": payment_intent },
    })
}

/// A payment that succeeded.
pub fn payment_intent(id: &str, now: i64, customer: &Value, (amount, currency): (i64, &Value), charge: &str, metadata: &Value) -> Value {
    json!({
        "id": id, "object": "payment_intent", "amount": amount, "amount_capturable": 0, "amount_received": amount, "capture_method": "automatic",
        "confirmation_method": "automatic", "created": now, "currency": currency, "customer": customer, "latest_charge": charge, "livemode": false,
        "metadata": metadata, "payment_method_types": ["card"], "status": "succeeded",
    })
}

/// The attempt that went through.
pub fn charge(id: &str, now: i64, customer: &Value, payment_intent: &str, (amount, currency): (i64, &Value)) -> Value {
    json!({
        "id": id, "object": "charge", "amount": amount, "amount_captured": amount, "amount_refunded": 0, "billing_details": {}, "captured": true,
        "created": now, "currency": currency, "customer": customer, "disputed": false, "livemode": false, "metadata": {}, "paid": true,
        "payment_intent": payment_intent,
        "refunded": false, "status": "succeeded",
    })
}

/// Money that went back.
pub fn refund(id: &str, now: i64, charge: &Value, amount: i64, metadata: &Value) -> Value {
    json!({
        "id": id, "object": "refund", "amount": amount, "charge": charge["id"], "created": now, "currency": charge["currency"], "metadata": metadata,
        "payment_intent": charge["payment_intent"], "status": "succeeded", "reason": null,
    })
}

/// A dispute that was opened.
pub fn dispute(id: &str, now: i64, charge: &Value) -> Value {
    json!({
        "id": id, "object": "dispute", "amount": charge["amount"], "balance_transactions": [], "charge": charge["id"], "created": now,
        "currency": charge["currency"], "enhanced_eligibility_types": [], "evidence": { "enhanced_evidence": {} },
        "evidence_details": { "enhanced_eligibility": {}, "has_evidence": false, "past_due": false, "submission_count": 0, "due_by": null },
        "is_charge_refundable": false, "livemode": false, "metadata": {}, "payment_intent": charge["payment_intent"], "reason": "fraudulent",
        "status": "needs_response",
    })
}

/// Where events are sent.
pub fn endpoint(id: &str, now: i64, url: &str, events: &[String], (api_version, secret): (Option<&str>, &str), metadata: &Value) -> Value {
    json!({
        "id": id, "object": "webhook_endpoint", "api_version": api_version, "application": null, "created": now, "description": null, "enabled_events": events,
        "livemode": false, "metadata": metadata, "secret": secret, "status": "enabled", "url": url,
    })
}

/// A way into the portal.
pub fn portal(id: &str, now: i64, customer: &str) -> Value {
    let off = json!({ "enabled": false });
    json!({
        "id": id, "object": "billing_portal.session", "created": now, "customer": customer, "livemode": false, "url": format!("https://portal.example/{id}"),
        "return_url": null, "configuration": {
            "id": "bpc_1", "object": "billing_portal.configuration", "active": true, "business_profile": {}, "created": now, "updated": now,
            "is_default": true, "livemode": false, "login_page": off, "features": {
                "customer_update": { "allowed_updates": [], "enabled": false }, "invoice_history": off, "payment_method_update": off,
                "subscription_cancel": {
                    "cancellation_reason": { "enabled": false, "options": [] }, "enabled": true, "mode": "at_period_end", "proration_behavior": "none",
                },
                "subscription_update": {
                    "default_allowed_updates": [], "enabled": false, "proration_behavior": "none",
                    "schedule_at_period_end": { "conditions": [] }, "trial_update_behavior": "end_trial",
                },
            },
        },
    })
}

/// Something that happened, with its object as it was then.
pub fn event(id: &str, now: i64, kind: &str, object: &Value) -> Value {
    json!({
        "id": id, "object": "event", "api_version": "2026-09-30.endive", "created": now, "data": { "object": object }, "livemode": false,
        "pending_webhooks": 1, "request": { "id": null, "idempotency_key": null }, "type": kind,
    })
}

/// A list.
pub fn list(url: &str, data: Vec<Value>, has_more: bool) -> Value {
    json!({ "object": "list", "url": url, "has_more": has_more, "data": data })
}

/// A refusal.
pub fn error(kind: &str, code: Option<&str>, message: &str) -> Value {
    json!({ "error": { "type": kind, "code": code, "message": message } })
}
