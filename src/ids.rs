//! Typed, time-ordered 63-bit ids: unique names, never an order that anything rests on.

use std::sync::atomic::{AtomicI64, Ordering};

use crate::clock::{Clock, Millis};

/// 2025-01-01T00:00:00Z, the zero of the ids' clock.
const ZERO: Millis = 1_735_689_600_000;
/// Bits below the millisecond: 10 for a node (0 today) and 11 for a counter.
const LOW_BITS: u32 = 21;
const COUNTER_BITS: u32 = 11;

/// Makes ids that grow with time and never repeat in one process.
#[derive(Debug)]
pub struct Ids {
    clock: Clock,
    last: AtomicI64,
}

impl Ids {
    /// A maker that reads `clock`.
    #[must_use]
    pub const fn new(clock: Clock) -> Self {
        Self { clock, last: AtomicI64::new(0) }
    }

    /// The next id. It never goes back when the clock does: it then counts on from the last one.
    pub fn next<I: From<i64>>(&self) -> I {
        let floor = (self.clock.now() - ZERO).max(1) << COUNTER_BITS;
        let mut tick = floor;
        let _ = self.last.fetch_update(Ordering::AcqRel, Ordering::Acquire, |last| {
            tick = floor.max(last + 1);
            Some(tick)
        });
        let (ms, counter) = (tick >> COUNTER_BITS, tick & ((1 << COUNTER_BITS) - 1));
        I::from((ms << LOW_BITS) | counter)
    }

    /// From now on every id is above this one: a clock that went back while the program was stopped makes no id twice.
    pub fn start_after(&self, newest: i64) {
        let tick = ((newest >> LOW_BITS) << COUNTER_BITS) | (newest & ((1 << COUNTER_BITS) - 1));
        self.last.fetch_max(tick, Ordering::AcqRel);
    }

    /// An id that carries the given time and a small number: for seeded data, which is made in the past.
    #[must_use]
    pub fn at<I: From<i64>>(at: Millis, n: i64) -> I {
        I::from(((at - ZERO).max(1) << LOW_BITS) | (n & ((1 << COUNTER_BITS) - 1)))
    }
}

/// Declares id types: a positive i64 in the program and the database, a decimal string in JSON.
#[macro_export]
macro_rules! id_types {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, diesel::expression::AsExpression, diesel::deserialize::FromSqlRow, utoipa::ToSchema)]
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        #[schema(value_type = String, pattern = "^[1-9][0-9]{0,18}$")]
        pub struct $name(pub i64);

        impl From<i64> for $name {
            fn from(raw: i64) -> Self { Self(raw) }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { std::fmt::Display::fmt(&self.0, f) }
        }
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { write!(f, "{}({})", stringify!($name), self.0) }
        }
        impl std::str::FromStr for $name {
            type Err = $crate::ids::NotAnId;
            fn from_str(text: &str) -> Result<Self, Self::Err> { $crate::ids::parse(text).map(Self) }
        }
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> { s.collect_str(&self.0) }
        }
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                d.deserialize_str($crate::ids::IdVisitor).map(Self)
            }
        }
        impl<DB: diesel::backend::Backend> diesel::serialize::ToSql<diesel::sql_types::BigInt, DB> for $name
        where i64: diesel::serialize::ToSql<diesel::sql_types::BigInt, DB> {
            fn to_sql<'b>(&'b self, out: &mut diesel::serialize::Output<'b, '_, DB>) -> diesel::serialize::Result {
                diesel::serialize::ToSql::<diesel::sql_types::BigInt, DB>::to_sql(&self.0, out)
            }
        }
        impl<DB: diesel::backend::Backend> diesel::deserialize::FromSql<diesel::sql_types::BigInt, DB> for $name
        where i64: diesel::deserialize::FromSql<diesel::sql_types::BigInt, DB> {
            fn from_sql(raw: DB::RawValue<'_>) -> diesel::deserialize::Result<Self> { i64::from_sql(raw).map(Self) }
        }
        #[cfg(test)]
        impl ts_rs::TS for $name {
            type WithoutGenerics = Self;
            type OptionInnerType = Self;
            fn name(_: &ts_rs::Config) -> String { "Id".to_owned() }
            fn inline(_: &ts_rs::Config) -> String { "string".to_owned() }
        }
    )+};
}

id_types! {
    /// A member of the community.
    MemberId;
    /// A room: public, private, announcement, direct or group.
    RoomId;
    /// A message in a room.
    MessageId;
    /// A signed-in browser, bearer session or API token.
    SessionId;
    /// A role: a named set of permissions.
    RoleId;
    /// An invite to the community.
    InviteId;
    /// A job in the queue.
    JobId;
    /// A letter in the outbox.
    LetterId;
    /// A row of the audit log.
    AuditId;
    /// A backup in the data folder.
    BackupId;
    /// A sanction: ban, mute or kick.
    SanctionId;
    /// A plan: a named set of entitlements.
    PlanId;
    /// A grant of a plan to a member.
    GrantId;
    /// An entry of the log of grants.
    GrantEntryId;
    /// A price of a plan.
    PriceId;
    /// An order: what somebody wants to pay for.
    OrderId;
    /// A line of an order.
    OrderLineId;
    /// A payment, or its reversal.
    PaymentId;
    /// Money that a provider is to give back.
    RefundId;
    /// An entry of the books.
    LedgerEntryId;
    /// A subscription: what is paid for from period to period.
    SubscriptionId;
    /// A gift: a code that gives a plan to whoever redeems it.
    GiftId;
    /// A promotion code: what it takes off.
    PromotionId;
    /// What Stripe told of something that happened.
    StripeEventId;
    /// A request to somebody: to be a contact, to follow, to write, to call, to come into a room.
    RequestId;
    /// A report of a member or a message.
    ReportId;
    /// A rule of automod.
    RuleId;
    /// A call.
    CallId;
    /// One stay of a member in a call.
    StayId;
}

/// The text is not a positive decimal number of at most 63 bits without leading zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id")]
pub struct NotAnId;

/// Reads an id as it stands in JSON or a path.
///
/// # Errors
/// [`NotAnId`] for anything but a positive decimal number without sign, spaces or leading zeros.
pub fn parse(text: &str) -> Result<i64, NotAnId> {
    let plain = !text.is_empty() && !text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit());
    if plain { text.parse().map_err(|_| NotAnId) } else { Err(NotAnId) }
}

/// Accepts an id only as a JSON string: a JavaScript number would lose its last digits.
#[doc(hidden)]
pub struct IdVisitor;

impl serde::de::Visitor<'_> for IdVisitor {
    type Value = i64;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an id as a decimal string")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<i64, E> {
        parse(text).map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_grow_even_when_the_clock_goes_back() {
        let (clock, hand) = Clock::held(ZERO + 1_000_000);
        let ids = Ids::new(clock);
        let first: MessageId = ids.next();
        hand.store(ZERO + 10, Ordering::Relaxed);
        let later: Vec<MessageId> = (0..5_000).map(|_| ids.next()).collect();
        assert!(later.windows(2).all(|w| w[0] < w[1]) && later[0] > first);
    }

    #[test]
    fn a_new_maker_goes_on_above_the_newest_id() {
        let (clock, _hand) = Clock::held(ZERO + 1_000_000);
        let before: Vec<MessageId> = (0..3_000)
            .map({
                let ids = Ids::new(clock.clone());
                move |_| ids.next()
            })
            .collect();
        let again = Ids::new(clock);
        again.start_after(before[2_999].0);
        assert!(again.next::<MessageId>() > before[2_999]);
    }

    #[test]
    fn an_id_is_a_string_in_json_and_nothing_else() {
        let id = MemberId(7_305_812_345_678_901);
        assert_eq!(serde_json::to_string(&id).expect("json"), "\"7305812345678901\"");
        assert!(serde_json::from_str::<MemberId>("7305812345678901").is_err());
        for bad in ["\"\"", "\"0\"", "\"01\"", "\"-1\"", "\"+1\"", "\" 1\"", "\"9223372036854775808\""] {
            assert!(serde_json::from_str::<MemberId>(bad).is_err(), "{bad}");
        }
    }
}
