//! The outside of an event, and what follows from it: which object to fetch again, or why nothing. What the event says of the object is not read.

use serde::Deserialize;

/// Longest id of theirs that we take.
const ID_CHARS: usize = 255;

/// What we read of an event: never the state of the object, which is fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// Its own id; the same at every delivery.
    pub id: String,
    /// What happened, such as `invoice.paid`.
    pub kind: String,
    /// When, seconds UTC; several share one.
    pub created_s: i64,
    /// The connected account that it is about; none: the one that the key belongs to.
    pub account: Option<String>,
    /// Is it about real money?
    pub is_live: bool,
    /// In which version of the API it is written.
    pub api_version: Option<String>,
    /// The id of what it happened to, when that has one.
    pub object: Option<String>,
}

#[derive(Deserialize)]
struct Wire {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    created: i64,
    #[serde(default)]
    account: Option<String>,
    livemode: bool,
    #[serde(default)]
    api_version: Option<String>,
    data: WireData,
}

#[derive(Deserialize)]
struct WireData {
    object: WireObject,
}

#[derive(Deserialize)]
struct WireObject {
    #[serde(default)]
    id: Option<String>,
}

/// Is this an id as Stripe makes them? It goes into the path of a request.
pub fn is_id(text: &str) -> bool {
    (1..=ID_CHARS).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Reads the outside of a body whose signature is good; none: it is no event that we can read.
pub fn read(body: &[u8]) -> Option<Envelope> {
    let wire: Wire = serde_json::from_slice(body).ok()?;
    let is_word = |text: &str| (1..=ID_CHARS).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    let fits = is_id(&wire.id)
        && is_word(&wire.kind)
        && wire.account.as_deref().is_none_or(is_id)
        && wire.api_version.as_deref().is_none_or(is_word)
        && wire.data.object.id.as_deref().is_none_or(is_id);
    fits.then_some(Envelope {
        id: wire.id,
        kind: wire.kind,
        created_s: wire.created,
        account: wire.account,
        is_live: wire.livemode,
        api_version: wire.api_version,
        object: wire.data.object.id,
    })
}

/// An object at Stripe whose state we mirror.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "id")]
pub enum Object {
    /// A visit to the hosted checkout.
    Session(String),
    /// Something that renews.
    Subscription(String),
    /// A bill, of a subscription or not.
    Invoice(String),
    /// A payment, whole.
    PaymentIntent(String),
    /// One attempt at a payment that went through.
    Charge(String),
    /// Money that goes back.
    Refund(String),
    /// A payment that the payer's bank takes back.
    Dispute(String),
}

impl Object {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Session(id)
            | Self::Subscription(id)
            | Self::Invoice(id)
            | Self::PaymentIntent(id)
            | Self::Charge(id)
            | Self::Refund(id)
            | Self::Dispute(id) => id,
        }
    }
}

/// The events that our endpoint asks for; each says that an object we mirror is another than before.
pub const EVENTS: [&str; 24] = [
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
    "customer.subscription.created",
    "customer.subscription.updated",
    "customer.subscription.deleted",
    "customer.subscription.paused",
    "customer.subscription.resumed",
    "customer.subscription.trial_will_end",
    "invoice.created",
    "invoice.finalized",
    "invoice.paid",
    "invoice.payment_failed",
    "invoice.payment_action_required",
    "invoice.voided",
    "invoice.marked_uncollectible",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.refunded",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
];

/// An object by its id.
type Named = fn(String) -> Object;

/// Beginnings of kinds, the most particular first, with what their object is.
const KINDS: [(&str, Named); 8] = [
    ("checkout.session.", Object::Session),
    ("customer.subscription.", Object::Subscription),
    ("invoice.", Object::Invoice),
    ("payment_intent.", Object::PaymentIntent),
    ("charge.dispute.", Object::Dispute),
    ("charge.refund.", Object::Refund),
    ("charge.", Object::Charge),
    ("refund.", Object::Refund),
];

/// What is to be done about an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// This object may have changed: fetch it.
    Fetch(Object),
    /// Nothing, and why.
    Nothing(Why),
}

/// Why an event has no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Test money where real money is expected, or the other way round.
    WrongMode,
    /// It is about somebody else's account.
    ForeignAccount,
    /// Not one of the kinds that concern us, or its object has no id.
    Unconcerning,
}

/// What an event asks of us, who deal in live money or not. Our key reaches one account and no connected ones.
#[must_use]
pub fn judge(event: &Envelope, is_live: bool, own_account: Option<&str>) -> Verdict {
    if event.is_live != is_live {
        return Verdict::Nothing(Why::WrongMode);
    }
    if event.account.as_deref().is_some_and(|account| Some(account) != own_account) {
        return Verdict::Nothing(Why::ForeignAccount);
    }
    let known = KINDS.iter().find(|(start, _)| event.kind.starts_with(start));
    match (known, &event.object) {
        (Some((_, object)), Some(id)) => Verdict::Fetch(object(id.clone())),
        _ => Verdict::Nothing(Why::Unconcerning),
    }
}
