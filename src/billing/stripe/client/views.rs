//! What we read of Stripe's answers: few fields, and only those required without which we could not go on.
//!
//! The library's own types refuse an answer that lacks a field which nobody reads, as happens whenever an account and the library are of
//! different versions. Amounts are in the currency's minor units, times in seconds UTC.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// Declares views: read from an answer, and kept as JSON beside the call that they answer.
macro_rules! views {
    ($($(#[$doc:meta])* $name:ident { $($(#[$each:meta])* $field:ident: $kind:ty,)+ })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, miniserde::Deserialize)]
        pub struct $name {
            $($(#[$each])* pub $field: $kind,)+
        }
    )+};
}

views! {
    /// An object of which only the id matters.
    Named {
        /// Its id.
        id: String,
    }

    /// A product; what we sell is a plan.
    Product {
        /// Its id.
        id: String,
        /// When it was last changed: the time at Stripe, in the answer to a change.
        updated: i64,
    }

    /// What takes something off.
    Coupon {
        /// Its id.
        id: String,
        /// What we wrote to it.
        metadata: Option<HashMap<String, String>>,
    }

    /// A visit to the hosted checkout.
    Session {
        /// Its id.
        id: String,
        /// Where the member pays; none once it is over.
        url: Option<String>,
        /// `open`, `complete` or `expired`.
        status: Option<String>,
        /// `paid`, `unpaid` or `no_payment_required`.
        payment_status: String,
        /// `payment` or `subscription`.
        mode: String,
        /// Our order.
        client_reference_id: Option<String>,
        /// Who pays.
        customer: Option<String>,
        /// What renews, when something does.
        subscription: Option<String>,
        /// The first bill of what renews, or the bill of what was paid once.
        invoice: Option<String>,
        /// The payment, when it is for once.
        payment_intent: Option<String>,
        /// What it came to.
        amount_total: Option<i64>,
        /// In which currency, lower case.
        currency: Option<String>,
        /// Is it about real money?
        livemode: bool,
        /// When it was opened.
        created: i64,
        /// When it will be over.
        expires_at: i64,
        /// What we wrote to it.
        metadata: Option<HashMap<String, String>>,
    }

    /// What renews.
    Subscription {
        /// Its id.
        id: String,
        /// `trialing`, `active`, `past_due`, `unpaid`, `paused`, `incomplete`, `incomplete_expired`, `canceled`, or what is new.
        status: String,
        /// Who pays.
        customer: String,
        /// Does it end with what is paid?
        cancel_at_period_end: bool,
        /// When it will end, if that is known.
        cancel_at: Option<i64>,
        /// When it was cancelled.
        canceled_at: Option<i64>,
        /// When it was over.
        ended_at: Option<i64>,
        /// When the trial ends.
        trial_end: Option<i64>,
        /// When it was made.
        created: i64,
        /// Its newest bill.
        latest_invoice: Option<String>,
        /// Is it about real money?
        livemode: bool,
        /// What is subscribed to; the period is said here and not above.
        items: Items,
        /// What takes its place once the newest bill is paid.
        pending_update: Option<Pending>,
        /// What changes it later, as was chosen on pages of theirs.
        schedule: Option<String>,
        /// What takes something off of it.
        discounts: Option<Vec<String>>,
        /// What we wrote to it.
        metadata: Option<HashMap<String, String>>,
    }

    /// A change that waits to be paid.
    Pending {
        /// Until when it does.
        expires_at: i64,
    }

    /// The list inside a subscription.
    Items {
        /// One, as we sell.
        data: Vec<Item>,
    }

    /// One thing that is subscribed to.
    Item {
        /// Its id.
        id: String,
        /// When what is paid began.
        current_period_start: i64,
        /// When it ends.
        current_period_end: i64,
        /// At which price.
        price: Price,
    }

    /// A price.
    Price {
        /// Its id.
        id: String,
        /// How much.
        unit_amount: Option<i64>,
        /// In which currency, lower case.
        currency: String,
        /// What is sold.
        product: String,
        /// How often, when it renews.
        recurring: Option<Recurring>,
        /// What we wrote to it.
        metadata: Option<HashMap<String, String>>,
    }

    /// How often a price is paid.
    Recurring {
        /// `day`, `week`, `month` or `year`.
        interval: String,
        /// So many of them.
        interval_count: u64,
    }

    /// A bill.
    Invoice {
        /// Its id.
        id: Option<String>,
        /// `draft`, `open`, `paid`, `void` or `uncollectible`.
        status: Option<String>,
        /// Its number, as the member sees it.
        number: Option<String>,
        /// Where the member sees and pays it.
        hosted_invoice_url: Option<String>,
        /// The same as a file.
        invoice_pdf: Option<String>,
        /// Who pays.
        customer: Option<String>,
        /// Why it was made: `subscription_create`, `subscription_cycle`, `subscription_update`, …
        billing_reason: Option<String>,
        /// What is to be paid.
        amount_due: i64,
        /// What was paid.
        amount_paid: i64,
        /// All of it.
        total: i64,
        /// In which currency, lower case.
        currency: String,
        /// When it was made.
        created: i64,
        /// When it will be tried again, while it is not paid.
        next_payment_attempt: Option<i64>,
        /// How often it was tried.
        attempt_count: u64,
        /// What it belongs to.
        parent: Option<InvoiceParent>,
        /// Its lines.
        lines: Lines,
        /// What was paid for it, when that was asked for.
        payments: Option<InvoicePayments>,
    }

    /// What a bill belongs to.
    InvoiceParent {
        /// A subscription.
        subscription_details: Option<InvoiceSubscription>,
    }

    /// The subscription of a bill.
    InvoiceSubscription {
        /// Its id.
        subscription: String,
    }

    /// The lines of a bill, the first of them.
    Lines {
        /// They.
        data: Vec<Line>,
    }

    /// A line of a bill.
    Line {
        /// In words.
        description: Option<String>,
        /// How much; below zero is given back.
        amount: i64,
        /// For which time.
        period: LinePeriod,
        /// What it belongs to.
        parent: Option<LineParent>,
    }

    /// What a line of a bill belongs to: one of these.
    LineParent {
        /// What is subscribed to.
        subscription_item_details: Option<LineDetails>,
        /// What was put on the next bill.
        invoice_item_details: Option<LineDetails>,
    }

    /// What is said of a line.
    LineDetails {
        /// Is it for a part of a period, since its price became another one?
        proration: bool,
    }

    /// The time that a line is for.
    LinePeriod {
        /// From when on.
        start: i64,
        /// Until when.
        end: i64,
    }

    /// The payments of a bill.
    InvoicePayments {
        /// They.
        data: Vec<InvoicePayment>,
    }

    /// A payment of a bill.
    InvoicePayment {
        /// `open`, `paid` or `canceled`.
        status: String,
        /// By what.
        payment: PaidBy,
    }

    /// By what a bill is paid.
    PaidBy {
        /// The payment.
        payment_intent: Option<String>,
    }

    /// A payment, whole.
    PaymentIntent {
        /// Its id.
        id: String,
        /// `succeeded`, `processing`, `requires_payment_method`, `canceled`, …
        status: String,
        /// What was to be paid.
        amount: i64,
        /// What came in.
        amount_received: i64,
        /// In which currency, lower case.
        currency: String,
        /// When it was begun.
        created: i64,
        /// The attempt that went through.
        latest_charge: Option<String>,
        /// Who pays.
        customer: Option<String>,
        /// What we wrote to it.
        metadata: Option<HashMap<String, String>>,
    }

    /// One attempt at a payment that went through.
    Charge {
        /// Its id.
        id: String,
        /// How much.
        amount: i64,
        /// How much of it went back.
        amount_refunded: i64,
        /// All of it?
        refunded: bool,
        /// Does the payer's bank take it back?
        disputed: Option<bool>,
        /// The payment that it is of.
        payment_intent: Option<String>,
        /// What went back of it, when that was asked for.
        refunds: Option<Refunds>,
    }

    /// What went back of an attempt: the newest ten.
    Refunds {
        /// They, the newest first.
        data: Vec<Refund>,
    }

    /// Money that goes back.
    Refund {
        /// Its id.
        id: String,
        /// `pending`, `requires_action`, `succeeded`, `failed` or `canceled`.
        status: Option<String>,
        /// How much.
        amount: i64,
        /// In which currency, lower case.
        currency: String,
        /// Of which payment.
        payment_intent: Option<String>,
        /// Of which attempt.
        charge: Option<String>,
        /// What we wrote to it.
        metadata: Option<HashMap<String, String>>,
    }

    /// A payment that the payer's bank takes back.
    Dispute {
        /// Its id.
        id: String,
        /// `needs_response`, `under_review`, `won`, `lost`, `warning_…`, …
        status: String,
        /// How much.
        amount: i64,
        /// In which currency, lower case.
        currency: String,
        /// Of which payment.
        payment_intent: Option<String>,
        /// Why, in the bank's word.
        reason: String,
    }

    /// A way into the hosted page where members change their cards.
    Portal {
        /// Where it is.
        url: String,
    }

    /// Where Stripe sends events.
    Endpoint {
        /// Its id.
        id: String,
        /// Where to.
        url: String,
        /// `enabled` or `disabled`.
        status: String,
        /// In which version its events are written.
        api_version: Option<String>,
        /// What they are signed with; only in the answer to its making.
        secret: Option<String>,
        /// When it was made.
        created: i64,
        /// What we wrote to it.
        metadata: Option<HashMap<String, String>>,
    }

    /// What the account holds; we read only whose mode the key is of.
    Balance {
        /// Is it about real money?
        livemode: bool,
    }

    /// An event in a list: a sign like a webhook.
    Event {
        /// Its id.
        id: String,
        /// When it happened.
        created: i64,
        /// The connected account that it is about.
        account: Option<String>,
        /// Is it about real money?
        livemode: bool,
        /// In which version it is written.
        api_version: Option<String>,
        /// What happened.
        #[serde(rename = "type")]
        kind: String,
        /// To what.
        data: EventData,
    }

    /// What an event is about.
    EventData {
        /// The object; what is said of it here is not read.
        object: EventObject,
    }

    /// The object of an event.
    EventObject {
        /// Its id, when it has one.
        id: Option<String>,
    }
}

/// A page of a list.
#[derive(Clone, Debug, miniserde::Deserialize)]
pub struct List<T> {
    /// What is on it, the newest first.
    pub data: Vec<T>,
    /// Is there more?
    pub has_more: bool,
}

/// An object as it came, for those whose kind only the caller knows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Answer {
    /// A customer, or a price: only its id matters.
    Named(Named),
    /// A product.
    Product(Product),
    /// A visit to the checkout.
    Session(Session),
    /// What renews, as earlier versions kept it; where it stands is asked for.
    Subscription(Subscription),
}

impl Answer {
    /// The id of what was made or changed.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Named(named) => &named.id,
            Self::Product(product) => &product.id,
            Self::Session(session) => &session.id,
            Self::Subscription(subscription) => &subscription.id,
        }
    }
}
